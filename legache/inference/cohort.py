"""How probable is each cause in each of many patients?

Every patient may have a pattern of evidence of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.errors import EvidenceError, ImpossibleEvidenceError, LimitError
from legache.inference.compiled import CompiledNetwork, Status, compiled_network, n_cores
from legache.inference.dense import dense_posteriors
from legache.inference.flat import Codes, Counts, flat_network
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork

_SEARCH_IN_PASSING = 0.1  # a plan for one patient is worth a short search; found by measurement
_NO_VALUES = np.empty(0)
_FIELDS = ("present", "responsible", "unexplained", "log_evidence")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortPosteriors:
    """Exact answers for many patients; zeros, and no log evidence, where there is none.

    Attributes
    ----------
    present, responsible : shape (n_patients, n_causes)
    unexplained, log_evidence : shape (n_patients,)
        Log evidence is minus infinity for those without an answer.
    is_impossible : shape (n_patients,)
        The evidence has probability zero.
    is_too_large : shape (n_patients,)
        The exact answer would need more memory than the limit.
    """

    present: FloatArray
    responsible: FloatArray
    unexplained: FloatArray
    log_evidence: FloatArray
    is_impossible: NDArray[np.bool_]
    is_too_large: NDArray[np.bool_]


def cohort_posteriors(
    network: NoisyMaxNetwork,
    codes: Codes,
    *,
    n_threads: int | None = None,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> CohortPosteriors:
    """Exact posteriors of many patients, each with evidence of their own.

    Parameters
    ----------
    network
    codes : shape (n_patients, n_nodes)
        Index of the observed state of each node, or -1 where it is unknown.  Nodes are the roots,
        contexts, causes and findings of the network, in its order.
    n_threads
        All cores of the machine if omitted.
    memory_limit
        Bytes of working memory that one patient may use.

    Raises
    ------
    EvidenceError
        Codes of a wrong shape, or of states that a node does not have.

    Notes
    -----
    Patients are answered one by one in compiled code, all cores at work; without a compiled
    kernel, many at a time by numpy.  What neither can settle, such as numbers beyond the range
    of floating point, is answered as a single patient is.

    Examples
    --------
    >>> import legache, numpy as np
    >>> network = legache.load().model.network
    >>> n_nodes = len(network.root_ids) + len(network.context_ids)
    >>> n_nodes += len(network.causes) + len(network.findings)
    >>> nothing_known = np.full((2, n_nodes), -1, dtype=np.int8)
    >>> cohort_posteriors(network, nothing_known).present.shape
    (2, 40)
    """
    codes = _checked(network, codes)
    kernel = compiled_network(network)
    if kernel is None:
        answers, status = _by_numpy(network, codes)
    else:
        answers, status = _by_kernel(kernel, codes, n_threads or n_cores(), memory_limit)
    for row in np.flatnonzero(status > Status.IMPOSSIBLE).tolist():
        status[row] = _answer_alone(network, codes[row], memory_limit, answers, row)
    return CohortPosteriors(
        **answers,
        is_impossible=status == Status.IMPOSSIBLE,
        is_too_large=status == Status.TOO_LARGE,
    )


def _checked(network: NoisyMaxNetwork, codes: Codes) -> Codes:
    n_states = flat_network(network).n_states
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != n_states.size or codes.dtype != np.int8:
        message = (
            f"codes of shape {codes.shape} and type {codes.dtype}; expected int8 and one column "
            f"for each of {n_states.size} nodes"
        )
        raise EvidenceError(message)
    wrong = np.argwhere((codes < -1) | (codes >= n_states))
    if wrong.size:
        row, place = wrong[0].tolist()
        name = list(flat_network(network).column)[place]
        message = f"{name}: row {row} has a state that does not exist; it has {n_states[place]}"
        raise EvidenceError(message)
    return codes


def _by_kernel(
    kernel: CompiledNetwork, codes: Codes, n_threads: int, memory_limit: int
) -> tuple[dict[str, FloatArray], Counts]:
    found = kernel.answer(
        codes, _NO_VALUES, memory_limit, effort=_SEARCH_IN_PASSING, n_threads=n_threads
    )
    return {name: getattr(found, name) for name in _FIELDS}, found.status


def _by_numpy(network: NoisyMaxNetwork, codes: Codes) -> tuple[dict[str, FloatArray], Counts]:
    found = dense_posteriors(network, codes)
    answers = {name: getattr(found, name).copy() for name in _FIELDS}
    status = np.where(found.is_exact, Status.ANSWERED, Status.TOO_MANY).astype(np.int32)
    status[found.is_exact & np.isneginf(found.log_evidence)] = Status.IMPOSSIBLE
    return answers, status


def _answer_alone(
    network: NoisyMaxNetwork,
    codes: Codes,
    memory_limit: int,
    answers: dict[str, FloatArray],
    row: int,
) -> Status:
    """Answer one patient as `posterior` does, into a row of the answers."""
    likelihoods = flat_network(network).likelihoods(codes)
    try:
        alone = posterior(network, likelihoods, memory_limit=memory_limit)
    except (ImpossibleEvidenceError, LimitError) as error:
        for name in _FIELDS:
            answers[name][row] = -np.inf if name == "log_evidence" else 0.0
        is_impossible = isinstance(error, ImpossibleEvidenceError)
        return Status.IMPOSSIBLE if is_impossible else Status.TOO_LARGE
    for name in _FIELDS:
        answers[name][row] = getattr(alone, name)
    return Status.ANSWERED
