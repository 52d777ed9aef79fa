"""Which tables do a network and its evidence make?

Everything that needs no elimination is settled here: a known context changes
the intercepts of its causes, a negative finding multiplies into each of its
causes alone, the leak and *unlisted* fold into what a finding still needs.
What is left are variables, one for each open context, for each finding that
must be explained and for each cause that other causes depend on, and one
family of tables for each cause.

All tables are logarithms.  Their first axis are *lanes*: the same question for
each stratum, with *unlisted* false and true.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.network.structure import Cause, Finding, FloatArray, IndexArray, NoisyMaxNetwork

BoolArray = NDArray[np.bool_]
Likelihoods = Mapping[str, tuple[float, ...]]

ABSENT, SILENT, RESPONSIBLE = range(3)
_UNSAID = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Worlds:
    """Which joint states are counted, beside what the evidence says."""

    cause_states: tuple[int, ...]
    unlisted: tuple[bool, ...]


ALL_WORLDS = Worlds((ABSENT, SILENT, RESPONSIBLE), (False, True))
ONLY_UNLISTED = Worlds((ABSENT, SILENT), (True,))


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """One variable to eliminate.

    Attributes
    ----------
    id
        The node that it stands for.
    by_max
        Whether tables that share it each bring their own copy, of which the
        largest counts (a finding), or all mean the same one (a cause, a context).
    log_weight : shape (n_lanes, n_levels)
        What each level is multiplied by when the variable is summed out.
    """

    id: str
    by_max: bool
    log_weight: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What some states of a cause, which act alike, do to the findings.

    Attributes
    ----------
    states
        Rows of the family's table.
    own_level
        Level of the cause's own variable, if it has one.
    links : tuple of (variable, shape (n_levels,))
        Log-probability that the cause alone brings each finding to each level.
    """

    states: tuple[int, ...]
    own_level: int
    links: tuple[tuple[int, FloatArray], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A cause given its parents, with its links.

    Attributes
    ----------
    states
        Those of absent, silent and responsible that are possible.
    own
        The cause's variable, if other causes depend on it.
    parents
        Variables of the open parents.
    log_table : shape (n_lanes, n_states, n_levels_of_parent_1, ...)
        All that speaks of the cause alone is in it.
    """

    states: tuple[int, ...]
    own: int | None
    parents: tuple[int, ...]
    log_table: FloatArray
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is left to eliminate.

    Attributes
    ----------
    families
        One for each cause of the network; where findings outnumber causes, followed by one for
        each link.
    context_variable
        For each context its variable; none if it is known or has no causes.
    log_constant : shape (n_lanes,)
        Log-weight of each lane that no variable touches.
    lane_stratum, lane_is_unlisted : shape (n_lanes,)
    """

    variables: tuple[Variable, ...]
    families: tuple[Family, ...]
    context_variable: tuple[int | None, ...]
    log_constant: FloatArray
    lane_stratum: IndexArray
    lane_is_unlisted: BoolArray


def assemble(network: NoisyMaxNetwork, likelihoods: Likelihoods, worlds: Worlds) -> Problem:
    """Reduce a network by its evidence.

    Parameters
    ----------
    network
    likelihoods
        For each observed node a non-negative number for each of its states:
        zeros and ones for what is known, other ratios for soft evidence.
        Evidence on a cause has two states, absent and present.
    worlds
        Which joint states are summed over.
    """
    return _Assembler(network, likelihoods, worlds).problem()


class _Assembler:
    """Collects variables and tables; used once."""

    def __init__(self, network: NoisyMaxNetwork, likelihoods: Likelihoods, worlds: Worlds) -> None:
        self.network = network
        self.likelihoods = likelihoods
        self.variables: list[Variable] = []
        log_stratum = _log(network.stratum_share) + self._root_likelihood()
        strata = np.flatnonzero(log_stratum > -np.inf)
        if strata.size == 0:  # impossible evidence still needs a lane to be found impossible in
            strata = np.arange(1)
        self.stratum = np.repeat(strata, len(worlds.unlisted))
        self.unlisted = np.tile(np.array(worlds.unlisted), strata.size)
        log_unlisted = _log(np.array([1 - network.unlisted, network.unlisted]))
        self.log_constant = log_stratum[self.stratum] + log_unlisted[self.unlisted.astype(int)]
        self.states = [self._possible_states(cause, worlds) for cause in network.causes]
        # what findings that concern one cause alone say of each of its states
        self.log_alone = np.zeros((len(network.causes), 3, self.stratum.size))
        self.links: list[dict[int, tuple[tuple[int, ...], FloatArray]]]
        self.links = [{} for _ in network.causes]

    def problem(self) -> Problem:
        places = range(len(self.network.causes))
        self.context_variable = tuple(map(self._context, range(len(self.network.context_ids))))
        for finding in self.network.findings:
            if finding.id in self.likelihoods:
                self._finding(finding, np.asarray(self.likelihoods[finding.id], dtype=np.float64))
        is_split = self._has_more_findings_than_causes()
        self.levels = [self._own_levels(place, is_split=is_split) for place in places]
        self.own = [self._own_variable(place) for place in places]
        families = [self._family(place, is_split=is_split) for place in places]
        if is_split:
            families += [link for place in places for link in self._link_families(place)]
        return Problem(
            variables=tuple(self.variables),
            families=tuple(families),
            context_variable=self.context_variable,
            log_constant=self.log_constant,
            lane_stratum=self.stratum,
            lane_is_unlisted=self.unlisted,
        )

    def _root_likelihood(self) -> FloatArray:
        total = np.zeros(len(self.network.strata))
        for position, name in enumerate(self.network.root_ids):
            if name in self.likelihoods:
                states = list(dict.fromkeys(stratum[position] for stratum in self.network.strata))
                given = _log(np.asarray(self.likelihoods[name], dtype=np.float64))
                index = [states.index(stratum[position]) for stratum in self.network.strata]
                total = total + given[index]
        return total

    def _possible_states(self, cause: Cause, worlds: Worlds) -> tuple[int, ...]:
        given = self.likelihoods.get(cause.id, _UNSAID)
        split = (1.0, 1 - cause.responsible, cause.responsible)
        states = [s for s in worlds.cause_states if given[min(s, 1)] > 0 and split[s] > 0]
        if not states:
            self.log_constant = np.full_like(self.log_constant, -np.inf)
        return tuple(states) or (ABSENT,)

    def _add_variable(self, name: str, log_weight: FloatArray, *, by_max: bool) -> int:
        self.variables.append(Variable(name, by_max, log_weight))
        return len(self.variables) - 1

    def _context(self, place: int) -> int | None:
        """Make an open context a variable; fold a known or childless one into the lanes."""
        name = self.network.context_ids[place]
        present = self.network.context_probability[self.stratum, place]
        given = np.asarray(self.likelihoods.get(name, _UNSAID), dtype=np.float64)
        log_weight = np.stack([_log(1 - present), _log(present)], axis=1) + _log(given)
        has_child = any(place in cause.contexts for cause in self.network.causes)
        if np.count_nonzero(given) < 2 or not has_child:
            self.log_constant = self.log_constant + np.logaddexp.reduce(log_weight, axis=1)
            return None
        return self._add_variable(name, log_weight, by_max=False)

    def _has_more_findings_than_causes(self) -> bool:
        """Tell whether joint states of the linked causes are fewer than those of the findings."""
        linked = [len(self.states[place]) for place, links in enumerate(self.links) if links]
        n_findings = sum(variable.by_max for variable in self.variables)
        return sum(map(math.log2, linked)) < n_findings

    def _own_levels(self, place: int, *, is_split: bool) -> tuple[tuple[int, ...], ...]:
        """States of a cause that each level of its own variable stands for; none if it has none.

        A cause is a variable if other causes depend on it, or if each of its
        links is to be applied on its own.
        """
        states = self.states[place]
        if is_split and self.links[place]:
            return tuple((state,) for state in states)
        has_child = any(place in cause.causes for cause in self.network.causes)
        if not has_child or ABSENT not in states or len(states) == 1:
            return ()
        return (ABSENT,), tuple(state for state in states if state != ABSENT)

    def _own_variable(self, place: int) -> int | None:
        if not self.levels[place]:
            return None
        weight = np.zeros((self.stratum.size, len(self.levels[place])))
        return self._add_variable(self.network.causes[place].id, weight, by_max=False)

    def _finding(self, finding: Finding, likelihood: FloatArray) -> None:
        """Absorb what excludes; keep a variable for what must be explained."""
        starts, levels, top = levels_of(likelihood)
        active = (RESPONSIBLE,) if finding.hangs_on_responsible else (SILENT, RESPONSIBLE)
        links = _level_probabilities(finding.strengths, starts, top)
        leak = _level_probabilities(finding.leak[self.stratum], starts, top)
        unlisted = _level_probabilities(finding.unlisted[None, :], starts, top)
        weight = _fold(leak, np.tile(levels, (self.stratum.size, 1)))
        weight = np.where(self.unlisted[:, None], _fold(unlisted, weight), weight)
        waiting: list[tuple[int, FloatArray]] = []
        for row, place in enumerate(finding.causes.tolist()):
            hits = [state in active for state in self.states[place]]
            if not any(hits) or not finding.strengths[row].any():
                continue
            if len(levels) == 1:
                self.log_alone[place, list(active)] += _log(links[row, 0])
            elif all(hits):
                weight = _fold(links[row][None, :], weight)
            else:
                waiting.append((place, _log(links[row])))
        if not waiting:
            self.log_constant = self.log_constant + _log(weight[:, 0])
            return
        if len(waiting) == 1:
            self._single_cause(waiting[0], active, weight)
            return
        variable = self._add_variable(finding.id, _log(weight), by_max=True)
        for place, log_link in waiting:
            self.links[place][variable] = (active, log_link)

    def _single_cause(
        self, link: tuple[int, FloatArray], active: tuple[int, ...], weight: FloatArray
    ) -> None:
        """Average a finding over its only link: what is left concerns that cause alone."""
        place, log_link = link
        by_link = np.logaddexp.reduce(log_link + _log(weight), axis=1)
        for state in (ABSENT, SILENT, RESPONSIBLE):
            self.log_alone[place, state] += by_link if state in active else _log(weight[:, 0])

    def _family(self, place: int, *, is_split: bool) -> Family:
        cause, states, own = self.network.causes[place], self.states[place], self.own[place]
        parents, log_odds = self._log_odds(cause)
        given = _log(np.asarray(self.likelihoods.get(cause.id, _UNSAID), dtype=np.float64))
        log_split = _log(np.array([1.0, 1 - cause.responsible, cause.responsible]))
        alone = (log_split + given[[0, 1, 1]])[:, None] + self.log_alone[place]
        signs = {ABSENT: 1.0, SILENT: -1.0, RESPONSIBLE: -1.0}
        aligned = (-1, *(1,) * len(parents))
        tables = [
            -np.logaddexp(0.0, signs[state] * log_odds) + alone[state].reshape(aligned)
            for state in states
        ]
        terms = self._terms(place, () if is_split else tuple(self.links[place]))
        return Family(states, own, parents, np.stack(tables, axis=1), terms)

    def _link_families(self, place: int) -> list[Family]:
        """Each link of a cause as a family without probabilities of its own."""
        states, own = self.states[place], self.own[place]
        certain = np.zeros((self.stratum.size, len(states)))
        return [
            Family(states, own, (), certain, self._terms(place, (v,))) for v in self.links[place]
        ]

    def _terms(self, place: int, linked: tuple[int, ...]) -> tuple[Term, ...]:
        """Group the states that have the same links and the same level."""
        groups: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        links = self.links[place]
        for row, state in enumerate(self.states[place]):
            levels = [i for i, level in enumerate(self.levels[place]) if state in level]
            shown = tuple(v for v in linked if state in links[v][0])
            groups.setdefault((levels[0] if levels else 0, shown), []).append(row)
        return tuple(
            Term(tuple(rows), level, tuple((v, links[v][1]) for v in shown))
            for (level, shown), rows in groups.items()
        )

    def _log_odds(self, cause: Cause) -> tuple[tuple[int, ...], FloatArray]:
        """Log odds of a cause in each lane, for each joint level of its open parents."""
        total = cause.intercept[self.stratum]
        parents: list[int] = []
        added: list[list[float]] = []
        for place, log_odds in zip(cause.contexts, cause.context_log_odds, strict=True):
            variable = self.context_variable[place]
            if variable is not None:
                parents.append(variable)
                added.append([0.0, float(log_odds)])
            elif self.likelihoods.get(self.network.context_ids[place], _UNSAID)[0] == 0:
                total = total + log_odds
        for place, log_odds in zip(cause.causes, cause.cause_log_odds, strict=True):
            variable = self.own[place]
            if variable is not None:
                parents.append(variable)
                levels = self.levels[place]
                added.append([0.0 if level == (ABSENT,) else float(log_odds) for level in levels])
            elif ABSENT not in self.states[place]:
                total = total + log_odds
        for by_level in added:
            total = np.add.outer(total, np.array(by_level))
        return tuple(parents), total


def _log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):  # the logarithm of an impossible state is -inf
        return np.asarray(np.log(values))


def levels_of(likelihood: FloatArray) -> tuple[IndexArray, FloatArray, int]:
    """Merge neighbouring states that the evidence does not tell apart.

    Returns
    -------
    starts : first state of each level
    values : likelihood of each level
    top : highest possible state; a link that reaches beyond it is excluded
    """
    possible = np.flatnonzero(likelihood > 0)
    top = int(possible[-1]) if possible.size else 0
    kept = likelihood[: top + 1]
    starts = np.flatnonzero(np.append(True, kept[1:] != kept[:-1]))
    return starts, kept[starts], top


def _level_probabilities(above: FloatArray, starts: IndexArray, top: int) -> FloatArray:
    """P(level) of each row, from the probabilities of the states above the first.

    States above `top` are left out, so that rows may sum to less than 1.
    """
    bounds = [*starts[1:].tolist(), top + 1]
    # correctly rounded, so that a small rest keeps its digits
    lowest = np.array([math.fsum((1.0, *-row)) for row in above[:, bounds[0] - 1 :]])
    higher = [
        above[:, start - 1 : stop - 1].sum(axis=1) for start, stop in itertools.pairwise(bounds)
    ]
    return np.stack([np.maximum(lowest, 0.0), *higher], axis=1)  # a sum of 1 may round above it


def _fold(own: FloatArray, weight: FloatArray) -> FloatArray:
    r"""Weight of the highest level of the others, once one more contributor is averaged over.

    .. math:: w'_i = \sum_j P(j) \, w_{\max(i, j)}

    All terms are positive: nothing cancels.
    """
    below = np.cumsum(own, axis=1) * weight
    beyond = np.cumsum((own * weight)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(below + np.concatenate([beyond[:, 1:], np.zeros_like(beyond[:, :1])], axis=1))
