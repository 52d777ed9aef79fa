"""How do all posteriors of a patient move with each published number?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Literal

import numpy as np

from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.published import (
    Published,
    patches_at_ends,
    published_numbers,
    stays_at_knots,
)
from legache.inference.curves import first_crossing
from legache.inference.flat import flat_network
from legache.inference.posterior import Posterior
from legache.inference.worlds import Answers, Patch, World, answers_in
from legache.knowledge.records import Prevalence
from legache.network.structure import FloatArray

Of = Literal["present", "responsible"]

_SHORT = 1e-3  # of a segment: from less of it, a line is not drawn out to its end
_NEARLY_CERTAIN = 0.99  # what is left of 1 has lost digits
_HALVINGS = 200
_EXACT = 4 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patient:
    """What was asked of whom.

    Attributes
    ----------
    likelihoods
        The evidence, with what was assumed.
    target
        Place of the cause whose posterior is followed.
    of
        Which of its posteriors.
    """

    model: DiagnosticModel
    likelihoods: Mapping[str, tuple[float, ...]]
    answer: Posterior
    target: int
    of: Of

    @property
    def masses(self) -> FloatArray:
        """P(e), P(responsible, e) of each cause, and P(target, e), all relative to P(e)."""
        target = getattr(self.answer, self.of)[self.target]
        return np.concatenate([[1.0], self.answer.responsible, [target]])

    def masses_in(self, worlds: Sequence[World]) -> FloatArray:
        """Return the same in other worlds, still relative to P(e) as it is."""
        return self.scaled(answers_in(self.model.network, worlds, self.likelihoods))

    def scaled(self, answers: Answers) -> FloatArray:
        """Masses of what was answered."""
        scale = np.exp(answers.log_evidence - self.answer.log_evidence)[:, None]
        target = getattr(answers, self.of)[:, [self.target]]
        return np.hstack([scale, scale * answers.responsible, scale * target])

    def masses_at(self, item: Published, values: Sequence[float]) -> FloatArray:
        """Masses where one number has other values; by asking the network."""
        return self.masses_in(_worlds(self, item, values))


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Masses of a patient, see `Patient.masses`, at some points of one number.

    Attributes
    ----------
    is_linear
        Whether they are straight lines between these points.
    """

    item: Published
    points: tuple[float, ...]
    masses: FloatArray
    is_linear: bool

    def at(self, value: float) -> FloatArray:
        """Masses at a value between those known, by straight lines."""
        if value in self.points:
            return np.asarray(self.masses[self.points.index(value)])
        right = int(np.searchsorted(self.points, value))
        left = right - 1
        share = (value - self.points[left]) / (self.points[right] - self.points[left])
        return np.asarray((1 - share) * self.masses[left] + share * self.masses[right])


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """The moves of all numbers that can matter.

    Attributes
    ----------
    n_settled
        How many numbers cannot matter, given the evidence: nothing hangs on them.
    n_evaluations
        How many posteriors were computed.
    """

    moves: tuple[Move, ...]
    n_settled: int
    n_evaluations: int


def moves_of(patient: Patient) -> Moves:
    """Masses of a patient as functions of every number that can matter.

    Notes
    -----
    A link that left its finding in the lowest state, and the probability that a cause is
    responsible, multiply P(e) in the worlds of some states of their cause: the posterior of each
    pair of causes, one evaluation for each cause, gives the curves of all of them.  The other
    numbers of one contributor need one evaluation for each knot, and all other numbers one at
    each end of their interval.
    """
    numbers = published_numbers(patient.model)
    open_items = [item for item in numbers.values() if _matters(patient, item)]
    pairs = _Pairs(patient)
    is_settled = [pairs.settle(item) for item in open_items]
    own = list(compress(open_items, is_settled))
    unsettled = compress(open_items, np.logical_not(is_settled))
    others = [_Asked(patient, item) for item in unsettled]
    worlds = [*pairs.worlds, *(World(patch) for asked in others for patch in asked.patches)]
    answers = answers_in(patient.model.network, worlds, patient.likelihoods)
    n_pairs = len(pairs.worlds)
    pairs.take(answers, n_pairs)
    masses = patient.scaled(answers)[n_pairs:]
    found = [pairs.move(item) for item in own]
    for asked in others:
        found.append(asked.move(masses[: len(asked.patches)]))
        masses = masses[len(asked.patches) :]
    return Moves(tuple(found), len(numbers) - len(open_items), len(worlds))


@lru_cache(maxsize=4)
def _possible_strata(patient: Patient) -> list[bool]:
    network = patient.model.network
    root_state = flat_network(network).graph["root_state"].reshape(len(network.root_ids), -1)
    possible = np.ones(len(network.strata), dtype=bool)
    for states, name in zip(root_state, network.root_ids, strict=True):
        if name in patient.likelihoods:
            possible &= np.array(patient.likelihoods[name])[states] > 0
    found: list[bool] = possible.tolist()
    return found


def _matters(patient: Patient, item: Published) -> bool:
    """Whether some open path leads from a number to the posteriors."""
    network = patient.model.network
    if item.finding is not None:
        said = patient.likelihoods.get(network.findings[item.finding].id, (1.0,))
        return len(set(said)) > 1  # nothing hangs on a finding that is not known
    if item.stratum is None:
        return True
    possible = _possible_strata(patient)
    if item.cause is not None:
        return possible[item.stratum] or _hangs_on_visits(patient, item)
    name = item.row.node if isinstance(item.row, Prevalence) else ""
    place = network.context_ids.index(name)
    has_causes = flat_network(network).graph["n_context_children"][place] > 0
    is_told = name in patient.likelihoods and sum(possible) > 1
    return possible[item.stratum] and bool(has_causes or is_told)


def _hangs_on_visits(patient: Patient, item: Published) -> bool:
    own = patient.model.network.causes[item.cause or 0].responsible
    return item.responsible is not None and any(item.responsible(x) != own for x in item.ends)


class _Pairs:
    """The posterior of every pair of causes, and what follows from it alone."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.possible = _possible_strata(patient)
        causes = patient.model.network.causes
        sure = np.ones(1)
        self.worlds = [
            World((("responsible", np.array([place]), sure),), place)
            for place in range(len(causes))
        ]
        self.worlds.append(World((), patient.target))

    def settle(self, item: Published) -> bool:
        """Tell whether the pairs are enough for a number, and keep their digits."""
        patient = self.patient
        if item.cause is None:
            return False
        own = patient.model.network.causes[item.cause].responsible
        responsible = patient.answer.responsible[item.cause]
        present = patient.answer.present[item.cause]
        if item.stays is not None and item.finding is not None:
            finding = patient.model.network.findings[item.finding]
            said = patient.likelihoods[finding.id]
            acts = responsible if finding.hangs_on_responsible else present
            is_lowest = said[0] > 0 and not any(said[1:])
            return bool(is_lowest and stays_at_knots(item)[0] > 0 and acts < _NEARLY_CERTAIN)
        if item.responsible is None or (item.stratum is not None and self.possible[item.stratum]):
            return False
        return bool(0 < own < _NEARLY_CERTAIN and responsible < _NEARLY_CERTAIN)

    def take(self, answers: Answers, n_worlds: int) -> None:
        """Keep P(silent, other) and P(responsible, other) of each cause, beside each other."""
        patient, causes = self.patient, self.patient.model.network.causes
        log_weight = answers.log_evidence[:n_worlds] - patient.answer.log_evidence
        said = [patient.likelihoods.get(cause.id, (1.0, 1.0))[1] for cause in causes]
        chance = [cause.responsible * given for cause, given in zip(causes, said, strict=True)]
        weight = np.exp(log_weight) * np.array([*chance, said[patient.target]])
        present, responsible = answers.present[:n_worlds], answers.responsible[:n_worlds]
        last = patient.target if patient.of == "responsible" else n_worlds - 1
        rows = [*range(n_worlds - 1), last]
        with_other = [array[rows] * weight[rows, None] for array in (present, responsible)]
        alone = patient.answer.present, patient.answer.responsible
        joint = [np.vstack([own, other]) for own, other in zip(alone, with_other, strict=True)]
        self.silent, self.responsible = np.maximum(joint[0] - joint[1], 0.0), joint[1]

    def move(self, item: Published) -> Move:
        """Masses at the knots of a number, or at its ends."""
        values = item.knots or item.ends
        place = item.cause or 0
        network, base = self.patient.model.network, self.patient.masses
        silent, responsible = self.silent[:, place], self.responsible[:, place]
        masses = []
        stays = stays_at_knots(item)
        for number, value in enumerate(values, start=1):
            if stays:
                by = stays[number] / stays[0]
                on_responsible = network.findings[item.finding or 0].hangs_on_responsible
                changes = (1.0 if on_responsible else by), by
            else:
                own, new = network.causes[place].responsible, (item.responsible or _same)(value)
                changes = (1 - new) / (1 - own), new / own
            masses.append(base + (changes[0] - 1) * silent + (changes[1] - 1) * responsible)
        return Move(item, values, np.maximum(masses, 0.0), bool(item.knots))


def _same(value: float) -> float:
    return value


class _Asked:
    """A number for which the network must be asked, and at which values."""

    def __init__(self, patient: Patient, item: Published) -> None:
        self.base = patient.masses
        self.item = item
        self.values = item.knots or item.ends
        patches = list(patches_at_ends(item))
        self.source: list[int] = []  # of each value, the place among the patches; -1 is the base
        self.patches: list[Patch] = []
        own = patches.pop() if item.knots else None
        for place, patch in enumerate(patches):
            if own is not None and _is_same(patch, own):
                self.source.append(-1)
            elif place and _is_same(patch, patches[place - 1]):
                self.source.append(self.source[-1])
            elif own is not None and place == len(patches) - 1 and self._reaches_end():
                self.source.append(-2)
            else:
                self.source.append(len(self.patches))
                self.patches.append(patch)

    def _reaches_end(self) -> bool:
        """Tell whether the last line can be drawn out from the number as it is."""
        left, right = self.values[-2:]
        return self.item.row.value - left > _SHORT * (right - left)

    def move(self, asked: FloatArray) -> Move:
        masses = [self.base if k < 0 else asked[k] for k in self.source]
        if self.source[-1] == -2:
            left, right = self.values[-2:]
            by = (right - left) / (self.item.row.value - left)
            masses[-1] = np.maximum(masses[-2] + by * (self.base - masses[-2]), 0.0)
        return Move(self.item, self.values, np.array(masses), bool(self.item.knots))


def _is_same(first: Patch, second: Patch) -> bool:
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a[2], b[2]) for a, b in pairs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossing:
    """Where another cause becomes the leading one.

    Attributes
    ----------
    distance
        From the number as it is, in log odds of a probability, else in logarithms.
    leader
        Place of the cause that leads beyond.
    """

    item: Published
    value: float
    distance: float
    leader: int


def smallest_crossing(patient: Patient, moves: Sequence[Move], leader: int) -> Crossing | None:
    """The smallest change of one number that makes another cause the leading one."""
    found = [
        crossing
        for move in moves
        if move.is_linear
        for crossing in _crossings_of_lines(move, patient.masses, leader)
    ]
    best = min(found, key=_by_distance, default=None)
    reach = best.distance if best else _FARTHEST
    curved = [move for move in moves if not move.is_linear]
    found = list(_crossings_of_curves(patient, curved, leader, reach))
    return min([*found, *([best] if best else [])], key=_by_distance, default=None)


_FARTHEST = math.log(1000.0)


def _by_distance(crossing: Crossing) -> tuple[float, str]:
    return crossing.distance, crossing.item.id


def _margins(masses: FloatArray, leader: int) -> FloatArray:
    """How far each cause is ahead of the leading one; not at all where the evidence cannot be."""
    responsible = masses[:, 1:-1]
    return np.asarray(responsible - responsible[:, [leader]])


def _crossings_of_lines(move: Move, base: FloatArray, leader: int) -> Iterator[Crossing]:
    own, values = move.item.row.value, np.array(move.points)
    for chosen in (values > own, values < own):
        points, masses = values[chosen], move.masses[chosen]
        if not points.size:
            continue
        outward = np.argsort(np.abs(points - own))
        line = np.concatenate([[own], points[outward]])
        margins = _margins(np.vstack([base, masses[outward]]), leader)
        crossing = first_crossing(line, margins)
        if crossing is not None:
            distance = abs(move.item.scaled(crossing[0]) - move.item.scaled(own))
            if math.isfinite(distance):
                yield Crossing(
                    item=move.item, value=crossing[0], distance=distance, leader=crossing[1]
                )


def _crossings_of_curves(
    patient: Patient, moves: Sequence[Move], leader: int, reach: float
) -> Iterator[Crossing]:
    """Crossings nearer than `reach`, of numbers on which the posteriors hang in no simple way."""
    asked = []
    worlds = []
    for move in moves:
        item = move.item
        own = item.scaled(item.row.value)
        low, high = (item.scaled(end) for end in item.domain)
        ends = [
            end
            for end in (max(own - reach, low), min(own + reach, high))
            if math.isfinite(own) and end != own and not _is_within(move, end, leader)
        ]
        asked += [(item, own, end) for end in ends]
        worlds += _worlds(patient, item, [item.unscaled(end) for end in ends])
    heights = _margins(patient.masses_in(worlds), leader).max(axis=1, initial=0.0)
    nearest = reach
    for item, own, end in compress(asked, heights > 0):
        within = max(own - nearest, end) if end < own else min(own + nearest, end)
        if within != end and not _leads_elsewhere(patient, item, within, leader):
            continue
        crossing = _bisected(patient, item, own, within, leader)
        nearest = min(nearest, crossing.distance)
        yield crossing


def _leads_elsewhere(patient: Patient, item: Published, scaled: float, leader: int) -> bool:
    masses = patient.masses_at(item, [item.unscaled(scaled)])
    return bool((_margins(masses, leader) > 0).any())


def _is_within(move: Move, end: float, leader: int) -> bool:
    """Tell whether an end lies in an interval within which the leader is known to stay."""
    low, high = (move.item.scaled(value) for value in move.points)
    return bool(low <= end <= high and not (_margins(move.masses, leader) > 0).any())


def _worlds(patient: Patient, item: Published, values: Sequence[float]) -> list[World]:
    """Worlds for values of a number, without what cannot matter."""
    possible = _possible_strata(patient)
    if item.responsible is None or item.stratum is None or possible[item.stratum]:
        return [World(patch) for patch in item.patches(values)] if values else []
    at = np.array([item.cause or 0])
    return [World((("responsible", at, np.array([item.responsible(value)])),)) for value in values]


def _bisected(patient: Patient, item: Published, own: float, end: float, leader: int) -> Crossing:
    """Halve the way to a value at which another cause leads, until nothing is left of it."""
    near, far, rival = own, end, leader
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        margins = _margins(patient.masses_at(item, [item.unscaled(middle)]), leader)[0]
        if margins.max() > 0:
            far, rival = middle, int(margins.argmax())
        else:
            near = middle
        if abs(far - near) <= _EXACT * max(1.0, abs(far)):
            break
    if rival == leader:
        rival = int(_margins(patient.masses_at(item, [item.unscaled(far)]), leader)[0].argmax())
    return Crossing(item=item, value=item.unscaled(far), distance=abs(far - own), leader=rival)
