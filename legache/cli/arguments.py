"""What do the words on the command line, or in a JSON file, say of the patient?"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from legache.diagnosis.evidence import AGE, Likelihood
from legache.errors import EvidenceError, KnowledgeError, did_you_mean, nearest
from legache.knowledge.files import MAX_FILE_BYTES, read_bytes
from legache.knowledge.records import Node
from legache.knowledge.strict_json import parse_json
from legache.knowledge.tables import number

STANDARD_INPUT = "-"
_WORDS = {"yes": True, "true": True, "no": False, "false": False, "unknown": None}
_RATIO = "likelihood_ratio"


def evidence_of(words: Sequence[str], nodes: Mapping[str, Node]) -> dict[str, object]:
    """Evidence from an optional file name and options; an option overrides the file.

    Raises
    ------
    EvidenceError
        An unknown option, a value that is missing or cannot be read, a file
        that is not a JSON object.
    """
    said: dict[str, object] = {}
    waiting = list(words)
    if waiting and (waiting[0] == STANDARD_INPUT or not waiting[0].startswith("-")):
        said.update(read_evidence(waiting.pop(0)))
    given: set[str] = set()
    while waiting:
        option = waiting.pop(0)
        if not option.startswith("--"):
            message = f"unexpected word {option[:64]!r}; evidence is given as --ID or --ID VALUE"
            raise EvidenceError(message)
        text = None
        if "=" in option:
            option, text = option.split("=", maxsplit=1)
        elif waiting and not waiting[0].startswith("--"):
            text = waiting.pop(0)
        name, is_denied = _node_name(option, nodes)
        if name in given:
            message = f"--{name} is given twice; give it once"
            raise EvidenceError(message)
        given.add(name)
        said[name] = _value(name, nodes.get(name), text, is_denied=is_denied)
    return said


def refuse_words(words: Sequence[str]) -> None:
    """Raise `EvidenceError` for words that a command does not know."""
    if words:
        message = f"unexpected word {words[0][:64]!r}; see --help"
        raise EvidenceError(message)


def read_evidence(name: str) -> dict[str, object]:
    """Evidence from a JSON file, or from standard input if the name is ``-``."""
    label = "standard input" if name == STANDARD_INPUT else name
    try:
        if name == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            content = read_bytes(Path(name), name)
        raw = parse_json(content, label)
    except KnowledgeError as error:
        raise EvidenceError(str(error)) from error
    if not isinstance(raw, dict):
        message = f"{label}: expected a JSON object of node ids and values"
        raise EvidenceError(message)
    return {key: _from_json(key, value) for key, value in raw.items()}


def _from_json(name: str, value: Any) -> object:  # noqa: ANN401 - JSON is of any type
    if not isinstance(value, dict):
        return value
    if set(value) != {_RATIO}:
        message = f'{name}: expected {{"{_RATIO}": ...}}, true, false, null, a state or a list'
        raise EvidenceError(message)
    return Likelihood(value[_RATIO])


def _node_name(option: str, nodes: Mapping[str, Node]) -> tuple[str, bool]:
    """Node id of an option, and whether it is denied."""
    name = option.removeprefix("--").replace("-", "_")
    if name in nodes or name == AGE:
        return name, False
    denied = name.removeprefix("no_")
    if denied != name and denied in nodes:
        return denied, True
    suggestions = nearest(name[:64], [*nodes, AGE])
    hint = did_you_mean(
        [f"--{other.replace('_', '-')}" for other in suggestions],
        "`legache nodes` lists the valid ids",
    )
    message = f"unknown option {option[:64]!r}{hint}"
    raise EvidenceError(message, suggestions)


def _value(name: str, node: Node | None, text: str | None, *, is_denied: bool) -> object:
    if is_denied:
        if text is not None:
            message = f"--no-{name} takes no value"
            raise EvidenceError(message)
        return False
    if name == AGE:
        return _years(text)
    is_binary = node is not None and node.states == ("absent", "present")
    if text is None:
        if is_binary:
            return True
        message = f"--{name} needs a value; `legache nodes {name}` lists its states"
        raise EvidenceError(message)
    if text == "unknown":
        return None
    if is_binary:
        if text.lower() not in _WORDS:
            message = f"--{name} must be yes, no or unknown"
            raise EvidenceError(message)
        return _WORDS[text.lower()]
    states = text.split(",")
    return states[0] if len(states) == 1 else states


def _years(text: str | None) -> float:
    try:
        return number(text or "")
    except ValueError as error:
        message = f"--{AGE} needs a number of years, such as --{AGE} 67"
        raise EvidenceError(message) from error
