"""Which causes are probable, how urgent are they, and what does the result rest on?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from legache.diagnosis.advice import Advice, advice_on
from legache.diagnosis.evidence import (
    AGE,
    AGE_BAND,
    PRESENT,
    Evidence,
    Likelihood,
    merged,
    parse_evidence,
)
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.next_questions import KINDS, NextQuestions, next_questions
from legache.diagnosis.ranking import RankedCause, ranked
from legache.diagnosis.red_flags import RedFlags, raised_in_brief, red_flags_of
from legache.diagnosis.text import DISCLAIMER, percent, table_html, table_text, words
from legache.errors import ImpossibleEvidenceError, LimitError
from legache.inference.approximation import ApproximatePosterior, approximate_posterior
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior, posterior
from legache.network.structure import NoisyMaxNetwork
from legache.version import __version__

if TYPE_CHECKING:
    import pandas as pd

_N_SHOWN = 10


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

    def next_questions(
        self,
        cause: str | None = None,
        *,
        kinds: Sequence[str] = KINDS,
        cost: object = None,
        n: int | None = None,
        depth: int = 1,
    ) -> NextQuestions:
        r"""Rank what is not known yet by the information that its answer is expected to give.

        The information of an answer :math:`A` is the sum over the causes of its mutual
        information with each cause being responsible, given all that is known:

        .. math:: \sum_c I(A; R_c \mid e) = \sum_c \left[ H(R_c \mid e)
            - \sum_a P(a \mid e) H(R_c \mid a, e) \right]

        exactly, from the posteriors after every answer.  It is 0 for what cannot matter.  The
        sum is not the mutual information with all causes jointly: what an answer says of two
        causes at once counts twice.  ``leading_bits`` is the information about a single event,
        that the leading cause is responsible.

        Parameters
        ----------
        cause
            Take the information about this cause alone, and show its probabilities.
        kinds
            Some of ``"context"``, ``"finding"`` and ``"test"``.
        cost
            Rank by bits per ``"minutes"``, ``"money"`` or ``"discomfort"`` of the priors, or per
            unit of a mapping from node ids to numbers; by bits alone if omitted.
        n
            How many to keep; all if omitted.
        depth
            2 for pairs that are asked together, since two tests may say more together than
            either alone promises: exact for all pairs among the 12 best single questions.

        Raises
        ------
        EvidenceError
            There is no such cause, kind or cost, or a node has no cost in the mapping.
        KnowledgeError
            The priors have no costs.
        LimitError
            What is known leaves too much open for exact answers.

        Notes
        -----
        Nodes of which something was said, be it a set of states or a likelihood, are not asked.

        References
        ----------
        Lindley, D. V. (1956). On a measure of the information provided by an experiment.
        Ann. Math. Statist. 27, 986-1005.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(
        ...     age=67, sex="female", swelling_one_leg=True, sudden_onset=True)
        >>> asked = dx.next_questions("deep_vein_thrombosis", kinds=["test"])
        >>> asked.questions[0].nodes
        ('compression_ultrasound_dvt',)
        >>> no, yes = asked.questions[0].answers
        >>> no.focus_probability < asked.focus_probability < yes.focus_probability
        True
        """
        known = {**self.given.likelihoods, **dict.fromkeys(self.assumed, PRESENT)}
        return next_questions(
            self.model,
            self.given,
            known,
            self.answer.responsible,
            cause=cause,
            kinds=kinds,
            cost=cost,
            n=n,
            depth=depth,
        )

    def update(self, evidence: object = None, /, **more: object) -> Diagnosis:
        """Return a new diagnosis with more said; a value of None takes back what was said."""
        return diagnose(self.model, {**self.evidence, **merged(evidence, more)})

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        package = self.model.knowledge.package
        return {
            "legache": __version__,
            "priors": {
                "name": package.name,
                "version": package.version,
                "sha256": self.model.knowledge.digest,
            },
            "engine": self.engine,
            "setting": self.setting,
            "evidence": {name: _plain(value) for name, value in self.evidence.items()},
            "assumed": dict(self.assumed),
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

    def __repr__(self) -> str:
        return table_text(self._title(), self.ranked[:_N_SHOWN], self._notes())

    def _repr_html_(self) -> str:
        return table_html(self._title(), self.ranked[:_N_SHOWN], self._notes())

    def _title(self) -> str:
        return (
            f"Differential diagnosis of {words(self.model.complaint)}, "
            f"setting: {words(self.setting)}"
        )

    def _notes(self) -> list[str]:
        none = f"None of the listed causes: {percent(self.unexplained)}."
        notes = [f"{none} Causes may coexist, so a column need not sum to 100 %."]
        pressing = [row for row in self.ranked[_N_SHOWN:] if row.urgency == "emergency"]
        if pressing:
            named = ", ".join(f"{row.label} {percent(row.responsible)}" for row in pressing)
            notes.append(f"Emergencies further down: {named}.")
        notes += raised_in_brief(self.red_flags)
        assumed = ", ".join(f"{words(name)} present" for name in self.assumed)
        taken = f" Assumed: {assumed}." if assumed else ""
        found = self._approximation
        if found is not None:
            largest = max(found.present_error.max(), found.responsible_error.max())
            notes.append(
                f"Approximate, from {found.n_samples:,} samples: too many positive findings and "
                f"unknown contexts for an exact answer. Largest standard error: "
                f"{percent(float(largest))}."
            )
        package, digest = self.model.knowledge.package, self.model.knowledge.digest
        notes.append(
            f"Things known: {len(self.evidence)}.{taken} "
            f"Priors {package.name} {package.version} ({digest[:12]})."
        )
        return [*notes, DISCLAIMER]


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


def _plain(value: object) -> object:
    if isinstance(value, Likelihood):
        ratio = value.ratio
        return {"likelihood_ratio": dict(ratio) if isinstance(ratio, Mapping) else ratio}
    return list(value) if isinstance(value, tuple) else value
