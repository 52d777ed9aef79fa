"""Is a claim's error the published one, or that of its counts?"""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legache.curation.estimates import Estimate, estimate, published_interval
from legache.errors import KnowledgeError, MissingDependencyError
from tests.curation.folders import claim
from tests.strategies import repeatable

Z = 1.959963984540054


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_a_published_interval_gives_half_its_width_in_log_odds() -> None:
    found = estimate(claim("a", "sensitivity", 0.8, low=0.7, high=0.9))
    assert found.error == pytest.approx((_logit(0.9) - _logit(0.7)) / (2 * Z), rel=1e-12)
    assert (found.value, found.scale) == (0.8, "logit")


def test_a_published_interval_of_a_ratio_gives_half_its_width_in_logarithms() -> None:
    found = estimate(claim("a", "odds_ratio", 3, low=2, high=4.5))
    assert found.error == pytest.approx(math.log(4.5 / 2) / (2 * Z), rel=1e-12)
    assert found.interval == pytest.approx((2, 4.5), rel=1e-12)


@pytest.mark.parametrize(
    ("low", "value", "high", "width"),
    [
        (0, 0.2, 0.4, _logit(0.4) - _logit(0.2)),
        (0.6, 0.8, 1, _logit(0.8) - _logit(0.6)),
        (0, 0.5, 1, math.log(2)),
    ],
)
def test_an_end_without_log_odds_leaves_the_other_half(
    low: float, value: float, high: float, width: float
) -> None:
    found = estimate(claim("a", "prevalence", value, low=low, high=high))
    assert found.error == pytest.approx(width / Z, rel=1e-12)


@repeatable
@given(st.integers(0, 300), st.integers(1, 300))
def test_counts_give_the_interval_of_wilson(count: int, more: int) -> None:
    n = count + more
    one = claim("a", "prevalence", count / n, numerator=count, denominator=n)
    p, z2 = count / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    assert published_interval(one) == pytest.approx((middle - half, middle + half), abs=1e-12)


def test_a_sample_without_a_count_uses_the_value() -> None:
    with_count = claim("a", "prevalence", 0.25, numerator=10, denominator=40)
    without = claim("a", "prevalence", 0.25, denominator=40)
    assert published_interval(without) == published_interval(with_count)


def test_a_number_of_events_gives_the_error_of_poisson() -> None:
    assert estimate(claim("a", "incidence_per_1000_py", 2.5, numerator=25)).error == 0.2


@pytest.mark.parametrize("measure", ["odds_ratio", "duration_days", "lr_negative"])
def test_no_interval_means_half_to_twice(measure: str) -> None:
    assert published_interval(claim("a", measure, 3)) == pytest.approx((1.5, 6), rel=1e-12)


def test_no_interval_of_a_proportion_means_half_to_twice_the_odds() -> None:
    low, high = published_interval(claim("a", "sensitivity", 0.5))
    assert (low, high) == pytest.approx((1 / 3, 2 / 3), rel=1e-12)


@pytest.mark.parametrize(("value", "moved"), [(0, 0.5 / 41), (1, 40.5 / 41)])
def test_none_or_all_is_moved_inside_by_half_a_case(value: float, moved: float) -> None:
    found = estimate(claim("a", "sensitivity", value, denominator=40))
    assert found.value == pytest.approx(moved, rel=1e-15)
    assert 0 < found.error < 10


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"measure": "sensitivity", "value": 0}, "0 of a; expected a sample size"),
        ({"measure": "sensitivity", "value": 1}, "1 of a; expected a sample size"),
        ({"measure": "prevalence", "value": 1.2}, "1.2 of a; expected a proportion of at most 1"),
        ({"measure": "prevalence", "value": 1.2, "denominator": 9}, "a proportion of at most 1"),
        ({"measure": "odds_ratio", "value": 0}, "0 of a; expected a odds_ratio above 0"),
        (
            {"measure": "prevalence", "value": 0.9, "numerator": 12, "denominator": 10},
            "numerator: 12 of 10; expected a part of them",
        ),
    ],
)
def test_a_claim_that_has_no_error_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        estimate(claim("a", **fields))


@repeatable
@given(st.floats(1e-6, 1 - 1e-6), st.floats(1e-3, 300))
def test_quantiles_stay_in_range_however_large_the_error(value: float, error: float) -> None:
    low, high = Estimate(value, "logit", error).interval
    assert 0 <= low <= value * (1 + 1e-9)
    assert value * (1 - 1e-9) <= high <= 1


def test_without_statsmodels_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.stats.proportion", None)
    with pytest.raises(MissingDependencyError, match=r"legache\[statsmodels\]") as caught:
        published_interval(claim("a", "prevalence", 0.25, denominator=40))
    assert caught.value.extra == "statsmodels"
