"""What does each published number set in the network, and what if it were another?"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from legache.diagnosis.model import DiagnosticModel
from legache.inference.flat import all_states, flat_network
from legache.inference.worlds import Patch
from legache.knowledge.checks import AGE_BAND, SEX, UNLISTED
from legache.knowledge.figures import is_probability, key_of
from legache.knowledge.records import Background, Complaint, Figure, Link, Prevalence, RiskFactor
from legache.network.building import parent_distribution, total_log_odds
from legache.network.conversions import (
    WEEKS_PER_YEAR,
    link_strengths,
    marginal_preserving_intercept,
    weekly_link,
)
from legache.network.structure import Cause, Finding, FloatArray, IndexArray

Patches = Callable[[Sequence[float]], list[Patch]]
_JUST = 1e-9
_FRACTION = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Published:
    """One published number, and what it does in the network of one setting.

    Attributes
    ----------
    id
        File and key: ``links.csv:deep_vein_thrombosis/swelling_one_leg/present``.
    domain
        Between which values the network can be built, all other numbers being what they are.
    patches
        What the network's numbers are for given values of this one.
    knots
        Values between which the numbers of one contributor change linearly; empty if they change
        otherwise, or those of several do.
    finding, cause
        Place of the finding whose distribution it is part of; of the cause that contributes.
    stratum
        Of which a prevalence speaks.
    stays, responsible
        Of a link, the probability that it leaves its finding in the lowest state; the probability
        that the cause is responsible, if nothing else hangs on the number.  Functions of it.
    """

    id: str
    row: Figure
    domain: tuple[float, float]
    patches: Patches
    knots: tuple[float, ...] = ()
    finding: int | None = None
    cause: int | None = None
    stratum: int | None = None
    stays: _FRACTION | None = None
    responsible: _FRACTION | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """Its interval, as far as a network can be built."""
        low, high = self.domain
        return max(self.row.low, low), min(self.row.high, high)

    @property
    def is_limited(self) -> bool:
        """Whether a part of its interval fits no network."""
        return self.ends != (self.row.low, self.row.high)

    def scaled(self, value: float) -> float:
        """Log odds of a probability, logarithm of a ratio or rate."""
        if value <= 0:
            return -math.inf
        if not is_probability(self.row):
            return math.log(value)
        return math.log(value) - math.log1p(-value) if value < 1 else math.inf

    def unscaled(self, scaled: float) -> float:
        """Value of which the scaled one is given."""
        if not is_probability(self.row):
            return math.exp(scaled)
        return 1 / (1 + math.exp(-scaled)) if scaled > -700 else 0.0


@lru_cache(maxsize=16)
def published_numbers(model: DiagnosticModel) -> Mapping[str, Published]:
    """Every number that plays a part in the model's setting, by id."""
    base = _Base(model)
    found = [*base.prevalences(), *base.risk_factors(), *base.complaints(), *base.of_findings()]
    return {item.id: item for item in found}


@lru_cache(maxsize=8192)
def patches_at_ends(item: Published) -> tuple[Patch, ...]:
    """Patches of a number at its knots and where it is, or else at both ends of its interval."""
    return tuple(item.patches((*item.knots, item.row.value) if item.knots else item.ends))


@lru_cache(maxsize=8192)
def stays_at_knots(item: Published) -> tuple[float, ...]:
    """P(a link leaves its finding in the lowest state) where the number is, and at its knots."""
    stays = item.stays
    values = (item.row.value, *(item.knots or item.ends))
    return () if stays is None else tuple(stays(value) for value in values)


def _id(row: Figure) -> str:
    return f"{row.FILE}:{key_of(row)}"


class _Base:
    """A network with what it was built from; used once."""

    def __init__(self, model: DiagnosticModel) -> None:
        self.model = model
        self.network = network = model.network
        self.flat = flat_network(network)
        self.place = {cause.id: place for place, cause in enumerate(network.causes)}
        self.context = {name: place for place, name in enumerate(network.context_ids)}
        self.stratum = {stratum: place for place, stratum in enumerate(network.strata)}
        self.marginal = np.zeros((len(network.strata), len(network.causes)))
        for row in model.knowledge.prevalence:
            if row.node in self.place:
                self.marginal[self.stratum_of(row), self.place[row.node]] = row.value
        self.share = network.stratum_share
        self.complaint = {
            row.cause: row for row in model.knowledge.complaints if row.setting == model.setting
        }
        self.order = network.cause_order()

    def stratum_of(self, row: Prevalence) -> int:
        return self.stratum[str(row.age_band), str(row.sex)]

    # prevalence

    def prevalences(self) -> Iterator[Published]:
        for row in self.model.knowledge.prevalence:
            if row.node in {AGE_BAND, SEX}:
                yield Published(
                    id=_id(row),
                    row=row,
                    domain=self._domain_of_share(row),
                    patches=self._shares(row),
                )
            elif row.node in self.context:
                yield Published(
                    id=_id(row),
                    row=row,
                    domain=(0.0, 1.0),
                    patches=self._context(row),
                    stratum=self.stratum_of(row),
                )
            else:
                yield self._cause(row)

    def _context(self, row: Prevalence) -> Patches:
        stratum, place = self.stratum_of(row), self.context[row.node]
        at = np.array([stratum * len(self.context) + place])

        def patches(values: Sequence[float]) -> list[Patch]:
            strata = np.full(len(values), stratum)
            contexts = self.network.context_probability[strata]
            contexts[:, place] = values
            changed = {
                index
                for index, cause in enumerate(self.network.causes)
                if place in cause.contexts.tolist()
            }
            odds = self._solved(strata, self.marginal[strata], contexts, changed)
            return [
                (("context", at, np.array([value])), *self._odds(odds, strata, [k]))
                for k, value in enumerate(values)
            ]

        return patches

    def _cause(self, row: Prevalence) -> Published:
        stratum, place = self.stratum_of(row), self.place[row.node]
        visits = self.complaint[row.node]
        is_rate = visits.measure != "probability"
        average = float(self.share @ self.marginal[:, place])

        def responsible(value: float) -> float:
            if not is_rate:
                return self.network.causes[place].responsible
            others = average + self.share[stratum] * (value - row.value)
            weekly = visits.value / 1000 / WEEKS_PER_YEAR
            # at the end of the domain, rounding must not ask for more than every bearer
            return weekly_link(visits.value, max(float(others), weekly))

        def patches(values: Sequence[float]) -> list[Patch]:
            strata = np.full(len(values), stratum)
            marginal = self.marginal[strata]
            marginal[:, place] = values
            contexts = self.network.context_probability[strata]
            odds = self._solved(strata, marginal, contexts, {place})
            at = np.array([place])
            return [
                (
                    ("responsible", at, np.array([responsible(value)])),
                    *self._odds(odds, strata, [k]),
                )
                for k, value in enumerate(values)
            ]

        needed = visits.value / 1000 / WEEKS_PER_YEAR if is_rate else 0.0
        lowest = row.value - (average - needed) / self.share[stratum] if is_rate else 0.0
        return Published(
            id=_id(row),
            row=row,
            domain=(min(max(0.0, float(lowest)), row.value), 1.0),
            patches=patches,
            cause=place,
            stratum=stratum,
            responsible=responsible,
        )

    def _solved(
        self,
        strata: IndexArray,
        marginal: FloatArray,
        contexts: FloatArray,
        changed: set[int],
        factors: Mapping[int, Cause] = {},
    ) -> dict[int, FloatArray]:
        """Intercepts of the causes that change and of their descendants, for many populations."""
        causes: dict[int, Cause] = {}
        odds: dict[int, FloatArray] = {}
        for index in self.order:
            own = self.network.causes[index]
            cause = replace(factors.get(index, own), intercept=own.intercept[strata])
            if index in changed or any(parent in odds for parent in cause.causes.tolist()):
                weights = parent_distribution(cause, causes, contexts)
                log_odds = total_log_odds(cause)
                solved = marginal_preserving_intercept(marginal[:, index], log_odds, weights)
                cause, odds[index] = replace(cause, intercept=solved), solved
            causes[index] = cause
        return odds

    def _odds(
        self, solved: Mapping[int, FloatArray], strata: IndexArray, chosen: list[int]
    ) -> Iterator[tuple[str, IndexArray, FloatArray]]:
        with np.errstate(over="ignore"):  # infinite odds: the cause is certain
            for index, intercept in solved.items():
                at = index * len(self.network.strata) + strata[chosen]
                yield "odds", at, np.exp(intercept[chosen])

    # shares of the strata

    def _domain_of_share(self, row: Prevalence) -> tuple[float, float]:
        """Where every visit still has a bearer."""
        low, high = 0.0, 1.0
        for value in (row.low, row.high):
            if not self._is_share(row, value):
                # a share at the edge of what visits allow is left as it is
                low, high = (row.value, high) if value < row.value else (low, row.value)
        return low, high

    def _is_share(self, row: Prevalence, value: float) -> bool:
        share = self._share_with(row, value)
        if share is None:
            return False
        average = share @ self.marginal
        return all(
            visits.measure == "probability"
            or name == UNLISTED
            or visits.value / 1000 / WEEKS_PER_YEAR <= average[self.place[name]]
            for name, visits in self.complaint.items()
        )

    def _share_with(self, row: Prevalence, value: float) -> FloatArray | None:
        of_sex: dict[str | None, float] = {}
        of_band: dict[tuple[str | None, str | None], float] = {}
        for other in self.model.knowledge.prevalence:
            given = value if other == row else other.value
            if other.node == SEX:
                of_sex[other.sex] = given
            elif other.node == AGE_BAND:
                of_band[other.age_band, other.sex] = given
        share = np.array(
            [of_sex.get(sex, 0.0) * of_band[band, sex] for band, sex in self.network.strata]
        )
        return share / share.sum() if share.sum() > 0 else None

    def _shares(self, row: Prevalence) -> Patches:
        def patches(values: Sequence[float]) -> list[Patch]:
            return [self._with_share(self._share_with(row, value)) for value in values]

        return patches

    def _with_share(self, share: FloatArray | None) -> Patch:
        if share is None:
            message = "no stratum has anyone in it"
            raise ValueError(message)
        average = share @ self.marginal
        responsible = [
            visits.value
            if visits.measure == "probability"
            else weekly_link(visits.value, float(average[self.place[name]]))
            for name, visits in ((c.id, self.complaint[c.id]) for c in self.network.causes)
        ]
        patch = [
            ("share", np.arange(share.size), share),
            ("responsible", np.arange(len(responsible)), np.array(responsible)),
        ]
        for place, finding in enumerate(self.network.findings):
            if finding.id != self.model.complaint:
                patch += self._numbers_of(place, finding.leak, share @ finding.leak)
        return tuple(patch)

    # odds ratios

    def risk_factors(self) -> Iterator[Published]:
        for row in self.model.knowledge.risk_factors:
            yield Published(
                id=_id(row), row=row, domain=(0.0, math.inf), patches=self._risk_factor(row)
            )

    def _risk_factor(self, row: RiskFactor) -> Patches:
        index = self.place[row.cause]
        cause = self.network.causes[index]
        is_context = row.factor in self.context
        parents = cause.contexts if is_context else cause.causes
        parent = (self.context if is_context else self.place)[row.factor]
        within = parents.tolist().index(parent)
        offset = within if is_context else cause.contexts.size + within
        at = np.array([self.flat.graph["factor_start"][index] + offset])
        name = "context_log_odds" if is_context else "cause_log_odds"
        strata = np.arange(len(self.network.strata))

        def patches(values: Sequence[float]) -> list[Patch]:
            found: list[Patch] = []
            for value in values:
                log_odds = getattr(cause, name).copy()
                log_odds[within] = math.log(value)
                changed = replace(cause, **{name: log_odds})
                odds = self._solved(
                    strata,
                    self.marginal,
                    self.network.context_probability,
                    {index},
                    {index: changed},
                )
                ratio = ("ratio", at, np.array([value]))
                found.append((ratio, *self._odds(odds, strata, strata.tolist())))
            return found

        return patches

    # complaint

    def complaints(self) -> Iterator[Published]:
        for name, row in self.complaint.items():
            yield self._unlisted_rate(row) if name == UNLISTED else self._complaint(row)

    def _complaint(self, row: Complaint) -> Published:
        place = self.place[row.cause]
        average = float(self.share @ self.marginal[:, place])
        is_rate = row.measure != "probability"
        top = average * 1000 * WEEKS_PER_YEAR if is_rate else 1.0

        def responsible(value: float) -> float:
            if not is_rate:
                return value
            return weekly_link(min(value, top), average) if value < top else 1.0

        return Published(
            id=_id(row),
            row=row,
            domain=(0.0, max(top, row.value)),
            patches=_patches("responsible", np.array([place]), responsible),
            knots=(0.0, max(top, row.value)),
            cause=place,
            responsible=responsible,
        )

    def _unlisted_rate(self, row: Complaint) -> Published:
        is_rate = row.measure != "probability"
        top = 1000.0 * WEEKS_PER_YEAR if is_rate else 1.0
        return Published(
            id=_id(row),
            row=row,
            domain=(0.0, top),
            patches=_patches("unlisted", np.array([0]), lambda value: value / top),
            knots=(0.0, top),
        )

    # links and background

    def of_findings(self) -> Iterator[Published]:
        links: dict[str, list[Link]] = defaultdict(list)
        for link in self.model.knowledge.links:
            links[link.node].append(link)
        backgrounds: dict[str, list[Background]] = defaultdict(list)
        for background in self.model.knowledge.background:
            backgrounds[background.node].append(background)
        self.rates = {
            place: _Rates(self.place, finding, links[finding.id], backgrounds[finding.id])
            for place, finding in enumerate(self.network.findings)
        }
        for place, finding in enumerate(self.network.findings):
            for link in links[finding.id]:
                yield self._link(place, finding, link)
            for background in backgrounds[finding.id]:
                if background.given == UNLISTED:
                    yield self._unlisted(place, background)
                else:
                    yield self._leak(place, finding, background)

    def _link(self, place: int, finding: Finding, row: Link) -> Published:
        cause, graph = self.place[row.cause], self.flat.graph
        within = finding.causes.tolist().index(cause)
        start = int(graph["strength_start"][graph["link_start"][place] + within])
        rates = self.rates[place].of_cause[cause]
        return self._contribution(row, place, rates, ("strength", start), cause=cause)

    def _unlisted(self, place: int, row: Background) -> Published:
        start = int(self.flat.graph["unlisted_start"][place])
        rates = self.rates[place].unlisted
        return self._contribution(row, place, rates, ("unlisted_strength", start), cause=None)

    def _contribution(
        self,
        row: Link | Background,
        place: int,
        rates: _OfOne,
        at: tuple[str, int],
        *,
        cause: int | None,
    ) -> Published:
        """Number of one contributor, of which the strengths are broken lines."""
        finding = self.network.findings[place]
        average = self.share @ finding.leak
        level = finding.states.index(row.state) - 1
        top = max(1.0 - math.fsum(np.delete(rates.published, level).tolist()), row.value)
        is_fixed = not rates.is_net and average.sum() >= 1  # fits no other rate

        def strengths(value: float) -> FloatArray:
            return all_states(rates.strengths(average, level, value)[None, :]).ravel()

        places = at[1] + np.arange(len(finding.states))
        domain = (row.value, row.value) if is_fixed else (0.0, top)
        bends = () if rates.is_net or is_fixed else _bends(rates.published, average, level, top)
        return Published(
            id=_id(row),
            row=row,
            domain=domain,
            patches=lambda values: [((at[0], places, strengths(value)),) for value in values],
            knots=() if is_fixed else (0.0, *bends, top),
            finding=place,
            cause=cause,
            stays=None if cause is None else lambda value: float(strengths(value)[0]),
        )

    def _leak(self, place: int, finding: Finding, row: Background) -> Published:
        level = finding.states.index(row.state) - 1
        chosen = [row.age_band in {None, band} for band, *_ in self.network.strata]
        others = np.delete(finding.leak[chosen], level, axis=1).sum(axis=1)
        top = max(1.0 - float(others.max(initial=0.0)), row.value)

        def patches(values: Sequence[float]) -> list[Patch]:
            found: list[Patch] = []
            for value in values:
                leak = finding.leak.copy()
                leak[chosen, level] = value
                found.append(tuple(self._numbers_of(place, leak, self.share @ leak)))
            return found

        return Published(
            id=_id(row),
            row=row,
            # a background that is certain fits no published rate below 1
            domain=(0.0, max(top - _JUST, row.value)),
            patches=patches,
            finding=place,
        )

    def _numbers_of(
        self, place: int, leak: FloatArray, average: FloatArray
    ) -> list[tuple[str, IndexArray, FloatArray]]:
        """Leak, links and *unlisted* of a finding whose background is as given."""
        finding, graph = self.network.findings[place], self.flat.graph
        rates, n_states = self.rates[place], len(self.network.findings[place].states)
        strengths = [rates.of_cause[c].strengths(average) for c in finding.causes.tolist()]
        parts = [
            ("leak", graph["leak_start"][place], leak),
            (
                "unlisted_strength",
                graph["unlisted_start"][place],
                rates.unlisted.strengths(average),
            ),
        ]
        if strengths:
            start = graph["strength_start"][graph["link_start"][place]]
            parts.append(("strength", start, np.array(strengths)))
        numbers = [
            (name, start, all_states(above.reshape(-1, n_states - 1)).ravel())
            for name, start, above in parts
        ]
        return [(name, start + np.arange(values.size), values) for name, start, values in numbers]


@dataclass(frozen=True, slots=True, eq=False)
class _OfOne:
    """Published rates of one contributor to a finding, by state above the first."""

    published: FloatArray
    is_net: bool

    def strengths(
        self, average: FloatArray, level: int | None = None, value: float = 0.0
    ) -> FloatArray:
        published = self.published.copy()
        if level is not None:
            published[level] = value
        return published if self.is_net else link_strengths(published, average)[0]


class _Rates:
    """Published rates of all contributors to a finding."""

    def __init__(
        self,
        place: Mapping[str, int],
        finding: Finding,
        links: Sequence[Link],
        backgrounds: Sequence[Background],
    ) -> None:
        above = finding.states[1:]
        of_cause: dict[int, FloatArray] = defaultdict(lambda: np.zeros(len(above)))
        is_net: dict[int, bool] = {}
        for link in links:
            of_cause[place[link.cause]][above.index(link.state)] = link.value
            is_net.setdefault(place[link.cause], link.figure == "net")
        unlisted = np.zeros(len(above))
        said = [row for row in backgrounds if row.given == UNLISTED]
        for row in said:
            unlisted[above.index(row.state)] = row.value
        self.of_cause = {c: _OfOne(rates, is_net[c]) for c, rates in of_cause.items()}
        self.unlisted = _OfOne(unlisted, not said)


def _patches(name: str, at: IndexArray, parameter: _FRACTION) -> Patches:
    return lambda values: [((name, at, np.array([parameter(value)])),) for value in values]


def _bends(published: FloatArray, average: FloatArray, level: int, top: float) -> tuple[float, ...]:
    """Values of one rate at which the strength of some state begins to be floored.

    With the probability of a state of at least :math:`k`, the excess over the background is a
    straight line in the rate; strengths bend where two such lines cross, or one crosses 0.
    """
    within = 1 - np.cumsum(average[::-1])[::-1]
    others = published.copy()
    others[level] = 0.0
    start = (np.cumsum(others[::-1])[::-1] - (1 - within)) / within
    slope = np.where(np.arange(published.size) <= level, 1 / within, 0.0)
    lines = [(0.0, 0.0), *zip(start.tolist(), slope.tolist(), strict=True)]
    crossings = {
        (c - a) / (b - d) for i, (a, b) in enumerate(lines) for c, d in lines[:i] if b != d
    }
    return tuple(sorted(x for x in crossings if 0 < x < top))
