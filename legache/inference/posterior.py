"""How probable is each cause, given what was observed?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.errors import ImpossibleEvidenceError, LimitError
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

DEFAULT_MEMORY_LIMIT = 2**30
_BYTES_PER_ENTRY = 8
_N_COPIES = 4  # of the tables of a step: themselves, adjoints, stages of the links


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Exact answers to one query.

    Attributes
    ----------
    present, responsible : shape (n_causes,)
        Probability, given the evidence, that each cause is present, and that
        it makes its bearer complain.
    unexplained
        Probability that *unlisted* is true and no listed cause is responsible.
    log_evidence
        Natural logarithm of the probability of the evidence; soft evidence
        enters as the likelihoods that were given.
    contexts : shape (n_contexts,)
        Probability of each context, given the evidence.
    """

    present: FloatArray
    responsible: FloatArray
    unexplained: float
    log_evidence: float
    contexts: FloatArray


def posterior(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> Posterior:
    """Exact posterior of every cause and context.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    memory_limit
        Bytes of working memory that the plan may use, predicted before anything is allocated.

    Raises
    ------
    ImpossibleEvidenceError
        The evidence has probability zero.
    LimitError
        The plan needs more memory than the limit.
    """
    ordered = {name: likelihoods[name] for name in sorted(likelihoods)}
    run = _run(network, ordered, ALL_WORLDS, memory_limit)
    if run.log_evidence == -np.inf:
        raise ImpossibleEvidenceError(minimal_conflict(network, ordered))
    causes = run.causes
    return Posterior(
        present=_frozen(causes[:, 0]),
        responsible=_frozen(causes[:, 1]),
        unexplained=_unexplained(run, _run(network, ordered, ONLY_UNLISTED, memory_limit)),
        log_evidence=run.log_evidence,
        contexts=_frozen(run.contexts),
    )


def is_possible(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> bool:
    """Tell whether evidence has a probability above zero."""
    return _run(network, likelihoods, ALL_WORLDS, DEFAULT_MEMORY_LIMIT).log_evidence > -np.inf


def minimal_conflict(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> tuple[str, ...]:
    """Ids of observations that are impossible together, none of which can be spared.

    References
    ----------
    Chinneck, J. W. & Dravnieks, E. W. (1991). Locating minimal infeasible constraint sets
    in linear programs. ORSA J. Comput. 3, 157-168 (the deletion filter).
    """
    kept = dict(sorted(likelihoods.items()))
    for name in sorted(likelihoods):
        without = {other: given for other, given in kept.items() if other != name}
        if not is_possible(network, without):
            kept = without
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class _Run:
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


def _run(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, worlds: Worlds, memory_limit: int
) -> _Run:
    problem = assemble(network, likelihoods, worlds)
    pattern = pattern_of(problem)
    chosen = plan(pattern)
    _refuse_oversize(problem, chosen, memory_limit)
    eliminated = _eliminate_lanes(problem, pattern, chosen, memory_limit)
    return _Run(network, likelihoods, problem, eliminated)


def _unexplained(run: _Run, only_unlisted: _Run) -> float:
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


def _cause_posterior(run: _Run, place: int, share: FloatArray) -> tuple[float, float]:
    """P(present) and P(responsible); rounding keeps 0 <= responsible <= present <= 1."""
    by_state = share @ run.eliminated.families[place]
    joint = dict(zip(run.problem.families[place].states, by_state.tolist(), strict=True))
    present = joint.get(SILENT, 0.0) + joint.get(RESPONSIBLE, 0.0)
    total = joint.get(ABSENT, 0.0) + present
    return present / total, joint.get(RESPONSIBLE, 0.0) / total


def _context_posterior(run: _Run, place: int, share: FloatArray) -> float:
    variable = run.problem.context_variable[place]
    if variable is not None:
        absent, present = share @ run.eliminated.variables[variable]
        return float(present / (absent + present))
    prior = run.network.context_probability[run.problem.lane_stratum, place]
    given = run.likelihoods.get(run.network.context_ids[place], (1.0, 1.0))
    absent, present = given[0] * (1 - prior), given[1] * prior
    total = np.where(absent + present > 0, absent + present, 1.0)
    return float(np.minimum(share @ (present / total), 1.0))  # shares sum to 1 but for rounding


def _frozen(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values
