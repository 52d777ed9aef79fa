"""What would the network be in another population, or among the patients of one clinic?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from legache.diagnosis.case_mix import rates_of_mix
from legache.diagnosis.model import DiagnosticModel, Population, diagnostic_model
from legache.diagnosis.population_numbers import Given, given_prevalences, given_shares
from legache.errors import PopulationError
from legache.knowledge.checks import AGE_BAND, SEX, UNLISTED
from legache.knowledge.records import Complaint, Knowledge, Prevalence
from legache.network.building import prevalence_by_stratum, strata_of, stratum_share
from legache.network.conversions import (
    WEEKS_PER_YEAR,
    marginal_preserving_intercept,
    weekly_visits,
)
from legache.network.figures import published_figures
from legache.network.structure import FloatArray

_PER_YEAR = 1000 * WEEKS_PER_YEAR
_ROUNDING = 1e-15


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
    numbers = [] if prevalence is None else given_prevalences(model, prevalence)
    shares = {} if case_mix is None else given_shares(model, case_mix)
    before = model.population or Population(name=name)
    if numbers:
        knowledge = _with_prevalences(model.knowledge, numbers, cited)
        model = replace(diagnostic_model(knowledge), setting=model.setting)
    if shares:
        mix = {cause: share.value for cause, share in shares.items()}
        rates = rates_of_mix(model, _population_means(model.knowledge), mix)
        knowledge = _with_rates(model, rates, shares, cited)
        model = replace(diagnostic_model(knowledge), setting=model.setting)
    told = [*numbers, *shares.values()]
    named = [given.source for given in told if given.source is not None]
    population = Population(
        name=name,
        sources=tuple(dict.fromkeys((*before.sources, *cited, *named))),
        prevalence=_means(model, dict(before.prevalence), numbers),
        # a prevalence changes the mix that was met before
        case_mix=tuple((cause, float(share.value)) for cause, share in shares.items())
        or (() if numbers else before.case_mix),
    )
    return replace(model, population=population)


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
