"""How does a number of the model follow from claims?

A derivation is an arithmetic expression over ids of claims::

    vas017                                  one study
    pool(met001, met004, met010)            random-effects meta-analysis
    mean(vas031, vas032)                    plain mean, of strata that make up a wider one
    complement(ner044)                      1 - specificity
    sensitivity(ner010, ner011)             of a positive and a negative likelihood ratio
    odds_ratio(add012, add013)              of two proportions
    week(vas120, add044)                    one-week prevalence: incidence x (days + 7)
    con012 * con014 * 0.5                   with a judged factor: the number is elicited
"""

from __future__ import annotations

import ast
import operator
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from legache.curation.estimates import (
    Estimate,
    Scale,
    estimate,
    is_proportion,
    published_interval,
)
from legache.curation.expressions import call_of, named_claims, parsed, pooled_names
from legache.curation.pooling import pooled
from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge.records import Claim
from legache.network.conversions import week_prevalence
from legache.network.structure import FloatArray

_N_DRAWS = 4001
# units and complements; any other number in a derivation is somebody's judgement
_UNITS = frozenset({0, 1, 7, 52, 100, 365.25, 1000})
_DIGITS = 3
_GRADES = ("meta_analysis", "study", "guideline", "elicited")
_GRADE_OF_DESIGN = {
    "meta_analysis": "meta_analysis",
    "systematic_review": "meta_analysis",
    "guideline": "guideline",
    "textbook": "guideline",
    "narrative_review": "guideline",
}
_Numbers = Callable[..., FloatArray]
_OPERATORS: Mapping[type[ast.operator], _Numbers] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Derived:
    """A number as its claims give it, rounded to three significant digits.

    Attributes
    ----------
    grade
        That of the weakest claim; ``elicited`` with a judged factor; ``meta_analysis`` if nothing
        but studies was pooled.
    arguments
        Of `sensitivity` its likelihood ratios, of `week` incidence and days, by the columns that
        state them; else empty.
    """

    value: float
    low: float
    high: float
    grade: str
    arguments: Mapping[str, float]


def derived(expression: str, claims: Mapping[str, Claim], unit: Scale) -> Derived:
    """Evaluate a derivation.

    Parameters
    ----------
    expression
        See the module.
    claims
        By id.
    unit
        ``logit`` if the result is a probability, ``log`` if it is a ratio or a rate.

    Raises
    ------
    KnowledgeError
        It cannot be read, names an unknown claim, or its result is not such a number.

    Notes
    -----
    The interval of a single claim is the published one, if there is one.  Any other holds the
    middle 95 % of 4,001 values: each claim runs through the quantiles of its distribution, in an
    order of its own that a fixed seed shuffles.  Values outside the range of the result, such as
    sensitivities above 1 that two likelihood ratios may imply, are left out.

    Examples
    --------
    >>> claim = Claim(
    ...     id="one2001", subject="fever", object=None, measure="specificity", value=0.9, low=0.8,
    ...     high=0.95, numerator=None, denominator=None, population="adults", setting="clinic",
    ...     definition="", design="cohort", source="one2001", locator="abstract", use="used",
    ...     note="")
    >>> derived("complement(one2001)", {"one2001": claim}, "logit").value
    0.1
    >>> derived("one2001", {"one2001": claim}, "logit").low
    0.8
    """
    tree = parsed(expression)
    names = named_claims(expression)
    if not names:
        message = f"{expression} names no claim; leave the derivation of a judged number empty"
        raise KnowledgeError(message)
    chosen = {name: _known(name, claims) for name in names}
    with np.errstate(all="ignore"):  # what is not finite is refused below
        numbers = _values(tree, chosen)
    is_valid = (numbers >= 0) & ((numbers <= 1) if unit == "logit" else np.isfinite(numbers))
    if not is_valid[0]:
        message = f"{expression} is {numbers[0]:g}; expected a {_EXPECTED[unit]}"
        raise KnowledgeError(message)
    low, high = np.percentile(numbers[is_valid], (2.5, 97.5)).tolist()
    if isinstance(tree, ast.Name):
        low, high = published_interval(chosen[tree.id])
    if unit == "logit" and high > 1:
        message = f"{expression}: the interval ends at {high:g}; expected a {_EXPECTED[unit]}"
        raise KnowledgeError(message)
    value = float(numbers[0])
    arguments = _arguments(tree, chosen)
    low, value, high = (_rounded(number) for number in (min(low, value), value, max(high, value)))
    return Derived(value, low, high, _grade(tree, chosen), arguments)


def _known(name: str, claims: Mapping[str, Claim]) -> Claim:
    if name not in claims:
        suggestions = nearest(name, claims)
        message = f"unknown claim {name!r}{did_you_mean(suggestions, 'add it to claims.csv')}"
        raise KnowledgeError(message)
    return claims[name]


def _values(node: ast.expr, claims: Mapping[str, Claim]) -> FloatArray:
    """Value of an expression, followed by that of each draw of its claims."""
    if isinstance(node, ast.Constant):
        return np.full(1 + _N_DRAWS, float(str(node.value)))
    if isinstance(node, ast.Name):
        return _spread(estimate(claims[node.id]), node.id, claims[node.id].value)
    if isinstance(node, ast.BinOp):
        combine = _OPERATORS[type(node.op)]
        return combine(_values(node.left, claims), _values(node.right, claims))
    name, given = call_of(node)
    if name == "pool":
        found = _pool([claims[argument.id] for argument in pooled_names(given)])
        return _spread(found, ast.unparse(node), found.value)
    return _FUNCTIONS[name](*(_values(argument, claims) for argument in given))


def _pool(claims: Sequence[Claim]) -> Estimate:
    """Mean of different claims of the same kind."""
    for place, claim in enumerate(claims):
        if claim in claims[:place]:
            message = f"pool: {claim.id} is named twice; its weight would count twice"
            raise KnowledgeError(message)
        if _kind(claim) != _kind(claims[0]):
            one, other = (f"{c.id} is of {c.measure}" for c in (claims[0], claim))
            message = f"pool: {one}, and {other}; pool claims of one kind"
            raise KnowledgeError(message)
    return pooled([estimate(claim) for claim in claims])


def _kind(claim: Claim) -> str:
    """Claims of the same kind may be pooled."""
    if is_proportion(claim) and claim.measure != "specificity":  # which counts who lacks it
        return "proportion"
    return _KINDS.get(claim.measure, claim.measure)


def _spread(one: Estimate, name: str, value: float) -> FloatArray:
    """Value, and the quantiles of its distribution in an order that belongs to the name."""
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(_N_DRAWS)
    return np.concatenate([[value], one.quantiles(_QUANTILES[order])])


def _mean(*numbers: FloatArray) -> FloatArray:
    return np.asarray(np.mean(numbers, axis=0))


def _complement(number: FloatArray) -> FloatArray:
    return np.asarray(1 - number)


def _sensitivity(lr_positive: FloatArray, lr_negative: FloatArray) -> FloatArray:
    """As `legache.network.conversions.rates_from_likelihood_ratios`, for draws."""
    specificity = (lr_positive - 1) / (lr_positive - lr_negative)
    return np.asarray(lr_positive * (1 - specificity))


def _odds_ratio(exposed: FloatArray, unexposed: FloatArray) -> FloatArray:
    return np.asarray(exposed / (1 - exposed) / (unexposed / (1 - unexposed)))


def _week(incidence: FloatArray, duration: FloatArray) -> FloatArray:
    return week_prevalence(incidence, duration)


def _arguments(tree: ast.expr, claims: Mapping[str, Claim]) -> dict[str, float]:
    if not isinstance(tree, ast.Call):
        return {}
    name, given = call_of(tree)
    # with few digits their product could be farther from the value than a reader accepts
    numbers = [float(f"{_values(argument, claims)[0]:.6g}") for argument in given]
    return dict(zip(_COLUMNS[name], numbers, strict=True)) if name in _COLUMNS else {}


def _grade(tree: ast.expr, claims: Mapping[str, Claim]) -> str:
    literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    if any(literal not in _UNITS for literal in literals):
        return "elicited"
    grades = [_GRADE_OF_DESIGN.get(claim.design, "study") for claim in claims.values()]
    weakest = max(grades, key=_GRADES.index)
    is_pool = isinstance(tree, ast.Call) and call_of(tree)[0] == "pool"
    return "meta_analysis" if is_pool and weakest == "study" else weakest


def _rounded(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


_COLUMNS = {
    "sensitivity": ("lr_positive", "lr_negative"),
    "week": ("incidence_per_1000_py", "duration_days"),
}
_EXPECTED = {"logit": "probability", "log": "finite number of at least 0"}
_QUANTILES = np.array([NormalDist().inv_cdf((index + 0.5) / _N_DRAWS) for index in range(_N_DRAWS)])
_FUNCTIONS: Mapping[str, _Numbers] = {
    "pool": _mean,  # of estimates, not of draws: see `_values`
    "mean": _mean,
    "complement": _complement,
    "sensitivity": _sensitivity,
    "odds_ratio": _odds_ratio,
    "week": _week,
}
_KINDS = {
    "odds_ratio": "ratio",
    "relative_risk": "ratio",
    "hazard_ratio": "ratio",
    "incidence_per_1000_py": "rate",
    "consultation_incidence_per_1000_py": "rate",
    "consultation_prevalence_per_1000_py": "rate",
}
