"""Does every reader accept and reject the files of the hostile corpus, and say where?

A case of ``priors_csv`` stands in for one table of ``tests/data/tiny``: the part
of its name before the two underscores.  `expected.csv` states the verdict, the
error class, the line (where the message names one) and a part of the message.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from legache import errors
from legache.diagnosis.evidence import parse_evidence
from legache.errors import LegacheError
from legache.knowledge.loading import knowledge_from, load_knowledge, read_folder, shipped_folder
from legache.knowledge.records import Node
from legache.knowledge.strict_json import parse_json
from legache.network.building import build

HERE = Path(__file__).parent
TINY = HERE.parent / "data" / "tiny"
READERS = ("datapackage_json", "evidence_json", "priors_csv")


# defects of the readers that are known and not yet mended
@dataclass(frozen=True)
class Case:
    """One file of the corpus, and what is expected of its reader."""

    reader: str
    name: str
    verdict: str
    error: str
    line: str
    fragment: str

    @property
    def content(self) -> bytes:
        """Bytes of the file."""
        return (HERE / self.reader / self.verdict / self.name).read_bytes()

    @property
    def opening(self) -> str:
        """How the line of the message begins, if the manifest gives a line."""
        return f"{_file_named(self)}:{self.line}: " if self.line else ""


def _manifest(reader: str) -> list[Case]:
    with (HERE / reader / "expected.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Case(reader, row["case"], row["verdict"], row["error"], row["line"], row["fragment"])
            for row in csv.DictReader(lines)
        ]


def _parameters(verdict: str) -> list[object]:
    cases = [case for reader in READERS for case in _manifest(reader) if case.verdict == verdict]
    return [
        pytest.param(
            case,
            id=f"{case.reader}-{case.name.partition('.')[0]}",
        )
        for case in cases
    ]


def _file_named(case: Case) -> str:
    names = {
        "priors_csv": case.name.partition("__")[0] + ".csv",
        "datapackage_json": "datapackage.json",
        "evidence_json": case.name,
    }
    return names[case.reader]


@cache
def _tiny() -> Mapping[str, bytes]:
    return read_folder(TINY)


@cache
def _shipped_nodes() -> Mapping[str, Node]:
    return {node.id: node for node in load_knowledge(shipped_folder()).nodes}


def _read_in_place(case: Case) -> object:
    return build(knowledge_from({**_tiny(), _file_named(case): case.content}))


def _read_evidence(case: Case) -> object:
    said = parse_json(case.content, case.name)
    return parse_evidence(_shipped_nodes(), said)


_READ: Mapping[str, Callable[[Case], object]] = {
    "priors_csv": _read_in_place,
    "datapackage_json": _read_in_place,
    "evidence_json": _read_evidence,
}


@pytest.mark.parametrize("case", _parameters("accept"))
def test_an_unusual_but_clear_file_is_read(case: Case) -> None:
    assert _READ[case.reader](case) is not None


@pytest.mark.parametrize("case", _parameters("reject"))
def test_a_wrong_file_is_refused_with_its_place_and_reason(case: Case) -> None:
    with pytest.raises(LegacheError) as caught:
        _READ[case.reader](case)
    assert type(caught.value) is getattr(errors, case.error)
    assert [
        line
        for line in str(caught.value).split("\n")
        if line.startswith(case.opening) and case.fragment in line
    ]


@pytest.mark.parametrize("reader", READERS)
def test_the_manifest_lists_every_file_of_the_corpus_once(reader: str) -> None:
    files = sorted(f"{path.parent.name}/{path.name}" for path in (HERE / reader).glob("*/*"))
    listed = sorted(f"{case.verdict}/{case.name}" for case in _manifest(reader))
    assert listed == files


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_has_at_least_40_cases(reader: str) -> None:
    assert len(_manifest(reader)) >= 40


@pytest.mark.parametrize("reader", READERS)
def test_a_rejected_case_states_a_class_and_a_reason(reader: str) -> None:
    rejected = [case for case in _manifest(reader) if case.verdict == "reject"]
    assert all(case.error and case.fragment for case in rejected)
