"""How will the evidence on a patient be eliminated, and what will it cost?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from legache.diagnosis.evidence import parse_evidence
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.plan_chart import applied, plan_html, plan_text
from legache.errors import MissingDependencyError
from legache.inference.plan_report import PlanReport, plan_report

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_EXTRA = "plots"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EliminationPlan(PlanReport):
    """A plan with its sizes; shown as a chart.  Made by `Network.plan`; immutable."""

    @property
    def table(self) -> pd.DataFrame:
        """One row for each step, the first first.

        Columns are ``causes``, which are applied; ``opened``, ``touched`` and ``closed``, the
        variables to which that happens; ``n_open``, how many are open in the step; and
        ``n_entries`` of the table that it leaves, in one lane.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        rows = [
            {
                "causes": applied(step),
                "opened": ", ".join(step.opened),
                "touched": ", ".join(step.touched),
                "closed": ", ".join(step.closed),
                "n_open": len(step.open),
                "n_entries": step.n_entries,
            }
            for step in self.steps
        ]
        columns = ["causes", "opened", "touched", "closed", "n_open", "n_entries"]
        index = pd.RangeIndex(1, len(rows) + 1, name="step")
        return pd.DataFrame(rows, index=index, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the plan: a bar for each variable, and the size of the table beside.

        Parameters
        ----------
        ax
            Axes of matplotlib to draw into; those of a new figure if omitted.

        Raises
        ------
        MissingDependencyError
            matplotlib is not installed: ``python -m pip install 'legache[plots]'``.
        """
        try:
            import matplotlib.pyplot as plt  # noqa: PLC0415 - slow to import
        except ModuleNotFoundError as error:
            raise MissingDependencyError(_EXTRA) from error
        from legache.diagnosis.plan_picture import draw, size_of  # noqa: PLC0415

        if ax is None:
            _, ax = plt.subplots(figsize=size_of(self), layout="constrained")
        draw(self, ax)
        return ax

    def __repr__(self) -> str:
        return plan_text(self)

    def _repr_html_(self) -> str:
        return plan_html(self)


def plan_for(model: DiagnosticModel, said: Mapping[str, object]) -> EliminationPlan:
    """Plan of the diagnosis for what was said of a patient; see `Network.plan`."""
    given = parse_evidence(model.nodes, said).likelihoods
    report = plan_report(model.network, {model.complaint: (0.0, 1.0), **given})
    return EliminationPlan(**{item.name: getattr(report, item.name) for item in fields(report)})
