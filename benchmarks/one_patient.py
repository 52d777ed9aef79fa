"""How long does one patient take, and how does it grow with findings and unknown contexts?

Every patient is asked about once, so that plans are sought anew; legache is given what was said
and returns all posteriors, other libraries are given what `benchmarks.peers` says.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import networks, ours, peers, plots
from benchmarks.patients import Codes, Kind, complainers, described, invented
from benchmarks.peers import Peer
from benchmarks.report import Result, Row, Scale, Table
from benchmarks.timing import ask_ours, ask_peers
from legache.network.structure import NoisyMaxNetwork

QUESTION = __doc__.splitlines()[0]
KINDS = (Kind(6, 15), Kind(6, 15, 0.4), Kind(12, 15, 0.4), Kind(8, 15, 0.0))
_QUICK_KINDS = (Kind(6, 15),)
_STRONG = (
    peers.SHAFER_SHENOY,
    peers.SHAFER_SHENOY_8,
    peers.LAZY,
    peers.GREEDY,
    peers.GREEDY_1,
    peers.RANDOM_GREEDY,
)
_PEERS = (
    *_STRONG,
    peers.ELIMINATION,
    peers.PGMPY,
    peers.PGMPY_BELIEFS,
    peers.LAZY_ORDINARY,
    peers.PGMPY_ORDINARY,
)
_QUICK_PEERS = (peers.SHAFER_SHENOY, peers.GREEDY, peers.LAZY_ORDINARY)
_IN_CURVES = (peers.LAZY, peers.GREEDY)
_SEED = 11


def measure(scale: Scale) -> Result:
    people = complainers(ours.shipped_network(), scale.of(600, 100), _SEED)
    tables = [_shipped_table(scale, people), *_stored_table(scale)]
    tables += [_by_positives(scale, people), _by_unknown(scale, people)]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": scale.of(40, 8),
        "patients, other libraries": scale.of(5, 2),
        "limit s": scale.of(5, 2),
    }
    note = "Expert and ordinary use, and what is timed: benchmarks/README.md."
    return Result(configuration, tables, [note])


def draw(result: Result, folder: Path) -> None:
    by_positives, by_unknown = result.tables[-2:]
    panels = [
        plots.panel_of(by_positives, "positive findings", "contexts"),
        plots.panel_of(by_unknown, "contexts unknown, %", "positives"),
    ]
    plots.draw(folder / "one_patient.png", QUESTION, panels)


def _shipped_table(scale: Scale, people: Codes) -> Table:
    network = ours.shipped_network()
    kinds = scale.of(KINDS, _QUICK_KINDS)
    asked = [(kind.title, described(network, people, kind, _SEED)) for kind in kinds]
    title = "Shipped network: 40 causes, 36 contexts, 100 findings (positive + negative findings)"
    chosen = scale.of(_PEERS, _QUICK_PEERS)
    return Table(title, _rows(scale, network, asked, chosen, as_user=True))


def _stored_table(scale: Scale) -> list[Table]:
    """The random network of about the size of the shipped one, if its file is there."""
    network = networks.stored("legache")
    if network is None:
        return []
    kind = Kind(6, 15, 0.4)
    asked = [(kind.title, invented(network, scale.of(41, 6), kind, _SEED))]
    title = "Stored random network: 36 causes, 34 contexts, 85 findings"
    chosen = scale.of(_STRONG, _QUICK_PEERS[:2])
    return [Table(title, _rows(scale, network, asked, chosen, as_user=False))]


def _rows(
    scale: Scale,
    network: NoisyMaxNetwork,
    asked: list[tuple[str, Codes]],
    chosen: tuple[Peer, ...],
    *,
    as_user: bool,
) -> list[Row]:
    rows: list[Row] = []
    failed: set[Peer] = set()
    for title, all_patients in asked:
        patients = all_patients[: 1 + scale.of(40, 8)]
        mine = ask_ours(network, patients, budget_s=scale.of(15, 3), as_user=as_user)
        timings = ask_peers(
            chosen,
            network,
            patients[: 1 + scale.of(5, 2)],
            mine.answers,
            limit_s=scale.of(5, 2),
            failed=failed,
        )
        found = mine.rows()
        found += [timing.row(peer.title, mine.first.median) for peer, timing in timings]
        rows += [{"patients": title} | row for row in found]
    return rows


def _by_positives(scale: Scale, people: Codes) -> Table:
    counts = scale.of((2, 4, 6, 8, 10, 12, 14), (2, 6))
    rows: list[Row] = []
    for known in scale.of((1.0, 0.4), (1.0,)):
        kinds = [Kind(n, 15, known) for n in counts]
        for kind, row in _curve(scale, people, kinds, _SEED + 1):
            contexts = "contexts known" if known == 1 else f"{1 - known:.0%} of contexts unknown"
            rows.append({"contexts": contexts, "positive findings": kind.n_positive} | row)
    return Table("By positive findings, beside 15 negative", rows)


def _by_unknown(scale: Scale, people: Codes) -> Table:
    shares = scale.of((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 0.2))
    rows: list[Row] = []
    for n_positive in scale.of((4, 8), (4,)):
        kinds = [Kind(n_positive, 15, 1 - share) for share in shares]
        for kind, row in _curve(scale, people, kinds, _SEED + 2):
            unknown = round(100 * (1 - kind.known))
            rows.append(
                {"positives": f"{n_positive} positive", "contexts unknown, %": unknown} | row
            )
    return Table("By contexts unknown", rows)


def _curve(scale: Scale, people: Codes, kinds: list[Kind], seed: int) -> list[tuple[Kind, Row]]:
    network = ours.shipped_network()
    found = []
    failed: set[Peer] = set()
    for kind in kinds:
        patients = described(network, people, kind, seed)[: 1 + scale.of(15, 3)]
        mine = ask_ours(network, patients, budget_s=scale.of(5, 1), as_user=True)
        found += [(kind, row) for row in mine.rows()]
        chosen = scale.of(_IN_CURVES, ())
        timings = ask_peers(chosen, network, patients[:4], mine.answers, limit_s=3, failed=failed)
        found += [(kind, timing.row(peer.title, mine.first.median)) for peer, timing in timings]
    return found
