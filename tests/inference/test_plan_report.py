"""Does a plan say what the engine does?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings

import legache
from legache import EvidenceError
from legache.diagnosis.evidence import parse_evidence
from legache.inference import plan_report as planning
from legache.inference.compiled import (
    CompiledNetwork,
    KernelAnswers,
    Status,
    compiled_network,
    is_compiled,
)
from legache.inference.general import _bytes_per_lane
from legache.inference.open_variables import reduction
from legache.inference.plan_report import COMPILED, NUMPY, PlanReport, path_report, plan_report
from legache.inference.planning import plan
from legache.inference.posterior import _by_numpy, posterior
from legache.network.structure import NoisyMaxNetwork
from tests.inference.engine import _pattern
from tests.random_networks import (
    Case,
    Evidence,
    cause,
    finding,
    network_of,
    random_case,
    random_evidence,
    random_network,
)
from tests.strategies import cases, random_patient, repeatable, seeds

needs_kernel = pytest.mark.skipif(not is_compiled(), reason="there is no compiled kernel")
few = settings(repeatable, max_examples=60)
SHIPPED = legache.load()


def _larger_case(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    network = random_network(rng, max_contexts=8, max_causes=12, max_findings=16)
    return Case(seed, network, random_evidence(rng, network))


def _patient(seed: int) -> Case:
    said = random_patient(SHIPPED, seed)
    if seed % 2:
        said["leg_ache"] = True
    evidence = dict(parse_evidence(SHIPPED.model.nodes, said).likelihoods)
    return Case(seed, SHIPPED.model.network, evidence)


def _kernel(network: NoisyMaxNetwork) -> CompiledNetwork:
    kernel = compiled_network(network)
    assert kernel is not None
    return kernel


def _predicted(case: Case) -> KernelAnswers:
    """What the kernel predicts for the order that it finds; it then refuses to run."""
    kernel = _kernel(case.network)
    codes, values = kernel.flat.encoded(case.evidence)
    return kernel.answer(codes[None, :], values, 0.0, effort=1.0)


def _along(case: Case, found: KernelAnswers) -> PlanReport:
    order = [case.network.causes[place].id for place in found.order[0]]
    return path_report(reduction(case.network, case.evidence), order)


def _by_numpy_alone(case: Case, monkeypatch: pytest.MonkeyPatch) -> PlanReport:
    monkeypatch.setattr(planning, "compiled_network", lambda _: None)
    return plan_report(case.network, case.evidence)


@needs_kernel
@few
@given(seeds)
def test_cost_and_memory_are_those_that_the_kernel_predicts(seed: int) -> None:
    case = _larger_case(seed)
    found = _predicted(case)
    assume(found.status[0] == Status.TOO_LARGE)

    report = _along(case, found)

    assert (report.cost, report.n_bytes) == (found.cost[0], found.n_bytes[0])


@needs_kernel
@pytest.mark.parametrize("seed", range(20))
def test_cost_and_memory_of_patients_are_those_that_the_kernel_predicts(seed: int) -> None:
    case = _patient(seed)
    found = _predicted(case)

    report = _along(case, found)

    assert (report.cost, report.n_bytes) == (found.cost[0], found.n_bytes[0])


@needs_kernel
@pytest.mark.parametrize("seed", range(10))
def test_the_kernel_needs_exactly_the_memory_that_the_plan_says(seed: int) -> None:
    case = _patient(seed)
    report = plan_report(case.network, case.evidence)
    kernel = _kernel(case.network)
    codes, values = kernel.flat.encoded(case.evidence)

    status = [kernel.answer_one(codes, values, report.n_bytes - less)[0] for less in (0, 1)]

    assert status == [Status.ANSWERED, Status.TOO_LARGE]


@needs_kernel
def test_the_order_is_the_one_that_a_query_takes() -> None:
    case = _patient(3)
    kernel = _kernel(case.network)
    order, _ = kernel.plan(kernel.flat.encoded(case.evidence)[0])

    report = plan_report(case.network, case.evidence)

    by_kernel = [case.network.causes[place].id for place in order]
    assert report.executor == COMPILED
    assert [name for name in by_kernel if name not in report.loose] == [
        name for step in report.steps for name in step.causes
    ]


@few
@given(seeds)
def test_no_cause_is_missing_or_occurs_twice(seed: int) -> None:
    case = _larger_case(seed)

    report = plan_report(case.network, case.evidence)

    assert sorted(report.order) == sorted(item.id for item in case.network.causes)


@needs_kernel
@few
@given(seeds)
def test_every_variable_is_opened_once_and_closed_once(seed: int) -> None:
    case = _larger_case(seed)
    report = plan_report(case.network, case.evidence)

    opened = Counter(name for step in report.steps for name in step.opened)
    closed = Counter(name for step in report.steps for name in step.closed)

    assert opened == closed == Counter(report.variables.keys())


@few
@given(seeds)
def test_a_variable_is_open_from_its_first_cause_to_its_last(seed: int) -> None:
    case = _larger_case(seed)
    report = path_report(
        reduction(case.network, case.evidence), [item.id for item in case.network.causes]
    )

    for name in report.variables:
        rows = [row for row, step in enumerate(report.steps) if name in step.open]
        touched = [row for row, step in enumerate(report.steps) if name in step.touched]
        assert rows == list(range(touched[0], touched[-1] + 1))


@needs_kernel
@few
@given(seeds)
def test_every_node_is_a_cause_a_variable_or_settled(seed: int) -> None:
    case = _larger_case(seed)
    network = case.network
    report = plan_report(network, case.evidence)
    settled = [name for names in report.settled.values() for name in names]

    expected = {*network.context_ids, *(item.id for item in network.findings)}
    expected |= {name for name in network.root_ids if name in case.evidence}

    causes = {item.id for item in network.causes}
    assert len(settled) == len(set(settled))
    assert {*settled, *report.variables} - causes == expected
    assert not set(settled) & report.variables.keys()


@needs_kernel
def test_a_table_has_no_more_entries_than_its_width_allows() -> None:
    report = plan_report(_patient(5).network, _patient(5).evidence)

    assert report.settled["witness"] == ("leg_ache",)
    assert report.largest <= 2 * 3.0**report.width
    assert report.n_entries >= report.largest
    assert report.width == max(len(step.open) for step in report.steps)


def test_by_numpy_the_sizes_are_those_of_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _patient(1)

    report = _by_numpy_alone(case, monkeypatch)

    chosen = plan(_pattern(case))
    assert report.executor == NUMPY
    assert report.n_entries == chosen.n_stored
    assert report.cost == report.n_lanes * chosen.cost
    assert report.n_bytes == report.n_lanes * _bytes_per_lane(chosen)
    assert [step.inputs for step in report.steps] == [step.messages for step in chosen.steps]


@pytest.mark.parametrize("seed", range(30))
def test_by_numpy_every_variable_is_closed_once_after_it_was_opened(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = _by_numpy_alone(_larger_case(seed), monkeypatch)

    opened = {name for step in report.steps for name in step.opened}
    closed = [name for step in report.steps for name in step.closed]

    assert sorted(closed) == sorted(report.variables) == sorted(opened)
    assert sorted(report.order) == sorted({*report.order})


def test_by_numpy_links_are_applied_on_their_own_where_findings_outnumber_causes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = network_of(
        [cause("a"), cause("b")], [finding(f"f{i}", [0, 1], [0.5, 0.5], 0.1) for i in range(8)]
    )
    case = Case(0, network, {f"f{i}": (0.0, 1.0) for i in range(8)})

    report = _by_numpy_alone(case, monkeypatch)

    links = {link for step in report.steps for link in step.links}
    assert links == {(name, f"f{i}") for name in "ab" for i in range(8)}
    assert sorted(report.order) == ["a", "b"]


def test_what_no_engine_can_run_is_planned_and_said_to_be_refused() -> None:
    rng = np.random.default_rng(0)
    causes = [cause(f"c{i}") for i in range(60)]
    findings = [
        finding(f"f{i}", sorted(rng.permutation(60)[:20].tolist()), [0.5] * 20, 0.1)
        for i in range(55)
    ]
    network = network_of(causes, findings)

    report = plan_report(network, {f"f{i}": (0.0, 1.0) for i in range(55)})

    assert (report.executor, report.is_refused) == (NUMPY, True)
    assert report.n_bytes > 2**30


def test_evidence_that_leaves_no_variable_leaves_no_step() -> None:
    network = network_of([cause("a")], [finding("f", [0], [0.5], 0.1)])

    report = plan_report(network, {"f": (0.0, 1.0)})

    assert (report.steps, report.loose, report.width, report.largest) == ((), ("a",), 0, 0.0)
    assert report.settled == {"single_cause_findings": ("f",)}


def test_an_unknown_node_is_refused() -> None:
    with pytest.raises(EvidenceError, match="unknown node 'nothing'"):
        plan_report(network_of([cause("a")], []), {"nothing": (0.0, 1.0)})


@few
@given(cases)
def test_impossible_evidence_has_a_plan_too(case: Case) -> None:
    contradiction: Evidence = {**case.evidence, "cause_0": (0.0, 0.0)}

    assert plan_report(case.network, contradiction).n_lanes >= 0


@pytest.mark.parametrize("seed", [1, 4, 7, 9])
def test_a_pattern_of_too_many_lanes_does_not_spoil_the_answer_in_one_lane(seed: int) -> None:
    """The kernel searches an order for the pattern, in which any stratum is possible."""
    n = 300
    case = random_case(seed)
    network = replace(
        case.network,
        strata=tuple((f"r{i}",) for i in range(n)),
        stratum_share=np.full(n, 1 / n),
        context_probability=_repeated(case.network.context_probability, n),
        causes=tuple(
            replace(item, intercept=_repeated(item.intercept, n)) for item in case.network.causes
        ),
        findings=tuple(
            replace(item, leak=_repeated(item.leak, n)) for item in case.network.findings
        ),
    )
    evidence = {**case.evidence, "root": tuple(float(i == 2) for i in range(n))}

    found, expected = posterior(network, evidence), _by_numpy(network, evidence, 2**30)

    np.testing.assert_allclose(found.responsible, expected.responsible, atol=1e-12)


def _repeated(values: np.ndarray, n: int) -> np.ndarray:
    return np.repeat(values[:1], n, axis=0)
