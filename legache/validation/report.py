"""What does the validation report say?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from legache.diagnosis.differential import DISCLAIMER
from legache.diagnosis.model import DiagnosticModel
from legache.validation import plots
from legache.validation.calibration import Calibration, calibration
from legache.validation.cases import RankedCase, ranked_cases
from legache.validation.comparisons import Comparison, comparisons
from legache.validation.influence import Influence, influences
from legache.validation.leave_one_out import LeftOut, leave_one_source_out
from legache.validation.strata import Stratum, strata

NAME = "report.md"
_N_WORST = 10
_N_INFLUENTIAL = 40
_N_SOURCES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Everything that the report shows.

    Attributes
    ----------
    cases
        Empty if no file of written cases was given.
    """

    model: DiagnosticModel
    strata: tuple[Stratum, ...]
    comparisons: tuple[Comparison, ...]
    calibration: Calibration
    influences: tuple[Influence, ...]
    left_out: tuple[LeftOut, ...]
    cases: tuple[RankedCase, ...]


def validate(
    model: DiagnosticModel, *, cases: Path | None = None, n_patients: int = 100_000
) -> Validation:
    """Compare a network with what has been published, and with its own patients.

    Parameters
    ----------
    model
    cases
        File of written cases; see `ranked_cases`.
    n_patients
        Simulated patients for the calibration.

    Notes
    -----
    Takes about ten minutes: some 2,000 networks are built for the influence of each number, and
    one for each source that is left out.
    """
    return Validation(
        model=model,
        strata=strata(model),
        comparisons=comparisons(model),
        calibration=calibration(model.network, model.complaint, n_patients=n_patients),
        influences=influences(model.knowledge, model.setting, model.complaint),
        left_out=leave_one_source_out(model),
        cases=ranked_cases(model, cases) if cases else (),
    )


def write(validation: Validation, folder: Path) -> Path:
    """Write the report and its plots into a folder; return the path of the report."""
    folder.mkdir(parents=True, exist_ok=True)
    plots.published_against_model(validation.comparisons, folder / "held_back.svg")
    plots.reliability(validation.calibration, folder / "calibration.svg")
    plots.grades(validation.model.knowledge, validation.influences, folder / "grades.svg")
    path = folder / NAME
    path.write_text(text(validation), encoding="utf-8")
    return path


def text(validation: Validation) -> str:
    """Report in Markdown."""
    package, digest = validation.model.knowledge.package, validation.model.knowledge.digest
    parts = [
        f"# Validation of {package.name} {package.version}",
        f"Checksum {digest[:12]}, setting {validation.model.setting}. {DISCLAIMER}",
        *_held_back(validation.comparisons),
        *_conditional(validation.comparisons),
        *_prevalence(validation.strata),
        *_presentations(validation.model),
        *_cases(validation.cases),
        *_calibrated(validation.calibration, validation.model),
        *_influential(validation),
        *_sources(validation.left_out),
    ]
    return "\n\n".join(parts) + "\n"
