"""How long from a fresh process to the first posterior, and with how much memory?"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import ours
from benchmarks.expert import expert_question
from benchmarks.folding import fold
from benchmarks.patients import Kind, complainers, described, likelihoods, mapping
from benchmarks.questions import Question
from benchmarks.report import Result, Row, Scale, Table

QUESTION = __doc__.splitlines()[0]
_PROGRAMS = {
    "python alone": "python",
    "numpy alone": "numpy",
    "legache": "legache",
    "pyAgrum ShaferShenoy": "pyagrum",
    "pgmpy VariableElimination, one cause": "pgmpy",
}
_LIMIT_S = 60
_SEED = 61


def measure(scale: Scale) -> Result:
    network = ours.shipped_network()
    people = complainers(network, 50, _SEED)
    row = described(network, people, Kind(4, 15), _SEED)[0]
    question = expert_question(fold(network, likelihoods(network, row)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "patient.json"
        file.write_text(json.dumps({"said": mapping(network, row), "question": _plain(question)}))
        rows = [_row(scale, by, program, file) for by, program in _PROGRAMS.items()]
    configuration: dict[str, object] = {"seed": _SEED, "processes": scale.of(3, 1)}
    title = "Shipped network, one patient of 4 positive and 15 negative findings, contexts known"
    note = (
        "Load is what comes between import and question: our priors from their files, for the "
        "others nothing, since their small network of this one patient is given to them."
    )
    return Result(configuration, [Table(title, [row for row in rows if row])], [note])


def _plain(question: Question) -> dict[str, object]:
    return {
        "nodes": [
            (n.name, n.parents, n.table.shape, n.table.ravel().tolist()) for n in question.nodes
        ],
        "hard": question.hard,
        "soft": {name: vector.tolist() for name, vector in question.soft.items()},
        "targets": question.targets,
    }


def _row(scale: Scale, by: str, program: str, file: Path) -> Row | None:
    """Medians over fresh processes; none if the library is not installed or takes too long."""
    command = [sys.executable, "-m", "benchmarks.fresh", program, str(file)]
    found = []
    for _ in range(scale.of(3, 1)):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            return {"by": by, "remark": f"> {_LIMIT_S} s"}
        except subprocess.CalledProcessError as error:
            if "ModuleNotFoundError" in error.stderr:
                return None
            raise
        found.append(json.loads(done.stdout))
    return {"by": by} | {key: statistics.median(one[key] for one in found) for key in found[0]}
