"""Hypothesis strategies and settings; every draw comes down to one seed."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from legache import Network
from legache.inference.posterior import is_possible
from tests.random_networks import Case, random_case

seeds = st.integers(0, 2**32 - 1)
cases: st.SearchStrategy[Case] = st.builds(random_case, seeds)
possible_cases = cases.filter(lambda case: is_possible(case.network, case.evidence))

# contexts that some strata rule out would make random patients impossible
_NOT_DRAWN = frozenset({"age_band", "sex", "pregnancy"})


# the same examples in every run; `settings(repeatable, max_examples=40)` for dear ones
repeatable = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)


def random_patient(network: Network, seed: int) -> dict[str, object]:
    """Draw an adult with at most four positive findings, and some answers of no."""
    rng = np.random.default_rng(seed)
    nodes = network.model.nodes
    asked = [n for n in (*network.findings, *network.tests) if n != network.model.complaint]
    chosen = rng.permutation(np.array(asked)).tolist()[: int(rng.integers(0, 12))]
    n_positive = int(rng.integers(0, 5))
    said: dict[str, object] = {"age": int(rng.integers(18, 100))}
    said["sex"] = str(rng.choice(["female", "male"]))
    for rank, name in enumerate(chosen):
        states = nodes[name].states
        graded = states[int(rng.integers(1, len(states))) if rank < n_positive else 0]
        said[name] = rank < n_positive if states == ("absent", "present") else graded
    contexts = [name for name in network.contexts if name not in _NOT_DRAWN]
    for name in rng.permutation(np.array(contexts)).tolist()[: int(rng.integers(0, 6))]:
        said[name] = bool(rng.random() < 0.5)
    return said
