"""How does a table of numbers look in a terminal and in a notebook?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Cells = Sequence[Sequence[str]]


class Figures(NamedTuple):
    """Head of a column, and on which side its cells stand."""

    head: str
    align: Literal["left", "right"] = "right"


def figures_text(columns: Sequence[Figures], rows: Cells) -> str:
    """Table for a terminal."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    return tabulate(
        rows,
        headers=[column.head for column in columns],
        tablefmt="simple",
        disable_numparse=True,
        colalign=[column.align for column in columns] if rows else None,
    )


def figures_html(columns: Sequence[Figures], rows: Cells) -> str:
    """Return the same as HTML; every text is escaped."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    heads = [column.head for column in columns]
    align = [column.align for column in columns] if rows else None
    return str(tabulate(rows, heads, tablefmt="html", disable_numparse=True, colalign=align))


def signed(weight: float | None) -> str:
    """Number with its sign and one decimal; a dash where there is none.

    Examples
    --------
    >>> signed(3.04), signed(-0.01), signed(None)
    ('+3.0', '0.0', '-')
    """
    if weight is None:
        return "-"
    shown = f"{weight:+.1f}"
    return "0.0" if float(shown) == 0 else shown
