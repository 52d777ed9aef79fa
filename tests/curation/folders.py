"""The tiny priors folder with made-up claims behind some of its numbers, and edits of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from legache.curation.recompute import FIGURES, recomputed
from legache.diagnosis.model import DiagnosticModel, diagnostic_model
from legache.knowledge.loading import knowledge_from, read_folder
from legache.knowledge.records import Claim, HeldBack, Knowledge, Presentation, Row, Search
from legache.knowledge.tables import columns
from tests.knowledge.folders import TINY

Contents = dict[str, bytes]

_DEFAULTS: dict[str, Any] = {
    "object": None,
    "low": None,
    "high": None,
    "numerator": None,
    "denominator": None,
    "population": "adults",
    "setting": "population",
    "definition": "",
    "design": "cohort",
    "source": "alpha2001",
    "locator": "abstract",
    "use": "used",
    "note": "",
}


def claim(name: str, measure: str, value: float, **fields: Any) -> Claim:
    """Claim that says nothing but what is given."""
    given = {"id": name, "measure": measure, "value": value, "subject": "vein_clot"}
    return msgspec.convert({**_DEFAULTS, **given, **fields}, Claim)


CLAIMS = (
    claim("dur", "duration_days", 30, low=20, high=45, source="gamma2020"),
    claim("held", "sensitivity", 0.65, low=0.5, high=0.8, object="swelling", use="held_back"),
    claim("inc", "incidence_per_1000_py", 1, numerator=40, denominator=40_000, source="gamma2020"),
    claim("seen", "sensitivity", 0.6, object="swelling", use="anchor", source="beta2010"),
    claim("or1", "odds_ratio", 3, low=2, high=4.5, subject="smoking", object="narrow_artery"),
    claim(
        "se1", "sensitivity", 0.7, low=0.6, high=0.8, subject="narrow_artery", object="weak_pulse"
    ),
    claim(
        "se2",
        "sensitivity",
        0.8,
        numerator=80,
        denominator=100,
        subject="narrow_artery",
        object="weak_pulse",
        source="beta2010",
    ),
    claim("sp1", "specificity", 0.9, low=0.85, high=0.94, object="swelling", source="beta2010"),
    claim("spare", "odds_ratio", 2, use="rejected", note="of children", source="beta2010"),
)
HELD_BACK = (
    {
        "claim": "held",
        "target": "swelling=present",
        "given": "vein_clot=responsible",
        "setting": "primary_care",
    },
)
PRESENTATIONS = (
    {
        "id": "clot",
        "causes": "vein_clot",
        "evidence": "age=70;sex=female;swelling=present;d_dimer_raised=present",
    },
    {
        "id": "artery",
        "causes": "narrow_artery",
        "evidence": "age=70;sex=male;weak_pulse=present;pain_severity=mild|severe;swelling=absent",
    },
)
SEARCHES = (
    {
        "table": "links.csv",
        "row": "vein_clot/swelling/present",
        "query": "swelling in thrombosis",
        "date": "2026-01-31",
        "outcome": "anchor",
        "claims": "seen",
    },
)
_BIB = b"""
@misc{gamma2020,
  author = {Gamma, C.},
  title = {{Even more made-up figures for tests}},
  year = {2020},
  url = {https://example.org/gamma2020},
}
"""


@lru_cache(maxsize=1)
def _curated() -> Mapping[str, bytes]:
    contents: Contents = dict(read_folder(TINY))
    contents["sources.bib"] += _BIB
    for record in FIGURES:
        rows = [{**row, "grade": "elicited"} for row in rows_of(contents, record.FILE)]
        contents = with_rows(contents, record, rows)
    contents = with_rows(contents, Claim, [_cells(one) for one in CLAIMS])
    contents = with_rows(contents, HeldBack, HELD_BACK)
    contents = with_rows(contents, Presentation, PRESENTATIONS)
    contents = with_rows(contents, Search, SEARCHES)
    # sources and claims of these rows follow from the derivation
    contents = edited(contents, "links.csv", 4, derivation="pool(se1, se2)", sources="beta2010")
    contents = edited(contents, "links.csv", 8, claims="seen", grade="elicited")
    contents = edited(contents, "risk_factors.csv", 3, derivation="or1")
    contents = edited(
        contents, "prevalence.csv", 16, derivation="week(inc, dur)", sources="gamma2020"
    )
    contents = edited(
        contents, "background.csv", 8, derivation="complement(sp1)", note="", sources="beta2010"
    )
    return recomputed(knowledge_from(contents), contents)


def curated() -> Contents:
    """Files of a folder in which every number is as its claims give it."""
    return dict(_curated())


def knowledge_of(contents: Mapping[str, bytes]) -> Knowledge:
    return _knowledge(tuple(contents.items()))


def model_of(contents: Mapping[str, bytes]) -> DiagnosticModel:
    return diagnostic_model(knowledge_of(contents))


@lru_cache(maxsize=32)
def _knowledge(items: tuple[tuple[str, bytes], ...]) -> Knowledge:
    """Knowledge of a folder; many tests read the same one, and nothing can change it."""
    return knowledge_from(dict(items))


def written(parent: Path, contents: Mapping[str, bytes]) -> Path:
    """Folder under `parent` with these files."""
    folder = parent / "priors"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def edited(contents: Mapping[str, bytes], name: str, line: int, **cells: str) -> Contents:
    """The same files with other cells in one line."""
    rows = rows_of(contents, name)
    unknown = cells.keys() - rows[line - 2].keys()
    if unknown:
        raise KeyError(unknown)
    rows[line - 2].update(cells)
    return {**contents, name: _table(list(rows[0]), rows)}


def with_rows(
    contents: Mapping[str, bytes], record: type[Row], rows: Sequence[Mapping[str, str]]
) -> Contents:
    """The same files with one table replaced; cells that are not given are empty."""
    return {**contents, record.FILE: _table([column.name for column in columns(record)], rows)}


def rows_of(contents: Mapping[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(contents[name].decode())))


def with_claim(contents: Contents, one: Claim) -> Contents:
    """The same files with one claim more."""
    return with_rows(contents, Claim, [*rows_of(contents, Claim.FILE), _cells(one)])


def without_fit() -> Contents:
    """Files whose states of one link sum to more than 1 without alpha2001."""
    few = claim("m1", "sensitivity", 0.05, low=0.04, high=0.06)
    many = claim("m2", "sensitivity", 0.9, low=0.6, high=0.97, source="gamma2020")
    contents = with_claim(with_claim(curated(), few), many)
    contents = edited(contents, "links.csv", 2, derivation="pool(m1, m2)")
    contents = edited(contents, "links.csv", 3, sources="beta2010")
    return recomputed(knowledge_from(contents), contents)


def line_of(contents: Mapping[str, bytes], name: str, **cells: str) -> int:
    """Number of the only line that has these cells."""
    (line,) = (
        number
        for number, row in enumerate(rows_of(contents, name), start=2)
        if cells.items() <= row.items()
    )
    return line


def _cells(one: Claim) -> dict[str, str]:
    cells = ((column.name, getattr(one, column.name)) for column in columns(Claim))
    return {
        name: "" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)
        for name, cell in cells
    }


def _table(names: list[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
