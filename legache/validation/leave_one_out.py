"""Which diagnoses hang on one paper?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from legache.curation.difference import MovedPosterior, moved_posteriors
from legache.curation.leave_out import Reduced, without
from legache.curation.recompute import figures_of
from legache.diagnosis.model import DiagnosticModel, diagnostic_model
from legache.errors import LegacheError
from legache.knowledge.records import Knowledge


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What happens without one source.

    Attributes
    ----------
    reduced
        The knowledge without it, and what became of the numbers that rested on it.
    moved
        The posterior of a textbook presentation that moves most; None if none moves by 0.01.
    new_leaders
        Presentations whose most probable cause is then another.
    """

    source: str
    reduced: Reduced
    moved: MovedPosterior | None
    new_leaders: tuple[str, ...]


def leave_one_source_out(model: DiagnosticModel) -> tuple[LeftOut, ...]:
    """Leave out each source that a number is computed from, the most momentous first.

    Parameters
    ----------
    model
        In the setting that is asked.

    Notes
    -----
    A source without which the rest does not fit together is not listed, nor is one that sets
    only numbers that the network cannot do without.
    """
    found = list(_left_out(model))
    return tuple(sorted(found, key=lambda item: (-_size(item.moved), item.source)))


def _left_out(model: DiagnosticModel) -> Iterator[LeftOut]:
    for source in _computed_from(model.knowledge):
        try:
            reduced = without(model.knowledge, source)
            other = replace(diagnostic_model(reduced.knowledge), setting=model.setting)
        except LegacheError:  # what is left does not fit together, such as shares above 1
            continue
        if not reduced.recomputed and not reduced.neutral:
            continue
        moved = moved_posteriors(model, other)
        leaders = {item.presentation for item in moved if item.old_leader != item.new_leader}
        yield LeftOut(source, reduced, moved[0] if moved else None, tuple(sorted(leaders)))


def _computed_from(knowledge: Knowledge) -> list[str]:
    return sorted({key for row in figures_of(knowledge) if row.derivation for key in row.sources})


def _size(moved: MovedPosterior | None) -> float:
    return 0.0 if moved is None else abs(moved.new - moved.old)
