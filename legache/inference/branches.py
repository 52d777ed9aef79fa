"""What would follow from each of many answers that a patient might give?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from legache.errors import ImpossibleEvidenceError
from legache.inference.assembly import Likelihoods
from legache.inference.cohort import cohort_posteriors
from legache.inference.compiled import SETTLED, compiled_network, n_cores
from legache.inference.flat import UNKNOWN, Codes, flat_network
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork

Branch = tuple[tuple[int, int], ...]
"""Columns of the codes of nodes, and the state that each is taken to have."""
Answers = tuple[FloatArray, FloatArray, FloatArray]
"""Log evidence, P(present) and P(responsible) of each branch."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Branches:
    """What each answer to each question would mean.

    Attributes
    ----------
    question : shape (n_rows,)
        Place of the question that a row answers; the rows of a question follow each other.
    states : tuple of tuple of int
        For each row the state of each node of its question.
    probability : shape (n_rows,)
        P(answer | evidence).
    present, responsible : shape (n_rows, n_causes)
        Posteriors given the evidence and the answer; 0 where the answer is impossible.
    """

    question: NDArray[np.intp]
    states: tuple[tuple[int, ...], ...]
    probability: FloatArray
    present: FloatArray
    responsible: FloatArray


def open_nodes(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> tuple[str, ...]:
    """Ids of the roots, contexts and findings of which nothing is said, in the network's order."""
    ids = (*network.root_ids, *network.context_ids, *(finding.id for finding in network.findings))
    return tuple(name for name in ids if name not in likelihoods)


def branches(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    questions: Sequence[tuple[str, ...]],
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> Branches:
    """Predict every answer to each question, with the posteriors that it would bring.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    questions
        Ids of the nodes that each question asks for together; nothing may be known of them.
    memory_limit
        Bytes of working memory that one row may use.

    Raises
    ------
    ImpossibleEvidenceError, LimitError
        As for `legache.inference.posterior.posterior`.

    Notes
    -----
    Each answer is a query of its own, along the plan that the evidence alone has: nothing is
    gained by subtraction, so that improbable answers keep their digits.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> known = {"leg_ache": (0.0, 1.0), "age_band": (0., 1., 0., 0.), "sex": (1.0, 0.0)}
    >>> found = branches(network, known, [("smoking",), ("smoking", "swelling_one_leg")])
    >>> found.states
    ((0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1))
    >>> found.probability[:2].sum().round(12), found.probability[2:].sum().round(12)
    (np.float64(1.0), np.float64(1.0))
    """
    place_and_size = flat_network(network).place_and_size
    rows: list[Branch] = []
    question = []
    for place, names in enumerate(questions):
        columns, sizes = zip(*(place_and_size[name] for name in names), strict=True)
        answers = [tuple(zip(columns, states, strict=True)) for states in _joint(sizes)]
        rows += answers
        question += [place] * len(answers)
    log_evidence, present, responsible = answers_of(network, likelihoods, rows, memory_limit)
    of_question = np.array(question, dtype=np.intp)
    return Branches(
        question=of_question,
        states=tuple(tuple(state for _, state in row) for row in rows),
        probability=shares(log_evidence, of_question),
        present=present,
        responsible=responsible,
    )


def _joint(sizes: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(product(*map(range, sizes)))


def answers_of(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, rows: Sequence[Branch], memory_limit: int
) -> Answers:
    """Log evidence and posteriors of each branch; minus infinity and zeros where impossible."""
    if not rows:
        nothing = np.zeros((2, 0, len(network.causes)))
        return np.zeros(0), nothing[0], nothing[1]
    codes, values = flat_network(network).encoded(likelihoods)
    asked = np.tile(codes, (len(rows), 1))
    for row, branch in enumerate(rows):
        for column, state in branch:
            asked[row, column] = state
    kernel = compiled_network(network)
    if kernel is None and not values.size:
        found = cohort_posteriors(network, asked, memory_limit=memory_limit)
        if not found.is_too_large.any():
            return found.log_evidence, found.present, found.responsible
    if kernel is None:
        return _by_one(network, likelihoods, asked, codes, memory_limit)
    order, _ = kernel.plan(codes)
    answer = kernel.answer(asked, values, memory_limit, order=order, n_threads=n_cores())
    unsettled = np.flatnonzero(~np.isin(answer.status, SETTLED))
    arrays = (answer.log_evidence, answer.present, answer.responsible)
    rest = _by_one(network, likelihoods, asked[unsettled], codes, memory_limit)
    for array, part in zip(arrays, rest, strict=True):
        array[unsettled] = part
    return arrays


def _by_one(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    asked: Codes,
    known: Codes,
    memory_limit: int,
) -> Answers:
    """Answers to rows of codes that differ from what is known by what is asked."""
    flat = flat_network(network)
    log_evidence = np.full(len(asked), -np.inf)
    present, responsible = np.zeros((2, len(asked), len(network.causes)))
    for row, codes in enumerate(asked):
        said = flat.likelihoods(np.where(known == UNKNOWN, codes, UNKNOWN).astype(np.int8))
        try:
            answer = posterior(network, {**likelihoods, **said}, memory_limit=memory_limit)
        except ImpossibleEvidenceError:
            continue
        log_evidence[row] = answer.log_evidence
        present[row], responsible[row] = answer.present, answer.responsible
    return log_evidence, present, responsible


def shares(log_evidence: FloatArray, group: NDArray[np.intp]) -> FloatArray:
    """P(answer | evidence) of each row, from the evidence of all answers of its group."""
    largest = log_evidence.max(initial=-np.inf)
    weight = np.exp(log_evidence - largest) if np.isfinite(largest) else np.zeros(group.size)
    total = np.bincount(group, weight, minlength=1)[group] if group.size else weight
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
