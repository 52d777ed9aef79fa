"""Which links, leaks or unlisted causes produced the findings that were seen?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.inference.assembly import Likelihoods, levels_of
from legache.inference.compiled import SETTLED, compiled_network, n_cores
from legache.inference.flat import flat_network, with_numbers
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, is_possible, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork

_ALL = slice(None)
LEAK, UNLISTED = -1, -2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FiredLinks:
    """How probably each contributor alone brought a finding to where it was seen.

    Attributes
    ----------
    findings : shape (n_rows,)
        Place of the finding.
    contributors : shape (n_rows,)
        Place of the cause, or `LEAK`, or `UNLISTED`.
    probability : shape (n_rows,)
        P(the contributor reached the highest state that the evidence allows | evidence).  More
        than one contributor may have done so: the rows of a finding may sum to more than 1.
    """

    findings: NDArray[np.intp]
    contributors: NDArray[np.intp]
    probability: FloatArray


def fired_links(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    *,
    findings: Collection[str] | None = None,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> FiredLinks:
    r"""Posterior probability that each link of each finding that was seen has fired.

    The probability of the evidence is linear in the numbers :math:`p_j` of one contributor, so
    that what it owes to one of them is the same query with the others of that contributor at 0,
    in the worlds where the contributor acts:

    .. math:: P(\text{fired} \mid e) = P(e, \text{acts} \mid p_{j'} = 0, j' \ne j) / P(e) .

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.
    findings
        Ids of those to ask about, which is all that is then paid for; all if omitted.
    memory_limit
        Bytes of working memory that one query may use.

    Raises
    ------
    ImpossibleEvidenceError, LimitError
        As for `legache.inference.posterior.posterior`.

    References
    ----------
    Darwiche, A. (2003). A differential approach to inference in Bayesian networks. J. ACM 50,
    280-305 (the probability of the evidence is multilinear in the parameters).

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> fired = fired_links(network, {"calf_tenderness": (0.0, 1.0)})
    >>> bool((fired.probability >= 0).all() and fired.probability.sum() >= 1 - 1e-12)
    True
    """
    changes = list(_contributors(network, likelihoods, findings))
    base = posterior(network, likelihoods, memory_limit=memory_limit)
    log_fired = _log_evidence(network, likelihoods, changes, memory_limit)
    log_fired += np.array([change.log_factor for change in changes])
    return FiredLinks(
        findings=np.array([change.finding for change in changes], dtype=np.intp),
        contributors=np.array([change.contributor for change in changes], dtype=np.intp),
        # at most 1 but for rounding
        probability=np.minimum(np.exp(log_fired - base.log_evidence), 1.0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """A world in which one contributor acts and is certain to show the finding.

    Attributes
    ----------
    numbers : tuple of (name, places, values)
        What changes in the flat arrays of the network.
    log_factor
        Logarithm of what was set to 1.
    present
        Id of the cause that must be present, if any.
    """

    finding: int
    contributor: int
    numbers: tuple[tuple[str, NDArray[np.intp] | slice, FloatArray], ...]
    log_factor: float
    present: str | None = None


def _contributors(
    network: NoisyMaxNetwork, likelihoods: Likelihoods, findings: Collection[str] | None
) -> Iterator[_Change]:
    for place, finding in enumerate(network.findings):
        if finding.id not in likelihoods or (findings is not None and finding.id not in findings):
            continue
        starts, values, top = levels_of(np.asarray(likelihoods[finding.id], dtype=np.float64))
        if len(values) == 1:  # nothing had to be explained
            continue
        highest = slice(starts[-1] - 1, top)
        certain = (np.arange(len(finding.states)) == top).astype(np.float64)
        yield from _links(network, likelihoods, place, highest, certain)
        yield from _leak(network, place, highest, certain)
        strength = network.unlisted * float(finding.unlisted[highest].sum())
        if strength > 0:
            start = flat_network(network).graph["unlisted_start"][place]
            at = start + np.arange(certain.size)
            numbers = (("unlisted_strength", at, certain), ("unlisted", _ALL, np.ones(1)))
            yield _Change(place, UNLISTED, numbers, math.log(strength))


def _links(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    place: int,
    highest: slice,
    certain: FloatArray,
) -> Iterator[_Change]:
    finding, graph = network.findings[place], flat_network(network).graph
    for row, index in enumerate(finding.causes.tolist()):
        cause = network.causes[index]
        given = likelihoods.get(cause.id, (1.0, 1.0))[1]
        acts = cause.responsible if finding.hangs_on_responsible else 1.0
        strength = float(finding.strengths[row, highest].sum()) * acts * given
        if strength == 0:
            continue
        start = graph["strength_start"][graph["link_start"][place] + row]
        numbers = [("strength", start + np.arange(certain.size), certain)]
        if finding.hangs_on_responsible:
            numbers.append(("responsible", np.array([index]), np.ones(1)))
        yield _Change(place, index, tuple(numbers), math.log(strength), cause.id)


def _leak(
    network: NoisyMaxNetwork, place: int, highest: slice, certain: FloatArray
) -> Iterator[_Change]:
    share = network.stratum_share * network.findings[place].leak[:, highest].sum(axis=1)
    if share.sum() == 0:
        return
    n_strata = len(network.strata)
    start = flat_network(network).graph["leak_start"][place]
    at = start + np.arange(n_strata * certain.size)
    numbers = (("leak", at, np.tile(certain, n_strata)), ("share", _ALL, share / share.sum()))
    yield _Change(place, LEAK, numbers, math.log(share.sum()))


def _log_evidence(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    changes: Sequence[_Change],
    memory_limit: int,
) -> FloatArray:
    """Log-probability of the evidence in the world of each change."""
    flat = flat_network(network)
    draws = {name: np.repeat(array[None], len(changes), 0) for name, array in flat.numbers.items()}
    for row, change in enumerate(changes):
        for name, places, values in change.numbers:
            draws[name].reshape(len(changes), -1)[row, places] = values
    kernel = compiled_network(network)
    if kernel is None or not changes:
        return _one_by_one(network, draws, _said(likelihoods, changes), memory_limit)
    known, values = flat.encoded(likelihoods)
    codes = np.tile(known, (len(changes), 1))
    for row, change in enumerate(changes):
        if change.present:
            codes[row, flat.column[change.present]] = 1
    order, _ = kernel.plan(known)
    found = kernel.answer(
        *(codes, values, memory_limit),
        order=order,
        wants_posteriors=False,
        n_threads=n_cores(),
        draws=draws,
    )
    if not np.isin(found.status, SETTLED).all():
        return _one_by_one(network, draws, _said(likelihoods, changes), memory_limit)
    return found.log_evidence


def _said(likelihoods: Likelihoods, changes: Sequence[_Change]) -> list[Likelihoods]:
    """Evidence in the world of each change."""
    acting = [{change.present: (0.0, 1.0)} if change.present else {} for change in changes]
    return [{**likelihoods, **more} for more in acting]


def _one_by_one(
    network: NoisyMaxNetwork,
    draws: Mapping[str, FloatArray],
    said: Sequence[Likelihoods],
    memory_limit: int,
) -> FloatArray:
    found = np.full(len(said), -np.inf)
    for row, likelihoods in enumerate(said):
        drawn = with_numbers(network, draws, row)
        if is_possible(drawn, likelihoods, memory_limit=memory_limit):
            answer = posterior(drawn, likelihoods, memory_limit=memory_limit)
            found[row] = answer.log_evidence
    return found
