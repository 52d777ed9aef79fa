"""Does the fit tell patients of a listed story from others?"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings

from legache import Diagnosis, EvidenceError, Likelihood, LimitError, Network
from legache.diagnosis.fit import Fit
from tests.diagnosis.reasons import CLOT, LEFT, RIGHT, SIGN, certain, rivals, said
from tests.strategies import random_patient, repeatable, seeds

few = settings(repeatable, max_examples=8)
CONTEXTS = {"age": 60, "sex": "female", "recent_immobilization": True, "smoking": False}


@pytest.fixture(scope="module")
def clot(network: Network) -> Diagnosis:
    return network.diagnose(CLOT)


def test_conflict_is_that_of_its_definition(network: Network, clot: Diagnosis) -> None:
    background = network.diagnose(CONTEXTS).log_evidence
    findings = {name: value for name, value in CLOT.items() if name not in CONTEXTS}
    alone = [
        network.diagnose({**CONTEXTS, name: value}).log_evidence - background
        for name, value in findings.items()
    ]

    together = clot.log_evidence - background
    assert clot.fit().conflict == pytest.approx((sum(alone) - together) / math.log(2), abs=1e-9)
    assert clot.fit().log_evidence == pytest.approx(clot.log_evidence, abs=1e-9)


def test_each_finding_has_its_three_probabilities(network: Network, clot: Diagnosis) -> None:
    row = clot.fit().table.loc["swelling_one_leg"]
    rest = {name: value for name, value in CLOT.items() if name != "swelling_one_leg"}
    without, bare = network.diagnose(rest), network.diagnose(CONTEXTS)
    only = network.diagnose({**CONTEXTS, "swelling_one_leg": True})
    leader = clot.ranking[0]

    given_rest = math.exp(clot.log_evidence - without.log_evidence)
    ratio = clot.causes.loc[leader, "responsible"] / without.causes.loc[leader, "responsible"]
    by_itself = math.exp(only.log_evidence - bare.log_evidence)
    assert row["by_itself"] == pytest.approx(by_itself, rel=1e-9)
    assert row["given_rest"] == pytest.approx(given_rest, rel=1e-9)
    assert row["given_leader"] == pytest.approx(given_rest * ratio, rel=1e-9)
    assert row["misfit"] == pytest.approx(math.log2(by_itself / given_rest / ratio), abs=1e-9)


@few
@given(seed=seeds)
def test_without_a_finding_the_conflict_falls_by_its_part(network: Network, seed: int) -> None:
    patient = random_patient(network, seed)
    fit = network.diagnose(patient).fit()

    for row in fit.findings[:1]:
        rest = {name: value for name, value in patient.items() if name != row.id}
        left = network.diagnose(rest).fit().conflict
        assert fit.conflict - left == pytest.approx(row.conflict, abs=1e-9)


def test_one_finding_is_in_no_conflict(network: Network) -> None:
    fit = network.diagnose(swelling_one_leg=True, age=60).fit()

    assert fit.conflict == pytest.approx(0, abs=1e-12)
    assert "Conflict: 0.0 bits; the findings say nothing of each other." in repr(fit)


def test_no_finding_is_in_no_conflict_and_unsurprising(network: Network) -> None:
    fit = network.diagnose().fit()

    assert fit.conflict == 0
    assert fit.percentile is None
    assert fit.findings == ()
    assert "Nothing that was said is at odds" in repr(fit)


def test_a_sign_that_the_leading_cause_does_not_show_does_not_fit(network: Network) -> None:
    # the left cause is said to be there, so that it leads although the sign is none of its own
    dx = said(rivals(network, leak=0.02), calf_tenderness=True, cellulitis=True)
    fit = dx.fit()

    assert fit.leader == LEFT
    assert SIGN in {row.id for row in fit.misfits}
    assert "bits against it" in repr(fit)


def test_a_sign_of_the_leading_cause_fits(network: Network) -> None:
    fit = said(rivals(network, leak=0.02), calf_tenderness=True, deep_vein_thrombosis=True).fit()

    assert fit.leader == RIGHT
    assert fit.misfits == ()


def test_signs_that_no_story_joins_are_in_conflict_and_surprising(network: Network) -> None:
    usual = network.diagnose(age=67, sex="female", urge_to_move=True, relief_by_movement=True).fit()
    odd = network.diagnose(
        age=20, sex="male", urge_to_move=True, weak_foot_pulses=True, redness_or_warmth=True
    ).fit()

    assert usual.conflict < 0
    assert odd.percentile < usual.percentile


def test_evidence_that_simulated_patients_do_not_give_is_named(network: Network) -> None:
    bands = network.model.nodes["age_band"].states[-2:]
    dx = network.diagnose(age_band=bands, swelling_one_leg=Likelihood(4.0), fever=False)

    fit = dx.fit()

    assert fit.not_compared == ("age_band", "swelling_one_leg")
    assert fit.percentile is not None
    assert "Not compared with simulated patients: age_band, swelling_one_leg" in repr(fit)
    soft = next(row for row in fit.findings if row.id == "swelling_one_leg")
    assert soft.by_itself is None
    assert soft.misfit is not None


def test_the_scale_of_a_likelihood_does_not_matter(network: Network) -> None:
    duration = network.model.nodes["duration"].states

    one, ten = (
        network.diagnose(
            fever=False, duration=Likelihood({duration[0]: scale, duration[-1]: scale / 4})
        ).fit()
        for scale in (1.0, 10.0)
    )

    assert one.conflict == pytest.approx(ten.conflict, abs=1e-9)


def test_where_no_listed_cause_can_be_there_is_no_leader(network: Network) -> None:
    model = rivals(network, leak=0.1)
    dx = said(model, calf_tenderness=True, cellulitis=False, deep_vein_thrombosis=False)

    fit = dx.fit()

    assert fit.leader is None
    assert fit.conflict_given_leader is None
    assert all(row.fits and row.misfit is None for row in fit.findings)
    assert "no listed cause can be responsible" in repr(fit)
    assert Fit.from_record(json.loads(fit.to_json())).table.equals(fit.table)


def test_the_complaint_must_be_there(network: Network) -> None:
    with pytest.raises(EvidenceError, match="leg_ache: fit compares patients who have it"):
        network.diagnose(leg_ache=False).fit()


def test_a_complaint_too_rare_to_simulate_is_refused(network: Network) -> None:
    model = certain(network)
    small = model.network
    causes = tuple(replace(node, intercept=node.intercept - 25.0) for node in small.causes)
    rare = replace(model, networks={model.setting: replace(small, causes=causes)})

    with pytest.raises(LimitError, match="to simulate some"):
        said(rare, calf_tenderness=True).fit()


def test_a_record_gives_the_same_fit_back(clot: Diagnosis) -> None:
    fit = clot.fit()

    again = Fit.from_record(json.loads(fit.to_json()))

    assert repr(again) == repr(fit)
    assert again._repr_html_() == fit._repr_html_()
    assert again.table.equals(fit.table)
    assert again.as_record() == fit.as_record()
