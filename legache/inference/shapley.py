r"""How is what all items do together shared among them, whatever order they are told in?

The Shapley value of an item is the mean of what it adds over all orders in which the items can
be told:

.. math:: \phi_i = \sum_{S \not\ni i} \frac{|S|! \, (n - |S| - 1)!}{n!} \, (v(S \cup i) - v(S)) .

Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games 2, 307-317;
Castro, J., Gomez, D. & Tejada, J. (2009). Polynomial calculation of the Shapley value based on
sampling. Comput. Oper. Res. 36, 1726-1730.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from legache.network.structure import FloatArray

N_EXACT = 12  # 4,096 subsets


def all_coalitions(n_players: int) -> NDArray[np.bool_]:
    """Every subset of the players: row number `s` has player `i` if bit `i` of `s` is set."""
    rows = np.arange(2**n_players)
    return np.asarray((rows[:, None] >> np.arange(n_players)) & 1, dtype=bool)


def exact_shapley(values: FloatArray) -> FloatArray:
    """Shapley values from the values of all coalitions.

    Parameters
    ----------
    values : shape (2 ** n_players,)
        In the order of `all_coalitions`.

    Returns
    -------
    shape (n_players,)
        They sum to the value of everybody less that of nobody.

    Examples
    --------
    Two players who are worth something only together share it:

    >>> exact_shapley(np.array([0.0, 0.0, 0.0, 1.0]))
    array([0.5, 0.5])
    """
    n = values.size.bit_length() - 1
    members = all_coalitions(n)
    size = members.sum(axis=1)
    orders = [math.factorial(k) * math.factorial(n - k - 1) / math.factorial(n) for k in range(n)]
    weight = np.array([*orders, 0.0])[size]
    shares = []
    for player in range(n):
        lacking = np.flatnonzero(~members[:, player])
        gain = values[lacking | (1 << player)] - values[lacking]
        shares.append(math.fsum((weight[lacking] * gain).tolist()))
    return np.array(shares)


def drawn_orders(n_players: int, n_orders: int, seed: int) -> NDArray[np.intp]:
    """Orders in which the players join: shape (n_orders, n_players)."""
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.arange(n_players), (n_orders, 1)), axis=1)


def joining(orders: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Coalitions that form in each order: shape (n_orders, n_players + 1, n_players)."""
    n_players = orders.shape[1]
    rank = np.argsort(orders, axis=1)
    return np.asarray(rank[:, None, :] < np.arange(n_players + 1)[None, :, None])


def sampled_shapley(orders: NDArray[np.intp], values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of what each player added in the orders that were drawn, and its standard error.

    Parameters
    ----------
    orders : shape (n_orders, n_players)
    values : shape (n_orders, n_players + 1)
        Of the coalitions that `joining` lists.

    Returns
    -------
    shares, errors : shape (n_players,)
        The shares sum to the value of everybody less that of nobody, as the exact ones do.
    """
    gains = np.empty(orders.shape)
    np.put_along_axis(gains, orders, np.diff(values, axis=1), axis=1)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / math.sqrt(len(orders))
