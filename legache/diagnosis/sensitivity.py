"""Which published numbers would change my mind, and by how much would they have to change?"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from legache.diagnosis.evidence import PRESENT, Evidence
from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.moves import Move, Moves, Of, Patient, moves_of, smallest_crossing
from legache.diagnosis.published import published_numbers
from legache.diagnosis.ranking import leading
from legache.diagnosis.record import checked, parsed, provenance
from legache.diagnosis.text import DISCLAIMER, percent, words
from legache.errors import EvidenceError, MissingDependencyError, did_you_mean, nearest
from legache.inference.curves import Hyperbolas
from legache.inference.posterior import Posterior
from legache.knowledge.figures import is_probability, key_of
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SCHEMA = "legache.sensitivity/1"
_N_SHOWN = 15
_COLUMNS = (
    Column("number", 58),
    Column("value", 9),
    Column("interval", 17),
    Column("posterior at low", 10),
    Column("at high", 10),
    Column("swing", 8),
    Column("grade", 13),
)
_TABLE = (
    *("id", "file", "key", "value", "low", "high", "at_low", "at_high", "swing"),
    *("leverage", "grade", "sources", "claims", "is_limited"),
)
_EXTRA = "plots"
_NOT_LIVE = "this analysis was read from a record; make it anew for the curves of such numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """How far one number, moved through its interval, moves a posterior.

    Attributes
    ----------
    id, file, key
        The row: ``links.csv:deep_vein_thrombosis/swelling_one_leg/present``, and its two parts.
    value, low, high
        The number and its interval, as published.
    at_low, at_high
        The posterior there; None where the evidence would be impossible.
    swing
        Largest less smallest posterior at low, value and high.
    leverage
        Change of the posterior's log odds per unit of the number's log odds, or of the logarithm
        of a ratio or rate.  A slope at the value where the curve is a hyperbola; else between the
        ends of the interval.
    is_limited
        Whether a part of the interval fits no network beside the other numbers, such as more
        visits than there are bearers; the posterior is then that at the edge.
    curve
        Hyperbolas, where the curve is made of them.
    """

    id: str
    file: str
    key: str
    value: float
    low: float
    high: float
    at_low: float | None
    at_high: float | None
    swing: float
    leverage: float
    grade: str
    sources: tuple[str, ...]
    claims: tuple[str, ...]
    is_limited: bool
    curve: Hyperbolas | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """The smallest change of one number that makes another cause the leading one.

    Attributes
    ----------
    id, value
        The number and what it is.
    flips_at
        Where the two causes are equally probable; beyond it `new_leader` leads.
    change
        From `value` to there, in log odds of a probability, else as a logarithm.
    unit
        ``log odds`` or ``log``.
    is_within_interval
        Whether that is a value that the number's interval allows.
    """

    id: str
    value: float
    flips_at: float
    change: float
    unit: str
    is_within_interval: bool
    leader: str
    new_leader: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SensitivityAnalysis:
    """How a posterior hangs on every number of the priors.  Made by `Diagnosis.sensitivity`.

    Attributes
    ----------
    cause, label
        Whose posterior.
    of
        ``responsible`` or ``present``.
    posterior
        What it is.
    rows
        The numbers that can matter, largest swing first; ties by id.
    n_settled
        How many numbers of the setting are left out: given the evidence nothing hangs on them,
        and their swing is 0.
    n_evaluations
        How many posteriors were computed.
    origin
        Version, priors, setting and evidence, as plain values.
    """

    cause: str
    label: str
    of: str
    posterior: float
    rows: tuple[Swing, ...]
    n_settled: int
    n_evaluations: int
    origin: Mapping[str, object]
    _live: _Live | None = None
    _flip: Flip | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row for each number that can matter, largest swing first; by id.

        Columns are ``file``, ``key``, ``value``, ``low``, ``high``, the posterior ``at_low`` and
        ``at_high``, ``swing``, ``leverage``, ``grade``, ``sources``, ``claims``, and
        ``is_limited``; see `Swing`.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        rows = [[getattr(row, name) for name in _TABLE] for row in self.rows]
        table = pd.DataFrame(rows, columns=list(_TABLE)).set_index("id").rename_axis("number")
        return table.astype({"at_low": float, "at_high": float})

    def curve(self, number: str) -> Callable[[FloatArray | float], FloatArray]:
        """The posterior as a function of one number.

        Parameters
        ----------
        number
            Its id: ``links.csv:deep_vein_thrombosis/swelling_one_leg/present``.

        Returns
        -------
        Hyperbolas
            With ``knots`` and ``coefficients``, where the curve is made of hyperbolas: links,
            complaint links and what *unlisted* shows.  For other numbers, which set many
            parameters, a function that asks the network at each value; exact, too.

        Raises
        ------
        EvidenceError
            There is no such number.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=52, sex="female", urge_to_move=True)
        >>> found = dx.sensitivity("restless_legs_syndrome")
        >>> curve = found.curve("links.csv:restless_legs_syndrome/urge_to_move/present")
        >>> bool(curve(0.5) < curve(0.9))
        True
        """
        known = {row.id: row for row in self.rows}
        if number in known and known[number].curve is not None:
            return cast("Hyperbolas", known[number].curve)
        if self._live is not None:
            return self._live.curve(number)
        if number in known:
            raise EvidenceError(_NOT_LIVE)
        raise _unknown_number(number, list(known))

    @property
    def smallest_flip(self) -> Flip | None:
        """The smallest change of one number that makes another cause the leading one.

        Solved in closed form where the curves are hyperbolas, and by halving elsewhere; for those
        numbers, a change is found if another cause leads at its far end: no farther than the
        smallest change of the others, or a factor of 1000 in odds if there is none.  None if no
        single number can do it.
        """
        return self._flip if self._live is None else self._live.flip

    def plot(self, n: int = 15, ax: Axes | None = None) -> Axes:
        """Draw a tornado: one bar for each of the `n` numbers of largest swing.

        Parameters
        ----------
        n
        ax
            Axes of matplotlib to draw into; those of a new figure if omitted.

        Raises
        ------
        MissingDependencyError
            matplotlib is not installed: ``python -m pip install 'legache[plots]'``.
        """
        try:
            import matplotlib.pyplot as plt  # noqa: PLC0415 - slow to import
        except ModuleNotFoundError as error:
            raise MissingDependencyError(_EXTRA) from error
        from legache.diagnosis.tornado import draw, size_of  # noqa: PLC0415 - only for plots

        if ax is None:
            _, ax = plt.subplots(figsize=size_of(self, n), layout="constrained")
        draw(self, ax, n)
        return ax

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        flip = self.smallest_flip
        return {
            "schema": SCHEMA,
            **self.origin,
            "cause": self.cause,
            "label": self.label,
            "of": self.of,
            "posterior": self.posterior,
            "smallest_flip": None if flip is None else asdict(flip),
            "n_settled": self.n_settled,
            "n_evaluations": self.n_evaluations,
            "rows": [_plain(row) for row in self.rows],
            "note": DISCLAIMER,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> SensitivityAnalysis:
        """Read what `as_record` wrote; curves are those that are made of hyperbolas.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        own = ("cause", "label", "of", "posterior", "n_settled", "n_evaluations")
        given: Mapping[str, Any] = checked(record, SCHEMA, (*own, "rows", "smallest_flip"))
        written = {"schema", "smallest_flip", "rows", "note", *own}
        flip = given["smallest_flip"]
        return cls(
            **{name: given[name] for name in own},
            rows=tuple(_swing(row) for row in given["rows"]),
            origin={name: value for name, value in given.items() if name not in written},
            _flip=None if flip is None else Flip(**flip),
        )

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> SensitivityAnalysis:
        """Read what `to_json` wrote; see `from_record`."""
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        return page_text(self._title(), [listing_text(_COLUMNS, self._cells())], self._notes())

    def _repr_html_(self) -> str:
        return page_html(self._title(), [listing_html(_COLUMNS, self._cells())], self._notes())

    def _title(self) -> str:
        return (
            f"What P({self.label} {self.of}) = {percent(self.posterior)} hangs on, "
            f"setting: {words(str(self.origin['setting']))}"
        )

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                row.id.replace(".csv:", ": "),
                f"{row.value:.3g}",
                f"{row.low:.3g} to {row.high:.3g}",
                _percent(row.at_low),
                _percent(row.at_high),
                percent(row.swing),
                words(row.grade),
            )
            for row in self.rows[:_N_SHOWN]
        ]

    def _notes(self) -> list[str]:
        n_more = max(len(self.rows) - _N_SHOWN, 0)
        return [
            (
                f"Each number alone is moved through its 95 % interval. {n_more} more numbers can "
                f"matter, see `.table`; {self.n_settled} cannot, given the evidence."
            ),
            flip_in_words(self.smallest_flip),
            DISCLAIMER,
        ]


def flip_in_words(flip: Flip | None) -> str:
    """One sentence about the smallest change that makes another cause lead."""
    if flip is None:
        return "No change of a single number makes another cause the leading one."
    within = "within" if flip.is_within_interval else "outside"
    return (
        f"Smallest change that makes {words(flip.new_leader)} the leading cause: "
        f"{flip.id.replace('.csv:', ': ')} from {flip.value:.3g} to {flip.flips_at:.3g}, "
        f"{within} its interval."
    )


def sensitivity_of(
    model: DiagnosticModel,
    given: Evidence,
    assumed: Mapping[str, object],
    answer: Posterior,
    *,
    cause: str,
    of: Of,
) -> SensitivityAnalysis:
    """How a posterior hangs on every number; see `Diagnosis.sensitivity`."""
    if cause not in model.cause_ids:
        suggestions = nearest(str(cause)[:64], model.cause_ids)
        hint = did_you_mean(suggestions, "`legache nodes` lists the valid ids")
        message = f"unknown cause {str(cause)[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    if of not in get_args(Of):
        message = f"unknown posterior {str(of)[:64]!r}; expected {' or '.join(get_args(Of))}"
        raise EvidenceError(message)
    patient = Patient(
        model=model,
        likelihoods={**given.likelihoods, **dict.fromkeys(assumed, PRESENT)},
        answer=answer,
        target=model.cause_ids.index(cause),
        of=of,
    )
    found = moves_of(patient)
    base = float(patient.masses[-1])
    rows = [_swing_of(move, base, patient.masses) for move in found.moves]
    return SensitivityAnalysis(
        cause=cause,
        label=model.nodes[cause].label,
        of=of,
        posterior=base,
        rows=tuple(sorted(rows, key=lambda row: (-row.swing, row.id))),
        n_settled=found.n_settled,
        n_evaluations=found.n_evaluations,
        origin=provenance(model, given, assumed=assumed),
        _live=_Live(patient, found),
    )


class _Live:
    """What an analysis can still ask of its network; answers are kept."""

    def __init__(self, patient: Patient, found: Moves) -> None:
        self._patient, self._found = patient, found

    def curve(self, number: str) -> Callable[[FloatArray | float], FloatArray]:
        numbers = published_numbers(self._patient.model)
        if number not in numbers:
            raise _unknown_number(number, list(numbers))
        return Asking(self._patient, number)

    @cached_property
    def flip(self) -> Flip | None:
        model, answer = self._patient.model, self._patient.answer
        leader = leading(model.cause_ids, answer.responsible)
        crossing = smallest_crossing(self._patient, self._found.moves, leader)
        if crossing is None:
            return None
        row = crossing.item.row
        return Flip(
            id=crossing.item.id,
            value=row.value,
            flips_at=crossing.value,
            change=crossing.distance,
            unit="log odds" if is_probability(row) else "log",
            is_within_interval=row.low <= crossing.value <= row.high,
            leader=model.cause_ids[leader],
            new_leader=model.cause_ids[crossing.leader],
        )


class Asking:
    """Posterior as a function of a number, found by asking the network at each value."""

    def __init__(self, patient: Patient, number: str) -> None:
        self._patient = patient
        self._item = published_numbers(patient.model)[number]

    @property
    def domain(self) -> tuple[float, float]:
        """Between which values a network can be built."""
        return self._item.domain

    def __call__(self, values: FloatArray | float) -> FloatArray:
        """Posterior at given values of the number.

        Raises
        ------
        EvidenceError
            A value outside the domain, or one at which the evidence is impossible.
        """
        asked = np.asarray(values, dtype=np.float64)
        low, high = self._item.domain
        if not ((asked >= low) & (asked <= high)).all():
            message = f"{self._item.id}: value out of range; expected {low:g} to {high:g}"
            raise EvidenceError(message)
        masses = self._patient.masses_at(self._item, asked.ravel().tolist())
        if not (masses[:, 0] > 0).all():
            message = f"{self._item.id}: the evidence is impossible at this value; choose another"
            raise EvidenceError(message)
        return np.asarray((masses[:, -1] / masses[:, 0]).reshape(asked.shape))[()]


def _unknown_number(number: str, valid: list[str]) -> EvidenceError:
    suggestions = nearest(str(number)[:200], valid)
    hint = did_you_mean(suggestions, "expected a file and key, such as the index of `.table` has")
    return EvidenceError(f"unknown number {str(number)[:200]!r}{hint}", suggestions)


def _swing_of(move: Move, base: float, masses: FloatArray) -> Swing:
    item, row = move.item, move.item.row
    low, high = item.ends
    ends = [_posterior(move.at(end)) for end in (low, high)]
    seen = [base, *(end for end in ends if end is not None)]
    return Swing(
        id=item.id,
        file=row.FILE,
        key=key_of(row),
        value=row.value,
        low=row.low,
        high=row.high,
        at_low=ends[0],
        at_high=ends[1],
        swing=max(seen) - min(seen),
        leverage=_slope(move, masses) if move.is_linear else _secant(move, base, ends),
        grade=row.grade,
        sources=row.sources,
        claims=row.claims,
        is_limited=item.is_limited,
        curve=_hyperbolas(move) if move.is_linear else None,
    )


def _posterior(masses: FloatArray) -> float | None:
    return min(float(masses[-1] / masses[0]), 1.0) if masses[0] > 0 else None


def _hyperbolas(move: Move) -> Hyperbolas:
    columns = move.masses[:, -1], move.masses[:, 0]
    return Hyperbolas(move.points, *(tuple(column.tolist()) for column in columns))


def _slope(move: Move, masses: FloatArray) -> float:
    """Derivative of the posterior's log odds along the line on which the number lies."""
    value = move.item.row.value
    right = min(max(int(np.searchsorted(move.points, value)), 1), len(move.points) - 1)
    left = right - 1
    run = move.points[right] - move.points[left]
    joint, rest = masses[-1], 1.0 - masses[-1]
    if run <= 0 or joint <= 0 or rest <= 0:
        return 0.0
    rise = (move.masses[right] - move.masses[left]) / run
    unit = value * (1 - value) if is_probability(move.item.row) else value
    return float((rise[-1] / joint - (rise[0] - rise[-1]) / rest) * unit)


def _secant(move: Move, base: float, ends: list[float | None]) -> float:
    """Slope between the outermost two of low, value and high that have log odds."""
    points = [
        (move.item.scaled(x), math.log(p / (1 - p)))
        for x, p in zip(
            (move.item.ends[0], move.item.row.value, move.item.ends[1]),
            (ends[0], base, ends[1]),
            strict=True,
        )
        if p is not None and 0 < p < 1 and math.isfinite(move.item.scaled(x))
    ]
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return 0.0
    return (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0])


def _percent(probability: float | None) -> str:
    return "impossible" if probability is None else percent(probability)


def _plain(row: Swing) -> dict[str, object]:
    names = [item.name for item in fields(Swing) if item.name not in {"file", "key", "curve"}]
    found: dict[str, object] = {name: getattr(row, name) for name in names}
    curve = row.curve
    return found | {
        "sources": list(row.sources),
        "claims": list(row.claims),
        "curve": None
        if curve is None
        else {
            "knots": list(curve.knots),
            "joint": list(curve.joint),
            "evidence": list(curve.evidence),
        },
    }


def _swing(record: Mapping[str, Any]) -> Swing:
    curve = record["curve"]
    file, key = record["id"].split(":", maxsplit=1)
    given = {**record, "sources": tuple(record["sources"]), "claims": tuple(record["claims"])}
    given["curve"] = None if curve is None else Hyperbolas(*(tuple(v) for v in curve.values()))
    return Swing(file=file, key=key, **given)
