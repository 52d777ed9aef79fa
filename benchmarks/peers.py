"""How are other libraries asked, at their best?

Timed is what the library itself does for a patient, with everything that we prepare for it ready:
in expert use writing a network as small as possible and asking it, in ordinary use asking.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.expert import expert_question
from benchmarks.folding import fold
from benchmarks.ordinary import ordinary_evidence, ordinary_question
from benchmarks.patients import Likelihoods
from benchmarks.questions import Answer, Question
from benchmarks.tensors import TensorNetwork
from legache.network.structure import FloatArray, NoisyMaxNetwork

Soft = dict[str, FloatArray]
Reply = tuple[float, Answer, float]
"""Seconds, posteriors, and the logarithm of the probability of the evidence (NaN if not told)."""


@dataclass(frozen=True)
class Peer:
    """A library in one configuration.

    Attributes
    ----------
    engine
        Name of the class that does the inference.
    is_expert
        Whether known contexts and negative findings are folded in by hand.
    per_node
        In expert use, how many causes a positive finding takes in each table of its chain.
    """

    library: str
    engine: str
    is_expert: bool = True
    per_node: int = 3

    @property
    def title(self) -> str:
        """Words for a table."""
        use = f"expert ({self.per_node} a table)" if self.is_expert else "ordinary"
        return f"{self.library} {self.engine}, {use}"

    @property
    def is_installed(self) -> bool:
        """Whether the library can be asked."""
        return importlib.util.find_spec(self.library.lower()) is not None


SHAFER_SHENOY = Peer("pyAgrum", "ShaferShenoy")
SHAFER_SHENOY_8 = Peer("pyAgrum", "ShaferShenoy", per_node=8)
LAZY = Peer("pyAgrum", "LazyPropagation")
LAZY_8 = Peer("pyAgrum", "LazyPropagation", per_node=8)
ELIMINATION = Peer("pyAgrum", "VariableElimination")
GREEDY_1 = Peer("opt_einsum", "greedy", per_node=1)
GREEDY = Peer("opt_einsum", "greedy")
RANDOM_GREEDY = Peer("opt_einsum", "random-greedy")
PGMPY = Peer("pgmpy", "VariableElimination")
PGMPY_BELIEFS = Peer("pgmpy", "BeliefPropagation")
LAZY_ORDINARY = Peer("pyAgrum", "LazyPropagation", is_expert=False)
PGMPY_ORDINARY = Peer("pgmpy", "VariableElimination", is_expert=False)
_MODULES = {
    "pyAgrum": ("pyagrum",),
    "pgmpy": ("pgmpy.inference", "pgmpy.models"),
    "opt_einsum": ("opt_einsum",),
}


def prepared(peer: Peer, network: NoisyMaxNetwork) -> Callable[[Likelihoods], Reply]:
    """Function that asks about one patient."""
    for module in _MODULES[peer.library]:  # so that no patient waits for an import
        importlib.import_module(module)
    return _expert(peer, network) if peer.is_expert else _ordinary(peer, network)


def asked(peer: Peer) -> Callable[[Question], Any]:
    """Function that writes a network into the library."""
    library = {"pyAgrum": PyAgrum, "pgmpy": Pgmpy, "opt_einsum": TensorNetwork}[peer.library]
    return lambda question: library(question, peer.engine)


def _expert(peer: Peer, network: NoisyMaxNetwork) -> Callable[[Likelihoods], Reply]:
    write = asked(peer)

    def ask(evidence: Likelihoods) -> Reply:
        question = expert_question(fold(network, evidence), per_node=peer.per_node)
        start = time.perf_counter()
        written = write(question)
        posteriors = written.posteriors(question.hard, question.soft)
        seconds = time.perf_counter() - start
        log_evidence = written.log_evidence() + question.log_constant
        return seconds, question.answer(posteriors), log_evidence

    return ask


def _ordinary(peer: Peer, network: NoisyMaxNetwork) -> Callable[[Likelihoods], Reply]:
    question = ordinary_question(network)
    written = asked(peer)(question)

    def ask(evidence: Likelihoods) -> Reply:
        hard, soft = ordinary_evidence(network, evidence)
        start = time.perf_counter()
        posteriors = written.posteriors(hard, soft)
        seconds = time.perf_counter() - start
        return seconds, question.answer(posteriors), written.log_evidence()

    return ask


class PyAgrum:
    """A network in pyAgrum, on one thread."""

    def __init__(self, question: Question, engine: str) -> None:
        import pyagrum as gum

        net = gum.BayesNet()
        for node in question.nodes:
            own = net.add(gum.RangeVariable(node.name, "", 0, node.table.shape[-1] - 1))
            for parent in reversed(node.parents):  # its tables run through the first parent first
                net.addArc(parent, node.name)
            net.cpt(own).fillWith(node.table.ravel().tolist())
        self._targets = {name: net.idFromName(name) for name in question.targets}
        kind = "ShaferShenoyInference" if engine == "ShaferShenoy" else engine
        self._engine = getattr(gum, kind)(net)
        self._engine.setNumberOfThreads(1)
        self._engine.setTargets(set(self._targets.values()))

    def posteriors(self, hard: dict[str, int], soft: Soft) -> dict[str, FloatArray]:
        """Posterior of each target."""
        engine = self._engine
        engine.setEvidence(hard | {name: vector.tolist() for name, vector in soft.items()})
        engine.makeInference()
        return {name: engine.posterior(i).toarray() for name, i in self._targets.items()}

    def log_evidence(self) -> float:
        """Logarithm of the probability of the evidence, if the engine tells it."""
        if not hasattr(self._engine, "evidenceProbability"):
            return math.nan
        return math.log(self._engine.evidenceProbability())


class Pgmpy:
    """A network in pgmpy; a likelihood is a node that is seen, since its own detour is slower."""

    def __init__(self, question: Question, engine: str) -> None:
        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        warnings.simplefilter("ignore")
        from pgmpy import inference
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.models import DiscreteBayesianNetwork

        seen = [(f"{name}__seen", name, vector) for name, vector in question.soft.items()]
        self._seen = {name: 1 for name, _, _ in seen}
        model = DiscreteBayesianNetwork()
        model.add_nodes_from([node.name for node in question.nodes] + list(self._seen))
        model.add_edges_from([(q, node.name) for node in question.nodes for q in node.parents])
        model.add_edges_from([(name, observed) for observed, name, _ in seen])
        for node in question.nodes:
            sizes = node.table.shape
            columns = np.moveaxis(node.table, -1, 0).reshape(sizes[-1], -1)
            parents, of_parents = list(node.parents) or None, list(sizes[:-1]) or None
            model.add_cpds(TabularCPD(node.name, sizes[-1], columns, parents, of_parents))
        for observed, name, vector in seen:
            columns = np.stack([1 - vector, vector])
            model.add_cpds(TabularCPD(observed, 2, columns, [name], [len(vector)]))
        self._engine = getattr(inference, engine)(model)
        self._targets = list(question.targets)
        self._is_elimination = engine == "VariableElimination"

    def posteriors(self, hard: dict[str, int], soft: Soft) -> dict[str, FloatArray]:
        """Posterior of each target; likelihoods stand in the network."""
        del soft
        order = {"elimination_order": "greedy"} if self._is_elimination else {}
        return {
            name: self._engine.query(
                [name], evidence=hard | self._seen, show_progress=False, **order
            ).values
            for name in self._targets
        }

    def log_evidence(self) -> float:
        """Not told."""
        return math.nan
