"""Which claims, comparisons, searches and textbook pictures does a priors folder hold?

They are read when asked for: a diagnosis needs none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from legache.errors import KnowledgeError
from legache.knowledge.records import Claim, HeldBack, Knowledge, Presentation, Row, Search
from legache.knowledge.tables import parse_table

R = TypeVar("R", bound=Row)


def claims_of(knowledge: Knowledge) -> Mapping[str, Claim]:
    """Every published claim, by id.

    Raises
    ------
    KnowledgeError
        The table is wrong; every problem is named with file and line.

    Examples
    --------
    >>> import legache
    >>> knowledge = legache.load().model.knowledge
    >>> all(claim.source in knowledge.source_keys for claim in claims_of(knowledge).values())
    True
    """
    return _claims(knowledge.supplements.get(Claim.FILE, b""))


def held_back_of(knowledge: Knowledge) -> tuple[HeldBack, ...]:
    """The claims that set no number, and what each is compared with."""
    return _rows(knowledge, HeldBack)


def searches_of(knowledge: Knowledge) -> tuple[Search, ...]:
    """Where literature was looked for, and what came of it."""
    return _rows(knowledge, Search)


def presentations_of(knowledge: Knowledge) -> tuple[Presentation, ...]:
    """Textbook pictures of the causes."""
    return _rows(knowledge, Presentation)


@lru_cache(maxsize=16)
def _claims(content: bytes) -> Mapping[str, Claim]:
    """Claims of a table; there are many, and they are asked for again and again."""
    return MappingProxyType({row.id: row for row in _parsed(content, Claim)})


def _rows(knowledge: Knowledge, record: type[R]) -> tuple[R, ...]:
    return _parsed(knowledge.supplements.get(record.FILE, b""), record)


def _parsed(content: bytes, record: type[R]) -> tuple[R, ...]:
    """Records of a table, of which a folder may have none."""
    if not content:
        return ()
    problems: list[str] = []
    rows = tuple(parse_table(content, record, problems))
    if problems:
        raise KnowledgeError(problems)
    return rows
