"""Is the information of an answer what its definition says, and 0 where nothing connects?"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings

from legache.inference.branches import branches, open_nodes
from legache.inference.choosing import screened_bits
from legache.inference.flat import flat_network
from legache.inference.information import expected, information
from legache.inference.posterior import posterior
from legache.inference.screening import screened
from legache.network.structure import FloatArray
from tests.oracle import exact_posterior
from tests.random_networks import (
    Case,
    cause,
    finding,
    network_of,
    side_by_side,
    with_unconnected,
)
from tests.strategies import possible_cases, repeatable

few = settings(repeatable, max_examples=30)
ROUNDING = 1e-9


@pytest.fixture(params=["compiled", "numpy"], scope="module", autouse=True)
def each_engine(request: pytest.FixtureRequest) -> object:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            for module in ("posterior", "branches", "cohort", "choosing"):
                patch.setattr(f"legache.inference.{module}.compiled_network", lambda _: None)
        yield


def _questions(case: Case) -> list[tuple[str, ...]]:
    names = open_nodes(case.network, case.evidence)
    return [(name,) for name in names] + list(combinations(names, 2))


def _states(case: Case, name: str) -> int:
    flat = flat_network(case.network)
    return int(flat.n_states[flat.column[name]])


@few
@given(case=possible_cases)
def test_the_expected_posterior_over_the_answers_is_the_posterior(case: Case) -> None:
    questions = _questions(case)

    found = branches(case.network, case.evidence, questions)

    now = posterior(case.network, case.evidence)
    each = np.tile(now.responsible, (len(questions), 1))
    np.testing.assert_allclose(expected(found), each, rtol=0, atol=1e-9)
    total = np.bincount(found.question, found.probability, minlength=len(questions))
    np.testing.assert_allclose(total, 1.0, rtol=0, atol=1e-12)


@few
@given(case=possible_cases)
def test_each_answer_is_predicted_as_a_query_of_its_own_would(case: Case) -> None:
    questions = _questions(case)

    found = branches(case.network, case.evidence, questions)

    exact_now = exact_posterior(case.network, case.evidence)
    for row, place in enumerate(found.question[:12]):
        names, states = questions[place], found.states[row]
        said = {
            name: tuple(float(s == state) for s in range(_states(case, name)))
            for name, state in zip(names, states, strict=True)
        }
        exact = exact_posterior(case.network, {**case.evidence, **said})
        share = float(exact.evidence / exact_now.evidence)
        assert found.probability[row] == pytest.approx(share, rel=1e-9, abs=1e-300)
        alone = [float(p) for p in exact.responsible]
        np.testing.assert_allclose(found.responsible[row], alone, rtol=0, atol=1e-12)


@few
@given(case=possible_cases)
def test_information_is_the_entropy_that_is_lost(case: Case) -> None:
    questions = _questions(case)

    found = branches(case.network, case.evidence, questions)
    bits = information(found)

    assert (bits >= 0).all()
    lost = np.tile(_entropy(posterior(case.network, case.evidence).responsible), (len(bits), 1))
    after = found.probability[:, None] * _entropy(found.responsible)
    np.add.at(lost, found.question, -after)
    np.testing.assert_allclose(bits, lost, rtol=0, atol=ROUNDING)


def _entropy(p: FloatArray) -> FloatArray:
    both = np.stack([p, 1 - p])
    return np.asarray(-(both * np.log2(np.where(both > 0, both, 1.0))).sum(axis=0))


@few
@given(case=possible_cases)
def test_a_pair_tells_no_less_than_either_of_its_questions(case: Case) -> None:
    questions = _questions(case)

    bits = information(branches(case.network, case.evidence, questions)).sum(axis=1)

    of = dict(zip(questions, bits.tolist(), strict=True))
    for pair in (names for names in questions if len(names) == 2):
        assert of[pair] >= max(of[(pair[0],)], of[(pair[1],)]) - ROUNDING


@few
@given(case=possible_cases)
def test_what_nothing_connects_tells_exactly_nothing(case: Case) -> None:
    network = with_unconnected(case.network)
    lonely = ["lonely_context", "lonely_finding"]

    found = branches(network, case.evidence, [(name,) for name in lonely])
    glance = screened_bits(network, case.evidence, posterior(network, case.evidence))

    assert (information(found) == 0.0).all()
    assert [glance[name] for name in lonely] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_an_answer_tells_nothing_of_causes_on_the_other_side_of_a_separation() -> None:
    left = network_of([cause("c", responsible=1.0)], [finding("f", [0], [0.7], leak=0.1)])
    network = side_by_side(left, left)

    bits = information(branches(network, {}, [("f",), ("f_b",)]))

    assert bits[0, 0] > 0.1
    assert (bits[0, 1], bits[1, 0]) == (0.0, 0.0)


def test_a_collider_tells_together_what_neither_answer_tells_alone() -> None:
    network = network_of(
        [cause("c", 0.0, responsible=1.0), cause("d", 0.0, responsible=1.0)],
        [finding("either", [0, 1], [1.0, 1.0]), finding("sure", [1], [1.0])],
    )

    found = branches(network, {}, [("either",), ("sure",), ("either", "sure")])
    of_c = information(found)[:, 0]

    assert of_c[1] == 0.0
    alone = 1 - (0.75 * _binary(1 / 3))
    assert of_c[0] == pytest.approx(alone, abs=1e-12)
    assert of_c[2] == pytest.approx(0.5, abs=1e-12)


def _binary(p: float) -> float:
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


@few
@given(case=possible_cases)
def test_the_glance_is_never_negative_and_always_finite(case: Case) -> None:
    now = posterior(case.network, case.evidence)

    bits = screened(
        case.network,
        strata=case.network.stratum_share[None],
        contexts=now.contexts[None],
        present=now.present[None],
        responsible=now.responsible[None],
    )

    assert np.isfinite(bits).all()
    assert (bits >= 0).all()
