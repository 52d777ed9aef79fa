"""What are the probability of the evidence and all marginals of a problem, along a plan?

One forward pass eliminates the variables; one backward pass gives the
derivative of the logarithm of the result with respect to every input, which
times the input is a posterior (Darwiche, 2003).  Both passes only ever add and
multiply non-negative numbers, so nothing cancels.

References
----------
Darwiche, A. (2003). A differential approach to inference in Bayesian networks. J. ACM 50,
280-305.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from legache.inference.applying import Application
from legache.inference.arithmetic import LOGARITHMS, PLAIN, Arithmetic
from legache.inference.assembly import BoolArray, Family, Problem
from legache.inference.joining import Join
from legache.inference.planning import Pattern, Plan, Step
from legache.network.structure import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Eliminated:
    """Result of both passes, for each lane; zeros in the lanes that are impossible.

    Attributes
    ----------
    log_value : shape (n_lanes,)
        Logarithm of the sum over all variables.
    families : for each family, shape (n_lanes, n_states)
        Posterior of the cause's states.
    variables : for each variable, shape (n_lanes, n_levels)
        Posterior of its levels, weight included.
    """

    log_value: FloatArray
    families: tuple[FloatArray, ...]
    variables: tuple[FloatArray, ...]


def eliminate(problem: Problem, pattern: Pattern, plan: Plan, lanes: slice) -> Eliminated:
    """Run a plan forward and backward over some of a problem's lanes.

    Notes
    -----
    Plain floating point is used first, each table scaled to a largest entry of
    1.  Should any product leave the range of floating point all the same, both
    passes are repeated with logarithms, which have no such limit: an
    underflow is noticed by the processor's own flag and never lost.
    """
    try:
        with np.errstate(under="raise", over="raise", invalid="raise", divide="raise"):
            return _Passes(problem, pattern, plan, PLAIN, lanes).run()
    except FloatingPointError:
        with np.errstate(invalid="raise"):
            return _Passes(problem, pattern, plan, LOGARITHMS, lanes).run()


class _Passes:
    """Working memory of one run; used once."""

    def __init__(
        self,
        problem: Problem,
        pattern: Pattern,
        plan: Plan,
        arithmetic: Arithmetic,
        lanes: slice,
    ) -> None:
        self.problem, self.pattern, self.plan = problem, pattern, plan
        self.arithmetic = arithmetic
        self.n_lanes = problem.log_constant[lanes].size
        self.log_value = np.zeros(self.n_lanes)
        self.weights = [self._leaf(v.log_weight[lanes]) for v in problem.variables]
        self.tables = [self._leaf(family.log_table[lanes]) for family in problem.families]
        self.results: list[FloatArray] = []
        self.log_scales: list[FloatArray] = []
        self.family_marginals: list[FloatArray] = [np.empty(0)] * len(problem.families)
        self.variable_marginals: list[FloatArray] = [np.empty(0)] * len(problem.variables)

    def run(self) -> Eliminated:
        for step in self.plan.steps:
            self._forward(step)
        loose = {i: self.arithmetic.add.reduce(self.tables[i], axis=1) for i in self.plan.loose}
        values = [*(self.results[i] for i in self.plan.ends), *loose.values()]
        for value in values:
            self.log_value = self.log_value + self.arithmetic.logs_of(value)
        is_possible = self.log_value > -np.inf
        adjoints: dict[int, FloatArray] = {}
        for i in self.plan.ends:
            adjoints[i] = self._reciprocal(self.results[i], is_possible)
        for i, value in loose.items():
            by_value = self._reciprocal(value, is_possible)[:, None]
            self.family_marginals[i] = self.arithmetic.multiply(self.tables[i], by_value)
        for i in reversed(range(len(self.plan.steps))):
            self._backward(i, adjoints)
        plain = self.arithmetic.plain
        return Eliminated(
            self.log_value,
            tuple(plain(table) for table in self.family_marginals),
            tuple(plain(table) for table in self.variable_marginals),
        )

    def _leaf(self, logs: FloatArray) -> FloatArray:
        """Input, scaled so that the largest entry of each lane is 1."""
        top = logs.reshape(self.n_lanes, -1).max(axis=1)
        top = np.where(np.isneginf(top), 0.0, top)
        self.log_value = self.log_value + top
        return self.arithmetic.of_logs(logs - top.reshape(-1, *(1,) * (logs.ndim - 1)))

    def _parts(self, step: Step) -> Sequence[Join | Application]:
        """Return the operations of a step after its first message, in order."""
        parts: list[Join | Application] = []
        scopes = iter(zip(step.scopes, step.scopes[1:], strict=False))
        for message in step.messages[1:]:
            before, after = next(scopes)
            right = self.plan.steps[message].scopes[-1][1:]
            parts.append(Join(before, right, after, self.pattern.by_max, self.arithmetic))
        for family in step.families:
            before, after = next(scopes)
            parts.append(self._application(self.problem.families[family], family, before, after))
        return parts

    def _application(
        self, family: Family, place: int, before: tuple[int, ...], after: tuple[int, ...]
    ) -> Application:
        levels, arithmetic = self.pattern.n_levels, self.arithmetic
        return Application(family, self.tables[place], before, after, levels, arithmetic)

    def _stages(self, step: Step) -> list[FloatArray]:
        """Running table after the first message, and after each further part."""
        if step.messages:
            running = self.results[step.messages[0]]
        else:
            running = self.arithmetic.of_logs(np.zeros(self.n_lanes))
        stages = [running]
        waiting = list(step.messages[1:])
        for part in self._parts(step):
            if isinstance(part, Join):
                running = part.forward(running, self.results[waiting.pop(0)])
            else:
                running = part.forward(running)
            stages.append(running)
        return stages

    def _forward(self, step: Step) -> None:
        running = self._stages(step)[-1]
        weighted = self.arithmetic.multiply(running, self._weight(step.variable, running.ndim))
        result, log_scale = self.arithmetic.scaled(self.arithmetic.add.reduce(weighted, axis=1))
        self.log_value = self.log_value + log_scale
        self.results.append(result)
        self.log_scales.append(log_scale)

    def _weight(self, variable: int, n_axes: int) -> FloatArray:
        weight = self.weights[variable]
        return weight.reshape(*weight.shape, *(1,) * (n_axes - 2))

    def _backward(self, place: int, adjoints: dict[int, FloatArray]) -> None:
        step = self.plan.steps[place]
        stages = self._stages(step)  # again: storing them would need several times the memory
        adjoint = self._unscaled(adjoints.pop(place), self.log_scales[place])[:, None]
        weight = self._weight(step.variable, stages[-1].ndim)
        by_level = self.arithmetic.multiply(self.arithmetic.multiply(stages[-1], adjoint), weight)
        flat = by_level.reshape(*by_level.shape[:2], -1)
        self.variable_marginals[step.variable] = self.arithmetic.add.reduce(flat, axis=2)
        adjoint = self.arithmetic.multiply(adjoint, weight)
        parts = self._parts(step)
        messages, families = list(step.messages), list(step.families)
        for part, before in zip(reversed(parts), reversed(stages[:-1]), strict=True):
            if isinstance(part, Join):
                other = messages.pop()
                adjoint, adjoints[other] = part.backward(adjoint, before, self.results[other])
            else:
                adjoint, states = part.backward(adjoint, before)
                self.family_marginals[families.pop()] = states
        if messages:
            adjoints[messages[0]] = adjoint
        self.results[place] = np.empty(0)

    def _unscaled(self, adjoint: FloatArray, log_scale: FloatArray) -> FloatArray:
        if self.arithmetic.is_log:
            return adjoint
        return adjoint / np.exp(log_scale).reshape(-1, *(1,) * (adjoint.ndim - 1))

    def _reciprocal(self, value: FloatArray, is_possible: BoolArray) -> FloatArray:
        """Derivative of the logarithm of a value; zero in impossible lanes."""
        if self.arithmetic.is_log:
            return np.where(is_possible, -np.where(is_possible, value, 0.0), -np.inf)
        return np.where(is_possible, 1.0 / np.where(is_possible, value, 1.0), 0.0)
