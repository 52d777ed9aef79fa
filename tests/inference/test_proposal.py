"""Is the proposal a distribution, and does it come near the posterior?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from legache import Network
from legache.inference.compiled import compiled_network, is_compiled
from legache.inference.cutset import Cutset, Question, chosen_cutset, cutset_answers
from legache.inference.flat import UNKNOWN
from legache.inference.proposal import Proposal, adapted_proposal
from tests.inference.patients import coded_patients

pytestmark = pytest.mark.skipif(not is_compiled(), reason="cutsets need the compiled kernel")

Adapted = tuple[Question, Cutset, Proposal]


@pytest.fixture(scope="module")
def adapted(network: Network) -> Adapted:
    """Proposal for a cutset of few enough joint states to look at all of them."""
    inner = network.model.network
    kernel = compiled_network(inner)
    assert kernel is not None
    codes = coded_patients(inner, 1, seed=3, n_positive=8, share_known=0.9)[0]
    # a cause that is known to be present has two states
    codes[kernel.flat.column["osteoarthritis"]] = 1
    assert (codes == UNKNOWN).any()
    question = Question(inner, kernel, codes, np.empty(0), 2**14)
    cutset = chosen_cutset(question, 1000)
    return question, cutset, adapted_proposal(question, cutset, 500, np.random.default_rng(1))


def _all_states(cutset: Cutset) -> np.ndarray:
    return np.array(list(itertools.product(*(cut.states for cut in cutset.cuts))), dtype=np.int8)


def test_the_probabilities_of_all_states_sum_to_one(adapted: Adapted) -> None:
    _, cutset, proposal = adapted
    total = np.exp(proposal.log_probability(_all_states(cutset))).sum()

    assert total == pytest.approx(1.0, abs=1e-9)


def test_only_possible_states_are_drawn(adapted: Adapted) -> None:
    _, cutset, proposal = adapted
    states = proposal.drawn(5000, np.random.default_rng(2))

    for cut, drawn in zip(cutset.cuts, states.T, strict=True):
        assert set(drawn.tolist()) <= set(cut.states)


def test_every_possible_state_is_drawn(adapted: Adapted) -> None:
    _, cutset, proposal = adapted
    states = proposal.drawn(5000, np.random.default_rng(2))

    for cut, drawn in zip(cutset.cuts, states.T, strict=True):
        assert set(drawn.tolist()) == set(cut.states)


def test_it_comes_near_the_posterior(adapted: Adapted) -> None:
    """Effective share of its samples, from all joint states."""
    question, cutset, proposal = adapted
    states = _all_states(cutset)
    log_joint = cutset_answers(question, cutset, states).log_joint
    exact = np.exp(log_joint - np.logaddexp.reduce(log_joint))

    effective_share = 1.0 / (exact**2 / np.exp(proposal.log_probability(states))).sum()

    assert effective_share > 0.6
