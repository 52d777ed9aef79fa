"""What are the value and all marginals of a problem, along a plan?

One forward pass eliminates the variables; one backward pass gives the
derivative of the logarithm of the result with respect to every factor, which
times the factor is the posterior of its scope (Darwiche, 2003).  Both passes
only ever add and multiply non-negative numbers, so nothing cancels.

Two tables that both speak of a finding are combined by max-convolution: the
highest level of the two together is :math:`j` if one reaches :math:`j` and the
other stays at or below it.  For each level these are two products of sums,

.. math:: c_j = a_j \\, (b_0 + \\dots + b_j) + (a_0 + \\dots + a_{j-1}) \\, b_j ,

so that a combination is: expand both tables along the shared axis, multiply,
and add.  For a binary finding the level means "already explained".

References
----------
Zhang, N. L. & Poole, D. (1996). Exploiting causal independence in Bayesian network
inference. JAIR 5, 301-328.
Darwiche, A. (2003). A differential approach to inference in Bayesian networks. J. ACM 50,
280-305.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from legache.inference.planning import Pattern, Plan, Step
from legache.network.structure import FloatArray


_LOG_SMALLEST = float(np.log(np.finfo(np.float64).tiny))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Addition and multiplication of probabilities, plain or as logarithms."""

    add: np.ufunc
    multiply: np.ufunc
    one: float
    is_log: bool


PLAIN = Arithmetic(np.add, np.multiply, 1.0, is_log=False)
LOGARITHMS = Arithmetic(np.logaddexp, np.add, 0.0, is_log=True)


@dataclass(frozen=True, slots=True)
class Eliminated:
    """Result of both passes.

    Attributes
    ----------
    log_value : shape (n_lanes,)
    marginals : for each factor, the posterior of its scope in each lane
        Shape (n_states_1, ..., n_lanes); zero in lanes of value 0.
    """

    log_value: FloatArray
    marginals: tuple[FloatArray, ...]


def eliminate(
    pattern: Pattern,
    plan: Plan,
    tables: Sequence[FloatArray],
    terminals: Mapping[int, FloatArray],
) -> Eliminated:
    """Run a plan forward and backward.

    Parameters
    ----------
    pattern, plan
    tables
        Logarithms, one for each of the pattern's scopes, all with as many lanes.
    terminals
        Log-likelihood of the levels of each variable that combines by max.

    Notes
    -----
    Plain floating point is used first, each table scaled to a largest entry of
    1.  Should any product leave the range of floating point all the same, both
    passes are repeated with logarithms, which have no such limit: an
    underflow is noticed by the processor's own flag and never lost.
    """
    try:
        with np.errstate(under="raise", over="raise", invalid="raise", divide="raise"):
            return _Passes(pattern, plan, PLAIN).run(tables, terminals)
    except FloatingPointError:
        with np.errstate(invalid="raise"):
            return _Passes(pattern, plan, LOGARITHMS).run(tables, terminals)


@dataclass(slots=True)
class _Passes:
    """Working memory of one run: the tables of both passes."""

    pattern: Pattern
    plan: Plan
    arithmetic: Arithmetic
    tables: list[FloatArray] = field(default_factory=list)
    scopes: list[tuple[int, ...]] = field(default_factory=list)
    products: list[list[FloatArray]] = field(default_factory=list)
    scales: list[FloatArray] = field(default_factory=list)

    def run(
        self, logs: Sequence[FloatArray], terminals: Mapping[int, FloatArray]
    ) -> Eliminated:
        n_lanes = max((table.shape[-1] for table in logs), default=1)
        log_value = np.zeros(n_lanes)
        for scope, log_table in zip(self.pattern.scopes, logs, strict=True):
            table, log_scale = self._scaled_leaf(_in_order(scope, log_table, self.plan.rank))
            self.tables.append(table)
            self.scopes.append(tuple(sorted(scope, key=self.plan.rank.__getitem__)))
            log_value = log_value + log_scale
        weights = {v: self._scaled_leaf(t) for v, t in terminals.items()}
        for _, log_scale in weights.values():
            log_value = log_value + log_scale
        for step in self.plan.steps:
            log_value = log_value + self._forward(step, weights)
        roots = [i for i, scope in enumerate(self.scopes) if not scope]
        for i in roots:
            log_value = log_value + self._log(self.tables[i])
        return Eliminated(log_value, self._backward(roots, weights, log_value, len(logs)))

    def _scaled_leaf(self, log_table: FloatArray) -> tuple[FloatArray, FloatArray]:
        top = log_table.max(axis=tuple(range(log_table.ndim - 1)))
        top = np.where(np.isneginf(top), 0.0, top)
        scaled = log_table - top
        if self.arithmetic.is_log:
            return scaled, top
        if np.any((scaled < _LOG_SMALLEST) & (scaled > -np.inf)):
            message = "an entry is too small beside the largest"
            raise FloatingPointError(message)  # vectorised exp does not always raise the flag
        return np.exp(scaled), top

    def _log(self, table: FloatArray) -> FloatArray:
        if self.arithmetic.is_log:
            return table
        with np.errstate(divide="ignore"):  # an impossible lane has the logarithm -inf
            return np.asarray(np.log(table))

    def _forward(
        self, step: Step, weights: Mapping[int, tuple[FloatArray, FloatArray]]
    ) -> FloatArray:
        """Append a step's result; return the logarithm of the scale taken out."""
        running = self.tables[step.operands[0]]
        products = [running]
        for operand, before, after in zip(
            step.operands[1:], step.scopes, step.scopes[1:], strict=False
        ):
            pair = _Pair(self.pattern, before, self.scopes[operand], after, self.arithmetic)
            running = pair.combine(running, self.tables[operand])
            products.append(running)
        if step.variable in weights:
            weight = weights[step.variable][0]
            aligned = weight.reshape(weight.shape[0], *(1,) * (running.ndim - 2), -1)
            running = self.arithmetic.multiply(running, aligned)
        result = self.arithmetic.add.reduce(running, axis=0)
        scope = step.scopes[-1][1:]
        log_scale = np.zeros(1)
        scale = np.ones(1)
        if not self.arithmetic.is_log:
            scale = result.max(axis=tuple(range(result.ndim - 1)))
            scale = np.where(scale > 0, scale, 1.0)
            result = result / scale
            log_scale = np.log(scale)
        self.tables.append(result)
        self.scopes.append(scope)
        self.products.append(products)
        self.scales.append(scale)
        return log_scale

    def _backward(
        self,
        roots: list[int],
        weights: Mapping[int, tuple[FloatArray, FloatArray]],
        log_value: FloatArray,
        n_leaves: int,
    ) -> tuple[FloatArray, ...]:
        adjoints: list[FloatArray | None] = [None] * len(self.tables)
        is_possible = log_value > -np.inf
        for i in roots:
            adjoints[i] = self._reciprocal(self.tables[i], is_possible)
        for number in reversed(range(len(self.plan.steps))):
            step = self.plan.steps[number]
            result = n_leaves + number
            self._step_back(step, number, adjoints[result], weights, adjoints)
            adjoints[result] = None
        marginals = []
        for i in range(n_leaves):
            adjoint = adjoints[i]
            joint = self.arithmetic.multiply(self.tables[i], adjoint)
            joint = np.exp(joint) if self.arithmetic.is_log else joint
            marginals.append(_back_in_order(self.pattern.scopes[i], joint, self.plan.rank))
        return tuple(marginals)

    def _reciprocal(self, table: FloatArray, is_possible: np.ndarray) -> FloatArray:
        if self.arithmetic.is_log:
            return np.where(is_possible, -np.where(is_possible, table, 0.0), -np.inf)
        return np.where(is_possible, 1.0 / np.where(is_possible, table, 1.0), 0.0)

    def _step_back(
        self,
        step: Step,
        number: int,
        adjoint: FloatArray | None,
        weights: Mapping[int, tuple[FloatArray, FloatArray]],
        adjoints: list[FloatArray | None],
    ) -> None:
        assert adjoint is not None  # noqa: S101 - results are visited before their operands
        if not self.arithmetic.is_log:
            adjoint = adjoint / self.scales[number]
        products = self.products[number]
        running = np.broadcast_to(adjoint, (products[-1].shape[0], *adjoint.shape))
        if step.variable in weights:
            weight = weights[step.variable][0]
            aligned = weight.reshape(weight.shape[0], *(1,) * (running.ndim - 2), -1)
            running = self.arithmetic.multiply(running, aligned)
        for k in range(len(step.operands) - 1, 0, -1):
            operand = step.operands[k]
            scopes = (step.scopes[k - 1], self.scopes[operand], step.scopes[k])
            pair = _Pair(self.pattern, *scopes, self.arithmetic)
            running, adjoints[operand] = pair.adjoints(
                running, products[k - 1], self.tables[operand]
            )
        adjoints[step.operands[0]] = running


@dataclass(frozen=True, slots=True)
class _Pair:
    """Combination of two tables; axes of all scopes are in elimination order."""

    pattern: Pattern
    left: tuple[int, ...]
    right: tuple[int, ...]
    union: tuple[int, ...]
    arithmetic: Arithmetic

    def combine(self, left: FloatArray, right: FloatArray) -> FloatArray:
        product = self.arithmetic.multiply(self._left_parts(left), self._right_parts(right))
        for axis in self._convolved():
            product = self._add_parts(product, axis)
        return product

    def adjoints(
        self, adjoint: FloatArray, left: FloatArray, right: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Derivatives with respect to both operands, given that of the combination."""
        for axis in self._convolved():
            adjoint = np.concatenate([adjoint, _tail(adjoint, axis)], axis=axis)
        multiply = self.arithmetic.multiply
        to_left = self._sum_to(multiply(adjoint, self._right_parts(right)), self.left)
        to_right = self._sum_to(multiply(adjoint, self._left_parts(left)), self.right)
        for axis in reversed(self._convolved()):
            to_left = self._left_back(to_left, axis)
            to_right = self._right_back(to_right, axis)
        return (
            _squeeze(to_left, self.union, self.left),
            _squeeze(to_right, self.union, self.right),
        )

    def _convolved(self) -> list[int]:
        """Axes of the union that both tables bring, and that combine by max."""
        return [
            axis
            for axis, v in enumerate(self.union)
            if self.pattern.combines_by_max[v] and v in self.left and v in self.right
        ]

    def _left_parts(self, table: FloatArray) -> FloatArray:
        """Append to a_0, ..., a_m the sums a_0, a_0 + a_1, ..., a_0 + ... + a_(m-1)."""
        table = _expand(table, self.left, self.union)
        for axis in self._convolved():
            below = self.arithmetic.add.accumulate(_but_last(table, axis), axis=axis)
            table = np.concatenate([table, below], axis=axis)
        return table

    def _right_parts(self, table: FloatArray) -> FloatArray:
        """Sums b_0, ..., b_0 + ... + b_m, followed by b_1, ..., b_m."""
        table = _expand(table, self.right, self.union)
        for axis in self._convolved():
            upto = self.arithmetic.add.accumulate(table, axis=axis)
            table = np.concatenate([upto, _tail(table, axis)], axis=axis)
        return table

    def _add_parts(self, product: FloatArray, axis: int) -> FloatArray:
        n = (product.shape[axis] + 1) // 2
        first, second = np.split(product, [n], axis=axis)
        higher = self.arithmetic.add(_tail(first, axis), second)
        return np.concatenate([_head(first, axis), higher], axis=axis)

    def _left_back(self, adjoint: FloatArray, axis: int) -> FloatArray:
        """Transpose of `_left_parts` along one axis."""
        n = (adjoint.shape[axis] + 1) // 2
        own, below = np.split(adjoint, [n], axis=axis)
        sums = np.flip(self.arithmetic.add.accumulate(np.flip(below, axis), axis=axis), axis)
        lower = self.arithmetic.add(_but_last(own, axis), sums)
        return np.concatenate([lower, _last(own, axis)], axis=axis)

    def _right_back(self, adjoint: FloatArray, axis: int) -> FloatArray:
        """Transpose of `_right_parts` along one axis."""
        n = (adjoint.shape[axis] + 1) // 2
        upto, own = np.split(adjoint, [n], axis=axis)
        sums = np.flip(self.arithmetic.add.accumulate(np.flip(upto, axis), axis=axis), axis)
        higher = self.arithmetic.add(_tail(sums, axis), own)
        return np.concatenate([_head(sums, axis), higher], axis=axis)

    def _sum_to(self, table: FloatArray, scope: tuple[int, ...]) -> FloatArray:
        for axis, v in enumerate(self.union):
            if v not in scope:
                table = self.arithmetic.add.reduce(table, axis=axis, keepdims=True)
        return table



def _in_order(scope: tuple[int, ...], table: FloatArray, rank: Sequence[int]) -> FloatArray:
    """Transpose so that axes follow the order of elimination."""
    axes = sorted(range(len(scope)), key=lambda axis: rank[scope[axis]])
    return np.transpose(table, (*axes, len(scope)))


def _back_in_order(scope: tuple[int, ...], table: FloatArray, rank: Sequence[int]) -> FloatArray:
    axes = sorted(range(len(scope)), key=lambda axis: rank[scope[axis]])
    inverse = np.argsort(axes) if axes else np.array([], dtype=np.intp)
    return np.transpose(table, (*inverse.tolist(), len(scope)))


def _expand(table: FloatArray, scope: tuple[int, ...], union: tuple[int, ...]) -> FloatArray:
    sizes = dict(zip(scope, table.shape, strict=False))
    return table.reshape(*(sizes.get(v, 1) for v in union), table.shape[-1])


def _squeeze(table: FloatArray, union: tuple[int, ...], scope: tuple[int, ...]) -> FloatArray:
    return table.reshape(
        *(size for size, v in zip(table.shape, union, strict=False) if v in scope), table.shape[-1]
    )


def _slice(table: FloatArray, axis: int, part: slice) -> FloatArray:
    return table[(slice(None),) * axis + (part,)]


def _head(table: FloatArray, axis: int) -> FloatArray:
    return _slice(table, axis, slice(0, 1))


def _tail(table: FloatArray, axis: int) -> FloatArray:
    return _slice(table, axis, slice(1, None))


def _but_last(table: FloatArray, axis: int) -> FloatArray:
    return _slice(table, axis, slice(None, -1))


def _last(table: FloatArray, axis: int) -> FloatArray:
    return _slice(table, axis, slice(-1, None))
