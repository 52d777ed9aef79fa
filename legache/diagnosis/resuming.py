"""How does an interview go on that was kept as JSON?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from legache.diagnosis.evidence import parse_evidence
from legache.diagnosis.interview import Interview, begin
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import provenance, said
from legache.diagnosis.stopping import Stop
from legache.errors import EvidenceError, KnowledgeError, did_you_mean, nearest
from legache.knowledge.strict_json import parse_json

_NAME = "interview"
_MEMBERS = {"legache", "priors", "setting", "start", "answers", "stop", "ask", "cost"}
_RULE = {"bits", "probability", "danger", "questions"}


def resumed(model: DiagnosticModel, text: object) -> Interview:
    """Interview that `Interview.to_json` wrote; see `Network.resume`."""
    if not isinstance(text, str):
        message = f"expected the text that `Interview.to_json` wrote, not {type(text).__name__}"
        raise EvidenceError(message)
    try:
        record = parse_json(text.encode(), _NAME)
    except KnowledgeError as error:
        raise EvidenceError(str(error)) from error
    _refuse_other(model, record)
    if record["setting"] not in model.networks:
        suggestions = nearest(str(record["setting"])[:64], model.networks)
        hint = did_you_mean(suggestions, f"expected {', '.join(model.networks)}")
        message = f"{_NAME}: unknown setting{hint}"
        raise EvidenceError(message, suggestions)
    started = begin(
        replace(model, setting=record["setting"]),
        {name: said(value) for name, value in record["start"].items()},
        stop=Stop(**record["stop"]),
        ask=record["ask"],
        cost=record["cost"],
    )
    answers = []
    for name, value in record["answers"]:
        given = parse_evidence(model.nodes, {name: said(value)}).given
        answers.append((name, given.get(name)))
    again = replace(started, answers=tuple(answers))
    _ = again.diagnosis  # answers that cannot be are refused here
    return again


def _refuse_other(model: DiagnosticModel, record: object) -> None:
    """Refuse what is no interview, and one that was begun with other numbers."""
    if not isinstance(record, dict) or not _is_interview(record):
        message = f"not an {_NAME}; expected what `Interview.to_json` wrote"
        raise EvidenceError(message)
    now = provenance(model, parse_evidence(model.nodes, {}))
    differences = [
        f"{what} {_shown(was)}, now {_shown(is_now)}"
        for what, was, is_now in _versions(record, now)
        if was != is_now
    ]
    if differences:
        message = (
            f"{_NAME}: it was begun with {'; '.join(differences)}; finish it with those, "
            "or begin anew"
        )
        raise EvidenceError(message)


def _is_interview(record: Mapping[str, Any]) -> bool:
    """Tell whether every member is there and of its type; what they say is checked later."""
    if set(record) != _MEMBERS:
        return False
    pairs = record["answers"]
    return (
        all(isinstance(record[name], dict) for name in ("priors", "start", "stop"))
        and set(record["stop"]) == _RULE
        and all(
            isinstance(record["stop"][n], (int, float)) for n in ("bits", "probability", "danger")
        )
        and isinstance(record["ask"], list)
        and isinstance(record["setting"], str)
        and isinstance(pairs, list)
        and all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in pairs)
    )


def _versions(record: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    named = {"name": "priors", "version": "version of the priors", "sha256": "checksum"}
    was, is_now = record["priors"], now["priors"]
    pairs = [(title, was.get(key), is_now[key]) for key, title in named.items()]
    return [("legache", record["legache"], now["legache"]), *pairs]


def _shown(value: object) -> str:
    return str(value)[:12]
