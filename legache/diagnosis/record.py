"""What does every result say of where it comes from, and how is one read again?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from legache.diagnosis.evidence import Evidence, Likelihood
from legache.diagnosis.model import DiagnosticModel
from legache.errors import FormatError
from legache.version import __version__


def provenance(
    model: DiagnosticModel,
    given: Evidence | None = None,
    *,
    assumed: Mapping[str, object] | None = None,
    engine: str | None = None,
    seed: int | None = None,
) -> dict[str, object]:
    """Version, priors, setting, evidence and seed of a result, in this order; plain values.

    Examples
    --------
    >>> import legache
    >>> list(provenance(legache.load().model, seed=1))
    ['legache', 'priors', 'setting', 'seed']
    """
    package = model.knowledge.package
    parts: dict[str, object] = {
        "legache": __version__,
        "priors": {
            "name": package.name,
            "version": package.version,
            "sha256": model.knowledge.digest,
        },
    }
    if engine is not None:
        parts["engine"] = engine
    parts["setting"] = model.setting
    if given is not None:
        parts["evidence"] = {name: plain(value) for name, value in given.given.items()}
    if assumed is not None:
        parts["assumed"] = dict(assumed)
    if seed is not None:
        parts["seed"] = seed
    return parts


def plain(value: object) -> object:
    """What was said of a node, as a value that JSON can hold."""
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {"likelihood_ratio": dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value


def checked(record: object, schema: str, names: Iterable[str]) -> Mapping[str, object]:
    """Return a record, if it is one of this schema and has what the schema names.

    Raises
    ------
    FormatError
        It is another kind of record, or of another version.
    """
    if not isinstance(record, Mapping):
        message = f"not a record of schema {schema!r}; expected an object"
        raise FormatError(message)
    found = record.get("schema")
    if found != schema:
        message = f"schema {str(found)[:64]!r}; expected {schema!r}"
        raise FormatError(message)
    missing = [name for name in names if name not in record]
    if missing:
        message = f"record of schema {schema!r} lacks {', '.join(missing)}; read another"
        raise FormatError(message)
    return record
