"""Does conditioning on a cutset make a question fit, without changing its answer?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache import LimitError, Network
from legache.inference.approximation import approximate_posterior
from legache.inference.assembly import Likelihoods
from legache.inference.compiled import compiled_network, is_compiled
from legache.inference.cutset import Question, chosen_cutset
from legache.inference.flat import flat_network
from legache.inference.posterior import posterior
from legache.network.structure import NoisyMaxNetwork
from tests.inference.patients import coded_patients
from tests.random_networks import Case
from tests.strategies import possible_cases, repeatable

pytestmark = pytest.mark.skipif(not is_compiled(), reason="cutsets need the compiled kernel")


def _question(network: NoisyMaxNetwork, evidence: Likelihoods, memory_limit: float) -> Question:
    kernel = compiled_network(network)
    assert kernel is not None
    codes, values = kernel.flat.encoded(evidence)
    return Question(network, kernel, codes, values, memory_limit)


@pytest.fixture(scope="module")
def inner(network: Network) -> NoisyMaxNetwork:
    return network.model.network


@pytest.fixture(scope="module")
def wide(inner: NoisyMaxNetwork) -> Likelihoods:
    codes = coded_patients(inner, 1, seed=3, n_positive=8, share_known=0.0)[0]
    return flat_network(inner).likelihoods(codes)


def test_nothing_is_cut_where_everything_fits(inner: NoisyMaxNetwork, wide: Likelihoods) -> None:
    found = chosen_cutset(_question(inner, wide, 2**30), 1000)

    assert found.cuts == ()
    assert found.is_summed


def test_the_rest_keeps_within_the_limit(inner: NoisyMaxNetwork, wide: Likelihoods) -> None:
    sizes = []
    for limit in (2**18, 2**16, 2**14):
        found = chosen_cutset(_question(inner, wide, limit), 1000)
        assert found.n_bytes <= limit
        sizes.append(len(found.cuts))

    assert sizes == sorted(sizes)
    assert sizes[0] > 0


def test_contexts_come_first_and_causes_after_their_parents(
    inner: NoisyMaxNetwork, wide: Likelihoods
) -> None:
    causes = [cut.cause for cut in chosen_cutset(_question(inner, wide, 2**14), 1000).cuts]
    only_causes = [cause for cause in causes if cause is not None]

    assert causes == [None] * (len(causes) - len(only_causes)) + only_causes
    for place, cause in enumerate(only_causes):
        assert not set(inner.causes[cause].causes.tolist()) & set(only_causes[place:])


def test_what_is_known_is_not_cut(inner: NoisyMaxNetwork, wide: Likelihoods) -> None:
    known = {inner.context_ids[0]: (1.0, 0.0), inner.causes[0].id: (1.0, 0.0)}

    found = chosen_cutset(_question(inner, {**wide, **known}, 2**14), 1000)

    assert not known.keys() & {cut.id for cut in found.cuts}


def test_soft_evidence_on_what_is_cut_counts(inner: NoisyMaxNetwork, wide: Likelihoods) -> None:
    limit = 2**18
    cut = next(iter(chosen_cutset(_question(inner, wide, limit), 1000).cuts))
    soft = {**wide, cut.id: (0.2, 1.4)}

    found, exact = approximate_posterior(inner, soft, memory_limit=limit), posterior(inner, soft)

    assert found.is_exact
    assert cut.id in found.cutset
    np.testing.assert_allclose(found.present, exact.present, rtol=0, atol=1e-12)
    assert found.log_evidence == pytest.approx(exact.log_evidence, abs=1e-11)


@settings(repeatable, max_examples=60)
@given(case=possible_cases)
def test_any_cutset_that_is_summed_over_is_exact(case: Case) -> None:
    """The plan of the whole needs a little more than the limit, so that something is cut."""
    whole = chosen_cutset(_question(case.network, case.evidence, 2**30), 1000)
    try:
        found = approximate_posterior(
            case.network, case.evidence, memory_limit=int(whole.n_bytes) - 1
        )
    except LimitError:  # not even the smallest plan fits
        return

    exact = posterior(case.network, case.evidence)
    for name in ("present", "responsible", "contexts"):
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=0, atol=1e-12)
    assert found.unexplained == pytest.approx(exact.unexplained, abs=1e-12)
    assert found.log_evidence == pytest.approx(exact.log_evidence, abs=1e-11)


def test_with_hardly_any_memory_every_open_node_is_cut(
    inner: NoisyMaxNetwork, wide: Likelihoods
) -> None:
    found = chosen_cutset(_question(inner, wide, 100), 1000)

    assert found.n_bytes <= 100
    assert {cut.id for cut in found.cuts} >= set(inner.context_ids) - {"pregnancy"}
