"""Which open nodes may be worth asking, at a glance?

One pass over many patients, without a query for each answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.network.structure import FloatArray, NoisyMaxNetwork


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """Findings in arrays: P(state <= k) that each cause, *unlisted* and the leak allow.

    Attributes
    ----------
    allowed : shape (n_findings, n_levels, n_causes)
        1 where the cause has no link.
    leak : shape (n_strata, n_findings, n_levels)
    unlisted : shape (n_findings, n_levels)
    on_responsible : shape (n_findings,)
    odds_ratio : shape (n_contexts, n_causes)
    """

    allowed: FloatArray
    leak: FloatArray
    unlisted: FloatArray
    on_responsible: FloatArray
    odds_ratio: FloatArray


def screened(
    network: NoisyMaxNetwork,
    *,
    strata: FloatArray,
    contexts: FloatArray,
    present: FloatArray,
    responsible: FloatArray,
) -> FloatArray:
    """Approximate information of each context and finding about which cause is responsible.

    As if exactly one cause, or an unlisted one, were responsible, and the presence of the
    others were independent: good for choosing what deserves an exact answer, for nothing else.

    Parameters
    ----------
    network
    strata : shape (n_patients, n_strata)
        Probability of each stratum, or any numbers in proportion to it.
    contexts, present, responsible : shape (n_patients, n)
        Posteriors.

    Returns
    -------
    shape (n_patients, n_contexts + n_findings)
        Bits, approximately.

    References
    ----------
    Gorry, G. A. & Barnett, G. O. (1968). Experience with a model of sequential diagnosis.
    Comput. Biomed. Res. 1, 490-507 (one disease at a time).

    Examples
    --------
    >>> import legache
    >>> from legache.inference.posterior import posterior
    >>> network = legache.load().model.network
    >>> now = posterior(network, {"leg_ache": (0.0, 1.0)})
    >>> bits = screened(network, strata=network.stratum_share[None], contexts=now.contexts[None],
    ...     present=now.present[None], responsible=now.responsible[None])
    >>> bits.shape, bool((bits >= 0).all())
    ((1, 136), True)
    """
    tables = _tables(network)
    only = responsible / np.maximum(1.0, responsible.sum(axis=1, keepdims=True))
    weight = np.concatenate([only, 1 - only.sum(axis=1, keepdims=True)], axis=1)
    share = strata / strata.sum(axis=1, keepdims=True)
    of_contexts = _context_levels(tables, contexts)
    of_findings = _finding_levels(tables, np.tensordot(share, tables.leak, 1), present)
    bits = [_bits(weight, of_contexts), _bits(weight, of_findings)]
    return np.maximum(np.concatenate(bits, axis=1), 0.0)


def _context_levels(tables: _Tables, contexts: FloatArray) -> FloatArray:
    """P(context absent) under each hypothesis: shape (n_patients, n_contexts, 1, n_causes + 1)."""
    p = contexts[:, :, None]
    with_cause = p * tables.odds_ratio / (p * tables.odds_ratio + 1 - p)
    return 1 - np.concatenate([with_cause, p], axis=2)[:, :, None, :]


def _finding_levels(tables: _Tables, leak: FloatArray, present: FloatArray) -> FloatArray:
    """P(state <= k) under each hypothesis: shape (n_patients, n_findings, n_levels, n_causes + 1).

    A finding of the complaint needs its responsible cause; any other may have any cause.
    """
    shown = 1 - present[:, None, None, :] * (1 - tables.allowed)
    others = np.where(tables.on_responsible[:, None, None] > 0, 1.0, shown)
    alone = np.maximum(others, 1e-300)  # a certain finding leaves nothing to divide by
    together = np.prod(others, axis=3, keepdims=True)
    with_cause = together / alone * tables.allowed
    without = together * tables.unlisted[None, :, :, None]
    return np.asarray(leak[:, :, :, None] * np.concatenate([with_cause, without], axis=3))


def _bits(weight: FloatArray, levels: FloatArray) -> FloatArray:
    """Mutual information of hypothesis and state: shape (n_patients, n_nodes)."""
    edges = np.zeros((*levels.shape[:2], 1, levels.shape[3]))
    at_most = np.concatenate([edges, levels, edges + 1], axis=2)
    given = np.clip(np.diff(at_most, axis=2), 0.0, 1.0)
    mean = np.einsum("phkc,pc->phk", given, weight)
    each = np.einsum("phc,pc->ph", _entropy(given).sum(axis=2), weight)
    return np.asarray(_entropy(mean).sum(axis=2) - each)


def _entropy(p: FloatArray) -> FloatArray:
    """Return -p log2(p), and 0 where p is 0."""
    return -p * np.log2(np.where(p > 0, p, 1.0))


@lru_cache(maxsize=16)
def _tables(network: NoisyMaxNetwork) -> _Tables:
    n_findings, n_causes = len(network.findings), len(network.causes)
    n_levels = max(len(finding.states) for finding in network.findings) - 1
    allowed = np.ones((n_findings, n_levels, n_causes))
    leak = np.ones((len(network.strata), n_findings, n_levels))
    unlisted = np.ones((n_findings, n_levels))
    for row, finding in enumerate(network.findings):
        levels = slice(0, len(finding.states) - 1)
        allowed[row, levels, finding.causes] = _at_most(finding.strengths)
        leak[:, row, levels] = _at_most(finding.leak)
        unlisted[row, levels] = _at_most(finding.unlisted)
    odds_ratio = np.ones((len(network.context_ids), n_causes))
    for place, cause in enumerate(network.causes):
        odds_ratio[cause.contexts, place] = np.exp(cause.context_log_odds)
    on_responsible = [float(finding.hangs_on_responsible) for finding in network.findings]
    return _Tables(allowed, leak, unlisted, np.array(on_responsible), odds_ratio)


def _at_most(above: FloatArray) -> FloatArray:
    """P(state <= k) of each state but the highest, from P(state) of each but the lowest."""
    exceeding = np.cumsum(above[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(np.maximum(1 - exceeding, 0.0))
