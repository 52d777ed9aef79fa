"""Is a complaint that was denied refused where only a responsible cause has a meaning?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from legache import EvidenceError, Network

ASKED: dict[str, Callable[[Network], object]] = {
    "robustness": lambda network: network.diagnose(leg_ache=False).robustness(),
    "next questions": lambda network: network.diagnose(leg_ache=False).next_questions(n=1),
    "interview": lambda network: network.interview(leg_ache=False),
    "fit": lambda network: network.diagnose(leg_ache=False).fit(),
    "attribution": lambda network: network.diagnose(leg_ache=False).attribution(),
}


@pytest.mark.parametrize("name", ASKED)
def test_without_the_complaint_nothing_is_responsible(network: Network, name: str) -> None:
    with pytest.raises(EvidenceError, match="leg_ache"):
        ASKED[name](network)


def test_a_rule_that_is_no_rule_is_refused(network: Network) -> None:
    with pytest.raises(EvidenceError, match=r"stop must be a legache\.Stop, not int"):
        network.interview(stop=5)  # type: ignore[arg-type]


def test_what_is_no_text_is_no_interview(network: Network) -> None:
    with pytest.raises(EvidenceError, match="expected the text"):
        network.resume(5)  # type: ignore[arg-type]


def test_a_negative_seed_is_refused(network: Network) -> None:
    with pytest.raises(EvidenceError, match="seed must be"):
        network.simulate(3, seed=-1)
