"""Which small tables, of few parents each, make up the same network?

General libraries know one kind of node: a table over all parents.  That of the
complaint, with its dozens of causes, cannot be written down.  Here every node
of many parents is split over auxiliary nodes, exactly.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import chain

import numpy as np

from legache.errors import LimitError, NetworkError
from legache.network.structure import (
    Cause,
    Finding,
    FloatArray,
    IndexArray,
    NoisyMaxNetwork,
    cause_probability,
)

MOST_PARENTS = 4
UNLISTED, UNEXPLAINED, ANY_RESPONSIBLE = "unlisted", "unexplained", "any__responsible"
_BINARY, _NO_YES = ("absent", "present"), ("no", "yes")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A node and its distribution given its parents.

    Attributes
    ----------
    values : shape (n_states, n_states of parent 1, n_states of parent 2, ...)
        Read-only; sums to 1 along the first axis.
    """

    id: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)


def decomposition(network: NoisyMaxNetwork) -> tuple[Table, ...]:
    """Tables of at most four parents whose product is the network's distribution.

    Parameters
    ----------
    network
        With at most three root variables.

    Returns
    -------
    Each table after those of its parents.  A parent that changes nothing is left out.

    Raises
    ------
    LimitError
        More than three root variables.
    NetworkError
        An id of the network is also that of an auxiliary node.

    Notes
    -----
    Beside the roots, contexts, causes and findings, with their own ids, there are:

    - ``<cause>__responsible`` for every cause, ``any__responsible``, `unlisted`, and
      `unexplained`, which is `unlisted` without any cause that is responsible;
    - ``<finding>__1``, ``<finding>__2``, ...: each is the larger of the one before and of
      what one more link produces (parent divorcing); the finding itself is the last;
    - ``<cause>__parents_1``, ...: the sum of what up to four parents, or sums, add to the
      cause's log odds.  Their states are the distinct sums, ascending, so that a cause
      with n parents may need nodes of up to 2 ** n states.

    References
    ----------
    Olesen, K. G. et al. (1989). A MUNIN network for the median nerve: a case study on loops.
    Applied Artificial Intelligence 3, 385-403 (parent divorcing).

    Diez, F. J. (1993). Parameter adjustment in Bayes networks: the generalized noisy OR-gate.
    UAI, 99-105 (noisy-MAX as a maximum of links).
    """
    roots = _roots(network)
    tables = (
        *_root_tables(roots, network.stratum_share),
        Table(id=UNLISTED, states=_NO_YES, parents=(), values=_yes(network.unlisted)),
        *_context_tables(network, roots),
        *chain.from_iterable(_cause_tables(network, i, roots) for i in network.cause_order()),
        *map(_responsible_table, network.causes),
        *chain.from_iterable(_finding_tables(network, node, roots) for node in network.findings),
        *_unexplained_tables(network),
    )
    _refuse_collisions(tables)
    return tables


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Roots:
    """Root variables, and the place of each of their joint states among the strata.

    Attributes
    ----------
    stratum : shape (n_states of root 1, n_states of root 2, ...)
        Index of the stratum; 0 where there is none, which has probability 0.
    exists : the same shape
        Whether there is one.
    """

    ids: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    stratum: IndexArray
    exists: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def _roots(network: NoisyMaxNetwork) -> _Roots:
    if len(network.root_ids) >= MOST_PARENTS:
        limit = MOST_PARENTS - 1
        message = f"{len(network.root_ids)} root variables: an export takes at most {limit}"
        raise LimitError(message)
    states = tuple(tuple(dict.fromkeys(axis)) for axis in zip(*network.strata, strict=True))
    shape = tuple(map(len, states))
    stratum, exists = np.zeros(shape, dtype=np.intp), np.zeros(shape, dtype=np.bool_)
    for index, names in enumerate(network.strata):
        place = tuple(axis.index(name) for axis, name in zip(states, names, strict=True))
        stratum[place], exists[place] = index, True
    return _Roots(ids=network.root_ids, states=states, stratum=stratum, exists=exists)


def _root_tables(roots: _Roots, stratum_share: FloatArray) -> Iterator[Table]:
    """P(root | the roots before it), for each."""
    share = np.where(roots.exists, stratum_share[roots.stratum], 0.0)
    for axis, (name, states) in enumerate(zip(roots.ids, roots.states, strict=True)):
        joint = share.sum(axis=tuple(range(axis + 1, share.ndim)))
        total = joint.sum(axis=-1, keepdims=True)
        # given what cannot be, any distribution will do
        values = np.divide(joint, total, out=np.full_like(joint, 1 / len(states)), where=total > 0)
        parents = roots.ids[:axis]
        yield Table(id=name, states=states, parents=parents, values=np.moveaxis(values, -1, 0))


def _context_tables(network: NoisyMaxNetwork, roots: _Roots) -> Iterator[Table]:
    for name, present in zip(network.context_ids, network.context_probability.T, strict=True):
        values = _yes(present)[:, roots.stratum]
        yield _without_idle_parents(
            Table(id=name, states=_BINARY, parents=roots.ids, values=values)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """A node, and what each of its states adds to the log odds of a cause."""

    id: str
    log_odds: FloatArray


def _cause_tables(network: NoisyMaxNetwork, index: int, roots: _Roots) -> Iterator[Table]:
    """P(cause | partial sums of what its parents add, roots), after those of the sums."""
    cause = network.causes[index]
    sums, terms = _partial_sums(cause.id, _terms(network, cause), MOST_PARENTS - len(roots.ids))
    yield from sums
    added = [term.log_odds for term in terms]
    present = cause_probability(cause.intercept, added, len(added))
    absent = cause_probability(-cause.intercept, [-odds for odds in added], len(added))
    values = np.stack([absent, present])[..., roots.stratum]
    parents = (*(term.id for term in terms), *roots.ids)
    yield _without_idle_parents(Table(id=cause.id, states=_BINARY, parents=parents, values=values))


def _terms(network: NoisyMaxNetwork, cause: Cause) -> list[_Term]:
    """Parents that add anything."""
    names = [network.context_ids[index] for index in cause.contexts]
    names += [network.causes[index].id for index in cause.causes]
    added = zip(names, (*cause.context_log_odds, *cause.cause_log_odds), strict=True)
    return [_Term(name, np.array([0.0, odds])) for name, odds in added if odds]


def _partial_sums(
    cause_id: str, terms: list[_Term], n_left: int
) -> tuple[list[Table], list[_Term]]:
    """Replace terms by nodes for their sums until at most `n_left` are left."""
    tables: list[Table] = []
    while len(terms) > n_left:
        size = min(MOST_PARENTS, len(terms) - n_left + 1)
        table, term = _sum(f"{cause_id}__parents_{len(tables) + 1}", terms[:size])
        tables.append(table)
        terms = [*terms[size:], term]
    return tables, terms


def _sum(name: str, terms: list[_Term]) -> tuple[Table, _Term]:
    """Node whose states are the distinct sums, ascending."""
    total = reduce(np.add.outer, [term.log_odds for term in terms])
    log_odds, state = np.unique(total, return_inverse=True)
    values = np.eye(log_odds.size)[:, state.reshape(total.shape)]
    states = tuple(f"sum_{place}" for place in range(log_odds.size))
    parents = tuple(term.id for term in terms)
    return Table(id=name, states=states, parents=parents, values=values), _Term(name, log_odds)


def _responsible_table(cause: Cause) -> Table:
    values = np.stack([_yes(0.0), _yes(cause.responsible)], axis=1)
    return Table(id=responsible_id(cause.id), states=_NO_YES, parents=(cause.id,), values=values)


def responsible_id(cause_id: str) -> str:
    """Id of the node that says whether a cause is responsible."""
    return f"{cause_id}__responsible"


def _finding_tables(network: NoisyMaxNetwork, finding: Finding, roots: _Roots) -> Iterator[Table]:
    leak = np.stack([_distribution(row) for row in finding.leak], axis=1)[:, roots.stratum]
    start = Table(id=finding.id, states=finding.states, parents=roots.ids, values=leak)
    links = [(UNLISTED, finding.unlisted)]
    for index, strengths in zip(finding.causes, finding.strengths, strict=True):
        name = network.causes[index].id
        links.append((responsible_id(name) if finding.hangs_on_responsible else name, strengths))
    return _largest(_without_idle_parents(start), links)


def _unexplained_tables(network: NoisyMaxNetwork) -> Iterator[Table]:
    start = Table(id=ANY_RESPONSIBLE, states=_NO_YES, parents=(), values=_yes(0.0))
    links = [(responsible_id(cause.id), np.ones(1)) for cause in network.causes]
    yield from _largest(start, links)
    values = np.stack([[_yes(0.0), _yes(0.0)], [_yes(1.0), _yes(0.0)]]).transpose(2, 0, 1)
    yield Table(id=UNEXPLAINED, states=_NO_YES, parents=(UNLISTED, ANY_RESPONSIBLE), values=values)


def _largest(start: Table, links: Iterable[tuple[str, FloatArray]]) -> Iterator[Table]:
    """Chain of nodes, each the larger of the one before and of what one more link produces.

    The last has the id of `start`, which is the node without any link.
    """
    active = [(parent, above) for parent, above in links if above.any()]
    names = [f"{start.id}__{place}" for place in range(1, len(active))]
    before, parents = start.values, start.parents
    for name, (parent, above) in zip([*names, start.id], active, strict=False):
        values = _larger(before, above)
        yield Table(id=name, states=start.states, parents=(*parents, parent), values=values)
        before, parents = np.eye(len(start.states)), (name,)
    if not active:
        yield start


def _larger(before: FloatArray, above: FloatArray) -> FloatArray:
    """Distribution of the larger of two states: the second has a link, which may be off or on.

    Parameters
    ----------
    before : shape (n_states, ...)
    above : shape (n_states - 1,)

    Returns
    -------
    shape (n_states, ..., 2)
    """
    link = _distribution(above).reshape(-1, *(1,) * (before.ndim - 1))
    below = np.concatenate([np.zeros_like(before[:1]), np.cumsum(before[:-1], axis=0)])
    return np.stack([before, before * np.cumsum(link, axis=0) + below * link], axis=-1)


def _distribution(above: FloatArray) -> FloatArray:
    """Probability of every state from those of the states above the first."""
    rest = math.fsum((1.0, *(-above)))  # correctly rounded: it may be near 0
    return np.array([max(rest, 0.0), *above])  # sums may exceed 1 by their rounding


def _yes(p_yes: FloatArray | float) -> FloatArray:
    """Probability of the first and of the second state."""
    return np.stack([1.0 - np.asarray(p_yes), np.asarray(p_yes)])


def _without_idle_parents(table: Table) -> Table:
    """Leave out parents that change nothing: age, for most findings."""
    values, parents = table.values, list(table.parents)
    for axis in reversed(range(1, values.ndim)):
        first = values.take([0], axis=axis)
        if np.array_equal(np.broadcast_to(first, values.shape), values):
            values = first.squeeze(axis)
            del parents[axis - 1]
    return Table(id=table.id, states=table.states, parents=tuple(parents), values=values)


def _refuse_collisions(tables: Iterable[Table]) -> None:
    for name, count in Counter(table.id for table in tables).items():
        if count > 1:
            message = f"id {name!r} is also that of an auxiliary node of an export; rename it"
            raise NetworkError(message)
