"""How far is the network from figures that set none of its numbers?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from legache.curation.estimates import is_proportion
from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError, LegacheError, did_you_mean, nearest
from legache.knowledge.records import Claim, HeldBack
from legache.knowledge.supplements import claims_of, held_back_of
from legache.validation.quantities import conditional_probability, log_odds

NOT_COMPARABLE = "NOT COMPARABLE"
_RATIOS = frozenset({"lr_positive", "lr_negative", "relative_risk", "hazard_ratio", "odds_ratio"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published figure beside what the network says.

    Attributes
    ----------
    published, model
        Probabilities, or ratios.
    difference
        Model less published: in log odds of probabilities, in logarithms of ratios; infinite
        where the network says 0 or 1.
    is_inside
        Whether the network's figure lies in the published interval; None without one.
    """

    claim: Claim
    row: HeldBack
    published: float
    model: float
    difference: float
    is_inside: bool | None


def comparisons(model: DiagnosticModel) -> tuple[Comparison, ...]:
    """Compare every claim that was held back and that the network can express, by id.

    Raises
    ------
    LegacheError
        A row names an unknown claim or setting, events that cannot be read, or a claim that is
        neither a proportion nor a ratio; with file and line.
    """
    claims = claims_of(model.knowledge)
    found = []
    for row in held_back_of(model.knowledge):
        if row.note.startswith(NOT_COMPARABLE):
            continue
        if row.claim not in claims:
            message = f"{row.place}: claim: unknown claim {row.claim!r}; add it to claims.csv"
            raise EvidenceError(message)
        try:
            found.append(_compared(_in_setting(model, row), claims[row.claim], row))
        except LegacheError as error:
            message = f"{row.place}: {error}"
            raise EvidenceError(message) from error
    return tuple(found)


def _compared(model: DiagnosticModel, claim: Claim, row: HeldBack) -> Comparison:
    if claim.measure not in _RATIOS and not is_proportion(claim):
        message = f"{claim.id} is of {claim.measure}; begin the note with {NOT_COMPARABLE!r}"
        raise EvidenceError(message)
    said = _quantity(model, claim, row)
    scale = _log if claim.measure in _RATIOS else log_odds
    published = _inner(claim)
    difference = 0.0 if said == published else scale(said) - scale(published)
    inside = None
    if claim.low is not None and claim.high is not None:
        inside = claim.low <= said <= claim.high
    return Comparison(claim, row, claim.value, said, difference, inside)


def _in_setting(model: DiagnosticModel, row: HeldBack) -> DiagnosticModel:
    if row.setting not in model.networks:
        hint = did_you_mean(
            nearest(row.setting, model.networks), f"expected {', '.join(model.networks)}"
        )
        message = f"setting: unknown setting {row.setting!r}{hint}"
        raise EvidenceError(message)
    return replace(model, setting=row.setting)


def _quantity(model: DiagnosticModel, claim: Claim, row: HeldBack) -> float:
    p = conditional_probability(model, row.target, row.given)
    if claim.measure not in _RATIOS:
        return p
    if row.against is None:
        message = f"against: {claim.measure} of {claim.id} needs the other condition"
        raise EvidenceError(message)
    other = conditional_probability(model, row.target, row.against)
    is_odds = claim.measure == "odds_ratio"
    if other == 0 or (is_odds and other == 1):
        message = f"against: {row.target} has probability {other:g} there; no ratio follows"
        raise EvidenceError(message)
    return _odds(p) / _odds(other) if is_odds else p / other


def _odds(p: float) -> float:
    return p / (1 - p) if p < 1 else math.inf


def _log(ratio: float) -> float:
    return math.log(ratio) if ratio else -math.inf


def _inner(claim: Claim) -> float:
    """Published figure; a proportion of 0 or 1 moved inside by half a case."""
    if claim.measure in _RATIOS or 0 < claim.value < 1:
        return claim.value
    n = claim.denominator or 100.0
    return (claim.value * n + 0.5) / (n + 1)
