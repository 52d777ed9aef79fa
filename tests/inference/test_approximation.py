"""Does an approximate answer agree with the exact one, within the error that it states?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache import LimitError, Network
from legache.inference.approximation import ApproximatePosterior, approximate_posterior
from legache.inference.compiled import is_compiled
from legache.inference.flat import flat_network
from legache.inference.posterior import Posterior, posterior
from tests.inference.patients import coded_patients
from tests.random_networks import Case
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
