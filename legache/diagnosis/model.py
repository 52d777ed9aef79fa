"""What does a diagnosis need to know beside the evidence?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from legache.diagnosis.parameter_draws import ParameterDraws
from legache.inference.posterior import posterior
from legache.knowledge.records import Knowledge, Node
from legache.network.building import build
from legache.network.findings import FlooredLink
from legache.network.structure import FloatArray, NoisyMaxNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A population other than that of the priors; see `Network.rebase`.

    Attributes
    ----------
    name
        As results call it.
    sources
        Where its numbers are from, in the words of who gave them.
    prevalence : tuple of (node, number)
        Of everyone, for each cause or context that was given.
    case_mix : tuple of (cause, share)
        P(responsible | complaint) of each cause that was given, or of `unlisted`.
    """

    name: str
    sources: tuple[str, ...] = ()
    prevalence: tuple[tuple[str, float], ...] = ()
    case_mix: tuple[tuple[str, float], ...] = ()

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            "name": self.name,
            "sources": list(self.sources),
            "prevalence": dict(self.prevalence),
            "case_mix": dict(self.case_mix),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiagnosticModel:
    """A network in one setting, with the words and sources that belong to it.

    Attributes
    ----------
    networks
        The network of each setting.
    setting
        The one that is asked.
    complaint
        Id of the finding that a diagnosis takes as present.
    draws
        Plausible sets of numbers, for intervals.
    population
        None for that of the priors.
    """

    knowledge: Knowledge
    nodes: Mapping[str, Node]
    networks: Mapping[str, NoisyMaxNetwork]
    floored: tuple[FlooredLink, ...]
    setting: str
    complaint: str
    urgency: Mapping[str, str]
    draws: ParameterDraws
    population: Population | None = None

    @property
    def network(self) -> NoisyMaxNetwork:
        """The network in the model's setting."""
        return self.networks[self.setting]

    @property
    def cause_ids(self) -> tuple[str, ...]:
        """Ids of the causes, in the order of all arrays."""
        return tuple(cause.id for cause in self.network.causes)


def diagnostic_model(knowledge: Knowledge) -> DiagnosticModel:
    """Build the networks that a priors folder describes, in its default setting.

    Raises
    ------
    KnowledgeError
        Numbers that do not fit together, with file and line.
    """
    built = build(knowledge)
    return DiagnosticModel(
        knowledge=knowledge,
        nodes=MappingProxyType({node.id: node for node in knowledge.nodes}),
        networks=MappingProxyType(dict(built.networks)),
        floored=built.floored,
        setting=knowledge.package.default_setting,
        complaint=next(node.id for node in knowledge.nodes if node.group == "complaint"),
        urgency=MappingProxyType({row.cause: row.urgency for row in knowledge.urgency}),
        draws=ParameterDraws(knowledge),
    )


@lru_cache(maxsize=64)
def prior(network: NoisyMaxNetwork) -> FloatArray:
    """P(present) of each cause in the whole population, before any evidence."""
    return posterior(network, {}).present
