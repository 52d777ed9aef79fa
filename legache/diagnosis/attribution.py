"""Which cause produced a finding that is there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from legache.diagnosis.evidence import Evidence
from legache.diagnosis.figures import Cells, Figures
from legache.diagnosis.items import item, known
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import provenance
from legache.diagnosis.result import Result
from legache.diagnosis.text import DISCLAIMER, percent
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.inference.links import LEAK, UNLISTED, fired_links

if TYPE_CHECKING:
    import pandas as pd

_N_SHOWN = 12
_COLUMNS = (Figures("produced by", "left"), Figures("probability"))
_LABELS = {"unlisted": "a cause that is not listed", "leak": "no cause: background rate"}


@dataclass(frozen=True, slots=True)
class Contributor:
    """What may have produced a finding.

    Attributes
    ----------
    id, label
        A cause, ``unlisted`` or ``leak``.
    probability
        That it reached the state that was seen, given all evidence.
    """

    id: str
    label: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Attribution(Result):
    """What produced a finding.  Made by `Diagnosis.attribution`; immutable.

    Attributes
    ----------
    finding, label, said
        The finding, and what was said of it.
    is_soft
        Whether it may be absent for all that was said: the probabilities are then those of its
        being there and produced by each contributor.
    contributors
        The causes that are linked to it, ``unlisted`` and ``leak``; the most probable first.
    provenance
        Version, priors, setting and evidence.
    """

    provenance: Mapping[str, object]
    finding: str
    label: str
    said: str
    is_soft: bool
    contributors: tuple[Contributor, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each contributor, with ``label`` and ``probability``."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        rows = [(row.id, row.label, row.probability) for row in self.contributors]
        table = pd.DataFrame(rows, columns=["contributor", "label", "probability"])
        return table.set_index("contributor")

    def _lists(self) -> list[tuple[tuple[Figures, ...], Cells]]:
        return [(_COLUMNS, self._cells())]

    def _title(self) -> str:
        return f"What produced {self.label} ({self.said})"

    def _cells(self) -> list[tuple[str, str]]:
        return [(row.label, percent(row.probability)) for row in self._shown()]

    def _shown(self) -> list[Contributor]:
        """The most probable, and always those that are no cause."""
        return [
            row
            for rank, row in enumerate(self.contributors)
            if rank < _N_SHOWN or row.id in _LABELS
        ]

    def _notes(self) -> list[str]:
        hidden = len(self.contributors) - len(self._shown())
        more = [f"{hidden} less probable causes are in `.table`."] if hidden else []
        soft = ["The finding may be absent: it is there and was produced by each."]
        several = "More than one may have produced it, so the column may sum to more than 100 %."
        return [*more, *(soft if self.is_soft else []), several, DISCLAIMER]


def attribution_of(model: DiagnosticModel, given: Evidence, finding: str | None) -> Attribution:
    """What produced a finding; see `Diagnosis.attribution`."""
    name = model.complaint if finding is None else finding
    likelihoods = known(model, given)
    _check_present(model, likelihoods, name)
    fired = fired_links(model.network, likelihoods, findings=(name,))
    found = dict.fromkeys(_contributors(model, name), 0.0)
    names = {LEAK: "leak", UNLISTED: "unlisted", **dict(enumerate(model.cause_ids))}
    for place, probability in zip(
        fired.contributors.tolist(), fired.probability.tolist(), strict=True
    ):
        found[names[place]] = probability
    rows = [
        Contributor(place, _LABELS.get(place) or model.nodes[place].label, probability)
        for place, probability in found.items()
    ]
    told = item(model, given, name)
    return Attribution(
        provenance=provenance(model, given),
        finding=name,
        label=told.label,
        said=told.said,
        is_soft=likelihoods[name][0] > 0,
        contributors=tuple(sorted(rows, key=lambda row: (-row.probability, row.id))),
    )


def _contributors(model: DiagnosticModel, name: str) -> list[str]:
    finding = next(finding for finding in model.network.findings if finding.id == name)
    return [*(model.cause_ids[place] for place in finding.causes.tolist()), "unlisted", "leak"]


def _check_present(
    model: DiagnosticModel, likelihoods: Mapping[str, tuple[float, ...]], name: str
) -> None:
    findings = [finding.id for finding in model.network.findings]
    if name not in findings:
        suggestions = nearest(str(name)[:64], findings)
        hint = did_you_mean(suggestions, "`legache nodes` lists the valid ids")
        message = f"unknown finding {str(name)[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    likelihood = likelihoods.get(name, (1.0, 0.0))
    if not any(likelihood[1:]) or len(set(likelihood)) == 1:
        message = f"{name} was not said to be there; only what is there was produced by something"
        raise EvidenceError(message)
