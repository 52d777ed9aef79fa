"""Do the observations of a patient fit together, and are they as usual as those of others?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.errors import LimitError
from legache.inference.flat import UNKNOWN, Codes, flat_network
from legache.inference.posterior import posterior
from legache.inference.simulation import simulated_people
from legache.inference.subsets import log_evidence_of, subset_posteriors
from legache.inference.weights import Known
from legache.network.structure import FloatArray, NoisyMaxNetwork

_RAREST = 1e-5  # of a complaint that can be simulated: some ten minutes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coherence:
    """Probabilities of observations alone and together; logarithms are natural.

    Attributes
    ----------
    log_evidence, log_background
        Log P(background, observations), and log P(background).
    log_alone, log_given_rest : shape (n_items,)
        Log P(observation | background), and log P(observation | background, all others).
    log_given_cause : shape (n_items, n_causes)
        Log P(observation | background, all others, the cause is responsible); NaN for a cause
        that cannot be.
    responsible, background_responsible : shape (n_causes,)
        P(responsible) given everything, and given the background.
    """

    log_evidence: float
    log_background: float
    log_alone: FloatArray
    log_given_rest: FloatArray
    log_given_cause: FloatArray
    responsible: FloatArray
    background_responsible: FloatArray


def coherence(network: NoisyMaxNetwork, items: Known, background: Known) -> Coherence:
    """Probability of each observation alone, given the others, and given each leading cause.

    Parameters
    ----------
    network
    items
        The observations that are compared.
    background
        What is known beside them, in every row.

    Notes
    -----
    P(observation | others, cause responsible) is the ratio of P(everything, cause responsible)
    and the same without the observation, which one batch of leave-one-out queries gives for all
    causes at once.
    """
    n, n_base = len(items), len(background)
    kept = np.ones((2 * n + 2, n_base + n), dtype=bool)
    observed = kept[:, n_base:]
    observed[: n + 1] = np.concatenate([np.eye(n, dtype=bool), np.zeros((1, n), dtype=bool)])
    observed[n + 1 : 2 * n + 1] = ~np.eye(n, dtype=bool)
    found = subset_posteriors(network, dict(background + items), kept)
    logs = found.log_evidence
    alone, rest = slice(n), slice(n + 1, 2 * n + 1)
    responsible, without = found.responsible[-1], found.responsible[rest]
    possible = (responsible > 0) & (without > 0)
    ratio = np.divide(
        np.broadcast_to(responsible, without.shape),
        without,
        out=np.full(without.shape, np.nan),
        where=possible,
    )
    given_rest = logs[-1] - logs[rest]
    return Coherence(
        log_evidence=float(logs[-1]),
        log_background=float(logs[n]),
        log_alone=logs[alone] - logs[n],
        log_given_rest=given_rest,
        log_given_cause=given_rest[:, None] + np.log(ratio),
        responsible=responsible,
        background_responsible=found.responsible[n],
    )


@lru_cache(maxsize=64)
def log_evidence_of_others(
    network: NoisyMaxNetwork, complaint: str, names: tuple[str, ...], *, n_people: int, seed: int
) -> FloatArray:
    """Log-probabilities of what simulated people with the complaint tell of some nodes.

    Parameters
    ----------
    network
    complaint
        Id of the finding that all have.
    names
        Ids of the nodes that they are asked about.
    n_people, seed
        Of the simulation, which is made once.

    Returns
    -------
    shape (n_people,)
        Fewer if an answer for somebody did not fit into memory.

    Raises
    ------
    LimitError
        Too few people have the complaint.
    """
    codes = _complainers(network, complaint, n_people, seed)
    columns = [flat_network(network).column[name] for name in names]
    asked = np.full_like(codes, UNKNOWN)
    asked[:, columns] = codes[:, columns]
    logs = log_evidence_of(network, asked)
    return logs[~np.isnan(logs)]


def percentile(value: float, others: FloatArray) -> float:
    """Percentage of the others that are smaller; those that are equal count half.

    Examples
    --------
    >>> percentile(2.0, np.array([1.0, 2.0, 3.0, 4.0]))
    37.5
    """
    # patterns that are the same may be answered along other plans: equal but for rounding
    tolerance = 1e-9 * max(abs(value), 1.0)
    smaller = float((others < value - tolerance).mean())
    return 100 * (smaller + 0.5 * float((np.abs(others - value) <= tolerance).mean()))


@lru_cache(maxsize=8)
def _complainers(network: NoisyMaxNetwork, complaint: str, n_people: int, seed: int) -> Codes:
    share = float(np.exp(posterior(network, {complaint: (0.0, 1.0)}).log_evidence))
    if share < _RAREST:
        message = (
            f"{complaint}: one person in {1 / share:,.0f} has it; to simulate some, it must be "
            f"one in {1 / _RAREST:,.0f} or more"
        )
        raise LimitError(message)
    codes = simulated_people(network, n_people, seed, complaint=complaint).codes
    codes.flags.writeable = False
    return codes
