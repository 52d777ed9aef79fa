"""Does an interview ask sensibly, stop by its rule, and go on where it was left?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import legache
from legache import EvidenceError, ImpossibleEvidenceError, Interview, Likelihood, Network, Stop
from legache.diagnosis.interview import NEARLY_BEST
from tests.knowledge.folders import TINY, tiny_copy
from tests.strategies import repeatable, seeds

few = settings(repeatable, max_examples=25)
NEVER = Stop(bits=0.0, probability=1.0)
EVERYTHING = ("context", "finding", "test")


@pytest.fixture(scope="module")
def tiny() -> Network:
    return legache.load(TINY)


def _reply(rng: np.random.Generator, interview: Interview) -> object:
    assert interview.question is not None
    states = (*interview.question.states, None)
    return states[int(rng.integers(len(states)))]


def _run(interview: Interview, seed: int, between: Callable[[Interview], Interview]) -> Interview:
    rng = np.random.default_rng(seed)
    while not interview.is_finished:
        interview = between(interview.answer(_reply(rng, interview)))
    return interview


def _same(interview: Interview) -> Interview:
    return interview


def _yes(interview: Interview, n: int) -> Interview:
    for _ in range(n):
        assert interview.question is not None
        interview = interview.answer(interview.question.states[-1])
    return interview


@pytest.fixture(scope="module")
def sexed(network: Network) -> Interview:
    return network.interview(age=52, sex="female")


def test_age_and_sex_come_first(network: Network) -> None:
    first = network.interview()

    assert first.question is not None
    assert (first.question.node, first.question.bits) == ("age_band", None)
    assert first.question.states == network.model.nodes["age_band"].states
    second = first.answer(52)
    assert second.question is not None
    assert second.question.node == "sex"
    assert second.diagnosis.evidence == {"age": 52}


def test_a_band_does_for_an_age(tiny: Network) -> None:
    assert tiny.interview().answer("60_plus").evidence == {"age_band": "60_plus"}


def test_what_is_known_is_not_asked(tiny: Network) -> None:
    interview = tiny.interview({"smoking": True}, age=50, sex="male", swelling=Likelihood(2.0))

    done = _run(interview, 1, _same)

    assert {"smoking", "age", "age_band", "sex", "swelling"}.isdisjoint(dict(done.answers))


def test_tests_are_asked_for_on_request_only(tiny: Network) -> None:
    plain = _run(tiny.interview(stop=NEVER), 1, _same)
    asked = _run(tiny.interview(stop=NEVER, ask=EVERYTHING), 1, _same)

    assert "d_dimer_raised" not in dict(plain.answers)
    assert "d_dimer_raised" in dict(asked.answers)


def test_the_question_tells_most_unless_a_red_flag_tells_nearly_as_much(sexed: Interview) -> None:
    question = sexed.question
    assert question is not None
    assert question.bits is not None
    best = sexed.diagnosis.next_questions(kinds=("context", "finding"), n=1).questions[0]

    assert question.bits >= NEARLY_BEST * best.bits
    assert question.node == best.nodes[0] or question.flag_of


def test_its_bits_are_exact(sexed: Interview) -> None:
    question = sexed.question
    assert question is not None
    asked = sexed.diagnosis.next_questions(kinds=("context", "finding"))

    bits = next(q.bits for q in asked.questions if q.nodes == (question.node,))
    assert question.bits == pytest.approx(bits, abs=1e-12)


@pytest.mark.parametrize(("part", "expected"), [(0.6, "swelling"), (0.4, "pain_severity")])
def test_a_red_flag_goes_first_when_it_is_close(tiny: Network, part: float, expected: str) -> None:
    said = {"age": 70, "sex": "male", "smoking": False, "weak_pulse": False}
    asked = tiny.diagnose(said).next_questions(kinds="finding").questions
    bits = {question.nodes[0]: question.bits for question in asked}
    dear = bits["swelling"] / (part * bits["pain_severity"])

    cost = {"pain_severity": 1.0, "swelling": dear}
    question = tiny.interview(said, stop=Stop(danger=0.0, bits=0.0), cost=cost).question

    assert question is not None
    assert question.node == expected


def test_a_red_flag_is_asked_before_the_end_though_it_tells_little(tiny: Network) -> None:
    said = {"age": 70, "sex": "male", "smoking": False, "weak_pulse": False}
    told_enough = Stop(bits=100.0, danger=0.0)

    interview = tiny.interview(said, stop=told_enough)

    assert interview.question is not None
    assert interview.question.node == "swelling"
    assert interview.question.flag_of == ("vein_clot",)
    assert interview.answer(False).is_finished


def test_too_little_to_learn_is_a_reason(tiny: Network) -> None:
    done = tiny.interview(age=70, sex="male", stop=Stop(bits=100.0, danger=1.0))

    assert done.reason is not None
    assert done.reason.startswith("no question tells 100 bits or more")
    assert done.question is None


def test_a_probable_cause_is_a_reason(network: Network) -> None:
    rls = dict.fromkeys(("urge_to_move", "relief_by_movement", "worse_at_rest"), True)
    done = network.interview(rls, age=52, sex="female", stop=Stop(probability=0.5, danger=1.0))

    assert done.reason is not None
    assert done.reason.startswith("Restless legs syndrome is responsible with")


def test_that_nothing_listed_fits_is_a_reason(network: Network) -> None:
    stop = Stop(probability=0.2, danger=1.0)
    denied = {name: False for name in network.causes if name != "muscle_strain"}

    done = network.interview(denied, age=52, sex="female", muscle_strain=False, stop=stop)

    assert done.reason is not None
    assert done.reason.startswith("none of the listed causes is responsible with 100.0 %")


def test_the_number_of_questions_is_a_reason(tiny: Network) -> None:
    done = _run(tiny.interview(stop=Stop(bits=0.0, probability=1.0, questions=3)), 2, _same)

    assert done.reason == "3 questions were asked"
    assert len(done.answers) == 3


def test_that_nothing_is_left_is_a_reason(tiny: Network) -> None:
    done = _run(tiny.interview(stop=NEVER, ask=EVERYTHING), 4, _same)

    assert done.reason == "nothing is left to ask"
    assert len(done.answers) == 7


def test_an_answer_leaves_the_interview_as_it_was(tiny: Network) -> None:
    first = tiny.interview()
    second = first.answer(70)

    assert first.answers == ()
    assert second.answers == (("age", 70),)
    with pytest.raises(FrozenInstanceError):
        first.answers = ()  # type: ignore[misc]


def test_a_skipped_question_is_unknown_and_not_asked_again(tiny: Network) -> None:
    skipped = tiny.interview().skip()

    assert skipped.evidence == {}
    assert skipped.question is not None
    assert skipped.question.node == "sex"
    assert skipped.answers == (("age_band", None),)


def test_back_takes_the_last_answer_back(tiny: Network) -> None:
    interview = _yes(tiny.interview(), 2)

    assert _yes(interview, 1).back().question == interview.question
    assert interview.skip().back().as_record() == interview.as_record()


def test_there_is_nothing_before_the_first_question(tiny: Network) -> None:
    with pytest.raises(EvidenceError, match="nothing can be taken back"):
        tiny.interview().back()


def test_a_finished_interview_takes_no_answer(tiny: Network) -> None:
    done = tiny.interview(stop=Stop(questions=0), age=70, sex="male")

    with pytest.raises(EvidenceError, match="the interview is over"):
        done.answer(True)


def test_an_answer_of_the_wrong_kind_is_refused(tiny: Network) -> None:
    interview = tiny.interview()

    with pytest.raises(EvidenceError, match="age is out of range"):
        interview.answer(3)
    with pytest.raises(EvidenceError, match="unknown state of sex"):
        interview.answer(70).answer("woman")


def test_an_answer_that_cannot_be_is_refused_at_once(network: Network) -> None:
    interview = network.interview(age=30, pregnancy=True)

    with pytest.raises(ImpossibleEvidenceError, match="'pregnancy' and 'sex'"):
        interview.answer("male")


@few
@given(seed=seeds)
def test_the_same_answers_meet_the_same_questions(seed: int) -> None:
    interview = legache.load(TINY).interview(stop=NEVER, ask=EVERYTHING)

    assert _run(interview, seed, _same).answers == _run(interview, seed, _same).answers


@few
@given(seed=seeds)
def test_a_resumed_interview_goes_on_as_if_it_had_not_been_left(seed: int) -> None:
    tiny = legache.load(TINY)
    begun = tiny.interview(stop=Stop(bits=0.001), ask=EVERYTHING, cost="minutes")

    without = _run(begun, seed, _same)
    with_breaks = _run(begun, seed, lambda interview: tiny.resume(interview.to_json()))

    assert with_breaks.as_record() == without.as_record()
    assert with_breaks.reason == without.reason


def test_a_resumed_interview_keeps_setting_costs_and_soft_evidence(tiny: Network) -> None:
    own = dict.fromkeys(("age_band", "sex", "smoking", "pain_severity", "weak_pulse"), 1.0)
    begun = tiny.in_setting("emergency").interview(swelling=Likelihood(3.0), cost=own)

    again = tiny.resume(begun.to_json())

    assert again.model.setting == "emergency"
    assert again.as_record() == begun.as_record()
    assert again.question == begun.question
    assert again.diagnosis.evidence == begun.diagnosis.evidence


def test_the_answers_in_any_order_lead_to_the_same_differential(tiny: Network) -> None:
    done = _run(tiny.interview(stop=NEVER), 8, _same)

    other = tiny.diagnose(dict(reversed(done.evidence.items())))
    assert other.ranked == done.diagnosis.ranked


def test_other_priors_are_refused_and_named(tiny: Network, tmp_path: Path) -> None:
    changed = (TINY / "urgency.csv").read_bytes().replace(b"may travel", b"may go")
    folder = tiny_copy(tmp_path, urgency=changed)

    with pytest.raises(EvidenceError) as caught:
        legache.load(folder).resume(tiny.interview().to_json())

    assert "interview: it was begun with checksum" in str(caught.value)
    assert "version" not in str(caught.value)


def test_another_version_is_refused_and_named(tiny: Network) -> None:
    record = json.loads(tiny.interview().to_json())
    record["legache"] = "0.0.1"
    record["priors"]["version"] = "7"

    with pytest.raises(EvidenceError, match=r"legache 0\.0\.1, now .*; version of the priors 7"):
        tiny.resume(json.dumps(record))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answers": [["sex"]]}, "not an interview"),
        ({"stop": {"bits": 1}}, "not an interview"),
        ({"stop": {"bits": 1, "probability": 2, "danger": 0, "questions": None}}, "stop: probab"),
        ({"more": 1}, "not an interview"),
        ({"setting": "surgery"}, "unknown setting; did you mean 'survey'|unknown setting"),
        ({"answers": [["sexx", "male"]]}, "unknown node 'sexx'; did you mean 'sex'"),
        ({"ask": ["cause"]}, "unknown kind of question 'cause'"),
        ({"cost": "gold"}, "unknown cost"),
    ],
)
def test_what_is_no_interview_is_refused(
    tiny: Network, change: dict[str, Any], message: str
) -> None:
    record = json.loads(tiny.interview().to_json()) | change

    with pytest.raises(EvidenceError, match=message):
        tiny.resume(json.dumps(record))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1, "a": 2}'])
def test_what_is_no_json_is_refused(tiny: Network, text: str) -> None:
    with pytest.raises(EvidenceError, match="interview"):
        tiny.resume(text)


@pytest.mark.parametrize(
    "wrong",
    [{"bits": -1.0}, {"probability": 1.5}, {"danger": float("nan")}, {"questions": -1}],
)
def test_a_rule_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError, match="stop: "):
        Stop(**wrong)


def test_it_shows_the_question_and_what_leads(sexed: Interview) -> None:
    text = repr(sexed)

    assert sexed.question is not None
    assert sexed.question.text in text
    assert sexed.diagnosis.ranked[0].label in text
    assert "none of the listed causes" in text


def test_an_end_does_not_hide_what_is_pressing(network: Network) -> None:
    clot = {"swelling_one_leg": True, "calf_tenderness": True, "previous_dvt": True}
    done = network.interview(clot, age=70, sex="male", stop=Stop(questions=0))

    assert "Over: 0 questions were asked." in repr(done)
    assert "Pressing, and not excluded: " in repr(done)
    assert "Deep vein thrombosis" in done._repr_html_()
