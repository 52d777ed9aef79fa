"""Is each code of the shipped nodes on a published list, and does our copy of it hold no other?"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from legache.knowledge.codes import TERMINOLOGIES, cell_problems
from legache.knowledge.loading import load_knowledge, shipped_folder
from legache.knowledge.records import Node

FOLDER = Path(__file__).parent.parent / "data" / "codes"
Code = tuple[str, str]  # system and code


@cache
def _nodes() -> tuple[Node, ...]:
    return load_knowledge(shipped_folder()).nodes


@cache
def _listed() -> tuple[dict[str, str], ...]:
    with (FOLDER / "codes.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def _names() -> dict[Code, str]:
    return {(row["system"], row["code"]): row["name"] for row in _listed()}


def _used() -> Iterator[tuple[Node, str, str]]:
    for node in _nodes():
        for system in TERMINOLOGIES:
            for code in (getattr(node, system) or "").split(";"):
                if code:
                    yield node, system, code


@cache
def _labels() -> dict[Code, list[str]]:
    labels: dict[Code, list[str]] = defaultdict(list)
    for node, system, code in _used():
        labels[system, code].append(node.label)
    return dict(labels)


def _beside_our_label(code: Code) -> str:
    labels = " / ".join(_labels().get(code, ["no node"]))
    return f"{' '.join(code)}: {_names().get(code, 'not listed')!r}; ours: {labels!r}"


@pytest.mark.parametrize(
    ("system", "code"),
    [pytest.param(system, code, id=f"{node.id}-{code}") for node, system, code in _used()],
)
def test_a_code_is_listed(system: str, code: str) -> None:
    assert (system, code) in _names(), _beside_our_label((system, code))


def test_every_listed_code_is_used() -> None:
    assert [_beside_our_label(code) for code in _names() if code not in _labels()] == []


def test_every_listed_code_is_well_formed() -> None:
    wrong = [code for code in _names() if list(cell_problems(*code))]
    assert [_beside_our_label(code) for code in wrong] == []


def test_no_code_is_listed_twice() -> None:
    counts = Counter((row["system"], row["code"]) for row in _listed())
    assert [code for code, count in counts.items() if count > 1] == []


def test_the_list_is_sorted() -> None:
    keys = [(row["system"], row["code"]) for row in _listed()]
    assert keys == sorted(keys)


def test_every_listed_code_has_a_name() -> None:
    assert [row["code"] for row in _listed() if not row["name"].strip()] == []


@pytest.mark.parametrize("name", sorted({row["list"] for row in _listed()}))
def test_each_list_is_described(name: str) -> None:
    assert f"| `{name}` |" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "node", [node for node in _nodes() if node.kind == "cause"], ids=lambda node: str(node.id)
)
def test_every_cause_has_an_icd10_code(node: Node) -> None:
    assert node.icd10 is not None


def test_only_tests_have_loinc_codes() -> None:
    assert {node.kind for node in _nodes() if node.loinc} == {"test"}
