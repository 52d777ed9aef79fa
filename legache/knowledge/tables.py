"""What are the records of this CSV file, and what is wrong with it?"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from legache.errors import KnowledgeError, LimitError, did_you_mean, nearest
from legache.knowledge.files import MAX_ROWS, decode
from legache.knowledge.records import Place, Row

R = TypeVar("R", bound=Row)

# `float()` also takes underscores, other scripts, "inf" and unbounded exponents
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_HEAD = ("value", "low", "high")
_TAIL = ("claims", "derivation", "grade", "sources", "note")


class _CellError(ValueError):
    """What is wrong with one cell."""


@dataclass(frozen=True, slots=True)
class Column:
    """How the cells of one column are read."""

    name: str
    type: Any
    read: Callable[[str], object]


def columns(record: type[Row]) -> tuple[Column, ...]:
    """Columns of a record's file in canonical order: key, figure, the rest, provenance."""
    hints = get_type_hints(record, include_extras=True)
    names = [name for name in hints if name not in {"place", "FILE", "KEY"}]
    key = record.KEY
    edges = (*key, *_HEAD, *_TAIL)
    middle = tuple(name for name in names if name not in edges)
    ordered = (*key, *_HEAD, *middle, *_TAIL)
    return tuple(
        Column(name, hints[name], _reader(hints[name], name)) for name in ordered if name in names
    )


def parse_table(content: bytes, record: type[R], problems: list[str]) -> list[R]:
    """Records of a CSV file's bytes; what is wrong is appended to `problems`.

    Raises
    ------
    KnowledgeError, LimitError
        The file as a whole cannot be read: encoding, header, size.
    """
    name = record.FILE
    lines = decode(content, name).split("\n")
    if lines[-1] == "":
        lines.pop()
    if len(lines) > MAX_ROWS:
        message = f"{name}: {len(lines)} rows; at most {MAX_ROWS} are read"
        raise LimitError(message)
    rows = _rows(lines, name)
    readers = _match_header(next(rows, (1, []))[1], record, name)
    records = []
    for number, cells in rows:
        place = Place(name, number)
        if len(cells) != len(readers):
            problems.append(f"{place}: {len(cells)} cells; expected {len(readers)}")
            continue
        row = _record(cells, readers, record, place, problems)
        if row is not None:
            records.append(row)
    _refuse_duplicates(records, record, problems)
    return records


def number(text: str) -> float:
    """Read a finite ASCII decimal number.

    Raises
    ------
    ValueError
        For anything else: infinities, ``nan``, underscores, other scripts.

    Examples
    --------
    >>> number("0.25")
    0.25
    """
    if not _NUMBER.fullmatch(text):
        message = f"{text[:40]!r} is not a decimal number such as 0.25"
        raise _CellError(message)
    value = float(text)
    if not math.isfinite(value):
        message = f"{text[:40]!r} is too large"
        raise _CellError(message)
    if value == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        message = f"{text[:40]!r} is too small, but not 0"
        raise _CellError(message)
    return value + 0.0  # -0.0 becomes 0.0


def _rows(lines: Sequence[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """Cells of each line; a quoted cell may not run over the end of its line."""
    for line_number, line in enumerate(lines, start=1):
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            message = f"{name}:{line_number}: {error}; check the quotes on this line"
            raise KnowledgeError(message) from error
        yield line_number, cells


def _match_header(header: list[str], record: type[Row], name: str) -> list[Column]:
    known = {column.name: column for column in columns(record)}
    for title in header:
        if title not in known:
            hint = did_you_mean(nearest(title, known), f"expected {', '.join(known)}")
            message = f"{name}:1: unknown column {title[:64]!r}{hint}"
            raise KnowledgeError(message)
        if header.count(title) > 1:
            message = f"{name}:1: column {title!r} appears twice; keep one"
            raise KnowledgeError(message)
    missing = [title for title in known if title not in header]
    if missing:
        message = f"{name}:1: missing column {missing[0]!r}; expected {', '.join(known)}"
        raise KnowledgeError(message)
    return [known[title] for title in header]


def _record(
    cells: list[str], readers: list[Column], record: type[R], place: Place, problems: list[str]
) -> R | None:
    """Record of one row; if there is none, its cells are tried one by one, to name each."""
    try:
        fields: dict[str, Any] = {"place": place}
        for cell, column in zip(cells, readers, strict=True):
            _refuse_unsafe(cell)
            fields[column.name] = column.read(cell)
        return msgspec.convert(fields, record)
    except (_CellError, msgspec.ValidationError) as error:
        problems += list(_cell_problems(cells, readers, place)) or [f"{place}: {error}"]
        return None


def _cell_problems(cells: list[str], readers: list[Column], place: Place) -> Iterator[str]:
    for cell, column in zip(cells, readers, strict=True):
        try:
            _refuse_unsafe(cell)
            msgspec.convert(column.read(cell), column.type)
        except (_CellError, msgspec.ValidationError) as error:
            yield f"{place}: {column.name}: {_explanation(error, cell, column)}"


def _refuse_unsafe(cell: str) -> None:
    if cell != cell.strip():
        message = f"{cell[:40]!r} begins or ends with a space; remove it"
        raise _CellError(message)
    if cell[:1] in {"=", "+", "@"}:
        message = f"{cell[:40]!r} would be read as a formula by a spreadsheet; rephrase it"
        raise _CellError(message)


def _explanation(error: Exception, cell: str, column: Column) -> str:
    if isinstance(error, _CellError):
        return str(error)
    choices = _choices(column.type)
    if choices:
        hint = did_you_mean(nearest(cell, choices), f"expected {', '.join(choices)}")
        return f"unknown value {cell[:64]!r}{hint}"
    expected = str(error).split(" - at ")[0]
    return f"{cell[:64]!r}: {expected[:1].lower()}{expected[1:]}"


def _choices(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401 - a type form
    """Return the words that an annotation allows, if it is a choice of words."""
    members = get_args(annotation)
    if members and all(isinstance(member, str) for member in members):
        return members
    return next((found for member in members if (found := _choices(member))), ())


def _reader(annotation: Any, name: str) -> Callable[[str], object]:  # noqa: ANN401 - a type form
    bare, is_optional = bare_type(annotation)
    if get_origin(bare) is tuple:
        separator = "|" if name == "states" else ";"
        return lambda cell: cell.split(separator) if cell else []
    read = number if bare is float else str
    return (lambda cell: read(cell) if cell else None) if is_optional else read


def bare_type(annotation: Any) -> tuple[Any, bool]:  # noqa: ANN401 - a type form
    """Return a column's type without its constraints, and whether a cell may be empty."""
    if get_origin(annotation) is Annotated:
        return bare_type(get_args(annotation)[0])
    members = [member for member in get_args(annotation) if member is not type(None)]
    if type(None) in get_args(annotation):
        return bare_type(members[0])[0], True
    return annotation, False


def _refuse_duplicates(records: Sequence[R], record: type[R], problems: list[str]) -> None:
    key = record.KEY
    first: dict[tuple[object, ...], Place] = {}
    for row in records:
        identity = tuple(getattr(row, name) for name in key)
        if identity in first:
            named = ", ".join(str(part) for part in identity if part is not None)
            before = first[identity].line
            problems.append(f"{row.place}: duplicate of line {before}: {named}; keep one")
        first.setdefault(identity, row.place)
