"""What would the numbers be, had one paper never been written?"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from legache.curation.derivation import derived, named_claims
from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge.checks import UNLISTED
from legache.knowledge.figures import is_probability
from legache.knowledge.records import Background, Claim, Figure, Knowledge, Link, RiskFactor
from legache.knowledge.supplements import claims_of

F = TypeVar("F", bound=Figure)


@dataclass(frozen=True, slots=True)
class Reduced:
    """Knowledge without a source.

    Attributes
    ----------
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
    """Take a source out of the knowledge.

    Parameters
    ----------
    knowledge
    source
        Key of sources.bib.

    Raises
    ------
    KnowledgeError
        No such source.

    Notes
    -----
    A number that was pooled is pooled from the remaining claims.  A risk factor that rests on the
    source alone gets an odds ratio of 1, and a link the rate that the finding has elsewhere
    (among unlisted complaints, or the leak), so that it says nothing.  A prevalence, a rate of
    visits or a background rate cannot be left out: it stays, as an elicited one.

    Examples
    --------
    >>> import legache
    >>> knowledge = legache.load().model.knowledge
    >>> reduced = without(knowledge, "bhatt2020")
    >>> {row.cause for row in reduced.neutral}
    {'deep_vein_thrombosis'}
    """
    if source not in knowledge.source_keys:
        hint = did_you_mean(nearest(source, knowledge.source_keys), "see sources.bib")
        message = f"unknown source {source[:64]!r}{hint}"
        raise KnowledgeError(message)
    claims = {key: claim for key, claim in claims_of(knowledge).items() if claim.source != source}
    work = _Work(source, claims, _elsewhere(knowledge.background), [], [], [])
    reduced = replace(
        knowledge,
        prevalence=_rows(knowledge.prevalence, work),
        risk_factors=_rows(knowledge.risk_factors, work),
        links=_rows(knowledge.links, work),
        complaints=_rows(knowledge.complaints, work),
        background=_rows(knowledge.background, work),
    )
    return Reduced(reduced, tuple(work.recomputed), tuple(work.neutral), tuple(work.kept))


@dataclass(frozen=True, slots=True)
class _Work:
    source: str
    claims: Mapping[str, Claim]
    elsewhere: Mapping[tuple[str, str], float]
    recomputed: list[Figure]
    neutral: list[Figure]
    kept: list[Figure]


def _rows(rows: tuple[F, ...], work: _Work) -> tuple[F, ...]:
    return tuple(_row(row, work) if work.source in row.sources else row for row in rows)


def _row(row: F, work: _Work) -> F:
    """The row without the source; what was done is noted down."""
    expression = row.derivation
    remaining = _remaining(expression, work.claims) if expression else None
    others = tuple(key for key in row.sources if key != work.source)
    if expression is None and others:
        return replace(row, sources=others)
    if expression is not None and remaining == expression:
        return replace(row, sources=others or row.sources)
    if remaining is not None:
        work.recomputed.append(row)
        unit = "logit" if is_probability(row) else "log"
        found = derived(remaining, work.claims, unit)  # type: ignore[arg-type]
        return _with(row, value=found.value, low=found.low, high=found.high, derivation=remaining)
    if isinstance(row, RiskFactor):
        work.neutral.append(row)
        return _with(row, value=1.0, low=1.0, high=1.0)
    if isinstance(row, Link):
        work.neutral.append(row)
        rate = work.elsewhere.get((row.node, row.state), 0.0)
        return _with(row, value=rate, low=rate, high=rate, figure="compound")
    work.kept.append(row)
    return _with(row, value=row.value)


def _with(row: F, **changed: Any) -> F:  # noqa: ANN401 - fields of any type
    """Row of changed fields, without what else stated the same number."""
    names = ("incidence_per_1000_py", "duration_days", "lr_positive", "lr_negative")
    stated = {name: None for name in names if hasattr(row, name)}
    return replace(row, **{"grade": "elicited", "derivation": None, **stated, **changed})


def _remaining(expression: str, claims: Mapping[str, Claim]) -> str | None:
    """The derivation without claims that are gone; None if it cannot do without them."""
    if all(name in claims for name in named_claims(expression)):
        return expression
    tree = ast.parse(expression, mode="eval").body
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)):
        return None
    left = [ast.unparse(node) for node in tree.args if ast.unparse(node) in claims]
    if tree.func.id != "pool" or not left:
        return None
    return left[0] if len(left) == 1 else f"pool({', '.join(left)})"


def _elsewhere(background: tuple[Background, ...]) -> dict[tuple[str, str], float]:
    """Rate of each state of a finding with an unlisted cause; of the others, the mean leak."""
    leaks: dict[tuple[str, str], list[float]] = {}
    rates: dict[tuple[str, str], float] = {}
    for row in background:
        if row.given == UNLISTED:
            rates[row.node, row.state] = row.value
        else:
            leaks.setdefault((row.node, row.state), []).append(row.value)
    return {key: sum(values) / len(values) for key, values in leaks.items()} | rates
