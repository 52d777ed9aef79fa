"""Is the guidance on a cause complete, ordered, sourced, and safe to print?"""

from __future__ import annotations

import html
import json
from dataclasses import FrozenInstanceError, replace

import pytest

from legache import EvidenceError, Network
from legache.diagnosis.advice import Advice
from legache.diagnosis.text import DISCLAIMER


@pytest.fixture(scope="module")
def potassium(network: Network) -> Advice:
    return network.diagnose().guidance("hypokalemia")


def test_every_row_of_the_cause_is_there_and_no_other(network: Network, potassium: Advice) -> None:
    rows = [row for row in network.model.knowledge.guidance if row.cause == "hypokalemia"]

    assert sorted(row.text for row in potassium.rows) == sorted(row.text for row in rows)


def test_when_to_see_a_doctor_comes_first_and_facts_last(potassium: Advice) -> None:
    kinds = list(dict.fromkeys(row.kind for row in potassium.rows))

    assert kinds == ["see_doctor", "caution", "next_step", "test", "food", "prevention", "fact"]


def test_without_a_cause_it_is_that_of_the_complaint(network: Network) -> None:
    general = network.diagnose().guidance()

    assert general.id == "leg_ache"
    assert general.urgency is None
    assert [row.kind for row in general.rows].count("see_doctor") >= 5


@pytest.mark.parametrize("name", ["leg_ache", "deep_vein_thrombosis", "nocturnal_leg_cramps"])
def test_every_statement_has_a_source_and_a_grade(network: Network, name: str) -> None:
    table = network.diagnose().guidance(name).table

    assert table.columns.tolist() == ["kind", "text", "grade", "sources", "note"]
    assert table["sources"].map(len).min() >= 1
    assert table["grade"].str.len().min() >= 1


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        ("hypokalemia", "potassium-sparing"),
        ("hypokalemia", "salt substitutes"),
        ("deep_vein_thrombosis", "massage"),
        ("nocturnal_leg_cramps", "Quinine"),
        ("nocturnal_leg_cramps", "Magnesium tablets"),
        ("statin_myopathy", "Coenzyme Q10"),
        ("chemotherapy_induced_neuropathy", "Gabapentin"),
        ("peripheral_artery_disease", "Compression"),
        ("hyponatremia", "too much is drunk"),
    ],
)
def test_what_is_unsafe_or_disputed_is_a_caution_beyond_the_articles(
    network: Network, cause: str, word: str
) -> None:
    cautions = [row for row in network.diagnose().guidance(cause).rows if row.kind == "caution"]
    (found,) = {row for row in cautions if word in row.text and not _only_articles(row.sources)}

    assert found.grade != "seed"


def _only_articles(sources: tuple[str, ...]) -> bool:
    return all(key.startswith("seed") for key in sources)


@pytest.mark.parametrize("name", ["hypokalaemia", "Hypokalemia", "hypokalemi"])
def test_an_unknown_cause_names_the_nearest(network: Network, name: str) -> None:
    with pytest.raises(EvidenceError, match="did you mean 'hypokalemia'") as caught:
        network.diagnose().guidance(name)

    assert caught.value.suggestions[0] == "hypokalemia"


@pytest.mark.parametrize("name", ["fever", "", "x" * 1000])
def test_what_is_no_cause_is_refused(network: Network, name: str) -> None:
    with pytest.raises(EvidenceError, match="unknown cause"):
        network.diagnose().guidance(name)


def test_the_text_names_cause_urgency_sources_and_purpose(potassium: Advice) -> None:
    text = repr(potassium)

    assert text.startswith("Guidance on Hypokalaemia; see within: 2 weeks\n")
    assert "Banana: 422 mg potassium" in text
    assert "dga_potassium" in text
    assert text.endswith(DISCLAIMER)


def test_a_notebook_shows_what_a_terminal_shows(potassium: Advice) -> None:
    page = html.unescape(potassium._repr_html_())

    assert all(row.text in page for row in potassium.rows)
    assert DISCLAIMER in page


def test_html_has_no_live_markup_of_any_text(potassium: Advice) -> None:
    hostile = "<script>alert(1)</script>"
    row = replace(potassium.rows[0], text=hostile, note=hostile, sources=(hostile,))
    page = replace(potassium, label=hostile, rows=(row,))._repr_html_()

    assert "<script>" not in page


def test_advice_cannot_be_changed(potassium: Advice) -> None:
    with pytest.raises(FrozenInstanceError):
        potassium.rows = ()  # type: ignore[misc]


def test_the_record_goes_through_json(potassium: Advice) -> None:
    record = json.loads(json.dumps(potassium.as_record()))

    assert (record["id"], record["urgency"]) == ("hypokalemia", "soon")
    assert [row["text"] for row in record["statements"]] == [row.text for row in potassium.rows]


def test_the_record_of_a_diagnosis_holds_the_guidance_of_the_complaint(network: Network) -> None:
    found = network.diagnose()

    assert found.as_record()["guidance"] == found.guidance().as_record()
