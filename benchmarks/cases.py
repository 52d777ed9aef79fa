"""How does the network rank the true cause of written cases?"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import legache

FILE = Path(__file__).resolve().parent.parent / "tests" / "data" / "vignettes_dev.jsonl"


@dataclass(frozen=True)
class RankedCase:
    """A case, and where its true cause stands with and without its tests."""

    case_id: str
    truth: str
    first: str
    by_history: int
    with_tests: int
    n_tests: int


def read_cases() -> list[dict[str, Any]]:
    """Written cases, coded into the vocabulary."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def rank_all(cases: list[dict[str, Any]]) -> list[RankedCase]:
    """Rank every case, on all cores."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(rank, cases))


def rank(case: dict[str, Any]) -> RankedCase:
    """Rank of the best placed true cause."""
    history = diagnose(case, with_tests=False)
    complete = diagnose(case, with_tests=True) if case["tests"] else history
    return RankedCase(
        case_id=case["case_id"],
        truth=" + ".join(case["truth"]),
        first=complete.ranking[0],
        by_history=_best_rank(history, case["truth"]),
        with_tests=_best_rank(complete, case["truth"]),
        n_tests=len(case["tests"]),
    )


def diagnose(case: dict[str, Any], *, with_tests: bool) -> legache.Diagnosis:
    """Differential of one case."""
    evidence = case["evidence"] | (case["tests"] if with_tests else {})
    return _network().diagnose(evidence, age=case["age"], sex=case["sex"])


@cache
def _network() -> legache.Network:
    return legache.load()


def _best_rank(diagnosis: legache.Diagnosis, truth: list[str]) -> int:
    return 1 + min(diagnosis.ranking.index(cause) for cause in truth)
