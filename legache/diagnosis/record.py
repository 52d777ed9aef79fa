"""What does every result say of where it comes from, and how is it read back?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from legache.diagnosis.evidence import Evidence, Likelihood
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.text import DISCLAIMER
from legache.errors import FormatError
from legache.version import __version__

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PROVENANCE = ("legache", "priors", "setting", "evidence", "assumed")
_Result = TypeVar("_Result", bound="DataclassInstance")


def provenance(model: DiagnosticModel, given: Evidence) -> dict[str, object]:
    """Version, priors, setting and evidence of a result, as plain values."""
    package = model.knowledge.package
    return {
        "legache": __version__,
        "priors": {
            "name": package.name,
            "version": package.version,
            "sha256": model.knowledge.digest,
        },
        "setting": model.setting,
        "evidence": {name: plain_value(value) for name, value in given.given.items()},
        "assumed": {} if model.complaint in given.given else {model.complaint: True},
    }


def plain_value(value: object) -> object:
    """What was said of a node, as a value that JSON can hold."""
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {"likelihood_ratio": dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value


def record_of(result: DataclassInstance) -> dict[str, object]:
    """Fields of a result as plain values, its `provenance` first, the disclaimer last."""
    plain: dict[str, Any] = msgspec.to_builtins(result)
    return {**plain.pop("provenance"), **plain, "note": DISCLAIMER}


def result_of(kind: type[_Result], record: Mapping[str, object]) -> _Result:
    """Result that `record_of` has made a record of.

    Raises
    ------
    FormatError
        The record is none of such a result.
    """
    names = [field.name for field in fields(kind) if field.name != "provenance"]
    try:
        plain = {name: record[name] for name in names}
        plain["provenance"] = {name: record[name] for name in _PROVENANCE}
    except KeyError as error:
        message = f"a record of {kind.__name__} without {error.args[0]!r}; use one of as_record()"
        raise FormatError(message) from error
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        message = f"not a record of {kind.__name__}: {error}; use one of as_record()"
        raise FormatError(message) from error
