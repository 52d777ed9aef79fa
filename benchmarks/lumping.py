"""Which causes need not be told to a library, since its answer about a gate settles them?

Causes that touch one positive finding and nothing else are told as one node: whether any of them,
or the leak, produces the finding.  Given that, each follows by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.folding import Gate
from benchmarks.questions import Pair, present_and_responsible
from legache.network.structure import FloatArray


@dataclass(frozen=True)
class Solitary:
    """A cause that touches one gate only.

    Attributes
    ----------
    p : shape (n_states,)
        Its distribution, given all that is folded in.
    hits : shape (n_states,)
        Probability that it produces the finding, in each of its states.
    """

    id: str
    states: tuple[int, ...]
    p: FloatArray
    hits: FloatArray


@dataclass(frozen=True)
class Lump:
    """Whether the leak of a gate or any of its solitary causes produces the finding.

    Attributes
    ----------
    p : shape (2,)
    given
        P(present) and P(responsible) of each cause, if none of them does and if any does.
    """

    name: str
    p: FloatArray
    given: dict[str, tuple[Pair, Pair]]


def lump(gate: Gate, causes: list[Solitary]) -> Lump:
    """Put the leak and the solitary causes of a gate together.

    Notes
    -----
    Sums of logarithms of what fails, so that a small probability keeps its digits.
    """
    hits = np.array([gate.leak, *(cause.p @ cause.hits for cause in causes)])
    with np.errstate(divide="ignore"):  # a certain hit: none of them is impossible
        log_fails = np.log1p(-hits)
    total = log_fails.sum()
    given = {}
    for place, cause in enumerate(causes, start=1):
        others = -np.expm1(np.delete(log_fails, place).sum())
        none = cause.p * (1 - cause.hits)
        some = cause.p * (cause.hits + (1 - cause.hits) * others)
        given[cause.id] = (_posterior(cause, none), _posterior(cause, some))
    return Lump(f"{gate.id}__lump", np.array([np.exp(total), -np.expm1(total)]), given)


def settled_by(given: tuple[Pair, Pair], p: FloatArray) -> Pair:
    """Average over whether any of a lump produces the finding."""
    (none, some), (p_none, p_some) = given, p.tolist()
    return p_none * none[0] + p_some * some[0], p_none * none[1] + p_some * some[1]


def _posterior(cause: Solitary, joint: FloatArray) -> Pair:
    total = joint.sum()
    return present_and_responsible(cause.states, joint / total if total > 0 else joint)
