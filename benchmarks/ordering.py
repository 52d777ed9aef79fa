"""In which order should chains run through the causes, so that few are open at a time?"""

from __future__ import annotations

import random

_N_RESTARTS = 30
Touches = dict[str, set[str]]


def narrow_order(touches: Touches) -> list[str]:
    """Order of the keys in which few of the things that they touch are open at a time.

    A thing is open from the first to the last of the keys that touch it.

    Notes
    -----
    The best of some greedy orders, by the sum of 2 to the number of open things.
    """
    orders = [_greedy_order(touches, random.Random(seed)) for seed in range(_N_RESTARTS)]
    return min(orders)[1]


def _greedy_order(touches: Touches, rng: random.Random) -> tuple[float, list[str]]:
    left: Touches = {}
    for name, things in touches.items():
        for thing in things:
            left.setdefault(thing, set()).add(name)
    opened: set[str] = set()
    order: list[str] = []
    cost = 0.0
    todo = dict.fromkeys(sorted(touches))

    def growth(name: str) -> tuple[int, int, float]:
        new = len(touches[name] - opened)
        closed = sum(left[thing] == {name} for thing in touches[name])
        return new - closed, new, rng.random()

    while todo:
        chosen = min(todo, key=growth)
        del todo[chosen]
        order.append(chosen)
        opened |= touches[chosen]
        cost += 2.0 ** len(opened)
        for thing in touches[chosen]:
            left[thing].discard(chosen)
            if not left[thing]:
                opened.discard(thing)
    return cost, order
