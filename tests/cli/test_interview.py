"""Can an interview be held in a terminal, and left at any moment without loss?"""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import pytest

import legache
from legache.cli import main
from tests.knowledge.folders import TINY

PRIORS = ["--priors", str(TINY)]
# a test runner may ignore Ctrl-C, and its children with it
_COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from legache.cli import main
sys.exit(main(sys.argv[1:]))
"""
_PATIENCE_S = 60.0


def _type(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    text = "".join(f"{line}\n" for line in lines)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def _answers(file: Path) -> dict[str, object]:
    return dict(json.loads(file.read_text(encoding="utf-8"))["answers"])


def test_an_interview_ends_with_its_reason_and_the_differential(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _type(monkeypatch, "70", "male", *["y", "1", "n", "1", "n", "1"] * 3)

    status = main(["interview", "--tests", *PRIORS])

    printed = capsys.readouterr().out
    assert status == 0
    assert "1.  How old are you?" in printed
    assert "    1  female\n    2  male\n" in printed
    assert "\nThat is all: " in printed
    assert "Differential diagnosis of leg ache" in printed


def test_the_end_of_the_input_stops_and_keeps_what_was_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "patient.json"
    _type(monkeypatch, "70", "f")

    assert main(["interview", "--save", str(file), *PRIORS]) == 0

    printed = capsys.readouterr().out
    assert f"Stopped early. `legache interview --resume {file}` goes on." in printed
    assert "Differential diagnosis" in printed
    assert _answers(file) == {"age": 70, "sex": "female"}
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file]


def test_a_resumed_interview_asks_what_came_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "patient.json"
    network = legache.load(TINY)
    begun = network.interview().answer(70).answer("female")
    file.write_text(begun.to_json(), encoding="utf-8")
    assert begun.question is not None
    _type(monkeypatch, "?", "q")

    assert main(["interview", "--resume", str(file), *PRIORS]) == 0

    assert f"3.  {begun.question.text}" in capsys.readouterr().out
    assert _answers(file) == {"age": 70, "sex": "female", begun.question.node: None}


def test_b_goes_back_and_an_odd_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "patient.json"
    _type(monkeypatch, "b", "old", "3", "70", "x", "1", "b", "2", "", "q")

    main(["interview", "--save", str(file), *PRIORS])

    printed = capsys.readouterr().out
    assert "This is the first question; nothing can be taken back." in printed
    assert "Type your age in years, such as 67, or ? if you do not know." in printed
    assert "Age is out of range; expected 18 to 120 years." in printed
    assert "Type one of 1 2 ? b q." in printed
    assert "Type one of" in printed.rpartition("3.  ")[2]
    assert _answers(file) == {"age": 70, "sex": "male"}


def test_an_answer_that_cannot_be_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _type(monkeypatch, "2", "1", "q")

    main(["interview", "--age", "30", "--pregnancy"])

    assert "Impossible evidence: 'pregnancy' and 'sex' cannot" in capsys.readouterr().out


def test_the_setting_and_what_is_known_are_taken_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _type(monkeypatch, "q")

    main(["interview", "--setting", "emergency", "--age=70", "--sex", "male", *PRIORS])

    printed = capsys.readouterr().out
    assert "setting: emergency" in printed
    assert "How old are you" not in printed


def test_a_file_is_not_overwritten(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "patient.json"
    file.write_text("precious", encoding="utf-8")

    assert main(["interview", "--save", str(file), *PRIORS]) == 2

    assert "is there already; --resume" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "precious"


def test_a_folder_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "nowhere" / "patient.json"

    assert main(["interview", "--save", str(file), *PRIORS]) == 2

    assert f"{file}: cannot be written (No such file or directory)" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--setting", "survey"], ["--tests"], ["--cost", "money"]])
def test_a_resumed_interview_keeps_its_own_rules(
    more: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["interview", "--resume", str(tmp_path / "x"), *more, *PRIORS]) == 2

    assert "a resumed interview keeps its setting, tests and cost" in capsys.readouterr().err


def test_other_priors_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "patient.json"
    file.write_text(legache.load(TINY).interview().to_json(), encoding="utf-8")

    assert main(["interview", "--resume", str(file)]) == 2

    assert "it was begun with priors tiny-priors, now legache-pri" in capsys.readouterr().err


def test_ctrl_c_in_a_terminal_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "patient.json"
    words = [sys.executable, "-c", _COMMAND, "interview", "--save", str(file), *PRIORS]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, words)  # noqa: S606 - this very interpreter

    _read_until(terminal, "years, ? b q > ")
    os.write(terminal, b"70\n")
    _read_until(terminal, "1 2 ? b q > ")
    os.write(terminal, b"male\n")
    _read_until(terminal, "3.  ")
    os.kill(child, signal.SIGINT)
    last = _read_until(terminal, "goes on.")
    _, status = os.waitpid(child, 0)
    os.close(terminal)

    assert "Traceback" not in last
    assert f"Interrupted. `legache interview --resume {file}` goes on." in last.replace("\r", "")
    assert os.waitstatus_to_exitcode(status) == 130
    assert _answers(file) == {"age": 70, "sex": "male"}
    assert list(tmp_path.iterdir()) == [file]


def _read_until(terminal: int, text: str) -> str:
    """What a terminal shows up to some text."""
    shown, end = "", time.monotonic() + _PATIENCE_S
    while text not in shown:
        assert time.monotonic() < end, shown
        if select.select([terminal], [], [], 1.0)[0]:
            shown += os.read(terminal, 4096).decode()
    return shown
