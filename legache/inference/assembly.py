"""Which factors do a network and its evidence make?

Everything that needs no elimination is settled here: a known context changes
the intercepts of its causes, a negative finding multiplies into each of its
causes alone, the leak and *unlisted* fold into what a finding still needs.
What is left are factors over the causes, the unknown contexts, and one small
variable for each finding that must be explained.

All tables are logarithms.  Their last axis are *lanes*: the same question for
each stratum, with *unlisted* false and true.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.network.structure import Cause, Finding, FloatArray, IndexArray, NoisyMaxNetwork

BoolArray = NDArray[np.bool_]
Likelihoods = Mapping[str, tuple[float, ...]]

ABSENT, SILENT, RESPONSIBLE = range(3)


@dataclass(frozen=True, slots=True)
class Worlds:
    """Which joint states are counted, beside what the evidence says."""

    cause_states: tuple[int, ...]
    unlisted: tuple[bool, ...]


ALL_WORLDS = Worlds((ABSENT, SILENT, RESPONSIBLE), (False, True))
ONLY_UNLISTED = Worlds((ABSENT, SILENT), (True,))


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable to eliminate.

    Attributes
    ----------
    id
        The node that it stands for.
    states
        Those states of the node that the evidence leaves open.
    combines_by_max
        Whether factors that share it each bring their own copy, of which the
        largest counts (a finding), or all mean the same one (a cause, a context).
    """

    id: str
    states: tuple[int, ...]
    combines_by_max: bool


@dataclass(frozen=True, slots=True)
class Factor:
    """A table of logarithms over variables.

    Attributes
    ----------
    scope
        Indices of the variables, one for each axis but the last.
    table : shape (n_states_1, ..., n_lanes or 1)
    """

    scope: tuple[int, ...]
    table: FloatArray


@dataclass(frozen=True, slots=True)
class Problem:
    """What is left to eliminate.

    Attributes
    ----------
    variables, factors
        The graph; every variable is in some factor's scope.
    terminals : mapping of variable index to array of shape (n_levels, n_lanes)
        For a finding: log-likelihood of the highest level that its links
        reached, leak and *unlisted* included.
    log_constant : shape (n_lanes,)
        Log-weight of each lane that no variable touches.
    lane_stratum, lane_is_unlisted : shape (n_lanes,)
    cause_variable, family : for each cause, its variable if it is one, and its factor
        A cause that is known to be absent is no variable.
    context_variable, context_factor : the same for each context
        A known context, or one without causes, is no variable.
    """

    variables: tuple[Variable, ...]
    factors: tuple[Factor, ...]
    terminals: Mapping[int, FloatArray]
    log_constant: FloatArray
    lane_stratum: IndexArray
    lane_is_unlisted: BoolArray
    cause_variable: tuple[int | None, ...]
    family: tuple[int, ...]
    context_variable: tuple[int | None, ...]
    context_factor: tuple[int | None, ...]


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
    """Collects variables and factors; used once."""

    def __init__(
        self, network: NoisyMaxNetwork, likelihoods: Likelihoods, worlds: Worlds
    ) -> None:
        self.network = network
        self.worlds = worlds
        self.likelihoods = likelihoods
        self.variables: list[Variable] = []
        self.factors: list[Factor] = []
        self.terminals: dict[int, FloatArray] = {}
        log_stratum = _log(network.stratum_share) + self._root_likelihood()
        strata = np.flatnonzero(log_stratum > -np.inf)
        if strata.size == 0:  # impossible evidence still needs a lane to be found impossible in
            strata = np.arange(1)
        self.stratum = np.repeat(strata, len(worlds.unlisted))
        self.unlisted = np.tile(np.array(worlds.unlisted), strata.size)
        log_unlisted = _log(np.array([1 - network.unlisted, network.unlisted]))
        self.log_constant = log_stratum[self.stratum] + log_unlisted[self.unlisted.astype(int)]
        self.unary = np.zeros((len(network.causes), 3, self.unlisted.size))

    def problem(self) -> Problem:
        contexts = [self._context(place) for place in range(len(self.network.context_ids))]
        self.context_variable = tuple(variable for variable, _ in contexts)
        self.cause_variable = tuple(self._cause_variable(cause) for cause in self.network.causes)
        for finding in self.network.findings:
            if finding.id in self.likelihoods:
                self._finding(finding, np.asarray(self.likelihoods[finding.id], dtype=np.float64))
        family = tuple(self._family(place) for place in range(len(self.network.causes)))
        return Problem(
            variables=tuple(self.variables),
            factors=tuple(self.factors),
            terminals=self.terminals,
            log_constant=self.log_constant,
            lane_stratum=self.stratum,
            lane_is_unlisted=self.unlisted,
            cause_variable=self.cause_variable,
            family=family,
            context_variable=self.context_variable,
            context_factor=tuple(factor for _, factor in contexts),
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

    def _add_variable(self, name: str, states: tuple[int, ...], *, by_max: bool) -> int:
        self.variables.append(Variable(name, states, by_max))
        return len(self.variables) - 1

    def _add_factor(self, scope: tuple[int, ...], table: FloatArray) -> int:
        self.factors.append(Factor(scope, table))
        return len(self.factors) - 1

    def _context(self, place: int) -> tuple[int | None, int | None]:
        """Make an open context a variable; fold a known or childless one into the lanes."""
        name = self.network.context_ids[place]
        present = self.network.context_probability[self.stratum, place]
        given = _log(np.asarray(self.likelihoods.get(name, (1.0, 1.0)), dtype=np.float64))
        weight = np.stack([_log(1 - present), _log(present)]) + given[:, None]
        open_states = tuple(int(state) for state in np.flatnonzero(given > -np.inf))
        has_child = any(place in cause.contexts for cause in self.network.causes)
        if len(open_states) == 1 or not has_child:
            self.log_constant = self.log_constant + np.logaddexp(weight[0], weight[1])
            return None, None
        variable = self._add_variable(name, (0, 1), by_max=False)
        return variable, self._add_factor((variable,), weight)

    def _cause_variable(self, cause: Cause) -> int | None:
        given = self.likelihoods.get(cause.id, (1.0, 1.0))
        prior = (1.0, 1 - cause.responsible, cause.responsible)
        states = tuple(
            s for s in self.worlds.cause_states if given[min(s, 1)] > 0 and prior[s] > 0
        )
        if not states:
            self.log_constant = np.full_like(self.log_constant, -np.inf)
        if states in {(), (ABSENT,)}:
            return None
        return self._add_variable(cause.id, states, by_max=False)

    def _finding(self, finding: Finding, likelihood: FloatArray) -> None:
        """Absorb what excludes; keep a variable for what must be explained."""
        starts, levels, top = _levels(likelihood)
        active = (RESPONSIBLE,) if finding.hangs_on_responsible else (SILENT, RESPONSIBLE)
        link = _level_probabilities(finding.strengths, starts, top)
        leak = _level_probabilities(finding.leak[self.stratum], starts, top)
        terminal = _fold(leak.T, np.repeat(levels[:, None], self.unlisted.size, axis=1))
        unlisted = _level_probabilities(finding.unlisted[None, :], starts, top)
        with_unlisted = _fold(unlisted.T, terminal)
        terminal = np.where(self.unlisted, with_unlisted, terminal)
        waiting: list[tuple[int, int]] = []
        for row, place in enumerate(finding.causes.tolist()):
            states = self._open_states(place)
            hits = [state in active for state in states]
            if not any(hits) or np.all(finding.strengths[row] == 0):
                continue
            if len(levels) == 1:
                self.unary[place, list(active)] += _log(link[row, 0])
            elif all(hits):
                terminal = _fold(link[row][:, None], terminal)
            else:
                waiting.append((row, place))
        if not waiting:
            self.log_constant = self.log_constant + _log(terminal[0])
            return
        variable = self._add_variable(finding.id, tuple(range(len(levels))), by_max=True)
        self.terminals[variable] = _log(terminal)
        for row, place in waiting:
            self._link(variable, place, active, _log(link[row]))

    def _open_states(self, place: int) -> tuple[int, ...]:
        variable = self.cause_variable[place]
        return (ABSENT,) if variable is None else self.variables[variable].states

    def _link(
        self, variable: int, place: int, active: tuple[int, ...], log_link: FloatArray
    ) -> None:
        cause = self.cause_variable[place]
        if cause is None:
            return
        states = self.variables[cause].states
        table = np.full((len(states), log_link.size, 1), -np.inf)
        for row, state in enumerate(states):
            if state in active:
                table[row, :, 0] = log_link
            else:
                table[row, 0, 0] = 0.0
        self._add_factor((cause, variable), table)

    def _family(self, place: int) -> int:
        """P(cause | parents), times all that speaks of the cause alone."""
        cause = self.network.causes[place]
        variable = self.cause_variable[place]
        parents, log_odds = self._log_odds(cause)
        given = _log(np.asarray(self.likelihoods.get(cause.id, (1.0, 1.0)), dtype=np.float64))
        present = -np.logaddexp(0.0, -log_odds) + given[1]
        link = np.array([1 - cause.responsible, cause.responsible])
        by_state = [-np.logaddexp(0.0, log_odds) + given[0], *(present + w for w in _log(link))]
        by_state = [table + self.unary[place, state] for state, table in enumerate(by_state)]
        if variable is None:
            return self._add_factor(parents, by_state[ABSENT])
        states = self.variables[variable].states
        return self._add_factor((variable, *parents), np.stack([by_state[s] for s in states]))

    def _log_odds(self, cause: Cause) -> tuple[tuple[int, ...], FloatArray]:
        """Log odds of a cause for each joint state of its open parents, in each lane."""
        total = cause.intercept[self.stratum]
        scope: list[int] = []
        tables: list[FloatArray] = []
        contexts = zip(cause.contexts.tolist(), cause.context_log_odds.tolist(), strict=True)
        for place, added in contexts:
            variable = self.context_variable[place]
            if variable is not None:
                scope.append(variable)
                tables.append(np.array([0.0, added]))
            elif self.likelihoods.get(self.network.context_ids[place], (1.0, 1.0))[0] == 0:
                total = total + added
        for place, added in zip(cause.causes.tolist(), cause.cause_log_odds.tolist(), strict=True):
            variable = self.cause_variable[place]
            if variable is not None:
                scope.append(variable)
                states = self.variables[variable].states
                tables.append(np.array([0.0 if state == ABSENT else added for state in states]))
        for axis, table in enumerate(tables):
            shape = [1] * (len(tables) + 1)
            shape[axis] = table.size
            total = total + table.reshape(shape)
        return tuple(scope), np.broadcast_to(
            total, (*(table.size for table in tables), self.unlisted.size)
        )


def _log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):  # the logarithm of an impossible state is -inf
        return np.asarray(np.log(values))


def _levels(likelihood: FloatArray) -> tuple[IndexArray, FloatArray, int]:
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
        above[:, start - 1 : stop - 1].sum(axis=1)
        for start, stop in zip(bounds, bounds[1:], strict=False)
    ]
    return np.stack([np.maximum(lowest, 0.0), *higher], axis=1)  # a sum of 1 may round above it


def _fold(own: FloatArray, terminal: FloatArray) -> FloatArray:
    """Likelihood of the highest level of the others, once one more contributor is averaged over.

    .. math:: t'_i = \sum_j P(j) \, t_{\max(i, j)}

    All terms are positive: nothing cancels.
    """
    below = np.cumsum(own, axis=0) * terminal
    beyond = np.cumsum((own * terminal)[::-1], axis=0)[::-1]
    return below + np.concatenate([beyond[1:], np.zeros_like(beyond[:1])])
