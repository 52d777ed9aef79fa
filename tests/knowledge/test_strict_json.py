"""Is JSON read only where it says one thing?"""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legache.errors import KnowledgeError, LegacheError, LimitError
from legache.knowledge.files import MAX_FILE_BYTES
from legache.knowledge.strict_json import MAX_DEPTH, parse_json
from tests.strategies import repeatable

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@repeatable
@given(_TREES)
def test_what_is_written_is_read_back(tree: object) -> None:
    assert parse_json(json.dumps(tree).encode(), "patient.json") == tree


@repeatable
@given(st.text(alphabet='{}[]",:\\ \n019.eE+-ntfalseruN\u202e\ud800', max_size=60))
def test_any_text_is_read_or_refused_on_purpose(text: str) -> None:
    assert _outcome(text.encode("utf-8", "surrogatepass")).startswith(("read", "patient.json:"))


@repeatable
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_on_purpose(content: bytes) -> None:
    assert _outcome(content).startswith(("read", "patient.json:"))


def _outcome(content: bytes) -> str:
    try:
        parse_json(content, "patient.json")
    except LegacheError as error:
        return str(error)
    return "read"


def test_the_greatest_depth_is_read() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "patient.json")


@pytest.mark.parametrize("n_levels", [MAX_DEPTH + 1, 1_000, 30_000])
def test_greater_depth_is_refused(n_levels: int) -> None:
    with pytest.raises(LimitError, match=r"^patient\.json: nested deeper than 32 levels; flatten"):
        parse_json(b"[" * n_levels + b"]" * n_levels, "patient.json")


def test_brackets_in_a_string_do_not_nest() -> None:
    assert parse_json(b'"' + b"[" * 1_000 + b'\\"' + b"[" * 1_000 + b'"', "patient.json")


def test_an_oversize_text_is_refused() -> None:
    with pytest.raises(LimitError, match=r"^patient\.json: 5000001 bytes; at most 5000000"):
        parse_json(b" " * (MAX_FILE_BYTES + 1), "patient.json")


def test_a_long_line_is_refused() -> None:
    with pytest.raises(LimitError, match=r"^patient\.json:2: 65537 bytes"):
        parse_json(b"\n" + b" " * 65_537, "patient.json")


def test_an_unterminated_string_of_escaped_quotes_is_refused_at_once() -> None:
    content = b'"' + b'\\"' * 8_000
    begin = time.perf_counter()
    with pytest.raises(KnowledgeError, match="not JSON: Unterminated string"):
        parse_json(content, "patient.json")
    assert time.perf_counter() - begin < 0.1
