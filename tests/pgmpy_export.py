"""The same network in pgmpy, with auxiliary nodes so that every table stays small.

A finding is a chain of nodes, each the larger of the one before and of one
more link; so no table has more than three parents beside those of a cause.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork
from tests.random_networks import Evidence

STRATUM, UNLISTED, UNEXPLAINED = "stratum", "unlisted", "unexplained"
_Table = tuple[str, FloatArray, list[str], list[int]]


def responsible(name: str) -> str:
    """Id of the node that says whether a cause is responsible."""
    return f"{name}__responsible"


class PgmpyReference:
    """Variable elimination by pgmpy in a network that was written there."""

    def __init__(self, network: NoisyMaxNetwork) -> None:
        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        from pgmpy.factors.discrete import TabularCPD  # type: ignore[import-untyped]
        from pgmpy.inference import VariableElimination  # type: ignore[import-untyped]
        from pgmpy.models import DiscreteBayesianNetwork  # type: ignore[import-untyped]

        model = DiscreteBayesianNetwork()
        for name, values, parents, sizes in _tables(network):
            model.add_node(name)
            model.add_edges_from([(parent, name) for parent in parents])
            columns = values.reshape(values.shape[0], -1)
            model.add_cpds(
                TabularCPD(name, values.shape[0], columns, parents or None, sizes or None)
            )
        self._network = network
        self._cpd = TabularCPD
        self._elimination = VariableElimination(model)

    def probabilities(self, evidence: Evidence) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """P(present), P(responsible), P(context) and P(unexplained), given hard and soft evidence."""
        evidence = {STRATUM if name == "root" else name: v for name, v in evidence.items()}
        hard = {n: v.index(1.0) for n, v in evidence.items() if sorted(v)[-2:] == [0.0, 1.0]}
        soft = [
            self._cpd(name, len(v), (np.array(v) / sum(v)).reshape(-1, 1))
            for name, v in evidence.items()
            if name not in hard and len(v) > 1
        ]
        ids = [cause.id for cause in self._network.causes]
        found = [self._probability(name, hard, soft) for name in ids]
        contexts = [self._probability(name, hard, soft) for name in self._network.context_ids]
        links = [self._probability(responsible(name), hard, soft) for name in ids]
        unexplained = self._probability(UNEXPLAINED, hard, soft)
        return np.array(found), np.array(links), np.array(contexts), unexplained

    def _probability(self, name: str, hard: dict[str, int], soft: list[Any]) -> float:
        if name in hard:
            return float(hard[name])
        answer = self._elimination.query(
            [name], evidence=hard, virtual_evidence=soft or None, show_progress=False
        )
        return float(answer.values[1])


def _tables(network: NoisyMaxNetwork) -> Iterator[_Table]:
    """Name, P(state | parents) with the states first, parents, and their numbers of states."""
    n_strata = len(network.strata)
    yield STRATUM, network.stratum_share, [], []
    yield UNLISTED, np.array([1 - network.unlisted, network.unlisted]), [], []
    for place, name in enumerate(network.context_ids):
        present = network.context_probability[:, place]
        yield name, np.stack([1 - present, present]), [STRATUM], [n_strata]
    for cause in network.causes:
        yield _cause_table(network, cause)
        silent = [1.0, 1 - cause.responsible]
        yield responsible(cause.id), np.array([silent, [0.0, cause.responsible]]), [cause.id], [2]
    for finding in network.findings:
        yield from _finding_tables(network, finding)
    yield from _unexplained_tables(network)


def _cause_table(network: NoisyMaxNetwork, cause: Cause) -> _Table:
    parents = [network.context_ids[i] for i in cause.contexts]
    parents += [network.causes[i].id for i in cause.causes]
    added = [*cause.context_log_odds.tolist(), *cause.cause_log_odds.tolist()]
    present = np.zeros((len(network.strata), *(2 for _ in parents)))
    for stratum in range(len(network.strata)):
        for states in itertools.product((0, 1), repeat=len(parents)):
            log_odds = float(cause.intercept[stratum])
            log_odds += sum(b for b, state in zip(added, states, strict=True) if state)
            present[stratum, *states] = _expit(log_odds)
    sizes = [len(network.strata), *(2 for _ in parents)]
    return cause.id, np.stack([1 - present, present]), [STRATUM, *parents], sizes


def _expit(log_odds: float) -> float:
    if math.isinf(log_odds):
        return float(log_odds > 0)
    return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0


def _finding_tables(network: NoisyMaxNetwork, finding: Finding) -> Iterator[_Table]:
    n_states, n_strata = len(finding.states), len(network.strata)
    links = [(UNLISTED, finding.unlisted)]
    for place, strengths in zip(finding.causes.tolist(), finding.strengths, strict=True):
        name = network.causes[place].id
        links.append((responsible(name) if finding.hangs_on_responsible else name, strengths))
    names = [f"{finding.id}__{i}" for i in range(len(links))]
    leak = np.stack([_distribution(row) for row in finding.leak], axis=1)
    yield names[0], leak, [STRATUM], [n_strata]
    for before, after, (parent, above) in zip(names, [*names[1:], finding.id], links, strict=True):
        table = np.zeros((n_states, n_states, 2))
        for lower in range(n_states):
            table[lower, lower, 0] = 1.0
            for state, p in enumerate(_distribution(above)):
                table[max(lower, state), lower, 1] += p
        yield after, table, [before, parent], [n_states, 2]


def _distribution(above: FloatArray) -> FloatArray:
    rest = math.fsum((1.0, *(-above)))  # correctly rounded: it may be near 0
    return np.array([max(rest, 0.0), *above])


def _unexplained_tables(network: NoisyMaxNetwork) -> Iterator[_Table]:
    """*unlisted*, as long as none of the causes so far is responsible."""
    names = [UNLISTED, *(f"{UNEXPLAINED}__{i}" for i in range(1, len(network.causes)))]
    still = np.zeros((2, 2, 2))
    still[1, 1, 0] = 1.0
    still[0] = 1 - still[1]
    for before, after, cause in zip(names, [*names[1:], UNEXPLAINED], network.causes, strict=True):
        yield after, still, [before, responsible(cause.id)], [2, 2]
