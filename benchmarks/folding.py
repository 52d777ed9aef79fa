"""What is left of a question once an expert has folded in by hand all that can be folded in?

Age, sex and known contexts go into the log odds of each cause, and what a finding excludes
becomes a likelihood on each cause alone.  Other libraries are given what is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.patients import Likelihoods
from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork

ABSENT, SILENT, RESPONSIBLE = range(3)
UNLISTED = "unlisted"
_UNSAID = (1.0, 1.0)


@dataclass(frozen=True)
class FoldedCause:
    """A cause, its open parents, and the likelihood of its states.

    Attributes
    ----------
    states
        Those of absent, silent and responsible that the network allows.
    contexts, causes
        What each open context, and each parent cause, adds to the log odds.
    likelihood : shape (3,)
        Of everything that is folded in, for each of the three states.
    """

    id: str
    states: tuple[int, ...]
    responsible: float
    log_odds: float
    contexts: tuple[tuple[str, float], ...]
    causes: tuple[tuple[str, float], ...]
    likelihood: FloatArray


@dataclass(frozen=True)
class Gate:
    """A positive finding: a leaky noisy-OR that is known to be true.

    Attributes
    ----------
    active
        States of a cause in which its link counts.
    links
        Cause, or *unlisted*, and the strength of its link.
    """

    id: str
    leak: float
    active: tuple[int, ...]
    links: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Folded:
    """A question in which only open contexts, causes, *unlisted* and positive findings are left.

    Attributes
    ----------
    contexts
        P(present) of each open context.
    causes
        Parents first.
    unlisted : shape (2,)
        P(*unlisted*) times the likelihood of what is folded in.
    log_constant
        Logarithm of what the probability of the evidence has to be multiplied by.
    """

    contexts: tuple[tuple[str, float], ...]
    causes: tuple[FoldedCause, ...]
    unlisted: FloatArray
    gates: tuple[Gate, ...]
    log_constant: float


def fold(network: NoisyMaxNetwork, evidence: Likelihoods) -> Folded:
    """Fold hard evidence into the causes; every root must be known.

    Parameters
    ----------
    network
    evidence
        One state of each observed root, context and finding; nothing on causes.
    """
    stratum = _stratum(network, evidence)
    likelihood = {cause.id: np.ones(3) for cause in network.causes}
    unlisted = np.array([1 - network.unlisted, network.unlisted])
    gates: list[Gate] = []
    log_constant = math.log(network.stratum_share[stratum]) + _log_contexts(
        network, evidence, stratum
    )
    for finding in network.findings:
        if finding.id not in evidence:
            continue
        state = evidence[finding.id].index(1.0)
        active = _active(finding)
        log_constant += _log(float(rest(finding.leak[stratum, state:])))
        unlisted[1] *= rest(finding.unlisted[state:])
        stays = rest(finding.strengths[:, state:])
        for place, p in zip(finding.causes.tolist(), stays.tolist(), strict=True):
            likelihood[network.causes[place].id][list(active)] *= p
        if state > 0:
            gates.append(_gate(network, finding, state, stratum))
    causes = tuple(
        _folded_cause(network, network.causes[place], evidence, stratum, likelihood)
        for place in network.cause_order()
    )
    return Folded(
        _open_contexts(network, evidence, stratum), causes, unlisted, tuple(gates), log_constant
    )


def rest(above: FloatArray) -> FloatArray:
    """What the probabilities of the other states, on the last axis, leave to the first.

    Notes
    -----
    Rounded once, since it may be near 0; a naive sum would give a peer wrong numbers.
    """
    flat = above.reshape(math.prod(above.shape[:-1]), above.shape[-1])
    left = np.array([math.fsum((1.0, *(-row).tolist())) for row in flat])
    return np.maximum(left, 0.0).reshape(above.shape[:-1])


def _stratum(network: NoisyMaxNetwork, evidence: Likelihoods) -> int:
    fits = range(len(network.strata))
    for position, name in enumerate(network.root_ids):
        states = list(dict.fromkeys(stratum[position] for stratum in network.strata))
        state = states[evidence[name].index(1.0)]
        fits = [s for s in fits if network.strata[s][position] == state]
    (stratum,) = fits
    return stratum


def _log_contexts(network: NoisyMaxNetwork, evidence: Likelihoods, stratum: int) -> float:
    present = network.context_probability[stratum]
    return sum(
        _log(p if evidence[name][1] else 1 - p)
        for name, p in zip(network.context_ids, present.tolist(), strict=True)
        if name in evidence
    )


def _open_contexts(
    network: NoisyMaxNetwork, evidence: Likelihoods, stratum: int
) -> tuple[tuple[str, float], ...]:
    present = network.context_probability[stratum].tolist()
    pairs = zip(network.context_ids, present, strict=True)
    return tuple((name, p) for name, p in pairs if name not in evidence)


def _active(finding: Finding) -> tuple[int, ...]:
    return (RESPONSIBLE,) if finding.hangs_on_responsible else (SILENT, RESPONSIBLE)


def _gate(network: NoisyMaxNetwork, finding: Finding, state: int, stratum: int) -> Gate:
    """Some link reaches the state, given that none goes above it."""
    reaching = _reaching(finding.strengths, state).tolist()
    names = [network.causes[place].id for place in finding.causes]
    links = [(name, p) for name, p in zip(names, reaching, strict=True) if p > 0]
    unlisted = float(_reaching(finding.unlisted, state))
    if network.unlisted > 0 and unlisted > 0:
        links.append((UNLISTED, unlisted))
    leak = float(_reaching(finding.leak[stratum], state))
    return Gate(finding.id, leak, _active(finding), tuple(links))


def _reaching(above: FloatArray, state: int) -> FloatArray:
    within, exactly = rest(above[..., state:]), above[..., state - 1]
    return np.divide(exactly, within, out=np.zeros_like(exactly), where=within > 0)


def _folded_cause(
    network: NoisyMaxNetwork,
    cause: Cause,
    evidence: Likelihoods,
    stratum: int,
    likelihood: dict[str, FloatArray],
) -> FoldedCause:
    names = [network.context_ids[place] for place in cause.contexts]
    added = list(zip(names, cause.context_log_odds.tolist(), strict=True))
    known = sum(b for name, b in added if evidence.get(name, _UNSAID)[0] == 0)
    parents = [network.causes[place].id for place in cause.causes]
    return FoldedCause(
        id=cause.id,
        states=_possible(cause),
        responsible=cause.responsible,
        log_odds=float(cause.intercept[stratum]) + known,
        contexts=tuple((name, b) for name, b in added if name not in evidence),
        causes=tuple(zip(parents, cause.cause_log_odds.tolist(), strict=True)),
        likelihood=likelihood[cause.id],
    )


def _possible(cause: Cause) -> tuple[int, ...]:
    split = (1.0, 1 - cause.responsible, cause.responsible)
    return tuple(state for state in (ABSENT, SILENT, RESPONSIBLE) if split[state] > 0)


def _log(p: float) -> float:
    return math.log(p) if p > 0 else -math.inf
