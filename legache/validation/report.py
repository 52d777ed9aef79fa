"""What does the validation report say?"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tabulate import tabulate

from legache.curation.recompute import figures_of
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.text import DISCLAIMER
from legache.knowledge.figures import key_of
from legache.knowledge.records import Grade
from legache.knowledge.supplements import held_back_of, searches_of
from legache.validation import plots
from legache.validation.calibration import Calibration, calibration
from legache.validation.cases import RankedCase, accuracy, ranked_cases, read_ranks
from legache.validation.comparisons import Comparison, comparisons
from legache.validation.influence import Influence, influences, shares_by_grade
from legache.validation.leave_one_out import LeftOut, leave_one_source_out
from legache.validation.presentations import presentation_ranks
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
    ranks_before
        Of the same cases with an earlier version of the priors; empty if not given.
    """

    model: DiagnosticModel
    strata: tuple[Stratum, ...]
    comparisons: tuple[Comparison, ...]
    calibration: Calibration
    influences: tuple[Influence, ...]
    left_out: tuple[LeftOut, ...]
    cases: tuple[RankedCase, ...]
    ranks_before: Mapping[str, tuple[int, int]]


def validate(
    model: DiagnosticModel,
    *,
    cases: Path | None = None,
    before: Path | None = None,
    n_patients: int = 100_000,
) -> Validation:
    """Compare a network with what has been published, and with its own patients.

    Parameters
    ----------
    model
    cases
        File of written cases; see `ranked_cases`.
    before
        File of the ranks that an earlier version gave them; see `read_ranks`.
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
        ranks_before=read_ranks(before) if before else {},
    )


def write(validation: Validation, folder: Path) -> Path:
    """Write the report and its plots into a folder; return the path of the report."""
    folder.mkdir(parents=True, exist_ok=True)
    plots.published_against_model(validation.comparisons, folder / "held_back.png")
    plots.reliability(validation.calibration, folder / "calibration.png")
    plots.grades(
        _counted(validation.model), shares_by_grade(validation.influences), folder / "grades.png"
    )
    path = folder / NAME
    path.write_text(text(validation), encoding="utf-8")
    return path


def text(validation: Validation) -> str:
    """Report in Markdown."""
    package, digest = validation.model.knowledge.package, validation.model.knowledge.digest
    parts = [
        f"# Validation of {package.name} {package.version}",
        f"Checksum {digest[:12]}, setting {validation.model.setting}. {DISCLAIMER}",
        *_held_back(validation),
        *_prevalence(validation.strata),
        *_presentations(validation.model),
        *_cases(validation.cases, validation.ranks_before),
        *_calibrated(validation),
        *_influential(validation),
        *_sources(validation.left_out),
    ]
    return "\n\n".join(parts) + "\n"


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]], digits: str = ".3g") -> str:
    return tabulate(rows, headers=headers, tablefmt="github", floatfmt=digits, missingval="")


def _held_back(validation: Validation) -> list[str]:
    found = validation.comparisons
    if not found:
        return ["## Held-back claims", "None."]
    n_all = len(held_back_of(validation.model.knowledge))
    inside = [item.is_inside for item in found if item.is_inside is not None]
    worst = sorted(found, key=lambda item: -abs(item.difference))
    parts = [
        "## Held-back claims",
        (
            f"{n_all} claims were chosen before the numbers were set, and set none; "
            f"{n_all - len(found)} of them the network cannot express. For the other {len(found)} "
            "the "
            f"median absolute difference is {_median(found):.2f} in log odds (of ratios: in "
            "logarithms); "
            f"{sum(inside)} of {len(inside)} published intervals hold the network's figure."
        ),
        "![Published figures and the network's](held_back.png)",
        f"### The {_N_WORST} farthest",
        _table(_COMPARED, [_compared(item) for item in worst[:_N_WORST]]),
    ]
    for title, chosen in _kinds(found).items():
        if chosen:
            parts += [
                f"### {title}",
                f"{len(chosen)} claims; median absolute difference {_median(chosen):.2f}.",
                _table(_COMPARED, [_compared(item) for item in chosen]),
            ]
    return parts


_COMPARED = ("claim", "measure", "of", "given", "published", "network", "difference", "note")


def _compared(item: Comparison) -> tuple[object, ...]:
    given = (
        item.row.given if item.row.against is None else f"{item.row.given} v. {item.row.against}"
    )
    figures = (item.published, item.model, f"{item.difference:+.2f}")
    words = (item.claim.id, item.claim.measure, _spaced(item.row.target), _spaced(given))
    return (*words, *figures, item.row.note)


def _spaced(events: str) -> str:
    """Events that a narrow table may break."""
    return events.replace(";", "; ").replace("|", " or ")


def _median(found: Sequence[Comparison]) -> float:
    return statistics.median(abs(item.difference) for item in found)


def _kinds(found: Sequence[Comparison]) -> dict[str, list[Comparison]]:
    """Comparisons by what they try: one link, one risk factor, or several numbers together."""
    kinds: dict[str, list[Comparison]] = {
        "Sensitivity, specificity and likelihood ratios": [],
        "Risk factors": [],
        "Conditional probabilities that combine several numbers, and causes together": [],
    }
    links, factors, combined = kinds.values()
    for item in found:
        if item.claim.measure in _OF_LINKS and item.row.target.count("=") == 1:
            links.append(item)
        elif item.claim.measure in _OF_FACTORS:
            factors.append(item)
        else:
            combined.append(item)
    return kinds


_OF_LINKS = frozenset({"sensitivity", "specificity", "lr_positive", "lr_negative"})
_OF_FACTORS = frozenset({"odds_ratio", "relative_risk", "hazard_ratio"})


def _prevalence(found: Sequence[Stratum]) -> list[str]:
    largest = max(abs(item.difference) for item in found)
    rows = [
        (item.cause, item.age_band, item.sex, item.published, item.model, item.difference)
        for item in found
    ]
    headers = ("cause", "age", "sex", "published", "network", "difference")
    return [
        "## Prevalence by age and sex",
        (
            "Rows of prevalence.csv beside P(cause | age, sex) in the network; "
            f"the largest difference in log odds is {largest:.1g}."
        ),
        _table(headers, rows),
    ]


def _presentations(model: DiagnosticModel) -> list[str]:
    ranks = presentation_ranks(model)
    if not ranks:
        return []
    below = [(name, rank) for name, rank in ranks.items() if rank > 1]
    values = list(ranks.values())
    return [
        "## Textbook presentations",
        (
            f"{len(ranks)} presentations: their cause is first in {accuracy(values, 1):.0%} and "
            f"among the first three in {accuracy(values, 3):.0%}."
        ),
        *([_table(("not first", "rank"), below)] if below else []),
    ]


def _cases(found: Sequence[RankedCase], before: Mapping[str, tuple[int, int]]) -> list[str]:
    if not found:
        return []
    now = {item.case_id: (item.by_history, item.with_tests) for item in found}
    rows = []
    for title, ranks in (("before", before), ("now", now)):
        for place, told in enumerate(("by history", "with tests")) if ranks else ():
            column = [ranks[case][place] for case in ranks]
            rows.append((title, told, *(accuracy(column, n) for n in (1, 3, 5))))
    moved = [
        (case, *before[case], *ranks)
        for case, ranks in now.items()
        if case in before and before[case] != ranks
    ]
    headers = ("case", "history before", "tests before", "history now", "tests now")
    return [
        "## Written cases",
        (
            f"Rank of the true cause in {len(found)} cases. Cases that were written to teach "
            "favour rarities: this is not accuracy in practice, and no number was set by them."
        ),
        _table(("", "", "first", "first three", "first five"), rows, ".2f"),
        *([_table(headers, moved)] if moved else []),
    ]


def _calibrated(validation: Validation) -> list[str]:
    found, ids = validation.calibration, validation.model.cause_ids
    bins = zip(found.n, found.mean_stated, found.share_true, found.distances, strict=True)
    n_patients = int(found.n.sum() / len(ids))
    expected = found.share_responsible * n_patients >= _ENOUGH
    return [
        "## Calibration on simulated patients",
        (
            f"{n_patients:,} patients simulated from the network itself. This proves the code, not "
            "the medicine. A distance is in standard errors; the largest of a bin is "
            f"{found.distances.max():.1f}, and of a cause's mean posterior from its share (causes "
            f"with at least {_ENOUGH} patients) {found.cause_distances[expected].max():.1f}."
        ),
        "![Stated and true shares](calibration.png)",
        _table(
            ("pairs", "mean stated", "share true", "distance"),
            [(int(n), *rest) for n, *rest in bins],
            ".4f",
        ),
    ]


_ENOUGH = 50


def _influential(validation: Validation) -> list[str]:
    found = validation.influences
    total = sum(item.slope for item in found)
    counted, weighted = _counted(validation.model), shares_by_grade(found)
    grades = [(grade, share, weighted.get(grade, 0.0)) for grade, share in counted.items()]
    rows = [
        (item.row.FILE, key_of(item.row), item.row.value, item.row.grade, item.slope / total)
        for item in found[:_N_INFLUENTIAL]
    ]
    searches = searches_of(validation.model.knowledge)
    outcomes = Counter(search.outcome for search in searches)
    told = ", ".join(f"{name} {n}" for name, n in sorted(outcomes.items()))
    return [
        "## What the answers rest on",
        (
            "Influence: how much P(responsible) of all causes together moves, on average over "
            "simulated patients, with the log odds or the logarithm of a number."
        ),
        "![Grades](grades.png)",
        _table(("grade", "share of numbers", "share of influence"), grades),
        f"### The {_N_INFLUENTIAL} most influential numbers",
        _table(("file", "row", "value", "grade", "share of influence"), rows),
        f"{len(searches)} searches of the literature are recorded in searches.csv"
        + (f" ({told})." if told else "."),
    ]


def _counted(model: DiagnosticModel) -> dict[str, float]:
    """Share of all numbers that each grade has, best first."""
    counts = Counter(row.grade for row in figures_of(model.knowledge))
    grades = get_args(get_args(Grade)[0])
    return {grade: counts[grade] / counts.total() for grade in grades if counts[grade]}


def _sources(found: Sequence[LeftOut]) -> list[str]:
    rows = [
        (
            item.source,
            len(item.reduced.recomputed),
            len(item.reduced.neutral),
            item.moved.cause,
            item.moved.old,
            item.moved.new,
            ", ".join(item.new_leaders),
        )
        for item in found[:_N_SOURCES]
        if item.moved is not None
    ]
    headers = (
        "source",
        "recomputed",
        "neutral",
        "cause",
        "with",
        "without",
        "new leading cause in",
    )
    n_leaders = sum(bool(item.new_leaders) for item in found)
    return [
        "## Diagnoses that hang on one paper",
        (
            f"Each of {len(found)} sources was left out in turn. Without {n_leaders} of them "
            "another cause leads some textbook presentation. Below, the largest changes of "
            "P(responsible)."
        ),
        _table(headers, rows),
    ]
