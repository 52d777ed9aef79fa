from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

import legache
from legache import Diagnosis, FormatError, Likelihood
from tests.strategies import random_patient, repeatable, seeds

_NETWORK = legache.load()


@settings(repeatable, max_examples=20)
@given(seeds)
def test_a_recorded_diagnosis_prints_the_same_and_has_the_same_table(seed: int) -> None:
    dx = _NETWORK.diagnose(random_patient(_NETWORK, seed))
    again = Diagnosis.from_json(dx.to_json())
    assert repr(again) == repr(dx)
    assert again._repr_html_() == dx._repr_html_()
    assert again.causes.equals(dx.causes)
    assert again.to_json() == dx.to_json()
    assert again.ranking == dx.ranking


def test_what_was_recorded_can_be_asked_for() -> None:
    dx = _NETWORK.diagnose(age=70, urge_to_move=Likelihood(3.0))
    again = Diagnosis.from_record(dx.as_record())
    assert again.evidence == {"age": 70, "urge_to_move": {"likelihood_ratio": 3.0}}
    assert (again.unexplained, again.log_evidence) == (dx.unexplained, dx.log_evidence)
    assert (again.setting, again.engine) == (dx.setting, dx.engine)


def test_an_approximate_diagnosis_keeps_its_errors() -> None:
    from legache.diagnosis.differential import diagnose

    said = {
        name: True
        for name in _NETWORK.findings
        if _NETWORK.model.nodes[name].states[1] == "present"
    }
    dx = diagnose(_NETWORK.model, dict(list(said.items())[:14]), memory_limit=2**16)
    assert dx.engine == "approximate"
    again = Diagnosis.from_json(dx.to_json())
    assert repr(again) == repr(dx)
    assert again.causes.equals(dx.causes)


def test_a_record_is_a_copy() -> None:
    record = _NETWORK.diagnose().as_record()
    again = Diagnosis.from_record(record)
    record["setting"] = "elsewhere"
    again.as_record()["setting"] = "elsewhere"
    assert again.setting == "primary_care"
    with pytest.raises(AttributeError, match="a RecordedDiagnosis is immutable"):
        again.setting = "elsewhere"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"^line 1, column 2: not JSON; expected a record"),
        ("[]", r"^not a record; expected a JSON object"),
        ('{"schema": "legache.fit/1"}', r"^a record of schema legache\.fit/1; expected none"),
        ('{"legache": "0.1.0"}', r"^the record lacks priors, engine"),
    ],
)
def test_another_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Diagnosis.from_json(text)


def test_every_part_of_a_record_is_needed() -> None:
    whole = _NETWORK.diagnose().as_record()
    for name in whole.keys() - {"intervals"}:  # without a compiled kernel there are none
        part = {key: value for key, value in whole.items() if key != name}
        with pytest.raises(FormatError, match=f"lacks {name}"):
            Diagnosis.from_json(json.dumps(part))
