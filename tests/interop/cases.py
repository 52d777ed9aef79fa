"""Cases that try an export: many parents, several roots, patients of the shipped network."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from legache.inference.posterior import is_possible
from legache.interop.decomposition import Table
from legache.network.structure import NoisyMaxNetwork
from tests.random_networks import NO, YES, Case, Evidence, random_evidence, random_network

_MOST_CAUSES = 12  # of a finding: more, and the tables of pyAgrum grow beyond memory


def possible_case(seed: int) -> Case:
    """Make a case for the oracle whose evidence is possible."""
    rng = np.random.default_rng(seed)
    return _possible(seed, random_network(rng), rng)


def many_parents(seed: int) -> Case:
    """Make a case where some cause has five to nine parents."""
    rng = np.random.default_rng(seed)
    while True:
        network = random_network(rng, max_contexts=8, max_causes=2, max_findings=2)
        if max(node.contexts.size + node.causes.size for node in network.causes) >= 5:
            return _possible(seed, network, rng)


def several_roots(seed: int) -> Case:
    """Make a case of two or three roots, some of whose joint states do not exist."""
    rng = np.random.default_rng(seed)
    network = with_roots(random_network(rng), rng, int(rng.integers(2, 4)))
    return _possible(seed, network, rng)


def with_roots(network: NoisyMaxNetwork, rng: np.random.Generator, n_roots: int) -> NoisyMaxNetwork:
    """Spread the strata of a network over the joint states of more roots."""
    ids = tuple(f"root_{place}" for place in range(n_roots))
    every = list(itertools.product(*(("a", "b", "c")[: rng.integers(1, 4)] for _ in ids)))
    chosen = rng.permutation(len(every))[: rng.integers(1, len(every) + 1)].tolist()
    row = rng.integers(len(network.strata), size=len(chosen))
    share = rng.random(len(chosen)) * (rng.random(len(chosen)) < 0.8) + 1e-9
    return replace(
        network,
        root_ids=ids,
        strata=tuple(every[place] for place in chosen),
        stratum_share=share / share.sum(),
        context_probability=network.context_probability[row],
        causes=tuple(replace(cause, intercept=cause.intercept[row]) for cause in network.causes),
        findings=tuple(replace(finding, leak=finding.leak[row]) for finding in network.findings),
    )


def _possible(seed: int, network: NoisyMaxNetwork, rng: np.random.Generator) -> Case:
    while True:
        evidence = random_evidence(rng, network)
        evidence.pop("root", None)
        for place, name in enumerate(network.root_ids):
            states = {stratum[place] for stratum in network.strata}
            evidence[name] = tuple(rng.random(len(states)).tolist())
        if is_possible(network, evidence):
            return Case(seed, network, evidence)


def sparse_patient(network: NoisyMaxNetwork, seed: int, n_positive: int) -> Evidence:
    """Draw a complaining patient of the shipped network: contexts known, few findings positive."""
    rng = np.random.default_rng(seed)
    asked = [node for node in network.findings if node.causes.size <= _MOST_CAUSES]
    while True:
        stratum = int(rng.choice(len(network.strata), p=network.stratum_share))
        present = rng.random(len(network.context_ids)) < network.context_probability[stratum]
        drawn = rng.permutation(len(asked)).tolist()
        evidence = root_evidence(network, stratum) | {"leg_ache": YES}
        names = zip(network.context_ids, present.tolist(), strict=True)
        evidence |= {name: YES if is_on else NO for name, is_on in names}
        for rank, place in enumerate(drawn[: n_positive + 5]):
            n_states = len(asked[place].states)
            state = int(rng.integers(1, n_states)) if rank < n_positive else 0
            evidence[asked[place].id] = tuple(np.eye(n_states)[state].tolist())
        if is_possible(network, evidence):
            return evidence


def root_evidence(network: NoisyMaxNetwork, stratum: int) -> Evidence:
    """Say which stratum it is, root by root."""
    evidence: Evidence = {}
    for place, name in enumerate(network.root_ids):
        states = dict.fromkeys(other[place] for other in network.strata)
        here = network.strata[stratum][place]
        evidence[name] = tuple(float(state == here) for state in states)
    return evidence


def with_implied(evidence: Evidence, tables: tuple[Table, ...]) -> Evidence:
    """Say of every link of a negative finding that it is negative, too.

    It changes no answer, but spares the peers chains of nodes that cannot matter.
    """
    negative = {name for name, given in evidence.items() if given[0] and not any(given[1:])}
    implied = {
        table.id: evidence[table.id.partition("__")[0]]
        for table in tables
        if table.id.partition("__")[0] in negative and table.id.rpartition("__")[2].isdigit()
    }
    return implied | evidence
