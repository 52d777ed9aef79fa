"""How probable is each cause, given what was observed?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.errors import ImpossibleEvidenceError
from legache.inference.assembly import Likelihoods
from legache.inference.compiled import SETTLED, OneAnswer, Status, compiled_network
from legache.inference.general import general_run, general_unexplained
from legache.network.structure import FloatArray, NoisyMaxNetwork

DEFAULT_MEMORY_LIMIT = 2**30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Exact answers to one query.

    Attributes
    ----------
    present, responsible : shape (n_causes,)
        Probability, given the evidence, that each cause is present, and that
        it makes its bearer complain.
    unexplained
        Probability that *unlisted* is true and no listed cause is responsible.
    log_evidence
        Natural logarithm of the probability of the evidence; soft evidence
        enters as the likelihoods that were given.
    contexts : shape (n_contexts,)
        Probability of each context, given the evidence.
    """

    present: FloatArray
    responsible: FloatArray
    unexplained: float
    log_evidence: float
    contexts: FloatArray


def posterior(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> Posterior:
    """Exact posterior of every cause and context.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    memory_limit
        Bytes of working memory that the plan may use, predicted before anything is allocated.

    Raises
    ------
    EvidenceError
        A node that the network does not have.
    ImpossibleEvidenceError
        The evidence has probability zero.
    LimitError
        The plan needs more memory than the limit.
    """
    status, found = _by_kernel(network, likelihoods, memory_limit)
    if found is None:
        return _by_numpy(network, likelihoods, memory_limit)
    if status == Status.IMPOSSIBLE:
        raise ImpossibleEvidenceError(minimal_conflict(network, likelihoods))
    return Posterior(
        present=_frozen(found.present),
        responsible=_frozen(found.responsible),
        unexplained=found.unexplained,
        log_evidence=found.log_evidence,
        contexts=_frozen(found.contexts),
    )


def is_possible(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> bool:
    """Tell whether evidence has a probability above zero."""
    status, found = _by_kernel(network, likelihoods, memory_limit)
    if found is not None:
        return status == Status.ANSWERED
    return general_run(network, likelihoods, memory_limit).log_evidence > -np.inf


def minimal_conflict(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> tuple[str, ...]:
    """Ids of observations that are impossible together, none of which can be spared.

    References
    ----------
    Chinneck, J. W. & Dravnieks, E. W. (1991). Locating minimal infeasible constraint sets
    in linear programs. ORSA J. Comput. 3, 157-168 (the deletion filter).
    """
    kept = dict(sorted(likelihoods.items()))
    for name in sorted(likelihoods):
        without = {other: given for other, given in kept.items() if other != name}
        if not is_possible(network, without):
            kept = without
    return tuple(kept)


def _by_kernel(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, memory_limit: int
) -> tuple[Status | None, OneAnswer | None]:
    """Answer of the kernel, if there is one and it can settle the question."""
    kernel = compiled_network(network)
    if kernel is None:
        return None, None
    codes, values = kernel.flat.encoded(likelihoods)
    status, found = kernel.answer_one(codes, values, memory_limit)
    return (status, found) if status in SETTLED else (status, None)


def _by_numpy(network: NoisyMaxNetwork, likelihoods: Likelihoods, memory_limit: int) -> Posterior:
    ordered = {name: likelihoods[name] for name in sorted(likelihoods)}
    run = general_run(network, ordered, memory_limit)
    if run.log_evidence == -np.inf:
        raise ImpossibleEvidenceError(minimal_conflict(network, ordered))
    causes = run.causes
    return Posterior(
        present=_frozen(causes[:, 0]),
        responsible=_frozen(causes[:, 1]),
        unexplained=general_unexplained(run, memory_limit),
        log_evidence=run.log_evidence,
        contexts=_frozen(run.contexts),
    )


def _frozen(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values
