r"""What do two tables say together, when each has its own copy of a finding?

The highest level of the two together is :math:`j` if one reaches :math:`j` and
the other stays at or below it (max-convolution).  For each level these are two
products of sums,

.. math:: c_j = a_j \, (b_0 + \dots + b_j) + (a_0 + \dots + a_{j-1}) \, b_j ,

so a join is: expand both tables along each shared axis, multiply, and add.
For a binary finding the level means "already explained".  Nothing is ever
subtracted.  Contexts and causes, which mean the same in both, just multiply.

References
----------
Zhang, N. L. & Poole, D. (1996). Exploiting causal independence in Bayesian network
inference. JAIR 5, 301-328.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from legache.inference.arithmetic import Arithmetic
from legache.network.structure import FloatArray

_BLOCK = 32768  # entries: small enough for the cache, large enough to repay a call


@dataclass(frozen=True, slots=True)
class Join:
    """Join of two tables; axis 0 are lanes, then each scope in elimination order."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    union: tuple[int, ...]
    by_max: tuple[bool, ...]
    arithmetic: Arithmetic

    def forward(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Return the table of both."""
        a, b = expanded(left, self.left, self.union), expanded(right, self.right, self.union)
        return self._join(a, b, self._convolved())

    def backward(
        self, adjoint: FloatArray, left: FloatArray, right: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Derivatives with respect to both tables, given that of the result."""
        a, b = expanded(left, self.left, self.union), expanded(right, self.right, self.union)
        to_a, to_b = self._join_back(adjoint, a, b, self._convolved())
        return to_a.reshape(left.shape), to_b.reshape(right.shape)

    def _join(self, a: FloatArray, b: FloatArray, axes: list[int]) -> FloatArray:
        """Level by level along the first axis while blocks are large, then all axes at once."""
        if not axes or _joint_size(a, b) <= _BLOCK:
            return self._join_at_once(a, b, axes)
        axis, rest, add = axes[0], axes[1:], self.arithmetic.add
        a_below, b_upto = (
            self.arithmetic.running_sums(a, axis),
            self.arithmetic.running_sums(b, axis),
        )
        levels = [self._join(_level(a, axis, 0), _level(b, axis, 0), rest)]
        for j in range(1, a.shape[axis]):
            reached = self._join(_level(a, axis, j), _level(b_upto, axis, j), rest)
            raised = self._join(_level(a_below, axis, j - 1), _level(b, axis, j), rest)
            levels.append(add(reached, raised, out=reached))
        return np.concatenate(levels, axis=axis)

    def _join_back(
        self, adjoint: FloatArray, a: FloatArray, b: FloatArray, axes: list[int]
    ) -> tuple[FloatArray, FloatArray]:
        """Transpose of `_join`, with respect to either table."""
        if not axes or _joint_size(a, b) <= _BLOCK:
            return self._join_at_once_back(adjoint, a, b, axes)
        axis, rest, add = axes[0], axes[1:], self.arithmetic.add
        n_levels = a.shape[axis]
        a_below, b_upto = (
            self.arithmetic.running_sums(a, axis),
            self.arithmetic.running_sums(b, axis),
        )
        to_a: list[FloatArray] = []
        to_b: list[FloatArray] = []
        to_a_below: list[FloatArray] = []
        to_b_upto: list[FloatArray] = []
        for j in range(n_levels):
            by_level = _level(adjoint, axis, j)
            x, y = self._join_back(by_level, _level(a, axis, j), _level(b_upto, axis, j), rest)
            to_a.append(x)
            to_b_upto.append(y)
            if j:
                a_part, b_part = _level(a_below, axis, j - 1), _level(b, axis, j)
                x, y = self._join_back(by_level, a_part, b_part, rest)
                to_a_below.append(x)
                to_b.append(y)
        sums_a = self.arithmetic.sums_from_above(np.concatenate(to_a_below, axis=axis), axis)
        sums_b = self.arithmetic.sums_from_above(np.concatenate(to_b_upto, axis=axis), axis)
        direct_a = np.concatenate(to_a, axis=axis)
        head, tail = _part(direct_a, axis, 0, -1), _part(sums_b, axis, 1, None)
        add(head, sums_a, out=head)
        add(tail, np.concatenate(to_b, axis=axis), out=tail)
        return direct_a, sums_b

    def _join_at_once(self, a: FloatArray, b: FloatArray, axes: list[int]) -> FloatArray:
        parts = self._left_parts(a, axes), self._right_parts(b, axes)
        product: FloatArray = self.arithmetic.multiply(*parts)
        for axis in axes:
            product = self._add_parts(product, axis)
        return product

    def _join_at_once_back(
        self, adjoint: FloatArray, a: FloatArray, b: FloatArray, axes: list[int]
    ) -> tuple[FloatArray, FloatArray]:
        for axis in axes:
            adjoint = np.concatenate([adjoint, _part(adjoint, axis, 1, None)], axis=axis)
        multiply = self.arithmetic.multiply
        to_a = self._sum_to(multiply(adjoint, self._right_parts(b, axes)), self.left)
        to_b = self._sum_to(multiply(adjoint, self._left_parts(a, axes)), self.right)
        for axis in axes:
            to_a = self._left_back(to_a, axis)
            to_b = self._right_back(to_b, axis)
        return to_a, to_b

    def _convolved(self) -> list[int]:
        return [
            axis
            for axis, v in enumerate(self.union, start=1)
            if self.by_max[v] and v in self.left and v in self.right
        ]

    def _left_parts(self, table: FloatArray, axes: list[int]) -> FloatArray:
        """Append to a_0, ..., a_m the sums a_0, a_0 + a_1, ..., a_0 + ... + a_(m-1)."""
        for axis in axes:
            below = self.arithmetic.running_sums(_part(table, axis, 0, -1), axis)
            table = np.concatenate([table, below], axis=axis)
        return table

    def _right_parts(self, table: FloatArray, axes: list[int]) -> FloatArray:
        """Sums b_0, ..., b_0 + ... + b_m, followed by b_1, ..., b_m."""
        for axis in axes:
            upto = self.arithmetic.running_sums(table, axis)
            table = np.concatenate([upto, _part(table, axis, 1, None)], axis=axis)
        return table

    def _add_parts(self, product: FloatArray, axis: int) -> FloatArray:
        first, second = _halves(product, axis)
        higher = self.arithmetic.add(_part(first, axis, 1, None), second)
        return np.concatenate([_part(first, axis, 0, 1), higher], axis=axis)

    def _left_back(self, adjoint: FloatArray, axis: int) -> FloatArray:
        """Transpose of `_left_parts` along one axis."""
        own, below = _halves(adjoint, axis)
        lower = self.arithmetic.add(
            _part(own, axis, 0, -1), self.arithmetic.sums_from_above(below, axis)
        )
        return np.concatenate([lower, _part(own, axis, -1, None)], axis=axis)

    def _right_back(self, adjoint: FloatArray, axis: int) -> FloatArray:
        """Transpose of `_right_parts` along one axis."""
        upto, own = _halves(adjoint, axis)
        sums = self.arithmetic.sums_from_above(upto, axis)
        higher = self.arithmetic.add(_part(sums, axis, 1, None), own)
        return np.concatenate([_part(sums, axis, 0, 1), higher], axis=axis)

    def _sum_to(self, table: FloatArray, scope: tuple[int, ...]) -> FloatArray:
        missing = [axis for axis, v in enumerate(self.union, start=1) if v not in scope]
        return self.arithmetic.sum(table, tuple(missing))


def expanded(table: FloatArray, scope: tuple[int, ...], union: tuple[int, ...]) -> FloatArray:
    """Table with an axis of length 1 for each variable of the union that it lacks."""
    sizes = dict(zip(scope, table.shape[1:], strict=True))
    return table.reshape(table.shape[0], *(sizes.get(v, 1) for v in union))


def _joint_size(a: FloatArray, b: FloatArray) -> int:
    return math.prod(max(m, n) for m, n in zip(a.shape, b.shape, strict=True))


def _level(table: FloatArray, axis: int, level: int) -> FloatArray:
    return _part(table, axis, level, level + 1)


def _part(table: FloatArray, axis: int, start: int | None, stop: int | None) -> FloatArray:
    return table[(slice(None),) * axis + (slice(start, stop),)]


def _halves(table: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """First m and last m - 1 of 2 m - 1 parts."""
    n_levels = (table.shape[axis] + 1) // 2
    return _part(table, axis, 0, n_levels), _part(table, axis, n_levels, None)
