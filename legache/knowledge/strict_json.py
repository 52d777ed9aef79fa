"""What does this JSON text say, if it says it without ambiguity?"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from legache.errors import KnowledgeError, LimitError
from legache.knowledge.files import decode, refuse_oversize

MAX_DEPTH = 32
# a JSON string, or one bracket: what is inside strings does not nest
# (an unterminated one reaches to the end, so that the search stays linear)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parse_json(content: bytes, name: str) -> Any:  # noqa: ANN401 - JSON is of any type
    """Parse JSON, refusing what the standard reader lets pass.

    Duplicate keys, ``NaN`` and infinities, numbers that overflow, deep nesting
    and oversize input are errors that name the file and, where known, the line.

    Examples
    --------
    >>> parse_json(b'{"age": 67}', "patient.json")
    {'age': 67}
    """
    refuse_oversize(len(content), name)
    text = decode(content.replace(b"\t", b" "), name)  # JSON may be indented with tabs
    _refuse_depth(text, name)

    def object_of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, member in pairs:
            if key in mapping:
                message = f"{name}: key {key[:64]!r} appears twice in one object; keep one"
                raise KnowledgeError(message)
            mapping[key] = member
        return mapping

    def refuse_constant(constant: str) -> NoReturn:
        message = f"{name}: {constant} is not a number that can be used; leave it out"
        raise KnowledgeError(message)

    def finite(digits: str) -> float:
        number = float(digits)
        is_lost = number == 0 and re.search("[1-9]", re.split("[eE]", digits)[0])
        if is_lost or number in (float("inf"), float("-inf")):
            refuse_constant("a number out of range")
        return number

    def integer(digits: str) -> int:
        if len(digits) > 20:
            refuse_constant("a number of so many digits")
        return int(digits)

    try:
        return json.loads(
            text,
            object_pairs_hook=object_of_pairs,
            parse_constant=refuse_constant,
            parse_float=finite,
            parse_int=integer,
        )
    except json.JSONDecodeError as error:
        message = f"{name}:{error.lineno}: not JSON: {error.msg} at column {error.colno}"
        raise KnowledgeError(message) from error


def _refuse_depth(text: str, name: str) -> None:
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if token[0][0] == '"':
            continue
        depth += 1 if token[0] in "[{" else -1
        if depth > MAX_DEPTH:
            message = f"{name}: nested deeper than {MAX_DEPTH} levels; flatten it"
            raise LimitError(message)
