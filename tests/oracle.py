"""Exact posteriors by enumeration in rational arithmetic, sharing no code with the engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from legache.inference.posterior import Posterior
from legache.network.structure import Cause, Finding, NoisyMaxNetwork

_DIGITS = 60


@dataclass(frozen=True)
class Exact:
    """What enumeration finds; `evidence` is 0 when the evidence is impossible."""

    evidence: Fraction
    present: tuple[Fraction, ...]
    responsible: tuple[Fraction, ...]
    unexplained: Fraction
    contexts: tuple[Fraction, ...]


def exact_posterior(
    network: NoisyMaxNetwork, likelihoods: Mapping[str, tuple[float, ...]]
) -> Exact:
    """Sum over every joint state of strata, contexts, causes and *unlisted*."""
    n_causes, n_contexts = len(network.causes), len(network.context_ids)
    total = unexplained = Fraction(0)
    present, responsible = [Fraction(0)] * n_causes, [Fraction(0)] * n_causes
    contexts = [Fraction(0)] * n_contexts
    for weight, on, states, unlisted in _configurations(network, likelihoods):
        for finding in network.findings:
            if finding.id in likelihoods and weight:
                given = likelihoods[finding.id]
                weight *= _finding_likelihood(finding, given, weight_stratum(on), states, unlisted)
        if not weight:
            continue
        total += weight
        for i, state in enumerate(states):
            present[i] += weight if state > 0 else 0
            responsible[i] += weight if state == 2 else 0
        for i, state in enumerate(on[1]):
            contexts[i] += weight if state else 0
        unexplained += weight if unlisted and 2 not in states else 0
    scale = total or Fraction(1)
    return Exact(
        total,
        tuple(p / scale for p in present),
        tuple(p / scale for p in responsible),
        unexplained / scale,
        tuple(p / scale for p in contexts),
    )


def exact_evidence(
    network: NoisyMaxNetwork, likelihoods: Mapping[str, tuple[float, ...]]
) -> Fraction:
    """Probability of the evidence."""
    return exact_posterior(network, likelihoods).evidence


def log_of(value: Fraction) -> Fraction:
    """Natural logarithm, right to about 60 digits."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).ln())


@dataclass(frozen=True)
class Errors:
    """How far answers are from exact ones, compared as rational numbers.

    `relative` counts posteriors of at least 1e-200; `log_evidence` is
    relative where the logarithm is larger than 1.
    """

    absolute: float
    relative: float
    log_evidence: float


def errors_of(answer: Posterior, exact: Exact) -> Errors:
    """Compare a posterior with the exact one."""
    pairs = [
        *zip(answer.present.tolist(), exact.present, strict=True),
        *zip(answer.responsible.tolist(), exact.responsible, strict=True),
        *zip(answer.contexts.tolist(), exact.contexts, strict=True),
        (answer.unexplained, exact.unexplained),
    ]
    differences = [(abs(Fraction(found) - truth), truth) for found, truth in pairs]
    large = [(off, truth) for off, truth in differences if truth >= Fraction(1, 10**200)]
    log_truth = log_of(exact.evidence)
    scale = max(abs(log_truth), Fraction(1))
    log_error = abs(Fraction(answer.log_evidence) - log_truth) / scale
    return Errors(
        absolute=float(max(off for off, _ in differences)),
        relative=float(max((off / truth for off, truth in large), default=Fraction(0))),
        log_evidence=float(log_error),
    )


def weight_stratum(on: tuple[int, tuple[int, ...]]) -> int:
    return on[0]


def _configurations(
    network: NoisyMaxNetwork, likelihoods: Mapping[str, tuple[float, ...]]
) -> Iterator[tuple[Fraction, tuple[int, tuple[int, ...]], tuple[int, ...], bool]]:
    for stratum, names in enumerate(network.strata):
        weight_s = Fraction(float(network.stratum_share[stratum]))
        for position, root in enumerate(network.root_ids):
            if root in likelihoods:
                states = list(dict.fromkeys(other[position] for other in network.strata))
                weight_s *= Fraction(likelihoods[root][states.index(names[position])])
        for contexts in itertools.product((0, 1), repeat=len(network.context_ids)):
            weight_c = weight_s
            for i, state in enumerate(contexts):
                p = Fraction(float(network.context_probability[stratum, i]))
                weight_c *= p if state else 1 - p
                weight_c *= Fraction(likelihoods.get(network.context_ids[i], (1, 1))[state])
            if not weight_c:
                continue
            for states3 in itertools.product((0, 1, 2), repeat=len(network.causes)):
                weight_d = weight_c
                for i, cause in enumerate(network.causes):
                    if not weight_d:
                        break
                    weight_d *= _cause_weight(cause, stratum, contexts, states3, states3[i])
                    weight_d *= Fraction(likelihoods.get(cause.id, (1, 1))[min(states3[i], 1)])
                if not weight_d:
                    continue
                u = Fraction(network.unlisted)
                yield weight_d * u, (stratum, contexts), states3, True
                yield weight_d * (1 - u), (stratum, contexts), states3, False


def _cause_weight(
    cause: Cause, stratum: int, contexts: tuple[int, ...], states: tuple[int, ...], state: int
) -> Fraction:
    terms = [float(cause.intercept[stratum])]
    terms += [
        float(b) for k, b in zip(cause.contexts, cause.context_log_odds, strict=True) if contexts[k]
    ]
    terms += [
        float(b) for k, b in zip(cause.causes, cause.cause_log_odds, strict=True) if states[k]
    ]
    p = _expit(tuple(terms))
    link = Fraction(cause.responsible)
    return (1 - p, p * (1 - link), p * link)[state]


@lru_cache(maxsize=100_000)
def _expit(terms: tuple[float, ...]) -> Fraction:
    if float("-inf") in terms:
        return Fraction(0)
    if float("inf") in terms:
        return Fraction(1)
    with localcontext() as context:
        context.prec = _DIGITS
        return 1 / (1 + Fraction((-sum((Decimal(term) for term in terms), Decimal(0))).exp()))


def _finding_likelihood(
    finding: Finding,
    given: tuple[float, ...],
    stratum: int,
    states: tuple[int, ...],
    unlisted: bool,
) -> Fraction:
    """Sum over the states of P(state | causes) times its likelihood."""
    contributions = [[Fraction(float(p)) for p in finding.leak[stratum]]]
    if unlisted:
        contributions.append([Fraction(float(p)) for p in finding.unlisted])
    needed = 2 if finding.hangs_on_responsible else 1
    for row, cause in enumerate(finding.causes):
        if states[cause] >= needed:
            contributions.append([Fraction(float(p)) for p in finding.strengths[row]])
    cumulative = []
    for state in range(len(finding.states)):
        product = Fraction(1)
        for above in contributions:
            product *= 1 - sum(above[state:], Fraction(0))
        cumulative.append(product)
    probabilities = [b - a for a, b in zip([Fraction(0), *cumulative], cumulative, strict=False)]
    return sum((p * Fraction(g) for p, g in zip(probabilities, given, strict=True)), Fraction(0))
