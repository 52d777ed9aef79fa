"""Are changed numbers and moved answers told, and only those?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from legache.curation.difference import changed_numbers, evidence_of, moved_posteriors
from legache.diagnosis.differential import diagnose
from legache.diagnosis.model import DiagnosticModel
from legache.errors import EvidenceError
from legache.knowledge.records import Place, Presentation
from tests.curation.folders import curated, edited, knowledge_of, model_of


def _presentation(evidence: str) -> Presentation:
    return Presentation(
        id="one", causes=("vein_clot",), evidence=evidence, place=Place("presentations.csv", 7)
    )


@pytest.fixture(scope="module")
def old() -> DiagnosticModel:
    return model_of(curated())


@pytest.fixture(scope="module")
def new() -> DiagnosticModel:
    return model_of(edited(curated(), "links.csv", 8, value="0.35", low="0.2"))


def test_a_folder_differs_from_itself_in_nothing(old: DiagnosticModel) -> None:
    assert changed_numbers(old.knowledge, old.knowledge) == ()
    assert moved_posteriors(old, model_of(curated())) == ()


def test_a_changed_number_is_told_with_its_file_and_key(
    old: DiagnosticModel, new: DiagnosticModel
) -> None:
    (change,) = changed_numbers(old.knowledge, new.knowledge)
    assert (change.table, change.key) == ("links.csv", "vein_clot/swelling/present")
    assert (change.old, change.new) == (0.7, 0.35)


def test_a_number_of_one_folder_only_has_none_in_the_other() -> None:
    before = knowledge_of(curated())
    after = replace(before, risk_factors=before.risk_factors[1:])
    (gone,) = changed_numbers(before, after)
    (come,) = changed_numbers(after, before)
    assert (gone.key, gone.old, gone.new) == ("narrow_artery/vein_clot", 2, None)
    assert (come.old, come.new) == (None, 2)


def test_moved_posteriors_are_those_of_diagnose(old: DiagnosticModel, new: DiagnosticModel) -> None:
    said = {"age": 70, "sex": "female", "swelling": True, "d_dimer_raised": True}
    before, after = diagnose(old, said), diagnose(new, said)
    moved = {item.cause: item for item in moved_posteriors(old, new) if item.presentation == "clot"}
    place = old.cause_ids.index("vein_clot")
    assert moved["vein_clot"].old == before.answer.responsible[place]
    assert moved["vein_clot"].new == after.answer.responsible[place]
    assert moved["vein_clot"].old_leader == before.ranking[0]
    assert moved["vein_clot"].new_leader == after.ranking[0]


def test_the_farthest_comes_first_and_small_moves_are_left_out(
    old: DiagnosticModel, new: DiagnosticModel
) -> None:
    every = moved_posteriors(old, new, at_least=0.0)
    assert len(every) == 4
    sizes = [abs(item.new - item.old) for item in every]
    assert sizes == sorted(sizes, reverse=True)
    assert moved_posteriors(old, new, at_least=sizes[0]) == every[:1]
    assert moved_posteriors(old, new, at_least=1.0) == ()


def test_evidence_is_read_as_diagnose_takes_it() -> None:
    said = evidence_of(_presentation("age=70.5;a=present;b=absent;c=mild|severe;d=mild"))
    assert said == {"age": 70.5, "a": True, "b": False, "c": ["mild", "severe"], "d": "mild"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swelling", "'swelling'; expected node=state, once for each node"),
        ("swelling=present;", "''; expected node=state"),
        ("swelling=present;swelling=absent", "'swelling=absent'; expected node=state, once"),
        ("age=old", "'old' is not a decimal number"),
        ("age=nan", "'nan' is not a decimal number"),
        ("age=", "'' is not a decimal number"),
    ],
)
def test_a_part_that_cannot_be_read_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(EvidenceError, match=rf"^presentations.csv:7: evidence: {said}"):
        evidence_of(_presentation(text))


def test_a_presentation_of_an_unknown_node_is_told_with_its_line(old: DiagnosticModel) -> None:
    other = model_of(edited(curated(), "presentations.csv", 3, evidence="sweling=present"))
    with pytest.raises(
        EvidenceError, match=r"presentations.csv:3: evidence: .*did you mean"
    ) as found:
        moved_posteriors(old, other)
    assert found.value.suggestions == ("swelling",)
