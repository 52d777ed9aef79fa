"""How probable is each cause, where the exact answer does not fit into memory?

Nodes that make the plan wide, the *cutset*, are given states; everything else is answered exactly
by the compiled kernel.  Few joint states are all summed over: that is exact.  Of many, some are
drawn.
"""

from __future__ import annotations

import itertools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from legache.errors import ImpossibleEvidenceError, LimitError
from legache.inference.assembly import RESPONSIBLE, SILENT, Likelihoods
from legache.inference.compiled import CompiledNetwork, Status, compiled_network
from legache.inference.flat import UNKNOWN, Codes, Counts
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior, minimal_conflict
from legache.network.structure import FloatArray, NoisyMaxNetwork

_N_SAMPLES = 4000
# table entries that are touched; some seconds of one core
_COST_OF_SUM = 2e10
_COST_OF_SAMPLES = 4e9
_COST_OF_ROW = 3e5  # of the simplest row; found by measurement
_MOST_JOINT_STATES = 2**14  # their answers are kept, 1 kB for each of 100 nodes
_ROWS_TOGETHER = 64  # of one call: enough to repay it, and to share out evenly
_SEARCH_ONCE = 1.0
_MOST_ROUNDS = 16
_ROUNDS_AT_FULL_POWER = 3
_SHARE_OF_ROUND = 4  # a round has one in so many of the samples
_EFFECTIVE_SHARE = 0.2  # of the samples of a round, that its weights must leave
_FEW_EFFECTIVE = 100.0
_N_POWERS = 30
_RATE = 0.7
_LEAST = 0.02
_LEAST_TOGETHER = 0.2
_LEAST_LEARNT = 1e-3
_SHRINKAGE = 0.02
_EXPLORED = 4.0
_INTERCEPT_TOLERANCE = 1e-3

States = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApproximatePosterior(Posterior):
    """Answers to one query, each with its standard error.

    Attributes
    ----------
    present_error, responsible_error : shape (n_causes,)
    unexplained_error, log_evidence_error
        Standard errors; zeros if the answer is exact.
    effective_sample_size
        Number of draws from the posterior itself that would be as good.
    n_samples
        Joint states of the cutset that were drawn, or summed over.
    cutset
        Ids of the nodes that were given states.
    is_exact
        All joint states of the cutset were summed over.
    """

    present_error: FloatArray
    responsible_error: FloatArray
    unexplained_error: float
    log_evidence_error: float
    effective_sample_size: float
    n_samples: int
    cutset: tuple[str, ...]
    is_exact: bool


def approximate_posterior(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
    n_samples: int = _N_SAMPLES,
    seed: int = 0,
) -> ApproximatePosterior:
    r"""Posterior of every cause and context, conditioned on a cutset that makes it fit.

    With the cutset in state :math:`c`, the kernel gives :math:`P(e, c)` and every posterior
    :math:`f(c)` exactly.  Of states drawn from a proposal :math:`q` the answer is

    .. math:: \hat f = \sum_i \bar w_i f(c_i), \quad \bar w_i \propto P(e, c_i) / q(c_i),
              \quad \sum_i \bar w_i = 1

    and its standard error, by the delta method,
    :math:`(\sum_i \bar w_i^2 (f(c_i) - \hat f)^2)^{1/2}`.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    memory_limit
        Bytes of working memory that the plans may use together.
    n_samples
        States of the cutset to draw, if there are too many to sum over.
    seed
        Of the draws: the same arguments give the same bytes.

    Raises
    ------
    EvidenceError
        A node that the network does not have.
    ImpossibleEvidenceError
        No joint state of the cutset is possible.
    LimitError
        There is no compiled kernel; or no cutset is large enough; or no state that was drawn
        is possible, so that the evidence may or may not be; or numbers leave the range of
        floating point.

    Notes
    -----
    The cutset grows by the node, a context or a cause, whose states would together be cheapest,
    until the plan of the rest fits.  A cause has three states in it, since a cause that is known
    to be present may still be responsible or not.

    The proposal is a product of one distribution for each node of the cutset, which begins at
    the posterior without the positive findings, and is fitted to weighted samples in rounds
    (the cross-entropy method).  In the first rounds weights are tempered, so that a fifth of
    the samples count.  No state's probability is less than one in 50, or a fifth of the
    number of nodes.  The samples of these rounds are then thrown away: those that make
    the answer are independent, which the standard error rests on.

    A standard error is itself an estimate, and too small where few samples have most of
    the weight.  Below an effective sample size of 100 it is multiplied by
    :math:`(100 / n_{\mathrm{eff}})^{1/2}`; it then is a warning more than a measure.
    A part of the posterior that no sample has met is in no error estimate.

    References
    ----------
    Bidyuk, B. & Dechter, R. (2007). Cutset sampling for Bayesian networks. J. Artif. Intell.
    Res. 28, 1-48.
    Cheng, J. & Druzdzel, M. J. (2000). AIS-BN: an adaptive importance sampling algorithm for
    evidential reasoning in large Bayesian networks. J. Artif. Intell. Res. 13, 155-188.
    Owen, A. B. (2013). Monte Carlo theory, methods and examples, ch. 9, eq. 9.9 and 9.13.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> evidence = {"leg_ache": (0.0, 1.0), "swelling_one_leg": (0.0, 1.0)}
    >>> found = approximate_posterior(network, evidence, memory_limit=500_000)
    >>> found.is_exact, len(found.cutset), round(found.log_evidence, 6)
    (True, 5, -8.059929)
    """
    kernel = compiled_network(network)
    if kernel is None:
        message = "approximate answers need the compiled kernel; install a wheel that has it"
        raise LimitError(message)
    codes, values = kernel.flat.encoded(likelihoods)
    question = _Question(network, kernel, codes, values, memory_limit)
    cutset = _chosen_cutset(question, n_samples)
    if cutset.is_summed:
        return _sum(question, cutset, likelihoods)
    rng = np.random.default_rng(seed)
    proposal = _adapted(question, cutset, max(n_samples // _SHARE_OF_ROUND, 2), rng)
    states = proposal.drawn(n_samples, rng)
    answers = _answers(question, cutset, states)
    log_weight = answers.log_joint - proposal.log_probability(states)
    return _estimate(question, cutset, answers, log_weight)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What is asked, as the kernel reads it."""

    network: NoisyMaxNetwork
    kernel: CompiledNetwork
    codes: Codes
    values: FloatArray
    memory_limit: float


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A node that is given states: 0 and 1 of a context, those of a cause.

    Attributes
    ----------
    column
        Its place in a row of codes.
    cause
        Its place among the causes; none for a context.
    log_weight : shape (3,)
        What the kernel does not count once the state is given: soft evidence on the node, and
        for a cause its chance to be responsible or not; minus infinity if impossible.
    degree
        Number of causes or findings that hang on it.
    """

    id: str
    column: int
    cause: int | None
    log_weight: FloatArray
    degree: int

    @property
    def states(self) -> list[int]:
        """Those that are possible."""
        return np.flatnonzero(self.log_weight > -np.inf).tolist()


@dataclass(frozen=True, slots=True, eq=False)
class _Cutset:
    """Nodes that are given states, and the plan of the rest."""

    cuts: tuple[_Cut, ...]
    order: Counts
    n_bytes: float
    is_summed: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """Exact answers, each for one joint state of the cutset.

    Attributes
    ----------
    log_joint : shape (n_rows,)
        Log-probability of the evidence and the state.
    posteriors : shape (n_rows, 2 * n_causes + 1 + n_contexts)
        Present and responsible of each cause, unexplained, each context.
    """

    log_joint: FloatArray
    posteriors: FloatArray


def _candidates(question: _Question) -> list[_Cut]:
    """Open contexts and causes, those first on which most depends; ties by id."""
    network, graph, column = (
        question.network,
        question.kernel.flat.graph,
        question.kernel.flat.column,
    )
    n_links = np.bincount(graph["link_cause"], minlength=len(network.causes))
    cuts = [
        _cut(question, name, column[name], None, int(graph["n_context_children"][place]))
        for place, name in enumerate(network.context_ids)
    ]
    cuts += [
        _cut(question, cause.id, column[cause.id], place, int(n_links[place]))
        for place, cause in enumerate(network.causes)
    ]
    is_open = [cut for cut in cuts if len(cut.states) > 1 and cut.degree > 0]
    return sorted(is_open, key=lambda cut: (-cut.degree, cut.id))


def _cut(question: _Question, name: str, column: int, cause: int | None, degree: int) -> _Cut:
    code = int(question.codes[column])
    if code >= 0:
        weight = np.eye(2)[code]
    elif code == UNKNOWN:
        weight = np.ones(2)
    else:
        start = question.kernel.flat.first_state[column]
        weight = question.values[start : start + 2]
    weight = np.append(weight, 0.0)
    if cause is not None:
        responsible = question.network.causes[cause].responsible
        weight = weight[[0, 1, 1]] * (1.0, 1 - responsible, responsible)
    with np.errstate(divide="ignore"):  # an impossible state
        return _Cut(name, column, cause, np.log(weight), degree)


def _chosen_cutset(question: _Question, n_samples: int) -> _Cutset:
    """Cut one node after the other until the rest fits; see `approximate_posterior`."""
    candidates = _candidates(question)
    cuts: list[_Cut] = []
    codes = question.codes.copy()
    while True:
        found = question.kernel.answer(codes[None, :], question.values, 0.0, effort=_SEARCH_ONCE)
        n_bytes = float(found.n_bytes[0])
        if found.status[0] != Status.TOO_MANY and n_bytes <= question.memory_limit:
            cost = found.cost[0] + _COST_OF_ROW
            n_joint = math.prod(len(cut.states) for cut in cuts)
            is_summed = not cuts or (
                n_joint * cost <= _COST_OF_SUM and n_joint <= _MOST_JOINT_STATES
            )
            if is_summed or n_samples * cost <= _COST_OF_SAMPLES or not candidates:
                return _Cutset(
                    _parents_first(question.network, cuts),
                    found.order[0].copy(),
                    n_bytes,
                    is_summed,
                )
        if not candidates:
            message = (
                f"an approximate answer needs about {n_bytes / 2**20:.3g} MiB, more than the limit "
                f"of {question.memory_limit / 2**20:.3g} MiB; raise the limit"
            )
            raise LimitError(message)
        best = candidates.pop(_cheapest(question, codes, candidates))
        codes[best.column] = 0
        cuts.append(best)


def _parents_first(network: NoisyMaxNetwork, cuts: list[_Cut]) -> tuple[_Cut, ...]:
    """Contexts, then causes, each after its parents."""
    rank = {cause: place for place, cause in enumerate(network.cause_order())}
    contexts = [cut for cut in cuts if cut.cause is None]
    causes = [(rank[cut.cause], cut) for cut in cuts if cut.cause is not None]
    return (*contexts, *(cut for _, cut in sorted(causes, key=lambda item: item[0])))


def _cheapest(question: _Question, codes: Codes, candidates: list[_Cut]) -> int:
    """Place of the candidate whose states would together be cheapest to answer."""
    branches = np.tile(codes, (len(candidates), 1))
    branches[np.arange(len(candidates)), [cut.column for cut in candidates]] = 0
    found = question.kernel.answer(branches, question.values, 0.0)
    n_states = np.array([len(cut.states) for cut in candidates])
    cost = np.where(found.status == Status.TOO_MANY, np.inf, n_states * found.cost)
    return int(cost.argmin())


def _answers(
    question: _Question, cutset: _Cutset, states: States, *, wants_posteriors: bool = True
) -> _Answers:
    """Answer rows of states, each row that occurs once only."""
    rows, place = np.unique(states, axis=0, return_inverse=True)
    starts = range(0, len(rows), _ROWS_TOGETHER)
    blocks = [rows[start : start + _ROWS_TOGETHER] for start in starts]
    answer = partial(_answer_block, question, cutset, wants_posteriors=wants_posteriors)
    with ThreadPoolExecutor(_n_threads(question, cutset)) as pool:
        parts = list(pool.map(answer, blocks))
    place = place.ravel()
    return _Answers(
        np.concatenate([part.log_joint for part in parts])[place],
        np.concatenate([part.posteriors for part in parts])[place],
    )


def _n_threads(question: _Question, cutset: _Cutset) -> int:
    """As many as there are cores, and plans that fit into memory together."""
    n_fitting = int(question.memory_limit / max(cutset.n_bytes, 1.0))
    return max(1, min(os.cpu_count() or 1, n_fitting))


def _answer_block(
    question: _Question, cutset: _Cutset, states: States, *, wants_posteriors: bool
) -> _Answers:
    codes = np.tile(question.codes, (len(states), 1))
    responsible = np.tile(question.kernel.flat.numbers["responsible"], (len(states), 1))
    log_joint = np.zeros(len(states))
    for cut, state in zip(cutset.cuts, states.T, strict=True):
        codes[:, cut.column] = np.minimum(state, 1)
        log_joint += cut.log_weight[state]
        if cut.cause is not None:
            responsible[state == SILENT, cut.cause] = 0.0
            responsible[state == RESPONSIBLE, cut.cause] = 1.0
    if all(cut.cause is None for cut in cutset.cuts):
        parts = [_asked(question, cutset, codes, None, wants_posteriors=wants_posteriors)]
    else:
        rows = zip(codes[:, None, :], responsible[:, None, :], strict=True)
        parts = [_asked(question, cutset, *row, wants_posteriors=wants_posteriors) for row in rows]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _Answers(joined[0] + log_joint, joined[1])


def _asked(
    question: _Question,
    cutset: _Cutset,
    codes: Codes,
    responsible: FloatArray | None,
    *,
    wants_posteriors: bool,
) -> tuple[FloatArray, FloatArray]:
    """Log evidence and posteriors of rows of codes, or of one row with numbers of its own."""
    draws = None
    if responsible is not None:
        numbers = question.kernel.flat.numbers
        draws = {name: numbers[name][None] for name in numbers} | {"responsible": responsible}
    found = question.kernel.answer(
        codes,
        question.values,
        question.memory_limit,
        order=cutset.order,
        wants_posteriors=wants_posteriors,
        draws=draws,
    )
    if not np.isin(found.status, (Status.ANSWERED, Status.IMPOSSIBLE)).all():
        message = (
            "an approximate answer needs more memory than the limit, or numbers beyond the range "
            "of floating point; raise the limit, or give fewer positive findings"
        )
        raise LimitError(message)
    is_possible = (found.status == Status.ANSWERED)[:, None]
    columns = (found.present, found.responsible, found.unexplained[:, None], found.contexts)
    return found.log_evidence, np.where(is_possible, np.concatenate(columns, axis=1), 0.0)


def _sum(question: _Question, cutset: _Cutset, likelihoods: Likelihoods) -> ApproximatePosterior:
    """Sum over all joint states of the cutset."""
    joint = list(itertools.product(*(cut.states for cut in cutset.cuts)))
    states = np.array(joint, dtype=np.int8).reshape(len(joint), len(cutset.cuts))
    answers = _answers(question, cutset, states)
    total = float(np.logaddexp.reduce(answers.log_joint))
    if total == -np.inf:
        raise ImpossibleEvidenceError(minimal_conflict(question.network, likelihoods))
    estimate = np.exp(answers.log_joint - total) @ answers.posteriors
    return _posterior(
        question,
        cutset,
        estimate=estimate,
        error=np.zeros_like(estimate),
        log_evidence=(total, 0.0),
        sizes=(len(states), len(states)),
    )


def _estimate(
    question: _Question, cutset: _Cutset, answers: _Answers, log_weight: FloatArray
) -> ApproximatePosterior:
    """Weighted means of independent samples, with standard errors."""
    total, n_samples = float(np.logaddexp.reduce(log_weight)), len(log_weight)
    if total == -np.inf:
        message = (
            f"none of {n_samples} samples is possible; "
            "the evidence may be: give fewer positive findings"
        )
        raise LimitError(message)
    share = np.exp(log_weight - total)
    n_effective = 1.0 / float(share @ share)
    caution = max(1.0, math.sqrt(_FEW_EFFECTIVE / n_effective))
    estimate = share @ answers.posteriors
    error = caution * np.sqrt(share**2 @ (answers.posteriors - estimate) ** 2)
    error = np.clip(error, 1.0 / n_effective, 1.0)
    # the relative error of the mean weight is the error of its logarithm
    log_error = caution * math.sqrt(max(1.0 / n_effective - 1.0 / n_samples, 0.0))
    log_evidence = total - math.log(n_samples), log_error
    return _posterior(
        question,
        cutset,
        estimate=estimate,
        error=error,
        log_evidence=log_evidence,
        sizes=(n_samples, n_effective),
    )


def _posterior(
    question: _Question,
    cutset: _Cutset,
    *,
    estimate: FloatArray,
    error: FloatArray,
    log_evidence: tuple[float, float],
    sizes: tuple[int, float],
) -> ApproximatePosterior:
    n_causes = len(question.network.causes)
    cuts = n_causes, 2 * n_causes, 2 * n_causes + 1
    estimate = np.minimum(estimate, 1.0)  # shares sum to 1 but for rounding
    present, responsible, unexplained, contexts = np.split(estimate, cuts)
    present_error, responsible_error, unexplained_error, _ = np.split(error, cuts)
    return ApproximatePosterior(
        present=_frozen(present),
        responsible=_frozen(np.minimum(responsible, present)),
        unexplained=float(unexplained[0]),
        log_evidence=log_evidence[0],
        contexts=_frozen(contexts),
        present_error=_frozen(present_error),
        responsible_error=_frozen(responsible_error),
        unexplained_error=float(unexplained_error[0]),
        log_evidence_error=log_evidence[1],
        effective_sample_size=float(sizes[1]),
        n_samples=sizes[0],
        cutset=tuple(cut.id for cut in cutset.cuts),
        is_exact=cutset.is_summed,
    )


def _frozen(values: FloatArray) -> FloatArray:
    values = values.copy()
    values.flags.writeable = False
    return values


@dataclass(frozen=True, slots=True, eq=False)
class _Proposal:
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
        Probability that each possible state is drawn with at least.
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
        is_possible = self.log_odds[place, 0] > -np.inf
        share = odds / odds.sum(axis=1, keepdims=True)
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
        """Of rows of states."""
        rows, total = np.arange(len(states)), np.zeros(len(states))
        for place in range(len(self.log_odds)):
            total += np.log(self.probabilities(place, states)[rows, states[:, place]])
        return total


def _is_explained(place: int, states: States) -> NDArray[np.bool_]:
    """Tell whether a cause before a place is responsible, in each row of states."""
    return np.asarray((states[:, :place] == RESPONSIBLE).any(axis=1))


def _adapted(
    question: _Question, cutset: _Cutset, n_samples: int, rng: np.random.Generator
) -> _Proposal:
    """Fit a proposal to the posterior."""
    proposal = _first_proposal(question, cutset)
    n_at_full_power = 0
    for _ in range(_MOST_ROUNDS):
        states = proposal.drawn(n_samples, rng)
        answers = _answers(question, cutset, states, wants_posteriors=False)
        log_weight = answers.log_joint - proposal.log_probability(states)
        power = _power(log_weight)
        proposal = _fitted(proposal, states, _shares(log_weight, power))
        n_at_full_power += power == 1.0
        if n_at_full_power == _ROUNDS_AT_FULL_POWER:
            break
    return replace(proposal, least=proposal.least / _EXPLORED)


def _first_proposal(question: _Question, cutset: _Cutset) -> _Proposal:
    """Prior of the contexts; the causes as the negative findings leave them.

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
    present, responsible = found.present[0], found.responsible[0]
    if found.status[0] != Status.ANSWERED:
        present, responsible = np.full(present.size, 0.5), np.full(present.size, 0.25)
    p_context = np.stack([1 - p_context, p_context, np.zeros(n_contexts)], axis=1)
    p_cause = np.stack([1 - present, present - responsible, responsible], axis=1)
    by_column = np.concatenate([np.zeros((n_roots, 3)), p_context, p_cause])
    effects = _effects(network, cutset)
    taken = np.array([[cut.cause is None and codes[cut.column] for cut in cutset.cuts]])
    log_odds = np.array([_log_shares(cut.log_weight, by_column[cut.column]) for cut in cutset.cuts])
    log_odds[:, 1:] -= (effects @ (taken[0] > 0))[:, None]
    log_odds = np.repeat(log_odds[:, None, :], 2, axis=1)
    return _Proposal(log_odds, effects, _EXPLORED * min(_LEAST, _LEAST_TOGETHER / len(cutset.cuts)))


def _effects(network: NoisyMaxNetwork, cutset: _Cutset) -> FloatArray:
    """Log odds ratios between the nodes of a cutset."""
    n_cuts = len(cutset.cuts)
    place = {cut.id: place for place, cut in enumerate(cutset.cuts)}
    effects = np.zeros((n_cuts, n_cuts))
    for row, cut in enumerate(cutset.cuts):
        if cut.cause is None:
            continue
        cause = network.causes[cut.cause]
        parents = [network.context_ids[parent] for parent in cause.contexts]
        parents += [network.causes[parent].id for parent in cause.causes]
        log_odds = [*cause.context_log_odds.tolist(), *cause.cause_log_odds.tolist()]
        for parent, added in zip(parents, log_odds, strict=True):
            if parent in place:
                effects[row, place[parent]] = added
    return effects


def _fitted(proposal: _Proposal, states: States, share: FloatArray) -> _Proposal:
    """Move towards weighted states: maximum likelihood, with the effects as they are."""
    log_odds = proposal.log_odds.copy()
    for place, before in enumerate(proposal.log_odds):
        shift, is_explained = proposal.shift(place, states), _is_explained(place, states)
        pooled = _counted(states[:, place], share)
        for row, chosen in enumerate((~is_explained, is_explained)):
            if not chosen.any():
                continue
            counted = _counted(states[chosen, place], share[chosen]) + _SHRINKAGE * pooled
            target = _target(before[row], counted, shift[chosen], share[chosen])
            is_possible = before[row] > -np.inf
            log_odds[place, row, is_possible] += _RATE * (target - before[row])[is_possible]
    return _Proposal(log_odds, proposal.effects, proposal.least)


def _counted(states: NDArray[np.int8], share: FloatArray) -> FloatArray:
    return np.bincount(states, share, minlength=3).astype(np.float64)


def _target(
    before: FloatArray, counted: FloatArray, shift: FloatArray, share: FloatArray
) -> FloatArray:
    """Log odds of each state without parents that give the shares that were counted."""
    log_share = _log_shares(before, counted)
    if before[0] == -np.inf:
        return np.where(before > -np.inf, log_share, 0.0)
    p_present = -math.expm1(log_share[0])
    total = share.sum()
    weight = share / total if total > 0 else np.full(share.size, 1.0 / share.size)
    log_share[1:] += _intercept(shift, weight, p_present) - math.log(p_present)
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
    largest = float(np.abs(shift).max())
    middle = math.log(p_present) - math.log1p(-p_present)
    low, high = middle - largest, middle + largest
    while high - low > _INTERCEPT_TOLERANCE:
        middle = (low + high) / 2
        # tanh, which cannot overflow
        mean = share @ (0.5 + 0.5 * np.tanh((middle + shift) / 2))
        low, high = (middle, high) if mean < p_present else (low, middle)
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
    n_wanted = _EFFECTIVE_SHARE * log_weight.size
    powers = 2.0 ** -np.arange(_N_POWERS)
    for power in powers.tolist():
        share = _shares(log_weight, power)
        if 1.0 / (share @ share) >= n_wanted:
            return float(power)
    return float(powers[-1])
