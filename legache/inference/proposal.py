"""From which distribution are the states of a cutset drawn?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from legache.inference.assembly import RESPONSIBLE
from legache.inference.compiled import Status
from legache.inference.cutset import Cutset, Question, States, cutset_answers
from legache.inference.flat import UNKNOWN
from legache.network.structure import FloatArray, NoisyMaxNetwork

_MOST_ROUNDS = 16
_ROUNDS_AT_FULL_POWER = 3  # after which nothing was gained, by measurement
_LEAST_EFFECTIVE = 0.2  # of the samples of a round, that its weights must leave
_N_POWERS = 30
_RATE = 0.7  # of the way towards what one round shows
_SHRINKAGE = 0.02  # weight of all samples among those that a distribution is fitted to
# probability of each state: few samples are spent on what matters little, but some are
_LEAST, _LEAST_TOGETHER = 0.02, 0.2
_EXPLORATION = 4.0  # times as many in the rounds, so that no part of the posterior is missed
_LEAST_LEARNT = 1e-3
_TOLERANCE = 1e-3  # of log odds, which samples tell no better


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """How the nodes of a cutset are drawn, each given those before it.

    Attributes
    ----------
    log_odds : shape (n_cuts, 2, 3)
        Of each state, no parent being present; minus infinity if impossible.  The second axis
        tells whether an earlier cause is responsible: then there is less need for another.
    effects : shape (n_cuts, n_cuts)
        What each earlier node, if present, adds to the log odds of a node to be present: as in
        the network.
    least
        Probability that each possible state has at least.
    """

    log_odds: FloatArray
    effects: FloatArray
    least: float

    def shift(self, place: int, states: States) -> FloatArray:
        """What the parents add to the log odds of a node, in each row of states."""
        return np.asarray((states[:, :place] > 0) @ self.effects[place, :place])

    def probabilities(self, place: int, states: States) -> FloatArray:
        """Of each state of a node, given those before it: shape (n_rows, 3)."""
        log_odds = self.log_odds[place][_is_explained(place, states).astype(int)]
        log_odds = log_odds + np.outer(self.shift(place, states), (0.0, 1.0, 1.0))
        odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        share = odds / odds.sum(axis=1, keepdims=True)
        is_possible = self.log_odds[place, 0] > -np.inf
        return np.asarray((1 - is_possible.sum() * self.least) * share + self.least * is_possible)

    def drawn(self, n_rows: int, rng: np.random.Generator) -> States:
        """Independent rows of states: shape (n_rows, n_cuts)."""
        states = np.zeros((n_rows, len(self.log_odds)), dtype=np.int8)
        for place in range(len(self.log_odds)):
            below = self.probabilities(place, states).cumsum(axis=1)
            # times the sum, which may not be 1: no state beyond the last possible one
            uniform = rng.random((n_rows, 1)) * below[:, -1:]
            states[:, place] = (uniform >= below[:, :-1]).sum(axis=1)
        return states

    def log_probability(self, states: States) -> FloatArray:
        """Of each row of states."""
        rows, total = np.arange(len(states)), np.zeros(len(states))
        for place in range(len(self.log_odds)):
            total += np.log(self.probabilities(place, states)[rows, states[:, place]])
        return total


def adapted_proposal(
    question: Question, cutset: Cutset, n_samples: int, rng: np.random.Generator
) -> Proposal:
    r"""Fit a proposal to the posterior of a cutset, in rounds of weighted samples.

    In each round every node is fitted by maximum likelihood to samples with the weights
    :math:`(P(e, c) / q(c))^\beta`, where :math:`\beta \le 1` leaves a fifth of the samples
    effective.

    References
    ----------
    Rubinstein, R. Y. & Kroese, D. P. (2004). The Cross-Entropy Method, sec. 2.3.
    Cheng, J. & Druzdzel, M. J. (2000). AIS-BN: an adaptive importance sampling algorithm for
    evidential reasoning in large Bayesian networks. J. Artif. Intell. Res. 13, 155-188.
    """
    least = min(_LEAST, _LEAST_TOGETHER / len(cutset.cuts))
    proposal = _first_proposal(question, cutset, _EXPLORATION * least)
    n_at_full_power = 0
    for _ in range(_MOST_ROUNDS):
        states = proposal.drawn(n_samples, rng)
        answers = cutset_answers(question, cutset, states, wants_posteriors=False)
        log_weight = answers.log_joint - proposal.log_probability(states)
        power = _power(log_weight)
        proposal = _fitted(proposal, states, _shares(log_weight, power))
        n_at_full_power += power == 1.0
        if n_at_full_power == _ROUNDS_AT_FULL_POWER:
            break
    return replace(proposal, least=least)


def _is_explained(place: int, states: States) -> NDArray[np.bool_]:
    """Tell whether a cause before a place is responsible, in each row of states."""
    return np.asarray((states[:, :place] == RESPONSIBLE).any(axis=1))


def _first_proposal(question: Question, cutset: Cutset, least: float) -> Proposal:
    """Contexts as in all strata; causes without the findings that need an explanation.

    The latter is cheap to answer while each open context is in its likelier state.
    """
    network, codes = question.network, question.codes.copy()
    n_roots, n_contexts = len(network.root_ids), len(network.context_ids)
    of_contexts = codes[n_roots : n_roots + n_contexts]
    p_context = network.stratum_share @ network.context_probability
    of_contexts[of_contexts < 0] = (p_context > 0.5)[of_contexts < 0]
    of_findings = codes[n_roots + n_contexts + len(network.causes) :]
    of_findings[of_findings != 0] = UNKNOWN
    found = question.kernel.answer(codes[None, :], question.values, question.memory_limit)
    is_answered = found.status[0] == Status.ANSWERED
    present = np.where(is_answered, found.present[0], 0.5)
    responsible = np.where(is_answered, found.responsible[0], 0.25)
    of_context = np.stack([1 - p_context, p_context, np.zeros(n_contexts)], axis=1)
    of_cause = np.stack([1 - present, present - responsible, responsible], axis=1)
    by_column = np.concatenate([np.zeros((n_roots, 3)), of_context, of_cause])
    log_odds = np.array([_log_shares(cut.log_weight, by_column[cut.column]) for cut in cutset.cuts])
    effects = _effects(network, cutset)
    is_taken = np.array([cut.cause is None and codes[cut.column] == 1 for cut in cutset.cuts])
    log_odds[:, 1:] -= (effects @ is_taken)[:, None]
    return Proposal(np.repeat(log_odds[:, None, :], 2, axis=1), effects, least)


def _effects(network: NoisyMaxNetwork, cutset: Cutset) -> FloatArray:
    """Log odds ratios between the nodes of a cutset."""
    place = {cut.id: place for place, cut in enumerate(cutset.cuts)}
    effects = np.zeros((len(place), len(place)))
    for cut in cutset.cuts:
        if cut.cause is None:
            continue
        cause = network.causes[cut.cause]
        parents = [network.context_ids[parent] for parent in cause.contexts]
        parents += [network.causes[parent].id for parent in cause.causes]
        added = np.concatenate([cause.context_log_odds, cause.cause_log_odds]).tolist()
        for parent, log_odds in zip(parents, added, strict=True):
            if parent in place:
                effects[place[cut.id], place[parent]] = log_odds
    return effects


def _fitted(proposal: Proposal, states: States, share: FloatArray) -> Proposal:
    """Move towards weighted states, with the effects as they are."""
    log_odds = proposal.log_odds.copy()
    for place, before in enumerate(proposal.log_odds):
        shift, is_explained = proposal.shift(place, states), _is_explained(place, states)
        pooled = _SHRINKAGE * np.bincount(states[:, place], share, minlength=3)
        for row, chosen in enumerate((~is_explained, is_explained)):
            if chosen.any():
                counted = np.bincount(states[chosen, place], share[chosen], minlength=3) + pooled
                target = _target(before[row], counted, shift[chosen], share[chosen])
                is_possible = before[row] > -np.inf
                log_odds[place, row, is_possible] += _RATE * (target - before[row])[is_possible]
    return replace(proposal, log_odds=log_odds)


def _target(
    before: FloatArray, counted: FloatArray, shift: FloatArray, share: FloatArray
) -> FloatArray:
    """Log odds of each state without parents that give the shares that were counted."""
    log_share = _log_shares(before, counted)
    if before[0] > -np.inf:
        p_present = -math.expm1(log_share[0])
        log_share[1:] += _intercept(shift, share, p_present) - math.log(p_present)
        log_share[0] = 0.0
    return np.where(before > -np.inf, log_share, 0.0)


def _log_shares(log_weight: FloatArray, counted: FloatArray) -> FloatArray:
    """Logarithms of shares, none of a possible state below the least that is learnt."""
    is_possible = log_weight > -np.inf
    total = max(float(counted[is_possible].sum()), _LEAST_LEARNT)
    share = np.where(is_possible, np.maximum(counted / total, _LEAST_LEARNT), 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(share / share.sum()))


def _intercept(shift: FloatArray, share: FloatArray, p_present: float) -> float:
    """Log odds that, each with its shift, give a mean probability: by bisection."""
    largest, total = float(np.abs(shift).max()), float(share.sum())
    middle = math.log(p_present) - math.log1p(-p_present)
    low, high = middle - largest, middle + largest
    while high - low > _TOLERANCE and total > 0:
        middle = (low + high) / 2
        expected = float(share @ (0.5 + 0.5 * np.tanh((middle + shift) / 2)))  # cannot overflow
        low, high = (middle, high) if expected < p_present * total else (low, middle)
    return (low + high) / 2


def _shares(log_weight: FloatArray, power: float) -> FloatArray:
    """Weights to a power, normalised; equal shares if all are zero."""
    largest = log_weight.max()
    if largest == -np.inf:
        return np.full(log_weight.size, 1.0 / log_weight.size)
    weight = np.exp(power * (log_weight - largest))
    return np.asarray(weight / weight.sum())


def _power(log_weight: FloatArray) -> float:
    """Largest power of the weights, at most 1, that leaves enough effective samples."""
    n_wanted = _LEAST_EFFECTIVE * log_weight.size
    for halvings in range(_N_POWERS):
        share = _shares(log_weight, 2.0**-halvings)
        if 1.0 / (share @ share) >= n_wanted:
            return 2.0**-halvings
    return 2.0**-_N_POWERS
