"""What can be worked out from a network before any patient is seen?

Each state of each finding is an *outcome*.  For an outcome to be seen, no link
may reach higher, which is a factor of each cause alone, and something must
reach it: a cause, *unlisted* or the leak.  What must be reached costs a bit,
*explained*, unless the outcome is of a simpler kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from legache.inference.dense.order import Layout, layout, processing_order
from legache.network.structure import Finding, FloatArray, IndexArray, NoisyMaxNetwork

IMPOSSIBLE = -1e300  # the logarithm of zero, such that 0 x log 0 is 0 and sums stay finite

FACTOR, COMPLAINT, FOLDED, BY_PRESENCE, BY_RESPONSIBLE = range(5)
"""Outcomes that no cause brings, that every responsible cause brings for certain, that a single
cause brings; and those that cost a bit, because present or responsible causes may bring them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseTables:
    """Arrays of a network; after all outcomes there is one that says nothing.

    Attributes
    ----------
    node_ids, n_states : of length n_nodes
        Of each column of the codes.
    stratum_codes : shape (n_strata, n_roots)
    log_share : shape (n_strata,)
    log_context : shape (2, n_strata, n_contexts)
        Absent and present.
    context_matters : shape (n_contexts,)
        Whether any cause depends on it.
    context_log_odds : shape (n_contexts, n_causes)
    intercept : shape (n_strata, n_causes)
    responsible : shape (2, n_causes)
        Probability that a cause, once present, is silent, and that it is responsible.
    log_unlisted : shape (2,)
        Of *unlisted*, false and true.
    first_outcome : shape (n_findings,)
        Outcome that is the lowest state of each finding.
    kind : shape (n_outcomes,)
    log_factor : shape (n_outcomes, 2 n_causes + 4 n_strata)
        What an outcome multiplies: present causes, responsible causes, then the whole, by
        whether any cause is responsible, by *unlisted* and by stratum.
    links : shape (2, n_outcomes, n_causes)
        Probability that a link stays below the outcome, and that it reaches it, both given that
        it is not above.
    rest : shape (n_outcomes, n_strata, 2, 2)
        Probability of what else the outcome needs, by *unlisted* and by whether a cause reached it.
    folded_cause : shape (n_outcomes,)
    folded : shape (n_outcomes, n_strata, 3)
        What a folded outcome multiplies each state of its cause by.
    layouts
        Without and with bits that hang on presence; empty if they would have too many lanes.
    """

    node_ids: tuple[str, ...]
    n_states: IndexArray
    stratum_codes: NDArray[np.int8]
    log_share: FloatArray
    log_context: FloatArray
    context_matters: NDArray[np.bool_]
    context_log_odds: FloatArray
    intercept: FloatArray
    responsible: FloatArray
    log_unlisted: FloatArray
    first_outcome: IndexArray
    kind: IndexArray
    log_factor: FloatArray
    links: FloatArray
    rest: FloatArray
    folded_cause: IndexArray
    folded: FloatArray
    layouts: tuple[Layout, ...]

    @property
    def nothing(self) -> int:
        """The outcome that says nothing."""
        return self.kind.size - 1


@lru_cache(maxsize=16)
def dense_tables(network: NoisyMaxNetwork) -> DenseTables:
    """Work out the tables of a network, once."""
    outcomes = [
        _outcome(network, finding, state)
        for finding in network.findings
        for state in range(len(finding.states))
    ]
    outcomes.append(_nothing(network))
    causes, findings = network.causes, network.findings
    contexts = network.context_probability
    responsible = np.array([cause.responsible for cause in causes])
    stratum_codes = _stratum_codes(network)
    context_log_odds = _context_log_odds(network)
    n_finding_states = [len(finding.states) for finding in findings]
    n_binary = len(network.context_ids) + len(causes)
    n_root_states = (stratum_codes.max(axis=0) + 1).tolist()
    cause_ids, finding_ids = [each.id for each in causes], [each.id for each in findings]
    return DenseTables(
        node_ids=(*network.root_ids, *network.context_ids, *cause_ids, *finding_ids),
        n_states=np.array([*n_root_states, *[2] * n_binary, *n_finding_states]),
        stratum_codes=stratum_codes,
        log_share=_log(network.stratum_share),
        log_context=_log(np.stack([1 - contexts, contexts])),
        context_matters=_context_matters(network),
        context_log_odds=context_log_odds,
        intercept=np.array([cause.intercept for cause in causes]).reshape(-1, len(contexts)).T,
        responsible=np.stack([1 - responsible, responsible]),
        log_unlisted=_log(np.array([1 - network.unlisted, network.unlisted])),
        first_outcome=np.cumsum([0, *n_finding_states])[:-1],
        kind=np.array([outcome.kind for outcome in outcomes]),
        log_factor=np.stack([_log_factor(outcome) for outcome in outcomes]),
        links=np.stack([outcome.links for outcome in outcomes], axis=1),
        rest=np.stack([outcome.rest for outcome in outcomes]),
        folded_cause=np.array([outcome.folded_cause for outcome in outcomes]),
        folded=np.stack([outcome.folded for outcome in outcomes]),
        layouts=_layouts(network, outcomes),
    )


def support(tables: DenseTables) -> DenseTables:
    """Tables that rule out the same states, and in which nothing else is small."""
    return replace(
        tables,
        log_share=_blunt_log(tables.log_share),
        log_context=_blunt_log(tables.log_context),
        context_log_odds=np.zeros_like(tables.context_log_odds),
        intercept=np.where(np.isfinite(tables.intercept), 0.0, tables.intercept),
        responsible=_blunt(tables.responsible),
        log_unlisted=_blunt_log(tables.log_unlisted),
        log_factor=_blunt_log(tables.log_factor),
        links=_blunt(tables.links),
        rest=_blunt(tables.rest),
        folded=_blunt(tables.folded),
        layouts=tuple(map(Layout.without_log_odds, tables.layouts)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Outcome:
    """One state of one finding; shapes as in the tables, but for the axis of outcomes.

    Attributes
    ----------
    not_above : shape (2, n_causes)
        Probability that the link of a present, and of a responsible cause reaches no higher.
    """

    kind: int
    not_above: FloatArray
    links: FloatArray
    rest: FloatArray
    folded_cause: int
    folded: FloatArray


def _nothing(network: NoisyMaxNetwork) -> _Outcome:
    n_causes, n_strata = len(network.causes), len(network.strata)
    return _Outcome(
        kind=FACTOR,
        not_above=np.ones((2, n_causes)),
        links=np.repeat([[1.0], [0.0]], n_causes, axis=1),
        rest=np.ones((n_strata, 2, 2)),
        folded_cause=0,
        folded=np.ones((n_strata, 3)),
    )


def _outcome(network: NoisyMaxNetwork, finding: Finding, state: int) -> _Outcome:
    nothing = _nothing(network)
    below, at = _below_and_at(finding.strengths, state)
    up_to = below + at
    not_above, links = nothing.not_above.copy(), nothing.links.copy()
    not_above[int(finding.hangs_on_responsible), finding.causes] = up_to
    if state > 0:
        is_possible = up_to > 0
        links[0, finding.causes] = np.where(is_possible, below, 1.0) / np.where(
            is_possible, up_to, 1.0
        )
        links[1, finding.causes] = at / np.where(is_possible, up_to, 1.0)
    kind = _kind(network, finding, links[1])
    outcome = replace(
        nothing, kind=kind, not_above=not_above, links=links, rest=_rest(finding, state)
    )
    return _fold(outcome) if _can_fold(outcome) else outcome


def _kind(network: NoisyMaxNetwork, finding: Finding, reached: FloatArray) -> int:
    if not reached.any():
        return FACTOR
    if not finding.hangs_on_responsible:
        return BY_PRESENCE
    may_complain = np.array([cause.responsible > 0 for cause in network.causes])
    return COMPLAINT if np.all(reached[may_complain] == 1.0) else BY_RESPONSIBLE


def _can_fold(outcome: _Outcome) -> bool:
    """Tell whether one cause alone decides, whatever *unlisted* does."""
    is_alike = np.array_equal(outcome.rest[:, 0], outcome.rest[:, 1])
    costs_bit = outcome.kind in {BY_PRESENCE, BY_RESPONSIBLE}
    return costs_bit and is_alike and np.count_nonzero(outcome.links[1]) == 1


def _fold(outcome: _Outcome) -> _Outcome:
    """Average an outcome over its only link: what is left concerns that cause alone."""
    place = int(np.flatnonzero(outcome.links[1])[0])
    missing, explained = outcome.rest[:, 0, 0], outcome.rest[:, 0, 1]
    shown = outcome.links[0, place] * missing + outcome.links[1, place] * explained
    silent = shown if outcome.kind == BY_PRESENCE else missing
    folded = np.stack([missing, silent, shown], axis=1)
    return replace(outcome, kind=FOLDED, folded_cause=place, folded=folded)


def _rest(finding: Finding, state: int) -> FloatArray:
    """Probability that leak and *unlisted* reach the state, and that they reach no higher.

    Shape (n_strata, 2, 2), by *unlisted* and by whether a cause has reached the state.
    """
    leak_below, leak_at = _below_and_at(finding.leak, state)
    below, at = (float(part[0]) for part in _below_and_at(finding.unlisted[None, :], state))
    leak = leak_below + leak_at
    without = np.stack([leak_at, leak], axis=1)
    with_unlisted = np.stack(
        [leak_at * (below + at) + leak_below * at, leak * (below + at)], axis=1
    )
    return np.stack([without, with_unlisted], axis=1)


def _below_and_at(above: FloatArray, state: int) -> tuple[FloatArray, FloatArray]:
    """P(below the state) and P(state), from the probabilities of the states above the first."""
    if state == 0:
        return np.zeros(len(above)), _up_to(above, 0)
    return _up_to(above, state - 1), above[:, state - 1]


def _up_to(above: FloatArray, state: int) -> FloatArray:
    # correctly rounded, so that a small rest keeps its digits; a sum of 1 may round above it
    return np.array([max(math.fsum((1.0, *-row[state:])), 0.0) for row in above], dtype=np.float64)


def _log_factor(outcome: _Outcome) -> FloatArray:
    """Logarithms of what an outcome multiplies, in one row."""
    nobody = someone = np.ones_like(outcome.rest[:, :, 0])
    if outcome.kind in {FACTOR, COMPLAINT}:
        nobody = outcome.rest[:, :, 0]
        someone = outcome.rest[:, :, 1] if outcome.kind == COMPLAINT else nobody
    parts = (outcome.not_above, nobody.T, someone.T)
    return np.concatenate([_log(part).ravel() for part in parts])


def _layouts(network: NoisyMaxNetwork, outcomes: list[_Outcome]) -> tuple[Layout, ...]:
    shown = {
        place
        for outcome in outcomes
        if outcome.kind == BY_PRESENCE
        for place in np.flatnonzero(outcome.links[1]).tolist()
    }
    order = processing_order(network)
    found = [layout(network, order, group) for group in (frozenset[int](), frozenset(shown))]
    return tuple(each for each in found if each) if all(found) else ()


def _stratum_codes(network: NoisyMaxNetwork) -> NDArray[np.int8]:
    """State of each root in each stratum, counted in the order of first appearance."""
    codes = np.zeros((len(network.strata), len(network.root_ids)), dtype=np.int8)
    for place, column in enumerate(zip(*network.strata, strict=True)):
        names = list(dict.fromkeys(column))
        codes[:, place] = [names.index(name) for name in column]
    return codes


def _context_log_odds(network: NoisyMaxNetwork) -> FloatArray:
    table = np.zeros((len(network.context_ids), len(network.causes)))
    for place, cause in enumerate(network.causes):
        table[cause.contexts, place] = cause.context_log_odds
    return table


def _context_matters(network: NoisyMaxNetwork) -> NDArray[np.bool_]:
    matters = np.zeros(len(network.context_ids), dtype=np.bool_)
    for cause in network.causes:
        matters[cause.contexts] = True
    return matters


def _log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):  # the logarithm of zero is replaced
        return np.asarray(np.maximum(np.log(values), IMPOSSIBLE))


def _blunt(values: FloatArray) -> FloatArray:
    """Return 0, 1/2 or 1 for numbers that are 0, between, or 1."""
    return np.sign(values) * np.where(values < 1, 0.5, 1.0)


def _blunt_log(values: FloatArray) -> FloatArray:
    return np.where(values > IMPOSSIBLE, 0.0, IMPOSSIBLE)
