"""How probable would each cause be if some of the evidence were not known?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from legache.inference.assembly import Likelihoods
from legache.inference.compiled import Status, compiled_network, n_cores
from legache.inference.flat import UNKNOWN
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork

_SEARCH_IN_PASSING = 0.1  # as for cohorts: each row is answered once


def responsible_without(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    retracted: Sequence[Sequence[str]],
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> FloatArray:
    """P(responsible) of every cause, for each of many sets of observations that are taken back.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    retracted
        Ids of observed nodes.
    memory_limit
        Bytes of working memory that one set may use.

    Returns
    -------
    shape (n_sets, n_causes)

    Raises
    ------
    ImpossibleEvidenceError, LimitError
        As for `legache.inference.posterior.posterior`.

    Notes
    -----
    Without a finding nothing new has to be summed out, and the plan of the whole evidence serves
    all sets; a context that becomes open asks for a plan of its own.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> said = {"leg_ache": (0.0, 1.0), "urge_to_move": (0.0, 1.0)}
    >>> responsible_without(network, said, [("urge_to_move",), ()]).shape
    (2, 40)
    """
    found = np.zeros((len(retracted), len(network.causes)))
    unsettled = list(range(len(retracted)))
    kernel = compiled_network(network)
    if kernel is not None and retracted:
        codes, values = kernel.flat.encoded(likelihoods)
        rows = np.repeat(codes[None], len(retracted), 0)
        for row, names in enumerate(retracted):
            rows[row, [kernel.flat.column[name] for name in names]] = UNKNOWN
        shown = {finding.id for finding in network.findings}
        is_shared = all(name in shown for names in retracted for name in names)
        answers = kernel.answer(
            rows,
            values,
            memory_limit,
            order=kernel.plan(codes)[0] if is_shared else None,
            effort=_SEARCH_IN_PASSING,
            n_threads=n_cores(),
        )
        found = answers.responsible
        unsettled = np.flatnonzero(answers.status != Status.ANSWERED).tolist()
    for row in unsettled:
        kept = {name: said for name, said in likelihoods.items() if name not in retracted[row]}
        found[row] = posterior(network, kept, memory_limit=memory_limit).responsible
    return found
