from __future__ import annotations

import pytest

import legache
from legache import EvidenceError
from legache.diagnosis.citations import Citations
from legache.knowledge.sources import sources_of

_NETWORK = legache.load()
_DX = _NETWORK.diagnose(age=52, sex="female", urge_to_move=True, worse_at_night=True, fever=False)
_CAUSE = "restless_legs_syndrome"


def test_numbers_are_those_of_largest_leverage() -> None:
    rows = _DX.sensitivity(_CAUSE).rows
    largest = sorted((abs(row.leverage) for row in rows), reverse=True)[:7]
    found = _DX.citations(_CAUSE, n=7)
    assert [abs(row.leverage) for row in found.numbers] == largest


def test_numbers_are_those_of_largest_swing_if_asked() -> None:
    rows = _DX.sensitivity(_CAUSE).rows
    found = _DX.citations(_CAUSE, n=5, by="swing")
    assert [row.id for row in found.numbers] == [row.id for row in rows[:5]]


def test_every_source_of_a_number_is_among_the_references_once() -> None:
    found = _DX.citations(_CAUSE)
    keys = [source.key for source in found.references]
    assert len(keys) == len(set(keys))
    assert set(keys) == {key for row in found.numbers for key in row.sources}
    known = sources_of(_NETWORK.model.knowledge)
    assert found.sources["title"].tolist() == [known[key].title for key in keys]


def test_it_prints_as_a_list_of_references() -> None:
    found = _DX.citations(_CAUSE, n=2)
    text = repr(found)
    for number, source in enumerate(found.references, start=1):
        assert f"[{number}] {source}" in text
    assert "Ordered by leverage" in text


def test_a_record_reads_back_as_the_same() -> None:
    found = _DX.citations(_CAUSE, n=4)
    again = Citations.from_json(found.to_json())
    assert repr(again) == repr(found)
    assert again._repr_html_() == found._repr_html_()
    assert again.table.equals(found.table)
    assert again.sources.equals(found.sources)
    assert again.to_json() == found.to_json()


def test_a_wrong_order_or_number_is_named() -> None:
    with pytest.raises(EvidenceError, match="unknown order 'size'; expected leverage or swing"):
        _DX.citations(_CAUSE, by="size")  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match="n must be at least 1"):
        _DX.citations(_CAUSE, n=0)
