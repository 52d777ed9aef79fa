"""Is evidence of probability zero always found, and its conflict named?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from legache import ImpossibleEvidenceError
from legache.inference.posterior import is_possible, minimal_conflict, posterior
from tests.inference.contradictions import impossible_case
from tests.oracle import exact_evidence
from tests.random_networks import (
    NO,
    YES,
    Case,
    cause,
    finding,
    network_of,
    one_stratum,
    random_network,
    side_by_side,
)
from tests.strategies import repeatable, seeds

N_CHUNKS, CHUNK = 20, 500
SAMPLED = range(0, N_CHUNKS * CHUNK, N_CHUNKS * CHUNK // 300 + 1)


def _is_refused(case: Case) -> bool:
    try:
        posterior(case.network, case.evidence)
    except ImpossibleEvidenceError as error:
        return bool(error.conflict) and set(error.conflict) <= set(case.evidence)
    return False


def _without_each(case: Case, conflict: tuple[str, ...]) -> list[Fraction]:
    """Exact probability of a conflict when each of its members is left out in turn."""
    return [
        exact_evidence(case.network, {n: case.evidence[n] for n in conflict if n != spared})
        for spared in conflict
    ]


@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_each_of_10000_impossible_sets_is_refused(chunk: int) -> None:
    answered = [
        seed
        for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK)
        if not _is_refused(impossible_case(seed))
    ]

    assert answered == []


@pytest.mark.parametrize("start", range(4))
def test_the_named_conflict_is_impossible_and_none_of_it_can_be_spared(start: int) -> None:
    for seed in SAMPLED[start::4]:
        case = impossible_case(seed)
        conflict = minimal_conflict(case.network, case.evidence)

        named = {name: case.evidence[name] for name in conflict}

        assert exact_evidence(case.network, named) == 0, seed
        assert min(_without_each(case, conflict)) > 0, seed


@repeatable
@given(seed=seeds)
def test_a_conflict_elsewhere_is_found_whatever_is_asked(seed: int) -> None:
    """The conflict is in a part that nothing connects with the rest."""
    sound = one_stratum(random_network(np.random.default_rng(seed)))
    network = side_by_side(sound, network_of([cause("c")], [finding("f", [0], [1.0])]))

    assert not is_possible(network, {"c_b": YES, "f_b": NO})


def test_a_contradiction_names_its_findings() -> None:
    network = network_of(
        [cause("c"), cause("d")],
        [finding("f", [0], [1.0], 0.1), finding("g", [0], [0.5]), finding("h", [1], [0.5], 0.1)],
    )

    with pytest.raises(ImpossibleEvidenceError) as caught:
        posterior(network, {"f": NO, "g": YES, "h": YES, "d": YES})

    assert caught.value.conflict == ("f", "g")
    assert str(caught.value) == (
        "impossible evidence: 'f' and 'g' cannot all hold as given; correct one"
    )


def test_a_single_impossible_observation_is_its_own_conflict() -> None:
    network = network_of([cause("c", -np.inf)], [finding("f", [0], [1.0], 0.1)])

    assert minimal_conflict(network, {"c": YES, "f": YES}) == ("c",)


def test_likelihoods_of_zero_for_every_state_are_impossible() -> None:
    network = network_of([cause("c")], [finding("f", [0], [0.5], 0.1)])

    assert minimal_conflict(network, {"f": (0.0, 0.0)}) == ("f",)
    assert minimal_conflict(network, {"c": (0.0, 0.0)}) == ("c",)
    assert minimal_conflict(network, {"root": (0.0,)}) == ("root",)


@repeatable
@given(seed=seeds)
def test_the_order_of_evidence_does_not_change_the_named_conflict(seed: int) -> None:
    case = impossible_case(seed)
    backwards = dict(reversed(list(case.evidence.items())))

    first = minimal_conflict(case.network, case.evidence)

    assert minimal_conflict(case.network, backwards) == first
