"""What is left when a paper was never written, and does it fit together?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from legache.curation.derivation import derived
from legache.curation.expressions import named_claims
from legache.curation.leave_out import without
from legache.curation.recompute import figures_of, recomputed, scale_of
from legache.diagnosis.model import diagnostic_model
from legache.errors import KnowledgeError
from legache.knowledge.checks import problems_across_tables
from legache.knowledge.figures import key_of
from legache.knowledge.records import Figure, Knowledge
from legache.knowledge.supplements import claims_of, held_back_of
from legache.validation.quantities import conditional_probability
from tests.curation.folders import (
    CLAIMS,
    Contents,
    claim,
    curated,
    edited,
    knowledge_of,
    with_claim,
    without_fit,
)

SOURCES = ["alpha2001", "beta2010", "gamma2020"]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return knowledge_of(curated())


def _row(knowledge: Knowledge, file: str, key: str) -> Figure:
    (row,) = (row for row in figures_of(knowledge) if (row.FILE, key_of(row)) == (file, key))
    return row


def _keys(rows: Sequence[Figure]) -> list[str]:
    return [key_of(row) for row in rows]


def _derived_from(derivation: str, line: int = 4) -> Contents:
    contents = edited(
        curated(), "links.csv", line, derivation=derivation, claims="", sources="beta2010"
    )
    contents = edited(contents, "links.csv", line, sources="gamma2020")
    return recomputed(knowledge_of(contents), contents)


def test_what_was_pooled_is_pooled_from_the_rest(knowledge: Knowledge) -> None:
    reduced = without(knowledge, "alpha2001")
    row = _row(reduced.knowledge, "links.csv", "narrow_artery/weak_pulse/present")
    one = claims_of(knowledge)["se2"]
    expected = derived("se2", {"se2": one}, "logit")
    assert (row.value, row.low, row.high) == (expected.value, expected.low, expected.high)
    assert (row.derivation, row.grade, row.claims) == ("se2", "study", ("se2",))
    assert row.sources == ("beta2010",)
    assert "narrow_artery/weak_pulse/present" in _keys(reduced.recomputed)


def test_a_pool_inside_an_expression_is_pooled_from_the_rest() -> None:
    knowledge = knowledge_of(_derived_from("complement(pool(se1, se2))"))
    reduced = without(knowledge, "beta2010")
    row = _row(reduced.knowledge, "links.csv", "narrow_artery/weak_pulse/present")
    assert row.derivation == "complement(se1)"
    assert row.value == pytest.approx(0.3)


def test_a_risk_factor_of_one_source_has_an_odds_ratio_of_1(knowledge: Knowledge) -> None:
    reduced = without(knowledge, "alpha2001")
    row = _row(reduced.knowledge, "risk_factors.csv", "smoking/narrow_artery")
    assert (row.value, row.low, row.high) == (1, 1, 1)
    assert (row.derivation, row.grade, row.claims) == (None, "elicited", ())
    assert "smoking/narrow_artery" in _keys(reduced.neutral)


def test_a_test_of_one_source_tells_nothing_of_its_cause() -> None:
    knowledge = knowledge_of(_derived_from("se1"))
    contents = edited(_derived_from("se1"), "links.csv", 4, sources="alpha2001")
    model = diagnostic_model(without(knowledge_of(contents), "alpha2001").knowledge)
    said = [
        conditional_probability(model, "weak_pulse=present", f"narrow_artery={state}")
        for state in ("present", "absent")
    ]
    assert said[0] == pytest.approx(said[1], rel=1e-12)
    before = conditional_probability(
        diagnostic_model(knowledge), "weak_pulse=present", "narrow_artery=present"
    )
    assert before > 3 * said[0]


def test_a_finding_of_the_complaint_is_then_as_common_as_with_unlisted_causes(
    knowledge: Knowledge,
) -> None:
    reduced = without(knowledge, "alpha2001")
    network = diagnostic_model(reduced.knowledge).network
    (finding,) = (finding for finding in network.findings if finding.id == "pain_severity")
    for strengths in finding.strengths:
        np.testing.assert_allclose(strengths, finding.unlisted, rtol=1e-12)


def test_a_link_that_loses_one_state_loses_all() -> None:
    contents = edited(curated(), "links.csv", 2, sources="beta2010")
    reduced = without(knowledge_of(contents), "alpha2001")
    assert {"narrow_artery/pain_severity/mild", "narrow_artery/pain_severity/severe"} <= set(
        _keys(reduced.neutral)
    )


def test_a_neutral_link_follows_a_background_that_changes_too() -> None:
    contents = edited(curated(), "claims.csv", 10, source="beta2010")
    contents = with_claim(
        contents, claim("bg", "prevalence", 0.3, low=0.2, high=0.4, source="gamma2020")
    )
    contents = edited(contents, "background.csv", 9, derivation="pool(seen, bg)", claims="")
    contents = recomputed(knowledge_of(contents), contents)
    reduced = without(knowledge_of(contents), "beta2010").knowledge
    background = _row(reduced, "background.csv", "swelling/present/unlisted")
    link = _row(reduced, "links.csv", "vein_clot/swelling/present")
    assert background.value == 0.3
    assert link.value == 0.3


def test_what_the_network_cannot_do_without_is_kept(knowledge: Knowledge) -> None:
    reduced = without(knowledge, "gamma2020")
    key = "vein_clot/18_59/female"
    before, after = (_row(one, "prevalence.csv", key) for one in (knowledge, reduced.knowledge))
    assert after.value == before.value
    assert (after.grade, after.derivation, after.claims) == ("elicited", None, ())
    assert getattr(after, "incidence_per_1000_py") is None  # noqa: B009 - of one kind of figure
    assert key in _keys(reduced.kept)


def test_a_source_beside_others_is_taken_off_a_judged_number(knowledge: Knowledge) -> None:
    before = _row(knowledge, "links.csv", "vein_clot/d_dimer_raised/present")
    after = _row(
        without(knowledge, "alpha2001").knowledge, "links.csv", "vein_clot/d_dimer_raised/present"
    )
    assert after == dataclasses.replace(before, sources=("beta2010",))


def test_claims_count_even_where_the_row_forgets_their_source() -> None:
    contents = edited(curated(), "links.csv", 4, sources="gamma2020")
    reduced = without(knowledge_of(contents), "alpha2001")
    row = _row(reduced.knowledge, "links.csv", "narrow_artery/weak_pulse/present")
    assert row.derivation == "se2"


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_left_fits_together(knowledge: Knowledge, source: str) -> None:
    reduced = without(knowledge, source).knowledge
    claims = claims_of(reduced)
    assert problems_across_tables(reduced) == []
    assert all(one.source != source for one in claims.values())
    assert {row.claim for row in held_back_of(reduced)} <= claims.keys()
    for row in figures_of(reduced):
        assert set(row.sources) <= reduced.source_keys
        assert set(row.claims) <= claims.keys()
        if row.derivation:
            assert set(named_claims(row.derivation)) <= claims.keys()
            again = derived(row.derivation, claims, scale_of(row))
            assert (row.value, row.low, row.high) == (again.value, again.low, again.high)
            assert row.grade == again.grade


def test_a_source_that_nothing_cites_any_more_is_gone(knowledge: Knowledge) -> None:
    contents = edited(curated(), "prevalence.csv", 16, sources="gamma2020;beta2010")
    assert "gamma2020" in without(knowledge, "gamma2020").knowledge.source_keys
    assert "gamma2020" not in without(knowledge_of(contents), "gamma2020").knowledge.source_keys


def test_its_checksum_and_its_version_are_others(knowledge: Knowledge) -> None:
    found = [without(knowledge, source).knowledge for source in SOURCES]
    assert len({knowledge.digest, *(one.digest for one in found)}) == 4
    assert found[0].package.version == f"{knowledge.package.version} without alpha2001"
    assert without(knowledge, "alpha2001").knowledge == found[0]


def test_the_knowledge_itself_stays(knowledge: Knowledge) -> None:
    without(knowledge, "alpha2001")
    assert knowledge == knowledge_of(curated())
    assert len(claims_of(knowledge)) == len(CLAIMS)


def test_two_sources_can_be_left_out_in_either_order(knowledge: Knowledge) -> None:
    one, other = (
        without(without(knowledge, first).knowledge, second).knowledge
        for first, second in (("alpha2001", "gamma2020"), ("gamma2020", "alpha2001"))
    )
    assert figures_of(one) == figures_of(other)
    assert claims_of(one) == claims_of(other)


def test_an_unknown_source_is_refused_with_the_nearest(knowledge: Knowledge) -> None:
    with pytest.raises(
        KnowledgeError, match=r"unknown source 'alpha2002'; did you mean 'alpha2001'"
    ):
        without(knowledge, "alpha2002")
    with pytest.raises(KnowledgeError, match=r"unknown source 'x'; see sources.bib"):
        without(knowledge, "x")


def test_what_does_not_fit_together_without_the_source_is_refused() -> None:
    contents = without_fit()
    with pytest.raises(
        KnowledgeError, match=r"^without alpha2001: links.csv:1: narrow_artery -> pain"
    ):
        without(knowledge_of(contents), "alpha2001")


def test_a_claim_that_gives_no_number_alone_is_told_with_its_row() -> None:
    contents = edited(curated(), "claims.csv", 8, value="1", numerator="")
    contents = recomputed(knowledge_of(contents), contents)
    claims = edited(contents, "claims.csv", 8, measure="specificity")
    with pytest.raises(
        KnowledgeError, match=r"links.csv:4: derivation: pool: se1 is of sensitivity"
    ):
        recomputed(knowledge_of(claims), claims)
    over = edited(contents, "claims.csv", 8, denominator="", low="0.5", high="1.4", value="0.7")
    with pytest.raises(
        KnowledgeError, match=r"^without alpha2001: links.csv:4: derivation: se2: the"
    ):
        without(knowledge_of(over), "alpha2001")
