"""Do the intervals of a diagnosis say what the priors' uncertainty implies?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import legache
from legache import Diagnosis, Likelihood, Network
from legache.diagnosis import parameter_draws
from legache.diagnosis.intervals import Intervals
from legache.diagnosis.model import prior
from legache.errors import EvidenceError, LimitError
from legache.inference.draws import PosteriorDraws, posterior_draws
from legache.inference.flat import drawn_numbers
from legache.inference.posterior import is_possible, posterior
from legache.network.structure import Finding, FloatArray, NoisyMaxNetwork
from legache.network.uncertainty import logit_normal, mean_location, stratified_deviates
from tests.random_networks import Case
from tests.strategies import cases, random_patient, repeatable, seeds

SAID = {"age": 67, "sex": "female", "swelling_one_leg": True, "calf_tenderness": True}


@pytest.fixture(scope="module")
def found(network: Network) -> Diagnosis:
    return network.diagnose(SAID)


# links and leaks: the weighted mean is the plug-in posterior


def _drawn(rng: np.random.Generator, p: FloatArray, n_draws: int, spread: float) -> FloatArray:
    """Draw probabilities around their means, as uncertain log odds: shape (n_draws, ...)."""
    location, scale = mean_location(p.ravel(), np.full(p.size, spread))
    deviates = stratified_deviates(rng, p.size, n_draws)
    values = logit_normal(location[:, None], scale[:, None], deviates)
    return values.T.reshape(n_draws, *p.shape)


def _drawn_links(network: NoisyMaxNetwork, n_draws: int, seed: int) -> Mapping[str, FloatArray]:
    """Every link and leak of two states, and every link of the complaint."""
    rng = np.random.default_rng(seed)

    def several(finding: Finding, name: str) -> FloatArray:
        values = getattr(finding, name)
        if values.shape[-1] > 1:
            return np.repeat(values[None], n_draws, axis=0)
        return _drawn(rng, values, n_draws, spread=0.8)

    names = ("strengths", "leak", "unlisted")
    findings = []
    for finding in network.findings:
        record = replace(finding)
        for name in names:
            object.__setattr__(record, name, several(finding, name))
        findings.append(record)
    responsible = np.array([cause.responsible for cause in network.causes])
    causes = [
        replace(
            cause,
            intercept=np.tile(cause.intercept, n_draws),
            context_log_odds=np.tile(cause.context_log_odds, (n_draws * len(network.strata), 1)),
            cause_log_odds=np.tile(cause.cause_log_odds, (n_draws * len(network.strata), 1)),
        )
        for cause in network.causes
    ]
    return drawn_numbers(
        share=np.tile(network.stratum_share, (n_draws, 1)),
        context_probability=np.repeat(network.context_probability[None], n_draws, axis=0),
        causes=causes,
        findings=findings,
        responsible=_drawn(rng, responsible, n_draws, 0.8),
        unlisted=_drawn(rng, np.array([network.unlisted]), n_draws, 0.8)[:, 0],
    )


def _weighted(answers: PosteriorDraws) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted mean of all posteriors, its standard error, and the plain mean."""
    values = np.column_stack([answers.present, answers.responsible, answers.unexplained])
    weights = np.exp(answers.log_evidence - answers.log_evidence.max())
    weights /= weights.sum()
    mean = weights @ values
    return mean, np.sqrt(weights**2 @ (values - mean) ** 2), values.mean(axis=0)


@settings(repeatable, max_examples=40)
@given(cases)
def test_the_weighted_mean_over_links_and_leaks_is_the_plug_in_posterior(case: Case) -> None:
    if not is_possible(case.network, case.evidence):
        return
    draws = _drawn_links(case.network, 2000, case.seed)
    mean, error, _ = _weighted(posterior_draws(case.network, draws, case.evidence))
    plug_in = posterior(case.network, case.evidence)
    expected = [*plug_in.present, *plug_in.responsible, plug_in.unexplained]
    # 40 networks of up to 7 posteriors: 5.5 standard errors, and rounding
    np.testing.assert_allclose((mean - expected) / (5.5 * error + 1e-9), 0, atol=1)


def test_the_weights_are_needed(network: Network) -> None:
    shipped = network.model.network
    evidence = {"leg_ache": (0.0, 1.0), "swelling_one_leg": (0.0, 1.0), "fever": (0.0, 1.0)}
    answers = posterior_draws(shipped, _drawn_links(shipped, 4000, 1), evidence)
    mean, error, plain = _weighted(answers)
    plug_in = posterior(shipped, evidence)
    expected = np.array([*plug_in.present, *plug_in.responsible, plug_in.unexplained])
    assert np.abs((mean - expected) / (error + 1e-15)).max() < 5.5
    assert np.abs((plain - expected) / (error + 1e-15)).max() > 10


# intervals


def test_the_table_has_intervals_likelihood_ratio_and_weight(found: Diagnosis) -> None:
    table = found.causes
    for name in ("present", "responsible"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert (table["present_low"] < table["present_high"]).all()
    odds = table["present"] / (1 - table["present"]) * (1 - table["prior"]) / table["prior"]
    np.testing.assert_allclose(table["likelihood_ratio"], odds, rtol=1e-9)
    np.testing.assert_allclose(table["weight"], 10 * np.log10(odds), rtol=1e-9, atol=1e-9)


@settings(repeatable, max_examples=25)
@given(seeds)
def test_intervals_contain_the_posterior_or_name_the_cause(network: Network, seed: int) -> None:
    within = network.diagnose(random_patient(network, seed)).intervals()
    for row in within.causes:
        is_inside = (
            row.present_low <= row.present <= row.present_high
            and row.responsible_low <= row.responsible <= row.responsible_high
        )
        assert is_inside or row.id in within.outside
    assert within.unexplained_low <= within.unexplained <= within.unexplained_high


@settings(repeatable, max_examples=20)
@given(seeds, st.floats(0.1, 0.9))
def test_a_wider_interval_holds_a_narrower_one(network: Network, seed: int, narrow: float) -> None:
    dx = network.diagnose(random_patient(network, seed))
    inner, outer = dx.intervals(narrow).table, dx.intervals(0.95).table
    assert (outer["responsible_low"] <= inner["responsible_low"] + 1e-15).all()
    assert (inner["responsible_high"] <= outer["responsible_high"] + 1e-15).all()


def test_the_same_seed_gives_the_same_bytes(found: Diagnosis) -> None:
    first = found.intervals(seed=3, n_draws=50).to_json()
    parameter_draws._numbers.cache_clear()
    parameter_draws._networks.cache_clear()
    again = legache.load().diagnose(SAID).intervals(seed=3, n_draws=50).to_json()
    assert first == again
    assert first != found.intervals(seed=4, n_draws=50).to_json()


def test_nothing_is_drawn_until_it_is_asked_for() -> None:
    before = parameter_draws._networks.cache_info().misses
    dx = legache.load().diagnose(SAID)
    assert dx.ranked
    assert dx.ranking
    assert dx.red_flags
    assert parameter_draws._networks.cache_info().misses == before


def test_draws_are_made_once_for_all_patients() -> None:
    network = legache.load()
    network.diagnose(SAID).intervals(n_draws=20)
    before = parameter_draws._numbers.cache_info().misses
    network.diagnose(age=40).intervals(n_draws=20)
    assert parameter_draws._numbers.cache_info().misses == before


def test_certain_evidence_about_a_cause_leaves_no_interval(network: Network) -> None:
    row = network.diagnose(fibromyalgia=True).causes.loc["fibromyalgia"]
    assert (row["present_low"], row["present"], row["present_high"]) == (1, 1, 1)
    (told,) = [r for r in network.diagnose(fibromyalgia=True).ranked if r.id == "fibromyalgia"]
    assert told.likelihood_ratio is None
    assert told.weight is None


def test_soft_evidence_and_sets_of_states_have_intervals(network: Network) -> None:
    said = {
        "fever": Likelihood(3.0),
        "duration": ["under_1_week", "1_week_to_3_months"],
        "potassium": Likelihood({"normal": 1.0, "low": 0.2}),
    }
    within = network.diagnose(said).intervals(n_draws=50)
    assert within.table["present_low"].between(0, 1).all()
    assert json.loads(within.to_json())["evidence"]["fever"] == {"likelihood_ratio": 3.0}


def test_more_evidence_is_worth_fewer_draws(network: Network) -> None:
    little = network.diagnose(age=50).intervals()
    much = network.diagnose(SAID | {"fever": True, "worse_at_night": False}).intervals()
    assert much.effective_sample_size < little.effective_sample_size <= 500


def test_too_few_draws_are_said_to_be(found: Diagnosis) -> None:
    few = found.intervals(n_draws=20)
    assert not few.is_reliable
    assert "may be too narrow" in repr(few)
    assert found.intervals().is_reliable
    assert "may be too narrow" not in repr(found)


def test_a_result_goes_round(found: Diagnosis) -> None:
    first = found.intervals(0.8, n_draws=50, seed=9)
    second = Intervals.from_json(first.to_json())
    assert repr(second) == repr(first)
    assert second._repr_html_() == first._repr_html_()
    assert second.to_json() == first.to_json()
    assert second.table.equals(first.table)


def test_a_result_says_where_it_comes_from(network: Network, found: Diagnosis) -> None:
    record = found.intervals(n_draws=20).as_record()
    assert list(record)[:4] == ["legache", "priors", "setting", "evidence"]
    assert record["priors"] == found.as_record()["priors"]
    assert (record["draws"], record["seed"]) == (20, parameter_draws.SEED)


def test_the_record_of_a_diagnosis_has_the_intervals(found: Diagnosis) -> None:
    record = json.loads(found.to_json())
    table = found.causes
    for row in record["causes"]:
        for name in ("present_low", "present_high", "responsible_low", "responsible_high"):
            assert row[name] == table.loc[row["id"], name]
    assert record["intervals"]["draws"] == parameter_draws.N_DRAWS


def test_the_printed_table_fits_and_shows_intervals(found: Diagnosis) -> None:
    lines = repr(found).splitlines()
    assert max(len(line) for line in lines[:16]) <= 120
    assert "95 % intervals from 500 draws" in repr(found)
    assert "weight" in lines[2]


@pytest.mark.parametrize("interval", [0.0, 1.0, -0.1, 95, float("nan"), "0.95"])
def test_an_interval_is_a_probability(found: Diagnosis, interval: float) -> None:
    with pytest.raises(EvidenceError, match="expected a probability between 0 and 1"):
        found.intervals(interval)


def test_one_draw_is_no_interval(found: Diagnosis) -> None:
    with pytest.raises(EvidenceError, match="n_draws 1; expected a whole number of at least 2"):
        found.intervals(n_draws=1)


def test_an_approximate_answer_has_no_intervals(network: Network) -> None:
    from legache.diagnosis.differential import diagnose

    positive = [n for n in network.findings if n != "leg_ache"][:30]
    nodes = network.model.nodes
    binary = ("absent", "present")
    said = {n: nodes[n].states == binary or nodes[n].states[-1] for n in positive}
    dx = diagnose(network.model, said, memory_limit=2**12)
    assert dx.engine == "approximate"
    assert "present_low" not in dx.causes.columns
    with pytest.raises(LimitError, match="has no intervals; it has standard errors"):
        dx.intervals()


def test_the_prior_of_the_ratio_is_that_of_everyone(network: Network, found: Diagnosis) -> None:
    before = dict(zip(network.model.cause_ids, prior(network.model.network), strict=True))
    assert found.causes["prior"].to_dict() == pytest.approx(before)


def test_numbers_that_are_all_certain_are_printed_without_intervals() -> None:
    certain = legache.load(Path(__file__).parent.parent / "data" / "asia").diagnose(asia=True)
    row = certain.causes.loc["lung_cancer"]
    assert row["present_low"] == row["present"] == row["present_high"]
    assert "(" not in repr(certain).split("\n\n")[1]


def test_a_priors_folder_of_ones_own_has_intervals() -> None:
    tiny = legache.load(Path(__file__).parent.parent / "data" / "tiny")
    row = tiny.diagnose(age=70, swelling=True).causes.loc["vein_clot"]
    assert 0 < row["present_low"] < row["present"] < row["present_high"] < 1


def test_numpy_alone_gives_the_same_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = legache.load(Path(__file__).parent.parent / "data" / "tiny")
    first = tiny.diagnose(age=70, swelling=True).intervals(n_draws=20).table
    monkeypatch.setattr("legache.inference.draws.compiled_network", lambda _: None)
    second = tiny.diagnose(age=70, swelling=True).intervals(n_draws=20).table
    for name in ("present_low", "present_high", "responsible_low", "responsible_high"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-9)


def test_what_is_printed_does_not_wait_where_there_is_no_kernel(
    monkeypatch: pytest.MonkeyPatch, network: Network
) -> None:
    monkeypatch.setattr("legache.diagnosis.differential.is_compiled", lambda: False)
    text = repr(network.diagnose(age=33))
    assert "see `.intervals(n_draws=...)`" in text
    assert "95 % intervals" not in text


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_intervals_cover_the_truth_of_simulated_worlds() -> None:
    from benchmarks.coverage import is_within, simulated_visits

    visits = simulated_visits("primary_care", 60, None)
    point = np.array([visit.point for visit in visits])
    # 60 patients, whose posteriors hang together: two standard errors of a share of 60
    margin = 2 * np.sqrt(0.95 * 0.05 / 60)
    assert abs(is_within(visits, 0.95)[point > 0.01].mean() - 0.95) < margin
    assert abs(is_within(visits, 0.5)[point > 0.01].mean() - 0.5) < 2 * np.sqrt(0.25 / 60)
