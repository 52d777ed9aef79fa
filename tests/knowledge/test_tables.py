"""Is a number in a cell read as the number that it says, and are other cells refused?"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legache.errors import KnowledgeError, LimitError
from legache.knowledge.files import MAX_ROWS
from legache.knowledge.records import RECORDS, Link, RiskFactor, Row
from legache.knowledge.tables import columns, number, parse_table
from tests.strategies import repeatable

_HEADER = "factor,cause,value,low,high,claims,derivation,grade,sources,note\n"

READ = {
    "0": 0.0,
    "1": 1.0,
    "0.25": 0.25,
    "007": 7.0,
    "10": 10.0,
    "-3": -3.0,
    "-0.5": -0.5,
    "0.10": 0.1,
    "1e3": 1000.0,
    "1E3": 1000.0,
    "1e+3": 1000.0,
    "1e-3": 0.001,
    "2.5e-05": 0.000025,
    "5.065e-05": 5.065e-05,
    "1e300": 1e300,
    "1e-300": 1e-300,
    "5e-324": 5e-324,
    "0e999": 0.0,
    "0.0e-999": 0.0,
    "12345678901234567890": 12345678901234567890.0,
    "0.12345678901234567890": 0.12345678901234568,
}

REFUSED = [
    "",
    " ",
    "1_0",
    "1 0",
    " 1",
    "1 ",
    "1\n",
    "+1",
    ".5",
    "5.",
    "-",
    "--1",
    "1,5",
    "1.5.2",
    "1'000",
    "0x10",
    "0b1",
    "1e",
    "e5",
    "1e1.5",
    "1e1000",
    "1e400",
    "-1e400",
    "1e100000000",
    "9" * 21,
    "0." + "1" * 21,
    "nan",
    "NaN",
    "-nan",
    "inf",
    "-inf",
    "Infinity",
    "1f",
    "1j",
    "1%",
    "½",
    "²",
    "−1",
    "٠٫٥",
    "١",
    "१",
    "１",
    "1\u200b",
    "\u202e1",
    "True",
    "None",
    "1/2",
    "1e٣",
]


def _row(value: str) -> bytes:
    return f"{_HEADER}smoking,vein_clot,{value},1e-300,1e300,,,study,alpha2001,\n".encode()


def _problems(value: str) -> list[str]:
    problems: list[str] = []
    parse_table(_row(value), RiskFactor, problems)
    return problems


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_an_ascii_decimal_number_is_read(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a decimal number|is too large"):
        number(text)


def test_negative_zero_loses_its_sign() -> None:
    assert math.copysign(1.0, number("-0.0")) == 1.0


@pytest.mark.parametrize("text", ["1e-400", "0.5e-324", "-1e-999"])
def test_a_number_that_would_become_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is too small"):
        number(text)


@repeatable
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_in_full_is_read_back(value: float) -> None:
    assert number(f"{value:.17e}") == value


@repeatable
@given(st.text(max_size=8))
def test_a_text_is_a_finite_number_or_refused(text: str) -> None:
    try:
        value = number(text)
    except ValueError:
        return
    assert math.isfinite(value)
    assert value == float(text)


@pytest.mark.parametrize("text", [text for text, value in READ.items() if value > 0])
def test_a_number_is_read_in_its_row(text: str) -> None:
    assert _problems(text) == []


@pytest.mark.parametrize("text", ["", "1_0", "1e400", "nan", "inf", "١", ".5", "1%", "0x10"])
def test_a_refused_number_is_named_with_its_line_and_column(text: str) -> None:
    (problem,) = _problems(text)
    assert problem.startswith(f"risk_factors.csv:2: value: {text!r} is ")


@pytest.mark.parametrize("text", ["0", "-1", "-1e-300"])
def test_a_number_out_of_range_is_named_with_its_line_and_column(text: str) -> None:
    (problem,) = _problems(text)
    assert problem == f"risk_factors.csv:2: value: {text!r}: expected `float` > 0.0"


def test_all_problems_of_a_table_are_named_at_once() -> None:
    content = _row("x") + b"smoking,vein_clot\n" + b"Smoking,vein_clot,1,1,2,,,stdy,alpha2001,\n"
    problems: list[str] = []
    parse_table(content, RiskFactor, problems)
    assert [problem.split(": ")[0] for problem in problems] == [
        "risk_factors.csv:2",
        "risk_factors.csv:3",
        "risk_factors.csv:4",
        "risk_factors.csv:4",
    ]


def test_a_record_knows_its_line() -> None:
    (row,) = parse_table(_row("2"), RiskFactor, [])
    assert str(row.place) == "risk_factors.csv:2"


def test_the_order_of_columns_does_not_matter() -> None:
    lines = [line.split(",") for line in _row("2").decode().splitlines()]
    turned = "".join(",".join(reversed(cells)) + "\n" for cells in lines).encode()
    assert parse_table(turned, RiskFactor, []) == parse_table(_row("2"), RiskFactor, [])


@pytest.mark.parametrize("record", RECORDS)
def test_columns_begin_with_the_key(record: type[Row]) -> None:
    names = tuple(column.name for column in columns(record))
    assert names[: len(record.KEY)] == record.KEY


def test_a_table_of_too_many_rows_is_refused() -> None:
    content = b"x\n" * (MAX_ROWS + 1)
    with pytest.raises(LimitError, match=r"^links\.csv: 200001 rows; at most 200000 are read$"):
        parse_table(content, Link, [])


def test_a_table_of_the_most_rows_is_read_to_its_header() -> None:
    with pytest.raises(KnowledgeError, match=r"^links\.csv:1: unknown column 'x'"):
        parse_table(b"x\n" * MAX_ROWS, Link, [])


@pytest.mark.parametrize(("length", "n_problems"), [(64, 0), (65, 1)])
def test_an_id_has_at_most_64_characters(length: int, n_problems: int) -> None:
    problems: list[str] = []
    parse_table(_row("2").replace(b"smoking", b"s" * length), RiskFactor, problems)
    assert len(problems) == n_problems
