"""Which interval do weighted draws of a posterior span?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.network.structure import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedIntervals:
    """Central intervals of several quantities under the same weighted draws.

    Attributes
    ----------
    low, high, mean : shape (n_quantities,)
    effective_sample_size
        Number of independent draws without weights that would tell as much (Kish).
    """

    low: FloatArray
    high: FloatArray
    mean: FloatArray
    effective_sample_size: float


def weighted_intervals(
    values: FloatArray, log_weights: FloatArray, interval: float
) -> WeightedIntervals:
    r"""Central intervals of weighted draws.

    Sorted by value, draw :math:`i` of weight :math:`w_i` (with a sum of 1) and cumulated weight
    :math:`C_i` stands at

    .. math:: p_i = \frac{n (C_i - w_i / 2) + 1/2}{n + 1}, \quad n = 1 / \sum_i w_i^2 .

    Quantiles are interpolated between these places, and never lie beyond the outermost draws.

    Parameters
    ----------
    values : shape (n_draws, n_quantities)
    log_weights : shape (n_draws,)
        Logarithms of weights up to a constant, such as the log-probability of the evidence.
    interval
        Probability within, in (0, 1).

    Notes
    -----
    With equal weights this is :math:`i / (n + 1)`, the place at which a new draw falls below the
    i-th with just this probability: the interval allows for the few draws that it is made of.

    References
    ----------
    Hyndman, R. J. & Fan, Y. (1996). Sample quantiles in statistical packages. Am. Stat. 50,
    361-365 (definition 6).

    Examples
    --------
    >>> values = np.arange(1.0, 40.0)[:, None]
    >>> found = weighted_intervals(values, np.zeros(39), 0.95)
    >>> found.low, found.high, round(found.effective_sample_size)
    (array([1.]), array([39.]), 39)
    """
    weights = np.exp(log_weights - log_weights.max())
    weights = weights / weights.sum()
    size = float(1.0 / np.sum(weights**2))
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    own = weights[order]
    place = (size * (np.cumsum(own, axis=0) - own / 2) + 0.5) / (size + 1)
    tail = (1 - interval) / 2
    return WeightedIntervals(
        low=_at(tail, place, ordered, own),
        high=_at(1 - tail, place, ordered, own),
        mean=weights @ values,
        effective_sample_size=size,
    )


def _at(quantile: float, place: FloatArray, ordered: FloatArray, own: FloatArray) -> FloatArray:
    """Value at a quantile of each column; draws of weight 0 are no draws."""
    counts = own > 0
    return np.array(
        [
            np.interp(quantile, place[keep, column], ordered[keep, column])
            for column, keep in enumerate(counts.T)
        ]
    )
