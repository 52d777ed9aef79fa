"""Is the network of another population the one that was asked for, and does it say so?"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legache import Network, PopulationError
from legache.diagnosis.model import prior
from legache.network.building import prevalence_by_stratum, strata_of
from legache.network.figures import published_figures
from tests.strategies import random_patient, repeatable, seeds

SAID = {"age": 67, "sex": "female", "swelling_one_leg": True, "smoking": True}
DVT, PAD = "deep_vein_thrombosis", "peripheral_artery_disease"


def _prevalences(network: Network) -> dict[str, float]:
    return dict(zip(network.model.cause_ids, prior(network.model.network).tolist(), strict=True))


def _case_mix(network: Network) -> dict[str, float]:
    """P(responsible | complaint) of every cause, and of unlisted."""
    answer = network.diagnose().answer
    mix = dict(zip(network.model.cause_ids, answer.responsible.tolist(), strict=True))
    return mix | {"unlisted": network.model.network.unlisted / math.exp(answer.log_evidence)}


def _assert_same(first: Network, second: Network, said: dict[str, object] = SAID) -> None:
    one, other = (network.diagnose(said).answer for network in (first, second))
    np.testing.assert_allclose(one.present, other.present, rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.responsible, other.responsible, rtol=0, atol=1e-9)
    # of a complete mix the complaint's rate follows from how little the shares exceed 1
    assert one.log_evidence == pytest.approx(other.log_evidence, abs=1e-7)


# identity


def test_its_own_prevalences_change_nothing(network: Network) -> None:
    _assert_same(network.rebase(prevalence=_prevalences(network)), network)


def test_its_own_prevalences_by_stratum_change_nothing(network: Network) -> None:
    own = {
        row.node: {(r.age_band, r.sex): r.value for r in rows}
        for row in network.model.knowledge.prevalence
        if row.node in {*network.causes, "smoking"}
        for rows in [[r for r in network.model.knowledge.prevalence if r.node == row.node]]
    }
    _assert_same(network.rebase(prevalence=own), network)


@pytest.mark.parametrize("setting", ["emergency", "primary_care", "survey"])
def test_its_own_case_mix_changes_nothing(network: Network, setting: str) -> None:
    asked = network.in_setting(setting)
    _assert_same(asked.rebase(case_mix=_case_mix(asked)), asked)


def test_a_part_of_its_own_case_mix_changes_nothing(network: Network) -> None:
    mix = _case_mix(network)
    _assert_same(network.rebase(case_mix={DVT: mix[DVT], PAD: mix[PAD]}), network)


def test_intervals_of_the_same_numbers_are_the_same(network: Network) -> None:
    again = network.rebase(prevalence=_prevalences(network))
    first, second = (n.diagnose(SAID).intervals(n_draws=60).table for n in (network, again))
    for name in ("present_low", "present_high", "responsible_low", "responsible_high"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-6)


# prevalences


@settings(repeatable, max_examples=15)
@given(st.sampled_from([DVT, PAD, "osteoarthritis", "heart_failure"]), st.floats(1e-5, 0.9))
def test_the_population_has_the_given_prevalence(
    network: Network, cause: str, value: float
) -> None:
    other = network.rebase(prevalence={cause: value})
    assert _prevalences(other)[cause] == pytest.approx(value, rel=1e-9)


def test_strata_move_by_the_same_log_odds(network: Network) -> None:
    other = network.rebase(prevalence={PAD: 0.2, "smoking": 0.4})
    strata = strata_of(network.model.knowledge)
    before, after = (
        prevalence_by_stratum(n.model.knowledge, published_figures(n.model.knowledge), strata)
        for n in (network, other)
    )
    for node in (PAD, "smoking"):
        shift = [np.log(p / (1 - p)) for p in (before[node], after[node])]
        assert np.ptp(shift[1] - shift[0]) < 1e-9
    share = other.model.network.stratum_share
    assert share @ after["smoking"] == pytest.approx(0.4, rel=1e-9)


def test_one_stratum_gets_its_number_and_others_stay(network: Network) -> None:
    other = network.rebase(prevalence={DVT: {("60_74", "female"): 0.02}})
    assert other.posterior(age=67, sex="female")[DVT] == pytest.approx(0.02, rel=1e-9)
    before = network.posterior(age=67, sex="male")[DVT]
    assert other.posterior(age=67, sex="male")[DVT] == pytest.approx(before, rel=1e-9)


def test_a_table_brings_intervals_and_sources(network: Network) -> None:
    table = pd.DataFrame(
        {
            "node": [DVT, "smoking"],
            "age_band": ["60_74", None],
            "sex": ["male", float("nan")],
            "value": [0.02, 0.4],
            "low": [0.01, None],
            "high": [0.04, None],
            "source": ["register 2025", pd.NA],
        }
    )
    other = network.rebase(prevalence=table, name="town", sources=["survey 2024"])
    rows = {(r.node, r.age_band, r.sex): r for r in other.model.knowledge.prevalence}
    row = rows[DVT, "60_74", "male"]
    assert (row.value, row.low, row.high) == pytest.approx((0.02, 0.01, 0.04))
    assert row.sources == ("register 2025",)
    assert rows["smoking", "60_74", "male"].sources == ("survey 2024",)
    assert other.model.population is not None
    assert other.model.population.sources == ("survey 2024", "register 2025")


def test_a_number_without_an_interval_is_as_uncertain_as_the_one_it_replaces(
    network: Network,
) -> None:
    other = network.rebase(prevalence={PAD: 0.2})

    def widths(asked: Network) -> list[float]:
        rows = [r for r in asked.model.knowledge.prevalence if r.node == PAD]
        odds = [(r.high / (1 - r.high)) / (r.low / (1 - r.low)) for r in rows]
        return np.log(odds).tolist()

    assert widths(other) == pytest.approx(widths(network), rel=1e-9)


def test_the_share_of_bearers_who_come_stays(network: Network) -> None:
    other = network.rebase(prevalence={DVT: 0.001})
    for setting in network.settings:
        links = [
            {c.id: c.responsible for c in n.in_setting(setting).model.network.causes}
            for n in (network, other)
        ]
        assert links[1] == pytest.approx(links[0], rel=1e-9)


@settings(repeatable, max_examples=25)
@given(seeds, st.integers(0, 39), st.floats(1.1, 10))
def test_raising_a_prevalence_never_lowers_that_cause(
    network: Network, seed: int, place: int, factor: float
) -> None:
    cause = network.causes[place]
    before = _prevalences(network)[cause]
    other = network.rebase(prevalence={cause: before * factor / (1 - before + before * factor)})
    said = random_patient(network, seed)
    low, high = (n.diagnose(said).answer for n in (network, other))
    at = network.model.cause_ids.index(cause)
    assert high.present[at] >= low.present[at] - 1e-12
    assert high.responsible[at] >= low.responsible[at] - 1e-12


def test_intervals_follow_the_given_ones(network: Network) -> None:
    columns = ["node", "value", "low", "high"]
    narrow, wide = (
        network.rebase(prevalence=pd.DataFrame([[PAD, 0.2, *ends]], columns=columns))
        .diagnose(age=70)
        .intervals(n_draws=200)
        .table.loc[PAD]
        for ends in [(0.19, 0.21), (0.05, 0.5)]
    )
    assert narrow["present_high"] - narrow["present_low"] < 0.5 * (
        wide["present_high"] - wide["present_low"]
    )


# case mix


@settings(repeatable, max_examples=15)
@given(st.floats(0.001, 0.5), st.floats(0.001, 0.3), st.floats(0, 0.15))
def test_a_case_mix_is_met_exactly(
    network: Network, first: float, second: float, unlisted: float
) -> None:
    mix = {DVT: first, "osteoarthritis": second, "unlisted": unlisted}
    found = _case_mix(network.rebase(case_mix=mix))
    assert {cause: found[cause] for cause in mix} == pytest.approx(mix, abs=1e-9)


def test_causes_without_a_share_keep_their_proportions(network: Network) -> None:
    before, after = (_case_mix(n) for n in (network, network.rebase(case_mix={DVT: 0.3})))
    ratios = [after[cause] / before[cause] for cause in before if cause != DVT]
    assert np.ptp(ratios) < 1e-9 * max(ratios)


def test_a_case_mix_holds_for_one_setting(network: Network) -> None:
    other = network.in_setting("emergency").rebase(case_mix={DVT: 0.3})
    assert other.setting == "emergency"
    _assert_same(other.in_setting("primary_care"), network)


def test_the_complaint_stays_as_common_where_it_can(network: Network) -> None:
    mild, strong = (network.rebase(case_mix=mix) for mix in ({PAD: 0.05}, {DVT: 0.3}))
    before = network.diagnose().log_evidence
    assert mild.diagnose().log_evidence == pytest.approx(before, abs=1e-9)
    assert strong.diagnose().log_evidence < before
    links = {cause.id: cause.responsible for cause in strong.model.network.causes}
    assert links[DVT] == pytest.approx(0.5)


def test_a_series_and_a_table_are_case_mixes(network: Network) -> None:
    series = network.rebase(case_mix=pd.Series({DVT: 0.2}))
    table = network.rebase(case_mix=pd.DataFrame({"node": [DVT], "value": [0.2]}))
    _assert_same(series, table)


# results


def test_results_name_their_population(network: Network) -> None:
    other = network.rebase(prevalence={DVT: 0.001}, name="<b>Veins</b>", sources="our register")
    dx = other.diagnose(SAID)
    title = "setting: primary care, population: <b>Veins</b>"
    assert title in repr(dx)
    assert title in repr(dx.intervals(n_draws=20))
    assert "population: &lt;b&gt;Veins&lt;/b&gt;" in dx._repr_html_()
    assert "<b>Veins" not in dx._repr_html_()
    assert "population <b>Veins</b>" in repr(other)
    expected = {
        "name": "<b>Veins</b>",
        "sources": ["our register"],
        "prevalence": {DVT: 0.001},
        "case_mix": {},
    }
    assert json.loads(dx.to_json())["population"] == expected
    assert json.loads(dx.intervals(n_draws=20).to_json())["population"] == expected
    assert "population" not in network.diagnose(SAID).as_record()


def test_a_population_stays_with_settings_and_updates(network: Network) -> None:
    other = network.rebase(prevalence={DVT: 0.001}, name="town").in_setting("emergency")
    assert "population: town" in repr(other.diagnose(age=50).update(fever=True))


def test_populations_add_up(network: Network) -> None:
    first = network.rebase(prevalence={DVT: 0.001}, sources="a")
    second = first.rebase(prevalence={PAD: 0.1}, name="both", sources="b")
    population = second.model.population
    assert population is not None
    assert (population.name, population.sources) == ("both", ("a", "b"))
    assert dict(population.prevalence) == pytest.approx({DVT: 0.001, PAD: 0.1})


def test_the_first_network_stays_as_it_was(network: Network) -> None:
    before = network.diagnose(SAID).answer.present.copy()
    network.rebase(prevalence={DVT: 0.1}, case_mix={PAD: 0.4})
    np.testing.assert_array_equal(network.diagnose(SAID).answer.present, before)


# refusals


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prevalence": {"deep_vein_thrombosi": 0.1}}, "did you mean 'deep_vein_thrombosis'"),
        ({"prevalence": {"age_band": 0.1}}, "unknown cause or context 'age_band'"),
        ({"prevalence": {DVT: 1.5}}, "deep_vein_thrombosis: value 1.5; expected a probability"),
        ({"prevalence": {DVT: float("nan")}}, "value nan; expected a probability"),
        ({"prevalence": {DVT: True}}, "value True; expected a probability"),
        ({"prevalence": {DVT: "0.1"}}, "value '0.1'; expected a probability"),
        ({"prevalence": {DVT: {("18", "male"): 0.1}}}, "no stratum '18', 'male'; expected 18_39"),
        ({"prevalence": {DVT: {"18_39": 0.1}}}, "'18_39'; expected \\(age_band, sex\\)"),
        ({"prevalence": {"pregnancy": 0.7}}, "pregnancy: no scaling of its strata"),
        ({"prevalence": 3}, "int; expected a mapping or a table"),
        ({"case_mix": {"cellulitus": 0.1}}, "did you mean 'cellulitis'"),
        ({"case_mix": {"smoking": 0.1}}, "unknown cause 'smoking'"),
        ({"case_mix": {DVT: -0.1}}, "deep_vein_thrombosis: value -0.1"),
        ({"case_mix": {DVT: 0.9, PAD: 0.3}}, "deep_vein_thrombosis and the others sum to 1.2"),
    ],
)
def test_what_no_population_has_is_refused(
    network: Network, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(PopulationError, match=message):
        network.rebase(**given)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"node": DVT, "value": 0.1, "lo": 0.05}, "unknown column 'lo'; did you mean 'low'"),
        ({"node": DVT, "low": 0.1}, "a row without value"),
        ({"node": DVT, "value": 0.1, "low": 0.05}, "give both low and high, or neither"),
        ({"node": DVT, "value": 0.1, "low": 0.2, "high": 0.3}, "0.1 is not between low and high"),
    ],
)
def test_a_wrong_row_of_a_table_is_refused(
    network: Network, row: dict[str, object], message: str
) -> None:
    with pytest.raises(PopulationError, match=message):
        network.rebase(prevalence=pd.DataFrame([row]))


def test_two_numbers_for_one_stratum_are_refused(network: Network) -> None:
    table = pd.DataFrame({"node": [DVT, DVT], "value": [0.1, 0.2], "sex": ["male", None]})
    with pytest.raises(PopulationError, match="two prevalences for 18_39, male; give one"):
        network.rebase(prevalence=table)


def test_a_complete_mix_that_sums_to_one_is_refused(network: Network) -> None:
    mix = _case_mix(network)
    total = sum(mix.values())
    with pytest.raises(PopulationError, match="leave one out, such as unlisted, to take the rest"):
        network.rebase(case_mix={cause: share / total for cause, share in mix.items()})


def test_a_complete_mix_beyond_all_bearers_names_the_cause(network: Network) -> None:
    mix = dict.fromkeys([*network.causes, "unlisted"], 0.9)
    with pytest.raises(PopulationError, match="not even all its bearers are enough"):
        network.rebase(case_mix=mix)


def test_a_cause_that_nobody_has_cannot_be_responsible(network: Network) -> None:
    nobody = network.rebase(prevalence={"fibromyalgia": 0.0})
    with pytest.raises(PopulationError, match="fibromyalgia: nobody has it"):
        nobody.rebase(case_mix={"fibromyalgia": 0.1})


def test_an_unknown_id_carries_suggestions(network: Network) -> None:
    with pytest.raises(PopulationError) as refused:
        network.rebase(case_mix={"cellulitus": 0.1})
    assert refused.value.suggestions[0] == "cellulitis"
