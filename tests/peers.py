"""The same questions to pgmpy and to pyAgrum, of the network that a user exports to them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from legache.inference.posterior import Posterior
from legache.interop.decomposition import UNEXPLAINED, responsible_id
from legache.interop.pgmpy_bridge import pgmpy_network
from legache.interop.pyagrum_bridge import pyagrum_network
from legache.network.structure import FloatArray, NoisyMaxNetwork
from tests.oracle import Exact
from tests.random_networks import Evidence

_AT_ONCE = 8  # nodes of one query: pgmpy answers with their joint distribution


class Peer(Protocol):
    """A library that answers with P(last state) of each name; NaN where it fails."""

    def __init__(self, network: NoisyMaxNetwork) -> None: ...

    def probabilities(self, evidence: Evidence, names: list[str]) -> FloatArray: ...


def names_of(network: NoisyMaxNetwork) -> list[str]:
    """Names of causes, of their responsibility, of contexts, and *unexplained*."""
    causes = [cause.id for cause in network.causes]
    return [*causes, *map(responsible_id, causes), *network.context_ids, UNEXPLAINED]


def answers_of(answer: Posterior | Exact) -> FloatArray:
    """What legache or the oracle answers, in the order of the names."""
    parts = [answer.present, answer.responsible, answer.contexts, [answer.unexplained]]
    return np.array([float(p) for part in parts for p in part])


class PgmpyPeer:
    """Variable elimination by pgmpy."""

    def __init__(self, network: NoisyMaxNetwork) -> None:
        self.model = pgmpy_network(network)

    def probabilities(self, evidence: Evidence, names: list[str]) -> FloatArray:
        """Ask for few names at a time: pgmpy finds their joint distribution first."""
        from pgmpy.inference import VariableElimination  # type: ignore[import-untyped]

        soft = {name: given for name, given in evidence.items() if not _is_hard(given)}
        hard = {
            name: self.model.states[name][evidence[name].index(1.0)]
            for name in evidence.keys() - soft
        }
        engine = VariableElimination(self._with_witnesses(soft) if soft else self.model)
        found = {name: float(state == self.model.states[name][-1]) for name, state in hard.items()}
        asked = [name for name in names if name not in found]
        seen = hard | {f"{name}__seen": "yes" for name in soft}
        for start in range(0, len(asked), _AT_ONCE):
            chunk = asked[start : start + _AT_ONCE]
            answers = engine.query(chunk, evidence=seen, joint=False, show_progress=False)
            found |= {name: float(answers[name].values[-1]) for name in chunk}
        return np.array([found[name] for name in names])

    def _with_witnesses(self, soft: Evidence) -> Any:
        """Copy of the model where each soft evidence is a child that was seen."""
        from pgmpy.factors.discrete import TabularCPD  # type: ignore[import-untyped]

        model = self.model.copy()
        for name, likelihood in soft.items():
            child, states = f"{name}__seen", self.model.states[name]
            p_seen = np.array(likelihood) / max(likelihood)
            labels = {child: ["no", "yes"], name: states}
            model.add_edge(name, child)
            model.add_cpds(
                TabularCPD(child, 2, [1 - p_seen, p_seen], [name], [len(states)], labels)
            )
        return model


class PyagrumPeer:
    """Lazy propagation by pyAgrum."""

    def __init__(self, network: NoisyMaxNetwork) -> None:
        self.model = pyagrum_network(network)

    def probabilities(self, evidence: Evidence, names: list[str]) -> FloatArray:
        """All names from one propagation."""
        import pyagrum

        engine = pyagrum.LazyPropagation(self.model)
        engine.setNumberOfThreads(1)
        engine.setEvidence({name: list(likelihood) for name, likelihood in evidence.items()})
        engine.setTargets(set(names))
        engine.makeInference()
        return np.array([engine.posterior(name).tolist()[-1] for name in names])


def _is_hard(likelihood: tuple[float, ...]) -> bool:
    return sorted(likelihood)[-2:] == [0.0, 1.0]


PEERS: dict[str, Any] = {"pgmpy": PgmpyPeer, "pyagrum": PyagrumPeer}
