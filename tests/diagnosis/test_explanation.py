"""Does an explanation reconcile, name the rival, and say honestly what has no weight?"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from legache import Diagnosis, EvidenceError, FormatError, Likelihood, Network
from legache.diagnosis.explanation import Explanation
from legache.diagnosis.text import DISCLAIMER
from tests.diagnosis.reasons import CLOT, LEFT, RIGHT, SIGN, certain, rivals, said
from tests.strategies import random_patient, repeatable, seeds

few = settings(repeatable, max_examples=10)
OSTEOARTHRITIS = "osteoarthritis"


@pytest.fixture(scope="module")
def clot(network: Network) -> Diagnosis:
    return network.diagnose(CLOT)


def _decibans(p: float) -> float:
    return 10 * math.log10(p / (1 - p))


@pytest.mark.parametrize("of", ["responsible", "present"])
def test_weights_are_differences_of_log_odds(network: Network, clot: Diagnosis, of: str) -> None:
    why = clot.explain(RIGHT, of=of)
    rest = {name: value for name, value in CLOT.items() if name != "swelling_one_leg"}
    given_nothing = {} if of == "responsible" else {"leg_ache": Likelihood(1.0)}

    now = _decibans(clot.causes.loc[RIGHT, of])
    without = _decibans(network.diagnose(rest).causes.loc[RIGHT, of])
    prior = _decibans(network.diagnose(given_nothing).causes.loc[RIGHT, of])
    only = network.diagnose({**given_nothing, "swelling_one_leg": True})
    alone = _decibans(only.causes.loc[RIGHT, of])

    row = why.table.loc["swelling_one_leg"]
    assert row["given_the_rest"] == pytest.approx(now - without, abs=1e-9)
    assert row["alone"] == pytest.approx(alone - prior, abs=1e-9)
    assert why.balance.prior == pytest.approx(prior, abs=1e-9)
    assert why.balance.posterior == pytest.approx(now, abs=1e-9)


@few
@given(seed=seeds)
def test_prior_weights_and_interaction_add_up(network: Network, seed: int) -> None:
    dx = network.diagnose(random_patient(network, seed))
    why = dx.explain(dx.ranking[0])

    for column, interaction in (
        ("alone", why.balance.interaction),
        ("given_the_rest", why.balance.interaction_given_the_rest),
    ):
        total = why.balance.prior + math.fsum(why.table[column]) + interaction
        assert total == pytest.approx(why.balance.posterior, abs=1e-9)


def test_the_order_of_the_evidence_does_not_matter(network: Network, clot: Diagnosis) -> None:
    turned = network.diagnose(dict(reversed(CLOT.items())))

    assert turned.explain(RIGHT).items == clot.explain(RIGHT).items


def test_presence_starts_from_nothing_and_the_complaint_is_an_item(clot: Diagnosis) -> None:
    why = clot.explain(RIGHT, of="present")

    assert why.baseline == ()
    assert why.p_prior == pytest.approx(clot.causes.loc[RIGHT, "prior"], abs=1e-12)
    assert "leg_ache" in why.table.index
    assert clot.explain(RIGHT).baseline == ("leg_ache",)
    assert "leg_ache" not in clot.explain(RIGHT).table.index


def test_what_another_cause_explains_counts_for_nothing_without_it(network: Network) -> None:
    why = said(rivals(network, leak=0.1), calf_tenderness=True).explain(LEFT)

    row = why.items[0]
    assert row.given_the_rest < -1
    assert row.rival.id == RIGHT
    assert row.rival.weight_if_absent == pytest.approx(0, abs=1e-9)
    assert row.rival.after > row.rival.before
    assert "explained by Deep vein thrombosis" in repr(why)


def test_what_is_not_there_without_the_rival_has_no_weight_without_it(network: Network) -> None:
    why = said(rivals(network, leak=0.0), calf_tenderness=True).explain(LEFT)

    assert why.items[0].rival.id == RIGHT
    assert why.items[0].rival.weight_if_absent is None
    assert "not there without it" in repr(why)
    assert math.isnan(why.table.loc[SIGN, "weight_if_rival_absent"])


def test_what_speaks_against_a_cause_by_itself_has_no_rival(network: Network) -> None:
    why = said(rivals(network, leak=0.1), calf_tenderness=False).explain(RIGHT)

    assert why.items[0].given_the_rest < 0
    assert why.items[0].rival is None


def test_a_cause_is_never_its_own_rival(clot: Diagnosis) -> None:
    for cause in clot.ranking:
        named = {row.rival.id for row in clot.explain(cause).items if row.rival}
        assert cause not in named


def test_a_rival_is_a_cause_that_the_item_raises_and_whose_absence_helps(clot: Diagnosis) -> None:
    found = [row for cause in clot.ranking for row in clot.explain(cause).items if row.rival]

    assert found
    for row in found:
        assert row.rival.after - row.rival.before >= 0.01
        assert row.rival.weight_if_absent is None or (
            row.rival.weight_if_absent >= row.given_the_rest + 1
        )


def test_the_weight_without_the_rival_is_that_of_a_patient_without_it(
    network: Network, clot: Diagnosis
) -> None:
    row = next(r for r in clot.explain(OSTEOARTHRITIS).items if r.rival)
    absent = {**CLOT, row.rival.id: False}
    rest = {name: value for name, value in absent.items() if name != row.id}

    now, without = (
        _decibans(network.diagnose(patient).causes.loc[OSTEOARTHRITIS, "responsible"])
        for patient in (absent, rest)
    )

    assert row.rival.weight_if_absent == pytest.approx(now - without, abs=1e-6)


def test_what_rules_a_cause_out_has_no_weight(network: Network) -> None:
    why = said(certain(network), calf_tenderness=False).explain(RIGHT)

    assert why.p_posterior == 0
    assert why.balance.posterior is None
    assert why.items[0].effect == f"rules out {RIGHT}"
    assert (why.items[0].alone, why.items[0].given_the_rest) == (None, None)
    assert "rules it out" in repr(why)
    json.loads(why.to_json())


def test_what_proves_a_cause_has_no_weight(network: Network) -> None:
    why = said(certain(network), calf_tenderness=True).explain(RIGHT, of="present")

    sign = next(row for row in why.items if row.id == SIGN)
    assert why.p_posterior == 1
    assert sign.effect == f"proves {RIGHT}"
    assert why.balance.interaction is None


def test_a_cause_that_cannot_be_is_not_moved(network: Network) -> None:
    model = certain(network)
    causes = [replace(node, responsible=0.0) for node in model.network.causes[:1]]
    small = replace(model.network, causes=(*causes, model.network.causes[1]))
    why = said(replace(model, networks={model.setting: small}), calf_tenderness=True).explain(LEFT)

    assert why.balance.prior is None
    assert [row.effect for row in why.items] == [""] * len(why.items)
    assert "evidence cannot move it" in repr(why)


def test_soft_evidence_and_sets_are_items_like_any(network: Network) -> None:
    bands = network.model.nodes["age_band"].states[-2:]
    dx = network.diagnose(age_band=bands, swelling_one_leg=Likelihood(4.0))
    why = dx.explain(RIGHT)

    assert why.table.loc["swelling_one_leg", "given_the_rest"] > 0
    assert why.table.loc["swelling_one_leg", "said"] == "likelihood ratio 4"
    assert " or " in why.table.loc["age_band", "said"]


def test_soft_evidence_that_says_nothing_weighs_nothing(network: Network) -> None:
    why = network.diagnose(swelling_one_leg=Likelihood(1.0)).explain(RIGHT)

    assert why.table.loc["swelling_one_leg", "alone"] == pytest.approx(0, abs=1e-9)


def test_without_evidence_the_posterior_is_the_prior(network: Network) -> None:
    why = network.diagnose().explain(RIGHT)

    assert why.items == ()
    assert why.balance.prior == why.balance.posterior
    assert why.balance.interaction == 0
    assert repr(why)


def test_exact_shapley_values_sum_to_posterior_less_prior(clot: Diagnosis) -> None:
    why = clot.explain(RIGHT, shapley=True)

    assert why.shapley.method == "exact"
    assert why.shapley.n_posteriors == 2 ** len(why.items)
    total = why.shares_table["value"].sum()
    assert total == pytest.approx(why.balance.posterior - why.balance.prior, abs=1e-9)
    assert "Shapley values: exact" in repr(why)


def test_contexts_are_one_player_where_there_are_many_items(network: Network) -> None:
    findings = ["fever", "swelling_one_leg", "redness_or_warmth", "calf_tenderness"]
    contexts = [n for n in network.contexts if n not in {"age_band", "sex", "pregnancy"}][:9]
    patient = dict.fromkeys((*findings, *contexts), False)

    why = network.diagnose(patient).explain(RIGHT, shapley=True)

    assert why.shapley.method == "exact"
    assert sorted(why.shares_table.loc["contexts", "members"]) == sorted(contexts)
    assert len(why.shapley.shares) == len(findings) + 1
    assert "All contexts count as one item" in repr(why)


def test_beyond_twelve_players_orders_are_drawn(network: Network) -> None:
    known = {name: False for name in network.contexts if name not in {"age_band", "sex"}}
    findings = [name for name in network.findings if name != "leg_ache"]
    binary = [n for n in findings if network.model.nodes[n].states == ("absent", "present")]
    patient = {"age": 60, "sex": "male", **known, **dict.fromkeys(binary[:12], False)}

    why = network.diagnose(patient).explain(RIGHT, shapley=True)

    assert why.shapley.method == "sampled"
    assert (why.shares_table["error"] > 0).any()
    total = why.shares_table["value"].sum()
    assert total == pytest.approx(why.balance.posterior - why.balance.prior, abs=1e-9)
    assert "sampled, from 50 random orders (seed 0)" in repr(why)


def test_nothing_is_shared_where_something_is_proof(network: Network) -> None:
    why = said(certain(network), calf_tenderness=False).explain(RIGHT, shapley=True)

    assert why.shapley.method == "unbounded"
    assert why.shapley.shares == ()
    assert "No Shapley values" in repr(why)


@pytest.mark.parametrize("shapley", [False, True])
def test_a_record_gives_the_same_explanation_back(clot: Diagnosis, shapley: bool) -> None:
    why = clot.explain(OSTEOARTHRITIS, shapley=shapley)

    again = Explanation.from_record(json.loads(why.to_json()))

    assert repr(again) == repr(why)
    assert again.table.equals(why.table)
    assert again.as_record() == why.as_record()
    assert list(again.as_record())[:5] == ["legache", "priors", "setting", "evidence", "assumed"]
    assert again.as_record()["note"] == DISCLAIMER


def test_a_record_of_something_else_is_refused(clot: Diagnosis) -> None:
    with pytest.raises(FormatError, match="a record of Explanation without 'cause'"):
        Explanation.from_record({})
    with pytest.raises(FormatError, match="not a record of Explanation"):
        Explanation.from_record({**clot.explain(RIGHT).as_record(), "p_prior": "much"})


def test_an_unknown_cause_is_refused(clot: Diagnosis) -> None:
    with pytest.raises(EvidenceError, match="did you mean 'deep_vein_thrombosis'") as caught:
        clot.explain("deep_vein_trombosis")
    assert caught.value.suggestions[0] == RIGHT


def test_another_probability_is_refused(clot: Diagnosis) -> None:
    with pytest.raises(EvidenceError, match="of='silent'; expected 'responsible' or 'present'"):
        clot.explain(RIGHT, of="silent")


def test_it_shows_itself_with_the_heaviest_item_first(clot: Diagnosis) -> None:
    why = clot.explain(RIGHT)

    weights = why.table["given_the_rest"].abs().round(9)
    assert weights.is_monotonic_decreasing
    assert "Swelling of one leg" in repr(why)
    assert "<table" in why._repr_html_()
    assert np.isfinite(weights).all()
