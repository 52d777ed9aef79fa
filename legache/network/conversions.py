"""How do published figures become parameters of the network?"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from legache.errors import NetworkError

FloatArray = NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)

DAYS_PER_YEAR = 365.25
WEEKS_PER_YEAR = 52
_ROUNDING = 4 * np.finfo(np.float64).eps  # of the sum of an intercept and log odds


def week_prevalence(incidence_per_1000_py: Number, duration_days: Number) -> Number:
    r"""One-week period prevalence of a short-lived cause.

    A case counts if it is present at any moment of the week: it began in that
    week, or before it and had not ended.

    .. math:: p = \frac{I}{1000} \cdot \frac{D + 7}{365.25}

    Parameters
    ----------
    incidence_per_1000_py
        New cases per 1000 person-years.
    duration_days
        Mean duration of a case, in days.

    References
    ----------
    Rothman, K. J., Greenland, S. & Lash, T. L. (2008). Modern Epidemiology, 3rd ed., ch. 3.

    Examples
    --------
    >>> round(week_prevalence(1.0, 14), 7)
    5.75e-05
    """
    return incidence_per_1000_py / 1000 * (duration_days + 7) / DAYS_PER_YEAR


def weekly_link(visits_per_1000_py: Number, prevalence: Number) -> Number:
    r"""Probability that a cause makes its bearer seek advice in a given week.

    .. math:: r = \frac{V / 1000}{52 \, p}

    Parameters
    ----------
    visits_per_1000_py
        Visits for the cause per 1000 person-years of the whole population; a number, or one for
        each draw.
    prevalence
        One-week period prevalence of the cause in that population.

    Raises
    ------
    NetworkError
        The visits imply more than one visit a week by every bearer.

    Examples
    --------
    >>> round(weekly_link(26.0, 0.01), 12)
    0.05
    """
    weekly = weekly_visits(visits_per_1000_py)
    if np.any(weekly > prevalence):
        worst = np.argmax(np.asarray(weekly - prevalence))
        visits, needed, present = (
            float(np.broadcast_to(a, np.shape(weekly)).flat[worst])
            for a in (visits_per_1000_py, weekly, prevalence)
        )
        message = (
            f"{visits:g} visits per 1000 person-years need a prevalence of at least "
            f"{needed:.3g}, not {present:.3g}; correct one of them"
        )
        raise NetworkError(message)
    if isinstance(weekly, float):
        return weekly / prevalence if weekly else 0.0
    with np.errstate(invalid="ignore"):  # 0 / 0: nobody has it, and nobody comes
        return np.where(weekly > 0, weekly / prevalence, 0.0)


def weekly_visits(visits_per_1000_py: Number) -> Number:
    """Share of the population that comes in a given week.

    Examples
    --------
    >>> weekly_visits(26.0)
    0.0005
    """
    return visits_per_1000_py / 1000 / WEEKS_PER_YEAR


def rates_from_likelihood_ratios(lr_positive: float, lr_negative: float) -> tuple[float, float]:
    r"""Sensitivity and specificity of a finding whose likelihood ratios are published.

    From :math:`LR_+ = s / (1 - c)` and :math:`LR_- = (1 - s) / c`:

    .. math:: c = \frac{LR_+ - 1}{LR_+ - LR_-}, \quad s = LR_+ (1 - c)

    Raises
    ------
    NetworkError
        No sensitivity and specificity have this pair of ratios: one must be
        above 1 and the other below.

    References
    ----------
    Altman, D. G. & Bland, J. M. (1994). Diagnostic tests 2: predictive values. BMJ 309, 102.

    Examples
    --------
    >>> sensitivity, specificity = rates_from_likelihood_ratios(8.0, 0.25)
    >>> round(sensitivity, 4), round(specificity, 4)
    (0.7742, 0.9032)
    """
    if not (lr_positive > 1 > lr_negative >= 0 or 0 <= lr_positive < 1 < lr_negative):
        message = (
            f"likelihood ratios {lr_positive:g} and {lr_negative:g} fit no sensitivity and "
            "specificity; one must be above 1 and the other below"
        )
        raise NetworkError(message)
    specificity = (lr_positive - 1) / (lr_positive - lr_negative)
    sensitivity = lr_positive * (1 - lr_negative) / (lr_positive - lr_negative)
    return sensitivity, specificity


def link_strengths(
    published: ArrayLike, background: ArrayLike
) -> tuple[FloatArray, bool | NDArray[np.bool_]]:
    r"""Net strength of a link in each state, from a published rate that includes the background.

    With :math:`S_j` and :math:`B_j` the probabilities of a state of at most
    :math:`j` with the cause and by background alone, noisy-MAX makes
    :math:`S_j = Q_j B_j`, so that the link alone stays at or below :math:`j`
    with probability :math:`Q_j = S_j / B_j`.  For a binary finding this is
    :math:`w = 1 - (1 - s) / (1 - b)`.

    Parameters
    ----------
    published : shape (..., n_states - 1)
        Probability of each state above the first, given the cause; leading axes are draws.
    background : shape (..., n_states - 1)
        The same without the cause.

    Returns
    -------
    strengths : shape (..., n_states - 1)
        Probability that the link alone produces each state above the first.
    is_floored : bool, or shape (...)
        Whether some state is published as rarer with the cause than without:
        noisy-MAX cannot inhibit, so the strength is 0 there.

    References
    ----------
    Diez, F. J. (1993). Parameter adjustment in Bayes networks: the generalized noisy OR-gate.
    Proc. UAI 1993, 99-105.

    Examples
    --------
    >>> strengths, is_floored = link_strengths([0.55], [0.10])
    >>> strengths.round(6), is_floored
    (array([0.5]), False)
    """
    rates, leaks = (np.asarray(a, dtype=np.float64) for a in (published, background))
    rates, leaks = np.broadcast_arrays(rates, leaks)
    strengths = np.zeros(rates.shape)
    above = leak_above = reachable = np.zeros(rates.shape[:-1])
    is_floored = np.zeros(rates.shape[:-1], dtype=bool)
    # from the top state down, so that small rates are sums and not differences
    for state in reversed(range(rates.shape[-1])):
        above, leak_above = above + rates[..., state], leak_above + leaks[..., state]
        excess = _excess(above, leak_above)
        is_floored = is_floored | (excess < reachable)
        strengths[..., state] = np.maximum(excess - reachable, 0.0)
        reachable = np.maximum(excess, reachable)
    return strengths, is_floored if is_floored.ndim else bool(is_floored)


def _excess(above: FloatArray, leak_above: FloatArray) -> FloatArray:
    """Probability that the link alone leads as high; negative if it would have to inhibit."""
    within = 1.0 - leak_above
    is_open = within > 0
    if np.any(~is_open & (above < 1)):
        message = "the background is certain, but the published rate is not; correct one of them"
        raise NetworkError(message)
    return np.divide(above - leak_above, within, out=np.zeros_like(within), where=is_open)


def marginal_preserving_intercept(
    marginal: ArrayLike, log_odds: ArrayLike, weights: ArrayLike
) -> FloatArray:
    r"""Intercept of a logistic cause that leaves its published marginal as it is.

    Solves, in each stratum, for the :math:`\alpha` with

    .. math:: \sum_z P(z) \, \operatorname{expit}(\alpha + \beta^\top z) = p

    where :math:`z` runs over the joint states of the cause's parents.

    Parameters
    ----------
    marginal : shape (n_strata,)
        Published prevalence :math:`p` in each stratum.
    log_odds : shape (n_configurations,) or (n_strata, n_configurations)
        :math:`\beta^\top z` of each joint state of the parents.
    weights : shape (n_strata, n_configurations)
        :math:`P(z)` in each stratum; rows sum to 1.

    Returns
    -------
    shape (n_strata,)
        Intercepts; minus or plus infinity where the marginal is 0 or 1.

    Notes
    -----
    The left side rises with the intercept, so the root is unique.  It lies
    between :math:`\operatorname{logit}(p)` less the largest and the smallest
    of the log odds.  Both sides are compared as log odds: rare causes keep
    their relative precision, and the curve is nearly straight at both ends.

    References
    ----------
    Greenland, S. (1987). Interpretation and choice of effect measures in epidemiologic
    analyses. Am. J. Epidemiol. 125, 761-768 (noncollapsibility of the odds ratio).

    Examples
    --------
    A cause of 5 %, with one risk factor of 20 % and odds ratio 3:

    >>> alpha = marginal_preserving_intercept([0.05], [0.0, np.log(3)], [[0.8, 0.2]])
    >>> odds = np.exp(alpha[0] + np.array([0.0, np.log(3)]))
    >>> round(float([0.8, 0.2] @ (odds / (1 + odds))), 12)
    0.05
    """
    p, beta, shares = (np.asarray(a, dtype=np.float64) for a in (marginal, log_odds, weights))
    # infinite odds stand for never and always, and a flat curve has no Newton step
    with np.errstate(all="ignore"):
        target = np.log(p) - np.log1p(-p)
        solved = np.asarray(target - beta[..., 0])
        inside = np.isfinite(target)
        if np.any(np.ptp(beta, axis=-1) > 0):
            own = beta if beta.ndim == 1 else beta[inside]
            solved[inside] = _root(target[inside], own, shares[inside])
    return solved


def _root(target: FloatArray, beta: FloatArray, shares: FloatArray) -> FloatArray:
    """Intercepts whose average probability has the target as its log odds.

    Newton's method within a bracket.  A step that leads out of the bracket, or
    is more than half of the one before, is replaced by bisection, so that
    every step halves one of the two and the search ends.

    References
    ----------
    Press, W. H. et al. (2007). Numerical Recipes, 3rd ed., sec. 9.4.
    """
    low, high = target - beta.max(axis=-1), target - beta.min(axis=-1)
    tolerance = _ROUNDING * np.maximum(1.0, np.maximum(np.abs(low), np.abs(high)))
    low, high = low - tolerance, high + tolerance
    step = high - low
    alpha = target - np.vecdot(shares, beta)
    while np.any(np.abs(step) > tolerance):
        excess, slope = _excess_and_slope(alpha, target, beta, shares)
        low, high = np.where(excess <= 0, alpha, low), np.where(excess >= 0, alpha, high)
        newton = alpha - excess / slope
        is_useful = (low < newton) & (newton < high) & (2 * np.abs(newton - alpha) <= np.abs(step))
        step = np.where(is_useful, newton, (low + high) / 2) - alpha
        step[np.abs(excess) <= tolerance] = 0.0
        alpha = alpha + step
    return np.asarray(alpha)


def _excess_and_slope(
    alpha: FloatArray, target: FloatArray, beta: FloatArray, shares: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log odds of the average probability above the target, and their derivative."""
    log_odds = alpha[:, None] + beta
    present, absent = 1.0 / (1.0 + np.exp(-log_odds)), 1.0 / (1.0 + np.exp(log_odds))
    p_present, p_absent = np.vecdot(shares, present), np.vecdot(shares, absent)
    slope = np.vecdot(shares * present, absent) / (p_present * p_absent)
    return np.log(p_present) - np.log(p_absent) - target, slope
