"""Is a code of a medical terminology well formed, its check digit included?

Whether a terminology has the code is not asked here: that would need its list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_SEPARATOR = ";"
# Verhoeff's permutation of the digits, applied once more at each place
_PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def cell_problems(system: str, cell: str) -> Iterator[str]:
    """Say what is wrong with each code of a cell, which separates several by semicolons.

    Parameters
    ----------
    system
        Name of the column: a key of `TERMINOLOGIES`.
    cell
        As it stands in the file.

    Examples
    --------
    >>> list(cell_problems("loinc", "2823-3;2951-3"))
    ["'2951-3' has a wrong check digit; expected '2951-2'"]
    >>> list(cell_problems("hpo", "HP:12514"))
    ["'HP:12514'; expected HP: and seven digits"]
    """
    terminology = TERMINOLOGIES[system]
    codes = cell.split(_SEPARATOR)
    for code in codes:
        if not terminology.pattern.fullmatch(code):
            yield f"{code[:64]!r}; expected {terminology.shape}"
        elif terminology.remainder is not None and terminology.remainder(code):
            right = _with_check_digit(code, terminology.remainder)
            yield f"{code!r} has a wrong check digit; expected {right!r}"
    if len(set(codes)) != len(codes):
        yield f"a code appears twice in {cell[:64]!r}; keep one"


def luhn_remainder(code: str) -> int:
    """Remainder modulo 10 of the digits of a code: 0 if the last is their check digit.

    From the right, every second digit is doubled, and the digits of the products are added up.

    References
    ----------
    LOINC Users' Guide, appendix on mod 10 check digits.

    Examples
    --------
    >>> luhn_remainder("48065-7"), luhn_remainder("48605-7")
    (0, 7)
    """
    digits = _digits_from_the_right(code)
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10


def verhoeff_remainder(code: str) -> int:
    """Product of the permuted digits in the dihedral group: 0 if the last is their check digit.

    References
    ----------
    Verhoeff, J. (1969). Error Detecting Decimal Codes.  SNOMED CT Release File
    Specifications, section on check-digit computation.

    Examples
    --------
    >>> verhoeff_remainder("128053003"), verhoeff_remainder("128035003") == 0
    (0, False)
    """
    product = 0
    for place, digit in enumerate(_digits_from_the_right(code)):
        permuted = digit
        for _ in range(place % 8):
            permuted = _PERMUTED[permuted]
        product = _dihedral_product(product, permuted)
    return product


def _digits_from_the_right(code: str) -> list[int]:
    return [int(character) for character in reversed(code) if character.isdigit()]


def _dihedral_product(left: int, right: int) -> int:
    """Multiply symmetries of a pentagon: 0 to 4 are its rotations, 5 to 9 its reflections."""
    is_reflection = (left < 5) != (right < 5)
    return (left + right if left < 5 else left - right) % 5 + 5 * is_reflection


def _with_check_digit(code: str, remainder: Callable[[str], int]) -> str:
    return next(
        corrected for digit in range(10) if not remainder(corrected := f"{code[:-1]}{digit}")
    )


@dataclass(frozen=True, slots=True)
class Terminology:
    """How the codes of one terminology look.

    Attributes
    ----------
    shape : str
        The pattern in words.
    remainder : callable or None
        Gives 0 for a code whose check digit is right; None if there is no check digit.
    """

    pattern: re.Pattern[str]
    shape: str
    remainder: Callable[[str], int] | None = None


TERMINOLOGIES: Mapping[str, Terminology] = {
    "icd10": Terminology(
        # national modifications have letters in later places, and up to seven places
        re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?"),
        "a category such as M79, or with a point M79.7",
    ),
    "snomed_ct": Terminology(
        # the digits before the check digit say that the number is of a concept
        re.compile(r"[1-9][0-9]{2,14}[01]0[0-9]"),
        "the 6 to 18 digits of a concept, the last but one 0",
        verhoeff_remainder,
    ),
    "hpo": Terminology(re.compile(r"HP:[0-9]{7}"), "HP: and seven digits"),
    "loinc": Terminology(
        re.compile(r"[1-9][0-9]{0,6}-[0-9]"),
        "up to seven digits, a hyphen and a check digit",
        luhn_remainder,
    ),
}
