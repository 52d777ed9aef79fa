"""Are conditional probabilities those of enumeration?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legache.errors import EvidenceError, ImpossibleEvidenceError
from legache.validation.quantities import conditional_probability, log_odds, parse_events
from tests.curation.folders import curated, edited, model_of
from tests.oracle import exact_posterior
from tests.strategies import repeatable

MODEL = model_of(curated())
NODES = {name: node.states for name, node in MODEL.nodes.items()}
States = dict[str, frozenset[str]]

events: st.SearchStrategy[States] = st.dictionaries(
    st.sampled_from(sorted(NODES)), st.integers(0, 100), max_size=3
).map(
    lambda drawn: {
        name: frozenset(NODES[name][:1] if n % 3 == 0 else NODES[name][1 : 2 + n % 2])
        for name, n in drawn.items()
    }
)
responsible = st.sampled_from([None, None, *MODEL.cause_ids])


def _text(states: States, cause: str | None) -> str:
    parts = [f"{name}={'|'.join(sorted(said))}" for name, said in states.items()]
    return ";".join([*parts, *([f"{cause}=responsible"] if cause else [])])


def _exact(states: States, cause: str | None) -> Fraction:
    likelihoods = {
        name: tuple(float(state in said) for state in NODES[name]) for name, said in states.items()
    }
    found = exact_posterior(MODEL.network, likelihoods)
    if cause is None:
        return found.evidence
    return found.evidence * found.responsible[MODEL.cause_ids.index(cause)]


def _joined(one: States, other: States) -> States:
    return {
        name: one.get(name, frozenset(NODES[name])) & other.get(name, frozenset(NODES[name]))
        for name in [*one, *other]
    }


@settings(repeatable, max_examples=25)
@given(target=events, condition=events, cause=responsible)
def test_every_conditional_probability_is_that_of_enumeration(
    target: States, condition: States, cause: str | None
) -> None:
    denominator = _exact(condition, cause)
    if not denominator:
        with pytest.raises(ImpossibleEvidenceError):
            conditional_probability(MODEL, _text(target, None), _text(condition, cause))
        return
    expected = _exact(_joined(target, condition), cause) / denominator
    found = conditional_probability(MODEL, _text(target, None), _text(condition, cause))
    assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-300)
    assert 0 <= found <= 1


@settings(repeatable, max_examples=8)
@given(condition=events, cause=st.sampled_from(MODEL.cause_ids))
def test_a_responsible_cause_may_be_the_target(condition: States, cause: str) -> None:
    denominator = _exact(condition, None)
    if denominator:
        found = conditional_probability(MODEL, f"{cause}=responsible", _text(condition, None))
        assert found == pytest.approx(float(_exact(condition, cause) / denominator), rel=1e-9)


@pytest.mark.parametrize(
    ("target", "condition"),
    [
        ("swelling=present", "swelling=absent"),
        ("vein_clot=responsible", "vein_clot=absent"),
        ("vein_clot=absent", "vein_clot=responsible"),
        ("pain_severity=mild|severe;swelling=present", "pain_severity=none"),
    ],
)
def test_a_target_that_contradicts_the_condition_has_probability_0(
    target: str, condition: str
) -> None:
    assert conditional_probability(MODEL, target, condition) == 0


@pytest.mark.parametrize(
    "text", ["swelling=present", "vein_clot=responsible", "sex=male;smoking=present"]
)
def test_what_is_given_has_probability_1(text: str) -> None:
    assert conditional_probability(MODEL, text, text) == 1


def test_a_responsible_cause_is_present_and_brings_the_complaint() -> None:
    target = "vein_clot=present;leg_ache=present"
    assert conditional_probability(MODEL, target, "vein_clot=responsible") == pytest.approx(
        1, abs=1e-12
    )


def test_nothing_given_is_the_whole_population() -> None:
    expected = float(_exact({"smoking": frozenset({"present"})}, None))
    assert conditional_probability(MODEL, "smoking=present", "") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("condition", "conflict"),
    [
        ("vein_clot=responsible;vein_clot=absent;smoking=present", ("vein_clot",)),
        ("vein_clot=responsible;leg_ache=absent;sex=male", ("leg_ache", "vein_clot")),
    ],
)
def test_an_impossible_condition_names_what_cannot_be_spared(
    condition: str, conflict: tuple[str, ...]
) -> None:
    with pytest.raises(ImpossibleEvidenceError) as caught:
        conditional_probability(MODEL, "swelling=present", condition)
    assert caught.value.conflict == conflict


def test_an_impossible_condition_without_a_responsible_cause_is_minimal_too() -> None:
    contents = curated()
    contents = edited(contents, "complaint.csv", 6, value="0", low="0")
    for line in (2, 3, 4, 8, 9, 10):
        contents = edited(contents, "complaint.csv", line, value="0", low="0")
    model = model_of(contents)
    for condition in ("leg_ache=present;sex=male", "leg_ache=present;vein_clot=responsible"):
        with pytest.raises(ImpossibleEvidenceError) as caught:
            conditional_probability(model, "swelling=present", condition)
        assert caught.value.conflict in {("leg_ache",), ("vein_clot",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sweling=present", "'sweling=present': unknown node; did you mean 'swelling'"),
        ("age=70", "unknown node"),
        ("swelling", "'swelling': expected one of absent, present, once"),
        ("swelling=", "expected one of absent, present"),
        ("swelling=maybe", "expected one of absent, present"),
        ("swelling=present|maybe", "expected one of absent, present"),
        ("swelling=present;swelling=present", "once for each node"),
        ("swelling=responsible", "expected one of absent, present, once"),
        ("vein_clot=yes", "expected one of absent, present, responsible, once"),
        ("vein_clot=present|responsible", "expected one of absent, present, responsible"),
        (
            "vein_clot=responsible;narrow_artery=responsible",
            "vein_clot and narrow_artery: only one",
        ),
    ],
)
def test_events_that_cannot_be_read_are_refused(text: str, said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        parse_events(MODEL, text)
    with pytest.raises(EvidenceError, match=said):
        conditional_probability(MODEL, "sex=male", text)


def test_two_causes_cannot_be_responsible_together() -> None:
    said = "vein_clot and narrow_artery: only one cause can be responsible"
    with pytest.raises(EvidenceError, match=said):
        conditional_probability(MODEL, "narrow_artery=responsible", "vein_clot=responsible")


def test_the_same_cause_may_be_responsible_twice() -> None:
    text = "vein_clot=responsible;vein_clot=responsible;vein_clot=present"
    found = parse_events(MODEL, text)
    assert (found.responsible, found.states) == ("vein_clot", {"vein_clot": frozenset({"present"})})


def test_the_setting_is_that_of_the_model() -> None:
    survey = replace(MODEL, setting="survey")
    target, condition = "vein_clot=responsible", "vein_clot=present"
    assert conditional_probability(survey, target, condition) == pytest.approx(0.6, rel=1e-12)
    assert conditional_probability(MODEL, target, condition) < 0.3


@repeatable
@given(st.floats(1e-12, 1 - 1e-12))
def test_log_odds_turn_around(p: float) -> None:
    assert log_odds(p) == pytest.approx(-log_odds(1 - p), abs=1e-3)
