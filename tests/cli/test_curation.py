"""What do the curator's commands print, write, and how do they end?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import legache
from legache.cli import main
from legache.knowledge.supplements import claims_of
from tests.curation.folders import Contents, curated, edited, rows_of, with_claim, written
from tests.curation.folders import claim as claim_of
from tests.knowledge.folders import TINY


def _read(folder: Path) -> Contents:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_check_calls_a_folder_with_claims_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(written(tmp_path, curated()))]) == 0
    assert "tiny-priors 0.0.1: sound" in capsys.readouterr().out


def test_check_asks_no_claims_of_a_folder_without_any(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(TINY)]) == 0
    assert "sound" in capsys.readouterr().out


def test_check_finds_a_number_that_was_edited_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, edited(curated(), "risk_factors.csv", 3, value="3.5"))
    assert main(["check", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert f"{folder}/risk_factors.csv:3: value: 3.5, but its claims give 3; run" in printed
    assert "sound" not in printed
    assert "problems, listed below" in printed


def test_check_tells_what_is_only_suspicious_and_ends_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, edited(curated(), "claims.csv", 8, low="0.79", high="0.81"))
    main(["derive", str(folder)])
    assert main(["check", str(folder)]) == 0
    assert f"suspicious: {folder}/claims.csv:8: low: an interval" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["claims.csv", "searches.csv"])
def test_check_finds_a_table_of_claims_that_cannot_be_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, {**curated(), name: b"nothing\n"})
    assert main(["check", str(folder)]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{folder}/{name}:1: unknown column 'nothing'")
    assert printed.err == ""


def test_check_finds_derivations_without_any_claims(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = ("claims", "held_back", "searches", "presentations")
    bare = {name: content for name, content in curated().items() if Path(name).stem not in tables}
    assert main(["check", str(written(tmp_path, bare))]) == 1
    assert (
        "links.csv:4: claims: unknown claim 'se1'; add it to claims.csv" in capsys.readouterr().out
    )


def test_derive_mends_what_was_edited_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, edited(curated(), "risk_factors.csv", 3, value="3.5"))
    assert main(["derive", str(folder)]) == 0
    assert capsys.readouterr().out == "risk_factors.csv: rewritten\n"
    assert _read(folder) == dict(sorted(curated().items()))


def test_derive_touches_no_file_in_which_nothing_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, curated())
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert main(["derive", str(folder)]) == 0
    assert capsys.readouterr().out == ""
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("derivation", "said"),
    [
        ("pool(se1)", "links.csv:4: derivation: pool: expected at least two claims"),
        ("inc", "links.csv:4: derivation: inc is 3; expected a probability"),
        ("__import__", "links.csv:4: derivation: unknown claim '__import__'"),
    ],
)
def test_derive_refuses_what_it_cannot_compute_and_writes_nothing(
    derivation: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = edited(curated(), "links.csv", 4, derivation=derivation)
    folder = written(tmp_path, edited(contents, "claims.csv", 4, value="3"))
    before = _read(folder)
    assert main(["derive", str(folder)]) == 2
    assert f"legache: {folder}/{said}" in capsys.readouterr().err
    assert _read(folder) == before


def test_derive_refuses_numbers_with_which_the_folder_would_not_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = with_claim(curated(), claim_of("mild", "sensitivity", 0.9, low=0.8, high=0.95))
    folder = written(tmp_path, edited(contents, "links.csv", 2, derivation="mild"))
    before = _read(folder)
    assert main(["derive", str(folder)]) == 2
    assert "narrow_artery -> pain_severity: states sum to 1.2" in capsys.readouterr().err
    assert _read(folder) == before


def test_derive_needs_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert main(["derive", str(tmp_path), "more"]) == 2


def test_without_statsmodels_derive_names_the_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.stats.meta_analysis", None)
    folder = written(tmp_path, edited(curated(), "claims.csv", 2, use="anchor"))
    assert main(["derive", str(folder)]) == 2
    assert "python -m pip install 'legache[statsmodels]'" in capsys.readouterr().err


def test_diff_tells_numbers_and_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new").mkdir()
    old = written(tmp_path, curated())
    new = written(
        tmp_path / "new", edited(curated(), "links.csv", 8, value="0.07", low="0.05", high="0.1")
    )
    assert main(["diff", str(old), str(new)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("1 numbers differ.")
    assert "vein_clot/swelling/present" in printed
    assert "presentations moved by 0.01 or more (P(responsible), setting primary_care)" in printed
    assert " -> " in printed


def test_diff_of_the_same_folder_tells_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(written(tmp_path, curated()))
    assert main(["diff", folder, folder]) == 0
    printed = capsys.readouterr().out.split("\n\n")
    assert printed[0] == "0 numbers differ."
    assert printed[1].startswith("0 posteriors of 0 presentations moved")


def test_diff_asks_both_in_the_setting_of_the_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new").mkdir()
    survey = curated()["datapackage.json"].replace(b'"primary_care"', b'"survey"')
    old = written(tmp_path, curated())
    new = written(tmp_path / "new", {**curated(), "datapackage.json": survey})
    assert main(["diff", str(old), str(new)]) == 0
    assert "0 posteriors of 0 presentations moved by 0.01 or more (P(responsible), setting survey)" in capsys.readouterr().out  # fmt: skip


def test_diff_says_which_presentation_the_old_folder_does_not_understand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new").mkdir()
    old = written(tmp_path, curated())
    new = written(
        tmp_path / "new", edited(curated(), "presentations.csv", 2, evidence="sweling=present")
    )
    assert main(["diff", str(old), str(new)]) == 2
    assert "presentations.csv:2: evidence: " in capsys.readouterr().err


def test_a_network_without_a_source_says_so_and_keeps_its_setting(tmp_path: Path) -> None:
    network = legache.load(written(tmp_path, curated())).in_setting("survey")
    reduced = network.without("alpha2001")
    assert reduced.setting == "survey"
    assert "tiny-priors 0.0.1 without alpha2001" in repr(reduced)
    assert reduced.model.knowledge.digest != network.model.knowledge.digest
    assert "se1" not in claims_of(reduced.model.knowledge)
    assert "se1" in claims_of(network.model.knowledge)
    assert rows_of(curated(), "claims.csv")[5]["id"] == "se1"
