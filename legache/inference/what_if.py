"""What would each open finding or test show, and what would then follow?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.inference.assembly import Likelihoods
from legache.inference.branches import answers_of, shares
from legache.inference.flat import flat_network
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT
from legache.network.structure import FloatArray, NoisyMaxNetwork


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WhatIfs:
    """What each state of each open finding or test would mean.

    Attributes
    ----------
    findings : shape (n_rows,)
        Place of the finding that a row is about.
    states : shape (n_rows,)
        State that the row takes it to have; the states of a finding follow each other.
    probability : shape (n_rows,)
        P(state | evidence).
    present, responsible : shape (n_rows, n_causes)
        Posteriors given the evidence and that state; 0 where the state is impossible.
    """

    findings: NDArray[np.intp]
    states: NDArray[np.intp]
    probability: FloatArray
    present: FloatArray
    responsible: FloatArray


def what_ifs(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> WhatIfs:
    """Predict every finding and test that nothing is said of, with the posteriors of each branch.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    memory_limit
        Bytes of working memory that one row may use.

    Raises
    ------
    ImpossibleEvidenceError, LimitError
        As for `legache.inference.posterior.posterior`.

    Notes
    -----
    Each state is a query of its own, along the plan that the evidence alone has: nothing is
    gained by subtraction, so that improbable states keep their digits.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> branches = what_ifs(network, {"leg_ache": (0.0, 1.0), "age_band": (0., 1., 0., 0.)})
    >>> place = [finding.id for finding in network.findings].index("swelling_one_leg")
    >>> branches.probability[branches.findings == place].sum().round(12)
    np.float64(1.0)
    """
    open_places = [
        place for place, finding in enumerate(network.findings) if finding.id not in likelihoods
    ]
    n_states = [len(network.findings[place].states) for place in open_places]
    findings = np.repeat(np.array(open_places, dtype=np.intp), n_states)
    states = np.concatenate([np.empty(0, np.intp), *map(np.arange, n_states)]).astype(np.intp)
    first = len(flat_network(network).column) - len(network.findings)
    columns = (findings + first).tolist()
    rows = [(branch,) for branch in zip(columns, states.tolist(), strict=True)]
    log_evidence, present, responsible = answers_of(network, likelihoods, rows, memory_limit)
    return WhatIfs(
        findings=findings,
        states=states,
        probability=shares(log_evidence, findings),
        present=present,
        responsible=responsible,
    )
