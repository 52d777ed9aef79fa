"""How probable is one thing given another, in the network?

Events are written ``node=state``, joined by ``;``.  Alternative states are joined by ``|``, and a
cause may also be ``responsible``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError, ImpossibleEvidenceError, did_you_mean, nearest
from legache.inference.posterior import posterior

RESPONSIBLE = "responsible"
_ROUNDING = 1e-12  # of the quotient of two equal probabilities that were summed differently


@dataclass(frozen=True, slots=True)
class Events:
    """States that nodes may be in, and a cause that has to be responsible.

    Attributes
    ----------
    states
        Of each node that is mentioned, the states that it may be in.
    responsible
        At most one cause.
    """

    states: Mapping[str, frozenset[str]]
    responsible: str | None


def conditional_probability(model: DiagnosticModel, target: str, given: str) -> float:
    """P(target | given), exactly.

    Parameters
    ----------
    model
        In the setting that is asked.
    target, given
        Events; nothing is assumed beside them.

    Raises
    ------
    EvidenceError
        Unknown ids or states, or two responsible causes.
    ImpossibleEvidenceError
        The condition has probability zero; names a minimal set of nodes in conflict.

    Examples
    --------
    >>> import legache
    >>> model = legache.load().model
    >>> conditional_probability(model, "sex=female|male", "sex=male")
    1.0
    """
    condition = parse_events(model, given)
    both = _together(condition, parse_events(model, target))
    log_condition = _log_probability(model, condition)
    if log_condition == -math.inf:
        raise ImpossibleEvidenceError(_conflict(model, condition))
    p = math.exp(_log_probability(model, both) - log_condition)
    return 1.0 if 1 < p < 1 + _ROUNDING else p


def log_odds(p: float) -> float:
    """Logarithm of the odds; infinite of 0 and 1.

    Examples
    --------
    >>> log_odds(0.5), log_odds(0.0), log_odds(1.0)
    (0.0, -inf, inf)
    """
    if p in {0.0, 1.0}:
        return math.inf if p else -math.inf
    return math.log(p) - math.log1p(-p)


def parse_events(model: DiagnosticModel, text: str) -> Events:
    """Read events, such as ``sex=female;age_band=60_74|75_plus;osteoarthritis=responsible``.

    Raises
    ------
    EvidenceError
        Unknown ids or states, a node that is named twice, or two responsible causes.
    """
    states: dict[str, frozenset[str]] = {}
    responsible = None
    for part in filter(None, text.split(";")):
        name, _, said = part.partition("=")
        node = model.nodes.get(name)
        if node is None:
            hint = did_you_mean(nearest(name[:64], model.nodes), "expected node=state")
            message = f"{part[:80]!r}: unknown node{hint}"
            raise EvidenceError(message)
        chosen = frozenset(said.split("|"))
        if chosen == {RESPONSIBLE} and node.kind == "cause":
            if responsible not in {None, name}:
                message = f"{responsible} and {name}: only one cause can be responsible"
                raise EvidenceError(message)
            responsible = name
        elif chosen <= set(node.states) and name not in states:
            states[name] = chosen
        else:
            words = [*node.states, *([RESPONSIBLE] if node.kind == "cause" else [])]
            message = f"{part[:80]!r}: expected one of {', '.join(words)}, once for each node"
            raise EvidenceError(message)
    return Events(states, responsible)


def _conflict(model: DiagnosticModel, events: Events) -> tuple[str, ...]:
    """Nodes of which no fewer make the events impossible: each is tried without."""
    kept = events
    for name in sorted(events.states):
        states = {other: said for other, said in kept.states.items() if other != name}
        if _log_probability(model, Events(states, kept.responsible)) == -math.inf:
            kept = Events(states, kept.responsible)
    if kept.responsible and _log_probability(model, Events(kept.states, None)) == -math.inf:
        kept = Events(kept.states, None)
    return tuple(sorted({*kept.states, *filter(None, [kept.responsible])}))


def _together(one: Events, other: Events) -> Events:
    """Both; a node that they say different things of is left with no state."""
    if one.responsible and other.responsible and one.responsible != other.responsible:
        message = f"{one.responsible} and {other.responsible}: only one cause can be responsible"
        raise EvidenceError(message)
    states = dict(one.states)
    for name, said in other.states.items():
        states[name] = states.get(name, said) & said
    return Events(states, one.responsible or other.responsible)


def _log_probability(model: DiagnosticModel, events: Events) -> float:
    likelihoods = {
        name: tuple(float(state in said) for state in model.nodes[name].states)
        for name, said in events.states.items()
    }
    if not all(map(any, likelihoods.values())):
        return -math.inf
    try:
        found = posterior(model.network, likelihoods)
    except ImpossibleEvidenceError:
        return -math.inf
    if events.responsible is None:
        return found.log_evidence
    share = float(found.responsible[model.cause_ids.index(events.responsible)])
    return found.log_evidence + math.log(share) if share else -math.inf
