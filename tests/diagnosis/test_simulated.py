from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import legache
from legache import EvidenceError
from legache.inference.simulation import contributors, simulated_people
from tests.diagnosis.brute_force import tiny
from tests.strategies import Case, cases, repeatable

_N = 4000
_NONE = {"context": 0.0, "finding": 0.0, "test": 0.0}


def _within_error(seen: float, expected: float, n: int) -> bool:
    """Within five standard errors of a share."""
    return abs(seen - expected) <= 5 * np.sqrt(max(expected * (1 - expected), 1 / n) / n)


@settings(repeatable, max_examples=100)
@given(cases)
def test_a_finding_that_is_there_was_produced_and_an_absent_one_was_not(case: Case) -> None:
    people = simulated_people(case.network, 300, seed=case.seed, wants_fired=True)
    first = people.codes.shape[1] - len(case.network.findings)
    finding_of = np.array([finding for finding, _ in contributors(case.network)])
    for place in range(len(case.network.findings)):
        is_fired = people.fired[:, finding_of == place].any(axis=1)
        assert (is_fired == (people.codes[:, first + place] > 0)).all()


@settings(repeatable, max_examples=50)
@given(cases)
def test_telling_what_fired_changes_no_one(case: Case) -> None:
    plain = simulated_people(case.network, 50, seed=1)
    told = simulated_people(case.network, 50, seed=1, wants_fired=True)
    assert (plain.codes == told.codes).all()
    assert plain.fired.shape == (50, 0)


def test_only_causes_that_act_have_fired() -> None:
    patients = tiny().simulate(500, seed=1)
    for row in range(len(patients)):
        for cause in patients["fired"]["leg_ache"].iloc[row].split(";"):
            assert patients["responsible"][cause].iloc[row]


def test_frequencies_are_those_of_the_posterior() -> None:
    patients = tiny().simulate(_N, seed=2)
    causes = tiny().diagnose().causes
    for cause in tiny().causes:
        for part in ("present", "responsible"):
            assert _within_error(patients[part][cause].mean(), causes.loc[cause, part], _N)


def test_without_the_complaint_frequencies_are_those_of_everyone() -> None:
    people = tiny().simulate(_N, seed=3, complaint=False)
    prior = tiny().posterior()
    for cause in tiny().causes:
        assert _within_error(people["present"][cause].mean(), prior[cause], _N)


def test_answers_are_missing_as_often_as_stated() -> None:
    share = {"context": 0.1, "finding": 0.6, "test": 0.8, "swelling": 0.25}
    evidence = tiny().simulate(_N, seed=4, missing=share)["evidence"]
    for name in evidence.columns:
        kind = tiny().model.nodes[name].kind
        expected = 0.0 if name == "leg_ache" else share.get(name, share[kind])
        assert _within_error(evidence[name].isna().mean(), expected, _N)


def test_what_is_missing_does_not_change_the_patients() -> None:
    some, all_known = tiny().simulate(50, seed=5), tiny().simulate(50, seed=5, missing=_NONE)
    assert some["present"].equals(all_known["present"])
    known = some["evidence"].notna().to_numpy()
    pd.testing.assert_frame_equal(
        some["evidence"].astype(object).where(known),
        all_known["evidence"].astype(object).where(known),
    )


def test_a_row_is_evidence_for_a_diagnosis() -> None:
    network = legache.load()
    patients = network.simulate(5, seed=6)
    for _, row in patients["evidence"].iterrows():
        dx = network.diagnose(row)
        assert set(dx.evidence) == set(row.index[row.notna()])
    assert patients.attrs["seed"] == 6
    assert patients.attrs["setting"] == "primary_care"


def test_the_same_seed_gives_the_same_patients() -> None:
    assert tiny().simulate(20, seed=7).equals(tiny().simulate(20, seed=7))
    assert not tiny().simulate(20, seed=7).equals(tiny().simulate(20, seed=8))


def test_wrong_shares_are_named() -> None:
    with pytest.raises(
        EvidenceError, match=r"unknown kind or node 'swelin'.*did you mean 'swelling'"
    ):
        tiny().simulate(1, seed=1, missing={"swelin": 0.1})
    with pytest.raises(EvidenceError, match=r"missing\['test'\] must be a share from 0 to 1"):
        tiny().simulate(1, seed=1, missing={"test": 1.5})
    with pytest.raises(EvidenceError, match="n must be at least 1"):
        tiny().simulate(0, seed=1)
