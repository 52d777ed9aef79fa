"""Run the measurements: ``python -m benchmarks [--quick] [--output FOLDER] [name ...]``."""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

from benchmarks import settings
from benchmarks.report import Scale, environment, keep, show

NAMES = (
    "accuracy",
    "cold",
    "one_patient",
    "what_if",
    "next_questions",
    "cohort",
    "draws",
    "doubts",
    "reasons",
    "work_up",
    "large",
    "promedus",
)
# two are long, the last is no measurement
_ON_REQUEST = ("interview", "coverage", "settings")
_OUTPUT = Path(__file__).resolve().parent / "results"


def main() -> None:
    arguments = _arguments()
    scale = Scale(is_quick=arguments.quick)
    print(", ".join(f"{name}: {value}" for name, value in environment().items()))
    for name in arguments.names or NAMES:
        if name == "settings":
            settings.main()
        else:
            _measure(name, scale, arguments.output)


def _measure(name: str, scale: Scale, output: Path) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    print(f"\n\n{module.QUESTION.upper()}")
    start = time.perf_counter()
    result = module.measure(scale)
    show(result)
    print(f"\n({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    keep(result, module.QUESTION, output / f"{name}.json")
    if hasattr(module, "draw"):
        try:
            module.draw(result, output)
        except ModuleNotFoundError as error:
            print(f"no plot: {error.name} is not installed")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        choices=(*NAMES, *_ON_REQUEST, []),
        metavar="name",
        help=f"what to measure, of {', '.join(NAMES)}; all of these if omitted; "
        "or interview, coverage",
    )
    parser.add_argument("--quick", action="store_true", help="small settings, for a first look")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
