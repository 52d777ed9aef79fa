"""In which order do the causes stand, and what is said of each?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.diagnosis.model import DiagnosticModel, prior
from legache.inference.posterior import Posterior
from legache.network.structure import FloatArray


@dataclass(frozen=True, slots=True)
class RankedCause:
    """One row of a differential.

    Attributes
    ----------
    prior
        P(present) in everyone before any evidence.
    present, responsible
        P(present | evidence), and the probability that it brought the patient.
    likelihood_ratio
        Of the whole evidence, the complaint included: odds of present, over those before.  None
        where it is infinite or without a meaning: the cause is certain, or was impossible.
    weight
        The same in decibans, 10 log10 of it; None where the cause is impossible, too.
    urgency
        How soon the cause needs care.
    """

    id: str
    label: str
    prior: float
    present: float
    responsible: float
    likelihood_ratio: float | None
    weight: float | None
    urgency: str


@lru_cache(maxsize=64)
def ranked(model: DiagnosticModel, answer: Posterior) -> tuple[RankedCause, ...]:
    """Causes, most probably responsible first; ties by id."""
    before = prior(model.network)
    rows = [
        _row(model, name, float(before[place]), answer, place)
        for place, name in enumerate(model.cause_ids)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.responsible, row.id)))


def _row(
    model: DiagnosticModel, name: str, before: float, answer: Posterior, place: int
) -> RankedCause:
    present = float(answer.present[place])
    ratio = likelihood_ratio(present, before)
    return RankedCause(
        id=name,
        label=model.nodes[name].label,
        prior=before,
        present=present,
        responsible=float(answer.responsible[place]),
        likelihood_ratio=ratio,
        weight=10 * math.log10(ratio) if ratio else None,
        urgency=model.urgency[name],
    )


def likelihood_ratio(after: float, before: float) -> float | None:
    """Odds after the evidence over those before; None where they are infinite or 0 / 0.

    Examples
    --------
    >>> likelihood_ratio(0.5, 0.2)
    4.0
    """
    if not 0 < before < 1 or after >= 1:
        return None
    ratio = (after / (1 - after)) * ((1 - before) / before)
    return ratio if math.isfinite(ratio) else None


def leading(cause_ids: Sequence[str], responsible: FloatArray) -> int:
    """Place of the cause that stands first; ties by id.

    Examples
    --------
    >>> leading(["b", "a"], np.array([0.4, 0.4]))
    1
    """
    tied: list[int] = np.flatnonzero(responsible == responsible.max()).tolist()
    return min(tied, key=lambda place: cause_ids[place])
