"""Are simulated people those of the network?"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import legache
from legache.errors import EvidenceError, ImpossibleEvidenceError, LimitError
from legache.inference.simulation import simulated_people
from legache.network.structure import FloatArray, NoisyMaxNetwork
from tests.oracle import exact_posterior
from tests.random_networks import Case
from tests.strategies import cases, repeatable

TINY = Path(__file__).parent.parent / "data" / "tiny"
N = 4000
# of some 3,000 comparisons none is farther off by chance, but once in a thousand runs of new seeds
FARTHEST = 5.2


@pytest.fixture(scope="module")
def network() -> NoisyMaxNetwork:
    return legache.load(TINY).model.network


def _assert_shares(found: FloatArray, expected: list[float], n: int) -> None:
    p = np.asarray(expected)
    errors = np.sqrt(p * (1 - p) / n) + 1 / n
    assert (np.abs(found - p) <= FARTHEST * errors).all()


@settings(repeatable, max_examples=25)
@given(cases)
def test_shares_of_causes_and_contexts_are_their_probabilities(case: Case) -> None:
    people = simulated_people(case.network, N, case.seed)
    exact = exact_posterior(case.network, {})
    n_roots, n_contexts = len(case.network.root_ids), len(case.network.context_ids)
    contexts = people.codes[:, n_roots : n_roots + n_contexts]
    _assert_shares(people.present.mean(axis=0), [float(p) for p in exact.present], N)
    _assert_shares(people.responsible.mean(axis=0), [float(p) for p in exact.responsible], N)
    _assert_shares(contexts.mean(axis=0), [float(p) for p in exact.contexts], N)
    alone = people.unlisted & ~people.responsible.any(axis=1)
    _assert_shares(alone.mean(), [float(exact.unexplained)], N)


@settings(repeatable, max_examples=6)
@given(cases)
def test_shares_of_findings_are_their_probabilities(case: Case) -> None:
    people = simulated_people(case.network, N, case.seed)
    for place, finding in enumerate(reversed(case.network.findings), start=1):
        for state in range(len(finding.states)):
            likelihoods = tuple(float(other == state) for other in range(len(finding.states)))
            exact = exact_posterior(case.network, {finding.id: likelihoods}).evidence
            _assert_shares((people.codes[:, -place] == state).mean(), [float(exact)], N)


def test_joint_shares_of_strata_and_findings_are_their_probabilities(
    network: NoisyMaxNetwork,
) -> None:
    n = 200_000
    people = simulated_people(network, n, 3)
    asked = {"sex": (1.0, 0.0), "age_band": (0.0, 1.0), "pain_severity": (0.0, 1.0, 0.0)}
    names = [*network.root_ids, *network.context_ids, *(cause.id for cause in network.causes)]
    names += [finding.id for finding in network.findings]
    chosen = np.ones(n, dtype=bool)
    for name, likelihoods in asked.items():
        chosen &= people.codes[:, names.index(name)] == likelihoods.index(1.0)
    _assert_shares(chosen.mean(), [float(exact_posterior(network, asked).evidence)], n)
    assert chosen.any()


def test_people_with_the_complaint_are_as_the_complaint_makes_them(
    network: NoisyMaxNetwork,
) -> None:
    n = 3000
    people = simulated_people(network, n, 5, complaint="leg_ache")
    exact = exact_posterior(network, {"leg_ache": (0.0, 1.0)})
    _assert_shares(people.responsible.mean(axis=0), [float(p) for p in exact.responsible], n)
    _assert_shares(people.present.mean(axis=0), [float(p) for p in exact.present], n)
    places = [finding.id for finding in network.findings]
    complaint = people.codes[:, places.index("leg_ache") - len(places)]
    assert (complaint == 1).all()
    assert (people.unlisted | people.responsible.any(axis=1)).all()


def test_only_a_present_cause_is_responsible(network: NoisyMaxNetwork) -> None:
    people = simulated_people(network, 5000, 2)
    assert (people.responsible <= people.present).all()
    n_findings = len(network.findings)
    causes = people.codes[:, -n_findings - len(network.causes) : -n_findings]
    np.testing.assert_array_equal(causes, people.present)


def test_the_seed_decides(network: NoisyMaxNetwork) -> None:
    one, same, other = (simulated_people(network, 500, seed).codes for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert one.shape == (500, 10)


@pytest.mark.parametrize("n_people", [0, -1])
def test_no_people_are_refused(network: NoisyMaxNetwork, n_people: int) -> None:
    with pytest.raises(EvidenceError, match=rf"n_people is {n_people}; expected at least 1"):
        simulated_people(network, n_people, 1)


def test_an_unknown_complaint_is_refused(network: NoisyMaxNetwork) -> None:
    with pytest.raises(EvidenceError, match=r"unknown finding 'leg_ace'; did you mean 'leg_ache'"):
        simulated_people(network, 5, 1, complaint="leg_ace")


def _with_link(network: NoisyMaxNetwork, rate: float) -> NoisyMaxNetwork:
    causes = tuple(replace(cause, responsible=0.0) for cause in network.causes)
    return replace(network, causes=causes, unlisted=rate)


def test_a_complaint_that_nobody_has_is_an_error_and_no_endless_search(
    network: NoisyMaxNetwork,
) -> None:
    with pytest.raises(ImpossibleEvidenceError) as caught:
        simulated_people(_with_link(network, 0.0), 5, 1, complaint="leg_ache")
    assert caught.value.conflict == ("leg_ache",)


def test_a_complaint_that_hardly_anybody_has_is_refused_with_its_probability(
    network: NoisyMaxNetwork,
) -> None:
    with pytest.raises(LimitError, match=r"'leg_ache' has probability 1e-08: 100 people"):
        simulated_people(_with_link(network, 1e-8), 100, 1, complaint="leg_ache")


def test_the_mean_log_odds_of_rare_causes_are_finite(network: NoisyMaxNetwork) -> None:
    never = tuple(replace(c, intercept=np.full(4, -math.inf)) for c in network.causes)
    assert not simulated_people(replace(network, causes=never), 1000, 1).present.any()
