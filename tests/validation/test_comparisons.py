"""Is each published figure compared with the right quantity, and on the right scale?"""

from __future__ import annotations

import math
from typing import Any

import pytest

from legache.curation.recompute import recomputed
from legache.errors import EvidenceError
from legache.knowledge.records import HeldBack
from legache.validation.comparisons import NOT_COMPARABLE, Comparison, comparisons
from legache.validation.quantities import conditional_probability
from tests.curation.folders import (
    Contents,
    curated,
    edited,
    knowledge_of,
    line_of,
    model_of,
    with_rows,
)

HELD = line_of(curated(), "claims.csv", id="held")
ROW = {"claim": "held", "setting": "primary_care"}


def _contents(claim: dict[str, str], row: dict[str, str]) -> Contents:
    cells = {"low": "", "high": "", **claim}
    contents = edited(curated(), "claims.csv", HELD, **cells)
    return with_rows(contents, HeldBack, [{**ROW, **row}])


def _compared(claim: dict[str, str], row: dict[str, str]) -> Comparison:
    (found,) = comparisons(model_of(_contents(claim, row)))
    return found


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


SWELLING = {"target": "swelling=present", "given": "vein_clot=responsible"}


def test_a_proportion_is_compared_in_log_odds() -> None:
    model = model_of(curated())
    (found,) = comparisons(model)
    p = conditional_probability(model, "swelling=present", "vein_clot=responsible")
    assert (found.published, found.model, found.claim.id) == (0.65, p, "held")
    assert found.difference == pytest.approx(_logit(p) - _logit(0.65), rel=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "inside"),
    [("0.5", "0.8", True), ("0.5", "0.66", False), ("0.5", "", None), ("", "", None)],
)
def test_an_interval_holds_the_network_or_not(low: str, high: str, inside: bool | None) -> None:
    assert _compared({"low": low, "high": high}, SWELLING).is_inside is inside


@pytest.mark.parametrize("measure", ["relative_risk", "hazard_ratio", "lr_positive", "lr_negative"])
def test_a_ratio_of_probabilities_is_compared_in_logarithms(measure: str) -> None:
    row = {**SWELLING, "against": "narrow_artery=responsible"}
    model = model_of(curated())
    p, other = (
        conditional_probability(model, "swelling=present", f"{cause}=responsible")
        for cause in ("vein_clot", "narrow_artery")
    )
    found = _compared({"measure": measure, "value": "5"}, row)
    assert found.model == pytest.approx(p / other, rel=1e-12)
    assert found.difference == pytest.approx(math.log(p / other / 5), rel=1e-9)


def test_an_odds_ratio_is_one_of_odds() -> None:
    row = {"target": "narrow_artery=present", "given": "smoking=present;sex=male;age_band=60_plus",
           "against": "smoking=absent;sex=male;age_band=60_plus"}  # fmt: skip
    found = _compared({"measure": "odds_ratio", "value": "3"}, row)
    assert found.model == pytest.approx(3, rel=1e-9)
    assert found.difference == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("value", "moved"), [("0", 0.5 / 101), ("1", 100.5 / 101)])
def test_none_or_all_is_moved_inside_by_half_a_case(value: str, moved: float) -> None:
    found = _compared({"value": value}, SWELLING)
    assert found.published == float(value)
    assert found.difference == pytest.approx(_logit(found.model) - _logit(moved), rel=1e-9)


@pytest.mark.parametrize(
    ("target", "difference"),
    [("vein_clot=absent", -math.inf), ("vein_clot=present", math.inf)],
)
def test_a_certainty_of_the_network_is_infinitely_far(target: str, difference: float) -> None:
    found = _compared({}, {"target": target, "given": "vein_clot=responsible"})
    assert found.difference == difference


def test_a_row_that_is_not_comparable_is_skipped_whatever_it_says() -> None:
    row = {"target": "???", "given": "", "note": f"{NOT_COMPARABLE}: of children"}
    assert comparisons(model_of(_contents({"measure": "duration_days"}, row))) == ()
    later = {**SWELLING, "note": f"perhaps {NOT_COMPARABLE}"}
    assert _compared({}, later).row.note == later["note"]


def test_each_row_has_its_setting() -> None:
    row = {"target": "vein_clot=responsible", "given": "vein_clot=present", "setting": "survey"}
    assert _compared({}, row).model == pytest.approx(0.6, rel=1e-9)


@pytest.mark.parametrize(
    ("claim", "row", "said"),
    [
        ({}, {"claim": "helt"}, "claim: unknown claim 'helt'; add it to claims.csv"),
        ({}, {"setting": "survei"}, "setting: unknown setting 'survei'; did you mean 'survey'"),
        ({}, {"target": "sweling=present"}, "'sweling=present': unknown node"),
        ({}, {"given": "vein_clot=responsible;leg_ache=absent"}, "impossible evidence: 'leg_ache' and 'vein_clot'"),
        ({"measure": "relative_risk"}, {}, "against: relative_risk of held needs the other condition"),
        ({"measure": "odds_ratio"}, {"against": "swelling=absent"}, "against: swelling=present has probability 0 there"),
        ({"measure": "odds_ratio"}, {"against": "swelling=present"}, "against: swelling=present has probability 1 there"),
        ({"measure": "duration_days", "value": "30"}, {}, "held is of duration_days; begin the note with 'NOT COMPARABLE'"),
        ({"measure": "incidence_per_1000_py"}, {}, "held is of incidence_per_1000_py"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_compared_is_told_with_its_line(
    claim: dict[str, str], row: dict[str, Any], said: str
) -> None:
    model = model_of(_contents(claim, {**SWELLING, **row}))
    with pytest.raises(EvidenceError, match=rf"^held_back.csv:2: {said}"):
        comparisons(model)


def test_a_ratio_of_zero_is_infinitely_far() -> None:
    row = {"target": "vein_clot=absent", "given": "vein_clot=responsible", "against": "sex=male"}
    found = _compared({"measure": "relative_risk", "value": "2"}, row)
    assert (found.model, found.difference) == (0, -math.inf)
    assert _compared({"measure": "relative_risk", "value": "0"}, row).difference == 0


def test_a_folder_without_held_back_claims_has_nothing_to_compare() -> None:
    contents = with_rows(curated(), HeldBack, [])
    assert comparisons(model_of(recomputed(knowledge_of(contents), contents))) == ()
