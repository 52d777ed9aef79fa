"""How does ``datapackage.json`` describe the folder, and does it describe this one?

The description follows the Frictionless Data Package standard (version 1).  It is
generated from the record types, so that columns are stated once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge.files import digest
from legache.knowledge.records import RECORDS, SUPPLEMENTS, Identifier, Package, Row
from legache.knowledge.strict_json import parse_json
from legache.knowledge.tables import Column, bare_type, columns

NAME = "datapackage.json"
SCHEMA_VERSION = 1
BIBLIOGRAPHY = "sources.bib"
TABLES = tuple(record.FILE for record in RECORDS)
OPTIONAL = tuple(record.FILE for record in SUPPLEMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSettings:
    """What the folder says of itself that no table says."""

    schema: int
    default_setting: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resource:
    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]*\Z", max_length=64)]
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*\Z", max_length=64)]
    legache: PackageSettings
    resources: tuple[_Resource, ...]


def parse_package(content: bytes) -> Package:
    """Read the package's own description and refuse another schema version."""
    raw = parse_json(content, NAME)
    _refuse_other_schema(raw)
    try:
        package = msgspec.convert(raw, _Package)
    except msgspec.ValidationError as error:
        message = f"{NAME}: {error}; see priors/README.md"
        raise KnowledgeError(message) from error
    _check_resources([resource.path for resource in package.resources])
    return Package(
        name=package.name, version=package.version, default_setting=package.legache.default_setting
    )


def describe(package: Mapping[str, Any], contents: Mapping[str, bytes]) -> str:
    """Canonical text of ``datapackage.json``: what the caller says, schemas and checksums.

    Parameters
    ----------
    package
        The description's own members (name, title, version, licenses, ...);
        its resources are replaced.
    contents
        The bytes of each file by name.
    """
    records = [record for record in (*RECORDS, *SUPPLEMENTS) if record.FILE in contents]
    resources = [_table_resource(record, contents[record.FILE]) for record in records]
    resources.append(
        {
            "name": "sources",
            "path": BIBLIOGRAPHY,
            "format": "bib",
            **_checksum(contents[BIBLIOGRAPHY]),
        }
    )
    return json.dumps({**package, "resources": resources}, indent=2, ensure_ascii=False) + "\n"


def _refuse_other_schema(raw: object) -> None:
    settings = raw.get("legache") if isinstance(raw, dict) else None
    schema = settings.get("schema") if isinstance(settings, dict) else None
    if schema is None:
        message = f'{NAME}: no schema version; add "legache": {{"schema": {SCHEMA_VERSION}, ...}}'
        raise KnowledgeError(message)
    if schema != SCHEMA_VERSION or isinstance(schema, bool):
        message = (
            f"{NAME}: schema {str(schema)[:20]}; this version of legache reads schema "
            f"{SCHEMA_VERSION}; install the legache that fits, or convert the folder"
        )
        raise KnowledgeError(message)


def _check_resources(paths: list[str]) -> None:
    """Refuse a path that is not one of the known files, above all one that leads outside."""
    expected = (*TABLES, BIBLIOGRAPHY)
    for path in paths:
        if path not in {*expected, *OPTIONAL}:
            hint = did_you_mean(nearest(path, expected), f"expected {', '.join(expected)}")
            message = f"{NAME}: unknown resource path {path[:64]!r}{hint}"
            raise KnowledgeError(message)
        if paths.count(path) > 1:
            message = f"{NAME}: resource path {path!r} appears twice; keep one"
            raise KnowledgeError(message)
    for path in expected:
        if path not in paths:
            message = f"{NAME}: no resource with path {path!r}; add it"
            raise KnowledgeError(message)


def _table_resource(record: type[Row], content: bytes) -> dict[str, Any]:
    return {
        "name": record.FILE.removesuffix(".csv"),
        "path": record.FILE,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "description": (record.__doc__ or "").split("\n")[0],
        **_checksum(content),
        "schema": {
            "fields": [_field(column) for column in columns(record)],
            "primaryKey": list(record.KEY),
            "missingValues": [""],
        },
    }


def _checksum(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "hash": f"sha256:{digest(content)}"}


def _field(column: Column) -> dict[str, Any]:
    bare, is_optional = bare_type(column.type)
    field: dict[str, Any] = {"name": column.name, "type": "number" if bare is float else "string"}
    metas = _metas(column.type)
    described = [meta.description for meta in metas if meta.description]
    if described:
        field["description"] = described[0]
    is_list = get_origin(bare) is tuple
    has_text = any(meta.min_length or (meta.pattern and not is_list) for meta in metas)
    is_text = is_list or bare is str
    constraints: dict[str, Any] = {}
    if not is_optional and (has_text or not is_text):
        constraints["required"] = True
    if get_origin(bare) is Literal:
        constraints["enum"] = list(get_args(bare))
    bounds = {
        name: bound
        for meta in (() if is_list else metas)
        for name, bound in (("minimum", meta.ge), ("maximum", meta.le), ("pattern", meta.pattern))
        if bound is not None
    }
    return {**field, "constraints": constraints | bounds}


def _metas(annotation: Any) -> list[msgspec.Meta]:  # noqa: ANN401 - a type form
    """Constraints of a type form, outermost first."""
    found = list(getattr(annotation, "__metadata__", ()))
    for member in get_args(annotation):
        found += _metas(member) if get_origin(member) is not Literal else []
    return [meta for meta in found if isinstance(meta, msgspec.Meta)]
