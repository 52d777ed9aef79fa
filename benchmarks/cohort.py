"""How many patients a second?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import ours, peers
from benchmarks.isolated import Failure, Worker
from benchmarks.patients import Codes, Likelihoods, complainers, interviewed, likelihoods
from benchmarks.peers import Peer, Reply, prepared
from benchmarks.report import Result, Row, Scale, Table
from benchmarks.timing import difference
from legache.inference.cohort import CohortPosteriors
from legache.network.structure import NoisyMaxNetwork

QUESTION = "How many patients a second?"
_SEED = 31
_SHARE_OF_FINDINGS = 0.25
_LIMIT_S = 1.0
_PEERS = (peers.SHAFER_SHENOY, peers.GREEDY_1)


def measure(scale: Scale) -> Result:
    network = ours.shipped_network()
    n_people, n_interviews = scale.of((10_000, 10), (1_000, 5))
    people = np.repeat(complainers(network, n_people, _SEED), n_interviews, axis=0)
    rows: list[Row] = []
    for share, contexts in ((1.0, "all"), (0.7, "70 %")):
        patients = interviewed(network, people, share, _SHARE_OF_FINDINGS, _SEED)
        known: Row = {"contexts known": contexts}
        rows += [known | row for row in _ours(network, patients)]
        rows += [known | row for row in _peers(scale, network, patients)]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "simulated people with leg ache": n_people,
        "interviews of each": n_interviews,
        "share of findings told": _SHARE_OF_FINDINGS,
        "limit s, other libraries": _LIMIT_S,
    }
    title = "Shipped network; simulated people, about 5 positive and 21 negative findings of each"
    note = (
        "Every patient has a pattern of evidence of their own, for which a plan is sought. "
        "The rate of other libraries is that among the patients that they answer."
    )
    return Result(configuration, [Table(title, rows)], [note])


def _ours(network: NoisyMaxNetwork, patients: Codes) -> list[Row]:
    ours.many_asked(network, patients[:10], 1)  # a warm-up
    rows: list[Row] = []
    for n_threads in (1, 2):
        seconds, found = ours.many_asked(network, patients, n_threads)
        rows.append(
            {
                "by": ours.NAME,
                "cores": n_threads,
                "patients": len(patients),
                "patients/s": len(patients) / seconds,
                "patients/s and core": len(patients) / seconds / n_threads,
                "largest difference": _difference_to_single(network, patients, found),
                "unanswered": int(np.isneginf(found.log_evidence).sum()),
            }
        )
    return rows


def _difference_to_single(
    network: NoisyMaxNetwork, patients: Codes, found: CohortPosteriors
) -> float:
    """Compare some patients with the same asked on their own."""
    chosen = np.linspace(0, len(patients) - 1, 50).astype(int)
    return max(
        difference(
            ours.named(network, found.present[i], found.responsible[i]),
            ours.asked(network, likelihoods(network, patients[i]))[1],
        )
        for i in chosen
    )


def _peers(scale: Scale, network: NoisyMaxNetwork, patients: Codes) -> list[Row]:
    n_asked = scale.of(16, 4)
    some = [likelihoods(network, row) for row in patients[:: len(patients) // n_asked][:n_asked]]
    return [
        _peer(peer, network, some, n_processes, _LIMIT_S)
        for peer in scale.of(_PEERS, _PEERS[:1])
        for n_processes in scale.of((1, 2), (1,))
        if peer.is_installed
    ]


def _peer(
    peer: Peer,
    network: NoisyMaxNetwork,
    patients: list[Likelihoods],
    n_processes: int,
    limit_s: float,
) -> Row:
    """Rate of a library in one or more processes, among the patients that it answers."""
    parts = [patients[i::n_processes] for i in range(n_processes)]
    with ThreadPoolExecutor(n_processes) as pool:
        replies = list(pool.map(lambda part: _replies(peer, network, part, limit_s), parts))
    answered = [
        (patient, reply)
        for part, found in zip(parts, replies, strict=True)
        for patient, reply in zip(part, found, strict=True)
        if not isinstance(reply, Failure)
    ]
    mean = sum(reply[0] for _, reply in answered) / max(len(answered), 1)
    off = [difference(reply[1], ours.asked(network, patient)[1]) for patient, reply in answered]
    return {
        "by": peer.title,
        "cores": n_processes,
        "patients": len(patients),
        "patients/s": n_processes / mean if answered else None,
        "patients/s and core": 1 / mean if answered else None,
        "largest difference": max(off, default=None),
        "unanswered": len(patients) - len(answered),
    }


def _replies(
    peer: Peer, network: NoisyMaxNetwork, patients: list[Likelihoods], limit_s: float
) -> list[Reply | Failure]:
    worker = Worker(prepared, peer, network)
    worker.ask(patients[0], limit_s=limit_s)  # a warm-up
    replies = [worker.ask(patient, limit_s=limit_s) for patient in patients]
    worker.stop()
    return replies
