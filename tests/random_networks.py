"""Random networks and evidence, small enough for the exact oracle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork

Evidence = dict[str, tuple[float, ...]]
NO, YES = (1.0, 0.0), (0.0, 1.0)


@dataclass(frozen=True)
class Case:
    """A network with evidence; shown as the seed that makes both."""

    seed: int
    network: NoisyMaxNetwork = field(repr=False)
    evidence: Evidence = field(repr=False)


def random_case(seed: int) -> Case:
    """Make a network for the oracle, and evidence that may be impossible."""
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    return Case(seed, network, random_evidence(rng, network))


def _probability(rng: np.random.Generator, shape: tuple[int, ...] = ()) -> FloatArray:
    """Ordinary, tiny, zero and one."""
    ordinary = rng.random(shape)
    tiny = 10.0 ** -rng.uniform(1, 6, shape)
    kind = rng.random(shape)
    return np.where(
        kind < 0.55, ordinary, np.where(kind < 0.85, tiny, np.where(kind < 0.95, 0.0, 1.0))
    )


def _states(rng: np.random.Generator, rows: int, n_above: int) -> FloatArray:
    raw = _probability(rng, (rows, n_above))
    shares = raw / np.maximum(1.0, raw.sum(axis=1, keepdims=True)) * (1 - 2**-50 * (n_above > 1))
    return np.asarray(shares, dtype=np.float64)


def random_network(
    rng: np.random.Generator,
    *,
    max_contexts: int = 2,
    max_causes: int = 3,
    max_findings: int = 5,
    max_parents: int = 12,
    max_links: int = 12,
) -> NoisyMaxNetwork:
    """Network with zeros, ones and tiny numbers; at least one cause and two findings."""
    n_strata = int(rng.integers(1, 3))
    n_contexts = int(rng.integers(0, max_contexts + 1))
    n_causes = int(rng.integers(1, max_causes + 1))
    share = rng.random(n_strata) + 0.1
    causes = []
    for i in range(n_causes):
        contexts = rng.permutation(n_contexts)[: rng.integers(0, n_contexts + 1)]
        parents = rng.permutation(i)[: rng.integers(0, i + 1) if rng.random() < 0.5 else 0]
        parents, contexts = parents[:max_parents], contexts[: max_parents - len(parents)]
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
        linked = linked[:max_links]
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


def random_evidence(rng: np.random.Generator, network: NoisyMaxNetwork) -> Evidence:
    """Hard states, sets of states and soft evidence on some of the nodes."""
    sizes = {"root": len(network.strata)} | dict.fromkeys(network.context_ids, 2)
    sizes |= {cause.id: 2 for cause in network.causes if rng.random() < 0.2}
    sizes |= {finding.id: len(finding.states) for finding in network.findings}
    evidence: Evidence = {}
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


def cause(
    name: str, log_odds: float = -1.0, *, responsible: float = 0.5, n_strata: int = 1
) -> Cause:
    """Make a cause without parents."""
    return Cause(
        id=name,
        intercept=np.full(n_strata, log_odds),
        contexts=np.array([], dtype=np.intp),
        context_log_odds=np.array([]),
        causes=np.array([], dtype=np.intp),
        cause_log_odds=np.array([]),
        responsible=responsible,
    )


def finding(
    name: str, causes: list[int], strengths: list[float], leak: float = 0.0, unlisted: float = 0.0
) -> Finding:
    """Make a binary finding of one stratum that hangs on the presence of its causes."""
    return Finding(
        id=name,
        states=("absent", "present"),
        hangs_on_responsible=False,
        causes=np.array(causes, dtype=np.intp),
        strengths=np.array(strengths, dtype=np.float64).reshape(-1, 1),
        leak=np.array([[leak]]),
        unlisted=np.array([unlisted]),
    )


def network_of(
    causes: list[Cause], findings: list[Finding], unlisted: float = 0.0
) -> NoisyMaxNetwork:
    """Make a network of one stratum without contexts."""
    return NoisyMaxNetwork(
        root_ids=("root",),
        strata=(("r0",),),
        stratum_share=np.ones(1),
        context_ids=(),
        context_probability=np.zeros((1, 0)),
        causes=tuple(causes),
        findings=tuple(findings),
        unlisted=unlisted,
    )


def renamed(case: Case) -> Case:
    """Prefix ids so that their order is reversed."""
    network = case.network
    ids = [*network.root_ids, *network.context_ids]
    ids += [node.id for node in network.causes] + [node.id for node in network.findings]
    new = {name: f"n{rank:02}" for rank, name in enumerate(sorted(ids, reverse=True))}
    changed = replace(
        network,
        root_ids=tuple(new[name] for name in network.root_ids),
        context_ids=tuple(new[name] for name in network.context_ids),
        causes=tuple(replace(node, id=new[node.id]) for node in network.causes),
        findings=tuple(replace(node, id=new[node.id]) for node in network.findings),
    )
    return Case(case.seed, changed, {new[name]: given for name, given in case.evidence.items()})


def reordered(network: NoisyMaxNetwork) -> NoisyMaxNetwork:
    """Reverse causes, contexts, findings and the rows of each."""
    n_causes, n_contexts = len(network.causes), len(network.context_ids)
    causes = [
        replace(
            node,
            contexts=n_contexts - 1 - node.contexts[::-1],
            context_log_odds=node.context_log_odds[::-1].copy(),
            causes=n_causes - 1 - node.causes[::-1],
            cause_log_odds=node.cause_log_odds[::-1].copy(),
        )
        for node in reversed(network.causes)
    ]
    findings = [
        replace(
            node,
            causes=n_causes - 1 - node.causes[::-1],
            strengths=node.strengths[::-1].copy(),
        )
        for node in reversed(network.findings)
    ]
    return replace(
        network,
        context_ids=network.context_ids[::-1],
        context_probability=network.context_probability[:, ::-1].copy(),
        causes=tuple(causes),
        findings=tuple(findings),
    )


def with_unconnected(network: NoisyMaxNetwork) -> NoisyMaxNetwork:
    """Add a context, a cause that never is responsible, and a finding: all without edges."""
    n_strata = len(network.strata)
    column = np.full((n_strata, 1), 0.3)
    lonely = replace(finding("lonely_finding", [], [], 0.2), leak=np.full((n_strata, 1), 0.2))
    return replace(
        network,
        context_ids=(*network.context_ids, "lonely_context"),
        context_probability=np.hstack([network.context_probability, column]),
        causes=(*network.causes, cause("lonely_cause", responsible=0.0, n_strata=n_strata)),
        findings=(*network.findings, lonely),
    )


def one_stratum(network: NoisyMaxNetwork) -> NoisyMaxNetwork:
    """Keep the first stratum only, and take *unlisted* away."""
    return replace(
        network,
        strata=network.strata[:1],
        stratum_share=np.ones(1),
        context_probability=network.context_probability[:1].copy(),
        causes=tuple(replace(node, intercept=node.intercept[:1].copy()) for node in network.causes),
        findings=tuple(replace(node, leak=node.leak[:1].copy()) for node in network.findings),
        unlisted=0.0,
    )


def side_by_side(first: NoisyMaxNetwork, second: NoisyMaxNetwork) -> NoisyMaxNetwork:
    """Put two networks of one stratum into one, without any edge between them."""
    n_causes, n_contexts = len(first.causes), len(first.context_ids)
    causes = [
        replace(
            node,
            id=f"{node.id}_b",
            contexts=node.contexts + n_contexts,
            causes=node.causes + n_causes,
        )
        for node in second.causes
    ]
    findings = [
        replace(node, id=f"{node.id}_b", causes=node.causes + n_causes) for node in second.findings
    ]
    tables = [first.context_probability, second.context_probability]
    return replace(
        first,
        context_ids=(*first.context_ids, *(f"{name}_b" for name in second.context_ids)),
        context_probability=np.hstack(tables),
        causes=(*first.causes, *causes),
        findings=(*first.findings, *findings),
    )
