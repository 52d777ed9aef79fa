"""Does a folder on another complaint work without a line of Python?

``tests/data/asia`` holds the fictitious chest clinic of Lauritzen and Spiegelhalter (1988),
J. R. Stat. Soc. B 50, 157-224.  Two of its tables are deterministic or no noisy-OR, and are
encoded by odds ratios of 1e60 and by the cause ``bronchitis_alone``: see the notes in the folder.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import legache
from legache import Diagnosis, KnowledgeError, Network
from legache.cli import main
from legache.inference.links import LEAK, UNLISTED, fired_links
from legache.inference.posterior import posterior
from legache.knowledge.datapackage import NAME, describe
from legache.knowledge.loading import read_folder

ASIA = Path(__file__).parent / "data" / "asia"
EITHER = "tuberculosis_or_lung_cancer"
CAUSES = ("bronchitis", "lung_cancer", "tuberculosis", EITHER)
STATES = ("absent", "present")
# the odds ratios cost less than 1e-15, and the rest is rounding in either library
ROUNDING = 1e-13

Said = dict[str, bool]

EVIDENCE: list[Said] = [
    {},
    {"dyspnoea": True},
    {"dyspnoea": False},
    {"asia": True, "dyspnoea": True},
    {"asia": True, "dyspnoea": True, "smoking": True},
    {"asia": True, "dyspnoea": True, "smoking": False},
    {"asia": True, "dyspnoea": True, "chest_xray": True},
    {"asia": True, "dyspnoea": True, "chest_xray": False, "smoking": False},
    {"asia": False, "dyspnoea": False, "chest_xray": True},
    {"chest_xray": True},
    {"chest_xray": False, "smoking": True},
    {"bronchitis": True, "dyspnoea": True},
    {"bronchitis": False, "dyspnoea": True, "chest_xray": False},
    {"tuberculosis": False, "chest_xray": True, "dyspnoea": True},
    {"lung_cancer": True, "bronchitis": False, "chest_xray": False, "dyspnoea": False},
    {EITHER: True, "asia": True},
    {EITHER: False, "smoking": True, "dyspnoea": True},
]

# Printed by gRain 1.x for R, to seven digits: C. J. Gil Bellosta, "La red Asia", datanalytics.com,
# 19 November 2013, and J. Dumoulin, "Bayesian Graphical Models using R", INRUG, September 2015.
PRINTED: list[tuple[Said, str, float]] = [
    ({}, "lung_cancer", 0.055),
    ({}, "bronchitis", 0.45),
    ({"asia": True, "dyspnoea": True}, "lung_cancer", 0.09952515),
    ({"asia": True, "dyspnoea": True}, "bronchitis", 0.8114021),
    ({"asia": True, "dyspnoea": True, "smoking": True}, "lung_cancer", 0.1455191),
    ({"asia": True, "dyspnoea": True, "smoking": True}, "bronchitis", 0.8672582),
]

# Mean less 1 and Monte Carlo error after a visit to Asia and with dyspnoea, the example of the
# paper, by MultiBUGS: https://www.multibugs.org/examples/latest/Asia.html
SAMPLED: list[tuple[str, float, float]] = [
    (EITHER, 0.183, 9.705e-4),
    ("lung_cancer", 0.1, 7.383e-4),
    ("smoking", 0.627, 0.001165),
    ("tuberculosis", 0.088, 7.118e-4),
    ("chest_xray", 0.22, 9.834e-4),
]


@pytest.fixture(scope="module")
def asia() -> Network:
    return legache.load(ASIA)


@pytest.fixture(scope="module")
def published() -> Any:
    """Return the engine of pgmpy on the tables of the paper, with no detour through legache."""
    from pgmpy.inference import VariableElimination  # type: ignore[import-untyped]
    from pgmpy.models import DiscreteBayesianNetwork  # type: ignore[import-untyped]

    tables = [
        _table("asia", [0.01]),
        _table("smoking", [0.5]),
        _table("tuberculosis", [0.01, 0.05], "asia"),
        _table("lung_cancer", [0.01, 0.10], "smoking"),
        _table("bronchitis", [0.30, 0.60], "smoking"),
        _table(EITHER, [0, 1, 1, 1], "tuberculosis", "lung_cancer"),
        _table("chest_xray", [0.05, 0.98], EITHER),
        _table("dyspnoea", [0.1, 0.7, 0.8, 0.9], "bronchitis", EITHER),
    ]
    edges = [(parent, cpd.variable) for cpd in tables for parent in cpd.variables[1:]]
    model = DiscreteBayesianNetwork(edges)
    model.add_cpds(*tables)
    assert model.check_model()
    return VariableElimination(model)


def _table(name: str, present: list[float], *parents: str) -> Any:
    """P(present), the last parent varying fastest."""
    from pgmpy.factors.discrete import TabularCPD  # type: ignore[import-untyped]

    p = np.array(present)
    labels = {node: list(STATES) for node in (name, *parents)}
    return TabularCPD(name, 2, [1 - p, p], parents, [2] * len(parents), labels)


def _by_pgmpy(engine: Any, name: str, said: Said) -> float:
    if name in said:
        return float(said[name])
    hard = {node: STATES[value] for node, value in said.items()}
    answer = engine.query([name], evidence=hard, show_progress=False)
    return float(answer.get_value(**{name: "present"}))


def _by_legache(network: Network, name: str, said: Said) -> float:
    """P(present | said) of any node: from P(evidence) where `posterior` does not list it."""
    if name in network.causes:
        return float(network.posterior(said)[name])
    return math.exp(_log_evidence(network, {**said, name: True}) - _log_evidence(network, said))


def _log_evidence(network: Network, said: Said) -> float:
    return posterior(network.model.network, _likelihoods(said)).log_evidence


def _likelihoods(said: Said) -> dict[str, tuple[float, ...]]:
    return {name: (0.0, 1.0) if value else (1.0, 0.0) for name, value in said.items()}


def _named(said: Said) -> str:
    return "-".join(name if value else f"no_{name}" for name, value in said.items()) or "nothing"


def test_the_folder_loads(asia: Network) -> None:
    assert repr(asia) == (
        "<Network asia-priors 0.0.1: 5 causes, 4 contexts, 1 findings, 1 tests; chest_clinic>"
    )


def test_the_folder_passes_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ASIA)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("asia-priors 0.0.1: sound\n")
    assert "floored" not in printed


def test_the_folder_is_described_as_it_is() -> None:
    contents = read_folder(ASIA)
    assert describe(json.loads(contents[NAME]), contents) == contents[NAME].decode()


def test_its_settings_are_its_own(asia: Network) -> None:
    assert asia.settings == (asia.setting,) == ("chest_clinic",)
    with pytest.raises(legache.EvidenceError, match=r"'survey'; expected chest_clinic$"):
        asia.in_setting("survey")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tuberculosis", 0.0104),
        ("lung_cancer", 0.055),
        (EITHER, 0.064828),
        ("bronchitis", 0.45),
        ("chest_xray", 0.11029004),
        ("dyspnoea", 0.4359706),
    ],
)
def test_marginals_are_those_of_the_tables(asia: Network, name: str, expected: float) -> None:
    assert _by_legache(asia, name, {}) == pytest.approx(expected, rel=0, abs=ROUNDING)


@pytest.mark.parametrize("said", EVIDENCE, ids=_named)
def test_posteriors_are_those_of_pgmpy(asia: Network, published: Any, said: Said) -> None:
    names = [*CAUSES, *({"asia", "smoking", "chest_xray", "dyspnoea"} - said.keys())]
    found = {name: _by_legache(asia, name, said) for name in names}
    expected = {name: _by_pgmpy(published, name, said) for name in names}
    assert found == pytest.approx(expected, rel=0, abs=ROUNDING)


@pytest.mark.parametrize(("said", "name", "printed"), PRINTED)
def test_printed_posteriors_come_out_to_the_last_digit(
    asia: Network, said: Said, name: str, printed: float
) -> None:
    assert float(f"{_by_legache(asia, name, said):.7g}") == printed


def test_the_printed_probability_of_the_evidence_comes_out(asia: Network) -> None:
    found = math.exp(_log_evidence(asia, {"asia": True, "dyspnoea": True}))
    assert float(f"{found:.7g}") == 0.004501375


@pytest.mark.parametrize(("name", "mean", "error"), SAMPLED)
def test_sampled_posteriors_come_out_within_their_errors(
    asia: Network, name: str, mean: float, error: float
) -> None:
    found = _by_legache(asia, name, {"asia": True, "dyspnoea": True})
    assert abs(found - mean) < 3 * error + 0.0005  # three errors, and half of the last digit


def test_age_and_sex_tell_nothing(asia: Network) -> None:
    expected = asia.posterior(asia=True, dyspnoea=True)
    for age, sex in itertools.product((20, 70), ("female", "male")):
        found = asia.posterior(asia=True, dyspnoea=True, age=age, sex=sex)
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("said", [{}, {"asia": True}, {"smoking": True, "chest_xray": False}])
def test_responsibility_follows_from_the_published_table(
    asia: Network, published: Any, said: Said
) -> None:
    """What fires is independent of the rest, and dyspnoea is certain if anything does."""
    dx = asia.diagnose(said)
    dyspnoea = _by_pgmpy(published, "dyspnoea", said)
    responsible = dx.causes["responsible"]

    for name in (EITHER, "bronchitis"):
        expected = 2 / 3 * _by_pgmpy(published, name, said) / dyspnoea
        assert responsible[name] == pytest.approx(expected, rel=1e-12)
    assert responsible["tuberculosis"] == responsible["lung_cancer"] == 0
    # no dyspnoea: neither the unlisted (0.1) nor any cause fired
    assert dx.unexplained == pytest.approx(0.1 / 0.9 * (1 - dyspnoea) / dyspnoea, rel=1e-12)


@pytest.mark.parametrize("said", [{}, {"asia": True}, {"smoking": True, "asia": False}])
def test_fired_links_follow_from_the_published_tables(
    asia: Network, published: Any, said: Said
) -> None:
    shown = {"dyspnoea": True, "chest_xray": True}
    fired = _fired(asia, {**said, **shown})
    p = math.exp(_log_evidence(asia, {**said, **shown}) - _log_evidence(asia, said))
    either = _by_pgmpy(published, EITHER, said)
    xray_if = _by_pgmpy(published, "chest_xray", {**said, "dyspnoea": True})
    dyspnoea = _by_pgmpy(published, "dyspnoea", said)
    dyspnoea_if = _by_pgmpy(published, "dyspnoea", {**said, EITHER: True})

    assert p == pytest.approx(xray_if * dyspnoea, rel=1e-12)
    expected = {
        ("chest_xray", EITHER): (1 - 0.02 / 0.95) * either * dyspnoea_if / p,
        ("chest_xray", "leak"): 0.05 * dyspnoea / p,
        ("dyspnoea", EITHER): 2 / 3 * either * 0.98 / p,
        ("dyspnoea", "unlisted"): 0.1 * _by_pgmpy(published, "chest_xray", said) / p,
    }
    assert {key: fired[key] for key in expected} == pytest.approx(expected, rel=1e-12)


def _fired(network: Network, said: Said) -> dict[tuple[str, str], float]:
    """Probability by id of the finding and of what produced it."""
    arrays = network.model.network
    names = {place: cause.id for place, cause in enumerate(arrays.causes)}
    names |= {LEAK: "leak", UNLISTED: "unlisted"}
    fired = fired_links(arrays, _likelihoods(said))
    keys = [
        (arrays.findings[finding].id, names[contributor])
        for finding, contributor in zip(
            fired.findings.tolist(), fired.contributors.tolist(), strict=True
        )
    ]
    return dict(zip(keys, fired.probability.tolist(), strict=True))


def test_the_export_to_pgmpy_answers_the_same(asia: Network, published: Any) -> None:
    from pgmpy.inference import VariableElimination

    exported, said = VariableElimination(asia.to_pgmpy()), {"asia": True, "dyspnoea": True}
    for name in CAUSES:
        expected = _by_pgmpy(published, name, said)
        assert _by_pgmpy(exported, name, said) == pytest.approx(expected, rel=0, abs=ROUNDING)


@pytest.fixture(scope="module")
def dx(asia: Network) -> Diagnosis:
    return asia.diagnose(asia=True)


def test_a_diagnosis_names_the_complaint_and_its_setting(dx: Diagnosis) -> None:
    assert repr(dx).startswith("Differential diagnosis of dyspnoea, setting: chest clinic\n")
    assert dx.assumed == {"dyspnoea": True}
    assert "Assumed: dyspnoea present. Priors asia-priors 0.0.1 (" in repr(dx)


def test_a_diagnosis_prints_the_worked_example(dx: Diagnosis) -> None:
    assert repr(dx).split("\n\n")[1].splitlines() == [
        "    cause                                      responsible    present    prior    weight  see within",
        "--  ---------------------------------------  -------------  ---------  -------  --------  ------------",
        " 1  Bronchitis                                      66.6 %     81.1 %   45.0 %      +7.2  2 weeks",
        " 2  Bronchitis without tuberculosis or lung         29.4 %     70.7 %   41.4 %      +5.3  2 weeks",
        "    cancer",
        " 3  Tuberculosis or lung cancer                     15.1 %     18.2 %   6.48 %      +5.1  2 weeks",
        " 4  Lung cancer                                     0.00 %     9.95 %   5.50 %      +2.8  2 weeks",
        " 5  Tuberculosis                                    0.00 %     8.78 %   1.04 %      +9.6  2 weeks",
    ]


def test_nothing_printed_is_about_legs(
    dx: Diagnosis, asia: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["diagnose", "--priors", str(ASIA), "--asia"])
    main(["nodes", "--priors", str(ASIA)])
    printed = capsys.readouterr().out
    for text in (repr(dx), dx._repr_html_(), repr(asia.plan(asia=True)), dx.to_json(), printed):
        assert "tuberculosis" in text.lower()
        assert "leg" not in text.lower().replace("legache", "")


def test_the_command_prints_the_same_table(
    dx: Diagnosis, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", "--priors", str(ASIA), "--asia"]) == 0
    assert capsys.readouterr().out == f"{dx}\n"


def test_a_cause_that_leads_to_another_needs_no_link_but_one_that_leads_nowhere_does(
    tmp_path: Path,
) -> None:
    contents = read_folder(ASIA)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    kept = [row for row in contents["links.csv"].splitlines() if b"bronchitis_alone" not in row]
    (tmp_path / "links.csv").write_bytes(b"\n".join(kept) + b"\n")

    with pytest.raises(KnowledgeError) as caught:
        legache.load(tmp_path)

    wrong = "links.csv:1: cause 'bronchitis_alone' has no link, and leads to no cause; add one"
    assert caught.value.problems == (f"{tmp_path}/{wrong}",)
