"""In which order do the causes stand, and what is said of each?"""

from __future__ import annotations

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
    urgency
        How soon the cause needs care.
    """

    id: str
    label: str
    prior: float
    present: float
    responsible: float
    urgency: str


@lru_cache(maxsize=64)
def ranked(model: DiagnosticModel, answer: Posterior) -> tuple[RankedCause, ...]:
    """Causes, most probably responsible first; ties by id."""
    before = prior(model.network)
    rows = [
        RankedCause(
            id=name,
            label=model.nodes[name].label,
            prior=float(before[place]),
            present=float(answer.present[place]),
            responsible=float(answer.responsible[place]),
            urgency=model.urgency[name],
        )
        for place, name in enumerate(model.cause_ids)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.responsible, row.id)))


def leading(cause_ids: Sequence[str], responsible: FloatArray) -> int:
    """Place of the cause that stands first; ties by id.

    Examples
    --------
    >>> leading(["b", "a"], np.array([0.4, 0.4]))
    1
    """
    tied: list[int] = np.flatnonzero(responsible == responsible.max()).tolist()
    return min(tied, key=lambda place: cause_ids[place])
