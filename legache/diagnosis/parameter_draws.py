"""Which sets of numbers are as plausible as the printed ones?

They depend on the priors and the setting, and not on the patient: they are made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.inference.flat import drawn_numbers
from legache.knowledge.checks import UNLISTED
from legache.knowledge.records import Knowledge
from legache.network.drawing import DrawnNetworks, drawn_networks
from legache.network.structure import FloatArray

N_DRAWS = 500
SEED = 20240229


@dataclass(frozen=True, slots=True, eq=False)
class ParameterDraws:
    """Draws of all numbers of a priors folder; shared by its settings, and made when asked for."""

    knowledge: Knowledge

    def networks(self, n_draws: int, seed: int) -> DrawnNetworks:
        """All settings."""
        return _networks(self, n_draws, seed)

    def numbers(self, setting: str, n_draws: int, seed: int) -> Mapping[str, FloatArray]:
        """Numbers of one setting, as `legache.inference.draws.posterior_draws` takes them."""
        return _numbers(self, setting, n_draws, seed)


# 20 MB for 500 draws of the shipped priors
@lru_cache(maxsize=4)
def _networks(source: ParameterDraws, n_draws: int, seed: int) -> DrawnNetworks:
    return drawn_networks(source.knowledge, n_draws=n_draws, seed=seed)


@lru_cache(maxsize=4)
def _numbers(
    source: ParameterDraws, setting: str, n_draws: int, seed: int
) -> Mapping[str, FloatArray]:
    drawn = _networks(source, n_draws, seed)
    common, links = drawn.numbers, drawn.complaint[setting]
    return drawn_numbers(
        share=common.share,
        context_probability=common.context_probability,
        causes=common.causes,
        findings=common.findings,
        responsible=np.stack([links[cause.id] for cause in common.causes], axis=1),
        unlisted=links[UNLISTED],
    )
