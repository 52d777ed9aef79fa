"""How probable is each cause in rows that need equally many bits?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.inference.dense.evidence import BoolArray, Evidence, Rows
from legache.inference.dense.order import Layout
from legache.inference.dense.program import Program, link_places, run
from legache.inference.dense.tables import (
    BY_PRESENCE,
    BY_RESPONSIBLE,
    FOLDED,
    IMPOSSIBLE,
    DenseTables,
)
from legache.network.structure import FloatArray, IndexArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What is found for each row.

    Attributes
    ----------
    present, responsible : shape (n_rows, n_causes)
    unexplained : shape (n_rows,)
    log_joint, log_bound : shape (n_rows,)
        Logarithm of the probability of the row and its evidence; and what it is at most, had
        all numbers been kept that were too small.
    """

    present: FloatArray
    responsible: FloatArray
    unexplained: FloatArray
    log_joint: FloatArray
    log_bound: FloatArray


def answer(tables: DenseTables, evidence: Evidence, rows: Rows, prepared: Program) -> Answers:
    """Answer rows by a program for just so many rows, and for at least so many bits."""
    outcomes, kinds = evidence.outcomes[rows.patient], evidence.kinds[rows.patient]
    presence = _bits(tables, outcomes, kinds == BY_PRESENCE, prepared.n_presence)
    responsible = _bits(tables, outcomes, kinds == BY_RESPONSIBLE, prepared.n_responsible)
    log_factors = _log_factors(tables, outcomes)
    by_state = _by_state(tables, evidence.causes[rows.patient], log_factors)
    _fold(tables, by_state, outcomes, kinds == FOLDED, rows.stratum)
    weights = _lane_weights(tables, prepared.layout, rows, by_state)
    _write_weights(prepared, weights)
    _write_links(tables, prepared, np.hstack([presence, responsible]))
    log_scale, scale = _scale(tables, rows.stratum, log_factors)
    only_unlisted = _write_final(
        prepared,
        scale,
        _rest(tables, rows.stratum, presence),
        _rest(tables, rows.stratum, responsible),
    )
    return _run(prepared, weights, only_unlisted, rows.log_prior + log_scale)


def _bits(tables: DenseTables, outcomes: IndexArray, is_bit: BoolArray, n_bits: int) -> IndexArray:
    """Outcomes that cost a bit, and then such that say nothing: shape (n_rows, n_bits)."""
    row, column = np.nonzero(is_bit)
    place = (np.cumsum(is_bit, axis=1) - 1)[row, column]
    bits = np.full((len(outcomes), n_bits), tables.nothing)
    bits[row, place] = outcomes[row, column]
    return bits


def _log_factors(tables: DenseTables, outcomes: IndexArray) -> FloatArray:
    """Sum over outcomes of the logarithms in the tables: shape (n_rows, ...)."""
    is_seen = np.zeros((len(outcomes), tables.kind.size))
    is_seen[np.arange(len(outcomes))[:, None], outcomes] = 1.0
    return np.asarray(is_seen @ tables.log_factor)


def _by_state(tables: DenseTables, causes: NDArray[np.int8], log_factors: FloatArray) -> FloatArray:
    """What evidence on causes, and findings that reach no higher, multiply each state by.

    Shape (3, n_rows, n_causes); the probabilities of silent and responsible are in it.
    """
    n_causes = causes.shape[1]
    present = (causes != 0) * np.exp(log_factors[:, :n_causes])
    responsible = np.exp(log_factors[:, n_causes : 2 * n_causes])
    silent = present * tables.responsible[0]
    return np.stack([causes != 1, silent, present * responsible * tables.responsible[1]])


def _fold(
    tables: DenseTables,
    by_state: FloatArray,
    outcomes: IndexArray,
    is_folded: BoolArray,
    stratum: IndexArray,
) -> None:
    """Multiply the states of single causes by what their outcomes say."""
    row, column = np.nonzero(is_folded)
    outcome = outcomes[row, column]
    factors = tables.folded[outcome, stratum[row]].T
    for state, factor in zip(by_state, factors, strict=True):
        np.multiply.at(state, (row, tables.folded_cause[outcome]), factor)


def _lane_weights(
    tables: DenseTables, layout: Layout, rows: Rows, by_state: FloatArray
) -> FloatArray:
    """Weight of each state of a cause in each lane: shape (3, n_rows, n_lanes)."""
    log_odds = tables.intercept[rows.stratum] + (rows.contexts == 1) @ tables.context_log_odds
    in_lane = log_odds[:, layout.cause] + layout.log_odds
    odds = np.exp(-np.abs(in_lane))  # of what is less probable, absent or present
    more, less = 1.0 / (1.0 + odds), odds / (1.0 + odds)
    is_likely = in_lane > 0
    weights = by_state[:, :, layout.cause]
    weights[0] *= np.where(is_likely, less, more)
    weights[1:] *= np.where(is_likely, more, less)
    return weights


def _write_weights(prepared: Program, weights: FloatArray) -> None:
    absent, silent, responsible = weights
    layout = prepared.layout
    prepared.weights[:, layout.entry[0]] = absent
    prepared.weights[:, layout.entry[1]] = silent + absent * layout.is_shared
    prepared.weights[:, layout.entry[2]] = responsible


def _write_links(tables: DenseTables, prepared: Program, bits: IndexArray) -> None:
    """Write one matrix for each cause and each group of bits."""
    start = 0
    for links in prepared.links:
        n_bits = links.shape[-1].bit_length() - 1
        products = _products(tables, bits[:, start : start + n_bits])
        links.reshape(len(products), -1)[:, link_places(n_bits)[0]] = products
        start += n_bits
    products = _products(tables, bits[:, start:])
    _, last, last_back, again = link_places(bits.shape[1] - start)
    products = products[:, again]
    prepared.last_links.reshape(len(products), -1)[:, last] = products
    prepared.last_links_back.reshape(len(products), -1)[:, last_back] = products


def _products(tables: DenseTables, bits: IndexArray) -> FloatArray:
    """Products over bits of each link probability: shape (n_rows x n_causes, 3**n_bits)."""
    products = np.ones((1, len(bits) * tables.links.shape[2]))
    each = np.ones((3, products.shape[1]))
    for outcome in bits.T:
        each[:2] = tables.links[:, outcome].reshape(2, -1)
        products = (products[:, None] * each).reshape(-1, products.shape[1])
    return products.T


def _scale(
    tables: DenseTables, stratum: IndexArray, log_factors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What multiplies a whole row, by whether any cause is responsible and by *unlisted*.

    Returns
    -------
    log_scale : shape (n_rows,)
        Logarithm of the largest; minus infinity if all are zero.
    scale : shape (n_rows, 2, 2)
        All, divided by it.
    """
    n_rows, n_strata = len(stratum), len(tables.log_share)
    logs = log_factors[:, -4 * n_strata :].reshape(n_rows, 2, 2, n_strata)
    logs = logs[np.arange(n_rows), :, :, stratum] + tables.log_unlisted
    largest = logs.max(axis=(1, 2))
    is_possible = largest > IMPOSSIBLE / 2
    scale = np.exp(logs - largest[:, None, None]) * is_possible[:, None, None]
    return np.where(is_possible, largest, -np.inf), scale


def _rest(tables: DenseTables, stratum: IndexArray, bits: IndexArray) -> FloatArray:
    """What outcomes need beside causes, by *unlisted* and by the set that causes explain.

    Shape (n_rows, 2, 2**n_bits).
    """
    rest = np.ones((len(bits), 2, 1))
    for outcome in bits.T:
        by_bit = tables.rest[outcome, stratum]
        rest = (rest[..., None] * by_bit[:, :, None]).reshape(len(bits), 2, -1)
    return rest


def _write_final(
    prepared: Program, scale: FloatArray, presence: FloatArray, responsible: FloatArray
) -> FloatArray:
    """Write what each entry of the last table is multiplied by.

    Returns
    -------
    shape (n_rows, n_presence_sets)
        That of the entries with nobody responsible, if *unlisted* is true.
    """
    nobody = presence * (scale[:, 0] * responsible[:, :, 0])[:, :, None]
    someone = (presence * scale[:, 1, :, None]).swapaxes(1, 2) @ responsible
    final = prepared.final
    final[..., -1] = 0.0
    final[:, :, 0, -1] = nobody.sum(axis=1)
    final[..., :-1] = someone.reshape(*final.shape[:3], -1)
    return np.asarray(nobody[:, 1])


def _run(
    prepared: Program, weights: FloatArray, only_unlisted: FloatArray, log_bound: FloatArray
) -> Answers:
    """Run the program, and read what it leaves."""
    run(prepared.forward)
    n_rows = len(only_unlisted)
    total = np.vecdot(prepared.last.reshape(n_rows, -1), prepared.final.reshape(n_rows, -1))
    unexplained = np.vecdot(prepared.last[:, :, 0, -1], only_unlisted)
    run(prepared.backward)
    absent, silent, responsible = (
        _by_cause(prepared, entry, weight)
        for entry, weight in zip(prepared.layout.entry, weights, strict=True)
    )
    present = silent + responsible
    every = absent + present
    every[every == 0] = 1.0
    total_or_1 = np.where(total > 0, total, 1.0)
    log_bound = np.where(log_bound > IMPOSSIBLE / 2, log_bound, -np.inf)
    with np.errstate(divide="ignore"):  # the logarithm of an impossible row is -inf
        log_joint = np.log(total) + log_bound
    return Answers(
        present=present / every,
        responsible=responsible / every,
        unexplained=unexplained / total_or_1,
        log_joint=log_joint,
        log_bound=log_bound,
    )


def _by_cause(prepared: Program, entry: IndexArray, weight: FloatArray) -> FloatArray:
    """P(state of each cause and evidence), but for the scale: shape (n_rows, n_causes)."""
    layout = prepared.layout
    by_step = np.add.reduceat(prepared.inner[:, entry] * weight, layout.first_lane, axis=1)
    return np.asarray(by_step[:, layout.step_of_cause])
