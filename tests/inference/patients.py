"""Patients of a network, coded: findings drawn at random, contexts known."""

from __future__ import annotations

import numpy as np

from legache.inference.cohort import cohort_posteriors
from legache.inference.flat import Codes, flat_network
from legache.network.structure import NoisyMaxNetwork


def coded_patients(
    network: NoisyMaxNetwork, n: int, *, seed: int, n_positive: int = 4, share_known: float = 1.0
) -> Codes:
    """Possible patients with the complaint, some positive findings and ten negative ones."""
    rng = np.random.default_rng(seed)
    rows: list[Codes] = []
    while len(rows) < n:
        found = np.array([_coded(network, rng, n_positive, share_known) for _ in range(n)])
        possible = ~cohort_posteriors(network, found, n_threads=1).is_impossible
        rows += list(found[possible])
    return np.array(rows[:n])


def _coded(
    network: NoisyMaxNetwork, rng: np.random.Generator, n_positive: int, share_known: float
) -> Codes:
    flat = flat_network(network)
    codes = np.full(len(flat.column), -1, dtype=np.int8)
    stratum = network.strata[rng.choice(len(network.strata), p=network.stratum_share)]
    for place, (name, state) in enumerate(zip(network.root_ids, stratum, strict=True)):
        states = list(dict.fromkeys(s[place] for s in network.strata))
        codes[flat.column[name]] = states.index(state)
    chance = network.context_probability[network.strata.index(stratum)]
    for name, p in zip(network.context_ids, chance, strict=True):
        if rng.random() < share_known:
            codes[flat.column[name]] = rng.random() < p
    findings = rng.permutation(len(network.findings))[: n_positive + 10].tolist()
    for rank, place in enumerate(findings):
        finding = network.findings[place]
        positive = rng.integers(1, len(finding.states))
        codes[flat.column[finding.id]] = positive if rank < n_positive else 0
    return codes
