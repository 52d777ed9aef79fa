"""What does a question cost?"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.knowledge.supplements import costs_of

Currency = Literal["minutes", "money", "discomfort"]
Cost = Currency | Mapping[str, float] | None
OWN = "own"  # what the record says of costs that the caller gave


def costs(model: DiagnosticModel, cost: object) -> Mapping[str, float] | None:
    """Cost of each node, or nothing if costs do not matter.

    Raises
    ------
    EvidenceError
        An unknown kind of cost or node, or a cost that is not a finite number above 0.
    KnowledgeError
        The priors have no costs.
    """
    if cost is None:
        return None
    if isinstance(cost, Mapping):
        return _own(model, cost)
    if cost not in get_args(Currency):
        expected = ", ".join(get_args(Currency))
        message = f"unknown cost; expected None, {expected} or a mapping from node ids to numbers"
        raise EvidenceError(message, nearest(str(cost)[:64], get_args(Currency)))
    rows = costs_of(model.knowledge)
    return MappingProxyType({name: getattr(row, str(cost)) for name, row in rows.items()})


def cost_name(cost: object) -> str | None:
    """How a record calls it."""
    return OWN if isinstance(cost, Mapping) else None if cost is None else str(cost)


def refuse_missing(cost: Mapping[str, float] | None, names: tuple[str, ...]) -> None:
    """Raise `EvidenceError` for a node that might be asked and has no cost."""
    missing = [] if cost is None else [name for name in names if name not in cost]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        message = f"no cost for {missing[0]}{more}; add it to the mapping, or narrow the kinds"
        raise EvidenceError(message)


def _own(model: DiagnosticModel, cost: Mapping[object, object]) -> Mapping[str, float]:
    checked: dict[str, float] = {}
    for name, value in cost.items():
        node = model.nodes.get(str(name))
        if node is None or node.kind == "cause":
            suggestions = nearest(str(name)[:64], model.nodes)
            hint = did_you_mean(suggestions, "`legache nodes` lists the valid ids")
            message = f"cost of an unknown context, finding or test {str(name)[:64]!r}{hint}"
            raise EvidenceError(message, suggestions)
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        number = float(value) if is_number else math.nan  # type: ignore[arg-type] # as checked
        if not 0 < number < math.inf:
            message = f"cost of {node.id} must be a finite number above 0"
            raise EvidenceError(message)
        checked[node.id] = number
    return MappingProxyType(checked)
