"""What can a user ask of a network?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from legache.diagnosis.differential import Diagnosis, answer_to, diagnose
from legache.diagnosis.elimination_plan import EliminationPlan, plan_for
from legache.diagnosis.evidence import merged, parse_evidence
from legache.diagnosis.interview import BY_DEFAULT, Interview, begin
from legache.diagnosis.model import DiagnosticModel, diagnostic_model
from legache.diagnosis.resuming import resumed
from legache.diagnosis.simulated import MISSING, simulated_patients
from legache.diagnosis.stopping import Stop
from legache.errors import EvidenceError, did_you_mean, nearest
from legache.interop.pgmpy_bridge import pgmpy_network
from legache.interop.pyagrum_bridge import pyagrum_network
from legache.knowledge.loading import load_knowledge, naming, shipped_folder

if TYPE_CHECKING:
    import pandas as pd
    from pgmpy.models import DiscreteBayesianNetwork
    from pyagrum import BayesNet


class Network:
    """A diagnostic network in one setting.  Made by `load`; immutable.

    Examples
    --------
    >>> import legache
    >>> network = legache.load()
    >>> network
    <Network legache-priors 0.1.0: 40 causes, 38 contexts, 75 findings, 25 tests; primary_care>
    """

    __slots__ = ("_model",)

    def __init__(self, model: DiagnosticModel) -> None:
        object.__setattr__(self, "_model", model)

    _model: DiagnosticModel

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a Network is immutable; {name!r} cannot be set"
        raise AttributeError(message)

    def __repr__(self) -> str:
        package, population = self._model.knowledge.package, self._model.population
        of_others = "" if population is None else f"; population {population.name}"
        return (
            f"<Network {package.name} {package.version}: {len(self.causes)} causes, "
            f"{len(self.contexts)} contexts, {len(self.findings)} findings, "
            f"{len(self.tests)} tests; {self.setting}{of_others}>"
        )

    @property
    def model(self) -> DiagnosticModel:
        """Knowledge and arrays behind the network."""
        return self._model

    @property
    def causes(self) -> tuple[str, ...]:
        """Ids of the causes, sorted."""
        return self._ids("cause")

    @property
    def contexts(self) -> tuple[str, ...]:
        """Ids of the contexts, age band and sex among them, sorted."""
        return self._ids("context")

    @property
    def findings(self) -> tuple[str, ...]:
        """Ids of the findings, sorted."""
        return self._ids("finding")

    @property
    def tests(self) -> tuple[str, ...]:
        """Ids of the tests, sorted."""
        return self._ids("test")

    @property
    def setting(self) -> str:
        """Who is asking; it decides how often each cause makes its bearer complain."""
        return self._model.setting

    @property
    def settings(self) -> tuple[str, ...]:
        """Names that `in_setting` takes."""
        return tuple(self._model.networks)

    def in_setting(self, setting: str) -> Network:
        """Return the same network for another setting.

        Raises
        ------
        EvidenceError
            There is no such setting.

        Examples
        --------
        >>> import legache
        >>> legache.load().in_setting("emergency").setting
        'emergency'
        """
        if setting not in self.settings:
            suggestions = nearest(str(setting), self.settings)
            hint = did_you_mean(suggestions, f"expected {', '.join(self.settings)}")
            message = f"unknown setting {str(setting)[:64]!r}{hint}"
            raise EvidenceError(message, suggestions)
        return Network(replace(self._model, setting=setting))

    def posterior(self, evidence: object = None, /, **more: object) -> pd.Series[float]:
        """P(present | evidence) of every cause; nothing is assumed, and nothing approximated.

        Parameters
        ----------
        evidence, **more
            As for `diagnose`.

        Returns
        -------
        pandas.Series
            Indexed by cause id, in the order of `causes`.

        Raises
        ------
        EvidenceError, ImpossibleEvidenceError, LimitError
            As for `diagnose`.

        Examples
        --------
        >>> import legache
        >>> present = legache.load().posterior(age=80, sex="male")
        >>> bool(present["osteoarthritis"] > present["restless_legs_syndrome"])
        True
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        given = parse_evidence(self._model.nodes, merged(evidence, more))
        answer = answer_to(self._model, given, given.likelihoods)
        index = pd.Index(self._model.cause_ids, name="cause")
        return pd.Series(answer.present, index=index, name="present")

    def diagnose(self, evidence: object = None, /, **more: object) -> Diagnosis:
        """Rank the causes of the complaint, given what is known of the patient.

        The complaint itself is taken as present unless it is given.

        Parameters
        ----------
        evidence
            Mapping from node ids to values; may be combined with keywords.
        **more
            The same as keywords.  ``age`` is in years (18 or more with the shipped
            priors), ``sex`` is ``"female"`` or ``"male"``.  Other nodes take ``True``, ``False``,
            or ``None``, ``NaN`` or ``pandas.NA`` for unknown; graded nodes a
            state's name or a list of states; any node a `Likelihood`.

        Raises
        ------
        EvidenceError
            An unknown id or state, a wrong type, an age out of range.
        ImpossibleEvidenceError
            The evidence has probability zero; names a minimal set in conflict.
        LimitError
            Neither an exact nor an approximate answer fits into memory.

        Notes
        -----
        Where the exact answer would need more than 1 GiB, the result is
        approximate; its `engine`, its notes and its table say so.

        Examples
        --------
        >>> import legache
        >>> dx = legache.load().diagnose(
        ...     age=52, sex="female", urge_to_move=True, relief_by_movement=True,
        ...     worse_at_night=True, worse_at_rest=True)
        >>> dx.ranking[0]
        'restless_legs_syndrome'
        """
        return diagnose(self._model, merged(evidence, more))

    def plan(self, evidence: object = None, /, **more: object) -> EliminationPlan:
        """Show how `diagnose` would find its answer, and what that would cost.

        Parameters
        ----------
        evidence, **more
            As for `diagnose`; the complaint is taken as present unless it is given.

        Returns
        -------
        EliminationPlan
            The order of the causes, the variables that each opens and closes, the sizes of
            the tables, and the predicted cost and memory.  It draws itself, in a terminal, in
            a notebook, and by ``.plot()``; ``.table`` has the same as a DataFrame.

        Raises
        ------
        EvidenceError
            As for `diagnose`.

        Notes
        -----
        Only sizes are computed: whether the evidence is possible is not looked at, and a plan
        that is too large for `diagnose` is shown, too.

        Examples
        --------
        >>> import legache
        >>> network = legache.load()
        >>> plan = network.plan(age=67, sex="female", swelling_one_leg=True, calf_tenderness=True)
        >>> sorted(plan.order) == list(network.causes)
        True
        >>> plan.variables["calf_tenderness"]
        'finding'
        >>> without_smoking = network.plan(
        ...     age=67, sex="female", swelling_one_leg=True, calf_tenderness=True, smoking=False)
        >>> without_smoking.settled["known_contexts"]
        ('smoking',)
        """
        return plan_for(self._model, merged(evidence, more))

    def simulate(
        self,
        n: int,
        seed: int,
        *,
        complaint: bool = True,
        missing: Mapping[str, float] = MISSING,
    ) -> pd.DataFrame:
        """Draw patients from the network, with the truth about each.

        Parameters
        ----------
        n
            How many.
        seed
            The same seed gives the same patients.
        complaint
            Whether all of them have the complaint; else people are drawn as they come.
        missing
            Share of answers that are missing, at random: by kind (``"context"``, ``"finding"``,
            ``"test"``) or by node, which goes before its kind.  The complaint is never missing.
            What is left out is as by default: no context, half of the findings, 90 % of the tests.

        Returns
        -------
        pandas.DataFrame
            One row for each patient, and columns in four parts: ``evidence``, what would be known
            (NA where it is not); ``present`` and ``responsible``, the true causes, of which
            ``("responsible", "unlisted")`` is one that the network does not name; and ``fired``,
            what produced the complaint and each finding: ids of causes, ``leak`` and
            ``unlisted``, joined by semicolons, NA where the finding is absent.  Seed, shares and
            priors stand in ``.attrs``.

        Raises
        ------
        EvidenceError
            An unknown kind or node in `missing`, a share outside 0 to 1, or no patients.

        Examples
        --------
        >>> import legache
        >>> network = legache.load()
        >>> patients = network.simulate(3, seed=1)
        >>> dx = network.diagnose(patients["evidence"].iloc[0])
        >>> dx.evidence["leg_ache"], int(patients["fired"]["leg_ache"].isna().sum())
        (True, 0)
        """
        return simulated_patients(self._model, n, seed, complaint=complaint, missing=missing)

    def without(self, source: str) -> Network:
        """Return the network as it would be without one of its sources.

        Parameters
        ----------
        source
            Key of ``sources.bib``.

        Returns
        -------
        Network
            What was pooled is pooled from the remaining studies; risk factors and links that
            rest on this source alone say nothing; other such numbers stay.  Its version names
            the source, and its checksum is another.

        Raises
        ------
        KnowledgeError
            There is no such source, or what is left does not fit together.
        MissingDependencyError
            statsmodels is not installed: ``python -m pip install 'legache[statsmodels]'``.

        Examples
        --------
        >>> import legache
        >>> network = legache.load()
        >>> row = network.model.knowledge.risk_factors[0]
        >>> without = network.without(row.sources[0])
        >>> row.sources[0] in repr(without)
        True
        """
        from legache.curation.leave_out import without  # noqa: PLC0415 - for curators only

        reduced = without(self._model.knowledge, source)
        model = diagnostic_model(reduced.knowledge)
        return Network(replace(model, setting=self.setting, population=self._model.population))

    def to_pgmpy(self) -> DiscreteBayesianNetwork:
        """Return the same network as a model of pgmpy, for a second opinion.

        Returns
        -------
        pgmpy.models.DiscreteBayesianNetwork
            New at every call.  It has every id of this network as a node, with its
            states, and for every cause ``<cause>__responsible``, whose states are
            ``"no"`` and ``"yes"`` as those of ``unlisted`` and ``unexplained``.

        Raises
        ------
        MissingDependencyError
            pgmpy is not installed: ``python -m pip install 'legache[pgmpy]'``.

        Notes
        -----
        Nothing is assumed: unlike `diagnose`, it takes the complaint as given only if
        the evidence says so.  Age is the state of ``age_band``.

        No table has more than four parents: findings and causes of many parents are
        spread over auxiliary nodes, whose ids have two underscores and which
        `legache.interop.decomposition` lists.  A node that adds up what the parents of a
        cause contribute may have up to 2 ** n_parents states.

        General engines answer within seconds if the contexts and two to four positive
        findings are given, and may run out of memory beyond.  Where a finding is in its
        first state, all its ``<finding>__1``, ``<finding>__2``, ... are, too: giving
        them as evidence changes no answer, and makes it come much faster.

        Examples
        --------
        >>> import legache
        >>> network = legache.load()
        >>> model = network.to_pgmpy()
        >>> from pgmpy.inference import VariableElimination
        >>> found = VariableElimination(model).query(
        ...     ["restless_legs_syndrome"],
        ...     evidence={"age_band": "60_74", "sex": "female", "ferritin_low": "present"},
        ...     show_progress=False)
        >>> ours = network.posterior(age=67, sex="female", ferritin_low=True)
        >>> difference = (
        ...     found.get_value(restless_legs_syndrome="present") - ours["restless_legs_syndrome"])
        >>> bool(abs(difference) < 1e-12)
        True
        """
        return pgmpy_network(self._model.network)

    def to_pyagrum(self) -> BayesNet:
        """Return the same network as a model of pyAgrum, for a second opinion.

        Returns
        -------
        pyagrum.BayesNet
            New at every call, with the nodes and states that `to_pgmpy` describes.

        Raises
        ------
        MissingDependencyError
            pyAgrum is not installed: ``python -m pip install 'legache[pyagrum]'``.

        Notes
        -----
        As for `to_pgmpy`.  Set the targets of an inference: pyAgrum then leaves out
        every node that cannot matter.

        Examples
        --------
        >>> import legache
        >>> model = legache.load().to_pyagrum()
        >>> model.variable("restless_legs_syndrome").labels()
        ('absent', 'present')
        """
        return pyagrum_network(self._model.network)

    def rebase(
        self,
        *,
        prevalence: object = None,
        case_mix: object = None,
        name: str = "rebased",
        sources: Iterable[str] = (),
    ) -> Network:
        """Return the network of another population, or of one clinic's patients.

        Parameters
        ----------
        prevalence
            Mapping from causes or contexts to a number for everyone, by which all strata are
            moved by the same log odds so that their mean is just this; or to a mapping from
            ``(age_band, sex)`` to numbers.  Or a table with the columns ``node``, ``value`` and,
            where wanted, ``age_band``, ``sex``, ``low``, ``high``, ``source``; a row without age
            band or sex is a mean.
        case_mix
            Mapping, Series or table (``node``, ``value``, ``low``, ``high``, ``source``) of the
            share of those with the complaint in whom each cause, or ``unlisted``, is
            responsible.  It holds for this network's setting.
        name
            How results call the population.
        sources
            Where the numbers are from; results carry them.

        Returns
        -------
        Network
            Of the same setting.

        Raises
        ------
        PopulationError
            Unknown ids, numbers out of range, or a mix that no network has; names the cause.

        Notes
        -----
        A prevalence changes how many have the cause, and not which share of them comes: where
        it doubles, visits do.  The prevalence of a context leaves those of causes as they are.

        The links of the complaint are solved for so that P(responsible | complaint) is the given
        mix exactly.  Causes that are not named share the rest in their present proportions, and
        the complaint is as common as before, unless more than half of the bearers of a cause
        would have to come: then it is rarer.  Two causes may be responsible at once: if every
        cause and ``unlisted`` are named, the shares sum to slightly more than 1.  A later
        ``rebase`` of a prevalence changes the mix, and results no longer name it.

        Numbers given without low and high are as uncertain, on the scale of log odds, as those
        that they replace.

        Examples
        --------
        >>> import legache
        >>> network = legache.load()
        >>> clinic = network.rebase(case_mix={"deep_vein_thrombosis": 0.3}, name="vein clinic")
        >>> seen = clinic.diagnose()
        >>> round(float(seen.causes.loc["deep_vein_thrombosis", "responsible"]), 9)
        0.3
        >>> print(repr(seen).splitlines()[0])
        Differential diagnosis of leg ache, setting: primary care, population: vein clinic
        """
        from legache.diagnosis.rebasing import rebased  # noqa: PLC0415 - seldom asked for

        return Network(
            rebased(
                self._model, prevalence=prevalence, case_mix=case_mix, name=name, sources=sources
            )
        )

    def interview(
        self,
        evidence: object = None,
        /,
        *,
        stop: Stop | None = None,
        ask: Sequence[str] = BY_DEFAULT,
        cost: object = None,
        **more: object,
    ) -> Interview:
        """Ask one question at a time, until enough is known.

        Parameters
        ----------
        evidence, **more
            What is known already; as for `diagnose`.
        stop
            When to stop: `legache.Stop` says what its numbers mean, and has the defaults.
        ask
            Kinds of nodes to ask for: some of ``"context"``, ``"finding"`` and ``"test"``.
        cost
            Ask by bits per unit of it; as for `Diagnosis.next_questions`.

        Returns
        -------
        Interview
            ``.question`` is what to ask; ``.answer(value)``, ``.skip()`` and ``.back()`` return
            the interview that follows; ``.is_finished`` and ``.reason`` tell when it is over.

        Raises
        ------
        EvidenceError
            As for `diagnose`; or an unknown kind or cost.
        KnowledgeError
            The priors have no costs.

        Notes
        -----
        Age and sex come first.  Then comes the question of most information about the causes,
        but a red flag of a pressing cause that is not improbable comes before it if it tells at
        least half as much, or if nothing else is worth asking.  The four best questions (fewer
        where much is unknown) and the two best red flags are compared exactly; they are chosen
        by a quicker figure, as if one cause only were responsible.

        Examples
        --------
        >>> import legache
        >>> interview = legache.load().interview(sex="female", relief_by_movement=True)
        >>> interview.question.text
        'How old are you?'
        >>> interview = interview.answer(52)
        >>> interview.question.states
        (True, False)
        >>> [name for name, _ in interview.skip().back().answers]
        ['age']
        """
        return begin(self._model, merged(evidence, more), stop=stop, ask=ask, cost=cost)

    def resume(self, text: str) -> Interview:
        """Go on with an interview that `Interview.to_json` wrote, in its own setting.

        Raises
        ------
        EvidenceError
            The text is no interview, or was written with other priors or another version.

        Examples
        --------
        >>> import legache
        >>> network = legache.load()
        >>> begun = network.interview(age=52).answer("female")
        >>> network.resume(begun.to_json()).question == begun.question
        True
        """
        return resumed(self._model, text)

    def _ids(self, kind: str) -> tuple[str, ...]:
        return tuple(name for name, node in self._model.nodes.items() if node.kind == kind)


def load(path: str | os.PathLike[str] | None = None) -> Network:
    """Load the shipped network, or one from a priors folder of your own.

    Parameters
    ----------
    path
        A folder with ``datapackage.json``; the shipped priors if omitted.

    Raises
    ------
    KnowledgeError
        The folder is wrong; every problem is named with file and line.
    LimitError
        A file is larger than what is read.

    Examples
    --------
    >>> import legache
    >>> len(legache.load().causes)
    40
    """
    folder = shipped_folder() if path is None else Path(path)
    knowledge = load_knowledge(folder)
    with naming(folder):
        return Network(diagnostic_model(knowledge))
