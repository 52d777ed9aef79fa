"""How probable is each cause for many patients at once, each with evidence of their own?

Plain numpy, for where no compiled kernel runs.  The contexts that matter are
known, but for a few: a patient of whom a root or a context is unknown is a
mixture of *rows* of whom they are known.  Rows that need equally many bits are
worked through together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TypeVar

import numpy as np

from legache.errors import EvidenceError
from legache.inference.dense.block import Answers, answer
from legache.inference.dense.evidence import (
    MOST_OPEN_CONTEXTS,
    BoolArray,
    Codes,
    Evidence,
    Rows,
    chunks,
    evidence_of,
    rows_of,
)
from legache.inference.dense.order import Layout
from legache.inference.dense.program import Program, n_bytes, program
from legache.inference.dense.tables import DenseTables, dense_tables, support
from legache.network.structure import FloatArray, IndexArray, NoisyMaxNetwork

_MEMORY = 100 * 2**20  # bytes of working memory of one block
_CACHE = 8 * 2**20  # bytes of it that are still fast
_MOST_TOGETHER = 128
_KEPT = 2**20  # bytes of working memory that is kept for the next patient
_START = 1000  # table entries that could be worked through in the time that a block takes to start
_LOG_SMALLEST = -640.0  # of its bound; what underflow loses, 1e-308 of it, is then below 1e-30

_Record = TypeVar("_Record", "DensePosteriors", Answers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensePosteriors:
    """Exact answers, one for each patient.

    Attributes
    ----------
    present, responsible : shape (n_patients, n_causes)
        Probability, given the evidence, that each cause is present, and that it makes its bearer
        complain; 0 where the evidence is impossible.
    unexplained : shape (n_patients,)
        Probability that *unlisted* is true and no listed cause is responsible; 0 likewise.
    log_evidence : shape (n_patients,)
        Natural logarithm of the probability of the evidence; minus infinity where impossible.
    is_exact : shape (n_patients,)
        False where this engine has no answer, because too many contexts are open or findings
        positive, or numbers too small: `legache.inference.posterior` has.  The other attributes
        then are as if the evidence were impossible.
    """

    present: FloatArray
    responsible: FloatArray
    unexplained: FloatArray
    log_evidence: FloatArray
    is_exact: BoolArray


def dense_posteriors(network: NoisyMaxNetwork, codes: Codes) -> DensePosteriors:
    """Exact posteriors of all causes for each of many patients.

    Parameters
    ----------
    network
    codes : shape (n_patients, n_nodes)
        Place of the observed state, or -1 where nothing is known.  Columns are roots, contexts,
        causes and findings, each in the order of the network; the states of a root are counted
        in the order of their first appearance in `strata`, and 1 is a present cause.

    Raises
    ------
    EvidenceError
        Wrong shape or type, or a code that is no state.

    Notes
    -----
    Equal patients are answered once, and all in an order that depends on their codes alone: to
    permute patients permutes the answers, bit for bit.
    """
    tables = dense_tables(network)
    _check(tables, codes)
    answers = _blank(len(codes), len(network.causes))
    order, first = _alike(codes)
    distinct = order[first]
    for chunk in chunks(tables, codes, distinct):
        _put(answers, chunk, _answers(tables, codes[chunk]))
    twin = np.empty(len(codes), dtype=np.intp)
    twin[order] = np.repeat(distinct, np.diff(np.append(first, len(codes))))
    again = np.flatnonzero(twin != np.arange(len(codes)))
    for field in fields(answers):
        array = getattr(answers, field.name)
        if again.size:
            array[again] = array[twin[again]]
        array.flags.writeable = False
    return answers


def _check(tables: DenseTables, codes: Codes) -> None:
    if codes.dtype != np.int8 or codes.ndim != 2 or codes.shape[1] != len(tables.node_ids):
        message = (
            f"codes have type {codes.dtype} and shape {codes.shape}; "
            f"expected int8 and one column for each of {len(tables.node_ids)} nodes"
        )
        raise EvidenceError(message)
    is_wrong = ((codes < -1) | (codes >= tables.n_states)).any(axis=0)
    if is_wrong.any():
        place = int(np.argmax(is_wrong))
        message = (
            f"codes of {tables.node_ids[place]!r} go beyond its {tables.n_states[place]} states; "
            "count states from 0, and give -1 where nothing is known"
        )
        raise EvidenceError(message)


def _blank(n_patients: int, n_causes: int) -> DensePosteriors:
    return DensePosteriors(
        present=np.zeros((n_patients, n_causes)),
        responsible=np.zeros((n_patients, n_causes)),
        unexplained=np.zeros(n_patients),
        log_evidence=np.full(n_patients, -np.inf),
        is_exact=np.zeros(n_patients, dtype=np.bool_),
    )


def _put(answers: _Record, places: IndexArray, part: _Record) -> None:
    for field in fields(answers):
        getattr(answers, field.name)[places] = getattr(part, field.name)


def _alike(codes: Codes) -> tuple[IndexArray, IndexArray]:
    """Return an order in which equal rows are neighbours, and the first of each kind."""
    if len(codes) < 2:
        return np.arange(len(codes)), np.arange(len(codes))
    rows = np.ascontiguousarray(codes).view(np.dtype((np.void, codes.shape[1]))).ravel()
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    return order, np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))


def _answers(tables: DenseTables, codes: Codes) -> DensePosteriors:
    """Answers to patients that are all different."""
    evidence = evidence_of(tables, codes)
    is_within = _is_within_limits(tables, evidence)
    found = _mixed(tables, evidence, np.flatnonzero(is_within))
    doubtful = np.flatnonzero(is_within & ~found.is_exact)
    if doubtful.size:
        found.is_exact[doubtful] = _is_impossible(tables, codes[doubtful])
    left = np.flatnonzero(~found.is_exact)
    if left.size:
        _put(found, left, _blank(left.size, found.present.shape[1]))
    return found


def _is_within_limits(tables: DenseTables, evidence: Evidence) -> BoolArray:
    """Tell of whom few contexts are open, and how many findings are positive."""
    if not tables.layouts:
        return np.zeros(len(evidence.roots), dtype=np.bool_)
    is_within = evidence.is_open.sum(axis=1) <= MOST_OPEN_CONTEXTS
    for n_bits, _ in _numbers_of_bits(evidence.n_presence, evidence.n_responsible):
        if n_bytes(tables.layouts[n_bits[0] > 0], *n_bits) > _MEMORY:
            is_other = evidence.n_presence != n_bits[0]
            is_within &= is_other | (evidence.n_responsible != n_bits[1])
    return np.asarray(is_within)


def _is_impossible(tables: DenseTables, codes: Codes) -> BoolArray:
    """Tell impossible evidence from such as is only improbable, where that can be told."""
    evidence = evidence_of(tables, codes)
    found = _mixed(_support(tables), evidence, np.arange(len(codes)))
    n_bits = evidence.n_presence + evidence.n_responsible
    # none is below 1/2: of a cause its presence, its state, its links; of a finding its rest
    n_factors = found.present.shape[1] * (2 + n_bits) + evidence.outcomes.shape[1]
    is_told = n_factors * np.log(0.5) > _LOG_SMALLEST
    return np.asarray(is_told & (found.log_evidence == -np.inf))


@lru_cache(maxsize=4)
def _support(tables: DenseTables) -> DenseTables:
    return support(tables)


def _mixed(tables: DenseTables, evidence: Evidence, patients: IndexArray) -> DensePosteriors:
    """Average the rows of each of some patients; who has none is impossible."""
    answers = _blank(len(evidence.roots), tables.intercept.shape[1])
    answers.is_exact[patients] = True
    rows = rows_of(tables, evidence, patients)
    if rows.patient.size == 0:
        return answers
    found = _row_answers(tables, evidence, rows)
    first = np.flatnonzero(np.append(True, rows.patient[1:] != rows.patient[:-1]))
    whose = rows.patient[first]
    top = np.maximum.reduceat(found.log_joint, first)
    top[top == -np.inf] = 0.0
    share = np.exp(found.log_joint - np.repeat(top, np.diff(np.append(first, rows.patient.size))))
    total = np.add.reduceat(share, first)
    with np.errstate(divide="ignore"):  # the logarithm of impossible evidence is -inf
        log_evidence = top + np.log(total)
    bound = np.maximum.reduceat(found.log_bound, first)
    answers.log_evidence[whose] = log_evidence
    answers.is_exact[whose] = log_evidence >= bound + _LOG_SMALLEST
    total[total == 0] = 1.0
    for name in ("present", "responsible", "unexplained"):
        parts = np.add.reduceat(getattr(found, name).T * share, first, axis=-1)
        mean = np.minimum(parts / total, 1.0)  # it may round above 1
        getattr(answers, name)[whose] = mean.T
    return answers


def _row_answers(tables: DenseTables, evidence: Evidence, rows: Rows) -> Answers:
    n_rows, n_causes = rows.patient.size, tables.intercept.shape[1]
    answers = Answers(
        present=np.empty((n_rows, n_causes)),
        responsible=np.empty((n_rows, n_causes)),
        unexplained=np.empty(n_rows),
        log_joint=np.empty(n_rows),
        log_bound=np.empty(n_rows),
    )
    n_presence = evidence.n_presence[rows.patient]
    n_responsible = evidence.n_responsible[rows.patient]
    for group, n_bits in _groups(n_presence, n_responsible):
        _answer_group(tables, evidence, rows, answers, group=group, n_bits=n_bits)
    return answers


def _answer_group(
    tables: DenseTables,
    evidence: Evidence,
    rows: Rows,
    answers: Answers,
    *,
    group: IndexArray,
    n_bits: tuple[int, int],
) -> None:
    """Answer rows that are worked through together, in blocks of one size."""
    layout = tables.layouts[n_bits[0] > 0]
    n_most = max(1, min(_CACHE // n_bytes(layout, *n_bits), _MOST_TOGETHER))
    n_together = -(-group.size // -(-group.size // n_most))
    prepared = _taken(layout, n_together, *n_bits)
    for start in range(0, group.size, n_together):
        # the last block repeats a row, where it has fewer
        places = np.minimum(np.arange(start, start + n_together), group.size - 1)
        block = group[places]
        _put(answers, block, answer(tables, evidence, rows.take(block), prepared))
    _give_back(prepared)


def _numbers_of_bits(
    n_presence: IndexArray, n_responsible: IndexArray
) -> list[tuple[tuple[int, int], int]]:
    """Pairs of numbers of bits that occur, and how often, most bits first."""
    counts = Counter(zip(n_presence.tolist(), n_responsible.tolist(), strict=True))
    return sorted(counts.items(), key=lambda each: (-sum(each[0]), each))


def _groups(
    n_presence: IndexArray, n_responsible: IndexArray
) -> Iterator[tuple[IndexArray, tuple[int, int]]]:
    """Rows that are worked through together, with numbers of bits that suffice for all of them.

    A few rows join others that need more bits, where that takes less time than to start anew.
    """
    hosts: dict[tuple[int, int], BoolArray] = {}
    for n_bits, count in _numbers_of_bits(n_presence, n_responsible):
        is_row = (n_presence == n_bits[0]) & (n_responsible == n_bits[1])
        able = [host for host in hosts if host[0] >= n_bits[0] and host[1] >= n_bits[1]]
        host = min(able, key=sum, default=n_bits)
        if count * (2 ** sum(host) - 2 ** sum(n_bits)) > _START:
            host = n_bits
        hosts[host] = hosts[host] | is_row if host in hosts else is_row
    for n_bits, is_row in hosts.items():
        yield np.flatnonzero(is_row), n_bits


@lru_cache(maxsize=16)
def _shelf(layout: Layout, n_presence: int, n_responsible: int) -> list[Program]:  # noqa: ARG001 the arguments are the key
    """Programs for one patient that nobody is using: one takes as long to make as to run."""
    return []


def _taken(layout: Layout, n_rows: int, n_presence: int, n_responsible: int) -> Program:
    shelf = _shelf(layout, n_presence, n_responsible) if n_rows == 1 else []
    try:
        return shelf.pop()
    except IndexError:
        return program(layout, n_rows, n_presence, n_responsible)


def _give_back(prepared: Program) -> None:
    shape = (prepared.layout, prepared.n_presence, prepared.n_responsible)
    if len(prepared.weights) == 1 and n_bytes(*shape) <= _KEPT:
        _shelf(*shape).append(prepared)
