"""Does every actionable statement of the five articles have its row?

``seed_statements.csv`` lists them in words of its own.  A key joins the columns that tell
rows apart by bars; of a long text it gives the beginning.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from legache.knowledge.loading import load_knowledge, shipped_folder
from legache.knowledge.records import RECORDS, Knowledge, Row

STATEMENTS = Path(__file__).parent.parent / "data" / "seed_statements.csv"
ARTICLES = ("seed000", "seed001", "seed002", "seed003", "seed004")
KEY = {record.FILE: record.KEY for record in RECORDS}


@cache
def _knowledge() -> Knowledge:
    return load_knowledge(shipped_folder())


@cache
def _rows(table: str) -> Sequence[Row]:
    return getattr(_knowledge(), table.removesuffix(".csv"))


@cache
def _statements() -> list[dict[str, str]]:
    with STATEMENTS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _carries(row: Row, key: Sequence[str]) -> bool:
    *exact, last = [getattr(row, name) for name in KEY[row.FILE]]
    return exact == list(key[:-1]) and last.startswith(key[-1])


def _carriers(statement: dict[str, str]) -> list[Row]:
    key = statement["key"].split("|")
    return [row for row in _rows(statement["table"]) if _carries(row, key)]


@pytest.mark.parametrize(
    "statement", _statements(), ids=[f"{row['seed']}-{row['key']}" for row in _statements()]
)
def test_a_statement_names_exactly_one_row(statement: dict[str, str]) -> None:
    assert len(_carriers(statement)) == 1


def test_a_row_of_advice_cites_the_article_that_states_it() -> None:
    advice = [row for row in _statements() if row["table"] in {"guidance.csv", "red_flags.csv"}]
    assert [
        row["statement"] for row in advice if row["seed"] not in _carriers(row)[0].sources
    ] == []


def test_every_row_graded_as_an_article_carries_a_statement() -> None:
    carried = {row.place for statement in _statements() for row in _carriers(statement)}
    advice = (*_knowledge().red_flags, *_knowledge().guidance)
    assert [
        str(row.place) for row in advice if row.grade == "seed" and row.place not in carried
    ] == []


@pytest.mark.parametrize("article", ARTICLES)
def test_every_article_is_covered(article: str) -> None:
    assert sum(row["seed"] == article for row in _statements()) >= 9


@pytest.mark.parametrize(
    "food", ["Banana: 422 mg", "potato with skin: 926 mg", "420 mg", "494 mg", "365 mg"]
)
def test_every_figure_of_a_food_stands_in_a_row_of_its_own(food: str) -> None:
    assert [row for row in _knowledge().guidance if row.kind == "food" and food in row.text]
