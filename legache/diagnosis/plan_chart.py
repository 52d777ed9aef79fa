"""How does an elimination plan look in a terminal and in a notebook?"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from legache.inference.plan_report import COMPILED, PlanReport, PlanStep

_WIDTH = 100
_NAME = 36  # characters of a cause's id that are shown
_ENTRIES = 10
_OPENS, _STAYS, _TOUCHED, _CLOSES, _ONLY = "╷", "│", "●", "╵", "•"
_SLOTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MOST_SLOTS = _WIDTH - _NAME - _ENTRIES - 8  # as many as fit between a cause and its entries
_SETTLED = {
    "known_roots": "known roots",
    "known_contexts": "known contexts",
    "single_cause_contexts": "unknown contexts of one cause",
    "childless_contexts": "contexts without a cause",
    "known_causes": "known causes",
    "witness": "witnesses of a responsible cause",
    "negative_findings": "findings with nothing to explain",
    "single_cause_findings": "findings of one cause",
    "unlinked_findings": "findings without a cause",
    "unobserved_findings": "findings not observed",
}
_EXECUTOR = {True: "the compiled kernel", False: "numpy"}


def plan_text(report: PlanReport) -> str:
    """Sizes, drawing and legend for a terminal; at most 100 columns."""
    parts = [_summary(report), _drawing(report), _notes(report)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def plan_html(report: PlanReport) -> str:
    """Return the same as HTML; every text is escaped."""
    style = "line-height: 1.2; overflow-x: auto"
    return f'<pre style="{style}">{html.escape(plan_text(report))}</pre>'


def spans(report: PlanReport) -> dict[str, tuple[int, int]]:
    """First and last step in which each variable is open, in the order of opening."""
    found: dict[str, tuple[int, int]] = {}
    for place, step in enumerate(report.steps):
        for name in step.open:
            first, _ = found.get(name, (place, place))
            found[name] = (first, place)
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def slots(report: PlanReport) -> dict[str, int]:
    """Column of each variable; none is used by two variables in one step.

    As many columns as the width of the plan are enough: each variable takes the first one that is
    free when it opens.
    """
    last_row: list[int] = []
    found: dict[str, int] = {}
    for name, (first, last) in spans(report).items():
        free = [slot for slot, row in enumerate(last_row) if row < first]
        slot = free[0] if free else len(last_row)
        last_row[slot : slot + 1] = [last]
        found[name] = slot
    return found


def applied(step: PlanStep) -> str:
    """Causes and links of a step as text."""
    links = (f"{cause} -> {finding}" for cause, finding in step.links)
    return ", ".join((*step.causes, *links))


def number(value: float) -> str:
    """Count as text, in full as long as it is short.

    Examples
    --------
    >>> number(12345.0), number(3.2e11)
    ('12,345', '3.2e+11')
    """
    return f"{value:,.0f}" if value < 1e8 else f"{value:.1e}"


def _summary(report: PlanReport) -> list[str]:
    n_applied = sum(len(step.causes) for step in report.steps)
    title = (
        f"Elimination plan for {_EXECUTOR[report.executor == COMPILED]}: {n_applied} causes "
        f"{'one after the other' if report.is_path else 'along a tree'}"
    )
    sizes = (
        f"Width {report.width} variables. Tables: {number(report.n_entries)} entries in all, "
        f"{number(report.largest)} the largest, in each of {report.n_lanes} lanes; "
        f"{_memory(report.n_bytes)}. Predicted cost: {number(report.cost)} operations."
    )
    refused = "This is more memory than is allowed: the question would be refused."
    return [title, *_wrapped(sizes), *([refused] if report.is_refused else [])]


def _memory(n_bytes: float) -> str:
    if n_bytes >= 2**30:
        return f"{number(n_bytes / 2**20)} MiB"
    return f"{n_bytes / 2**20:.1f} MiB" if n_bytes >= 2**20 else f"{n_bytes / 2**10:.1f} KiB"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=True, break_on_hyphens=False
    )


def cut(text: str, width: int) -> str:
    """Text that is no longer than a number of characters."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def _drawing(report: PlanReport) -> list[str]:
    if not report.steps:
        return []
    return _chart(report) if report.is_path else _tree(report)


def _chart(report: PlanReport) -> list[str]:
    """One row for each step, one column for each slot."""
    slot_of = slots(report)
    n_shown = min(report.width, _MOST_SLOTS)
    gap = " " if 2 * n_shown <= _MOST_SLOTS else ""
    name_width = min(_NAME, max(len(applied(step)) for step in report.steps))
    header = gap.join(_slot_name(slot) for slot in range(n_shown))
    lines = [_row("", "cause", header, "entries", name_width)]
    last = {name: row for name, (_, row) in spans(report).items()}
    for place, step in enumerate(report.steps):
        cells = dict.fromkeys(range(report.width), " ")
        cells |= {slot_of[name]: _glyph(step, name) for name in step.open}
        drawn = gap.join(cells[slot] for slot in range(n_shown))
        entries = number(step.n_entries)
        lines.append(_row(str(place + 1), applied(step), drawn, entries, name_width))
    legend = [f"{_OPENS} opens  {_STAYS} stays open  {_TOUCHED} touched again  {_CLOSES} closes"]
    legend[0] += "    entries: of the table that the row leaves"
    if report.width > n_shown:
        legend.append(f"{report.width - n_shown} more columns are not shown.")
    return [*lines, "", *legend, *_legend(report, slot_of, last)]


def _row(place: str, name: str, drawn: str, entries: str, name_width: int) -> str:
    return f"{place:>3} {cut(name, name_width):<{name_width}}  {drawn}  {entries:>{_ENTRIES}}"


def _slot_name(slot: int) -> str:
    return _SLOTS[slot] if slot < len(_SLOTS) else "…"


def _glyph(step: PlanStep, name: str) -> str:
    if name in step.opened:
        return _ONLY if name in step.closed else _OPENS
    if name in step.closed:
        return _CLOSES
    return _TOUCHED if name in step.touched else _STAYS


def _legend(
    report: PlanReport, slot_of: Mapping[str, int], last: Mapping[str, int]
) -> Iterator[str]:
    by_slot: dict[int, list[str]] = {}
    first = {name: row for name, (row, _) in spans(report).items()}
    for name, slot in slot_of.items():
        rows = f"{first[name] + 1}-{last[name] + 1}"
        by_slot.setdefault(slot, []).append(f"{name} ({report.variables[name]}, {rows})")
    for slot in sorted(by_slot):
        yield from _wrapped(f"  {_slot_name(slot)} {', '.join(by_slot[slot])}", " " * 4)


def _tree(report: PlanReport) -> list[str]:
    """Steps from the first to the last; tables that are joined come from branches on the right."""
    used = {i for step in report.steps for i in step.inputs}
    lines = [
        _tree_row("", "variable that the row sums out ← causes that it applies first", "entries")
    ]
    for end in range(len(report.steps)):
        if end not in used:
            lines += _branch(report.steps, end, "")
    return lines


def _branch(steps: Sequence[PlanStep], end: int, prefix: str) -> Iterator[str]:
    main = [end]
    while steps[main[-1]].inputs:
        main.append(steps[main[-1]].inputs[0])
    for place in reversed(main):
        step = steps[place]
        for other in step.inputs[1:]:
            yield from _branch(steps, other, f"{prefix}│ ")
            yield f"{prefix}├─╯"
        text = " ← ".join(part for part in (", ".join(step.closed), applied(step)) if part)
        yield _tree_row(f"{prefix}{_TOUCHED} ", text, number(step.n_entries))


def _tree_row(prefix: str, text: str, entries: str) -> str:
    width = _WIDTH - _ENTRIES - 1
    return f"{cut(prefix + text, width):<{width}} {entries:>{_ENTRIES}}"


def _notes(report: PlanReport) -> list[str]:
    counts = ", ".join(
        f"{words} {len(report.settled[why])}"
        for why, words in _SETTLED.items()
        if why in report.settled
    )
    meaning = (
        "Variables: findings to explain, unknown contexts, and causes that other causes depend on."
    )
    notes = [meaning] if report.steps else []
    notes += _wrapped(f"Settled without a variable: {counts or 'nothing'}.", "  ")
    if report.loose:
        names = ", ".join(report.loose)
        text = f"Causes without a variable, a factor each: {len(report.loose)} ({names}"
        notes.append(f"{cut(text, _WIDTH - 2)}).")
    return notes
