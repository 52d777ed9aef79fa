"""How does a differential look in a terminal and in a notebook?"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from legache.diagnosis.ranking import RankedCause

DISCLAIMER = "For research and teaching; not a medical device."
WITHIN = {
    "emergency": "now",
    "urgent": "24 hours",
    "soon": "2 weeks",
    "routine": "routine",
    "self_care": "self-care",
}
_HEADERS = ("", "cause", "responsible", "present", "prior", "weight", "see within")
_LABEL_WIDTH = 42  # with intervals, a line has 120 characters
Bounds = Mapping[str, tuple[float, float, float, float]]
"""Ends of the intervals of present and of responsible, by cause."""


def percent(probability: float) -> str:
    """Probability as a percentage with the digits that matter.

    Examples
    --------
    >>> percent(0.4567), percent(0.00321), percent(0.00000004)
    ('45.7 %', '0.32 %', '<0.01 %')
    """
    if 0 < probability < 0.0001:
        return "<0.01 %"
    digits = 1 if probability >= 0.1 else 2
    return f"{100 * probability:.{digits}f} %"


def percent_within(probability: float, low: float, high: float) -> str:
    """Probability and its interval as percentages; alone, if it is certain.

    Examples
    --------
    >>> percent_within(0.4567, 0.301, 0.61), percent_within(0.0032, 0.00101, 0.0085)
    ('45.7 % (30.1-61.0)', '0.32 % (0.10-0.85)')
    """
    if low == probability == high:
        return percent(probability)
    ends = "-".join(percent(end).removesuffix(" %") for end in (low, high))
    return f"{percent(probability)} ({ends})"


def decibans(weight: float | None) -> str:
    """Weight of evidence with its sign.

    Examples
    --------
    >>> decibans(12.34), decibans(-3.0), decibans(-0.01), decibans(None)
    ('+12.3', '-3.0', '0.0', '')
    """
    if weight is None:
        return ""
    shown = f"{weight:+.1f}"
    return "0.0" if float(shown) == 0 else shown  # neither +0.0 nor -0.0


def words(name: str) -> str:
    """Id as words.

    Examples
    --------
    >>> words("primary_care")
    'primary care'
    """
    return name.replace("_", " ")


def table_text(
    title: str, rows: Sequence[RankedCause], notes: Sequence[str], bounds: Bounds | None = None
) -> str:
    """Title, table and notes for a terminal."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    table = tabulate(
        _cells(rows, bounds or {}),
        headers=_HEADERS,
        tablefmt="simple",
        colalign=("right", "left", "right", "right", "right", "right", "left"),
        disable_numparse=True,
        maxcolwidths=[None, _LABEL_WIDTH],
    )
    return "\n".join([title, "", table, "", *notes])


def table_html(
    title: str, rows: Sequence[RankedCause], notes: Sequence[str], bounds: Bounds | None = None
) -> str:
    """Return the same as HTML; every text is escaped."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    cells = _cells(rows, bounds or {})
    table = tabulate(cells, headers=_HEADERS, tablefmt="html", disable_numparse=True)
    lines = "".join(f"<div>{html.escape(line)}</div>" for line in notes)
    return f"<div><b>{html.escape(title)}</b>{table}<small>{lines}</small></div>"


def _cells(rows: Sequence[RankedCause], bounds: Bounds) -> list[tuple[str, ...]]:
    cells: list[tuple[str, ...]] = []
    for rank, row in enumerate(rows, start=1):
        responsible, present = percent(row.responsible), percent(row.present)
        if row.id in bounds:
            present_ends, responsible_ends = bounds[row.id][:2], bounds[row.id][2:]
            responsible = percent_within(row.responsible, *responsible_ends)
            present = percent_within(row.present, *present_ends)
        cells.append(
            (
                str(rank),
                row.label,
                responsible,
                present,
                percent(row.prior),
                decibans(row.weight),
                WITHIN[row.urgency],
            )
        )
    return cells
