"""Do pgmpy and pyAgrum, given the exported network, find the same posteriors?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache.inference.posterior import posterior
from legache.interop.decomposition import Table
from legache.network.structure import NoisyMaxNetwork
from tests.interop.cases import (
    many_parents,
    possible_case,
    several_roots,
    sparse_patient,
    with_implied,
)
from tests.oracle import exact_evidence, exact_posterior
from tests.peers import PEERS, Peer, PgmpyPeer, PyagrumPeer, answers_of, names_of
from tests.random_networks import Case, Evidence
from tests.strategies import repeatable, seeds

Patient = tuple[NoisyMaxNetwork, Evidence]
Tables = tuple[Table, ...]

EXACT = 1e-12  # of a peer against rational arithmetic: a few hundred roundings
TOLERANCE = 1e-10  # of N2 and N3

every_peer = pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS)


def _largest_error(peer: type[Peer], case: Case) -> float:
    """Largest difference from the oracle, of every cause, link, context and *unexplained*."""
    found = peer(case.network).probabilities(case.evidence, names_of(case.network))
    exact = answers_of(exact_posterior(case.network, case.evidence))
    return float(np.abs(found - exact).max())


@every_peer
@settings(repeatable, max_examples=100)
@given(seed=seeds)
def test_an_export_answers_as_the_oracle(peer: type[Peer], seed: int) -> None:
    assert _largest_error(peer, possible_case(seed)) <= EXACT


@every_peer
@settings(repeatable, max_examples=15)
@given(seed=seeds)
def test_causes_of_many_parents_are_exact(peer: type[Peer], seed: int) -> None:
    assert _largest_error(peer, many_parents(seed)) <= EXACT


@every_peer
@settings(repeatable, max_examples=50)
@given(seed=seeds)
def test_several_roots_are_exact(peer: type[Peer], seed: int) -> None:
    assert _largest_error(peer, several_roots(seed)) <= EXACT


@every_peer
@settings(repeatable, max_examples=10)
@given(seed=seeds)
def test_findings_are_as_frequent_as_in_the_network(peer: type[Peer], seed: int) -> None:
    network = possible_case(seed).network
    certain = {f.id: (0.0,) * (len(f.states) - 1) + (1.0,) for f in network.findings}

    found = peer(network).probabilities({}, list(certain))

    exact = [float(exact_evidence(network, {name: last})) for name, last in certain.items()]
    np.testing.assert_allclose(found, exact, rtol=0, atol=EXACT)


@pytest.fixture(scope="module")
def in_pgmpy(shipped: NoisyMaxNetwork) -> PgmpyPeer:
    return PgmpyPeer(shipped)


@pytest.fixture(scope="module")
def in_pyagrum(shipped: NoisyMaxNetwork) -> PyagrumPeer:
    return PyagrumPeer(shipped)


def _largest_difference(peer: Peer, patient: Patient, tables: Tables, names: slice) -> float:
    """Largest difference between a peer and legache, of some names."""
    network, evidence = patient
    ours = answers_of(posterior(network, evidence))[names]
    theirs = peer.probabilities(with_implied(evidence, tables), names_of(network)[names])
    return float(np.abs(theirs - ours).max())


@pytest.mark.parametrize("seed", range(8))
def test_pyagrum_agrees_on_every_answer_for_a_patient_of_the_shipped_network(
    shipped: NoisyMaxNetwork, shipped_tables: Tables, in_pyagrum: PyagrumPeer, seed: int
) -> None:
    patient = shipped, sparse_patient(shipped, seed, 2 + seed % 2)

    assert _largest_difference(in_pyagrum, patient, shipped_tables, slice(None)) <= TOLERANCE


@pytest.mark.parametrize("seed", range(5))
def test_pyagrum_agrees_on_the_causes_of_four_positive_findings(
    shipped: NoisyMaxNetwork, shipped_tables: Tables, in_pyagrum: PyagrumPeer, seed: int
) -> None:
    patient = shipped, sparse_patient(shipped, seed, 4)

    assert _largest_difference(in_pyagrum, patient, shipped_tables, slice(0, -1)) <= TOLERANCE


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("place", [0, 25, 40, 65, -1])
def test_pgmpy_agrees_on_patients_of_the_shipped_network(
    shipped: NoisyMaxNetwork, shipped_tables: Tables, in_pgmpy: PgmpyPeer, seed: int, place: int
) -> None:
    patient = shipped, sparse_patient(shipped, seed, 2)
    chosen = slice(place, place + 1 or None)

    assert _largest_difference(in_pgmpy, patient, shipped_tables, chosen) <= TOLERANCE


@pytest.mark.parametrize("seed", range(2))
def test_soft_evidence_agrees_on_the_shipped_network(
    shipped: NoisyMaxNetwork,
    shipped_tables: Tables,
    in_pgmpy: PgmpyPeer,
    in_pyagrum: PyagrumPeer,
    seed: int,
) -> None:
    soft = {"ferritin_low": (1.0, 3.5), "deep_vein_thrombosis": (1.0, 0.2), "smoking": (2.0, 1.0)}
    patient = shipped, sparse_patient(shipped, seed, 2) | soft
    some = slice(0, 4)

    assert _largest_difference(in_pyagrum, patient, shipped_tables, some) <= TOLERANCE
    assert _largest_difference(in_pgmpy, patient, shipped_tables, some) <= TOLERANCE


def test_every_cause_of_the_shipped_network_is_as_frequent_in_pyagrum(
    shipped: NoisyMaxNetwork, in_pyagrum: PyagrumPeer
) -> None:
    found = [in_pyagrum.probabilities({}, [cause.id])[0] for cause in shipped.causes]

    np.testing.assert_allclose(found, posterior(shipped, {}).present, rtol=0, atol=1e-14)
