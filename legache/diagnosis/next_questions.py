"""What should be asked or tested next, and what would follow from each answer?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, starmap
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from legache.diagnosis.costs import cost_name, costs, refuse_missing
from legache.diagnosis.evidence import Evidence, require_complaint
from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import checked, parsed, provenance
from legache.diagnosis.text import DISCLAIMER, percent, words
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.inference.branches import Branches, branches, open_nodes
from legache.inference.information import information
from legache.network.structure import FloatArray

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["context", "finding", "test"]
KINDS: tuple[Kind, ...] = get_args(Kind)
N_PAIRED = 12  # pairs are made of the best single questions: 66 pairs
_N_SHOWN = 10
_TESTED, _ASKED = "test", "question"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a question, and what would follow from it.

    Attributes
    ----------
    states
        State of each node that was asked for.
    probability
        Of this answer, given what is known.
    leading, leading_probability
        The cause that would then most probably be responsible, and P(responsible) of it; nothing
        if the answer is impossible.
    focus_probability
        P(responsible) of the focus, if so answered.
    """

    states: tuple[str, ...]
    probability: float
    leading: str | None
    leading_probability: float
    focus_probability: float


@dataclass(frozen=True, slots=True)
class Question:
    """One question, or two that are asked together.

    Attributes
    ----------
    nodes, texts, kinds
        What is asked: ids, questions in words, and kinds.
    bits
        Information about the causes, or about the one that was asked for.
    leading_bits
        Information about the focus alone: the cause that was asked for, or that leads now.
    cost, bits_per_cost
        Nothing if costs do not matter.
    answers
        Every answer, the lowest state first.
    """

    nodes: tuple[str, ...]
    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    bits: float
    leading_bits: float
    cost: float | None
    bits_per_cost: float | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NextQuestions:
    """Questions, the most informative first.  Made by `Diagnosis.next_questions`; immutable.

    Attributes
    ----------
    questions
        As records, best first.
    cause
        The cause that the information is about; nothing if it is about all of them.
    focus, focus_probability
        The cause whose probabilities the answers show, and P(responsible) of it now.
    labels
        Causes in words, by id: those that lead after some answer, and the focus.
    kinds, cost, depth
        What was asked for.
    source
        Versions, checksum of the priors, setting and evidence.
    """

    questions: tuple[Question, ...]
    cause: str | None
    focus: str
    focus_probability: float
    labels: Mapping[str, str]
    kinds: tuple[str, ...]
    cost: str | None
    depth: int
    source: Mapping[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each question, best first.

        Columns are ``node`` (two ids joined by ``+`` for a pair), ``question``, ``kind``,
        ``bits``, ``leading_bits``, ``cost``, ``bits_per_cost``, and ``lowest`` and ``highest``:
        P(responsible) of the focus after the answer that lowers and that raises it most.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        rows = [_row(question) for question in self.questions]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    @property
    def answers(self) -> pd.DataFrame:
        """One row for each answer to each question.

        Columns are ``node``, ``answer``, ``probability``, ``leading``, ``leading_probability``
        and ``focus_probability``; see `Answer`.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        rows = [
            ("+".join(question.nodes), " + ".join(answer.states), *_numbers(answer))
            for question in self.questions
            for answer in question.answers
        ]
        names = ("node", "answer", "probability", "leading")
        columns = [*names, "leading_probability", "focus_probability"]
        return pd.DataFrame(rows, columns=columns)

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            **self.source,
            "cause": self.cause,
            "focus": self.focus,
            "focus_probability": self.focus_probability,
            "labels": dict(self.labels),
            "kinds": list(self.kinds),
            "cost": self.cost,
            "depth": self.depth,
            "questions": [_listed(asdict(question)) for question in self.questions],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> NextQuestions:
        """Return what `as_record` was called on.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        own = {"cause", "focus", "focus_probability", "labels", "kinds", "cost", "depth"}
        record = checked(record, None, sorted({*own, "questions"}))
        return cls(
            questions=tuple(_question(each) for each in record["questions"]),
            source={k: v for k, v in record.items() if k not in {*own, "questions"}},
            **{name: record[name] for name in own - {"kinds"}},
            kinds=tuple(record["kinds"]),
        )

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> NextQuestions:
        """Return what `to_json` was called on."""
        return cls.from_record(parsed(text))

    def __repr__(self) -> str:
        return page_text(self._title(), [listing_text(*self._listing())], self._notes())

    def _repr_html_(self) -> str:
        return page_html(self._title(), [listing_html(*self._listing())], self._notes())

    def _listing(self) -> tuple[tuple[Column, ...], list[tuple[str, ...]]]:
        priced = self.cost is not None
        columns = (
            Column("bits", 6),
            *((Column("cost", 6), Column("per cost", 8)) if priced else ()),
            Column("ask or test", 44),
            Column("if", 22),
            Column("chance", 7),
            Column("then leads", 30),
            Column(words(self.focus), 14),
        )
        rows = []
        for question in self.questions[:_N_SHOWN]:
            asked = " And: ".join(question.texts)
            price = (f"{question.cost:g}", f"{question.bits_per_cost:.2g}") if priced else ()
            for place, answer in enumerate(question.answers):
                first = (f"{question.bits:.3f}", *price, asked)
                head = first if place == 0 else ("",) * len(first)
                rows.append((*head, *self._cells(answer)))
        return columns, rows

    def _cells(self, answer: Answer) -> tuple[str, ...]:
        said = ", ".join(_spoken(state) for state in answer.states)
        if answer.leading is None:
            return (said, percent(0.0), "impossible", "")
        leads = f"{self.labels[answer.leading]} {percent(answer.leading_probability)}"
        return (said, percent(answer.probability), leads, percent(answer.focus_probability))

    def _title(self) -> str:
        about = "all causes" if self.cause is None else self.labels[self.cause]
        per = "" if self.cost is None else f" per {self.cost}"
        pairs = "pairs of questions" if self.depth == 2 else "what to ask or test next"
        return f"{pairs[0].upper()}{pairs[1:]}, by information{per} on {about}"

    def _notes(self) -> list[str]:
        n_more = len(self.questions) - _N_SHOWN
        more = [f"And {n_more} more; see `.table` and `.answers`."] if n_more > 0 else []
        now = f"{self.labels[self.focus]} is responsible with {percent(self.focus_probability)} now"
        return [*more, f"{now}; the last column says what it would be.", DISCLAIMER]


_COLUMNS = (
    *("node", "question", "kind", "bits", "leading_bits", "cost", "bits_per_cost"),
    *("lowest", "highest"),
)


def next_questions(
    model: DiagnosticModel,
    given: Evidence,
    likelihoods: Mapping[str, tuple[float, ...]],
    responsible: FloatArray,
    *,
    cause: str | None = None,
    kinds: Sequence[str] = KINDS,
    cost: object = None,
    n: int | None = None,
    depth: int = 1,
) -> NextQuestions:
    """Questions ranked by expected information; see `Diagnosis.next_questions`.

    Parameters
    ----------
    likelihoods
        The evidence with what was assumed beside it.
    responsible
        P(responsible) of each cause now.
    """
    kinds = checked_kinds(kinds)
    _refuse_other(model, cause, n, depth)
    require_complaint(model.complaint, given)
    price = costs(model, cost)
    asked = askable(model, likelihoods, kinds)
    refuse_missing(price, asked)
    place = model.cause_ids.index(cause) if cause else int(np.argmax(responsible))
    ask = _Asking(model, likelihoods, price, cause, place)
    found = ask.ranked([(name,) for name in asked])
    if depth == 2:
        best = [question.nodes[0] for question in found[:N_PAIRED]]
        found = ask.ranked(list(combinations(sorted(best), 2)))
    found = found[:n]
    leading = {answer.leading for question in found for answer in question.answers}
    shown = {model.cause_ids[place], *(name for name in leading if name)}
    return NextQuestions(
        questions=tuple(found),
        cause=cause,
        focus=model.cause_ids[place],
        focus_probability=float(responsible[place]),
        labels={name: model.nodes[name].label for name in sorted(shown)},
        kinds=kinds,
        cost=cost_name(cost),
        depth=depth,
        source=provenance(model, given),
    )


def askable(
    model: DiagnosticModel, likelihoods: Mapping[str, tuple[float, ...]], kinds: Sequence[str]
) -> tuple[str, ...]:
    """Ids of the nodes of some kinds of which nothing is known."""
    names = open_nodes(model.network, likelihoods)
    return tuple(name for name in names if model.nodes[name].kind in kinds)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What stays the same from question to question."""

    model: DiagnosticModel
    likelihoods: Mapping[str, tuple[float, ...]]
    price: Mapping[str, float] | None
    cause: str | None
    place: int

    def ranked(self, questions: list[tuple[str, ...]]) -> list[Question]:
        """Questions with all their answers, best first; ties by id."""
        found = branches(self.model.network, self.likelihoods, questions)
        bits = information(found)
        of_focus = bits[:, self.place].tolist()
        of_all = of_focus if self.cause else bits.sum(axis=1).tolist()
        answers: list[list[Answer]] = [[] for _ in questions]
        for place, answer in self._answers(questions, found):
            answers[place].append(answer)
        each = zip(questions, of_all, of_focus, answers, strict=True)
        return sorted(starmap(self._question, each), key=lambda row: (-_worth(row), row.nodes))

    def _question(
        self, names: tuple[str, ...], bits: float, of_focus: float, answers: list[Answer]
    ) -> Question:
        nodes = [self.model.nodes[name] for name in names]
        cost = None if self.price is None else sum(self.price[name] for name in names)
        return Question(
            nodes=names,
            texts=tuple(node.question or node.label for node in nodes),
            kinds=tuple(node.kind for node in nodes),
            bits=bits,
            leading_bits=of_focus,
            cost=cost,
            bits_per_cost=None if cost is None else bits / cost,
            answers=tuple(answers),
        )

    def _answers(
        self, questions: list[tuple[str, ...]], found: Branches
    ) -> Iterator[tuple[int, Answer]]:
        """Place of a question, and each of its answers."""
        ids, nodes = self.model.cause_ids, self.model.nodes
        columns = (
            *(found.question.tolist(), found.states, found.probability.tolist()),
            *(found.responsible.argmax(axis=1).tolist(), found.responsible.max(axis=1).tolist()),
            found.responsible[:, self.place].tolist(),
        )
        for place, states, probability, best, leading, focus in zip(*columns, strict=True):
            named = zip(questions[place], states, strict=True)
            yield (
                place,
                Answer(
                    states=tuple(nodes[name].states[state] for name, state in named),
                    probability=probability,
                    leading=ids[best] if probability > 0 else None,
                    leading_probability=leading,
                    focus_probability=focus,
                ),
            )


def _worth(question: Question) -> float:
    return question.bits if question.bits_per_cost is None else question.bits_per_cost


def checked_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """Kinds in the order of `KINDS`."""
    named = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in named:
        if kind not in KINDS:
            suggestions = nearest(str(kind)[:64], KINDS)
            hint = did_you_mean(suggestions, f"expected some of {', '.join(KINDS)}")
            message = f"unknown kind of question {str(kind)[:64]!r}{hint}"
            raise EvidenceError(message, suggestions)
    return tuple(kind for kind in KINDS if kind in named)


def _refuse_other(model: DiagnosticModel, cause: str | None, n: int | None, depth: int) -> None:
    if cause is not None and cause not in model.cause_ids:
        suggestions = nearest(str(cause)[:64], model.cause_ids)
        hint = did_you_mean(suggestions, "`Network.causes` lists them")
        message = f"unknown cause {str(cause)[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    if depth not in {1, 2}:
        message = "depth must be 1, or 2 for pairs of questions"
        raise EvidenceError(message)
    if n is not None and n < 1:
        message = "n must be at least 1, or None for all questions"
        raise EvidenceError(message)


def _row(question: Question) -> tuple[object, ...]:
    after = [answer.focus_probability for answer in question.answers if answer.leading is not None]
    return (
        "+".join(question.nodes),
        " And: ".join(question.texts),
        "+".join(question.kinds),
        *(question.bits, question.leading_bits, question.cost, question.bits_per_cost),
        *(min(after), max(after)),
    )


def _numbers(answer: Answer) -> tuple[object, ...]:
    return (
        *(answer.probability, answer.leading),
        *(answer.leading_probability, answer.focus_probability),
    )


def _spoken(state: str) -> str:
    return {"present": "yes", "absent": "no"}.get(state, words(state))


def _listed(value: Any) -> Any:  # noqa: ANN401 - any part of a record
    """Return the same with lists for tuples, as JSON gives them back."""
    if isinstance(value, dict):
        return {name: _listed(each) for name, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, (list, tuple)) else value


def _question(record: Mapping[str, Any]) -> Question:
    answers = [Answer(**{**each, "states": tuple(each["states"])}) for each in record["answers"]]
    lists = {name: tuple(record[name]) for name in ("nodes", "texts", "kinds")}
    return Question(**{**record, **lists, "answers": tuple(answers)})
