"""Is a derivation read as it is meant, and is everything else refused in one way?"""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legache.curation.expressions import named_claims, parsed, without_claims
from legache.errors import KnowledgeError
from tests.strategies import repeatable

HOSTILE = [
    ("", "cannot be read"),
    (" a", "cannot be read"),
    ("a b", "cannot be read"),
    ("pool(a, b", "cannot be read"),
    ("a.value", "'.value'|'a.value' is not allowed"),
    ("a.__class__", "is not allowed"),
    ("().__class__", "is not allowed"),
    ("lambda: a", "':' is not allowed"),
    ("a if b else c", "'a if b else c' is not allowed"),
    ("a or b", "'a or b' is not allowed"),
    ("not a", "'not a' is not allowed"),
    ("await a", "is not allowed|cannot be read"),
    ("'met001'", '"\'" is not allowed'),
    ('"0.5"', "'\"' is not allowed"),
    ("f(x=1)", "'=' is not allowed"),
    ("pool(a, *b)", r"'\*b' is not allowed"),
    ("pool(**a)", r"is not allowed"),
    ("a ** 2", r"is not allowed"),
    ("a // 2", r"is not allowed"),
    ("a % 2", "'%' is not allowed"),
    ("-a", "'-a' is not allowed"),
    ("+a", r"'\+a' is not allowed"),
    ("a[0]", r"'\[' is not allowed"),
    ("[a]", r"'\[' is not allowed"),
    ("(a, b)", r"\(a, b\)' is not allowed|'a, b' is not allowed"),
    ("a := 1", "':' is not allowed"),
    ("a < b", "'<' is not allowed"),
    ("a # why", "'#' is not allowed"),
    ("a\nb", r"'\\n' is not allowed"),
    ("a\\", "is not allowed"),
    ("a\0", r"'\\x00' is not allowed"),
    ("\uff41", "is not allowed"),
    ("1 * True", "'True' is not allowed"),
    ("None", "'None' is not allowed"),
    ("...", "'...' is not allowed"),
    ("a * 2j", "'2j' is not allowed"),
    ("a * 0x10", "'0x10' is not allowed"),
    ("a * 1_000", "'1_000' is not allowed"),
    ("a * 1e5", "'1e5' is not allowed"),
    ("a * 1e999", "'1e999' is not allowed"),
    ("a * .5", "'.5' is not allowed"),
    ("a * 5.", "'5.' is not allowed"),
    ("1if a else b", "is not allowed"),
    ("__import__('os')", '"\'" is not allowed'),
    ("(" * 399, "cannot be read"),
    ("-" * 399 + "a", "is not allowed|nested deeper|cannot be read"),
    ("a" + ".b" * 199, "is not allowed|nested deeper"),
    ("a" + "()" * 199, "nested deeper"),
    ("+".join("a" * 200), "nested deeper"),
    ("a + " * 200 + "a", "has 801 characters; at most 400"),
    ("a" * 100_000, "has 100000 characters; at most 400"),
]


@pytest.mark.parametrize(("text", "said"), HOSTILE, ids=[repr(text)[:30] for text, _ in HOSTILE])
def test_what_is_no_derivation_is_refused(text: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said) as caught:
        parsed(text)
    assert str(caught.value).startswith("derivation ")
    assert len(str(caught.value)) < 400


@repeatable
@given(st.text(st.sampled_from("ab1. ,()+*/-_" + string.ascii_letters), max_size=60))
def test_text_of_allowed_characters_is_read_or_refused(text: str) -> None:
    try:
        names = named_claims(text)
    except KnowledgeError:
        return
    assert all(name.isidentifier() and name in text for name in names)


@repeatable
@given(st.text(max_size=450))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed(text)
    except KnowledgeError as error:
        assert error.problems


def test_a_derivation_of_the_longest_column_is_read() -> None:
    text = f"pool({', '.join(f'met{n:03}' for n in range(49))})"
    assert 380 < len(text) <= 400
    assert len(named_claims(text)) == 49


def test_claims_are_named_in_order_and_once() -> None:
    assert named_claims("week(b, a) * b / (c + 7)") == ("b", "a", "c")


def test_a_function_is_no_claim_but_a_claim_may_be_called_like_one() -> None:
    assert named_claims("pool(mean, a)") == ("mean", "a")


ids = st.sampled_from([f"c{n}" for n in range(6)])


@settings(repeatable, max_examples=80)
@given(st.lists(ids, min_size=2, max_size=6, unique=True), st.sets(ids, max_size=6))
def test_a_pool_keeps_the_claims_that_are_left(names: list[str], gone: set[str]) -> None:
    left = [name for name in names if name not in gone]
    found = without_claims(f"week(pool({', '.join(names)}), d)", gone)
    if left == names:
        assert found == f"week(pool({', '.join(names)}), d)"
    elif not left:
        assert found is None
    else:
        assert found is not None
        assert named_claims(found) == (*left, "d")
        assert ("pool" in found) == (len(left) > 1)


@pytest.mark.parametrize("text", ["a", "mean(a, b)", "a * 2", "complement(a)", "pool(a, b) - a"])
def test_what_is_not_pooled_cannot_be_left_out(text: str) -> None:
    assert without_claims(text, {"a"}) is None
