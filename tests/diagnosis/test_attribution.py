"""Is a finding attributed to what may have produced it, and to nothing else?"""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings

from legache import Diagnosis, EvidenceError, Likelihood, Network
from legache.diagnosis.attribution import Attribution
from legache.inference.links import fired_links
from tests.diagnosis.reasons import CLOT, RIGHT, SIGN, rivals, said
from tests.random_networks import Case
from tests.strategies import possible_cases, random_patient, repeatable, seeds

few = settings(repeatable, max_examples=10)


@pytest.fixture(scope="module")
def clot(network: Network) -> Diagnosis:
    return network.diagnose(CLOT)


@few
@given(seed=seeds)
def test_the_complaint_was_produced_by_the_responsible_causes(network: Network, seed: int) -> None:
    dx = network.diagnose(random_patient(network, seed))

    produced = dx.attribution().table["probability"]

    assert produced["leak"] == 0
    for cause, responsible in dx.causes["responsible"].items():
        assert produced[cause] == pytest.approx(responsible, abs=1e-12)
    assert produced["unlisted"] >= dx.unexplained - 1e-12


@few
@given(seed=seeds)
def test_no_cause_produced_more_than_its_own_probability(network: Network, seed: int) -> None:
    dx = network.diagnose(random_patient(network, seed))
    found = {finding.id: finding for finding in dx.model.network.findings}
    shown = [name for name in dx.given.likelihoods if name in found]
    shown = [name for name in shown if dx.given.likelihoods[name][0] == 0]
    assume(shown)

    for name in shown:
        scope = "responsible" if found[name].hangs_on_responsible else "present"
        produced = dx.attribution(name).table["probability"].drop(["unlisted", "leak"])
        assert (produced <= dx.causes[scope].reindex(produced.index) + 1e-12).all()
        assert dx.attribution(name).table["probability"].sum() >= 1 - 1e-9


@settings(repeatable, max_examples=60)
@given(case=possible_cases)
def test_asking_about_one_finding_gives_its_part_of_all(case: Case) -> None:
    every = fired_links(case.network, case.evidence)

    for place, finding in enumerate(case.network.findings):
        one = fired_links(case.network, case.evidence, findings=[finding.id])
        rows = every.findings == place
        assert one.contributors.tolist() == every.contributors[rows].tolist()
        assert one.probability.tolist() == pytest.approx(every.probability[rows].tolist())


def test_a_sign_is_owed_to_its_cause_and_its_background(network: Network) -> None:
    dx = said(rivals(network, leak=0.1), calf_tenderness=True)

    produced = dx.attribution(SIGN).table["probability"]

    present = dx.causes.loc[RIGHT, "present"]
    # the link fires in 0.8 of those who have the cause, and the sign is there in 0.82 of them
    assert produced[RIGHT] == pytest.approx(present * 0.8 / 0.82, rel=1e-9)
    assert produced["leak"] == pytest.approx(1 - present + present * 0.1 / 0.82, rel=1e-9)
    assert produced["unlisted"] == 0


def test_of_soft_evidence_the_finding_is_there_and_produced(network: Network) -> None:
    model = rivals(network, leak=0.1)
    likely = said(model, calf_tenderness=Likelihood(3.0))
    there = said(model, calf_tenderness=True)

    soft, hard = likely.attribution(SIGN), there.attribution(SIGN)

    weight, other = (said(model, calf_tenderness=v).log_evidence for v in (True, False))
    p_there = 1 / (1 + 2.718281828459045 ** (other - weight) / 3)
    assert soft.is_soft
    assert not hard.is_soft
    assert soft.table.loc[RIGHT, "probability"] == pytest.approx(
        p_there * hard.table.loc[RIGHT, "probability"], rel=1e-9
    )
    assert "The finding may be absent" in repr(soft)


@pytest.mark.parametrize("value", [False, None, Likelihood(0.0), Likelihood(1.0)])
def test_what_was_not_said_to_be_there_is_refused(network: Network, value: object) -> None:
    dx = network.diagnose(swelling_one_leg=value)

    with pytest.raises(EvidenceError, match="swelling_one_leg was not said to be there"):
        dx.attribution("swelling_one_leg")


def test_an_unknown_finding_and_a_cause_are_refused(clot: Diagnosis) -> None:
    with pytest.raises(EvidenceError, match="did you mean 'swelling_one_leg'"):
        clot.attribution("swelling_one_lag")
    with pytest.raises(EvidenceError, match="unknown finding 'osteoarthritis'"):
        clot.attribution("osteoarthritis")


def test_the_most_probable_comes_first_and_what_is_no_cause_is_always_shown(
    clot: Diagnosis,
) -> None:
    found = clot.attribution()

    assert found.table["probability"].is_monotonic_decreasing
    assert set(found.table.index) == {*clot.model.cause_ids, "unlisted", "leak"}
    assert "a cause that is not listed" in repr(found)
    assert "less probable causes are in `.table`" in repr(found)


def test_a_record_gives_the_same_attribution_back(clot: Diagnosis) -> None:
    found = clot.attribution("swelling_one_leg")

    again = Attribution.from_record(json.loads(found.to_json()))

    assert repr(again) == repr(found)
    assert again._repr_html_() == found._repr_html_()
    assert again.table.equals(found.table)
    assert again.as_record() == found.as_record()
