"""What is the same network in pyAgrum?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from legache.interop.decomposition import decomposition
from legache.network.structure import NoisyMaxNetwork
from legache.optional import imported

if TYPE_CHECKING:
    from pyagrum import BayesNet


def pyagrum_network(network: NoisyMaxNetwork) -> BayesNet:
    """Write the network as a pyAgrum model; `decomposition` says which nodes it has.

    Raises
    ------
    MissingDependencyError
        pyAgrum is not installed.
    LimitError, NetworkError
        As for `decomposition`.
    """
    pyagrum = imported("pyagrum", "pyagrum")
    tables = decomposition(network)
    model = pyagrum.BayesNet("legache")
    for table in tables:  # before any arc: after arcs, it takes ten times as long
        model.add(pyagrum.LabelizedVariable(table.id, table.id, list(table.states)))
    model.addArcs([(parent, table.id) for table in tables for parent in table.parents])
    for table in tables:  # its axes: the last parent first, the node last
        model.cpt(table.id).fillWith(table.values.transpose().copy())
    return model
