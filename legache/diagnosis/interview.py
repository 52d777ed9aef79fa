"""What should be asked next, one question at a time, and when is it enough?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from types import MappingProxyType

from legache.diagnosis.costs import cost_name, costs, refuse_missing
from legache.diagnosis.differential import Diagnosis, diagnose
from legache.diagnosis.evidence import AGE, AGE_BAND, PRESENT, parse_evidence, require_complaint
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.next_questions import askable, checked_kinds
from legache.diagnosis.record import plain, provenance
from legache.diagnosis.stopping import Stop
from legache.diagnosis.text import DISCLAIMER, percent, words
from legache.errors import EvidenceError
from legache.inference.choosing import affordable, exact_bits, screened_bits
from legache.knowledge.records import Node

BY_DEFAULT = ("context", "finding")
NEARLY_BEST = 0.5  # a red flag goes first if it tells at least this part of the best question
_N_FLAGS = 2  # red flags that are looked at exactly beside the best questions
_PRESSING = {"emergency", "urgent"}
_N_SHOWN = 3
_TOLD_AS_ANSWERS = {"evidence", "assumed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of an interview.

    Attributes
    ----------
    node, text, kind
        What is asked.
    states
        Answers that are allowed: ``True`` and ``False``, or names of states; of the age band
        the number of years, too.
    bits
        Information that is expected about the causes; nothing for age and sex, which come
        first whatever they tell.
    flag_of
        Ids of the pressing causes whose red flag it is.
    """

    node: str
    text: str
    kind: str
    states: tuple[bool, ...] | tuple[str, ...]
    bits: float | None
    flag_of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Interview:
    """An interview under way.  Made by `Network.interview`; immutable.

    `answer`, `skip` and `back` return the interview that follows.

    Attributes
    ----------
    model
        What is asked.
    start
        What was said before the first question, in canonical form.
    answers
        Node (or ``age``) and answer of each question so far; None where it was skipped.
    stop, ask, cost
        When to stop, kinds of nodes to ask for, and what they cost.
    """

    model: DiagnosticModel
    start: Mapping[str, object]
    answers: tuple[tuple[str, object], ...]
    stop: Stop
    ask: tuple[str, ...]
    cost: object

    @property
    def question(self) -> Asked | None:
        """What to ask next; nothing if the interview is over."""
        return None if self.is_finished else self._best

    @property
    def is_finished(self) -> bool:
        """Tell whether the stopping rule holds; see `Stop`."""
        return self.reason is not None

    @cached_property
    def reason(self) -> str | None:
        """Why the interview is over; nothing if it is not."""
        best = self._best
        if best is None:
            return "nothing is left to ask"
        if self.stop.questions is not None and len(self.answers) >= self.stop.questions:
            return f"{self.stop.questions} questions were asked"
        if self._open_flags or best.bits is None:
            return None
        settled = self._settled()
        if settled is None and best.bits < self.stop.bits:
            settled = f"no question tells {self.stop.bits:g} bits or more"
        if settled is None:
            return None
        nothing = f"no red flag of a pressing cause with {percent(self.stop.danger)} or more"
        return f"{settled}, and {nothing} is left to ask"

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """The differential for all that is known."""
        return diagnose(self.model, self.evidence)

    @property
    def evidence(self) -> dict[str, object]:
        """All that is known: what was said at the start, and the answers."""
        given = {name: value for name, value in self.answers if value is not None}
        return {**self.start, **given}

    def answer(self, value: object) -> Interview:
        """Answer the question; None skips it.

        Parameters
        ----------
        value
            As `Network.diagnose` takes it for the node; the age band takes years, too.

        Raises
        ------
        EvidenceError
            The interview is over, or the node does not take this answer.
        ImpossibleEvidenceError
            The answer cannot be true together with the earlier ones.
        """
        asked = self.question
        if asked is None:
            message = "the interview is over; `back` takes back the last answer"
            raise EvidenceError(message)
        is_age = asked.node == AGE_BAND and value is not None and not isinstance(value, (str, list))
        name = AGE if is_age else asked.node
        given = parse_evidence(self.model.nodes, {name: value}).given
        following = replace(self, answers=(*self.answers, (name, given.get(name))))
        _ = following.diagnosis  # an answer that cannot be is refused here
        return following

    def skip(self) -> Interview:
        """Leave the question without an answer: unknown is not absent."""
        return self.answer(None)

    def back(self) -> Interview:
        """Take back the last answer.

        Raises
        ------
        EvidenceError
            No question has been answered yet.
        """
        if not self.answers:
            message = "this is the first question; nothing can be taken back"
            raise EvidenceError(message)
        return replace(self, answers=self.answers[:-1])

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        source = provenance(self.model, self.diagnosis.given)
        return {
            **{name: value for name, value in source.items() if name not in _TOLD_AS_ANSWERS},
            "start": {name: plain(value) for name, value in self.start.items()},
            "answers": [[name, plain(value)] for name, value in self.answers],
            "stop": asdict(self.stop),
            "ask": list(self.ask),
            "cost": dict(self.cost) if isinstance(self.cost, Mapping) else cost_name(self.cost),
        }

    def to_json(self) -> str:
        """Return `as_record` as JSON text; `Network.resume` goes on from it."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        import html  # noqa: PLC0415 - for notebooks only

        return "".join(f"<div>{html.escape(line)}</div>" for line in self._lines())

    def _lines(self) -> list[str]:
        asked = self.question
        after = f"after {len(self.answers)} question{'' if len(self.answers) == 1 else 's'}"
        head = f"Interview, setting: {words(self.model.setting)}; {after}"
        now = f"Over: {self.reason}." if asked is None else asked.text
        leading = [
            f"{row.label} {percent(row.responsible)}" for row in self.diagnosis.ranked[:_N_SHOWN]
        ]
        none = f"none of the listed causes {percent(self.diagnosis.unexplained)}"
        return [head, now, f"Leading: {', '.join(leading)}; {none}.", *self._pressing(), DISCLAIMER]

    def _pressing(self) -> list[str]:
        """Pressing causes that are not improbable: an end of the questions is no reassurance."""
        left = [
            f"{row.label} {percent(row.responsible)}"
            for row in self.diagnosis.ranked
            if row.urgency in _PRESSING and row.responsible >= self.stop.danger
        ]
        return [f"Pressing, and not excluded: {', '.join(left)}."] if left else []

    @cached_property
    def _known(self) -> dict[str, tuple[float, ...]]:
        found = self.diagnosis
        return {**found.given.likelihoods, **dict.fromkeys(found.assumed, PRESENT)}

    @cached_property
    def _candidates(self) -> tuple[str, ...]:
        """Nodes that may be asked for."""
        skipped = {AGE_BAND if name == AGE else name for name, _ in self.answers}
        return tuple(n for n in askable(self.model, self._known, self.ask) if n not in skipped)

    @cached_property
    def _flags(self) -> dict[str, tuple[str, ...]]:
        """Red flags of pressing causes that may be asked for, with the causes."""
        found: dict[str, list[str]] = {}
        for flag in self.diagnosis.red_flags.unasked:
            if set(flag.unknown) <= set(self._candidates):
                for name in flag.unknown:
                    found.setdefault(name, []).append(flag.cause)
        return {name: tuple(sorted(set(causes))) for name, causes in found.items()}

    @cached_property
    def _open_flags(self) -> tuple[str, ...]:
        """Red flags of the pressing causes that are not improbable enough."""
        ranked = self.diagnosis.ranked
        open_causes = {row.id for row in ranked if row.responsible >= self.stop.danger}
        return tuple(name for name, causes in self._flags.items() if open_causes & set(causes))

    @cached_property
    def _best(self) -> Asked | None:
        """The question that comes next, whether or not it is worth asking."""
        roots = [name for name in self.model.network.root_ids if name in self._candidates]
        if roots:
            return self._asked(roots[0], None)
        if not self._candidates:
            return None
        bits = self._bits()
        worth = {name: each / self._price(name) for name, each in bits.items()}
        best = _first(worth)
        flags = {name: worth[name] for name in self._open_flags if name in worth}
        if flags and (
            max(flags.values()) >= NEARLY_BEST * worth[best]
            or self._settled()
            or bits[best] < self.stop.bits
        ):
            best = _first(flags)
        return self._asked(best, bits[best])

    def _bits(self) -> dict[str, float]:
        """Information of the most promising questions, exactly."""
        network = self.model.network
        glance = screened_bits(network, self._known, self.diagnosis.answer)
        worth = {name: glance[name] / self._price(name) for name in self._candidates}
        order = sorted(worth, key=lambda name: (-worth[name], name))
        n_exact = affordable(network, self._known)
        flags = [name for name in order if name in self._open_flags][: min(n_exact, _N_FLAGS)]
        chosen = list(dict.fromkeys([*order[:n_exact], *flags]))
        exact = exact_bits(network, self._known, chosen)
        return exact or {name: glance[name] for name in chosen}

    def _price(self, name: str) -> float:
        return 1.0 if self._prices is None else self._prices[name]

    @cached_property
    def _prices(self) -> Mapping[str, float] | None:
        price = costs(self.model, self.cost)
        refuse_missing(price, self._candidates)
        return price

    def _settled(self) -> str | None:
        """What is probable enough to stop; nothing if nothing is."""
        leading, unexplained = self.diagnosis.ranked[0], self.diagnosis.unexplained
        enough = f"({percent(self.stop.probability)} is enough)"
        if leading.responsible >= self.stop.probability:
            found = percent(leading.responsible)
            return f"{leading.label} is responsible with {found} {enough}"
        if unexplained >= self.stop.probability:
            return f"none of the listed causes is responsible with {percent(unexplained)} {enough}"
        return None

    def _asked(self, name: str, bits: float | None) -> Asked:
        node = self.model.nodes[name]
        return Asked(
            node=name,
            text=node.question or node.label,
            kind=node.kind,
            states=_allowed(node),
            bits=bits,
            flag_of=self._flags.get(name, ()),
        )


def begin(
    model: DiagnosticModel,
    evidence: Mapping[str, object],
    *,
    stop: object = None,
    ask: Sequence[str] = BY_DEFAULT,
    cost: object = None,
) -> Interview:
    """Interview before its first question; see `Network.interview`."""
    costs(model, cost)
    if stop is not None and not isinstance(stop, Stop):
        message = f"stop must be a legache.Stop, not {type(stop).__name__}"
        raise EvidenceError(message)
    given = parse_evidence(model.nodes, evidence)
    require_complaint(model.complaint, given)
    return Interview(
        model=model,
        start=given.given,
        answers=(),
        stop=stop if isinstance(stop, Stop) else Stop(),
        ask=checked_kinds(ask),
        cost=MappingProxyType(dict(cost)) if isinstance(cost, Mapping) else cost,
    )


def _first(worth: Mapping[str, float]) -> str:
    """Node of the highest worth; ties by id."""
    return min(worth, key=lambda name: (-worth[name], name))


def _allowed(node: Node) -> tuple[bool, ...] | tuple[str, ...]:
    return (True, False) if node.states == ("absent", "present") else node.states
