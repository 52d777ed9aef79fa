"""Patients of the test data, and the rank of their true cause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from legache import Diagnosis, Network

DATA = Path(__file__).parents[1] / "data"
GOLDEN_RANKS = DATA / "golden_ranks.json"


def records(name: str) -> list[dict[str, Any]]:
    """Lines of a file of the test data."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def diagnosis_of(network: Network, case: dict[str, Any]) -> Diagnosis:
    """History and signs only, without tests."""
    return network.diagnose(case["evidence"], age=case["age"], sex=case["sex"])


def rank(network: Network, case: dict[str, Any]) -> int:
    """Rank of the best of the true causes, from 1."""
    ranking = diagnosis_of(network, case).ranking
    return 1 + min(ranking.index(cause) for cause in case["truth"])
