"""Which items of evidence are there, and how are they told?"""

from __future__ import annotations

from dataclasses import dataclass

from legache.diagnosis.evidence import AGE, AGE_BAND, PRESENT, Evidence, Likelihood
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.text import words
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.inference.weights import Known, Of
from legache.knowledge.records import Node


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is known of the patient.

    Attributes
    ----------
    id, label, kind
        The node; kind is context, cause, finding or test.
    said
        What was said of it, in words.
    """

    id: str
    label: str
    kind: str
    said: str


def known(model: DiagnosticModel, given: Evidence) -> dict[str, tuple[float, ...]]:
    """Likelihoods of everything that is known, the complaint among it even if only assumed."""
    return {model.complaint: PRESENT, **given.likelihoods}


def split(model: DiagnosticModel, given: Evidence, of: Of) -> tuple[Known, Known]:
    """Items of evidence, and the baseline that their weights start from.

    Nobody is responsible for a complaint that is not there: P(responsible) starts from the
    complaint, and P(present) from nothing, so that the complaint is an item, too.
    """
    likelihoods = known(model, given)
    base = (model.complaint,) if of == "responsible" else ()
    items = tuple((name, likelihoods[name]) for name in sorted(likelihoods) if name not in base)
    return items, tuple((name, likelihoods[name]) for name in base)


def item(model: DiagnosticModel, given: Evidence, name: str) -> Item:
    """Return a known node in words."""
    node = model.nodes[name]
    if name == AGE_BAND and AGE in given.given:
        return Item(AGE_BAND, "age", node.kind, f"{given.given[AGE]}")
    return Item(name, node.label, node.kind, _in_words(node, given.given.get(name, True)))


def place_of(model: DiagnosticModel, cause: str) -> int:
    """Place of a cause in all arrays.

    Raises
    ------
    EvidenceError
        There is no such cause.
    """
    if cause not in model.cause_ids:
        suggestions = nearest(str(cause)[:64], model.cause_ids)
        hint = did_you_mean(suggestions, "`legache nodes` lists the valid ids")
        message = f"unknown cause {str(cause)[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    return model.cause_ids.index(cause)


def checked_of(of: str) -> Of:
    """Which probability is asked about.

    Raises
    ------
    EvidenceError
        Neither of the two.
    """
    if of == "responsible":
        return "responsible"
    if of == "present":
        return "present"
    message = f"of={str(of)[:64]!r}; expected 'responsible' or 'present'"
    raise EvidenceError(message)


def _in_words(node: Node, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Likelihood):
        if isinstance(value.ratio, float):
            return f"likelihood ratio {value.ratio:g}"
        told = ", ".join(f"{words(state)} {weight:g}" for state, weight in value.ratio.items())
        return f"likelihoods {told}"
    if isinstance(value, tuple):
        return "any" if len(value) == len(node.states) else " or ".join(map(words, value))
    return words(str(value))
