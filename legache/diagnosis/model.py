"""What does a diagnosis need to know beside the evidence?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from legache.inference.posterior import posterior
from legache.knowledge.records import Knowledge, Node
from legache.network.building import FlooredLink
from legache.network.structure import FloatArray, NoisyMaxNetwork


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
    """

    knowledge: Knowledge
    nodes: Mapping[str, Node]
    networks: Mapping[str, NoisyMaxNetwork]
    floored: tuple[FlooredLink, ...]
    setting: str
    complaint: str
    urgency: Mapping[str, str]

    @property
    def network(self) -> NoisyMaxNetwork:
        """The network in the model's setting."""
        return self.networks[self.setting]

    @property
    def cause_ids(self) -> tuple[str, ...]:
        """Ids of the causes, in the order of all arrays."""
        return tuple(cause.id for cause in self.network.causes)


@lru_cache(maxsize=64)
def prior(network: NoisyMaxNetwork) -> FloatArray:
    """P(present) of each cause in the whole population, before any evidence."""
    return posterior(network, {}).present
