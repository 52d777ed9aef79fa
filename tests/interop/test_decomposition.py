"""Are the tables few-parented, complete, and together the network?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from legache import LimitError, Network, NetworkError
from legache.interop.decomposition import MOST_PARENTS, Table, decomposition
from legache.network.structure import FloatArray, NoisyMaxNetwork
from tests.interop.cases import many_parents, several_roots
from tests.random_networks import cause, finding, network_of, random_case
from tests.strategies import repeatable, seeds

Tables = tuple[Table, ...]
ROUNDING = 1e-14  # of a few sums and products of numbers up to 1


def _by_id(network: NoisyMaxNetwork) -> dict[str, Table]:
    return {table.id: table for table in decomposition(network)}


def _assert_well_formed(tables: Tables) -> None:
    """At most four parents, which come first; columns are distributions over the states."""
    states: dict[str, int] = {}
    for table in tables:
        states[table.id] = len(table.states)
        sizes = [states[name] for name in (table.id, *table.parents)]
        assert len(table.parents) <= MOST_PARENTS == 4
        assert list(table.values.shape) == sizes
        assert len(set(table.states)) == len(table.states)
        assert (table.values >= 0).all()
        np.testing.assert_allclose(table.values.sum(axis=0), 1, rtol=0, atol=ROUNDING)
    assert len(states) == len(tables)


def test_no_table_of_the_shipped_network_has_more_than_four_parents(
    shipped_tables: Tables,
) -> None:
    _assert_well_formed(shipped_tables)
    assert max(len(table.parents) for table in shipped_tables) == 4


@settings(repeatable, max_examples=60)
@given(seed=seeds)
def test_tables_of_any_network_are_small_and_sum_to_1(seed: int) -> None:
    _assert_well_formed(decomposition(random_case(seed).network))
    _assert_well_formed(decomposition(several_roots(seed).network))


def test_every_id_of_the_vocabulary_is_a_node_with_its_states(
    library: Network, shipped_tables: Tables
) -> None:
    states = {table.id: table.states for table in shipped_tables}
    nodes = library.model.nodes

    assert {name: states[name] for name in nodes} == {
        name: tuple(node.states) for name, node in nodes.items()
    }


def test_auxiliary_ids_have_two_underscores(library: Network, shipped_tables: Tables) -> None:
    others = {table.id for table in shipped_tables} - library.model.nodes.keys()

    assert {name for name in others if "__" not in name} == {"unlisted", "unexplained"}


def test_tables_cannot_be_changed(shipped_tables: Tables) -> None:
    with pytest.raises(ValueError, match="read-only"):
        shipped_tables[0].values[0] = 0.5


def test_the_joint_of_the_roots_is_the_share_of_the_strata(shipped: NoisyMaxNetwork) -> None:
    tables = _by_id(shipped)
    band, sex = tables["age_band"], tables["sex"]

    joint = {
        stratum: band.values[band.states.index(stratum[0])]
        * sex.values[sex.states.index(stratum[1]), band.states.index(stratum[0])]
        for stratum in shipped.strata
    }

    assert sex.parents == ("age_band",)
    assert joint == pytest.approx(
        dict(zip(shipped.strata, shipped.stratum_share.tolist(), strict=True)), abs=ROUNDING
    )


def test_a_stratum_that_does_not_exist_is_never_drawn() -> None:
    network = _rooted((("a0", "b0"), ("a0", "b1"), ("a1", "b1")), [0.5, 0.25, 0.25])

    tables = _by_id(network)

    np.testing.assert_array_equal(tables["root_0"].values, [0.75, 0.25])
    np.testing.assert_allclose(tables["root_1"].values, [[2 / 3, 0.0], [1 / 3, 1.0]], rtol=1e-15)


def test_states_after_a_root_state_of_share_0_are_even() -> None:
    network = _rooted((("a0", "b0"), ("a1", "b0"), ("a1", "b1")), [0.0, 0.5, 0.5])

    np.testing.assert_array_equal(_by_id(network)["root_1"].values, [[0.5, 0.5], [0.5, 0.5]])


def test_four_roots_are_refused() -> None:
    network = _rooted((("a", "b", "c", "d"),), [1.0])

    with pytest.raises(LimitError) as caught:
        decomposition(network)

    assert str(caught.value) == "4 root variables: an export takes at most 3"


def test_a_network_without_roots_has_no_strata_to_choose() -> None:
    tables = _by_id(_rooted(((),), [1.0]))

    assert not [name for name, table in tables.items() if "root" in (name, *table.parents)]
    assert tables["cause"].values == pytest.approx([1 - _expit(-1.0), _expit(-1.0)])


def _rooted(strata: tuple[tuple[str, ...], ...], share: list[float]) -> NoisyMaxNetwork:
    """One cause and one finding in the given strata."""
    n_strata = len(strata)
    shown = replace(finding("finding", [0], [0.5]), leak=np.full((n_strata, 1), 0.1))
    return NoisyMaxNetwork(
        root_ids=tuple(f"root_{place}" for place in range(len(strata[0]))),
        strata=strata,
        stratum_share=np.array(share),
        context_ids=(),
        context_probability=np.zeros((n_strata, 0)),
        causes=(cause("cause", n_strata=n_strata),),
        findings=(shown,),
        unlisted=0.1,
    )


def _expit(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def test_causes_of_the_shipped_network_keep_their_probabilities(shipped: NoisyMaxNetwork) -> None:
    tables = _by_id(shipped)

    for index in range(len(shipped.causes)):
        for found, expected in _cause_probabilities(shipped, tables, index):
            assert found == pytest.approx(expected, rel=1e-13, abs=0)


@settings(repeatable, max_examples=20)
@given(seed=seeds)
def test_causes_of_many_parents_keep_their_probabilities(seed: int) -> None:
    network = many_parents(seed).network
    tables = _by_id(network)

    for index in range(len(network.causes)):
        for found, expected in _cause_probabilities(network, tables, index):
            assert found == pytest.approx(expected, rel=1e-13, abs=0)


def _cause_probabilities(
    network: NoisyMaxNetwork, tables: dict[str, Table], index: int
) -> Iterator[tuple[float, float]]:
    """P(cause present) through the sums and by its formula, in every state of its parents."""
    node = network.causes[index]
    names = [network.context_ids[place] for place in node.contexts]
    names += [network.causes[place].id for place in node.causes]
    added = np.array([*node.context_log_odds, *node.cause_log_odds])
    for stratum, states in enumerate(network.strata):
        by_root = dict(zip(network.root_ids, states, strict=True))
        roots = {name: tables[name].states.index(state) for name, state in by_root.items()}
        for parents in itertools.product((0, 1), repeat=len(names)):
            known = roots | dict(zip(names, parents, strict=True))
            log_odds = math.fsum([node.intercept[stratum], *(added * parents)])
            yield float(_column(tables, node.id, known)[1]), _expit(log_odds)


def _column(tables: dict[str, Table], name: str, known: dict[str, int]) -> FloatArray:
    """P(node | known nodes), where parents that are not known follow from those that are."""
    places = []
    for parent in tables[name].parents:
        if parent not in known:
            column = _column(tables, parent, known)
            assert sorted(column)[-2:] == [0.0, 1.0]
            known[parent] = int(column.argmax())
        places.append(known[parent])
    return np.asarray(tables[name].values[:, *places])


def test_equal_sums_share_a_state() -> None:
    table = _by_id(_with_parents([0.5, 0.5, 0.5, 0.5]))["child__parents_1"]

    assert table.states == ("sum_0", "sum_1", "sum_2")  # of two parents: the third is its own
    assert table.parents == ("parent_0", "parent_1")


def test_three_parents_and_a_root_need_no_sum() -> None:
    tables = _by_id(_with_parents([0.5, -0.5, 1.5]))

    assert not [name for name in tables if "__parents" in name]


def test_sums_of_different_parents_grow_to_all_their_joint_states() -> None:
    tables = _by_id(_with_parents([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4]))

    sizes = {name: len(table.states) for name, table in tables.items() if "__parents" in name}
    assert sizes == {"child__parents_1": 16, "child__parents_2": 4}


def test_a_parent_that_changes_nothing_is_left_out() -> None:
    assert _by_id(_with_parents([0.5, 0.0]))["child"].parents == ("parent_0",)


def _with_parents(log_odds: list[float]) -> NoisyMaxNetwork:
    """One cause of many parents, and a finding of it."""
    parents = [cause(f"parent_{place}") for place in range(len(log_odds))]
    child = replace(
        cause("child"), causes=np.arange(len(log_odds)), cause_log_odds=np.array(log_odds)
    )
    return network_of([*parents, child], [finding("finding", [len(log_odds)], [0.5])])


def test_a_link_of_strength_0_is_left_out() -> None:
    network = network_of([cause("a"), cause("b")], [finding("finding", [0, 1], [0.0, 0.5], 0.1)])

    tables = _by_id(network)

    assert tables["finding"].parents == ("b",)
    np.testing.assert_allclose(tables["finding"].values, [[0.9, 0.45], [0.1, 0.55]], rtol=1e-15)


def test_a_finding_without_links_is_its_leak() -> None:
    table = _by_id(network_of([cause("a")], [finding("finding", [], [], 0.1)]))["finding"]

    assert table.parents == ()
    np.testing.assert_array_equal(table.values, [0.9, 0.1])


def test_a_graded_finding_is_the_larger_of_its_links() -> None:
    graded = replace(
        finding("finding", [0], [0.5]),
        states=("low", "middle", "high"),
        strengths=np.array([[0.25, 0.5]]),
        leak=np.array([[0.5, 0.125]]),
        unlisted=np.zeros(2),
    )
    values = _by_id(network_of([cause("a")], [graded]))["finding"].values

    np.testing.assert_array_equal(values[:, 0], [0.375, 0.5, 0.125])
    np.testing.assert_array_equal(
        values[:, 1], [0.25 * 0.375, 0.25 * 0.5 + 0.25 * 0.375 + 0.25 * 0.5, 0.5 + 0.125 * 0.5]
    )


def test_unexplained_is_unlisted_without_any_that_is_responsible() -> None:
    table = _by_id(network_of([cause("a")], [], 0.5))["unexplained"]

    assert table.parents == ("unlisted", "any__responsible")
    np.testing.assert_array_equal(table.values[1], [[0, 0], [1, 0]])


@pytest.mark.parametrize(
    "name", ["unlisted", "unexplained", "any__responsible", "a__responsible", "complaint__1"]
)
def test_an_id_of_an_auxiliary_node_is_refused(name: str) -> None:
    complaint = finding("complaint", [0, 1, 2], [0.5, 0.5, 0.5])
    network = network_of([cause("a"), cause("b"), cause(name)], [complaint])

    with pytest.raises(NetworkError) as caught:
        decomposition(network)

    assert str(caught.value) == (
        f"id {name!r} is also that of an auxiliary node of an export; rename it"
    )
