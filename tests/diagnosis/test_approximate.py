"""Does a diagnosis past the memory limit say that it is approximate, and by how much?"""

from __future__ import annotations

import json

import pytest

from legache import LimitError, Network
from legache.diagnosis.differential import Diagnosis, answer_to, diagnose
from legache.diagnosis.evidence import parse_evidence
from legache.inference.compiled import is_compiled

pytestmark = pytest.mark.skipif(not is_compiled(), reason="sampling needs the compiled kernel")

WIDE = dict.fromkeys(
    ("burning_or_crawling_sensation", "worse_at_night", "sleep_disruption", "both_legs"), True
) | dict.fromkeys(
    ("relief_by_movement", "fatigue", "numbness_or_tingling", "back_pain", "worse_at_rest"), True
)


@pytest.fixture(scope="module")
def said(network: Network) -> dict[str, object]:
    known = set(network.findings)
    return {name: value for name, value in WIDE.items() if name in known}


@pytest.fixture(scope="module")
def approximate(network: Network, said: dict[str, object]) -> Diagnosis:
    return diagnose(network.model, said, memory_limit=100_000)


@pytest.fixture(scope="module")
def exact(network: Network, said: dict[str, object]) -> Diagnosis:
    return network.diagnose(said)


def test_it_agrees_with_exact_within_its_stated_error(
    approximate: Diagnosis, exact: Diagnosis
) -> None:
    causes = approximate.causes
    difference = (causes["responsible"] - exact.causes["responsible"][causes.index]).abs()

    assert approximate.engine == "approximate"
    assert exact.engine == "exact"
    assert (difference <= 4 * causes["responsible_error"] + 1e-6).all()


def test_it_says_so_in_text_html_and_json(approximate: Diagnosis) -> None:
    record = json.loads(approximate.to_json())

    assert "Approximate, from" in repr(approximate)
    assert "Approximate, from" in approximate._repr_html_()
    assert record["engine"] == "approximate"
    assert set(record["standard_errors"]["present"]) == set(approximate.ranking)
    assert record["effective_sample_size"] <= record["samples"]


def test_the_same_question_gets_the_same_bytes(
    network: Network, said: dict[str, object], approximate: Diagnosis
) -> None:
    again = diagnose(network.model, said, memory_limit=100_000)

    assert again.to_json() == approximate.to_json()


def test_an_exact_diagnosis_has_no_errors(exact: Diagnosis) -> None:
    assert "present_error" not in exact.causes.columns
    assert "standard_errors" not in exact.as_record()


def test_what_must_be_exact_is_refused(network: Network, said: dict[str, object]) -> None:
    evidence = parse_evidence(network.model.nodes, said)

    with pytest.raises(LimitError, match="exact inference needs about"):
        answer_to(network.model, evidence, evidence.likelihoods, 100_000)
