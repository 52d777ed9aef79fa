from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import legache
from legache import (
    Diagnosis,
    EvidenceError,
    FormatError,
    ImpossibleEvidenceError,
    Likelihood,
    Network,
)
from legache.diagnosis.published import published_numbers
from legache.diagnosis.sensitivity import SensitivityAnalysis
from legache.inference.curves import Hyperbolas
from tests.diagnosis.brute_force import tiny, with_number
from tests.strategies import random_patient, repeatable, seeds

_NETWORK = legache.load()
_PATIENT = {
    "age": 67,
    "sex": "female",
    "worse_at_night": True,
    "relief_by_movement": True,
    "swelling_one_leg": False,
    "statin_use": True,
    "duration": "over_3_months",
}


def _diagnosed(network: Network, said: dict[str, object]) -> Diagnosis:
    try:
        return network.diagnose(said)
    except ImpossibleEvidenceError:
        assume(False)
        raise


def _tiny_patient(seed: int) -> dict[str, object]:
    """Hard, soft and set-valued answers to any of the questions, or none."""
    rng = np.random.default_rng(seed)
    said: dict[str, object] = {}
    for name, node in tiny().model.nodes.items():
        if name == "leg_ache" or rng.random() < 0.4:
            continue
        states = node.states
        if node.kind == "cause" and rng.random() < 0.6:
            continue
        if states == ("absent", "present"):
            said[name] = (
                bool(rng.random() < 0.5) if rng.random() < 0.8 else Likelihood(rng.random() * 4)
            )
        elif rng.random() < 0.7:
            said[name] = str(rng.choice(states))
        else:
            chosen = rng.random(len(states)) < 0.6
            said[name] = [s for s, c in zip(states, chosen, strict=True) if c] or None
    return said


def _places(network: Network, number: str, seed: int) -> list[float]:
    """Values within the domain of a number: its interval, and any other."""
    item = published_numbers(network.model)[number]
    low, high = item.domain
    top = min(high, 3 * item.row.high)
    inside = np.random.default_rng(seed).uniform(low + 1e-3 * (top - low), top, 2)
    return [float(x) for x in (*item.ends, *inside) if x > 0]


def _check_against_brute_force(
    network: Network, dx: Diagnosis, cause: str, of: str, number: str, seed: int
) -> None:
    curve = dx.sensitivity(cause, of=of).curve(number)
    for value in _places(network, number, seed):
        rebuilt = with_number(network, number, value)
        try:
            expected = rebuilt.diagnose(dx.evidence).causes.loc[cause, of]
        except ImpossibleEvidenceError:
            continue
        assert curve(value) == pytest.approx(expected, abs=1e-9)


@settings(repeatable, max_examples=150)
@given(seed=seeds, data=st.data())
def test_curves_are_those_of_networks_built_anew(seed: int, data: st.DataObject) -> None:
    network = tiny().in_setting(data.draw(st.sampled_from(tiny().settings)))
    dx = _diagnosed(network, _tiny_patient(seed))
    number = data.draw(st.sampled_from(sorted(published_numbers(network.model))))
    cause = data.draw(st.sampled_from(network.causes))
    of = data.draw(st.sampled_from(["present", "responsible"]))
    _check_against_brute_force(network, dx, cause, of, number, seed)


@pytest.mark.slow
@settings(repeatable, max_examples=8)
@given(seed=seeds, data=st.data())
def test_curves_of_shipped_numbers_are_those_of_networks_built_anew(
    seed: int, data: st.DataObject
) -> None:
    dx = _diagnosed(_NETWORK, random_patient(_NETWORK, seed))
    found = dx.sensitivity(dx.ranking[0])
    file = data.draw(st.sampled_from(sorted({row.file for row in found.rows})))
    number = data.draw(st.sampled_from([row.id for row in found.rows if row.file == file][:40]))
    _check_against_brute_force(_NETWORK, dx, dx.ranking[0], "responsible", number, seed)


@settings(repeatable, max_examples=60)
@given(seed=seeds, data=st.data())
def test_numbers_that_are_left_out_do_not_matter(seed: int, data: st.DataObject) -> None:
    dx = _diagnosed(tiny(), _tiny_patient(seed))
    found = dx.sensitivity("vein_clot")
    numbers = published_numbers(tiny().model)
    settled = sorted(numbers.keys() - {row.id for row in found.rows})
    assume(settled)
    number = data.draw(st.sampled_from(settled))
    assert len(settled) == found.n_settled
    for end in numbers[number].ends:
        if end > 0:
            rebuilt = with_number(tiny(), number, end).diagnose(dx.evidence)
            assert rebuilt.causes.loc["vein_clot", "responsible"] == pytest.approx(
                found.posterior, abs=1e-12
            )


@settings(repeatable, max_examples=60)
@given(seed=seeds)
def test_another_cause_leads_just_beyond_the_smallest_flip_and_not_before(seed: int) -> None:
    dx = _diagnosed(tiny(), _tiny_patient(seed))
    flip = dx.sensitivity("vein_clot").smallest_flip
    assume(flip is not None)
    assert flip is not None
    low, high = published_numbers(tiny().model)[flip.id].domain
    step = (flip.flips_at - flip.value) * 1e-4
    before, beyond = flip.flips_at - step, flip.flips_at + step
    assume(low < beyond < high)
    responsible = with_number(tiny(), flip.id, before).diagnose(dx.evidence).causes["responsible"]
    assert responsible[flip.leader] >= responsible[flip.new_leader]
    responsible = with_number(tiny(), flip.id, beyond).diagnose(dx.evidence).causes["responsible"]
    assert responsible[flip.new_leader] >= responsible[flip.leader]
    assert flip.leader == dx.ranking[0] != flip.new_leader


def test_the_smallest_flip_of_a_shipped_patient_is_one() -> None:
    dx = _NETWORK.diagnose(_PATIENT)
    flip = dx.sensitivity(dx.ranking[0]).smallest_flip
    assert flip is not None
    step = (flip.flips_at - flip.value) * 1e-5
    before = with_number(_NETWORK, flip.id, flip.flips_at - step).diagnose(_PATIENT)
    beyond = with_number(_NETWORK, flip.id, flip.flips_at + step).diagnose(_PATIENT)
    assert before.ranking[0] == flip.leader == dx.ranking[0]
    assert beyond.ranking[0] == flip.new_leader


@settings(repeatable, max_examples=40)
@given(seed=seeds, data=st.data())
def test_raising_a_prevalence_never_lowers_that_cause(seed: int, data: st.DataObject) -> None:
    network = tiny().in_setting("survey")
    dx = _diagnosed(network, _tiny_patient(seed))
    cause = data.draw(st.sampled_from(network.causes))
    for row in dx.sensitivity(cause, of="present").rows:
        if row.file == "prevalence.csv" and row.key.startswith(f"{cause}/") and row.at_high:
            assert (row.at_low or 0.0) - 1e-12 <= row.at_high


def test_rows_are_sorted_by_swing() -> None:
    found = _NETWORK.diagnose(_PATIENT).sensitivity("restless_legs_syndrome")
    swings = [row.swing for row in found.rows]
    assert swings == sorted(swings, reverse=True)
    assert found.table["swing"].tolist() == swings
    assert len(found.rows) + found.n_settled == len(published_numbers(_NETWORK.model))


def test_a_curve_of_hyperbolas_tells_its_coefficients() -> None:
    found = _NETWORK.diagnose(_PATIENT).sensitivity("restless_legs_syndrome")
    curve = found.curve("links.csv:restless_legs_syndrome/worse_at_night/present")
    assert isinstance(curve, Hyperbolas)
    a, b, c, d = curve.coefficients[-1]
    assert (a + b * 0.9) / (c + d * 0.9) == pytest.approx(curve(0.9))


def test_leverage_is_the_slope_of_the_log_odds() -> None:
    found = _NETWORK.diagnose(_PATIENT).sensitivity("restless_legs_syndrome")
    row = next(row for row in found.rows if row.curve is not None)
    curve = found.curve(row.id)
    step = 1e-5
    item = published_numbers(_NETWORK.model)[row.id]
    ends = [item.unscaled(item.scaled(row.value) + side * step) for side in (-1, 1)]
    logits = [np.log(p / (1 - p)) for p in map(curve, ends)]
    assert row.leverage == pytest.approx((logits[1] - logits[0]) / (2 * step), rel=1e-5)


def test_a_record_reads_back_as_the_same_analysis() -> None:
    found = _NETWORK.diagnose(_PATIENT).sensitivity("restless_legs_syndrome")
    again = SensitivityAnalysis.from_json(found.to_json())
    assert repr(again) == repr(found)
    assert again._repr_html_() == found._repr_html_()
    assert again.table.equals(found.table)
    assert again.to_json() == found.to_json()
    number = "links.csv:restless_legs_syndrome/worse_at_night/present"
    assert again.curve(number)(0.7) == found.curve(number)(0.7)


def test_a_record_of_another_kind_is_refused() -> None:
    with pytest.raises(FormatError, match=r"^a record of schema legache.sensitivity/9; expected"):
        SensitivityAnalysis.from_record({"schema": "legache.sensitivity/9"})
    with pytest.raises(FormatError, match=r"lacks cause, label"):
        SensitivityAnalysis.from_record({"schema": "legache.sensitivity/1"})


def test_an_unknown_cause_number_or_posterior_is_named() -> None:
    dx = tiny().diagnose()
    with pytest.raises(EvidenceError, match="unknown cause 'vein_clod'; did you mean 'vein_clot'"):
        dx.sensitivity("vein_clod")
    with pytest.raises(EvidenceError, match="unknown posterior 'absent'"):
        dx.sensitivity("vein_clot", of="absent")  # type: ignore[arg-type]
    with pytest.raises(
        EvidenceError, match=r"did you mean 'complaint\.csv:vein_clot/primary_care'"
    ):
        dx.sensitivity("vein_clot").curve("complaint.csv:vein_clod/primary_care")


def test_a_value_that_fits_no_network_is_refused() -> None:
    found = tiny().diagnose().sensitivity("vein_clot")
    for number in (
        "prevalence.csv:vein_clot/18_59/male",
        "links.csv:vein_clot/d_dimer_raised/present",
    ):
        with pytest.raises(legache.LegacheError, match=r"value out of range; expected"):
            found.curve(number)(1.5)


def test_the_tornado_draws_one_bar_for_each_end() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = tiny().diagnose(d_dimer_raised=True).sensitivity("vein_clot").plot(n=5)
    assert len(ax.patches) == 10
    assert ax.get_xlabel() == "P(Vein clot responsible | evidence)"
