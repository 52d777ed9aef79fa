"""What are the published figures of a priors folder, as numbers beside its rows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from legache.knowledge.records import Figure, Knowledge
from legache.network.structure import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """One number for each row of each table: as printed, or drawn from its uncertainty.

    Attributes
    ----------
    prevalence, risk_factors, links, complaints, background : shape (..., n_rows)
        In the order of the records.  Leading axes are draws; there are none, or one for all.
    """

    prevalence: FloatArray
    risk_factors: FloatArray
    links: FloatArray
    complaints: FloatArray
    background: FloatArray

    @property
    def lanes(self) -> tuple[int, ...]:
        """Shape of the leading axes: empty, or the number of draws."""
        return self.prevalence.shape[:-1]


def published_figures(knowledge: Knowledge) -> Figures:
    """Every number as it is printed."""
    return Figures(
        prevalence=_values(knowledge.prevalence),
        risk_factors=_values(knowledge.risk_factors),
        links=_values(knowledge.links),
        complaints=_values(knowledge.complaints),
        background=_values(knowledge.background),
    )


def _values(rows: Sequence[Figure]) -> FloatArray:
    return np.array([row.value for row in rows], dtype=np.float64)
