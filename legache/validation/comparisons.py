"""How far is the network from figures that set none of its numbers?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError, LegacheError
from legache.knowledge.records import Claim, HeldBack
from legache.knowledge.supplements import claims_of, held_back_of
from legache.validation.quantities import conditional_probability

NOT_COMPARABLE = "NOT COMPARABLE"
_RATIOS = frozenset({"lr_positive", "lr_negative", "relative_risk", "hazard_ratio"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published figure beside what the network says.

    Attributes
    ----------
    published, model
        Probabilities, or ratios.
    difference
        Model less published: in log odds of probabilities, in logarithms of ratios.
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
        A row names an unknown claim, or events that cannot be read; with file and line.
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
            found.append(_compared(replace(model, setting=row.setting), claims[row.claim], row))
        except LegacheError as error:
            message = f"{row.place}: {error}"
            raise EvidenceError(message) from error
    return tuple(found)


def _compared(model: DiagnosticModel, claim: Claim, row: HeldBack) -> Comparison:
    said = _quantity(model, claim, row)
    is_ratio = claim.measure in {*_RATIOS, "odds_ratio"}
    scale = math.log if is_ratio else _log_odds
    inside = None
    if claim.low is not None and claim.high is not None:
        inside = claim.low <= said <= claim.high
    return Comparison(
        claim, row, claim.value, said, scale(said) - scale(_inner(claim, is_ratio)), inside
    )


def _quantity(model: DiagnosticModel, claim: Claim, row: HeldBack) -> float:
    p = conditional_probability(model, row.target, row.given)
    if claim.measure not in {*_RATIOS, "odds_ratio"}:
        return p
    if row.against is None:
        message = f"against: {claim.measure} of {claim.id} needs the other condition"
        raise EvidenceError(message)
    other = conditional_probability(model, row.target, row.against)
    return math.exp(_log_odds(p) - _log_odds(other)) if claim.measure == "odds_ratio" else p / other


def _log_odds(p: float) -> float:
    return math.log(p) - math.log1p(-p)


def _inner(claim: Claim, is_ratio: bool) -> float:  # noqa: FBT001 - one of two scales
    """Published figure; a proportion of 0 or 1 moved inside by half a case."""
    if is_ratio or 0 < claim.value < 1:
        return claim.value
    n = claim.denominator or 100.0
    return (claim.value * n + 0.5) / (n + 1)
