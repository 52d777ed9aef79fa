"""Do weights, interaction and prior add up to the posterior, on any network?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache.diagnosis.items import Item
from legache.diagnosis.weighing import Scores, effects_of, weighed
from legache.inference.weights import item_log_odds, item_posteriors
from tests.random_networks import Case
from tests.strategies import possible_cases, repeatable

few = settings(repeatable, max_examples=60)


def _items(case: Case) -> list[Item]:
    return [Item(name, name, "finding", "yes") for name in case.evidence]


@few
@given(case=possible_cases)
def test_prior_weights_and_interaction_add_up_to_the_posterior(case: Case) -> None:
    found = item_posteriors(case.network, tuple(case.evidence.items()), (), "present")
    logs = item_log_odds(found)
    for place in range(len(case.network.causes)):
        scores = Scores(
            float(logs.prior[place]),
            float(logs.now[place]),
            logs.alone[:, place],
            logs.without[:, place],
        )
        none = [None] * len(case.evidence)
        balance, rows = weighed(scores, _items(case), effects_of(found, [(place, "c")]), none)
        if balance.interaction is not None:
            total = balance.prior + sum(row.alone for row in rows) + balance.interaction
            assert total == pytest.approx(balance.posterior, abs=1e-9)
        if balance.interaction_given_the_rest is not None:
            rest = sum(row.given_the_rest for row in rows)
            total = balance.prior + rest + balance.interaction_given_the_rest
            assert total == pytest.approx(balance.posterior, abs=1e-9)


@few
@given(case=possible_cases)
def test_a_weight_without_bounds_is_none_and_a_proof_is_named(case: Case) -> None:
    found = item_posteriors(case.network, tuple(case.evidence.items()), (), "present")
    logs = item_log_odds(found)
    for place in range(len(case.network.causes)):
        effects = effects_of(found, [(place, "c")])
        for row, effect in enumerate(effects):
            proof = {found.alone[row, place]} & {0.0, 1.0} - {found.prior[place]}
            if proof:
                assert effect == ("rules out c" if 0.0 in proof else "proves c")
                assert np.isnan(logs.alone[row, place])


def test_the_heaviest_item_comes_first_and_a_proof_before_it() -> None:
    scores = Scores(0.0, 3.0, np.array([1.0, 2.0, np.nan]), np.array([2.0, 5.0, np.nan]))
    items = [Item(name, name, "finding", "yes") for name in ("a", "b", "c")]

    balance, rows = weighed(scores, items, ["", "", "rules out x"], [None] * 3)

    assert [row.id for row in rows] == ["c", "b", "a"]
    assert [row.given_the_rest for row in rows] == [None, -2.0, 1.0]
    assert balance.interaction is None
    assert balance.posterior == 3.0
