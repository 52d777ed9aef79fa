"""What does every result say of where it comes from, and how is one read again?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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

_RATIO = "likelihood_ratio"
_PROVENANCE = ("legache", "priors", "setting", "evidence", "assumed")
_Result = TypeVar("_Result", bound="DataclassInstance")


def provenance(
    model: DiagnosticModel,
    given: Evidence | None = None,
    *,
    assumed: Mapping[str, object] | None = None,
    engine: str | None = None,
    seed: int | None = None,
) -> dict[str, object]:
    """Version, priors, setting, population, evidence and seed of a result; plain values.

    Examples
    --------
    >>> import legache
    >>> list(provenance(legache.load().model, seed=1))
    ['legache', 'priors', 'setting', 'seed']
    """
    parts: dict[str, object] = {"legache": __version__, "priors": priors_of(model)}
    if engine is not None:
        parts["engine"] = engine
    parts["setting"] = model.setting
    if model.population is not None:
        parts["population"] = model.population.as_record()
    if given is not None:
        parts["evidence"] = {name: plain(value) for name, value in given.given.items()}
        taken = {} if model.complaint in given.given else {model.complaint: True}
        parts["assumed"] = taken if assumed is None else dict(assumed)
    if seed is not None:
        parts["seed"] = seed
    return parts


def priors_of(model: DiagnosticModel) -> dict[str, str]:
    """Name, version and checksum of the priors."""
    package = model.knowledge.package
    digest = model.knowledge.digest
    return {"name": package.name, "version": package.version, "sha256": digest}


def plain(value: object) -> object:
    """What was said of a node, as a value that JSON can hold."""
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {_RATIO: dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value


def said(value: object) -> object:
    """Return what `plain` was made from."""
    if isinstance(value, Mapping) and set(value) == {_RATIO}:
        return Likelihood(value[_RATIO])
    return value


def parsed(text: str) -> Mapping[str, object]:
    """Record that a JSON text holds.

    Raises
    ------
    FormatError
        It is not JSON, or not an object.
    """
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"line {error.lineno}, column {error.colno}: not JSON; expected a record"
        raise FormatError(message) from error
    if not isinstance(record, dict):
        message = "not a record; expected a JSON object"
        raise FormatError(message)
    return record


def checked(record: object, schema: str | None, names: Iterable[str]) -> Mapping[str, Any]:
    """Return a record, if it is one of this schema and has what the schema names.

    That of a diagnosis, which is older than the others, names no schema.

    Raises
    ------
    FormatError
        It is another kind of record, or of another version.
    """
    if not isinstance(record, Mapping):
        message = "not a record; expected an object"
        raise FormatError(message)
    if record.get("schema") != schema:
        found = str(record.get("schema", "none"))[:64]
        message = f"a record of schema {found}; expected {schema or 'none'}"
        raise FormatError(message)
    missing = [name for name in names if name not in record]
    if missing:
        message = f"the record lacks {', '.join(missing)}; it is of another kind or version"
        raise FormatError(message)
    return record


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
        plain: dict[str, Any] = {name: record[name] for name in names}
        plain["provenance"] = {name: record[name] for name in _PROVENANCE}
        if "population" in record:
            plain["provenance"]["population"] = record["population"]
    except KeyError as error:
        message = f"a record of {kind.__name__} without {error.args[0]!r}; use one of as_record()"
        raise FormatError(message) from error
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        message = f"not a record of {kind.__name__}: {error}; use one of as_record()"
        raise FormatError(message) from error
