r"""How does one cause change a table of what is explained so far?

A cause in a given state brings each finding that it is linked to up to some
level, independently of the others.  So it is applied to a table one link at a
time: the finding is then at level :math:`j` if the table had it there and the
link reaches no higher, or if the link reaches it and the table was below,

.. math:: t'_j = t_j \, (p_0 + \dots + p_j) + p_j \, (t_0 + \dots + t_{j-1}) .

The states of the cause are then weighted by P(state | parents) and summed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.inference.arithmetic import Arithmetic
from legache.inference.assembly import Family, Term
from legache.inference.joining import expanded
from legache.network.structure import FloatArray


@dataclass(frozen=True, slots=True)
class Application:
    """Application of a family; axis 0 are lanes, then each scope in elimination order.

    Attributes
    ----------
    table : shape (n_lanes, n_states, n_levels_of_parent_1, ...)
        P(state | parents) in the arithmetic that is used.
    n_levels : of each variable
    """

    family: Family
    table: FloatArray
    before: tuple[int, ...]
    after: tuple[int, ...]
    n_levels: tuple[int, ...]
    arithmetic: Arithmetic

    def forward(self, running: FloatArray) -> FloatArray:
        """Return the running table with the cause summed out, or as an axis of its own."""
        n_lanes = max(running.shape[0], self.table.shape[0])
        shape = (n_lanes, *(self.n_levels[v] for v in self.after))
        result = np.full(shape, self.arithmetic.zero)
        for term in self.family.terms:
            part = self._links(term, self._own_part(running, term))[-1]
            weighted = self.arithmetic.multiply(part, self._weight(term))
            region = self._region(term)
            result[region] = self.arithmetic.add(result[region], weighted)
        return result

    def backward(self, adjoint: FloatArray, running: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivative with respect to the running table, and posterior weight of each state.

        Returns
        -------
        to_running : shape of `running`
        states : shape (n_lanes, n_states)
        """
        to_running = np.full((adjoint.shape[0], *running.shape[1:]), self.arithmetic.zero)
        wide = expanded(to_running, self.before, self.after)  # a view: both change together
        states = np.full((adjoint.shape[0], len(self.family.states)), self.arithmetic.zero)
        for term in self.family.terms:
            stages = self._links(term, self._own_part(running, term))
            region = adjoint[self._region(term)]
            joint = self.arithmetic.multiply(region, stages[-1])
            states[:, list(term.states)] = self._state_weights(term, joint)
            back = self.arithmetic.multiply(region, self._weight(term))
            own = self._own_slice(term)
            wide[own] = self.arithmetic.add(wide[own], self._links_back(term, back))
        return to_running, states

    def _axis(self, v: int) -> int:
        return self.after.index(v) + 1

    def _own_slice(self, term: Term) -> tuple[slice, ...]:
        """Part of an expanded running table in which the cause is at the term's level."""
        own = self.family.own
        return tuple(
            slice(term.own_level, term.own_level + 1)
            if axis and v == own and own in self.before
            else slice(None)
            for axis, v in enumerate((-1, *self.after))
        )

    def _own_part(self, running: FloatArray, term: Term) -> FloatArray:
        return expanded(running, self.before, self.after)[self._own_slice(term)]

    def _region(self, term: Term) -> tuple[slice, ...]:
        """Part of the result that a term fills: findings that it brings first stay at level 0."""
        linked = {v for v, _ in term.links}
        region = [slice(None)]
        for v in self.after:
            if v == self.family.own:
                region.append(slice(term.own_level, term.own_level + 1))
            elif v in self.before or v in linked or v in self.family.parents:
                region.append(slice(None))
            else:
                region.append(slice(0, 1))
        return tuple(region)

    def _links(self, term: Term, part: FloatArray) -> list[FloatArray]:
        """Part of the running table after no link, the first link, and so on."""
        stages = [part]
        for v, log_link in term.links:
            link = self.arithmetic.of_logs(log_link)
            stages.append(self._link(stages[-1], v, link))
        return stages

    def _link(self, part: FloatArray, v: int, link: FloatArray) -> FloatArray:
        axis = self._axis(v)
        if v not in self.before:
            brought: FloatArray = self.arithmetic.multiply(part, _along(link, axis, part.ndim))
            return brought
        upto = self.arithmetic.running_sums(link, 0)
        stays: FloatArray = self.arithmetic.multiply(part, _along(upto, axis, part.ndim))
        head, tail = _head_and_tail(axis)
        below = self.arithmetic.running_sums(part[head], axis)
        rises = self.arithmetic.multiply(below, _along(link[1:], axis, part.ndim))
        stays[tail] = self.arithmetic.add(stays[tail], rises)
        return stays

    def _links_back(self, term: Term, adjoint: FloatArray) -> FloatArray:
        """Transpose of `_links`, and the sum over the parents that the running table lacks."""
        for v, log_link in reversed(term.links):
            link = self.arithmetic.of_logs(log_link)
            adjoint = self._link_back(adjoint, v, link)
        new = [axis for axis, v in enumerate(self.after, start=1) if v not in self.before]
        return self.arithmetic.sum(adjoint, tuple(new))

    def _link_back(self, adjoint: FloatArray, v: int, link: FloatArray) -> FloatArray:
        axis = self._axis(v)
        brought = self.arithmetic.multiply(adjoint, _along(link, axis, adjoint.ndim))
        if v not in self.before:
            return self.arithmetic.sum(brought, (axis,))
        upto = self.arithmetic.running_sums(link, 0)
        stays: FloatArray = self.arithmetic.multiply(adjoint, _along(upto, axis, adjoint.ndim))
        head, tail = _head_and_tail(axis)
        raised = self.arithmetic.sums_from_above(brought[tail], axis)
        stays[head] = self.arithmetic.add(stays[head], raised)
        return stays

    def _weight(self, term: Term) -> FloatArray:
        """P(term's states | parents), with the axes of the result."""
        rows = self.table[:, list(term.states)]
        return self._with_axes(self.arithmetic.add.reduce(rows, axis=1))

    def _with_axes(self, by_parents: FloatArray) -> FloatArray:
        parents = self.family.parents
        order = sorted(range(len(parents)), key=lambda i: self.after.index(parents[i]))
        ordered = np.transpose(by_parents, (0, *(i + 1 for i in order)))
        return expanded(ordered, tuple(parents[i] for i in order), self.after)

    def _state_weights(self, term: Term, joint: FloatArray) -> FloatArray:
        """Posterior weight of each of a term's states: shape (n_lanes, n_states_of_term)."""
        kept = {self._axis(v) for v in self.family.parents}
        summed = self.arithmetic.sum(joint, tuple(set(range(1, joint.ndim)) - kept))
        weights = []
        for row in term.states:
            product = self.arithmetic.multiply(summed, self._with_axes(self.table[:, row]))
            flat = product.reshape(product.shape[0], -1)
            weights.append(self.arithmetic.add.reduce(flat, axis=1))
        return np.stack(weights, axis=1)


def _head_and_tail(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """All levels but the last along an axis, and all but the first."""
    before = (slice(None),) * axis
    return (*before, slice(0, -1)), (*before, slice(1, None))


def _along(values: FloatArray, axis: int, n_axes: int) -> FloatArray:
    """Vector as the given axis of an array."""
    return values.reshape((1,) * axis + (-1,) + (1,) * (n_axes - axis - 1))
