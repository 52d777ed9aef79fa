"""Which numbers do the answers hang on most?"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from legache.errors import LegacheError
from legache.inference.cohort import cohort_posteriors
from legache.knowledge.checks import AGE_BAND, SEX
from legache.knowledge.figures import is_probability, key_of
from legache.knowledge.records import Figure, Knowledge, Prevalence
from legache.network.building import build
from legache.network.structure import NoisyMaxNetwork
from legache.validation.patients import interviewed_patients

_TABLES = ("prevalence", "risk_factors", "links", "complaints", "background")
_STEP = 0.2  # in log odds or logarithms: large enough for rounding, small enough to be a slope


@dataclass(frozen=True, slots=True)
class Influence:
    """How much the answers move with one number.

    Attributes
    ----------
    slope
        Mean over patients of the total change of P(responsible) over all causes, per unit of
        log odds of a probability, or of the logarithm of a ratio or rate.
    """

    row: Figure
    slope: float


def influences(
    knowledge: Knowledge, setting: str, complaint: str, *, n_patients: int = 400, seed: int = 1
) -> tuple[Influence, ...]:
    """Influence of every number that plays a part in a setting, largest first.

    Parameters
    ----------
    knowledge
    setting
        Of which the complaint links are moved; and the patients' own.
    complaint
        Id of the finding that all patients have.
    n_patients, seed
        Patients are simulated from the network; see `interviewed_patients`.

    Notes
    -----
    Each number is moved by 0.2 of its scale, down if the rest still fits together, else up, and
    the whole network is built and asked anew: about 2,000 times.  Numbers that cannot be moved
    are left out: 0, certainties, shares of age and sex.
    """
    network = build(knowledge).networks[setting]
    _, codes = interviewed_patients(network, complaint, n_patients, seed)
    base = cohort_posteriors(network, codes).responsible
    found = []
    for attribute, place in _movable(knowledge, setting):
        row = getattr(knowledge, attribute)[place]
        moved = (_moved(knowledge, attribute, place, step) for step in (-_STEP, _STEP))
        other = next(filter(None, (_network(one, setting) for one in moved)), None)
        if other is not None:
            change = np.abs(cohort_posteriors(other, codes).responsible - base).sum(axis=1).mean()
            found.append(Influence(row, float(change) / _STEP))
    return tuple(sorted(found, key=lambda item: (-item.slope, item.row.FILE, key_of(item.row))))


def shares_by_grade(found: tuple[Influence, ...]) -> dict[str, float]:
    """Share of all influence that numbers of each grade have.

    Examples
    --------
    >>> shares_by_grade(())
    {}
    """
    total = sum(item.slope for item in found) or 1.0  # where nothing matters, no grade does
    shares: dict[str, float] = defaultdict(float)
    for item in found:
        shares[item.row.grade] += item.slope / total
    return dict(shares)


def _movable(knowledge: Knowledge, setting: str) -> Iterator[tuple[str, int]]:
    """Table and place of each number that plays a part in a setting and can be moved."""
    for attribute in _TABLES:
        rows: tuple[Figure, ...] = getattr(knowledge, attribute)
        for place, row in enumerate(rows):
            other_setting = getattr(row, "setting", setting) != setting
            is_share = isinstance(row, Prevalence) and row.node in {AGE_BAND, SEX}
            if not other_setting and not is_share and 0 < row.value < _top(row):
                yield attribute, place


def _moved(knowledge: Knowledge, attribute: str, place: int, step: float) -> Knowledge:
    rows: tuple[Figure, ...] = getattr(knowledge, attribute)
    moved = {attribute: (*rows[:place], _shifted(rows[place], step), *rows[place + 1 :])}
    return replace(knowledge, **cast("dict[str, Any]", moved))


def _network(knowledge: Knowledge, setting: str) -> NoisyMaxNetwork | None:
    """The network, if the numbers fit together."""
    try:
        return build(knowledge).networks[setting]
    except LegacheError:
        return None


def _top(row: Figure) -> float:
    return 1.0 if is_probability(row) else math.inf


def _shifted(row: Figure, step: float) -> Figure:
    """The row with its number moved on its scale, and without what else states the same."""
    names = ("incidence_per_1000_py", "duration_days", "lr_positive", "lr_negative")
    stated = cast("dict[str, Any]", {name: None for name in names if hasattr(row, name)})
    ratio = math.exp(step)
    odds = row.value / (1 - row.value) * ratio if is_probability(row) else 0.0
    value = odds / (1 + odds) if is_probability(row) else row.value * ratio
    return replace(row, value=value, low=min(row.low, value), high=max(row.high, value), **stated)
