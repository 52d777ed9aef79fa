"""What would each open finding or test show, and what would then follow?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.errors import ImpossibleEvidenceError
from legache.inference.assembly import Likelihoods
from legache.inference.compiled import SETTLED, compiled_network, n_cores
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, posterior
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
    branches = list(zip(findings.tolist(), states.tolist(), strict=True))
    answers = _answers(network, likelihoods, branches, memory_limit)
    return WhatIfs(
        findings=findings,
        states=states,
        probability=_shares(answers[0], findings),
        present=answers[1],
        responsible=answers[2],
    )


_Answers = tuple[FloatArray, FloatArray, FloatArray]  # log evidence, present, responsible
_Branches = list[tuple[int, int]]  # place of a finding, and a state


def _answers(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, branches: _Branches, memory_limit: int
) -> _Answers:
    kernel = compiled_network(network)
    if kernel is None or not branches:
        return _by_one(network, likelihoods, branches, memory_limit)
    codes, values = kernel.flat.encoded(likelihoods)
    first_finding = codes.size - len(network.findings)
    rows = np.tile(codes, (len(branches), 1))
    for row, (place, state) in enumerate(branches):
        rows[row, first_finding + place] = state
    order, _ = kernel.plan(codes)
    found = kernel.answer(rows, values, memory_limit, order=order, n_threads=n_cores())
    answers = found.log_evidence, found.present, found.responsible
    unsettled = np.flatnonzero(~np.isin(found.status, SETTLED)).tolist()
    rest = _by_one(network, likelihoods, [branches[row] for row in unsettled], memory_limit)
    for array, part in zip(answers, rest, strict=True):
        array[unsettled] = part
    return answers


def _by_one(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, branches: _Branches, memory_limit: int
) -> _Answers:
    log_evidence = np.full(len(branches), -np.inf)
    present, responsible = np.zeros((2, len(branches), len(network.causes)))
    for row, (place, state) in enumerate(branches):
        finding = network.findings[place]
        said = tuple(float(other == state) for other in range(len(finding.states)))
        try:
            answer = posterior(
                network, {**likelihoods, finding.id: said}, memory_limit=memory_limit
            )
        except ImpossibleEvidenceError:
            continue
        log_evidence[row] = answer.log_evidence
        present[row], responsible[row] = answer.present, answer.responsible
    return log_evidence, present, responsible


def _shares(log_evidence: FloatArray, findings: NDArray[np.intp]) -> FloatArray:
    """P(state | evidence) of each row, from the evidence of all states of its finding."""
    largest = log_evidence.max(initial=-np.inf)
    weight = np.exp(log_evidence - largest) if np.isfinite(largest) else np.zeros(findings.size)
    total = np.bincount(findings, weight, minlength=1)[findings] if findings.size else weight
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
