"""``legache validate``: does the network say what has been published?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from legache.cli.arguments import refuse_words
from legache.library import load
from legache.validation.report import validate as validated
from legache.validation.report import write


def validate(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Write a report with tables and plots."""
    refuse_words(words)
    cases = None if options.cases is None else Path(options.cases)
    before = None if options.before is None else Path(options.before)
    model = load(options.folder).model
    found = validated(model, cases=cases, before=before, n_patients=options.patients)
    print(write(found, Path(options.out)))  # noqa: T201 - the command's output
    return 0
