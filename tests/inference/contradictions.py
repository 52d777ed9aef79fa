"""Evidence that is impossible by construction, among other evidence that need not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from legache.network.structure import Cause, Finding, NoisyMaxNetwork
from tests.random_networks import NO, YES, Case, Evidence, random_evidence, random_network

_Planted = tuple[NoisyMaxNetwork, Evidence]


def impossible_case(seed: int) -> Case:
    """Change a random network so that some observations exclude each other."""
    rng = np.random.default_rng(seed)
    network, planted = _PLANTS[seed % len(_PLANTS)](random_network(rng, max_findings=4), rng)
    others = random_evidence(rng, network).items()
    drawn: Evidence = {name: given for name, given in others if rng.random() < 0.4}
    return Case(seed, network, {**drawn, **planted})


def _with_cause(network: NoisyMaxNetwork, place: int, changed: Cause) -> NoisyMaxNetwork:
    causes = list(network.causes)
    causes[place] = changed
    return replace(network, causes=tuple(causes))


def _with_finding(network: NoisyMaxNetwork, place: int, changed: Finding) -> NoisyMaxNetwork:
    findings = list(network.findings)
    findings[place] = changed
    return replace(network, findings=tuple(findings))


def _unexplained(node: Finding) -> Finding:
    """Let nothing but its causes bring a finding."""
    zeros = np.zeros(node.unlisted.shape)
    return replace(node, leak=np.zeros(node.leak.shape), unlisted=zeros)


def _certain(node: Finding) -> Finding:
    """Let each cause bring the highest state for certain, whenever present."""
    strengths = np.zeros(node.strengths.shape)
    strengths[:, -1] = 1.0
    return replace(node, strengths=strengths, hangs_on_responsible=False)


def _lowest(node: Finding) -> tuple[float, ...]:
    return (1.0, *(0.0 for _ in node.states[1:]))


def _highest(node: Finding) -> tuple[float, ...]:
    return (*(0.0 for _ in node.states[1:]), 1.0)


def _nothing_explains(network: NoisyMaxNetwork, rng: np.random.Generator) -> _Planted:
    place = int(rng.integers(1, len(network.findings)))
    node = _unexplained(network.findings[place])
    absent = {network.causes[i].id: NO for i in node.causes.tolist()}
    return _with_finding(network, place, node), {node.id: _highest(node), **absent}


def _no_link_reaches(network: NoisyMaxNetwork, rng: np.random.Generator) -> _Planted:
    place = int(rng.integers(1, len(network.findings)))
    node = _unexplained(network.findings[place])
    node = replace(node, strengths=np.zeros(node.strengths.shape))
    return _with_finding(network, place, node), {node.id: _highest(node)}


def _excluded_by_a_cause(network: NoisyMaxNetwork, rng: np.random.Generator) -> _Planted:
    place = int(rng.integers(1, len(network.findings)))
    node = _certain(network.findings[place])
    present = network.causes[int(rng.choice(node.causes))].id
    return _with_finding(network, place, node), {node.id: _lowest(node), present: YES}


def _a_cause_that_cannot_be(network: NoisyMaxNetwork, rng: np.random.Generator) -> _Planted:
    place = int(rng.integers(len(network.causes)))
    never = np.full(len(network.strata), -np.inf)
    node = replace(network.causes[place], intercept=never)
    return _with_cause(network, place, node), {node.id: YES}


def _a_cause_that_must_be(network: NoisyMaxNetwork, rng: np.random.Generator) -> _Planted:
    place = int(rng.integers(len(network.causes)))
    always = np.full(len(network.strata), np.inf)
    node = replace(network.causes[place], intercept=always)
    return _with_cause(network, place, node), {node.id: NO}


def _a_complaint_of_nothing(network: NoisyMaxNetwork, _: np.random.Generator) -> _Planted:
    absent = {node.id: NO for node in network.causes}
    return replace(network, unlisted=0.0), {"complaint": YES, **absent}


def _a_responsible_cause_without_complaint(
    network: NoisyMaxNetwork, rng: np.random.Generator
) -> _Planted:
    place = int(rng.integers(len(network.causes)))
    node = replace(network.causes[place], responsible=1.0)
    return _with_cause(network, place, node), {"complaint": NO, node.id: YES}


def _a_context_that_a_stratum_excludes(
    network: NoisyMaxNetwork, rng: np.random.Generator
) -> _Planted:
    column = np.full((len(network.strata), 1), 0.5)
    column[0] = float(rng.integers(2))
    vector = NO if column[0] else YES
    root = tuple(float(i == 0) for i in range(len(network.strata)))
    changed = replace(
        network,
        context_ids=(*network.context_ids, "excluded"),
        context_probability=np.hstack([network.context_probability, column]),
    )
    return changed, {"root": root, "excluded": vector}


def _findings_that_share_their_only_cause(
    network: NoisyMaxNetwork, rng: np.random.Generator
) -> _Planted:
    """One finding is there only with the cause, and the other never is absent with it."""
    place = int(rng.integers(len(network.causes)))
    first = replace(network.findings[1], causes=np.array([place]))
    first = replace(first, strengths=np.full((1, len(first.states) - 1), 0.1))
    needs = replace(_unexplained(first), hangs_on_responsible=bool(rng.random() < 0.5))
    excludes = replace(_certain(first), id="excludes", leak=first.leak / 2)
    findings = (network.findings[0], needs, *network.findings[2:], excludes)
    evidence = {needs.id: _highest(needs), "excludes": _lowest(excludes)}
    return replace(network, findings=findings), evidence


def _a_complaint_finding_without_complaint(
    network: NoisyMaxNetwork, rng: np.random.Generator
) -> _Planted:
    """Only a responsible cause or *unlisted* brings it, and those bring the complaint."""
    place = int(rng.integers(1, len(network.findings)))
    node = network.findings[place]
    node = replace(node, leak=np.zeros(node.leak.shape), hangs_on_responsible=True)
    return _with_finding(network, place, node), {"complaint": NO, node.id: _highest(node)}


_PLANTS: tuple[Callable[[NoisyMaxNetwork, np.random.Generator], _Planted], ...] = (
    _nothing_explains,
    _no_link_reaches,
    _excluded_by_a_cause,
    _a_cause_that_cannot_be,
    _a_cause_that_must_be,
    _a_complaint_of_nothing,
    _a_responsible_cause_without_complaint,
    _a_context_that_a_stratum_excludes,
    _findings_that_share_their_only_cause,
    _a_complaint_finding_without_complaint,
)
