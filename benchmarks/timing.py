"""How long does a patient take, and are the answers right?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks import ours
from benchmarks.isolated import Failure, Worker
from benchmarks.patients import Codes, likelihoods, mapping
from benchmarks.peers import Peer, Reply, prepared
from benchmarks.questions import Answer
from benchmarks.report import Row
from legache.errors import LegacheError
from legache.network.structure import NoisyMaxNetwork

_NEVER = float("inf")
FIRST, AGAIN = f"{ours.NAME}, first time", f"{ours.NAME}, again"
Series = list[list[Reply | Failure]]


@dataclass(frozen=True)
class Timing:
    """Seconds of each patient, infinite where there was no answer.

    Attributes
    ----------
    difference
        The largest to the answers that are expected, in any posterior.
    failure
        Why there was no answer, if so.
    """

    seconds: tuple[float, ...]
    difference: float | None = None
    failure: str = ""

    @property
    def median(self) -> float:
        """The median, or the lower of the two in the middle."""
        return statistics.median_low(self.seconds) if self.seconds else _NEVER

    @property
    def is_lost(self) -> bool:
        """Whether most patients had no answer."""
        return self.median == _NEVER

    def row(self, by: str, ours_median: float | None = None) -> Row:
        """Cells of a table."""
        answered = [second for second in self.seconds if second < _NEVER]
        ratio = self.median / ours_median if ours_median and not self.is_lost else None
        reason = f" ({self.failure})" if self.failure else ""
        return {
            "by": by,
            "median ms": None if self.is_lost else 1e3 * self.median,
            "slowest ms": 1e3 * max(answered) if answered else None,
            "times ours": ratio,
            "largest difference": self.difference,
            "answered": f"{len(answered)} of {len(self.seconds)}{reason}",
        }


@dataclass(frozen=True)
class OurTiming:
    """What legache takes when a pattern of evidence is new, and when its plan is at hand."""

    first: Timing
    again: Timing
    answers: tuple[Answer, ...]

    def rows(self) -> list[Row]:
        """Rows of a table."""
        return [self.first.row(FIRST), self.again.row(AGAIN)]


def ask_ours(
    network: NoisyMaxNetwork, rows: Codes, *, budget_s: float, as_user: bool = False
) -> OurTiming:
    """Ask legache about each patient twice, after a warm-up, until the budget is used.

    Parameters
    ----------
    as_user
        By ``Network.diagnose`` of the shipped network, from what was said to all posteriors.
    """
    firsts, agains, answers = [], [], []
    stop = time.perf_counter() + budget_s
    try:
        _ask_ours(network, rows[0], as_user=as_user)
        for row in rows[1:]:
            first, again = (_ask_ours(network, row, as_user=as_user) for _ in range(2))
            firsts.append(first[0])
            agains.append(again[0])
            answers.append(first[1])
            if time.perf_counter() > stop:
                break
    except LegacheError as error:
        reason = type(error).__name__
        failed = (Timing((*times, _NEVER), failure=reason) for times in (firsts, agains))
        return OurTiming(*failed, tuple(answers))
    return OurTiming(Timing(tuple(firsts)), Timing(tuple(agains)), tuple(answers))


def ask_peer(
    peer: Peer,
    network: NoisyMaxNetwork,
    rows: Codes,
    expected: Sequence[Answer],
    *,
    limit_s: float,
) -> Timing:
    """Ask a library about each patient once, after a warm-up, in a process of its own.

    Ends when more than half of the patients, or the first two, cannot be answered.
    """
    worker = Worker(prepared, peer, network)
    patients = [likelihoods(network, row) for row in rows]
    n_asked = min(len(expected), len(patients) - 1)
    warm_up = worker.ask(patients[0], limit_s=limit_s)
    seconds = [_NEVER] if isinstance(warm_up, Failure) else []
    reasons = [warm_up.reason] if isinstance(warm_up, Failure) else []
    differences: list[float] = []
    for patient, answer in zip(patients[1:], expected, strict=False):
        reply = worker.ask(patient, limit_s=limit_s)
        if isinstance(reply, Failure):
            reasons.append(reply.reason)
            seconds.append(_NEVER)
        else:
            seconds.append(reply[0])
            differences.append(difference(reply[1], answer))
        if len(reasons) > n_asked / 2 or (len(reasons) == 2 and not differences):
            break
    worker.stop()
    return Timing(tuple(seconds), max(differences, default=None), ", ".join(dict.fromkeys(reasons)))


def ask_peers(
    peers: Iterable[Peer],
    network: NoisyMaxNetwork,
    rows: Codes,
    expected: Sequence[Answer],
    *,
    limit_s: float,
    failed: set[Peer],
) -> list[tuple[Peer, Timing]]:
    """Ask each library that is installed and has not failed at something easier."""
    timings = []
    for peer in peers:
        if peer in failed or not peer.is_installed:
            continue
        timing = ask_peer(peer, network, rows, expected, limit_s=limit_s)
        if timing.is_lost:
            failed.add(peer)
        timings.append((peer, timing))
    return timings


def replies_of(
    ask: Callable[..., Reply | Failure], questions: Iterable[tuple[object, ...]], budget_s: float
) -> list[Reply | Failure]:
    """Ask a series of questions until one fails or the budget is used; the first is a warm-up."""
    replies: list[Reply | Failure] = []
    total = 0.0
    for place, question in enumerate(questions):
        reply = ask(*question)
        if place == 0 and not isinstance(reply, Failure):
            continue
        replies.append(reply)
        if isinstance(reply, Failure):
            break
        total += reply[0]
        if total > budget_s:
            break
    return replies


def median_of(series: Series) -> float | None:
    """Median seconds of one question, each series counting alike; none if most of them fail."""
    medians = []
    for replies in series:
        is_failed = any(isinstance(reply, Failure) for reply in replies)
        seconds = [reply[0] for reply in replies if not isinstance(reply, Failure)]
        medians.append(_NEVER if is_failed or not seconds else statistics.median(seconds))
    middle = statistics.median_low(medians)
    return middle if middle < _NEVER else None


def failures_of(series: Series) -> str:
    """Why questions failed, and how often."""
    reasons = [r.reason for replies in series for r in replies if isinstance(r, Failure)]
    return ", ".join(f"{reasons.count(r)} x {r}" for r in dict.fromkeys(reasons))


def difference(found: Answer, expected: Answer) -> float:
    """Largest absolute difference of any posterior."""
    return max(
        abs(a - b) for name in expected for a, b in zip(found[name], expected[name], strict=True)
    )


def _ask_ours(network: NoisyMaxNetwork, row: Codes, *, as_user: bool) -> Reply:
    if as_user:
        return ours.diagnosed(mapping(network, row))
    return ours.asked(network, likelihoods(network, row))
