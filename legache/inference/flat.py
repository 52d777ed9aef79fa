"""What are the numbers of a network, one after the other in flat arrays?

Compiled code reads them; the graph is kept apart from the numbers, so that many sets of numbers,
such as draws from their uncertainty, can share one graph.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from legache.errors import EvidenceError, NetworkError, did_you_mean, nearest
from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork

Codes = NDArray[np.int8]
Counts = NDArray[np.int32]

UNKNOWN, BY_LIKELIHOOD = -1, -2
_UNKNOWN_BYTE, _BY_LIKELIHOOD_BYTE = (bytes(np.array([c], np.int8)) for c in (-1, -2))
_CODE_OF: dict[tuple[float, ...], int] = {(1.0, 0.0): 0, (0.0, 1.0): 1}
_NOWHERE = (-1, -1)


@dataclass(frozen=True, slots=True, eq=False)
class FlatNetwork:
    """A network in flat arrays.

    Attributes
    ----------
    graph
        Arrays of whole numbers: the fields of that name in ``kernel/network.h``.
    numbers
        Arrays of numbers: the fields of that name there.
    column
        Place of each node in a row of codes: roots, contexts, causes, findings.
    place_and_size
        The same with the number of its states.
    n_states, first_state : shape (n_nodes,)
        How many states each node has, and where they begin in a row of likelihoods.
    """

    graph: Mapping[str, Counts]
    numbers: Mapping[str, FloatArray]
    column: Mapping[str, int]
    place_and_size: Mapping[str, tuple[int, int]]
    n_states: Counts
    first_state: Counts

    def encoded(self, likelihoods: Mapping[str, tuple[float, ...]]) -> tuple[Codes, FloatArray]:
        """Evidence as one code for each node, and likelihoods where a code says so.

        Returns
        -------
        codes : shape (n_nodes,)
            Index of the observed state, `UNKNOWN` or `BY_LIKELIHOOD`.
        values : shape (nall_states,)

        Raises
        ------
        EvidenceError
            A node that the network does not have, or another number of states.
        """
        codes = bytearray(_UNKNOWN_BYTE * len(self.column))
        values = _NO_VALUES
        for name, likelihood in likelihoods.items():
            place, n_states = self.place_and_size.get(name, _NOWHERE)
            if len(likelihood) != n_states:
                raise self._refused(name, len(likelihood))
            code = _CODE_OF.get(likelihood)
            if code is None:
                values = values if values.size else np.ones(int(self.n_states.sum()))
                start = self.first_state[place]
                values[start : start + n_states] = likelihood
                codes[place : place + 1] = _BY_LIKELIHOOD_BYTE
            else:
                codes[place] = code
        return np.frombuffer(codes, dtype=np.int8), values

    def likelihoods(self, codes: Codes) -> dict[str, tuple[float, ...]]:
        """Evidence that codes of observed states stand for."""
        return {
            name: tuple(float(state == codes[place]) for state in range(self.n_states[place]))
            for name, place in self.column.items()
            if codes[place] != UNKNOWN
        }

    def _refused(self, name: str, n_states: int) -> EvidenceError:
        if name in self.column:
            expected = self.n_states[self.column[name]]
            return EvidenceError(f"{name}: {n_states} likelihoods; expected {expected}")
        suggestions = nearest(name[:64], self.column)
        hint = did_you_mean(suggestions, "it is not a node of the network")
        return EvidenceError(f"unknown node {name[:64]!r}{hint}", suggestions)


_NO_VALUES = np.empty(0)


@lru_cache(maxsize=64)
def flat_network(network: NoisyMaxNetwork) -> FlatNetwork:
    """Flat arrays of a network; made once."""
    ids = [*network.root_ids, *network.context_ids]
    ids += [cause.id for cause in network.causes]
    ids += [finding.id for finding in network.findings]
    root_states = [_states_of_root(network, place) for place in range(len(network.root_ids))]
    n_states = [len(states) for states in root_states]
    n_states += [2] * (len(network.context_ids) + len(network.causes))
    n_states += [len(finding.states) for finding in network.findings]
    first_state = _starts(n_states)[:-1]
    graph = {
        "root_state": [
            states.index(stratum[place])
            for place, states in enumerate(root_states)
            for stratum in network.strata
        ],
        **_parents(network),
        **_links(network),
        "likelihood_start": first_state,
    }
    return FlatNetwork(
        MappingProxyType({name: np.array(v, dtype=np.int32) for name, v in graph.items()}),
        MappingProxyType(_numbers(network)),
        {name: place for place, name in enumerate(ids)},
        {name: (place, n) for place, (name, n) in enumerate(zip(ids, n_states, strict=True))},
        np.array(n_states, dtype=np.int32),
        np.array(first_state, dtype=np.int32),
    )


def stacked_numbers(networks: Sequence[NoisyMaxNetwork]) -> dict[str, FloatArray]:
    """Numbers of several networks of one graph, with a leading axis for the networks.

    Raises
    ------
    NetworkError
        The graphs differ.
    """
    flats = [flat_network(network) for network in networks]
    for flat in flats[1:]:
        if any(not np.array_equal(flat.graph[n], v) for n, v in flats[0].graph.items()):
            message = "the networks differ in more than their numbers; expected one graph"
            raise NetworkError(message)
    names = flats[0].numbers
    return {name: np.stack([flat.numbers[name] for flat in flats]) for name in names}


def drawn_numbers(
    *,
    share: FloatArray,
    context_probability: FloatArray,
    causes: Sequence[Cause],
    findings: Sequence[Finding],
    responsible: FloatArray,
    unlisted: FloatArray,
) -> dict[str, FloatArray]:
    """Numbers of many draws that were converted together, with a leading axis for the draws.

    Parameters
    ----------
    share : shape (n_draws, n_strata)
    context_probability : shape (n_draws, n_strata, n_contexts)
    causes
        Their arrays have one leading axis for draws and strata.
    findings
        Their arrays have a leading axis for the draws.
    responsible : shape (n_draws, n_causes)
    unlisted : shape (n_draws,)

    Returns
    -------
    dict
        As `stacked_numbers` would make it of a network for each draw.
    """
    n_draws, n_strata = share.shape
    log_ratios = [np.hstack([c.context_log_odds, c.cause_log_odds])[::n_strata] for c in causes]
    with np.errstate(over="ignore"):  # infinite odds: the cause is certain
        odds = np.exp(np.stack([c.intercept.reshape(n_draws, n_strata) for c in causes], axis=1))
        ratio = np.exp(np.hstack(log_ratios))
    return {
        "share": share,
        "context": context_probability,
        "odds": odds,
        "ratio": ratio,
        "responsible": responsible,
        "strength": _joined_draws([finding.strengths for finding in findings]),
        "leak": _joined_draws([finding.leak for finding in findings]),
        "unlisted_strength": _joined_draws([finding.unlisted for finding in findings]),
        "unlisted": unlisted[:, None],
    }


def _joined_draws(above: list[FloatArray]) -> FloatArray:
    """Probabilities of all states, one finding after the other: shape (n_draws, n_numbers)."""
    rows = []
    for array in above:
        lowest = np.maximum(1.0 - array.sum(axis=-1, keepdims=True), 0.0)
        rows.append(np.concatenate([lowest, array], axis=-1).reshape(len(array), -1))
    return np.hstack(rows)


def with_numbers(
    network: NoisyMaxNetwork, numbers: Mapping[str, FloatArray], draw: int
) -> NoisyMaxNetwork:
    """Return the network with one of several sets of numbers."""
    drawn = {name: values[draw] for name, values in numbers.items()}
    flat = flat_network(network)
    with np.errstate(divide="ignore"):  # odds of zero: the cause cannot occur
        intercepts, log_ratios = np.log(drawn["odds"]), np.log(drawn["ratio"])
    starts = flat.graph["factor_start"]
    causes = tuple(
        replace(
            cause,
            intercept=intercepts[place],
            context_log_odds=log_ratios[starts[place] :][: cause.contexts.size],
            cause_log_odds=log_ratios[starts[place] + cause.contexts.size : starts[place + 1]],
            responsible=float(drawn["responsible"][place]),
        )
        for place, cause in enumerate(network.causes)
    )
    return replace(
        network,
        stratum_share=drawn["share"],
        context_probability=drawn["context"],
        causes=causes,
        findings=_findings_with(network, drawn, flat.graph),
        unlisted=float(drawn["unlisted"][0]),
    )


def _findings_with(
    network: NoisyMaxNetwork, drawn: Mapping[str, FloatArray], graph: Mapping[str, Counts]
) -> tuple[Finding, ...]:
    n_strata = len(network.strata)
    first_link = 0
    findings = []
    for place, finding in enumerate(network.findings):
        n_states, n_links = len(finding.states), finding.causes.size
        leak = drawn["leak"][graph["leak_start"][place] :][: n_strata * n_states]
        unlisted = drawn["unlisted_strength"][graph["unlisted_start"][place] :][:n_states]
        start = graph["strength_start"][first_link] if n_links else 0
        strengths = drawn["strength"][start : start + n_links * n_states]
        first_link += n_links
        findings.append(
            replace(
                finding,
                strengths=strengths.reshape(n_links, n_states)[:, 1:],
                leak=leak.reshape(n_strata, n_states)[:, 1:],
                unlisted=unlisted[1:],
            )
        )
    return tuple(findings)


def _states_of_root(network: NoisyMaxNetwork, place: int) -> list[str]:
    """States of a root in the order of their first stratum."""
    return list(dict.fromkeys(stratum[place] for stratum in network.strata))


def _starts(sizes: list[int]) -> list[int]:
    return [0, *itertools.accumulate(sizes)]


def _parents(network: NoisyMaxNetwork) -> dict[str, list[int]]:
    n_contexts = len(network.context_ids)
    parents = [
        [*cause.contexts.tolist(), *(n_contexts + cause.causes).tolist()]
        for cause in network.causes
    ]
    flat = list(itertools.chain.from_iterable(parents))
    n_children = np.bincount(flat, minlength=n_contexts + len(network.causes)).tolist()
    return {
        "n_context_children": n_children[:n_contexts],
        "factor_start": _starts([len(of_cause) for of_cause in parents]),
        "factor": flat,
        "n_cause_children": n_children[n_contexts:],
    }


def _links(network: NoisyMaxNetwork) -> dict[str, list[int]]:
    findings = network.findings
    n_states = [len(finding.states) for finding in findings]
    n_links = [finding.causes.size for finding in findings]
    n_strata = len(network.strata)
    of_link = [n for n, count in zip(n_states, n_links, strict=True) for _ in range(count)]
    return {
        "n_states": n_states,
        "on_responsible": [int(finding.hangs_on_responsible) for finding in findings],
        "link_start": _starts(n_links),
        "link_cause": [place for finding in findings for place in finding.causes.tolist()],
        "strength_start": _starts(of_link)[:-1],
        "leak_start": _starts([n_strata * n for n in n_states])[:-1],
        "unlisted_start": _starts(n_states)[:-1],
    }


def _numbers(network: NoisyMaxNetwork) -> dict[str, FloatArray]:
    causes, findings = network.causes, network.findings
    log_ratios = [np.concatenate([c.context_log_odds, c.cause_log_odds]) for c in causes]
    with np.errstate(over="ignore"):  # infinite odds: the cause is certain
        odds = np.exp(np.array([cause.intercept for cause in causes]))
        ratio = np.exp(_joined(log_ratios))
    return {
        "share": network.stratum_share,
        "context": np.ascontiguousarray(network.context_probability),
        "odds": odds,
        "ratio": ratio,
        "responsible": np.array([cause.responsible for cause in causes]),
        "strength": _joined([all_states(finding.strengths) for finding in findings]),
        "leak": _joined([all_states(finding.leak) for finding in findings]),
        "unlisted_strength": _joined([all_states(_row(finding)) for finding in findings]),
        "unlisted": np.array([network.unlisted]),
    }


def _row(finding: Finding) -> FloatArray:
    return finding.unlisted[None, :]


def _joined(arrays: list[FloatArray]) -> FloatArray:
    return np.concatenate([np.empty(0), *(array.ravel() for array in arrays)])


def all_states(above: FloatArray) -> FloatArray:
    """Prepend the probability of the lowest state: what the others leave, correctly rounded."""
    if above.shape[1] == 1:
        lowest = 1.0 - above
    else:
        lowest = np.array([math.fsum((1.0, *-row)) for row in above]).reshape(-1, 1)
    return np.concatenate([np.maximum(lowest, 0.0), above], axis=1)
