"""Which numbers of another population were given, and do they make sense?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from legache.diagnosis.model import DiagnosticModel
from legache.errors import PopulationError, did_you_mean, nearest
from legache.knowledge.checks import AGE_BAND, SEX, UNLISTED
from legache.network.building import strata_of

_EMPTY = {"", "None", "nan", "<NA>"}  # cells of a table
_COLUMNS = ("node", "age_band", "sex", "value", "low", "high", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A number of the other population, and the strata that it is the mean of."""

    node: str
    value: float
    age_band: str | None = None
    sex: str | None = None
    low: float | None = None
    high: float | None = None
    source: str | None = None

    def covers(self, band: str | None, sex: str | None) -> bool:
        """Tell whether a stratum is one of those."""
        return self.age_band in {None, band} and self.sex in {None, sex}


def given_prevalences(model: DiagnosticModel, prevalence: object) -> list[Given]:
    """Prevalences that `Network.rebase` was given.

    Raises
    ------
    PopulationError
        Unknown ids, columns or strata, numbers out of range, two for one stratum.
    """
    nodes = [n for n in model.nodes.values() if n.kind in {"cause", "context"}]
    valid = [node.id for node in nodes if node.id not in {AGE_BAND, SEX}]
    numbers = [*_rows(prevalence)]
    strata = strata_of(model.knowledge)
    seen: Counter[tuple[str, str, str]] = Counter()
    for given in numbers:
        _check_id(given.node, valid, "cause or context")
        _check_number(given, most=1.0)
        covered = [stratum for stratum in strata if given.covers(*stratum)]
        if not covered:
            message = f"{given.node}: no stratum {given.age_band!r}, {given.sex!r}; expected " + (
                " or ".join(f"{band}, {sex}" for band, sex in strata)
            )
            raise PopulationError(message)
        seen.update((given.node, *stratum) for stratum in covered)
    for (node, band, sex), count in seen.items():
        if count > 1:
            message = f"{node}: two prevalences for {band}, {sex}; give one"
            raise PopulationError(message)
    return numbers


def _rows(numbers: object) -> Iterator[Given]:
    if hasattr(numbers, "columns") and hasattr(numbers, "to_dict"):
        yield from (_row_of_table(row) for row in numbers.to_dict("records"))
        return
    if not isinstance(numbers, Mapping):
        message = f"prevalence: {type(numbers).__name__}; expected a mapping or a table"
        raise PopulationError(message)
    for node, value in numbers.items():
        if isinstance(value, Mapping):
            for stratum, own in value.items():
                if not (isinstance(stratum, tuple) and len(stratum) == 2):
                    message = f"{node}: stratum {stratum!r}; expected (age_band, sex)"
                    raise PopulationError(message)
                yield Given(node=node, value=own, age_band=stratum[0], sex=stratum[1])
        else:
            yield Given(node=node, value=value)


def _row_of_table(row: Mapping[Any, Any]) -> Given:
    unknown = sorted(str(column) for column in row if column not in _COLUMNS)
    if unknown:
        hint = did_you_mean(nearest(unknown[0], _COLUMNS), f"expected {', '.join(_COLUMNS)}")
        message = f"unknown column {unknown[0][:64]!r}{hint}"
        raise PopulationError(message)
    told = {column: value for column, value in row.items() if _is_told(value)}
    for column in ("node", "value"):
        if column not in told:
            message = f"a row without {column}; expected node and value in each"
            raise PopulationError(message)
    return Given(**told)


def _is_told(value: object) -> bool:
    return str(value) not in _EMPTY


def given_shares(model: DiagnosticModel, case_mix: object) -> dict[str, Given]:
    """Case mix that `Network.rebase` was given, by cause.

    Raises
    ------
    PopulationError
        Unknown ids or columns, numbers out of range, two for one cause.
    """
    is_series = hasattr(case_mix, "items") and not hasattr(case_mix, "columns")
    rows = [*_rows(dict(case_mix.items()) if is_series else case_mix)]  # type: ignore[attr-defined]
    shares: dict[str, Given] = {}
    for share in rows:
        _check_id(share.node, (*model.cause_ids, UNLISTED), "cause")
        _check_number(share, most=1.0)
        if share.age_band is not None or share.sex is not None:
            message = f"{share.node}: a case mix is that of all patients; leave out age and sex"
            raise PopulationError(message)
        if share.node in shares:
            message = f"{share.node}: two shares; give one"
            raise PopulationError(message)
        shares[share.node] = share
    return shares


def _check_id(name: object, valid: Sequence[str], kind: str) -> None:
    if name not in valid:
        suggestions = nearest(str(name)[:64], valid)
        hint = did_you_mean(suggestions, "see Network.causes and Network.contexts")
        message = f"unknown {kind} {str(name)[:64]!r}{hint}"
        raise PopulationError(message, suggestions)


def _check_number(given: Given, most: float) -> None:
    ends = (("value", given.value), ("low", given.low), ("high", given.high))
    for column, number in ends:
        if column != "value" and number is None:
            continue
        is_number = isinstance(number, int | float | np.number) and not isinstance(number, bool)
        if not is_number or not 0 <= float(number) <= most:  # type: ignore[arg-type] # NaN is not
            message = f"{given.node}: {column} {number!r}; expected a probability"
            raise PopulationError(message)
    if (given.low is None) != (given.high is None):
        message = f"{given.node}: give both low and high, or neither"
        raise PopulationError(message)
    if given.low is None or given.high is None:
        return
    if not given.low <= given.value <= given.high:
        message = f"{given.node}: value {given.value:g} is not between low and high"
        raise PopulationError(message)
