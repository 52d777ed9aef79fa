"""What would the posteriors be if only some of the evidence were known?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from legache.errors import ImpossibleEvidenceError, LimitError
from legache.inference.assembly import Likelihoods
from legache.inference.cohort import CohortPosteriors, cohort_posteriors
from legache.inference.compiled import SETTLED, Status, compiled_network, n_cores
from legache.inference.flat import BY_LIKELIHOOD, UNKNOWN, Codes, flat_network
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork

BoolArray = NDArray[np.bool_]
_SEARCH_IN_PASSING = 0.1  # as for a cohort: rows of few known contexts need plans of their own
_FIELDS = ("present", "responsible", "unexplained", "log_evidence")


def subset_posteriors(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    kept: BoolArray,
    *,
    ruled_out: NDArray[np.intp] | None = None,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> CohortPosteriors:
    """Exact posteriors for many subsets of one patient's evidence, in one batch.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    kept : shape (n_rows, n_items)
        Which of the observed nodes, in the order of `likelihoods`, each row knows.
    ruled_out : shape (n_rows,)
        Place of a cause that the row takes as absent, whatever else is said of it; -1 for none.
    memory_limit
        Bytes of working memory that one row may use.

    Returns
    -------
    CohortPosteriors
        One row for each subset.  Subsets of possible evidence are possible; a row with a cause
        ruled out may not be.

    Raises
    ------
    LimitError
        A row needs more memory than the limit.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> said = {"leg_ache": (0.0, 1.0), "swelling_one_leg": (0.0, 1.0)}
    >>> found = subset_posteriors(network, said, np.array([[True, False], [True, True]]))
    >>> clot = [cause.id for cause in network.causes].index("deep_vein_thrombosis")
    >>> bool(found.responsible[0, clot] < found.responsible[1, clot])
    True
    """
    flat = flat_network(network)
    known, values = encoded_states(network, likelihoods)
    columns = [flat.column[name] for name in likelihoods]
    codes = np.full((len(kept), known.size), UNKNOWN, dtype=np.int8)
    codes[:, columns] = np.where(kept, known[columns], UNKNOWN)
    if ruled_out is not None:
        rows = np.flatnonzero(ruled_out >= 0)
        first_cause = len(network.root_ids) + len(network.context_ids)
        codes[rows, first_cause + ruled_out[rows]] = 0
    if (codes == BY_LIKELIHOOD).any():
        found = _with_likelihoods(network, codes, values, memory_limit)
    else:
        found = cohort_posteriors(network, codes, memory_limit=memory_limit)
    if found.is_too_large.any():
        message = (
            f"{int(found.is_too_large.sum())} of {len(kept)} subsets of the evidence need more "
            f"than {memory_limit:,} bytes; tell more contexts or fewer positive findings"
        )
        raise LimitError(message)
    return found


def encoded_states(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> tuple[Codes, FloatArray]:
    """Evidence as codes, graded nodes in a single state as that state: see `FlatNetwork.encoded`.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> codes, _ = encoded_states(network, {"age_band": (0.0, 0.0, 1.0, 0.0)})
    >>> codes.max()
    np.int8(2)
    """
    flat = flat_network(network)
    encoded, values = flat.encoded(likelihoods)
    codes = encoded.copy()
    for name, likelihood in likelihoods.items():
        if sorted(likelihood)[-2:] == [0.0, 1.0]:
            codes[flat.column[name]] = likelihood.index(1.0)
    return codes, values


def log_evidence_of(network: NoisyMaxNetwork, codes: Codes) -> FloatArray:
    """Log-probability of the evidence of many patients; NaN where it would not fit into memory.

    Parameters
    ----------
    network
    codes : shape (n_patients, n_nodes)
        As for `cohort_posteriors`.
    """
    # those who told the same are asked about once; a dictionary is faster than a sort
    rows = [row.tobytes() for row in codes]
    number = {row: rank for rank, row in enumerate(dict.fromkeys(rows))}
    distinct = np.frombuffer(b"".join(number), dtype=np.int8).reshape(len(number), codes.shape[1])
    kernel = compiled_network(network)
    if kernel is None or not len(distinct):
        logs, unsettled = np.zeros(len(distinct)), np.arange(len(distinct))
    else:
        found = kernel.answer(
            *(distinct, np.empty(0), DEFAULT_MEMORY_LIMIT),
            effort=_SEARCH_IN_PASSING,
            wants_posteriors=False,
            n_threads=n_cores(),
        )
        logs = np.where(found.status == Status.IMPOSSIBLE, -np.inf, found.log_evidence)
        unsettled = np.flatnonzero(~np.isin(found.status, SETTLED))
    if unsettled.size:
        rest = cohort_posteriors(network, distinct[unsettled])
        logs[unsettled] = np.where(rest.is_too_large, np.nan, rest.log_evidence)
    return np.asarray(logs[[number[row] for row in rows]])


def _with_likelihoods(
    network: NoisyMaxNetwork, codes: Codes, values: FloatArray, memory_limit: int
) -> CohortPosteriors:
    """Answer rows that share likelihoods; one by one where the kernel cannot."""
    n_rows, n_causes = len(codes), len(network.causes)
    kernel = compiled_network(network)
    if kernel is None:
        status = np.full(n_rows, Status.NO_MEMORY, dtype=np.int32)
        shapes = ((n_rows, n_causes), (n_rows, n_causes), (n_rows,), (n_rows,))
        answers = {name: np.zeros(s) for name, s in zip(_FIELDS, shapes, strict=True)}
    else:
        found = kernel.answer(
            codes, values, memory_limit, effort=_SEARCH_IN_PASSING, n_threads=n_cores()
        )
        status, answers = found.status, {name: getattr(found, name) for name in _FIELDS}
    for row in np.flatnonzero(~np.isin(status, SETTLED)).tolist():
        said = _said(network, codes[row], values)
        try:
            alone = posterior(network, said, memory_limit=memory_limit)
        except (ImpossibleEvidenceError, LimitError) as error:
            is_impossible = isinstance(error, ImpossibleEvidenceError)
            status[row] = Status.IMPOSSIBLE if is_impossible else Status.TOO_LARGE
            continue
        status[row] = Status.ANSWERED
        for name in _FIELDS:
            answers[name][row] = getattr(alone, name)
    for name in _FIELDS:
        answers[name][status != Status.ANSWERED] = -np.inf if name == "log_evidence" else 0.0
    return CohortPosteriors(
        **answers,
        is_impossible=status == Status.IMPOSSIBLE,
        is_too_large=status == Status.TOO_LARGE,
    )


def _said(
    network: NoisyMaxNetwork, codes: Codes, values: FloatArray
) -> dict[str, tuple[float, ...]]:
    flat = flat_network(network)
    said = flat.likelihoods(codes)
    for name, (place, n_states) in flat.place_and_size.items():
        if codes[place] == BY_LIKELIHOOD:
            start = int(flat.first_state[place])
            said[name] = tuple(values[start : start + n_states].tolist())
    return said
