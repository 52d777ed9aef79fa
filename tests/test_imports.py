"""Does an import load only what it needs, and never the network?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NO_SOCKETS = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("a socket was asked for")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
"""


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["numpy", "pandas", "scipy", "matplotlib", "pgmpy", "pyagrum", "tabulate"]
)
def test_an_import_does_not_load(module: str) -> None:
    assert _run(f"import sys, legache; print({module!r} in sys.modules)") == "False"


@pytest.mark.parametrize("module", ["matplotlib", "pgmpy", "pyagrum", "pandas", "scipy"])
def test_loading_the_network_does_not_load(module: str) -> None:
    program = f"import sys, legache; legache.load(); print({module!r} in sys.modules)"

    assert _run(program) == "False"


def test_a_diagnosis_opens_no_socket() -> None:
    program = f"{NO_SOCKETS}\nimport legache\nprint(legache.load().diagnose(age=50).ranking[0])"

    assert _run(program) in {"osteoarthritis", "lumbar_disc_herniation", "muscle_strain"}


def test_errors_are_there_without_numpy() -> None:
    program = (
        "import sys; from legache import EvidenceError, LegacheError; print('numpy' in sys.modules)"
    )

    assert _run(program) == "False"
