"""Which warning signs were said to be there, and which have not been asked for?

What is shown depends on what was said, and never on a probability.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from legache.diagnosis.evidence import Evidence, Likelihood
from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.ranking import RankedCause
from legache.diagnosis.record import parsed
from legache.diagnosis.text import DISCLAIMER, WITHIN, percent, words
from legache.errors import FormatError
from legache.knowledge.records import Node, RedFlag, UrgencyLevel

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = get_args(UrgencyLevel)
_ASKED_FOR = {"emergency", "urgent"}
_N_SHOWN = 12
_RAISED = (
    Column("see within", 10),
    Column("red flag", 30),
    Column("of", 28),
    Column("why", 44),
    Column("grade", 9),
    Column("sources", 22),
)
_CAUSES = (Column("must not be missed", 52), Column("responsible", 11), Column("present", 11))

# three truth values must not pass through a bool
Said = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Flag:
    """One red flag, said to be there or not asked for.

    Attributes
    ----------
    node, label, state
        The sign, as an id and in words, and the state that counts.
    cause, cause_label
        Whose flag it is: a cause, or the complaint.
    urgency
        How soon care is needed if the sign is there.
    together_with
        Ids of signs without which it does not count.
    unknown
        Which of `node` and `together_with` have not been told.
    why, grade, sources, note
        What the flag means, and on whose word.
    """

    node: str
    label: str
    state: str
    cause: str
    cause_label: str
    urgency: str
    together_with: tuple[str, ...]
    unknown: tuple[str, ...]
    why: str
    grade: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RedFlags:
    """Warning signs of a patient.  Made by `Diagnosis.red_flags`; immutable.

    Attributes
    ----------
    raised
        Flags that were said to be there, the most pressing first.
    unasked
        Flags of causes of urgency ``emergency`` or ``urgent`` that may be there for all that
        is known: unknown is not absent.
    must_not_miss
        The causes of urgency ``emergency`` with their probabilities, however small.
    questions
        What to ask to settle `unasked`: node ids to questions, the most pressing first.
    """

    raised: tuple[Flag, ...]
    unasked: tuple[Flag, ...]
    must_not_miss: tuple[RankedCause, ...]
    questions: Mapping[str, str]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each raised flag; the columns are those of `Flag`."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        columns = [item.name for item in fields(Flag)]
        return pd.DataFrame([asdict(flag) for flag in self.raised], columns=columns)

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            "raised": [_plain(flag) for flag in self.raised],
            "unasked": [_plain(flag) for flag in self.unasked],
            "must_not_miss": [asdict(row) for row in self.must_not_miss],
            "questions": dict(self.questions),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> RedFlags:
        """Return the flags that `as_record` was called on.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        try:
            return msgspec.convert(record, cls)
        except msgspec.ValidationError as error:
            message = f"not a record of red flags: {error}; use one of as_record()"
            raise FormatError(message) from error

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RedFlags:
        """Return the flags that `to_json` was called on; see `from_record`.

        Examples
        --------
        >>> import legache
        >>> flags = legache.load().diagnose(fever=True, redness_or_warmth=True).red_flags
        >>> repr(RedFlags.from_json(flags.to_json())) == repr(flags)
        True
        """
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        parts = [listing_text(columns, rows) for columns, rows in self._lists() if rows]
        return page_text(self._title(), parts, self._notes())

    def _repr_html_(self) -> str:
        parts = [listing_html(columns, rows) for columns, rows in self._lists() if rows]
        return page_html(self._title(), parts, self._notes())

    def _lists(self) -> tuple[tuple[tuple[Column, ...], list[tuple[str, ...]]], ...]:
        return (
            (_RAISED, _cells(self.raised)),
            (_CAUSES, _probabilities(self.must_not_miss)),
        )

    def _title(self) -> str:
        return f"Red flags among what was said: {len(self.raised) or 'none'}"

    def _notes(self) -> list[str]:
        asked = list(self.questions.values())
        more = f" And {len(asked) - _N_SHOWN} more." if len(asked) > _N_SHOWN else ""
        open_flags = f"{len(self.unasked)} flags of emergencies and urgent causes are open."
        ask = f" Ask: {' '.join(asked[:_N_SHOWN])}{more}" if asked else ""
        return [f"Unknown is not absent: {open_flags}{ask}", DISCLAIMER]


def red_flags_of(
    model: DiagnosticModel, evidence: Evidence, ranking: tuple[RankedCause, ...]
) -> RedFlags:
    """Warning signs among what was said; see `Diagnosis.red_flags`."""
    told = [(flag, _said_of(model, evidence, flag)) for flag in _by_urgency(model)]
    unasked = tuple(
        _shown(model, flag, said)
        for flag, said in told
        if _truth(said) == "unknown" and model.urgency.get(flag.cause) in _ASKED_FOR
    )
    asked = dict.fromkeys(name for flag in unasked for name in flag.unknown)
    return RedFlags(
        raised=tuple(_shown(model, flag, said) for flag, said in told if _truth(said) == "yes"),
        unasked=unasked,
        must_not_miss=tuple(row for row in ranking if row.urgency == "emergency"),
        questions=MappingProxyType({name: model.nodes[name].question or name for name in asked}),
    )


def raised_in_brief(raised: Sequence[Flag]) -> list[str]:
    """One line that names the most pressing of the raised flags, if there are any."""
    pressing: dict[str, str] = {}
    for flag in raised:
        pressing.setdefault(flag.label, WITHIN[flag.urgency])
    if not pressing:
        return []
    named = ", ".join(f"{label} ({within})" for label, within in list(pressing.items())[:5])
    more = f" and {len(pressing) - 5} more" if len(pressing) > 5 else ""
    return [f"Red flags, whatever the probabilities: {named}{more}; see `.red_flags`."]


def _by_urgency(model: DiagnosticModel) -> list[RedFlag]:
    def place(flag: RedFlag) -> tuple[int, str, str, str]:
        return (_LEVELS.index(flag.urgency), flag.cause, flag.node, flag.state)

    return sorted(model.knowledge.red_flags, key=place)


def _said_of(model: DiagnosticModel, evidence: Evidence, flag: RedFlag) -> dict[str, Said]:
    """Whether each thing that the flag asks for was said to be there."""
    nodes = model.nodes
    others = {name: _said(evidence, nodes[name], "present") for name in flag.together_with}
    return {flag.node: _said(evidence, nodes[flag.node], flag.state), **others}


def _said(evidence: Evidence, node: Node, state: str) -> Said:
    likelihood = evidence.likelihoods.get(node.id)
    if likelihood is None or isinstance(evidence.given.get(node.id), Likelihood):
        return "unknown"
    possible = [name for name, value in zip(node.states, likelihood, strict=True) if value > 0]
    if state not in possible:
        return "no"
    return "yes" if len(possible) == 1 else "unknown"


def _truth(said: dict[str, Said]) -> Said:
    """Whether all of it is there: one no is enough for no."""
    values = set(said.values())
    return "no" if "no" in values else "unknown" if "unknown" in values else "yes"


def _shown(model: DiagnosticModel, flag: RedFlag, said: dict[str, Said]) -> Flag:
    node = model.nodes[flag.node]
    is_graded = len(node.states) > 2
    return Flag(
        node=flag.node,
        label=f"{node.label}: {words(flag.state)}" if is_graded else node.label,
        state=flag.state,
        cause=flag.cause,
        cause_label=model.nodes[flag.cause].label,
        urgency=flag.urgency,
        together_with=flag.together_with,
        unknown=tuple(name for name, value in said.items() if value == "unknown"),
        why=flag.why,
        grade=flag.grade,
        sources=flag.sources,
        note=flag.note,
    )


def _cells(flags: tuple[Flag, ...]) -> list[tuple[str, ...]]:
    return [
        (
            WITHIN[flag.urgency],
            flag.label,
            flag.cause_label,
            flag.why,
            words(flag.grade),
            ", ".join(flag.sources),
        )
        for flag in flags
    ]


def _probabilities(rows: tuple[RankedCause, ...]) -> list[tuple[str, ...]]:
    return [(row.label, percent(row.responsible), percent(row.present)) for row in rows]


def _plain(flag: Flag) -> dict[str, object]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(flag).items()}
