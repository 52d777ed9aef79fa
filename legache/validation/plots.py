"""How does the validation look?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from legache.optional import imported
from legache.validation.calibration import Calibration
from legache.validation.comparisons import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# of Okabe, M. & Ito, K. (2008), which the colour-blind tell apart
_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#e69f00", "#009e73", "#888888"
_RATIOS = frozenset({"odds_ratio", "relative_risk", "hazard_ratio", "lr_positive", "lr_negative"})
_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_GRADES = {
    "meta_analysis": "#005a32",
    "study": _GREEN,
    "guideline": _BLUE,
    "seed": "#cc79a7",
    "elicited": "#cccccc",
}


def published_against_model(found: Sequence[Comparison], path: Path) -> None:
    """Draw probabilities on log-odds axes, and ratios on logarithmic ones."""
    figure, (left, right) = _figure(2)
    shares = [item for item in found if item.claim.measure not in _RATIOS]
    ratios = [item for item in found if item.claim.measure in _RATIOS]
    left.set(xscale="logit", yscale="logit", title="Probabilities")
    _scatter(left, shares)
    left.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    left.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    left.minorticks_off()
    right.set(xscale="log", yscale="log", title="Ratios")
    _scatter(right, ratios)
    _save(figure, path)


def _scatter(axes: Axes, found: Sequence[Comparison]) -> None:
    axes.set(xlabel="published", ylabel="network")
    if not found:
        return
    colours = {None: _GREY, True: _GREEN, False: _ORANGE}
    labels = {None: "no interval published", True: "inside the interval", False: "outside it"}
    for inside, colour in colours.items():
        chosen = [item for item in found if item.is_inside is inside and item.published > 0]
        chosen = [item for item in chosen if item.claim.measure in _RATIOS or item.published < 1]
        x, y = [item.published for item in chosen], [item.model for item in chosen]
        axes.plot(x, y, "o", color=colour, label=labels[inside], markersize=5, alpha=0.8)
    ends = [min(*axes.get_xlim(), *axes.get_ylim()), max(*axes.get_xlim(), *axes.get_ylim())]
    axes.plot(ends, ends, color=_GREY, linewidth=1, zorder=0)
    axes.set(xlim=ends, ylim=ends)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def reliability(found: Calibration, path: Path) -> None:
    """Draw the true share against the stated probability, with three standard errors."""
    figure, (axes,) = _figure(1)
    has_any = found.n > 0
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1, zorder=0)
    axes.errorbar(
        found.mean_stated[has_any],
        found.share_true[has_any],
        yerr=3 * found.standard_error[has_any],
        fmt="o",
        color=_BLUE,
        markersize=4,
        capsize=2,
    )
    axes.set(
        xlabel="stated P(responsible)",
        ylabel="share in which the cause was responsible",
        title="Simulated patients (bars: three standard errors)",
        aspect="equal",
    )
    _save(figure, path)


def grades(counted: Mapping[str, float], weighted: Mapping[str, float], path: Path) -> None:
    """Draw the share of numbers, and of influence, that each grade of evidence has."""
    figure, (axes,) = _figure(1, height=2.2)
    start = np.zeros(2)
    for grade, colour in _GRADES.items():
        widths = np.array([weighted.get(grade, 0.0), counted.get(grade, 0.0)])
        if widths.any():
            label = grade.replace("_", " ")
            axes.barh(["of influence", "of numbers"], widths, left=start, color=colour, label=label)
        start += widths
    axes.set(xlim=(0, 1), xlabel="share")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncol=5, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    _save(figure, path)


def _figure(n_axes: int, height: float = 4.6) -> tuple[Figure, list[Axes]]:
    figures = imported("matplotlib.figure", "plots")
    figure = figures.Figure(figsize=(5.2 * n_axes + 0.4, height), layout="constrained")
    return figure, [figure.add_subplot(1, n_axes, place + 1) for place in range(n_axes)]


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=130)
