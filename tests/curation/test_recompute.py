"""Is every hand-edited number found, and does computing anew mend that and nothing else?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legache.curation.recompute import changes, recomputed
from legache.errors import KnowledgeError
from legache.knowledge.figures import key_of
from legache.knowledge.records import Claim
from tests.curation.folders import (
    CLAIMS,
    Contents,
    curated,
    edited,
    knowledge_of,
    line_of,
    rows_of,
    with_rows,
)
from tests.strategies import repeatable

POOLED = ("links.csv", 4)
WEEK = ("prevalence.csv", 16)


def _changes(contents: Contents) -> list[str]:
    return [str(change) for change in changes(knowledge_of(contents), contents)]


def test_the_example_rests_on_its_claims() -> None:
    contents = curated()
    rows = [row["derivation"] for name in ("links", "prevalence", "risk_factors", "background")
            for row in rows_of(contents, f"{name}.csv") if row["derivation"]]  # fmt: skip
    assert sorted(rows) == ["complement(sp1)", "or1", "pool(se1, se2)", "week(inc, dur)"]


def test_nothing_differs_and_no_byte_changes() -> None:
    contents = curated()
    assert _changes(contents) == []
    assert recomputed(knowledge_of(contents), contents) == contents


@pytest.mark.parametrize(
    ("name", "line", "column", "by_hand"),
    [
        (*POOLED, "value", "0.751"),
        (*POOLED, "low", "0.1"),
        (*POOLED, "high", "0.99"),
        (*POOLED, "grade", "study"),
        (*POOLED, "sources", "alpha2001"),
        (*POOLED, "claims", "se1"),
        (*POOLED, "claims", ""),
        (*WEEK, "incidence_per_1000_py", "1.001"),
        (*WEEK, "duration_days", "30.1"),
        (*WEEK, "value", "0.000102"),
        ("risk_factors.csv", 3, "value", "3.01"),
        ("risk_factors.csv", 3, "high", "4.6"),
        ("background.csv", 8, "low", "0"),
        ("claims.csv", 2, "use", "rejected"),
    ],
)
def test_a_cell_that_was_edited_by_hand_is_found_and_mended(
    name: str, line: int, column: str, by_hand: str
) -> None:
    good = curated()
    before = rows_of(good, name)[line - 2][column]
    bad = edited(good, name, line, **{column: by_hand})
    assert _changes(bad) == [
        (
            f"{name}:{line}: {column}: {by_hand or 'empty'}, but its claims give {before}; "
            "run `legache derive`, or change the derivation"
        )
    ]
    assert recomputed(knowledge_of(bad), bad) == good


@settings(repeatable, max_examples=9)
@given(st.integers(0, len(CLAIMS) - 1), st.floats(0.3, 0.9))
def test_computing_anew_twice_is_computing_anew_once(place: int, value: float) -> None:
    rows = rows_of(curated(), "claims.csv")
    text = f"{value:.2f}"
    contents = edited(curated(), "claims.csv", place + 2, value=text, low="", high="", numerator="")
    once = recomputed(knowledge_of(contents), contents)
    assert recomputed(knowledge_of(once), once) == once
    assert rows_of(once, "claims.csv")[place]["value"] == text
    assert len(rows_of(once, "claims.csv")) == len(rows)


def test_a_changed_claim_changes_the_numbers_that_rest_on_it_and_no_other() -> None:
    before = curated()
    line = line_of(before, "claims.csv", id="or1")
    contents = edited(before, "claims.csv", line, value="2.5")
    after = recomputed(knowledge_of(contents), contents)
    assert rows_of(after, "risk_factors.csv")[1]["value"] == "2.5"
    assert [name for name in after if after[name] != before[name]] == [
        "risk_factors.csv",
        "claims.csv",
    ]


def test_lines_that_do_not_differ_keep_their_quotes_and_windows_line_ends() -> None:
    good = curated()
    quoted = {
        **good,
        "links.csv": good["links.csv"]
        .replace(b"vein_clot,", b'"vein_clot",')
        .replace(b"\n", b"\r\n")
        .removesuffix(b"\r\n"),
    }
    header, *rest = quoted["links.csv"].split(b"\r\n")
    assert b'"vein_clot"' in rest[-1]
    value = rows_of(good, "links.csv")[2]["value"].encode()
    rest[2] = rest[2].replace(value, b"0.7", 1)
    bad = {**quoted, "links.csv": b"\r\n".join([header, *rest])}
    assert bad != quoted
    assert recomputed(knowledge_of(bad), bad) == quoted


def test_another_spelling_of_the_same_number_is_no_difference() -> None:
    contents = edited(curated(), "risk_factors.csv", 3, value="3.0", low="2e0")
    assert recomputed(knowledge_of(contents), contents) == contents


def test_more_claims_and_sources_than_those_of_the_derivation_may_stand_beside() -> None:
    good = curated()
    row = rows_of(good, "risk_factors.csv")[1]
    contents = edited(good, "risk_factors.csv", 3, claims="or1;spare", sources="alpha2001;beta2010")
    assert row["claims"] == "or1"
    assert [change.column for change in changes(knowledge_of(contents), contents)] == ["use"]


def test_use_follows_from_the_rows_that_name_a_claim() -> None:
    contents = curated()
    scrambled = with_rows(
        contents, Claim, [{**row, "use": "anchor"} for row in rows_of(contents, "claims.csv")]
    )
    again = recomputed(knowledge_of(scrambled), scrambled)
    assert {row["id"]: row["use"] for row in rows_of(again, "claims.csv")} == {
        "dur": "used",
        "held": "held_back",
        "inc": "used",
        "or1": "used",
        "se1": "used",
        "se2": "used",
        "seen": "anchor",
        "sp1": "used",
        "spare": "rejected",
    }


def test_every_derivation_that_cannot_be_evaluated_is_told_with_its_line() -> None:
    contents = edited(curated(), "links.csv", 4, derivation="pool(se1)")
    contents = edited(contents, "risk_factors.csv", 3, derivation="or11 / 0")
    with pytest.raises(KnowledgeError) as caught:
        recomputed(knowledge_of(contents), contents)
    assert [problem.partition("; ")[0] for problem in caught.value.problems] == [
        "risk_factors.csv:3: derivation: unknown claim 'or11'",
        (
            "links.csv:4: derivation: pool: expected at least two claims, all proportions, "
            "all ratios or all rates"
        ),
    ]


def test_a_folder_without_claims_has_no_number_to_compute() -> None:
    contents = curated()
    del contents["claims.csv"]
    with pytest.raises(KnowledgeError, match=r"links.csv:4: derivation: unknown claim 'se1'"):
        changes(knowledge_of(contents), contents)


def test_a_key_leaves_out_what_a_row_does_not_have() -> None:
    knowledge = knowledge_of(curated())
    assert key_of(knowledge.links[2]) == "narrow_artery/weak_pulse/present"
    assert key_of(knowledge.background[-1]) == "weak_pulse/present/leak"


def test_columns_that_state_what_a_number_was_computed_from_are_emptied_with_it() -> None:
    contents = edited(curated(), *WEEK, derivation="week(inc, dur) * 1")
    after = recomputed(knowledge_of(contents), contents)
    row = rows_of(after, WEEK[0])[WEEK[1] - 2]
    assert (row["incidence_per_1000_py"], row["duration_days"]) == ("", "")


def test_a_table_without_such_columns_takes_the_number_alone() -> None:
    contents = edited(curated(), "background.csv", 8, derivation="week(inc, dur)")
    after = recomputed(knowledge_of(contents), contents)
    assert rows_of(after, "background.csv")[6]["value"] == "0.000101"
