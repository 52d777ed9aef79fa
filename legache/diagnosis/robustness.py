"""How much of what was said could be wrong before another cause would lead?"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from legache.diagnosis.evidence import AGE, AGE_BAND, PRESENT, Evidence, require_complaint
from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.ranking import leading
from legache.diagnosis.record import checked, parsed, provenance
from legache.diagnosis.text import DISCLAIMER, percent, words
from legache.errors import EvidenceError, LimitError
from legache.inference.posterior import Posterior
from legache.inference.retraction import responsible_without
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "legache.robustness/1"
_BATCH = 2048  # sets that are asked about at a time
_MOST_SETS = 500_000
_N_SHOWN = 12
_COLUMNS = (
    Column("if not known", 56),
    Column("new leading cause", 42),
    Column("responsible", 11),
    Column("former leader", 13),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """A set of observations without which another cause leads.

    Attributes
    ----------
    retracted
        Ids of what would not be known.
    leader, label
        The cause that leads then.
    responsible, former
        Its probability then, and that of the cause which leads now.
    """

    retracted: tuple[str, ...]
    leader: str
    label: str
    responsible: float
    former: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Robustness:
    """The smallest sets of observations on which the leading cause hangs.

    Made by `Diagnosis.robustness`; immutable.

    Attributes
    ----------
    leader, label, responsible
        The leading cause and its probability.
    sets
        All smallest sets whose retraction makes another cause lead; the most decisive first.
        Empty if no set of up to `at_most` observations does.
    at_most
        How large a set was looked for.
    n_items
        How many observations could be taken back.
    n_evaluations
        How many posteriors were computed.
    origin
        Version, priors, setting and evidence, as plain values.
    """

    leader: str
    label: str
    responsible: float
    sets: tuple[Retraction, ...]
    at_most: int
    n_items: int
    n_evaluations: int
    origin: Mapping[str, object]

    @property
    def size(self) -> int | None:
        """How many observations must be taken back; None if more than were tried."""
        return len(self.sets[0].retracted) if self.sets else None

    @property
    def table(self) -> pd.DataFrame:
        """One row for each smallest set, with the columns of `Retraction`."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = ["retracted", "leader", "label", "responsible", "former"]
        rows = [[getattr(row, name) for name in names] for row in self.sets]
        return pd.DataFrame(rows, columns=names)

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            "schema": SCHEMA,
            **self.origin,
            "leader": self.leader,
            "label": self.label,
            "responsible": self.responsible,
            "at_most": self.at_most,
            "n_items": self.n_items,
            "n_evaluations": self.n_evaluations,
            "sets": [{**asdict(row), "retracted": list(row.retracted)} for row in self.sets],
            "note": DISCLAIMER,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Robustness:
        """Read what `as_record` wrote.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        own = ("leader", "label", "responsible", "at_most", "n_items", "n_evaluations")
        given: Mapping[str, Any] = checked(record, SCHEMA, (*own, "sets"))
        rows = [{**row, "retracted": tuple(row["retracted"])} for row in given["sets"]]
        written = {"schema", "sets", "note", *own}
        return cls(
            **{name: given[name] for name in own},
            sets=tuple(Retraction(**row) for row in rows),
            origin={name: value for name, value in given.items() if name not in written},
        )

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Robustness:
        """Read what `to_json` wrote; see `from_record`."""
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        parts = [listing_text(_COLUMNS, self._cells())] if self.sets else []
        return page_text(self._title(), parts, self._notes())

    def _repr_html_(self) -> str:
        parts = [listing_html(_COLUMNS, self._cells())] if self.sets else []
        return page_html(self._title(), parts, self._notes())

    def _title(self) -> str:
        leads = f"{self.label} leads with {percent(self.responsible)}"
        if self.size is None:
            if self.at_most >= self.n_items:
                return f"{leads}, whatever of the {self.n_items} observations is taken back"
            return f"{leads}, whichever {self.at_most} observations are taken back"
        what = "one observation" if self.size == 1 else f"{self.size} observations"
        return f"{leads}; it would not, were {what} not known"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                ", ".join(words(name) for name in row.retracted),
                row.label,
                percent(row.responsible),
                percent(row.former),
            )
            for row in self.sets[:_N_SHOWN]
        ]

    def _notes(self) -> list[str]:
        n_more = len(self.sets) - _N_SHOWN
        more = [f"And {n_more} more sets of this size; see `.table`."] if n_more > 0 else []
        tried = (
            f"{self.n_items} observations, taken back up to {self.at_most} at a time; "
            f"{self.n_evaluations:,} posteriors."
        )
        return [*more, tried, DISCLAIMER]


def robustness_of(
    model: DiagnosticModel,
    given: Evidence,
    assumed: Mapping[str, object],
    answer: Posterior,
    *,
    at_most: int,
    contexts: bool,
) -> Robustness:
    """Smallest sets whose retraction makes another cause lead; see `Diagnosis.robustness`."""
    if at_most < 1:
        message = "at_most must be at least 1, the number of observations taken back together"
        raise EvidenceError(message)
    require_complaint(model.complaint, given)
    ids = model.cause_ids
    leader = leading(ids, answer.responsible)
    items = _items(model, given, contexts=contexts)
    n_sets = sum(math.comb(len(items), k) for k in range(1, min(at_most, len(items)) + 1))
    if n_sets > _MOST_SETS:
        message = (
            f"{n_sets:,} sets of up to {at_most} of {len(items)} observations; "
            f"at most {_MOST_SETS:,} are tried: lower at_most"
        )
        raise LimitError(message)
    likelihoods = {**given.likelihoods, **dict.fromkeys(assumed, PRESENT)}
    found: list[Retraction] = []
    n_evaluations = 0
    for size in range(1, min(at_most, len(items)) + 1):
        for retracted in _batches(list(items), size):
            names = [[items[name] for name in chosen] for chosen in retracted]
            responsible = responsible_without(model.network, likelihoods, names)
            n_evaluations += len(retracted)
            found += _flips(model, retracted, responsible, leader)
        if found:
            break
    return Robustness(
        leader=ids[leader],
        label=model.nodes[ids[leader]].label,
        responsible=float(answer.responsible[leader]),
        sets=tuple(sorted(found, key=lambda row: (row.former - row.responsible, row.retracted))),
        at_most=at_most,
        n_items=len(items),
        n_evaluations=n_evaluations,
        origin=provenance(model, given, assumed=assumed),
    )


def _items(model: DiagnosticModel, given: Evidence, *, contexts: bool) -> dict[str, str]:
    """What may be taken back, as it was named, to the node that it speaks of."""
    kinds = {"finding", "test", "cause"} | ({"context"} if contexts else set())
    nodes = {name: AGE_BAND if name == AGE else name for name in given.given}
    if AGE in nodes:  # the band says nothing that the age does not
        nodes.pop(AGE_BAND, None)
    return {
        name: node
        for name, node in nodes.items()
        if node != model.complaint and model.nodes[node].kind in kinds
    }


def _batches(names: Sequence[str], size: int) -> Iterator[list[tuple[str, ...]]]:
    sets = itertools.combinations(names, size)
    while batch := list(itertools.islice(sets, _BATCH)):
        yield batch


def _flips(
    model: DiagnosticModel,
    retracted: Sequence[tuple[str, ...]],
    responsible: FloatArray,
    leader: int,
) -> Iterator[Retraction]:
    ids = model.cause_ids
    may_flip = responsible.max(axis=1) >= responsible[:, leader]
    for row in np.flatnonzero(may_flip).tolist():
        new = leading(ids, responsible[row])
        if new != leader:
            yield Retraction(
                retracted=retracted[row],
                leader=ids[new],
                label=model.nodes[ids[new]].label,
                responsible=float(responsible[row, new]),
                former=float(responsible[row, leader]),
            )
