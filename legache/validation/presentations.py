"""Does each textbook presentation lead to its cause?"""

from __future__ import annotations

from legache.curation.difference import evidence_of
from legache.diagnosis.differential import diagnose
from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError, LegacheError
from legache.knowledge.supplements import presentations_of
from legache.validation.cases import best_rank


def presentation_ranks(model: DiagnosticModel) -> dict[str, int]:
    """Best rank of the causes that each presentation is a picture of, by id.

    Raises
    ------
    EvidenceError
        A presentation that the network does not understand; with file and line.
    """
    ranks = {}
    for row in presentations_of(model.knowledge):
        said = evidence_of(row)
        try:
            ranks[row.id] = best_rank(diagnose(model, said).ranking, row.causes)
        except LegacheError as error:
            message = f"{row.place}: {error}"
            raise EvidenceError(message) from error
    return ranks
