from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings

import legache
from legache import EvidenceError, FormatError, ImpossibleEvidenceError, LimitError
from legache.diagnosis.robustness import Robustness
from legache.inference.posterior import posterior
from legache.inference.retraction import responsible_without
from tests.diagnosis.brute_force import tiny
from tests.diagnosis.test_sensitivity import _tiny_patient
from tests.strategies import Case, possible_cases, repeatable, seeds

_NETWORK = legache.load()
_RESTLESS = {"age": 52, "sex": "female", "urge_to_move": True, "fever": False}


@settings(repeatable, max_examples=100)
@given(possible_cases)
def test_posteriors_without_are_those_of_the_other_evidence(case: Case) -> None:
    names = sorted(case.evidence)
    sets = [s for k in range(3) for s in itertools.combinations(names, k)]
    found = responsible_without(case.network, case.evidence, sets)
    for retracted, row in zip(sets, found, strict=True):
        kept = {name: said for name, said in case.evidence.items() if name not in retracted}
        np.testing.assert_allclose(row, posterior(case.network, kept).responsible, atol=1e-12)


@settings(repeatable, max_examples=60)
@given(seeds)
def test_sets_are_the_smallest_that_flip(seed: int) -> None:
    said = _tiny_patient(seed)
    try:
        dx = tiny().diagnose(said)
    except ImpossibleEvidenceError:
        assume(False)
        return
    items = list(dx.evidence)
    found = dx.robustness(at_most=len(items) or 1, contexts=True)
    assert found.n_items == len(items)
    for size in range(1, len(items) + 1):
        flips = set()
        for retracted in itertools.combinations(items, size):
            other = dx.update(dict.fromkeys(retracted))
            if other.ranking[0] != dx.ranking[0]:
                flips.add((frozenset(retracted), other.ranking[0]))
        if flips or size == len(items):
            assert {(frozenset(row.retracted), row.leader) for row in found.sets} == flips
            break


def test_a_set_tells_the_new_leader_and_the_probabilities() -> None:
    dx = _NETWORK.diagnose(_RESTLESS)
    found = dx.robustness(at_most=1)
    (row,) = found.sets
    other = dx.update(urge_to_move=None)
    assert row.retracted == ("urge_to_move",)
    assert (row.leader, found.leader) == (other.ranking[0], dx.ranking[0])
    assert row.responsible == pytest.approx(other.causes["responsible"].max(), abs=1e-12)
    assert row.former == pytest.approx(other.causes.loc[dx.ranking[0], "responsible"], abs=1e-12)
    assert found.size == 1
    assert found.table["retracted"].tolist() == [("urge_to_move",)]


def test_nothing_said_is_nothing_to_take_back() -> None:
    found = _NETWORK.diagnose(age=50).robustness()
    assert found.sets == ()
    assert found.size is None
    assert "leads with" in repr(found)


def test_a_cap_is_told() -> None:
    said = dict.fromkeys(("fever", "urge_to_move", "calf_tenderness"), False)
    found = _NETWORK.diagnose(said, worse_on_exertion=True).robustness(at_most=1)
    assert found.at_most == 1
    assert "taken back up to 1 at a time" in repr(found)


def test_too_many_sets_are_refused_before_they_are_tried() -> None:
    names = [n for n in _NETWORK.findings if _NETWORK.model.nodes[n].states[1:] == ("present",)]
    dx = _NETWORK.diagnose(dict.fromkeys([n for n in names if n != "leg_ache"][:50], False))
    with pytest.raises(LimitError, match=r"sets of up to 9 of \d+ observations; .* lower at_most"):
        dx.robustness(at_most=9)
    with pytest.raises(EvidenceError, match="at_most must be at least 1"):
        dx.robustness(at_most=0)


def test_a_record_reads_back_as_the_same() -> None:
    found = _NETWORK.diagnose(_RESTLESS).robustness()
    again = Robustness.from_json(found.to_json())
    assert repr(again) == repr(found)
    assert again._repr_html_() == found._repr_html_()
    assert again.table.equals(found.table)
    assert again.to_json() == found.to_json()
    with pytest.raises(FormatError, match=r"schema none; expected legache\.robustness/1"):
        Robustness.from_record({})
