"""Which numbers differ between two priors folders, and which answers move?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from legache.curation.recompute import figures_of
from legache.diagnosis.differential import Diagnosis, diagnose
from legache.diagnosis.evidence import AGE
from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError
from legache.knowledge.figures import key_of
from legache.knowledge.records import Knowledge, Presentation
from legache.knowledge.supplements import presentations_of
from legache.knowledge.tables import number

_WORDS = {"present": True, "absent": False}


@dataclass(frozen=True, slots=True)
class ChangedNumber:
    """A number of either folder that the other does not have, or has otherwise."""

    table: str
    key: str
    old: float | None
    new: float | None


@dataclass(frozen=True, slots=True)
class MovedPosterior:
    """P(responsible) of a cause in a textbook presentation, before and after.

    Attributes
    ----------
    old_leader, new_leader
        The most probable cause of the presentation.
    """

    presentation: str
    cause: str
    old: float
    new: float
    old_leader: str
    new_leader: str


def changed_numbers(old: Knowledge, new: Knowledge) -> tuple[ChangedNumber, ...]:
    """Numbers that differ, by file and key."""
    before, after = (
        {(row.FILE, key_of(row)): row.value for row in figures_of(knowledge)}
        for knowledge in (old, new)
    )
    return tuple(
        ChangedNumber(*key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def moved_posteriors(
    old: DiagnosticModel, new: DiagnosticModel, *, at_least: float = 0.01
) -> tuple[MovedPosterior, ...]:
    """Posteriors of the new folder's presentations that moved, farthest first.

    Parameters
    ----------
    old, new
        Models in the same setting.
    at_least
        Smallest change of P(responsible) to be listed.

    Raises
    ------
    EvidenceError
        A presentation cannot be read, or speaks of a node that one of the networks does not have.
    """
    found = []
    for presentation in presentations_of(new.knowledge):
        before, after = _answer(old, presentation), _answer(new, presentation)
        leaders = (before.ranking[0], after.ranking[0])
        was, now = (
            dict(zip(model.cause_ids, said.answer.responsible.tolist(), strict=True))
            for model, said in ((old, before), (new, after))
        )
        for cause in sorted(was.keys() | now.keys()):
            pair = (was.get(cause, 0.0), now.get(cause, 0.0))
            if abs(pair[1] - pair[0]) >= at_least:
                found.append(MovedPosterior(presentation.id, cause, *pair, *leaders))
    return tuple(sorted(found, key=lambda item: (-abs(item.new - item.old), item.presentation)))


@lru_cache(maxsize=256)
def _answer(model: DiagnosticModel, presentation: Presentation) -> Diagnosis:
    """Diagnosis of a presentation; many versions may be compared with the same one."""
    said = evidence_of(presentation)
    try:
        return diagnose(model, said)
    except EvidenceError as error:
        message = f"{presentation.place}: evidence: {error}"
        raise EvidenceError(message, error.suggestions) from error


def evidence_of(presentation: Presentation) -> dict[str, object]:
    """What a presentation says of its patient, as `Network.diagnose` takes it.

    Raises
    ------
    EvidenceError
        A part is not ``node=state``, a node is named twice, or the age is no number.
    """
    said: dict[str, object] = {}
    for part in presentation.evidence.split(";"):
        name, sign, state = part.partition("=")
        try:
            if not sign or name in said:
                message = f"{part[:64]!r}; expected node=state, once for each node"
                raise EvidenceError(message)
            said[name] = number(state) if name == AGE else _value(state)
        except ValueError as error:
            message = f"{presentation.place}: evidence: {error}"
            raise EvidenceError(message) from error
    return said


def _value(text: str) -> object:
    states = text.split("|")
    return states if len(states) > 1 else _WORDS.get(text, text)
