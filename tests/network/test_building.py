"""Does the network say what the records of the priors folder say?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import legache
from legache.errors import KnowledgeError
from legache.knowledge.loading import knowledge_from, read_folder
from legache.library import Network
from legache.network.building import Built, build
from legache.network.structure import Finding

TINY = Path(__file__).parent.parent / "data" / "tiny"
BANDS = ("18_39", "40_59", "60_74", "75_plus")
SEXES = ("female", "male")


@cache
def _shipped() -> Network:
    return legache.load()


def _built(**changed: tuple[str, str]) -> Built:
    """Build the tiny network with one text replaced in one table."""
    contents = dict(read_folder(TINY))
    for table, (old, new) in changed.items():
        assert contents[f"{table}.csv"].count(old.encode()) == 1
        contents[f"{table}.csv"] = contents[f"{table}.csv"].replace(old.encode(), new.encode())
    return build(knowledge_from(contents))


def _finding(built: Built, name: str) -> Finding:
    (finding,) = [one for one in built.networks["primary_care"].findings if one.id == name]
    return finding


def _published(band: str, sex: str) -> Mapping[str, float]:
    return {
        row.node: row.value
        for row in _shipped().model.knowledge.prevalence
        if (row.age_band, row.sex) == (band, sex)
    }


# the shipped network gives its prevalences back (N10)


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("band", BANDS)
def test_every_prevalence_is_given_back(band: str, sex: str) -> None:
    found = _shipped().posterior(age_band=band, sex=sex)
    published = [_published(band, sex)[cause] for cause in found.index]
    np.testing.assert_allclose(found.to_numpy(), published, rtol=0, atol=1e-9)


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("band", BANDS)
def test_rare_causes_keep_their_relative_prevalence(band: str, sex: str) -> None:
    found = _shipped().posterior(age_band=band, sex=sex)
    published = [_published(band, sex)[cause] for cause in found.index]
    np.testing.assert_allclose(found.to_numpy(), published, rtol=1e-9)


def test_the_shipped_network_covers_40_causes_in_8_strata() -> None:
    network = _shipped().model.network
    assert (len(network.causes), len(network.strata)) == (40, len(BANDS) * len(SEXES))


@pytest.mark.parametrize("setting", ["emergency", "primary_care", "survey"])
def test_a_setting_does_not_change_the_prevalences(setting: str) -> None:
    found = _shipped().in_setting(setting).posterior(age_band="60_74", sex="male")
    usual = _shipped().posterior(age_band="60_74", sex="male")
    np.testing.assert_allclose(found.to_numpy(), usual.to_numpy(), rtol=0, atol=1e-9)


def test_age_in_years_falls_into_its_band() -> None:
    by_years = _shipped().posterior(age=60, sex="male")
    by_band = _shipped().posterior(age_band="60_74", sex="male")
    assert by_years.tolist() == by_band.tolist()


@pytest.mark.parametrize("setting", ["emergency", "primary_care", "survey"])
def test_no_shipped_link_is_floored_unreported(setting: str) -> None:
    network = _shipped().model.networks[setting]
    reported = {(link.cause, link.node) for link in _shipped().model.floored}
    silent = {
        (network.causes[index].id, finding.id)
        for finding in network.findings
        for index, strengths in zip(finding.causes, finding.strengths, strict=True)
        if not strengths.any()
    }
    published_as_zero = {
        (row.cause, row.node) for row in _shipped().model.knowledge.links if row.value == 0
    }
    assert silent <= reported | published_as_zero


# figures that disagree with what they are derived from


def test_a_derived_prevalence_in_two_digits_is_taken() -> None:
    built = _built(
        prevalence=("vein_clot,60_plus,male,0.0005065", "vein_clot,60_plus,male,0.00051")
    )
    assert built.floored == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.001013,5,30", "0.001013,5.1,30"),
        ("0.001013,5,30", "0.001013,5,31"),
        ("0.001013,5,30", "0.001013,0,30"),
        ("vein_clot,60_plus,male,0.0005065", "vein_clot,60_plus,male,0.00052"),
        ("vein_clot,60_plus,male,0.0005065", "vein_clot,60_plus,male,0.00050"),
    ],
)
def test_a_prevalence_that_is_not_incidence_times_duration_is_refused(old: str, new: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        _built(prevalence=(old, new))
    assert str(caught.value).startswith("prevalence.csv:19: value: 0.0005")
    assert "disagrees with incidence x (duration + 7 days) = " in str(caught.value)


@pytest.mark.parametrize("new", [",15,0.25", ",8,0.3", ",80,0.25"])
def test_a_sensitivity_that_is_not_its_likelihood_ratios_is_refused(new: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        _built(links=(",8,0.25", new))
    assert str(caught.value).startswith("links.csv:4: value: 0.7742 disagrees with the sensitivity")


@pytest.mark.parametrize("new", [",8,1.25", ",0.8,0.25", ",1,0.25", ",8,1"])
def test_likelihood_ratios_that_fit_no_rates_are_refused(new: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        _built(links=(",8,0.25", new))
    assert str(caught.value).startswith("links.csv:4: lr_positive: likelihood ratios ")


def test_visits_that_no_prevalence_explains_are_refused() -> None:
    with pytest.raises(KnowledgeError) as caught:
        _built(
            complaint=(
                "narrow_artery,primary_care,12,6,18",
                "narrow_artery,primary_care,12000,6,18000",
            )
        )
    assert str(caught.value).startswith(
        "complaint.csv:3: value: narrow_artery: 12000 visits per 1000 person-years need"
    )


def test_a_certain_background_of_a_compound_rate_is_refused() -> None:
    with pytest.raises(KnowledgeError) as caught:
        _built(
            background=(
                "weak_pulse,present,leak,,0.0968,0.0484,0.1936",
                "weak_pulse,present,leak,,1,0.0484,1",
            )
        )
    assert str(caught.value).startswith("links.csv:4: value: the background is certain, but")


# links


def test_a_net_rate_is_the_strength() -> None:
    assert _finding(_built(), "swelling").strengths.tolist() == [[0.7]]


def test_a_compound_rate_loses_the_background() -> None:
    (strength,) = _finding(_built(), "weak_pulse").strengths[0]
    assert 1 - (1 - strength) * (1 - 0.0968) == pytest.approx(0.7742, abs=1e-12)


def test_a_leak_depends_on_the_age_band_it_is_given_for() -> None:
    leak = _finding(_built(), "d_dimer_raised").leak[:, 0]
    assert leak.tolist() == [0.15, 0.15, 0.4, 0.4]


def test_the_rates_of_unlisted_lose_the_background_too() -> None:
    (strength,) = _finding(_built(), "swelling").unlisted
    assert 1 - (1 - strength) * (1 - 0.02) == pytest.approx(0.1, abs=1e-12)


def test_a_sign_of_presence_does_not_hang_on_being_responsible() -> None:
    assert not _finding(_built(), "weak_pulse").hangs_on_responsible


def test_the_complaint_follows_from_everything_responsible() -> None:
    assert _finding(_built(), "leg_ache").strengths.tolist() == [[1.0], [1.0]]


def test_a_rate_below_the_background_is_reported() -> None:
    built = _built(
        links=(
            "narrow_artery,weak_pulse,present,0.7742,0.6,0.9,compound,8,0.25",
            "narrow_artery,weak_pulse,present,0.05,0,0.9,compound,,",
        )
    )
    (link,) = built.floored
    assert (link.cause, link.node, link.rate) == ("narrow_artery", "weak_pulse", 0.05)
    assert link.background == pytest.approx(0.0968)


def test_a_rate_below_the_background_has_no_strength() -> None:
    built = _built(
        links=(
            "narrow_artery,weak_pulse,present,0.7742,0.6,0.9,compound,8,0.25",
            "narrow_artery,weak_pulse,present,0.05,0,0.9,compound,,",
        )
    )
    assert _finding(built, "weak_pulse").strengths.tolist() == [[0.0]]


def test_an_unlisted_rate_below_the_background_is_reported() -> None:
    built = _built(
        background=("swelling,present,unlisted,,0.1,0.05", "swelling,present,unlisted,,0.01,0.005")
    )
    (link,) = built.floored
    assert (link.cause, link.node, link.rate) == ("unlisted", "swelling", 0.01)
    assert link.background == pytest.approx(0.02)


def test_a_tiny_network_without_floors_reports_none() -> None:
    assert _built().floored == ()


# strata and settings


def test_strata_have_the_share_of_their_sex_and_band() -> None:
    share = _built().networks["survey"].stratum_share
    assert share.tolist() == pytest.approx([0.52 * 0.6, 0.48 * 0.7, 0.52 * 0.4, 0.48 * 0.3])


def test_shares_are_scaled_to_one() -> None:
    built = _built(prevalence=("sex,,male,0.48", "sex,,male,0.4800001"))
    assert built.networks["survey"].stratum_share.sum() == pytest.approx(1.0, abs=1e-15)


def test_a_probability_of_complaining_is_taken_as_it_is() -> None:
    responsible = [cause.responsible for cause in _built().networks["survey"].causes]
    assert responsible == [0.3, 0.6]


def test_visits_become_a_weekly_probability_of_the_bearers() -> None:
    built = _built()
    share = built.networks["survey"].stratum_share
    prevalence = share @ [0.01, 0.02, 0.08, 0.12]
    responsible = built.networks["primary_care"].causes[0].responsible
    assert responsible * prevalence * 52_000 == pytest.approx(12)


def test_visits_for_unlisted_causes_become_a_weekly_rate() -> None:
    assert _built().networks["primary_care"].unlisted == pytest.approx(60 / 52_000)
