"""Which simulated patients is the network asked about?"""

from __future__ import annotations

import numpy as np

from legache.inference.flat import Codes
from legache.inference.simulation import SimulatedPeople, simulated_people
from legache.network.structure import NoisyMaxNetwork

_SHARE_TOLD = 0.35


def interviewed_patients(
    network: NoisyMaxNetwork, complaint: str, n_patients: int, seed: int
) -> tuple[SimulatedPeople, Codes]:
    """Simulate people with a complaint, and what an interview tells of each.

    Returns
    -------
    people
        The truth.
    codes : shape (n_patients, n_nodes)
        Roots, contexts and the complaint are known, and of the other findings and tests a random
        third; -1 stands for unknown.
    """
    people = simulated_people(network, n_patients, seed, complaint=complaint)
    codes: Codes = people.codes.copy()
    first_cause = len(network.root_ids) + len(network.context_ids)
    first_finding = first_cause + len(network.causes)
    codes[:, first_cause:first_finding] = -1
    # a stream of its own: what is told must not follow from what is true
    told = (
        np.random.default_rng([seed, 1]).random((n_patients, len(network.findings))) < _SHARE_TOLD
    )
    told[:, [finding.id == complaint for finding in network.findings]] = True
    codes[:, first_finding:][~told] = -1
    return people, codes
