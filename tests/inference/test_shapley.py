"""Are Shapley values those of the definition?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legache.inference.shapley import (
    all_coalitions,
    drawn_orders,
    exact_shapley,
    joining,
    sampled_shapley,
)
from tests.strategies import repeatable, seeds

few = settings(repeatable, max_examples=60)


def _worth(values: np.ndarray, members: frozenset[int]) -> float:
    return float(values[sum(1 << player for player in members)])


@few
@given(seed=seeds, n_players=st.integers(0, 5))
def test_exact_values_are_means_over_all_orders(seed: int, n_players: int) -> None:
    values = np.random.default_rng(seed).normal(size=2**n_players)
    shares = np.zeros(n_players)
    orders = list(itertools.permutations(range(n_players)))
    for order in orders:
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            shares[player] += _worth(values, before | {player}) - _worth(values, before)

    np.testing.assert_allclose(exact_shapley(values), shares / len(orders), rtol=0, atol=1e-12)


@few
@given(seed=seeds, n_players=st.integers(1, 12))
def test_exact_values_sum_to_the_whole(seed: int, n_players: int) -> None:
    values = np.random.default_rng(seed).normal(size=2**n_players)

    assert exact_shapley(values).sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


@few
@given(seed=seeds, n_players=st.integers(1, 6))
def test_sampled_values_sum_to_the_whole_and_are_near_the_exact_ones(
    seed: int, n_players: int
) -> None:
    values = np.random.default_rng(seed).normal(size=2**n_players)
    orders = drawn_orders(n_players, 400, seed)
    rows = (joining(orders) << np.arange(n_players)).sum(axis=-1)

    shares, errors = sampled_shapley(orders, values[rows])

    assert shares.sum() == pytest.approx(values[-1] - values[0], abs=1e-9)
    assert (np.abs(shares - exact_shapley(values)) <= 6 * errors + 1e-9).all()


def test_coalitions_grow_by_one_player_in_the_order_that_was_drawn() -> None:
    order = np.array([[2, 0, 1]])

    assert joining(order)[0].astype(int).tolist() == [[0, 0, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]]


def test_rows_of_coalitions_are_numbered_by_their_members() -> None:
    assert all_coalitions(2).astype(int).tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
