"""How often does a stated 95 % interval contain the true posterior?

Worlds are networks whose published figures are drawn from their own intervals.  From each comes
one patient with the complaint, who is diagnosed with the printed figures; the truth is the
posterior in the patient's own world.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours
from benchmarks.patients import Kind, complainers, described, interviewed, likelihoods
from benchmarks.report import Result, Row, Scale, Table
from legache.diagnosis.parameter_draws import N_DRAWS, SEED
from legache.inference.draws import posterior_draws
from legache.inference.flat import with_numbers
from legache.inference.posterior import posterior
from legache.inference.weighted import WeightedIntervals, weighted_intervals
from legache.network.structure import FloatArray, NoisyMaxNetwork

QUESTION = __doc__.splitlines()[0]
_INTERVALS = (0.5, 0.8, 0.95)
_WORLD_SEED = 61
_PATIENTS = (("primary_care", Kind(6, 15)), ("primary_care", None), ("emergency", None))
_N_AT_ONCE = 5


@dataclass(frozen=True)
class Visit:
    """One patient of one world: the truth, and the intervals that would be printed."""

    truth: FloatArray
    point: FloatArray
    by_interval: Mapping[float, WeightedIntervals]
    seconds: float


def measure(scale: Scale) -> Result:
    n_worlds = scale.of(300, 30)
    rows: list[Row] = []
    for setting, kind in scale.of(_PATIENTS, _PATIENTS[:1]):
        visits = simulated_visits(setting, n_worlds, kind)
        title = kind.title if kind else "30 % of findings, half of contexts"
        rows.append({"setting": setting, "patients": title} | summary(visits))
    configuration: dict[str, object] = {
        "worlds": n_worlds,
        "draws": N_DRAWS,
        "seed of draws": SEED,
        "seed of worlds": _WORLD_SEED,
        "posterior evaluations for each patient": N_DRAWS + 1,
        "first use of a network, s": first_use_s(),
    }
    title = f"Share of true posteriors within the stated interval, {n_worlds} worlds"
    note = (
        "All: present and responsible of 40 causes, and unexplained. Leading: responsible, of the "
        "cause that the printed figures put first. Holds printed: the posterior with the printed "
        "figures lies within the 95 % interval."
    )
    return Result(configuration, [Table(title, rows)], [note])


def simulated_visits(setting: str, n_worlds: int, kind: Kind | None) -> list[Visit]:
    """One patient of each world, diagnosed with the printed figures."""
    model = ours.shipped().in_setting(setting).model
    network = model.network
    numbers = model.draws.numbers(setting, N_DRAWS, SEED)
    worlds = model.draws.numbers(setting, n_worlds, _WORLD_SEED)
    visits = []
    for place in range(n_worlds):
        world = with_numbers(network, worlds, place)
        evidence = _patient(world, kind, seed=place)
        truth = posterior(world, evidence)
        printed = posterior(network, evidence)
        start = time.perf_counter()
        drawn = posterior_draws(network, numbers, evidence)
        columns = np.column_stack([drawn.present, drawn.responsible, drawn.unexplained])
        found = {q: weighted_intervals(columns, drawn.log_evidence, q) for q in _INTERVALS}
        seconds = time.perf_counter() - start
        joined = [
            np.concatenate([answer.present, answer.responsible, [answer.unexplained]])
            for answer in (truth, printed)
        ]
        visits.append(Visit(joined[0], joined[1], found, seconds))
    return visits


def _patient(world: NoisyMaxNetwork, kind: Kind | None, seed: int) -> dict[str, tuple[float, ...]]:
    """Evidence of the first person with the complaint who has enough findings."""
    while True:
        people = complainers(world, _N_AT_ONCE, seed)
        if kind is None:
            return likelihoods(world, interviewed(world, people[:1], 0.5, 0.3, seed)[0])
        enough = described(world, people, kind, seed)
        if len(enough):
            return likelihoods(world, enough[0])
        seed += 1_000_000


def is_within(visits: Sequence[Visit], interval: float) -> NDArray[np.bool_]:
    """Whether each true posterior of each visit lies within its interval."""
    rows = [visit.by_interval[interval] for visit in visits]
    truth = np.array([visit.truth for visit in visits])
    low, high = (np.array([getattr(row, name) for row in rows]) for name in ("low", "high"))
    # what is certain in every world is found again up to rounding
    slack = 1e-12
    return (low * (1 - slack) <= truth) & (truth <= high * (1 + slack) + 1e-300)


def summary(visits: Sequence[Visit]) -> Row:
    """Coverage, and how much the draws were worth."""
    n_causes = (visits[0].truth.size - 1) // 2
    point = np.array([visit.point for visit in visits])
    leading = n_causes + point[:, n_causes:-1].argmax(axis=1)
    row: Row = {}
    for interval in _INTERVALS:
        inside = is_within(visits, interval)
        row[f"{interval:.0%} all"] = float(inside.mean())
        row["above 1 %"] = float(inside[point > 0.01].mean())
        row["leading"] = float(inside[np.arange(len(visits)), leading].mean())
        if interval != _INTERVALS[-1]:
            del row["above 1 %"], row["leading"]
    rows = [visit.by_interval[_INTERVALS[-1]] for visit in visits]
    low, high = (np.array([getattr(r, name) for r in rows]) for name in ("low", "high"))
    holds = (low * (1 - 1e-12) <= point) & (point <= high * (1 + 1e-12))
    row["holds printed"] = float(holds.mean())
    sizes = [r.effective_sample_size for r in rows]
    row["effective draws, median"] = statistics.median(sizes)
    row["least"] = min(sizes)
    row["ms, median"] = 1e3 * statistics.median(visit.seconds for visit in visits)
    return row


def first_use_s() -> float:
    """Seconds for the draws of a network that was not asked before."""
    import legache

    model = legache.load().model
    start = time.perf_counter()
    model.draws.numbers(model.setting, N_DRAWS, SEED)
    return time.perf_counter() - start
