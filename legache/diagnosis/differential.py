"""Which causes are probable, how urgent are they, and what does the result rest on?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from legache.version import __version__
from legache.diagnosis.evidence import AGE, AGE_BAND, Evidence, Likelihood, merged, parse_evidence
from legache.diagnosis.model import DiagnosticModel, prior
from legache.errors import ImpossibleEvidenceError
from legache.inference.posterior import Posterior, posterior

if TYPE_CHECKING:
    import pandas as pd

DISCLAIMER = "For research and teaching; not a medical device."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Diagnosis:
    """A ranked differential diagnosis.  Made by `Network.diagnose`; immutable.

    Attributes
    ----------
    model
        What was asked.
    given
        Everything that was said, in canonical form.
    assumed
        What was taken for granted beside it: the complaint, unless it was given.
    answer
        The exact posterior.
    """

    model: DiagnosticModel
    given: Evidence
    assumed: Mapping[str, object]
    answer: Posterior

    @property
    def causes(self) -> pd.DataFrame:
        """One row for each cause, most probably responsible first.

        Columns are ``label``; ``prior``, P(present) in adults before any
        evidence; ``present``, P(present | evidence); ``responsible``, the
        probability that this cause is what brought the patient; and
        ``urgency``.  Causes are not exclusive: a column need not sum to 1.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        ids = self.model.cause_ids
        table = pd.DataFrame(
            {
                "label": [self.model.nodes[name].label for name in ids],
                "prior": prior(self.model.network),
                "present": self.answer.present,
                "responsible": self.answer.responsible,
                "urgency": [self.model.urgency[name] for name in ids],
            },
            index=pd.Index(ids, name="cause"),
        )
        order = sorted(range(len(ids)), key=lambda i: (-self.answer.responsible[i], ids[i]))
        return table.iloc[order]

    @property
    def ranking(self) -> tuple[str, ...]:
        """Cause ids, most probably responsible first; ties by id."""
        ids = self.model.cause_ids
        order = sorted(range(len(ids)), key=lambda i: (-self.answer.responsible[i], ids[i]))
        return tuple(ids[i] for i in order)

    @property
    def unexplained(self) -> float:
        """Probability that only an unlisted cause is responsible."""
        return self.answer.unexplained

    @property
    def log_evidence(self) -> float:
        """Natural logarithm of the probability of the evidence, the assumed complaint included."""
        return self.answer.log_evidence

    @property
    def evidence(self) -> Mapping[str, object]:
        """What was said, in canonical form; unknowns are left out."""
        return self.given.given

    @property
    def setting(self) -> str:
        """Who is asking: the setting whose consultation rates were used."""
        return self.model.setting

    def update(self, evidence: object = None, /, **more: object) -> Diagnosis:
        """Return a new diagnosis with more said; a value of None takes back what was said."""
        return diagnose(self.model, {**self.evidence, **merged(evidence, more)})

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        present, responsible = self.answer.present, self.answer.responsible
        place = {name: i for i, name in enumerate(self.model.cause_ids)}
        before = prior(self.model.network)
        package = self.model.knowledge.package
        return {
            "legache": __version__,
            "priors": {
                "name": package.name,
                "version": package.version,
                "sha256": self.model.knowledge.digest,
            },
            "engine": "exact",
            "setting": self.setting,
            "evidence": {name: _plain(value) for name, value in self.evidence.items()},
            "assumed": dict(self.assumed),
            "log_evidence": self.log_evidence,
            "unexplained": self.unexplained,
            "causes": [
                {
                    "id": name,
                    "label": self.model.nodes[name].label,
                    "prior": float(before[place[name]]),
                    "present": float(present[place[name]]),
                    "responsible": float(responsible[place[name]]),
                    "urgency": self.model.urgency[name],
                }
                for name in self.ranking
            ],
            "note": DISCLAIMER,
        }

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        import json  # noqa: PLC0415 - only needed here

        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        from legache.diagnosis.text import differential_text  # noqa: PLC0415 - imports tabulate

        return differential_text(self)

    def _repr_html_(self) -> str:
        from legache.diagnosis.text import differential_html  # noqa: PLC0415 - imports tabulate

        return differential_html(self)


def diagnose(model: DiagnosticModel, said: Mapping[str, object]) -> Diagnosis:
    """Exact differential for what was said of a patient; see `Network.diagnose`."""
    evidence = parse_evidence(model.nodes, said)
    assumed = {} if model.complaint in evidence.given else {model.complaint: True}
    complete = parse_evidence(model.nodes, {**evidence.given, **assumed})
    answer = answer_to(model, complete)
    return Diagnosis(
        model=model, given=evidence, assumed=MappingProxyType(assumed), answer=answer
    )


def answer_to(model: DiagnosticModel, evidence: Evidence) -> Posterior:
    """Exact posterior; a conflict is told in the words that were used."""
    try:
        return posterior(model.network, evidence.likelihoods)
    except ImpossibleEvidenceError as error:
        said_age = AGE in evidence.given
        names = [AGE if name == AGE_BAND and said_age else name for name in error.conflict]
        raise ImpossibleEvidenceError(names) from error


def _plain(value: object) -> object:
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {"likelihood_ratio": dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value
