"""What will the elimination of a patient's evidence look like, and what will it cost?

Nothing is computed but sizes.  A plan is a list of steps: each reads the tables that earlier steps
have left, applies causes to them, and sums out variables.  The compiled kernel has one running
table, to which causes are applied one by one: a path.  Numpy may join tables: a tree.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from legache.inference.assembly import ALL_WORLDS, Likelihoods, Problem, assemble
from legache.inference.compiled import CompiledNetwork, Status, compiled_network
from legache.inference.general import _bytes_per_lane
from legache.inference.open_variables import (
    CAUSE,
    CONTEXT,
    FINDING,
    Reduction,
    reduction,
)
from legache.inference.planning import Pattern, Plan, pattern_of, pattern_size, plan
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT
from legache.network.structure import NoisyMaxNetwork

COMPILED, NUMPY = "compiled", "numpy"
_N_BUFFERS = 8  # blocks that the kernel works in: its chains and five more
_N_ADJOINTS = 2  # tables of the backward pass
_BLOCK_OVERHEAD = 12  # as in kernel/ordering.h


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step: read tables, apply causes to them, sum variables out.

    Attributes
    ----------
    causes : tuple of str
        That are applied: one, in a plan for the kernel.
    links : tuple of (cause, finding)
        That are applied by themselves; only where findings outnumber causes, and only by numpy.
    inputs : tuple of int
        Earlier steps whose tables are read; none at the start of a path, two or more in a join.
    open : tuple of str
        Variables of the tables that the step reads, and those that it opens.
    touched, opened, closed : tuple of str
        Those of them that its causes and links depend on or help to explain; that no table had
        before; that are summed out.
    n_entries
        Of the table that the step leaves, in one lane.
    """

    causes: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    inputs: tuple[int, ...]
    open: tuple[str, ...]
    touched: tuple[str, ...]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    n_entries: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """How evidence will be eliminated.

    Attributes
    ----------
    executor
        `COMPILED` or `NUMPY`.
    steps
        In the order of their execution.
    loose
        Causes without any variable; a factor each.
    variables
        Kind of each variable: ``"finding"``, ``"context"`` or ``"cause"``.
    settled
        For each reason why a node is no variable the ids of the nodes.
    n_lanes
        Strata times states of *unlisted* that are possible: each table is there once for each.
    cost
        Predicted number of operations on table entries, in all lanes; not comparable between
        executors.
    n_bytes
        Predicted memory of a run with all lanes at once.
    is_refused
        Whether it would need more memory than is allowed.
    """

    executor: str
    steps: tuple[PlanStep, ...]
    loose: tuple[str, ...]
    variables: Mapping[str, str]
    settled: Mapping[str, tuple[str, ...]]
    n_lanes: int
    cost: float
    n_bytes: float
    is_refused: bool

    @property
    def order(self) -> tuple[str, ...]:
        """Causes in the order of their application; those without any variable come first."""
        return (*self.loose, *(cause for step in self.steps for cause in step.causes))

    @property
    def width(self) -> int:
        """Largest number of variables that are open in one step."""
        return max((len(step.open) for step in self.steps), default=0)

    @property
    def n_entries(self) -> float:
        """Entries of all tables that the steps leave, in one lane."""
        return sum(step.n_entries for step in self.steps)

    @property
    def largest(self) -> float:
        """Entries of the largest of these tables."""
        return max((step.n_entries for step in self.steps), default=0.0)

    @property
    def is_path(self) -> bool:
        """Whether each step reads the table that the step before it has left, and no other."""
        inputs = [step.inputs for step in self.steps]
        return all(here == (k - 1,) for k, here in enumerate(inputs) if k)


def plan_report(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> PlanReport:
    """Plan of the elimination that `legache.inference.posterior.posterior` would run.

    Parameters
    ----------
    network
    likelihoods
        For each observed node the likelihood of each of its states.

    Raises
    ------
    EvidenceError
        A node that the network does not have.

    Notes
    -----
    Whether the evidence is possible is not looked at.

    A table of the kernel with a *witness* has two parts: the worlds with a responsible cause, and
    those without, in which findings of the complaint have one level only.  Hence it may have up to
    twice the entries that its variables alone would make.

    Examples
    --------
    >>> import legache
    >>> report = plan_report(legache.load().model.network, {"leg_ache": (0.0, 1.0)})
    >>> len(report.order), report.variables["smoking"]
    (40, 'context')
    """
    kernel = compiled_network(network)
    found = None if kernel is None else _compiled(network, kernel, likelihoods)
    if found is None or found.is_refused:  # numpy tries, along another kind of plan
        return _numpy(network, likelihoods)
    return found


def _compiled(
    network: NoisyMaxNetwork, kernel: CompiledNetwork, likelihoods: Likelihoods
) -> PlanReport | None:
    codes, values = kernel.flat.encoded(likelihoods)
    places, _ = kernel.plan(codes)
    status = kernel.answer(codes[None, :], values, 0.0, order=places).status[0]
    if status in (Status.TOO_MANY, Status.NO_MEMORY):
        return None
    return path_report(
        reduction(network, likelihoods), [network.causes[place].id for place in places]
    )


def path_report(left: Reduction, order: Sequence[str]) -> PlanReport:
    """Plan that applies the causes in an order, as the kernel would."""
    applied = [cause for cause in order if left.scopes[cause]]
    steps = _path_steps(left, applied)
    n_bytes = _path_bytes(left, steps)
    return PlanReport(
        executor=COMPILED,
        steps=steps,
        loose=tuple(cause for cause in order if not left.scopes[cause]),
        variables={name: variable.kind for name, variable in left.variables.items()},
        settled=left.settled,
        n_lanes=left.n_lanes,
        cost=left.n_lanes * sum(_step_cost(left, step) for step in steps),
        n_bytes=n_bytes,
        is_refused=n_bytes > DEFAULT_MEMORY_LIMIT,
    )


def _path_steps(left: Reduction, order: Sequence[str]) -> tuple[PlanStep, ...]:
    last_use = {variable: cause for cause in order for variable in left.scopes[cause]}
    steps: list[PlanStep] = []
    kept: frozenset[str] = frozenset()
    for place, cause in enumerate(order):
        scope = left.scopes[cause]
        now = kept | scope
        closed = {variable for variable in scope if last_use[variable] == cause}
        step = PlanStep(
            causes=(cause,),
            inputs=(place - 1,) if place else (),
            open=tuple(sorted(now)),
            touched=tuple(sorted(scope)),
            opened=tuple(sorted(scope - kept)),
            closed=tuple(sorted(closed)),
            n_entries=_n_entries(left, now - closed),
        )
        steps.append(step)
        kept = now - closed
    return tuple(steps)


def _findings_among(left: Reduction, names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if left.variables[name].kind == FINDING)


def _n_entries(left: Reduction, names: AbstractSet[str]) -> float:
    """Entries of a table: a block for each joint state of the open parents."""
    findings = _findings_among(left, names)
    return 2.0 ** len(names - findings) * _n_block_entries(left, findings)


def _n_block_entries(left: Reduction, findings: AbstractSet[str]) -> float:
    """Worlds with a responsible cause; and those without, if a witness tells them apart."""
    variables = [left.variables[name] for name in findings]
    n_with = math.prod(float(variable.n_levels) for variable in variables)
    n_without = math.prod(float(v.n_levels) for v in variables if v.on_presence)
    return n_with + left.has_witness * n_without


def _path_bytes(left: Reduction, steps: Sequence[PlanStep]) -> float:
    """As ``bytes_of`` in ``kernel/answer.h``: all tables are kept for the backward pass."""
    if not steps:
        return 0.0
    n_entries = [step.n_entries for step in steps]
    blocks = [_n_block_entries(left, _findings_among(left, _left_open(step))) for step in steps]
    largest, largest_block = max(*n_entries, blocks[-1]), max(blocks)
    n_stored = sum(n_entries) + _N_ADJOINTS * largest + _N_BUFFERS * largest_block
    return 8.0 * left.n_lanes * n_stored


def _left_open(step: PlanStep) -> frozenset[str]:
    return frozenset(step.open) - frozenset(step.closed)


def _step_cost(left: Reduction, step: PlanStep) -> float:
    """As ``step_cost`` in ``kernel/ordering.h``."""
    findings = _findings_among(left, step.open)
    before, after = findings - set(step.opened), findings - set(step.closed)
    kept, linked = before & after, findings & set(step.touched)
    on_presence = [left.variables[name].on_presence for name in linked]
    n_chains = 1 + any(on_presence) + (left.has_witness or not all(on_presence))
    work = (
        _BLOCK_OVERHEAD * (1 + n_chains)
        + _rough_size(left, before) * n_chains
        + _rough_size(left, kept) * len(linked & kept)
        + _rough_size(left, after) * (1 + n_chains)
    )
    return 2.0 ** (len(step.open) - len(findings)) * work


def _rough_size(left: Reduction, findings: AbstractSet[str]) -> float:
    """Entries of a block, where every finding of more than two levels counts as one of four."""
    return math.prod(2.0 if left.variables[name].n_levels == 2 else 4.0 for name in findings)


def _numpy(network: NoisyMaxNetwork, likelihoods: Likelihoods) -> PlanReport:
    problem = assemble(network, likelihoods, ALL_WORLDS)
    pattern = pattern_of(problem)
    chosen = plan(pattern)
    variables = _kinds(network, problem)
    n_lanes = problem.log_constant.size
    return PlanReport(
        executor=NUMPY,
        steps=_tree_steps(network, problem, pattern, chosen),
        loose=tuple(network.causes[place].id for place in chosen.loose),
        variables=variables,
        settled=_without(reduction(network, likelihoods, seeks_witness=False).settled, variables),
        n_lanes=n_lanes,
        cost=n_lanes * chosen.cost,
        n_bytes=n_lanes * _bytes_per_lane(chosen),
        is_refused=_bytes_per_lane(chosen) > DEFAULT_MEMORY_LIMIT,
    )


def _kinds(network: NoisyMaxNetwork, problem: Problem) -> dict[str, str]:
    contexts = set(network.context_ids)
    kinds = {}
    for variable in problem.variables:
        if variable.by_max:
            kinds[variable.id] = FINDING
        else:
            kinds[variable.id] = CONTEXT if variable.id in contexts else CAUSE
    return kinds


def _without(
    settled: Mapping[str, tuple[str, ...]], variables: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Numpy keeps as variables what the kernel folds into a cause: contexts of one child, links."""
    rest = {why: tuple(n for n in names if n not in variables) for why, names in settled.items()}
    return {why: names for why, names in rest.items() if names}


def _tree_steps(
    network: NoisyMaxNetwork, problem: Problem, pattern: Pattern, chosen: Plan
) -> tuple[PlanStep, ...]:
    ids = [variable.id for variable in problem.variables]
    n_causes = len(network.causes)
    steps = []
    for step in chosen.steps:
        now = step.scopes[-1]
        read = {v for i in step.messages for v in chosen.steps[i].scopes[-1][1:]}
        touched = {v for family in step.families for v in pattern.family_scope(family)}
        steps.append(
            PlanStep(
                causes=tuple(network.causes[f].id for f in step.families if f < n_causes),
                links=tuple(_link(pattern, f, ids) for f in step.families if f >= n_causes),
                inputs=step.messages,
                open=_names(ids, now),
                touched=_names(ids, touched),
                opened=_names(ids, set(now) - read),
                closed=(ids[step.variable],),
                n_entries=pattern_size(pattern, set(now) - {step.variable}),
            )
        )
    return tuple(steps)


def _link(pattern: Pattern, family: int, ids: Sequence[str]) -> tuple[str, str]:
    (cause,) = pattern.scopes[family]
    finding = next(variable for linked in pattern.links[family] for variable in linked)
    return ids[cause], ids[finding]


def _names(ids: Sequence[str], variables: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted(ids[variable] for variable in variables))
