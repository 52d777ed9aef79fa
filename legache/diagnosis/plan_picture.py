"""How does an elimination plan look as a picture?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from legache.diagnosis.plan_chart import applied, cut, number, spans
from legache.inference.open_variables import CAUSE, CONTEXT, FINDING
from legache.inference.plan_report import PlanReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# blue, orange and green that the colour-blind tell apart: Okabe, M. & Ito, K. (2008)
_COLOURS = {FINDING: "#0072b2", CONTEXT: "#e69f00", CAUSE: "#009e73"}
_LABELS = {
    FINDING: "finding to explain",
    CONTEXT: "unknown context",
    CAUSE: "cause of other causes",
}
_HALF_ROW = 0.35
_SHARE_OF_BARS, _GAP = 0.75, 0.02  # of the width; the rest is for the sizes
_LONGEST_LABEL = 40
_MOST_DRAWN = 1e100  # entries; nothing of the kind is ever run
_MOST_TICKS = 5


def size_of(report: PlanReport) -> tuple[float, float]:
    """Width and height, in inches, of a figure in which every label can be read."""
    return 6.0 + 0.24 * len(report.variables), 3.5 + 0.2 * len(report.steps)


def draw(report: PlanReport, ax: Axes) -> None:
    """Draw one bar for each variable, from its first to its last cause, and the table sizes."""
    n_rows = len(report.steps)
    ax.set_title(
        f"{n_rows} steps from top to bottom; at most {report.width} variables meet in one step",
        fontsize=10,
        loc="left",
    )
    if not n_rows:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "no variable is left to sum out", ha="center", va="center")
        return
    _draw_bars(report, ax)
    _label_axes(report, ax)
    _draw_sizes(report, ax)


def _draw_bars(report: PlanReport, ax: Axes) -> None:
    for column, (name, (first, last)) in enumerate(spans(report).items()):
        kind = report.variables[name]
        colour = _COLOURS[kind]
        ax.vlines(column, first - _HALF_ROW, last + _HALF_ROW, colour, linewidth=7, alpha=0.35)
        rows = [row for row, step in enumerate(report.steps) if name in step.touched]
        ax.plot([column] * len(rows), rows, "o", color=colour, markersize=4)
    for kind in sorted(set(report.variables.values())):
        colour = _COLOURS[kind]
        ax.plot([], [], "o-", color=colour, label=_LABELS[kind])


def _label_axes(report: PlanReport, ax: Axes) -> None:
    names = [cut(applied(step), _LONGEST_LABEL) for step in report.steps]
    ax.set_yticks(range(len(names)), names, fontsize=7)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xticks(range(len(report.variables)), list(spans(report)), rotation=90, fontsize=7)
    ax.set_xlim(-0.7, len(report.variables) / _SHARE_OF_BARS - 0.7)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="x", bottom=False, top=True, labelbottom=False, labeltop=True)
    ax.grid(axis="both", color="0.92", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_ylabel("causes, in the order of their application")
    ax.legend(
        title="a bar: the variable is open; a dot: the cause touches it",
        loc="upper left",
        bbox_to_anchor=(0, -0.02),
        ncols=len(_COLOURS),
        fontsize=8,
        title_fontsize=8,
        frameon=False,
        alignment="left",
    )


def _draw_sizes(report: PlanReport, ax: Axes) -> None:
    """Bars in the right part of the axes, so that they keep within any axes that are given."""
    left = _SHARE_OF_BARS + _GAP
    side = ax.inset_axes((left, 0, 1 - left, 1), sharey=ax)
    n_entries = [min(step.n_entries, _MOST_DRAWN) for step in report.steps]
    side.barh(range(len(n_entries)), n_entries, height=2 * _HALF_ROW, color="0.6")
    side.set_xscale("log")
    side.set_xlim(1, 3 * max(n_entries))
    decades = range(math.floor(math.log10(max(n_entries))) + 1)
    side.set_xticks([10.0**k for k in decades[:: math.ceil(len(decades) / _MOST_TICKS)]])
    side.minorticks_off()
    side.tick_params(axis="y", left=False, labelleft=False)
    side.tick_params(axis="x", labelsize=7)
    side.set_title(f"table entries\n(largest {number(report.largest)})", fontsize=8)
    side.spines[["top", "right"]].set_visible(False)
