"""``legache check``: is this priors folder sound, and how good is its evidence?"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from tabulate import tabulate

from legache.cli.arguments import refuse_words
from legache.curation.lint import Lint, lint
from legache.curation.recompute import figures_of
from legache.errors import KnowledgeError
from legache.knowledge.loading import naming, read_folder, shipped_folder
from legache.knowledge.records import Claim, Cost, Figure, Grade, GuidanceKind, Knowledge
from legache.knowledge.supplements import costs_of
from legache.library import load

FOUND_PROBLEMS = 1


def check(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Print every problem of a folder, or what it holds."""
    refuse_words(words)
    folder = shipped_folder() if options.folder is None else Path(options.folder)
    try:
        model = load(options.folder).model
        if Cost.FILE in model.knowledge.supplements:
            costs_of(model.knowledge)
        with naming(folder):
            found = _lint(model.knowledge, folder)
    except KnowledgeError as error:
        print(error)  # noqa: T201 - the command's output
        return FOUND_PROBLEMS
    package = model.knowledge.package
    verdict = "problems, listed below" if found.problems else "sound"
    print(f"{package.name} {package.version}: {verdict}\nsha256 {model.knowledge.digest}\n")  # noqa: T201
    print(grade_table(model.knowledge))  # noqa: T201 - the command's output
    print(f"\n{statement_table(model.knowledge)}")  # noqa: T201 - the command's output
    for line in found.problems:
        print(f"{folder}/{line}")  # noqa: T201 - the command's output
    for line in found.suspicions:
        print(f"suspicious: {folder}/{line}")  # noqa: T201 - the command's output
    for link in model.floored:
        print(  # noqa: T201 - the command's output
            f"floored: {link.cause} -> {link.node}: rate {link.rate:g} is below the "
            f"background {link.background:.2g}; the link has no strength there"
        )
    return FOUND_PROBLEMS if found.problems else 0


def _lint(knowledge: Knowledge, folder: Path) -> Lint:
    """What is wrong with the claims; nothing, where a folder has none and names none."""
    rests_on_claims = any(row.claims or row.derivation for row in figures_of(knowledge))
    if Claim.FILE not in knowledge.supplements and not rests_on_claims:
        return Lint((), ())
    return lint(knowledge, read_folder(folder))


def grade_table(knowledge: Knowledge) -> str:
    """How many numbers of each file have each grade."""
    tables: dict[str, tuple[Figure, ...]] = {
        "prevalence.csv": knowledge.prevalence,
        "risk_factors.csv": knowledge.risk_factors,
        "links.csv": knowledge.links,
        "complaint.csv": knowledge.complaints,
        "background.csv": knowledge.background,
    }
    counts = {name: Counter(row.grade for row in rows) for name, rows in tables.items()}
    counts["all"] = Counter(row.grade for rows in tables.values() for row in rows)
    return _counted("file", counts)


def statement_table(knowledge: Knowledge) -> str:
    """How many statements on urgency, red flags and what to do have each grade."""
    counts = {
        "urgency.csv": Counter(row.grade for row in knowledge.urgency),
        "red_flags.csv": Counter(row.grade for row in knowledge.red_flags),
    }
    for kind in get_args(GuidanceKind):
        rows = [row for row in knowledge.guidance if row.kind == kind]
        counts[f"guidance.csv: {kind}"] = Counter(row.grade for row in rows)
    return _counted("statements", counts)


def _counted(head: str, counts: Mapping[str, Counter[Grade]]) -> str:
    grades = get_args(get_args(Grade)[0])
    rows = [
        (name, *(count[grade] for grade in grades), count.total()) for name, count in counts.items()
    ]
    return tabulate(rows, headers=(head, *grades, "total"), tablefmt="github")
