"""Are the posteriors with and without each item exact, and rivals those that explain it away?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache.inference.weights import (
    candidates,
    item_posteriors,
    log_odds_decibans,
    log_ratio_decibans,
)
from tests.oracle import exact_posterior
from tests.random_networks import Case, cause, finding, network_of
from tests.strategies import possible_cases, repeatable

few = settings(repeatable, max_examples=40)


@few
@given(case=possible_cases)
def test_posteriors_with_and_without_each_item_are_exact(case: Case) -> None:
    items = tuple(case.evidence.items())
    found = item_posteriors(case.network, items, (), "responsible")

    def exact(names: list[str]) -> list[float]:
        said = {name: case.evidence[name] for name in names}
        return [float(p) for p in exact_posterior(case.network, said).responsible]

    names = list(case.evidence)
    assert found.prior.tolist() == pytest.approx(exact([]), abs=1e-12)
    assert found.now.tolist() == pytest.approx(exact(names), abs=1e-12)
    for place, name in enumerate(names):
        rest = [other for other in names if other != name]
        assert found.alone[place].tolist() == pytest.approx(exact([name]), abs=1e-12)
        assert found.without[place].tolist() == pytest.approx(exact(rest), abs=1e-12)


@few
@given(case=possible_cases)
def test_weights_without_a_candidate_are_exact(case: Case) -> None:
    items = tuple(case.evidence.items())
    rivals = candidates(case.network, items, (), "present")

    for row, slot in zip(*np.nonzero(rivals.places >= 0), strict=True):
        ruled_out = {case.network.causes[rivals.places[row, slot]].id: (1.0, 0.0)}
        with_item = exact_posterior(case.network, {**case.evidence, **ruled_out})
        rest = {name: v for name, v in case.evidence.items() if name != items[row][0]}
        without = exact_posterior(case.network, {**rest, **ruled_out})
        assert rivals.is_needed[row, slot] == (with_item.evidence == 0 < without.evidence)
        now, then = (
            np.array([float(p) if 1e-9 < p < 1 - 1e-9 else np.nan for p in answer.present])
            for answer in (with_item, without)
        )
        expected = log_odds_decibans(now) - log_odds_decibans(then)
        found = rivals.weight_if_absent[row, slot]
        where = ~np.isnan(expected) & bool(with_item.evidence)
        np.testing.assert_allclose(found[where], expected[where], rtol=0, atol=1e-4)


def test_a_candidate_is_a_cause_that_the_item_speaks_for() -> None:
    seen, own = finding("seen", [0, 1], [0.9, 0.9]), finding("own", [1], [0.9], leak=0.1)
    network = network_of([cause("a"), cause("b"), cause("c")], [seen, own])
    items = (("own", (0.0, 1.0)), ("seen", (0.0, 1.0)))

    rivals = candidates(network, items, (), "present")

    assert rivals.places[0].tolist()[0] == 1
    assert set(rivals.places[0].tolist()) == {1, -1}
    assert set(rivals.places[1].tolist()) >= {0, 1}


def test_log_odds_have_no_bounds_at_nought_and_one() -> None:
    found = log_odds_decibans(np.array([0.0, 1 / 11, 1.0]))

    assert found[1] == pytest.approx(-10, rel=1e-12)
    assert np.isnan(found[[0, 2]]).all()


def test_the_log_ratio_of_a_cause_that_cannot_be_has_no_bounds() -> None:
    found = log_ratio_decibans(np.array([0.0, 0.2, 0.5]), np.array([0.1, 0.0, 0.05]))

    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(10, rel=1e-12)
