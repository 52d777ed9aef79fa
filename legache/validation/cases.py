"""Where do written cases rank their true cause?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from legache.diagnosis.differential import diagnose
from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError, LegacheError, did_you_mean, nearest

_MEMBERS = ("case_id", "age", "sex", "evidence", "tests", "truth")


@dataclass(frozen=True, slots=True)
class RankedCase:
    """Best rank of a true cause, by history alone and with the tests."""

    case_id: str
    by_history: int
    with_tests: int


def ranked_cases(model: DiagnosticModel, file: Path) -> tuple[RankedCase, ...]:
    """Rank the true causes of written cases.

    Parameters
    ----------
    model
    file
        One JSON object a line: ``case_id``, ``age``, ``sex``, ``evidence``, ``tests``, ``truth``.

    Raises
    ------
    EvidenceError
        A line is not such an object, or says what the network does not know.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            case = json.loads(line)
            patient = {"age": case["age"], "sex": case["sex"], **case["evidence"]}
            ranks = [
                best_rank(diagnose(model, said).ranking, case["truth"])
                for said in (patient, {**patient, **case["tests"]})
            ]
            found.append(RankedCase(case["case_id"], *ranks))
        except KeyError as error:
            message = f"{file.name}:{number}: no {error}; expected {', '.join(_MEMBERS)}"
            raise EvidenceError(message) from error
        except (ValueError, TypeError, LegacheError) as error:
            message = f"{file.name}:{number}: {error}"
            raise EvidenceError(message) from error
    return tuple(found)


def read_ranks(file: Path) -> dict[str, tuple[int, int]]:
    """Ranks that another version of the priors gave: case to rank by history, and with tests.

    Raises
    ------
    EvidenceError
        The file is not such a JSON object.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {str(case): (int(history), int(tests)) for case, (history, tests) in found.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        message = f"{file.name}: {error}"
        raise EvidenceError(message) from error


def best_rank(ranking: Sequence[str], causes: Sequence[str]) -> int:
    """Rank of the first of some causes, counted from 1.

    Raises
    ------
    EvidenceError
        There is none, or one that is not ranked.

    Examples
    --------
    >>> best_rank(["sciatica", "claudication", "gout"], ["gout", "claudication"])
    2
    """
    if not causes:
        message = "expected at least one true cause"
        raise EvidenceError(message)
    for cause in causes:
        if cause not in ranking:
            suggestions = nearest(cause, ranking)
            message = f"unknown cause {cause!r}{did_you_mean(suggestions, 'see nodes.csv')}"
            raise EvidenceError(message, suggestions)
    return 1 + min(ranking.index(cause) for cause in causes)


def accuracy(ranks: list[int], within: int) -> float:
    """Share of ranks that are at most `within`.

    Examples
    --------
    >>> accuracy([1, 2, 7, 1], 3)
    0.75
    """
    return sum(rank <= within for rank in ranks) / len(ranks)
