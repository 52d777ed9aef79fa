"""Which patients are asked about?

Patients are rows of codes: one column for each root, context, cause and finding, in this order;
the index of a state, or -1 where nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from legache.inference.simulation import simulated_people
from legache.network.structure import Finding, NoisyMaxNetwork

Codes = NDArray[np.int8]
Likelihoods = dict[str, tuple[float, ...]]
UNKNOWN = -1
COMPLAINT = "leg_ache"


@dataclass(frozen=True)
class Kind:
    """How much is known of a patient.

    Attributes
    ----------
    n_positive, n_negative
        Findings above, and in, their lowest state; the complaint is not counted.
    known
        Share of the contexts that are known.
    """

    n_positive: int
    n_negative: int
    known: float = 1.0

    @property
    def title(self) -> str:
        """Words for a table."""
        contexts = {1.0: "all", 0.0: "none"}.get(self.known, f"{self.known:.0%}")
        return f"{self.n_positive} + {self.n_negative}, contexts {contexts}"


@dataclass(frozen=True)
class Columns:
    """Where the nodes of each kind stand in a row of codes."""

    roots: slice
    contexts: slice
    causes: slice
    findings: slice


def columns(network: NoisyMaxNetwork) -> Columns:
    """Columns of the codes of a network."""
    sizes = (network.root_ids, network.context_ids, network.causes, network.findings)
    ends = np.cumsum([0, *map(len, sizes)]).tolist()
    return Columns(*(slice(a, b) for a, b in pairwise(ends)))


def states_of(network: NoisyMaxNetwork) -> dict[str, tuple[str, ...]]:
    """States of every node, in the order of the columns."""
    binary = ("absent", "present")
    roots = {
        name: tuple(dict.fromkeys(stratum[i] for stratum in network.strata))
        for i, name in enumerate(network.root_ids)
    }
    plain = dict.fromkeys([*network.context_ids, *(c.id for c in network.causes)], binary)
    return roots | plain | {finding.id: finding.states for finding in network.findings}


def likelihoods(network: NoisyMaxNetwork, row: Codes) -> Likelihoods:
    """Evidence of one patient, as the engine takes it."""
    return {
        name: tuple(float(code == state) for state in range(len(states)))
        for (name, states), code in zip(states_of(network).items(), row.tolist(), strict=True)
        if code != UNKNOWN
    }


def mapping(network: NoisyMaxNetwork, row: Codes) -> dict[str, object]:
    """Evidence of one patient, as a user writes it."""
    return {
        name: bool(code) if states == ("absent", "present") else states[code]
        for (name, states), code in zip(states_of(network).items(), row.tolist(), strict=True)
        if code != UNKNOWN
    }


def complainers(network: NoisyMaxNetwork, n: int, seed: int) -> Codes:
    """Simulate people from the network, and keep those with the complaint; everything known."""
    return simulated_people(network, n, seed, complaint=COMPLAINT).codes


def described(network: NoisyMaxNetwork, people: Codes, kind: Kind, seed: int) -> Codes:
    """Choose what is known of each of those who have enough positive and negative findings.

    The complaint, which all of them have, stays known.
    """
    rng = np.random.default_rng(seed)
    where = columns(network)
    known = people.copy()
    known[:, where.causes] = UNKNOWN
    known[:, where.contexts] = _some_contexts(rng, people[:, where.contexts], kind.known)
    findings = people[:, where.findings]
    complaint = _is_complaint(network)
    is_positive, is_negative = (findings > 0) & ~complaint, findings == 0
    enough = (is_positive.sum(axis=1) >= kind.n_positive) & (
        is_negative.sum(axis=1) >= kind.n_negative
    )
    shown = _some(rng, is_positive, kind.n_positive) | _some(rng, is_negative, kind.n_negative)
    known[:, where.findings] = np.where(shown | complaint, findings, UNKNOWN)
    return known[enough]


def interviewed(
    network: NoisyMaxNetwork, people: Codes, contexts: float, findings: float, seed: int
) -> Codes:
    """Hide causes, and at random all but a share of contexts and of findings."""
    rng = np.random.default_rng(seed)
    where = columns(network)
    known = people.copy()
    known[:, where.causes] = UNKNOWN
    known[:, where.contexts] = _some_contexts(rng, people[:, where.contexts], contexts)
    seen = people[:, where.findings]
    told = (rng.random(seen.shape) < findings) | _is_complaint(network)
    known[:, where.findings] = np.where(told, seen, UNKNOWN)
    return known


def invented(network: NoisyMaxNetwork, n: int, kind: Kind, seed: int) -> Codes:
    """Patients with two or three causes and any number of positive findings.

    Findings that the causes show come first, then others that they might show, then any.
    """
    rng = np.random.default_rng(seed)
    return np.stack([_invented(network, rng, kind) for _ in range(n)])


def _invented(network: NoisyMaxNetwork, rng: np.random.Generator, kind: Kind) -> Codes:
    where = columns(network)
    row = np.full(where.findings.stop, UNKNOWN, dtype=np.int8)
    row[where.roots] = 0
    contexts = rng.random(len(network.context_ids)) < network.context_probability[0]
    row[where.contexts] = _some_contexts(rng, contexts[None].astype(np.int8), kind.known)[0]
    true = np.zeros(len(network.causes), dtype=bool)
    true[rng.choice(true.size, rng.integers(2, 4), replace=False)] = True
    shown = [rng.random() < _chance(finding, true) for finding in network.findings]
    related = [true[finding.causes].any() for finding in network.findings]
    order = np.lexsort((rng.random(len(shown)), np.logical_not(related), np.logical_not(shown)))
    codes = np.full(len(shown), UNKNOWN, dtype=np.int8)
    codes[order[: kind.n_positive]] = 1
    codes[rng.permutation(order[kind.n_positive :])[: kind.n_negative]] = 0
    row[where.findings] = codes
    return row


def _chance(finding: Finding, is_active: NDArray[np.bool_]) -> float:
    """Probability that some active cause shows a finding."""
    strengths = finding.strengths[is_active[finding.causes]].sum(axis=1)
    return float(1 - np.prod(1 - strengths))


def _is_complaint(network: NoisyMaxNetwork) -> NDArray[np.bool_]:
    return np.array([finding.id == COMPLAINT for finding in network.findings])


def _some(rng: np.random.Generator, candidates: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """Choose up to `n` of the candidates of each row."""
    rank = np.where(candidates, rng.random(candidates.shape), 2.0).argsort(axis=1).argsort(axis=1)
    return candidates & (rank < n)


def _some_contexts(rng: np.random.Generator, contexts: Codes, share: float) -> Codes:
    """Hide all but a share of the contexts of each row."""
    everyone = np.ones(contexts.shape, dtype=bool)
    known = _some(rng, everyone, round(share * contexts.shape[1]))
    return np.where(known, contexts, UNKNOWN).astype(np.int8)


def evidence_of(network: NoisyMaxNetwork, rows: Codes) -> list[Likelihoods]:
    """Evidence of each patient, as the engine takes it."""
    return [likelihoods(network, row) for row in rows]


def counts(evidence: Mapping[str, tuple[float, ...]], network: NoisyMaxNetwork) -> tuple[int, int]:
    """Number of positive and of negative findings."""
    given = [evidence[finding.id] for finding in network.findings if finding.id in evidence]
    n_negative = sum(vector[0] == 1.0 for vector in given)
    return len(given) - n_negative, n_negative
