"""Does an approximate answer agree with the exact one, within the error that it states?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from legache import ImpossibleEvidenceError, LimitError, Network
from legache.inference.approximation import ApproximatePosterior, approximate_posterior
from legache.inference.compiled import is_compiled
from legache.inference.flat import flat_network
from legache.inference.posterior import Posterior, posterior
from tests.inference.patients import coded_patients
from tests.random_networks import NO, YES, Case, cause, finding, network_of
from tests.strategies import possible_cases, repeatable

pytestmark = pytest.mark.skipif(not is_compiled(), reason="sampling needs the compiled kernel")

TIGHT = 60_000  # bytes, so that a cutset is needed
Pair = tuple[ApproximatePosterior, Posterior]


@pytest.fixture(scope="module")
def pairs(network: Network) -> list[Pair]:
    """Approximate and exact answers for patients of whom most contexts are unknown."""
    inner = network.model.network
    codes = coded_patients(inner, 4, seed=11, n_positive=6, share_known=0.3)
    evidence = [flat_network(inner).likelihoods(row) for row in codes]
    return [
        (approximate_posterior(inner, e, memory_limit=TIGHT), posterior(inner, e)) for e in evidence
    ]


def test_a_cutset_that_can_be_summed_over_is_exact(pairs: list[Pair]) -> None:
    exact = [(found, true) for found, true in pairs if found.is_exact]

    for found, true in exact:
        np.testing.assert_allclose(found.present, true.present, rtol=0, atol=1e-12)
        assert found.log_evidence == pytest.approx(true.log_evidence, abs=1e-11)
        assert not found.present_error.any()


def test_it_lies_within_five_of_its_standard_errors(pairs: list[Pair]) -> None:
    for found, true in pairs:
        for name in ("present", "responsible"):
            difference = np.abs(getattr(found, name) - getattr(true, name))
            assert (difference <= 5 * getattr(found, f"{name}_error") + 1e-9).all()
        difference = abs(found.log_evidence - true.log_evidence)
        assert difference <= 5 * found.log_evidence_error + 1e-9


def test_it_is_a_posterior(pairs: list[Pair]) -> None:
    for found, _ in pairs:
        assert ((found.responsible >= 0) & (found.responsible <= found.present + 1e-12)).all()
        assert (found.present <= 1).all()
        assert np.isfinite(found.present_error).all()
        assert found.cutset


@settings(repeatable, max_examples=40)
@given(case=possible_cases)
def test_on_small_networks_it_sums_over_everything(case: Case) -> None:
    try:
        found = approximate_posterior(case.network, case.evidence, memory_limit=2000)
    except LimitError:  # not even the smallest plan fits
        return

    true = posterior(case.network, case.evidence)
    assert found.is_exact
    np.testing.assert_allclose(found.present, true.present, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.contexts, true.contexts, rtol=0, atol=1e-12)


def test_a_wide_question_is_answered_from_samples_and_reproducibly(network: Network) -> None:
    inner = network.model.network
    codes = coded_patients(inner, 1, seed=12, n_positive=10, share_known=0.0)[0]
    evidence = flat_network(inner).likelihoods(codes)

    first, again = (
        approximate_posterior(inner, evidence, memory_limit=TIGHT, n_samples=500) for _ in range(2)
    )

    assert not first.is_exact
    assert first.n_samples == 500
    assert 1 <= first.effective_sample_size <= 500
    assert first.present.tobytes() == again.present.tobytes()
    assert first.present_error.max() > 0


def test_intervals_cover_as_often_as_they_say(network: Network) -> None:
    """Of improbable numbers they cover nearly always: no error is below that of one sample."""
    inner = network.model.network
    covered = []
    for seed, row in enumerate(coded_patients(inner, 4, seed=21, n_positive=8, share_known=0.0)):
        evidence = flat_network(inner).likelihoods(row)
        true = posterior(inner, evidence)
        for draw in range(3):
            found = approximate_posterior(
                inner, evidence, memory_limit=20_000, n_samples=1000, seed=10 * seed + draw
            )
            assert not found.is_exact
            is_ordinary = (true.present > 0.01) & (true.present < 0.99)
            distance = np.abs(found.present - true.present) / found.present_error
            covered += (distance < 1.96)[is_ordinary].tolist()

    assert len(covered) > 150
    assert 0.88 <= np.mean(covered) <= 0.995


@pytest.mark.parametrize("n_positive", [24, 40])
def test_all_contexts_unknown_and_many_positive_findings(network: Network, n_positive: int) -> None:
    """Far past what fits: bounded, finite, and with errors that say how good it is."""
    inner = network.model.network
    codes = coded_patients(inner, 1, seed=5, n_positive=4, share_known=0.0)[0]
    places = np.random.default_rng(5).permutation(len(inner.findings))[:n_positive]
    codes[codes.size - len(inner.findings) + places] = 1
    evidence = flat_network(inner).likelihoods(codes)

    found = approximate_posterior(inner, evidence, memory_limit=2**22, n_samples=1000)

    numbers = [found.present, found.responsible, found.contexts, found.present_error]
    numbers += [found.responsible_error, np.array([found.unexplained, found.unexplained_error])]
    assert not found.is_exact
    assert all(((array >= 0) & (array <= 1)).all() for array in numbers)
    assert np.isfinite([found.log_evidence, found.log_evidence_error]).all()
    assert 1 <= found.effective_sample_size <= 1000
    assert found.present_error.min() >= 1 / found.effective_sample_size


def test_few_effective_samples_make_large_errors(network: Network) -> None:
    inner = network.model.network
    codes = coded_patients(inner, 1, seed=12, n_positive=10, share_known=0.0)[0]
    evidence = flat_network(inner).likelihoods(codes)

    found = approximate_posterior(inner, evidence, memory_limit=TIGHT, n_samples=20)

    assert found.effective_sample_size <= 20
    assert found.present_error.min() >= 0.05


def test_impossible_evidence_is_found_where_all_states_are_summed_over() -> None:
    causes = [cause("c0"), cause("c1")]
    shown = [finding("f0", [0, 1], [0.5, 0.5]), finding("f1", [0, 1], [0.9, 1.0], leak=0.1)]
    evidence = {"c0": NO, "c1": NO, "f0": YES, "f1": YES}

    with pytest.raises(ImpossibleEvidenceError) as caught:
        approximate_posterior(network_of(causes, shown), evidence, memory_limit=0)

    assert caught.value.conflict == ("c0", "c1", "f0")


def test_impossible_evidence_is_not_claimed_from_samples(network: Network) -> None:
    """No sample is possible, which proves nothing."""
    inner = network.model.network
    never = replace(finding("never", [0], [0.5]), leak=np.zeros((len(inner.strata), 1)))
    codes = coded_patients(inner, 1, seed=12, n_positive=10, share_known=0.0)[0]
    evidence = {**flat_network(inner).likelihoods(codes), "never": YES, inner.causes[0].id: NO}
    wider = replace(inner, findings=(*inner.findings, never))

    with pytest.raises(LimitError, match="none of 50 samples is possible, though"):
        approximate_posterior(wider, evidence, memory_limit=TIGHT, n_samples=50)
