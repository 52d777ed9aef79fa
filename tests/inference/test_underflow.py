"""Are answers right when the evidence is far too improbable for floating point?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from legache import LimitError
from legache.inference.posterior import posterior
from legache.network.structure import NoisyMaxNetwork
from tests.oracle import Errors, errors_of, exact_posterior, log_of
from tests.random_networks import NO, YES, Evidence, cause, finding, network_of

ABSOLUTE, LOG = 1e-12, 1e-9  # targets of N6


def _errors(network: NoisyMaxNetwork, evidence: Evidence) -> Errors:
    return errors_of(posterior(network, evidence), exact_posterior(network, evidence))


def _all(network: NoisyMaxNetwork, likelihood: tuple[float, ...]) -> Evidence:
    return {node.id: likelihood for node in network.findings}


def _one_cause(n_findings: int, strength: float, leak: float) -> NoisyMaxNetwork:
    """One cause; strengths differ a little, so that nothing cancels by symmetry."""
    findings = [
        finding(f"f{i:04}", [0], [strength * (1 + i % 7 / 100)], leak) for i in range(n_findings)
    ]
    return network_of([cause("c", -2.0)], findings)


def _two_causes(n_findings: int, strength: float) -> NoisyMaxNetwork:
    findings = [
        finding(f"f{i:04}", [0, 1], [strength, strength * (1 + i % 7 / 10)], strength / 3)
        for i in range(n_findings)
    ]
    return network_of([cause("c0", -2.0), cause("c1", -3.0)], findings)


def _many_causes(n_causes: int, n_findings_each: int, strength: float) -> NoisyMaxNetwork:
    """Causes that share no finding: each is answered as if it stood alone."""
    findings = [
        finding(f"f{i:04}_{j}", [i], [strength], strength / 2)
        for i in range(n_causes)
        for j in range(n_findings_each)
    ]
    return network_of([cause(f"c{i:04}", -1.0) for i in range(n_causes)], findings)


def test_1200_negative_findings_of_probability_a_tenth() -> None:
    network = _one_cause(1200, 0.01, 0.9)

    errors = _errors(network, _all(network, NO))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


@pytest.mark.parametrize(("n_findings", "p_negative"), [(40, 1e-9), (500, 1e-8)])
def test_negative_findings_with_a_joint_probability_down_to_1e_4000(
    n_findings: int, p_negative: float
) -> None:
    network = _one_cause(n_findings, 0.004, 1 - p_negative)

    errors = _errors(network, _all(network, NO))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


@pytest.mark.parametrize(
    ("n_causes", "n_findings_each", "strength"), [(300, 4, 0.1), (20, 2, 1e-9), (100, 4, 1e-10)]
)
def test_positive_findings_of_many_causes_are_answered_as_if_each_stood_alone(
    n_causes: int, n_findings_each: int, strength: float
) -> None:
    whole = _many_causes(n_causes, n_findings_each, strength)
    alone = _many_causes(1, n_findings_each, strength)
    exact = exact_posterior(alone, _all(alone, YES))

    answer = posterior(whole, _all(whole, YES))

    np.testing.assert_allclose(answer.present, float(exact.present[0]), rtol=0, atol=ABSOLUTE)
    assert answer.log_evidence == pytest.approx(n_causes * float(log_of(exact.evidence)), rel=LOG)


def test_a_posterior_is_found_where_the_joint_probability_is_1e_4000() -> None:
    """The same, and the answer says so."""
    network = _many_causes(100, 4, 1e-10)

    answer = posterior(network, _all(network, YES))

    assert answer.log_evidence < -4000 * np.log(10) + 100


@pytest.mark.parametrize("n_findings", [6, 12])
def test_positive_findings_of_probability_1e_9_with_two_causes(n_findings: int) -> None:
    network = _two_causes(n_findings, 1e-9)

    errors = _errors(network, _all(network, YES))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


def test_40_positive_findings_of_probability_1e_9_with_one_cause() -> None:
    network = _one_cause(40, 1e-9, 1e-10)

    errors = _errors(network, _all(network, YES))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


def test_40_positive_findings_of_probability_1e_9_with_two_causes() -> None:
    network = _two_causes(40, 1e-9)

    errors = _errors(network, _all(network, YES))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


def test_1200_positive_findings_of_probability_a_tenth_with_one_cause() -> None:
    network = _one_cause(1200, 0.1, 0.01)

    errors = _errors(network, _all(network, YES))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


def test_a_network_that_is_far_too_wide_is_refused_by_its_predicted_cost() -> None:
    rng = np.random.default_rng(0)
    findings = [
        finding(f"f{i:02}", rng.permutation(60)[:30].tolist(), [0.1] * 30) for i in range(90)
    ]
    network = network_of([cause(f"c{i:02}") for i in range(60)], findings)

    with pytest.raises(LimitError, match="give fewer positive findings"):
        posterior(network, _all(network, YES))


def test_soft_evidence_near_the_ends_of_floating_point_is_right() -> None:
    network = _one_cause(8, 0.3, 0.1)
    evidence: Evidence = {node.id: (1e-300, 1e300) for node in network.findings}

    errors = _errors(network, evidence)

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG


def test_a_cause_with_log_odds_of_minus_700_keeps_its_digits() -> None:
    network = network_of([cause("c", -700.0)], [finding("f", [0], [0.5], 0.0, 0.5)], unlisted=0.5)
    exact = exact_posterior(network, {"f": YES})

    answer = posterior(network, {"f": YES})

    assert 0 < exact.present[0] < Fraction(1, 10**300)
    assert answer.present[0] == pytest.approx(float(exact.present[0]), rel=1e-9)


def test_tiny_shares_of_strata_are_right() -> None:
    network = _one_cause(2, 0.3, 0.1)
    wide = replace(
        network,
        strata=(("r0",), ("r1",)),
        stratum_share=np.array([1 - 2**-53, 1e-300]),
        context_probability=np.zeros((2, 0)),
        causes=(replace(network.causes[0], intercept=np.array([-np.inf, 1.0])),),
        findings=tuple(replace(node, leak=np.array([[0.0], [0.1]])) for node in network.findings),
    )

    errors = _errors(wide, _all(wide, YES))

    assert errors.absolute <= ABSOLUTE
    assert errors.log_evidence <= LOG
