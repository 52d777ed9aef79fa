"""How long does it take to rank everything that could be asked or tested next?

For one patient with 6 positive and 15 negative findings and 20 contexts known, age and sex among
them: all other contexts, findings and tests, with the posteriors after every answer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks import ours
from benchmarks.patients import Codes, Kind, complainers, described, mapping
from benchmarks.report import Result, Row, Scale, Table
from legache import Diagnosis

QUESTION = __doc__.splitlines()[0]
_SEED = 71
_N_ROOTS, _N_CONTEXTS, _N_KNOWN = 2, 36, 20
_TARGET_MS = 25.0


def measure(scale: Scale) -> Result:
    network = ours.shipped_network()
    kind = Kind(6, 15, (_N_KNOWN - _N_ROOTS) / _N_CONTEXTS)
    people = complainers(network, scale.of(300, 60), _SEED)
    chosen = described(network, people, kind, _SEED)[: scale.of(60, 10)]
    patients = [ours.shipped().diagnose(mapping(network, row)) for row in chosen]
    tasks: dict[str, Callable[[Diagnosis], object]] = {
        "all unknown nodes": lambda dx: dx.next_questions(),
        "findings and contexts": lambda dx: dx.next_questions(kinds=("context", "finding")),
        "tests, per cost": lambda dx: dx.next_questions(kinds="test", cost="money"),
        "pairs": lambda dx: dx.next_questions(depth=2),
    }
    rows = [_row(name, task, patients, scale.of(5, 3)) for name, task in tasks.items()]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": len(patients),
        "positive, negative findings, contexts known": f"6, 15, {_N_KNOWN}",
        "target ms, all unknown nodes, median": _TARGET_MS,
    }
    title = "Shipped network: expected information with the posteriors after every answer, warm"
    held = [_interview_row(people[: scale.of(20, 3)])]
    note = (
        "An interview, from an answer to the next question: one posterior, and those after every "
        "answer to at most four promising questions and two red flags, about 13 in all."
    )
    between = Table("Shipped network: interviews, from question to question", held)
    return Result(configuration, [Table(title, rows), between], [note])


def _interview_row(people: Codes) -> Row:
    network = ours.shipped()
    seconds = []
    for person in people:
        truth = mapping(network.model.network, person)
        interview = network.interview()
        while (question := interview.question) is not None:
            start = time.perf_counter()
            interview = interview.answer(truth[question.node])
            _ = interview.question
            seconds.append(time.perf_counter() - start)
    ordered = sorted(1e3 * second for second in seconds)
    return {
        "interviews": len(people),
        "questions": len(ordered),
        "target ms": 100.0,
        "median ms": statistics.median(ordered),
        "95 % ms": ordered[int(0.95 * (len(ordered) - 1))],
        "slowest ms": ordered[-1],
    }


def _row(
    name: str, task: Callable[[Diagnosis], object], patients: list[Diagnosis], n_times: int
) -> Row:
    each = [_typical(task, patient, n_times) for patient in patients]
    ordered = sorted(1e3 * seconds for seconds in each)
    return {
        "what": name,
        "posteriors": statistics.median(_n_posteriors(name, patient) for patient in patients),
        "median ms": statistics.median(ordered),
        "90 % ms": ordered[int(0.9 * (len(ordered) - 1))],
        "slowest ms": ordered[-1],
    }


def _typical(task: Callable[[Diagnosis], object], patient: Diagnosis, n_times: int) -> float:
    """Seconds of the median of several runs after a warm-up."""
    task(patient)
    seconds = []
    for _ in range(n_times):
        start = time.perf_counter()
        task(patient)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _n_posteriors(name: str, patient: Diagnosis) -> int:
    kinds = {
        "findings and contexts": ("context", "finding"),
        "tests, per cost": ("test",),
    }.get(name, ("context", "finding", "test"))
    single = sum(len(q.answers) for q in patient.next_questions(kinds=kinds).questions)
    if name != "pairs":
        return single
    return single + sum(len(q.answers) for q in patient.next_questions(depth=2).questions)
