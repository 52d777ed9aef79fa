"""What does every result say of where it comes from?"""

from __future__ import annotations

from collections.abc import Mapping

from legache.diagnosis.evidence import Evidence, Likelihood
from legache.diagnosis.model import DiagnosticModel
from legache.version import __version__

_RATIO = "likelihood_ratio"


def provenance(model: DiagnosticModel, given: Evidence) -> dict[str, object]:
    """Versions, checksum of the priors, setting and evidence, as plain values in a fixed order."""
    return {
        "legache": __version__,
        "priors": {
            "name": model.knowledge.package.name,
            "version": model.knowledge.package.version,
            "sha256": model.knowledge.digest,
        },
        "setting": model.setting,
        "evidence": {name: plain(value) for name, value in given.given.items()},
    }


def plain(value: object) -> object:
    """What was said of a node, as JSON can hold it."""
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {_RATIO: dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value


def said(value: object) -> object:
    """Return what `plain` was made from."""
    if isinstance(value, Mapping) and set(value) == {_RATIO}:
        return Likelihood(value[_RATIO])
    return value
