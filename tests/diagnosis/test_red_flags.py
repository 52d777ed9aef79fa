"""Is a red flag raised when it was told of, and only then, whatever the probabilities are?"""

from __future__ import annotations

import html
import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legache import Diagnosis, Likelihood, Network
from legache.diagnosis.red_flags import RedFlags, red_flags_of
from legache.diagnosis.text import DISCLAIMER
from tests.strategies import repeatable

CLOT = {"swelling_one_leg": True, "breathlessness_or_chest_pain": True}
PRESSING = ["emergency", "urgent", "soon", "routine", "self_care"]


def _keys(flags: RedFlags) -> set[tuple[str, str, str]]:
    return {(flag.cause, flag.node, flag.state) for flag in flags.raised}


def _open(flags: RedFlags) -> set[tuple[str, str, str]]:
    return {(flag.cause, flag.node, flag.state) for flag in flags.unasked}


@pytest.fixture(scope="module")
def clot(network: Network) -> Diagnosis:
    return network.diagnose(CLOT)


def test_a_sign_that_was_told_of_is_raised_with_its_reason_and_source(clot: Diagnosis) -> None:
    first = clot.red_flags.raised[0]

    assert (first.cause, first.node) == ("deep_vein_thrombosis", "breathlessness_or_chest_pain")
    assert (first.urgency, first.grade) == ("emergency", "guideline")
    assert "lung" in first.why
    assert "nice_ng158" in first.sources
    assert first.unknown == ()


def test_the_most_pressing_flag_comes_first(clot: Diagnosis) -> None:
    levels = [PRESSING.index(flag.urgency) for flag in clot.red_flags.raised]

    assert levels == sorted(levels)


def test_without_evidence_no_flag_is_raised_and_all_pressing_ones_are_open(
    network: Network,
) -> None:
    flags = network.diagnose().red_flags
    knowledge = network.model.knowledge
    pressing = {row.cause for row in knowledge.urgency if row.urgency in {"emergency", "urgent"}}

    assert flags.raised == ()
    assert len(flags.unasked) == sum(row.cause in pressing for row in knowledge.red_flags)


def test_a_sign_that_was_denied_is_neither_raised_nor_open(network: Network) -> None:
    flags = network.diagnose(breathlessness_or_chest_pain=False).red_flags
    key = ("deep_vein_thrombosis", "breathlessness_or_chest_pain", "present")

    assert key not in _keys(flags) | _open(flags)


def test_a_sign_that_was_taken_back_is_open_again(clot: Diagnosis) -> None:
    key = ("deep_vein_thrombosis", "breathlessness_or_chest_pain", "present")

    assert key in _open(clot.update(breathlessness_or_chest_pain=None).red_flags)


def test_soft_evidence_raises_nothing(network: Network) -> None:
    flags = network.diagnose(swelling_one_leg=Likelihood(100.0)).red_flags

    assert flags.raised == ()
    assert ("deep_vein_thrombosis", "swelling_one_leg", "present") in _open(flags)


def test_a_flag_with_a_condition_needs_both(network: Network) -> None:
    key = ("acute_limb_ischemia", "cold_foot", "present")
    alone = network.diagnose(cold_foot=True)

    assert key in _open(alone.red_flags)
    assert key in _keys(alone.update(sudden_onset=True).red_flags)
    without = alone.update(sudden_onset=False).red_flags
    assert key not in _keys(without) | _open(without)


def test_an_open_flag_says_what_is_not_known(network: Network) -> None:
    flags = network.diagnose(cold_foot=True).red_flags
    (flag,) = [
        flag
        for flag in flags.unasked
        if (flag.cause, flag.node) == ("acute_limb_ischemia", "cold_foot")
    ]

    assert flag.unknown == ("sudden_onset",)
    assert "sudden_onset" in flags.questions


@pytest.mark.parametrize(
    ("said", "raised"),
    [("very_low", True), (["low", "very_low"], False), ("low", False), ("normal", False)],
)
def test_a_graded_test_counts_in_its_state(network: Network, said: object, raised: bool) -> None:
    flags = network.diagnose(calcium=said).red_flags

    assert (("hypocalcemia", "calcium", "very_low") in _keys(flags)) is raised


def test_a_set_of_states_leaves_the_flag_open(network: Network) -> None:
    key = ("hypocalcemia", "calcium", "very_low")

    assert key in _open(network.diagnose(calcium=["low", "very_low"]).red_flags)
    assert key not in _open(network.diagnose(calcium=["normal", "low"]).red_flags)


def test_flags_do_not_depend_on_the_probabilities(network: Network, clot: Diagnosis) -> None:
    nothing = replace(clot.answer, present=np.zeros(40), responsible=np.zeros(40))
    found = replace(clot, answer=nothing)

    assert found.red_flags.raised == clot.red_flags.raised
    assert found.red_flags.unasked == clot.red_flags.unasked


def test_flags_do_not_depend_on_the_setting(network: Network, clot: Diagnosis) -> None:
    assert network.in_setting("survey").diagnose(CLOT).red_flags.raised == clot.red_flags.raised


def test_emergencies_stay_in_view_however_improbable(network: Network) -> None:
    flags = network.in_setting("survey").diagnose(age=20).red_flags

    assert {row.id for row in flags.must_not_miss} == {
        "acute_compartment_syndrome",
        "acute_limb_ischemia",
        "cauda_equina_syndrome",
        "diabetic_ketoacidosis",
    }


NODES = ("fever", "swelling_one_leg", "redness_or_warmth", "both_legs", "diabetes", "leg_weakness")


@repeatable
@given(said=st.dictionaries(st.sampled_from(NODES), st.sampled_from([True, False, None])))
def test_more_said_never_lowers_a_flag(network: Network, said: dict[str, bool | None]) -> None:
    before = network.diagnose(said).red_flags
    told = {name: value for name, value in said.items() if value is not None}
    after = network.diagnose({"palpitations": True, **told}).red_flags

    assert _keys(before) <= _keys(after)
    assert not _keys(after) & _open(after)


@repeatable
@given(said=st.dictionaries(st.sampled_from(NODES), st.booleans()))
def test_a_raised_flag_had_all_its_signs_said(network: Network, said: dict[str, bool]) -> None:
    for flag in network.diagnose(said).red_flags.raised:
        assert all(said.get(name) for name in (flag.node, *flag.together_with))


def test_the_table_has_a_row_for_each_raised_flag(clot: Diagnosis) -> None:
    table = clot.red_flags.table

    assert len(table) == len(clot.red_flags.raised)
    assert {"node", "cause", "urgency", "why", "sources", "grade"} <= set(table.columns)


def test_the_table_of_no_flags_has_its_columns(network: Network) -> None:
    table = network.diagnose().red_flags.table

    assert len(table) == 0
    assert "why" in table.columns


def test_the_text_of_a_diagnosis_names_raised_flags_briefly(clot: Diagnosis) -> None:
    assert (
        "Red flags, whatever the probabilities: Breathlessness or chest pain (now), "
        "Swelling of one leg (24 hours); see `.red_flags`."
    ) in repr(clot).splitlines()


def test_many_flags_are_counted_in_the_text_of_a_diagnosis(network: Network) -> None:
    (line,) = [
        line
        for line in repr(network.diagnose(dict.fromkeys((*NODES, "palpitations"), True))).split(
            "\n"
        )
        if line.startswith("Red flags")
    ]

    assert " more; see `.red_flags`." in line


def test_no_flag_is_no_reassurance(network: Network) -> None:
    found = network.diagnose(age=40)

    assert "Red flags" not in repr(found)
    assert "Unknown is not absent: " in repr(found.red_flags)
    assert "must not be missed" in repr(found.red_flags)


def test_the_text_names_reason_source_and_purpose(clot: Diagnosis) -> None:
    text = repr(clot.red_flags)

    assert text.startswith("Red flags among what was said: 3\n")
    assert "nhs_dvt" in text
    assert text.endswith(DISCLAIMER)


def test_a_notebook_shows_what_a_terminal_shows(clot: Diagnosis) -> None:
    page = html.unescape(clot.red_flags._repr_html_())

    assert all(flag.why in page for flag in clot.red_flags.raised)
    assert "Cauda equina syndrome" in page


def test_html_has_no_live_markup_of_any_text(clot: Diagnosis) -> None:
    hostile = "<script>alert(1)</script>"
    flag = replace(clot.red_flags.raised[0], label=hostile, why=hostile)
    flags = replace(clot.red_flags, raised=(flag,), questions={"x": hostile})

    assert "<script>" not in flags._repr_html_()


def test_flags_cannot_be_changed(clot: Diagnosis) -> None:
    with pytest.raises(FrozenInstanceError):
        clot.red_flags.raised = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        clot.red_flags.questions["x"] = "y"  # type: ignore[index]


def test_the_record_of_a_diagnosis_holds_the_flags(clot: Diagnosis) -> None:
    record = json.loads(clot.to_json())["red_flags"]

    assert list(record) == ["raised", "unasked", "must_not_miss", "questions"]
    assert record["raised"][0]["node"] == "breathlessness_or_chest_pain"
    assert len(record["must_not_miss"]) == 4


def test_a_folder_without_flags_raises_none(network: Network, clot: Diagnosis) -> None:
    model = replace(network.model, knowledge=replace(network.model.knowledge, red_flags=()))
    flags = red_flags_of(model, clot.given, clot.ranked)

    assert (flags.raised, flags.unasked, dict(flags.questions)) == ((), (), {})
