"""``legache diagnose``: which causes are probable?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from legache.cli.arguments import evidence_of
from legache.library import load


def diagnose(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Print the differential for the evidence on the command line."""
    network = load(options.priors)
    if options.setting is not None:
        network = network.in_setting(options.setting)
    diagnosis = network.diagnose(evidence_of(words, network.model.nodes))
    print(diagnosis.to_json() if options.json else diagnosis)  # noqa: T201 - the command's output
    return 0
