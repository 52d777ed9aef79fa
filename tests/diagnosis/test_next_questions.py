"""Do the next questions rank what is unknown, show both branches, and weigh what they cost?"""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import legache
from legache import Diagnosis, EvidenceError, KnowledgeError, Likelihood, Network
from legache.diagnosis.next_questions import N_PAIRED, NextQuestions, Question
from legache.knowledge.supplements import costs_of
from tests.knowledge.folders import TINY, tiny_copy
from tests.strategies import random_patient, repeatable, seeds

CLOT = {"age": 67, "sex": "female", "swelling_one_leg": True, "sudden_onset": True}


@pytest.fixture(scope="module")
def tiny() -> Network:
    return legache.load(TINY)


@pytest.fixture(scope="module")
def clot(network: Network) -> Diagnosis:
    contexts = {name: False for name in network.contexts if name not in {"age_band", "sex"}}
    return network.diagnose(CLOT | contexts)


@pytest.fixture(scope="module")
def asked(clot: Diagnosis) -> NextQuestions:
    return clot.next_questions()


def _of(asked: NextQuestions, *nodes: str) -> Question:
    return next(question for question in asked.questions if question.nodes == nodes)


def test_everything_unknown_is_ranked_by_its_information(
    network: Network, clot: Diagnosis, asked: NextQuestions
) -> None:
    known = {*clot.evidence, "age_band", network.model.complaint}
    open_nodes = {*network.contexts, *network.findings, *network.tests} - known

    assert {question.nodes[0] for question in asked.questions} == open_nodes
    bits = [question.bits for question in asked.questions]
    assert bits == sorted(bits, reverse=True)
    assert min(bits) >= 0


def test_both_branches_are_those_of_the_updated_diagnosis(
    clot: Diagnosis, asked: NextQuestions
) -> None:
    question = _of(asked, "calf_tenderness")

    for answer, value in zip(question.answers, (False, True), strict=True):
        then = clot.update(calf_tenderness=value)
        leading = then.ranked[0]
        assert answer.leading == leading.id
        assert answer.leading_probability == pytest.approx(leading.responsible, abs=1e-12)
        focus = then.causes.loc[asked.focus, "responsible"]
        assert answer.focus_probability == pytest.approx(focus, abs=1e-12)
        share = np.exp(then.log_evidence - clot.log_evidence)
        assert answer.probability == pytest.approx(share, rel=1e-9)


@settings(repeatable, max_examples=25)
@given(seed=seeds)
def test_the_mean_over_the_answers_is_what_is_believed_now(seed: int) -> None:
    network = legache.load(TINY)
    said = {"age": 70, "pain_severity": "mild"} if seed % 2 else {"swelling": True}

    asked = network.diagnose(said).next_questions("vein_clot")

    for question in asked.questions:
        mean = sum(answer.probability * answer.focus_probability for answer in question.answers)
        assert mean == pytest.approx(asked.focus_probability, abs=1e-9)


def test_the_order_of_what_was_said_does_not_matter(network: Network) -> None:
    said = random_patient(network, 5) | dict.fromkeys(network.contexts[2:30], False)
    said = {k: v for k, v in said.items() if k not in {"sex", "age_band", "pregnancy"}}

    first = network.diagnose(said).next_questions()
    second = network.diagnose(dict(reversed(said.items()))).next_questions()

    assert first.as_record() == second.as_record()


def test_one_cause_can_be_asked_for(clot: Diagnosis) -> None:
    asked = clot.next_questions("deep_vein_thrombosis", kinds=["test"])

    assert asked.focus == "deep_vein_thrombosis"
    assert asked.questions[0].nodes == ("compression_ultrasound_dvt",)
    assert all(question.bits == question.leading_bits for question in asked.questions)
    everything = _of(clot.next_questions(kinds=["test"]), "compression_ultrasound_dvt")
    assert asked.questions[0].bits < everything.bits


def test_a_test_that_shares_no_cause_tells_nothing_of_it(tiny: Network) -> None:
    known = {"age": 30, "sex": "male", "smoking": False, "vein_clot": False, "swelling": False}
    dx = tiny.diagnose({**known, "narrow_artery": False, "leg_ache": None})

    assert {question.bits for question in dx.next_questions().questions} == {0.0}


def test_what_was_said_in_part_is_not_asked_again(tiny: Network) -> None:
    dx = tiny.diagnose(pain_severity=["mild", "severe"], swelling=Likelihood(3.0))

    assert {"pain_severity", "swelling"}.isdisjoint(
        name for question in dx.next_questions().questions for name in question.nodes
    )


def test_graded_nodes_show_every_state(tiny: Network) -> None:
    question = _of(tiny.diagnose().next_questions(), "pain_severity")

    assert [answer.states for answer in question.answers] == [("none",), ("mild",), ("severe",)]
    assert sum(answer.probability for answer in question.answers) == pytest.approx(1.0)


def test_an_impossible_answer_leads_nowhere(network: Network) -> None:
    question = _of(network.diagnose(age=40, sex="male").next_questions(), "pregnancy")

    assert question.answers[1].probability == 0
    assert question.answers[1].leading is None
    assert question.bits == 0


def test_pairs_are_exact_and_tell_no_less_than_their_parts(tiny: Network) -> None:
    dx = tiny.diagnose()
    single = dx.next_questions()

    pairs = dx.next_questions(depth=2)

    assert len(single.questions) <= N_PAIRED
    n = len(single.questions)
    assert len(pairs.questions) == n * (n - 1) // 2
    for pair in pairs.questions:
        alone = [_of(single, name).bits for name in pair.nodes]
        assert pair.bits >= max(alone) - 1e-9
    first = pairs.questions[0]
    said = {name: _value(s) for name, s in zip(first.nodes, first.answers[-1].states, strict=True)}
    then = dx.update(said)
    focus = then.causes.loc[pairs.focus, "responsible"]
    assert first.answers[-1].focus_probability == pytest.approx(focus, abs=1e-12)


def _value(state: str) -> object:
    return {"present": True, "absent": False}.get(state, state)


def test_pairs_are_made_of_the_best_questions(clot: Diagnosis) -> None:
    best = {q.nodes[0] for q in clot.next_questions(kinds="test", n=N_PAIRED).questions}

    pairs = clot.next_questions(kinds="test", depth=2)

    assert len(pairs.questions) == N_PAIRED * (N_PAIRED - 1) // 2
    assert {name for pair in pairs.questions for name in pair.nodes} == best


@pytest.mark.parametrize("kind", ["minutes", "money", "discomfort"])
def test_costs_of_the_priors_divide_the_information(clot: Diagnosis, kind: str) -> None:
    price = costs_of(clot.model.knowledge)

    asked = clot.next_questions(kinds="test", cost=kind)

    assert asked.cost == kind
    ratios = [
        question.bits / getattr(price[question.nodes[0]], kind) for question in asked.questions
    ]
    assert [question.bits_per_cost for question in asked.questions] == pytest.approx(ratios)
    assert ratios == sorted(ratios, reverse=True)


def test_own_costs_divide_the_information(tiny: Network) -> None:
    dx = tiny.diagnose(age=70, sex="male")
    own = {"smoking": 1.0, "swelling": 1e6, "pain_severity": 1e6, "weak_pulse": 1e6}

    asked = dx.next_questions(kinds=["context", "finding"], cost=own)

    assert asked.cost == "own"
    assert asked.questions[0].nodes == ("smoking",)


def test_a_node_without_a_cost_is_named(tiny: Network) -> None:
    with pytest.raises(EvidenceError, match="no cost for age_band and 3 more; add it"):
        tiny.diagnose().next_questions(kinds=("context", "finding"), cost={"smoking": 1, "sex": 2})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cost": "mony"}, "unknown cost; expected None, minutes, money, discomfort or a mapping"),
        (
            {"cost": {"smokin": 1}},
            "unknown context, finding or test 'smokin'; did you mean 'smoking'",
        ),
        ({"cost": {"smoking": 0}}, "cost of smoking must be a finite number above 0"),
        ({"cost": {"smoking": True}}, "cost of smoking must be a finite number above 0"),
        ({"kinds": "findings"}, "unknown kind of question 'findings'; did you mean 'finding'"),
        ({"cause": "vein_clott"}, "unknown cause 'vein_clott'; did you mean 'vein_clot'"),
        ({"depth": 3}, "depth must be 1, or 2 for pairs of questions"),
        ({"n": 0}, "n must be at least 1, or None for all questions"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    tiny: Network, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(EvidenceError, match=message):
        tiny.diagnose().next_questions(**asked)  # type: ignore[arg-type]


def test_priors_without_costs_say_so_only_when_they_are_asked_for(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "costs.csv").unlink()
    dx = legache.load(folder).diagnose()

    assert dx.next_questions(n=1).questions[0].cost is None
    with pytest.raises(KnowledgeError, match=r"costs\.csv: no such table; add it"):
        dx.next_questions(cost="money")


def test_a_result_survives_json(clot: Diagnosis, asked: NextQuestions) -> None:
    priced = clot.next_questions(kinds="test", cost="money", n=3)

    for result in (asked, priced, clot.next_questions("cellulitis", kinds="test", depth=2, n=3)):
        again = NextQuestions.from_json(result.to_json())
        assert repr(again) == repr(result)
        assert again.table.equals(result.table)
        assert again.answers.equals(result.answers)
        assert again.as_record() == result.as_record() == json.loads(result.to_json())


def test_a_result_says_which_priors_and_which_patient(
    asked: NextQuestions, clot: Diagnosis
) -> None:
    record, whole = asked.as_record(), clot.as_record()

    for name in ("legache", "priors", "setting", "evidence"):
        assert record[name] == whole[name]


def test_the_listing_shows_both_branches_and_says_what_is_left_out(asked: NextQuestions) -> None:
    text = repr(asked)

    assert text.startswith("What to ask or test next, by information on all causes")
    assert asked.questions[0].texts[0].split()[0] in text
    assert f"And {len(asked.questions) - 10} more" in text
    assert "is responsible with" in text


def test_the_notebook_shows_text_as_text(asked: NextQuestions) -> None:
    first = asked.questions[0]
    odd = replace(asked, questions=(replace(first, texts=("<b>a & b</b>",)),))

    assert html.escape("<b>a & b</b>") in odd._repr_html_()
    assert "<b>a & b</b>" not in odd._repr_html_()


def test_tables_have_a_row_for_each_question_and_for_each_answer(asked: NextQuestions) -> None:
    assert len(asked.table) == len(asked.questions)
    assert len(asked.answers) == sum(len(question.answers) for question in asked.questions)
    assert (asked.table["lowest"] <= asked.focus_probability + 1e-12).all()
    assert (asked.table["highest"] >= asked.focus_probability - 1e-12).all()


def test_where_everything_is_known_nothing_is_asked(tiny: Network) -> None:
    known = {"age": 30, "sex": "male", "smoking": False, "pain_severity": "mild", "swelling": False}

    asked = tiny.diagnose(known, weak_pulse=False, d_dimer_raised=False).next_questions()

    assert asked.questions == ()
    assert asked.table.empty
    assert asked.answers.empty
    assert "is responsible with" in repr(asked)
