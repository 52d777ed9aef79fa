"""Does the compiled kernel answer as numpy does, and know what it cannot settle?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

from legache import EvidenceError, ImpossibleEvidenceError, Network
from legache.inference.compiled import CompiledNetwork, Status, compiled_network
from legache.inference.flat import flat_network, stacked_numbers, with_numbers
from legache.inference.posterior import _by_numpy, posterior
from tests.inference.patients import coded_patients
from tests.oracle import exact_posterior
from tests.random_networks import (
    Case,
    cause,
    finding,
    network_of,
    random_evidence,
    random_network,
)
from tests.strategies import cases, repeatable, seeds

AGREEMENT = 1e-12
LIMIT = 2.0**30


def _kernel(case: Case) -> CompiledNetwork:
    kernel = compiled_network(case.network)
    assert kernel is not None
    return kernel


@repeatable
@given(seed=seeds)
def test_compiled_and_numpy_answers_agree_on_networks_too_large_to_enumerate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(
        rng, max_contexts=6, max_causes=9, max_findings=12, max_parents=5, max_links=5
    )
    case = Case(seed, network, random_evidence(rng, network))
    codes, values = flat_network(network).encoded(case.evidence)

    status, found = _kernel(case).answer_one(codes, values, LIMIT)

    try:
        expected = _by_numpy(network, case.evidence, int(LIMIT))
    except ImpossibleEvidenceError:
        assert status == Status.IMPOSSIBLE
        return
    assert status == Status.ANSWERED
    np.testing.assert_allclose(found.present, expected.present, rtol=0, atol=AGREEMENT)
    np.testing.assert_allclose(found.responsible, expected.responsible, rtol=0, atol=AGREEMENT)
    np.testing.assert_allclose(found.contexts, expected.contexts, rtol=0, atol=AGREEMENT)
    assert found.unexplained == pytest.approx(expected.unexplained, rel=0, abs=AGREEMENT)
    assert found.log_evidence == pytest.approx(expected.log_evidence, rel=1e-13, abs=AGREEMENT)


@settings(repeatable, max_examples=60)
@given(case=cases)
def test_any_order_of_the_causes_gives_the_same_answer(case: Case) -> None:
    codes, values = flat_network(case.network).encoded(case.evidence)
    rng = np.random.default_rng(case.seed)
    n_causes = len(case.network.causes)
    orders = [rng.permutation(n_causes).astype(np.int32) for _ in range(3)]

    found = [_kernel(case).answer(codes[None], values, LIMIT, order=order) for order in orders]

    for other in found[1:]:
        np.testing.assert_array_equal(other.status, found[0].status)
        np.testing.assert_allclose(other.present, found[0].present, rtol=0, atol=AGREEMENT)


def test_a_childless_context_is_averaged_over_the_strata() -> None:
    seed = next(s for s in range(1000) if _has_childless_context(s))
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    evidence: dict[str, tuple[float, ...]] = {}

    found = posterior(network, evidence)

    exact = [float(p) for p in exact_posterior(network, evidence).contexts]
    np.testing.assert_allclose(found.contexts, exact, rtol=0, atol=1e-14)


def _has_childless_context(seed: int) -> bool:
    network = random_network(np.random.default_rng(seed))
    used = {int(x) for cause in network.causes for x in cause.contexts}
    return len(network.strata) > 1 and len(used) < len(network.context_ids)


def test_what_needs_more_memory_than_the_limit_is_refused_before_it_is_taken(
    network: Network,
) -> None:
    codes = coded_patients(network.model.network, 1, seed=1)
    kernel = compiled_network(network.model.network)
    assert kernel is not None

    found = kernel.answer(codes, np.empty(0), 1.0)

    assert Status(int(found.status[0])) == Status.TOO_LARGE
    assert found.n_bytes[0] > 1.0


def test_numbers_beyond_the_range_of_floating_point_are_left_to_logarithms() -> None:
    findings = [finding(f"f{k}", [0, 1], [1e-120, 1e-120]) for k in range(4)]
    network = network_of([cause("a"), cause("b")], findings)
    evidence = {f"f{k}": (0.0, 1.0) for k in range(4)}
    codes, values = flat_network(network).encoded(evidence)
    kernel = compiled_network(network)
    assert kernel is not None

    status, _ = kernel.answer_one(codes, values, LIMIT)

    assert status == Status.OUT_OF_RANGE
    exact = exact_posterior(network, evidence)
    assert posterior(network, evidence).present[0] == pytest.approx(float(exact.present[0]))


def test_an_unknown_node_is_refused_with_the_nearest(network: Network) -> None:
    with pytest.raises(EvidenceError, match="unknown node 'swelling_one_lag'; did you mean"):
        posterior(network.model.network, {"swelling_one_lag": (0.0, 1.0)})


def test_a_wrong_number_of_likelihoods_is_refused(network: Network) -> None:
    with pytest.raises(EvidenceError, match="leg_ache: 3 likelihoods; expected 2"):
        posterior(network.model.network, {"leg_ache": (0.0, 1.0, 1.0)})


def test_threads_share_a_network_and_its_plans(network: Network) -> None:
    codes = coded_patients(network.model.network, 100, seed=2)
    flat = flat_network(network.model.network)
    evidence = [flat.likelihoods(row) for row in codes]
    alone = [posterior(network.model.network, one).present.tobytes() for one in evidence]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda one: posterior(network.model.network, one), evidence * 10))

    assert [answer.present.tobytes() for answer in answers] == alone * 10


@settings(repeatable, max_examples=60)
@given(case=cases)
def test_flat_numbers_make_the_same_network_again(case: Case) -> None:
    again = with_numbers(case.network, stacked_numbers([case.network]), 0)
    flat, other = flat_network(case.network), flat_network(again)

    for name, values in flat.numbers.items():
        np.testing.assert_allclose(other.numbers[name], values, rtol=1e-13, atol=1e-300)
