"""Is only a small, regular, plain text file read?"""

from __future__ import annotations

import os
import re
import time
import tracemalloc
from pathlib import Path

import pytest

import legache
from legache.errors import KnowledgeError, LimitError
from legache.knowledge.files import MAX_FILE_BYTES, MAX_LINE_BYTES, decode, read_bytes
from tests.knowledge.folders import LINKS, TINY, tiny_copy


def _message(error: pytest.ExceptionInfo[BaseException], folder: Path) -> str:
    return str(error.value).replace(f"{folder}{os.sep}", "")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_bytes(b"x" * MAX_FILE_BYTES)
    assert len(read_bytes(path, path.name)) == MAX_FILE_BYTES


def test_a_larger_file_is_refused_with_its_size(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path, links=b"x\n" * (MAX_FILE_BYTES // 2 + 1))
    with pytest.raises(LimitError) as caught:
        legache.load(folder)
    assert _message(caught, folder) == "links.csv: 5000002 bytes; at most 5000000 are read"


def test_a_huge_file_is_refused_at_once_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    with path.open("wb") as stream:
        stream.truncate(1_000_000_000)  # a sparse file: the disk holds nothing
    tracemalloc.start()
    begin = time.perf_counter()
    with pytest.raises(LimitError):
        read_bytes(path, path.name)
    seconds = time.perf_counter() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 0.1
    assert peak < 1_000_000


def test_a_line_of_the_greatest_length_is_read() -> None:
    assert len(decode(b"x" * MAX_LINE_BYTES, "links.csv")) == MAX_LINE_BYTES


def test_a_longer_line_is_refused_with_its_number(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path, links=LINKS + b"x" * (MAX_LINE_BYTES + 1) + b"\n")
    with pytest.raises(LimitError) as caught:
        legache.load(folder)
    assert _message(caught, folder) == "links.csv:9: 65537 bytes; a line has at most 65536"


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path, links=LINKS + b"x\n" * 200_000)
    with pytest.raises(LimitError) as caught:
        legache.load(folder)
    assert _message(caught, folder) == "links.csv: 200008 rows; at most 200000 are read"


def test_a_long_line_in_a_relative_folder_names_the_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_copy(tmp_path, links=b"x" * (MAX_LINE_BYTES + 1))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LimitError, match=r"^priors/links\.csv:1: "):
        legache.load("priors")


def test_a_large_file_in_a_relative_folder_names_the_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_copy(tmp_path, links=b"x" * (MAX_FILE_BYTES + 1))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LimitError, match=r"^priors/links\.csv: "):
        legache.load("priors")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "links.csv").unlink()
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert _message(caught, folder).startswith("links.csv: cannot be read: No such file")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    with pytest.raises(KnowledgeError, match=re.escape(f"{folder}: no such folder; give the path")):
        legache.load(folder)


def test_a_file_for_a_folder_is_refused() -> None:
    with pytest.raises(KnowledgeError, match=r"links\.csv: no such folder; give the path"):
        legache.load(TINY / "links.csv")


@pytest.mark.parametrize("target", ["inside", "outside", "/dev/zero", "nowhere", "itself"])
def test_a_link_in_the_folder_is_not_followed(tmp_path: Path, target: str) -> None:
    folder = tiny_copy(tmp_path)
    (tmp_path / "outside.csv").write_bytes(LINKS)
    places = {
        "inside": folder / "nodes.csv",
        "outside": tmp_path / "outside.csv",
        "nowhere": tmp_path / "nowhere.csv",
        "itself": folder / "links.csv",
    }
    (folder / "links.csv").unlink()
    (folder / "links.csv").symlink_to(places.get(target, Path(target)))
    with pytest.raises(KnowledgeError) as caught:
        legache.load(folder)
    assert _message(caught, folder) == (
        "links.csv: not a regular file; links and devices are refused"
    )


def test_a_directory_for_a_file_is_refused(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "links.csv").unlink()
    (folder / "links.csv").mkdir()
    with pytest.raises(KnowledgeError, match=r"links\.csv: not a regular file"):
        legache.load(folder)


@pytest.mark.timeout(5)  # opening a pipe for reading would wait for ever
def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "links.csv").unlink()
    os.mkfifo(folder / "links.csv")
    with pytest.raises(KnowledgeError, match=r"links\.csv: not a regular file"):
        legache.load(folder)


def test_a_device_is_refused() -> None:
    with pytest.raises(KnowledgeError, match=r"^zero: not a regular file"):
        read_bytes(Path("/dev/zero"), "zero")


def test_a_path_below_a_file_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="cannot be read: Not a directory; check the path"):
        read_bytes(TINY / "links.csv" / "links.csv", "links.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    folder = tiny_copy(tmp_path)
    (folder / "links.csv").chmod(0)
    with pytest.raises(KnowledgeError, match=r"links\.csv: cannot be read: Permission denied"):
        legache.load(folder)


def test_windows_line_ends_are_read_as_plain_ones() -> None:
    assert decode(b"a\r\nb\r\n", "links.csv") == "a\nb\n"


def test_mixed_line_ends_are_refused_at_the_first_plain_one() -> None:
    with pytest.raises(KnowledgeError, match=r"^links\.csv:2: mixed line ends; use one kind"):
        decode(b"a\r\nb\nc\r\n", "links.csv")


def test_a_carriage_return_at_the_very_end_is_refused() -> None:
    with pytest.raises(KnowledgeError, match=r"^links\.csv:2: character U\+000D"):
        decode(b"a\nb\r", "links.csv")
