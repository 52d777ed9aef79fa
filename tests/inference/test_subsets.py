"""Are the answers for parts of the evidence those of queries of their own?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache import LimitError
from legache.inference.flat import flat_network
from legache.inference.posterior import is_possible, posterior
from legache.inference.subsets import encoded_states, log_evidence_of, subset_posteriors
from tests.random_networks import Case, cause, finding, network_of
from tests.strategies import possible_cases, repeatable, seeds

few = settings(repeatable, max_examples=60)


@pytest.fixture(params=["compiled", "numpy"], scope="module", autouse=True)
def each_engine(request: pytest.FixtureRequest) -> object:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            for module in ("posterior", "subsets", "cohort"):
                patch.setattr(f"legache.inference.{module}.compiled_network", lambda _: None)
        yield


@few
@given(case=possible_cases, seed=seeds)
def test_each_subset_is_answered_as_a_query_of_its_own(case: Case, seed: int) -> None:
    kept = np.random.default_rng(seed).random((6, len(case.evidence))) < 0.6

    found = subset_posteriors(case.network, case.evidence, kept)

    for row, mask in enumerate(kept):
        names = [name for name, is_kept in zip(case.evidence, mask, strict=True) if is_kept]
        alone = posterior(case.network, {name: case.evidence[name] for name in names})
        np.testing.assert_allclose(found.present[row], alone.present, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.responsible[row], alone.responsible, rtol=0, atol=1e-12)
        assert found.log_evidence[row] == pytest.approx(alone.log_evidence, rel=1e-9, abs=1e-9)


@few
@given(case=possible_cases)
def test_a_cause_that_is_ruled_out_is_absent(case: Case) -> None:
    kept = np.ones((len(case.network.causes), len(case.evidence)), dtype=bool)

    places = np.arange(len(case.network.causes))
    found = subset_posteriors(case.network, case.evidence, kept, ruled_out=places)

    for place, node in enumerate(case.network.causes):
        absent = {**case.evidence, node.id: (1.0, 0.0)}
        if not is_possible(case.network, absent):
            assert found.is_impossible[place]
            continue
        alone = posterior(case.network, absent)
        np.testing.assert_allclose(found.present[place], alone.present, rtol=0, atol=1e-12)


@few
@given(case=possible_cases)
def test_log_evidence_of_rows_is_that_of_their_likelihoods(case: Case) -> None:
    hard = {name: given for name, given in case.evidence.items() if sorted(given)[-2:] == [0, 1]}
    codes, _ = encoded_states(case.network, hard)

    logs = log_evidence_of(case.network, np.stack([codes, np.full_like(codes, -1), codes]))

    expected = posterior(case.network, hard).log_evidence
    assert logs.tolist() == pytest.approx([expected, 0.0, expected], rel=1e-9, abs=1e-9)


def test_an_impossible_row_has_no_evidence() -> None:
    network = network_of([cause("c")], [finding("f", [0], [0.5])])
    codes = np.full((1, len(flat_network(network).column)), -1, dtype=np.int8)
    codes[0, -2:] = [0, 1]

    assert log_evidence_of(network, codes).tolist() == [-np.inf]


def test_what_does_not_fit_into_memory_is_refused() -> None:
    shown = [finding(f"f{i}", list(range(12)), [0.5] * 12, 0.1) for i in range(6)]
    network = network_of([cause(f"c{i}") for i in range(12)], shown)
    said = {node.id: (0.25, 1.0) for node in shown}

    with pytest.raises(LimitError):
        subset_posteriors(network, said, np.ones((1, 6), dtype=bool), memory_limit=16)
