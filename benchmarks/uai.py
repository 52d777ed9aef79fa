"""How are networks of the UAI inference competitions read, and which of them are two-layer?

The factors of a Promedus case are P(node | up to two parents), the node first in its scope: a
noisy-OR, taken apart into a tree of nodes of two parents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.folding import ABSENT, RESPONSIBLE
from benchmarks.networks import cause, finding, two_layer
from benchmarks.patients import Likelihoods
from benchmarks.questions import Node, Question, answer_of
from legache.network.structure import NoisyMaxNetwork

T = TypeVar("T")
_ROUNDED = 2e-6  # the tables have six digits


@dataclass(frozen=True)
class Case:
    """A network with evidence, and the reference answers.

    Attributes
    ----------
    parents, tables
        Of each variable; the variable's own states are on the first axis of its table.
    observed
        State of each observed variable.
    marginals
        P(1) of each variable given the evidence, to six digits.
    log10_evidence
    """

    name: str
    parents: tuple[tuple[int, ...], ...]
    tables: tuple[tuple[float, ...], ...]
    observed: dict[int, int]
    marginals: tuple[float, ...]
    log10_evidence: float


@dataclass(frozen=True)
class TwoLayer:
    """The same as causes and noisy-OR findings.

    Attributes
    ----------
    roots
        Variable of each cause.
    log_constant
        Log-probability of observed variables that nothing else depends on.
    """

    network: NoisyMaxNetwork
    evidence: Likelihoods
    roots: tuple[int, ...]
    log_constant: float


def read(file: Path) -> Case:
    """Read a case of binary variables from its four files."""
    words = iter(file.read_text(encoding="ascii").split()[1:])
    n = int(next(words))
    sizes = [int(next(words)) for _ in range(n)]
    if set(sizes) != {2}:
        message = f"{file.name}: variables of more than two states"
        raise ValueError(message)
    scopes = [_take(words, int) for _ in range(int(next(words)))]
    tables = {scope[0]: tuple(_take(words, float)) for scope in scopes}
    parents = {scope[0]: tuple(scope[1:]) for scope in scopes}
    seen = [int(word) for word in _beside(file, ".evid")[1:]]
    return Case(
        name=file.stem,
        parents=tuple(parents[v] for v in range(n)),
        tables=tuple(tables[v] for v in range(n)),
        observed=dict(zip(seen[::2], seen[1::2], strict=True)),
        marginals=tuple(float(word) for word in _beside(file, ".MAR")[4::3]),
        log10_evidence=float(_beside(file, ".PR")[1]),
    )


def two_layer_of(case: Case) -> TwoLayer | None:
    """Causes and findings that mean the same, or none if there are no such."""
    leaves = sorted(set(range(len(case.parents))).difference(*case.parents))
    roots = tuple(v for v, parents in enumerate(case.parents) if not parents and v not in leaves)
    place = {root: i for i, root in enumerate(roots)}
    gates = {v: _gate(case, v) for v in leaves if case.parents[v]}
    if any(gate is None for gate in gates.values()) or set(roots) & set(case.observed):
        return None
    lone = [case.tables[v][case.observed[v]] for v in case.observed if v not in gates]
    findings = [
        finding(f"F{v}", [place[root] for root in gate[1]], list(gate[1].values()), gate[0])
        for v, gate in gates.items()
        if gate is not None
    ]
    odds = [case.tables[root][1] / case.tables[root][0] for root in roots]
    causes = [cause(f"C{v}", float(np.log(o)), {}, {}) for v, o in zip(roots, odds, strict=True)]
    evidence: Likelihoods = {"root": (1.0,)}
    evidence |= {
        f"F{v}": (0.0, 1.0) if s else (1.0, 0.0) for v, s in case.observed.items() if v in gates
    }
    network = two_layer(np.zeros(0), causes, findings)
    return TwoLayer(network, evidence, roots, float(np.log(lone).sum()))


def question_of(case: Case) -> Question:
    """The case as it is, for a library."""
    nodes = tuple(
        Node(
            f"V{v}",
            tuple(f"V{parent}" for parent in case.parents[v]),
            np.moveaxis(np.reshape(case.tables[v], (2,) * (len(case.parents[v]) + 1)), 0, -1),
        )
        for v in _parents_first(case)
    )
    roots = [v for v, parents in enumerate(case.parents) if not parents and v not in case.observed]
    hard = {f"V{v}": state for v, state in case.observed.items()}
    states = {f"V{v}": (ABSENT, RESPONSIBLE) for v in roots}
    return Question(nodes, hard, {}, tuple(states), partial(answer_of, states))


def _gate(case: Case, v: int) -> tuple[float, dict[int, float]] | None:
    """Leak and strength of each root that a node depends on, if it is a noisy-OR of them."""
    direct = _noisy_or(case.tables[v])
    if direct is None:
        return None
    leak, strengths = direct
    fails: dict[int, float] = {}
    for parent, strength in zip(case.parents[v], strengths, strict=True):
        if not case.parents[parent]:
            fails[parent] = fails.get(parent, 1.0) * (1 - strength)
            continue
        inner = _gate(case, parent)
        if inner is None or strength < 1:  # a noisy link from an OR of several is not noisy-OR
            return None
        leak = 1 - (1 - leak) * (1 - inner[0])
        for root, s in inner[1].items():
            fails[root] = fails.get(root, 1.0) * (1 - s)
    return leak, {root: 1 - fail for root, fail in sorted(fails.items())}


def _noisy_or(table: tuple[float, ...]) -> tuple[float, tuple[float, ...]] | None:
    """Leak and strengths of a table of up to two parents, if it is a noisy-OR."""
    absent = table[: len(table) // 2]
    if len(absent) == 1 or absent[0] == 0:
        return None
    if len(absent) == 2:
        return 1 - absent[0], (1 - absent[1] / absent[0],)
    first, second = absent[2] / absent[0], absent[1] / absent[0]
    if abs(absent[3] - absent[0] * first * second) > _ROUNDED:
        return None
    return 1 - absent[0], (1 - first, 1 - second)


def _parents_first(case: Case) -> list[int]:
    order: dict[int, None] = {}

    def visit(v: int) -> None:
        for parent in case.parents[v]:
            if parent not in order:
                visit(parent)
        order[v] = None

    for v in range(len(case.parents)):
        if v not in order:
            visit(v)
    return list(order)


def _take(words: Iterator[str], kind: Callable[[str], T]) -> list[T]:
    return [kind(next(words)) for _ in range(int(next(words)))]


def _beside(file: Path, suffix: str) -> list[str]:
    return file.with_name(file.name + suffix).read_text(encoding="ascii").split()
