"""How does a differential look in a terminal and in a notebook?"""

from __future__ import annotations

import html
from collections.abc import Sequence

from legache.diagnosis.ranking import RankedCause

DISCLAIMER = "For research and teaching; not a medical device."
WITHIN = {
    "emergency": "now",
    "urgent": "24 hours",
    "soon": "2 weeks",
    "routine": "routine",
    "self_care": "self-care",
}
_HEADERS = ("", "cause", "responsible", "present", "prior", "see within")


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


def words(name: str) -> str:
    """Id as words.

    Examples
    --------
    >>> words("primary_care")
    'primary care'
    """
    return name.replace("_", " ")


def table_text(title: str, rows: Sequence[RankedCause], notes: Sequence[str]) -> str:
    """Title, table and notes for a terminal."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    table = tabulate(
        _cells(rows),
        headers=_HEADERS,
        tablefmt="simple",
        colalign=("right", "left", "right", "right", "right", "left"),
        disable_numparse=True,
    )
    return "\n".join([title, "", table, "", *notes])


def table_html(title: str, rows: Sequence[RankedCause], notes: Sequence[str]) -> str:
    """Return the same as HTML; every text is escaped."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    table = tabulate(_cells(rows), headers=_HEADERS, tablefmt="html", disable_numparse=True)
    lines = "".join(f"<div>{html.escape(line)}</div>" for line in notes)
    return f"<div><b>{html.escape(title)}</b>{table}<small>{lines}</small></div>"


def _cells(rows: Sequence[RankedCause]) -> list[tuple[str, ...]]:
    return [
        (
            str(rank),
            row.label,
            percent(row.responsible),
            percent(row.present),
            percent(row.prior),
            WITHIN[row.urgency],
        )
        for rank, row in enumerate(rows, start=1)
    ]
