"""How are probabilities added and multiplied: plainly, or as logarithms?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.network.structure import FloatArray

_LOG_SMALLEST = float(np.log(np.finfo(np.float64).tiny))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Addition and multiplication of non-negative numbers in one representation."""

    add: np.ufunc
    multiply: np.ufunc
    zero: float
    is_log: bool

    def of_logs(self, logs: FloatArray) -> FloatArray:
        """Numbers whose logarithms are given.

        Raises
        ------
        FloatingPointError
            A number that is not zero would become so.
        """
        if self.is_log:
            return logs
        # vectorised exp does not always raise the processor's flag
        if np.any((logs < _LOG_SMALLEST) & (logs > -np.inf)):
            message = "an entry is too small beside the largest"
            raise FloatingPointError(message)
        return np.asarray(np.exp(logs))

    def logs_of(self, numbers: FloatArray) -> FloatArray:
        """Logarithms of numbers."""
        if self.is_log:
            return numbers
        with np.errstate(divide="ignore"):  # the logarithm of zero is -inf
            return np.asarray(np.log(numbers))

    def plain(self, numbers: FloatArray) -> FloatArray:
        """Numbers as ordinary floating point."""
        return np.asarray(np.exp(numbers)) if self.is_log else numbers

    def sum(self, table: FloatArray, axes: tuple[int, ...]) -> FloatArray:
        """Sum over some axes, which stay with length 1."""
        for axis in axes:
            if table.shape[axis] > 1:
                table = self.add.reduce(table, axis=axis, keepdims=True)
        return table

    def running_sums(self, table: FloatArray, axis: int) -> FloatArray:
        """Sum of each level and those below it; levels are few, so that slices beat a ufunc."""
        if table.shape[axis] == 1:
            return table
        sums = table.copy()
        before = (slice(None),) * axis
        for level in range(1, table.shape[axis]):
            here = (*before, slice(level, level + 1))
            below = (*before, slice(level - 1, level))
            self.add(sums[here], sums[below], out=sums[here])
        return sums

    def sums_from_above(self, table: FloatArray, axis: int) -> FloatArray:
        """Sum of each level and those above it."""
        return np.flip(self.running_sums(np.flip(table, axis), axis), axis)

    def scaled(self, table: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Divide each lane by its largest entry; return the logarithm of that, too."""
        n_lanes = table.shape[0]
        if self.is_log:
            return table, np.zeros(n_lanes)
        scale = table.reshape(n_lanes, -1).max(axis=1)
        scale = np.where(scale > 0, scale, 1.0)
        return table / scale.reshape(-1, *(1,) * (table.ndim - 1)), np.log(scale)


PLAIN = Arithmetic(np.add, np.multiply, 0.0, is_log=False)
LOGARITHMS = Arithmetic(np.logaddexp, np.add, -np.inf, is_log=True)
