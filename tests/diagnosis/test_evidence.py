"""Is what was said of a patient understood, or refused with what to do?

Values that stand for a patient's answers are planted; no message may repeat them.
"""

from __future__ import annotations

import math
import pickle
import traceback
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from legache import EvidenceError, ImpossibleEvidenceError, Likelihood, Network
from legache.diagnosis.evidence import parse_evidence

SENTINEL = "zqsentinelqz"
NUMBER = 7731.25
HUGE = 10**400  # float() of it overflows

BAD: list[tuple[str, object, str, tuple[str, ...]]] = [
    # node, value, message, suggestions
    ("fever", SENTINEL, "fever must be True, False or None (unknown)", ()),
    ("fever", "True", "fever must be True, False or None (unknown)", ()),
    ("fever", 0.7, "fever must be True, False or None (unknown)", ()),
    ("fever", 1, "fever must be True, False or None (unknown)", ()),
    ("fever", 0, "fever must be True, False or None (unknown)", ()),
    ("fever", [True], "fever must be True, False or None (unknown)", ()),
    ("fever", [SENTINEL], "fever must be True, False or None (unknown)", ()),
    ("fever", {"present": NUMBER}, "fever must be True, False or None (unknown)", ()),
    ("fever", np.array([True]), "fever must be True, False or None (unknown)", ()),
    ("diabetes", SENTINEL, "diabetes must be True, False or None (unknown)", ()),
    ("osteoarthritis", SENTINEL, "osteoarthritis must be True, False or None (unknown)", ()),
    ("age", SENTINEL, "age must be a number of years, such as age=67", ()),
    ("age", "67", "age must be a number of years, such as age=67", ()),
    ("age", True, "age must be a number of years, such as age=67", ()),
    ("age", [NUMBER], "age must be a number of years, such as age=67", ()),
    ("age", Likelihood(NUMBER), "age must be a number of years, such as age=67", ()),
    ("age", NUMBER, "age is out of range", ()),
    ("age", 17, "age is out of range", ()),
    ("age", 17.99, "age is out of range", ()),
    ("age", 120.5, "age is out of range", ()),
    ("age", -1, "age is out of range", ()),
    ("age", math.inf, "age is out of range", ()),
    ("sex", SENTINEL, "unknown state of sex; expected female, male", ()),
    ("sex", "mal", "unknown state of sex; did you mean 'male' or 'female'?", ("male", "female")),
    ("sex", True, "sex takes one of its states, or a list of them: female, male", ()),
    ("sex", NUMBER, "sex takes one of its states, or a list of them: female, male", ()),
    ("duration", "under_1_weak", "unknown state of duration; did you mean", ("under_1_week",)),
    ("duration", SENTINEL, "unknown state of duration; expected under_1_week, ", ()),
    ("duration", [SENTINEL], "unknown state of duration; expected under_1_week, ", ()),
    ("duration", ["under_1_week", None], "unknown state of duration; expected", ()),
    ("duration", [], "duration: no state in the list; expected some of under_1_week, ", ()),
    ("duration", NUMBER, "duration takes one of its states, or a list of them: ", ()),
    ("duration", True, "duration takes one of its states, or a list of them: ", ()),
    ("duration", b"zqsentinelqz", "duration takes one of its states, or a list of them: ", ()),
    ("duration", {SENTINEL: 1.0}, "duration takes one of its states, or a list of them: ", ()),
    ("duration", Likelihood(NUMBER), "duration: the likelihood needs a number for each of its", ()),
    ("duration", Likelihood({SENTINEL: 1.0}), "unknown state of duration; expected", ()),
    ("fever", Likelihood({SENTINEL: 1.0}), "unknown state of fever; expected absent, present", ()),
    ("fever", Likelihood({"presnt": 1.0}), "unknown state of fever; did you mean", ("present",)),
]


@pytest.mark.parametrize(("node", "value", "message", "suggestions"), BAD)
def test_a_bad_value_is_refused_with_its_node_and_what_was_expected(
    network: Network, node: str, value: object, message: str, suggestions: tuple[str, ...]
) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose({node: value})

    assert str(caught.value).startswith(message)
    assert node in str(caught.value)
    assert caught.value.suggestions == suggestions


@pytest.mark.parametrize(("node", "value"), [case[:2] for case in BAD])
def test_a_message_never_repeats_what_the_patient_answered(
    network: Network, node: str, value: object
) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose({node: value})

    told = "".join(traceback.format_exception_only(caught.value))

    assert SENTINEL not in told
    assert str(NUMBER) not in told
    assert "17" not in told


def test_the_first_age_band_says_who_is_too_young(network: Network) -> None:
    nodes = network.model.nodes
    of_children = {**nodes, "age_band": replace(nodes["age_band"], states=("2_17", "18_plus"))}

    assert parse_evidence(of_children, {"age": 2}).likelihoods == {"age_band": (1.0, 0.0)}
    assert parse_evidence(of_children, {"age": 18}).likelihoods == {"age_band": (0.0, 1.0)}
    with pytest.raises(EvidenceError, match=r"^age is out of range; expected 2 to 120 years$"):
        parse_evidence(of_children, {"age": 1})


@pytest.mark.parametrize(
    ("node", "suggestions"),
    [
        ("swelling_one_lag", ("swelling_one_leg", "swelling_both_legs")),
        ("Diabetes", ("diabetes",)),
        ("worse at night", ("worse_at_night",)),
    ],
)
def test_an_unknown_node_is_refused_with_the_nearest_ids(
    network: Network, node: str, suggestions: tuple[str, ...]
) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose({node: SENTINEL})

    assert str(caught.value).startswith(f"unknown node {node!r}; did you mean {suggestions[0]!r}")
    assert caught.value.suggestions[: len(suggestions)] == suggestions
    assert SENTINEL not in str(caught.value)


def test_an_unknown_node_like_no_other_is_refused_with_where_to_look(network: Network) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose(xyzzy=True)

    assert str(caught.value) == "unknown node 'xyzzy'; `legache nodes` lists the valid ids"
    assert caught.value.suggestions == ()


def test_a_long_unknown_name_is_cut_short(network: Network) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose({"x" * 100_000: True})

    assert len(str(caught.value)) < 200


def test_an_unknown_value_does_not_hide_an_unknown_node(network: Network) -> None:
    with pytest.raises(EvidenceError, match="unknown node 'fevr'"):
        network.diagnose(fevr=None)


@pytest.mark.parametrize("name", [5, None, ("fever",), b"fever"])
def test_a_name_that_is_not_a_string_is_refused(network: Network, name: object) -> None:
    with pytest.raises(EvidenceError, match=r"names nodes by their ids, which are strings"):
        network.diagnose({name: True})


@pytest.mark.parametrize("evidence", [5, SENTINEL, [1, 2], [SENTINEL], object(), 0.5, True])
def test_evidence_that_is_no_mapping_is_refused(network: Network, evidence: object) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose(evidence)

    assert str(caught.value) == "evidence must be a mapping from node ids to values"


def test_a_node_that_is_given_twice_is_refused(network: Network) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.diagnose({"fever": True}, fever=True)

    expected = "'fever' is given twice; give it in the mapping or as a keyword"
    assert str(caught.value) == expected


def test_an_evidence_error_is_a_value_error_too(network: Network) -> None:
    with pytest.raises(ValueError, match="fever must be True"):
        network.diagnose(fever=SENTINEL)


def test_age_and_age_band_that_contradict_are_refused(network: Network) -> None:
    with pytest.raises(EvidenceError, match="age and age_band contradict each other"):
        network.diagnose(age=50, age_band="18_39")


def test_age_and_age_band_that_agree_say_the_same_twice(network: Network) -> None:
    both = network.diagnose(age=50, age_band="40_59")

    assert both.log_evidence == network.diagnose(age=50).log_evidence


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (18, "18_39"),
        (39.99, "18_39"),
        (40, "40_59"),
        (59, "40_59"),
        (60, "60_74"),
        (120, "75_plus"),
    ],
)
def test_an_age_stands_for_its_band(network: Network, age: float, band: str) -> None:
    by_age, by_band = network.diagnose(age=age), network.diagnose(age_band=band)

    np.testing.assert_array_equal(by_age.answer.responsible, by_band.answer.responsible)


def test_a_pregnant_man_is_impossible_and_both_are_named(network: Network) -> None:
    with pytest.raises(ImpossibleEvidenceError) as caught:
        network.diagnose(sex="male", pregnancy=True, fever=True, age=30)

    assert caught.value.conflict == ("pregnancy", "sex")
    assert str(caught.value) == (
        "impossible evidence: 'pregnancy' and 'sex' cannot all hold as given; correct one"
    )


def test_a_conflict_with_the_age_names_the_age_as_it_was_given(network: Network) -> None:
    with pytest.raises(ImpossibleEvidenceError) as caught:
        network.diagnose(age=90, pregnancy=True)

    assert caught.value.conflict == ("age", "pregnancy")


@pytest.mark.parametrize("node", ["age", "fever"])
def test_a_number_too_large_for_floating_point_is_refused(network: Network, node: str) -> None:
    with pytest.raises(EvidenceError, match=node):
        network.diagnose({node: HUGE})


@pytest.mark.parametrize(
    "ratio", [-1.0, -1e-300, math.nan, math.inf, -math.inf, SENTINEL, "3", None, True, 1j, [1.0]]
)
def test_a_likelihood_that_is_no_finite_number_of_at_least_0_is_refused(ratio: Any) -> None:
    with pytest.raises(EvidenceError) as caught:
        Likelihood(ratio)

    assert str(caught.value) == "a likelihood ratio must be a finite number of at least 0"


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "1", None])
def test_a_likelihood_with_a_bad_weight_of_a_state_is_refused(weight: Any) -> None:
    with pytest.raises(EvidenceError, match="must be a finite number of at least 0"):
        Likelihood({"absent": 1.0, "present": weight})


@pytest.mark.parametrize("weights", [{}, {"present": 0.0}, {"absent": 0, "present": 0.0}])
def test_a_likelihood_of_zero_everywhere_is_refused(weights: dict[str, float]) -> None:
    with pytest.raises(EvidenceError) as caught:
        Likelihood(weights)

    assert str(caught.value) == "a likelihood must be above 0 for some state"


def test_a_likelihood_too_large_for_floating_point_is_refused() -> None:
    with pytest.raises(EvidenceError):
        Likelihood(HUGE)


def test_a_likelihood_does_not_change_with_the_mapping_that_made_it() -> None:
    weights = {"absent": 1.0, "present": 3.0}
    soft = Likelihood(weights)

    weights["present"] = 99.0

    assert soft == Likelihood({"absent": 1.0, "present": 3.0})


def test_a_likelihood_survives_a_copy_between_processes() -> None:
    soft = Likelihood({"low": 2.0, "very_low": 1.0})

    assert pickle.loads(pickle.dumps(soft)) == soft  # noqa: S301 - made here


def test_a_bare_ratio_for_sex_is_refused(network: Network) -> None:
    with pytest.raises(EvidenceError, match="sex: the likelihood needs a number for each"):
        network.diagnose(sex=Likelihood(2.0))


def test_no_evidence_at_all_is_fine(network: Network) -> None:
    assert dict(network.diagnose().evidence) == {}
    assert dict(network.diagnose({}).evidence) == {}
    assert dict(network.diagnose(None).evidence) == {}


@pytest.mark.parametrize("unknown", [None, math.nan, np.nan, np.float32("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("node", ["fever", "duration", "age", "sex"])
def test_unknown_values_say_nothing(network: Network, node: str, unknown: object) -> None:
    silent, told = network.diagnose(), network.diagnose({node: unknown})

    assert dict(told.evidence) == {}
    np.testing.assert_array_equal(told.answer.responsible, silent.answer.responsible)


def test_a_series_is_a_mapping(network: Network) -> None:
    row = pd.Series({"age": 40, "fever": True, "duration": np.nan, "sex": "female"})

    assert dict(network.diagnose(row).evidence) == {"age": 40, "fever": True, "sex": "female"}


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("under_1_week", "under_1_week"),
        (["under_1_week"], "under_1_week"),
        (np.array(["under_1_week"]), "under_1_week"),
        (["over_3_months", "under_1_week"], ("under_1_week", "over_3_months")),
        ({"over_3_months", "under_1_week"}, ("under_1_week", "over_3_months")),
    ],
)
def test_graded_states_are_put_in_canonical_form(
    network: Network, value: object, canonical: object
) -> None:
    assert network.diagnose(duration=value).evidence["duration"] == canonical


@pytest.mark.parametrize(
    ("value", "canonical"), [(67, 67), (67.0, 67), (np.int64(67), 67), (Fraction(135, 2), 67.5)]
)
def test_ages_are_put_in_canonical_form(network: Network, value: object, canonical: float) -> None:
    found = network.diagnose(age=value).evidence["age"]

    assert (found, type(found)) == (canonical, type(canonical))


@pytest.mark.parametrize(
    ("node", "soft", "hard"),
    [
        ("fever", Likelihood({"absent": 1.0, "present": 0.0}), False),
        ("fever", Likelihood({"present": 5.0}), True),
        ("fever", Likelihood(0.0), False),
        ("duration", Likelihood({"under_1_week": 0.1}), "under_1_week"),
        ("sex", Likelihood({"male": 1.0}), "male"),
        ("osteoarthritis", Likelihood({"present": 1.0}), True),
        ("diabetes", Likelihood({"present": 1.0}), True),
    ],
)
def test_a_likelihood_for_one_state_only_is_hard_evidence(
    network: Network, node: str, soft: Likelihood, hard: object
) -> None:
    softly, firmly = network.diagnose({node: soft}), network.diagnose({node: hard})

    np.testing.assert_allclose(
        softly.answer.responsible, firmly.answer.responsible, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(
    ("node", "soft"),
    [
        ("fever", Likelihood(1.0)),
        ("fever", Likelihood({"absent": 0.3, "present": 0.3})),
        ("duration", ["under_1_week", "1_week_to_3_months", "over_3_months"]),
        ("sex", ["female", "male"]),
        ("osteoarthritis", Likelihood(1.0)),
    ],
)
def test_evidence_that_favours_no_state_says_nothing(
    network: Network, node: str, soft: object
) -> None:
    silent, told = network.diagnose(), network.diagnose({node: soft})

    np.testing.assert_allclose(
        told.answer.responsible, silent.answer.responsible, rtol=0, atol=1e-12
    )


def test_a_likelihood_ratio_multiplies_the_odds(network: Network) -> None:
    """P(cause | ratio 3) = 3 p / (3 p + 1 - p)."""
    before = network.posterior()["osteoarthritis"]

    after = network.posterior(osteoarthritis=Likelihood(3.0))["osteoarthritis"]

    assert after == pytest.approx(3 * before / (1 + 2 * before), abs=1e-13)
