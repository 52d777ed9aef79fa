"""What is each item of evidence worth, alone and given the rest, and what takes its worth away?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from legache.inference.posterior import DEFAULT_MEMORY_LIMIT
from legache.inference.subsets import subset_posteriors
from legache.network.structure import FloatArray, NoisyMaxNetwork

Of = Literal["responsible", "present"]
Known = tuple[tuple[str, tuple[float, ...]], ...]
"""Observed nodes with the likelihoods of their states: evidence that can be looked up."""

N_CANDIDATES = 4  # one more than a cause needs, which is not its own rival
_LEAST_RISE = 0.01  # what raises a cause by less is not explained by it
_N_ALONE = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemPosteriors:
    """Posteriors with and without each item; all of P(present), or all of P(responsible).

    Attributes
    ----------
    items
        Ids of the observed nodes that are weighed.
    prior, now : shape (n_causes,)
        Given the baseline, and given the baseline and all items.
    alone, without : shape (n_items, n_causes)
        Given the baseline and that item only, and given everything but that item.
    """

    items: tuple[str, ...]
    prior: FloatArray
    now: FloatArray
    alone: FloatArray
    without: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Causes that an item speaks for most, and the posteriors if each were absent.

    Attributes
    ----------
    places : shape (n_items, N_CANDIDATES)
        Places of the causes whose probability the item raises most, given the rest; -1 for none.
    weight_if_absent : shape (n_items, N_CANDIDATES, n_causes)
        Of the item for each cause, given the rest and the absence of the candidate, in decibans;
        NaN without bounds.
    is_needed : shape (n_items, N_CANDIDATES)
        The item could not be there if the candidate were absent.
    """

    places: NDArray[np.intp]
    weight_if_absent: FloatArray
    is_needed: NDArray[np.bool_]


@lru_cache(maxsize=32)
def item_posteriors(
    network: NoisyMaxNetwork,
    items: Known,
    baseline: Known,
    of: Of,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> ItemPosteriors:
    """Posteriors with each item alone, and with all but that item.

    Parameters
    ----------
    network
    items
        What is weighed.
    baseline
        What is known beside it, in every row.
    of
        Which probability.
    memory_limit
        Bytes of working memory that one row may use.

    Raises
    ------
    LimitError
        A row needs more memory than the limit.

    Notes
    -----
    What an item alone does depends on no other item, so that it is remembered from patient to
    patient; what is left out is asked anew, in one batch.
    """
    n = len(items)
    n_base = len(baseline)
    kept = np.ones((n + 1, n_base + n), dtype=bool)
    kept[np.arange(n), n_base + np.arange(n)] = False
    found = subset_posteriors(network, dict(baseline + items), kept, memory_limit=memory_limit)
    probability = getattr(found, of)
    alone = _alone(network, items, baseline, of, memory_limit)
    return ItemPosteriors(
        items=tuple(name for name, _ in items),
        prior=alone[0],
        now=probability[-1],
        alone=alone[1:],
        without=probability[:-1],
    )


@lru_cache(maxsize=32)
def candidates(
    network: NoisyMaxNetwork,
    items: Known,
    baseline: Known,
    of: Of,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> Candidates:
    """Who might explain each item away, and what would follow if they were absent.

    Parameters and errors are those of `item_posteriors`.
    """
    found = item_posteriors(network, items, baseline, of, memory_limit)
    rise = found.now - found.without
    order = np.argsort(-rise, axis=1, kind="stable")[:, :N_CANDIDATES]
    places = np.where(np.take_along_axis(rise, order, axis=1) >= _LEAST_RISE, order, -1)
    item, slot = np.nonzero(places >= 0)
    rivals = np.unique(places[item, slot])
    n_base = len(baseline)
    kept = np.ones((rivals.size + item.size, n_base + len(items)), dtype=bool)
    kept[rivals.size + np.arange(item.size), n_base + item] = False
    answers = subset_posteriors(
        network,
        dict(baseline + items),
        kept,
        ruled_out=np.concatenate([rivals, places[item, slot]]),
        memory_limit=memory_limit,
    )
    probability, row = getattr(answers, of), np.searchsorted(rivals, places[item, slot])
    impossible = answers.is_impossible
    weight = np.full((*places.shape, len(network.causes)), np.nan)
    log_odds = log_odds_decibans(probability)
    weight[item, slot] = log_odds[row] - log_odds[rivals.size :]
    is_needed = np.zeros(places.shape, dtype=bool)
    is_needed[item, slot] = impossible[row] & ~impossible[rivals.size :]
    return Candidates(places=places, weight_if_absent=weight, is_needed=is_needed)


@lru_cache(maxsize=32)
def item_log_odds(found: ItemPosteriors) -> ItemPosteriors:
    """Log odds in place of probabilities, in decibans; NaN without bounds."""
    names = ("prior", "now", "alone", "without")
    logs = {name: log_odds_decibans(getattr(found, name)) for name in names}
    return ItemPosteriors(items=found.items, **logs)


def log_odds_decibans(probability: FloatArray) -> FloatArray:
    """Log odds in decibans; NaN for 0 and 1, whose log odds have no bounds.

    Examples
    --------
    >>> log_odds_decibans(np.array([1 / 11, 10 / 11, 1.0])).round(9)
    array([-10.,  10.,  nan])
    """
    p = np.asarray(probability, dtype=np.float64)
    inside = (p > 0) & (p < 1)
    safe = np.where(inside, p, 0.5)
    return np.where(inside, 10 * (np.log10(safe) - np.log1p(-safe) / np.log(10)), np.nan)


def log_ratio_decibans(first: FloatArray, second: FloatArray) -> FloatArray:
    """Logarithm of a ratio of probabilities, in decibans; NaN if either is 0.

    Examples
    --------
    >>> log_ratio_decibans(np.array([0.5, 0.5]), np.array([0.05, 0.0])).round(9)
    array([10., nan])
    """
    a, b = (np.asarray(p, dtype=np.float64) for p in (first, second))
    inside = (a > 0) & (b > 0)
    logs = np.log10(np.where(inside, a, 1.0)) - np.log10(np.where(inside, b, 1.0))
    return np.where(inside, 10 * logs, np.nan)


def _alone(
    network: NoisyMaxNetwork, items: Known, baseline: Known, of: Of, memory_limit: int
) -> FloatArray:
    """Posterior given the baseline, then given the baseline and each item alone."""
    remembered = _remembered(network, baseline, of)
    asked = (None, *items)
    missing = [item for item in asked if item not in remembered]
    if missing:
        new = tuple(item for item in missing if item is not None)
        kept = np.ones((len(missing), len(baseline) + len(new)), dtype=bool)
        kept[:, len(baseline) :] = [[item == column for column in new] for item in missing]
        likelihoods = dict(baseline + new)
        found = subset_posteriors(network, likelihoods, kept, memory_limit=memory_limit)
        if len(remembered) > _N_ALONE:
            remembered.clear()
        rows = getattr(found, of)
        answers = dict(zip(missing, rows, strict=True))
        remembered.update(answers)
        return np.stack([answers[i] if i in answers else remembered[i] for i in asked])
    return np.stack([remembered[item] for item in asked])


@lru_cache(maxsize=16)
def _remembered(
    network: NoisyMaxNetwork,  # noqa: ARG001 - a part of the key
    baseline: Known,  # noqa: ARG001 - a part of the key
    of: Of,  # noqa: ARG001 - a part of the key
) -> dict[tuple[str, tuple[float, ...]] | None, FloatArray]:
    """Answers for single items under one baseline."""
    return {}
