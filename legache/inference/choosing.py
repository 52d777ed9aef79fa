"""Which few open nodes deserve an exact answer, and how much information have these?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from legache.errors import LimitError
from legache.inference.assembly import Likelihoods
from legache.inference.branches import branches
from legache.inference.compiled import compiled_network
from legache.inference.information import information
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior
from legache.inference.screening import screened
from legache.network.structure import FloatArray, NoisyMaxNetwork

# table entries that may be touched for one choice, so that it takes some tens of milliseconds
_BUDGET = 5e7
_MOST, _LEAST, _WITHOUT_KERNEL = 4, 1, 3
_ANSWERS = 2  # most nodes are binary


def screened_bits(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, answer: Posterior
) -> dict[str, float]:
    """Approximate information of every context and finding; see `screened`."""
    found = screened(
        network,
        strata=_strata(network, likelihoods),
        contexts=answer.contexts[None],
        present=answer.present[None],
        responsible=answer.responsible[None],
    )
    ids = [*network.context_ids, *(finding.id for finding in network.findings)]
    return dict(zip(ids, found[0].tolist(), strict=True))


def affordable(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> int:
    """How many nodes to answer exactly: fewer where much is open and positive."""
    kernel = compiled_network(network)
    if kernel is None:
        return _WITHOUT_KERNEL
    _, cost = kernel.plan(kernel.flat.encoded(likelihoods)[0])
    return int(np.clip(_BUDGET / (_ANSWERS * max(cost, 1.0)), _LEAST, _MOST))


def exact_bits(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    names: Sequence[str],
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> dict[str, float]:
    """Information of nodes about the causes, summed; nothing if that does not fit into memory."""
    questions = [(name,) for name in names]
    try:
        found = branches(network, likelihoods, questions, memory_limit=memory_limit)
    except LimitError:
        return {}
    return dict(zip(names, information(found).sum(axis=1).tolist(), strict=True))


def _strata(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> FloatArray:
    """Share of each stratum, times the likelihood of what is known of the roots."""
    share = network.stratum_share.copy()
    for place, name in enumerate(network.root_ids):
        if name in likelihoods:
            states = list(dict.fromkeys(stratum[place] for stratum in network.strata))
            of_state = dict(zip(states, likelihoods[name], strict=True))
            share = share * np.array([of_state[stratum[place]] for stratum in network.strata])
    return share[None]
