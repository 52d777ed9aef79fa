"""How far may the posteriors lie from the truth, given how uncertain the priors' numbers are?"""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from legache.diagnosis.evidence import Evidence
from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import checked, parsed, provenance
from legache.diagnosis.text import DISCLAIMER, percent_within, words
from legache.errors import EvidenceError, LimitError
from legache.inference.draws import posterior_draws
from legache.inference.posterior import Posterior
from legache.inference.weighted import WeightedIntervals, weighted_intervals
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_N_SHOWN = 10
# below it, an end of the interval rests on less than one draw
_DRAWS_BEYOND_AN_END = 1
_ROUNDING = 1e-12  # of a posterior under draws that all agree
_COLUMNS = (
    Column("", 3),
    Column("cause", 34),
    Column("responsible", 24),
    Column("present", 24),
)


@dataclass(frozen=True, slots=True)
class CauseInterval:
    """Posteriors of one cause, and the intervals around them."""

    id: str
    label: str
    present: float
    present_low: float
    present_high: float
    responsible: float
    responsible_low: float
    responsible_high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Intervals:
    """Posteriors with their intervals.  Made by `Diagnosis.intervals`; immutable.

    Attributes
    ----------
    interval
        Probability within.
    n_draws, seed
        Draws of all numbers of the priors.
    effective_sample_size
        How many draws without weights would tell as much: each draw counts by the probability of
        the evidence under it.
    causes
        Most probably responsible first; ties by id.
    unexplained, unexplained_low, unexplained_high
        That only an unlisted cause is responsible.
    outside
        Ids of causes of which a posterior lies outside its interval: the draws, on average, say
        something else than the printed values.
    prevalences_redrawn, visits_reduced
        Causes to the share of draws in which visits exceeded the prevalence, so that this was
        drawn again, or that was reduced.
    links_floored
        Share of links, over all draws, that are rarer with their cause than without.
    origin
        Versions, priors, setting, population and evidence.
    """

    interval: float
    n_draws: int
    seed: int
    effective_sample_size: float
    causes: tuple[CauseInterval, ...]
    unexplained: float
    unexplained_low: float
    unexplained_high: float
    outside: tuple[str, ...]
    prevalences_redrawn: Mapping[str, float]
    visits_reduced: Mapping[str, float]
    links_floored: float
    origin: Mapping[str, object]

    @property
    def is_reliable(self) -> bool:
        """Whether at least one draw, by weight, lies beyond either end of the intervals."""
        beyond = self.effective_sample_size * (1 - self.interval) / 2
        return beyond >= _DRAWS_BEYOND_AN_END

    @property
    def table(self) -> pd.DataFrame:
        """One row for each cause, by id; the other columns are those of `CauseInterval`."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = [item.name for item in fields(CauseInterval)]
        table = pd.DataFrame([astuple(row) for row in self.causes], columns=names)
        return table.set_index("id").rename_axis("cause")

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            **self.origin,
            "interval": self.interval,
            "draws": self.n_draws,
            "seed": self.seed,
            "effective_sample_size": self.effective_sample_size,
            "causes": [asdict(row) for row in self.causes],
            "unexplained": self.unexplained,
            "unexplained_low": self.unexplained_low,
            "unexplained_high": self.unexplained_high,
            "outside": list(self.outside),
            "prevalences_redrawn": dict(self.prevalences_redrawn),
            "visits_reduced": dict(self.visits_reduced),
            "links_floored": self.links_floored,
            "note": DISCLAIMER,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Intervals:
        """Return the result that `as_record` was called on.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        own = {
            "interval",
            *("draws", "seed", "effective_sample_size", "causes", "outside", "note"),
            *("unexplained", "unexplained_low", "unexplained_high"),
            *("prevalences_redrawn", "visits_reduced", "links_floored"),
        }
        record = checked(record, None, sorted(own))
        return cls(
            interval=record["interval"],
            n_draws=record["draws"],
            seed=record["seed"],
            effective_sample_size=record["effective_sample_size"],
            causes=tuple(CauseInterval(**row) for row in record["causes"]),
            unexplained=record["unexplained"],
            unexplained_low=record["unexplained_low"],
            unexplained_high=record["unexplained_high"],
            outside=tuple(record["outside"]),
            prevalences_redrawn=record["prevalences_redrawn"],
            visits_reduced=record["visits_reduced"],
            links_floored=record["links_floored"],
            origin={name: value for name, value in record.items() if name not in own},
        )

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Intervals:
        """Return the result that `to_json` was called on."""
        return cls.from_record(parsed(text))

    def caution(self) -> str:
        """Say why the intervals are to be mistrusted; empty if there is no reason."""
        parts = []
        if not self.is_reliable:
            parts.append(
                f"Few draws fit the evidence (effective sample size "
                f"{self.effective_sample_size:.0f}): the intervals span almost all of them, and "
                f"may be too narrow; ask for more with intervals(n_draws=...)."
            )
        if self.outside:
            named = ", ".join(words(name) for name in self.outside)
            parts.append(
                f"Outside its interval, since most draws that fit the evidence say otherwise: "
                f"{named}."
            )
        return " ".join(parts)

    def __repr__(self) -> str:
        return page_text(self._title(), [listing_text(_COLUMNS, self._cells())], self._notes())

    def _repr_html_(self) -> str:
        return page_html(self._title(), [listing_html(_COLUMNS, self._cells())], self._notes())

    def _title(self) -> str:
        return f"Posteriors with {100 * self.interval:g} % intervals, {_setting(self.origin)}"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                str(rank),
                row.label,
                percent_within(row.responsible, row.responsible_low, row.responsible_high),
                percent_within(row.present, row.present_low, row.present_high),
            )
            for rank, row in enumerate(self.causes[:_N_SHOWN], start=1)
        ]

    def _notes(self) -> list[str]:
        ends = (self.unexplained, self.unexplained_low, self.unexplained_high)
        notes = [
            f"None of the listed causes: {percent_within(*ends)}.",
            (
                f"From {self.n_draws:,} draws of the priors' numbers, seed {self.seed}, each "
                f"weighted by the probability of the evidence; effective sample size "
                f"{self.effective_sample_size:.0f}."
            ),
        ]
        mended = {words(n): share for n, share in self.prevalences_redrawn.items()}
        if mended:
            said = ", ".join(f"{name} {100 * share:.1f} %" for name, share in mended.items())
            notes.append(f"Draws with more visits than bearers, prevalence drawn again: {said}.")
        if self.visits_reduced:
            said = ", ".join(
                f"{words(name)} {100 * share:.1f} %" for name, share in self.visits_reduced.items()
            )
            notes.append(f"Draws in which visits had to be reduced: {said}.")
        if self.links_floored:
            notes.append(
                f"Links rarer with their cause than without, set to 0: "
                f"{100 * self.links_floored:.2g} % of all links and draws."
            )
        caution = self.caution()
        return [*notes, *([caution] if caution else []), DISCLAIMER]


def _setting(origin: Mapping[str, Any]) -> str:
    population = origin.get("population")
    named = f", population: {population['name']}" if population else ""
    return f"setting: {words(str(origin['setting']))}{named}"


def intervals_of(
    model: DiagnosticModel,
    given: Evidence,
    likelihoods: Mapping[str, tuple[float, ...]],
    answer: Posterior,
    *,
    interval: float,
    n_draws: int,
    seed: int,
) -> Intervals:
    """Intervals around the posteriors of one patient; see `Diagnosis.intervals`."""
    _check(interval, n_draws, seed)
    numbers = model.draws.numbers(model.setting, n_draws, seed)
    found = posterior_draws(model.network, numbers, likelihoods)
    if not np.isfinite(found.log_evidence).any():
        message = f"the evidence is impossible under all {n_draws} draws; ask for more with n_draws"
        raise LimitError(message)
    columns = np.column_stack([found.present, found.responsible, found.unexplained])
    point = np.concatenate([answer.present, answer.responsible, [answer.unexplained]])
    ends = weighted_intervals(columns, found.log_evidence, interval)
    low, high = _rounded(ends, point)
    drawn = model.draws.networks(n_draws, seed)
    n_links = sum(finding.causes.size for finding in model.network.findings)
    n = len(model.cause_ids)
    causes = [
        CauseInterval(
            name,
            model.nodes[name].label,
            *(float(values[place]) for values in (point, low, high)),
            *(float(values[n + place]) for values in (point, low, high)),
        )
        for place, name in enumerate(model.cause_ids)
    ]
    is_outside = ((point < low) | (point > high))[: 2 * n].reshape(2, n).any(axis=0)
    return Intervals(
        interval=interval,
        n_draws=n_draws,
        seed=seed,
        effective_sample_size=ends.effective_sample_size,
        causes=tuple(sorted(causes, key=lambda row: (-row.responsible, row.id))),
        unexplained=float(point[-1]),
        unexplained_low=float(low[-1]),
        unexplained_high=float(high[-1]),
        outside=tuple(np.array(model.cause_ids)[is_outside].tolist()),
        prevalences_redrawn={name: count / n_draws for name, count in drawn.redrawn.items()},
        visits_reduced={name: count / n_draws for name, count in drawn.reduced.items()},
        links_floored=sum(drawn.floored.values()) / (n_draws * n_links),
        origin=provenance(model, given),
    )


def _check(interval: object, n_draws: int, seed: int) -> None:
    # NaN is refused, too
    if not (isinstance(interval, (int, float, np.floating)) and 0 < interval < 1):
        message = f"interval {interval!r}; expected a probability between 0 and 1, such as 0.95"
        raise EvidenceError(message)
    for name, number, least in (("n_draws", n_draws, 2), ("seed", seed, 0)):
        if not hasattr(number, "__index__") or operator.index(number) < least:
            message = f"{name} {number!r}; expected a whole number of at least {least}"
            raise EvidenceError(message)


def _rounded(ends: WeightedIntervals, point: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends that differ from the point by rounding alone are the point."""
    near_low, near_high = (
        np.abs(end - point) <= _ROUNDING * np.maximum(point, _ROUNDING)
        for end in (ends.low, ends.high)
    )
    return np.where(near_low, point, ends.low), np.where(near_high, point, ends.high)
