"""What does the classic algorithm for two-layer networks answer?

Inclusion and exclusion over all sets of positive findings: exact on paper, but its terms are much
larger than their sum, so that digits cancel.
"""

from __future__ import annotations

import numpy as np

from benchmarks.folding import UNLISTED, Folded, FoldedCause, Gate
from benchmarks.questions import Answer, cause_table, present_and_responsible
from legache.network.structure import FloatArray


def quickscore(folded: Folded) -> tuple[Answer, float]:
    """Posteriors of a network without open contexts and edges between causes, and P(evidence).

    References
    ----------
    Heckerman, D. (1989). A tractable inference algorithm for diagnosing multiple diseases.
    Proc. UAI 1989, 174-181.
    """
    gates = folded.gates
    signs = _over_sets([-(1 - gate.leak) for gate in gates])
    by_cause = [_joint(cause, gates) for cause in folded.causes]
    unlisted = folded.unlisted[0] + folded.unlisted[1] * _over_sets(
        [1 - dict(gate.links).get(UNLISTED, 0.0) for gate in gates]
    )
    terms = signs * unlisted * np.prod([joint.sum(axis=0) for joint in by_cause], axis=0)
    evidence = float(terms.sum())
    found = {}
    for cause, joint in zip(folded.causes, by_cause, strict=True):
        share = (joint / joint.sum(axis=0) * terms).sum(axis=1) / evidence
        found[cause.id] = present_and_responsible(cause.states, share)
    return found, evidence


def _joint(cause: FoldedCause, gates: tuple[Gate, ...]) -> FloatArray:
    """P(state, none of a set of findings by this cause): shape (n_states, n_sets)."""
    table = cause_table(np.array(cause.log_odds), cause.responsible, cause.states)
    weight = table * cause.likelihood[list(cause.states)]
    rows = []
    for state in cause.states:
        strengths = [dict(g.links).get(cause.id, 0.0) * (state in g.active) for g in gates]
        rows.append(_over_sets([1 - strength for strength in strengths]))
    return weight[:, None] * np.stack(rows)


def _over_sets(factors: list[float]) -> FloatArray:
    """Product of the factors of each set of gates: shape (2 ** n_gates,)."""
    product = np.ones(1)
    for factor in factors:
        product = np.concatenate([product, product * factor])
    return product
