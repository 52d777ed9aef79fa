"""How does a differential look in a terminal and in a notebook?"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from tabulate import tabulate

if TYPE_CHECKING:
    from legache.diagnosis.differential import Diagnosis

N_SHOWN = 10
_SOON = {"emergency": "now", "urgent": "24 hours", "soon": "2 weeks", "routine": "routine"}
_HEADERS = ("", "cause", "responsible", "present", "prior", "see within")


def percent(probability: float) -> str:
    """Probability as a percentage with three digits that matter.

    Examples
    --------
    >>> percent(0.4567), percent(0.00321), percent(0.00000004)
    ('45.7 %', '0.32 %', '<0.01 %')
    """
    if 0 < probability < 0.0001:
        return "<0.01 %"
    digits = 1 if probability >= 0.1 else 2
    return f"{100 * probability:.{digits}f} %"


def differential_text(diagnosis: Diagnosis, n_shown: int = N_SHOWN) -> str:
    """Table of the leading causes, with what it rests on."""
    table = tabulate(
        _rows(diagnosis, n_shown),
        headers=_HEADERS,
        tablefmt="simple",
        colalign=("right", "left", "right", "right", "right", "left"),
        disable_numparse=True,
    )
    return "\n".join([_title(diagnosis), "", table, "", *_footer(diagnosis, n_shown)])


def differential_html(diagnosis: Diagnosis, n_shown: int = N_SHOWN) -> str:
    """Render the same as HTML; every text is escaped."""
    table = tabulate(
        _rows(diagnosis, n_shown), headers=_HEADERS, tablefmt="html", disable_numparse=True
    )
    notes = "".join(f"<div>{html.escape(line)}</div>" for line in _footer(diagnosis, n_shown))
    return f"<div><b>{html.escape(_title(diagnosis))}</b>{table}<small>{notes}</small></div>"


def _title(diagnosis: Diagnosis) -> str:
    return f"Differential diagnosis of {_complaint(diagnosis)} ({_words(diagnosis.setting)})"


def _complaint(diagnosis: Diagnosis) -> str:
    return _words(diagnosis.model.complaint)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _rows(diagnosis: Diagnosis, n_shown: int) -> list[list[str]]:
    table = diagnosis.causes.head(n_shown)
    return [
        [
            str(rank),
            str(row.label),
            percent(row.responsible),
            percent(row.present),
            percent(row.prior),
            _SOON.get(row.urgency, "self-care"),
        ]
        for rank, row in enumerate(table.itertuples(), start=1)
    ]


def _footer(diagnosis: Diagnosis, n_shown: int) -> list[str]:
    lines = [
        f"None of the listed causes: {percent(diagnosis.unexplained)}. "
        "Causes may coexist, so a column need not sum to 100 %.",
    ]
    hidden = diagnosis.causes.iloc[n_shown:]
    pressing = hidden[hidden["urgency"] == "emergency"]
    if len(pressing):
        named = ", ".join(f"{row.label} {percent(row.responsible)}" for row in pressing.itertuples())
        lines.append(f"Emergencies further down: {named}.")
    assumed = ", ".join(f"{_words(name)} present" for name in diagnosis.assumed)
    taken = f" Assumed: {assumed}." if assumed else ""
    package = diagnosis.model.knowledge.package
    lines.append(
        f"{len(diagnosis.evidence)} things known.{taken} Priors {package.name} {package.version} "
        f"({diagnosis.model.knowledge.digest[:12]})."
    )
    from legache.diagnosis.differential import DISCLAIMER  # noqa: PLC0415 - it imports this module

    return [*lines, DISCLAIMER]
