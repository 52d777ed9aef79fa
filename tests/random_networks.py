"""Random networks and evidence, small enough for the exact oracle."""

from __future__ import annotations

import numpy as np

from legache.network.structure import Cause, Finding, NoisyMaxNetwork


def _probability(rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Ordinary, tiny, zero and one."""
    ordinary = rng.random(shape)
    tiny = 10.0 ** -rng.uniform(1, 6, shape)
    kind = rng.random(shape)
    return np.where(
        kind < 0.55, ordinary, np.where(kind < 0.85, tiny, np.where(kind < 0.95, 0.0, 1.0))
    )


def _states(rng: np.random.Generator, rows: int, n_above: int) -> np.ndarray:
    raw = _probability(rng, (rows, n_above))
    return raw / np.maximum(1.0, raw.sum(axis=1, keepdims=True)) * (1 - 2**-50 * (n_above > 1))


def random_network(
    rng: np.random.Generator,
    *,
    max_contexts: int = 2,
    max_causes: int = 3,
    max_findings: int = 5,
) -> NoisyMaxNetwork:
    n_strata = int(rng.integers(1, 3))
    n_contexts = int(rng.integers(0, max_contexts + 1))
    n_causes = int(rng.integers(1, max_causes + 1))
    share = rng.random(n_strata) + 0.1
    causes = []
    for i in range(n_causes):
        contexts = rng.permutation(n_contexts)[: rng.integers(0, n_contexts + 1)]
        parents = rng.permutation(i)[: rng.integers(0, i + 1)] if rng.random() < 0.5 else []
        intercept = rng.normal(-1, 3, n_strata)
        if rng.random() < 0.1:
            intercept[rng.integers(n_strata)] = rng.choice([-np.inf, np.inf])
        causes.append(
            Cause(
                id=f"cause_{i}",
                intercept=intercept,
                contexts=np.array(contexts, dtype=np.intp),
                context_log_odds=rng.normal(0, 1.5, len(contexts)),
                causes=np.array(parents, dtype=np.intp),
                cause_log_odds=rng.normal(0, 1.5, len(parents)),
                responsible=float(_probability(rng)),
            )
        )
    findings = [_complaint(n_causes, n_strata)]
    for i in range(int(rng.integers(1, max_findings + 1))):
        n_above = int(rng.choice([1, 1, 1, 2, 3]))
        linked = rng.permutation(n_causes)[: rng.integers(1, n_causes + 1)]
        findings.append(
            Finding(
                id=f"finding_{i}",
                states=tuple(f"s{j}" for j in range(n_above + 1)),
                hangs_on_responsible=bool(rng.random() < 0.6),
                causes=np.array(linked, dtype=np.intp),
                strengths=_states(rng, len(linked), n_above),
                leak=_states(rng, n_strata, n_above),
                unlisted=_states(rng, 1, n_above)[0],
            )
        )
    return NoisyMaxNetwork(
        root_ids=("root",),
        strata=tuple((f"r{i}",) for i in range(n_strata)),
        stratum_share=share / share.sum(),
        context_ids=tuple(f"context_{i}" for i in range(n_contexts)),
        context_probability=_probability(rng, (n_strata, n_contexts)),
        causes=tuple(causes),
        findings=tuple(findings),
        unlisted=float(_probability(rng)),
    )


def _complaint(n_causes: int, n_strata: int) -> Finding:
    return Finding(
        id="complaint",
        states=("absent", "present"),
        hangs_on_responsible=True,
        causes=np.arange(n_causes),
        strengths=np.ones((n_causes, 1)),
        leak=np.zeros((n_strata, 1)),
        unlisted=np.ones(1),
    )


def random_evidence(
    rng: np.random.Generator, network: NoisyMaxNetwork
) -> dict[str, tuple[float, ...]]:
    """Hard states, sets of states and soft evidence on some of the nodes."""
    sizes = {"root": len(network.strata)} | dict.fromkeys(network.context_ids, 2)
    sizes |= {cause.id: 2 for cause in network.causes if rng.random() < 0.2}
    sizes |= {finding.id: len(finding.states) for finding in network.findings}
    evidence = {}
    for name, size in sizes.items():
        if rng.random() < 0.35:
            continue
        kind = rng.random()
        vector = np.zeros(size)
        if kind < 0.7:
            vector[rng.integers(size)] = 1.0
        elif kind < 0.85:
            vector[rng.permutation(size)[: rng.integers(1, size + 1)]] = 1.0
        else:
            vector = rng.random(size) * 3
        evidence[name] = tuple(float(v) for v in vector)
    return evidence
