"""Is the pooled mean that of Paule and Mandel?"""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from legache.curation.estimates import Estimate
from legache.curation.pooling import pooled
from legache.errors import KnowledgeError, MissingDependencyError
from tests.strategies import repeatable

errors = st.floats(0.05, 1.0)
estimates = st.lists(
    st.builds(Estimate, st.floats(0.02, 0.98), st.just("logit"), errors), min_size=2, max_size=8
)


def _paule_mandel(effects: list[float], variances: list[float]) -> tuple[float, float]:
    """Mean and its error at the between-study variance where Q is its expectation."""

    def weighted(tau2: float) -> tuple[float, float, float]:
        weights = [1 / (v + tau2) for v in variances]
        mean = sum(w * y for w, y in zip(weights, effects, strict=True)) / sum(weights)
        q = sum(w * (y - mean) ** 2 for w, y in zip(weights, effects, strict=True))
        return q - (len(effects) - 1), mean, 1 / math.sqrt(sum(weights))

    tau2 = 0.0
    if weighted(0.0)[0] > 0:
        tau2 = brentq(lambda tau2: weighted(tau2)[0], 0.0, 1e4, xtol=1e-14)
    return weighted(tau2)[1:]


@settings(repeatable, max_examples=50)
@given(estimates)
def test_the_mean_and_its_error_solve_the_equation_of_paule_and_mandel(
    given_estimates: list[Estimate],
) -> None:
    effects = [math.log(one.value / (1 - one.value)) for one in given_estimates]
    mean, error = _paule_mandel(effects, [one.error**2 for one in given_estimates])
    found = pooled(given_estimates)
    # statsmodels stops where Q is within 1e-5 of its expectation
    assert found.transformed == pytest.approx(mean, abs=1e-4)
    assert found.error == pytest.approx(error, rel=1e-3)


def test_studies_that_agree_are_weighted_by_their_precision() -> None:
    found = pooled([Estimate(2.0, "log", 0.1), Estimate(2.1, "log", 0.2)])
    mean = (math.log(2.0) * 100 + math.log(2.1) * 25) / 125
    assert found.transformed == pytest.approx(mean, rel=1e-12)
    assert found.error == pytest.approx(1 / math.sqrt(125), rel=1e-12)


def test_precise_studies_that_disagree_keep_their_disagreement() -> None:
    found = pooled([Estimate(1.0, "log", 1e-9), Estimate(math.e, "log", 1e-9)])
    # half of (1 - 0) squared is the variance between two studies
    assert found.error == pytest.approx(math.sqrt(0.5 / 2), rel=1e-4)


@settings(repeatable, max_examples=50)
@given(estimates)
def test_the_mean_lies_among_the_studies_whatever_their_order(some: list[Estimate]) -> None:
    found = pooled(some)
    values = [one.value for one in some]
    assert min(values) * (1 - 1e-9) <= found.value <= max(values) * (1 + 1e-9)
    assert pooled(some[::-1]).value == pytest.approx(found.value, rel=1e-3)


@pytest.mark.parametrize(
    "some",
    [[], [Estimate(2.0, "log", 0.1)], [Estimate(0.2, "log", 0.1), Estimate(0.2, "logit", 0.1)]],
)
def test_a_pool_has_two_claims_of_one_scale(some: list[Estimate]) -> None:
    with pytest.raises(KnowledgeError, match=r"pool: expected at least two claims, all"):
        pooled(some)


def test_a_study_without_error_is_refused() -> None:
    with pytest.raises(KnowledgeError, match=r"pool: an interval without width"):
        pooled([Estimate(2.0, "log", 0.0), Estimate(2.1, "log", 0.1)])


def test_without_statsmodels_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.stats.meta_analysis", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'legache\[statsmodels\]'"):
        pooled([Estimate(2.0, "log", 0.2), Estimate(2.1, "log", 0.1)])
