"""What was said of the patient, and does it make sense?

Messages name the node and what was expected, never what the patient answered.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from legache.errors import EvidenceError, did_you_mean, nearest
from legache.knowledge.records import Node

AGE = "age"
AGE_BAND = "age_band"
OLDEST = 120
_BINARY = ("absent", "present")
ABSENT, PRESENT = (1.0, 0.0), (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Soft evidence: how much likelier an observation is in one state than in another.

    Parameters
    ----------
    ratio
        For a node that is absent or present: P(observation | present) /
        P(observation | absent), at least 0 and finite.  For any other node a
        mapping from each of its states to a number in proportion to
        P(observation | state); states left out have 0.

    Raises
    ------
    EvidenceError
        A ratio that is negative, infinite or not a number.

    References
    ----------
    Pearl, J. (1988). Probabilistic Reasoning in Intelligent Systems, sec. 2.2.2 (virtual
    evidence).

    Examples
    --------
    A witness whose word makes swelling three times as likely:

    >>> Likelihood(3.0)
    Likelihood(ratio=3.0)
    """

    ratio: float | Mapping[str, float]

    def __post_init__(self) -> None:
        is_mapping = isinstance(self.ratio, Mapping)
        weights = dict(self.ratio) if isinstance(self.ratio, Mapping) else {"": self.ratio}
        plain = {state: _finite(weight) for state, weight in weights.items()}
        if not all(weight >= 0 for weight in plain.values()):
            message = "a likelihood ratio must be a finite number of at least 0"
            raise EvidenceError(message)
        if is_mapping and not any(plain.values()):
            message = "a likelihood must be above 0 for some state"
            raise EvidenceError(message)
        object.__setattr__(self, "ratio", MappingProxyType(plain) if is_mapping else plain[""])

    def __reduce__(self) -> tuple[type[Likelihood], tuple[float | dict[str, float]]]:
        """Pickle by what was said: a read-only mapping cannot be pickled itself."""
        ratio = dict(self.ratio) if isinstance(self.ratio, Mapping) else self.ratio
        return Likelihood, (ratio,)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was said, in canonical form.

    Attributes
    ----------
    given : mapping
        Node id (or ``age``) to what was said of it; unknowns are left out.
    likelihoods : mapping
        The same as a likelihood of each state of each node.
    """

    given: Mapping[str, object]
    likelihoods: Mapping[str, tuple[float, ...]]


def require_complaint(complaint: str, given: Evidence) -> None:
    """Raise `EvidenceError` where the complaint was denied: then no cause is responsible."""
    if given.likelihoods.get(complaint) == ABSENT:
        message = (
            f"{complaint}: was said to be absent, so that no cause is responsible; say that it is "
            "present, or leave it out"
        )
        raise EvidenceError(message)


def parse_evidence(nodes: Mapping[str, Node], said: Mapping[str, object]) -> Evidence:
    """Check what was said of a patient, and put it in canonical form.

    Parameters
    ----------
    nodes
        Every node that evidence may speak of, by id.
    said
        Node ids, or ``age`` in years, to values: see `Network.diagnose`.

    Raises
    ------
    EvidenceError
        An unknown id or state, a wrong type, an age out of range.
    """
    given: dict[str, object] = {}
    likelihoods: dict[str, tuple[float, ...]] = {}
    for name in sorted(said, key=str):
        value = said[name]
        node = _node(nodes, name)
        if (value is True or value is False) and node.states == _BINARY:  # as most are
            given[name], likelihoods[name] = value, PRESENT if value else ABSENT
            continue
        if _is_unknown(value):
            continue
        if name == AGE:
            given[name] = years = _age(value, node)
            value = _age_band_of(years, node)
        canonical, likelihood = _observation(node, value)
        if node.id in likelihoods and likelihoods[node.id] != likelihood:
            message = f"{AGE} and {AGE_BAND} contradict each other; give one of them"
            raise EvidenceError(message)
        likelihoods[node.id] = likelihood
        if name != AGE:
            given[name] = canonical
    ordered = {name: likelihoods[name] for name in sorted(likelihoods)}
    return Evidence(MappingProxyType(given), MappingProxyType(ordered))


def merged(evidence: object, more: Mapping[str, object]) -> dict[str, object]:
    """Combine a mapping (or nothing) with keywords, refusing a name given twice."""
    if evidence is None:
        return dict(more)
    try:
        first = dict(evidence)  # type: ignore[call-overload] # a Series has items, too
    except (TypeError, ValueError) as error:
        message = "evidence must be a mapping from node ids to values"
        raise EvidenceError(message) from error
    for name in more:
        if name in first:
            message = f"{name!r} is given twice; give it in the mapping or as a keyword"
            raise EvidenceError(message)
    return {**first, **more}


def _node(nodes: Mapping[str, Node], name: object) -> Node:
    if not isinstance(name, str):
        message = "evidence names nodes by their ids, which are strings"
        raise EvidenceError(message)
    node = nodes.get(AGE_BAND if name == AGE else name)
    if node is None:
        suggestions = nearest(name[:64], [*nodes, AGE])
        hint = did_you_mean(suggestions, "`legache nodes` lists the valid ids")
        message = f"unknown node {name[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    return node


def _is_unknown(value: object) -> bool:
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, numbers.Real) and bool(value != value)  # noqa: PLR0124 - NaN


def _finite(value: object) -> float:
    """Return the number, or NaN for what is no number or too large to be one."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _age(value: object, node: Node) -> int | float:
    """Age in years, from the beginning of the first age band on."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    if not is_number:
        message = f"{AGE} must be a number of years, such as age=67"
        raise EvidenceError(message)
    youngest = _first_year(node.states[0])
    if not youngest <= value <= OLDEST:  # type: ignore[operator] # a real number, as checked
        message = f"{AGE} is out of range; expected {youngest} to {OLDEST} years"
        raise EvidenceError(message)
    years = float(value)  # type: ignore[arg-type] # a real number, as checked
    return int(years) if years.is_integer() else years


def _age_band_of(years: float, node: Node) -> str:
    return next(band for band in reversed(node.states) if years >= _first_year(band))


def _first_year(band: str) -> int:
    return int(band.split("_", maxsplit=1)[0])


def _observation(node: Node, value: object) -> tuple[object, tuple[float, ...]]:
    """Canonical value, and likelihood of each state."""
    if isinstance(value, Likelihood):
        return value, _soft(node, value)
    if node.states == _BINARY:
        if isinstance(value, (bool, np.bool_)):
            return bool(value), PRESENT if value else ABSENT
        message = f"{node.id} must be True, False or None (unknown)"
        raise EvidenceError(message)
    states = _states(node, value)
    vector = tuple(1.0 if state in states else 0.0 for state in node.states)
    return states[0] if len(states) == 1 else states, vector


def _soft(node: Node, value: Likelihood) -> tuple[float, ...]:
    if isinstance(value.ratio, Mapping):
        for state in value.ratio:
            _refuse_unknown_state(node, state)
        return tuple(float(value.ratio.get(state, 0.0)) for state in node.states)
    if node.states != _BINARY:
        expected = ", ".join(node.states)
        message = f"{node.id}: the likelihood needs a number for each of its states {expected}"
        raise EvidenceError(message)
    return (1.0, float(value.ratio))


def _states(node: Node, value: object) -> tuple[str, ...]:
    """States that are named, in the node's own order."""
    expected = ", ".join(node.states)
    if isinstance(value, str):
        named: list[object] = [value]
    elif isinstance(value, Iterable) and not isinstance(value, (Mapping, bytes)):
        named = list(value)
    else:
        message = f"{node.id} takes one of its states, or a list of them: {expected}"
        raise EvidenceError(message)
    if not named:
        message = f"{node.id}: no state in the list; expected some of {expected}"
        raise EvidenceError(message)
    for state in named:
        _refuse_unknown_state(node, state)
    return tuple(state for state in node.states if state in named)


def _refuse_unknown_state(node: Node, state: object) -> None:
    if isinstance(state, str) and state in node.states:
        return
    suggestions = nearest(state[:64], node.states) if isinstance(state, str) else ()
    hint = did_you_mean(suggestions, f"expected {', '.join(node.states)}")
    message = f"unknown state of {node.id}{hint}"
    raise EvidenceError(message, suggestions)
