"""How is legache asked?  Only this module calls its engine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache

import legache
from benchmarks.patients import Codes, Likelihoods
from benchmarks.questions import Answer
from legache.inference.branches import Branches, branches
from legache.inference.cohort import CohortPosteriors, cohort_posteriors
from legache.inference.draws import PosteriorDraws, posterior_draws
from legache.inference.flat import stacked_numbers
from legache.inference.posterior import Posterior, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork

NAME = "legache"
Reply = tuple[float, Answer, float]
"""Seconds, posteriors, and the logarithm of the probability of the evidence."""


@cache
def shipped() -> legache.Network:
    """The shipped network as users have it."""
    return legache.load()


def shipped_network() -> NoisyMaxNetwork:
    """Arrays of the shipped network."""
    return shipped().model.network


def diagnosed(said: Mapping[str, object]) -> Reply:
    """Ask the shipped network as users do."""
    network = shipped()
    start = time.perf_counter()
    diagnosis = network.diagnose(said)
    seconds = time.perf_counter() - start
    return seconds, _answer(network.model.network, diagnosis.answer), diagnosis.log_evidence


def asked(network: NoisyMaxNetwork, evidence: Likelihoods) -> Reply:
    """Ask any network."""
    start = time.perf_counter()
    found = posterior(network, evidence)
    seconds = time.perf_counter() - start
    return seconds, _answer(network, found), found.log_evidence


def many_asked(
    network: NoisyMaxNetwork, codes: Codes, n_threads: int
) -> tuple[float, CohortPosteriors]:
    """Ask about many patients in one call: seconds, and posteriors."""
    start = time.perf_counter()
    found = cohort_posteriors(network, codes, n_threads=n_threads)
    return time.perf_counter() - start, found


def all_what_ifs(network: NoisyMaxNetwork, evidence: Likelihoods) -> tuple[float, Branches]:
    """Ask about every state of every open finding in one call."""
    start = time.perf_counter()
    asked = [(finding.id,) for finding in network.findings if finding.id not in evidence]
    found = branches(network, evidence, asked)
    return time.perf_counter() - start, found


def stacked(networks: Sequence[NoisyMaxNetwork]) -> Mapping[str, FloatArray]:
    """Numbers of networks of one graph, as `drawn` takes them."""
    return stacked_numbers(networks)


def drawn(
    network: NoisyMaxNetwork, draws: Mapping[str, FloatArray], evidence: Likelihoods
) -> tuple[float, PosteriorDraws]:
    """Ask about one patient under many sets of numbers in one call."""
    start = time.perf_counter()
    found = posterior_draws(network, draws, evidence)
    return time.perf_counter() - start, found


def named(network: NoisyMaxNetwork, present: FloatArray, responsible: FloatArray) -> Answer:
    """Posteriors of one patient by cause."""
    pairs = zip(present.tolist(), responsible.tolist(), strict=True)
    return dict(zip((cause.id for cause in network.causes), pairs, strict=True))


def _answer(network: NoisyMaxNetwork, found: Posterior) -> Answer:
    return named(network, found.present, found.responsible)
