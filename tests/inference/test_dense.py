"""Does the engine for many patients give exact answers to each of them?"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

import legache
from legache import EvidenceError, ImpossibleEvidenceError
from legache.inference.dense import DensePosteriors, dense_posteriors
from legache.inference.dense.block import answer
from legache.inference.dense.evidence import evidence_of, rows_of
from legache.inference.dense.order import processing_order
from legache.inference.dense.program import Program, program
from legache.inference.dense.tables import dense_tables
from legache.inference.posterior import posterior
from legache.network.structure import NoisyMaxNetwork
from tests.oracle import exact_posterior, log_of
from tests.random_networks import cause, finding, network_of, random_network
from tests.strategies import repeatable, seeds

Codes = NDArray[np.int8]
ABSOLUTE, RELATIVE, LOG = 1e-13, 1e-9, 1e-13  # as for the general engine
SHIPPED = 1e-12  # two right answers may differ by twice the target of each
N_PATIENTS = 5


def _nodes(network: NoisyMaxNetwork) -> list[tuple[str, int]]:
    """Id and number of states of each column."""
    columns = zip(*network.strata, strict=True)
    roots = [(name, len(set(col))) for name, col in zip(network.root_ids, columns, strict=True)]
    binary = [*network.context_ids, *(node.id for node in network.causes)]
    findings = [(node.id, len(node.states)) for node in network.findings]
    return [*roots, *((name, 2) for name in binary), *findings]


def _evidence(network: NoisyMaxNetwork, row: NDArray[np.int8]) -> dict[str, tuple[float, ...]]:
    return {
        name: tuple(float(state == code) for state in range(n_states))
        for (name, n_states), code in zip(_nodes(network), row.tolist(), strict=True)
        if code >= 0
    }


def _codes(network: NoisyMaxNetwork, n: int, seed: int, known: float = 0.6) -> Codes:
    """Any states of some of the nodes, possible or not."""
    rng = np.random.default_rng(seed)
    n_states = np.array([count for _, count in _nodes(network)])
    codes = rng.integers(0, n_states, (n, n_states.size))
    return np.where(rng.random(codes.shape) < known, codes, -1).astype(np.int8)


def _one(network: NoisyMaxNetwork, **states: int) -> Codes:
    names = [name for name, _ in _nodes(network)]
    codes = np.full((1, len(names)), -1, dtype=np.int8)
    for name, state in states.items():
        codes[0, names.index(name)] = state
    return codes


def _all(network: NoisyMaxNetwork, state: int) -> Codes:
    return _one(network, **{node.id: state for node in network.findings})


def _numbers(answers: DensePosteriors, row: int) -> list[float]:
    return [
        *answers.present[row].tolist(),
        *answers.responsible[row].tolist(),
        float(answers.unexplained[row]),
    ]


def _errors(network: NoisyMaxNetwork, codes: Codes) -> tuple[float, float, float]:
    """Compare with the oracle: absolute, relative, of the logarithm.  Verdicts are asserted."""
    answers = dense_posteriors(network, codes)
    assert answers.is_exact.all()
    absolute, relative, log = [0.0], [0.0], [0.0]
    for row, given_codes in enumerate(codes):
        exact = exact_posterior(network, _evidence(network, given_codes))
        assert (answers.log_evidence[row] > -np.inf) == (exact.evidence > 0)
        truths = [*exact.present, *exact.responsible, exact.unexplained]
        for found, truth in zip(_numbers(answers, row), truths, strict=True):
            off = abs(Fraction(found) - truth)
            absolute.append(float(off))
            relative.append(float(off / truth) if truth > Fraction(1, 10**200) else 0.0)
        if exact.evidence > 0:
            truth = log_of(exact.evidence)
            off = abs(Fraction(float(answers.log_evidence[row])) - truth)
            log.append(float(off / max(abs(truth), Fraction(1))))
    return max(absolute), max(relative), max(log)


def _general(network: NoisyMaxNetwork, row: NDArray[np.int8]) -> tuple[list[float], float]:
    try:
        answer = posterior(network, _evidence(network, row))
    except ImpossibleEvidenceError:
        return [0.0] * (2 * len(network.causes) + 1), -np.inf
    probabilities = [*answer.present.tolist(), *answer.responsible.tolist(), answer.unexplained]
    return probabilities, answer.log_evidence


def _difference(network: NoisyMaxNetwork, codes: Codes) -> float:
    """Largest difference from the general engine, of rows that are answered."""
    answers = dense_posteriors(network, codes)
    largest = 0.0
    for row in np.flatnonzero(answers.is_exact).tolist():
        probabilities, log_evidence = _general(network, codes[row])
        assert (log_evidence == -np.inf) == (answers.log_evidence[row] == -np.inf)
        off = np.abs(np.subtract(_numbers(answers, row), probabilities)).max()
        if log_evidence > -np.inf:
            off = max(off, abs(answers.log_evidence[row] - log_evidence))
        largest = max(largest, float(off))
    return largest


def _assert_identical(first: DensePosteriors, second: DensePosteriors) -> None:
    for field in fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


@pytest.fixture(scope="module")
def shipped() -> NoisyMaxNetwork:
    return legache.load().model.network


def _shipped_codes(
    network: NoisyMaxNetwork, n: int, seed: int, *, n_positive: int, n_open: int = 0
) -> Codes:
    """Patients with the complaint, of whom age, sex and all contexts but some are known."""
    rng = np.random.default_rng(seed)
    codes = np.full((n, len(_nodes(network))), -1, dtype=np.int8)
    n_roots, n_contexts = len(network.root_ids), len(network.context_ids)
    for place, count in enumerate([count for _, count in _nodes(network)[:n_roots]]):
        codes[:, place] = rng.integers(0, count, n)
    codes[:, n_roots : n_roots + n_contexts] = rng.random((n, n_contexts)) < 0.2
    first = codes.shape[1] - len(network.findings)
    complaint = [node.id for node in network.findings].index("leg_ache")
    for row in codes:
        asked = rng.permutation(len(network.findings))[: n_positive + 15]
        for rank, place in enumerate(asked.tolist()):
            n_states = len(network.findings[place].states)
            row[first + place] = rng.integers(1, n_states) if rank < n_positive else 0
        row[n_roots + rng.permutation(n_contexts)[:n_open]] = -1
    codes[:, first + complaint] = 1
    return codes


@repeatable
@given(seed=seeds)
def test_answers_are_exact(seed: int) -> None:
    network = random_network(np.random.default_rng(seed))

    absolute, relative, log = _errors(network, _codes(network, N_PATIENTS, seed))

    assert absolute <= ABSOLUTE
    assert relative <= RELATIVE
    assert log <= LOG


@settings(repeatable, max_examples=60)
@given(seed=seeds)
def test_larger_networks_with_causes_of_causes_agree_with_the_general_engine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, max_contexts=5, max_causes=9, max_findings=12, max_parents=3)

    assert _difference(network, _codes(network, 8, seed)) <= SHIPPED


@pytest.mark.parametrize("n_positive", [0, 1, 3, 6, 9, 12])
def test_the_shipped_network_agrees_with_the_general_engine(
    shipped: NoisyMaxNetwork, n_positive: int
) -> None:
    codes = _shipped_codes(shipped, 12, n_positive, n_positive=n_positive)

    assert dense_posteriors(shipped, codes).is_exact.all()
    assert _difference(shipped, codes) <= SHIPPED


def test_unknown_roots_and_a_few_open_contexts_are_averaged(shipped: NoisyMaxNetwork) -> None:
    codes = _shipped_codes(shipped, 8, 1, n_positive=4, n_open=3)
    codes[::2, 0] = -1
    codes[::4, 1] = -1

    assert dense_posteriors(shipped, codes).is_exact.all()
    assert _difference(shipped, codes) <= SHIPPED


def test_evidence_on_causes_counts(shipped: NoisyMaxNetwork) -> None:
    codes = _shipped_codes(shipped, 12, 2, n_positive=4)
    first = len(shipped.root_ids) + len(shipped.context_ids)
    known = _codes(shipped, 12, 3, known=0.1)[:, first : first + len(shipped.causes)]
    codes[:, first : first + len(shipped.causes)] = known

    assert _difference(shipped, codes) <= SHIPPED


def test_to_permute_patients_permutes_answers_bit_for_bit(shipped: NoisyMaxNetwork) -> None:
    codes = np.concatenate(
        [_shipped_codes(shipped, 60, n, n_positive=n, n_open=n % 3) for n in range(7)]
    )
    codes = np.concatenate([codes, codes[::5]])
    order = np.random.default_rng(0).permutation(len(codes))

    straight, permuted = dense_posteriors(shipped, codes), dense_posteriors(shipped, codes[order])

    for field in fields(straight):
        expected = getattr(straight, field.name)[order]
        np.testing.assert_array_equal(getattr(permuted, field.name), expected)


def test_many_patients_are_answered_as_each_alone(shipped: NoisyMaxNetwork) -> None:
    codes = np.concatenate([_shipped_codes(shipped, 8, n, n_positive=n) for n in range(8)])

    together = dense_posteriors(shipped, codes)
    alone = [dense_posteriors(shipped, codes[row : row + 1]) for row in range(len(codes))]

    for name in ("present", "responsible", "unexplained", "log_evidence"):
        separate = np.concatenate([getattr(each, name) for each in alone])
        np.testing.assert_allclose(getattr(together, name), separate, rtol=0, atol=ABSOLUTE)


def test_equal_patients_get_equal_answers(shipped: NoisyMaxNetwork) -> None:
    codes = np.repeat(_shipped_codes(shipped, 3, 4, n_positive=5), 40, axis=0)

    answers = dense_posteriors(shipped, codes)

    np.testing.assert_array_equal(answers.present, np.repeat(answers.present[::40], 40, axis=0))


def test_threads_do_not_disturb_each_other(shipped: NoisyMaxNetwork) -> None:
    patients = np.split(_shipped_codes(shipped, 40, 5, n_positive=5), 40)
    expected = [dense_posteriors(shipped, codes) for codes in patients]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda codes: dense_posteriors(shipped, codes), patients * 5))

    for found, truth in zip(answers, expected * 5, strict=True):
        _assert_identical(found, truth)


@repeatable
@given(seed=seeds)
def test_probabilities_are_never_out_of_range(seed: int) -> None:
    network = random_network(np.random.default_rng(seed), max_causes=6, max_findings=8)

    answers = dense_posteriors(network, _codes(network, 20, seed))

    assert not np.isnan(answers.log_evidence).any()
    assert answers.log_evidence.max() <= 0 + LOG
    assert np.all((answers.responsible >= 0) & (answers.responsible <= answers.present))
    assert answers.present.max() <= 1
    assert np.all((answers.unexplained >= 0) & (answers.unexplained <= 1))


def _prepared(network: NoisyMaxNetwork, codes: Codes) -> Program:
    """Run rows together, with as many bits as any of them needs."""
    tables = dense_tables(network)
    evidence = evidence_of(tables, codes)
    rows = rows_of(tables, evidence, np.arange(len(codes)))
    n_presence, n_responsible = int(evidence.n_presence.max()), int(evidence.n_responsible.max())
    layout = tables.layouts[n_presence > 0]
    prepared = program(layout, len(rows.patient), n_presence, n_responsible)
    answer(tables, evidence, rows, prepared)
    return prepared


def _smallest(arrays: Iterable[NDArray[np.float64]]) -> float:
    return min(float(array.min()) for array in arrays)


@settings(repeatable, max_examples=60)
@given(seed=seeds)
def test_no_intermediate_number_is_negative(seed: int) -> None:
    network = random_network(np.random.default_rng(seed), max_causes=6, max_findings=8)
    codes = _codes(network, 6, seed, known=0.8)
    codes[:, 0] = 0

    prepared = _prepared(network, codes)

    operations = (*prepared.forward, *prepared.backward)
    assert _smallest(result for _, _, _, result in operations) >= 0
    assert _smallest([prepared.weights, *prepared.links, prepared.last_links]) >= 0


def test_impossible_patients_are_told_from_others() -> None:
    network = network_of([cause("c", 0.0), cause("d")], [finding("f", [0], [0.5])])
    codes = np.concatenate([_one(network, f=1, c=0), _one(network, f=1), _one(network, f=0, c=1)])

    answers = dense_posteriors(network, codes)

    assert answers.is_exact.all()
    assert answers.log_evidence.tolist()[0] == -np.inf
    assert answers.present[0].tolist() == [0.0, 0.0]
    assert answers.present[1:, 0].tolist() == [1.0, 1.0]
    assert np.exp(answers.log_evidence[1:]) == pytest.approx([0.25, 0.25], abs=1e-15)


def test_a_stratum_that_nobody_belongs_to_is_impossible() -> None:
    rng = np.random.default_rng(12)
    networks = [random_network(rng) for _ in range(40)]
    network = next(each for each in networks if len(each.strata) == 2)
    two_roots = NoisyMaxNetwork(
        root_ids=("root", "other"),
        strata=(("r0", "s0"), ("r1", "s1")),
        stratum_share=network.stratum_share,
        context_ids=network.context_ids,
        context_probability=network.context_probability,
        causes=network.causes,
        findings=network.findings,
        unlisted=network.unlisted,
    )

    answers = dense_posteriors(two_roots, _one(two_roots, root=0, other=1))

    assert answers.is_exact.all()
    assert answers.log_evidence.tolist() == [-np.inf]


def test_12_improbable_findings_are_exact() -> None:
    rng = np.random.default_rng(5)
    findings = [
        finding(f"f{i:02}", [0, 1, 2], (10.0 ** -rng.uniform(3, 6, 3)).tolist(), 1e-7)
        for i in range(12)
    ]
    network = network_of([cause(f"c{i}", -4.0) for i in range(3)], findings)

    absolute, relative, log = _errors(network, _all(network, 1))

    assert absolute <= ABSOLUTE
    assert relative <= RELATIVE
    assert log <= LOG


def test_1200_negative_findings_are_exact() -> None:
    findings = [finding(f"f{i:04}", [0], [0.01 * (1 + i % 7 / 100)], 0.9) for i in range(1200)]
    network = network_of([cause("c", -2.0)], findings)

    absolute, _, log = _errors(network, _all(network, 0))

    assert absolute <= ABSOLUTE
    assert log <= LOG


def test_numbers_that_are_too_small_are_reported_and_not_called_impossible() -> None:
    findings = [finding(f"f{i:02}", [0, 1], [1e-60, 1e-60]) for i in range(12)]
    network = network_of([cause("c"), cause("d")], findings)

    answers = dense_posteriors(network, _all(network, 1))

    assert posterior(network, {node.id: (0.0, 1.0) for node in findings}).log_evidence > -2000
    assert answers.is_exact.tolist() == [False]
    assert answers.present.max() == 0.0


def test_too_many_open_contexts_and_positive_findings_are_reported(
    shipped: NoisyMaxNetwork,
) -> None:
    many_open = _shipped_codes(shipped, 2, 6, n_positive=3, n_open=12)
    many_positive = _shipped_codes(shipped, 2, 7, n_positive=60)
    ordinary = _shipped_codes(shipped, 2, 8, n_positive=3)

    answers = dense_posteriors(shipped, np.concatenate([many_open, many_positive, ordinary]))

    assert answers.is_exact.tolist() == [False] * 4 + [True] * 2
    assert not answers.present[:4].any()


def test_a_network_with_too_many_remembered_causes_is_reported() -> None:
    rng = np.random.default_rng(3)
    causes = [cause(f"c{i:02}") for i in range(30)]
    many_parents = [i for i in range(29) if rng.random() < 1]
    causes[29] = type(causes[29])(
        id="c29",
        intercept=np.zeros(1),
        contexts=np.array([], dtype=np.intp),
        context_log_odds=np.array([]),
        causes=np.array(many_parents),
        cause_log_odds=np.ones(29),
        responsible=0.5,
    )
    network = network_of(causes, [finding("f", [0, 29], [0.5, 0.5])])

    assert dense_posteriors(network, _one(network, f=1)).is_exact.tolist() == [False]


def test_nobody_is_answered_by_nothing(shipped: NoisyMaxNetwork) -> None:
    answers = dense_posteriors(shipped, np.zeros((0, len(_nodes(shipped))), dtype=np.int8))

    assert answers.present.shape == (0, len(shipped.causes))


def test_causes_come_after_their_parents(shipped: NoisyMaxNetwork) -> None:
    order = processing_order(shipped)
    place = {index: position for position, index in enumerate(order)}

    assert sorted(order) == list(range(len(shipped.causes)))
    assert all(
        place[parent] < place[index]
        for index, node in enumerate(shipped.causes)
        for parent in node.causes.tolist()
    )


def test_answers_cannot_be_written_to(shipped: NoisyMaxNetwork) -> None:
    answers = dense_posteriors(shipped, _shipped_codes(shipped, 1, 9, n_positive=1))

    with pytest.raises(ValueError, match="read-only"):
        answers.present[0, 0] = 1.0


def test_a_code_that_is_no_state_is_refused() -> None:
    network = network_of([cause("c")], [finding("f", [0], [0.5])])

    with pytest.raises(EvidenceError, match="codes of 'f' go beyond its 2 states; count states"):
        dense_posteriors(network, _one(network, f=2))


@pytest.mark.parametrize(
    "codes", [np.zeros((1, 2), np.int8), np.zeros((1, 3)), np.zeros(3, np.int8)]
)
def test_codes_of_another_shape_or_type_are_refused(codes: Codes) -> None:
    network = network_of([cause("c")], [finding("f", [0], [0.5])])

    with pytest.raises(EvidenceError, match="expected int8 and one column for each of 3 nodes"):
        dense_posteriors(network, codes)
