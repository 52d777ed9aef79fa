"""Is a diagnosis complete, immutable, and told in the right words?"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from legache import Diagnosis, Likelihood, Network
from legache.diagnosis.differential import DISCLAIMER, diagnose
from legache.diagnosis.ranking import ranked
from legache.diagnosis.text import percent, table_html, table_text

SAID = {
    "age": 52,
    "sex": "female",
    "urge_to_move": True,
    "worse_at_night": True,
    "fever": False,
    "duration": ["under_1_week", "1_week_to_3_months"],
    "muscle_tenderness": Likelihood(0.5),
    "potassium": Likelihood({"normal": 1.0, "low": 0.2}),
}


@pytest.fixture(scope="module")
def found(network: Network) -> Diagnosis:
    return network.diagnose(SAID)


def _assert_same(first: Diagnosis, second: Diagnosis) -> None:
    np.testing.assert_array_equal(first.answer.present, second.answer.present)
    np.testing.assert_array_equal(first.answer.responsible, second.answer.responsible)
    assert first.log_evidence == second.log_evidence
    assert dict(first.evidence) == dict(second.evidence)


def _no_constant(text: str) -> object:
    message = f"{text} is no JSON"
    raise ValueError(message)


def test_causes_are_sorted_by_responsible(found: Diagnosis) -> None:
    values = found.causes["responsible"].to_numpy()

    assert np.all(np.diff(values) <= 0)


def test_causes_have_the_documented_columns(found: Diagnosis) -> None:
    table = found.causes

    assert table.columns.tolist() == [
        *("label", "prior", "present", "present_low", "present_high"),
        *("responsible", "responsible_low", "responsible_high"),
        *("likelihood_ratio", "weight", "urgency"),
    ]
    assert table.index.name == "cause"
    assert len(table) == 40


def test_the_ranking_is_the_index_of_the_causes(found: Diagnosis) -> None:
    assert found.ranking == tuple(found.causes.index)


def test_causes_of_equal_probability_are_ordered_by_id(network: Network) -> None:
    answer = network.diagnose().answer
    flat = replace(answer, responsible=np.zeros(answer.responsible.shape))

    tied = ranked(network.model, flat)

    assert tuple(row.id for row in tied) == tuple(sorted(network.causes))


def test_the_complaint_is_assumed_unless_it_is_given(network: Network) -> None:
    assert dict(network.diagnose().assumed) == {"leg_ache": True}
    assert dict(network.diagnose(leg_ache=True).assumed) == {}
    assert dict(network.diagnose(leg_ache=None).assumed) == {"leg_ache": True}


def test_an_assumed_complaint_counts_as_a_given_one(network: Network) -> None:
    assumed, given = network.diagnose(fever=True), network.diagnose(fever=True, leg_ache=True)

    np.testing.assert_array_equal(assumed.answer.responsible, given.answer.responsible)


def test_without_the_complaint_no_cause_is_responsible(network: Network) -> None:
    silent = network.diagnose(leg_ache=False)

    assert silent.answer.responsible.max() == 0
    assert silent.unexplained == 0


def test_a_complaint_has_a_cause_or_is_unexplained(network: Network) -> None:
    """One of the causes, or only an unlisted one: their union is certain."""
    found = network.diagnose()

    assert found.answer.responsible.sum() + found.unexplained >= 1 - 1e-12


def test_evidence_goes_round(network: Network, found: Diagnosis) -> None:
    _assert_same(network.diagnose(found.evidence), found)


def test_evidence_is_in_canonical_form(found: Diagnosis) -> None:
    assert list(found.evidence) == sorted(SAID)
    assert found.evidence["duration"] == ("under_1_week", "1_week_to_3_months")


def test_an_update_adds_to_what_was_said(network: Network, found: Diagnosis) -> None:
    together = network.diagnose({**SAID, "iron_deficiency": True})

    _assert_same(found.update(iron_deficiency=True), together)
    _assert_same(found.update({"iron_deficiency": True}), together)


def test_an_update_replaces_what_was_said(network: Network, found: Diagnosis) -> None:
    _assert_same(found.update(age=70), network.diagnose({**SAID, "age": 70}))


def test_an_update_takes_back_what_was_said(network: Network, found: Diagnosis) -> None:
    rest = {name: value for name, value in SAID.items() if name != "fever"}

    _assert_same(found.update(fever=None), network.diagnose(rest))


def test_an_update_leaves_the_first_diagnosis_as_it_was(network: Network) -> None:
    first = network.diagnose(SAID)
    before = first.to_json()

    first.update(iron_deficiency=True)

    assert first.to_json() == before


def test_an_update_keeps_the_setting(network: Network) -> None:
    urgent = network.in_setting("emergency").diagnose(age=50)

    assert urgent.update(fever=True).setting == "emergency"


def test_a_diagnosis_cannot_be_changed(found: Diagnosis) -> None:
    with pytest.raises(FrozenInstanceError):
        found.assumed = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.evidence["fever"] = True  # type: ignore[index]
    with pytest.raises(TypeError):
        found.assumed["fever"] = True  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        found.answer.present[0] = 1.0


def test_changing_a_table_of_causes_does_not_change_the_diagnosis(network: Network) -> None:
    found = network.diagnose(age=50)
    before = found.to_json()

    table = found.causes
    table["responsible"] = 0.0

    assert found.to_json() == before


def test_json_is_strict_and_holds_every_cause(found: Diagnosis) -> None:
    record = json.loads(found.to_json(), parse_constant=_no_constant)

    assert [cause["id"] for cause in record["causes"]] == list(found.ranking)
    assert record["log_evidence"] == found.log_evidence
    assert record["unexplained"] == found.unexplained
    assert record["setting"] == "primary_care"
    assert record["note"] == DISCLAIMER


def test_json_holds_what_was_said(found: Diagnosis) -> None:
    evidence = json.loads(found.to_json())["evidence"]

    assert evidence == {
        "age": 52,
        "sex": "female",
        "urge_to_move": True,
        "worse_at_night": True,
        "fever": False,
        "duration": ["under_1_week", "1_week_to_3_months"],
        "muscle_tenderness": {"likelihood_ratio": 0.5},
        "potassium": {"likelihood_ratio": {"normal": 1.0, "low": 0.2}},
    }


def test_json_names_version_and_digest_of_the_priors(network: Network, found: Diagnosis) -> None:
    priors = json.loads(found.to_json())["priors"]

    assert priors["sha256"] == network.model.knowledge.digest
    assert len(priors["sha256"]) == 64


def test_the_same_evidence_gives_the_same_bytes(network: Network, found: Diagnosis) -> None:
    backwards = dict(reversed(list(SAID.items())))

    assert network.diagnose(backwards).to_json() == found.to_json()


@pytest.mark.parametrize("ratio", [np.int64(3), np.float32(3.0), {"present": np.int64(3)}])
def test_a_likelihood_of_any_number_can_be_written_as_json(network: Network, ratio: Any) -> None:
    found = network.diagnose(fever=Likelihood(ratio))

    assert "likelihood_ratio" in found.to_json()


def test_the_text_names_complaint_setting_causes_and_purpose(found: Diagnosis) -> None:
    text = repr(found)

    assert text.startswith("Differential diagnosis of leg ache, setting: primary care")
    assert str(found.causes["label"].iloc[0]) in text
    assert "None of the listed causes" in text
    assert "Assumed: leg ache present." in text
    assert text.endswith(DISCLAIMER)


def test_the_text_does_not_repeat_what_the_patient_answered(found: Diagnosis) -> None:
    assert "52" not in repr(found).split("\n")[0]
    assert "Things known: 8." in repr(found)
    assert "female" not in repr(found)


def test_the_text_names_emergencies_that_are_not_shown(network: Network) -> None:
    text = repr(network.in_setting("survey").diagnose(age=30))

    assert "Emergencies further down: " in text
    assert "Cauda equina syndrome" in text


def test_the_text_shows_the_leading_causes(found: Diagnosis) -> None:
    lines = table_text("title", found.ranked[:3], ["note"]).splitlines()

    assert (lines[0], lines[-1]) == ("title", "note")
    ranks = [line[:2].strip() for line in lines[4:-2]]  # a long label goes on in the next line
    assert [rank for rank in ranks if rank] == ["1", "2", "3"]
    assert lines[-2] == ""


HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a & b < c", "</table>"]


@pytest.mark.parametrize("text", HOSTILE)
def test_html_has_no_live_markup_of_any_text(found: Diagnosis, text: str) -> None:
    page = table_html(text, [replace(found.ranked[0], label=text)], [text])

    assert page.count(html.escape(text)) == 3
    assert page.count("</table>") == 1


def test_a_notebook_shows_what_a_terminal_shows(found: Diagnosis) -> None:
    page = html.unescape(found._repr_html_())

    assert page.startswith("<div><b>Differential diagnosis of leg ache, setting: primary care</b>")
    assert all(row.label in page for row in found.ranked[:10])
    assert DISCLAIMER in page


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0.00 %"),
        (1e-9, "<0.01 %"),
        (0.0001, "0.01 %"),
        (0.05, "5.00 %"),
        (0.1, "10.0 %"),
        (1.0, "100.0 %"),
    ],
)
def test_percentages_keep_the_digits_that_matter(probability: float, text: str) -> None:
    assert percent(probability) == text


def test_priors_are_those_of_the_whole_population(network: Network, found: Diagnosis) -> None:
    prior = found.causes["prior"]

    np.testing.assert_array_equal(prior[list(network.causes)], network.posterior())


def test_the_mapping_that_was_given_is_not_changed(network: Network) -> None:
    said: Mapping[str, object] = MappingProxyType(dict(SAID))
    copy = dict(SAID)

    diagnose(network.model, said)
    network.diagnose(copy)

    assert copy == SAID
    assert list(copy) == list(SAID)
