"""In which order are the variables eliminated, and what will it cost?

A plan depends on which variables share a family, not on any number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.inference.assembly import Problem
from legache.network.structure import FloatArray

_RESTART_ABOVE = 200_000  # products; a second search costs more than it could save below
_HOPELESS_ABOVE = 1e13  # products; no search makes such a plan feasible
_HOPELESS_LOG2_SIZE = 60.0  # of a table
_N_RESTARTS = 24
_COST_PER_MOVE = 100_000.0  # products that take about as long as looking at one more path
_MOST_MOVES = 2_500
_JOIN_PENALTY = 5  # a product in a join moves more memory than one in an application
_LINK_COST = 1.5  # products that a link needs for each entry of the table it is applied to


@dataclass(frozen=True, slots=True)
class Pattern:
    """The graph of a problem.

    Attributes
    ----------
    n_levels, by_max
        Of each variable.
    scopes
        Variables of each family that all its terms share: its own and its parents'.
    links
        For each family and term, the variables that are linked.
    """

    n_levels: tuple[int, ...]
    by_max: tuple[bool, ...]
    scopes: tuple[tuple[int, ...], ...]
    links: tuple[tuple[tuple[int, ...], ...], ...]

    def family_scope(self, family: int) -> set[int]:
        """All variables of a family."""
        return {*self.scopes[family], *(v for term in self.links[family] for v in term)}


@dataclass(frozen=True, slots=True)
class Step:
    """Join tables, apply families to the result, and eliminate one variable from it.

    Attributes
    ----------
    variable
    messages : tuple of int
        Earlier steps whose results are joined first.
    families : tuple of int
        Families that are then applied, one after the other.
    scopes
        Scope of the running table after each message and each family; axes in
        elimination order.  It begins with the empty scope if there is no message.
    """

    variable: int
    messages: tuple[int, ...]
    families: tuple[int, ...]
    scopes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """An elimination order with its steps and predicted cost.

    Attributes
    ----------
    order : tuple of int
        Variables in the order of their elimination.
    ends : tuple of int
        Steps whose results are multiplied at the end.
    loose : tuple of int
        Families without any variable.
    cost
        Multiplications of the forward pass in one lane; those of joins count more.
    n_stored
        Table entries that are kept for the backward pass, in one lane.
    n_working
        Table entries of the largest step, in one lane.
    """

    order: tuple[int, ...]
    steps: tuple[Step, ...]
    ends: tuple[int, ...]
    loose: tuple[int, ...]
    cost: float
    n_stored: float
    n_working: float


def pattern_of(problem: Problem) -> Pattern:
    """Forget the numbers of a problem."""
    return Pattern(
        n_levels=tuple(v.log_weight.shape[1] for v in problem.variables),
        by_max=tuple(v.by_max for v in problem.variables),
        scopes=tuple(
            (*(() if family.own is None else (family.own,)), *family.parents)
            for family in problem.families
        ),
        links=tuple(
            tuple(tuple(v for v, _ in term.links) for term in family.terms)
            for family in problem.families
        ),
    )


@lru_cache(maxsize=4096)
def plan(pattern: Pattern) -> Plan:
    """Cheapest plan of a few searches; the dearer the best, the longer the search.

    Tree-shaped plans come from greedy elimination orders: by min-fill (ties by
    table size), by table size alone, and with noise from fixed seeds.  A
    path-shaped plan, which never joins two tables, comes from a greedy order
    of the families, improved by moving one family at a time.

    References
    ----------
    Kjaerulff, U. (1990). Triangulation of graphs. Aalborg University, R-90-09.
    """
    best = min(
        (_steps(pattern, _greedy_order(pattern, by_fill=by_fill)) for by_fill in (True, False)),
        key=_cost,
    )
    if _RESTART_ABOVE < best.cost < _HOPELESS_ABOVE:
        for seed in range(_N_RESTARTS):
            noise = np.random.default_rng(seed).random(len(pattern.n_levels)).tolist()
            order = _greedy_order(pattern, by_fill=seed % 2 == 0, noise=noise)
            best = min(best, _steps(pattern, order), key=_cost)
        n_moves = min(_MOST_MOVES, int(best.cost / _COST_PER_MOVE))
        best = min(best, _path_plan(pattern, n_moves), key=_cost)
    return best


def _cost(found: Plan) -> float:
    return found.cost


def _greedy_order(
    pattern: Pattern, *, by_fill: bool, noise: Sequence[float] | None = None
) -> tuple[int, ...]:
    weight = [math.log2(levels) for levels in pattern.n_levels]
    neighbours = _neighbours(pattern)
    remaining = set(range(len(weight)))
    score = {v: _score(v, neighbours, weight, by_fill=by_fill, noise=noise) for v in remaining}
    order: list[int] = []
    while remaining:
        chosen = min(remaining, key=score.__getitem__)
        if _log2_size(chosen, neighbours, weight) > _HOPELESS_LOG2_SIZE:
            return (*order, *sorted(remaining))
        remaining.remove(chosen)
        order.append(chosen)
        for v in _eliminate(chosen, neighbours):
            score[v] = _score(v, neighbours, weight, by_fill=by_fill, noise=noise)
    return tuple(order)


def _log2_size(v: int, neighbours: list[int], weight: list[float]) -> float:
    return weight[v] + sum(weight[u] for u in _bits(neighbours[v]))


def _neighbours(pattern: Pattern) -> list[int]:
    """Neighbours of each variable as the bits of one integer."""
    neighbours = [0] * len(pattern.n_levels)
    for family in range(len(pattern.scopes)):
        scope = pattern.family_scope(family)
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
) -> tuple[float, float]:
    """What is minimised: fill-in or table size, then the other or the index."""
    around = _bits(neighbours[v])
    size = _log2_size(v, neighbours, weight) + (0.0 if noise is None else noise[v])
    if not by_fill:
        return (size, v)
    clique = neighbours[v]
    fill = sum((clique & ~neighbours[u]).bit_count() - 1 for u in around) // 2
    return (fill, size)


def _eliminate(v: int, neighbours: list[int]) -> list[int]:
    """Connect the neighbours of v, remove it; return whose score may have changed."""
    clique = neighbours[v]
    changed = clique
    for u in _bits(clique):
        added = clique & ~neighbours[u] & ~(1 << u)
        for w in _bits(added):
            changed |= neighbours[u] & neighbours[w]
        neighbours[u] = (neighbours[u] | added) & ~(1 << v)
    return _bits(changed & ~(1 << v))


@dataclass(slots=True)
class _Branch:
    """Steps that lead to one table, in the order of their execution."""

    steps: list[tuple[int, list[int], list[int]]]  # variable, messages, families
    scope: frozenset[int]
    cost: float
    has_join: bool


def _steps(pattern: Pattern, order: tuple[int, ...]) -> Plan:
    """Turn an elimination order into a program.

    Each variable's step takes the tables of the variables that were eliminated
    before it and share a family with it.  One of them is the running table.
    The others are either computed on their own and joined to it, or, where that
    is cheaper, their families are applied to the running table one by one.
    """
    rank = {v: place for place, v in enumerate(order)}
    families: dict[int, list[int]] = {v: [] for v in order}
    loose = []
    for family in range(len(pattern.scopes)):
        scope = pattern.family_scope(family)
        if scope:
            families[min(scope, key=rank.__getitem__)].append(family)
        else:
            loose.append(family)
    waiting: dict[int, list[_Branch]] = {v: [] for v in order}
    roots = []
    for v in order:
        branch = _branch(pattern, v, waiting.pop(v), families[v])
        if branch.scope:
            waiting[min(branch.scope, key=rank.__getitem__)].append(branch)
        else:
            roots.append(branch)
    return _program(pattern, roots, tuple(loose))


def _branch(pattern: Pattern, v: int, inputs: list[_Branch], families: list[int]) -> _Branch:
    inputs = sorted(inputs, key=lambda b: -pattern_size(pattern, b.scope))
    running = _Branch([], frozenset(), 0.0, has_join=False)
    joined: list[_Branch] = []
    for other in inputs:
        if not running.steps:
            running = other
            continue
        inlined = None if other.has_join else _inlined(pattern, running, other)
        join_cost = _JOIN_PENALTY * _join_size(pattern, running.scope, other.scope)
        if inlined is not None and inlined.cost <= running.cost + other.cost + join_cost:
            running = inlined
        else:
            joined.append(other)
    scope, cost, steps = running.scope, running.cost, list(running.steps)
    messages = [len(steps) - 1] if steps else []
    for other in joined:
        cost += other.cost + _JOIN_PENALTY * _join_size(pattern, scope, other.scope)
        scope |= other.scope
        steps += [(u, [i + len(steps) for i in m], f) for u, m, f in other.steps]
        messages.append(len(steps) - 1)
    applied = _application_order(pattern, families, scope)
    for family in applied:
        cost += _apply_cost(pattern, family, scope)
        scope |= pattern.family_scope(family)
    cost += pattern_size(pattern, scope)
    has_join = bool(joined) or running.has_join
    return _Branch([*steps, (v, messages, applied)], scope - {v}, cost, has_join)


def _path_plan(pattern: Pattern, n_moves: int) -> Plan:
    rng = np.random.default_rng(0)
    n_families = len(pattern.scopes)
    loose = tuple(f for f in range(n_families) if not pattern.family_scope(f))
    orders = [_greedy_path(pattern, rng.random(n_families)) for _ in range(_N_RESTARTS)]
    best = min(orders, key=lambda order: _path(pattern, order).cost)
    cost = _path(pattern, best).cost
    for _ in range(n_moves):
        source, target = rng.integers(len(best), size=2).tolist()
        moved = list(best)
        moved.insert(target, moved.pop(source))
        branch = _path(pattern, moved)
        if branch.cost <= cost:
            best, cost = moved, branch.cost
    return _program(pattern, [_path(pattern, best)], loose)


def _greedy_path(pattern: Pattern, noise: FloatArray) -> list[int]:
    """Order of families that keeps the running table small."""
    scopes = {f: s for f in range(len(pattern.scopes)) if (s := pattern.family_scope(f))}
    left = Counter(v for scope in scopes.values() for v in scope)
    running: set[int] = set()
    order = []
    while scopes:
        sizes = {
            f: sum(
                math.log2(pattern.n_levels[v])
                for v in running | scope
                if not (v in scope and left[v] == 1)
            )
            for f, scope in scopes.items()
        }
        chosen = min(scopes, key=lambda f: sizes[f] + noise[f])
        scope = scopes.pop(chosen)
        left.subtract(scope)
        running = {v for v in running | scope if left[v]}
        order.append(chosen)
    return order


def _path(pattern: Pattern, order: list[int]) -> _Branch:
    """Apply families in a given order, eliminating each variable as soon as possible."""
    left = Counter(v for family in order for v in pattern.family_scope(family))
    branch = _Branch([], frozenset(), 0.0, has_join=False)
    applied: list[int] = []
    for family in order:
        branch.cost += _apply_cost(pattern, family, branch.scope)
        branch.scope |= pattern.family_scope(family)
        applied.append(family)
        left.subtract(pattern.family_scope(family))
        for v in sorted(u for u in branch.scope if not left[u]):
            branch.cost += pattern_size(pattern, branch.scope)
            branch.scope -= {v}
            messages = [len(branch.steps) - 1] if branch.steps else []
            branch.steps.append((v, messages, applied))
            applied = []
    return branch


def _inlined(pattern: Pattern, running: _Branch, other: _Branch) -> _Branch:
    """Apply the families of one branch to the table of another."""
    scope, cost, steps = running.scope, running.cost, list(running.steps)
    for v, _, families in other.steps:
        for family in families:
            cost += _apply_cost(pattern, family, scope)
            scope |= pattern.family_scope(family)
        cost += pattern_size(pattern, scope)
        scope -= {v}
        steps.append((v, [len(steps) - 1], families))
    return _Branch(steps, scope, cost, running.has_join)


def _join_size(pattern: Pattern, left: frozenset[int], right: frozenset[int]) -> float:
    """2 m - 1 products for each axis of m levels that both tables bring and that is a max."""
    sizes = (
        2.0 * pattern.n_levels[v] - 1
        if v in left and v in right and pattern.by_max[v]
        else float(pattern.n_levels[v])
        for v in left | right
    )
    return math.prod(sizes, start=1.0)


def _apply_cost(pattern: Pattern, family: int, scope: frozenset[int]) -> float:
    cost = 0.0
    for links in pattern.links[family]:
        grown = scope.union(links)
        cost += _LINK_COST * len(links) * pattern_size(pattern, grown)
        cost += pattern_size(pattern, grown.union(pattern.scopes[family]))
    return cost


def _program(pattern: Pattern, roots: list[_Branch], loose: tuple[int, ...]) -> Plan:
    raw: list[tuple[int, list[int], list[int]]] = []
    for branch in roots:
        offset = len(raw)
        raw += [(v, [i + offset for i in messages], f) for v, messages, f in branch.steps]
    order = tuple(v for v, _, _ in raw)
    rank = {v: place for place, v in enumerate(order)}
    steps: list[Step] = []
    n_stored = n_working = 0.0
    for v, messages, families in raw:
        scopes = [steps[i].scopes[-1][1:] for i in messages[:1]] or [()]
        for i in messages[1:]:
            scopes.append(_sorted({*scopes[-1], *steps[i].scopes[-1]} - {steps[i].variable}, rank))
        for family in families:
            scopes.append(_sorted({*scopes[-1], *pattern.family_scope(family)}, rank))
        sizes = [pattern_size(pattern, scope) for scope in scopes]
        n_stored += sizes[-1] / pattern.n_levels[v]
        n_working = max(n_working, sum(sizes))
        steps.append(Step(v, tuple(messages), tuple(families), tuple(scopes)))
    used = {i for step in steps for i in step.messages}
    ends = tuple(i for i in range(len(steps)) if i not in used)
    cost = sum(branch.cost for branch in roots)
    return Plan(order, tuple(steps), ends, loose, cost, n_stored, n_working)


def _sorted(scope: set[int], rank: dict[int, int]) -> tuple[int, ...]:
    return tuple(sorted(scope, key=rank.__getitem__))


def _application_order(pattern: Pattern, families: list[int], scope: frozenset[int]) -> list[int]:
    """Apply first what makes the running table grow least."""
    left, grown, chosen = list(families), scope, []
    while left:
        best = min(left, key=lambda f: (pattern_size(pattern, grown | pattern.family_scope(f)), f))
        left.remove(best)
        grown |= pattern.family_scope(best)
        chosen.append(best)
    return chosen


def pattern_size(pattern: Pattern, scope: Iterable[int]) -> float:
    """Entries of a table, in one lane; infinite if there are too many to count."""
    return math.prod((float(pattern.n_levels[v]) for v in scope), start=1.0)
