"""Can only a well-formed network be built?"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from legache import NetworkError
from legache.network.structure import NoisyMaxNetwork, cause_probability
from tests.random_networks import cause, finding, network_of

INDEX = np.intp


def _network() -> NoisyMaxNetwork:
    """Two strata, one context, two causes and a graded finding."""
    graded = replace(
        finding("finding", [0, 1], [0.5, 0.5]),
        states=("low", "middle", "high"),
        strengths=np.array([[0.2, 0.3], [0.5, 0.5]]),
        leak=np.array([[0.1, 0.1], [0.0, 0.0]]),
        unlisted=np.array([0.1, 0.2]),
    )
    child = replace(
        cause("child", n_strata=2),
        contexts=np.array([0], dtype=INDEX),
        context_log_odds=np.array([1.0]),
        causes=np.array([0], dtype=INDEX),
        cause_log_odds=np.array([0.5]),
    )
    return NoisyMaxNetwork(
        root_ids=("root",),
        strata=(("r0",), ("r1",)),
        stratum_share=np.array([0.25, 0.75]),
        context_ids=("context",),
        context_probability=np.array([[0.1], [0.2]]),
        causes=(cause("parent", n_strata=2), child),
        findings=(graded,),
        unlisted=0.1,
    )


def _with_child(**changes: Any) -> NoisyMaxNetwork:
    network = _network()
    return replace(network, causes=(network.causes[0], replace(network.causes[1], **changes)))


def _with_finding(**changes: Any) -> NoisyMaxNetwork:
    network = _network()
    return replace(network, findings=(replace(network.findings[0], **changes),))


BAD_NETWORKS: list[tuple[dict[str, Any], str]] = [
    ({"stratum_share": np.array([0.25, 0.7])}, "stratum_share sums to 0.95; expected 1"),
    ({"stratum_share": np.array([1.25, -0.25])}, r"stratum_share: outside \[0, 1\]"),
    ({"stratum_share": np.array([np.nan, 1.0])}, r"stratum_share: outside \[0, 1\]"),
    ({"stratum_share": np.array([1.0])}, r"stratum_share: shape \(1,\); expected \(2,\)"),
    ({"context_probability": np.zeros((1, 2))}, r"context_probability: shape \(1, 2\)"),
    ({"context_probability": np.full((2, 1), 1.1)}, r"context_probability: outside \[0, 1\]"),
    ({"context_probability": np.full((2, 1), np.nan)}, r"context_probability: outside \[0, 1\]"),
    ({"unlisted": math.nan}, r"unlisted: outside \[0, 1\]"),
    ({"unlisted": -0.1}, r"unlisted: outside \[0, 1\]"),
    ({"context_ids": ("root",)}, "duplicate id 'root'; ids name one node each"),
    ({"context_ids": ("finding",)}, "duplicate id 'finding'; ids name one node each"),
]

BAD_CAUSES: list[tuple[dict[str, Any], str]] = [
    ({"intercept": np.zeros(3)}, r"child: intercept: shape \(3,\); expected \(2,\)"),
    ({"intercept": np.array([0.0, np.nan])}, "child: intercept is not a number"),
    ({"responsible": 1.5}, r"child: responsible: outside \[0, 1\]"),
    ({"responsible": math.nan}, r"child: responsible: outside \[0, 1\]"),
    ({"contexts": np.array([1], dtype=INDEX)}, "child: contexts: indices must be distinct"),
    ({"contexts": np.array([-1], dtype=INDEX)}, "child: contexts: indices must be distinct"),
    ({"causes": np.array([2], dtype=INDEX)}, "child: causes: indices must be distinct and below 2"),
    ({"causes": np.array([0, 0], dtype=INDEX)}, "child: causes: indices must be distinct"),
    ({"context_log_odds": np.zeros(2)}, r"child: context_log_odds: shape \(2,\)"),
    ({"context_log_odds": np.array([np.inf])}, "child: context_log_odds is not finite"),
    ({"cause_log_odds": np.array([np.nan])}, "child: cause_log_odds is not finite"),
    ({"id": "parent"}, "duplicate id 'parent'"),
    ({"causes": np.array([1], dtype=INDEX)}, "cycle child -> child; remove one of these edges"),
]

BAD_FINDINGS: list[tuple[dict[str, Any], str]] = [
    ({"states": ("only",)}, r"finding: states \('only',\); expected at least 2, all different"),
    ({"states": ("low", "high")}, r"finding: strengths: shape \(2, 2\); expected \(2, 1\)"),
    ({"causes": np.array([0, 2], dtype=INDEX)}, "finding: causes: indices must be distinct"),
    ({"causes": np.array([0], dtype=INDEX)}, r"finding: strengths: shape \(2, 2\)"),
    ({"strengths": np.array([[0.6, 0.6], [0, 0]])}, "finding: strengths sums to more than 1"),
    ({"strengths": np.array([[-0.1, 0.6], [0, 0]])}, r"finding: strengths: outside \[0, 1\]"),
    ({"strengths": np.array([[np.nan, 0], [0, 0]])}, r"finding: strengths: outside \[0, 1\]"),
    ({"leak": np.zeros((1, 2))}, r"finding: leak: shape \(1, 2\); expected \(2, 2\)"),
    ({"leak": np.array([[0.9, 0.2], [0, 0]])}, "finding: leak sums to more than 1"),
    ({"unlisted": np.array([0.9, 0.2])}, "finding: unlisted sums to more than 1"),
    ({"unlisted": np.zeros(1)}, r"finding: unlisted: shape \(1,\); expected \(2,\)"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_NETWORKS)
def test_a_bad_network_cannot_be_built(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^{message}"):
        replace(_network(), **changes)


@pytest.mark.parametrize(("changes", "message"), BAD_CAUSES)
def test_a_bad_cause_cannot_be_built(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^{message}"):
        _with_child(**changes)


@pytest.mark.parametrize(("changes", "message"), BAD_FINDINGS)
def test_a_bad_finding_cannot_be_built(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^{message}"):
        _with_finding(**changes)


def test_a_cycle_is_named() -> None:
    network = _network()
    edge: Any = {"causes": np.array([1], dtype=INDEX), "cause_log_odds": np.array([1.0])}

    with pytest.raises(NetworkError, match=r"^cycle .*child.*; remove one of these edges"):
        replace(network, causes=(replace(network.causes[0], **edge), network.causes[1]))


@pytest.mark.parametrize("limit", [np.inf, -np.inf])
def test_a_cause_may_be_certain_or_impossible_in_a_stratum(limit: float) -> None:
    network = _with_child(intercept=np.array([limit, 0.0]))

    assert network.causes[1].intercept[0] == limit


def test_shares_may_sum_to_1_but_for_rounding() -> None:
    shares = np.array([0.25, 0.75 + 1e-12])

    network = replace(_network(), stratum_share=shares)

    assert network.stratum_share.tolist() == shares.tolist()


def test_arrays_of_a_network_are_read_only() -> None:
    network = _network()

    for values in (network.stratum_share, network.causes[1].intercept, network.findings[0].leak):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0.5


def test_a_network_does_not_change_with_the_array_that_made_it() -> None:
    numbers = np.array([0.25, 0.75, 0.0])
    network = replace(_network(), stratum_share=numbers[:2])

    numbers[0] = 0.9

    assert network.stratum_share[0] == 0.25


def test_a_stratum_without_a_state_of_each_root_cannot_be_built() -> None:
    with pytest.raises(NetworkError):
        replace(_network(), strata=((), ()))


def test_two_strata_that_are_the_same_cannot_be_built() -> None:
    with pytest.raises(NetworkError):
        replace(_network(), strata=(("r0",), ("r0",)))


def test_two_states_of_the_same_name_cannot_be_built() -> None:
    with pytest.raises(NetworkError):
        _with_finding(states=("low", "high", "high"))


def test_causes_come_after_their_parents() -> None:
    edge: Any = {"causes": np.array([2], dtype=INDEX), "cause_log_odds": np.array([1.0])}
    causes = [replace(cause("a"), **edge), cause("b"), cause("c")]

    order = network_of(causes, []).cause_order()

    assert order.index(2) < order.index(0)
    assert sorted(order) == [0, 1, 2]


def test_the_probability_of_a_cause_adds_log_odds() -> None:
    """Odds 1 and 3 without, 2 and 6 with a parent of odds ratio 2."""
    table = cause_probability(np.log([1.0, 3.0]), [np.log([1.0, 2.0])], 1)

    np.testing.assert_allclose(table, [[1 / 2, 3 / 4], [2 / 3, 6 / 7]], rtol=1e-15)


def test_the_probability_of_a_cause_has_an_axis_for_each_parent() -> None:
    parents = [np.zeros(2), np.zeros(3)]

    assert cause_probability(np.zeros(4), parents, 2).shape == (2, 3, 4)


def test_infinite_intercepts_make_certain_causes() -> None:
    table = cause_probability(np.array([-np.inf, np.inf, -1000.0]), [], 0)

    assert table.tolist() == [0.0, 1.0, 0.0]
