"""How long does a complete work-up of one patient take?

Ranking with intervals from 500 draws, explanations of all causes, attribution of the complaint,
the next question over all unknown nodes, red flags and fit: everything that a person may want to
see of one patient, one step after the other and together.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks import ours
from benchmarks.patients import Kind, complainers, described, mapping
from benchmarks.reasons import counted
from benchmarks.report import Result, Row, Scale, Table
from legache import Diagnosis

QUESTION = __doc__.splitlines()[0]
_SEED = 81
_KIND = Kind(6, 15, 18 / 36)  # age and sex are known, too: 20 contexts in all
_TARGET_MS = 150.0
_STEPS: dict[str, Callable[[Diagnosis], object]] = {
    "ranking with intervals": lambda dx: dx.intervals(),
    "explanations of all causes": lambda dx: [dx.explain(cause) for cause in dx.ranking],
    "attribution of the complaint": lambda dx: dx.attribution(),
    "next question, all unknown nodes": lambda dx: dx.next_questions(),
    "red flags": lambda dx: dx.red_flags,
    "fit": lambda dx: dx.fit(),
}


def measure(scale: Scale) -> Result:
    network = ours.shipped()
    people = complainers(network.model.network, scale.of(400, 100), _SEED)
    chosen = described(network.model.network, people, _KIND, _SEED)[: scale.of(40, 6)]
    patients = [mapping(network.model.network, row) for row in chosen]
    for step in _STEPS.values():  # a warm-up: what belongs to no single patient is remembered
        step(network.diagnose(patients[0]))
    seconds: dict[str, list[float]] = {name: [] for name in _STEPS}
    posteriors: dict[str, list[int]] = {name: [] for name in _STEPS}
    for patient in patients[1:]:
        dx = network.diagnose(patient)
        for name, step in _STEPS.items():
            with counted() as count:
                start = time.perf_counter()
                step(dx)
                seconds[name].append(time.perf_counter() - start)
            posteriors[name].append(sum(count))
    rows = [_row(name, seconds[name], posteriors[name]) for name in _STEPS]
    together = [sum(parts) for parts in zip(*seconds.values(), strict=True)]
    counts = [sum(parts) for parts in zip(*posteriors.values(), strict=True)]
    rows.append(_row("all of it", together, counts))
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": len(patients) - 1,
        "positive, negative findings, contexts known": "6, 15, 20",
        "target ms, all of it": _TARGET_MS,
    }
    return Result(configuration, [Table("Shipped network, each patient for the first time", rows)])


def _row(name: str, seconds: list[float], posteriors: list[int]) -> Row:
    return {
        "what": name,
        "median ms": 1e3 * statistics.median(seconds),
        "posteriors": statistics.median(posteriors),
    }
