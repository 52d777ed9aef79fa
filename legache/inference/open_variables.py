"""Which variables are left to sum over, once the evidence is taken in, and what became of the rest?

The compiled kernel decides this for itself in ``kernel/reduction.h``; here it is decided again, by
the same rules, in words that can be shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from legache.inference.assembly import (
    ABSENT,
    RESPONSIBLE,
    SILENT,
    Likelihoods,
    levels_of,
)
from legache.inference.flat import flat_network
from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork

FINDING, CONTEXT, CAUSE = "finding", "context", "cause"

KNOWN_ROOTS = "known_roots"
KNOWN_CONTEXTS = "known_contexts"
SINGLE_CAUSE_CONTEXTS = "single_cause_contexts"
CHILDLESS_CONTEXTS = "childless_contexts"
KNOWN_CAUSES = "known_causes"
WITNESS = "witness"
NEGATIVE_FINDINGS = "negative_findings"
SINGLE_CAUSE_FINDINGS = "single_cause_findings"
UNLINKED_FINDINGS = "unlinked_findings"
UNOBSERVED_FINDINGS = "unobserved_findings"

_UNSAID = (1.0, 1.0)
_States = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpenVariable:
    """A node that is summed over jointly with others.

    Attributes
    ----------
    id
    kind
        `FINDING`, `CONTEXT` or `CAUSE`.
    n_levels
        How many of its levels the evidence tells apart.
    on_presence
        Whether it is a finding that a silent cause shows, too.
    """

    id: str
    kind: str
    n_levels: int = 2
    on_presence: bool = False


@dataclass(frozen=True, slots=True)
class Reduction:
    """What evidence leaves of a network.

    Attributes
    ----------
    variables
        By id: contexts, causes, findings.
    scopes
        For each cause the variables that it touches.
    settled
        For each reason the ids of the nodes that are no variable because of it.
    n_lanes
        Joint states of roots and *unlisted* that are possible.
    """

    variables: Mapping[str, OpenVariable]
    scopes: Mapping[str, frozenset[str]]
    settled: Mapping[str, tuple[str, ...]]
    n_lanes: int

    @property
    def has_witness(self) -> bool:
        """Whether a finding shows for certain that a cause is responsible."""
        return WITNESS in self.settled


def reduction(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, *, seeks_witness: bool = True
) -> Reduction:
    """Reduce a network by its evidence as the compiled kernel does.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    seeks_witness
        Whether a finding that is certain wherever a cause is responsible, as a complaint is,
        takes the place of a variable: the kernel then keeps the worlds with and without a
        responsible cause apart.
    """
    states = [_possible_states(cause, likelihoods) for cause in network.causes]
    fates: dict[str, OpenVariable | str] = {
        name: KNOWN_ROOTS for name in network.root_ids if name in likelihoods
    }
    fates |= _contexts(network, likelihoods)
    fates |= _causes(network, likelihoods)
    fates |= _findings(network, likelihoods, states, seeks_witness=seeks_witness)
    variables = {name: fate for name, fate in fates.items() if isinstance(fate, OpenVariable)}
    settled: dict[str, tuple[str, ...]] = {}
    for name, fate in fates.items():
        if isinstance(fate, str):
            settled[fate] = (*settled.get(fate, ()), name)
    scopes = _scopes(network, states, variables)
    return Reduction(variables, scopes, settled, _n_lanes(network, likelihoods))


def _possible_states(cause: Cause, likelihoods: Likelihoods) -> _States:
    given = likelihoods.get(cause.id, _UNSAID)
    split = (1.0, 1 - cause.responsible, cause.responsible)
    return tuple(
        state
        for state in (ABSENT, SILENT, RESPONSIBLE)
        if given[min(state, 1)] > 0 and split[state] > 0
    )


def _n_lanes(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> int:
    weight = network.stratum_share
    for place, name in enumerate(network.root_ids):
        if name in likelihoods:
            states = list(dict.fromkeys(stratum[place] for stratum in network.strata))
            index = [states.index(stratum[place]) for stratum in network.strata]
            weight = weight * np.asarray(likelihoods[name])[index]
    by_unlisted = np.outer(weight, [1 - network.unlisted, network.unlisted])
    return int(np.count_nonzero(by_unlisted))


def _contexts(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> dict[str, OpenVariable | str]:
    n_children = flat_network(network).graph["n_context_children"].tolist()
    return {
        name: _context(name, n, likelihoods.get(name, _UNSAID))
        for name, n in zip(network.context_ids, n_children, strict=True)
    }


def _context(name: str, n_children: int, likelihood: tuple[float, ...]) -> OpenVariable | str:
    if not all(likelihood):
        return KNOWN_CONTEXTS
    if n_children > 1:
        return OpenVariable(name, CONTEXT)
    return SINGLE_CAUSE_CONTEXTS if n_children else CHILDLESS_CONTEXTS


def _causes(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> dict[str, OpenVariable | str]:
    n_children = flat_network(network).graph["n_cause_children"].tolist()
    fates: dict[str, OpenVariable | str] = {}
    for cause, n in zip(network.causes, n_children, strict=True):
        if not all(likelihoods.get(cause.id, _UNSAID)):
            fates[cause.id] = KNOWN_CAUSES
        elif n:
            fates[cause.id] = OpenVariable(cause.id, CAUSE)
    return fates


def _findings(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    states: Sequence[_States],
    *,
    seeks_witness: bool,
) -> dict[str, OpenVariable | str]:
    fates: dict[str, OpenVariable | str] = {}
    for place, finding in enumerate(network.findings):
        if finding.id not in likelihoods:
            fates[finding.id] = UNOBSERVED_FINDINGS
            continue
        starts, levels, top = levels_of(np.asarray(likelihoods[finding.id], dtype=np.float64))
        can_be = seeks_witness and levels.size == 2  # there is one at most: the first
        if can_be and _is_witness(network, place, states, (int(starts[1]), top)):
            fates[finding.id], seeks_witness = WITNESS, False
        else:
            fates[finding.id] = _finding(finding, levels, states)
    return fates


def _finding(finding: Finding, levels: FloatArray, states: Sequence[_States]) -> OpenVariable | str:
    if levels.size == 1:
        return NEGATIVE_FINDINGS
    n_links = len(_open_links(finding, states))
    if n_links > 1:
        is_on_presence = not finding.hangs_on_responsible
        return OpenVariable(finding.id, FINDING, levels.size, is_on_presence)
    return SINGLE_CAUSE_FINDINGS if n_links else UNLINKED_FINDINGS


def _open_links(finding: Finding, states: Sequence[_States]) -> list[int]:
    """Causes of which some possible states, but not all, can show the finding."""
    first = RESPONSIBLE if finding.hangs_on_responsible else SILENT
    found = []
    for place, strengths in zip(finding.causes.tolist(), finding.strengths, strict=True):
        shows = [state >= first for state in states[place]]
        if any(shows) and not all(shows) and strengths.any():
            found.append(place)
    return found


def _is_witness(
    network: NoisyMaxNetwork, place: int, states: Sequence[_States], bounds: tuple[int, int]
) -> bool:
    """Tell whether every cause that can be responsible shows a finding for certain when it is."""
    finding, flat = network.findings[place], flat_network(network)
    if not finding.hangs_on_responsible:
        return False
    start, top = bounds
    link = flat.graph["link_start"][place]
    certain = set()
    for row, cause in enumerate(finding.causes.tolist()):
        first = flat.graph["strength_start"][link + row]
        p_state = flat.numbers["strength"][first : first + top + 1]
        # a running sum adds from left to right, as the kernel does
        if np.cumsum(p_state[:start])[-1] == 0 and np.cumsum(p_state[start:])[-1] == 1:
            certain.add(cause)
    return certain.issuperset(c for c, possible in enumerate(states) if RESPONSIBLE in possible)


def _scopes(
    network: NoisyMaxNetwork, states: Sequence[_States], variables: Mapping[str, OpenVariable]
) -> dict[str, frozenset[str]]:
    scopes: list[set[str]] = [{cause.id} for cause in network.causes]
    for scope, cause in zip(scopes, network.causes, strict=True):
        scope.update(network.context_ids[place] for place in cause.contexts)
        scope.update(network.causes[place].id for place in cause.causes)
    for finding in network.findings:
        if finding.id in variables:
            for place in _open_links(finding, states):
                scopes[place].add(finding.id)
    return {
        cause.id: frozenset(scope & variables.keys())
        for cause, scope in zip(network.causes, scopes, strict=True)
    }
