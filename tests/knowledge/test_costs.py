"""Does the table of costs name every question, and say where it is wrong?"""

from __future__ import annotations

from pathlib import Path

import pytest

from legache import KnowledgeError
from legache.cli import main
from legache.knowledge.loading import load_knowledge, shipped_folder
from legache.knowledge.records import Knowledge
from legache.knowledge.supplements import costs_of
from tests.knowledge.folders import TINY, tiny_copy

COSTS = (TINY / "costs.csv").read_bytes()


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return load_knowledge(shipped_folder())


def test_every_context_finding_and_test_has_a_cost(shipped: Knowledge) -> None:
    asked = {n.id for n in shipped.nodes if n.kind != "cause" and n.group != "complaint"}

    assert set(costs_of(shipped)) == asked


def test_a_plain_question_costs_less_than_any_test(shipped: Knowledge) -> None:
    costs = costs_of(shipped)
    tests = [costs[node.id] for node in shipped.nodes if node.kind == "test"]

    assert costs["fever"].minutes < min(row.minutes for row in tests)
    assert costs["fever"].money < min(row.money for row in tests)
    assert costs["fever"].discomfort < min(row.discomfort for row in tests)


def test_what_is_judged_says_why_and_what_is_not_names_its_source(shipped: Knowledge) -> None:
    rows = costs_of(shipped).values()

    assert [row.node for row in rows if not row.note] == []
    assert [row.node for row in rows if row.grade != "elicited" and not row.sources] == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"smoking,", b"smokin,", r"costs\.csv:6: node: unknown context, finding or test 'smokin'"),
        (
            b"smoking,0.25,1,0.1,elicited,,Judged\n",
            b"",
            r"costs\.csv:1: no row for smoking; add it",
        ),
        (b"beta2010", b"beta2011", r"costs\.csv:3: sources: unknown source 'beta2011'"),
        (b"15,15,2", b"15,0,2", r"costs\.csv:3: money: "),
        (b"15,15,2", b"15,15,11", r"costs\.csv:3: discomfort: "),
        (b"15,15,2", b"-1,15,2", r"costs\.csv:3: minutes: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: bytes, new: bytes, problem: str
) -> None:
    knowledge = load_knowledge(tiny_copy(tmp_path, costs=COSTS.replace(old, new)))

    with pytest.raises(KnowledgeError, match=problem):
        costs_of(knowledge)


def test_the_complaint_may_have_a_cost(tmp_path: Path) -> None:
    row = b"leg_ache,1,1,1,elicited,,Judged\n"
    knowledge = load_knowledge(tiny_copy(tmp_path, costs=COSTS + row))

    assert costs_of(knowledge)["leg_ache"].minutes == 1


def test_check_reports_a_wrong_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tiny_copy(tmp_path, costs=COSTS.replace(b"15,15,2", b"15,0,2"))

    assert main(["check", str(folder)]) == 1
    assert "costs.csv:3: money" in capsys.readouterr().out


def test_check_needs_no_costs(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "costs.csv").unlink()

    assert main(["check", str(folder)]) == 0
