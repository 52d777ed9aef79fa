"""Do the tables of a priors folder fit together?"""

from __future__ import annotations

import graphlib
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import get_args

from legache.errors import did_you_mean, nearest
from legache.knowledge.codes import TERMINOLOGIES, cell_problems
from legache.knowledge.records import (
    Background,
    Figure,
    Guidance,
    Knowledge,
    Link,
    Node,
    Prevalence,
    RedFlag,
    Urgency,
    UrgencyLevel,
)

UNLISTED = "unlisted"
AGE_BAND = "age_band"
SEX = "sex"
_RESERVED = {"age", UNLISTED}
BINARY = ("absent", "present")
_LEVELS = get_args(UrgencyLevel)  # the most pressing first
_ROUNDING = 1e-12  # of a sum of decimals
_SHARE_TOLERANCE = 1e-6  # shares are printed with few digits, and must sum to 1


def problems_across_tables(knowledge: Knowledge) -> list[str]:
    """One line for each thing that no single row shows to be wrong.

    Checks of meaning run only when every id is known, so that one slip is
    reported once.
    """
    by_id = {node.id: node for node in knowledge.nodes}
    problems = [line for check in _IDENTITY for line in check(knowledge, by_id)]
    if problems:
        return problems
    return [line for check in _MEANING for line in check(knowledge, by_id)]


Nodes = dict[str, Node]
Check = Callable[[Knowledge, Nodes], Iterator[str]]


def _unknown_ids(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    cause = {node.id for node in nodes.values() if node.kind == "cause"}
    context = {node.id for node in nodes.values() if node.kind == "context"}
    shown = {node.id for node in nodes.values() if node.kind in {"finding", "test"}}
    advised = cause | {node.id for node in nodes.values() if node.group == "complaint"}
    references: list[tuple[Iterable[object], str, set[str], str]] = [
        (knowledge.prevalence, "node", cause | context, "cause or context"),
        (knowledge.risk_factors, "factor", cause | context, "cause or context"),
        (knowledge.risk_factors, "cause", cause, "cause"),
        (knowledge.links, "cause", cause, "cause"),
        (knowledge.links, "node", shown, "finding or test"),
        (knowledge.complaints, "cause", cause | {UNLISTED}, "cause"),
        (knowledge.background, "node", shown, "finding or test"),
        (knowledge.urgency, "cause", cause, "cause"),
        (knowledge.red_flags, "cause", advised, "cause or complaint"),
        (knowledge.red_flags, "node", context | shown, "context, finding or test"),
        (knowledge.guidance, "cause", advised, "cause or complaint"),
    ]
    for rows, column, valid, kind in references:
        for row in rows:
            name = getattr(row, column)
            if name not in valid:
                hint = did_you_mean(nearest(name, valid), "see nodes.csv")
                yield f"{row.place}: {column}: unknown {kind} {name!r}{hint}"  # type: ignore[attr-defined]
    for flag in knowledge.red_flags:
        for name in flag.together_with:
            if name not in context | shown:
                hint = did_you_mean(nearest(name, context | shown), "see nodes.csv")
                kind = "context, finding or test"
                yield f"{flag.place}: together_with: unknown {kind} {name[:64]!r}{hint}"


def _unknown_states(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    stated: tuple[Link | Background | RedFlag, ...]
    stated = (*knowledge.links, *knowledge.background, *knowledge.red_flags)
    for row in stated:
        node = nodes.get(row.node)
        if node is not None and row.state not in node.states[1:]:
            expected = " or ".join(node.states[1:])
            what = f"unknown state {row.state!r} of {node.id}"
            yield f"{row.place}: state: {what}; expected {expected}"
    bands = nodes[AGE_BAND].states if AGE_BAND in nodes else ()
    banded: tuple[Prevalence | Background, ...] = (*knowledge.prevalence, *knowledge.background)
    for figure in banded:
        if figure.age_band is not None and figure.age_band not in bands:
            hint = did_you_mean(nearest(figure.age_band, bands), f"expected {', '.join(bands)}")
            yield f"{figure.place}: age_band: unknown age band {figure.age_band!r}{hint}"


def _node_shapes(_: Knowledge, nodes: Nodes) -> Iterator[str]:
    for node in nodes.values():
        shown = node.kind in {"finding", "test"}
        if shown != (node.scope is not None):
            expected = "complaint or presence" if shown else "an empty cell"
            yield f"{node.place}: scope: {node.scope!r} for a {node.kind}; expected {expected}"
        if len(set(node.states)) != len(node.states):
            yield f"{node.place}: states: a state appears twice in {'|'.join(node.states)}"
        may_differ = shown or node.id in {AGE_BAND, SEX}
        if not may_differ and node.states != BINARY:
            yield f"{node.place}: states: {'|'.join(node.states)}; expected absent|present"
    for name in _RESERVED & nodes.keys():
        yield f"{nodes[name].place}: id: {name!r} has a meaning of its own; choose another"
    if AGE_BAND in nodes and not _are_age_bands(nodes[AGE_BAND].states):
        bands = "|".join(nodes[AGE_BAND].states)
        yield f"{nodes[AGE_BAND].place}: states: {bands}; expected age bands such as 18_39|40_plus"
    for name in (AGE_BAND, SEX):
        if name not in nodes or nodes[name].kind != "context":
            yield f"nodes.csv:1: no context {name!r}; add it"
    complaints = [node for node in nodes.values() if node.group == "complaint"]
    if len(complaints) != 1 or complaints[0].states != BINARY:
        yield "nodes.csv:1: expected exactly one binary finding of group 'complaint'"


def _are_age_bands(states: tuple[str, ...]) -> bool:
    """Tell whether bands follow each other without a gap, the last one open."""
    edges = [state.split("_") for state in states]
    if not all(len(edge) == 2 and edge[0].isdigit() for edge in edges):
        return False
    expected = [str(int(after[0]) - 1) for after in edges[1:]] + ["plus"]
    return [edge[1] for edge in edges] == expected and edges == sorted(
        edges, key=lambda edge: int(edge[0])
    )


def _codes(_: Knowledge, nodes: Nodes) -> Iterator[str]:
    for node in nodes.values():
        for system in TERMINOLOGIES:
            cell = getattr(node, system)
            for problem in cell_problems(system, cell) if cell else ():
                yield f"{node.place}: {system}: {problem}"


def _figures(knowledge: Knowledge) -> tuple[Figure, ...]:
    """Every row that holds a number."""
    return (
        *knowledge.prevalence,
        *knowledge.risk_factors,
        *knowledge.links,
        *knowledge.complaints,
        *knowledge.background,
    )


def _sources(knowledge: Knowledge, _: Nodes) -> Iterator[str]:
    advice: tuple[Urgency | RedFlag | Guidance, ...]
    advice = (*knowledge.urgency, *knowledge.red_flags, *knowledge.guidance)
    citing: tuple[Figure | Urgency | RedFlag | Guidance, ...] = (*_figures(knowledge), *advice)
    for row in citing:
        for key in row.sources:
            if key not in knowledge.source_keys:
                hint = did_you_mean(nearest(key, knowledge.source_keys), "add it to sources.bib")
                yield f"{row.place}: sources: unknown source {key[:64]!r}{hint}"


def _intervals(knowledge: Knowledge, _: Nodes) -> Iterator[str]:
    for row in _figures(knowledge):
        if row.low > row.value:
            yield f"{row.place}: low: {row.low:g} is above value {row.value:g}; correct the row"
        if row.high < row.value:
            yield f"{row.place}: high: {row.high:g} is below value {row.value:g}; correct the row"


def _prevalence_complete(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    rows = {(row.node, row.age_band, row.sex): row for row in knowledge.prevalence}
    bands, sexes = nodes[AGE_BAND].states, nodes[SEX].states
    expected: set[tuple[str, str | None, str | None]] = {(SEX, None, sex) for sex in sexes}
    for node in nodes.values():
        if node.kind in {"cause", "context"} and node.id != SEX:
            expected |= {(node.id, band, sex) for band in bands for sex in sexes}
    for key in sorted(expected - rows.keys(), key=str):
        yield f"prevalence.csv:1: no row for {_named(key)}; add it"
    for key in sorted(rows.keys() - expected, key=str):
        yield f"{rows[key].place}: no such stratum as {_named(key)}; give age band and sex"
    shares: dict[str, list[float]] = defaultdict(list)
    for row in knowledge.prevalence:
        if row.node in {AGE_BAND, SEX}:
            shares[f"{row.node} ({row.sex})" if row.node == AGE_BAND else SEX].append(row.value)
        if (row.incidence_per_1000_py is None) != (row.duration_days is None):
            yield f"{row.place}: duration_days: give both incidence and duration, or neither"
    for name, values in shares.items():
        if abs(math.fsum(values) - 1) > _SHARE_TOLERANCE:
            yield f"prevalence.csv:1: shares of {name} sum to {math.fsum(values):g}; expected 1"


def _links_complete(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    complaint = next(node.id for node in nodes.values() if node.group == "complaint")
    # what a cause does to the patient may all be done by another cause that it leads to
    linked_causes = {row.factor for row in knowledge.risk_factors}
    linked_nodes = {complaint}
    states: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    figures: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in knowledge.links:
        linked_causes.add(row.cause)
        linked_nodes.add(row.node)
        states[row.cause, row.node][row.state] = row.value
        figures[row.cause, row.node].add(row.figure)
        if len(figures[row.cause, row.node]) > 1:
            yield f"{row.place}: figure: {row.figure}, unlike the link's other states; use one"
        if row.node == complaint:
            yield f"{row.place}: node: {complaint} follows from complaint.csv; remove the row"
        if (row.lr_positive is None) != (row.lr_negative is None):
            yield f"{row.place}: lr_negative: give both likelihood ratios, or neither"
    for (cause, name), given in states.items():
        yield from _state_problems(f"links.csv:1: {cause} -> {name}", nodes[name], given)
    for node in nodes.values():
        if node.kind == "cause" and node.id not in linked_causes:
            yield f"links.csv:1: cause {node.id!r} has no link, and leads to no cause; add one"
        if node.kind in {"finding", "test"} and node.id not in linked_nodes:
            yield f"links.csv:1: {node.kind} {node.id!r} has no link; add one"


def _background_complete(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    given: dict[tuple[str, str], dict[str | None, dict[str, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for row in knowledge.background:
        given[row.node, row.given][row.age_band][row.state] = row.value
        if row.given == UNLISTED and nodes[row.node].scope != "complaint":
            yield f"{row.place}: given: an unlisted cause touches only findings of the complaint"
        if row.given == UNLISTED and row.age_band is not None:
            yield f"{row.place}: age_band: unlisted causes have one rate for all; leave it empty"
    for node in nodes.values():
        if node.kind not in {"finding", "test"} or node.group == "complaint":
            continue
        for kind in ("leak", UNLISTED) if node.scope == "complaint" else ("leak",):
            by_band = given.get((node.id, kind), {None: {}})
            bands = set(by_band)
            if bands not in ({None}, set(nodes[AGE_BAND].states)):
                yield f"background.csv:1: {node.id} ({kind}): give all ages, or every age band"
            for states in by_band.values():
                yield from _state_problems(f"background.csv:1: {node.id} ({kind})", node, states)


def _state_problems(what: str, node: Node, given: dict[str, float]) -> Iterator[str]:
    for state in node.states[1:]:
        if state not in given:
            yield f"{what}: no row for state {state!r}; add it"
    if math.fsum(given.values()) > 1 + _ROUNDING:
        yield f"{what}: states sum to {math.fsum(given.values()):g}; expected at most 1"


def _settings_complete(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    settings = {row.setting for row in knowledge.complaints}
    default = knowledge.package.default_setting
    if default not in settings:
        hint = did_you_mean(nearest(default, settings), "add it to complaint.csv")
        yield f"datapackage.json: unknown default_setting {default!r}{hint}"
    given = {(row.cause, row.setting) for row in knowledge.complaints}
    names = [node.id for node in nodes.values() if node.kind == "cause"] + [UNLISTED]
    for name in names:
        for setting in sorted(settings):
            if (name, setting) not in given:
                yield f"complaint.csv:1: no row for {name} in setting {setting!r}; add it"
    for row in knowledge.complaints:
        if row.measure == "probability" and row.high > 1:
            yield f"{row.place}: high: {row.high:g} is above 1; correct the row"


def _urgency_complete(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    given = {row.cause for row in knowledge.urgency}
    for node in nodes.values():
        if node.kind == "cause" and node.id not in given:
            yield f"urgency.csv:1: no row for {node.id}; add it"


def _red_flags_sensible(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    urgency = {row.cause: row.urgency for row in knowledge.urgency}
    for flag in knowledge.red_flags:
        for name in flag.together_with:
            if name == flag.node:
                yield f"{flag.place}: together_with: {name} is the flag itself; remove it"
            elif nodes[name].states != BINARY:
                states = "|".join(nodes[name].states)
                yield f"{flag.place}: together_with: {name} has {states}; expected absent|present"
        least = urgency.get(flag.cause, flag.urgency)
        if _LEVELS.index(flag.urgency) > _LEVELS.index(least):
            what = f"{flag.urgency} is less pressing than {flag.cause} itself ({least})"
            yield f"{flag.place}: urgency: {what}; correct one"


def _cycles(knowledge: Knowledge, nodes: Nodes) -> Iterator[str]:
    parents: dict[str, set[str]] = defaultdict(set)
    for row in knowledge.risk_factors:
        if nodes[row.factor].kind == "cause":
            parents[row.cause].add(row.factor)
        elif row.factor in {AGE_BAND, SEX}:
            yield f"{row.place}: factor: {row.factor} belongs in prevalence.csv; remove the row"
    try:
        graphlib.TopologicalSorter(parents).prepare()
    except graphlib.CycleError as error:
        cycle = list(reversed(error.args[1]))
        edges = list(itertools.pairwise(cycle))
        row = next(row for row in knowledge.risk_factors if (row.factor, row.cause) in edges)
        yield f"{row.place}: cause: cycle {' -> '.join(cycle)}; remove one of these edges"


def _named(key: tuple[str | None, ...]) -> str:
    return ", ".join(part for part in key if part is not None)


_IDENTITY: tuple[Check, ...] = (_node_shapes, _unknown_ids, _unknown_states, _sources, _intervals)
_MEANING: tuple[Check, ...] = (
    _codes,
    _prevalence_complete,
    _links_complete,
    _background_complete,
    _settings_complete,
    _urgency_complete,
    _red_flags_sensible,
    _cycles,
)
