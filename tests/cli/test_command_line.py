"""What does the command print, and how does it end?"""

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

import legache
from legache.cli import main
from legache.knowledge.loading import shipped_folder


@pytest.fixture(autouse=True, scope="module")
def _loaded_once(module_monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the shipped priors once for all commands of this module."""
    network = legache.load()
    original = legache.load

    def load(path: str | None = None) -> legache.Network:
        return network if path is None else original(path)

    for name in ("diagnose", "nodes", "check"):
        module_monkeypatch.setattr(sys.modules[f"legache.cli.{name}"], "load", load)


@pytest.fixture(scope="module")
def module_monkeypatch() -> "pytest.MonkeyPatch":
    with pytest.MonkeyPatch.context() as context:
        yield context  # type: ignore[misc]


def _give_standard_input(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_diagnose_prints_a_table_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["diagnose", "--age", "52", "--sex=female", "--urge-to-move", "--no-fever"])
    printed = capsys.readouterr()
    assert status == 0
    assert "1  Restless legs syndrome" in printed.out
    assert printed.err == ""


def test_the_table_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    main(["diagnose", "--age", "52"])
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert max(map(len, printed.splitlines())) < 200


def test_json_output_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        ["diagnose", "--json", "--age", "40", "--duration", "over_3_months", "--setting", "survey"]
    )
    record = json.loads(capsys.readouterr().out)
    assert record["setting"] == "survey"
    assert record["evidence"] == {"age": 40, "duration": "over_3_months"}
    assert record["assumed"] == {"leg_ache": True}
    assert len(record["causes"]) == 40
    assert record["priors"]["sha256"] == legache.load().model.knowledge.digest


def test_a_file_and_standard_input_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '{"age": 67, "fever": {"likelihood_ratio": 3}, "potassium": ["low", "very_low"]}'
    file = tmp_path / "patient.json"
    file.write_text(text, encoding="utf-8")
    main(["diagnose", str(file), "--json"])
    from_file = capsys.readouterr().out
    _give_standard_input(monkeypatch, text)
    main(["diagnose", "-", "--json"])
    assert capsys.readouterr().out == from_file


def test_an_option_overrides_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "patient.json"
    file.write_text('{"age": 67, "fever": true}', encoding="utf-8")
    main(["diagnose", str(file), "--no-fever", "--json"])
    assert json.loads(capsys.readouterr().out)["evidence"] == {"age": 67, "fever": False}


def test_options_take_dashes_or_underscores_and_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["diagnose", "--worse_at_night", "yes", "--back-pain", "unknown", "--json"])
    assert json.loads(capsys.readouterr().out)["evidence"] == {"worse_at_night": True}


def test_no_evidence_is_the_complaint_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evidence"] == {}


def test_the_help_says_nothing_that_another_complaint_would_make_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["--help"], ["diagnose", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    printed = capsys.readouterr().out
    assert "rank the causes of the complaint" in printed
    for word in ("leg ache", "survey", "primary_care"):
        assert word not in printed


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        (["--swelling-one-lag"], "did you mean '--swelling-one-leg'"),
        (["--age", "12"], "age is out of range"),
        (["--age", "old"], "--age needs a number of years"),
        (["--age", "1_8"], "--age needs a number of years"),
        (["--age"], "--age needs a number of years"),
        (["--fever", "maybe"], "--fever must be yes, no or unknown"),
        (["--fever", "0.7"], "--fever must be yes, no or unknown"),
        (["--no-fever", "yes"], "--no-fever takes no value"),
        (["--fever", "--no-fever"], "--fever is given twice"),
        (["--duration"], "--duration needs a value"),
        (["--duration", "over_3_month"], "did you mean 'over_3_months'"),
        (["--duration", ""], "unknown state of duration"),
        (["--sex", "male", "--pregnancy"], "'pregnancy' and 'sex'"),
        (["--setting", "primary"], "unknown setting 'primary'"),
        (["no_such_file.json"], "no_such_file.json: cannot be read"),
        (["--fever", "yes", "stray"], "unexpected word 'stray'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    words: list[str], culprit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["diagnose", *words])
    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("legache: ")
    assert culprit in printed.err


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ('{"age": 67', "standard input:1: not JSON"),
        ("[1, 2]", "expected a JSON object"),
        ('{"age": NaN}', "NaN is not a number"),
        ('{"fever": true, "fever": false}', "'fever' appears twice"),
        ('{"fever": "yes"}', "fever must be True, False or None"),
        ('{"fever": 0.7}', "fever must be True, False or None"),
        ('{"fever": {"ratio": 2}}', "fever: expected"),
        ('{"fever": {"likelihood_ratio": -1}}', "must be a finite number of at least 0"),
        ('{"duration": []}', "duration: no state in the list"),
        ('{"sex": 1}', "sex takes one of its states"),
        ('{"swelling_one_lag": true}', "did you mean 'swelling_one_leg'"),
        ("[" * 1_000, "nested deeper than 32"),
    ],
)
def test_a_bad_json_file_is_one_line_and_status_2(
    text: str, culprit: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _give_standard_input(monkeypatch, text)
    assert main(["diagnose", "-"]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert culprit in printed


def test_usage_errors_end_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().err


def test_nodes_finds_by_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "swell"]) == 0
    printed = capsys.readouterr().out
    assert "swelling_one_leg" in printed
    assert "urge_to_move" not in printed


def test_nodes_lists_everything_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    main(["nodes"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in legache.load().model.nodes)


def test_nodes_says_when_nothing_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "swelling_one_lag"]) == 2
    assert "did you mean 'swelling_one_leg'" in capsys.readouterr().err


def test_nodes_refuses_a_second_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "one", "two"]) == 2
    assert "unexpected word 'two'" in capsys.readouterr().err


def test_check_reports_the_shipped_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    printed = capsys.readouterr().out
    assert "sound" in printed
    assert "| links.csv" in printed


def test_check_names_each_problem_and_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "priors"
    shutil.copytree(shipped_folder(), folder)
    links = folder / "links.csv"
    lines = links.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[1] = lines[1].replace(",", "x,", 1)
    links.write_text("".join(lines), encoding="utf-8")
    assert main(["check", str(folder)]) == 1
    assert "links.csv:2: cause: unknown cause" in capsys.readouterr().out


def test_describe_restores_the_datapackage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "priors"
    shutil.copytree(shipped_folder(), folder)
    before = (folder / "datapackage.json").read_bytes()
    (folder / "datapackage.json").write_bytes(before.replace(b"sha256:", b"sha256:0"))
    assert main(["describe", str(folder)]) == 0
    assert (folder / "datapackage.json").read_bytes() == before
    assert capsys.readouterr().out == ""


def test_a_closed_pipe_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return 1

    descriptors: list[tuple[int, int]] = []
    monkeypatch.setattr("os.dup2", lambda *pair: descriptors.append(pair))
    monkeypatch.setattr("sys.stdout", Closed())
    assert main(["nodes", "swell"]) == 0
    assert descriptors
