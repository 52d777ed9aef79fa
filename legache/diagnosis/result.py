"""How does a result print, go to JSON, and come back?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self, cast

from legache.diagnosis.figures import Cells, Figures, figures_html, figures_text
from legache.diagnosis.listing import page_html, page_text
from legache.diagnosis.record import parsed, record_of, result_of


class Result:
    """Base of results that are plain data: a title, tables of figures, and notes."""

    __slots__ = ()

    def _title(self) -> str:
        raise NotImplementedError

    def _lists(self) -> list[tuple[tuple[Figures, ...], Cells]]:
        """Tables with their columns; those without rows are not shown."""
        raise NotImplementedError

    def _notes(self) -> list[str]:
        raise NotImplementedError

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return record_of(cast("Any", self))

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Self:
        """Return the result that `as_record` has made a record of.

        Raises
        ------
        FormatError
            The record is of something else.
        """
        found: Self = result_of(cast("Any", cls), record)
        return found

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the result that `to_json` was called on; see `from_record`."""
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        parts = [figures_text(columns, rows) for columns, rows in self._lists() if rows]
        return page_text(self._title(), parts, self._notes())

    def _repr_html_(self) -> str:
        parts = [figures_html(columns, rows) for columns, rows in self._lists() if rows]
        return page_html(self._title(), parts, self._notes())
