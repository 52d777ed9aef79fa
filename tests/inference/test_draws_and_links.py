"""Do draws and fired links agree with queries of their own?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from legache import NetworkError
from legache.inference.draws import posterior_draws
from legache.inference.flat import stacked_numbers, with_numbers
from legache.inference.links import LEAK, UNLISTED, fired_links
from legache.inference.posterior import is_possible, posterior
from legache.network.structure import NoisyMaxNetwork
from tests.random_networks import Case, Evidence, cause, finding, network_of, random_network
from tests.strategies import possible_cases, repeatable, seeds

few = settings(repeatable, max_examples=60)
ENGINES = ["compiled", "numpy"]


@pytest.fixture(params=ENGINES, scope="module", autouse=True)
def each_engine(request: pytest.FixtureRequest) -> object:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            for module in ("posterior", "draws", "links"):
                patch.setattr(f"legache.inference.{module}.compiled_network", lambda _: None)
        yield


@few
@given(seed=seeds, case=possible_cases)
def test_each_draw_is_answered_as_a_network_of_its_own(seed: int, case: Case) -> None:
    other = _with_other_numbers(case.network, np.random.default_rng(seed))
    draws = stacked_numbers([case.network, other])

    found = posterior_draws(case.network, draws, case.evidence)

    for row in range(2):
        drawn = with_numbers(case.network, draws, row)
        if not is_possible(drawn, case.evidence):
            assert found.log_evidence[row] == -np.inf
            continue
        alone = posterior(drawn, case.evidence)
        np.testing.assert_allclose(found.present[row], alone.present, rtol=0, atol=1e-12)
        assert found.log_evidence[row] == pytest.approx(alone.log_evidence, rel=1e-12, abs=1e-12)


def _with_other_numbers(network: NoisyMaxNetwork, rng: np.random.Generator) -> NoisyMaxNetwork:
    causes = tuple(replace(c, responsible=float(rng.random())) for c in network.causes)
    findings = tuple(
        replace(f, strengths=f.strengths * rng.random(f.strengths.shape)) for f in network.findings
    )
    return replace(network, causes=causes, findings=findings)


def test_draws_of_another_graph_are_refused() -> None:
    first, other = (random_network(np.random.default_rng(seed)) for seed in (1, 2))

    with pytest.raises(NetworkError, match="the networks differ in more than their numbers"):
        stacked_numbers([first, other])


@few
@given(case=possible_cases)
def test_a_link_that_fired_is_what_its_cause_does_beyond_a_link_that_did_not(case: Case) -> None:
    fired = fired_links(case.network, case.evidence)

    for row, place in enumerate(fired.findings):
        index = int(fired.contributors[row])
        if index < 0 or not _is_positive(case.evidence[case.network.findings[place].id]):
            continue
        expected = _fired_by_difference(case.network, case.evidence, int(place), index)
        assert fired.probability[row] == pytest.approx(expected, abs=1e-9)


def _is_positive(likelihood: tuple[float, ...]) -> bool:
    return likelihood == (0.0, 1.0)


def _fired_by_difference(
    network: NoisyMaxNetwork, evidence: Evidence, place: int, index: int
) -> float:
    """P(cause acts | e) less its part in which the link, of strength 0, explains nothing."""
    shown = network.findings[place]
    row = shown.causes.tolist().index(index)
    strengths = shown.strengths.copy()
    strength = strengths[row, 0]
    strengths[row] = 0.0
    findings = list(network.findings)
    findings[place] = replace(shown, strengths=strengths)
    without = replace(network, findings=tuple(findings))
    acting = "responsible" if shown.hangs_on_responsible else "present"
    now = posterior(network, evidence)
    total = float(getattr(now, acting)[index])
    if not is_possible(without, evidence):
        return total
    then = posterior(without, evidence)
    share = float(np.exp(then.log_evidence - now.log_evidence))
    return total - (1 - strength) * share * float(getattr(then, acting)[index])


def test_a_finding_of_one_cause_is_owed_to_its_link_and_its_leak() -> None:
    network = network_of([cause("c", 0.0)], [finding("f", [0], [0.6], leak=0.1)])

    fired = fired_links(network, {"f": (0.0, 1.0)})

    p_finding = 0.5 * (1 - 0.4 * 0.9) + 0.5 * 0.1
    by = dict(zip(fired.contributors.tolist(), fired.probability.tolist(), strict=True))
    assert by[0] == pytest.approx(0.5 * 0.6 / p_finding, rel=1e-12)
    assert by[LEAK] == pytest.approx(0.1 / p_finding, rel=1e-12)


def test_an_unlisted_cause_takes_its_share() -> None:
    shown = finding("f", [0], [0.0], leak=0.1, unlisted=0.8)
    network = network_of([cause("c", 0.0)], [shown], unlisted=0.25)

    fired = fired_links(network, {"f": (0.0, 1.0)})

    p_finding = 0.25 * (1 - 0.2 * 0.9) + 0.75 * 0.1
    by = dict(zip(fired.contributors.tolist(), fired.probability.tolist(), strict=True))
    assert by == {
        LEAK: pytest.approx(0.1 / p_finding, rel=1e-12),
        UNLISTED: pytest.approx(0.25 * 0.8 / p_finding, rel=1e-12),
    }


def test_a_negative_finding_has_no_fired_links() -> None:
    network = network_of([cause("c", 0.0)], [finding("f", [0], [0.6], leak=0.1)])

    assert fired_links(network, {"f": (1.0, 0.0)}).probability.size == 0
