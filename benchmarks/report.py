"""How are results printed and kept?"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from tabulate import tabulate

from legache.version import __version__

Row = dict[str, object]
T = TypeVar("T")
_ROOT = Path(__file__).resolve().parents[1]
_PEERS = ("numpy", "scipy", "pyagrum", "pgmpy", "opt_einsum")


@dataclass(frozen=True)
class Table:
    """Rows under one heading; the keys of a row are its columns."""

    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Result:
    """What a measurement found."""

    configuration: dict[str, object]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    is_quick: bool

    def of(self, full: T, quick: T) -> T:
        """Return the one or the other."""
        return quick if self.is_quick else full


def show(result: Result) -> None:
    """Print the tables and notes."""
    for table in result.tables:
        print(f"\n{table.title}\n")
        cells = [{key: _cell(value) for key, value in row.items()} for row in table.rows]
        align = [_alignment(table.rows, key) for key in table.rows[0]]
        print(tabulate(cells, headers="keys", disable_numparse=True, colalign=align))
    for note in result.notes:
        print(f"\n{note}")


def keep(result: Result, question: str, file: Path) -> None:
    """Write a result as JSON, with where it was measured."""
    record = {
        "question": question,
        "environment": environment(),
        "configuration": result.configuration,
        "tables": [{"title": table.title, "rows": table.rows} for table in result.tables],
        "notes": result.notes,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def environment() -> dict[str, object]:
    """Machine, versions and commit."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "legache": __version__,
        **{name: _version(name) for name in _PEERS},
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted changes": bool(_git("status", "--porcelain")),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(*words: str) -> str | None:
    command = ["git", "-C", str(_ROOT), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # not a clone, or no git here
        return None
    return done.stdout.strip()


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _alignment(rows: list[Row], key: str) -> str:
    return "left" if any(isinstance(row.get(key), str) for row in rows[:1]) else "right"
