"""Which command was given, and how does it end?

Exit status 0: done.  1: ``check`` found problems.  2: bad input or usage.  130: an interview was
interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from legache.cli.check import check
from legache.cli.derive import derive
from legache.cli.describe import describe_folder
from legache.cli.diagnose import diagnose
from legache.cli.diff import diff
from legache.cli.interview import interview
from legache.cli.nodes import nodes
from legache.cli.validate import validate
from legache.errors import EvidenceError, LegacheError
from legache.version import __version__

BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is one ``--help`` away."""

    def error(self, message: str) -> NoReturn:
        raise EvidenceError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    try:
        known, rest = _parser().parse_known_args(arguments)
        status: int = known.run(known, rest)
        sys.stdout.flush()
    except LegacheError as error:
        print(f"legache: {error}", file=sys.stderr)  # noqa: T201 - the command's own output
        return BAD_INPUT
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="legache", description=__doc__, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"legache {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    asked = commands.add_parser(
        "diagnose",
        help="rank the causes of the complaint",
        allow_abbrev=False,
        usage=(
            "legache diagnose [FILE] [--ID [VALUE]] [--no-ID] [--setting NAME] [--json] "
            "[--priors FOLDER]"
        ),
        description=(
            "Evidence comes from FILE, a JSON object of node ids and values ('-' for standard "
            "input), and from options, with the shipped priors for instance --worse-at-night, "
            "--no-fever, --age 67, --sex female, --duration over_3_months, "
            "--potassium low,very_low. `legache nodes` lists the ids."
        ),
    )
    asked.add_argument("--setting", help="who is asking: a setting of the priors")
    asked.add_argument("--json", action="store_true", help="print everything as JSON")
    asked.set_defaults(run=diagnose)
    interviewed = commands.add_parser(
        "interview",
        help="ask one question at a time",
        allow_abbrev=False,
        usage=(
            "legache interview [FILE] [--ID [VALUE]] [--no-ID] [--save FILE] [--setting NAME] "
            "[--tests] [--cost KIND] [--priors FOLDER]\n"
            "       legache interview --resume FILE [--priors FOLDER]"
        ),
        description=(
            "What is known already comes as for `legache diagnose`. With --save every answer is "
            "kept at once, so that --resume goes on wherever the interview was left."
        ),
    )
    interviewed.add_argument("--save", metavar="FILE", help="keep the answers in this new file")
    interviewed.add_argument("--resume", metavar="FILE", help="go on with what was kept there")
    interviewed.add_argument("--setting", help="who is asking: a setting of the priors")
    interviewed.add_argument("--tests", action="store_true", help="ask for test results, too")
    interviewed.add_argument(
        "--cost",
        choices=("minutes", "money", "discomfort"),
        help="ask by information per unit of it",
    )
    interviewed.set_defaults(run=interview)
    listed = commands.add_parser("nodes", help="list what can be said", allow_abbrev=False)
    listed.add_argument("word", nargs="?", default="", help="only nodes that contain this")
    listed.set_defaults(run=nodes)
    checked = commands.add_parser("check", help="validate a priors folder", allow_abbrev=False)
    checked.add_argument("folder", nargs="?", help="the shipped priors if left out")
    checked.set_defaults(run=check)
    computed = commands.add_parser(
        "derive", help="compute the numbers anew from the claims", allow_abbrev=False
    )
    computed.add_argument("folder", help="a priors folder")
    computed.set_defaults(run=derive)
    compared = commands.add_parser(
        "diff", help="compare two priors folders, number by number", allow_abbrev=False
    )
    compared.add_argument("old", help="a priors folder")
    compared.add_argument("new", nargs="?", help="another; the shipped priors if left out")
    compared.set_defaults(run=diff)
    validated = commands.add_parser(
        "validate", help="compare the network with what has been published", allow_abbrev=False
    )
    validated.add_argument("folder", nargs="?", help="the shipped priors if left out")
    validated.add_argument("--out", required=True, metavar="FOLDER", help="of the report")
    validated.add_argument("--cases", metavar="FILE", help="written cases, one JSON object a line")
    validated.add_argument("--before", metavar="FILE", help="their ranks with earlier priors, JSON")
    validated.add_argument(
        "--patients", type=int, default=100_000, metavar="N", help="to simulate: 100000 if left out"
    )
    validated.set_defaults(run=validate)
    described = commands.add_parser(
        "describe", help="rewrite datapackage.json after an edit", allow_abbrev=False
    )
    described.add_argument("folder", help="a priors folder")
    described.set_defaults(run=describe_folder)
    for command in (asked, interviewed, listed):
        command.add_argument("--priors", metavar="FOLDER", help="a priors folder of your own")
    return parser
