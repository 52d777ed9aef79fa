"""Does each textbook presentation lead to its cause?"""

from __future__ import annotations

from legache.curation.difference import evidence_of
from legache.diagnosis.differential import diagnose
from legache.diagnosis.model import DiagnosticModel
from legache.knowledge.supplements import presentations_of


def presentation_ranks(model: DiagnosticModel) -> dict[str, int]:
    """Best rank of the causes that each presentation is a picture of, by id."""
    ranks = {}
    for row in presentations_of(model.knowledge):
        ranking = diagnose(model, evidence_of(row)).ranking
        ranks[row.id] = 1 + min(ranking.index(cause) for cause in row.causes)
    return ranks
