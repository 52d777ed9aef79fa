"""How does one put a question to a general library without preparing it by hand?

The whole network is written once; each patient is evidence as it is.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from benchmarks.folding import ABSENT, RESPONSIBLE, SILENT, UNLISTED, rest
from benchmarks.patients import Likelihoods
from benchmarks.questions import (
    Node,
    Question,
    answer_of,
    by_presence,
    cause_table,
    outer_sum,
    possible_states,
)
from legache.network.structure import Finding, FloatArray, NoisyMaxNetwork

STRATUM = "stratum"
_TABLE_LIMIT = 256
_ON_OFF = (ABSENT, RESPONSIBLE)
_States = dict[str, tuple[int, ...]]


def ordinary_question(network: NoisyMaxNetwork) -> Question:
    """Put the whole network, without evidence."""
    causes = {cause.id: possible_states(cause.responsible) for cause in network.causes}
    states = causes | {UNLISTED: _ON_OFF}
    nodes = [Node(STRATUM, (), network.stratum_share)]
    for place, name in enumerate(network.context_ids):
        present = network.context_probability[:, place]
        nodes.append(Node(name, (STRATUM,), np.stack([1 - present, present], axis=-1)))
    nodes.append(Node(UNLISTED, (), np.array([1 - network.unlisted, network.unlisted])))
    nodes += [_cause_node(network, place, states) for place in network.cause_order()]
    for finding in network.findings:
        nodes += _finding_nodes(network, finding, states)
    return Question(tuple(nodes), {}, {}, tuple(causes), partial(answer_of, causes))


def ordinary_evidence(
    network: NoisyMaxNetwork, evidence: Likelihoods
) -> tuple[dict[str, int], dict[str, FloatArray]]:
    """Evidence as it is, with the root variables as one: hard, and soft."""
    fits = np.ones(len(network.strata))
    hard = {name: v.index(1.0) for name, v in evidence.items() if name not in network.root_ids}
    for position, name in enumerate(network.root_ids):
        names = list(dict.fromkeys(stratum[position] for stratum in network.strata))
        given = evidence.get(name, (1.0,) * len(names))
        fits *= [given[names.index(stratum[position])] for stratum in network.strata]
    if np.count_nonzero(fits) == 1:
        return hard | {STRATUM: int(fits.argmax())}, {}
    return hard, {STRATUM: fits}


def _cause_node(network: NoisyMaxNetwork, place: int, states: _States) -> Node:
    cause = network.causes[place]
    contexts = [network.context_ids[i] for i in cause.contexts]
    parents = [network.causes[i].id for i in cause.causes]
    added = [np.array([0.0, b]) for b in cause.context_log_odds]
    for name, b in zip(parents, cause.cause_log_odds.tolist(), strict=True):
        added.append(by_presence(b, states[name]))
    table = cause_table(outer_sum(cause.intercept, added), cause.responsible, states[cause.id])
    return Node(cause.id, (STRATUM, *contexts, *parents), table)


def _finding_nodes(network: NoisyMaxNetwork, finding: Finding, states: _States) -> list[Node]:
    """A table up to a size, else a chain of nodes, each the larger of the last and one link."""
    links = _links(network, finding, states)
    leak = _distribution(finding.leak)
    if len(network.strata) * math.prod(len(link) for _, link in links) <= _TABLE_LIMIT:
        table = leak
        for _, link in links:
            table = _larger(table[..., None, :], link)
        return [Node(finding.id, (STRATUM, *(name for name, _ in links)), table)]
    chain = [*(f"{finding.id}__{i}" for i in range(len(links))), finding.id]
    nodes = [Node(chain[0], (STRATUM,), leak)]
    certain = np.eye(leak.shape[-1])
    for before, after, (name, link) in zip(chain, chain[1:], links, strict=False):
        nodes.append(Node(after, (before, name), _larger(certain[:, None, :], link)))
    return nodes


def _links(
    network: NoisyMaxNetwork, finding: Finding, states: _States
) -> list[tuple[str, FloatArray]]:
    """Parents of a finding, and the level that each brings it to: shape (n_states, n_levels)."""
    active = (RESPONSIBLE,) if finding.hangs_on_responsible else (SILENT, RESPONSIBLE)
    names = [network.causes[place].id for place in finding.causes]
    links = [
        (name, _link(states[name], active, strengths))
        for name, strengths in zip(names, finding.strengths, strict=True)
        if strengths.any()
    ]
    if network.unlisted > 0 and finding.unlisted.any():
        links.append((UNLISTED, _link(_ON_OFF, (RESPONSIBLE,), finding.unlisted)))
    return links


def _link(states: tuple[int, ...], active: tuple[int, ...], strengths: FloatArray) -> FloatArray:
    on, off = _distribution(strengths), np.eye(len(strengths) + 1)[0]
    return np.stack([on if state in active else off for state in states])


def _distribution(above: FloatArray) -> FloatArray:
    return np.concatenate([rest(above)[..., None], above], axis=-1)


def _larger(one: FloatArray, other: FloatArray) -> FloatArray:
    """Distribution of the larger of two levels, which are on the last axis."""
    upto, below = np.cumsum(other, axis=-1), np.cumsum(one, axis=-1) - one
    return one * upto + below * other
