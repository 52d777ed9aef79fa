"""Does every patient of a cohort get the answer that they would get alone?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache import EvidenceError, Network
from legache.inference.cohort import CohortPosteriors, cohort_posteriors
from legache.inference.flat import Codes, flat_network
from legache.inference.posterior import is_possible, posterior
from legache.network.structure import NoisyMaxNetwork
from tests.inference.patients import coded_patients
from tests.random_networks import random_network
from tests.strategies import repeatable, seeds

ENGINES = ["compiled", "numpy"]


@pytest.fixture(params=ENGINES)
def any_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        monkeypatch.setattr("legache.inference.cohort.compiled_network", lambda _: None)


def _assert_as_alone(network: NoisyMaxNetwork, codes: Codes, found: CohortPosteriors) -> None:
    flat = flat_network(network)
    for row, code in enumerate(codes):
        likelihoods = flat.likelihoods(code)
        if not is_possible(network, likelihoods):
            assert found.is_impossible[row]
            assert found.log_evidence[row] == -np.inf
            assert not found.present[row].any()
            continue
        alone = posterior(network, likelihoods)
        np.testing.assert_allclose(found.present[row], alone.present, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.responsible[row], alone.responsible, rtol=0, atol=1e-12)
        assert found.unexplained[row] == pytest.approx(alone.unexplained, abs=1e-12)
        assert found.log_evidence[row] == pytest.approx(alone.log_evidence, rel=1e-12, abs=1e-12)


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("share_known", [1.0, 0.7])
def test_a_cohort_equals_its_patients_one_by_one(network: Network, share_known: float) -> None:
    inner = network.model.network
    codes = coded_patients(inner, 20, seed=3, share_known=share_known)

    found = cohort_posteriors(inner, codes)

    assert not found.is_too_large.any()
    _assert_as_alone(inner, codes, found)


@settings(repeatable, max_examples=50)
@given(seed=seeds)
def test_a_cohort_of_any_network_equals_its_patients_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, max_contexts=3, max_causes=5)
    n_states = flat_network(network).n_states
    codes = np.array([rng.integers(-1, n_states) for _ in range(5)], dtype=np.int8)

    _assert_as_alone(network, codes, cohort_posteriors(network, codes))


def test_the_number_of_threads_changes_no_bit(network: Network) -> None:
    codes = np.tile(coded_patients(network.model.network, 50, seed=4), (60, 1))

    one = cohort_posteriors(network.model.network, codes, n_threads=1)
    two = cohort_posteriors(network.model.network, codes, n_threads=2)

    assert one.present.tobytes() == two.present.tobytes()


def test_no_patients_give_no_answers(network: Network) -> None:
    n_nodes = len(flat_network(network.model.network).column)

    found = cohort_posteriors(network.model.network, np.empty((0, n_nodes), dtype=np.int8))

    assert found.present.shape == (0, 40)


def test_one_impossible_patient_does_not_spoil_the_others(network: Network) -> None:
    inner = network.model.network
    codes = coded_patients(inner, 3, seed=5)
    flat = flat_network(inner)
    codes[1, flat.column["sex"]] = [s[1] for s in inner.strata].index("male")
    codes[1, flat.column["pregnancy"]] = 1

    found = cohort_posteriors(inner, codes)

    assert found.is_impossible.tolist() == [False, True, False]
    assert np.isfinite(found.log_evidence[[0, 2]]).all()


def test_a_limit_too_small_is_said_of_each_patient(network: Network) -> None:
    codes = coded_patients(network.model.network, 3, seed=7)

    found = cohort_posteriors(network.model.network, codes, memory_limit=1)

    assert found.is_too_large.all()
    assert not found.present.any()


def test_a_state_that_does_not_exist_is_refused(network: Network) -> None:
    codes = coded_patients(network.model.network, 2, seed=6)
    codes[1, flat_network(network.model.network).column["leg_ache"]] = 2

    with pytest.raises(EvidenceError, match="leg_ache: row 1 has a state that does not exist"):
        cohort_posteriors(network.model.network, codes)


def test_codes_of_another_shape_are_refused(network: Network) -> None:
    with pytest.raises(EvidenceError, match="expected int8 and one column for each of"):
        cohort_posteriors(network.model.network, np.zeros((2, 3), dtype=np.int8))
