"""Does a contrast tell two causes apart, the same way from both sides?"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings

from legache import Diagnosis, EvidenceError, Network
from legache.diagnosis.contrast import Contrast
from tests.diagnosis.reasons import CLOT, LEFT, RIGHT, certain, rivals, said
from tests.strategies import random_patient, repeatable, seeds

few = settings(repeatable, max_examples=8)


@pytest.fixture(scope="module")
def clot(network: Network) -> Diagnosis:
    return network.diagnose(CLOT)


@few
@given(seed=seeds)
def test_turning_it_round_turns_every_sign(network: Network, seed: int) -> None:
    dx = network.diagnose(random_patient(network, seed))
    first, second = dx.ranking[:2]

    one, other = dx.contrast(first, second), dx.contrast(second, first)

    assert one.balance.posterior == pytest.approx(-other.balance.posterior, abs=1e-12)
    for name in ("alone", "given_the_rest"):
        turned = -other.table[name].reindex(one.table.index)
        np.testing.assert_allclose(one.table[name], turned, rtol=0, atol=1e-12)


@few
@given(seed=seeds)
def test_prior_weights_and_interaction_add_up(network: Network, seed: int) -> None:
    dx = network.diagnose(random_patient(network, seed))
    why = dx.contrast(*dx.ranking[:2], of="present")

    total = why.balance.prior + math.fsum(why.table["alone"]) + why.balance.interaction
    assert total == pytest.approx(why.balance.posterior, abs=1e-9)
    rest = math.fsum(why.table["given_the_rest"]) + why.balance.interaction_given_the_rest
    assert why.balance.prior + rest == pytest.approx(why.balance.posterior, abs=1e-9)


def test_the_posterior_is_the_log_ratio_of_the_probabilities(clot: Diagnosis) -> None:
    why = clot.contrast(RIGHT, LEFT)

    responsible = clot.causes["responsible"]
    expected = 10 * math.log10(responsible[RIGHT] / responsible[LEFT])
    assert why.balance.posterior == pytest.approx(expected, abs=1e-9)
    assert why.p_cause == pytest.approx(responsible[RIGHT], rel=1e-12)
    assert why.p_against == pytest.approx(responsible[LEFT], rel=1e-12)


def test_a_cause_against_itself_weighs_nothing(clot: Diagnosis) -> None:
    why = clot.contrast(RIGHT, RIGHT)

    assert why.balance.posterior == 0
    assert (why.table["alone"] == 0).all()


def test_what_only_one_of_them_shows_speaks_for_it(network: Network) -> None:
    why = said(rivals(network, leak=0.1), calf_tenderness=True).contrast(RIGHT, LEFT)

    assert why.items[0].given_the_rest > 1


def test_a_proof_names_the_cause_that_it_is_about(network: Network) -> None:
    why = said(certain(network), calf_tenderness=False).contrast(LEFT, RIGHT)

    assert why.items[0].effect == f"rules out {RIGHT}"
    assert why.balance.posterior is None
    assert "rules out deep vein thrombosis" in repr(why)


def test_shapley_values_sum_to_the_shift_of_the_ratio(clot: Diagnosis) -> None:
    why = clot.contrast(RIGHT, LEFT, shapley=True)

    shift = why.balance.posterior - why.balance.prior
    assert why.shares_table["value"].sum() == pytest.approx(shift, abs=1e-9)


def test_a_record_gives_the_same_contrast_back(clot: Diagnosis) -> None:
    why = clot.contrast(RIGHT, LEFT, shapley=True)

    again = Contrast.from_record(json.loads(why.to_json()))

    assert repr(again) == repr(why)
    assert again._repr_html_() == why._repr_html_()
    assert again.table.equals(why.table)
    assert again.as_record() == why.as_record()


def test_an_unknown_cause_is_refused(clot: Diagnosis) -> None:
    with pytest.raises(EvidenceError, match="unknown cause 'cellulitus'; did you mean"):
        clot.contrast(RIGHT, "cellulitus")
