"""Does a folder load as a whole, and is every one of its problems told with its place?"""

from __future__ import annotations

from pathlib import Path

import pytest

import legache
from legache.errors import KnowledgeError
from legache.knowledge.loading import knowledge_from, load_knowledge, read_folder
from tests.knowledge.folders import LINKS, TINY, tiny_copy


def test_the_tiny_folder_loads() -> None:
    assert repr(legache.load(TINY)) == (
        "<Network tiny-priors 0.0.1: 2 causes, 3 contexts, 4 findings, 1 tests; primary_care>"
    )


def test_the_tiny_folder_has_three_settings() -> None:
    assert sorted(legache.load(TINY).settings) == ["emergency", "primary_care", "survey"]


def test_the_order_of_rows_does_not_matter() -> None:
    contents = read_folder(TINY)
    header, *rows = contents["links.csv"].splitlines(keepends=True)
    turned = {**contents, "links.csv": b"".join([header, *reversed(rows)])}
    assert knowledge_from(turned).links == knowledge_from(contents).links


def test_windows_line_ends_do_not_matter() -> None:
    contents = read_folder(TINY)
    windows = {name: content.replace(b"\n", b"\r\n") for name, content in contents.items()}
    assert knowledge_from(windows).nodes == knowledge_from(contents).nodes


@pytest.mark.parametrize("name", sorted(path.name for path in TINY.iterdir()))
def test_one_changed_byte_changes_the_digest(name: str) -> None:
    contents = read_folder(TINY)
    spaced = contents[name].replace(b"\n", b"\r\n")
    assert knowledge_from({**contents, name: spaced}).digest != knowledge_from(contents).digest


def test_the_same_bytes_have_the_same_digest(tmp_path: Path) -> None:
    assert load_knowledge(tiny_copy(tmp_path)).digest == load_knowledge(TINY).digest


def test_every_problem_names_the_folder_the_file_and_the_line(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path, links=LINKS.replace(b"alpha2001", b"gamma2020"))
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        f"{folder}/links.csv:{line}" for line in range(2, 8)
    ]


def test_problems_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    guidance = (TINY / "guidance.csv").read_bytes()
    folder = tiny_copy(
        tmp_path,
        links=LINKS.replace(b",net,", b",nett,"),
        guidance=guidance.replace(b"self_care", b"self_car"),
    )
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        f"{folder}/links.csv:8",
        f"{folder}/guidance.csv:4",
    ]


def test_at_most_fifty_problems_are_told(tmp_path: Path) -> None:
    rows = b"".join(b"vein_clot,swelling,s%d,x,0,1,net,,,study,alpha2001,\n" % n for n in range(60))
    folder = tiny_copy(tmp_path, links=LINKS + rows)
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert len(caught.value.problems) == 51


def test_problems_that_are_not_told_are_counted(tmp_path: Path) -> None:
    rows = b"".join(b"vein_clot,swelling,s%d,x,0,1,net,,,study,alpha2001,\n" % n for n in range(60))
    folder = tiny_copy(tmp_path, links=LINKS + rows)
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert caught.value.problems[-1] == "... and 10 more"


def test_a_figure_that_disagrees_names_the_folder_too(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path, links=LINKS.replace(b",8,0.25", b",80,0.25"))
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert str(caught.value).startswith(f"{folder}/links.csv:4: value: ")


def test_a_message_keeps_the_words_of_the_file(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path, links=LINKS.replace(b'beta2010,"', b'https://x//y,"'))
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert "unknown source 'https://x//y'" in str(caught.value)


def test_a_folder_named_like_a_file_is_still_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_copy(tmp_path, links=LINKS.replace(b",net,", b",nett,")).rename(tmp_path / "links")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KnowledgeError, match=r"^links/links\.csv:8: "):
        legache.load("links")


def test_a_source_given_twice_is_refused_with_its_line() -> None:
    contents = read_folder(TINY)
    twice = {**contents, "sources.bib": contents["sources.bib"] * 2}
    with pytest.raises(KnowledgeError, match=r"^sources\.bib:16: duplicate source 'alpha2001'"):
        knowledge_from(twice)


def test_a_bibliography_without_entries_is_refused() -> None:
    contents = read_folder(TINY)
    with pytest.raises(KnowledgeError, match=r"^sources\.bib:1: no source; entries begin with"):
        knowledge_from({**contents, "sources.bib": b"% nothing\n"})


def test_files_of_other_names_are_not_opened(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "notes.csv").symlink_to("/dev/zero")
    assert load_knowledge(folder).digest == load_knowledge(TINY).digest


def test_an_id_that_evidence_uses_for_years_is_refused() -> None:
    contents = read_folder(TINY)
    renamed = {name: content.replace(b"smoking", b"age") for name, content in contents.items()}
    with pytest.raises(KnowledgeError, match=r"^nodes\.csv:\d+: id: "):
        knowledge_from(renamed)
