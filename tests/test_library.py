"""Can a user load a network, look at it and ask it?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import legache
from legache import EvidenceError, KnowledgeError, Network

PRIORS = Path(__file__).parents[1] / "priors"


@pytest.fixture(scope="module")
def network() -> Network:
    return legache.load()


def test_the_shipped_network_has_the_agreed_size(network: Network) -> None:
    sizes = [
        len(ids) for ids in (network.causes, network.contexts, network.findings, network.tests)
    ]

    assert sizes == [40, 38, 75, 25]


def test_ids_are_sorted(network: Network) -> None:
    for ids in (network.causes, network.contexts, network.findings, network.tests):
        assert list(ids) == sorted(ids)


def test_the_repr_tells_name_size_and_setting(network: Network) -> None:
    assert repr(network) == (
        "<Network legache-priors 0.1.0: 40 causes, 38 contexts, 75 findings, 25 tests; primary_care>"
    )


def test_a_folder_gives_the_same_network_as_the_shipped_one(network: Network) -> None:
    by_path, by_text = legache.load(PRIORS), legache.load(str(PRIORS))

    expected = network.diagnose(age=50).to_json()
    assert by_path.diagnose(age=50).to_json() == expected
    assert by_text.diagnose(age=50).to_json() == expected


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError):
        legache.load(tmp_path / "nothing")


def test_a_network_cannot_be_changed(network: Network) -> None:
    with pytest.raises(AttributeError, match="a Network is immutable; 'setting' cannot be set"):
        network.setting = "survey"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        network.anything = 1


def test_another_setting_is_another_network(network: Network) -> None:
    other = network.in_setting("survey")

    assert (other.setting, network.setting) == ("survey", "primary_care")
    assert other.settings == network.settings == ("emergency", "primary_care", "survey")


def test_an_unknown_setting_is_refused_with_the_nearest(network: Network) -> None:
    with pytest.raises(EvidenceError) as caught:
        network.in_setting("emergancy")

    assert str(caught.value) == "unknown setting 'emergancy'; did you mean 'emergency'?"
    assert caught.value.suggestions == ("emergency",)


def test_a_setting_like_no_other_is_refused_with_all_of_them(network: Network) -> None:
    with pytest.raises(EvidenceError, match=r"expected emergency, primary_care, survey"):
        network.in_setting("xyzzy")


def test_a_posterior_is_a_series_by_cause(network: Network) -> None:
    present = network.posterior(age=80, sex="male")

    assert isinstance(present, pd.Series)
    assert tuple(present.index) == network.causes
    assert (present.name, present.index.name) == ("present", "cause")
    assert present.between(0, 1).all()


def test_a_posterior_assumes_no_complaint(network: Network) -> None:
    raw, complaining = network.posterior(), network.posterior(leg_ache=True)

    np.testing.assert_array_equal(complaining, network.diagnose().answer.present)
    assert complaining["deep_vein_thrombosis"] > 10 * raw["deep_vein_thrombosis"]


def test_changing_a_posterior_does_not_change_the_network(network: Network) -> None:
    before = network.posterior()
    changed = network.posterior().copy()

    changed.iloc[0] = 0.5

    assert network.posterior().equals(before)


def test_two_networks_give_the_same_bytes(network: Network) -> None:
    assert legache.load().diagnose(age=33).to_json() == network.diagnose(age=33).to_json()


def test_an_unknown_attribute_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'legache' has no attribute 'diagnos'"):
        legache.diagnos  # noqa: B018


def test_the_package_lists_its_public_names() -> None:
    assert dir(legache) == sorted(legache.__all__)
    assert len(legache.__all__) <= 25
    assert all(hasattr(legache, name) for name in legache.__all__)


def test_a_plan_takes_the_evidence_of_a_diagnosis(network: Network) -> None:
    said = {"age": 67, "swelling_one_leg": True}

    plan = network.plan(said, sex="female")

    assert plan == network.plan({**said, "sex": "female", "leg_ache": True})
    assert plan != network.plan({**said, "sex": "female", "leg_ache": False})
    assert sorted(plan.order) == list(network.causes)


def test_a_plan_takes_every_kind_of_evidence(network: Network) -> None:
    plan = network.plan(
        age=50,
        duration=["over_3_months", "1_week_to_3_months"],
        potassium="low",
        deep_vein_thrombosis=False,
        smoking=legache.Likelihood(3.0),
        fever=legache.Likelihood(2.0),
        diabetes=True,
        swelling_one_leg=None,
    )

    assert plan.settled["known_causes"] == ("deep_vein_thrombosis",)
    assert plan.settled["known_contexts"] == ("diabetes",)
    assert plan.settled["known_roots"] == ("age_band",)
    assert "swelling_one_leg" in plan.settled["unobserved_findings"]
    assert plan.n_lanes == 4
    assert plan.variables["fever"] == "finding"


def test_what_is_known_makes_a_plan_smaller(network: Network) -> None:
    known = {name: False for name in network.contexts if name not in {"age_band", "sex"}}

    without, with_contexts = network.plan(fever=True), network.plan(known, fever=True)

    assert with_contexts.width < without.width
    assert with_contexts.n_bytes < without.n_bytes


def test_a_plan_refuses_what_a_diagnosis_refuses(network: Network) -> None:
    with pytest.raises(EvidenceError, match="did you mean 'swelling_one_leg'"):
        network.plan(swelling_one_lag=True)
