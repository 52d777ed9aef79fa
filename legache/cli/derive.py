"""``legache derive``: compute the numbers of a folder anew from its claims."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from legache.cli.arguments import refuse_words
from legache.curation.recompute import recomputed
from legache.knowledge.loading import knowledge_from, load_knowledge, naming, read_folder


def derive(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Rewrite every number that has a derivation."""
    refuse_words(words)
    folder = Path(options.folder)
    knowledge = load_knowledge(folder)
    contents = read_folder(folder)
    with naming(folder):
        new = recomputed(knowledge, contents)
        knowledge_from(new)  # a folder that no longer loads could not be derived again
    for name, content in new.items():
        if content != contents[name]:
            (folder / name).write_bytes(content)
            print(f"{name}: rewritten")  # noqa: T201 - the command's output
    return 0
