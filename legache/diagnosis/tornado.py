"""How does a sensitivity analysis look as a picture?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from legache.diagnosis.text import percent, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from legache.diagnosis.sensitivity import SensitivityAnalysis

# blue and orange that the colour-blind tell apart: Okabe, M. & Ito, K. (2008)
_LOW, _HIGH = "#0072b2", "#e69f00"
_LONGEST_LABEL = 64


def size_of(found: SensitivityAnalysis, n: int) -> tuple[float, float]:
    """Width and height, in inches, of a figure in which every label can be read."""
    return 10.0, 1.6 + 0.32 * min(n, len(found.rows))


def draw(found: SensitivityAnalysis, ax: Axes, n: int) -> None:
    """Draw one bar for each number, from the posterior at its low end to that at its high end."""
    rows = found.rows[:n]
    for place, row in enumerate(rows):
        ends = ((row.at_low, _LOW, row.low), (row.at_high, _HIGH, row.high))
        for at, colour, value in ends:
            if at is None:
                continue
            ax.barh(place, at - found.posterior, left=found.posterior, color=colour, height=0.7)
            is_right = at > found.posterior
            ax.annotate(
                f"{value:.3g}",
                (at, place),
                xytext=(3 if is_right else -3, 0),
                textcoords="offset points",
                va="center",
                ha="left" if is_right else "right",
                fontsize=7,
            )
    ax.axvline(found.posterior, color="black", linewidth=0.8)
    ax.set_yticks(range(len(rows)), [_label(row.id) for row in rows], fontsize=8)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    for colour, name in ((_LOW, "low end of the interval"), (_HIGH, "high end")):
        ax.plot([], [], color=colour, linewidth=6, label=name)
    ax.legend(loc="lower right", fontsize=8, frameon=False)
    ax.set_xlabel(f"P({found.label} {found.of} | evidence)")
    ax.set_title(
        f"{found.label}: {percent(found.posterior)}, each number alone moved through its interval",
        fontsize=10,
        loc="left",
    )
    ax.spines[["top", "right"]].set_visible(False)


def _label(name: str) -> str:
    label = words(name.replace(".csv:", ": ").replace("/present", ""))
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 3] + "..."
