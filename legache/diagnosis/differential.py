"""Which causes are probable, how urgent are they, and what does the result rest on?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from legache.diagnosis.advice import Advice, advice_on
from legache.diagnosis.attribution import Attribution, attribution_of
from legache.diagnosis.contrast import Contrast, contrast_of
from legache.diagnosis.evidence import (
    AGE,
    AGE_BAND,
    PRESENT,
    Evidence,
    merged,
    parse_evidence,
)
from legache.diagnosis.explanation import Explanation, explanation_of
from legache.diagnosis.fit import Fit, fit_of
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.ranking import RankedCause, ranked
from legache.diagnosis.record import plain_value
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

    def update(self, evidence: object = None, /, **more: object) -> Diagnosis:
        """Return a new diagnosis with more said; a value of None takes back what was said."""
        return diagnose(self.model, {**self.evidence, **merged(evidence, more)})

    def explain(self, cause: str, *, of: str = "responsible", shapley: bool = False) -> Explanation:
        r"""Weight of each item of evidence for a cause, in decibans, alone and given the rest.

        With :math:`L(\cdot) = 10 \log_{10}` of the odds of the cause, baseline :math:`b` and
        items :math:`e`,

        .. math::
            w_i^{\text{alone}} &= L(b, e_i) - L(b), \\
            w_i^{\text{given the rest}} &= L(b, e) - L(b, e_{-i}),

        and an interaction for each makes prior, weights and interaction add up to the
        posterior: it is what items say twice, or only together.

        Parameters
        ----------
        cause
            Its id.
        of
            ``"responsible"``, from the complaint as baseline: without it nobody is responsible.
            Or ``"present"``, from no evidence at all, as `causes` has it in ``prior``: then the
            complaint is an item, too.
        shapley
            Add Shapley values: exact for up to twelve items, with all contexts as one item if
            there are more; beyond, sampled from 50 random orders with a fixed seed, with standard
            errors.  Takes seconds: some thousand subsets of the evidence are answered.

        Raises
        ------
        EvidenceError
            There is no such cause, or `of` is neither of the two.
        LimitError
            The exact answer for some subset of the evidence would not fit into memory.

        Notes
        -----
        An item that counts against a cause given the rest may do so because another cause
        explains it.  Of the three other causes whose probability it raises most, the rival is the
        one whose absence would raise the weight most,

        .. math:: L(b, e, \neg r) - L(b, e_{-i}, \neg r) - w_i^{\text{given the rest}} ,

        if by 1 decibans or more.  If the item could not be there without one of them, that is
        the rival.  A cause that was said to be present cannot be taken as absent.

        Probabilities of 0 and 1 have no log odds: such weights are None, NaN in the table, and
        `effect` says what the item rules out or proves.

        References
        ----------
        Good, I. J. (1985). Weight of evidence: a brief survey. Bayesian Statistics 2, 249-270.

        Wellman, M. P. & Henrion, M. (1993). Explaining "explaining away". IEEE Trans. Pattern
        Anal. Mach. Intell. 15, 287-292.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=60, swelling_one_leg=True, calf_tenderness=True)
        >>> why = dx.explain("deep_vein_thrombosis")
        >>> bool(why.table.loc["swelling_one_leg", "given_the_rest"] > 0)
        True
        >>> total = why.table["alone"].sum() + why.balance.prior + why.balance.interaction
        >>> bool(abs(total - why.balance.posterior) < 1e-9)
        True
        """
        return explanation_of(self.model, self.given, cause, of, shapley=shapley)

    def contrast(
        self, cause: str, against: str, *, of: str = "responsible", shapley: bool = False
    ) -> Contrast:
        """Weight of each item of evidence for one cause against another, in decibans.

        As `explain`, of 10 log10 of the ratio of the two probabilities in place of the log odds
        of one: above 0 for `cause`, below for `against`.

        Parameters
        ----------
        cause, against
            Ids of causes.
        of, shapley
            As for `explain`.

        Raises
        ------
        EvidenceError, LimitError
            As for `explain`.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=60, swelling_one_leg=True)
        >>> why = dx.contrast("deep_vein_thrombosis", "osteoarthritis")
        >>> bool(why.table.loc["swelling_one_leg", "alone"] > 0)
        True
        """
        causes = (cause, against)
        return contrast_of(self.model, self.given, causes, of, shapley=shapley)

    def attribution(self, finding: str | None = None) -> Attribution:
        """Which cause's link produced a present finding, with *unlisted* and the leak.

        Parameters
        ----------
        finding
            Id of a finding or test that was said to be there, or of the complaint; the
            complaint if omitted.

        Returns
        -------
        Attribution
            For each contributor the probability that it alone would have brought the finding to
            where it was seen.  More than one may have done so: they may sum to more than 1.

        Raises
        ------
        EvidenceError
            There is no such finding, or it was not said to be there.
        LimitError
            The exact answer does not fit into memory.

        Notes
        -----
        Of a graded finding: that the contributor reached the highest state that was allowed.  Of
        soft evidence: that the finding is there *and* the contributor produced it.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=60, swelling_one_leg=True)
        >>> shares = dx.attribution().table["probability"]
        >>> responsible = dx.causes["responsible"]
        >>> bool(abs(shares["osteoarthritis"] - responsible["osteoarthritis"]) < 1e-9)
        True
        """
        return attribution_of(self.model, self.given, finding)

    def fit(self) -> Fit:
        r"""How well the findings fit together, and the leading cause.

        *Surprise*: the percentage of 1,000 simulated patients with the complaint (fixed seed),
        asked the same things, whose answers are less probable than these; ties count half.
        *Conflict*, in bits, given the complaint and what is known of the contexts :math:`b`,

        .. math:: \text{conf}(e) = \log_2 \frac{\prod_i P(e_i \mid b)}{P(e \mid b)} ,

        above 0 if the findings are less probable together than each by itself.  A rare cause
        may resolve it: with the leading cause :math:`h`, it is
        :math:`\text{conf}(e) + \log_2 P(h \mid b) / P(h \mid e, b)`.

        Returns
        -------
        Fit
            For each finding :math:`P(e_i \mid b)`, :math:`P(e_i \mid e_{-i}, b)` and
            :math:`P(e_i \mid e_{-i}, b, h \text{ responsible})`.  It does not fit the leading
            story if that story makes it half as probable as it is by itself, or less; or leaves
            it below 10 % without making it more probable.

        Raises
        ------
        EvidenceError
            The complaint was not said, or assumed, to be there.
        LimitError
            Too few people have the complaint to simulate them, or an exact answer does not fit
            into memory.

        References
        ----------
        Jensen, F. V., Chamberlain, B., Nordahl, T. & Jensen, F. (1991). Analysis in HUGIN of
        data conflict. Uncertainty in Artificial Intelligence 6, 519-528.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=60, swelling_one_leg=True, calf_tenderness=True)
        >>> dx.fit().conflict < 0
        True
        """
        return fit_of(self.model, self.given)

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
            "evidence": {name: plain_value(value) for name, value in self.evidence.items()},
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
