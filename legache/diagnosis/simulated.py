"""What patients does the network expect, and what would be known of them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import provenance
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.inference.links import LEAK, UNLISTED
from legache.inference.simulation import SimulatedPeople, contributors, simulated_people

if TYPE_CHECKING:
    import pandas as pd

# of an interview: contexts are asked of everybody, findings of some, tests are rarely made
MISSING: Mapping[str, float] = MappingProxyType({"context": 0.0, "finding": 0.5, "test": 0.9})
_KINDS = ("context", "finding", "test")
_BINARY = ("absent", "present")
_OTHERS = {LEAK: "leak", UNLISTED: "unlisted"}


def simulated_patients(
    model: DiagnosticModel, n: int, seed: int, *, complaint: bool, missing: Mapping[str, float]
) -> pd.DataFrame:
    """People drawn from the network as a table; see `Network.simulate`."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    if n < 1:
        message = "n must be at least 1, the number of patients"
        raise EvidenceError(message)
    if seed < 0:
        message = "seed must be a whole number of at least 0"
        raise EvidenceError(message)
    shares = _shares(model, missing)
    network = model.network
    wanted = model.complaint if complaint else None
    people = simulated_people(network, n, seed, complaint=wanted, wants_fired=True)
    columns: dict[tuple[str, str], Any] = {}
    hidden = np.random.default_rng((seed, 1))  # apart from what the people are drawn from
    for name, codes in _states_seen(model, people):
        is_hidden = hidden.random(n) < shares[name]
        columns["evidence", name] = _column(model.nodes[name].states, codes, is_hidden)
    for kind in ("present", "responsible"):
        for name, has_it in zip(model.cause_ids, getattr(people, kind).T, strict=True):
            columns[kind, name] = has_it
    columns["responsible", "unlisted"] = people.unlisted
    columns |= {("fired", name): texts for name, texts in _fired(model, people).items()}
    table = pd.DataFrame(columns)
    table.columns = pd.MultiIndex.from_tuples(columns, names=["part", "node"])
    table.attrs.update(provenance(model, seed=seed))
    table.attrs.update(complaint=model.complaint if complaint else None, missing=dict(missing))
    return table.rename_axis("patient")


def _shares(model: DiagnosticModel, missing: Mapping[str, float]) -> dict[str, float]:
    """Share of patients of whom each node is not known; the complaint always is."""
    for name, share in missing.items():
        if name not in _KINDS and name not in model.nodes:
            suggestions = nearest(str(name)[:64], [*_KINDS, *model.nodes])
            hint = did_you_mean(suggestions, f"expected {', '.join(_KINDS)} or the id of a node")
            message = f"unknown kind or node {str(name)[:64]!r} in missing{hint}"
            raise EvidenceError(message, suggestions)
        if not 0 <= share <= 1:
            message = f"missing[{name!r}] must be a share from 0 to 1"
            raise EvidenceError(message)
    shares = {
        name: missing.get(name, missing.get(node.kind, MISSING.get(node.kind, 0.0)))
        for name, node in model.nodes.items()
    }
    return shares | {model.complaint: 0.0}


def _states_seen(
    model: DiagnosticModel, people: SimulatedPeople
) -> list[tuple[str, np.ndarray[Any, np.dtype[np.int8]]]]:
    """Contexts, findings and tests with their states; not the causes."""
    network = model.network
    before = [*network.root_ids, *network.context_ids]
    after = [finding.id for finding in network.findings]
    first = len(before) + len(network.causes)
    codes = np.hstack([people.codes[:, : len(before)], people.codes[:, first:]])
    return list(zip([*before, *after], codes.T, strict=True))


def _column(
    states: Sequence[str],
    codes: np.ndarray[Any, np.dtype[np.int8]],
    is_hidden: np.ndarray[Any, np.dtype[np.bool_]],
) -> object:
    import pandas as pd  # noqa: PLC0415 - slow to import

    if tuple(states) == _BINARY:
        return pd.arrays.BooleanArray(codes > 0, is_hidden)
    dtype = pd.CategoricalDtype(list(states), ordered=True)
    return pd.Categorical.from_codes(np.where(is_hidden, -1, codes).tolist(), dtype=dtype)


def _fired(model: DiagnosticModel, people: SimulatedPeople) -> dict[str, object]:
    """For each finding the ids of what produced it, joined by semicolons; NA where it is absent."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    names = {**dict(enumerate(model.cause_ids)), **_OTHERS}
    texts: dict[int, list[list[str]]] = defaultdict(lambda: [[] for _ in people.unlisted])
    for (finding, contributor), column in zip(
        contributors(model.network), people.fired.T, strict=True
    ):
        for row in np.flatnonzero(column).tolist():
            texts[finding][row].append(names[contributor])
    return {
        finding.id: pd.array(
            [";".join(sorted(those)) if those else pd.NA for those in texts[place]], dtype="string"
        )
        for place, finding in enumerate(model.network.findings)
    }
