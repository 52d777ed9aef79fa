"""``legache describe``: write what ``datapackage.json`` says of a folder's tables."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from legache.cli.arguments import refuse_words
from legache.knowledge.datapackage import NAME, describe
from legache.knowledge.loading import read_folder
from legache.knowledge.strict_json import parse_json


def describe_folder(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Rewrite schemas and checksums; what the folder says of itself stays."""
    refuse_words(words)
    folder = Path(options.folder)
    contents = read_folder(folder)
    said = parse_json(contents[NAME], NAME)
    (folder / NAME).write_text(describe(said, contents), encoding="utf-8")
    return 0
