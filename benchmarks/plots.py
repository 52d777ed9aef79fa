"""How are measurements drawn?"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Row, Table

_COLOURS = {
    "legache, first": "#0b5394",
    "legache, again": "#6fa8dc",
    "legache": "#0b5394",
    "pyAgrum LazyPropagation, ordinary": "#e6a28f",
    "pyAgrum": "#cc4125",
    "opt_einsum": "#6aa84f",
    "pgmpy": "#8e7cc3",
    "Quickscore": "#e69138",
}
_DASHES = ("-", "--", ":")
_MARKERS = ("o", "s", "^")


@dataclass(frozen=True)
class Line:
    """What one library needed, in one group; a point without a value had no answer."""

    by: str
    group: str | None
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    title: str = ""

    @property
    def groups(self) -> list[str | None]:
        """Groups, in order."""
        return list(dict.fromkeys(line.group for line in self.lines))


def panel_of(
    table: Table,
    x: str,
    group: str | None = None,
    *,
    y: str = "median ms",
    y_label: str = "milliseconds, median",
    title: str = "",
) -> Panel:
    """Panel of a table: a line for each value of ``by`` and of the group."""

    def kind(row: Row) -> tuple[str, str | None]:
        return str(row["by"]), str(row[group]) if group else None

    lines = []
    for by, value in dict.fromkeys(map(kind, table.rows)):
        points: Any = tuple((r[x], r[y]) for r in table.rows if kind(r) == (by, value))
        lines.append(Line(by, value, points))
    return Panel(x, y_label, tuple(lines), title)


def draw(file: Path, title: str, panels: Sequence[Panel]) -> None:
    """Draw panels side by side into a PNG file."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    width = 6.5 if len(panels) < 3 else 4.6
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(width * len(panels), 5.4),
        squeeze=False,
        layout="constrained",
        sharey=len(panels) > 2,
    )
    for axis, panel in zip(axes[0], panels, strict=True):
        _draw_panel(axis, panel)
        if len(panels) > 2:
            axis.label_outer()
    names = dict.fromkeys(line.by for panel in panels for line in panel.lines)
    handles = [plt.Line2D([], [], color=_colour(by), linewidth=2, label=by) for by in names]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle("\n".join(textwrap.wrap(title, int(10 * width * len(panels)))), fontsize=12)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=130)
    plt.close(figure)


def _draw_panel(axis: Any, panel: Panel) -> None:  # noqa: ANN401 - matplotlib's own
    groups = panel.groups
    known = [y for line in panel.lines for _, y in line.points if y is not None]
    for line in panel.lines:
        variant = groups.index(line.group) % len(_DASHES)
        style = {"color": _colour(line.by), "linestyle": _DASHES[variant]}
        answered = [(x, y) for x, y in line.points if y is not None]
        axis.plot(*zip(*answered, strict=True), marker=_MARKERS[variant], markersize=4.5, **style)
        lost = [(x, 3 * max(known)) for x, y in line.points if y is None][:1]
        axis.plot(*zip(*answered[-1:], *lost, strict=True), alpha=0.5, **style)
        axis.plot(*zip(*lost, strict=True), marker="x", markersize=8, **style)
    if any(y is None for line in panel.lines for _, y in line.points):
        axis.plot([], [], "x", color="#444444", label="no answer within the limits")
    for variant, group in enumerate(groups):
        if group is not None:
            dash, marker = _DASHES[variant % 3], _MARKERS[variant % 3]
            axis.plot([], [], color="#444444", linestyle=dash, marker=marker, label=group)
    axis.set_title(panel.title, fontsize=11)
    axis.set_xticks(sorted({x for line in panel.lines for x, _ in line.points}))
    axis.set_yscale("log")
    axis.set_xlabel(panel.x_label)
    axis.set_ylabel(panel.y_label)
    axis.grid(visible=True, which="major", color="#dddddd", linewidth=0.7)
    axis.spines[["top", "right"]].set_visible(False)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=9, frameon=False, loc="best")


def _colour(by: str) -> str:
    return next(colour for start, colour in _COLOURS.items() if by.startswith(start))
