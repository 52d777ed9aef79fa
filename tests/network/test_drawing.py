"""Is every draw of the published figures a network that could have been published?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import legache
from legache.inference.flat import drawn_numbers, stacked_numbers, with_numbers
from legache.knowledge.loading import knowledge_from, read_folder
from legache.knowledge.records import Knowledge
from legache.network.building import build, complaint_links, converted
from legache.network.drawing import DrawnNetworks, drawn_figures, drawn_networks
from legache.network.figures import Figures, published_figures
from legache.network.structure import FloatArray

TINY = Path(__file__).parent.parent / "data" / "tiny"
N_DRAWS = 60


@cache
def _shipped() -> Knowledge:
    return legache.load().model.knowledge


@cache
def _tiny() -> Knowledge:
    return knowledge_from(dict(read_folder(TINY)))


@cache
def _drawn() -> DrawnNetworks:
    return drawn_networks(_shipped(), n_draws=N_DRAWS, seed=4)


def _one(figures: Figures, draw: int) -> Figures:
    return Figures(**{item.name: getattr(figures, item.name)[draw] for item in fields(Figures)})


def _numbers(drawn: DrawnNetworks, setting: str) -> dict[str, FloatArray]:
    common, links = drawn.numbers, drawn.complaint[setting]
    return drawn_numbers(
        share=common.share,
        context_probability=common.context_probability,
        causes=common.causes,
        findings=common.findings,
        responsible=np.stack([links[cause.id] for cause in common.causes], axis=1),
        unlisted=links["unlisted"],
    )


def _certain(knowledge: Knowledge) -> Knowledge:
    """Intervals that are points."""
    tables = ("prevalence", "risk_factors", "links", "complaints", "background")
    return replace(
        knowledge,
        **{
            name: tuple(replace(r, low=r.value, high=r.value) for r in getattr(knowledge, name))
            for name in tables
        },
    )


@pytest.mark.parametrize("setting", ["emergency", "primary_care", "survey"])
def test_draws_of_certain_figures_are_the_network(setting: str) -> None:
    network = build(_shipped()).networks[setting]
    found = _numbers(drawn_networks(_certain(_shipped()), n_draws=3, seed=1), setting)
    expected = stacked_numbers([network] * 3)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("draw", [0, N_DRAWS - 1])
def test_draws_together_are_each_draw_alone(draw: int) -> None:
    figures, _, _ = drawn_figures(_shipped(), n_draws=N_DRAWS, seed=4)
    alone = converted(_shipped(), _one(figures, draw))
    for together, single in zip(_drawn().numbers.findings, alone.findings, strict=True):
        np.testing.assert_allclose(together.strengths[draw], single.strengths, atol=1e-14)
        np.testing.assert_array_equal(together.leak[draw], single.leak)
    for both, single in zip(_drawn().numbers.causes, alone.causes, strict=True):
        intercept = both.intercept.reshape(N_DRAWS, -1)[draw]
        np.testing.assert_allclose(intercept, single.intercept, rtol=1e-12, atol=1e-12)
    links = complaint_links(_shipped(), _one(figures, draw), alone.prevalence)
    for setting, rates in links.items():
        for cause, rate in rates.items():
            assert _drawn().complaint[setting][cause][draw] == pytest.approx(rate, rel=1e-12)


def test_every_draw_gives_its_prevalences_back() -> None:
    """The intercepts are solved anew: the marginal of each draw is the drawn prevalence."""
    network = build(_shipped()).networks["primary_care"]
    world = with_numbers(network, _numbers(_drawn(), "primary_care"), 7)
    figures, _, _ = drawn_figures(_shipped(), n_draws=N_DRAWS, seed=4)
    from legache.inference.posterior import posterior

    band, sex = world.strata[5]
    bands, sexes = (tuple(dict.fromkeys(s[i] for s in world.strata)) for i in (0, 1))
    said = {
        "age_band": tuple(float(b == band) for b in bands),
        "sex": tuple(float(s == sex) for s in sexes),
    }
    found = posterior(world, said).present
    expected = {
        row.node: figures.prevalence[7, place]
        for place, row in enumerate(_shipped().prevalence)
        if (row.age_band, row.sex) == (band, sex)
    }
    np.testing.assert_allclose(found, [expected[c.id] for c in world.causes], rtol=1e-9)


def test_every_draw_is_a_valid_network() -> None:
    for setting, network in build(_shipped()).networks.items():
        numbers = _numbers(_drawn(), setting)
        for draw in range(0, N_DRAWS, 10):
            with_numbers(network, numbers, draw)  # its checks raise on what is no probability


def test_the_mean_of_the_draws_is_the_printed_value() -> None:
    figures, _, _ = drawn_figures(_shipped(), n_draws=4000, seed=2)
    printed = published_figures(_shipped())
    for name in ("links", "background"):
        drawn = getattr(figures, name)
        error = drawn.std(axis=0) / np.sqrt(len(drawn))
        difference = np.abs(drawn.mean(axis=0) - getattr(printed, name))
        assert (difference <= 5 * error + 1e-12).all(), name


def test_no_draw_has_states_that_sum_to_more_than_one() -> None:
    figures, _, _ = drawn_figures(_shipped(), n_draws=500, seed=3)
    together: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(_shipped().links):
        together[row.cause, row.node].append(place)
    totals = [figures.links[:, places].sum(axis=1).max() for places in together.values()]
    assert max(totals) <= 1 + 1e-12


def test_strata_of_one_cause_move_together() -> None:
    figures, redrawn, _ = drawn_figures(_tiny(), n_draws=50, seed=3)
    assert "narrow_artery" not in redrawn
    places = [i for i, row in enumerate(_tiny().prevalence) if row.node == "narrow_artery"]
    ranks = figures.prevalence[:, places].argsort(axis=0)
    assert (ranks == ranks[:, :1]).all()


def test_leaks_of_one_finding_move_together_over_the_ages() -> None:
    figures, _, _ = drawn_figures(_tiny(), n_draws=50, seed=3)
    places = [i for i, row in enumerate(_tiny().background) if row.node == "d_dimer_raised"]
    assert len(places) == 2
    ranks = figures.background[:, places].argsort(axis=0)
    assert (ranks == ranks[:, :1]).all()


def test_other_rows_move_apart() -> None:
    figures, _, _ = drawn_figures(_tiny(), n_draws=400, seed=3)
    apart = np.corrcoef(figures.links, rowvar=False)
    graded = {("pain_severity", "mild"), ("pain_severity", "severe")}
    plain = [i for i, row in enumerate(_tiny().links) if (row.node, row.state) not in graded]
    others = apart[np.ix_(plain, plain)] - np.eye(len(plain))
    assert np.abs(others).max() < 0.25  # five standard errors of a correlation of 400 draws


def test_visits_never_exceed_the_prevalence() -> None:
    for rates in _drawn().complaint.values():
        assert max(float(rate.max()) for rate in rates.values()) <= 1


def test_prevalences_that_visits_exceed_are_drawn_again_and_counted() -> None:
    """Nearly everybody with an acute compartment syndrome comes: visits often exceed it."""
    figures, redrawn, reduced = drawn_figures(_shipped(), n_draws=200, seed=3)
    assert 0 < redrawn["acute_compartment_syndrome"] < 200
    printed = published_figures(_shipped())
    places = [
        place
        for place, row in enumerate(_shipped().complaints)
        if (row.cause, row.setting) == ("acute_compartment_syndrome", "emergency")
    ]
    # visits stay as drawn: their mean is the printed one
    drawn = figures.complaints[:, places[0]]
    assert not reduced
    assert drawn.mean() == pytest.approx(printed.complaints[places[0]], rel=0.02)


def test_visits_are_reduced_where_a_prevalence_is_certain() -> None:
    rows = tuple(
        replace(row, low=row.value, high=row.value) if row.node == "vein_clot" else row
        for row in _tiny().prevalence
    )
    visits = tuple(
        replace(row, value=11.0, low=5.0, high=30.0)
        if (row.cause, row.setting) == ("vein_clot", "primary_care")
        else row
        for row in _tiny().complaints
    )
    changed = replace(_tiny(), prevalence=rows, complaints=visits)
    figures, redrawn, reduced = drawn_figures(changed, n_draws=200, seed=3)
    links = complaint_links(changed, figures, converted(changed, figures).prevalence)
    assert 0 < reduced["vein_clot"] <= redrawn["vein_clot"] < 200
    assert links["primary_care"]["vein_clot"].max() == pytest.approx(1.0)


def test_links_below_the_background_are_floored_and_counted() -> None:
    drawn = drawn_networks(_tiny(), n_draws=300, seed=3)
    weak = tuple(
        replace(row, value=0.1, low=0.05, high=0.2) if row.node == "weak_pulse" else row
        for row in _tiny().links
    )
    weak = tuple(replace(row, lr_positive=None, lr_negative=None) for row in weak)
    floored = drawn_networks(replace(_tiny(), links=weak), n_draws=300, seed=3).floored
    assert ("narrow_artery", "weak_pulse") not in drawn.floored
    assert 30 < floored["narrow_artery", "weak_pulse"] < 270


def test_the_same_seed_gives_the_same_draws() -> None:
    first, second = (drawn_figures(_tiny(), n_draws=20, seed=5)[0] for _ in range(2))
    other = drawn_figures(_tiny(), n_draws=20, seed=6)[0]
    for item in fields(Figures):
        np.testing.assert_array_equal(getattr(first, item.name), getattr(second, item.name))
    assert (first.links != other.links).any()


def test_one_draw_is_enough() -> None:
    drawn = drawn_networks(_tiny(), n_draws=1, seed=5)
    assert _numbers(drawn, "survey")["responsible"].shape == (1, 2)
