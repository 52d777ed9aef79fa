"""Is a malformed code of a terminology told from a well-formed one, and with its place?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legache.errors import KnowledgeError
from legache.knowledge.codes import cell_problems, luhn_remainder, verhoeff_remainder
from legache.knowledge.loading import load_knowledge
from tests.knowledge.folders import TINY, tiny_copy
from tests.strategies import repeatable

NODES = (TINY / "nodes.csv").read_bytes()
DIGITS = st.text("0123456789", min_size=2, max_size=18)


def _place_and_digits(digits: str) -> st.SearchStrategy[tuple[str, int]]:
    return st.tuples(st.just(digits), st.integers(0, len(digits) - 2))


@pytest.mark.parametrize(
    ("system", "cell"),
    [
        ("icd10", "M79"),
        ("icd10", "M79.7"),
        ("icd10", "U07.1"),
        ("icd10", "M79.A22"),
        ("icd10", "C40.2;C41.4;C79.5"),
        ("snomed_ct", "140004"),
        ("snomed_ct", "22298006"),
        ("snomed_ct", "15971541000119105"),
        ("hpo", "HP:0012514"),
        ("hpo", "HP:0025238;HP:0030840"),
        ("loinc", "2823-3"),
        ("loinc", "48065-7"),
        ("loinc", "109341-8"),
    ],
)
def test_a_well_formed_cell_has_no_problem(system: str, cell: str) -> None:
    assert list(cell_problems(system, cell)) == []


@pytest.mark.parametrize(
    ("system", "cell"),
    [
        ("icd10", "m79.7"),
        ("icd10", "M797"),
        ("icd10", "M79."),
        ("icd10", "M7"),
        ("icd10", "M79.7 "),
        ("icd10", "I80-I89"),
        ("icd10", "M16; M17"),
        ("icd10", "M16;"),
        ("icd10", ";"),
        ("snomed_ct", "2229800"),
        ("snomed_ct", "022298006"),
        ("snomed_ct", "22298016"),
        ("snomed_ct", "٢٢٢٩٨٠٠٦"),
        ("hpo", "HP:12514"),
        ("hpo", "HP_0012514"),
        ("hpo", "hp:0012514"),
        ("hpo", "HP:00125140"),
        ("hpo", "HP:0012514\n"),
        ("loinc", "28233"),
        ("loinc", "LP29176-2"),
        ("loinc", "2823-33"),
        ("loinc", "-3"),
    ],
)
def test_a_malformed_code_is_told(system: str, cell: str) -> None:
    assert any("; expected " in problem for problem in cell_problems(system, cell))


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("loinc", "2823-4", "2823-3"),
        ("loinc", "8223-3", "8223-0"),
        ("snomed_ct", "22298007", "22298006"),
        ("snomed_ct", "128053004", "128053003"),
    ],
)
def test_a_wrong_check_digit_is_told_with_the_right_one(
    system: str, code: str, expected: str
) -> None:
    assert list(cell_problems(system, code)) == [
        f"{code!r} has a wrong check digit; expected {expected!r}"
    ]


def test_a_code_given_twice_is_told() -> None:
    assert list(cell_problems("icd10", "M16;M16")) == [
        "a code appears twice in 'M16;M16'; keep one"
    ]


def test_the_example_of_verhoeff_is_computed() -> None:
    assert verhoeff_remainder("2363") == 0  # 236 has the check digit 3


def test_the_example_of_luhn_is_computed() -> None:
    assert luhn_remainder("79927398713") == 0


@repeatable
@given(DIGITS.flatmap(_place_and_digits), st.integers(1, 9))
def test_one_wrong_digit_changes_both_remainders(place: tuple[str, int], error: int) -> None:
    digits, at = place
    wrong = digits[:at] + str((int(digits[at]) + error) % 10) + digits[at + 1 :]
    assert luhn_remainder(digits) != luhn_remainder(wrong)
    assert verhoeff_remainder(digits) != verhoeff_remainder(wrong)


@repeatable
@given(
    DIGITS.flatmap(_place_and_digits).filter(
        lambda place: place[0][place[1]] != place[0][place[1] + 1]
    )
)
def test_verhoeff_notices_two_neighbours_in_the_wrong_order(place: tuple[str, int]) -> None:
    digits, at = place
    turned = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    assert verhoeff_remainder(digits) != verhoeff_remainder(turned)


@repeatable
@given(DIGITS)
def test_one_of_ten_check_digits_is_right(digits: str) -> None:
    assert sum(luhn_remainder(f"{digits}{last}") == 0 for last in range(10)) == 1
    assert sum(verhoeff_remainder(f"{digits}{last}") == 0 for last in range(10)) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            NODES.replace(b",48065-7", b",48065-8"),
            "nodes.csv:3: loinc: '48065-8' has a wrong check digit; expected '48065-7'",
        ),
        (
            NODES.replace(b",I73.9,", b",I739,"),
            "nodes.csv:5: icd10: 'I739'; expected a category such as M79, or with a point M79.7",
        ),
    ],
    ids=["check digit", "shape"],
)
def test_a_folder_with_a_malformed_code_is_refused(
    tmp_path: Path, changed: bytes, message: str
) -> None:
    folder = tiny_copy(tmp_path, nodes=changed)
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(folder)
    assert caught.value.problems == (f"{folder}/{message}",)
