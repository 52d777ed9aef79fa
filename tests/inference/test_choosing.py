"""Are the questions that deserve an exact answer found at a glance?"""

from __future__ import annotations

import pytest

from legache import Network
from legache.inference.branches import open_nodes
from legache.inference.choosing import affordable, exact_bits, screened_bits
from tests.strategies import random_patient


@pytest.mark.parametrize("seed", range(6))
def test_the_best_question_is_among_the_best_at_a_glance(network: Network, seed: int) -> None:
    said = random_patient(network, seed) | dict.fromkeys(network.contexts[2:30], False)
    said = {k: v for k, v in said.items() if k not in {"sex", "age_band", "pregnancy"}}
    dx = network.diagnose(said, sex="male")
    known = {**dx.given.likelihoods, network.model.complaint: (0.0, 1.0)}
    arrays = network.model.network
    names = [n for n in open_nodes(arrays, known) if n not in network.tests]

    exact = exact_bits(arrays, known, names)
    glance = screened_bits(arrays, known, dx.answer)

    best = max(exact, key=lambda name: exact[name])
    assert sorted(names, key=lambda name: -glance[name]).index(best) < 6


def test_fewer_questions_are_answered_exactly_where_more_is_open(network: Network) -> None:
    arrays = network.model.network
    signs = ("swelling_one_leg", "sudden_onset", "back_pain", "leg_weakness", "fatigue", "fever")
    positive = dict.fromkeys(signs, (0.0, 1.0))

    assert affordable(arrays, positive) < affordable(arrays, {})


def test_a_question_that_does_not_fit_into_memory_has_no_exact_answer(network: Network) -> None:
    assert exact_bits(network.model.network, {}, ["fever"], memory_limit=10) == {}


def test_without_a_kernel_a_few_are_answered_exactly(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("legache.inference.choosing.compiled_network", lambda _: None)

    assert 1 < affordable(network.model.network, {}) < 5
