"""How probable is each cause, by numpy alone and in any range of numbers?

This is what answers where there is no compiled kernel, and where numbers leave the range of
floating point: then in logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.errors import LimitError
from legache.inference.assembly import (
    ABSENT,
    ALL_WORLDS,
    ONLY_UNLISTED,
    RESPONSIBLE,
    SILENT,
    Likelihoods,
    Problem,
    Worlds,
    assemble,
)
from legache.inference.elimination import Eliminated, eliminate
from legache.inference.planning import Pattern, Plan, pattern_of, plan
from legache.network.structure import FloatArray, NoisyMaxNetwork

_BYTES_PER_ENTRY = 8
_N_COPIES = 4  # of the tables of a step: themselves, adjoints, stages of the links


@dataclass(frozen=True, slots=True)
class GeneralRun:
    """A problem after both passes."""

    network: NoisyMaxNetwork
    likelihoods: Likelihoods
    problem: Problem
    eliminated: Eliminated

    @property
    def log_lanes(self) -> FloatArray:
        """Log-probability of the evidence and each lane."""
        return self.problem.log_constant + self.eliminated.log_value

    @property
    def log_evidence(self) -> float:
        """Log-probability of the evidence in all lanes together."""
        return float(np.logaddexp.reduce(self.log_lanes))

    @property
    def share(self) -> FloatArray:
        """Posterior probability of each lane."""
        weight = np.exp(self.log_lanes - self.log_lanes.max())
        return np.asarray(weight / weight.sum())

    @property
    def causes(self) -> FloatArray:
        """P(present) and P(responsible) of each cause: shape (n_causes, 2)."""
        share = self.share
        places = range(len(self.network.causes))
        return np.array([_cause_posterior(self, place, share) for place in places])

    @property
    def contexts(self) -> FloatArray:
        """P(present) of each context."""
        share = self.share
        places = range(len(self.network.context_ids))
        return np.array([_context_posterior(self, place, share) for place in places])


def general_run(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, memory_limit: int
) -> GeneralRun:
    """Both passes over all worlds.

    Raises
    ------
    LimitError
        The plan needs more memory than the limit.
    """
    return _run(network, likelihoods, ALL_WORLDS, memory_limit)


def general_unexplained(run: GeneralRun, memory_limit: int) -> float:
    """P(*unlisted*, and no cause responsible | evidence), from a run over those worlds alone."""
    return _unexplained(run, _run(run.network, run.likelihoods, ONLY_UNLISTED, memory_limit))


def _run(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, worlds: Worlds, memory_limit: int
) -> GeneralRun:
    problem = assemble(network, likelihoods, worlds)
    pattern = pattern_of(problem)
    chosen = plan(pattern)
    _refuse_oversize(problem, chosen, memory_limit)
    eliminated = _eliminate_lanes(problem, pattern, chosen, memory_limit)
    return GeneralRun(network, likelihoods, problem, eliminated)


def _unexplained(run: GeneralRun, only_unlisted: GeneralRun) -> float:
    """P(*unlisted*, and no cause responsible | evidence)."""
    log_lanes = run.log_lanes
    only = np.exp(only_unlisted.log_evidence - log_lanes.max())
    weight = np.exp(log_lanes - log_lanes.max())
    is_unlisted = run.problem.lane_is_unlisted
    # a part of what *unlisted* explains, alone or not: rounding must not make it the larger
    unlisted = max(only, weight[is_unlisted].sum())
    return float(only / (weight[~is_unlisted].sum() + unlisted))


def _refuse_oversize(problem: Problem, chosen: Plan, memory_limit: int) -> None:
    needed = _bytes_per_lane(chosen)
    if needed <= memory_limit:
        return
    degree = dict.fromkeys((v for v in problem.context_variable if v is not None), 0)
    for family in problem.families:
        for parent in degree.keys() & set(family.parents):
            degree[parent] += 1
    first = sorted(degree, key=lambda v: (-degree[v], problem.variables[v].id))[:3]
    names = ", ".join(problem.variables[v].id for v in first)
    advice = f"observe {names} first" if first else "give fewer positive findings"
    message = (
        f"exact inference needs about {needed / 2**20:.0f} MiB, more than the limit of "
        f"{memory_limit / 2**20:.0f} MiB; {advice}"
    )
    raise LimitError(message)


def _bytes_per_lane(chosen: Plan) -> float:
    return 1.0 + _BYTES_PER_ENTRY * (chosen.n_stored + _N_COPIES * chosen.n_working)


def _eliminate_lanes(
    problem: Problem, pattern: Pattern, chosen: Plan, memory_limit: int
) -> Eliminated:
    """Run the plan over as many lanes at a time as fit into memory."""
    n_lanes = problem.log_constant.size
    per_lane = _bytes_per_lane(chosen)
    n_together = max(1, min(n_lanes, int(memory_limit / per_lane)))
    parts = [
        eliminate(problem, pattern, chosen, slice(start, start + n_together))
        for start in range(0, n_lanes, n_together)
    ]
    return Eliminated(
        np.concatenate([part.log_value for part in parts]),
        tuple(map(np.concatenate, zip(*(part.families for part in parts), strict=True))),
        tuple(map(np.concatenate, zip(*(part.variables for part in parts), strict=True))),
    )


def _cause_posterior(run: GeneralRun, place: int, share: FloatArray) -> tuple[float, float]:
    """P(present) and P(responsible); rounding keeps 0 <= responsible <= present <= 1."""
    by_state = share @ run.eliminated.families[place]
    joint = dict(zip(run.problem.families[place].states, by_state.tolist(), strict=True))
    present = joint.get(SILENT, 0.0) + joint.get(RESPONSIBLE, 0.0)
    total = joint.get(ABSENT, 0.0) + present
    return present / total, joint.get(RESPONSIBLE, 0.0) / total


def _context_posterior(run: GeneralRun, place: int, share: FloatArray) -> float:
    variable = run.problem.context_variable[place]
    if variable is not None:
        absent, present = share @ run.eliminated.variables[variable]
        return float(present / (absent + present))
    prior = run.network.context_probability[run.problem.lane_stratum, place]
    given = run.likelihoods.get(run.network.context_ids[place], (1.0, 1.0))
    absent, present = given[0] * (1 - prior), given[1] * prior
    total = np.where(absent + present > 0, absent + present, 1.0)
    return float(np.minimum(share @ (present / total), 1.0))  # shares sum to 1 but for rounding
