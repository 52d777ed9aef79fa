"""``legache check``: is this priors folder sound, and how good is its evidence?"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tabulate import tabulate

from legache.cli.arguments import refuse_words
from legache.curation.lint import Lint, lint
from legache.errors import KnowledgeError
from legache.knowledge.loading import read_folder, shipped_folder
from legache.knowledge.records import Figure, Grade, Knowledge
from legache.knowledge.supplements import claims_of
from legache.library import load

FOUND_PROBLEMS = 1


def check(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Print every problem of a folder, or what it holds."""
    refuse_words(words)
    try:
        model = load(options.folder).model
    except KnowledgeError as error:
        print(error)  # noqa: T201 - the command's output
        return FOUND_PROBLEMS
    package = model.knowledge.package
    print(f"{package.name} {package.version}: sound\nsha256 {model.knowledge.digest}\n")  # noqa: T201
    print(grade_table(model.knowledge))  # noqa: T201 - the command's output
    found = _lint(model.knowledge, options.folder)
    for line in (*found.problems, *(f"suspicious: {line}" for line in found.suspicions)):
        print(line)  # noqa: T201 - the command's output
    for link in model.floored:
        print(  # noqa: T201 - the command's output
            f"floored: {link.cause} -> {link.node}: rate {link.rate:g} is below the "
            f"background {link.background:.2g}; the link has no strength there"
        )
    return FOUND_PROBLEMS if found.problems else 0


def _lint(knowledge: Knowledge, name: str | None) -> Lint:
    """What is wrong with the claims; nothing, where a folder has none."""
    if not claims_of(knowledge):
        return Lint((), ())
    folder = shipped_folder() if name is None else Path(name)
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
    grades = get_args(get_args(Grade)[0])
    counts = {name: Counter(row.grade for row in rows) for name, rows in tables.items()}
    counts["all"] = Counter(row.grade for rows in tables.values() for row in rows)
    rows = [
        (name, *(count[grade] for grade in grades), count.total()) for name, count in counts.items()
    ]
    return tabulate(rows, headers=("file", *grades, "total"), tablefmt="github")
