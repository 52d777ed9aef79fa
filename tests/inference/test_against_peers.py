"""Do pgmpy and pyAgrum give the same posteriors on networks that are too large to enumerate?"""

from __future__ import annotations

import numpy as np
import pytest

from legache.inference.posterior import is_possible, posterior
from legache.network.structure import NoisyMaxNetwork
from tests.peers import Peer, PgmpyPeer, PyagrumPeer, answers_of, names_of
from tests.random_networks import Evidence, random_evidence, random_network

N_NETWORKS, N_SETS = 50, 10  # 500 evidence sets, of N2 and N3
TOLERANCE = 1e-10

PEERS = [
    pytest.param(PgmpyPeer, id="pgmpy"),
    pytest.param(PyagrumPeer, id="pyagrum", marks=pytest.mark.slow),
]


def _network(rng: np.random.Generator) -> NoisyMaxNetwork:
    """At least 6 causes: smaller draws are thrown away."""
    while True:
        network = random_network(
            rng, max_contexts=5, max_causes=8, max_findings=10, max_parents=4, max_links=4
        )
        if len(network.causes) >= 6 and len(network.findings) >= 8:
            return network


def _possible_evidence(rng: np.random.Generator, network: NoisyMaxNetwork) -> Evidence:
    while True:
        evidence = random_evidence(rng, network)
        if is_possible(network, evidence):
            return evidence


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("seed", range(N_NETWORKS))
def test_a_peer_gives_the_same_posteriors(peer: type[Peer], seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = _network(rng)
    other, names = peer(network), names_of(network)
    for _ in range(N_SETS):
        evidence = _possible_evidence(rng, network)

        theirs = other.probabilities(evidence, names)

        ours = answers_of(posterior(network, evidence))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)
