"""What does a priors folder say, all files taken together?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from legache.errors import KnowledgeError, LimitError
from legache.knowledge import datapackage
from legache.knowledge.checks import problems_across_tables
from legache.knowledge.files import decode, digest, read_bytes
from legache.knowledge.records import (
    RECORDS,
    SUPPLEMENTS,
    Background,
    Complaint,
    Guidance,
    Knowledge,
    Link,
    Node,
    Prevalence,
    RedFlag,
    RiskFactor,
    Row,
    Urgency,
)
from legache.knowledge.tables import parse_table

R = TypeVar("R", bound=Row)

# the key of an entry; `legache.knowledge.sources` reads whole entries when asked to
_ENTRY = re.compile(r"^@(?P<type>[a-z]+)\{(?P<key>[^,\s{}]+),$", re.MULTILINE)
_N_PROBLEMS_SHOWN = 50


def shipped_folder() -> Path:
    """Return the priors that came with legache: in the installed package, else beside it.

    Raises
    ------
    KnowledgeError
        Neither place has a ``datapackage.json``.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "priors", package.parent / "priors"):
        if (folder / datapackage.NAME).is_file():
            return folder
    message = f"no priors beside {package}; reinstall legache, or give the path of a folder"
    raise KnowledgeError(message)


def load_knowledge(folder: Path) -> Knowledge:
    """Read, validate and cross-check a priors folder.

    Raises
    ------
    KnowledgeError
        With one line for each problem found: file, line, column, what was
        expected, and the nearest valid id.
    LimitError
        A file is larger than what is read.
    """
    if not folder.is_dir():
        message = f"{folder}: no such folder; give the path of a priors folder"
        raise KnowledgeError(message)
    with naming(folder):
        return knowledge_from(read_folder(folder))


@contextmanager
def naming(folder: Path) -> Iterator[None]:
    """Put the folder before the file in every message of an error."""
    try:
        yield
    except KnowledgeError as error:
        n_hidden = len(error.problems) - _N_PROBLEMS_SHOWN
        shown = [f"{folder}/{line}" for line in error.problems[:_N_PROBLEMS_SHOWN]]
        raise KnowledgeError([*shown, *_count(n_hidden)]) from error
    except LimitError as error:
        message = f"{folder}/{error}"
        raise LimitError(message) from error


def _count(n_hidden: int) -> list[str]:
    return [f"... and {n_hidden} more"] if n_hidden > 0 else []


def read_folder(folder: Path) -> dict[str, bytes]:
    """Bytes of each of the folder's files by name; nothing outside the folder is opened.

    The tables behind the numbers may be missing.
    """
    names = [datapackage.NAME, *datapackage.TABLES, datapackage.BIBLIOGRAPHY]
    names += [name for name in datapackage.OPTIONAL if (folder / name).exists()]
    return {name: read_bytes(folder / name, name) for name in names}


def knowledge_from(contents: Mapping[str, bytes]) -> Knowledge:
    """Knowledge that the given file contents state; see `load_knowledge`."""
    package = datapackage.parse_package(contents[datapackage.NAME])
    problems: list[str] = []
    tables = {
        record: tuple(parse_table(contents[record.FILE], record, problems)) for record in RECORDS
    }
    source_keys = _source_keys(contents[datapackage.BIBLIOGRAPHY], problems)
    _raise_if_any(problems)
    digests = {name: digest(content) for name, content in sorted(contents.items())}
    together = hashlib.sha256("".join(f"{n}:{d}\n" for n, d in digests.items()).encode())
    knowledge = Knowledge(
        package=package,
        nodes=_typed(tables, Node),
        prevalence=_typed(tables, Prevalence),
        risk_factors=_typed(tables, RiskFactor),
        links=_typed(tables, Link),
        complaints=_typed(tables, Complaint),
        background=_typed(tables, Background),
        urgency=_typed(tables, Urgency),
        red_flags=_typed(tables, RedFlag),
        guidance=_typed(tables, Guidance),
        source_keys=source_keys,
        supplements=MappingProxyType(
            {
                name: contents[name]
                for name in (*(row.FILE for row in SUPPLEMENTS), datapackage.BIBLIOGRAPHY)
                if name in contents
            }
        ),
        digests=MappingProxyType(digests),
        digest=together.hexdigest(),
    )
    _raise_if_any(problems_across_tables(knowledge))
    return knowledge


def _typed(tables: Mapping[type[Row], tuple[Row, ...]], record: type[R]) -> tuple[R, ...]:
    """Records of one type, sorted by key, so that the order of lines does not matter."""
    rows = [row for row in tables[record] if isinstance(row, record)]
    return tuple(
        sorted(rows, key=lambda row: tuple(str(getattr(row, name) or "") for name in record.KEY))
    )


def _source_keys(content: bytes, problems: list[str]) -> frozenset[str]:
    name = datapackage.BIBLIOGRAPHY
    text = decode(content, name)
    seen: set[str] = set()
    for entry in _ENTRY.finditer(text):
        if entry["key"] in seen:
            line = text.count("\n", 0, entry.start()) + 1
            problems.append(f"{name}:{line}: duplicate source {entry['key']!r}; keep one")
        seen.add(entry["key"])
    if not seen:
        problems.append(f"{name}:1: no source; entries begin with '@article{{key,' on a line")
    return frozenset(seen)


def _raise_if_any(problems: list[str]) -> None:
    if problems:
        raise KnowledgeError(problems)
