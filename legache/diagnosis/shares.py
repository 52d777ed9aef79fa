"""How is what all evidence does together shared among its items?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from legache.diagnosis.evidence import Evidence
from legache.diagnosis.items import item, split
from legache.diagnosis.model import DiagnosticModel
from legache.inference.cohort import CohortPosteriors
from legache.inference.shapley import (
    N_EXACT,
    all_coalitions,
    drawn_orders,
    exact_shapley,
    joining,
    sampled_shapley,
)
from legache.inference.subsets import subset_posteriors
from legache.inference.weights import Known, Of
from legache.network.structure import FloatArray, NoisyMaxNetwork

N_ORDERS = 50
SEED = 0
_CONTEXTS = "contexts"
Score = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Share:
    """Shapley value of an item, or of all contexts together.

    Attributes
    ----------
    id, label
        The item; ``contexts`` for all of them together.
    members
        Ids of the nodes that it is made of.
    value
        In decibans; the values of all shares sum to posterior less prior.
    error
        Standard error; 0 if exact.
    """

    id: str
    label: str
    members: tuple[str, ...]
    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Shapley values of the items of evidence.

    Attributes
    ----------
    method
        ``exact``; or ``sampled``, from some orders in which the items might have been told; or
        ``unbounded`` if some of the evidence is proof, so that there is nothing to share.
    shares
        The largest first.
    n_orders, seed
        Of the sampling; 0 orders if there was none.
    n_posteriors
        Subsets of the evidence that were answered.
    """

    method: str
    shares: tuple[Share, ...]
    n_orders: int
    seed: int
    n_posteriors: int


def shares_of(model: DiagnosticModel, given: Evidence, of: Of, score: Score) -> Shares:
    """Shapley values of a score of the posteriors.

    Parameters
    ----------
    model, given
    of
        Which posteriors.
    score
        From posteriors of shape (n, n_causes) to decibans of shape (n,); NaN without bounds.

    Notes
    -----
    With more than twelve items the contexts count as one; with more than twelve even so, orders
    are drawn.
    """
    items, baseline = split(model, given, of)
    kinds = tuple(model.nodes[name].kind for name, _ in items)
    groups = _players(items, kinds)
    found, orders = _answers(model.network, items, baseline, groups)
    values = score(getattr(found.answers, of))[found.place]
    method = "exact" if orders is None else "sampled"
    if np.isnan(values).any():
        return Shares("unbounded", (), 0, SEED, len(found.answers.present))
    if orders is None:
        shares, errors = exact_shapley(values), np.zeros(len(groups))
    else:
        shares, errors = sampled_shapley(orders, values.reshape(len(orders), -1))
    rows = [
        Share(
            id=items[group[0]][0] if len(group) == 1 else _CONTEXTS,
            label=item(model, given, items[group[0]][0]).label if len(group) == 1 else "contexts",
            members=tuple(items[place][0] for place in group),
            value=float(share),
            error=float(error),
        )
        for group, share, error in zip(groups, shares, errors, strict=True)
    ]
    rows.sort(key=lambda row: (-abs(row.value), row.id))
    n_orders = 0 if orders is None else len(orders)
    return Shares(method, tuple(rows), n_orders, SEED, len(found.answers.present))


@dataclass(frozen=True, slots=True, eq=False)
class _Coalitions:
    """Answers for the distinct coalitions, and which of them each asked one is."""

    answers: CohortPosteriors
    place: NDArray[np.intp]


def _players(items: Known, kinds: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Places of the items that each player is made of."""
    if len(items) <= N_EXACT:
        return tuple((place,) for place in range(len(items)))
    contexts = tuple(place for place, kind in enumerate(kinds) if kind == "context")
    others = ((place,) for place in range(len(items)) if place not in contexts)
    return (contexts, *others) if contexts else tuple(others)


@lru_cache(maxsize=4)
def _answers(
    network: NoisyMaxNetwork, items: Known, baseline: Known, groups: tuple[tuple[int, ...], ...]
) -> tuple[_Coalitions, NDArray[np.intp] | None]:
    """Posteriors of all coalitions, or of those that form in some orders; the same for all causes.

    Returns
    -------
    answers
    orders
        None if all coalitions are there.
    """
    n_players = len(groups)
    orders = None if n_players <= N_EXACT else drawn_orders(n_players, N_ORDERS, SEED)
    asked = all_coalitions(n_players) if orders is None else joining(orders).reshape(-1, n_players)
    distinct, place = np.unique(asked, axis=0, return_inverse=True)
    kept = np.ones((len(distinct), len(baseline) + len(items)), dtype=bool)
    for player, group in enumerate(groups):
        for member in group:
            kept[:, len(baseline) + member] = distinct[:, player]
    answers = subset_posteriors(network, dict(baseline + items), kept)
    return _Coalitions(answers, place.ravel()), orders
