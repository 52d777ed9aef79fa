"""How does a posterior change with one number of the network?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from legache.errors import NetworkError
from legache.network.structure import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Hyperbolas:
    r"""Posterior as a function of one number: a hyperbola between two knots.

    The probabilities of the evidence, and of the evidence with the cause, are linear in a
    probability of one contributor to one node, so that their ratio is

    .. math:: P(c \mid e) = (a + b x) / (c + d x) .

    Attributes
    ----------
    knots : tuple
        Where one hyperbola ends and the next begins, ascending; the outermost bound the domain.
    joint, evidence : tuple
        P(cause, evidence) and P(evidence) at the knots, relative to P(evidence) as it is.

    References
    ----------
    Castillo, E., Gutierrez, J. M. & Hadi, A. S. (1997). Sensitivity analysis in discrete Bayesian
    networks. IEEE Trans. Syst. Man Cybern. A 27, 412-423.

    Coupe, V. M. H. & van der Gaag, L. C. (2002). Properties of sensitivity analysis of Bayesian
    belief networks. Ann. Math. Artif. Intell. 36, 323-356.

    Examples
    --------
    >>> curve = Hyperbolas((0.0, 1.0), (0.0, 1.0), (1.0, 2.0))
    >>> curve(0.5).round(4), curve.coefficients
    (np.float64(0.3333), ((0.0, 1.0, 1.0, 1.0),))
    """

    knots: tuple[float, ...]
    joint: tuple[float, ...]
    evidence: tuple[float, ...]

    @property
    def coefficients(self) -> tuple[tuple[float, float, float, float], ...]:
        """Of each hyperbola, the a, b, c and d of (a + b x) / (c + d x)."""
        points = zip(self.knots, self.joint, self.evidence, strict=True)
        found = []
        for (x0, n0, d0), (x1, n1, d1) in pairwise(points):
            b, d = (n1 - n0) / (x1 - x0), (d1 - d0) / (x1 - x0)
            found.append((n0 - b * x0, b, d0 - d * x0, d))
        return tuple(found)

    def __call__(self, values: FloatArray | float) -> FloatArray:
        """Posterior at given values of the number.

        Raises
        ------
        NetworkError
            A value outside the domain, or one at which the evidence is impossible.
        """
        x = np.asarray(values, dtype=np.float64)
        if not ((x >= self.knots[0]) & (x <= self.knots[-1])).all():
            message = f"value out of range; expected {self.knots[0]:g} to {self.knots[-1]:g}"
            raise NetworkError(message)
        joint, evidence = (np.interp(x, self.knots, v) for v in (self.joint, self.evidence))
        if not (evidence > 0).all():
            message = "the evidence is impossible at this value; choose another"
            raise NetworkError(message)
        return np.asarray(np.minimum(joint / evidence, 1.0))[()]


def first_crossing(points: FloatArray, margins: FloatArray) -> tuple[float, int] | None:
    """Where the first of several broken lines rises above zero, and which one.

    Parameters
    ----------
    points : shape (n_points,)
        Where the lines may bend, in the order in which they are walked along.
    margins : shape (n_points, n_lines)
        Heights there; none is above zero at the first point.

    Returns
    -------
    The place at which it is zero, and the line; none if all stay at or below zero.

    Examples
    --------
    >>> first_crossing(np.array([0.0, 1.0]), np.array([[-1.0, -1.0], [-2.0, 3.0]]))
    (0.25, 1)
    """
    above = np.flatnonzero((margins > 0).any(axis=1))
    if not above.size or above[0] == 0:
        return None
    start, end = margins[above[0] - 1], margins[above[0]]
    shares = np.full(start.size, np.inf)
    rises = end > 0
    shares[rises] = start[rises] / (start[rises] - end[rises])
    line = int(shares.argmin())
    left, right = points[above[0] - 1], points[above[0]]
    return float(left + shares[line] * (right - left)), line
