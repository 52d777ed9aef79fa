"""Which network do the records of a priors folder describe?"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from legache.errors import KnowledgeError, NetworkError
from legache.knowledge.checks import AGE_BAND, SEX, UNLISTED
from legache.knowledge.records import Background, Complaint, Knowledge, Link, Node, Prevalence
from legache.network.conversions import (
    link_strengths,
    marginal_preserving_intercept,
    rates_from_likelihood_ratios,
    week_prevalence,
    weekly_link,
)
from legache.network.structure import (
    Cause,
    Finding,
    FloatArray,
    NoisyMaxNetwork,
    cause_probability,
)

ROOTS = (AGE_BAND, SEX)
# a derived figure may be printed with three significant digits
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class FlooredLink:
    """A link whose published rate is below the background, and whose strength is therefore 0.

    Attributes
    ----------
    rate, background
        Probability of a state above the first, published and without the cause.
    """

    cause: str
    node: str
    rate: float
    background: float


@dataclass(frozen=True, slots=True)
class Built:
    """The network in each setting, and the links that noisy-MAX cannot express."""

    networks: Mapping[str, NoisyMaxNetwork]
    floored: tuple[FlooredLink, ...]


@dataclass(frozen=True, slots=True)
class _Population:
    """Strata by age band and sex, and the share of adults in each."""

    strata: tuple[tuple[str, str], ...]
    share: FloatArray


def build(knowledge: Knowledge) -> Built:
    """Convert the published figures, and assemble the network of every setting.

    Raises
    ------
    KnowledgeError
        With file and line: a figure that disagrees with what it is derived
        from, or visits that no prevalence can explain.
    """
    population = _population(knowledge)
    strata, share = population.strata, population.share
    prevalence = _prevalence(knowledge, strata)
    context_ids = tuple(
        node.id for node in knowledge.nodes if node.kind == "context" and node.id not in ROOTS
    )
    context_probability = _columns(prevalence, context_ids, len(strata))
    causes = _causes(knowledge, context_ids, context_probability, prevalence)
    findings, floored = _findings(knowledge, population, [cause.id for cause in causes])
    links = _complaint_links(knowledge, {c.id: float(share @ prevalence[c.id]) for c in causes})
    networks = {
        setting: NoisyMaxNetwork(
            root_ids=ROOTS,
            strata=strata,
            stratum_share=share,
            context_ids=context_ids,
            context_probability=context_probability,
            causes=tuple(replace(cause, responsible=rates[cause.id]) for cause in causes),
            findings=tuple(findings),
            unlisted=rates[UNLISTED],
        )
        for setting, rates in links.items()
    }
    return Built(networks, tuple(floored))


def _states(knowledge: Knowledge, name: str) -> tuple[str, ...]:
    return next(node.states for node in knowledge.nodes if node.id == name)


def _prevalence(knowledge: Knowledge, strata: tuple[tuple[str, str], ...]) -> dict[str, FloatArray]:
    """Prevalence of each cause and context by stratum."""
    place = {stratum: index for index, stratum in enumerate(strata)}
    table: dict[str, FloatArray] = defaultdict(lambda: np.zeros(len(strata)))
    for row in knowledge.prevalence:
        if row.age_band is not None and row.sex is not None:
            table[row.node][place[row.age_band, row.sex]] = _checked_prevalence(row)
    return table


def _checked_prevalence(row: Prevalence) -> float:
    if row.incidence_per_1000_py is not None and row.duration_days is not None:
        derived = week_prevalence(row.incidence_per_1000_py, row.duration_days)
        _refuse_disagreement(row, derived, "incidence x (duration + 7 days)")
    return row.value


def _refuse_disagreement(row: Prevalence | Link, derived: float, what: str) -> None:
    if abs(row.value - derived) > _ROUNDING * derived:
        message = f"{row.place}: value: {row.value:g} disagrees with {what} = {derived:.4g}"
        raise KnowledgeError(message)


def _population(knowledge: Knowledge) -> _Population:
    bands, sexes = (_states(knowledge, root) for root in ROOTS)
    strata = tuple(itertools.product(bands, sexes))
    of_sex: dict[str | None, float] = {
        row.sex: row.value for row in knowledge.prevalence if row.node == ROOTS[1]
    }
    of_band: dict[tuple[str | None, str | None], float] = {
        (row.age_band, row.sex): row.value for row in knowledge.prevalence if row.node == ROOTS[0]
    }
    share = np.array([of_sex[sex] * of_band[band, sex] for band, sex in strata])
    return _Population(strata, share / share.sum())


def _columns(table: Mapping[str, FloatArray], names: tuple[str, ...], n_strata: int) -> FloatArray:
    return np.array([table[name] for name in names]).reshape(len(names), n_strata).T


def _causes(
    knowledge: Knowledge,
    context_ids: tuple[str, ...],
    context_probability: FloatArray,
    prevalence: Mapping[str, FloatArray],
) -> list[Cause]:
    """Causes with their intercepts, solved parents first; `responsible` is filled per setting."""
    cause_ids = [node.id for node in knowledge.nodes if node.kind == "cause"]
    context_place = {name: index for index, name in enumerate(context_ids)}
    cause_place = {name: index for index, name in enumerate(cause_ids)}
    factors: dict[str, dict[str, float]] = {name: {} for name in cause_ids}
    for row in knowledge.risk_factors:
        factors[row.cause][row.factor] = float(np.log(row.value))
    solved: dict[str, Cause] = {}
    parents = {name: [f for f in factors[name] if f in cause_place] for name in cause_ids}
    for name in TopologicalSorter(parents).static_order():
        contexts = [factor for factor in factors[name] if factor in context_place]
        cause = Cause(
            id=name,
            intercept=np.zeros_like(prevalence[name]),
            contexts=np.array([context_place[factor] for factor in contexts], dtype=np.intp),
            context_log_odds=np.array([factors[name][factor] for factor in contexts]),
            causes=np.array([cause_place[factor] for factor in parents[name]], dtype=np.intp),
            cause_log_odds=np.array([factors[name][factor] for factor in parents[name]]),
            responsible=0.0,
        )
        by_place = {cause_place[other]: record for other, record in solved.items()}
        weights = parent_distribution(cause, by_place, context_probability)
        log_odds = total_log_odds(cause)
        intercept = marginal_preserving_intercept(prevalence[name], log_odds, weights)
        solved[name] = replace(cause, intercept=intercept)
    return [solved[name] for name in cause_ids]


def total_log_odds(cause: Cause) -> FloatArray:
    """What each joint state of a cause's parents adds; the last parent varies fastest."""
    total = np.zeros(1)
    for added in (*cause.context_log_odds, *cause.cause_log_odds):
        total = (total[:, None] + np.array([0.0, added])).ravel()
    return total


def parent_distribution(
    cause: Cause, causes: Mapping[int, Cause], context_probability: FloatArray
) -> FloatArray:
    """P(joint state of a cause's parents) in each stratum, shared ancestors included.

    Parameters
    ----------
    cause
        Only its parents are used.
    causes
        At least the ancestors of `cause`, by index.
    context_probability : shape (n_strata, n_contexts)

    Returns
    -------
    shape (n_strata, 2 ** n_parents)
        Parent contexts first, then parent causes; the last varies fastest.
    """
    ancestors = _ancestors(cause, causes)
    contexts = set(cause.contexts.tolist())
    for index in ancestors:
        contexts.update(causes[index].contexts.tolist())
    axis = {("context", index): number for number, index in enumerate(sorted(contexts), start=1)}
    for index in ancestors:
        axis["cause", index] = len(axis) + 1
    operands: list[Any] = [np.ones(context_probability.shape[0]), [0]]
    for index in sorted(contexts):
        present = context_probability[:, index]
        operands += [np.stack([1 - present, present], axis=1), [0, axis["context", index]]]
    for index in ancestors:
        operands += [*_cause_table(causes[index], index, axis)]
    parents = [axis["context", index] for index in cause.contexts.tolist()]
    parents += [axis["cause", index] for index in cause.causes.tolist()]
    joint = np.einsum(*operands, [0, *parents], optimize="greedy")
    return np.asarray(joint, dtype=np.float64).reshape(context_probability.shape[0], -1)


def _cause_table(
    cause: Cause, index: int, axis: Mapping[tuple[str, int], int]
) -> tuple[FloatArray, list[int]]:
    """P(cause | parents) as an einsum operand: axes (cause, parents..., stratum)."""
    added = [np.array([0.0, odds]) for odds in (*cause.context_log_odds, *cause.cause_log_odds)]
    present = cause_probability(cause.intercept, added, len(added))
    absent = cause_probability(-cause.intercept, [-odds for odds in added], len(added))
    axes = [axis["cause", index]]
    axes += [axis["context", parent] for parent in cause.contexts.tolist()]
    axes += [axis["cause", parent] for parent in cause.causes.tolist()]
    return np.stack([absent, present]), [*axes, 0]


def _ancestors(cause: Cause, causes: Mapping[int, Cause]) -> list[int]:
    found: set[int] = set()
    waiting = cause.causes.tolist()
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting += causes[index].causes.tolist()
    return sorted(found)


def _findings(
    knowledge: Knowledge, population: _Population, cause_ids: list[str]
) -> tuple[list[Finding], list[FlooredLink]]:
    links: dict[str, dict[str, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in knowledge.links:
        links[link.node][link.cause].append(link)
    backgrounds: dict[str, list[Background]] = defaultdict(list)
    for background in knowledge.background:
        backgrounds[background.node].append(background)
    floored: list[FlooredLink] = []
    findings = []
    for node in knowledge.nodes:
        if node.group == "complaint":
            findings.append(_complaint(node, len(population.strata), len(cause_ids)))
        elif node.kind in {"finding", "test"}:
            leak, unlisted = _background(node, backgrounds[node.id], population)
            average = population.share @ leak
            strengths = {c: _strengths(links[node.id][c], node, average) for c in links[node.id]}
            from_unlisted, is_floored = _unlisted_strengths(backgrounds[node.id], unlisted, average)
            findings.append(
                Finding(
                    id=node.id,
                    states=node.states,
                    hangs_on_responsible=node.scope == "complaint",
                    causes=np.array([cause_ids.index(c) for c in strengths], dtype=np.intp),
                    strengths=np.array([strength for strength, _ in strengths.values()]),
                    leak=leak,
                    unlisted=from_unlisted,
                )
            )
            rates = {c: sum(row.value for row in links[node.id][c]) for c in strengths}
            below = [c for c, (_, is_below) in strengths.items() if is_below]
            if is_floored:
                rates[UNLISTED] = float(unlisted.sum())
                below.append(UNLISTED)
            floored += [FlooredLink(c, node.id, rates[c], float(average.sum())) for c in below]
    return findings, floored


def _complaint(node: Node, n_strata: int, n_causes: int) -> Finding:
    """Build the plain OR of everything that is responsible."""
    return Finding(
        id=node.id,
        states=node.states,
        hangs_on_responsible=True,
        causes=np.arange(n_causes),
        strengths=np.ones((n_causes, 1)),
        leak=np.zeros((n_strata, 1)),
        unlisted=np.ones(1),
    )


def _background(
    node: Node, rows: list[Background], population: _Population
) -> tuple[FloatArray, FloatArray]:
    """Leak by stratum, and published rates when only an unlisted cause is responsible."""
    above = node.states[1:]
    leak, unlisted = np.zeros((len(population.strata), len(above))), np.zeros(len(above))
    for row in rows:
        if row.given == UNLISTED:
            unlisted[above.index(row.state)] = row.value
        else:
            chosen = [row.age_band in {None, band} for band, _ in population.strata]
            leak[chosen, above.index(row.state)] = row.value
    return leak, unlisted


def _strengths(rows: list[Link], node: Node, leak: FloatArray) -> tuple[FloatArray, bool]:
    published = np.zeros(leak.size)
    for row in rows:
        _check_likelihood_ratios(row)
        published[node.states.index(row.state) - 1] = row.value
    if rows[0].figure == "net":
        return published, False
    try:
        return link_strengths(published, leak)
    except NetworkError as error:
        message = f"{rows[0].place}: value: {error}"
        raise KnowledgeError(message) from error


def _check_likelihood_ratios(row: Link) -> None:
    if row.lr_positive is None or row.lr_negative is None:
        return
    try:
        sensitivity, _ = rates_from_likelihood_ratios(row.lr_positive, row.lr_negative)
    except NetworkError as error:
        message = f"{row.place}: lr_positive: {error}"
        raise KnowledgeError(message) from error
    _refuse_disagreement(row, sensitivity, "the sensitivity of its likelihood ratios")


def _unlisted_strengths(
    rows: list[Background], published: FloatArray, leak: FloatArray
) -> tuple[FloatArray, bool]:
    place = next((row.place for row in rows if row.given == UNLISTED), None)
    if place is None:
        return published, False
    try:
        return link_strengths(published, leak)
    except NetworkError as error:
        message = f"{place}: value: {error}"
        raise KnowledgeError(message) from error


def _complaint_links(
    knowledge: Knowledge, prevalence: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """P(responsible | cause) and the rate of *unlisted*, by setting."""
    links: dict[str, dict[str, float]] = defaultdict(dict)
    for row in knowledge.complaints:
        links[row.setting][row.cause] = _complaint_link(row, prevalence)
    return dict(sorted(links.items()))


def _complaint_link(row: Complaint, prevalence: Mapping[str, float]) -> float:
    if row.measure == "probability":
        return row.value
    try:
        return weekly_link(row.value, 1.0 if row.cause == UNLISTED else prevalence[row.cause])
    except NetworkError as error:
        message = f"{row.place}: value: {row.cause}: {error}"
        raise KnowledgeError(message) from error
