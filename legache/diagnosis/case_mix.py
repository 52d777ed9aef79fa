"""How often must each cause make its bearers come, for a clinic to see the mix that it sees?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from legache.diagnosis.evidence import ABSENT
from legache.diagnosis.model import DiagnosticModel
from legache.errors import PopulationError
from legache.inference.draws import posterior_draws
from legache.inference.flat import flat_network
from legache.knowledge.checks import UNLISTED
from legache.network.structure import NoisyMaxNetwork

# a clinic need not see more than half of all bearers in a week for its mix to be what it is
_LARGEST_LINK = 0.5
_N_STEPS = 200
_SHARE_TOLERANCE = 1e-9  # shares that are meant to sum to 1 do so up to rounding
_ROUNDING = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Before:
    """What a case mix starts from.

    Attributes
    ----------
    rates
        P(responsible) of each cause, and of *unlisted*.
    present
        P(present) of each cause.
    """

    network: NoisyMaxNetwork
    complaint: str
    rates: Mapping[str, float]
    present: Mapping[str, float]

    def p_complaint(self, changed: Mapping[str, float]) -> float:
        """Probability of the complaint if some are responsible at other rates."""
        rates = {**self.rates, **changed}
        responsible = [
            min(rates[cause.id] / self.present[cause.id], 1.0) if rates[cause.id] else 0.0
            for cause in self.network.causes
        ]
        # as a draw of the same network, it needs no plan of its own
        flat = flat_network(self.network)
        numbers = {column: values[None] for column, values in flat.numbers.items()}
        numbers["responsible"] = np.array([responsible])
        numbers["unlisted"] = np.array([[rates[UNLISTED]]])
        absent = posterior_draws(self.network, numbers, {self.complaint: ABSENT}).log_evidence[0]
        return 0.0 - math.expm1(float(absent))

    def most(self, cause: str) -> float:
        """Rate of a cause of which every bearer comes."""
        return self.present.get(cause, 1.0)


def rates_of_mix(
    model: DiagnosticModel, present: Mapping[str, float], shares: Mapping[str, float]
) -> dict[str, float]:
    """P(responsible) of every cause, and the rate of *unlisted*, that give a case mix.

    Parameters
    ----------
    model
    present
        P(present) of each cause.
    shares
        P(responsible | complaint) of some causes, or of `unlisted`.

    Raises
    ------
    PopulationError
        No network has this mix; names the cause.
    """
    network = model.network
    rates = {cause.id: cause.responsible * present[cause.id] for cause in network.causes}
    rates[UNLISTED] = network.unlisted
    for cause, share in shares.items():
        if share > 0 and present.get(cause, 1.0) == 0:
            message = f"{cause}: nobody has it, so that it cannot be responsible in {share:.3g}"
            raise PopulationError(message)
    others = {cause: rate for cause, rate in rates.items() if cause not in shares and rate > 0}
    before = _Before(network=network, complaint=model.complaint, rates=rates, present=present)
    if others:
        return _with_others_scaled(before, shares, others)
    return _of_complete_mix(before, shares)


def _with_others_scaled(
    before: _Before,
    shares: Mapping[str, float],
    others: Mapping[str, float],
) -> dict[str, float]:
    """Keep the rate of the complaint, or lower it, and scale the causes that were not named."""
    total = before.p_complaint({})
    stretched = {
        cause: max(before.rates[cause], _LARGEST_LINK * before.most(cause)) / share
        for cause, share in shares.items()
        if share > 0 and cause != UNLISTED
    }
    total = min([total, *stretched.values()])

    def changed(total: float, factor: float) -> dict[str, float]:
        named = {cause: share * total for cause, share in shares.items()}
        return named | {cause: rate * factor for cause, rate in others.items()}

    def excess(total: float, factor: float) -> float:
        return before.p_complaint(changed(total, factor)) / total - 1

    if excess(total, 0.0) > 0:
        largest = max(shares, key=lambda cause: (shares[cause], cause))
        message = (
            f"{largest} and the others sum to {math.fsum(shares.values()):.4g}, more than two "
            f"causes in one patient explain; lower the shares, or name every cause"
        )
        raise PopulationError(message)
    # nor may a cause that was not named take more than half of its bearers who do not come yet
    factor = min((before.most(cause) / rate + 1) / 2 for cause, rate in others.items())
    if excess(total, factor) < 0:
        least = total / 2
        while excess(least, factor) < 0:
            least /= 2
        total = _root(lambda total: excess(total, factor), least, total)
    else:
        factor = _root(lambda factor: excess(total, factor), 0.0, factor)
    return {**before.rates, **changed(total, factor)}


def _of_complete_mix(
    before: _Before,
    shares: Mapping[str, float],
) -> dict[str, float]:
    """Rate of the complaint at which as many patients have two causes as the shares exceed 1."""
    beyond = math.fsum([*shares.values(), -1.0])
    if beyond <= _SHARE_TOLERANCE:
        message = (
            f"the shares of {', '.join(sorted(shares)[:3])}, ... sum to {1 + beyond:.6g}; if every "
            f"cause is named they exceed 1, as two may be responsible: leave one out, such as "
            f"{UNLISTED}, to take the rest"
        )
        raise PopulationError(message)

    def excess(total: float) -> float:
        named = {cause: share * total for cause, share in shares.items()}
        return before.p_complaint(named) / total - 1

    bounds = {c: before.most(c) / share for c, share in shares.items() if share > 0}
    tightest = min(bounds, key=lambda cause: (bounds[cause], cause))
    if excess(bounds[tightest]) > 0:
        message = (
            f"{tightest}: not even all its bearers are enough for the shares to sum to "
            f"{1 + beyond:.4g}; lower its share"
        )
        raise PopulationError(message)
    total = _root(excess, 0.0, bounds[tightest], at_low=beyond)
    return {cause: shares.get(cause, 0.0) * total for cause in before.rates}


def _root(
    excess: Callable[[float], float], low: float, high: float, at_low: float | None = None
) -> float:
    """Zero of a monotone function: false position, with the retained end halved.

    References
    ----------
    Dowell, M. & Jarratt, P. (1971). A modified regula falsi method for computing the root of an
    equation. BIT 11, 168-174 (the Illinois algorithm).
    """
    left = excess(low) if at_low is None else at_low
    right = excess(high)
    for _ in range(_N_STEPS):
        if right in {0.0, left}:
            return high
        middle = high - right * (high - low) / (right - left)
        if middle in {low, high}:
            return middle
        found = excess(middle)
        if abs(found) <= _ROUNDING:
            return middle
        if (found > 0) != (right > 0):
            low, left = high, right
        else:
            left /= 2
        high, right = middle, found
    return high
