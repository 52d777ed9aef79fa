"""Is everything told that is wrong with claims and with what rests on them?"""

from __future__ import annotations

from typing import Any

import pytest

from legache.curation.lint import lint
from legache.errors import KnowledgeError
from tests.curation.folders import Contents, curated, edited, knowledge_of, line_of, rows_of

PLACES = {row["id"]: number for number, row in enumerate(rows_of(curated(), "claims.csv"), start=2)}


def _problems(contents: Contents) -> tuple[str, ...]:
    return lint(knowledge_of(contents), contents).problems


def _suspicions(contents: Contents) -> tuple[str, ...]:
    return lint(knowledge_of(contents), contents).suspicions


def test_the_example_is_clean() -> None:
    contents = curated()
    assert lint(knowledge_of(contents), contents) == lint(knowledge_of(contents), contents)
    assert (_problems(contents), _suspicions(contents)) == ((), ())


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("se1", {"subject": "narow_artery"}, "subject: unknown node 'narow_artery'; did you mean 'narrow_artery'?"),
        ("se1", {"object": "pulse"}, "object: unknown node 'pulse'"),
        ("se1", {"source": "alpha2002"}, "source: unknown source 'alpha2002'; did you mean 'alpha2001'?"),
        ("se1", {"value": "1.2", "high": "1.3"}, "value: a proportion above 1; correct the row"),
        ("se1", {"high": "1.3"}, "value: a proportion above 1; correct the row"),
        ("se1", {"low": ""}, "low: give both limits of the interval, or neither"),
        ("se1", {"low": "0.75"}, "value: 0.7 is outside its interval"),
        ("se1", {"high": "0.65"}, "value: 0.7 is outside its interval"),
        ("se1", {"low": "0", "high": "0"}, "value: 0.7 is outside its interval"),
        ("spare", {"note": ""}, "note: no number rests on spare; say why"),
        ("se2", {"numerator": "60"}, "value: 0.8, but 60 of 100 is 0.6; correct one of them"),
        ("se2", {"value": "1", "numerator": "102"}, "value: 1, but 102 of 100 is 1.02; correct one of them"),
    ],
)  # fmt: skip
def test_an_impossible_claim_is_told_with_its_line(
    name: str, cells: dict[str, Any], said: str
) -> None:
    contents = edited(curated(), "claims.csv", PLACES[name], **cells)
    (problem,) = _problems(contents)
    assert problem.startswith(f"claims.csv:{PLACES[name]}: {said}")


def test_population_is_a_subject() -> None:
    contents = edited(curated(), "claims.csv", PLACES["spare"], subject="population")
    assert _problems(contents) == ()


@pytest.mark.parametrize(
    ("name", "line", "cells", "said"),
    [
        ("risk_factors.csv", 3, {"derivation": "or2"}, "claims: unknown claim 'or2'; did you mean 'or1'?"),
        ("links.csv", 8, {"claims": "seem"}, "claims: unknown claim 'seem'; did you mean 'seen'?"),
        ("links.csv", 8, {"derivation": "held"}, "claims: held is held back; it may set no number"),
        ("links.csv", 8, {"claims": "seen;held"}, "claims: held is held back; it may set no number"),
        ("links.csv", 8, {"claims": "", "derivation": "mean(se1, held)"}, "claims: held is held back; it may set no number"),
        ("held_back.csv", 2, {"claim": "helt"}, "claim: unknown claim 'helt'; did you mean 'held'?"),
        ("held_back.csv", 2, {"target": "vein_clod=present"}, "target: unknown node 'vein_clod'; did you mean 'vein_clot'?"),
        ("held_back.csv", 2, {"given": "vein_clot=here"}, "given: vein_clot: unknown state 'here'; expected absent, present, responsible"),
        ("held_back.csv", 2, {"against": "swelling=responsible"}, "against: swelling: unknown state 'responsible'; expected absent, present"),
        ("held_back.csv", 2, {"setting": "clinics"}, "setting: unknown setting 'clinics'"),
        ("presentations.csv", 3, {"evidence": "age=60;sweling=present"}, "evidence: unknown node 'sweling'; did you mean 'swelling'?"),
        ("links.csv", 2, {"grade": "study"}, "derivation: a number of grade study says how it follows from its claims; add it, or the grade is elicited"),
        ("searches.csv", 2, {"row": "vein_clot/swelling"}, "row: no row 'vein_clot/swelling' in links.csv; did you mean 'vein_clot/swelling/present'"),
        ("searches.csv", 2, {"table": "nodes.csv"}, "row: no row 'vein_clot/swelling/present' in nodes.csv; name a row by its key, with slashes"),
        ("searches.csv", 2, {"claims": "nobody"}, "claims: unknown claim 'nobody'; add it to claims.csv"),
        ("presentations.csv", 3, {"causes": "vein_clod"}, "causes: unknown cause 'vein_clod'; did you mean 'vein_clot'?"),
        ("links.csv", 4, {"value": "0.74"}, "value: 0.74, but its claims give 0."),
        ("links.csv", 4, {"derivation": "pool(se1)"}, "derivation: pool: expected at least two claims"),
        ("links.csv", 4, {"derivation": "lambda: 1"}, "derivation: derivation 'lambda: 1': ':' is not allowed"),
    ],
)  # fmt: skip
def test_a_row_that_rests_on_nothing_is_told_with_its_line(
    name: str, line: int, cells: dict[str, str], said: str
) -> None:
    problems = _problems(edited(curated(), name, line, **cells))
    assert problems[0].startswith(f"{name}:{line}: {said}")


def test_a_held_back_claim_that_sets_a_number_is_told_once() -> None:
    assert len(_problems(edited(curated(), "links.csv", 8, derivation="held"))) == 1


def test_a_source_that_nobody_cites_is_told() -> None:
    contents = curated()
    contents["sources.bib"] += b"@misc{omega1999,\n}\n"
    assert _problems(contents) == (
        "sources.bib:1: source 'omega1999' is cited by no row; remove it",
    )


def test_a_slip_elsewhere_does_not_hide_a_number_that_was_edited_by_hand() -> None:
    contents = edited(curated(), "links.csv", 4, value="0.74")
    contents["sources.bib"] += b"@misc{omega1999,\n}\n"
    assert [problem.split(":")[0] for problem in _problems(contents)] == [
        "links.csv",
        "sources.bib",
    ]


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        (
            "se2",
            {"low": "0.79", "high": "0.81"},
            "low: an interval of 0.02 is narrower than a sample of 100 allows, about 0.16",
        ),
        (
            "spare",
            {"measure": "odds_ratio", "subject": "smoking", "object": "narrow_artery", "value": "3", "source": "alpha2001"},
            "id: spare says what or1 says; keep one",
        ),
    ],
)  # fmt: skip
def test_a_suspicious_claim_is_told_with_its_line(
    name: str, cells: dict[str, str], said: str
) -> None:
    (suspicion,) = _suspicions(edited(curated(), "claims.csv", PLACES[name], **cells))
    assert suspicion.startswith(f"claims.csv:{PLACES[name]}: {said}")


@pytest.mark.parametrize("half", ["0.05", "0.1"])
def test_an_interval_of_half_the_binomial_width_is_not_suspicious(half: str) -> None:
    low, high = f"{0.8 - float(half):g}", f"{0.8 + float(half):g}"
    contents = edited(curated(), "claims.csv", PLACES["se2"], low=low, high=high)
    assert _suspicions(contents) == ()


def test_a_very_large_odds_ratio_is_suspicious_unless_judged() -> None:
    contents = edited(curated(), "risk_factors.csv", 3, value="31", high="40")
    assert _suspicions(contents) == (
        "risk_factors.csv:3: value: an odds ratio of 31 is very large; check it",
    )
    assert _suspicions(edited(contents, "risk_factors.csv", 3, grade="elicited")) == ()


@pytest.mark.parametrize(
    "name", ["claims.csv", "held_back.csv", "searches.csv", "presentations.csv"]
)
def test_a_table_that_cannot_be_read_is_an_error_with_its_file(name: str) -> None:
    contents = curated()
    contents[name] = b"id\n1\n"
    with pytest.raises(KnowledgeError, match=rf"^{name}:1: "):
        lint(knowledge_of(contents), contents)


def test_the_line_of_a_claim_is_found_by_its_cells() -> None:
    assert line_of(curated(), "claims.csv", id="se1") == PLACES["se1"]
