"""How long does it take to say why, and how many posteriors does that cost?

Explanations of all causes, a contrast, what produced each finding that is there, and the fit, for
patients of whom much is known; each with nothing about the patient remembered, and once more as
it is in use.  Other libraries have no such functions.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import legache
from benchmarks.patients import Kind, complainers, described, likelihoods
from benchmarks.report import Result, Row, Scale, Table
from legache.diagnosis import shares
from legache.inference import conflict, weights
from legache.inference.compiled import CompiledNetwork

QUESTION = __doc__.splitlines()[0]
_KINDS = (Kind(6, 15), Kind(6, 15, 0.4))
_SEED = 61
_Task = Callable[[legache.Diagnosis], object]
_TASKS: dict[str, _Task] = {
    "explain, all causes": lambda dx: [dx.explain(cause) for cause in dx.ranking],
    "explain, one cause": lambda dx: dx.explain(dx.ranking[0]),
    "contrast": lambda dx: dx.contrast(*dx.ranking[:2]),
    "attribution of the complaint": lambda dx: dx.attribution(),
    "attribution of all findings": lambda dx: [dx.attribution(name) for name in _shown(dx)],
    "fit": lambda dx: dx.fit(),
}
_SHAPLEY: dict[str, _Task] = {
    "explain with Shapley values": lambda dx: dx.explain(dx.ranking[0], shapley=True)
}


def measure(scale: Scale) -> Result:
    network = legache.load()
    people = complainers(network.model.network, 100, _SEED)
    rows: list[Row] = []
    for kind in scale.of(_KINDS, _KINDS[:1]):
        chosen = described(network.model.network, people, kind, _SEED)[: scale.of(5, 2)]
        patients = [_diagnosis(network, row) for row in chosen]
        tasks = {**_TASKS, **scale.of(_SHAPLEY, {})}
        rows += [_row(kind, name, task, patients, scale) for name, task in tasks.items()]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": scale.of(5, 2),
        "repetitions": scale.of(9, 3),
        "simulated patients of the fit": 1000,
    }
    note = (
        "Fresh: nothing about the patient is remembered, but the people that were simulated and "
        "what each item does alone are. Posteriors: rows of the kernel, those of a fit without "
        "posteriors of causes included."
    )
    return Result(configuration, [Table("Shipped network", rows)], [note])


def _row(
    kind: Kind, name: str, task: _Task, patients: list[legache.Diagnosis], scale: Scale
) -> Row:
    fresh, again, counts = [], [], []
    for dx in patients:
        task(dx)  # a warm-up: what belongs to no single patient is remembered
        for _ in range(1 if name in _SHAPLEY else scale.of(9, 3)):
            _forget()
            fresh.append(_seconds(task, dx))
            again.append(_seconds(task, dx))
        _forget()
        with counted() as count:
            task(dx)
        counts.append(sum(count))
    return {
        "patients": kind.title,
        "what": name,
        "fresh ms": 1e3 * statistics.median(fresh),
        "again ms": 1e3 * statistics.median(again),
        "posteriors": int(statistics.median(counts)),
    }


def _seconds(task: _Task, dx: legache.Diagnosis) -> float:
    start = time.perf_counter()
    task(dx)
    return time.perf_counter() - start


def _forget() -> None:
    """Forget what was found for single patients."""
    for remembered in (
        weights.item_posteriors,
        weights.candidates,
        conflict.log_evidence_of_others,
        shares._answers,  # noqa: SLF001 - the benchmark looks behind the memory
    ):
        remembered.cache_clear()


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the rows that the kernel is asked for."""
    counts: list[int] = []
    many, one = CompiledNetwork.answer, CompiledNetwork.answer_one

    def answer(self: CompiledNetwork, codes, *arguments, **more):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN002, ANN003, ANN202
        found = many(self, codes, *arguments, **more)
        counts.append(len(found.status))
        return found

    def answer_one(self: CompiledNetwork, *arguments):  # type: ignore[no-untyped-def] # noqa: ANN002, ANN202
        counts.append(1)
        return one(self, *arguments)

    with (
        patch.object(CompiledNetwork, "answer", answer),
        patch.object(CompiledNetwork, "answer_one", answer_one),
    ):
        yield counts


def _diagnosis(network: legache.Network, row: object) -> legache.Diagnosis:
    """Diagnosis of a patient of whom codes tell what is known."""
    nodes, said = network.model.nodes, {}
    for name, likelihood in likelihoods(network.model.network, row).items():  # type: ignore[arg-type]
        state = nodes[name].states[likelihood.index(1.0)]
        said[name] = state == "present" if len(likelihood) == 2 and name != "sex" else state
    return network.diagnose(said)


def _shown(dx: legache.Diagnosis) -> list[str]:
    """Findings and tests that were said to be there."""
    findings = {finding.id for finding in dx.model.network.findings}
    return [name for name, said in dx.given.likelihoods.items() if name in findings and not said[0]]
