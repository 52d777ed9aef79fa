"""Which causes are probable, how urgent are they, and what does the result rest on?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from legache.diagnosis.advice import Advice, advice_on
from legache.diagnosis.attribution import Attribution, attribution_of
from legache.diagnosis.citations import By, Citations, citations_of
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
from legache.diagnosis.intervals import Intervals, intervals_of
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.moves import Of
from legache.diagnosis.next_questions import KINDS, NextQuestions, next_questions
from legache.diagnosis.parameter_draws import N_DRAWS, SEED
from legache.diagnosis.ranking import RankedCause, ranked
from legache.diagnosis.record import parsed, priors_of, provenance
from legache.diagnosis.recorded import (
    COLUMNS,
    N_SHOWN,
    RecordedDiagnosis,
    bounds_of,
    notes_of,
    title_of,
)
from legache.diagnosis.red_flags import RedFlags, red_flags_of
from legache.diagnosis.robustness import Robustness, robustness_of
from legache.diagnosis.sensitivity import SensitivityAnalysis, sensitivity_of
from legache.diagnosis.text import DISCLAIMER, Bounds, table_html, table_text
from legache.errors import ImpossibleEvidenceError, LimitError
from legache.inference.approximation import ApproximatePosterior, approximate_posterior
from legache.inference.compiled import is_compiled
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior, posterior
from legache.network.structure import NoisyMaxNetwork

if TYPE_CHECKING:
    import pandas as pd

_BOUNDS = ("present_low", "present_high", "responsible_low", "responsible_high")


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
        evidence; ``present``, P(present | evidence), and ``responsible``, the
        probability that this cause is what brought the patient, each with the ends of its
        95 % interval, ``present_low`` to ``responsible_high``; ``likelihood_ratio`` and
        ``weight`` in decibans of the whole evidence for present, empty where the cause is
        known; and ``urgency``.  Causes are not exclusive: a column need not sum to 1.  If the
        engine is approximate, there are no intervals: ``present_error`` and
        ``responsible_error`` are standard errors.

        The first table of a network takes about a second, for the draws behind the
        intervals, and each takes minutes without the compiled kernel; `ranked` has the same
        without them.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        names = [item.name for item in fields(RankedCause)]
        table = pd.DataFrame([astuple(row) for row in self.ranked], columns=names)
        table = table.set_index("id").rename_axis("cause")
        if self._approximation is None:
            table = table.join(self.intervals().table[list(_BOUNDS)])
            table = table[COLUMNS]
        else:
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

    def intervals(
        self, interval: float = 0.95, *, n_draws: int = N_DRAWS, seed: int = SEED
    ) -> Intervals:
        """Posteriors with intervals from the uncertainty of the priors' own numbers.

        Every published figure is drawn from its 95 % interval, and each draw is converted to a
        network and asked anew; draws are weighted by the probability of the evidence.

        Parameters
        ----------
        interval
            Probability within, between 0 and 1.
        n_draws, seed
            The same numbers give the same intervals, bit for bit.  The draws depend on
            the network and the setting alone, and are kept.

        Raises
        ------
        EvidenceError
            `interval` is not between 0 and 1, or `n_draws` or `seed` is no such number.
        LimitError
            The answer is approximate, or the evidence is impossible under every draw.

        Notes
        -----
        `legache.network.uncertainty` says what is drawn from which distribution, and
        `legache.network.drawing` what moves together.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(age=67, sex="female", swelling_one_leg=True)
        >>> row = dx.intervals(0.8).table.loc["deep_vein_thrombosis"]
        >>> bool(row["present_low"] <= row["present"] <= row["present_high"])
        True
        """
        if self._approximation is not None:
            message = "an approximate answer has no intervals; it has standard errors"
            raise LimitError(message)
        return _intervals(self, interval, n_draws, seed)

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

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        return {
            **provenance(self.model, self.given, assumed=self.assumed, engine=self.engine),
            "log_evidence": self.log_evidence,
            "unexplained": self.unexplained,
            "causes": self._cause_records(),
            **self._interval_record(),
            "red_flags": self.red_flags.as_record(),
            "guidance": self.guidance().as_record(),
            **self._errors(),
            "note": DISCLAIMER,
        }

    def _cause_records(self) -> list[dict[str, object]]:
        if not self._shows_intervals:
            return [asdict(row) for row in self.ranked]
        ends = {row.id: asdict(row) for row in self.intervals().causes}
        return [
            {**asdict(row), **{name: ends[row.id][name] for name in _BOUNDS}} for row in self.ranked
        ]

    def _interval_record(self) -> dict[str, dict[str, object]]:
        if not self._shows_intervals:
            return {}
        within = self.intervals()
        record = within.as_record()
        of_draws = ("interval", "draws", "seed", "effective_sample_size")
        kept = {name: record[name] for name in (*of_draws, "unexplained_low", "unexplained_high")}
        return {"intervals": {**kept, "caution": within.caution()}}

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
        return table_text(*self._shown())

    def _repr_html_(self) -> str:
        return table_html(*self._shown())

    def _shown(self) -> tuple[str, tuple[RankedCause, ...], list[str], Bounds | None]:
        rows = self._cause_records()[:N_SHOWN] if self._shows_intervals else []
        return self._title(), self.ranked[:N_SHOWN], self._notes(), bounds_of(rows)

    @property
    def _shows_intervals(self) -> bool:
        """Whether what is written has intervals: not where they would take minutes."""
        return self._approximation is None and is_compiled()

    def _title(self) -> str:
        other = self.model.population
        return title_of(
            self.model.complaint, self.setting, other.name if other is not None else None
        )

    def _notes(self) -> list[str]:
        found = self._approximation
        errors = () if found is None else (found.present_error, found.responsible_error)
        return notes_of(
            self.ranked,
            unexplained=self.unexplained,
            intervals=self._interval_record().get("intervals"),
            flags=self.red_flags.raised,
            assumed=self.assumed,
            n_known=len(self.evidence),
            n_samples=None if found is None else found.n_samples,
            largest_error=max((float(error.max()) for error in errors), default=0.0),
            priors=priors_of(self.model),
        )

    def _likelihoods(self) -> dict[str, tuple[float, ...]]:
        return {**self.given.likelihoods, **dict.fromkeys(self.assumed, PRESENT)}


@lru_cache(maxsize=64)
def _intervals(diagnosis: Diagnosis, interval: float, n_draws: int, seed: int) -> Intervals:
    return intervals_of(
        diagnosis.model,
        diagnosis.given,
        diagnosis._likelihoods(),  # noqa: SLF001 - the class's own cache
        diagnosis.answer,
        interval=interval,
        n_draws=n_draws,
        seed=seed,
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
