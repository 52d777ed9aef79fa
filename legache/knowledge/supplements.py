"""Which claims, comparisons, searches, pictures and costs does a priors folder hold?

They are read when asked for: a diagnosis needs none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge.records import Claim, Cost, HeldBack, Knowledge, Presentation, Row, Search
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


def costs_of(knowledge: Knowledge) -> Mapping[str, Cost]:
    """What it takes to learn the state of each context, finding and test, by id.

    Raises
    ------
    KnowledgeError
        The folder has no such table, a node has no row, or the table is wrong.

    Examples
    --------
    >>> import legache
    >>> costs = costs_of(legache.load().model.knowledge)
    >>> costs["fever"].minutes < costs["nerve_conduction_abnormal"].minutes
    True
    """
    content = knowledge.supplements.get(Cost.FILE, b"")
    if not content:
        message = f"{Cost.FILE}: no such table; add it, or give the costs as a mapping"
        raise KnowledgeError(message)
    rows = _costs(content)
    complaint = {node.id for node in knowledge.nodes if node.group == "complaint"}
    asked = [node.id for node in knowledge.nodes if node.kind != "cause"]
    problems = [
        f"{row.place}: node: unknown context, finding or test {name!r}"
        f"{did_you_mean(nearest(name, asked), 'see nodes.csv')}"
        for name, row in rows.items()
        if name not in asked
    ]
    problems += [
        f"{row.place}: sources: unknown source {key[:64]!r}"
        f"{did_you_mean(nearest(key, knowledge.source_keys), 'add it to sources.bib')}"
        for row in rows.values()
        for key in row.sources
        if key not in knowledge.source_keys
    ]
    problems += [
        f"{Cost.FILE}:1: no row for {name}; add it"
        for name in asked
        if name not in rows and name not in complaint
    ]
    if problems:
        raise KnowledgeError(problems)
    return rows


@lru_cache(maxsize=16)
def _costs(content: bytes) -> Mapping[str, Cost]:
    return MappingProxyType({row.node: row for row in _parsed(content, Cost)})


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
