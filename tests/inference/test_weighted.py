"""Are intervals of weighted draws what they are said to be?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legache.inference.weighted import weighted_intervals
from tests.strategies import repeatable, seeds


@repeatable
@given(seeds, st.integers(3, 300))
def test_equal_weights_are_the_textbook_quantiles(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).normal(size=(n, 2))
    found = weighted_intervals(values, np.full(n, -1234.5), 0.8)
    expected = np.quantile(values, [0.1, 0.9], axis=0, method="weibull")
    np.testing.assert_allclose([found.low, found.high], expected, rtol=1e-9, atol=1e-12)
    assert found.effective_sample_size == pytest.approx(n)


@repeatable
@given(seeds)
def test_a_constant_factor_of_the_weights_is_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=(50, 1)), rng.normal(size=50)
    first, second = (weighted_intervals(values, weights + c, 0.9) for c in (0.0, 700.0))
    np.testing.assert_allclose([first.low, first.high], [second.low, second.high], rtol=1e-9)


@repeatable
@given(seeds)
def test_a_wider_interval_holds_a_narrower_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=(50, 3)), rng.normal(size=50)
    narrow, wide = (weighted_intervals(values, weights, q) for q in (0.5, 0.95))
    assert (wide.low <= narrow.low).all()
    assert (narrow.low <= narrow.high).all()
    assert (narrow.high <= wide.high).all()


def test_draws_without_weight_do_not_count() -> None:
    values = np.array([[0.1], [0.2], [0.3], [99.0]])
    found = weighted_intervals(values, np.array([0.0, 0.0, 0.0, -np.inf]), 0.99)
    assert (found.low.item(), found.high.item()) == (0.1, 0.3)
    assert found.effective_sample_size == pytest.approx(3)


def test_weights_move_the_interval_as_a_shift_of_the_distribution_does() -> None:
    """Normal draws weighted by exp(z) are normal draws around 1."""
    z = np.random.default_rng(1).normal(size=400_000)
    found = weighted_intervals(z[:, None], z, 0.95)
    assert [found.low.item(), found.high.item()] == pytest.approx([1 - 1.96, 1 + 1.96], abs=0.03)
    assert found.mean.item() == pytest.approx(1, abs=0.02)


def test_a_certain_quantity_has_no_interval() -> None:
    found = weighted_intervals(np.full((20, 1), 0.3), np.linspace(-5, 0, 20), 0.95)
    assert (found.low.item(), found.high.item()) == (0.3, 0.3)
