"""What is wrong, or at least suspicious, in the claims and in the numbers that rest on them?"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from legache.curation.estimates import is_proportion
from legache.curation.expressions import named_claims
from legache.curation.recompute import changes, figures_of
from legache.diagnosis.evidence import AGE
from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge.figures import key_of
from legache.knowledge.records import Claim, Cost, Figure, Guidance, Knowledge, RedFlag, Urgency
from legache.knowledge.supplements import (
    claims_of,
    costs_of,
    held_back_of,
    presentations_of,
    searches_of,
)

_POPULATION = "population"
_Z = 1.959963984540054
# a cluster or a finite population may halve the binomial error; more asks for an explanation
_NARROW = 0.5
_ROUNDING = 0.006
_LARGE_ODDS_RATIO = 30.0

Claims = Mapping[str, Claim]


@dataclass(frozen=True, slots=True)
class Lint:
    """What a curator should mend, and what a curator should look at again.

    Attributes
    ----------
    problems, suspicions
        One line each: file, line, what is wrong and what to do.
    """

    problems: tuple[str, ...]
    suspicions: tuple[str, ...]


def lint(knowledge: Knowledge, contents: Mapping[str, bytes]) -> Lint:
    """Look through the claims, and through the numbers that rest on them.

    Parameters
    ----------
    knowledge
        Of a folder that loads.
    contents
        The bytes of its files by name.

    Returns
    -------
    Lint
        Problems: what dangles, is missing, impossible, or not what its claims give.  Suspicions:
        intervals too narrow for their sample, figures entered twice, very large odds ratios.
        Numbers are computed anew only if every claim can be read, so that one slip is reported
        once.

    Raises
    ------
    KnowledgeError
        A table of claims, comparisons, searches or presentations cannot be read.
    """
    claims = claims_of(knowledge)
    problems = [line for check in _OF_CLAIMS for line in check(knowledge, claims)]
    if not problems:
        try:
            problems += [str(change) for change in changes(knowledge, contents)]
        except KnowledgeError as error:
            problems += error.problems
    problems += [line for check in _OF_ROWS for line in check(knowledge, claims)]
    suspicions = [line for check in _SUSPICIONS for line in check(knowledge, claims)]
    return Lint(tuple(problems), tuple(suspicions))


def _impossible_claims(knowledge: Knowledge, claims: Claims) -> Iterator[str]:
    nodes = {_POPULATION, *(node.id for node in knowledge.nodes)}
    for claim in claims.values():
        for column, name in (("subject", claim.subject), ("object", claim.object)):
            if name is not None and name not in nodes:
                hint = did_you_mean(nearest(name, nodes), "add it to nodes.csv")
                yield f"{claim.place}: {column}: unknown node {name!r}{hint}"
        if claim.source not in knowledge.source_keys:
            hint = did_you_mean(nearest(claim.source, knowledge.source_keys), "add it")
            yield f"{claim.place}: source: unknown source {claim.source!r}{hint}"
        if is_proportion(claim) and max(claim.value, claim.high or 0) > 1:
            yield f"{claim.place}: value: a proportion above 1; correct the row"
        if (claim.low is None) != (claim.high is None):
            yield f"{claim.place}: low: give both limits of the interval, or neither"
        high = math.inf if claim.high is None else claim.high
        if not (claim.low or 0) <= claim.value <= high:
            yield f"{claim.place}: value: {claim.value:g} is outside its interval"
        if claim.use == "rejected" and not claim.note:
            yield f"{claim.place}: note: no number rests on {claim.id}; say why"


def _counts(_: Knowledge, claims: Claims) -> Iterator[str]:
    for claim in claims.values():
        if not is_proportion(claim) or claim.numerator is None or claim.denominator is None:
            continue
        share = claim.numerator / claim.denominator
        if share > 1 or abs(share - claim.value) > max(_ROUNDING, 0.05 * claim.value):
            yield (
                f"{claim.place}: value: {claim.value:g}, but {claim.numerator:g} of "
                f"{claim.denominator:g} is {share:.3g}; correct one of them"
            )


def _dangling_claims(knowledge: Knowledge, claims: Claims) -> Iterator[str]:
    held_back = {row.claim for row in held_back_of(knowledge)}
    for row in figures_of(knowledge):
        named = _named(row)
        for name in dict.fromkeys([*row.claims, *named]):
            if name not in claims:
                hint = did_you_mean(nearest(name, claims), "add it to claims.csv")
                yield f"{row.place}: claims: unknown claim {name!r}{hint}"
            elif name in held_back:
                yield f"{row.place}: claims: {name} is held back; it may set no number"
    for kept in held_back_of(knowledge):
        if kept.claim not in claims:
            hint = did_you_mean(nearest(kept.claim, claims), "add it to claims.csv")
            yield f"{kept.place}: claim: unknown claim {kept.claim!r}{hint}"


def _named(row: Figure) -> tuple[str, ...]:
    try:
        return named_claims(row.derivation) if row.derivation else ()
    except KnowledgeError:
        return ()  # `changes` says what is wrong with it


def _underived(knowledge: Knowledge, _: Claims) -> Iterator[str]:
    for row in figures_of(knowledge):
        if row.derivation is None and row.grade != "elicited":
            yield (
                f"{row.place}: derivation: a number of grade {row.grade} says how it follows "
                f"from its claims; add it, or the grade is elicited"
            )


def _dangling_searches(knowledge: Knowledge, claims: Claims) -> Iterator[str]:
    keys = {(row.FILE, key_of(row)) for row in figures_of(knowledge)}
    for search in searches_of(knowledge):
        if (search.table, search.row) not in keys:
            hint = did_you_mean(
                nearest(search.row, [key for table, key in keys if table == search.table]),
                "name a row by its key, with slashes",
            )
            yield f"{search.place}: row: no row {search.row!r} in {search.table}{hint}"
        for name in search.claims:
            if name not in claims:
                yield f"{search.place}: claims: unknown claim {name!r}; add it to claims.csv"


def _presentation_causes(knowledge: Knowledge, _: Claims) -> Iterator[str]:
    causes = {node.id for node in knowledge.nodes if node.kind == "cause"}
    for row in presentations_of(knowledge):
        for name in row.causes:
            if name not in causes:
                hint = did_you_mean(nearest(name, causes), "name a cause")
                yield f"{row.place}: causes: unknown cause {name!r}{hint}"


def _dangling_events(knowledge: Knowledge, _: Claims) -> Iterator[str]:
    settings = {row.setting for row in knowledge.complaints}
    for kept in held_back_of(knowledge):
        for column in ("target", "given", "against"):
            for said in _unknown_events(knowledge, getattr(kept, column) or ""):
                yield f"{kept.place}: {column}: {said}"
        if kept.setting not in settings:
            hint = did_you_mean(nearest(kept.setting, settings), "name one of complaint.csv")
            yield f"{kept.place}: setting: unknown setting {kept.setting!r}{hint}"
    for row in presentations_of(knowledge):
        for said in _unknown_events(knowledge, row.evidence, besides=AGE):
            yield f"{row.place}: evidence: {said}"


def _unknown_events(knowledge: Knowledge, text: str, besides: str | None = None) -> Iterator[str]:
    nodes = {node.id: node for node in knowledge.nodes}
    for part in filter(None, text.split(";")):
        name, _, said = part.partition("=")
        if name == besides:
            continue
        if name not in nodes:
            hint = did_you_mean(nearest(name[:64], nodes), "expected node=state")
            yield f"unknown node {name[:64]!r}{hint}"
            continue
        node = nodes[name]
        states = [*node.states, *(["responsible"] if node.kind == "cause" else [])]
        for state in said.split("|"):
            if state not in states:
                yield f"{name}: unknown state {state[:64]!r}; expected {', '.join(states)}"


def _uncited_sources(knowledge: Knowledge, claims: Claims) -> Iterator[str]:
    advice: tuple[Urgency | RedFlag | Guidance, ...]
    advice = (*knowledge.urgency, *knowledge.red_flags, *knowledge.guidance)
    citing: tuple[Figure | Urgency | RedFlag | Guidance, ...]
    citing = (*figures_of(knowledge), *advice)
    cited = set(itertools.chain.from_iterable(row.sources for row in citing))
    cited |= {claim.source for claim in claims.values()}
    if Cost.FILE in knowledge.supplements:
        cited |= {key for row in costs_of(knowledge).values() for key in row.sources}
    for key in sorted(knowledge.source_keys - cited):
        yield f"sources.bib:1: source {key!r} is cited by no row; remove it"


def _narrow_intervals(_: Knowledge, claims: Claims) -> Iterator[str]:
    for claim in claims.values():
        n, p = claim.denominator, claim.value
        if not is_proportion(claim) or n is None or claim.low is None or claim.high is None:
            continue
        width, expected = claim.high - claim.low, 2 * _Z * math.sqrt(p * (1 - p) / n)
        if width < _NARROW * expected:
            yield (
                f"{claim.place}: low: an interval of {width:.2g} is narrower than a sample of "
                f"{n:g} allows, about {expected:.2g}; check both"
            )


def _twice(_: Knowledge, claims: Claims) -> Iterator[str]:
    seen: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in claims.values():
        fields = ("source", "subject", "object", "measure", "value", "population", "definition")
        seen[tuple(getattr(claim, name) for name in fields)].append(claim)
    for first, *others in seen.values():
        for claim in others:
            yield f"{claim.place}: id: {claim.id} says what {first.id} says; keep one"


def _large_odds_ratios(knowledge: Knowledge, _: Claims) -> Iterator[str]:
    for row in knowledge.risk_factors:
        if row.value > _LARGE_ODDS_RATIO and row.grade != "elicited":
            yield f"{row.place}: value: an odds ratio of {row.value:g} is very large; check it"


_Check = Callable[[Knowledge, Claims], Iterator[str]]
_OF_CLAIMS: tuple[_Check, ...] = (_impossible_claims, _counts, _dangling_claims)
_OF_ROWS: tuple[_Check, ...] = (
    _underived,
    _dangling_searches,
    _presentation_causes,
    _dangling_events,
    _uncited_sources,
)
_SUSPICIONS: tuple[_Check, ...] = (_narrow_intervals, _twice, _large_odds_ratios)
