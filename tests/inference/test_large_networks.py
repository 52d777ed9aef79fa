"""Do networks ten and a hundred times larger answer, from arrays alone?"""

from __future__ import annotations

import numpy as np
import pytest

from legache.inference.posterior import _by_numpy, posterior
from legache.network.structure import Cause, Finding, NoisyMaxNetwork
from tests.random_networks import Evidence


def _two_layers(n_causes: int, n_findings: int, most_parents: int) -> NoisyMaxNetwork:
    """Independent causes and noisy-OR findings, as in QMR-DT."""
    rng = np.random.default_rng([n_causes, n_findings])
    none = np.array([], dtype=np.intp)
    causes = [
        Cause(
            id=f"cause_{place}",
            intercept=np.log([rng.uniform(0.002, 0.15)]),
            contexts=none,
            context_log_odds=np.array([]),
            causes=none,
            cause_log_odds=np.array([]),
            responsible=1.0,
        )
        for place in range(n_causes)
    ]
    findings = []
    for place in range(n_findings):
        n_links = int(rng.integers(4, most_parents + 1))
        findings.append(
            Finding(
                id=f"finding_{place}",
                states=("absent", "present"),
                hangs_on_responsible=False,
                causes=rng.choice(n_causes, n_links, replace=False),
                strengths=rng.uniform(0.05, 0.9, (n_links, 1)),
                leak=np.array([[rng.uniform(0.001, 0.05)]]),
                unlisted=np.zeros(1),
            )
        )
    return NoisyMaxNetwork(
        root_ids=("root",),
        strata=(("any",),),
        stratum_share=np.ones(1),
        context_ids=(),
        context_probability=np.zeros((1, 0)),
        causes=tuple(causes),
        findings=tuple(findings),
        unlisted=0.0,
    )


def _patient(network: NoisyMaxNetwork, seed: int) -> Evidence:
    """Three causes with their findings, 24 of which are seen; 72 others are absent."""
    rng = np.random.default_rng(seed)
    true = set(rng.choice(len(network.causes), 3, replace=False).tolist())
    shown = [true & set(finding.causes.tolist()) != set() for finding in network.findings]
    order = np.argsort([not s for s in shown], kind="stable")
    positive, negative = order[:24], order[24:96]
    said: Evidence = {network.findings[place].id: (0.0, 1.0) for place in positive}
    return {**said, **{network.findings[place].id: (1.0, 0.0) for place in negative}}


@pytest.mark.parametrize(
    ("n_causes", "n_findings", "most_parents"), [(36, 60, 8), (100, 300, 8), (570, 4000, 12)]
)
def test_24_positive_findings_are_answered_as_by_numpy(
    n_causes: int, n_findings: int, most_parents: int
) -> None:
    network = _two_layers(n_causes, n_findings, most_parents)
    evidence = _patient(network, 1)
    found = posterior(network, evidence)

    expected = _by_numpy(network, evidence, 2**31)

    np.testing.assert_allclose(found.present, expected.present, rtol=0, atol=1e-12)
    assert found.log_evidence == pytest.approx(expected.log_evidence, rel=1e-12)
    assert found.unexplained == 0
