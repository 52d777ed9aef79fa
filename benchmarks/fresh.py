"""What does a fresh process do until its first posterior?  Run by `benchmarks.cold`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_Steps = tuple[float, float, float]


def main(program: str, file: str) -> None:
    patient = json.loads(Path(file).read_text(encoding="utf-8"))
    imported, loaded, answered = _PROGRAMS[program](patient)
    times = {"import ms": imported, "load ms": loaded, "first posterior ms": answered}
    record = {name: 1e3 * seconds for name, seconds in times.items()}
    print(json.dumps(record | {"together ms": sum(record.values()), "peak MB": _peak_mb()}))


def _peak_mb() -> float:
    """Peak of resident memory; ``ru_maxrss`` would count that of the process that started us."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024  # it is told in KiB


def _nothing(patient: dict[str, Any]) -> _Steps:
    del patient
    return 0.0, 0.0, 0.0


def _numpy(patient: dict[str, Any]) -> _Steps:
    del patient
    start = time.perf_counter()
    import numpy as np

    return time.perf_counter() - start, 0.0 * np.pi, 0.0


def _legache(patient: dict[str, Any]) -> _Steps:
    start = time.perf_counter()
    import legache

    imported = time.perf_counter()
    network = legache.load()
    loaded = time.perf_counter()
    network.diagnose(patient["said"])
    return imported - start, loaded - imported, time.perf_counter() - loaded


def _pyagrum(patient: dict[str, Any]) -> _Steps:
    question = patient["question"]
    start = time.perf_counter()
    import pyagrum as gum

    imported = time.perf_counter()
    net = gum.BayesNet()
    for name, parents, shape, values in question["nodes"]:
        own = net.add(gum.RangeVariable(name, "", 0, shape[-1] - 1))
        for parent in reversed(parents):
            net.addArc(parent, name)
        net.cpt(own).fillWith(values)
    engine = gum.ShaferShenoyInference(net)
    engine.setNumberOfThreads(1)
    engine.setTargets(set(question["targets"]))
    engine.setEvidence(question["hard"] | question["soft"])
    engine.makeInference()
    for name in question["targets"]:
        engine.posterior(name)
    return imported - start, 0.0, time.perf_counter() - imported


def _pgmpy(patient: dict[str, Any]) -> _Steps:
    question = patient["question"]
    start = time.perf_counter()
    import numpy as np
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.inference import VariableElimination
    from pgmpy.models import DiscreteBayesianNetwork

    imported = time.perf_counter()
    model = DiscreteBayesianNetwork()
    model.add_nodes_from([name for name, *_ in question["nodes"]])
    for name, parents, shape, values in question["nodes"]:
        model.add_edges_from([(parent, name) for parent in parents])
        columns = np.moveaxis(np.reshape(values, shape), -1, 0).reshape(shape[-1], -1)
        sizes = shape[:-1] or None
        model.add_cpds(TabularCPD(name, shape[-1], columns, parents or None, sizes))
    engine = VariableElimination(model)
    engine.query(question["targets"][:1], evidence=question["hard"], show_progress=False)
    return imported - start, 0.0, time.perf_counter() - imported


_PROGRAMS: dict[str, Callable[[dict[str, Any]], _Steps]] = {
    "python": _nothing,
    "numpy": _numpy,
    "legache": _legache,
    "pyagrum": _pyagrum,
    "pgmpy": _pgmpy,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
