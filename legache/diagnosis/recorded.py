"""What does a diagnosis say that was written down before?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from legache.diagnosis.ranking import RankedCause
from legache.diagnosis.record import checked
from legache.diagnosis.red_flags import Flag, raised_in_brief
from legache.diagnosis.text import (
    DISCLAIMER,
    Bounds,
    percent,
    percent_within,
    table_html,
    table_text,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

N_SHOWN = 10
COLUMNS = [
    *("label", "prior", "present", "present_low", "present_high"),
    *("responsible", "responsible_low", "responsible_high"),
    *("likelihood_ratio", "weight", "urgency"),
]
_NAMES = (
    *("legache", "priors", "engine", "setting", "evidence", "assumed", "log_evidence"),
    *("unexplained", "causes", "red_flags", "guidance", "note"),
)


class RecordedDiagnosis:
    """A diagnosis as it was written down; plain data.  Made by `Diagnosis.from_record`; immutable.

    It prints as the diagnosis did, and has the same numbers; what was said is in ``.evidence``.
    """

    __slots__ = ("_record",)

    _record: Mapping[str, Any]

    def __init__(self, record: Mapping[str, object]) -> None:
        # a copy, all the way down: nothing that the caller holds is a part of it
        copied = json.loads(json.dumps(checked(record, None, _NAMES), allow_nan=False))
        object.__setattr__(self, "_record", copied)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a RecordedDiagnosis is immutable; {name!r} cannot be set"
        raise AttributeError(message)

    @property
    def ranked(self) -> tuple[RankedCause, ...]:
        """The causes as records, most probably responsible first."""
        names = [item.name for item in fields(RankedCause)]
        return tuple(
            RankedCause(**{name: row[name] for name in names}) for row in self._record["causes"]
        )

    @property
    def ranking(self) -> tuple[str, ...]:
        """Cause ids, most probably responsible first."""
        return tuple(row.id for row in self.ranked)

    @property
    def causes(self) -> pd.DataFrame:
        """One row for each cause, as `Diagnosis.causes` had it."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        table = pd.DataFrame(self._record["causes"]).set_index("id").rename_axis("cause")
        table = table[[name for name in COLUMNS if name in table]]
        for name in ("present", "responsible") if self._errors else ():
            table[f"{name}_error"] = [self._errors[name][cause] for cause in table.index]
        return table

    @property
    def _errors(self) -> Mapping[str, Any]:
        errors: Mapping[str, Any] = self._record.get("standard_errors", {})
        return errors

    @property
    def engine(self) -> str:
        """``exact`` or ``approximate``."""
        return str(self._record["engine"])

    @property
    def setting(self) -> str:
        """Who was asking."""
        return str(self._record["setting"])

    @property
    def evidence(self) -> Mapping[str, object]:
        """What was said, as plain values; a likelihood as ``{"likelihood_ratio": ...}``."""
        return MappingProxyType(self._record["evidence"])

    @property
    def unexplained(self) -> float:
        """Probability that only an unlisted cause is responsible."""
        return float(self._record["unexplained"])

    @property
    def log_evidence(self) -> float:
        """Natural logarithm of the probability of the evidence."""
        return float(self._record["log_evidence"])

    def as_record(self) -> dict[str, object]:
        """Return a copy of the record."""
        copied: dict[str, object] = json.loads(self.to_json())
        return copied

    def to_json(self) -> str:
        """Return the record as JSON text."""
        return json.dumps(self._record, indent=2, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        return table_text(*self._shown())

    def _repr_html_(self) -> str:
        return table_html(*self._shown())

    def _shown(self) -> tuple[str, tuple[RankedCause, ...], list[str], Bounds | None]:
        bounds = bounds_of(self._record["causes"][:N_SHOWN])
        return self._title(), self.ranked[:N_SHOWN], self._notes(), bounds

    def _title(self) -> str:
        population = self._record.get("population", {}).get("name")
        return title_of(self._record["guidance"]["id"], self.setting, population)

    def _notes(self) -> list[str]:
        record = self._record
        errors = [max(self._errors[n].values()) for n in ("present", "responsible") if self._errors]
        return notes_of(
            self.ranked,
            unexplained=self.unexplained,
            intervals=record.get("intervals"),
            flags=[Flag(**flag) for flag in record["red_flags"]["raised"]],
            assumed=record["assumed"],
            n_known=len(record["evidence"]),
            n_samples=record.get("samples"),
            largest_error=max(errors, default=0.0),
            priors=record["priors"],
        )


def title_of(complaint: str, setting: str, population: str | None) -> str:
    """Title of a differential."""
    other = f", population: {population}" if population is not None else ""
    return f"Differential diagnosis of {words(complaint)}, setting: {words(setting)}{other}"


def bounds_of(rows: Sequence[Mapping[str, Any]]) -> Bounds | None:
    """Intervals of the causes, from their records; None where there are none."""
    names = ("present_low", "present_high", "responsible_low", "responsible_high")
    found = {
        str(row["id"]): (row[names[0]], row[names[1]], row[names[2]], row[names[3]])
        for row in rows
        if names[0] in row
    }
    return found or None


def notes_of(
    ranked: Sequence[RankedCause],
    *,
    unexplained: float,
    intervals: Mapping[str, Any] | None,
    flags: Sequence[Flag],
    assumed: Iterable[str],
    n_known: int,
    n_samples: int | None,
    largest_error: float,
    priors: Mapping[str, str],
) -> list[str]:
    """Lines below a differential."""
    shown = percent(unexplained)
    if intervals is not None:
        ends = (intervals["unexplained_low"], intervals["unexplained_high"])
        shown = percent_within(unexplained, *ends)
    none = f"None of the listed causes: {shown}."
    notes = [f"{none} Causes may coexist, so a column need not sum to 100 %."]
    pressing = [row for row in ranked[N_SHOWN:] if row.urgency == "emergency"]
    if pressing:
        named = ", ".join(f"{row.label} {percent(row.responsible)}" for row in pressing)
        notes.append(f"Emergencies further down: {named}.")
    notes += raised_in_brief(flags)
    if n_samples is not None:
        notes.append(
            f"Approximate, from {n_samples:,} samples: too many positive findings and "
            f"unknown contexts for an exact answer. Largest standard error: "
            f"{percent(largest_error)}."
        )
    elif intervals is None:
        notes.append(
            "Intervals take minutes without the compiled kernel: see `.intervals(n_draws=...)`."
        )
    else:
        notes += _on_intervals(intervals)
    present = ", ".join(f"{words(name)} present" for name in assumed)
    taken = f" Assumed: {present}." if present else ""
    notes.append(
        f"Things known: {n_known}.{taken} "
        f"Priors {priors['name']} {priors['version']} ({priors['sha256'][:12]})."
    )
    return [*notes, DISCLAIMER]


def _on_intervals(intervals: Mapping[str, Any]) -> list[str]:
    told = (
        f"In brackets: {100 * intervals['interval']:g} % intervals from {intervals['draws']:,} "
        f"draws of the priors' numbers, effectively {intervals['effective_sample_size']:.0f}. "
        f"Weight: of the whole evidence for present, in decibans."
    )
    return [told, *([intervals["caution"]] if intervals["caution"] else [])]
