"""What do the codes of patients say, and in which rows are all contexts known?

A patient of whom a root, or a context that matters, is unknown is a mixture of
*rows* of whom they are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.inference.dense.tables import BY_PRESENCE, BY_RESPONSIBLE, DenseTables
from legache.network.structure import FloatArray, IndexArray

Codes = NDArray[np.int8]
BoolArray = NDArray[np.bool_]

MOST_OPEN_CONTEXTS = 3
_MOST_ROWS = 4096  # of one chunk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Codes of patients, and the outcomes that those of findings stand for.

    Attributes
    ----------
    is_open : shape (n_patients, n_contexts)
        Unknown contexts that matter.
    outcomes, kinds : shape (n_patients, n_findings)
    n_presence, n_responsible : shape (n_patients,)
        Number of bits.
    """

    roots: Codes
    contexts: Codes
    is_open: BoolArray
    causes: Codes
    outcomes: IndexArray
    kinds: IndexArray
    n_presence: IndexArray
    n_responsible: IndexArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Patients in one stratum each, with no open context: arrays of shape (n_rows, ...)."""

    patient: IndexArray
    stratum: IndexArray
    contexts: Codes
    log_prior: FloatArray

    def take(self, places: IndexArray) -> Rows:
        """Some of the rows, in that order."""
        return Rows(
            patient=self.patient[places],
            stratum=self.stratum[places],
            contexts=self.contexts[places],
            log_prior=self.log_prior[places],
        )


def chunks(tables: DenseTables, codes: Codes, patients: IndexArray) -> Iterator[IndexArray]:
    """Split patients so that the rows of each part fit into memory."""
    if len(patients) * len(tables.log_share) << MOST_OPEN_CONTEXTS <= _MOST_ROWS:
        yield patients
        return
    roots, contexts, _, _ = _columns(tables, codes)
    n_open = np.minimum(_is_open(tables, contexts).sum(axis=1), MOST_OPEN_CONTEXTS)
    n_rows = _agrees(tables, roots).sum(axis=1) << n_open
    part = np.cumsum(n_rows[patients]) // _MOST_ROWS
    yield from np.split(patients, np.flatnonzero(np.diff(part)) + 1)


def evidence_of(tables: DenseTables, codes: Codes) -> Evidence:
    """Read the codes of patients: shape (n_patients, n_nodes)."""
    roots, contexts, causes, findings = _columns(tables, codes)
    outcomes = np.where(findings < 0, tables.nothing, findings + tables.first_outcome)
    kinds = tables.kind[outcomes]
    return Evidence(
        roots=roots,
        contexts=contexts,
        is_open=_is_open(tables, contexts),
        causes=causes,
        outcomes=outcomes,
        kinds=kinds,
        n_presence=(kinds == BY_PRESENCE).sum(axis=1),
        n_responsible=(kinds == BY_RESPONSIBLE).sum(axis=1),
    )


def rows_of(tables: DenseTables, evidence: Evidence, patients: IndexArray) -> Rows:
    """All strata and states of open contexts that some patients may be in, by patient."""
    place, stratum = np.nonzero(_agrees(tables, evidence.roots[patients]))
    patient = patients[place]
    contexts = evidence.contexts[patient]
    if evidence.is_open[patient].any():
        copied, contexts = _all_states(contexts, evidence.is_open[patient])
        patient, stratum = patient[copied], stratum[copied]
    log_absent, log_present = tables.log_context[:, stratum]
    log_known = np.where(contexts == 1, log_present, np.where(contexts == 0, log_absent, 0.0))
    log_prior = tables.log_share[stratum] + log_known.sum(axis=1)
    return Rows(patient=patient, stratum=stratum, contexts=contexts, log_prior=log_prior)


def _all_states(contexts: Codes, is_open: BoolArray) -> tuple[IndexArray, Codes]:
    """Copy each row for each joint state of its open contexts."""
    n_copies = 1 << is_open.sum(axis=1)
    copied = np.repeat(np.arange(len(contexts)), n_copies)
    copy = np.arange(copied.size) - np.repeat(np.cumsum(n_copies) - n_copies, n_copies)
    rank = np.maximum(np.cumsum(is_open, axis=1) - 1, 0)
    states = (copy[:, None] >> rank[copied]) & 1
    return copied, np.where(is_open[copied], states, contexts[copied]).astype(np.int8)


def _columns(tables: DenseTables, codes: Codes) -> tuple[Codes, Codes, Codes, Codes]:
    """Codes of roots, contexts, causes and findings."""
    n_contexts, n_causes = tables.context_log_odds.shape
    contexts = tables.stratum_codes.shape[1]
    causes = contexts + n_contexts
    findings = causes + n_causes
    return (
        codes[:, :contexts],
        codes[:, contexts:causes],
        codes[:, causes:findings],
        codes[:, findings:],
    )


def _agrees(tables: DenseTables, roots: Codes) -> BoolArray:
    """Tell whether a patient may belong to a stratum: shape (n_patients, n_strata)."""
    given = roots[:, None, :]
    return np.asarray(np.all((given < 0) | (given == tables.stratum_codes), axis=2))


def _is_open(tables: DenseTables, contexts: Codes) -> BoolArray:
    return (contexts < 0) & tables.context_matters
