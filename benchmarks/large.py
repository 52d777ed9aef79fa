"""How long do many positive findings take in large networks, each with a plan of its own?"""

from __future__ import annotations

from pathlib import Path

from benchmarks import peers, plots
from benchmarks.networks import SIZES, Size, generated
from benchmarks.patients import Kind, invented
from benchmarks.peers import Peer
from benchmarks.report import Result, Row, Scale, Table
from benchmarks.timing import ask_ours, ask_peers
from legache.network.structure import NoisyMaxNetwork

QUESTION = __doc__.splitlines()[0]
_N_NEGATIVE = {"36x60": 36, "100x300": 72, "570x4000": 72}
_PEERS = (
    peers.SHAFER_SHENOY_8,
    peers.LAZY_8,
    peers.LAZY,
    peers.GREEDY,
    peers.RANDOM_GREEDY,
)
_SEED = 21


def measure(scale: Scale) -> Result:
    sized = [(size, generated(size)) for size in scale.of(SIZES, SIZES[:2])]
    rows = [row for size, network in sized for row in _rows(scale, size, network)]
    title = "Positive + negative findings, all 8 contexts known"
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": scale.of(20, 3),
        "patients, other libraries": scale.of(4, 1),
        "limit s": scale.of(10, 3),
    }
    return Result(configuration, [Table(title, rows), _growth(scale, sized)])


def draw(result: Result, folder: Path) -> None:
    rows = result.tables[1].rows
    sizes = dict.fromkeys(str(row["causes x findings"]) for row in rows)
    panels = []
    for size in sizes:
        table = Table(size, [row for row in rows if row["causes x findings"] == size])
        title = f"{size} (causes x findings)"
        panels.append(plots.panel_of(table, "positive findings", title=title))
    plots.draw(folder / "large.png", QUESTION, panels)


def _rows(scale: Scale, size: Size, network: NoisyMaxNetwork) -> list[Row]:
    kind = Kind(scale.of(24, 8), _N_NEGATIVE[size.name])
    patients = invented(network, 1 + scale.of(20, 3), kind, _SEED)
    mine = ask_ours(network, patients, budget_s=scale.of(10, 3))
    asked = ask_peers(
        scale.of(_PEERS, _PEERS[:1]),
        network,
        patients[: 1 + scale.of(4, 1)],
        mine.answers,
        limit_s=scale.of(10, 3),
        failed=set(),
    )
    title: Row = {"causes x findings": size.name, "patients": kind.title.split(",")[0]}
    found = mine.rows()
    found += [timing.row(peer.title, mine.first.median) for peer, timing in asked]
    return [title | row for row in found]


def _growth(scale: Scale, sized: list[tuple[Size, NoisyMaxNetwork]]) -> Table:
    """Growth with the number of positive findings, until something does not answer."""
    counts = scale.of((2, 4, 8, 12, 16, 20, 24), (2, 4))
    rows: list[Row] = []
    for size, network in sized:
        failed: set[Peer] = set()
        for n_positive in counts:
            found = _grown(scale, network, Kind(n_positive, _N_NEGATIVE[size.name]), failed)
            title: Row = {"causes x findings": size.name, "positive findings": n_positive}
            rows += [title | row for row in found]
    return Table("By positive findings", rows)


def _grown(scale: Scale, network: NoisyMaxNetwork, kind: Kind, failed: set[Peer]) -> list[Row]:
    patients = invented(network, 1 + scale.of(10, 2), kind, _SEED + kind.n_positive + 1)
    mine = ask_ours(network, patients, budget_s=scale.of(5, 1))
    chosen = scale.of((peers.LAZY_8, peers.GREEDY), ())
    timings = ask_peers(chosen, network, patients[:4], mine.answers, limit_s=4, failed=failed)
    found = mine.rows()
    return found + [timing.row(peer.title, mine.first.median) for peer, timing in timings]
