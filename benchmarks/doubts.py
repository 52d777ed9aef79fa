"""How long does it take to learn what an answer hangs on?

The tornado over every number of the priors, the smallest change that makes another cause the
leading one, the smallest sets of findings on which the leading cause hangs, citations, and
simulated patients; with a warm cache, as when findings are changed one after the other.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks import ours
from benchmarks.patients import Kind, complainers, described, mapping
from benchmarks.report import Result, Row, Scale, Table
from legache import Diagnosis

QUESTION = __doc__.splitlines()[0]
_KINDS = (Kind(6, 15, 20 / 36), Kind(6, 15), Kind(3, 8, 0.3))
_SEED = 61
_AT_MOST = 3


def measure(scale: Scale) -> Result:
    network = ours.shipped()
    people = complainers(network.model.network, scale.of(400, 100), _SEED)
    rows: list[Row] = []
    for kind in scale.of(_KINDS, _KINDS[:1]):
        chosen = described(network.model.network, people, kind, _SEED)[: scale.of(10, 2)]
        patients = [network.diagnose(mapping(network.model.network, row)) for row in chosen]
        rows += [{"patients": kind.title} | row for row in _rows(patients)]
    simulated = [_timed(lambda: network.simulate(1000, seed=_SEED))[0] for _ in range(3)]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients of each kind": scale.of(10, 2),
        "observations taken back at most": _AT_MOST,
    }
    title = f"Shipped network: {_n_numbers(patients[0])} numbers in the setting"
    simulation: list[Row] = [{"patients": 1000, "median ms": 1e3 * statistics.median(simulated)}]
    tables = [Table(title, rows), Table("Simulated patients with their truth", simulation)]
    return Result(configuration, tables)


def _n_numbers(dx: Diagnosis) -> int:
    found = dx.sensitivity(dx.ranking[0])
    return len(found.rows) + found.n_settled


def _rows(patients: list[Diagnosis]) -> list[Row]:
    asked: dict[str, Callable[[Diagnosis], int]] = {
        "tornado over all numbers": lambda dx: dx.sensitivity(dx.ranking[0]).n_evaluations,
        "the same, again with the smallest flip": _flip,
        "citations": _cited,
        "robustness": lambda dx: dx.robustness(at_most=_AT_MOST).n_evaluations,
    }
    return [_row(name, ask, patients) for name, ask in asked.items()]


def _flip(dx: Diagnosis) -> int:
    found = dx.sensitivity(dx.ranking[0])
    _ = found.smallest_flip
    return -1


def _cited(dx: Diagnosis) -> int:
    dx.citations(dx.ranking[0])
    return -1


def _row(name: str, ask: Callable[[Diagnosis], int], patients: list[Diagnosis]) -> Row:
    first, again, n_evaluations = [], [], []
    for dx in patients:
        first.append(_timed(lambda dx=dx: ask(replace(dx)))[0])
        series = [_timed(lambda dx=dx: ask(replace(dx))) for _ in range(5)]
        again.append(statistics.median(seconds for seconds, _ in series))
        n_evaluations.append(series[0][1])
    median = statistics.median(n_evaluations)
    return {
        "what": name,
        "posteriors": median if median >= 0 else None,
        "first ms": 1e3 * statistics.median(first),
        "again ms, median": 1e3 * statistics.median(again),
        "again ms, largest": 1e3 * max(again),
    }


def _timed(ask: Callable[[], object]) -> tuple[float, int]:
    start = time.perf_counter()
    found = ask()
    seconds = time.perf_counter() - start
    return seconds, found if isinstance(found, int) else 0
