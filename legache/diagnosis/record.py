"""What does every result say of where it comes from?"""

from __future__ import annotations

from collections.abc import Mapping

from legache.diagnosis.evidence import Evidence, Likelihood
from legache.diagnosis.model import DiagnosticModel
from legache.version import __version__


def provenance(model: DiagnosticModel, given: Evidence) -> dict[str, object]:
    """Versions, priors, setting, population if it is not that of the priors, and evidence."""
    package = model.knowledge.package
    population = {} if model.population is None else {"population": model.population.as_record()}
    return {
        "legache": __version__,
        "priors": {
            "name": package.name,
            "version": package.version,
            "sha256": model.knowledge.digest,
        },
        "setting": model.setting,
        **population,
        "evidence": {name: plain_value(value) for name, value in given.given.items()},
    }


def plain_value(value: object) -> object:
    """Evidence on one node as a value that JSON can hold."""
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {"likelihood_ratio": dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value
