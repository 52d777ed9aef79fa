"""Do the distributions have the printed value as centre, and the printed interval as width?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import expit, logit

from legache.network.uncertainty import (
    Z,
    logit_normal,
    mean_log_normal,
    mean_logit_normal,
    stratified_deviates,
    two_piece_log_normal,
)
from tests.strategies import repeatable

values = st.floats(1e-5, 1 - 1e-5)
widths = st.floats(0.05, 5.0)


def _mean(location: float, scale: float) -> float:
    def density(z: float) -> float:
        return float(expit(location + scale * z) * stats.norm.pdf(z))

    return float(integrate.quad(density, -12, 12, epsabs=0, epsrel=1e-12, limit=400)[0])


@repeatable
@given(values, widths, st.floats(0, 1))
def test_the_mean_of_a_probability_is_its_value(value: float, width: float, above: float) -> None:
    low, high = expit(logit(value) - width * (1 - above)), expit(logit(value) + width * above)
    location, scale = mean_logit_normal(*(np.array([x]) for x in (value, low, high)))
    assert _mean(location[0], scale[0]) == pytest.approx(value, rel=1e-9)


@repeatable
@given(values, widths, st.floats(0, 1))
def test_the_interval_of_a_probability_is_as_wide_as_printed(
    value: float, width: float, above: float
) -> None:
    low, high = expit(logit(value) - width * (1 - above)), expit(logit(value) + width * above)
    low, high = max(low, value / 20), min(high, 1 - (1 - value) / 20)
    location, scale = mean_logit_normal(*(np.array([x]) for x in (value, low, high)))
    ends = logit_normal(location, scale, np.array([-Z, Z]))
    assert np.diff(logit(ends))[0] == pytest.approx(logit(high) - logit(low), rel=1e-6, abs=1e-9)


@repeatable
@given(st.floats(0.1, 0.9), st.floats(0.01, 0.4))
def test_a_narrow_symmetric_interval_is_met(value: float, width: float) -> None:
    low, high = expit(logit(value) - width / 2), expit(logit(value) + width / 2)
    location, scale = mean_logit_normal(*(np.array([x]) for x in (value, low, high)))
    ends = logit_normal(location, scale, np.array([-Z, Z]))
    assert ends == pytest.approx([low, high], abs=1e-3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_zero_and_one_are_certain(value: float) -> None:
    row = np.array([value])
    location, scale = mean_logit_normal(row, row, row)
    assert logit_normal(location, scale, np.array([-3.0, 0.0, 3.0])).tolist() == [value] * 3


def test_a_point_is_certain() -> None:
    row = np.array([0.25])
    location, scale = mean_logit_normal(row, row, row)
    assert logit_normal(location, scale, np.array([-3.0, 3.0])) == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.3), (0.1, 1.0), (0.0, 1.0)])
def test_an_end_at_zero_or_one_leaves_a_finite_spread(low: float, high: float) -> None:
    location, scale = mean_logit_normal(np.array([0.2]), np.array([low]), np.array([high]))
    assert 0 < scale[0] < 3
    assert _mean(location[0], scale[0]) == pytest.approx(0.2, rel=1e-9)


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.79), (0.05, 0.3)])
def test_a_value_on_the_edge_of_its_interval_stays_the_mean(low: float, high: float) -> None:
    location, scale = mean_logit_normal(np.array([0.3]), np.array([low]), np.array([high]))
    assert _mean(location[0], scale[0]) == pytest.approx(0.3, rel=1e-9)


@repeatable
@given(st.floats(1e-3, 1e3), st.floats(1.01, 30), st.floats(0, 1))
def test_the_mean_of_a_rate_is_its_value(value: float, factor: float, above: float) -> None:
    low, high = value / factor ** (1 - above), value * factor**above
    location, scale = mean_log_normal(*(np.array([x]) for x in (value, low, high)))
    assert stats.lognorm.mean(scale[0], scale=np.exp(location[0])) == pytest.approx(value, rel=1e-9)


def test_a_rate_of_zero_stays_zero() -> None:
    none = np.zeros(1)
    location, scale = mean_log_normal(none, none, np.array([1.0]))
    assert np.exp(location + scale * 3.0).tolist() == [0.0]


@repeatable
@given(st.floats(0.01, 100), st.floats(1, 30), st.floats(1, 30))
def test_a_ratio_meets_both_ends_and_its_median(value: float, below: float, above: float) -> None:
    row = (np.array([x]) for x in (value, value / below, value * above))
    found = two_piece_log_normal(*row, np.array([-Z, 0.0, Z]))
    assert found == pytest.approx([value / below, value, value * above], rel=1e-9)


@pytest.mark.parametrize("n_draws", [1, 2, 7, 500])
def test_each_row_has_one_deviate_in_each_part(n_draws: int) -> None:
    drawn = stratified_deviates(np.random.default_rng(3), 5, n_draws)
    parts = np.clip(np.floor(stats.norm.cdf(drawn) * n_draws), 0, n_draws - 1)
    if n_draws > 2:  # scaling to a variance of 1 moves the outermost of few
        assert (np.sort(parts, axis=1)[:, 1:-1] == np.arange(n_draws)[1:-1]).all()
    assert np.abs(drawn.mean(axis=1)).max() < 1e-12


def test_deviates_have_a_variance_of_one() -> None:
    drawn = stratified_deviates(np.random.default_rng(3), 2, 500)
    assert (drawn**2).mean(axis=1) == pytest.approx([1.0, 1.0])
