"""``legache nodes``: what can be said of a patient?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tabulate import tabulate

from legache.cli.arguments import refuse_words
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.knowledge.records import Node
from legache.library import load


def nodes(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Print ids, questions and states of the nodes that contain a word."""
    refuse_words(words)
    known = load(options.priors).model.nodes
    word = options.word.lower()
    found = [node for node in known.values() if word in _text(node)]
    if not found:
        suggestions = nearest(word[:64], known)
        hint = did_you_mean(suggestions, "try a shorter word")
        message = f"no node contains {options.word[:64]!r}{hint}"
        raise EvidenceError(message, suggestions)
    order = {"context": 0, "finding": 1, "test": 2, "cause": 3}
    found.sort(key=lambda node: (order[node.kind], node.id))
    rows = [(node.kind, node.id, node.question or node.label, _states(node)) for node in found]
    headers = ("kind", "id", "question", "values")
    print(  # noqa: T201 - the command's output
        tabulate(rows, headers=headers, maxcolwidths=[None, None, 60, 24], disable_numparse=True)
    )
    return 0


def _text(node: Node) -> str:
    return " ".join((node.id, node.label, node.question or "", node.group, node.kind)).lower()


def _states(node: Node) -> str:
    return "yes, no" if node.states == ("absent", "present") else ", ".join(node.states)
