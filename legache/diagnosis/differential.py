"""Which causes are probable, how urgent are they, and what does the result rest on?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from legache.diagnosis.advice import Advice, advice_on
from legache.diagnosis.citations import By, Citations, citations_of
from legache.diagnosis.evidence import (
    AGE,
    AGE_BAND,
    PRESENT,
    Evidence,
    merged,
    parse_evidence,
)
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.moves import Of
from legache.diagnosis.ranking import RankedCause, ranked
from legache.diagnosis.record import parsed, priors_of, provenance
from legache.diagnosis.recorded import N_SHOWN, RecordedDiagnosis, notes_of, title_of
from legache.diagnosis.red_flags import RedFlags, red_flags_of
from legache.diagnosis.robustness import Robustness, robustness_of
from legache.diagnosis.sensitivity import SensitivityAnalysis, sensitivity_of
from legache.diagnosis.text import DISCLAIMER, table_html, table_text
from legache.errors import ImpossibleEvidenceError, LimitError
from legache.inference.approximation import ApproximatePosterior, approximate_posterior
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior, posterior
from legache.network.structure import NoisyMaxNetwork

if TYPE_CHECKING:
    import pandas as pd


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
        The posterior; an `ApproximatePosterior` past the memory limit.
    """

    model: DiagnosticModel
    given: Evidence
    assumed: Mapping[str, object]
    answer: Posterior

    @property
    def ranked(self) -> tuple[RankedCause, ...]:
        """The causes as records, most probably responsible first; ties by id."""
        return ranked(self.model, self.answer)

    @property
    def causes(self) -> pd.DataFrame:
        """One row for each cause, most probably responsible first.

        Columns are ``label``; ``prior``, P(present) in everyone before any
        evidence; ``present``, P(present | evidence); ``responsible``, the
        probability that this cause is what brought the patient; and
        ``urgency``.  Causes are not exclusive: a column need not sum to 1.  If the
        engine is approximate, ``present_error`` and ``responsible_error`` are
        standard errors.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = [item.name for item in fields(RankedCause)]
        table = pd.DataFrame([astuple(row) for row in self.ranked], columns=names)
        table = table.set_index("id").rename_axis("cause")
        if self._approximation is not None:
            places = [self.model.cause_ids.index(name) for name in table.index]
            table["present_error"] = self._approximation.present_error[places]
            table["responsible_error"] = self._approximation.responsible_error[places]
        return table

    @property
    def engine(self) -> str:
        """``exact``, or ``approximate`` if the exact answer would not have fitted into memory."""
        return "exact" if self._approximation is None else "approximate"

    @property
    def _approximation(self) -> ApproximatePosterior | None:
        answer = self.answer
        return None if not isinstance(answer, ApproximatePosterior) or answer.is_exact else answer

    @property
    def ranking(self) -> tuple[str, ...]:
        """Cause ids, most probably responsible first; ties by id."""
        return tuple(row.id for row in self.ranked)

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

    @property
    def red_flags(self) -> RedFlags:
        """Warning signs that were said to be there, whatever the probabilities are.

        A sign that was not told of is not taken as absent: ``.unasked`` has the flags of
        pressing causes that are still open, and ``.must_not_miss`` the emergencies with their
        probabilities.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(swelling_one_leg=True, breathlessness_or_chest_pain=True)
        >>> flag = dx.red_flags.raised[0]
        >>> flag.cause, flag.node, flag.urgency, flag.grade
        ('deep_vein_thrombosis', 'breathlessness_or_chest_pain', 'emergency', 'guideline')
        """
        return red_flags_of(self.model, self.given, self.ranked)

    def guidance(self, cause: str | None = None) -> Advice:
        """What sources say of a cause: when to see a doctor, cautions, tests, self-care, food.

        Parameters
        ----------
        cause
            Its id; if omitted, what is said of the complaint in general.

        Raises
        ------
        EvidenceError
            There is no such cause.

        Examples
        --------
        >>> import legache
        >>> said = legache.load().diagnose().guidance("hypokalemia")
        >>> said.table.query("kind == 'food'")["text"].iloc[2]
        'Banana: 422 mg potassium per medium fruit (118 g).'
        """
        return advice_on(self.model, cause)

    def update(self, evidence: object = None, /, **more: object) -> Diagnosis:
        """Return a new diagnosis with more said; a value of None takes back what was said."""
        return diagnose(self.model, {**self.evidence, **merged(evidence, more)})

    def sensitivity(self, cause: str, *, of: Of = "responsible") -> SensitivityAnalysis:
        """Move every number of the priors through its interval, and see what a posterior does.

        Parameters
        ----------
        cause
            Its id.
        of
            Which posterior: ``"responsible"`` or ``"present"``.

        Returns
        -------
        SensitivityAnalysis
            Shown as a tornado: ``.table`` and ``.plot()``; with the curve of the posterior in
            any number, and the smallest change that makes another cause the leading one.

        Raises
        ------
        EvidenceError
            There is no such cause or posterior.
        LimitError
            The exact answer does not fit into memory.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=52, sex="female", urge_to_move=True)
        >>> found = dx.sensitivity("restless_legs_syndrome")
        >>> row = found.rows[0]
        >>> bool(row.swing == max(row.at_low, row.at_high) - min(row.at_low, row.at_high))
        True
        """
        return sensitivity_of(self.model, self.given, self.assumed, self.answer, cause=cause, of=of)

    def robustness(self, *, at_most: int = 3, contexts: bool = False) -> Robustness:
        """Find the fewest observations without which another cause would lead.

        Parameters
        ----------
        at_most
            How many observations may be taken back together.
        contexts
            Whether age, sex and the other contexts may be taken back, too; the complaint never is.

        Returns
        -------
        Robustness
            All smallest sets, each with the new leading cause and the probabilities.

        Raises
        ------
        EvidenceError
            `at_most` is less than 1.
        LimitError
            Too many sets to try.

        Notes
        -----
        Exact: all single observations are tried, then all pairs, and so on.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(
        ...     age=52, sex="female", urge_to_move=True, fever=False)
        >>> dx.robustness(at_most=1).sets[0].retracted
        ('urge_to_move',)
        """
        return robustness_of(
            self.model,
            self.given,
            self.assumed,
            self.answer,
            at_most=at_most,
            contexts=contexts,
        )

    def citations(
        self, cause: str, n: int = 10, *, of: Of = "responsible", by: By = "leverage"
    ) -> Citations:
        """Name the numbers that moved a posterior most, with their sources.

        Parameters
        ----------
        cause
            Its id.
        n
            How many numbers at most.
        of
            Which posterior: ``"responsible"`` or ``"present"``.
        by
            ``"leverage"``: how far the posterior moves, in log odds, per unit of the number's own
            log odds (of a ratio or rate, logarithm): on what the answer rests, however well it is
            known.  ``"swing"``: how far it moves while the number moves through its interval: on
            what the doubt rests.

        Raises
        ------
        EvidenceError
            There is no such cause, posterior or order.
        LimitError
            The exact answer does not fit into memory.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=52, sex="female", urge_to_move=True)
        >>> found = dx.citations("restless_legs_syndrome", n=3)
        >>> len(found.numbers), all(source.title for source in found.references)
        (3, True)
        """
        return citations_of(self.model, self.sensitivity(cause, of=of), n=n, by=by)

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            **provenance(self.model, self.given, assumed=self.assumed, engine=self.engine),
            "log_evidence": self.log_evidence,
            "unexplained": self.unexplained,
            "causes": [asdict(row) for row in self.ranked],
            "red_flags": self.red_flags.as_record(),
            "guidance": self.guidance().as_record(),
            **self._errors(),
            "note": DISCLAIMER,
        }

    def _errors(self) -> dict[str, object]:
        """Standard errors and size of an approximation; nothing if exact."""
        found = self._approximation
        if found is None:
            return {}
        ids = self.model.cause_ids
        return {
            "standard_errors": {
                "log_evidence": found.log_evidence_error,
                "unexplained": found.unexplained_error,
                "present": dict(zip(ids, found.present_error.tolist(), strict=True)),
                "responsible": dict(zip(ids, found.responsible_error.tolist(), strict=True)),
            },
            "samples": found.n_samples,
            "effective_sample_size": found.effective_sample_size,
        }

    def to_json(self) -> str:
        """Return `as_record` as JSON text."""
        return json.dumps(self.as_record(), indent=2, ensure_ascii=False, allow_nan=False)

    @staticmethod
    def from_record(record: Mapping[str, object]) -> RecordedDiagnosis:
        """Read what `as_record` wrote: it prints the same, and has the same tables.

        What was recorded cannot be asked further: for that, diagnose its ``.evidence`` anew.

        Raises
        ------
        FormatError
            It is another kind of record.
        """
        return RecordedDiagnosis(record)

    @staticmethod
    def from_json(text: str) -> RecordedDiagnosis:
        """Read what `to_json` wrote; see `from_record`.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(urge_to_move=True)
        >>> again = legache.Diagnosis.from_json(dx.to_json())
        >>> repr(again) == repr(dx), again.to_json() == dx.to_json()
        (True, True)
        """
        return RecordedDiagnosis(parsed(text))

    def __repr__(self) -> str:
        return table_text(self._title(), self.ranked[:N_SHOWN], self._notes())

    def _repr_html_(self) -> str:
        return table_html(self._title(), self.ranked[:N_SHOWN], self._notes())

    def _title(self) -> str:
        return title_of(self.model.complaint, self.setting)

    def _notes(self) -> list[str]:
        found = self._approximation
        errors = () if found is None else (found.present_error, found.responsible_error)
        return notes_of(
            self.ranked,
            unexplained=self.unexplained,
            flags=self.red_flags.raised,
            assumed=self.assumed,
            n_known=len(self.evidence),
            n_samples=None if found is None else found.n_samples,
            largest_error=max((float(error.max()) for error in errors), default=0.0),
            priors=priors_of(self.model),
        )


def diagnose(
    model: DiagnosticModel,
    said: Mapping[str, object],
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> Diagnosis:
    """Differential for what was said of a patient; see `Network.diagnose`."""
    evidence = parse_evidence(model.nodes, said)
    assumed = {} if model.complaint in evidence.given else {model.complaint: True}
    complete = {**evidence.likelihoods, **dict.fromkeys(assumed, PRESENT)}
    answer = answer_to(model, evidence, complete, memory_limit, may_approximate=True)
    return Diagnosis(
        model=model,
        given=evidence,
        assumed=MappingProxyType(assumed),
        answer=answer,
    )


def answer_to(
    model: DiagnosticModel,
    evidence: Evidence,
    likelihoods: Mapping[str, tuple[float, ...]],
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
    *,
    may_approximate: bool = False,
) -> Posterior:
    """Exact posterior, or an approximate one past the memory limit if that may be.

    A conflict is told in the words that were used.
    """
    answer = _posterior_within_limit if may_approximate else posterior
    try:
        return answer(model.network, likelihoods, memory_limit=memory_limit)
    except ImpossibleEvidenceError as error:
        said_age = AGE in evidence.given
        names = [AGE if name == AGE_BAND and said_age else name for name in error.conflict]
        raise ImpossibleEvidenceError(names) from error


def _posterior_within_limit(
    network: NoisyMaxNetwork,
    likelihoods: Mapping[str, tuple[float, ...]],
    *,
    memory_limit: int,
) -> Posterior:
    try:
        return posterior(network, likelihoods, memory_limit=memory_limit)
    except LimitError:
        return approximate_posterior(network, likelihoods, memory_limit=memory_limit)
