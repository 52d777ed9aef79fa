"""Do claims give the number, the interval and the grade that arithmetic gives?"""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legache.curation.derivation import derived
from legache.curation.estimates import Scale
from legache.errors import KnowledgeError
from tests.curation.folders import claim
from tests.strategies import repeatable

Z = 1.959963984540054
CLAIMS = {
    one.id: one
    for one in (
        claim("a", "sensitivity", 0.2, low=0.1, high=0.4),
        claim("b", "sensitivity", 0.5, low=0.4, high=0.6, design="meta_analysis"),
        claim("sp", "specificity", 0.9, low=0.8, high=0.95, design="guideline"),
        claim("lrp", "lr_positive", 8, low=5, high=12),
        claim("lrn", "lr_negative", 0.25, low=0.15, high=0.4),
        claim("inc", "incidence_per_1000_py", 1, low=0.8, high=1.25),
        claim("dur", "duration_days", 30, low=20, high=45),
        claim("odds", "odds_ratio", 3, low=2, high=4.5),
        claim("rr", "relative_risk", 2, low=1.5, high=2.7),
        claim("book", "sensitivity", 0.4, design="textbook"),
        claim("chapter", "sensitivity", 0.3, design="narrative_review"),
        claim("none", "sensitivity", 0, denominator=50),
        claim("all_of", "sensitivity", 1, denominator=50),
        claim("sure", "sensitivity", 0.4, low=0.4, high=0.4),
        claim("far", "odds_ratio", 1, low=1e-300, high=1e300),
        claim("risk", "incidence_per_1000_py", 0.9, low=0.5, high=1.6),
    )
}


@pytest.mark.parametrize(
    ("expression", "unit", "exact"),
    [
        ("a", "logit", Fraction(1, 5)),
        ("mean(a, b)", "logit", Fraction(7, 20)),
        ("mean(a)", "logit", Fraction(1, 5)),
        ("complement(sp)", "logit", Fraction(1, 10)),
        ("1 - sp", "logit", Fraction(1, 10)),
        ("odds_ratio(b, a)", "log", Fraction(4)),
        ("sensitivity(lrp, lrn)", "logit", Fraction(24, 31)),
        ("week(inc, dur)", "logit", Fraction(37, 365_250)),
        ("inc / 1000 * (dur + 7) / 365.25", "logit", Fraction(37, 365_250)),
        ("a * b / 2", "logit", Fraction(1, 20)),
        ("a + b - 0.1", "logit", Fraction(3, 5)),
        ("none", "logit", Fraction(0)),
        ("a / a", "logit", Fraction(1)),
    ],
)
def test_the_value_is_that_of_exact_arithmetic(
    expression: str, unit: Scale, exact: Fraction
) -> None:
    found = derived(expression, CLAIMS, unit)
    assert found.value == float(f"{float(exact):.3g}")
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("name", ["a", "b", "sp", "sure"])
def test_the_interval_of_a_single_claim_is_the_published_one(name: str) -> None:
    found = derived(name, CLAIMS, "logit")
    assert (found.low, found.high) == (CLAIMS[name].low, CLAIMS[name].high)


def test_the_interval_of_a_product_of_ratios_is_that_of_a_log_normal_number() -> None:
    found = derived("odds * rr", CLAIMS, "log")
    error = math.hypot(math.log(4.5 / 2) / (2 * Z), math.log(2.7 / 1.5) / (2 * Z))
    assert math.log(found.high / found.value) == pytest.approx(Z * error, rel=0.06)
    assert math.log(found.value / found.low) == pytest.approx(Z * error, rel=0.06)


def test_the_interval_of_a_pool_is_that_of_the_pooled_mean() -> None:
    two = {name: claim(name, "odds_ratio", 2, low=1, high=4) for name in ("x", "y")}
    found = derived("pool(x, y)", two, "log")
    half = math.log(2) / math.sqrt(2)
    expected = (2 * math.exp(-half), 2 * math.exp(half))
    assert found.value == 2
    assert (found.low, found.high) == pytest.approx(expected, rel=0.006)


def test_the_interval_of_a_complement_is_turned_around() -> None:
    found = derived("complement(sp)", CLAIMS, "logit")
    assert (found.low, found.high) == pytest.approx((0.05, 0.2), rel=0.15)


def test_a_claim_that_appears_twice_is_one_number() -> None:
    found = derived("a / a", CLAIMS, "logit")
    assert (found.low, found.high) == (1, 1)


@settings(repeatable, max_examples=25)
@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_every_result_is_a_probability_with_an_interval_around_it(p: float, q: float) -> None:
    claims = {"p": claim("p", "sensitivity", p), "q": claim("q", "sensitivity", q)}
    for expression in ("p", "p * q", "mean(p, q)", "pool(p, q)", "complement(p)"):
        found = derived(expression, claims, "logit")
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found == derived(expression, claims, "logit")


@pytest.mark.parametrize(
    ("expression", "grade"),
    [
        ("a", "study"),
        ("b", "meta_analysis"),
        ("sp", "guideline"),
        ("mean(a, b)", "study"),
        ("mean(b, b)", "meta_analysis"),
        ("mean(a, sp)", "guideline"),
        ("pool(a, b)", "meta_analysis"),
        ("pool(a, book)", "guideline"),
        ("pool(book, chapter)", "guideline"),
        ("complement(pool(a, b))", "study"),
        ("week(inc, dur)", "study"),
        ("inc / 1000 * 52 / 52", "study"),
        ("a * 0.5", "elicited"),
        ("pool(a, b) * 1.1", "elicited"),
        ("complement(sp * 2 - 1)", "elicited"),
    ],
)
def test_the_grade_is_that_of_the_weakest_claim(expression: str, grade: str) -> None:
    assert derived(expression, CLAIMS, "logit").grade == grade


def test_what_other_columns_state_is_told() -> None:
    assert derived("week(inc, dur)", CLAIMS, "logit").arguments == {
        "incidence_per_1000_py": 1,
        "duration_days": 30,
    }
    assert derived("sensitivity(lrp, lrn)", CLAIMS, "logit").arguments == {
        "lr_positive": 8,
        "lr_negative": 0.25,
    }
    assert derived("week(inc, dur) * 1", CLAIMS, "logit").arguments == {}


@settings(repeatable, max_examples=50)
@given(st.floats(0.01, 50), st.floats(0.5, 400))
def test_stated_arguments_give_the_value_back_as_closely_as_a_reader_wants(
    incidence: float, days: float
) -> None:
    claims = {
        "i": claim("i", "incidence_per_1000_py", incidence),
        "d": claim("d", "duration_days", days),
    }
    found = derived("week(i, d)", claims, "logit")
    stated_incidence, stated_days = found.arguments.values()
    again = stated_incidence / 1000 * (stated_days + 7) / 365.25
    assert found.value == pytest.approx(again, rel=0.0051)


@pytest.mark.parametrize(
    ("expression", "unit", "said"),
    [
        ("c", "logit", "unknown claim 'c'; add it to claims.csv"),
        ("boook", "logit", "unknown claim 'boook'; did you mean 'book'"),
        ("pool", "logit", "unknown claim 'pool'"),
        ("mean + a", "logit", "unknown claim 'mean'"),
        ("pol(a, b)", "logit", "unknown function 'pol'; did you mean 'pool'"),
        ("print(a)", "logit", "unknown function 'print'; expected pool, mean"),
        ("eval(a)", "logit", "unknown function 'eval'"),
        ("a(b)", "logit", "unknown function 'a'"),
        ("pool(a)(b)", "logit", r"'pool\(a\)\(b\)' is no call of pool, mean"),
        ("week(inc)", "logit", "week: 1 arguments; expected 2"),
        ("complement(a, b)", "logit", "complement: 2 arguments; expected 1"),
        ("mean() + a", "logit", "mean: 0 arguments; expected at least one"),
        ("pool() + a", "logit", "pool: 0 arguments; expected at least one"),
        ("pool(a)", "logit", "pool: expected at least two claims"),
        ("pool(a, a)", "logit", "pool: a is named twice"),
        ("pool(a, 0.5)", "logit", "pool: expected ids of claims only"),
        ("pool(pool(a, b), book)", "logit", "pool: expected ids of claims only"),
        ("pool(a, or)", "logit", "cannot be read: invalid syntax"),
        ("pool(a, rr)", "logit", "pool: a is of sensitivity, and rr is of relative_risk"),
        ("pool(a, sp)", "logit", "pool: a is of sensitivity, and sp is of specificity"),
        ("pool(inc, dur)", "log", "inc is of incidence_per_1000_py, and dur is of duration_days"),
        ("pool(lrp, lrn)", "log", "lrp is of lr_positive, and lrn is of lr_negative"),
        ("pool(a, sure)", "logit", "pool: an interval without width"),
        ("1", "logit", "1 names no claim; leave the derivation of a judged number empty"),
        ("0.5 / 7", "logit", "names no claim"),
        ("a / 0", "logit", "a / 0 is inf; expected a probability"),
        ("a / 0", "log", "is inf; expected a finite number of at least 0"),
        ("(a - a) / (a - a)", "log", "is nan; expected a finite number"),
        ("a - b", "logit", "is -0.3; expected a probability"),
        ("rr", "logit", "rr is 2; expected a probability"),
        ("odds_ratio(all_of, a)", "log", "is inf; expected a finite number"),
        ("risk", "logit", "risk: the interval ends at 1.6; expected a probability"),
        (f"a * {'9' * 300} * {'9' * 90}", "log", "is inf; expected a finite number"),
    ],
)
def test_what_gives_no_number_is_refused(expression: str, unit: Scale, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        derived(expression, CLAIMS, unit)


def test_an_interval_over_the_whole_range_of_numbers_is_no_warning() -> None:
    claims = {**CLAIMS, "ratio": CLAIMS["far"]}
    found = derived("ratio * 1", claims, "log")
    assert math.isfinite(found.high)


def test_draws_outside_the_range_are_left_out() -> None:
    found = derived("a + b", CLAIMS, "logit")
    assert found.high <= 1


def test_all_of_them_is_a_probability_of_one() -> None:
    found = derived("all_of", CLAIMS, "logit")
    assert (found.value, found.high) == (1, 1)
    assert 0.9 < found.low < 1
