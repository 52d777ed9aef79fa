"""``legache derive``: compute the numbers of a folder anew from its claims."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from legache.cli.arguments import refuse_words
from legache.curation.recompute import recomputed
from legache.knowledge.loading import load_knowledge, read_folder


def derive(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Rewrite every number that has a derivation."""
    refuse_words(words)
    folder = Path(options.folder)
    contents = read_folder(folder)
    for name, content in recomputed(load_knowledge(folder), contents).items():
        if content != contents[name]:
            (folder / name).write_bytes(content)
            print(f"{name}: rewritten")  # noqa: T201 - the command's output
    return 0
