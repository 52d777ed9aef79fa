"""One fully described patient, and how the network ranks the written cases."""

from __future__ import annotations

import textwrap

from tabulate import tabulate

from benchmarks.cases import FILE, RankedCase, diagnose, rank_all, read_cases

_PATIENT = "v080"


def main() -> None:
    cases = read_cases()
    patient = next(case for case in cases if case["case_id"] == _PATIENT)
    print("A PATIENT\n")
    print(textwrap.fill(f"{patient['sex']}, {patient['age']} years. {patient['summary']}", 96))
    said = ", ".join(_said(name, value) for name, value in patient["evidence"].items())
    print("\n" + textwrap.fill(f"Known: {said}.", 96) + "\n")
    print(diagnose(patient, with_tests=True))
    print(f"\n\nWRITTEN CASES ({FILE.name}): rank of the true cause by `responsible`\n")
    ranked = rank_all(cases)
    rows = [
        (case.case_id, case.truth, case.by_history, _tested(case), _also(case)) for case in ranked
    ]
    headers = ("case", "true cause", "by history", "with tests", "first, if another")
    print(tabulate(rows, headers=headers, disable_numparse=True, colalign=("left",) * 5))
    print()
    print(tabulate(_summary(ranked), headers=("", "top-1", "top-3"), floatfmt=".2f"))
    print("\nExam and report cases favour rarities: accuracy here is not accuracy in practice.")


def _said(name: str, value: object) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    states = value if isinstance(value, list) else [value]
    return f"{words}: {' or '.join(str(state).replace('_', ' ') for state in states)}"


def _tested(case: RankedCase) -> str:
    return str(case.with_tests) if case.n_tests else "-"


def _also(case: RankedCase) -> str:
    return "" if case.with_tests == 1 else case.first


def _summary(ranked: list[RankedCase]) -> list[tuple[str, float, float]]:
    history = [case.by_history for case in ranked]
    tested = [case.with_tests for case in ranked]
    return [
        (name, _share(ranks, 1), _share(ranks, 3))
        for name, ranks in (("by history", history), ("with tests", tested))
    ]


def _share(ranks: list[int], most: int) -> float:
    return sum(rank <= most for rank in ranks) / len(ranks)


if __name__ == "__main__":
    main()
