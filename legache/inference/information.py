"""How much would an answer tell about each cause?"""

from __future__ import annotations

import numpy as np

from legache.inference.branches import Branches
from legache.network.structure import FloatArray

_ROUNDING = 1e-12  # bits; a probability is known to 1e-15, and there are few answers


def information(found: Branches) -> FloatArray:
    r"""Mutual information of each question's answer and of each cause being responsible.

    With :math:`p_c` the probability that cause :math:`c` is responsible, and :math:`p_{c|a}`
    that after answer :math:`a`:

    .. math::
        I(A; R_c) = \sum_a P(a) \left[ p_{c|a} \log_2 \frac{p_{c|a}}{p_c}
            + (1 - p_{c|a}) \log_2 \frac{1 - p_{c|a}}{1 - p_c} \right]

    Parameters
    ----------
    found
        What each answer would mean.

    Returns
    -------
    shape (n_questions, n_causes)
        Bits, at least 0.

    Notes
    -----
    :math:`p_c` is taken as the mean of :math:`p_{c|a}` over the answers, so that the sum is a
    mean of divergences, which are never negative but for rounding.  Anything within 1e-12 bits
    of 0 is rounding, and is 0: so is a question that has nothing to do with the cause.

    References
    ----------
    Lindley, D. V. (1956). On a measure of the information provided by an experiment.
    Ann. Math. Statist. 27, 986-1005.

    Examples
    --------
    An answer that settles an even chance is worth one bit, another is worth nothing:

    >>> import numpy as np
    >>> after = np.array([[0.0, 0.5], [1.0, 0.5]])
    >>> found = Branches(question=np.array([0, 0]), states=((0,), (1,)),
    ...     probability=np.array([0.5, 0.5]), present=after, responsible=after)
    >>> information(found)
    array([[1., 0.]])
    """
    after, weight = found.responsible, found.probability[:, None]
    before = expected(found)[found.question] if found.question.size else after
    divergence = _log_ratio(after, before) + _log_ratio(1 - after, 1 - before)
    bits = _summed(weight * divergence, found)
    return np.where(np.abs(bits) < _ROUNDING, 0.0, bits)


def expected(found: Branches) -> FloatArray:
    """Mean over the answers of P(responsible), for each question and cause."""
    return _summed(found.probability[:, None] * found.responsible, found)


def _summed(rows: FloatArray, found: Branches) -> FloatArray:
    """Sum over the answers of each question."""
    starts = np.flatnonzero(np.diff(found.question, prepend=-1))
    if not starts.size:
        return np.zeros((0, rows.shape[1]))
    return np.asarray(np.add.reduceat(rows, starts, axis=0))


def _log_ratio(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return p log2(p / q), and 0 where p is 0."""
    is_possible = (p > 0) & (q > 0)
    ratio = np.divide(p, q, out=np.ones_like(p), where=is_possible)
    return np.asarray(np.where(is_possible, p * np.log2(ratio), 0.0))
