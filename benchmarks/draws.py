"""How long does it take to carry uncertain parameters through to the posterior?

Every probability and log odds is drawn anew, many times, for one patient; the yardstick is one
query of the same patient with a plan at hand.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks import ours, peers
from benchmarks.isolated import Failure, Worker
from benchmarks.patients import Kind, Likelihoods, complainers, described, likelihoods
from benchmarks.peers import Peer, Reply, prepared
from benchmarks.questions import Answer
from benchmarks.report import Result, Row, Scale, Table
from benchmarks.timing import difference, failures_of, median_of, replies_of
from legache.network.structure import Cause, Finding, FloatArray, NoisyMaxNetwork

QUESTION = __doc__.splitlines()[0]
_SPREAD = 0.3
_KINDS = (Kind(6, 15), Kind(6, 15, 0.4))
_PEERS = (peers.SHAFER_SHENOY, peers.GREEDY_1)
_SEED = 51


def measure(scale: Scale) -> Result:
    network = ours.shipped_network()
    people = complainers(network, 100, _SEED)
    rng = np.random.default_rng(_SEED)
    networks = [redrawn(network, rng) for _ in range(scale.of(500, 100))]
    rows: list[Row] = []
    for kind in scale.of(_KINDS, _KINDS[:1]):
        chosen = described(network, people, kind, _SEED)[: scale.of(3, 1)]
        patients = [likelihoods(network, row) for row in chosen]
        rows += [
            {"patients": kind.title} | row for row in _rows(scale, network, networks, patients)
        ]
    configuration: dict[str, object] = {
        "seed": _SEED,
        "draws": len(networks),
        "standard deviation of every logit and log odds": _SPREAD,
        "patients": scale.of(3, 1),
        "draws asked of other libraries": scale.of(20, 3),
    }
    title = f"Shipped network: {len(networks)} draws of all parameters of a patient"
    note = "Other libraries are asked for some of the draws; the time of all is scaled up."
    return Result(configuration, [Table(title, rows)], [note])


def redrawn(network: NoisyMaxNetwork, rng: np.random.Generator) -> NoisyMaxNetwork:
    """Draw every parameter anew around its value; zeros and ones stay."""
    return replace(
        network,
        context_probability=_jittered(rng, network.context_probability),
        causes=tuple(_redrawn_cause(rng, cause) for cause in network.causes),
        findings=tuple(_redrawn_finding(rng, finding) for finding in network.findings),
    )


def _redrawn_cause(rng: np.random.Generator, cause: Cause) -> Cause:
    def moved(values: FloatArray) -> FloatArray:
        return values + _SPREAD * rng.standard_normal(values.shape)

    return replace(
        cause,
        intercept=moved(cause.intercept),
        context_log_odds=moved(cause.context_log_odds),
        cause_log_odds=moved(cause.cause_log_odds),
        responsible=float(_jittered(rng, np.array(cause.responsible))),
    )


def _redrawn_finding(rng: np.random.Generator, finding: Finding) -> Finding:
    return replace(
        finding,
        strengths=_jittered_states(rng, finding.strengths),
        leak=_jittered_states(rng, finding.leak),
        unlisted=_jittered_states(rng, finding.unlisted),
    )


def _jittered(rng: np.random.Generator, p: FloatArray) -> FloatArray:
    """Move probabilities on the logit scale."""
    odds = np.divide(p, 1 - p, out=np.zeros_like(p), where=p < 1)
    odds = odds * np.exp(_SPREAD * rng.standard_normal(p.shape))
    return np.where(p < 1, odds / (1 + odds), p)


def _jittered_states(rng: np.random.Generator, above: FloatArray) -> FloatArray:
    """Move the probabilities of the states of a row, which stay at most 1 together."""
    moved = _jittered(rng, above)
    total = moved.sum(axis=-1, keepdims=True)
    return np.where(total > 1, moved * (1 - 1e-12) / np.maximum(total, 1.0), moved)


def _rows(
    scale: Scale,
    network: NoisyMaxNetwork,
    networks: list[NoisyMaxNetwork],
    patients: list[Likelihoods],
) -> list[Row]:
    stack = ours.stacked(networks)
    found = [_ours(network, stack, patient) for patient in patients]
    one_query = statistics.median(warm for warm, _, _ in found)
    one_draw = statistics.median(seconds for _, seconds, _ in found) / len(networks)
    n_draws = len(networks)
    rows = [_row(ours.NAME, n_draws, one_query=one_query, one_draw=one_draw, off=[], failed="")]
    expected = [answers for _, _, answers in found]
    chosen = [peer for peer in scale.of(_PEERS, _PEERS[:1]) if peer.is_installed]
    every = [network, *networks]
    return rows + [_peer_row(scale, peer, every, patients, expected) for peer in chosen]


def _ours(
    network: NoisyMaxNetwork, stack: Mapping[str, FloatArray], patient: Likelihoods
) -> tuple[float, float, list[Answer]]:
    """Seconds of a query with a plan at hand and of all draws, and the posteriors of each draw."""
    warm = statistics.median(ours.asked(network, patient)[0] for _ in range(9))
    seconds, found = ours.drawn(network, stack, patient)
    pairs = zip(found.present, found.responsible, strict=True)
    return warm, seconds, [ours.named(network, *pair) for pair in pairs]


def _peer_row(
    scale: Scale,
    peer: Peer,
    networks: list[NoisyMaxNetwork],
    patients: list[Likelihoods],
    expected: list[list[Answer]],
) -> Row:
    """Ask about each patient in the first network three times, then once in each of the others."""
    worker = Worker(_prepared, peer)
    limit_s, n_again = scale.of(3.0, 1.0), 3
    series, off = [], []
    for patient, mine in zip(patients, expected, strict=True):
        some = [networks[0]] * (1 + n_again) + networks[1 : 1 + scale.of(20, 3)]
        replies = replies_of(
            partial(worker.ask, limit_s=limit_s), [(one, patient) for one in some], limit_s
        )
        series.append(replies)
        pairs = zip(replies[n_again:], mine, strict=False)
        off += [difference(a[1], b) for a, b in pairs if not isinstance(a, Failure)]
    worker.stop()
    one_query = median_of([replies[:n_again] for replies in series])
    one_draw = median_of([replies[n_again:] for replies in series])
    return _row(
        peer.title,
        len(networks) - 1,
        one_query=one_query,
        one_draw=one_draw,
        off=off,
        failed=failures_of(series),
    )


def _prepared(peer: Peer) -> Callable[[NoisyMaxNetwork, Likelihoods], Reply]:
    """Function that asks about a patient in any network."""
    return lambda network, patient: prepared(peer, network)(patient)


def _row(
    by: str,
    n_draws: int,
    *,
    one_query: float | None,
    one_draw: float | None,
    off: list[float],
    failed: str,
) -> Row:
    return {
        "by": by,
        "one query ms": 1e3 * one_query if one_query else None,
        "one draw ms": 1e3 * one_draw if one_draw else None,
        "all draws ms": 1e3 * n_draws * one_draw if one_draw else None,
        "all draws / query": n_draws * one_draw / one_query if one_draw and one_query else None,
        "largest difference": max(off, default=None),
        "failed": failed,
    }
