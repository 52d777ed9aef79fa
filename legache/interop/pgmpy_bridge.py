"""What is the same network in pgmpy?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from legache.interop.decomposition import Table, decomposition
from legache.network.structure import NoisyMaxNetwork
from legache.optional import imported

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork


def pgmpy_network(network: NoisyMaxNetwork) -> DiscreteBayesianNetwork:
    """Write the network as a pgmpy model; `decomposition` says which nodes it has.

    Raises
    ------
    MissingDependencyError
        pgmpy is not installed.
    LimitError, NetworkError
        As for `decomposition`.
    """
    models = imported("pgmpy.models", "pgmpy")
    factors = imported("pgmpy.factors.discrete", "pgmpy")
    tables = decomposition(network)
    states = {table.id: list(table.states) for table in tables}
    model = models.DiscreteBayesianNetwork()
    model.add_nodes_from(states)
    model.add_edges_from([(parent, table.id) for table in tables for parent in table.parents])
    model.add_cpds(*(factors.TabularCPD(**_arguments(table, states)) for table in tables))
    return model


def _arguments(table: Table, states: Mapping[str, list[str]]) -> dict[str, object]:
    """One column for each joint state of the parents; the last parent varies fastest."""
    n_states, *sizes = table.values.shape
    return {
        "variable": table.id,
        "variable_card": n_states,
        "values": table.values.reshape(n_states, -1),
        "evidence": list(table.parents),
        "evidence_card": sizes,
        "state_names": {name: states[name] for name in (table.id, *table.parents)},
    }
