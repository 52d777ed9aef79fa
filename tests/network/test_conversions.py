"""Do the parameters that are made of published figures give those figures back?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root
from scipy.special import expit, logit

from legache.errors import NetworkError
from legache.network.conversions import (
    link_strengths,
    marginal_preserving_intercept,
    rates_from_likelihood_ratios,
    week_prevalence,
    weekly_link,
)
from legache.network.structure import FloatArray
from tests.strategies import repeatable

ROUNDING = 1e-12

incidences = st.floats(0, 1e4)
durations = st.floats(0, 1e4)
open_rates = st.floats(1e-6, 1 - 1e-6)


# one-week period prevalence


@repeatable
@given(incidences, durations)
def test_week_prevalence_is_incidence_times_duration_and_a_week(i: float, d: float) -> None:
    exact = Fraction(i) / 1000 * (Fraction(d) + 7) / Fraction("365.25")
    assert week_prevalence(i, d) == pytest.approx(float(exact), rel=ROUNDING)


@repeatable
@given(incidences, durations)
def test_week_prevalence_doubles_with_the_incidence(i: float, d: float) -> None:
    assert week_prevalence(2 * i, d) == pytest.approx(2 * week_prevalence(i, d), rel=ROUNDING)


@repeatable
@given(st.floats(1e-3, 1e4), durations, st.floats(1e-2, 1e3))
def test_week_prevalence_rises_with_the_duration(i: float, d: float, more: float) -> None:
    assert week_prevalence(i, d + more) > week_prevalence(i, d)


def test_a_moment_each_week_of_the_year_is_the_weekly_incidence() -> None:
    assert week_prevalence(365.25, 0) == pytest.approx(0.007)


# visits to a weekly link


@repeatable
@given(st.floats(0, 1e3), st.floats(1e-9, 1))
def test_a_weekly_link_gives_the_visits_back(visits: float, prevalence: float) -> None:
    assume(visits / 1000 / 52 <= prevalence)
    link = weekly_link(visits, prevalence)
    assert link * prevalence * 52 * 1000 == pytest.approx(visits, rel=ROUNDING, abs=1e-300)


@repeatable
@given(st.floats(0, 1e3), st.floats(1e-9, 1))
def test_a_weekly_link_is_a_probability(visits: float, prevalence: float) -> None:
    assume(visits / 1000 / 52 <= prevalence)
    assert 0 <= weekly_link(visits, prevalence) <= 1


@pytest.mark.parametrize("prevalence", [0.0, 0.5])
def test_no_visits_are_no_link_even_of_a_cause_that_does_not_occur(prevalence: float) -> None:
    assert weekly_link(0.0, prevalence) == 0.0


@repeatable
@given(st.floats(0, 0.019), st.floats(1.001, 100))
def test_more_visits_than_bearers_are_refused(prevalence: float, excess: float) -> None:
    visits = (prevalence + 1e-9) * 52_000 * excess
    with pytest.raises(NetworkError, match="visits per 1000 person-years need a prevalence of"):
        weekly_link(visits, prevalence)


# likelihood ratios


@repeatable
@given(open_rates, open_rates)
def test_likelihood_ratios_give_their_rates_back(sensitivity: float, specificity: float) -> None:
    assume(abs(sensitivity + specificity - 1) > 1e-3)  # else the ratios tell nothing
    positive = sensitivity / (1 - specificity)
    negative = (1 - sensitivity) / specificity
    found = rates_from_likelihood_ratios(positive, negative)
    # the ratios are differences from 1, which cost up to 1 / 1e-3 in precision
    assert found == pytest.approx((sensitivity, specificity), rel=0, abs=1e-9)


@example(7.0, 0.0)
@repeatable
@given(st.floats(1.001, 1e6), st.floats(0, 0.999))
def test_rates_of_likelihood_ratios_are_probabilities(positive: float, negative: float) -> None:
    sensitivity, specificity = rates_from_likelihood_ratios(positive, negative)
    assert 0 <= sensitivity <= 1
    assert 0 <= specificity <= 1


def test_a_negative_ratio_of_zero_is_a_perfect_sensitivity() -> None:
    assert rates_from_likelihood_ratios(4.0, 0.0) == pytest.approx((1.0, 0.75))


@pytest.mark.parametrize(
    ("positive", "negative"),
    [(1, 1), (2, 1), (1, 0.5), (2, 2), (0.5, 0.5), (2, 1.5), (0.2, 0.9), (2, -0.1)],
)
def test_likelihood_ratios_on_one_side_of_one_are_refused(positive: float, negative: float) -> None:
    with pytest.raises(NetworkError, match="one must be above 1 and the other below"):
        rates_from_likelihood_ratios(positive, negative)


# strengths


@st.composite
def distributions(draw: st.DrawFn, most: float = 1.0) -> list[float]:
    """Probabilities of one to four states above the first, with a sum of at most `most`."""
    parts = draw(st.lists(st.integers(0, 1000), min_size=1, max_size=4))
    total = sum(parts) + draw(st.integers(0, 1000))
    return [most * part / (total or 1) for part in parts]


@st.composite
def published_and_background(draw: st.DrawFn) -> tuple[FloatArray, FloatArray]:
    """Published rates and a background that is not certain, of as many states."""
    published = draw(distributions())
    background = draw(distributions(most=0.99))
    size = min(len(published), len(background))
    return np.array(published[:size]), np.array(background[:size])


def _noisy_max(strengths: FloatArray, background: FloatArray) -> FloatArray:
    """Probability of each state above the first when two independent causes compete."""
    within = (1 - _above(strengths)) * (1 - _above(background))
    up_to = np.append(within, 1.0)
    return np.asarray(np.diff(up_to))


def _above(rates: FloatArray) -> FloatArray:
    """Probability of each state above the first, or of a higher one."""
    return np.asarray(np.cumsum(rates[::-1])[::-1])


@repeatable
@given(published_and_background())
def test_strength_and_background_give_the_published_rates_again(
    figures: tuple[FloatArray, FloatArray],
) -> None:
    published, background = figures
    strengths, is_floored = link_strengths(published, background)
    assume(not is_floored)
    # differences of probabilities near 1: absolute, not relative precision
    np.testing.assert_allclose(_noisy_max(strengths, background), published, rtol=0, atol=ROUNDING)


@repeatable
@given(published_and_background())
def test_strengths_are_a_distribution(figures: tuple[FloatArray, FloatArray]) -> None:
    strengths, _ = link_strengths(*figures)
    assert np.all(strengths >= 0)
    assert strengths.sum() <= 1 + ROUNDING


@repeatable
@given(published_and_background())
def test_a_floor_only_ever_adds(figures: tuple[FloatArray, FloatArray]) -> None:
    published, background = figures
    strengths, _ = link_strengths(published, background)
    combined = _above(_noisy_max(strengths, background))
    assert np.all(combined >= _above(published) - ROUNDING)


@repeatable
@given(st.floats(0, 1), st.floats(0, 0.99))
def test_a_binary_rate_below_the_background_is_reported(rate: float, leak: float) -> None:
    _, is_floored = link_strengths([rate], [leak])
    assert is_floored == (rate < leak)


@repeatable
@given(st.floats(0, 1), st.floats(0, 0.99))
def test_a_binary_rate_below_the_background_has_no_strength(rate: float, leak: float) -> None:
    assume(rate <= leak)
    strengths, _ = link_strengths([rate], [leak])
    assert strengths.tolist() == [0.0]


@repeatable
@given(distributions())
def test_without_a_background_the_strength_is_the_rate(published: list[float]) -> None:
    strengths, _ = link_strengths(published, np.zeros(len(published)))
    np.testing.assert_allclose(strengths, published, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("rate", [1e-12, 1e-30, 1e-300])
def test_a_small_rate_keeps_its_precision(rate: float) -> None:
    strengths, _ = link_strengths([rate], [0.0])
    assert strengths.tolist() == [rate]


def test_a_graded_floor_in_the_middle_is_reported() -> None:
    _, is_floored = link_strengths([0.0, 0.5], [0.5, 0.0])
    assert is_floored


@pytest.mark.parametrize(("rate", "leak"), [([0.5], [1.0]), ([0.5, 0.2], [0.5, 0.5])])
def test_a_certain_background_is_refused(rate: list[float], leak: list[float]) -> None:
    with pytest.raises(NetworkError, match="the background is certain, but the published rate"):
        link_strengths(rate, leak)


def test_a_certain_background_and_a_certain_rate_agree() -> None:
    assert link_strengths([1.0], [1.0])[1] is False


# intercepts


@st.composite
def parents(draw: st.DrawFn) -> tuple[FloatArray, FloatArray]:
    """Log odds and probabilities of the joint states of up to four binary parents."""
    n_parents = draw(st.integers(0, 4))
    log_odds, weights = np.zeros(1), np.ones(1)
    for _ in range(n_parents):
        added = draw(st.floats(-14, 14))  # odds ratios of a millionth to a million
        share = draw(st.floats(0, 1))
        log_odds = (log_odds[:, None] + np.array([0.0, added])).ravel()
        weights = (weights[:, None] * np.array([1 - share, share])).ravel()
    return log_odds, weights


def _marginal(intercept: FloatArray, log_odds: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray((weights * expit(intercept[:, None] + log_odds)).sum(axis=1))


@repeatable
@given(st.floats(1e-12, 1 - 1e-12), parents())
@example(1e-12, (np.array([0.0, 14.0]), np.array([0.5, 0.5])))
@example(1e-12, (np.array([0.0, -14.0]), np.array([1e-9, 1 - 1e-9])))
@example(0.5, (np.array([-300.0, 300.0]), np.array([0.5, 0.5])))
@example(0.999999, (np.array([0.0, 0.0]), np.array([0.3, 0.7])))
def test_the_marginal_is_preserved(p: float, given_parents: tuple[FloatArray, FloatArray]) -> None:
    log_odds, weights = given_parents
    intercept = marginal_preserving_intercept([p], log_odds, weights[None, :])
    np.testing.assert_allclose(_marginal(intercept, log_odds, weights), [p], rtol=ROUNDING)


@repeatable
@given(st.floats(1e-12, 0.999), parents())
def test_the_intercept_is_the_root_that_brentq_finds(
    p: float, given_parents: tuple[FloatArray, FloatArray]
) -> None:
    log_odds, weights = given_parents
    found = marginal_preserving_intercept([p], log_odds, weights[None, :])
    # the marginal is flat between two parent groups that lie 14 apart
    assume(_slope(found, log_odds, weights) > 1e-3 * p * (1 - p))
    low, high = logit(p) - log_odds.max() - 1, logit(p) - log_odds.min() + 1
    expected = brentq(
        lambda alpha: weights @ expit(alpha + log_odds) / p - 1, low, high, xtol=1e-13
    )
    assert found[0] == pytest.approx(expected, rel=0, abs=1e-9)


@repeatable
@given(st.lists(st.floats(1e-12, 0.999), min_size=1, max_size=8), parents())
def test_the_marginals_are_those_of_the_roots_that_scipy_finds(
    p: list[float], given_parents: tuple[FloatArray, FloatArray]
) -> None:
    log_odds, weights = given_parents
    found = marginal_preserving_intercept(p, log_odds, np.tile(weights, (len(p), 1)))

    def excess(alpha: FloatArray, target: FloatArray) -> FloatArray:
        return np.asarray(expit(alpha[..., None] + log_odds) @ weights / target - 1)

    bracket = (logit(p) - log_odds.max() - 1, logit(p) - log_odds.min() + 1)
    expected = find_root(excess, bracket, args=(np.array(p),), tolerances={"xatol": 0})
    np.testing.assert_allclose(
        _marginal(found, log_odds, weights), _marginal(expected.x, log_odds, weights), rtol=ROUNDING
    )


@pytest.mark.parametrize("p", [1e-12, 0.2, 0.5, 0.8, 1 - 1e-12])
@pytest.mark.parametrize("log_odds", [30.0, -30.0, 700.0, -700.0, 5000.0, -5000.0])
def test_the_marginal_is_preserved_by_enormous_log_odds(p: float, log_odds: float) -> None:
    beta, weights = np.array([0.0, log_odds]), np.array([0.5, 0.5])
    intercept = marginal_preserving_intercept([p], beta, weights[None, :])
    # an intercept near -5000 is itself rounded to 5000 x 1e-16
    np.testing.assert_allclose(_marginal(intercept, beta, weights), [p], rtol=5e-12)


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan])
@pytest.mark.parametrize("log_odds", [0.0, 1.0])
def test_what_is_no_probability_has_no_intercept(p: float, log_odds: float) -> None:
    intercept = marginal_preserving_intercept([p], [0.0, log_odds], [[0.5, 0.5]])
    assert np.isnan(intercept).all()


def test_weights_that_are_no_numbers_have_no_intercept() -> None:
    intercept = marginal_preserving_intercept([0.3], [0.0, 1.0], [[np.nan, 0.5]])
    assert np.isnan(intercept).all()


@pytest.mark.parametrize("p", [1e-12, 1e-30, 1e-100, 1e-300])
@pytest.mark.parametrize("log_odds", [0.0, 0.7, 14.0, -14.0, 100.0, -100.0])
def test_the_marginal_of_a_rare_cause_is_preserved(p: float, log_odds: float) -> None:
    beta, weights = np.array([0.0, log_odds]), np.array([0.8, 0.2])
    intercept = marginal_preserving_intercept([p], beta, weights[None, :])
    # expit itself rounds an exponent near -700 to 700 x 1e-16
    np.testing.assert_allclose(_marginal(intercept, beta, weights), [p], rtol=ROUNDING)


@pytest.mark.parametrize(("p", "expected"), [(0.0, -np.inf), (1.0, np.inf)])
@repeatable
@given(given_parents=parents())
def test_never_and_always_have_infinite_intercepts(
    p: float, expected: float, given_parents: tuple[FloatArray, FloatArray]
) -> None:
    log_odds, weights = given_parents
    intercept = marginal_preserving_intercept([p], log_odds, weights[None, :])
    assert intercept.tolist() == [expected]


@pytest.mark.parametrize("p", [0.0, 1.0])
@repeatable
@given(given_parents=parents())
def test_the_marginals_never_and_always_are_preserved(
    p: float, given_parents: tuple[FloatArray, FloatArray]
) -> None:
    log_odds, weights = given_parents
    intercept = marginal_preserving_intercept([p], log_odds, weights[None, :])
    assert _marginal(intercept, log_odds, weights) == pytest.approx([p], rel=ROUNDING)


def test_strata_do_not_disturb_each_other() -> None:
    p, beta = np.array([0.0, 1e-12, 0.3, 0.999, 1.0]), np.array([0.0, 2.0])
    weights = np.array([[0.9, 0.1], [0.5, 0.5], [0.0, 1.0], [0.2, 0.8], [1.0, 0.0]])
    together = marginal_preserving_intercept(p, beta, weights)
    alone = [marginal_preserving_intercept(p[[i]], beta, weights[[i]])[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=ROUNDING)


def test_one_parent_that_is_always_there_shifts_the_intercept() -> None:
    intercept = marginal_preserving_intercept([0.5], [0.0, 2.0], [[0.0, 1.0]])
    assert intercept == pytest.approx([-2.0], abs=ROUNDING)


@repeatable
@given(st.floats(1e-6, 1 - 1e-6), parents(), st.floats(-5, 5))
def test_a_shift_of_all_log_odds_is_taken_up_by_the_intercept(
    p: float, given_parents: tuple[FloatArray, FloatArray], shift: float
) -> None:
    log_odds, weights = given_parents
    first = marginal_preserving_intercept([p], log_odds, weights[None, :])
    second = marginal_preserving_intercept([p], log_odds + shift, weights[None, :])
    # the marginal is flat between two parent groups that lie 14 apart
    assume(_slope(first, log_odds, weights) > 1e-3 * p * (1 - p))
    np.testing.assert_allclose(second, first - shift, rtol=0, atol=1e-8)


def _slope(intercept: FloatArray, log_odds: FloatArray, weights: FloatArray) -> float:
    rate = expit(intercept[:, None] + log_odds)
    return float((weights * rate * (1 - rate)).sum())
