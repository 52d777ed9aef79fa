"""Can a plan be read, in a terminal, in a notebook and as a picture?"""

from __future__ import annotations

import html
import itertools
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

import legache
from legache import MissingDependencyError, Network
from legache.diagnosis.elimination_plan import EliminationPlan
from legache.diagnosis.plan_chart import slots
from legache.inference import plan_report as planning
from legache.inference.compiled import is_compiled
from tests.strategies import random_patient

needs_kernel = pytest.mark.skipif(not is_compiled(), reason="there is no compiled kernel")


@pytest.fixture(scope="module")
def network() -> Network:
    return legache.load()


@pytest.fixture(scope="module")
def plan(network: Network) -> EliminationPlan:
    return network.plan(age=67, sex="female", swelling_one_leg=True, fever=False)


def _known(network: Network) -> dict[str, object]:
    return {name: False for name in network.contexts if name not in {"age_band", "sex"}}


@pytest.mark.parametrize("seed", range(10))
def test_a_plan_fits_a_terminal(network: Network, seed: int) -> None:
    lines = repr(network.plan(random_patient(network, seed))).splitlines()

    assert max(map(len, lines)) <= 100


def test_a_plan_of_numpy_fits_a_terminal(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "compiled_network", lambda _: None)

    lines = repr(network.plan(swelling_one_leg=True, fever=True)).splitlines()

    assert max(map(len, lines)) <= 100
    assert any("├─╯" in line for line in lines)


@needs_kernel
def test_the_chart_shows_where_each_variable_opens_and_closes(network: Network) -> None:
    plan = network.plan(_known(network), age=67, sex="female", urge_to_move=True)

    drawn = repr(plan).split("opens  │")[0]

    assert drawn.count("╷") - 1 == drawn.count("╵") == len(plan.variables)
    touched = sum(len(step.touched) for step in plan.steps)
    assert drawn.count("●") == touched - 2 * len(plan.variables)


@needs_kernel
def test_no_two_variables_share_a_column_in_one_step(plan: EliminationPlan) -> None:
    columns = [[slots(plan)[name] for name in step.open] for step in plan.steps]

    assert all(len(used) == len(set(used)) for used in columns)
    assert set(itertools.chain(*columns)) == set(range(plan.width))


@needs_kernel
def test_every_variable_is_named_below_the_chart(plan: EliminationPlan) -> None:
    below = repr(plan).split("closes")[1]

    assert all(name in below for name in plan.variables)


def test_a_plan_that_is_too_wide_to_draw_says_so(plan: EliminationPlan) -> None:
    names = tuple(f"variable_{i:02}" for i in range(60))
    step = replace(plan.steps[0], open=names, touched=names, opened=names, closed=names)
    wide = replace(plan, steps=(step,), variables=dict.fromkeys(names, "finding"))

    text = repr(wide)

    assert max(map(len, text.splitlines())) <= 100
    assert "14 more columns are not shown." in text


def test_a_plan_that_is_refused_says_so(plan: EliminationPlan) -> None:
    text = " ".join(repr(replace(plan, n_bytes=2.0**200, is_refused=True)).split())

    assert "1.5e+54 MiB" in text
    assert "the question would be refused" in text


def test_a_plan_without_steps_can_be_shown(plan: EliminationPlan, tmp_path: Path) -> None:
    empty = replace(plan, steps=(), variables={}, settled={})

    assert "Width 0 variables" in repr(empty)
    assert "Settled without a variable: nothing." in repr(empty)
    assert empty.table.empty
    assert _written(empty, tmp_path)


def test_html_shows_the_same_and_is_escaped(plan: EliminationPlan) -> None:
    step = replace(plan.steps[0], causes=("<b>&",))
    risky = replace(plan, steps=(step, *plan.steps[1:]))

    shown = risky._repr_html_()

    assert "<b>" not in shown
    assert html.unescape(shown.removesuffix("</pre>")).endswith(repr(risky))


def test_the_table_has_one_row_for_each_step(plan: EliminationPlan) -> None:
    table = plan.table

    assert list(table.columns) == ["causes", "opened", "touched", "closed", "n_open", "n_entries"]
    assert (table.index[0], table.index.name, len(table)) == (1, "step", len(plan.steps))
    assert table["n_open"].max() == plan.width
    assert table["n_entries"].sum() == plan.n_entries


def test_a_plan_cannot_be_changed(plan: EliminationPlan) -> None:
    with pytest.raises(FrozenInstanceError):
        plan.n_lanes = 3  # type: ignore[misc]


def test_a_plot_is_written_with_every_label_inside(plan: EliminationPlan, tmp_path: Path) -> None:
    assert _written(plan, tmp_path)


def test_a_plot_of_a_tree_is_written(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(planning, "compiled_network", lambda _: None)

    assert _written(network.plan(_known(network), urge_to_move=True), tmp_path)


@needs_kernel
def test_a_plot_can_be_drawn_into_given_axes(plan: EliminationPlan) -> None:
    pyplot = _pyplot()
    figure, ax = pyplot.subplots()

    assert plan.plot(ax) is ax
    first = next(label.get_text() for label in ax.get_yticklabels())
    assert first == plan.steps[0].causes[0]
    pyplot.close(figure)


def test_without_matplotlib_the_extra_is_named(
    plan: EliminationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)

    with pytest.raises(MissingDependencyError, match=r"install 'legache\[plots\]'") as caught:
        plan.plot()

    assert caught.value.extra == "plots"


def _pyplot() -> Any:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    return pytest.importorskip("matplotlib.pyplot")


def _written(plan: EliminationPlan, folder: Path) -> bool:
    """Write the picture, and tell whether all that was drawn is within it."""
    pyplot = _pyplot()
    ax = plan.plot()
    ax.figure.savefig(folder / "plan.png")
    drawn, page = ax.figure.get_tightbbox(), ax.figure.bbox_inches
    pyplot.close(ax.figure)
    is_inside = drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= page.x1 and drawn.y1 <= page.y1
    return bool(is_inside and (folder / "plan.png").stat().st_size)
