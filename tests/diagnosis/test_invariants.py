"""Does the shipped network obey the rules of probability?  Properties of random patients."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings

from legache import Diagnosis, Network
from tests.strategies import random_patient, repeatable, seeds

TOLERANCE = 1e-12
few = settings(repeatable, max_examples=30)  # a patient takes about a tenth of a second


def _numbers(found: Diagnosis) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    table = found.causes[["prior", "present", "responsible"]].to_numpy().ravel()
    answer = found.answer
    arrays = [answer.present, answer.responsible, answer.contexts, table]
    return np.concatenate([*arrays, [found.unexplained, found.log_evidence]])


@settings(repeatable, max_examples=100)
@given(seed=seeds)
def test_no_number_is_nan_infinite_or_minus_zero(network: Network, seed: int) -> None:
    numbers = _numbers(network.diagnose(random_patient(network, seed)))

    assert np.isfinite(numbers).all()
    assert not np.any(np.signbit(numbers) & (numbers == 0))


@few
@given(seed=seeds)
def test_0_le_responsible_le_present_le_1(network: Network, seed: int) -> None:
    answer = network.diagnose(random_patient(network, seed)).answer

    assert answer.responsible.min() >= 0
    assert np.all(answer.responsible <= answer.present)
    assert answer.present.max() <= 1
    assert 0 <= answer.unexplained <= 1


@few
@given(seed=seeds)
def test_the_order_of_evidence_does_not_change_a_byte(network: Network, seed: int) -> None:
    said = random_patient(network, seed)
    backwards = dict(reversed(list(said.items())))

    assert network.diagnose(said).to_json() == network.diagnose(backwards).to_json()


@few
@given(seed=seeds)
def test_unknown_values_do_not_change_a_byte(network: Network, seed: int) -> None:
    said = random_patient(network, seed)
    asked = dict.fromkeys((*network.findings, *network.tests, *network.contexts, "age"))

    unknowns = {name: value for name, value in {**asked, **said}.items() if name != "age_band"}

    assert network.diagnose(unknowns).to_json() == network.diagnose(said).to_json()


@few
@given(seed=seeds)
def test_evidence_goes_round_to_the_same_bytes(network: Network, seed: int) -> None:
    found = network.diagnose(random_patient(network, seed))

    assert network.diagnose(found.evidence).to_json() == found.to_json()


@few
@given(seed=seeds)
def test_the_chain_rule_holds_for_a_cause(network: Network, seed: int) -> None:
    said = random_patient(network, seed)
    before = network.diagnose(said)
    row = before.ranked[seed % 40]

    joint = network.diagnose({**said, row.id: True}).log_evidence

    assert joint == pytest.approx(before.log_evidence + np.log(row.present), abs=1e-9)


@few
@given(seed=seeds)
def test_both_answers_about_a_finding_share_out_the_prior(network: Network, seed: int) -> None:
    said = random_patient(network, seed)
    said.pop("fever", None)
    before = network.diagnose(said)
    absent, present = (network.diagnose({**said, "fever": answer}) for answer in (False, True))

    shares = [np.exp(other.log_evidence - before.log_evidence) for other in (absent, present)]
    total = shares[0] * absent.answer.present + shares[1] * present.answer.present

    np.testing.assert_allclose(total, before.answer.present, rtol=0, atol=TOLERANCE)
    assert sum(shares) == pytest.approx(1, abs=TOLERANCE)


@few
@given(seed=seeds)
def test_a_setting_changes_who_complains_and_not_who_is_ill(network: Network, seed: int) -> None:
    sex = ("female", "male")[seed % 2]
    age = 18 + seed % 80

    here = network.posterior(age=age, sex=sex)
    there = network.in_setting("emergency").posterior(age=age, sex=sex)

    np.testing.assert_allclose(here, there, rtol=0, atol=TOLERANCE)


def test_unknown_is_not_absent_for_any_finding(network: Network) -> None:
    silent = network.diagnose().answer.responsible

    same = [
        name
        for name in network.findings
        if network.model.nodes[name].states == ("absent", "present")
        and name != "leg_ache"
        and np.array_equal(network.diagnose({name: False}).answer.responsible, silent)
    ]

    assert same == []


def _links(network: Network, finding: str) -> set[str]:
    numbers = network.model.network
    node = next(node for node in numbers.findings if node.id == finding)
    return {numbers.causes[i].id for i in node.causes.tolist()}


def _with_one_cause(network: Network) -> list[tuple[str, str]]:
    sole = [(name, _links(network, name)) for name in (*network.findings, *network.tests)]
    return [(name, next(iter(causes))) for name, causes in sole if len(causes) == 1]


def test_a_finding_of_one_cause_raises_that_cause(network: Network) -> None:
    before = network.diagnose(age=50).causes["responsible"]

    lowered = [
        finding
        for finding, cause in _with_one_cause(network)
        if _positive(network, finding)[cause] < before[cause] - TOLERANCE
    ]

    assert lowered == []


def _positive(network: Network, finding: str) -> dict[str, float]:
    states = network.model.nodes[finding].states
    value: object = True if states == ("absent", "present") else states[-1]
    found = network.diagnose({"age": 50, finding: value})
    return {str(name): float(p) for name, p in found.causes["responsible"].items()}


def test_there_are_findings_of_one_cause_to_look_at(network: Network) -> None:
    assert len(_with_one_cause(network)) >= 3


def test_a_known_thrombosis_lowers_its_rivals_for_a_swollen_leg(network: Network) -> None:
    swollen = {"age": 60, "sex": "female", "swelling_one_leg": True}

    before = network.diagnose(swollen).causes["responsible"]
    after = network.diagnose(swollen, deep_vein_thrombosis=True).causes["responsible"]

    for rival in ("bakers_cyst", "chronic_venous_insufficiency", "cellulitis"):
        assert after[rival] < before[rival]


def test_a_ruled_out_thrombosis_raises_its_rivals_for_a_swollen_leg(network: Network) -> None:
    swollen = {"age": 60, "sex": "female", "swelling_one_leg": True}

    before = network.diagnose(swollen).causes["responsible"]
    after = network.diagnose(swollen, deep_vein_thrombosis=False).causes["responsible"]

    for rival in ("bakers_cyst", "chronic_venous_insufficiency", "cellulitis"):
        assert after[rival] > before[rival]


def test_no_query_leaves_a_trace(network: Network) -> None:
    before = network.diagnose(age=50, fever=True).to_json()

    for seed in range(10):
        network.diagnose(random_patient(network, seed))
        network.in_setting("survey").diagnose(random_patient(network, seed))

    assert network.diagnose(age=50, fever=True).to_json() == before


def test_100_answers_are_the_same_bytes(network: Network) -> None:
    known = dict.fromkeys(set(network.contexts) - {"age_band", "sex"}, False)
    said = {**known, "age": 50, "sex": "female", "cold_foot": True}
    answers = {json.dumps(network.diagnose(said).as_record()) for _ in range(100)}

    assert len(answers) == 1
