"""Does every posterior obey the rules of probability?  Properties of random networks."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings

from legache.inference.posterior import Posterior, is_possible, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork
from tests.random_networks import (
    NO,
    YES,
    Case,
    Evidence,
    cause,
    finding,
    network_of,
    one_stratum,
    random_evidence,
    random_network,
    renamed,
    reordered,
    side_by_side,
    with_unconnected,
)
from tests.strategies import possible_cases, repeatable, seeds

TOLERANCE = 1e-12  # of the targets; each answer is within 1e-13


def _answer(case: Case, **more: tuple[float, ...]) -> Posterior:
    return posterior(case.network, {**case.evidence, **more})


def _assert_close(first: Posterior, second: Posterior) -> None:
    for name in ("present", "responsible", "contexts", "unexplained"):
        np.testing.assert_allclose(
            getattr(first, name), getattr(second, name), rtol=0, atol=TOLERANCE, err_msg=name
        )


def _assert_identical(first: Posterior, second: Posterior) -> None:
    for name in ("present", "responsible", "contexts"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert (first.unexplained, first.log_evidence) == (second.unexplained, second.log_evidence)


def _numbers(answer: Posterior) -> FloatArray:
    values = [answer.present, answer.responsible, answer.contexts]
    return np.concatenate([*values, [answer.unexplained, answer.log_evidence]])


def _probability(network: NoisyMaxNetwork, evidence: Evidence) -> float:
    return float(np.exp(posterior(network, evidence).log_evidence))


@repeatable
@given(case=possible_cases)
def test_probabilities_lie_between_0_and_1(case: Case) -> None:
    answer = _answer(case)

    probabilities = _numbers(answer)[:-1]

    assert probabilities.min() >= 0
    assert probabilities.max() <= 1


@repeatable
@given(case=possible_cases)
def test_responsible_is_never_more_probable_than_present(case: Case) -> None:
    answer = _answer(case)

    assert np.all(answer.responsible <= answer.present)


@repeatable
@given(case=possible_cases)
def test_no_answer_is_nan_infinite_or_minus_zero(case: Case) -> None:
    numbers = _numbers(_answer(case))

    assert np.isfinite(numbers).all()
    assert not np.any(np.signbit(numbers) & (numbers == 0))


@repeatable
@given(case=possible_cases)
def test_the_order_of_evidence_does_not_change_a_bit(case: Case) -> None:
    backwards = dict(reversed(list(case.evidence.items())))

    _assert_identical(_answer(case), posterior(case.network, backwards))


@repeatable
@given(case=possible_cases)
def test_a_second_answer_is_the_same_to_the_bit(case: Case) -> None:
    _assert_identical(_answer(case), _answer(case))


@repeatable
@given(case=possible_cases)
def test_the_order_of_causes_findings_and_contexts_does_not_matter(case: Case) -> None:
    answer, other = _answer(case), posterior(reordered(case.network), case.evidence)

    straight = replace(
        other,
        present=other.present[::-1],
        responsible=other.responsible[::-1],
        contexts=other.contexts[::-1],
    )

    _assert_close(answer, straight)
    assert other.log_evidence == pytest.approx(answer.log_evidence, abs=TOLERANCE)


@repeatable
@given(case=possible_cases)
def test_renaming_every_node_does_not_matter(case: Case) -> None:
    answer, other = _answer(case), _answer(renamed(case))

    _assert_close(answer, other)
    assert other.log_evidence == pytest.approx(answer.log_evidence, abs=TOLERANCE)


@repeatable
@given(case=possible_cases)
def test_an_unconnected_node_changes_nothing(case: Case) -> None:
    answer, wide = _answer(case), posterior(with_unconnected(case.network), case.evidence)

    kept = replace(
        wide,
        present=wide.present[:-1],
        responsible=wide.responsible[:-1],
        contexts=wide.contexts[:-1],
    )

    _assert_close(answer, kept)
    assert wide.contexts[-1] == pytest.approx(0.3, abs=TOLERANCE)
    assert wide.present[-1] == pytest.approx(1 / (1 + np.e), abs=TOLERANCE)


@repeatable
@given(case=possible_cases)
def test_observing_what_was_certain_changes_nothing(case: Case) -> None:
    strata = np.ones((len(case.network.strata), 1))
    certain = replace(
        case.network,
        context_ids=(*case.network.context_ids, "certain"),
        context_probability=np.hstack([case.network.context_probability, strata]),
    )
    always = replace(cause("always", np.inf, n_strata=strata.size))
    certain = replace(certain, causes=(*certain.causes, always))

    before = posterior(certain, case.evidence)
    after = posterior(certain, {**case.evidence, "certain": YES, "always": YES})

    _assert_close(before, after)
    assert after.log_evidence == pytest.approx(before.log_evidence, abs=TOLERANCE)


@repeatable
@given(case=possible_cases)
def test_equal_likelihoods_of_all_states_say_nothing(case: Case) -> None:
    silent = {
        node.id: (0.7,) * len(node.states)
        for node in case.network.findings
        if node.id not in case.evidence
    }

    _assert_close(_answer(case), _answer(case, **silent))


@repeatable
@given(case=possible_cases, seed=seeds)
def test_a_scaled_likelihood_scales_the_evidence_and_nothing_else(case: Case, seed: int) -> None:
    factors = dict(
        zip(case.evidence, 10 ** np.random.default_rng(seed).uniform(-3, 3, 99), strict=False)
    )
    scaled = {name: tuple(factors[name] * v for v in case.evidence[name]) for name in case.evidence}

    answer, other = _answer(case), posterior(case.network, scaled)

    _assert_close(answer, other)
    by_factors = answer.log_evidence + sum(np.log(list(factors.values())))
    assert other.log_evidence == pytest.approx(by_factors, abs=TOLERANCE)


@repeatable
@given(case=possible_cases)
def test_the_chain_rule_holds_for_every_cause(case: Case) -> None:
    """P(e, c) = P(e) P(c | e): on the scale of probabilities, where P(c | e) may be 0."""
    given = {name: vector for name, vector in case.evidence.items() if name[:5] != "cause"}
    before = posterior(case.network, given)
    for place, node in enumerate(case.network.causes):
        if before.present[place] > 1e-200:
            joint = posterior(case.network, {**given, node.id: YES}).log_evidence
            expected = before.log_evidence + np.log(before.present[place])
            assert joint == pytest.approx(expected, abs=1e-9)  # relative error of the posterior


@repeatable
@given(case=possible_cases)
def test_the_states_of_a_finding_share_out_the_prior(case: Case) -> None:
    """Sum over states of P(state | e) P(cause | e, state) is P(cause | e)."""
    node = case.network.findings[-1]
    given = {name: vector for name, vector in case.evidence.items() if name != node.id}
    before = posterior(case.network, given)

    total = np.zeros(before.present.shape)
    shares = []
    for state in range(len(node.states)):
        with_state = {**given, node.id: tuple(float(i == state) for i in range(len(node.states)))}
        if is_possible(case.network, with_state):
            after = posterior(case.network, with_state)
            shares.append(np.exp(after.log_evidence - before.log_evidence))
            total += shares[-1] * after.present

    np.testing.assert_allclose(total, before.present, rtol=0, atol=TOLERANCE)
    assert sum(shares) == pytest.approx(1, abs=TOLERANCE)


@repeatable
@given(case=possible_cases)
def test_a_set_of_states_has_the_sum_of_their_probabilities(case: Case) -> None:
    node = case.network.findings[-1]
    n_states = len(node.states)
    given = {name: vector for name, vector in case.evidence.items() if name != node.id}
    highest = {**given, node.id: tuple(float(i == n_states - 1) for i in range(n_states))}
    lower = {**given, node.id: tuple(float(i < n_states - 1) for i in range(n_states))}
    assume(is_possible(case.network, highest) and is_possible(case.network, lower))

    parts = _probability(case.network, highest) + _probability(case.network, lower)

    assert parts == pytest.approx(_probability(case.network, given), abs=TOLERANCE)


def _raised(case: Case, **change: FloatArray) -> tuple[float, float]:
    """P(first finding), alone and after a change of its numbers."""
    node = case.network.findings[1]
    other = replace(node, **change)  # type: ignore[arg-type] # names of arrays
    changed = replace(case.network, findings=(case.network.findings[0], other))
    plain = replace(case.network, findings=case.network.findings[:2])
    positive = {node.id: (0.0, *(1.0 for _ in node.states[1:]))}
    return _probability_or_0(plain, positive), _probability_or_0(changed, positive)


def _probability_or_0(network: NoisyMaxNetwork, evidence: Evidence) -> float:
    return _probability(network, evidence) if is_possible(network, evidence) else 0.0


def _nearer_to_1(above: FloatArray) -> FloatArray:
    """Give half of what is left to the first state above the lowest."""
    raised = above.copy()
    raised[..., 0] += np.maximum(1 - above.sum(axis=-1), 0) / 2
    return raised


@repeatable
@given(case=possible_cases)
def test_a_finding_is_likelier_where_a_link_is_stronger(case: Case) -> None:
    before, after = _raised(case, strengths=_nearer_to_1(case.network.findings[1].strengths))

    assert after >= before - TOLERANCE


@repeatable
@given(case=possible_cases)
def test_a_finding_is_likelier_where_the_leak_is_larger(case: Case) -> None:
    before, after = _raised(case, leak=_nearer_to_1(case.network.findings[1].leak))

    assert after >= before - TOLERANCE


@repeatable
@given(case=possible_cases)
def test_a_finding_is_likelier_where_a_cause_is_present(case: Case) -> None:
    """Without parents, contexts and strata, so that nothing else comes with the cause."""
    network = one_stratum(case.network)
    lone = [cause(node.id, 0.3, responsible=node.responsible) for node in network.causes]
    network = replace(network, causes=tuple(lone))
    node = network.findings[1]
    positive = {node.id: (0.0, *(1.0 for _ in node.states[1:]))}

    absent = _probability_or_0(network, {**positive, lone[0].id: NO})
    present = _probability_or_0(network, {**positive, lone[0].id: YES})

    assert present / (1 / (1 + np.exp(-0.3))) >= absent / (1 / (1 + np.exp(0.3))) - TOLERANCE


@repeatable
@given(case=possible_cases, seed=seeds)
def test_a_positive_finding_never_lowers_its_only_cause(case: Case, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_strata = len(case.network.strata)
    own = replace(finding("own", [0], [rng.random()]), leak=np.full((n_strata, 1), rng.random()))
    network = replace(case.network, findings=(*case.network.findings, own))

    before = posterior(network, case.evidence).present[0]
    after = posterior(network, {**case.evidence, "own": YES}).present[0]

    assert after >= before - TOLERANCE


@repeatable
@given(seed=seeds)
def test_certainty_of_one_cause_does_not_raise_its_rival(seed: int) -> None:
    rng = np.random.default_rng(seed)
    strengths, leak = (0.01 + 0.98 * rng.random(2)).tolist(), float(rng.random())
    rivals = [cause("c", float(rng.normal(0, 3))), cause("d", float(rng.normal(0, 3)))]
    network = network_of(rivals, [finding("f", [0, 1], strengths, leak)])

    shared = posterior(network, {"f": YES}).present[0]
    explained = posterior(network, {"f": YES, "d": YES}).present[0]
    alone = posterior(network, {"f": YES, "d": NO}).present[0]

    assert explained <= shared + TOLERANCE
    assert alone >= shared - TOLERANCE


@settings(repeatable, max_examples=100)
@given(seed=seeds)
def test_separated_parts_do_not_influence_each_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (one_stratum(random_network(rng)) for _ in range(2))
    said, said_b = random_evidence(rng, first), random_evidence(rng, second)
    said.pop("root", None)
    said_b.pop("root", None)
    assume(is_possible(first, said) and is_possible(second, said_b))

    apart, apart_b = posterior(first, said), posterior(second, said_b)
    together = posterior(
        side_by_side(first, second), {**said, **{f"{name}_b": v for name, v in said_b.items()}}
    )

    for name in ("present", "responsible", "contexts"):
        expected = np.concatenate([getattr(apart, name), getattr(apart_b, name)])
        np.testing.assert_allclose(getattr(together, name), expected, rtol=0, atol=TOLERANCE)
    both = apart.log_evidence + apart_b.log_evidence
    assert together.log_evidence == pytest.approx(both, abs=TOLERANCE)


def test_unknown_is_not_absent() -> None:
    network = network_of([cause("c")], [finding("f", [0], [0.9], 0.1)])

    assert posterior(network, {"f": NO}).present[0] < posterior(network, {}).present[0]


@repeatable
@given(case=possible_cases)
def test_what_was_given_is_not_changed(case: Case) -> None:
    before = dict(case.evidence)

    _answer(case)

    assert case.evidence == before
    assert list(case.evidence) == list(before)


def test_an_answer_cannot_be_changed() -> None:
    answer = posterior(network_of([cause("c")], []), {})

    with pytest.raises(ValueError, match="read-only"):
        answer.present[0] = 0.5
    with pytest.raises(ValueError, match="read-only"):
        answer.responsible[0] = 0.5
    with pytest.raises(FrozenInstanceError):
        answer.unexplained = 0.5  # type: ignore[misc]


def test_the_log_evidence_of_no_evidence_is_0() -> None:
    rng = np.random.default_rng(3)

    log_evidence = posterior(random_network(rng), {}).log_evidence

    assert log_evidence == pytest.approx(0, abs=1e-14)
