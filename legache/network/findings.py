"""How do published rates become the links and leaks of findings and tests?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from legache.errors import KnowledgeError, NetworkError
from legache.knowledge.checks import UNLISTED
from legache.knowledge.records import Knowledge, Node, Place
from legache.network.conversions import link_strengths
from legache.network.figures import Figures
from legache.network.structure import Finding, FloatArray


@dataclass(frozen=True, slots=True)
class FlooredLink:
    """A link whose published rate is below the background, and whose strength is therefore 0.

    Attributes
    ----------
    rate, background
        Probability of a state above the first, published and without the cause.
    """

    cause: str
    node: str
    rate: float
    background: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Floors:
    """Where one link is published as rarer with its cause than without: shapes (...)."""

    cause: str
    node: str
    rate: FloatArray
    background: FloatArray
    is_floored: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Rates:
    """Rows about one node: the places of those of each cause, and of the background."""

    links: dict[str, list[int]]
    background: list[int]


def finding_numbers(
    knowledge: Knowledge,
    figures: Figures,
    *,
    strata: tuple[tuple[str, str], ...],
    share: FloatArray,
) -> tuple[list[Finding], list[Floors]]:
    """Findings and tests with their numbers, and which links had to be floored.

    Parameters
    ----------
    knowledge, figures
    strata, share : shape (..., n_strata)
        A link's strength is what it adds to the background in an average adult.

    Raises
    ------
    KnowledgeError
        A background is certain, and a rate with it is not.
    """
    rates = _rates_by_node(knowledge)
    cause_ids = [node.id for node in knowledge.nodes if node.kind == "cause"]
    findings: list[Finding] = []
    floors: list[Floors] = []
    for node in knowledge.nodes:
        if node.group == "complaint":
            findings.append(_complaint(node, share.shape, len(cause_ids)))
        elif node.kind in {"finding", "test"}:
            leak = _leak(knowledge, figures, node, rates[node.id].background, strata)
            average = (share[..., None, :] @ leak)[..., 0, :]
            causes, rows = tuple(rates[node.id].links), list(rates[node.id].links.values())
            links = _links(knowledge, figures, node, rows, average)
            unlisted = _unlisted(knowledge, figures, node, rates[node.id].background, average)
            findings.append(
                Finding(
                    id=node.id,
                    states=node.states,
                    hangs_on_responsible=node.scope == "complaint",
                    causes=np.array([cause_ids.index(c) for c in causes], dtype=np.intp),
                    strengths=links.strengths,
                    leak=leak,
                    unlisted=unlisted.strengths[..., 0, :],
                )
            )
            floors += _floors(causes, node, links, average)
            floors += _floors((UNLISTED,), node, unlisted, average)
    return findings, floors


@dataclass(frozen=True, slots=True, eq=False)
class _NetLinks:
    """Published rates of the states above the first, and the strengths without the background.

    Shapes are (..., n_links, n_states - 1), and (..., n_links).
    """

    rates: FloatArray
    strengths: FloatArray
    is_floored: NDArray[np.bool_]


def _rates_by_node(knowledge: Knowledge) -> dict[str, _Rates]:
    rates: dict[str, _Rates] = defaultdict(lambda: _Rates(defaultdict(list), []))
    for index, link in enumerate(knowledge.links):
        rates[link.node].links[link.cause].append(index)
    for index, background in enumerate(knowledge.background):
        rates[background.node].background.append(index)
    return rates


def _floors(
    causes: tuple[str, ...], node: Node, links: _NetLinks, average: FloatArray
) -> list[Floors]:
    return [
        Floors(
            cause=cause,
            node=node.id,
            rate=np.asarray(links.rates[..., place, :].sum(axis=-1)),
            background=np.asarray(average.sum(axis=-1)),
            is_floored=links.is_floored[..., place],
        )
        for place, cause in enumerate(causes)
        if links.is_floored[..., place].any()
    ]


def _complaint(node: Node, shape: tuple[int, ...], n_causes: int) -> Finding:
    """Build the plain OR of everything that is responsible."""
    lanes = shape[:-1]
    return Finding(
        id=node.id,
        states=node.states,
        hangs_on_responsible=True,
        causes=np.arange(n_causes),
        strengths=np.ones((*lanes, n_causes, 1)),
        leak=np.zeros((*shape, 1)),
        unlisted=np.ones((*lanes, 1)),
    )


def _leak(
    knowledge: Knowledge,
    figures: Figures,
    node: Node,
    rows: list[int],
    strata: tuple[tuple[str, str], ...],
) -> FloatArray:
    """Leak by stratum: shape (..., n_strata, n_states - 1)."""
    above = node.states[1:]
    leak = np.zeros((*figures.lanes, len(strata), len(above)))
    for index in rows:
        row = knowledge.background[index]
        if row.given != UNLISTED:
            value = figures.background[..., index]
            for place, (band, _) in enumerate(strata):
                if row.age_band in {None, band}:
                    leak[..., place, above.index(row.state)] = value
    return leak


def _links(
    knowledge: Knowledge, figures: Figures, node: Node, links: list[list[int]], average: FloatArray
) -> _NetLinks:
    published = np.zeros((*average.shape[:-1], len(links), average.shape[-1]))
    for place, rows in enumerate(links):
        for index in rows:
            state = node.states.index(knowledge.links[index].state)
            published[..., place, state - 1] = figures.links[..., index]
    first = [knowledge.links[rows[0]] for rows in links]
    is_net = np.array([row.figure == "net" for row in first], dtype=bool)
    return _net(tuple(row.place for row in first), published, average, is_net)


def _unlisted(
    knowledge: Knowledge, figures: Figures, node: Node, rows: list[int], average: FloatArray
) -> _NetLinks:
    """Rates when only an unlisted cause is responsible; nothing where none are published."""
    published = np.zeros((*average.shape[:-1], 1, average.shape[-1]))
    places: list[Place] = []
    for index in rows:
        row = knowledge.background[index]
        if row.given == UNLISTED:
            state = node.states.index(row.state)
            published[..., 0, state - 1] = figures.background[..., index]
            places.append(row.place)
    return _net(tuple(places[:1] or [node.place]), published, average, np.array([not places]))


def _net(
    places: tuple[Place, ...],
    published: FloatArray,
    average: FloatArray,
    is_net: NDArray[np.bool_],
) -> _NetLinks:
    """Take the background out of rates, but of those that are without it."""
    strengths, is_floored = published.copy(), np.zeros(published.shape[:-1], dtype=bool)
    compound = np.flatnonzero(~is_net)
    background = average[..., None, :]
    try:
        strengths[..., compound, :], is_floored[..., compound] = link_strengths(
            published[..., compound, :], background
        )
    except NetworkError:
        for place in compound.tolist():
            try:
                link_strengths(published[..., place, :], average)
            except NetworkError as error:
                message = f"{places[place]}: value: {error}"
                raise KnowledgeError(message) from error
        raise
    return _NetLinks(published, strengths, is_floored)
