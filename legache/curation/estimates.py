"""What does a published claim say of a number, and how sure is it?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from legache.errors import KnowledgeError
from legache.knowledge.records import Claim
from legache.network.structure import FloatArray
from legache.optional import imported

Scale = Literal["logit", "log"]
_Z = 1.959963984540054  # 97.5 % of the standard normal distribution
_UNSTATED = math.log(2) / _Z
_PROPORTIONS = frozenset(
    {
        "prevalence",
        "sensitivity",
        "specificity",
        "false_positive_rate",
        "case_mix",
        "share_consulting",
    }
)
_COUNTED_RATES = frozenset({"incidence_per_1000_py", "consultation_incidence_per_1000_py"})


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with a normal distribution on its natural scale.

    Attributes
    ----------
    value
        On the published scale: a proportion, a ratio, a rate or a length of time.
    scale
        ``logit`` for proportions, ``log`` for the rest.
    error
        Standard error on that scale.
    """

    value: float
    scale: Scale
    error: float

    @property
    def transformed(self) -> float:
        """The value on its natural scale."""
        return _transformed(self.value, self.scale)

    @classmethod
    def of(cls, transformed: float, scale: Scale, error: float) -> Estimate:
        """Make an estimate from its value on the natural scale."""
        return cls(float(_back(np.float64(transformed), scale)), scale, error)

    def quantiles(self, normal: FloatArray) -> FloatArray:
        """Values at quantiles of the standard normal distribution."""
        return _back(self.transformed + self.error * normal, self.scale)

    @property
    def interval(self) -> tuple[float, float]:
        """Limits of the 95 % interval on the published scale."""
        low, high = self.quantiles(np.array([-_Z, _Z])).tolist()
        return low, high


def estimate(claim: Claim) -> Estimate:
    """Value and standard error of a claim.

    Parameters
    ----------
    claim
        With a published interval, or with counts, or with neither.

    Returns
    -------
    Estimate
        The error is half the published interval over 1.96, on the log-odds scale for proportions
        and on the log scale for the rest; else that of the Wilson interval (1927) of the counts,
        or of a Poisson count; else an interval from half to twice the odds, or the value.

    Raises
    ------
    KnowledgeError
        A proportion above 1, one of 0 or 1 without a sample size, or another number of 0.
    """
    scale: Scale = "logit" if is_proportion(claim) else "log"
    value = _inner(claim) if scale == "logit" else claim.value
    if value <= 0 or (scale == "logit" and value >= 1):
        message = (
            f"{claim.place}: value: {claim.value:g} of {claim.id}; expected {_expected(claim)}"
        )
        raise KnowledgeError(message)
    if claim.low is not None and claim.high is not None:
        return Estimate(value, scale, _error_of_interval(claim.low, value, claim.high, scale))
    if scale == "logit" and claim.denominator is not None:
        low, high = _wilson(claim)
        return Estimate(value, scale, _error_of_interval(low, value, high, scale))
    if claim.measure in _COUNTED_RATES and claim.numerator:
        return Estimate(value, scale, 1 / math.sqrt(claim.numerator))
    return Estimate(value, scale, _UNSTATED)


def _expected(claim: Claim) -> str:
    if not is_proportion(claim):
        return f"a {claim.measure} above 0"
    if claim.value > 1:
        return "a proportion of at most 1"
    return "a sample size beside a proportion of 0 or 1"


def is_proportion(claim: Claim) -> bool:
    """Tell whether a claim is a share of people, and not a ratio, a rate or a length of time."""
    return claim.measure in _PROPORTIONS


def published_interval(claim: Claim) -> tuple[float, float]:
    """Limits as published; else those that `estimate` derives."""
    if claim.low is not None and claim.high is not None:
        return claim.low, claim.high
    if is_proportion(claim) and claim.denominator is not None:
        return _wilson(claim)
    return estimate(claim).interval


def _back(number: FloatArray | np.float64, scale: Scale) -> FloatArray:
    """Undo the transformation to a natural scale."""
    with np.errstate(over="ignore"):  # exp of a large number is infinity: the value is 0
        return np.asarray(np.exp(number) if scale == "log" else 1 / (1 + np.exp(-number)))


def _transformed(value: float, scale: Scale) -> float:
    return math.log(value) if scale == "log" else math.log(value / (1 - value))


def _inner(claim: Claim) -> float:
    """Proportion of a claim, moved inside (0, 1) by half a case where none or all have it."""
    if claim.denominator is None or claim.value not in {0, 1}:
        return claim.value
    return (claim.value * claim.denominator + 0.5) / (claim.denominator + 1)


def _error_of_interval(low: float, value: float, high: float, scale: Scale) -> float:
    """Half the width over 1.96; of the inner half alone where the other end has no logarithm."""
    ends = [
        abs(_transformed(end, scale) - _transformed(value, scale))
        for end in (low, high)
        if end > 0 and (scale == "log" or end < 1)
    ]
    return sum(ends) / len(ends) / _Z if ends else _UNSTATED


def _wilson(claim: Claim) -> tuple[float, float]:
    proportion = imported("statsmodels.stats.proportion", "statsmodels")
    n = float(claim.denominator or 0)
    count = claim.numerator if claim.numerator is not None else claim.value * n
    if count > n:
        message = f"{claim.place}: numerator: {count:g} of {n:g}; expected a part of them"
        raise KnowledgeError(message)
    low, high = proportion.proportion_confint(count, n, method="wilson")
    return float(low), float(high)
