"""What would the network be in another population, or among the patients of one clinic?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from legache.diagnosis.evidence import ABSENT
from legache.diagnosis.model import DiagnosticModel, Population, diagnostic_model
from legache.errors import PopulationError, did_you_mean, nearest
from legache.inference.draws import posterior_draws
from legache.inference.flat import flat_network
from legache.knowledge.checks import AGE_BAND, SEX, UNLISTED
from legache.knowledge.records import Complaint, Knowledge, Prevalence
from legache.network.building import prevalence_by_stratum, strata_of, stratum_share
from legache.network.conversions import (
    WEEKS_PER_YEAR,
    marginal_preserving_intercept,
    weekly_visits,
)
from legache.network.figures import published_figures
from legache.network.structure import FloatArray, NoisyMaxNetwork

_PER_YEAR = 1000 * WEEKS_PER_YEAR
_EMPTY = {"", "None", "nan", "<NA>"}  # cells of a table
_COLUMNS = ("node", "age_band", "sex", "value", "low", "high", "source")
# a clinic need not see more than half of all bearers in a week for its mix to be what it is
_LARGEST_LINK = 0.5
_N_STEPS = 200
_SHARE_TOLERANCE = 1e-9  # shares that are meant to sum to 1 do so up to rounding
_ROUNDING = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A number of the other population, and the strata that it is the mean of."""

    node: str
    value: float
    age_band: str | None = None
    sex: str | None = None
    low: float | None = None
    high: float | None = None
    source: str | None = None

    def covers(self, band: str | None, sex: str | None) -> bool:
        """Tell whether a stratum is one of those."""
        return self.age_band in {None, band} and self.sex in {None, sex}


def rebased(
    model: DiagnosticModel,
    *,
    prevalence: object = None,
    case_mix: object = None,
    name: str = "rebased",
    sources: Iterable[str] = (),
) -> DiagnosticModel:
    """Model of another population; see `Network.rebase`."""
    cited = (sources,) if isinstance(sources, str) else tuple(sources)
    numbers = [] if prevalence is None else _given(model, prevalence)
    shares = {} if case_mix is None else _shares(model, case_mix)
    before = model.population or Population(name=name)
    if numbers:
        knowledge = _with_prevalences(model.knowledge, numbers, cited)
        model = replace(diagnostic_model(knowledge), setting=model.setting)
    if shares:
        rates = _solved(model, {cause: share.value for cause, share in shares.items()})
        knowledge = _with_rates(model, rates, shares, cited)
        model = replace(diagnostic_model(knowledge), setting=model.setting)
    told = [*numbers, *shares.values()]
    named = [given.source for given in told if given.source is not None]
    population = Population(
        name=name,
        sources=tuple(dict.fromkeys((*before.sources, *cited, *named))),
        prevalence=_means(model, dict(before.prevalence), numbers),
        case_mix=tuple((cause, share.value) for cause, share in shares.items()),
    )
    return replace(model, population=population)


# what was given


def _given(model: DiagnosticModel, prevalence: object) -> list[Given]:
    nodes = [n for n in model.nodes.values() if n.kind in {"cause", "context"}]
    valid = [node.id for node in nodes if node.id not in {AGE_BAND, SEX}]
    numbers = [*_rows(prevalence)]
    strata = strata_of(model.knowledge)
    seen: Counter[tuple[str, str, str]] = Counter()
    for given in numbers:
        _check_id(given.node, valid, "cause or context")
        _check_number(given, most=1.0)
        covered = [stratum for stratum in strata if given.covers(*stratum)]
        if not covered:
            message = f"{given.node}: no stratum {given.age_band!r}, {given.sex!r}; expected " + (
                " or ".join(f"{band}, {sex}" for band, sex in strata)
            )
            raise PopulationError(message)
        seen.update((given.node, *stratum) for stratum in covered)
    for (node, band, sex), count in seen.items():
        if count > 1:
            message = f"{node}: two prevalences for {band}, {sex}; give one"
            raise PopulationError(message)
    return numbers


def _rows(numbers: object) -> Iterator[Given]:
    if hasattr(numbers, "columns") and hasattr(numbers, "to_dict"):
        yield from (_row_of_table(row) for row in numbers.to_dict("records"))
        return
    if not isinstance(numbers, Mapping):
        message = f"prevalence: {type(numbers).__name__}; expected a mapping or a table"
        raise PopulationError(message)
    for node, value in numbers.items():
        if isinstance(value, Mapping):
            for stratum, own in value.items():
                if not (isinstance(stratum, tuple) and len(stratum) == 2):
                    message = f"{node}: stratum {stratum!r}; expected (age_band, sex)"
                    raise PopulationError(message)
                yield Given(node=node, value=own, age_band=stratum[0], sex=stratum[1])
        else:
            yield Given(node=node, value=value)


def _row_of_table(row: Mapping[Any, Any]) -> Given:
    unknown = sorted(str(column) for column in row if column not in _COLUMNS)
    if unknown:
        hint = did_you_mean(nearest(unknown[0], _COLUMNS), f"expected {', '.join(_COLUMNS)}")
        message = f"unknown column {unknown[0][:64]!r}{hint}"
        raise PopulationError(message)
    told = {column: value for column, value in row.items() if _is_told(value)}
    for column in ("node", "value"):
        if column not in told:
            message = f"a row without {column}; expected node and value in each"
            raise PopulationError(message)
    return Given(**told)


def _is_told(value: object) -> bool:
    return str(value) not in _EMPTY


def _shares(model: DiagnosticModel, case_mix: object) -> dict[str, Given]:
    is_series = hasattr(case_mix, "items") and not hasattr(case_mix, "columns")
    rows = [*_rows(dict(case_mix.items()) if is_series else case_mix)]  # type: ignore[attr-defined]
    shares: dict[str, Given] = {}
    for share in rows:
        _check_id(share.node, (*model.cause_ids, UNLISTED), "cause")
        _check_number(share, most=1.0)
        if share.age_band is not None or share.sex is not None:
            message = f"{share.node}: a case mix is that of all patients; leave out age and sex"
            raise PopulationError(message)
        if share.node in shares:
            message = f"{share.node}: two shares; give one"
            raise PopulationError(message)
        shares[share.node] = share
    return shares


def _check_id(name: object, valid: Sequence[str], kind: str) -> None:
    if name not in valid:
        suggestions = nearest(str(name)[:64], valid)
        hint = did_you_mean(suggestions, "see Network.causes and Network.contexts")
        message = f"unknown {kind} {str(name)[:64]!r}{hint}"
        raise PopulationError(message, suggestions)


def _check_number(given: Given, most: float) -> None:
    ends = (("value", given.value), ("low", given.low), ("high", given.high))
    for column, number in ends:
        if column != "value" and number is None:
            continue
        is_number = isinstance(number, int | float | np.number) and not isinstance(number, bool)
        if not is_number or not 0 <= float(number) <= most:  # type: ignore[arg-type] # NaN is not
            message = f"{given.node}: {column} {number!r}; expected a probability"
            raise PopulationError(message)
    if (given.low is None) != (given.high is None):
        message = f"{given.node}: give both low and high, or neither"
        raise PopulationError(message)
    if given.low is None or given.high is None:
        return
    if not given.low <= given.value <= given.high:
        message = f"{given.node}: value {given.value:g} is not between low and high"
        raise PopulationError(message)


# prevalences


def _with_prevalences(
    knowledge: Knowledge, numbers: Sequence[Given], sources: tuple[str, ...]
) -> Knowledge:
    """Replace prevalences; the share of bearers who come stays, so that visits change with them."""
    share = dict(zip(strata_of(knowledge), _share(knowledge), strict=True))
    rows = list(knowledge.prevalence)
    for given in numbers:
        places = [
            place
            for place, row in enumerate(rows)
            if row.node == given.node and given.covers(row.age_band, row.sex)
        ]
        weights = np.array([share[row.age_band, row.sex] for row in (rows[i] for i in places)])  # type: ignore[index]
        old = np.array([rows[place].value for place in places])
        for place, value in zip(places, _scaled(given, old, weights).tolist(), strict=True):
            rows[place] = _replaced(rows[place], value, given, sources)
    before = _population_means(knowledge)
    changed = replace(knowledge, prevalence=tuple(rows))
    after = _population_means(changed)
    return replace(
        changed,
        complaints=tuple(
            _with_more_bearers(row, before.get(row.cause, 1.0), after.get(row.cause, 1.0))
            for row in knowledge.complaints
        ),
    )


def _share(knowledge: Knowledge) -> list[float]:
    figures = published_figures(knowledge)
    share: list[float] = stratum_share(knowledge, figures, strata_of(knowledge)).tolist()
    return share


def _population_means(knowledge: Knowledge) -> dict[str, float]:
    strata, figures = strata_of(knowledge), published_figures(knowledge)
    share = stratum_share(knowledge, figures, strata)
    by_stratum = prevalence_by_stratum(knowledge, figures, strata)
    return {
        node: float(np.vecdot(share, values))
        for node, values in by_stratum.items()
        if node not in {AGE_BAND, SEX}
    }


def _scaled(given: Given, old: FloatArray, weights: FloatArray) -> FloatArray:
    """Values of the strata, moved by one number of log odds, whose mean is the given one."""
    if len(old) == 1:
        return np.array([float(given.value)])
    if given.value in {0, 1}:
        return np.full(old.shape, float(given.value))
    shares = weights / weights.sum()
    mean = float(shares @ old)
    if mean == given.value:
        return old
    is_open, certain = (old > 0) & (old < 1), float(shares @ (old == 1))
    reachable = float(shares[is_open].sum())
    target = (given.value - certain) / reachable if reachable > 0 else -1.0
    if not 0 < target < 1:
        message = (
            f"{given.node}: no scaling of its strata has a mean of {given.value:g}, since those at "
            f"0 and 1 stay there; give each stratum"
        )
        raise PopulationError(message)
    log_odds = _logit(old[is_open])
    shift = marginal_preserving_intercept(
        np.array([target]), log_odds, (shares[is_open] / reachable)[None, :]
    )
    moved = old.copy()
    moved[is_open] = 1.0 / (1.0 + np.exp(-(log_odds + shift)))
    return moved


def _replaced(row: Prevalence, value: float, given: Given, sources: tuple[str, ...]) -> Prevalence:
    low, high = _ends(row, value, given)
    cited = ((given.source,) if given.source is not None else ()) or sources
    return replace(
        row,
        value=value,
        low=low,
        high=high,
        incidence_per_1000_py=None,
        duration_days=None,
        claims=(),
        derivation=None,
        grade="study" if cited else "elicited",
        sources=cited or row.sources,
        note="of a population that was given",
    )


def _ends(row: Prevalence | Complaint, value: float, given: Given) -> tuple[float, float]:
    """Interval on the scale of log odds: as wide as that of what was given, or replaced."""
    around = given if given.low is not None else row
    centre, low, high = float(around.value), float(around.low or 0), float(around.high or 0)
    if not (0 < centre < 1 and 0 < value < 1):
        return value, value
    shift = float(_logit(np.array(value)) - _logit(np.array(centre)))
    ends = [end if end in {0.0, 1.0} else _moved(end, shift) for end in (low, high)]
    return min(ends[0], value), max(ends[1], value)


def _moved(probability: float, shift: float) -> float:
    return 1.0 / (1.0 + math.exp(-(float(_logit(np.array(probability))) + shift)))


def _logit(p: FloatArray) -> FloatArray:
    return np.asarray(np.log(p) - np.log1p(-p))


def _with_more_bearers(row: Complaint, before: float, after: float) -> Complaint:
    if row.measure == "probability" or row.cause == UNLISTED or before == after or not before:
        return row
    ratio = after / before
    value = min(row.value * ratio, after * _PER_YEAR)
    if weekly_visits(value) > after:  # rounding of a link of 1
        value *= 1 - _ROUNDING
    low, high = min(row.low * ratio, value), max(row.high * ratio, value)
    return replace(row, value=value, low=low, high=high)


def _means(
    model: DiagnosticModel, before: dict[str, float], numbers: Sequence[Given]
) -> tuple[tuple[str, float], ...]:
    means = _population_means(model.knowledge)
    means |= {
        given.node: float(given.value)
        for given in numbers
        if given.age_band is None and given.sex is None
    }
    nodes = dict.fromkeys([*before, *(given.node for given in numbers)])
    return tuple((node, means[node]) for node in nodes)


# the case mix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Before:
    """What a case mix starts from.

    Attributes
    ----------
    rates
        P(responsible) of each cause, and of *unlisted*.
    present
        P(present) of each cause.
    """

    network: NoisyMaxNetwork
    complaint: str
    rates: Mapping[str, float]
    present: Mapping[str, float]

    def p_complaint(self, changed: Mapping[str, float]) -> float:
        """Probability of the complaint if some are responsible at other rates."""
        rates = {**self.rates, **changed}
        responsible = [
            min(rates[cause.id] / self.present[cause.id], 1.0) if rates[cause.id] else 0.0
            for cause in self.network.causes
        ]
        # as a draw of the same network, it needs no plan of its own
        flat = flat_network(self.network)
        numbers = {column: values[None] for column, values in flat.numbers.items()}
        numbers["responsible"] = np.array([responsible])
        numbers["unlisted"] = np.array([[rates[UNLISTED]]])
        absent = posterior_draws(self.network, numbers, {self.complaint: ABSENT}).log_evidence[0]
        return 0.0 - math.expm1(float(absent))

    def most(self, cause: str) -> float:
        """Rate of a cause of which every bearer comes."""
        return self.present.get(cause, 1.0)


def _solved(model: DiagnosticModel, shares: Mapping[str, float]) -> dict[str, float]:
    """P(responsible) of every cause, and the rate of *unlisted*, that give the case mix."""
    network = model.network
    present = _population_means(model.knowledge)
    rates = {cause.id: cause.responsible * present[cause.id] for cause in network.causes}
    rates[UNLISTED] = network.unlisted
    for cause, share in shares.items():
        if share > 0 and present.get(cause, 1.0) == 0:
            message = f"{cause}: nobody has it, so that it cannot be responsible in {share:.3g}"
            raise PopulationError(message)
    others = {cause: rate for cause, rate in rates.items() if cause not in shares and rate > 0}
    before = _Before(network=network, complaint=model.complaint, rates=rates, present=present)
    if others:
        return _with_others_scaled(before, shares, others)
    return _of_complete_mix(before, shares)


def _with_others_scaled(
    before: _Before,
    shares: Mapping[str, float],
    others: Mapping[str, float],
) -> dict[str, float]:
    """Keep the rate of the complaint, or lower it, and scale the causes that were not named."""
    total = before.p_complaint({})
    stretched = {
        cause: max(before.rates[cause], _LARGEST_LINK * before.most(cause)) / share
        for cause, share in shares.items()
        if share > 0 and cause != UNLISTED
    }
    total = min([total, *stretched.values()])

    def changed(total: float, factor: float) -> dict[str, float]:
        named = {cause: share * total for cause, share in shares.items()}
        return named | {cause: rate * factor for cause, rate in others.items()}

    def excess(total: float, factor: float) -> float:
        return before.p_complaint(changed(total, factor)) / total - 1

    if excess(total, 0.0) > 0:
        largest = max(shares, key=lambda cause: (shares[cause], cause))
        message = (
            f"{largest} and the others sum to {math.fsum(shares.values()):.4g}, more than two "
            f"causes in one patient explain; lower the shares, or name every cause"
        )
        raise PopulationError(message)
    # nor may a cause that was not named take more than half of its bearers who do not come yet
    factor = min((before.most(cause) / rate + 1) / 2 for cause, rate in others.items())
    if excess(total, factor) < 0:
        least = total / 2
        while excess(least, factor) < 0:
            least /= 2
        total = _root(lambda total: excess(total, factor), least, total)
    else:
        factor = _root(lambda factor: excess(total, factor), 0.0, factor)
    return {**before.rates, **changed(total, factor)}


def _of_complete_mix(
    before: _Before,
    shares: Mapping[str, float],
) -> dict[str, float]:
    """Rate of the complaint at which as many patients have two causes as the shares exceed 1."""
    beyond = math.fsum([*shares.values(), -1.0])
    if beyond <= _SHARE_TOLERANCE:
        message = (
            f"the shares of {', '.join(sorted(shares)[:3])}, ... sum to {1 + beyond:.6g}; if every "
            f"cause is named they exceed 1, as two may be responsible: leave one out, such as "
            f"{UNLISTED}, to take the rest"
        )
        raise PopulationError(message)

    def excess(total: float) -> float:
        named = {cause: share * total for cause, share in shares.items()}
        return before.p_complaint(named) / total - 1

    bounds = {c: before.most(c) / share for c, share in shares.items() if share > 0}
    tightest = min(bounds, key=lambda cause: (bounds[cause], cause))
    if excess(bounds[tightest]) > 0:
        message = (
            f"{tightest}: not even all its bearers are enough for the shares to sum to "
            f"{1 + beyond:.4g}; lower its share"
        )
        raise PopulationError(message)
    total = _root(excess, 0.0, bounds[tightest], at_low=beyond)
    return {cause: shares.get(cause, 0.0) * total for cause in before.rates}


def _root(
    excess: Callable[[float], float], low: float, high: float, at_low: float | None = None
) -> float:
    """Zero of a monotone function: false position, with the retained end halved.

    References
    ----------
    Dowell, M. & Jarratt, P. (1971). A modified regula falsi method for computing the root of an
    equation. BIT 11, 168-174 (the Illinois algorithm).
    """
    left = excess(low) if at_low is None else at_low
    right = excess(high)
    for _ in range(_N_STEPS):
        if right in {0.0, left}:
            return high
        middle = high - right * (high - low) / (right - left)
        if middle in {low, high}:
            return middle
        found = excess(middle)
        if abs(found) <= _ROUNDING:
            return middle
        if (found > 0) != (right > 0):
            low, left = high, right
        else:
            left /= 2
        high, right = middle, found
    return high


def _with_rates(
    model: DiagnosticModel,
    rates: Mapping[str, float],
    shares: Mapping[str, Given],
    sources: tuple[str, ...],
) -> Knowledge:
    present = _population_means(model.knowledge)
    rows = tuple(
        _complaint(
            row, rates[row.cause], present.get(row.cause, 1.0), shares.get(row.cause), sources
        )
        if row.setting == model.setting
        else row
        for row in model.knowledge.complaints
    )
    return replace(model.knowledge, complaints=rows)


def _complaint(
    row: Complaint, rate: float, present: float, share: Given | None, sources: tuple[str, ...]
) -> Complaint:
    if row.measure == "probability":
        value = min(rate / present, 1.0) if rate else 0.0
        low, high = _ends(row, value, Given(node=row.cause, value=value))
    else:
        value = rate * _PER_YEAR
        if weekly_visits(value) > present:
            value *= 1 - _ROUNDING
        low, high = (
            (row.low / row.value * value, row.high / row.value * value)
            if row.value
            else (value, value)
        )
    if share is not None and share.low is not None and share.high is not None and share.value:
        low, high = value * share.low / share.value, value * share.high / share.value
        high = min(high, 1.0) if row.measure == "probability" else high
    if share is None:
        return replace(row, value=value, low=min(low, value), high=max(high, value))
    cited = ((share.source,) if share.source is not None else ()) or sources
    return replace(
        row,
        value=value,
        low=min(low, value),
        high=max(high, value),
        claims=(),
        derivation=None,
        grade="study" if cited else "elicited",
        sources=cited or row.sources,
        note="solved for, from a case mix that was given",
    )
