"""Is every number that the engine gives the exact one?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings

from legache import ImpossibleEvidenceError, LimitError
from legache.inference.arithmetic import LOGARITHMS, PLAIN
from legache.inference.posterior import is_possible, posterior
from tests.inference.engine import (
    bytes_of_one_lane,
    eliminated,
    has_variables,
    largest_difference,
    path_plan,
    smallest_entry,
    tree_plan,
)
from tests.oracle import Errors, errors_of, exact_posterior
from tests.random_networks import YES, Case, cause, finding, network_of, random_case
from tests.strategies import cases, possible_cases, repeatable, seeds

N_CHUNKS, CHUNK = 20, 100
ABSOLUTE, RELATIVE = 1e-13, 1e-9  # targets of N1
LOG = 1e-13  # rounding of a sum of a few dozen logarithms
TWO_WAYS = 1e-12  # two right answers of N1 may differ by twice its target, and more in one lane


def _errors(case: Case) -> Errors:
    """Compare with the oracle; the verdict on possibility is part of it."""
    exact = exact_posterior(case.network, case.evidence)
    if exact.evidence == 0:
        with pytest.raises(ImpossibleEvidenceError):
            posterior(case.network, case.evidence)
        return Errors(0.0, 0.0, 0.0)
    return errors_of(posterior(case.network, case.evidence), exact)


@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_posteriors_of_2000_random_networks_are_exact(chunk: int) -> None:
    errors = [_errors(random_case(seed)) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK)]

    assert max(e.absolute for e in errors) <= ABSOLUTE
    assert max(e.relative for e in errors) <= RELATIVE
    assert max(e.log_evidence for e in errors) <= LOG


@repeatable
@given(case=cases)
def test_the_posterior_is_exact(case: Case) -> None:
    errors = _errors(case)

    assert errors.absolute <= ABSOLUTE
    assert errors.relative <= RELATIVE
    assert errors.log_evidence <= LOG


@repeatable
@given(case=cases)
def test_evidence_is_possible_where_its_exact_probability_is_above_zero(case: Case) -> None:
    exact = exact_posterior(case.network, case.evidence)

    assert is_possible(case.network, case.evidence) == (exact.evidence > 0)


@repeatable
@given(case=cases)
def test_logarithms_and_plain_numbers_agree(case: Case) -> None:
    plain, logs = eliminated(case, PLAIN), eliminated(case, LOGARITHMS)

    assert largest_difference(plain, logs) <= TWO_WAYS


@repeatable
@given(case=cases, seed=seeds)
def test_any_elimination_order_gives_the_same_answer(case: Case, seed: int) -> None:
    assume(has_variables(case))

    chosen, other = eliminated(case), eliminated(case, PLAIN, tree_plan(case, seed))

    assert largest_difference(chosen, other) <= TWO_WAYS


@repeatable
@given(case=cases)
def test_a_path_plan_gives_the_same_answer(case: Case) -> None:
    assume(has_variables(case))

    chosen, path = eliminated(case), eliminated(case, PLAIN, path_plan(case))

    assert largest_difference(chosen, path) <= TWO_WAYS


@repeatable
@given(case=possible_cases)
def test_the_states_of_each_cause_sum_to_1(case: Case) -> None:
    found = eliminated(case)

    totals = np.array([family.sum(axis=1) for family in found.families])
    is_possible_lane = found.log_value > -np.inf

    np.testing.assert_allclose(totals[:, is_possible_lane], 1.0, rtol=0, atol=1e-12)


@repeatable
@given(case=cases)
def test_no_table_has_a_negative_entry(case: Case) -> None:
    assume(has_variables(case))

    assert smallest_entry(case) >= 0


@settings(repeatable, max_examples=60)
@given(case=possible_cases)
def test_lanes_that_are_run_in_turns_give_the_same_answer(case: Case) -> None:
    together = posterior(case.network, case.evidence)
    in_turns = posterior(case.network, case.evidence, memory_limit=bytes_of_one_lane(case))

    np.testing.assert_allclose(in_turns.present, together.present, rtol=0, atol=ABSOLUTE)
    np.testing.assert_allclose(in_turns.responsible, together.responsible, rtol=0, atol=ABSOLUTE)
    assert in_turns.log_evidence == pytest.approx(together.log_evidence, abs=1e-12)


def test_a_plan_beyond_the_memory_limit_is_refused_with_advice() -> None:
    network = network_of(
        [cause("c0"), cause("c1")], [finding(f"f{i}", [0, 1], [0.5, 0.5]) for i in range(8)]
    )

    with pytest.raises(LimitError, match=r"needs about .* MiB, .*; give fewer positive findings"):
        posterior(network, {node.id: YES for node in network.findings}, memory_limit=1000)


def test_20_improbable_findings_of_three_causes_are_exact_and_never_negative() -> None:
    rng = np.random.default_rng(5)
    linked = [sorted(rng.permutation(3)[:2].tolist()) for _ in range(20)]
    findings = [
        finding(f"f{i:02}", causes, (10.0 ** -rng.uniform(3, 6, 2)).tolist(), 1e-7)
        for i, causes in enumerate(linked)
    ]
    network = network_of([cause(f"c{i}", -4.0) for i in range(3)], findings)
    case = Case(5, network, {node.id: YES for node in findings})
    exact = exact_posterior(case.network, case.evidence)

    errors = errors_of(posterior(case.network, case.evidence), exact)

    assert smallest_entry(case) >= 0
    assert exact.evidence < Fraction(1, 10**80)
    assert errors.absolute <= 1e-12
    assert errors.log_evidence <= RELATIVE


def test_a_certain_cause_of_a_certain_finding_is_found_by_hand() -> None:
    """P(c) = 1/2, strength 1/2, leak 1/4: P(f) = 7/16 and P(c | f) = 5/7."""
    network = network_of([cause("c", 0.0, responsible=0.0)], [finding("f", [0], [0.5], 0.25)])

    answer = posterior(network, {"f": YES})

    assert answer.present[0] == pytest.approx(5 / 7, abs=1e-15)
    assert np.exp(answer.log_evidence) == pytest.approx(7 / 16, abs=1e-15)


def test_a_graded_finding_is_found_by_hand() -> None:
    """P(c) = 1/2; alone it gives the states 1/2, 1/4, 1/4; the leak 1/2, 1/2, 0.

    P(middle | c) = 3/4 - 1/4 = 1/2 and P(middle | no c) = 1/2: it says nothing.
    P(highest | c) = 1/4 and P(highest | no c) = 0: it is certain.
    """
    graded = replace(
        finding("f", [0], [0.5], 0.25),
        states=("low", "middle", "high"),
        strengths=np.array([[0.25, 0.25]]),
        leak=np.array([[0.5, 0.0]]),
        unlisted=np.zeros(2),
    )
    network = network_of([cause("c", 0.0)], [graded])

    middle, high = posterior(network, {"f": (0, 1, 0)}), posterior(network, {"f": (0, 0, 1)})

    assert middle.present[0] == pytest.approx(0.5, abs=1e-15)
    assert high.present[0] == 1.0
    assert np.exp(high.log_evidence) == pytest.approx(1 / 8, abs=1e-15)
