"""How far are the posteriors from those of exact rational arithmetic?"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import networks, ours, peers, plots
from benchmarks.folding import fold
from benchmarks.networks import cause, finding, two_layer
from benchmarks.patients import Likelihoods
from benchmarks.peers import prepared
from benchmarks.questions import Answer
from benchmarks.quickscore import quickscore
from benchmarks.report import Result, Row, Scale, Table
from legache.errors import ImpossibleEvidenceError
from legache.network.structure import NoisyMaxNetwork
from tests.oracle import Exact, exact_posterior, log_of
from tests.random_networks import random_network

QUESTION = __doc__.splitlines()[0]
_SEED = 71
_SMALLEST = Fraction(1, 10**200)
_N_CAUSES = 8


@dataclass(frozen=True)
class Errors:
    """Largest errors of an answer; the relative one counts posteriors of at least 1e-200."""

    absolute: float
    relative: float
    log_evidence: float


def measure(scale: Scale) -> Result:
    tables = [_random_table(scale), _cancellation_table(scale), *_stored_table(scale)]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "random networks": scale.of(2000, 100),
        "networks for each number of positive findings": scale.of(6, 3),
    }
    return Result(configuration, tables)


def draw(result: Result, folder: Path) -> None:
    panel = plots.panel_of(
        result.tables[1],
        "positive findings",
        y="largest absolute error",
        y_label="largest absolute error of a posterior",
    )
    plots.draw(folder / "accuracy.png", QUESTION, [panel])


def random_patient(seed: int) -> tuple[NoisyMaxNetwork, Likelihoods]:
    """Small network with zeros, ones and numbers down to 1e-6; up to 20 positive findings."""
    rng = np.random.default_rng([_SEED, seed])
    network = random_network(rng, max_findings=20)
    states = [f"r{i}" for i in range(len(network.strata))]
    evidence = {"root": _one_hot(int(rng.integers(len(states))), len(states))}
    for name in network.context_ids:
        if rng.random() < 0.5:
            evidence[name] = _one_hot(int(rng.integers(2)), 2)
    share = rng.random()
    for one in network.findings:
        n_states = len(one.states)
        if rng.random() < 0.9:
            state = int(rng.integers(1, n_states)) if rng.random() < share else 0
            evidence[one.id] = _one_hot(state, n_states)
    return network, evidence


def two_layer_patient(seed: int, n_positive: int) -> tuple[NoisyMaxNetwork, Likelihoods]:
    """Rare causes and leaks, and a number of positive findings."""
    rng = np.random.default_rng([_SEED, seed, n_positive])
    prevalence = np.exp(rng.uniform(math.log(2e-5), math.log(1.5e-2), _N_CAUSES))
    causes = [cause(f"C{i}", float(np.log(p / (1 - p))), {}, {}) for i, p in enumerate(prevalence)]
    findings = []
    for i in range(n_positive):
        linked = np.sort(rng.choice(_N_CAUSES, rng.integers(2, 5), replace=False)).tolist()
        leak = float(np.exp(rng.uniform(math.log(1e-5), math.log(5e-3))))
        findings.append(
            finding(f"F{i}", linked, rng.uniform(0.05, 0.9, len(linked)).tolist(), leak)
        )
    evidence = {"root": (1.0,)} | {f"F{i}": (0.0, 1.0) for i in range(n_positive)}
    return two_layer(np.zeros(0), causes, findings), evidence


def _random_table(scale: Scale) -> Table:
    """Errors over many random networks; those with impossible evidence are counted apart."""
    seeds = range(scale.of(2000, 100))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(_errors_of_random, seeds, chunksize=10))
    possible = [errors for errors in found if errors]
    rows = [_row(by, [errors[by] for errors in possible]) for by in possible[0]]
    n_agreeing = f"{len(found) - len(possible)} of {len(found)}"
    title = f"Random small networks of up to 20 findings; {n_agreeing} had impossible evidence"
    return Table(title, rows)


def _errors_of_random(seed: int) -> dict[str, Errors]:
    network, evidence = random_patient(seed)
    exact = exact_posterior(network, evidence)
    if not exact.evidence:
        _expect_refusal(network, evidence)
        return {}
    return _errors(network, exact, _answers(network, evidence))


def _expect_refusal(network: NoisyMaxNetwork, evidence: Likelihoods) -> None:
    try:
        ours.asked(network, evidence)
    except ImpossibleEvidenceError:
        return
    message = "evidence of probability zero was not refused"
    raise AssertionError(message)


_Answers = Iterable[tuple[str, Answer, float]]


def _answers(network: NoisyMaxNetwork, evidence: Likelihoods) -> _Answers:
    """Answers and log of P(evidence), by whom."""
    yield (ours.NAME, *ours.asked(network, evidence)[1:])
    if peers.LAZY.is_installed:
        for peer in (peers.LAZY, peers.LAZY_ORDINARY):
            yield (peer.title, *prepared(peer, network)(evidence)[1:])


def _cancellation_table(scale: Scale) -> Table:
    counts = (2, 4, 6, 8, 10, 12, 14, 16, 18, 20)
    rows: list[Row] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for n_positive in counts[: scale.of(10, 5)]:
            seeds = range(scale.of(6, 3))
            found = list(pool.map(_errors_of_two_layer, seeds, [n_positive] * len(seeds)))
            rows += [
                {"positive findings": n_positive} | _row(by, [errors[by] for errors in found])
                for by in found[0]
            ]
    title = f"Random two-layer networks of {_N_CAUSES} rare causes: what cancels"
    return Table(title, sorted(rows, key=lambda row: str(row["by"])))


def _errors_of_two_layer(seed: int, n_positive: int) -> dict[str, Errors]:
    network, evidence = two_layer_patient(seed, n_positive)
    exact = exact_posterior(network, evidence)
    answer, p_evidence = quickscore(fold(network, evidence))
    log_evidence = math.log(p_evidence) if p_evidence > 0 else math.nan
    classic = ("Quickscore, float64", answer, log_evidence)
    return _errors(network, exact, (*_answers(network, evidence), classic))


def _errors(network: NoisyMaxNetwork, exact: Exact, answers: _Answers) -> dict[str, Errors]:
    names = [one.id for one in network.causes]
    truths = list(zip(exact.present, exact.responsible, strict=True))
    log_truth = log_of(exact.evidence)
    found = {}
    for by, answer, log_evidence in answers:
        pairs = [
            (abs(Fraction(value) - truth), truth)
            for name, both in zip(names, truths, strict=True)
            for value, truth in zip(answer[name], both, strict=True)
        ]
        found[by] = Errors(
            absolute=float(max(off for off, _ in pairs)),
            relative=float(max((off / t for off, t in pairs if t >= _SMALLEST), default=0)),
            log_evidence=_relative(log_evidence, log_truth),
        )
    return found


def _relative(log_evidence: float, truth: Fraction) -> float:
    """Error of a logarithm: relative where it is larger than 1; NaN if there is none."""
    if math.isnan(log_evidence):
        return math.nan
    return float(abs(Fraction(log_evidence) - truth) / max(Fraction(1), abs(truth)))


def _row(by: str, errors: list[Errors]) -> Row:
    logs = [one.log_evidence for one in errors if not math.isnan(one.log_evidence)]
    return {
        "by": by,
        "networks": len(errors),
        "largest absolute error": max(one.absolute for one in errors),
        "largest relative error": max(one.relative for one in errors),
        "of log evidence": max(logs, default=None),
    }


def _stored_table(scale: Scale) -> list[Table]:
    """Beside stored reference posteriors of patients of random networks, if they are there."""
    record = networks.stored_record("patients_with_exact_posteriors.json")
    if record is None:
        return []
    rows = [row for size, patients in record.items() for row in _stored_rows(scale, size, patients)]
    return [Table("Stored random networks, beside stored float64 posteriors", rows)]


def _stored_rows(scale: Scale, size: str, patients: dict[str, list[dict[str, Any]]]) -> list[Row]:
    network = networks.stored(size)
    if network is None:
        return []
    counts = [key for key in patients if key.isdigit() and int(key) <= scale.of(24, 6)]
    chosen = [patient for key in counts for patient in patients[key]]
    off = []
    for patient in chosen:
        _, answer, _ = ours.asked(network, _stored_evidence(network, patient))
        off += [abs(answer[f"C{i}"][0] - expected) for i, expected in enumerate(patient["ref"])]
    row: Row = {"by": ours.NAME, "network": size, "patients": len(chosen)}
    return [row | {"largest difference": max(off)}]


def _stored_evidence(network: NoisyMaxNetwork, patient: dict[str, Any]) -> Likelihoods:
    evidence: Likelihoods = dict.fromkeys(network.root_ids, (1.0,))
    evidence |= {f"X{i}": _one_hot(state, 2) for i, state in patient["ctx"].items()}
    evidence |= {f"F{i}": (0.0, 1.0) for i in patient["pos"]}
    return evidence | {f"F{i}": (1.0, 0.0) for i in patient["neg"]}


def _one_hot(state: int, n_states: int) -> tuple[float, ...]:
    return tuple(float(i == state) for i in range(n_states))
