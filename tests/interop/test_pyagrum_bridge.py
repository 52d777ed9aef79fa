"""Is the exported network a good citizen of pyAgrum?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

import legache
from legache import MissingDependencyError, Network
from legache.interop.decomposition import Table
from legache.interop.pyagrum_bridge import pyagrum_network
from legache.network.structure import NoisyMaxNetwork
from tests.random_networks import random_case
from tests.strategies import repeatable, seeds

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(shipped: NoisyMaxNetwork) -> Any:
    return pyagrum_network(shipped)


def test_the_shipped_network_passes_the_check_of_pyagrum(model: Any) -> None:
    assert model.check() == ()


@settings(repeatable, max_examples=60)
@given(seed=seeds)
def test_any_network_passes_the_check_of_pyagrum(seed: int) -> None:
    network = random_case(seed).network
    assume(len(network.strata) > 1)  # it frowns on variables of one state, but answers

    assert pyagrum_network(network).check() == ()


def test_pyagrum_has_the_same_tables(model: Any, shipped_tables: tuple[Table, ...]) -> None:
    for table in shipped_tables:
        cpt = model.cpt(table.id)
        assert cpt.names == (table.id, *table.parents)
        assert model.variable(table.id).labels() == table.states
        np.testing.assert_array_equal(cpt.toarray(), table.values.transpose())


def test_a_user_asks_pyagrum_by_the_names_of_the_states(library: Network) -> None:
    network = library.in_setting("survey")
    model = network.to_pyagrum()

    import pyagrum

    engine = pyagrum.LazyPropagation(model)
    engine.setEvidence(
        {
            "age_band": "75_plus",
            "sex": "male",
            "family_history_rls": "present",
            "ferritin_low": [0.2, 0.8],
        }
    )
    engine.setTargets({"restless_legs_syndrome"})
    found = engine.posterior("restless_legs_syndrome")[{"restless_legs_syndrome": "present"}]

    ours = network.posterior(
        age=80, sex="male", family_history_rls=True, ferritin_low=legache.Likelihood(4.0)
    )
    assert found == pytest.approx(ours["restless_legs_syndrome"], abs=1e-12)


def test_every_export_is_a_model_of_its_own() -> None:
    network = random_case(0).network

    assert pyagrum_network(network) is not pyagrum_network(network)


def test_without_pyagrum_the_error_names_the_extra(
    library: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyagrum", None)

    with pytest.raises(MissingDependencyError) as caught:
        library.to_pyagrum()

    assert caught.value.extra == "pyagrum"
    assert str(caught.value) == (
        "pyagrum is not installed; run: python -m pip install 'legache[pyagrum]'"
    )


def test_pyagrum_survives_python_that_turns_warnings_into_errors() -> None:
    program = "import legache; print(legache.load().to_pyagrum().size() > 200)"

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert done.stdout.strip() == "True"
