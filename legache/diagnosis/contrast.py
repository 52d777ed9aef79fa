"""Why this cause rather than that one?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from legache.diagnosis.evidence import Evidence
from legache.diagnosis.figures import Cells, Figures, signed
from legache.diagnosis.items import checked_of, item, place_of, split
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import provenance
from legache.diagnosis.result import Result
from legache.diagnosis.shares import Shares, shares_of
from legache.diagnosis.text import DISCLAIMER, percent, words
from legache.diagnosis.weighing import (
    BALANCE_COLUMNS,
    N_SHOWN,
    SHARE_FIGURES,
    Balance,
    ItemWeight,
    Scores,
    balance_cells,
    effects_of,
    hidden_note,
    share_cells,
    share_notes,
    shares_table,
    start_note,
    table_of,
    unbounded_note,
    weighed,
)
from legache.inference.weights import item_posteriors, log_ratio_decibans
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_ITEMS = (
    Figures("evidence", "left"),
    Figures("said", "left"),
    Figures("alone"),
    Figures("given the rest"),
    Figures("", "left"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Contrast(Result):
    """Weight of each item of evidence for one cause against another; immutable.

    Made by `Diagnosis.contrast`.

    Attributes
    ----------
    cause, label
        What is spoken for.
    against, against_label
        What it is compared with.
    of
        ``responsible`` or ``present``.
    p_cause, p_against
        Their probabilities given everything.
    baseline
        Ids of what the prior takes as known.
    balance
        How the weights add up: prior and posterior are 10 log10 of the ratio of probabilities.
    items
        Weights of the items, the heaviest first; above 0 for `cause`, below for `against`.
    shapley
        Shapley values, if they were asked for.
    provenance
        Version, priors, setting and evidence.
    """

    provenance: Mapping[str, object]
    cause: str
    label: str
    against: str
    against_label: str
    of: str
    p_cause: float
    p_against: float
    baseline: tuple[str, ...]
    balance: Balance
    items: tuple[ItemWeight, ...]
    shapley: Shares | None

    @property
    def table(self) -> pd.DataFrame:
        """One row for each item, the heaviest first, in decibans; NaN where there are no bounds.

        Columns are ``label``, ``kind``, ``said``, ``alone``, ``given_the_rest`` and ``effect``.
        """
        return table_of(self.items)

    @property
    def shares_table(self) -> pd.DataFrame:
        """One row for each Shapley value: ``label``, ``members``, ``value``, ``error``."""
        return shares_table(self.shapley)

    def _title(self) -> str:
        return (
            f"Why {self.label} ({percent(self.p_cause)}) rather than {self.against_label} "
            f"({percent(self.p_against)}): P({self.of})"
        )

    def _lists(self) -> list[tuple[tuple[Figures, ...], Cells]]:
        balance: list[tuple[str, ...]] = [*balance_cells(self.balance, self.items)]
        shares: list[tuple[str, ...]] = [] if self.shapley is None else [*share_cells(self.shapley)]
        rows: list[tuple[str, ...]] = [
            (
                row.label,
                row.said,
                signed(row.alone),
                signed(row.given_the_rest),
                words(row.effect),
            )
            for row in self.items[:N_SHOWN]
        ]
        return [(_ITEMS, rows), (BALANCE_COLUMNS, balance), (SHARE_FIGURES, shares)]

    def _notes(self) -> list[str]:
        start = start_note(self.baseline, self.provenance)
        return [
            *hidden_note(self.items),
            *unbounded_note(self.balance),
            (
                "Weights in decibans: +10 dB multiply the ratio of the probabilities by 10; above "
                f"0 for {self.label}, below for {self.against_label}. {start}"
            ),
            *share_notes(self.shapley),
            DISCLAIMER,
        ]


def contrast_of(
    model: DiagnosticModel, given: Evidence, causes: tuple[str, str], of: str, *, shapley: bool
) -> Contrast:
    """Weights of all evidence for one cause against another; see `Diagnosis.contrast`."""
    first, second = (place_of(model, cause) for cause in causes)
    which = checked_of(of)
    items, baseline = split(model, given, which)
    found = item_posteriors(model.network, items, baseline, which)

    def score(posteriors: FloatArray) -> FloatArray:
        return log_ratio_decibans(posteriors[..., first], posteriors[..., second])

    # in an order that does not depend on which of the two is asked for
    watched = sorted([(first, causes[0]), (second, causes[1])])
    scores = Scores(
        float(score(found.prior)), float(score(found.now)), score(found.alone), score(found.without)
    )
    balance, weights = weighed(
        scores,
        [item(model, given, name) for name, _ in items],
        effects_of(found, watched, proofs=False),
        [None] * len(items),
    )
    return Contrast(
        provenance=provenance(model, given),
        cause=causes[0],
        label=model.nodes[causes[0]].label,
        against=causes[1],
        against_label=model.nodes[causes[1]].label,
        of=which,
        p_cause=float(found.now[first]),
        p_against=float(found.now[second]),
        baseline=tuple(name for name, _ in baseline),
        balance=balance,
        items=weights,
        shapley=shares_of(model, given, which, score) if shapley else None,
    )
