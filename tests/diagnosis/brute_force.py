"""The whole network built anew with one number changed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import legache
from legache import Network
from legache.diagnosis.model import diagnostic_model
from legache.knowledge.figures import key_of
from legache.knowledge.records import Figure, Knowledge

_TABLES = ("prevalence", "risk_factors", "links", "complaints", "background")


@lru_cache(maxsize=1)
def tiny() -> Network:
    return legache.load(Path(__file__).parent.parent / "data" / "tiny")


def with_number(network: Network, number: str, value: float) -> Network:
    """Network of the same priors, but for one number."""
    knowledge = changed(network.model.knowledge, number, value)
    return Network(replace(diagnostic_model(knowledge), setting=network.setting))


def changed(knowledge: Knowledge, number: str, value: float) -> Knowledge:
    """Knowledge with another number, and without what else states it."""
    for attribute in _TABLES:
        rows: tuple[Figure, ...] = getattr(knowledge, attribute)
        for place, row in enumerate(rows):
            if f"{row.FILE}:{key_of(row)}" == number:
                names = ("incidence_per_1000_py", "duration_days", "lr_positive", "lr_negative")
                none = cast("dict[str, Any]", {n: None for n in names if hasattr(row, n)})
                moved = replace(row, value=value, **none)
                return replace(knowledge, **{attribute: (*rows[:place], moved, *rows[place + 1 :])})
    raise AssertionError(number)
