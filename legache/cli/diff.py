"""``legache diff``: what does another version of the priors change?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tabulate import tabulate

from legache.cli.arguments import refuse_words
from legache.curation.difference import MovedPosterior, changed_numbers, moved_posteriors
from legache.library import load


def diff(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Print changed numbers, and the answers to textbook presentations that moved."""
    refuse_words(words)
    new = load(options.new).model
    old = load(options.old).in_setting(new.setting).model
    numbers = changed_numbers(old.knowledge, new.knowledge)
    print(f"{len(numbers)} numbers differ.\n")  # noqa: T201 - the command's output
    _print(
        [(item.table, item.key, item.old, item.new) for item in numbers],
        ("file", "row", "old", "new"),
    )
    moved = moved_posteriors(old, new)
    n_presentations = len({item.presentation for item in moved})
    print(  # noqa: T201 - the command's output
        f"{len(moved)} posteriors of {n_presentations} presentations moved by 0.01 or more "
        f"(P(responsible), setting {new.setting}).\n"
    )
    _print(
        [(item.presentation, item.cause, item.old, item.new, _leaders(item)) for item in moved],
        ("presentation", "cause", "old", "new", "leading cause"),
    )
    return 0


def _leaders(item: MovedPosterior) -> str:
    if item.old_leader == item.new_leader:
        return item.new_leader
    return f"{item.old_leader} -> {item.new_leader}"


def _print(rows: list[tuple[object, ...]], headers: tuple[str, ...]) -> None:
    if rows:
        print(tabulate(rows, headers=headers, floatfmt=".4g"), "\n")  # noqa: T201 - the output
