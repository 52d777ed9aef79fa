"""On whose word does a posterior rest?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from legache.diagnosis.listing import page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import checked, parsed
from legache.diagnosis.sensitivity import SensitivityAnalysis, Swing
from legache.diagnosis.text import DISCLAIMER, percent, words
from legache.errors import EvidenceError
from legache.knowledge.sources import Source, source_of

if TYPE_CHECKING:
    import pandas as pd

By = Literal["leverage", "swing"]

SCHEMA = "legache.citations/1"
_WHY = {
    "leverage": "how far the posterior moves per unit of the number's log odds",
    "swing": "how far the posterior moves while the number moves through its interval",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A number that moved a posterior, and where it is from.

    Attributes
    ----------
    id, value, low, high, grade
        The number, its interval, and how it was obtained.
    leverage, swing
        As in `legache.diagnosis.sensitivity.Swing`.
    claims
        Ids of the published claims that it rests on.
    sources
        Keys of the sources.
    """

    id: str
    value: float
    low: float
    high: float
    grade: str
    leverage: float
    swing: float
    claims: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Citations:
    """The numbers that moved a posterior most, and their sources.  Made by `Diagnosis.citations`.

    Attributes
    ----------
    cause, label, of, posterior
        Which posterior, and what it is.
    by
        ``leverage`` or ``swing``: what the numbers are ordered by.
    numbers
        The numbers, those that moved it most first.
    references
        Their sources, in the order in which the numbers name them.
    origin
        Version, priors, setting and evidence, as plain values.
    """

    cause: str
    label: str
    of: str
    posterior: float
    by: str
    numbers: tuple[Citation, ...]
    references: tuple[Source, ...]
    origin: Mapping[str, object]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each number, by id, with the columns of `Citation`."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = list(Citation.__dataclass_fields__)
        rows = [[getattr(row, name) for name in names] for row in self.numbers]
        return pd.DataFrame(rows, columns=names).set_index("id").rename_axis("number")

    @property
    def sources(self) -> pd.DataFrame:
        """One row for each source, by key, with the columns of `Source`."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = [name for name in Source.__dataclass_fields__ if name != "more"]
        rows = [[getattr(row, name) for name in names] for row in self.references]
        return pd.DataFrame(rows, columns=names).set_index("key").rename_axis("source")

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            "schema": SCHEMA,
            **self.origin,
            "cause": self.cause,
            "label": self.label,
            "of": self.of,
            "posterior": self.posterior,
            "by": self.by,
            "numbers": [
                {**asdict(row), "claims": list(row.claims), "sources": list(row.sources)}
                for row in self.numbers
            ],
            "references": [{**asdict(row), "more": dict(row.more)} for row in self.references],
            "note": DISCLAIMER,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Citations:
        """Read what `as_record` wrote.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        own = ("cause", "label", "of", "posterior", "by")
        given: Mapping[str, Any] = checked(record, SCHEMA, (*own, "numbers", "references"))
        numbers = [
            {**row, "claims": tuple(row["claims"]), "sources": tuple(row["sources"])}
            for row in given["numbers"]
        ]
        references = [{**row, "more": tuple(row["more"].items())} for row in given["references"]]
        written = {"schema", "numbers", "references", "note", *own}
        return cls(
            **{name: given[name] for name in own},
            numbers=tuple(Citation(**row) for row in numbers),
            references=tuple(Source(**row) for row in references),
            origin={name: value for name, value in given.items() if name not in written},
        )

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Citations:
        """Read what `to_json` wrote; see `from_record`."""
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        return page_text(self._title(), self._parts(), self._notes())

    def _repr_html_(self) -> str:
        import html  # noqa: PLC0415 - notebooks only

        parts = [f"<pre>{html.escape(part)}</pre>" for part in self._parts()]
        return page_html(self._title(), parts, self._notes())

    def _title(self) -> str:
        return (
            f"What moved P({self.label} {self.of}) = {percent(self.posterior)} most, "
            f"setting: {words(str(self.origin['setting']))}"
        )

    def _parts(self) -> list[str]:
        place = {source.key: number for number, source in enumerate(self.references, start=1)}
        lines = []
        for row in self.numbers:
            cited = ", ".join(str(place[key]) for key in row.sources)
            claims = f"; claims {', '.join(row.claims)}" if row.claims else ""
            lines.append(
                f"{row.id.replace('.csv:', ': ')}\n"
                f"    {row.value:.3g} ({row.low:.3g} to {row.high:.3g}), {words(row.grade)}{claims}"
                f" [{cited}]"
            )
        listed = [f"[{number}] {source}" for number, source in enumerate(self.references, start=1)]
        return ["\n".join(lines), "\n".join(listed)] if lines else []

    def _notes(self) -> list[str]:
        return [f"Ordered by {self.by}: {_WHY[self.by]}.", DISCLAIMER]


def citations_of(
    model: DiagnosticModel, found: SensitivityAnalysis, *, n: int, by: By
) -> Citations:
    """The numbers that moved a posterior most, with their sources; see `Diagnosis.citations`."""
    if by not in get_args(By):
        message = f"unknown order {str(by)[:64]!r}; expected {' or '.join(get_args(By))}"
        raise EvidenceError(message)
    if n < 1:
        message = "n must be at least 1, the number of numbers that are cited"
        raise EvidenceError(message)

    def moved(row: Swing) -> tuple[float, str]:
        return -abs(row.leverage if by == "leverage" else row.swing), row.id

    rows = [row for row in sorted(found.rows, key=moved)[:n] if moved(row)[0] < 0]
    keys = dict.fromkeys(key for row in rows for key in row.sources)
    names = list(Citation.__dataclass_fields__)
    return Citations(
        cause=found.cause,
        label=found.label,
        of=found.of,
        posterior=found.posterior,
        by=by,
        numbers=tuple(Citation(**{name: getattr(row, name) for name in names}) for row in rows),
        references=tuple(source_of(model.knowledge, key) for key in keys),
        origin=found.origin,
    )
