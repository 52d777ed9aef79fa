"""What does each item of evidence weigh, and how do the weights add up?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from legache.diagnosis.figures import Figures, signed
from legache.diagnosis.items import Item
from legache.diagnosis.shares import Shares
from legache.diagnosis.text import words
from legache.inference.weights import ItemPosteriors
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd

N_SHOWN = 12
_SHARE_COLUMNS = ("label", "members", "value", "error")
ITEM_COLUMNS = ("label", "kind", "said", "alone", "given_the_rest", "effect")


@dataclass(frozen=True, slots=True)
class Rival:
    """A cause that explains an item away.

    Attributes
    ----------
    id, label
    before, after
        Its own probability without the item and with it, given the rest.
    weight_if_absent
        What the item would weigh, given the rest, if the rival were absent, in decibans; None
        if the item could not be there without the rival.
    """

    id: str
    label: str
    before: float
    after: float
    weight_if_absent: float | None


@dataclass(frozen=True, slots=True)
class ItemWeight:
    """What one item of evidence weighs, in decibans.

    Attributes
    ----------
    id, label, kind, said
        The node, and what was said of it.
    alone
        Shift from the prior by this item alone.
    given_the_rest
        Shift by this item when everything else is known: with it less without it.
    effect
        ``rules out`` or ``proves`` followed by a cause's id, where a weight has no bounds;
        else empty.  A weight without bounds is None.
    rival
        What explains it away, if something does.
    """

    id: str
    label: str
    kind: str
    said: str
    alone: float | None
    given_the_rest: float | None
    effect: str
    rival: Rival | None


@dataclass(frozen=True, slots=True)
class Balance:
    """How the weights add up, in decibans; None where something has no bounds.

    Attributes
    ----------
    prior, posterior
    interaction
        posterior - prior - sum of the weights alone.
    interaction_given_the_rest
        posterior - prior - sum of the weights given the rest.
    """

    prior: float | None
    posterior: float | None
    interaction: float | None
    interaction_given_the_rest: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Log odds of a cause, or log ratio of two, in decibans; NaN without bounds.

    Attributes
    ----------
    prior, now
    alone, without : shape (n_items,)
        As in `ItemPosteriors`.
    """

    prior: float
    now: float
    alone: FloatArray
    without: FloatArray


def weighed(
    scores: Scores,
    items: Sequence[Item],
    effects: Sequence[str],
    rivals: Sequence[Rival | None],
) -> tuple[Balance, tuple[ItemWeight, ...]]:
    """Weights of all items, the heaviest first, and how they add up.

    Parameters
    ----------
    scores
        With and without each item.
    items, effects, rivals
        The same items in words, what they rule out or prove, and what explains them away.
    """
    alone, rest = scores.alone - scores.prior, scores.now - scores.without
    columns = (items, alone.tolist(), rest.tolist(), effects, rivals)
    rows = [
        ItemWeight(told.id, told.label, told.kind, told.said, bounded(a), bounded(r), effect, rival)
        for told, a, r, effect, rival in zip(*columns, strict=True)
    ]
    shift = scores.now - scores.prior
    balance = Balance(
        prior=bounded(scores.prior),
        posterior=bounded(scores.now),
        interaction=bounded(shift - float(alone.sum())),
        interaction_given_the_rest=bounded(shift - float(rest.sum())),
    )
    return balance, tuple(sorted(rows, key=_first_the_heaviest))


def bounded(number: float) -> float | None:
    """Return the number, without a sign of zero; None for NaN."""
    return None if math.isnan(number) else number + 0.0


def table_of(rows: Sequence[ItemWeight]) -> pd.DataFrame:
    """One row for each item, the heaviest first; a weight without bounds is NaN."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    table = pd.DataFrame(
        [[row.id, *(getattr(row, name) for name in ITEM_COLUMNS)] for row in rows],
        columns=["item", *ITEM_COLUMNS],
    ).set_index("item")
    return table.astype({"alone": float, "given_the_rest": float})


def shares_table(shares: Shares | None) -> pd.DataFrame:
    """One row for each share, the largest first."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    rows = [] if shares is None else shares.shares
    return pd.DataFrame(
        [[row.id, *(getattr(row, name) for name in _SHARE_COLUMNS)] for row in rows],
        columns=["item", *_SHARE_COLUMNS],
    ).set_index("item")


def start_note(baseline: Sequence[str], provenance: Mapping[str, Any]) -> str:
    """What the prior is given: the complaint may have been said to be absent, or uncertain.

    Examples
    --------
    >>> start_note(["dyspnoea"], {"evidence": {}})
    'The prior is given dyspnoea.'
    >>> start_note(["dyspnoea"], {"evidence": {"dyspnoea": False}})
    'The prior is given what was said of dyspnoea.'
    """
    given = [
        words(name)
        if provenance["evidence"].get(name, True) is True
        else f"what was said of {words(name)}"
        for name in baseline
    ]
    return f"The prior is given {' and '.join(given) or 'nothing'}."


def balance_cells(balance: Balance, rows: Sequence[ItemWeight]) -> list[tuple[str, str, str]]:
    """Both sums, side by side."""
    alone = _total([row.alone for row in rows])
    rest = _total([row.given_the_rest for row in rows])
    prior, posterior = signed(balance.prior), signed(balance.posterior)
    return [
        ("prior", prior, prior),
        (f"sum of {len(rows)} items", signed(alone), signed(rest)),
        (
            "interaction",
            signed(balance.interaction),
            signed(balance.interaction_given_the_rest),
        ),
        ("posterior", posterior, posterior),
    ]


BALANCE_COLUMNS = (Figures("dB", "left"), Figures("alone"), Figures("given the rest"))
SHARE_FIGURES = (Figures("Shapley value, dB", "left"), Figures("share"), Figures("error"))


def share_cells(shares: Shares) -> list[tuple[str, str, str]]:
    """Rows of a table for people."""
    is_exact = shares.method == "exact"
    return [
        (row.label, signed(row.value), "exact" if is_exact else f"{row.error:.1f}")
        for row in shares.shares[:N_SHOWN]
    ]


def share_notes(shares: Shares | None) -> list[str]:
    """How the Shapley values were found."""
    if shares is None:
        return []
    if shares.method == "unbounded":
        return ["No Shapley values: some probabilities are 0 or 1, which have no log odds."]
    grouped = any(len(row.members) > 1 for row in shares.shares)
    together = " All contexts count as one item." if grouped else ""
    more = len(shares.shares) - N_SHOWN
    rest = f" {more} smaller shares are in `.shares_table`." if more > 0 else ""
    if shares.method == "exact":
        return [f"Shapley values: exact, from {shares.n_posteriors:,} subsets.{together}{rest}"]
    return [
        (
            f"Shapley values: sampled, from {shares.n_orders} random orders (seed "
            f"{shares.seed}), with standard errors.{together}{rest}"
        )
    ]


def unbounded_note(balance: Balance) -> list[str]:
    """Why there is a dash in place of a number, if there is one."""
    if balance.prior is None:
        return ["-: a probability is 0 or 1 before any of this; evidence cannot move it."]
    if balance.interaction is None or balance.interaction_given_the_rest is None:
        return ["-: without bounds, for a probability becomes 0 or 1."]
    return []


def hidden_note(rows: Sequence[ItemWeight]) -> list[str]:
    """What the items weigh that are not shown."""
    rest = [row.given_the_rest for row in rows[N_SHOWN:] if row.given_the_rest is not None]
    if not rest:
        return []
    largest = max(abs(weight) for weight in rest)
    return [f"{len(rows) - N_SHOWN} more items weigh at most {largest:.1f} dB each; see `.table`."]


def _total(weights: Sequence[float | None]) -> float | None:
    numbers = [weight for weight in weights if weight is not None]
    return sum(numbers) if len(numbers) == len(weights) else None


def effects_of(
    found: ItemPosteriors, watched: Sequence[tuple[int, str]], *, proofs: bool = True
) -> list[str]:
    """What each item rules out among some causes, given as places and ids, or proves."""
    effects = [""] * len(found.items)
    for cause, name in watched:
        for bound, verb in ((0.0, "rules out"), (1.0, "proves"))[: 2 if proofs else 1]:
            alone = (found.alone[:, cause] == bound) & (found.prior[cause] != bound)
            rest = (found.now[cause] == bound) & (found.without[:, cause] != bound)
            for place in np.flatnonzero(alone | rest).tolist():
                effects[place] = effects[place] or f"{verb} {name}"
    return effects


def _first_the_heaviest(row: ItemWeight) -> tuple[bool, float, str]:
    weight = 0.0 if row.given_the_rest is None else row.given_the_rest
    return (not row.effect, -abs(round(weight, 9)), row.id)
