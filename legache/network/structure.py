"""What are the nodes, edges and numbers of the network?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from legache.errors import NetworkError

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cause:
    """A cause and its distribution given its parents, on the log-odds scale.

    Attributes
    ----------
    intercept : shape (n_strata,)
        Log odds without any risk factor; minus infinity where it cannot occur.
    contexts, context_log_odds : shape (n_parent_contexts,)
        Indices of parent contexts, and what each adds to the log odds.
    causes, cause_log_odds : shape (n_parent_causes,)
        The same for parent causes.
    responsible
        Probability, given the cause, that it makes its bearer complain.
    """

    id: str
    intercept: FloatArray
    contexts: IndexArray
    context_log_odds: FloatArray
    causes: IndexArray
    cause_log_odds: FloatArray
    responsible: float

    def __post_init__(self) -> None:
        _freeze(self, "intercept", "contexts", "context_log_odds", "causes", "cause_log_odds")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """A finding or test: a noisy-MAX of its causes, of *unlisted* and of a leak.

    Attributes
    ----------
    states
        Lowest first; a binary finding has two.
    hangs_on_responsible
        Whether a cause shows it only when responsible, or whenever present.
    causes : shape (n_links,)
        Indices of its causes.
    strengths : shape (n_links, n_states - 1)
        Probability that the link alone produces each state above the first.
    leak : shape (n_strata, n_states - 1)
        The same without any cause.
    unlisted : shape (n_states - 1,)
        The same for an unlisted cause.
    """

    id: str
    states: tuple[str, ...]
    hangs_on_responsible: bool
    causes: IndexArray
    strengths: FloatArray
    leak: FloatArray
    unlisted: FloatArray

    def __post_init__(self) -> None:
        _freeze(self, "causes", "strengths", "leak", "unlisted")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoisyMaxNetwork:
    """A diagnostic network: contexts, causes of three states, and noisy-MAX findings.

    A cause is absent, silent or responsible.  Strata are the joint states of
    the root variables that everything may depend on, such as age and sex.

    Attributes
    ----------
    strata : tuple of tuple of str
        The state of each root variable in each stratum.
    stratum_share : shape (n_strata,)
        Sums to 1.
    context_ids, context_probability : shape (n_strata, n_contexts)
        Binary contexts, independent given the stratum.
    causes, findings
        Every edge between causes leads from a lower to a higher place in
        `causes`, or is found to be part of a cycle.
    unlisted
        Probability that the complaint has a cause that the network does not name.

    Raises
    ------
    NetworkError
        Wrong shapes, numbers that are not finite or out of range, unknown
        indices, duplicate ids, or a cycle.
    """

    root_ids: tuple[str, ...]
    strata: tuple[tuple[str, ...], ...]
    stratum_share: FloatArray
    context_ids: tuple[str, ...]
    context_probability: FloatArray
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    unlisted: float

    def __post_init__(self) -> None:
        _check(self)
        _freeze(self, "stratum_share", "context_probability")

    def cause_order(self) -> tuple[int, ...]:
        """Indices of the causes, each after its parents."""
        parents = {index: cause.causes.tolist() for index, cause in enumerate(self.causes)}
        return tuple(TopologicalSorter(parents).static_order())


def cause_probability(
    intercept: FloatArray, log_odds: Iterable[FloatArray], n_axes: int
) -> FloatArray:
    """P(cause) for every joint state of its parents.

    Parameters
    ----------
    intercept : shape (n_strata,)
    log_odds
        For each parent, what each of its states adds: shape (n_parent_states,), or
        (n_parent_states, n_strata).
    n_axes
        Number of parents.

    Returns
    -------
    shape (n_parent_states_1, ..., n_strata)
    """
    total = intercept.reshape((1,) * n_axes + (-1,))
    for axis, added in enumerate(log_odds):
        shape = [1] * n_axes + [*added.shape[1:], 1][:1]
        shape[axis] = added.shape[0]
        total = total + added.reshape(shape)
    with np.errstate(over="ignore"):  # exp of a large number is infinity: the cause is absent
        return np.asarray(1.0 / (1.0 + np.exp(-total)))


def _freeze(record: object, *names: str) -> None:
    """Replace arrays by copies of their own that cannot be written to."""
    for name in names:
        array = np.array(getattr(record, name))
        array.flags.writeable = False
        object.__setattr__(record, name, array)


def _check(network: NoisyMaxNetwork) -> None:
    n_strata, n_contexts = len(network.strata), len(network.context_ids)
    _expect_probability(network.stratum_share, (n_strata,), "stratum_share")
    _expect_probability(network.context_probability, (n_strata, n_contexts), "context_probability")
    _expect_probability(np.asarray(network.unlisted), (), "unlisted")
    if abs(float(network.stratum_share.sum()) - 1) > 1e-9:  # shares are normalised by the builder
        message = f"stratum_share sums to {network.stratum_share.sum():g}; expected 1"
        raise NetworkError(message)
    _check_strata(network)
    ids = [*network.root_ids, *network.context_ids]
    ids += [cause.id for cause in network.causes] + [finding.id for finding in network.findings]
    for name, count in Counter(ids).items():
        if count > 1:
            message = f"duplicate id {name!r}; ids name one node each"
            raise NetworkError(message)
    for cause in network.causes:
        _check_cause(cause, network)
    for finding in network.findings:
        _check_finding(finding, network)
    try:
        network.cause_order()
    except CycleError as error:
        names = " -> ".join(network.causes[index].id for index in error.args[1])
        message = f"cycle {names}; remove one of these edges"
        raise NetworkError(message) from error


def _check_strata(network: NoisyMaxNetwork) -> None:
    for stratum, count in Counter(network.strata).items():
        if len(stratum) != len(network.root_ids) or count > 1:
            message = f"stratum {stratum}: expected one state of each root, and each stratum once"
            raise NetworkError(message)


def _check_cause(cause: Cause, network: NoisyMaxNetwork) -> None:
    _expect_shape(cause.intercept, (len(network.strata),), f"{cause.id}: intercept")
    if np.isnan(cause.intercept).any():
        message = f"{cause.id}: intercept is not a number"
        raise NetworkError(message)
    _expect_probability(np.asarray(cause.responsible), (), f"{cause.id}: responsible")
    _expect_indices(cause.contexts, len(network.context_ids), f"{cause.id}: contexts")
    _expect_indices(cause.causes, len(network.causes), f"{cause.id}: causes")
    for name in ("context_log_odds", "cause_log_odds"):
        values = getattr(cause, name)
        indices = cause.contexts if name == "context_log_odds" else cause.causes
        _expect_shape(values, indices.shape, f"{cause.id}: {name}")
        if not np.isfinite(values).all():
            message = f"{cause.id}: {name} is not finite"
            raise NetworkError(message)


def _check_finding(finding: Finding, network: NoisyMaxNetwork) -> None:
    n_above = len(finding.states) - 1
    if n_above < 1 or len(set(finding.states)) <= n_above:
        message = f"{finding.id}: states {finding.states}; expected at least 2, all different"
        raise NetworkError(message)
    _expect_indices(finding.causes, len(network.causes), f"{finding.id}: causes")
    shapes = {
        "strengths": (finding.causes.size, n_above),
        "leak": (len(network.strata), n_above),
        "unlisted": (n_above,),
    }
    for name, shape in shapes.items():
        values = getattr(finding, name)
        _expect_probability(values, shape, f"{finding.id}: {name}")
        if (values.sum(axis=-1) > 1 + 1e-12).any():  # rounding of a sum of states
            message = f"{finding.id}: {name} sums to more than 1 over the states"
            raise NetworkError(message)


def _expect_shape(values: NDArray[np.generic], shape: tuple[int, ...], name: str) -> None:
    if values.shape != shape:
        message = f"{name}: shape {values.shape}; expected {shape}"
        raise NetworkError(message)


def _expect_probability(values: FloatArray, shape: tuple[int, ...], name: str) -> None:
    _expect_shape(values, shape, name)
    if not values.min(initial=0.0) >= 0 or not values.max(initial=1.0) <= 1:  # NaN is neither
        message = f"{name}: outside [0, 1]"
        raise NetworkError(message)


def _expect_indices(indices: IndexArray, size: int, name: str) -> None:
    distinct = set(indices.ravel().tolist())
    if len(distinct) != indices.size or not distinct <= set(range(size)):
        message = f"{name}: indices must be distinct and below {size}"
        raise NetworkError(message)
