"""How does a list of statements look in a terminal and in a notebook?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column, and its width in a terminal; longer cells are wrapped."""

    head: str
    width: int


def listing_text(columns: Sequence[Column], rows: Cells) -> str:
    """Table of wrapped text for a terminal."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    return tabulate(
        rows,
        headers=[column.head for column in columns],
        tablefmt="simple",
        disable_numparse=True,
        maxcolwidths=[column.width for column in columns],
    )


def listing_html(columns: Sequence[Column], rows: Cells) -> str:
    """Return the same as HTML; every text is escaped."""
    from tabulate import tabulate  # noqa: PLC0415 - slow to import

    heads = [column.head for column in columns]
    return str(tabulate(rows, headers=heads, tablefmt="html", disable_numparse=True))


def page_text(title: str, parts: Sequence[str], notes: Sequence[str]) -> str:
    """Title, tables and notes for a terminal, with a blank line between them."""
    return "\n\n".join([title, *parts, "\n".join(notes)])


def page_html(title: str, parts: Sequence[str], notes: Sequence[str]) -> str:
    """Return the same as HTML; the parts are HTML already, the rest is escaped."""
    lines = "".join(f"<div>{html.escape(line)}</div>" for line in notes)
    return f"<div><b>{html.escape(title)}</b>{''.join(parts)}<small>{lines}</small></div>"
