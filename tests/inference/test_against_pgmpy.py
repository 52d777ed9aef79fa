"""Does pgmpy give the same posteriors on networks that are too large to enumerate?"""

from __future__ import annotations

import numpy as np
import pytest

from legache.inference.posterior import is_possible, posterior
from legache.network.structure import NoisyMaxNetwork
from tests.pgmpy_export import PgmpyReference
from tests.random_networks import Evidence, random_evidence, random_network

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

N_SETS = 5
TOLERANCE = 1e-10  # of N2


def _network(rng: np.random.Generator) -> NoisyMaxNetwork:
    """At least 6 causes: smaller draws are thrown away."""
    while True:
        network = random_network(
            rng, max_contexts=5, max_causes=8, max_findings=10, max_parents=3, max_links=4
        )
        if len(network.causes) >= 6 and len(network.findings) >= 8:
            return network


def _possible_evidence(rng: np.random.Generator, network: NoisyMaxNetwork) -> Evidence:
    while True:
        evidence = random_evidence(rng, network)
        if is_possible(network, evidence):
            return evidence


@pytest.mark.parametrize("seed", range(20))
def test_pgmpy_gives_the_same_posteriors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = _network(rng)
    reference = PgmpyReference(network)
    for _ in range(N_SETS):
        evidence = _possible_evidence(rng, network)

        answer = posterior(network, evidence)
        present, responsible, contexts, unexplained = reference.probabilities(evidence)

        np.testing.assert_allclose(answer.present, present, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(answer.responsible, responsible, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(answer.contexts, contexts, rtol=0, atol=TOLERANCE)
        assert answer.unexplained == pytest.approx(unexplained, abs=TOLERANCE)
