"""Which causes are probable, how urgent are they, and what does the result rest on?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, fields
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from legache.diagnosis.advice import Advice, advice_on
from legache.diagnosis.evidence import (
    AGE,
    AGE_BAND,
    PRESENT,
    Evidence,
    merged,
    parse_evidence,
)
from legache.diagnosis.intervals import Intervals, intervals_of
from legache.diagnosis.model import DiagnosticModel
from legache.diagnosis.parameter_draws import N_DRAWS, SEED
from legache.diagnosis.ranking import RankedCause, ranked
from legache.diagnosis.record import provenance
from legache.diagnosis.red_flags import RedFlags, raised_in_brief, red_flags_of
from legache.diagnosis.text import (
    DISCLAIMER,
    Bounds,
    percent,
    percent_within,
    table_html,
    table_text,
    words,
)
from legache.errors import ImpossibleEvidenceError, LimitError
from legache.inference.approximation import ApproximatePosterior, approximate_posterior
from legache.inference.compiled import is_compiled
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior, posterior
from legache.network.structure import NoisyMaxNetwork

if TYPE_CHECKING:
    import pandas as pd

_N_SHOWN = 10
_BOUNDS = ("present_low", "present_high", "responsible_low", "responsible_high")
_COLUMNS = [
    *("label", "prior", "present", "present_low", "present_high"),
    *("responsible", "responsible_low", "responsible_high"),
    *("likelihood_ratio", "weight", "urgency"),
]


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
            table = table[_COLUMNS]
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

    def as_record(self) -> dict[str, object]:
        """Return everything as plain values that JSON can hold, in a fixed order."""
        origin = provenance(self.model, self.given)
        return {
            "legache": origin.pop("legache"),
            "priors": origin.pop("priors"),
            "engine": self.engine,
            **origin,
            "assumed": dict(self.assumed),
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
        if self._approximation is not None:
            return [asdict(row) for row in self.ranked]
        ends = {row.id: asdict(row) for row in self.intervals().causes}
        return [
            {**asdict(row), **{name: ends[row.id][name] for name in _BOUNDS}} for row in self.ranked
        ]

    def _interval_record(self) -> dict[str, object]:
        if self._approximation is not None:
            return {}
        record = self.intervals().as_record()
        kept = ("interval", "draws", "seed", "effective_sample_size")
        return {
            "intervals": {
                name: record[name] for name in (*kept, "unexplained_low", "unexplained_high")
            }
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
        return table_text(*self._shown())

    def _repr_html_(self) -> str:
        return table_html(*self._shown())

    def _shown(self) -> tuple[str, tuple[RankedCause, ...], list[str], Bounds | None]:
        return self._title(), self.ranked[:_N_SHOWN], self._notes(), self._bounds()

    @property
    def _shows_intervals(self) -> bool:
        """Whether what is printed has intervals: not where they would take minutes."""
        return self._approximation is None and is_compiled()

    def _bounds(self) -> Bounds | None:
        if not self._shows_intervals:
            return None
        return {
            row.id: (row.present_low, row.present_high, row.responsible_low, row.responsible_high)
            for row in self.intervals().causes
        }

    def _title(self) -> str:
        other = self.model.population
        population = f", population: {other.name}" if other is not None else ""
        return (
            f"Differential diagnosis of {words(self.model.complaint)}, "
            f"setting: {words(self.setting)}{population}"
        )

    def _notes(self) -> list[str]:
        none = f"None of the listed causes: {self._unexplained_in_words()}."
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
        elif not self._shows_intervals:
            notes.append(
                "Intervals take minutes without the compiled kernel: see `.intervals(n_draws=...)`."
            )
        else:
            within = self.intervals()
            notes.append(
                f"In brackets: {100 * within.interval:g} % intervals from {within.n_draws:,} draws "
                f"of the priors' numbers, effectively {within.effective_sample_size:.0f}. "
                f"Weight: of the whole evidence for present, in decibans."
            )
            caution = within.caution()
            notes += [caution] if caution else []
        package, digest = self.model.knowledge.package, self.model.knowledge.digest
        notes.append(
            f"Things known: {len(self.evidence)}.{taken} "
            f"Priors {package.name} {package.version} ({digest[:12]})."
        )
        return [*notes, DISCLAIMER]

    def _unexplained_in_words(self) -> str:
        if not self._shows_intervals:
            return percent(self.unexplained)
        within = self.intervals()
        return percent_within(self.unexplained, within.unexplained_low, within.unexplained_high)

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
