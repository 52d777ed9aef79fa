"""Does every result say where it comes from, as the diagnosis does?"""

from __future__ import annotations

import pytest

from legache import Likelihood, Network
from legache.diagnosis.figures import Figures, figures_html, figures_text
from legache.diagnosis.record import provenance
from tests.diagnosis.reasons import RIGHT


def test_provenance_is_that_of_the_diagnosis(network: Network) -> None:
    bands = network.model.nodes["age_band"].states[-2:]
    dx = network.in_setting("emergency").diagnose(age_band=bands, fever=Likelihood(2.0))

    found = provenance(dx.model, dx.given)

    assert found == {name: dx.as_record()[name] for name in found}
    assert list(found) == ["legache", "priors", "setting", "evidence", "assumed"]
    assert found["evidence"]["fever"] == {"likelihood_ratio": 2.0}
    assert found["evidence"]["age_band"] == list(bands)


@pytest.mark.parametrize("leg_ache", [True, None])
def test_the_complaint_is_assumed_unless_it_was_said(
    network: Network, leg_ache: bool | None
) -> None:
    record = network.diagnose(leg_ache=leg_ache).explain(RIGHT).as_record()

    assert record["assumed"] == ({} if leg_ache else {"leg_ache": True})


def test_numbers_stand_on_the_right() -> None:
    columns = (Figures("what", "left"), Figures("dB"))

    assert figures_text(columns, [("a", "+1.0"), ("b", "-10.0")]).splitlines()[2].endswith(" +1.0")
    assert "text-align: right" in figures_html(columns, [("a", "+1.0")])
    assert "what" in figures_text(columns, [])


def test_cells_are_escaped() -> None:
    assert "&lt;b&gt;" in figures_html((Figures("x"),), [("<b>",)])
