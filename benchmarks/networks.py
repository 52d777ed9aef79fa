"""Which networks are measured?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork

DATA = Path(__file__).resolve().parents[2] / "shared" / "benchmark_networks"
_BINARY = ("absent", "present")


@dataclass(frozen=True)
class Size:
    """How large a random two-layer network is."""

    name: str
    n_causes: int
    n_findings: int
    n_parents: tuple[int, int]


SIZES = (
    Size("36x60", 36, 60, (4, 8)),
    Size("100x300", 100, 300, (4, 8)),
    Size("570x4000", 570, 4000, (4, 12)),
)
_N_CONTEXTS = 8


def generated(size: Size, seed: int = 0) -> NoisyMaxNetwork:
    """Random network: contexts, causes of a prevalence of 0.2 to 15 %, leaky noisy-OR findings."""
    rng = np.random.default_rng([seed, size.n_causes, size.n_findings])
    odds = _log_uniform(rng, 0.002, 0.15, size.n_causes)
    causes = [_random_cause(rng, i, float(np.log(p / (1 - p)))) for i, p in enumerate(odds)]
    leaks = _log_uniform(rng, 0.001, 0.05, size.n_findings)
    findings = [_random_finding(rng, i, size, float(leak)) for i, leak in enumerate(leaks)]
    return two_layer(rng.uniform(0.05, 0.5, _N_CONTEXTS), causes, findings)


def stored(name: str) -> NoisyMaxNetwork | None:
    """One of the stored random networks, or none if the data are absent."""
    record = stored_record(f"net_{name}.json")
    if record is None:
        return None
    causes = [
        cause(
            f"C{i}", _logit(p), _parents(record["cpar"][i], "X"), _parents(record["cpar"][i], "C")
        )
        for i, p in enumerate(record["base"])
    ]
    findings = [
        finding(f"F{i}", record["fpar"][i], record["fp"][i], leak)
        for i, leak in enumerate(record["leak"])
    ]
    return two_layer(np.array(record["ctx_p"]), causes, findings)


def stored_record(file: str) -> dict[str, Any] | None:
    """A stored file of the synthetic networks, or none if it is absent."""
    path = DATA / "synthetic" / file
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def two_layer(
    contexts: FloatArray, causes: list[Cause], findings: list[Finding]
) -> NoisyMaxNetwork:
    """Network of one stratum in which a cause that is present is responsible."""
    return NoisyMaxNetwork(
        root_ids=("root",),
        strata=(("everyone",),),
        stratum_share=np.ones(1),
        context_ids=tuple(f"X{i}" for i in range(len(contexts))),
        context_probability=np.reshape(contexts, (1, -1)),
        causes=tuple(causes),
        findings=tuple(findings),
        unlisted=0.0,
    )


def cause(
    name: str, log_odds: float, contexts: dict[int, float], causes: dict[int, float]
) -> Cause:
    """Cause that is responsible whenever present."""
    return Cause(
        id=name,
        intercept=np.array([log_odds]),
        contexts=np.array(list(contexts), dtype=np.intp),
        context_log_odds=np.array(list(contexts.values()), dtype=np.float64),
        causes=np.array(list(causes), dtype=np.intp),
        cause_log_odds=np.array(list(causes.values()), dtype=np.float64),
        responsible=1.0,
    )


def finding(name: str, causes: list[int], strengths: list[float], leak: float) -> Finding:
    """Binary finding that hangs on the presence of its causes."""
    return Finding(
        id=name,
        states=_BINARY,
        hangs_on_responsible=False,
        causes=np.array(causes, dtype=np.intp),
        strengths=np.array(strengths, dtype=np.float64).reshape(-1, 1),
        leak=np.array([[leak]]),
        unlisted=np.zeros(1),
    )


def _random_cause(rng: np.random.Generator, place: int, log_odds: float) -> Cause:
    contexts = rng.choice(_N_CONTEXTS, rng.integers(1, 4), replace=False)
    ratios = rng.uniform(0.4, 5.0, contexts.size)
    added = dict(zip(contexts.tolist(), np.log(ratios).tolist(), strict=True))
    return cause(f"C{place}", log_odds, added, {})


def _random_finding(rng: np.random.Generator, place: int, size: Size, leak: float) -> Finding:
    low, high = size.n_parents
    causes = np.sort(rng.choice(size.n_causes, rng.integers(low, high + 1), replace=False))
    strengths = rng.uniform(0.05, 0.9, causes.size)
    return finding(f"F{place}", causes.tolist(), strengths.tolist(), leak)


def _log_uniform(rng: np.random.Generator, low: float, high: float, n: int) -> FloatArray:
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _parents(rows: list[list[Any]], kind: str) -> dict[int, float]:
    return {place: log_odds for which, place, log_odds in rows if which == kind}
