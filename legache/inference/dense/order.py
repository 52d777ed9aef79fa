"""In which order are causes worked through, and which must be remembered meanwhile?

A cause that others depend on is *remembered*, as one more axis of the running
table, until its last child is done.  The joint states, absent or present, of
what is remembered are *lanes*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from legache.network.structure import FloatArray, IndexArray, NoisyMaxNetwork

_MOST_CANDIDATES = 64
_MOST_TRIED = 20_000  # in one step of the search, about
_MOST_ENTRIES = 1024  # of one cause

_Candidate = tuple[int, tuple[int, ...], int, tuple[int, ...]]
"""Cost, order, the bits of the causes that are done, and those that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How one cause changes the lanes.

    Attributes
    ----------
    n_in, n_kept
        Lanes before, and lanes of the causes that stay remembered.
    remembers
        Whether the cause itself becomes an axis, the slowest one.
    shows_presence
        Whether links act on what is present, so that silent differs from absent.
    start
        Its first entry among those of the layout: shape (n_rows, n_in).
    """

    cause: int
    n_in: int
    n_kept: int
    remembers: bool
    shows_presence: bool
    start: int

    @property
    def n_rows(self) -> int:
        """Kept lanes of absent and silent, together or apart, and of responsible."""
        return self.n_kept * (3 if self.remembers or self.shows_presence else 2)

    @property
    def n_out(self) -> int:
        """Lanes afterwards."""
        return self.n_kept * (2 if self.remembers else 1)

    @property
    def stop(self) -> int:
        """End of its entries."""
        return self.start + self.n_rows * self.n_in


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Places of the weights of all causes in all lanes.

    Attributes
    ----------
    cause : shape (n_lanes,)
        Cause of each lane that a step finds, in the order of the steps.
    log_odds : shape (n_lanes,)
        What the remembered parents of that cause add in the lane.
    first_lane : shape (n_steps,)
    step_of_cause : shape (n_causes,)
    entry : shape (3, n_lanes)
        Where the weight of absent, silent and responsible goes.
    is_shared : shape (n_lanes,)
        1 where absent and silent go to the same place, else 0.
    """

    steps: tuple[Step, ...]
    cause: IndexArray
    log_odds: FloatArray
    first_lane: IndexArray
    step_of_cause: IndexArray
    entry: IndexArray
    is_shared: FloatArray

    def without_log_odds(self) -> Layout:
        """Layout of a network in which parents add nothing."""
        return replace(self, log_odds=np.zeros_like(self.log_odds))


def processing_order(network: NoisyMaxNetwork) -> tuple[int, ...]:
    """Order of the causes, each after its parents, in which few are remembered at a time."""
    parents = [frozenset(cause.causes.tolist()) for cause in network.causes]
    components = _components(parents)
    return tuple(c for component in components for c in _component_order(component, parents))


def layout(network: NoisyMaxNetwork, order: Sequence[int], shown: frozenset[int]) -> Layout | None:
    """Lay out the weights of all causes; None if there are none, or too many lanes.

    Parameters
    ----------
    network
    order
    shown
        Causes with a link that acts on what is present.
    """
    last_child = {
        p: place for place, c in enumerate(order) for p in network.causes[c].causes.tolist()
    }
    remembered: list[int] = []
    steps: list[Step] = []
    lanes: list[tuple[FloatArray, IndexArray]] = []
    for place, cause in enumerate(order):
        kept = [other for other in remembered if last_child[other] > place]
        step = Step(
            cause=cause,
            n_in=2 ** len(remembered),
            n_kept=2 ** len(kept),
            remembers=cause in last_child,
            shows_presence=cause in shown,
            start=steps[-1].stop if steps else 0,
        )
        if step.n_rows * step.n_in > _MOST_ENTRIES:
            return None
        steps.append(step)
        lanes.append(_lanes(network, step, remembered, kept))
        remembered = [cause, *kept] if step.remembers else kept
    if not steps:
        return None
    log_odds, entry = (np.concatenate(part, axis=-1) for part in zip(*lanes, strict=True))
    n_in = [step.n_in for step in steps]
    return Layout(
        steps=tuple(steps),
        cause=np.repeat(order, n_in),
        log_odds=log_odds,
        first_lane=np.cumsum([0, *n_in])[:-1],
        step_of_cause=np.argsort(order),
        entry=entry,
        is_shared=(entry[0] == entry[1]).astype(np.float64),
    )


def _lanes(
    network: NoisyMaxNetwork, step: Step, remembered: list[int], kept: list[int]
) -> tuple[FloatArray, IndexArray]:
    """Return the log odds and the entries of each lane that a step finds."""
    cause = network.causes[step.cause]
    added = dict(zip(cause.causes.tolist(), cause.cause_log_odds.tolist(), strict=True))
    n_axes = len(remembered)
    states = np.arange(step.n_in)[:, None] >> np.arange(n_axes)[::-1] & 1  # first axis slowest
    weights = [2 ** kept[::-1].index(other) if other in kept else 0 for other in remembered]
    absent = states @ np.array(weights, dtype=np.intp)
    silent = absent + (step.n_rows - 2 * step.n_kept)
    rows = np.stack([absent, silent, silent + step.n_kept])
    log_odds = states @ np.array([added.get(other, 0.0) for other in remembered])
    return log_odds, step.start + rows * step.n_in + np.arange(step.n_in)


def _components(parents: Sequence[frozenset[int]]) -> list[list[int]]:
    """Sets of causes that edges connect."""
    label = list(range(len(parents)))
    for cause, above in enumerate(parents):
        for parent in above:
            old, new = label[cause], label[parent]
            label = [new if other == old else other for other in label]
    return [[c for c, name in enumerate(label) if name == root] for root in sorted(set(label))]


def _component_order(component: list[int], parents: Sequence[frozenset[int]]) -> tuple[int, ...]:
    """Search, breadth first and with a bounded number of candidates, for few lanes in total."""
    parents_of = {c: sum(1 << p for p in parents[c]) for c in component}
    children_of = {c: sum(1 << d for d in component if c in parents[d]) for c in component}
    n_candidates = max(1, min(_MOST_CANDIDATES, _MOST_TRIED // len(component) ** 2))
    candidates: list[_Candidate] = [(0, (), 0, ())]
    for _ in component:
        best: dict[int, _Candidate] = {}
        for cost, order, done, remembered in candidates:
            for cause in component:
                after = done | 1 << cause
                if after == done or parents_of[cause] & ~done:
                    continue
                kept = tuple(c for c in remembered if children_of[c] & ~after)
                more = 2 ** len(remembered) + 2 * 2 ** len(kept)
                kept = (*kept, cause) if children_of[cause] else kept
                found = (cost + more, (*order, cause), after, kept)
                best[after] = min(best.get(after, found), found)
        candidates = sorted(best.values())[:n_candidates]
    return candidates[0][1]
