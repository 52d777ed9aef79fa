"""In which order are the variables eliminated, and what will it cost?

A plan depends on which variables share factors, not on any number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.inference.assembly import Problem

_RESTART_ABOVE = 100_000  # table entries; cheaper plans are not worth a second search
_N_RESTARTS = 12


@dataclass(frozen=True, slots=True)
class Pattern:
    """The graph of a problem: how many states each variable has, and who shares factors."""

    n_states: tuple[int, ...]
    combines_by_max: tuple[bool, ...]
    scopes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Combine some tables, and eliminate one variable from the result.

    Attributes
    ----------
    variable
    operands
        Tables to combine: the pattern's factors first, then results of earlier steps.
    scopes
        Scope of the running product after each operand; axes in elimination order.
    """

    variable: int
    operands: tuple[int, ...]
    scopes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """An elimination order with its steps and predicted cost.

    Attributes
    ----------
    order : tuple of int
        Variables in the order of their elimination.
    rank : tuple of int
        Place of each variable in `order`.
    n_entries
        Table entries that are multiplied, in one lane.
    n_stored
        Table entries that are kept for the backward pass, in one lane.
    largest_table
        Entries of the largest table, in one lane.
    """

    order: tuple[int, ...]
    rank: tuple[int, ...]
    steps: tuple[Step, ...]
    n_entries: int
    n_stored: int
    largest_table: int


def pattern_of(problem: Problem) -> Pattern:
    """Forget the numbers of a problem."""
    return Pattern(
        n_states=tuple(len(variable.states) for variable in problem.variables),
        combines_by_max=tuple(variable.combines_by_max for variable in problem.variables),
        scopes=tuple(factor.scope for factor in problem.factors),
    )


@lru_cache(maxsize=4096)
def plan(pattern: Pattern) -> Plan:
    """Cheapest plan of a few greedy searches.

    Searches by min-fill (ties by table size) and by table size alone; if both
    are costly, repeats with ties broken at random from fixed seeds.

    References
    ----------
    Kjaerulff, U. (1990). Triangulation of graphs. Aalborg University, R-90-09.
    Zhang, N. L. & Poole, D. (1996). Exploiting causal independence in Bayesian network
    inference. JAIR 5, 301-328 (factors that combine by max).
    """
    plans = [_steps(pattern, _greedy_order(pattern, by_fill=by_fill)) for by_fill in (True, False)]
    best = min(plans, key=lambda found: found.n_entries)
    if best.n_entries > _RESTART_ABOVE:
        for seed in range(_N_RESTARTS):
            noise = np.random.default_rng(seed).random(len(pattern.n_states)).tolist()
            order = _greedy_order(pattern, by_fill=seed % 2 == 0, noise=noise)
            best = min(best, _steps(pattern, order), key=lambda found: found.n_entries)
    return best


def _greedy_order(
    pattern: Pattern, *, by_fill: bool, noise: Sequence[float] | None = None
) -> tuple[int, ...]:
    n = len(pattern.n_states)
    weight = [math.log2(states) for states in pattern.n_states]
    neighbours = _neighbours(pattern)
    remaining = set(range(n))
    score = {v: _score(v, neighbours, weight, by_fill=by_fill, noise=noise) for v in remaining}
    order = []
    while remaining:
        chosen = min(remaining, key=score.__getitem__)
        remaining.remove(chosen)
        order.append(chosen)
        for v in _eliminate(chosen, neighbours):
            score[v] = _score(v, neighbours, weight, by_fill=by_fill, noise=noise)
    return tuple(order)


def _neighbours(pattern: Pattern) -> list[int]:
    """Neighbours of each variable as the bits of one integer."""
    neighbours = [0] * len(pattern.n_states)
    for scope in pattern.scopes:
        together = sum(1 << v for v in scope)
        for v in scope:
            neighbours[v] |= together & ~(1 << v)
    return neighbours


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def _score(
    v: int,
    neighbours: list[int],
    weight: list[float],
    *,
    by_fill: bool,
    noise: Sequence[float] | None,
) -> tuple[float, float, float]:
    """What is minimised: fill-in or table size, then the other, then the index or noise."""
    around = _bits(neighbours[v])
    size = weight[v] + sum(weight[u] for u in around)
    tie = v if noise is None else noise[v]
    if not by_fill:
        return (size + (0.0 if noise is None else noise[v]), tie, 0.0)
    clique = neighbours[v]
    fill = sum((clique & ~neighbours[u]).bit_count() - 1 for u in around) // 2
    return (fill, size, tie)


def _eliminate(v: int, neighbours: list[int]) -> list[int]:
    """Connect the neighbours of v, remove it; return whose score may have changed."""
    clique = neighbours[v]
    changed = clique
    around = _bits(clique)
    for u in around:
        added = clique & ~neighbours[u] & ~(1 << u)
        for w in _bits(added):
            changed |= neighbours[u] & neighbours[w]
        neighbours[u] = (neighbours[u] | added) & ~(1 << v)
    changed &= ~(1 << v)
    return _bits(changed)


def _steps(pattern: Pattern, order: tuple[int, ...]) -> Plan:
    rank = [0] * len(order)
    for place, v in enumerate(order):
        rank[v] = place
    tables = {i: _sorted(scope, rank) for i, scope in enumerate(pattern.scopes)}
    n_tables = len(tables)
    waiting: dict[int, list[int]] = {v: [] for v in order}
    for i, scope in tables.items():
        if scope:
            waiting[scope[0]].append(i)
    steps = []
    n_entries = n_stored = largest = 0
    for v in order:
        operands = _combination_order([(i, tables[i]) for i in waiting[v]], pattern)
        scopes = [tables[operands[0]]]
        for operand in operands[1:]:
            before, added = scopes[-1], tables[operand]
            union = _sorted({*before, *added}, rank)
            n_entries += _product_size(union, {*before} & {*added}, pattern)
            n_stored += _size(union, pattern)
            scopes.append(union)
        largest = max(largest, _size(scopes[-1], pattern))
        n_entries += _size(scopes[-1], pattern)
        steps.append(Step(v, tuple(operands), tuple(scopes)))
        result = scopes[-1][1:]
        tables[n_tables] = result
        if result:
            waiting[result[0]].append(n_tables)
        n_tables += 1
    return Plan(order, tuple(rank), tuple(steps), n_entries, n_stored, largest)


def _sorted(scope: set[int] | tuple[int, ...], rank: list[int]) -> tuple[int, ...]:
    return tuple(sorted(scope, key=rank.__getitem__))


def _combination_order(tables: list[tuple[int, tuple[int, ...]]], pattern: Pattern) -> list[int]:
    """Largest table first, then what makes the running product grow least."""
    largest = max(tables, key=lambda table: (_size(table[1], pattern), -table[0]))
    left = [table for table in tables if table is not largest]
    scope, chosen = set(largest[1]), [largest[0]]
    while left:
        best = min(left, key=lambda t: (_size(scope.union(t[1]), pattern), t[0]))
        left.remove(best)
        scope |= set(best[1])
        chosen.append(best[0])
    return chosen


def _size(scope: set[int] | tuple[int, ...], pattern: Pattern) -> int:
    return math.prod(pattern.n_states[v] for v in scope)


def _product_size(union: tuple[int, ...], shared: set[int], pattern: Pattern) -> int:
    """Products of one combination: 2 m - 1 for each axis of m levels that both bring."""
    return math.prod(
        2 * pattern.n_states[v] - 1
        if v in shared and pattern.combines_by_max[v]
        else pattern.n_states[v]
        for v in union
    )
