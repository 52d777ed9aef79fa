"""How does an expert put a question to a general library?

Only what is left after folding is put (`benchmarks.folding`), as small as we could make it: causes
that touch at most one positive finding are settled by hand (`benchmarks.lumping`); gates of many
causes become chains, all of them through the causes in one order in which few are open at a time
(`benchmarks.ordering`); and gates look at a node of two states where a cause has three.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.folding import ABSENT, RESPONSIBLE, SILENT, UNLISTED, Folded, FoldedCause, Gate
from benchmarks.lumping import Lump, Solitary, lump, settled_by
from benchmarks.ordering import Touches, narrow_order
from benchmarks.questions import (
    Answer,
    Node,
    Question,
    answer_of,
    by_presence,
    cause_table,
    outer_sum,
    present_and_responsible,
)
from legache.network.structure import FloatArray

_ON_OFF = (ABSENT, RESPONSIBLE)
_States = dict[str, tuple[int, ...]]
_Link = tuple[str, float]


def expert_question(folded: Folded, *, per_node: int = 3) -> Question:
    """Put what is left after folding.

    Parameters
    ----------
    folded
    per_node
        How many causes a gate takes in one table; with more it is a chain of tables.
    """
    apart = _apart(folded)
    kept = [cause for cause in folded.causes if cause.id not in apart]
    states = {cause.id: cause.states for cause in kept}
    gates, lumps = _lumped(folded, apart)
    nodes = [Node(name, (), np.array([1 - p, p])) for name, p in folded.contexts]
    nodes += [_cause_node(cause, states) for cause in kept]
    nodes += [Node(one.name, (), one.p) for one in lumps]
    if any(name == UNLISTED for gate in gates for name, _ in gate.links):
        nodes.append(Node(UNLISTED, (), folded.unlisted / folded.unlisted.sum()))
    gates, switches = _switched(gates, states)
    for gate in _in_one_order(gates, kept):
        switches += _gate_nodes(gate, per_node)
    return Question(
        nodes=(*nodes, *switches),
        hard=dict.fromkeys((gate.id for gate in gates), 1),
        soft={cause.id: _soft(cause) for cause in kept if cause.contexts or cause.causes},
        targets=(*states, *(one.name for one in lumps)),
        answer=partial(_answer, states, lumps, _untouched(folded, apart)),
        log_constant=_log_constant(folded, kept),
    )


def _answer(
    states: _States, lumps: list[Lump], untouched: Answer, posteriors: dict[str, FloatArray]
) -> Answer:
    found = untouched | answer_of(states, posteriors)
    for one in lumps:
        p = posteriors[one.name]
        found |= {name: settled_by(given, p) for name, given in one.given.items()}
    return found


def _apart(folded: Folded) -> set[str]:
    """Causes without open parents and children that touch at most one positive finding."""
    linked = [name for gate in folded.gates for name, _ in gate.links]
    parents = {name for cause in folded.causes for name, _ in cause.causes}
    alone = (cause.id for cause in folded.causes if not (cause.contexts or cause.causes))
    return {name for name in alone if name not in parents and linked.count(name) < 2}


def _lumped(folded: Folded, apart: set[str]) -> tuple[list[Gate], list[Lump]]:
    """Gates without the causes that are set apart, which one node for each gate stands for."""
    by_id = {cause.id: cause for cause in folded.causes}
    gates, lumps = [], []
    for gate in folded.gates:
        solitary = [_solitary(by_id[n], gate, p) for n, p in gate.links if n in apart]
        if solitary:
            lumps.append(lump(gate, solitary))
            rest = tuple(link for link in gate.links if link[0] not in apart)
            gates.append(replace(gate, leak=0.0, links=((lumps[-1].name, 1.0), *rest)))
        else:
            gates.append(gate)
    return gates, lumps


def _solitary(cause: FoldedCause, gate: Gate, strength: float) -> Solitary:
    hits = np.array([strength * (state in gate.active) for state in cause.states])
    return Solitary(cause.id, cause.states, _cause_node(cause, {}).table, hits)


def _untouched(folded: Folded, apart: set[str]) -> Answer:
    """Causes that touch no positive finding."""
    linked = {name for gate in folded.gates for name, _ in gate.links}
    alone = [cause for cause in folded.causes if cause.id in apart - linked]
    tables = {cause.id: _cause_node(cause, {}).table for cause in alone}
    return {c.id: present_and_responsible(c.states, tables[c.id]) for c in alone}


def _cause_node(cause: FoldedCause, states: _States) -> Node:
    """A cause given its open parents; without any, its likelihood is part of its table."""
    table = _prior(cause, states)
    parents = tuple(name for name, _ in (*cause.contexts, *cause.causes))
    if not parents:
        table = table * cause.likelihood[list(cause.states)]
        table = table / table.sum()
    return Node(cause.id, parents, table)


def _prior(cause: FoldedCause, states: _States) -> FloatArray:
    added = [np.array([0.0, b]) for _, b in cause.contexts]
    added += [by_presence(b, states[name]) for name, b in cause.causes]
    return cause_table(outer_sum(cause.log_odds, added), cause.responsible, cause.states)


def _soft(cause: FoldedCause) -> FloatArray:
    likelihood = cause.likelihood[list(cause.states)]
    return likelihood / likelihood.max()


def _log_constant(folded: Folded, kept: list[FoldedCause]) -> float:
    """Logarithm of everything that tables and soft evidence were divided by."""
    total = folded.log_constant + float(np.log(folded.unlisted.sum()))
    open_causes = {cause.id for cause in kept if cause.contexts or cause.causes}
    for cause in folded.causes:
        likelihood = cause.likelihood[list(cause.states)]
        if cause.id in open_causes:
            total += float(np.log(likelihood.max()))
        else:
            total += float(np.log((_prior(cause, {}) * likelihood).sum()))
    return total


def _switched(gates: Iterable[Gate], states: _States) -> tuple[list[Gate], list[Node]]:
    """Gates on nodes of two states: causes that have but two, or whether a cause is active."""
    switches: dict[str, Node] = {}
    switched = []
    for gate in gates:
        links: list[_Link] = []
        for name, strength in gate.links:
            mine = states.get(name, _ON_OFF)
            switch = _switch(name, gate.active)
            is_on = np.array([float(state in gate.active) for state in mine])
            if len(mine) > 2:
                switches[switch] = Node(switch, (name,), np.stack([1 - is_on, is_on], axis=-1))
                links.append((switch, strength))
            elif is_on.any():
                links.append((name, strength))
        switched.append(Gate(gate.id, gate.leak, gate.active, tuple(links)))
    return switched, list(switches.values())


def _switch(name: str, active: tuple[int, ...]) -> str:
    return f"{name}__{'_or_'.join(map(str, active))}"


def _switches_of(name: str) -> list[str]:
    return [_switch(name, active) for active in ((RESPONSIBLE,), (SILENT, RESPONSIBLE))]


def _in_one_order(gates: list[Gate], causes: list[FoldedCause]) -> list[Gate]:
    """Gates with their links in one order, in which few things are open at a time."""
    touches: Touches = {}
    for gate in gates:
        for name, _ in gate.links:
            touches.setdefault(name, set()).add(gate.id)
    parents = {name for cause in causes for name, _ in cause.causes}
    for cause in causes:
        around = {name for name, _ in (*cause.contexts, *cause.causes)}
        around |= {cause.id} & parents
        for name in (cause.id, *_switches_of(cause.id)):
            if name in touches:
                touches[name] |= around
    rank = {name: place for place, name in enumerate(narrow_order(touches))}
    return [
        replace(gate, links=tuple(sorted(gate.links, key=lambda link: rank[link[0]])))
        for gate in gates
    ]


def _gate_nodes(gate: Gate, per_node: int) -> list[Node]:
    """A chain of nodes, each an OR of the one before and of some more causes."""
    starts = range(0, len(gate.links) or 1, per_node)  # one node even if there is but the leak
    parts = [gate.links[start : start + per_node] for start in starts]
    chain = [*(f"{gate.id}__{i}" for i in range(len(parts) - 1)), gate.id]
    nodes: list[Node] = []
    for place, (name, links) in enumerate(zip(chain, parts, strict=True)):
        before: tuple[_Link, ...] = ((chain[place - 1], 1.0),) if place else ()
        table = _noisy_or(0.0 if place else gate.leak, [p for _, p in (*before, *links)])
        nodes.append(Node(name, tuple(parent for parent, _ in (*before, *links)), table))
    return nodes


def _noisy_or(leak: float, strengths: Iterable[float]) -> FloatArray:
    """P(gate | causes): one axis for each cause, and its own.

    Notes
    -----
    Both columns are built up from what is positive, so that a small one keeps its digits.
    """
    absent, present = np.array(1 - leak), np.array(leak)
    for strength in strengths:
        on = present + absent * strength
        absent = np.stack([absent, absent * (1 - strength)], axis=-1)
        present = np.stack([present, on], axis=-1)
    return np.stack([absent, present], axis=-1)
