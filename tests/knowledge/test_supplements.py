"""Are claims and what belongs to them read when asked for, and their slips told?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from legache.errors import KnowledgeError
from legache.knowledge.loading import knowledge_from, read_folder
from legache.knowledge.records import Knowledge
from legache.knowledge.supplements import claims_of, held_back_of, presentations_of, searches_of
from tests.curation.folders import CLAIMS, curated, edited
from tests.knowledge.folders import TINY

READERS: list[tuple[str, Callable[[Knowledge], Any], int]] = [
    ("claims.csv", claims_of, len(CLAIMS)),
    ("held_back.csv", held_back_of, 1),
    ("searches.csv", searches_of, 1),
    ("presentations.csv", presentations_of, 2),
]


@pytest.mark.parametrize(("name", "read", "n_rows"), READERS)
def test_a_table_is_read_row_by_row(
    name: str, read: Callable[[Knowledge], Any], n_rows: int
) -> None:
    assert len(read(knowledge_from(curated()))) == n_rows


@pytest.mark.parametrize(("name", "read", "n_rows"), READERS)
def test_a_folder_may_do_without_it(
    name: str, read: Callable[[Knowledge], Any], n_rows: int
) -> None:
    assert len(read(knowledge_from(read_folder(TINY)))) == 0


@pytest.mark.parametrize(("name", "read", "n_rows"), READERS)
def test_a_table_that_is_wrong_stops_only_those_who_ask(
    name: str, read: Callable[[Knowledge], Any], n_rows: int
) -> None:
    knowledge = knowledge_from({**curated(), name: b"nothing\n"})
    with pytest.raises(KnowledgeError, match=rf"^{name}:1: unknown column 'nothing'"):
        read(knowledge)


def test_claims_are_as_they_were_written() -> None:
    found = claims_of(knowledge_from(curated()))
    assert list(found) == [one.id for one in CLAIMS]
    assert tuple(found.values()) == CLAIMS


def test_claims_cannot_be_changed() -> None:
    found: Any = claims_of(knowledge_from(curated()))
    with pytest.raises(TypeError):
        found["se1"] = None


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            {"measure": "sensitivty"},
            "claims.csv:7: measure: unknown value 'sensitivty'; did you mean",
        ),
        ({"value": "-0.1"}, "claims.csv:7: value: '-0.1': expected"),
        ({"value": "nan"}, "claims.csv:7: value: 'nan' is not a decimal number"),
        ({"denominator": "0"}, "claims.csv:7: denominator: "),
        ({"use": ""}, "claims.csv:7: use: "),
        ({"source": ""}, "claims.csv:7: source: "),
        ({"id": "or1"}, "claims.csv:7: duplicate of line 6: or1; keep one"),
    ],
)
def test_a_cell_that_is_wrong_is_told_with_its_line(cells: dict[str, str], said: str) -> None:
    knowledge = knowledge_from(edited(curated(), "claims.csv", 7, **cells))
    with pytest.raises(KnowledgeError) as caught:
        claims_of(knowledge)
    assert caught.value.problems[0].startswith(said)


def test_claims_belong_to_their_knowledge() -> None:
    knowledge = knowledge_from(curated())
    assert claims_of(replace(knowledge, supplements={})) == {}
    assert len(claims_of(knowledge)) == len(CLAIMS)
