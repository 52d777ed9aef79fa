"""The parts of the engine, run one at a time so that tests can choose them."""

from __future__ import annotations

import math

import numpy as np

from legache.inference.arithmetic import PLAIN, Arithmetic
from legache.inference.assembly import ALL_WORLDS, ONLY_UNLISTED, assemble
from legache.inference.elimination import Eliminated, _Passes
from legache.inference.general import _bytes_per_lane
from legache.inference.planning import Pattern, Plan, _path_plan, _steps, pattern_of, plan
from tests.random_networks import Case

_ALL_LANES = slice(None)


def eliminated(
    case: Case, arithmetic: Arithmetic = PLAIN, chosen: Plan | None = None
) -> Eliminated:
    """Both passes over all lanes in one arithmetic, along one plan."""
    problem = assemble(case.network, case.evidence, ALL_WORLDS)
    pattern = pattern_of(problem)
    passes = _Passes(problem, pattern, chosen or plan(pattern), arithmetic, _ALL_LANES)
    with np.errstate(under="raise", over="raise", invalid="raise", divide="raise"):
        return passes.run()


def has_variables(case: Case) -> bool:
    """Tell whether the evidence leaves anything to eliminate."""
    return bool(assemble(case.network, case.evidence, ALL_WORLDS).variables)


def tree_plan(case: Case, seed: int) -> Plan:
    """Plan of an elimination order that nothing speaks for."""
    pattern = _pattern(case)
    order = np.random.default_rng(seed).permutation(len(pattern.n_levels)).tolist()
    return _steps(pattern, tuple(order))


def path_plan(case: Case) -> Plan:
    """Plan that never joins two tables."""
    return _path_plan(_pattern(case), 3)


def largest_difference(first: Eliminated, second: Eliminated) -> float:
    """Largest difference of any marginal, or of a log value where it is finite."""
    pairs = [
        *zip(first.families, second.families, strict=True),
        *zip(first.variables, second.variables, strict=True),
        (np.exp(first.log_value), np.exp(second.log_value)),
    ]
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def smallest_entry(case: Case) -> float:
    """Smallest entry of any table that a forward pass in plain arithmetic leaves."""
    problem = assemble(case.network, case.evidence, ALL_WORLDS)
    pattern = pattern_of(problem)
    chosen = plan(pattern)
    passes = _Passes(problem, pattern, chosen, PLAIN, _ALL_LANES)
    for step in chosen.steps:
        passes._forward(step)
    return min(float(table.min()) for table in passes.results)


def bytes_of_one_lane(case: Case) -> int:
    """Least memory with which the evidence can be answered."""
    problems = [assemble(case.network, case.evidence, w) for w in (ALL_WORLDS, ONLY_UNLISTED)]
    return math.ceil(max(_bytes_per_lane(plan(pattern_of(problem))) for problem in problems))


def _pattern(case: Case) -> Pattern:
    return pattern_of(assemble(case.network, case.evidence, ALL_WORLDS))
