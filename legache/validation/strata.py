"""Is each cause as common in each age and sex as its row says?"""

from __future__ import annotations

from dataclasses import dataclass

from legache.diagnosis.model import DiagnosticModel
from legache.inference.posterior import posterior
from legache.knowledge.checks import AGE_BAND, SEX
from legache.validation.quantities import log_odds


@dataclass(frozen=True, slots=True)
class Stratum:
    """Published prevalence of a cause in one age band and sex, and what the network says."""

    cause: str
    age_band: str
    sex: str
    published: float
    model: float

    @property
    def difference(self) -> float:
        """Model less published, in log odds; infinite where only one of them is certain."""
        if self.published == self.model:
            return 0.0
        return log_odds(self.model) - log_odds(self.published)


def strata(model: DiagnosticModel) -> tuple[Stratum, ...]:
    """Compare P(cause | age band, sex) with the rows of prevalence.csv, for every cause."""
    place = {name: index for index, name in enumerate(model.cause_ids)}
    found = []
    for row in model.knowledge.prevalence:
        if row.node in place and row.age_band is not None and row.sex is not None:
            said = _present(model, row.age_band, row.sex)[place[row.node]]
            found.append(Stratum(row.node, row.age_band, row.sex, row.value, said))
    return tuple(found)


def _present(model: DiagnosticModel, age_band: str, sex: str) -> list[float]:
    likelihoods = {
        name: tuple(float(state == said) for state in model.nodes[name].states)
        for name, said in ((AGE_BAND, age_band), (SEX, sex))
    }
    return [float(p) for p in posterior(model.network, likelihoods).present]
