"""What would the numbers of a priors folder be, were they computed anew from its claims?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from legache.curation.derivation import Derived, derived
from legache.curation.estimates import Scale
from legache.curation.expressions import named_claims
from legache.errors import KnowledgeError
from legache.knowledge.figures import is_probability
from legache.knowledge.records import (
    Background,
    Claim,
    Complaint,
    Figure,
    Knowledge,
    Link,
    Prevalence,
    RiskFactor,
)
from legache.knowledge.supplements import claims_of, held_back_of

FIGURES: tuple[type[Figure], ...] = (Prevalence, RiskFactor, Link, Complaint, Background)
_ARGUMENTS: Mapping[type[Figure], tuple[str, str]] = {
    Prevalence: ("incidence_per_1000_py", "duration_days"),
    Link: ("lr_positive", "lr_negative"),
}
_WORDS = frozenset({"claims", "sources", "grade", "use"})


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that differs from what its claims give.

    Attributes
    ----------
    place
        File and line.
    """

    place: str
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.place}: {self.column}: {self.found or 'empty'}, but its claims give "
            f"{self.expected or 'empty'}; run `legache derive`, or change the derivation"
        )


def figures_of(knowledge: Knowledge) -> tuple[Figure, ...]:
    """Every row that holds a number."""
    return (
        *knowledge.prevalence,
        *knowledge.risk_factors,
        *knowledge.links,
        *knowledge.complaints,
        *knowledge.background,
    )


def changes(knowledge: Knowledge, contents: Mapping[str, bytes]) -> tuple[Change, ...]:
    """Cells of the tables that are not as the claims would have them.

    Parameters
    ----------
    knowledge
        Of the folder.
    contents
        The bytes of its files by name.

    Raises
    ------
    KnowledgeError
        With file and line of each derivation that cannot be evaluated.
    """
    return tuple(
        Change(f"{name}:{line}", column, found, expected)
        for name, cells in _expected(knowledge).items()
        for line, column, found, expected in _differences(contents[name], cells)
    )


def recomputed(knowledge: Knowledge, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files, with every number computed anew from its claims.

    A line in which nothing differs keeps every byte.

    Raises
    ------
    KnowledgeError
        With file and line of each derivation that cannot be evaluated.
    """
    expected = _expected(knowledge)
    new = {name: _rewritten(contents[name], cells) for name, cells in expected.items()}
    return {**contents, **new}


Cells = dict[int, dict[str, str]]


def _expected(knowledge: Knowledge) -> dict[str, Cells]:
    """What the cells of each file and line should hold, by column."""
    claims = claims_of(knowledge)
    problems: list[str] = []
    cells: dict[str, Cells] = {record.FILE: {} for record in FIGURES}
    for row in figures_of(knowledge):
        if row.derivation is None:
            continue
        try:
            cells[row.FILE][row.place.line] = _of_row(row, claims)
        except KnowledgeError as error:
            problems += [f"{row.place}: derivation: {problem}" for problem in error.problems]
    if problems:
        raise KnowledgeError(problems)
    if claims:
        cells[Claim.FILE] = _uses(knowledge, claims)
    return cells


def _of_row(row: Figure, claims: Mapping[str, Claim]) -> dict[str, str]:
    expression = row.derivation or ""
    found = derived(expression, claims, scale_of(row))
    cited = [claims[name].source for name in named_claims(expression)]
    return {
        "value": _text(found.value),
        "low": _text(found.low),
        "high": _text(found.high),
        "grade": found.grade,
        "claims": ";".join(_union(named_claims(expression), row.claims)),
        "sources": ";".join(_union(cited, row.sources)),
        **_arguments(row, found),
    }


def scale_of(row: Figure) -> Scale:
    """Scale of a number: log odds of a probability, else the logarithm."""
    return "logit" if is_probability(row) else "log"


def _arguments(row: Figure, found: Derived) -> dict[str, str]:
    """Columns that state what the number was computed from; else they are empty, or go stale."""
    names = _ARGUMENTS.get(type(row), ())
    stated = found.arguments
    return {name: _text(stated[name]) if name in stated else "" for name in names}


def _union(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _uses(knowledge: Knowledge, claims: Mapping[str, Claim]) -> Cells:
    """What each claim is used for, as the rows that name it tell."""
    held_back = {row.claim for row in held_back_of(knowledge)}
    used: set[str] = set()
    anchors: set[str] = set()
    for row in figures_of(knowledge):
        used.update(named_claims(row.derivation) if row.derivation else ())
        anchors.update(row.claims)
    return {
        claim.place.line: {"use": _use(name, held_back, used, anchors)}
        for name, claim in claims.items()
    }


def _use(name: str, held_back: set[str], used: set[str], anchors: set[str]) -> str:
    if name in held_back:
        return "held_back"
    if name in used:
        return "used"
    return "anchor" if name in anchors else "rejected"


def _text(number: float) -> str:
    return str(np.format_float_positional(number, trim="-"))


def _differences(content: bytes, cells: Cells) -> Iterator[tuple[int, str, str, str]]:
    header, *rows = (_parts(line) for line in content.decode().splitlines())
    for line, row in enumerate(rows, start=2):
        found = dict(zip(header, row, strict=True))
        for column, expected in cells.get(line, {}).items():
            if not _same(column, found[column], expected):
                yield line, column, found[column], expected


def _same(column: str, found: str, expected: str) -> bool:
    if column in _WORDS or not (found and expected):
        return found == expected
    return float(found) == float(expected)


def _rewritten(content: bytes, cells: Cells) -> bytes:
    """Content with the given cells; a line in which nothing differs keeps every byte."""
    lines = content.decode().splitlines(keepends=True)
    header = _parts(lines[0].rstrip("\r\n"))
    for number, column, _, expected in _differences(content, cells):
        line = lines[number - 1]
        bare = line.rstrip("\r\n")
        row = _parts(bare)
        row[header.index(column)] = expected
        lines[number - 1] = _line(row) + line[len(bare) :]
    return "".join(lines).encode()


def _parts(line: str) -> list[str]:
    return next(csv.reader([line]))


def _line(row: Sequence[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()
