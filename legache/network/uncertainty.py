r"""Which distribution does a number with a 95 % interval stand for?

The printed value is the centre, and the interval says how wide the distribution is:

* A **probability** is logit-normal.  The standard deviation on the logit scale is the width of the
  interval there over :math:`2 \cdot 1.96`; the location is solved for so that the *mean of the
  probability* is the printed value.  Probabilities enter P(evidence) linearly, so that only a
  distribution with this mean leaves the likelihood-weighted average of the posterior where the
  printed values have it.
* A **rate** (visits, incidence) is log-normal, in the same way: its mean is the printed value.
* A **ratio** (odds ratio) is log-normal with the printed value as its *median*, and with a
  standard deviation of its own on either side, so that both ends of the interval are met.

What follows from it: a probability whose interval is symmetric on the logit scale around a small
value has 2.5 % and 97.5 % quantiles that are both lower than the printed ends, by the factor
:math:`\exp(-\sigma^2 / 2)`; where the value lies on an end of its interval, as after a frequency
class, the distribution keeps the interval's width, and is centred on the value all the same.

A value of 0 or 1, and one whose interval is a point, is certain.  An end at 0 or 1 lies infinitely
far away on the logit scale; it is read as a twentieth of the value, or of its complement.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np

from legache.network.conversions import marginal_preserving_intercept
from legache.network.structure import FloatArray

Z = NormalDist().inv_cdf(0.975)
_END = 20.0
# odds from a quarter to four times the value in 95 % need 10 nodes for a mean right to 1e-12,
# and the widest interval that is sensible, a factor of 1,000, needs 60
_N_NODES = 64


def mean_logit_normal(
    value: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Location and scale, as log odds, of probabilities with given means and intervals.

    Parameters
    ----------
    value, low, high : shape (n,)
        Mean, and ends of the 95 % interval whose width on the logit scale is kept.

    Returns
    -------
    location, scale : shape (n,)
        Infinite location where the value is 0 or 1; scale 0 where it is certain.

    Examples
    --------
    >>> location, scale = mean_logit_normal(np.array([0.3]), np.array([0.2]), np.array([0.4]))
    >>> drawn = 1 / (1 + np.exp(-location - scale * np.random.default_rng(1).normal(size=100_000)))
    >>> drawn.mean().round(3), np.quantile(drawn, [0.025, 0.975]).round(2)
    (np.float64(0.3), array([0.21, 0.41]))
    """
    floor, ceiling = np.maximum(low, value / _END), np.minimum(high, 1 - (1 - value) / _END)
    is_certain = (low == high) | (value <= 0) | (value >= 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # where it is certain
        width = np.log(ceiling) - np.log1p(-ceiling) - np.log(floor) + np.log1p(-floor)
    return mean_location(value, np.where(is_certain, 0.0, width / (2 * Z)))


def mean_location(value: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Location, as log odds, at which a logit-normal of the given scale has the given mean.

    Returns
    -------
    location, scale : shape (n,)

    Notes
    -----
    The equation is that of the marginal-preserving intercept: the mean over the nodes of a
    Gauss-Hermite quadrature is the printed value.
    """
    nodes, weights = _quadrature()
    log_odds = scale[:, None] * nodes
    shares = np.broadcast_to(weights, log_odds.shape)
    return marginal_preserving_intercept(value, log_odds, shares), scale


def mean_log_normal(
    value: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Location and scale, as logarithms, of rates with given means and intervals.

    Examples
    --------
    >>> location, scale = mean_log_normal(np.array([2.0]), np.array([1.0]), np.array([4.0]))
    >>> np.exp(location + scale**2 / 2).round(12)
    array([2.])
    """
    floor = np.maximum(low, value / _END)
    is_certain = (low == high) | (value <= 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # where it is certain
        scale = np.where(is_certain, 0.0, (np.log(high) - np.log(floor)) / (2 * Z))
        return np.asarray(np.log(value) - scale**2 / 2), scale


def logit_normal(location: FloatArray, scale: FloatArray, deviate: FloatArray) -> FloatArray:
    """Probability at each standard normal deviate; the shapes are broadcast."""
    with np.errstate(over="ignore"):  # an infinite location: never
        return np.asarray(1.0 / (1.0 + np.exp(-(location + scale * deviate))))


def two_piece_log_normal(
    value: FloatArray, low: FloatArray, high: FloatArray, deviate: FloatArray
) -> FloatArray:
    """Ratio at each standard normal deviate: the value at 0, the ends at plus and minus 1.96.

    Examples
    --------
    >>> ends = (np.array([3.0]), np.array([2.0]), np.array([6.0]))
    >>> two_piece_log_normal(*ends, np.array([-Z, 0, Z])).round(12)
    array([2., 3., 6.])
    """
    below, above = np.log(value / low) / Z, np.log(high / value) / Z
    return np.asarray(value * np.exp(np.where(deviate < 0, below, above) * deviate))


def stratified_deviates(rng: np.random.Generator, n_rows: int, n_draws: int) -> FloatArray:
    """Standard normal deviates: each row has one draw in each of `n_draws` equally likely parts.

    The mean of a row has far less error than that of independent draws.

    References
    ----------
    McKay, M. D., Beckman, R. J. & Conover, W. J. (1979). A comparison of three methods for
    selecting values of input variables. Technometrics 21, 239-245 (Latin hypercube sampling).

    Examples
    --------
    >>> drawn = stratified_deviates(np.random.default_rng(1), 2, 101)
    >>> bool((np.abs(drawn.mean(axis=1)) < 1e-12).all()), drawn.shape
    (True, (2, 101))
    """
    return np.asarray(rng.permuted(np.tile(_midpoints(n_draws), (n_rows, 1)), axis=1))


@cache
def _midpoints(n_draws: int) -> FloatArray:
    """Normal quantiles, scaled to a variance of 1: the midpoint of a part lies within it."""
    normal = NormalDist()
    upper = np.array([normal.inv_cdf((i + 0.5) / n_draws) for i in range(n_draws)])
    centred = (upper - upper[::-1]) / 2
    spread = math.sqrt(float(np.mean(centred**2))) or 1.0
    return np.asarray(centred / spread)


@cache
def _quadrature() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for the mean over a standard normal deviate."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_N_NODES)
    return nodes, weights / weights.sum()
