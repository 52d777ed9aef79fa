"""Is the exported network a good citizen of pgmpy?"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import legache
from legache import MissingDependencyError, Network
from legache.interop.decomposition import Table
from legache.interop.pgmpy_bridge import pgmpy_network
from legache.network.structure import NoisyMaxNetwork
from tests.random_networks import random_case
from tests.strategies import repeatable, seeds


@pytest.fixture(scope="module")
def model(shipped: NoisyMaxNetwork) -> Any:
    return pgmpy_network(shipped)


def test_the_shipped_network_passes_the_check_of_pgmpy(model: Any) -> None:
    assert model.check_model()


@settings(repeatable, max_examples=20)
@given(seed=seeds)
def test_any_network_passes_the_check_of_pgmpy(seed: int) -> None:
    assert pgmpy_network(random_case(seed).network).check_model()


def test_pgmpy_has_the_same_tables(model: Any, shipped_tables: tuple[Table, ...]) -> None:
    for table in shipped_tables:
        cpd = model.get_cpds(table.id)
        assert cpd.variables == [table.id, *table.parents]
        assert cpd.state_names[table.id] == list(table.states)
        np.testing.assert_array_equal(cpd.values, table.values)


def test_a_user_asks_pgmpy_by_the_names_of_the_states(library: Network) -> None:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.inference import VariableElimination

    network = library.in_setting("survey")
    model = network.to_pgmpy()
    iron = "ferritin_low"
    witness = TabularCPD(iron, 2, [[0.2], [0.8]], state_names={iron: ["absent", "present"]})

    found = VariableElimination(model).query(
        ["restless_legs_syndrome"],
        evidence={"age_band": "75_plus", "sex": "male", "family_history_rls": "present"},
        virtual_evidence=[witness],
        show_progress=False,
    )

    ours = network.posterior(
        age=80, sex="male", family_history_rls=True, ferritin_low=legache.Likelihood(4.0)
    )
    assert found.get_value(restless_legs_syndrome="present") == pytest.approx(
        ours["restless_legs_syndrome"], abs=1e-12
    )


def test_every_export_is_a_model_of_its_own() -> None:
    network = random_case(0).network

    assert pgmpy_network(network) is not pgmpy_network(network)


def test_without_pgmpy_the_error_names_the_extra(
    library: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pgmpy.models", None)

    with pytest.raises(MissingDependencyError) as caught:
        library.to_pgmpy()

    assert caught.value.extra == "pgmpy"
    assert str(caught.value) == (
        "pgmpy is not installed; run: python -m pip install 'legache[pgmpy]'"
    )
