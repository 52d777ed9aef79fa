"""Which evidence speaks for a cause and which against it, and how much?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from legache.diagnosis.evidence import Evidence
from legache.diagnosis.figures import Cells, Figures, signed
from legache.diagnosis.items import checked_of, item, place_of, split
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import provenance
from legache.diagnosis.result import Result
from legache.diagnosis.shares import Shares, shares_of
from legache.diagnosis.text import DISCLAIMER, percent
from legache.diagnosis.weighing import (
    BALANCE_COLUMNS,
    N_SHOWN,
    SHARE_FIGURES,
    Balance,
    ItemWeight,
    Rival,
    Scores,
    balance_cells,
    bounded,
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
from legache.inference.weights import (
    Candidates,
    ItemPosteriors,
    candidates,
    item_log_odds,
    item_posteriors,
    log_odds_decibans,
)
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_PERCEPTIBLE = 1.0  # decibans: about the least change of belief that a person notices (Good)
_N_RIVALS = 3
_ITEMS = (
    Figures("evidence", "left"),
    Figures("said", "left"),
    Figures("alone"),
    Figures("given the rest"),
    Figures("", "left"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Explanation(Result):
    """Weight of each item of evidence for a cause.  Made by `Diagnosis.explain`; immutable.

    Attributes
    ----------
    cause, label
    of
        ``responsible`` or ``present``: which probability is explained.
    p_prior, p_posterior
        That probability given the baseline, and given everything.
    baseline
        Ids of what the prior takes as known: the complaint for ``responsible``, nothing for
        ``present``.
    balance
        How the weights add up, in decibans.
    items
        Weights of the items, the heaviest first.
    shapley
        Shapley values, if they were asked for.
    provenance
        Version, priors, setting and evidence.
    """

    provenance: Mapping[str, object]
    cause: str
    label: str
    of: str
    p_prior: float
    p_posterior: float
    baseline: tuple[str, ...]
    balance: Balance
    items: tuple[ItemWeight, ...]
    shapley: Shares | None

    @property
    def table(self) -> pd.DataFrame:
        """One row for each item, the heaviest first, in decibans; NaN where there are no bounds.

        Columns are ``label``, ``kind``, ``said``, ``alone``, ``given_the_rest``, ``effect``,
        and of the rival that explains the item away ``rival`` and ``weight_if_rival_absent``.
        """
        table = table_of(self.items)
        rivals = [row.rival for row in self.items]
        table["rival"] = [None if rival is None else rival.id for rival in rivals]
        weights = [None if rival is None else rival.weight_if_absent for rival in rivals]
        table["weight_if_rival_absent"] = np.array(weights, dtype=float)
        return table

    @property
    def shares_table(self) -> pd.DataFrame:
        """One row for each Shapley value: ``label``, ``members``, ``value``, ``error``."""
        return shares_table(self.shapley)

    def _title(self) -> str:
        return (
            f"Why {self.label}: P({self.of}) from {percent(self.p_prior)} to "
            f"{percent(self.p_posterior)}"
        )

    def _lists(self) -> list[tuple[tuple[Figures, ...], Cells]]:
        balance: list[tuple[str, ...]] = [*balance_cells(self.balance, self.items)]
        shares: list[tuple[str, ...]] = [] if self.shapley is None else [*share_cells(self.shapley)]
        rows = [_cells(row) for row in self.items[:N_SHOWN]]
        return [(_ITEMS, rows), (BALANCE_COLUMNS, balance), (SHARE_FIGURES, shares)]

    def _notes(self) -> list[str]:
        start = start_note(self.baseline, self.provenance)
        return [
            *hidden_note(self.items),
            *unbounded_note(self.balance),
            (
                f"Weights in decibans: +10 dB multiply the odds by 10. {start} Given the rest: "
                "with this item less without it, all else being known."
            ),
            *share_notes(self.shapley),
            DISCLAIMER,
        ]


def explanation_of(
    model: DiagnosticModel, given: Evidence, cause: str, of: str, *, shapley: bool
) -> Explanation:
    """Weights of all evidence for a cause; see `Diagnosis.explain`."""
    place, which = place_of(model, cause), checked_of(of)
    items, baseline = split(model, given, which)
    found = item_posteriors(model.network, items, baseline, which)
    logs = item_log_odds(found)
    scores = Scores(
        float(logs.prior[place]),
        float(logs.now[place]),
        logs.alone[:, place],
        logs.without[:, place],
    )
    rivals = candidates(model.network, items, baseline, which)

    def score(posteriors: FloatArray) -> FloatArray:
        return log_odds_decibans(posteriors[..., place])

    balance, weights = weighed(
        scores,
        [item(model, given, name) for name, _ in items],
        effects_of(found, [(place, cause)]),
        _rivals(model, found, rivals, place, scores.now - scores.without),
    )
    return Explanation(
        provenance=provenance(model, given),
        cause=cause,
        label=model.nodes[cause].label,
        of=which,
        p_prior=float(found.prior[place]),
        p_posterior=float(found.now[place]),
        baseline=tuple(name for name, _ in baseline),
        balance=balance,
        items=weights,
        shapley=shares_of(model, given, which, score) if shapley else None,
    )


def _rivals(
    model: DiagnosticModel,
    found: ItemPosteriors,
    rivals: Candidates,
    place: int,
    weight: FloatArray,
) -> list[Rival | None]:
    """For each item the cause that explains it away: see `Diagnosis.explain`."""
    if_absent = rivals.weight_if_absent[..., place]
    relief = np.where(rivals.is_needed, np.inf, if_absent - weight[:, None])
    relief[np.isnan(relief) | (rivals.places < 0) | (rivals.places == place)] = -np.inf
    # the first three of the others: if the cause itself is no candidate, the fourth is left out
    others = (rivals.places != place).cumsum(axis=1)
    relief[others > _N_RIVALS] = -np.inf
    best = relief.argmax(axis=1)
    named: list[Rival | None] = [None] * len(found.items)
    for row in np.flatnonzero((weight < 0) & (relief.max(axis=1) >= _PERCEPTIBLE)).tolist():
        slot = int(best[row])
        rival = int(rivals.places[row, slot])
        name = model.cause_ids[rival]
        named[row] = Rival(
            id=name,
            label=model.nodes[name].label,
            before=float(found.without[row, rival]),
            after=float(found.now[rival]),
            weight_if_absent=None
            if rivals.is_needed[row, slot]
            else bounded(float(if_absent[row, slot])),
        )
    return named


def _cells(row: ItemWeight) -> tuple[str, ...]:
    return (row.label, row.said, signed(row.alone), signed(row.given_the_rest), _remark(row))


def _remark(row: ItemWeight) -> str:
    if row.effect:
        return "rules it out" if row.effect.startswith("rules out") else "proves it"
    rival = row.rival
    if rival is None:
        return ""
    if rival.weight_if_absent is None:
        return f"explained by {rival.label}; not there without it"
    return f"explained by {rival.label}; {signed(rival.weight_if_absent)} if that is absent"
