"""Do strata, presentations, simulated patients and leaving out agree with what they stand for?"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from legache.curation.difference import evidence_of, moved_posteriors
from legache.curation.leave_out import without
from legache.diagnosis.differential import diagnose
from legache.diagnosis.model import DiagnosticModel, diagnostic_model
from legache.errors import EvidenceError, KnowledgeError
from legache.knowledge.figures import key_of
from legache.knowledge.supplements import presentations_of
from legache.validation.calibration import Calibration, calibration
from legache.validation.cases import accuracy, best_rank, ranked_cases
from legache.validation.influence import influences, shares_by_grade
from legache.validation.leave_one_out import leave_one_source_out
from legache.validation.patients import interviewed_patients
from legache.validation.presentations import presentation_ranks
from legache.validation.strata import Stratum, strata
from tests.curation.folders import (
    curated,
    edited,
    knowledge_of,
    line_of,
    model_of,
    rows_of,
    without_fit,
)


@pytest.fixture(scope="module")
def model() -> DiagnosticModel:
    return model_of(curated())


def test_every_cause_is_as_common_in_each_stratum_as_its_row(model: DiagnosticModel) -> None:
    found = strata(model)
    assert len(found) == 8
    assert max(abs(item.difference) for item in found) < 1e-9
    assert {item.published for item in found if item.cause == "narrow_artery"} == {
        0.01,
        0.02,
        0.08,
        0.12,
    }


def test_a_network_of_other_numbers_differs_in_its_stratum(model: DiagnosticModel) -> None:
    contents = edited(curated(), "prevalence.csv", 6, value="0.02")
    found = strata(replace(model, knowledge=knowledge_of(contents)))
    far = [item for item in found if abs(item.difference) > 1e-6]
    assert [(item.cause, item.age_band, item.sex) for item in far] == [
        ("narrow_artery", "18_59", "female")
    ]
    expected = math.log(0.01 / 0.99) - math.log(0.02 / 0.98)
    assert far[0].difference == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("published", "said", "difference"),
    [(0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 0.1, math.inf), (0.1, 0.0, -math.inf), (1.0, 0.9, -math.inf)],
)  # fmt: skip
def test_certainties_differ_infinitely_or_not_at_all(
    published: float, said: float, difference: float
) -> None:
    assert Stratum("a", "18_59", "male", published, said).difference == difference


def test_presentations_lead_to_their_causes(model: DiagnosticModel) -> None:
    rows = {row.id: row for row in presentations_of(model.knowledge)}
    ranks = presentation_ranks(model)
    assert ranks.keys() == rows.keys()
    for name, row in rows.items():
        ranking = diagnose(model, evidence_of(row)).ranking
        assert ranking[ranks[name] - 1] in row.causes


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"causes": "vein_clod"}, "presentations.csv:3: unknown cause 'vein_clod'; did you mean 'vein_clot'"),
        ({"evidence": "pulse=present"}, "presentations.csv:3: unknown"),
        ({"evidence": "leg_ache=absent;pain_severity=maybe"}, "presentations.csv:3: unknown state"),
    ],
)  # fmt: skip
def test_a_presentation_that_cannot_be_ranked_is_told_with_its_line(
    cells: dict[str, str], said: str
) -> None:
    with pytest.raises(EvidenceError, match=said):
        presentation_ranks(model_of(edited(curated(), "presentations.csv", 3, **cells)))


def test_an_interview_tells_what_is_true_and_hides_the_causes(model: DiagnosticModel) -> None:
    people, codes = interviewed_patients(model.network, "leg_ache", 2000, 3)
    told = codes >= 0
    np.testing.assert_array_equal(codes[told], people.codes[told])
    assert told[:, :3].all()
    assert not told[:, 3:5].any()
    assert told[:, 6].all()
    others = told[:, [5, 7, 8, 9]]
    assert others.mean() == pytest.approx(0.35, abs=0.03)


def test_what_is_told_does_not_follow_from_what_is_true(model: DiagnosticModel) -> None:
    people, codes = interviewed_patients(model.network, "leg_ache", 4000, 3)
    told = codes[:, 8] >= 0
    shown = people.codes[:, 8] > 0
    difference = shown[told].mean() - shown[~told].mean()
    assert abs(difference) < 5 * math.sqrt(0.25 / 1400 + 0.25 / 2600)


def test_a_network_is_calibrated_to_its_own_patients(model: DiagnosticModel) -> None:
    found = calibration(model.network, "leg_ache", n_patients=4000)
    assert found.n.sum() == 4000 * 2
    assert found.distances.max() < 5
    assert found.cause_distances.max() < 5
    has_any = found.n > 0
    assert has_any.sum() > 5
    edges = np.arange(20) / 20
    assert (found.mean_stated[has_any] >= edges[has_any]).all()
    assert (found.mean_stated[has_any] <= edges[has_any] + 0.05).all()


def test_patients_of_another_network_show_that_it_is_not_calibrated(
    model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = model_of(edited(curated(), "complaint.csv", 6, value="300", high="400"))
    from legache.validation import calibration as module

    monkeypatch.setattr(
        module,
        "interviewed_patients",
        lambda _, *rest: interviewed_patients(other.network, *rest),
    )
    assert calibration(model.network, "leg_ache", n_patients=4000).cause_distances.max() > 10


def test_certain_statements_have_no_distance_if_true() -> None:
    certain, nothing = np.array([0.0, 1.0, 1.0]), np.zeros(3)
    true = np.array([0.0, 1.0, 0.5])
    found = Calibration(
        n=np.ones(3),
        mean_stated=certain,
        share_true=true,
        standard_error=nothing,
        mean_posterior=np.array([np.nan, 0.2, 0.0]),
        share_responsible=np.array([np.nan, 0.3, 0.0]),
        posterior_error=np.array([np.nan, 0.05, 0.0]),
    )
    assert found.distances.tolist() == [0, 0, math.inf]
    assert found.cause_distances.tolist() == [0, pytest.approx(2), 0]


def test_an_important_number_has_more_influence_than_an_inert_one() -> None:
    knowledge = knowledge_of(curated())
    found = influences(knowledge, "primary_care", "leg_ache", n_patients=100)
    slopes = {(item.row.FILE, key_of(item.row)): item.slope for item in found}
    assert [item.slope for item in found] == sorted(slopes.values(), reverse=True)
    important = slopes["complaint.csv", "unlisted/primary_care"]
    # of a test that no cause but the rarest shows, in people who rarely have it
    assert important > 20 * slopes["prevalence.csv", "smoking/18_59/female"]
    assert ("complaint.csv", "unlisted/survey") not in slopes
    assert not any(key.startswith(("age_band/", "sex/")) for _, key in slopes)
    shares = shares_by_grade(found)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["elicited"] > 0.5


def test_the_slope_of_a_complaint_rate_is_the_change_of_the_posteriors() -> None:
    knowledge = knowledge_of(curated())
    (found,) = (
        item
        for item in influences(knowledge, "primary_care", "leg_ache", n_patients=50)
        if key_of(item.row) == "unlisted/primary_care"
    )
    from legache.inference.cohort import cohort_posteriors

    model = diagnostic_model(knowledge)
    _, codes = interviewed_patients(model.network, "leg_ache", 50, 1)
    other = replace(model.network, unlisted=model.network.unlisted * math.exp(-0.2))
    before, after = (cohort_posteriors(one, codes).responsible for one in (model.network, other))
    expected = np.abs(after - before).sum(axis=1).mean() / 0.2
    assert found.slope == pytest.approx(float(expected), rel=1e-6)


def test_a_number_that_cannot_go_down_is_moved_up() -> None:
    # so many visits that fewer bearers could not make them
    line = line_of(curated(), "complaint.csv", cause="vein_clot", setting="primary_care")
    rate = float(rows_of(curated(), "complaint.csv")[line - 2]["value"])
    network = model_of(curated()).network
    link = next(cause.responsible for cause in network.causes if cause.id == "vein_clot")
    most = f"{0.999 * rate / link:.6g}"
    contents = edited(curated(), "complaint.csv", line, value=most, high=most)
    lower = edited(contents, "prevalence.csv", 18, value="0.0003", low="0.0001")
    lower = edited(lower, "prevalence.csv", 18, incidence_per_1000_py="", duration_days="")
    with pytest.raises(KnowledgeError, match=r"vein_clot: "):
        model_of(lower)
    found = influences(knowledge_of(contents), "primary_care", "leg_ache", n_patients=20)
    keys = {key_of(item.row) for item in found if item.row.FILE == "prevalence.csv"}
    assert "vein_clot/60_plus/female" in keys


def test_where_nothing_has_influence_no_grade_has() -> None:
    knowledge = knowledge_of(curated())
    (one, *_) = influences(knowledge, "primary_care", "leg_ache", n_patients=5)
    assert shares_by_grade((replace(one, slope=0.0),)) == {one.row.grade: 0.0}


def test_sources_are_left_out_one_by_one_the_most_momentous_first(model: DiagnosticModel) -> None:
    found = leave_one_source_out(model)
    # without the third, only a prevalence that the network needs is judged
    assert {item.source for item in found} == {"alpha2001", "beta2010"}
    sizes = [abs(item.moved.new - item.moved.old) for item in found if item.moved]
    assert sizes == sorted(sizes, reverse=True)
    for item in found:
        reduced = without(model.knowledge, item.source)
        moved = moved_posteriors(model, diagnostic_model(reduced.knowledge))
        assert item.reduced == reduced
        assert item.moved == moved[0]


def test_sources_are_left_out_in_the_setting_of_the_model(model: DiagnosticModel) -> None:
    survey = replace(model, setting="survey")
    found = {item.source: item.moved for item in leave_one_source_out(survey)}
    reduced = diagnostic_model(without(model.knowledge, "alpha2001").knowledge)
    moved = moved_posteriors(survey, replace(reduced, setting="survey"))
    assert found["alpha2001"] == moved[0]


def test_a_source_without_which_nothing_fits_is_not_listed() -> None:
    found = {item.source for item in leave_one_source_out(model_of(without_fit()))}
    assert found == {"beta2010", "gamma2020"}


CASE: dict[str, Any] = {
    "case_id": "one",
    "age": 70,
    "sex": "female",
    "evidence": {"swelling": True},
    "tests": {"d_dimer_raised": True},
    "truth": ["vein_clot"],
}


def _file(folder: Path, *cases: object) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(case)}\n" for case in cases), encoding="utf-8")
    return path


def test_a_case_has_its_rank_by_history_and_with_tests(
    model: DiagnosticModel, tmp_path: Path
) -> None:
    both = {**CASE, "case_id": "two", "truth": ["vein_clot", "narrow_artery"]}
    one, two = ranked_cases(model, _file(tmp_path, CASE, both))
    said = {"age": 70, "sex": "female", "swelling": True}
    ranks = [
        diagnose(model, evidence).ranking.index("vein_clot") + 1
        for evidence in (said, {**said, "d_dimer_raised": True})
    ]
    assert (one.case_id, one.by_history, one.with_tests) == ("one", *ranks)
    assert (two.by_history, two.with_tests) == (1, 1)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({key: CASE[key] for key in CASE if key != "sex"}, "no 'sex'; expected case_id, age, sex"),
        ({**CASE, "truth": ["vein_clod"]}, "unknown cause 'vein_clod'; did you mean 'vein_clot'"),
        ({**CASE, "truth": []}, "expected at least one true cause"),
        ({**CASE, "evidence": {"sweling": True}}, "did you mean 'swelling'"),
        ({**CASE, "evidence": {"leg_ache": False, "vein_clot": True}, "tests": 3}, "not a mapping|'int'"),
        ([1], "list indices"),
        (3, "not subscriptable"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_read_is_told_with_its_line(
    model: DiagnosticModel, tmp_path: Path, case: object, said: str
) -> None:
    with pytest.raises(EvidenceError, match=rf"^cases.jsonl:2: .*({said})"):
        ranked_cases(model, _file(tmp_path, CASE, case))


def test_a_case_that_the_network_calls_impossible_is_told_with_its_line(tmp_path: Path) -> None:
    contents = edited(curated(), "complaint.csv", 6, value="0", low="0")
    for row in range(2, 11):
        contents = edited(contents, "complaint.csv", row, value="0", low="0")
    with pytest.raises(EvidenceError, match=r"^cases.jsonl:1: impossible evidence: 'leg_ache'"):
        ranked_cases(model_of(contents), _file(tmp_path, CASE))


def test_a_line_that_is_no_json_is_told(model: DiagnosticModel, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("{\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"^cases.jsonl:1: "):
        ranked_cases(model, path)


def test_the_best_rank_is_that_of_the_first_true_cause() -> None:
    assert best_rank(("a", "b", "c"), ["c", "b"]) == 2


def test_accuracy_counts_ranks() -> None:
    assert [accuracy([1, 2, 4], n) for n in (1, 3, 5)] == [1 / 3, 2 / 3, 1]
