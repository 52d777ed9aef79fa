"""Which nodes make the rest fit once they are given states, and what are the answers then?"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.errors import LimitError
from legache.inference.assembly import RESPONSIBLE, SILENT
from legache.inference.compiled import CompiledNetwork, KernelAnswers, Status
from legache.inference.flat import UNKNOWN, Codes, Counts
from legache.network.structure import FloatArray, NoisyMaxNetwork

States = NDArray[np.int8]

_SEARCH_ONCE = 1.0
_ROWS_TOGETHER = 128  # of one call: enough to repay it, each with its own copy of the numbers
# predicted cost, in entries of tables: about a second of one core each, longer in large tables
_COST_OF_SUM = 1e10
_COST_OF_SAMPLES = 4e9
_COST_OF_ROW = 3e5  # that no plan can save; by measurement
_MOST_JOINT_STATES = 2**14  # the answers of a hundred nodes take 1 kB each
# a finding that the plan takes to be shown by every cause may need a bit in some states
_ROOM = 2.0
_UNPLANNED = (Status.TOO_MANY, Status.NO_MEMORY)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked, as the kernel reads it."""

    network: NoisyMaxNetwork
    kernel: CompiledNetwork
    codes: Codes
    values: FloatArray
    memory_limit: float


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A node that is given states: 0 and 1 of a context; absent, silent, responsible of a cause.

    Attributes
    ----------
    column
        Its place in a row of codes.
    cause
        Its place among the causes; none for a context.
    log_weight : shape (3,)
        What the kernel does not count once the state is given: soft evidence on the node, and
        for a cause its chance to be responsible or not; minus infinity if impossible.
    """

    id: str
    column: int
    cause: int | None
    log_weight: FloatArray

    @property
    def states(self) -> list[int]:
        """Those that are possible."""
        return [state for state, weight in enumerate(self.log_weight) if weight > -np.inf]


@dataclass(frozen=True, slots=True, eq=False)
class Cutset:
    """Nodes that are given states, and the plan of the rest.

    Attributes
    ----------
    cuts
        Contexts, then causes, each after its parents.
    order, n_bytes
        Of the plan.
    is_summed
        Whether its joint states are few enough to sum over.
    """

    cuts: tuple[Cut, ...]
    order: Counts
    n_bytes: float
    is_summed: bool


@dataclass(frozen=True, slots=True, eq=False)
class CutsetAnswers:
    """Exact answers, each for one joint state of a cutset.

    Attributes
    ----------
    log_joint : shape (n_rows,)
        Log-probability of the evidence and the state.
    posteriors : shape (n_rows, 2 * n_causes + 1 + n_contexts)
        P(present) and P(responsible) of each cause, P(unexplained), P(present) of each context;
        zeros where the state is impossible.
    """

    log_joint: FloatArray
    posteriors: FloatArray


def chosen_cutset(question: Question, n_samples: int) -> Cutset:
    """Cut the node whose states are together cheapest, until the plan of the rest fits.

    It fits if it keeps within the memory limit, and if either all joint states of the cutset can
    be summed over in some seconds, or so many samples be answered.  With every open node in the
    cutset there is nothing left to plan, so that the search ends.
    """
    candidates, cuts, codes = _candidates(question), list[Cut](), question.codes.copy()
    while True:
        found = question.kernel.answer(codes[None, :], question.values, 0.0, effort=_SEARCH_ONCE)
        cost = float(found.cost[0]) + _COST_OF_ROW
        n_joint = math.prod(len(cut.states) for cut in cuts)
        is_summed = not cuts or (n_joint <= _MOST_JOINT_STATES and n_joint * cost <= _COST_OF_SUM)
        is_affordable = is_summed or n_samples * cost <= _COST_OF_SAMPLES
        if (is_affordable and _is_within_limit(question, found, cuts)) or not candidates:
            ordered = _parents_first(question.network, cuts)
            return Cutset(ordered, found.order[0].copy(), float(found.n_bytes[0]), is_summed)
        cuts.append(candidates.pop(_cheapest(question, codes, candidates)))
        codes[cuts[-1].column] = 0  # the plan is the same for every state


def cutset_answers(
    question: Question, cutset: Cutset, states: States, *, wants_posteriors: bool = True
) -> CutsetAnswers:
    """Answer joint states of a cutset: shape (n_rows, n_cuts).

    A state that occurs in several rows is answered once.

    Raises
    ------
    LimitError
        The kernel could not settle a row: its numbers leave the range of floating point, or its
        plan the memory limit.
    """
    rows, place = np.unique(states, axis=0, return_inverse=True)
    blocks = [rows[start : start + _ROWS_TOGETHER] for start in range(0, len(rows), _ROWS_TOGETHER)]
    parts = [
        _answered(question, cutset, block, wants_posteriors=wants_posteriors) for block in blocks
    ]
    log_joint, posteriors = (np.concatenate(column) for column in zip(*parts, strict=True))
    return CutsetAnswers(log_joint[place.ravel()], posteriors[place.ravel()])


def _candidates(question: Question) -> list[Cut]:
    """Open contexts and causes, those first on which most depends; ties by id."""
    flat, network = question.kernel.flat, question.network
    of_causes = np.bincount(flat.graph["link_cause"], minlength=len(network.causes))
    of_causes += flat.graph["n_cause_children"]
    degree = [*flat.graph["n_context_children"].tolist(), *of_causes.tolist()]
    cuts = [_cut(question, name, None) for name in network.context_ids]
    cuts += [_cut(question, cause.id, place) for place, cause in enumerate(network.causes)]
    ranked = sorted(zip(degree, cuts, strict=True), key=lambda pair: (-pair[0], pair[1].id))
    return [cut for hangs_on_it, cut in ranked if hangs_on_it and len(cut.states) > 1]


def _cut(question: Question, name: str, cause: int | None) -> Cut:
    flat = question.kernel.flat
    column = flat.column[name]
    code, start = int(question.codes[column]), flat.first_state[column]
    absent, present = question.values[start : start + 2] if code < UNKNOWN else (1.0, 1.0)
    if code > UNKNOWN:
        absent, present = float(code == 0), float(code == 1)
    responsible = 0.0 if cause is None else question.network.causes[cause].responsible
    weight = np.array([absent, present * (1 - responsible), present * responsible])
    with np.errstate(divide="ignore"):  # impossible states
        return Cut(name, column, cause, np.log(weight))


def _is_within_limit(question: Question, found: KernelAnswers, cuts: list[Cut]) -> bool:
    room = _ROOM if cuts else 1.0
    is_planned = found.status[0] not in _UNPLANNED
    return bool(is_planned and room * found.n_bytes[0] <= question.memory_limit)


def _parents_first(network: NoisyMaxNetwork, cuts: list[Cut]) -> tuple[Cut, ...]:
    rank = {cause: place for place, cause in enumerate(network.cause_order())}
    ranked = [(-1 if cut.cause is None else rank[cut.cause], cut) for cut in cuts]
    return tuple(cut for _, cut in sorted(ranked, key=lambda pair: pair[0]))


def _cheapest(question: Question, codes: Codes, candidates: list[Cut]) -> int:
    """Place of the candidate whose states are together cheapest."""
    branches = np.tile(codes, (len(candidates), 1))
    branches[np.arange(len(candidates)), [cut.column for cut in candidates]] = 0
    found = question.kernel.answer(branches, question.values, 0.0)
    n_states = np.array([len(cut.states) for cut in candidates])
    cost = np.where(np.isin(found.status, _UNPLANNED), np.inf, n_states * found.cost)
    return int(cost.argmin())


def _answered(
    question: Question, cutset: Cutset, states: States, *, wants_posteriors: bool
) -> tuple[FloatArray, FloatArray]:
    """Log-probability of evidence and state, and posteriors, of some rows."""
    numbers = {
        name: np.repeat(values[None], len(states), axis=0)
        for name, values in question.kernel.flat.numbers.items()
    }
    codes, log_weight = np.tile(question.codes, (len(states), 1)), np.zeros(len(states))
    for cut, state in zip(cutset.cuts, states.T, strict=True):
        codes[:, cut.column] = np.minimum(state, 1)
        log_weight += cut.log_weight[state]
        if cut.cause is not None:  # a known cause may be responsible or not: its chance tells
            numbers["responsible"][state == SILENT, cut.cause] = 0.0
            numbers["responsible"][state == RESPONSIBLE, cut.cause] = 1.0
    found = question.kernel.answer(
        codes,
        question.values,
        question.memory_limit,
        order=cutset.order,
        wants_posteriors=wants_posteriors,
        n_threads=_n_threads(question, cutset),
        draws=None if all(cut.cause is None for cut in cutset.cuts) else numbers,
    )
    if not np.isin(found.status, (Status.ANSWERED, Status.IMPOSSIBLE)).all():
        message = (
            "an approximate answer leaves the range of floating point, or the memory limit of "
            f"{question.memory_limit / 2**20:.3g} MiB; give fewer positive findings"
        )
        raise LimitError(message)
    columns = (found.present, found.responsible, found.unexplained[:, None], found.contexts)
    is_possible = (found.status == Status.ANSWERED)[:, None]
    posteriors = np.where(is_possible, np.concatenate(columns, axis=1), 0.0)
    return found.log_evidence + log_weight, posteriors


def _n_threads(question: Question, cutset: Cutset) -> int:
    """As many as there are cores, and plans that fit into memory together."""
    n_fitting = int(question.memory_limit / max(_ROOM * cutset.n_bytes, 1.0))
    return max(1, min(os.cpu_count() or 1, n_fitting))
