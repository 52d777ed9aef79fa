"""Does every result come back from its JSON as it was, and is another record refused?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from legache import Diagnosis, FormatError, Network

CAUSE, OTHER = "deep_vein_thrombosis", "cellulitis"
RESULTS: dict[str, Callable[[Diagnosis], Any]] = {
    "intervals": lambda dx: dx.intervals(n_draws=40),
    "explanation": lambda dx: dx.explain(CAUSE),
    "contrast": lambda dx: dx.contrast(CAUSE, OTHER),
    "attribution": lambda dx: dx.attribution("swelling_one_leg"),
    "fit": lambda dx: dx.fit(),
    "next questions": lambda dx: dx.next_questions(n=5),
    "sensitivity": lambda dx: dx.sensitivity(CAUSE),
    "robustness": lambda dx: dx.robustness(at_most=1),
    "citations": lambda dx: dx.citations(CAUSE, n=3),
    "red flags": lambda dx: dx.red_flags,
    "guidance on a cause": lambda dx: dx.guidance(CAUSE),
    "guidance in general": lambda dx: dx.guidance(),
}
# these are parts of the record of a diagnosis, which has it
WITHOUT_PROVENANCE = {"red flags", "guidance on a cause", "guidance in general"}


@pytest.fixture(scope="module")
def asked(network: Network) -> Diagnosis:
    known = dict.fromkeys(set(network.contexts) - {"age_band", "sex", "obesity"}, False)
    said = {**known, "age": 58, "sex": "female", "obesity": True}
    return network.diagnose(said, swelling_one_leg=True, calf_tenderness=True, fever=False)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_comes_back_from_its_json(asked: Diagnosis, name: str) -> None:
    result = RESULTS[name](asked)
    again = type(result).from_json(result.to_json())

    assert repr(again) == repr(result)
    assert again._repr_html_() == result._repr_html_()
    assert again.to_json() == result.to_json()
    pd.testing.assert_frame_equal(again.table, result.table)


@pytest.mark.parametrize("name", sorted(RESULTS.keys() - WITHOUT_PROVENANCE))
def test_a_record_names_version_and_checksum_of_the_priors(asked: Diagnosis, name: str) -> None:
    record = json.loads(RESULTS[name](asked).to_json())
    package = asked.model.knowledge.package
    assert record["priors"] == {
        "name": package.name,
        "version": package.version,
        "sha256": asked.model.knowledge.digest,
    }


@pytest.mark.parametrize("name", RESULTS)
def test_a_record_of_something_else_is_refused(asked: Diagnosis, name: str) -> None:
    with pytest.raises(FormatError):
        type(RESULTS[name](asked)).from_json('{"something": "else"}')
