"""Are conflict and surprise those of their definitions?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache import LimitError
from legache.inference.conflict import coherence, log_evidence_of_others, percentile
from legache.inference.flat import flat_network
from legache.inference.posterior import posterior
from legache.inference.simulation import simulated_people
from legache.inference.subsets import log_evidence_of
from legache.network.structure import NoisyMaxNetwork
from tests.oracle import exact_posterior
from tests.random_networks import Case, cause, finding, network_of, random_network
from tests.strategies import possible_cases, repeatable, seeds

few = settings(repeatable, max_examples=40)


@few
@given(case=possible_cases)
def test_each_probability_is_a_ratio_of_exact_ones(case: Case) -> None:
    items = tuple((n, v) for n, v in case.evidence.items() if n.startswith("finding"))
    background = tuple((n, v) for n, v in case.evidence.items() if not n.startswith("finding"))
    found = coherence(case.network, items, background)

    full = exact_posterior(case.network, dict(background + items))
    bare = exact_posterior(case.network, dict(background))
    for place, item in enumerate(items):
        alone = exact_posterior(case.network, dict((*background, item)))
        others = tuple(other for other in items if other != item)
        rest = exact_posterior(case.network, dict(background + others))
        expected = float(np.log(float(alone.evidence / bare.evidence)))
        assert found.log_alone[place] == pytest.approx(expected, abs=1e-9)
        for index, responsible in enumerate(full.responsible):
            if float(responsible) < 1e-9 or float(rest.responsible[index]) < 1e-9:
                continue
            joint, without = full.evidence * responsible, rest.evidence * rest.responsible[index]
            given_cause = float(np.log(float(joint / without)))
            assert found.log_given_cause[place, index] == pytest.approx(given_cause, abs=1e-6)


@few
@given(case=possible_cases)
def test_one_observation_is_in_no_conflict(case: Case) -> None:
    items = tuple(case.evidence.items())[:1]
    found = coherence(case.network, items, ())

    together = found.log_evidence - found.log_background
    assert found.log_alone.sum() == pytest.approx(together, abs=1e-12)


def _usual(seed: int) -> NoisyMaxNetwork:
    """Network in which the complaint is common enough to be simulated."""
    rng = np.random.default_rng(seed)
    while True:
        network = random_network(rng)
        if posterior(network, {}).present.size and _share(network) > 0.05:
            return network


def _share(network: NoisyMaxNetwork) -> float:
    codes = simulated_people(network, 300, 0).codes
    return float((codes[:, flat_network(network).column["complaint"]] > 0).mean())


@settings(repeatable, max_examples=5)
@given(seed=seeds)
def test_patients_of_the_network_are_as_usual_as_any(seed: int) -> None:
    network = _usual(seed)
    names = ("complaint", *(f.id for f in network.findings[1:]))
    others = log_evidence_of_others(network, "complaint", names, n_people=2000, seed=0)
    codes = simulated_people(network, 400, 7, complaint="complaint").codes
    columns = [flat_network(network).column[name] for name in names]
    asked = np.full_like(codes, -1)
    asked[:, columns] = codes[:, columns]

    places = [percentile(value, others) for value in log_evidence_of(network, asked).tolist()]

    # ties count half, so that the mean is 50 whatever the number of patterns
    assert np.mean(places) == pytest.approx(50, abs=6)


def test_the_percentile_of_patients_with_many_answers_is_uniform() -> None:
    shown = [finding(f"f{i}", [0], [0.5 - 0.04 * i], 0.05 + 0.03 * i) for i in range(10)]
    network = network_of([cause("c", 0.0)], [finding("complaint", [0], [1.0]), *shown], 0.0)
    names = tuple(f.id for f in network.findings)
    others = log_evidence_of_others(network, "complaint", names, n_people=2000, seed=0)
    mine = log_evidence_of_others(network, "complaint", names, n_people=2000, seed=1)

    places = [percentile(value, others) for value in mine.tolist()]

    shares, _ = np.histogram(places, bins=5, range=(0, 100))
    assert (np.abs(shares / 2000 - 0.2) < 0.06).all()


def test_a_complaint_that_hardly_anyone_has_is_not_simulated() -> None:
    network = network_of([cause("c", -18.0)], [finding("complaint", [0], [1.0])])

    with pytest.raises(LimitError, match="complaint: one person in 65,659,970"):
        log_evidence_of_others(network, "complaint", ("complaint",), n_people=10, seed=0)


def test_equal_ones_count_half() -> None:
    assert percentile(1.0, np.array([0.0, 1.0, 1.0, 2.0])) == 50.0
    assert percentile(-1.0, np.array([0.0])) == 0.0
