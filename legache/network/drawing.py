"""How do the network's numbers vary within the intervals of the published figures?

Published figures are drawn, not parameters, and each draw is converted as the printed values are:
every draw is a network that could have been published.

What moves together
    The prevalences of one cause or context in all strata, and one background rate at all ages,
    share a deviate: what is uncertain about them is mostly the definition and the place, not the
    sample of one stratum.  Everything else is drawn independently.

States of a graded finding
    Drawn as the probabilities of going beyond each state, once it is reached: independent,
    logit-normal, each with the root mean square of the rows' scales.  Their products have the
    printed values as means, and never sum to more than 1.

Visits that exceed the prevalence
    More people cannot come this week than have the cause.  The visits stay as drawn, since they
    are counted and since responsibility rests on them; the prevalence of the cause is drawn again
    until it suffices in every setting.  Where it does not in 100 tries, visits are reduced to what
    the largest of these prevalences allows.  Both are counted.

Rates below the background
    As with the printed values, the link's strength is 0; it is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from legache.knowledge.checks import AGE_BAND, SEX, UNLISTED
from legache.knowledge.records import Background, Figure, Knowledge, Link
from legache.network.building import (
    Converted,
    complaint_links,
    converted,
    prevalence_by_stratum,
    strata_of,
    stratum_share,
)
from legache.network.conversions import weekly_visits
from legache.network.figures import Figures
from legache.network.structure import FloatArray
from legache.network.uncertainty import (
    logit_normal,
    mean_location,
    mean_log_normal,
    mean_logit_normal,
    stratified_deviates,
    two_piece_log_normal,
)

_N_TRIES = 100
_PREVALENCE, _RATIOS, _LINKS, _COMPLAINTS, _BACKGROUND, _AGAIN = range(6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnNetworks:
    """Many sets of numbers for the networks of a priors folder.

    Attributes
    ----------
    numbers
        What all settings have in common, with a leading axis for the draws.
    complaint
        For each setting, P(responsible | cause) of each cause, and the rate of *unlisted*: shapes
        (n_draws,).
    redrawn
        For each cause, in how many draws its prevalence was drawn again.
    reduced
        For each cause, in how many draws its visits were reduced.
    floored
        For each link, as cause and finding, in how many draws its strength was floored.
    """

    numbers: Converted
    complaint: Mapping[str, Mapping[str, FloatArray]]
    redrawn: Mapping[str, int]
    reduced: Mapping[str, int]
    floored: Mapping[tuple[str, str], int]


def drawn_networks(knowledge: Knowledge, *, n_draws: int, seed: int) -> DrawnNetworks:
    """Draw every published figure, and convert each draw.

    Parameters
    ----------
    knowledge
    n_draws
        At least 1.
    seed
        The same seed gives the same draws, bit for bit.

    Examples
    --------
    >>> import legache
    >>> knowledge = legache.load().model.knowledge
    >>> drawn = drawn_networks(knowledge, n_draws=20, seed=1)
    >>> drawn.numbers.context_probability.shape
    (20, 8, 36)
    """
    figures, redrawn, reduced = drawn_figures(knowledge, n_draws=n_draws, seed=seed)
    numbers = converted(knowledge, figures)
    return DrawnNetworks(
        numbers=numbers,
        complaint=complaint_links(knowledge, figures, numbers.prevalence),
        redrawn=redrawn,
        reduced=reduced,
        floored={
            (floors.cause, floors.node): int(floors.is_floored.sum()) for floors in numbers.floors
        },
    )


def drawn_figures(
    knowledge: Knowledge, *, n_draws: int, seed: int
) -> tuple[Figures, dict[str, int], dict[str, int]]:
    """Figures with a leading axis for the draws; how often prevalences and visits were mended."""
    streams = [np.random.default_rng([seed, table]) for table in range(_AGAIN + 1)]
    groups = [
        row.node if row.node not in {AGE_BAND, SEX} else (row.node, row.age_band, row.sex)
        for row in knowledge.prevalence
    ]
    drawn = Figures(
        prevalence=_probabilities(knowledge.prevalence, groups, streams[_PREVALENCE], n_draws),
        risk_factors=_ratios(knowledge.risk_factors, streams[_RATIOS], n_draws),
        links=_states(
            knowledge.links,
            [(row.cause, row.node) for row in knowledge.links],
            knowledge,
            streams[_LINKS],
            n_draws,
        ),
        complaints=_complaints(knowledge, streams[_COMPLAINTS], n_draws),
        background=_states(
            knowledge.background,
            [(row.given, row.node) for row in knowledge.background],
            knowledge,
            streams[_BACKGROUND],
            n_draws,
        ),
    )
    return _with_enough_prevalence(knowledge, drawn, streams[_AGAIN])


def _deviates(groups: Sequence[object], rng: np.random.Generator, n_draws: int) -> FloatArray:
    """One row of deviates for each row of a table; rows of one group share theirs."""
    place = {group: index for index, group in enumerate(dict.fromkeys(groups))}
    drawn = stratified_deviates(rng, len(place), n_draws)
    return drawn[[place[group] for group in groups]]


def _interval(rows: Iterable[Figure]) -> tuple[FloatArray, FloatArray, FloatArray]:
    table = np.array([(row.value, row.low, row.high) for row in rows]).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _probabilities(
    rows: Sequence[Figure], groups: Sequence[object], rng: np.random.Generator, n_draws: int
) -> FloatArray:
    location, scale = mean_logit_normal(*_interval(rows))
    deviates = _deviates(groups, rng, n_draws)
    return _by_draw(logit_normal(location[:, None], scale[:, None], deviates))


def _ratios(rows: Sequence[Figure], rng: np.random.Generator, n_draws: int) -> FloatArray:
    value, low, high = (column[:, None] for column in _interval(rows))
    deviates = stratified_deviates(rng, len(rows), n_draws)
    return _by_draw(two_piece_log_normal(value, low, high, deviates))


def _complaints(knowledge: Knowledge, rng: np.random.Generator, n_draws: int) -> FloatArray:
    rows = knowledge.complaints
    deviates = stratified_deviates(rng, len(rows), n_draws)
    location, scale = mean_log_normal(*_interval(rows))
    drawn = np.exp(location[:, None] + scale[:, None] * deviates)
    shares = [place for place, row in enumerate(rows) if row.measure == "probability"]
    location, scale = mean_logit_normal(*_interval(rows[place] for place in shares))
    drawn[shares] = logit_normal(location[:, None], scale[:, None], deviates[shares])
    return _by_draw(drawn)


def _states(
    rows: Sequence[Link] | Sequence[Background],
    groups: Sequence[tuple[str, str]],
    knowledge: Knowledge,
    rng: np.random.Generator,
    n_draws: int,
) -> FloatArray:
    """Rates of the states of findings; those of one finding never sum to more than 1."""
    states = {node.id: node.states for node in knowledge.nodes}
    levels = [states[row.node].index(row.state) for row in rows]
    deviates = _deviates([*zip(groups, levels, strict=True)], rng, n_draws)
    value, low, high = _interval(rows)
    location, scale = mean_logit_normal(value, low, high)
    drawn = logit_normal(location[:, None], scale[:, None], deviates)
    for places in _graded(rows, groups, levels):
        drawn[places] = _graded_rates(value[places], scale[places], deviates[places])
    return _by_draw(drawn)


def _graded(
    rows: Sequence[Link] | Sequence[Background],
    groups: Sequence[tuple[str, str]],
    levels: Sequence[int],
) -> list[list[int]]:
    """Places of the rows that tell of one finding's several states, lowest state first."""
    together: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, (row, group) in enumerate(zip(rows, groups, strict=True)):
        together[*group, getattr(row, "age_band", None)].append(place)
    graded = (places for places in together.values() if len(places) > 1)
    return [sorted(places, key=lambda place: levels[place]) for places in graded]


def _graded_rates(value: FloatArray, scale: FloatArray, deviates: FloatArray) -> FloatArray:
    """Rates of the states above the first: shape (n_states - 1, n_draws)."""
    reached = np.append(np.cumsum(value[::-1])[::-1], 0.0)
    whole = np.append(1.0, reached[:-2])
    beyond = np.divide(reached[:-1], whole, out=np.zeros_like(whole), where=whole > 0)
    beyond = np.minimum(beyond, 1.0)  # states may sum to 1 and a rounding
    spread = np.full_like(beyond, np.sqrt(np.mean(scale**2)))
    location, spread = mean_location(beyond, spread)
    goes_on = logit_normal(location[:, None], spread[:, None], deviates)
    at_least = np.vstack([np.cumprod(goes_on, axis=0), np.zeros(deviates.shape[1])])
    return np.asarray(at_least[:-1] - at_least[1:])


def _by_draw(drawn: FloatArray) -> FloatArray:
    return np.ascontiguousarray(drawn.T)


def _with_enough_prevalence(
    knowledge: Knowledge, drawn: Figures, rng: np.random.Generator
) -> tuple[Figures, dict[str, int], dict[str, int]]:
    """Draw prevalences again that the visits exceed; at last, reduce the visits."""
    strata = strata_of(knowledge)
    share = stratum_share(knowledge, drawn, strata)
    by_stratum = prevalence_by_stratum(knowledge, drawn, strata)
    location, scale = mean_logit_normal(*_interval(knowledge.prevalence))
    prevalence, complaints = drawn.prevalence.copy(), drawn.complaints.copy()
    redrawn: dict[str, int] = {}
    reduced: dict[str, int] = {}
    for cause, visits in _rows_of_visits(knowledge).items():
        needed = weekly_visits(complaints[:, visits].max(axis=1))
        present = np.vecdot(share, by_stratum[cause])
        short = np.flatnonzero(needed > present)
        if not short.size:
            continue
        rows = _rows_of_strata(knowledge, cause, strata)
        lanes = _Lanes(location[rows], scale[rows], share[short], needed[short])
        found, largest = _redrawn(lanes, prevalence[short][:, rows], rng)
        prevalence[short[:, None], rows] = found
        redrawn[cause] = short.size
        # a hair less, so that the ratio is at most 1 after rounding
        most = largest * 52_000 * (1 - 1e-12)
        is_reduced = needed[short] > largest
        if is_reduced.any():
            reduced[cause] = int(is_reduced.sum())
            lines = short[is_reduced][:, None]
            complaints[lines, visits] = np.minimum(
                complaints[lines, visits], most[is_reduced, None]
            )
    return replace(drawn, prevalence=prevalence, complaints=complaints), redrawn, reduced


@dataclass(frozen=True, slots=True, eq=False)
class _Lanes:
    """Draws of one cause that need a larger prevalence.

    Attributes
    ----------
    location, scale : shape (n_strata,)
        Of the prevalences, as log odds.
    share : shape (n_lanes, n_strata)
    needed : shape (n_lanes,)
        What the mean over the strata must reach.
    """

    location: FloatArray
    scale: FloatArray
    share: FloatArray
    needed: FloatArray


def _redrawn(
    lanes: _Lanes, before: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Prevalences by stratum, drawn until their mean suffices; else the largest that were drawn."""
    best, largest = before.copy(), np.vecdot(lanes.share, before)
    for _ in range(_N_TRIES):
        short = np.flatnonzero(lanes.needed > largest)
        if not short.size or not lanes.scale.any():
            break
        deviates = rng.standard_normal((short.size, 1))
        drawn = logit_normal(lanes.location, lanes.scale, deviates)
        mean = np.vecdot(lanes.share[short], drawn)
        is_larger = mean > largest[short]
        best[short[is_larger]], largest[short[is_larger]] = drawn[is_larger], mean[is_larger]
    return best, largest


def _rows_of_visits(knowledge: Knowledge) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(knowledge.complaints):
        if row.measure != "probability" and row.cause != UNLISTED:
            rows[row.cause].append(place)
    return rows


def _rows_of_strata(
    knowledge: Knowledge, node: str, strata: Sequence[tuple[str, str]]
) -> list[int]:
    """Places of the prevalences of a node, in the order of the strata."""
    place: dict[tuple[str | None, str | None], int] = {
        (row.age_band, row.sex): place
        for place, row in enumerate(knowledge.prevalence)
        if row.node == node
    }
    return [place[stratum] for stratum in strata]
