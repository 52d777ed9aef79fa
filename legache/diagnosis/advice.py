"""What do the sources say that is worth doing and knowing about a cause?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import checked, parsed
from legache.diagnosis.text import DISCLAIMER, WITHIN, words
from legache.errors import EvidenceError, FormatError, did_you_mean, nearest
from legache.knowledge.records import Guidance, GuidanceKind, Urgency

if TYPE_CHECKING:
    import pandas as pd

_KINDS = get_args(GuidanceKind)
_COLUMNS = (Column("", 10), Column("what is said", 64), Column("grade", 13), Column("sources", 26))
_SHOWN = ("kind", "text", "grade", "sources", "note")
_BASIS = ("grade", "sources", "note")
_RECORDED = ("id", "label", "urgency", "statements")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Advice:
    """What is said of a cause or of the complaint.  Made by `Diagnosis.guidance`; immutable.

    Attributes
    ----------
    id, label
        The cause, or the complaint.
    urgency
        How soon the cause needs care, with its grade and sources; None for the complaint.
    rows
        The statements, each with kind, text, grade, sources and note: first when to see a
        doctor and what to beware of, then what helps, then facts.
    """

    id: str
    label: str
    urgency: Urgency | None
    rows: tuple[Guidance, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each statement, with ``kind``, ``text``, ``grade``, ``sources``, ``note``."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        return pd.DataFrame([_plain(row) for row in self.rows], columns=list(_SHOWN))

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            "id": self.id,
            "label": self.label,
            **_urgency_record(self.urgency),
            "statements": [{**_plain(row), "sources": list(row.sources)} for row in self.rows],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Advice:
        """Return the advice that `as_record` was called on.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        said = checked(record, None, _RECORDED)
        try:
            return msgspec.convert(_fields_in(said), cls)
        except (TypeError, msgspec.ValidationError) as error:
            message = f"not a record of guidance: {error}; use one of as_record()"
            raise FormatError(message) from error

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Advice:
        """Return the advice that `to_json` was called on; see `from_record`.

        Examples
        --------
        >>> import legache
        >>> advice = legache.load().diagnose().guidance("hypokalemia")
        >>> repr(Advice.from_json(advice.to_json())) == repr(advice)
        True
        """
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        return page_text(self._title(), [listing_text(_COLUMNS, self._cells())], self._notes())

    def _repr_html_(self) -> str:
        return page_html(self._title(), [listing_html(_COLUMNS, self._cells())], self._notes())

    def _title(self) -> str:
        within = "" if self.urgency is None else f"; see within: {WITHIN[self.urgency.urgency]}"
        return f"Guidance on {self.label}{within}"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                words(row.kind),
                f"{row.text} ({row.note.rstrip('.')}.)" if row.note else row.text,
                words(row.grade),
                ", ".join(row.sources),
            )
            for row in self.rows
        ]

    def _notes(self) -> list[str]:
        stated = self.urgency
        urgency = [] if stated is None or not stated.note else [f"Urgency: {stated.note}"]
        return [*urgency, f"What sources say, not an order of treatment. {DISCLAIMER}"]


def advice_on(model: DiagnosticModel, cause: str | None) -> Advice:
    """Guidance on a cause, or on the complaint if there is none; see `Diagnosis.guidance`."""
    name = model.complaint if cause is None else cause
    valid = (*model.cause_ids, model.complaint)
    if name not in valid:
        suggestions = nearest(str(name)[:64], valid)
        hint = did_you_mean(suggestions, "`legache nodes` lists the valid ids")
        message = f"unknown cause {str(name)[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    rows = [row for row in model.knowledge.guidance if row.cause == name]
    urgency = [row for row in model.knowledge.urgency if row.cause == name]
    return Advice(
        id=name,
        label=model.nodes[name].label,
        urgency=urgency[0] if urgency else None,
        rows=tuple(sorted(rows, key=lambda row: (_KINDS.index(row.kind), row.text))),
    )


def _urgency_record(stated: Urgency | None) -> dict[str, object]:
    """How soon care is needed, and on whose word."""
    if stated is None:
        return {"urgency": None}
    basis = {name: getattr(stated, name) for name in _BASIS}
    return {
        "urgency": stated.urgency,
        "urgency_basis": {**basis, "sources": list(stated.sources)},
    }


def _fields_in(record: Mapping[str, Any]) -> dict[str, object]:
    """Fields of the advice that a record was made of."""
    name, level = record["id"], record["urgency"]
    stated = {"cause": name, "urgency": level, **record.get("urgency_basis", {})}
    return {
        "id": name,
        "label": record["label"],
        "urgency": None if level is None else stated,
        "rows": [{"cause": name, **row} for row in record["statements"]],
    }


def _plain(row: Guidance) -> dict[str, object]:
    return {name: getattr(row, name) for name in _SHOWN}
