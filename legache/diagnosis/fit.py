"""Do the findings fit together, and do they fit the leading cause?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from legache.diagnosis.evidence import PRESENT, Evidence
from legache.diagnosis.figures import Cells, Figures, signed
from legache.diagnosis.items import item, known
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.record import provenance
from legache.diagnosis.result import Result
from legache.diagnosis.text import DISCLAIMER, percent
from legache.errors import EvidenceError
from legache.inference.conflict import (
    Coherence,
    coherence,
    log_evidence_of_others,
    percentile,
)
from legache.inference.subsets import encoded_states, log_evidence_of
from legache.inference.weights import Known

if TYPE_CHECKING:
    import pandas as pd

N_PEOPLE = 1000
SEED = 0
_RARE = 0.1
_HALF = 1.0  # bit
_NO_CONFLICT = 0.05  # bits: what is shown as 0.0
_LN2 = math.log(2)
_COLUMNS = (
    Figures("does not fit", "left"),
    Figures("said", "left"),
    Figures("by itself"),
    Figures("given the rest"),
    Figures("and the leading cause"),
    Figures("bits against it"),
)


@dataclass(frozen=True, slots=True)
class FittedFinding:
    """How probable what was said of a finding is; all given the complaint and the contexts.

    Attributes
    ----------
    id, label, kind, said
        The node, and what was said of it.
    by_itself
        P(what was said).
    given_rest
        P(what was said | everything else).
    given_leader
        P(what was said | everything else, the leading cause is responsible).  These three are
        None for evidence that was given as a likelihood: it has no probability.
    conflict
        log2 by_itself / given_rest, in bits: by how much the conflict would fall without it.
    misfit
        log2 by_itself / given_leader, in bits: how much the leading story speaks against it;
        None if there is no leading cause.
    fits
        Whether it fits the leading story.
    """

    id: str
    label: str
    kind: str
    said: str
    by_itself: float | None
    given_rest: float | None
    given_leader: float | None
    conflict: float
    misfit: float | None
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fit(Result):
    """How well the findings fit.  Made by `Diagnosis.fit`; immutable.

    Attributes
    ----------
    log_evidence
        Natural logarithm of the probability of all evidence.
    percentile
        Percentage of simulated patients whose answers are less probable; None if nothing but the
        complaint is known with certainty.
    n_simulated, seed
        Of the simulation.
    not_compared
        Ids of nodes that were told as likelihoods or as several possible states: the percentile
        leaves them out, for simulated patients answer with a state.
    conflict
        In bits; above 0 if the findings are less probable together than each by itself.
    leader, leader_label, p_leader
        The cause that is most probably responsible; None, empty and 0 if none can be.
    conflict_given_leader
        The conflict that is left if the leading cause is taken for granted; None without one.
    findings
        What is not a context; the worst fit first.
    provenance
        Version, priors, setting and evidence.
    """

    provenance: Mapping[str, object]
    log_evidence: float
    percentile: float | None
    n_simulated: int
    seed: int
    not_compared: tuple[str, ...]
    conflict: float
    leader: str | None
    leader_label: str
    p_leader: float
    conflict_given_leader: float | None
    findings: tuple[FittedFinding, ...]

    @property
    def misfits(self) -> tuple[FittedFinding, ...]:
        """Findings that do not fit the leading story, the worst first."""
        return tuple(row for row in self.findings if not row.fits)

    @property
    def table(self) -> pd.DataFrame:
        """One row for each finding, the worst fit first; the columns are those of a finding."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = [field.name for field in fields(FittedFinding)]
        rows = [[getattr(row, name) for name in names] for row in self.findings]
        table = pd.DataFrame(rows, columns=names).set_index("id").rename_axis("finding")
        numbers = ("by_itself", "given_rest", "given_leader", "conflict", "misfit")
        return table.astype(dict.fromkeys(numbers, float))

    def _lists(self) -> list[tuple[tuple[Figures, ...], Cells]]:
        return [(_COLUMNS, self._cells())]

    def _title(self) -> str:
        if self.leader is None:
            return "Fit of the findings: no listed cause can be responsible"
        return f"Fit of the findings; leading cause: {self.leader_label} ({percent(self.p_leader)})"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                row.label,
                row.said,
                _percent(row.by_itself),
                _percent(row.given_rest),
                _percent(row.given_leader),
                signed(row.misfit),
            )
            for row in self.misfits
        ]

    def _notes(self) -> list[str]:
        fitting = [] if self.misfits else ["Nothing that was said is at odds with it."]
        return [*fitting, *self._surprise(), *self._conflict(), DISCLAIMER]

    def _surprise(self) -> list[str]:
        left = ", ".join(self.not_compared)
        notes = [f"Not compared with simulated patients: {left}."] if left else []
        if self.percentile is None:
            return notes
        told = f"{self.percentile:.1f} % of {self.n_simulated:,} simulated patients"
        return [f"Surprise: {told} who were asked the same gave less probable answers.", *notes]

    def _conflict(self) -> list[str]:
        tells = "the findings support each other"
        if self.conflict > _NO_CONFLICT:
            tells = "the findings speak against each other"
        elif self.conflict >= -_NO_CONFLICT:
            tells = "the findings say nothing of each other"
        left = self.conflict_given_leader
        rest = "" if left is None else f" With the leading cause granted: {signed(left)} bits."
        return [f"Conflict: {signed(self.conflict)} bits; {tells}.{rest}"]


def fit_of(model: DiagnosticModel, given: Evidence) -> Fit:
    """How well the findings fit; see `Diagnosis.fit`."""
    likelihoods = known(model, given)
    if likelihoods[model.complaint] != PRESENT:
        message = f"{model.complaint}: fit compares patients who have it; say that it is present"
        raise EvidenceError(message)
    told = {name: likelihoods[name] for name in sorted(likelihoods) if name != model.complaint}
    observed = [name for name in told if model.nodes[name].kind != "context"]
    items: Known = tuple((name, told[name]) for name in observed)
    contexts = tuple((name, told[name]) for name in told if name not in observed)
    found = coherence(model.network, items, ((model.complaint, PRESENT), *contexts))
    leader = _leader(found)
    together = found.log_evidence - found.log_background
    conflict = (float(found.log_alone.sum()) - together) / _LN2 + 0.0
    percent_below, n_people = _surprise(model, told)
    p_leader = 0.0 if leader is None else float(found.responsible[leader])
    return Fit(
        provenance=provenance(model, given),
        log_evidence=found.log_evidence,
        percentile=percent_below,
        n_simulated=n_people,
        seed=SEED,
        not_compared=tuple(name for name in told if not _is_state(told[name])),
        conflict=conflict,
        leader=None if leader is None else model.cause_ids[leader],
        leader_label="" if leader is None else model.nodes[model.cause_ids[leader]].label,
        p_leader=p_leader,
        conflict_given_leader=None
        if leader is None
        else conflict + math.log2(float(found.background_responsible[leader]) / p_leader),
        findings=_findings(model, given, told, found, leader),
    )


def _is_state(likelihood: tuple[float, ...]) -> bool:
    return sorted(likelihood)[-2:] == [0.0, 1.0]


def _leader(found: Coherence) -> int | None:
    place = int(found.responsible.argmax())
    return place if found.responsible[place] > 0 else None


def _surprise(
    model: DiagnosticModel, told: Mapping[str, tuple[float, ...]]
) -> tuple[float | None, int]:
    """Percentage of simulated patients with less probable answers, and how many there are."""
    names = tuple(name for name, likelihood in told.items() if _is_state(likelihood))
    if not names:
        return None, 0
    network = model.network
    said = {model.complaint: PRESENT, **{name: told[name] for name in names}}
    codes, _ = encoded_states(network, said)
    own = float(log_evidence_of(network, codes[None])[0])
    others = log_evidence_of_others(
        network, model.complaint, tuple(said), n_people=N_PEOPLE, seed=SEED
    )
    return percentile(own, others), len(others)


def _findings(
    model: DiagnosticModel,
    given: Evidence,
    told: Mapping[str, tuple[float, ...]],
    found: Coherence,
    leader: int | None,
) -> tuple[FittedFinding, ...]:
    observed = [name for name in told if model.nodes[name].kind != "context"]
    rows = []
    for place, name in enumerate(observed):
        by_itself, rest = float(found.log_alone[place]), float(found.log_given_rest[place])
        led = math.nan if leader is None else float(found.log_given_cause[place, leader])
        misfit = None if math.isnan(led) else (by_itself - led) / _LN2 + 0.0
        is_certain = set(told[name]) <= {0.0, 1.0}
        shown = item(model, given, name)
        rows.append(
            FittedFinding(
                id=shown.id,
                label=shown.label,
                kind=shown.kind,
                said=shown.said,
                by_itself=_probability(by_itself) if is_certain else None,
                given_rest=_probability(rest) if is_certain else None,
                given_leader=_probability(led) if is_certain else None,
                conflict=(by_itself - rest) / _LN2 + 0.0,
                misfit=misfit,
                fits=_fits(misfit, led, is_certain=is_certain),
            )
        )
    return tuple(sorted(rows, key=_worst_first))


def _fits(misfit: float | None, log_given_leader: float, *, is_certain: bool) -> bool:
    if misfit is None:
        return True
    is_rare = is_certain and log_given_leader < math.log(_RARE)
    return misfit < _HALF and not (is_rare and misfit >= 0)


def _probability(log: float) -> float | None:
    """Probability from its logarithm; at most 1 but for rounding."""
    return None if math.isnan(log) else min(math.exp(log), 1.0)


def _worst_first(row: FittedFinding) -> tuple[bool, float, str]:
    misfit = row.conflict if row.misfit is None else row.misfit
    return (row.fits, -round(misfit, 9), row.id)


def _percent(probability: float | None) -> str:
    return "-" if probability is None else percent(probability)
