"""How fast and how right are the Promedus cases of the UAI 2014 competition?

Each is a real patient case of 2 to 13 positive findings and 100 to 470 possible causes, given as
a network of nodes of two parents.  All of them can be read back as two layers, exactly.
"""

from __future__ import annotations

import importlib
import math
import statistics
import time
from collections.abc import Callable

from benchmarks import ours, peers
from benchmarks.isolated import Failure, Worker
from benchmarks.networks import DATA
from benchmarks.peers import Peer, Reply, asked, prepared
from benchmarks.questions import Answer
from benchmarks.report import Result, Row, Scale, Table
from benchmarks.timing import difference
from benchmarks.uai import Case, TwoLayer, question_of, read, two_layer_of

QUESTION = __doc__.splitlines()[0]
_AS_IT_IS = (peers.LAZY, peers.GREEDY)
_AS_TWO_LAYERS = (peers.SHAFER_SHENOY, peers.GREEDY)
_N_REPEATS = 3
_LIMIT_S = 1.0
_Columns = dict[str, dict[str, Row]]


def measure(scale: Scale) -> Result:
    files = sorted((DATA / "uai_promedus").glob("*.uai"))
    if not files:
        note = "The Promedus cases may not be redistributed; without their folder this is skipped."
        return Result({"cases": 0}, [], [note])
    cases = [read(file) for file in files[: scale.of(None, 4)]]
    recovered = [(case, layers) for case in cases if (layers := two_layer_of(case))]
    mine = {case.name: _ours(case, layers) for case, layers in recovered}
    columns: _Columns = {}
    for peer in scale.of(_AS_TWO_LAYERS, _AS_TWO_LAYERS[:1]):
        if peer.is_installed:
            title = f"{peer.library} {peer.engine}, two layers"
            columns[title] = _column(Worker(_as_two_layers, peer), recovered)
    for peer in scale.of(_AS_IT_IS, _AS_IT_IS[:1]):
        if peer.is_installed:
            title = f"{peer.library} {peer.engine}, as it is"
            columns[title] = _column(Worker(_as_it_is, peer), recovered)
    rows = [_case_row(case, layers, mine[case.name], columns) for case, layers in recovered]
    note = f"{len(recovered)} of {len(cases)} cases are two layers of noisy-OR, exactly."
    configuration: dict[str, object] = {"cases": len(cases), "limit s": _LIMIT_S}
    return Result(configuration, [_summary(mine, columns), Table("Case by case", rows)], [note])


def _ours(case: Case, layers: TwoLayer) -> Row:
    """Median of some repeats, and differences to the references of the competition."""
    replies = [ours.asked(layers.network, layers.evidence) for _ in range(_N_REPEATS)]
    _, found, log_evidence = replies[-1]
    off = [abs(found[f"C{v}"][0] - case.marginals[v]) for v in layers.roots]
    log10_evidence = (log_evidence + layers.log_constant) / math.log(10)
    return {
        "first ms": 1e3 * replies[0][0],
        "ms": 1e3 * statistics.median(seconds for seconds, _, _ in replies[1:]),
        "difference to MAR": max(off),
        "difference to PR": abs(log10_evidence - case.log10_evidence),
    }


def _column(worker: Worker, cases: list[tuple[Case, TwoLayer]]) -> dict[str, Row]:
    column = {}
    for case, layers in cases:
        _, found, _ = ours.asked(layers.network, layers.evidence)
        replies = [worker.ask(case, layers, limit_s=_LIMIT_S)]
        while not isinstance(replies[-1], Failure) and len(replies) < _N_REPEATS:
            replies.append(worker.ask(case, layers, limit_s=_LIMIT_S))
        column[case.name] = _cells(replies, found)
    worker.stop()
    return column


def _cells(replies: list[Reply | Failure], expected: Answer) -> Row:
    """Median of some repeats after a warm-up."""
    last = replies[-1]
    if isinstance(last, Failure):
        return {"ms": None, "failure": last.reason}
    seconds = statistics.median(r[0] for r in replies[1:] if not isinstance(r, Failure))
    return {"ms": 1e3 * seconds, "difference": difference(last[1], expected)}


def _as_two_layers(peer: Peer) -> Callable[[Case, TwoLayer], Reply]:
    return lambda _, layers: prepared(peer, layers.network)(layers.evidence)


def _as_it_is(peer: Peer) -> Callable[[Case, TwoLayer], Reply]:
    """Function that asks about a case that is not rewritten."""
    importlib.import_module(peer.library.lower())

    def ask(case: Case, layers: TwoLayer) -> Reply:
        del layers
        question = question_of(case)
        start = time.perf_counter()
        posteriors = asked(peer)(question).posteriors(question.hard, question.soft)
        seconds = time.perf_counter() - start
        named = {f"C{name[1:]}": pair for name, pair in question.answer(posteriors).items()}
        return seconds, named, math.nan

    return ask


def _summary(mine: dict[str, Row], columns: _Columns) -> Table:
    first = {name: {"ms": row["first ms"]} for name, row in mine.items()}
    everyone = {"legache, two layers, first time": first, "legache, two layers, again": mine}
    everyone |= columns
    rows: list[Row] = []
    for by, found in everyone.items():
        times = [row["ms"] for row in found.values() if row["ms"] is not None]
        failures = [row["failure"] for row in found.values() if "failure" in row]
        off = [row["difference"] for row in found.values() if "difference" in row]
        shared = [row["ms"] / first[name]["ms"] for name, row in found.items() if row["ms"]]
        rows.append(
            {
                "by": by,
                "answered": f"{len(times)} of {len(found)}",
                "median ms of those": statistics.median(times) if times else None,
                "slowest ms": max(times, default=None),
                "times ours, first": statistics.median(shared) if shared else None,
                "largest difference to ours": max(off, default=None),
                "failed": ", ".join(f"{failures.count(f)} x {f}" for f in dict.fromkeys(failures)),
            }
        )
    return Table("All cases", rows)


def _case_row(case: Case, layers: TwoLayer, mine: Row, columns: _Columns) -> Row:
    network = layers.network
    row: Row = {
        "case": case.name,
        "causes": len(network.causes),
        "links": sum(finding.causes.size for finding in network.findings),
        "positive": len(network.findings),
        "first ms": mine["first ms"],
        "again ms": mine["ms"],
        "to MAR": mine["difference to MAR"],
        "to PR": mine["difference to PR"],
    }
    return row | {by: found[case.name]["ms"] for by, found in columns.items()}
