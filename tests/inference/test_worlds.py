"""Are changed networks answered as networks of their own?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from legache.errors import NetworkError
from legache.inference.curves import Hyperbolas, first_crossing
from legache.inference.flat import flat_network, with_numbers
from legache.inference.posterior import is_possible, posterior
from legache.inference.worlds import World, answers_in
from tests.random_networks import Case, cause, network_of
from tests.strategies import possible_cases, repeatable

few = settings(repeatable, max_examples=60)


@pytest.fixture(params=["compiled", "numpy"], scope="module", autouse=True)
def each_engine(request: pytest.FixtureRequest) -> object:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            for module in ("posterior", "worlds"):
                patch.setattr(f"legache.inference.{module}.compiled_network", lambda _: None)
        yield


@few
@given(possible_cases)
def test_each_world_is_answered_as_a_network_of_its_own(case: Case) -> None:
    half = np.array([0.5])
    at = np.array([0])
    patches = [(), (("unlisted", at, half),), (("responsible", at, half),), (("ratio", at, half),)]
    if not flat_network(case.network).numbers["ratio"].size:
        patches.pop()
    worlds = [World(patch, present) for patch in patches for present in (None, 0)]

    found = answers_in(case.network, worlds, case.evidence)

    for row, world in enumerate(worlds):
        numbers = {k: v[None].copy() for k, v in flat_network(case.network).numbers.items()}
        for name, places, values in world.patch:
            numbers[name].reshape(-1)[places] = values
        drawn = with_numbers(case.network, numbers, 0)
        said = dict(case.evidence)
        if world.present is not None:
            said[case.network.causes[0].id] = (0.0, 1.0)
        if not is_possible(drawn, said):
            assert found.log_evidence[row] == -np.inf
            assert not found.present[row].any()
            continue
        alone = posterior(drawn, said)
        np.testing.assert_allclose(found.present[row], alone.present, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.responsible[row], alone.responsible, rtol=0, atol=1e-12)
        assert found.log_evidence[row] == pytest.approx(alone.log_evidence, rel=1e-12, abs=1e-12)


@settings(repeatable, max_examples=4)
@given(possible_cases)
def test_the_next_worlds_do_not_see_what_the_first_changed(case: Case) -> None:
    changed = World((("unlisted", np.array([0]), np.array([0.25])),))
    worlds = [*[changed] * 256, World()]

    found = answers_in(case.network, worlds, case.evidence)

    assert found.log_evidence[-1] == pytest.approx(
        posterior(case.network, case.evidence).log_evidence, rel=1e-12, abs=1e-12
    )


def test_no_worlds_have_no_answers() -> None:
    assert answers_in(network_of([cause("a")], []), [], {}).present.shape == (0, 1)


def test_a_curve_ends_where_its_domain_ends() -> None:
    curve = Hyperbolas((0.0, 0.5, 1.0), (0.0, 0.1, 0.1), (0.0, 0.2, 0.4))
    np.testing.assert_allclose(curve(np.array([0.5, 0.75, 1.0])), [0.5, 1 / 3, 0.25])
    assert len(curve.coefficients) == 2
    with pytest.raises(NetworkError, match="value out of range; expected 0 to 1"):
        curve(1.1)
    with pytest.raises(NetworkError, match="the evidence is impossible at this value"):
        curve(0.0)


def test_the_first_line_to_rise_is_found() -> None:
    points = np.array([1.0, 2.0, 4.0])
    margins = np.array([[-1.0, -2.0, 0.0], [-0.5, -1.0, 0.0], [1.0, 4.0, -1.0]])
    assert first_crossing(points, margins) == (pytest.approx(2.4), 1)
    assert first_crossing(points, -np.abs(margins)) is None
