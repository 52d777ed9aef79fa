"""What people does the network describe?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from legache.errors import EvidenceError, LimitError, did_you_mean, nearest
from legache.inference.flat import Codes
from legache.inference.links import LEAK, UNLISTED
from legache.inference.posterior import posterior
from legache.network.structure import Finding, FloatArray, IndexArray, NoisyMaxNetwork

BoolArray = NDArray[np.bool_]
_CHUNK = 100_000
_MOST_PEOPLE = 10**9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedPeople:
    """People drawn from a network, with everything about them known.

    Attributes
    ----------
    codes : shape (n_people, n_nodes)
        Index of the state of each root, context, cause and finding, in the order of the network.
    present, responsible : shape (n_people, n_causes)
        Which causes they have, and which make them complain.
    unlisted : shape (n_people,)
        Whether a cause that the network does not name makes them complain.
    fired : shape (n_people, n_contributors)
        Which contributors alone brought their finding, if it is above its lowest state, to the
        state that it has; in the order of `contributors`.  No columns unless asked for.
    """

    codes: Codes
    present: BoolArray
    responsible: BoolArray
    unlisted: BoolArray
    fired: BoolArray

    def those(self, chosen: BoolArray | slice) -> SimulatedPeople:
        """Return some of the people."""
        parts = {field.name: getattr(self, field.name)[chosen] for field in fields(self)}
        return SimulatedPeople(**parts)


def contributors(network: NoisyMaxNetwork) -> tuple[tuple[int, int], ...]:
    """What may bring each finding above its lowest state, finding by finding.

    Returns
    -------
    tuple of (finding, contributor)
        Places of a finding and of a cause, or `LEAK`, or `UNLISTED`.
    """
    return tuple(
        (place, contributor)
        for place, finding in enumerate(network.findings)
        for contributor in (LEAK, *finding.causes.tolist(), UNLISTED)
    )


def simulated_people(
    network: NoisyMaxNetwork,
    n_people: int,
    seed: int,
    *,
    complaint: str | None = None,
    wants_fired: bool = False,
) -> SimulatedPeople:
    """Draw people from the network by forward sampling.

    Parameters
    ----------
    network
    n_people
        At least 1.
    seed
        The same seed gives the same people.
    complaint
        Id of a finding: keep only people who have it, in any state but the first.
    wants_fired
        Whether to tell what produced each finding; the people are the same.

    Raises
    ------
    EvidenceError
        No such finding, or no people.
    ImpossibleEvidenceError
        Nobody has the complaint.
    LimitError
        It is so rare that more than 10 ** 9 people would have to be drawn.

    References
    ----------
    Henrion, M. (1988). Propagating uncertainty in Bayesian networks by probabilistic logic
    sampling.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> people = simulated_people(network, 1000, seed=1)
    >>> people.present.shape == (1000, len(network.causes))
    True
    >>> bool((people.responsible <= people.present).all())
    True
    """
    if n_people < 1:
        message = f"n_people is {n_people}; expected at least 1"
        raise EvidenceError(message)
    if complaint is not None:
        _refuse_hopeless(network, n_people, complaint)
    rng = np.random.default_rng(seed)
    kept: list[SimulatedPeople] = []
    while sum(len(part.codes) for part in kept) < n_people:
        size = _CHUNK if complaint else n_people
        kept.append(_chunk(network, rng, size, complaint, wants_fired=wants_fired))
    return _together(kept).those(slice(n_people))


def _refuse_hopeless(network: NoisyMaxNetwork, n_people: int, complaint: str) -> None:
    """Raise an error where drawing people until enough complain would not end."""
    states = {finding.id: finding.states for finding in network.findings}
    if complaint not in states:
        suggestions = nearest(complaint, states)
        message = f"unknown finding {complaint[:64]!r}{did_you_mean(suggestions, 'see nodes.csv')}"
        raise EvidenceError(message, suggestions)
    likelihoods = (0.0, *(1.0 for _ in states[complaint][1:]))
    share = math.exp(posterior(network, {complaint: likelihoods}).log_evidence)
    if n_people > share * _MOST_PEOPLE:
        message = (
            f"{complaint!r} has probability {share:.2g}: {n_people} people who have it would be "
            f"found among more than {_MOST_PEOPLE:g}; ask for fewer"
        )
        raise LimitError(message)


def _together(parts: list[SimulatedPeople]) -> SimulatedPeople:
    names = [field.name for field in fields(SimulatedPeople)]
    return SimulatedPeople(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


@dataclass(frozen=True, slots=True)
class _Origins:
    """What findings follow from."""

    stratum: IndexArray
    contexts: BoolArray
    present: BoolArray
    responsible: BoolArray
    unlisted: BoolArray

    def those(self, chosen: BoolArray) -> _Origins:
        return _Origins(*(getattr(self, field.name)[chosen] for field in fields(self)))


def _chunk(
    network: NoisyMaxNetwork,
    rng: np.random.Generator,
    size: int,
    complaint: str | None,
    *,
    wants_fired: bool,
) -> SimulatedPeople:
    """People, of whom only those with the complaint get their findings."""
    people = _origins(network, rng, size)
    levels, fired = {}, {}
    for finding in sorted(network.findings, key=lambda finding: finding.id != complaint):
        brought = list(_brought(finding, rng, people)) if wants_fired else []
        level = _highest(brought or _brought(finding, rng, people))
        if finding.id == complaint:
            has_it = level > 0
            people, level = people.those(has_it), level[has_it]
            brought = [drawn[has_it] for drawn in brought]
        levels[finding.id] = level
        fired[finding.id] = [(drawn == level) & (level > 0) for drawn in brought]
    columns = [column for finding in network.findings for column in fired[finding.id]]
    shown = np.stack([levels[finding.id] for finding in network.findings], axis=1)
    parts = (_root_codes(network)[people.stratum], people.contexts, people.present, shown)
    return SimulatedPeople(
        codes=np.concatenate(parts, axis=1).astype(np.int8),
        present=people.present,
        responsible=people.responsible,
        unlisted=people.unlisted,
        fired=np.array(columns, dtype=bool).reshape(len(columns), len(shown)).T,
    )


def _origins(network: NoisyMaxNetwork, rng: np.random.Generator, size: int) -> _Origins:
    stratum = rng.choice(len(network.strata), size, p=network.stratum_share)
    contexts = rng.random((size, len(network.context_ids))) < network.context_probability[stratum]
    present = np.zeros((size, len(network.causes)), dtype=bool)
    for place in network.cause_order():
        chance = _cause_chance(network, place, stratum, contexts, present)
        present[:, place] = rng.random(size) < chance
    share = np.array([cause.responsible for cause in network.causes])
    responsible = present & (rng.random(present.shape) < share)
    return _Origins(stratum, contexts, present, responsible, rng.random(size) < network.unlisted)


def _cause_chance(
    network: NoisyMaxNetwork,
    place: int,
    stratum: IndexArray,
    contexts: BoolArray,
    present: BoolArray,
) -> FloatArray:
    cause = network.causes[place]
    log_odds = cause.intercept[stratum] + contexts[:, cause.contexts] @ cause.context_log_odds
    log_odds = log_odds + present[:, cause.causes] @ cause.cause_log_odds
    with np.errstate(over="ignore"):  # a cause that cannot occur has log odds of minus infinity
        return np.asarray(1 / (1 + np.exp(-log_odds)))


def _brought(finding: Finding, rng: np.random.Generator, people: _Origins) -> Iterator[Codes]:
    """State that the leak, each listed cause, and unlisted ones bring a finding to."""
    n_people = len(people.stratum)
    yield _drawn(rng, finding.leak[people.stratum])
    active = people.responsible if finding.hangs_on_responsible else people.present
    origins = [*zip(active.T[finding.causes], finding.strengths, strict=True)]
    for is_active, strengths in [*origins, (people.unlisted, finding.unlisted)]:
        drawn = _drawn(rng, np.broadcast_to(strengths, (n_people, strengths.size)))
        yield np.where(is_active, drawn, np.int8(0))


def _highest(brought: Iterable[Codes]) -> Codes:
    """State that a finding has: the highest that anything brought it to."""
    levels = iter(brought)
    level = next(levels).copy()
    for drawn in levels:
        np.maximum(level, drawn, out=level)
    return level


def _drawn(rng: np.random.Generator, above: FloatArray) -> Codes:
    """State of each row, drawn from the probabilities of the states above the first."""
    reaches = np.cumsum(above[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((rng.random(len(above))[:, None] < reaches).sum(axis=1), dtype=np.int8)


def _root_codes(network: NoisyMaxNetwork) -> Codes:
    """Codes of the roots in each stratum."""
    columns = []
    for place in range(len(network.root_ids)):
        states = list(dict.fromkeys(stratum[place] for stratum in network.strata))
        columns.append([states.index(stratum[place]) for stratum in network.strata])
    return np.array(columns, dtype=np.int8).T
