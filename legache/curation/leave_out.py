"""What would the numbers be, had one paper never been written?"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from legache.curation.derivation import derived
from legache.curation.expressions import named_claims, without_claims
from legache.curation.recompute import figures_of, scale_of
from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge.checks import UNLISTED, problems_across_tables
from legache.knowledge.records import (
    Background,
    Claim,
    Figure,
    Guidance,
    HeldBack,
    Knowledge,
    Link,
    RedFlag,
    RiskFactor,
    Urgency,
)
from legache.knowledge.supplements import claims_of, held_back_of

F = TypeVar("F", bound=Figure)


@dataclass(frozen=True, slots=True)
class Reduced:
    """Knowledge without a source.

    Attributes
    ----------
    knowledge
        Its version and its checksum tell that a source is left out.
    recomputed
        Rows that other claims still support.
    neutral
        Risk factors that now have an odds ratio of 1, and links as common as elsewhere.
    kept
        Rows that rest on the source alone and that the network cannot do without: their value
        stays, and is elicited.
    """

    knowledge: Knowledge
    recomputed: tuple[Figure, ...]
    neutral: tuple[Figure, ...]
    kept: tuple[Figure, ...]


def without(knowledge: Knowledge, source: str) -> Reduced:
    """Take a source, and its claims, out of the knowledge.

    Parameters
    ----------
    knowledge
    source
        Key of sources.bib.

    Raises
    ------
    KnowledgeError
        No such source; or what is left does not fit together, such as shares that no longer sum
        to 1.

    Notes
    -----
    A number that was pooled is pooled from the remaining claims.  A risk factor that rests on the
    source alone gets an odds ratio of 1, and a link, in all its states, the rate that the finding
    has elsewhere (among unlisted complaints, or without a cause), so that it says nothing.  A
    prevalence, a rate of visits or a background rate cannot be left out: it stays, as an elicited
    one.  So does advice.

    Examples
    --------
    >>> import legache
    >>> knowledge = legache.load().model.knowledge
    >>> source = knowledge.risk_factors[0].sources[0]
    >>> reduced = without(knowledge, source)
    >>> any(claim.source == source for claim in claims_of(reduced.knowledge).values())
    False
    """
    if source not in knowledge.source_keys:
        hint = did_you_mean(nearest(source, knowledge.source_keys), "see sources.bib")
        message = f"unknown source {source[:64]!r}{hint}"
        raise KnowledgeError(message)
    claims = claims_of(knowledge)
    gone = frozenset(key for key, claim in claims.items() if claim.source == source)
    work = _Work(source, claims, gone, [], [], [])
    background = _rows(knowledge.background, work)
    reduced = replace(
        knowledge,
        prevalence=_rows(knowledge.prevalence, work),
        risk_factors=_rows(knowledge.risk_factors, work),
        links=_links(knowledge.links, background, work),
        complaints=_rows(knowledge.complaints, work),
        background=background,
        supplements=_supplements(knowledge, gone),
    )
    marked = _marked(reduced, source)
    problems = problems_across_tables(marked)
    if problems:
        raise KnowledgeError([f"without {source}: {problem}" for problem in problems])
    return Reduced(marked, tuple(work.recomputed), tuple(work.neutral), tuple(work.kept))


@dataclass(frozen=True, slots=True)
class _Work:
    source: str
    claims: Mapping[str, Claim]
    gone: frozenset[str]
    recomputed: list[Figure]
    neutral: list[Figure]
    kept: list[Figure]


def _rows(rows: tuple[F, ...], work: _Work) -> tuple[F, ...]:
    return tuple(_row(row, work) for row in rows)


def _links(
    rows: tuple[Link, ...], background: tuple[Background, ...], work: _Work
) -> tuple[Link, ...]:
    """Links; one that has lost a state says nothing, for its states are one distribution."""
    lost = {(row.cause, row.node) for row in rows if _is_lost(row, work)}
    elsewhere = {(row.node, row.state): row.value for row in background if row.given == UNLISTED}
    return tuple(
        _neutral_link(row, elsewhere, work) if (row.cause, row.node) in lost else _row(row, work)
        for row in rows
    )


def _neutral_link(row: Link, elsewhere: Mapping[tuple[str, str], float], work: _Work) -> Link:
    """A link that adds nothing to the leak, or as much as unlisted causes do."""
    work.neutral.append(row)
    if (row.node, row.state) not in elsewhere:
        return _with(row, work, value=0.0, low=0.0, high=0.0, figure="net")
    rate = elsewhere[row.node, row.state]
    return _with(row, work, value=rate, low=rate, high=rate, figure="compound")


def _row(row: F, work: _Work) -> F:
    """The row without the source; what was done is noted down."""
    if not _is_touched(row, work):
        return row
    if _is_lost(row, work):
        if isinstance(row, RiskFactor):
            work.neutral.append(row)
            return _with(row, work, value=1.0, low=1.0, high=1.0)
        work.kept.append(row)
        return _with(row, work)
    remaining = without_claims(row.derivation, work.gone) if row.derivation else None
    if remaining is None or remaining == row.derivation:
        return _cleared(row, work)
    work.recomputed.append(row)
    try:
        found = derived(remaining, work.claims, scale_of(row))
    except KnowledgeError as error:
        message = f"without {work.source}: {row.place}: derivation: {error}"
        raise KnowledgeError(message) from error
    figures = {"value": found.value, "low": found.low, "high": found.high}
    return _with(row, work, **figures, grade=found.grade, derivation=remaining)


def _is_touched(row: Figure, work: _Work) -> bool:
    if work.source in row.sources or work.gone.intersection(row.claims):
        return True
    return row.derivation is not None and not work.gone.isdisjoint(named_claims(row.derivation))


def _is_lost(row: Figure, work: _Work) -> bool:
    """Tell whether nothing but the source supports the number."""
    if row.derivation is None:
        return set(row.sources) == {work.source}
    return without_claims(row.derivation, work.gone) is None


def _with(row: F, work: _Work, **changed: Any) -> F:  # noqa: ANN401 - fields of any type
    """Row of changed fields, without what else stated the same number."""
    names = ("incidence_per_1000_py", "duration_days", "lr_positive", "lr_negative")
    stated = {name: None for name in names if hasattr(row, name)}
    return replace(
        _cleared(row, work), **{"grade": "elicited", "derivation": None, **stated, **changed}
    )


def _cleared(row: F, work: _Work) -> F:
    """Row that names the source no longer, unless it has no other, nor its claims."""
    sources = tuple(key for key in row.sources if key != work.source) or row.sources
    claims = tuple(name for name in row.claims if name not in work.gone)
    return replace(row, sources=sources, claims=claims)


def _supplements(knowledge: Knowledge, gone: frozenset[str]) -> Mapping[str, bytes]:
    """Tables behind the numbers, without the claims that are gone and what compares with them.

    What was searched for stays: it was done.
    """
    lines: dict[str, set[int]] = defaultdict(set)
    for name, claim in claims_of(knowledge).items():
        if name in gone:
            lines[Claim.FILE].add(claim.place.line)
    for row in held_back_of(knowledge):
        if row.claim in gone:
            lines[HeldBack.FILE].add(row.place.line)
    changed = {
        name: _without_lines(knowledge.supplements[name], numbers)
        for name, numbers in lines.items()
    }
    return MappingProxyType({**knowledge.supplements, **changed})


def _without_lines(content: bytes, numbers: set[int]) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(line for number, line in enumerate(lines, start=1) if number not in numbers)


def _marked(knowledge: Knowledge, source: str) -> Knowledge:
    """The same, told apart from the folder as it was read."""
    advice: tuple[Urgency | RedFlag | Guidance, ...]
    advice = (*knowledge.urgency, *knowledge.red_flags, *knowledge.guidance)
    citing: tuple[Figure | Urgency | RedFlag | Guidance, ...] = (*figures_of(knowledge), *advice)
    cited = any(source in row.sources for row in citing)
    keys = knowledge.source_keys if cited else knowledge.source_keys - {source}
    package = replace(knowledge.package, version=f"{knowledge.package.version} without {source}")
    told_apart = hashlib.sha256(f"{knowledge.digest} without {source}".encode()).hexdigest()
    return replace(knowledge, package=package, source_keys=keys, digest=told_apart)
