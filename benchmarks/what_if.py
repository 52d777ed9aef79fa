"""What would each open finding or test change, and how probable is it?

For each state of each finding that is not known: its probability, and all posteriors if it were
seen.  Other libraries are asked once for each state; P(evidence) with and without it is the
probability.
"""

from __future__ import annotations

import math
import statistics

from benchmarks import ours, peers
from benchmarks.isolated import Failure, Worker
from benchmarks.patients import Kind, Likelihoods, complainers, described, likelihoods
from benchmarks.peers import Peer, Reply, prepared
from benchmarks.questions import Answer
from benchmarks.report import Result, Row, Scale, Table
from benchmarks.timing import difference, failures_of, median_of, replies_of
from legache.network.structure import NoisyMaxNetwork

QUESTION = __doc__.splitlines()[0]
_KINDS = (Kind(6, 15), Kind(6, 15, 0.4))
_PEERS = (peers.SHAFER_SHENOY, peers.GREEDY_1)
_SEED = 41
_WhatIf = tuple[float, Answer]
"""Probability of a state, and the posteriors given it."""


def measure(scale: Scale) -> Result:
    network = ours.shipped_network()
    people = complainers(network, 100, _SEED)
    rows: list[Row] = []
    for kind in scale.of(_KINDS, _KINDS[:1]):
        chosen = described(network, people, kind, _SEED)[: scale.of(3, 1)]
        patients = [likelihoods(network, row) for row in chosen]
        rows += [{"patients": kind.title} | row for row in _rows(scale, network, patients)]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "patients": scale.of(3, 1),
        "what-ifs asked of other libraries": scale.of(40, 6),
        "limit s, other libraries": _limit_s(scale),
    }
    title = "Shipped network: every state of every open finding and test of a patient"
    note = "Other libraries are asked for some of the states; the time of all is scaled up."
    return Result(configuration, [Table(title, rows)], [note])


def what_if_evidence(network: NoisyMaxNetwork, patient: Likelihoods) -> list[Likelihoods]:
    """Evidence of the patient with one more finding in each of its states."""
    return [
        patient | {finding.id: tuple(float(i == state) for i in range(len(finding.states)))}
        for finding in network.findings
        if finding.id not in patient
        for state in range(len(finding.states))
    ]


def _limit_s(scale: Scale) -> float:
    return scale.of(3.0, 1.0)


def _rows(scale: Scale, network: NoisyMaxNetwork, patients: list[Likelihoods]) -> list[Row]:
    ours.all_what_ifs(network, patients[0])  # a warm-up
    found = [_ours(network, patient) for patient in patients]
    median = statistics.median(seconds for seconds, _ in found)
    n_worlds = len(found[0][1])
    rows: list[Row] = [{"by": ours.NAME, "what-ifs": n_worlds, "all ms": 1e3 * median}]
    rows[0]["each ms"] = 1e3 * median / n_worlds
    expected = [worlds for _, worlds in found]
    chosen = [peer for peer in scale.of(_PEERS, _PEERS[:1]) if peer.is_installed]
    return rows + [_peer_row(scale, peer, network, patients, expected) for peer in chosen]


def _ours(network: NoisyMaxNetwork, patient: Likelihoods) -> tuple[float, list[_WhatIf]]:
    seconds, found = ours.all_what_ifs(network, patient)
    rows = zip(found.probability.tolist(), found.present, found.responsible, strict=True)
    return seconds, [(p, ours.named(network, *both)) for p, *both in rows]


def _peer_row(
    scale: Scale,
    peer: Peer,
    network: NoisyMaxNetwork,
    patients: list[Likelihoods],
    expected: list[list[_WhatIf]],
) -> Row:
    worker = Worker(prepared, peer, network)
    series, off = [], []
    for patient, mine in zip(patients, expected, strict=True):
        every = max(1, len(mine) // scale.of(40, 6))
        worlds = what_if_evidence(network, patient)[::every]
        questions = [(evidence,) for evidence in (patient, patient, *worlds)]
        replies = replies_of(
            lambda evidence: worker.ask(evidence, limit_s=_limit_s(scale)),
            questions,
            _limit_s(scale),
        )
        series.append(replies)
        off += _differences(replies, mine[::every])
    worker.stop()
    each = median_of(series)
    return {
        "by": peer.title,
        "what-ifs": len(expected[0]),
        "all ms": 1e3 * len(expected[0]) * each if each else None,
        "each ms": 1e3 * each if each else None,
        "difference of posteriors": max((a for a, _ in off), default=None),
        "of probabilities": max((b for _, b in off), default=None),
        "failed": failures_of(series),
    }


def _differences(
    replies: list[Reply | Failure], expected: list[_WhatIf]
) -> list[tuple[float, float]]:
    """Largest difference of any posterior, and of the probability, of each what-if."""
    if not replies or isinstance(replies[0], Failure):
        return []
    base = replies[0][2]
    return [
        (difference(reply[1], mine), abs(math.exp(reply[2] - base) - probability))
        for reply, (probability, mine) in zip(replies[1:], expected, strict=False)
        if not isinstance(reply, Failure) and probability > 0
    ]
