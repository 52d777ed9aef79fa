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
from legache.knowledge.records import Complaint, Knowledge, Link, Prevalence
from legache.network.conversions import (
    marginal_preserving_intercept,
    rates_from_likelihood_ratios,
    week_prevalence,
    weekly_link,
)
from legache.network.figures import Figures, published_figures
from legache.network.findings import FlooredLink, Floors, finding_numbers
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
class Built:
    """The network in each setting, and the links that noisy-MAX cannot express."""

    networks: Mapping[str, NoisyMaxNetwork]
    floored: tuple[FlooredLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Converted:
    """Numbers of the network that published figures stand for.

    With draws, every array has a leading axis for them; the arrays of `causes` keep the draws
    and strata of an intercept in one axis, and have a row of log odds for each of both.

    Attributes
    ----------
    strata : tuple of (age band, sex)
    share : shape (..., n_strata)
    context_ids, context_probability : shape (..., n_strata, n_contexts)
    causes
        Without their link to the complaint.
    prevalence : mapping of cause to shape (...)
        In the whole population.
    findings
    floors
        Links that are published as rarer with their cause than without.
    """

    strata: tuple[tuple[str, str], ...]
    share: FloatArray
    context_ids: tuple[str, ...]
    context_probability: FloatArray
    causes: tuple[Cause, ...]
    prevalence: Mapping[str, FloatArray]
    findings: tuple[Finding, ...]
    floors: tuple[Floors, ...]


def build(knowledge: Knowledge) -> Built:
    """Convert the published figures, and assemble the network of every setting.

    Raises
    ------
    KnowledgeError
        With file and line: a figure that disagrees with what it is derived
        from, or visits that no prevalence can explain.
    """
    _refuse_disagreements(knowledge)
    figures = published_figures(knowledge)
    found = converted(knowledge, figures)
    links = complaint_links(knowledge, figures, found.prevalence)
    networks = {setting: _network(found, rates) for setting, rates in links.items()}
    return Built(networks, tuple(_floored_link(floors) for floors in found.floors))


def _floored_link(floors: Floors) -> FlooredLink:
    return FlooredLink(floors.cause, floors.node, float(floors.rate), float(floors.background))


def _network(found: Converted, rates: Mapping[str, FloatArray]) -> NoisyMaxNetwork:
    return NoisyMaxNetwork(
        root_ids=ROOTS,
        strata=found.strata,
        stratum_share=found.share,
        context_ids=found.context_ids,
        context_probability=found.context_probability,
        causes=tuple(replace(c, responsible=float(rates[c.id])) for c in found.causes),
        findings=found.findings,
        unlisted=float(rates[UNLISTED]),
    )


def converted(knowledge: Knowledge, figures: Figures) -> Converted:
    """Convert figures, printed or drawn, to the numbers that all settings have in common."""
    strata = strata_of(knowledge)
    share = stratum_share(knowledge, figures, strata)
    prevalence = prevalence_by_stratum(knowledge, figures, strata)
    context_ids = tuple(
        node.id for node in knowledge.nodes if node.kind == "context" and node.id not in ROOTS
    )
    columns = [prevalence[name] for name in context_ids]
    context_probability = np.stack(columns, axis=-1) if columns else np.zeros((*share.shape, 0))
    causes = _causes(knowledge, figures, context_ids, context_probability, prevalence)
    findings, floors = finding_numbers(knowledge, figures, strata=strata, share=share)
    return Converted(
        strata=strata,
        share=share,
        context_ids=context_ids,
        context_probability=context_probability,
        causes=tuple(causes),
        prevalence={
            cause.id: np.asarray(np.vecdot(share, prevalence[cause.id])) for cause in causes
        },
        findings=tuple(findings),
        floors=tuple(floors),
    )


def _refuse_disagreements(knowledge: Knowledge) -> None:
    """Refuse figures that are printed beside what they follow from, and differ."""
    for row in knowledge.prevalence:
        if row.incidence_per_1000_py is not None and row.duration_days is not None:
            derived = week_prevalence(row.incidence_per_1000_py, row.duration_days)
            _refuse_disagreement(row, derived, "incidence x (duration + 7 days)")
    for link in knowledge.links:
        _check_likelihood_ratios(link)


def _states(knowledge: Knowledge, name: str) -> tuple[str, ...]:
    return next(node.states for node in knowledge.nodes if node.id == name)


def strata_of(knowledge: Knowledge) -> tuple[tuple[str, str], ...]:
    """Age band and sex of each stratum, in the order of all arrays."""
    bands, sexes = (_states(knowledge, root) for root in ROOTS)
    return tuple(itertools.product(bands, sexes))


def prevalence_by_stratum(
    knowledge: Knowledge, figures: Figures, strata: tuple[tuple[str, str], ...]
) -> dict[str, FloatArray]:
    """Prevalence of each cause and context: shape (..., n_strata)."""
    place = {stratum: index for index, stratum in enumerate(strata)}
    shape = (*figures.lanes, len(strata))
    table: dict[str, FloatArray] = defaultdict(lambda: np.zeros(shape))
    for index, row in enumerate(knowledge.prevalence):
        if row.age_band is not None and row.sex is not None:
            table[row.node][..., place[row.age_band, row.sex]] = figures.prevalence[..., index]
    return table


def _refuse_disagreement(row: Prevalence | Link, derived: float, what: str) -> None:
    if abs(row.value - derived) > _ROUNDING * derived:
        message = f"{row.place}: value: {row.value:g} disagrees with {what} = {derived:.4g}"
        raise KnowledgeError(message)


def stratum_share(
    knowledge: Knowledge, figures: Figures, strata: tuple[tuple[str, str], ...]
) -> FloatArray:
    """Share of adults in each stratum, scaled to a sum of 1: shape (..., n_strata)."""
    of_sex: dict[str | None, FloatArray] = {}
    of_band: dict[tuple[str | None, str | None], FloatArray] = {}
    for index, row in enumerate(knowledge.prevalence):
        if row.node == SEX:
            of_sex[row.sex] = figures.prevalence[..., index]
        elif row.node == AGE_BAND:
            of_band[row.age_band, row.sex] = figures.prevalence[..., index]
    share = np.stack([of_sex[sex] * of_band[band, sex] for band, sex in strata], axis=-1)
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def _causes(
    knowledge: Knowledge,
    figures: Figures,
    context_ids: tuple[str, ...],
    context_probability: FloatArray,
    prevalence: Mapping[str, FloatArray],
) -> list[Cause]:
    """Causes with their intercepts, solved parents first; `responsible` is filled per setting."""
    cause_ids = [node.id for node in knowledge.nodes if node.kind == "cause"]
    context_place = {name: index for index, name in enumerate(context_ids)}
    cause_place = {name: index for index, name in enumerate(cause_ids)}
    # strata of different draws are as independent as strata of one draw
    context_probability = context_probability.reshape(-1, len(context_ids))
    log_ratios = np.log(figures.risk_factors)
    if figures.lanes:
        n_strata = len(context_probability) // figures.lanes[0]
        log_ratios = np.repeat(log_ratios, n_strata, axis=0)
    factors: dict[str, dict[str, FloatArray]] = {name: {} for name in cause_ids}
    for index, row in enumerate(knowledge.risk_factors):
        factors[row.cause][row.factor] = log_ratios[..., index]
    solved: dict[str, Cause] = {}
    parents = {name: [f for f in factors[name] if f in cause_place] for name in cause_ids}
    for name in TopologicalSorter(parents).static_order():
        contexts = [factor for factor in factors[name] if factor in context_place]
        marginal = prevalence[name].ravel()
        cause = Cause(
            id=name,
            intercept=np.zeros_like(marginal),
            contexts=np.array([context_place[factor] for factor in contexts], dtype=np.intp),
            context_log_odds=_stacked([factors[name][f] for f in contexts], log_ratios),
            causes=np.array([cause_place[factor] for factor in parents[name]], dtype=np.intp),
            cause_log_odds=_stacked([factors[name][f] for f in parents[name]], log_ratios),
            responsible=0.0,
        )
        by_place = {cause_place[other]: record for other, record in solved.items()}
        weights = parent_distribution(cause, by_place, context_probability)
        log_odds = total_log_odds(cause)
        intercept = marginal_preserving_intercept(marginal, log_odds, weights)
        solved[name] = replace(cause, intercept=intercept)
    return [solved[name] for name in cause_ids]


def _stacked(columns: list[FloatArray], like: FloatArray) -> FloatArray:
    return np.stack(columns, axis=-1) if columns else np.zeros((*like.shape[:-1], 0))


def total_log_odds(cause: Cause) -> FloatArray:
    """What each joint state of a cause's parents adds; the last parent varies fastest."""
    total = np.zeros((*cause.context_log_odds.shape[:-1], 1))
    for added in _added(cause):
        total = (total[..., :, None] + added.T[..., None, :]).reshape(*total.shape[:-1], -1)
    return total


def _added(cause: Cause) -> list[FloatArray]:
    """What the two states of each parent add: shape (2,), or (2, n_strata)."""
    columns = [*cause.context_log_odds.T, *cause.cause_log_odds.T]
    return [np.stack([np.zeros_like(odds), odds]) for odds in columns]


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
    added = _added(cause)
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


def _check_likelihood_ratios(row: Link) -> None:
    if row.lr_positive is None or row.lr_negative is None:
        return
    try:
        sensitivity, _ = rates_from_likelihood_ratios(row.lr_positive, row.lr_negative)
    except NetworkError as error:
        message = f"{row.place}: lr_positive: {error}"
        raise KnowledgeError(message) from error
    _refuse_disagreement(row, sensitivity, "the sensitivity of its likelihood ratios")


def complaint_links(
    knowledge: Knowledge, figures: Figures, prevalence: Mapping[str, FloatArray]
) -> dict[str, dict[str, FloatArray]]:
    """P(responsible | cause) and the rate of *unlisted*, by setting: shapes (...).

    Parameters
    ----------
    knowledge, figures
    prevalence : mapping of cause to shape (...)
        In the whole population.
    """
    links: dict[str, dict[str, FloatArray]] = defaultdict(dict)
    for index, row in enumerate(knowledge.complaints):
        value = figures.complaints[..., index]
        links[row.setting][row.cause] = _complaint_link(row, value, prevalence)
    return dict(sorted(links.items()))


def _complaint_link(
    row: Complaint, value: FloatArray, prevalence: Mapping[str, FloatArray]
) -> FloatArray:
    if row.measure == "probability":
        return value
    present = np.ones_like(value) if row.cause == UNLISTED else prevalence[row.cause]
    try:
        return weekly_link(value, present)
    except NetworkError as error:
        message = f"{row.place}: value: {row.cause}: {error}"
        raise KnowledgeError(message) from error
