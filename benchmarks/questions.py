"""What does a library for general Bayesian networks need to be told?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.folding import ABSENT, RESPONSIBLE, SILENT
from legache.network.structure import FloatArray

Pair = tuple[float, float]
"""P(present) and P(responsible)."""
Answer = dict[str, Pair]


@dataclass(frozen=True)
class Node:
    """P(node | parents), the node's own states on the last axis."""

    name: str
    parents: tuple[str, ...]
    table: FloatArray


@dataclass(frozen=True)
class Question:
    """A network with evidence, in the terms of any library.

    Attributes
    ----------
    nodes
        Parents first.
    hard
        State of each observed node.
    soft
        Likelihood of each state of some other nodes.
    targets
        Nodes whose posterior is asked.
    answer
        Turns these posteriors into those of the causes.
    log_constant
        Logarithm of the factor by which the probability of the evidence is too large.
    """

    nodes: tuple[Node, ...]
    hard: dict[str, int]
    soft: dict[str, FloatArray]
    targets: tuple[str, ...]
    answer: Callable[[dict[str, FloatArray]], Answer]
    log_constant: float = 0.0


def answer_of(states: dict[str, tuple[int, ...]], posteriors: dict[str, FloatArray]) -> Answer:
    """P(present) and P(responsible) of each cause, from the posterior of its states."""
    return {name: present_and_responsible(own, posteriors[name]) for name, own in states.items()}


def present_and_responsible(states: tuple[int, ...], p: FloatArray) -> Pair:
    """P(present) and P(responsible) from the distribution of a cause over its states."""
    by_state = dict(zip(states, p.tolist(), strict=True))
    responsible = by_state.get(RESPONSIBLE, 0.0)
    return by_state.get(SILENT, 0.0) + responsible, responsible


def cause_table(log_odds: FloatArray, responsible: float, states: tuple[int, ...]) -> FloatArray:
    """Distribution of a cause: shape (..., n_states)."""
    with np.errstate(over="ignore"):  # exp of a large number is infinity: the other is certain
        present, absent = 1 / (1 + np.exp(-log_odds)), 1 / (1 + np.exp(log_odds))
    split = (absent, present * (1 - responsible), present * responsible)
    return np.stack([split[state] for state in states], axis=-1)


def outer_sum(start: FloatArray | float, added: list[FloatArray]) -> FloatArray:
    """Sum with one new axis for each vector."""
    total = np.asarray(start, dtype=np.float64)
    for vector in added:
        total = total[..., None] + vector
    return total


def by_presence(log_odds: float, states: tuple[int, ...]) -> FloatArray:
    """What each state of a parent cause adds."""
    return np.array([log_odds * (state != ABSENT) for state in states])


def possible_states(responsible: float) -> tuple[int, ...]:
    """States that a cause may be in, whatever the evidence."""
    split = {ABSENT: 1.0, SILENT: 1 - responsible, RESPONSIBLE: responsible}
    return tuple(state for state, share in split.items() if share > 0)
