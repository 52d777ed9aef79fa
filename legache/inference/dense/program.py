"""By which array operations are the causes of many patients worked through?

The running table holds, for each patient and each set of findings, the
probability that the causes worked through so far explain just these.  A cause
moves a patient's lanes (see the order), by a small matrix of its weights, to
lanes in which it is absent, silent or responsible.  Its links act on the
findings by one small matrix for each group of them.  The adjoint, carried from
the last cause to the first, gives every posterior.

All entries of all matrices are non-negative: nothing is subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from legache.inference.dense.order import Layout, Step
from legache.network.structure import FloatArray, IndexArray

_WIDEST_GROUP, _WIDEST_GROUP_ALONE = 3, 4  # wider ones are fewer operations, but more memory

Operation = tuple[np.ufunc, FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """Working memory for some patients with equally many bits, and the operations on it.

    Whoever uses it writes the weights, the links and `final`, runs `forward`, reads `last`,
    runs `backward` and reads `inner`.

    Attributes
    ----------
    weights, inner : shape (n_patients, n_entries)
        Of each entry of the layout: its weight, and what it is multiplied by in P(evidence).
    links : each of shape (n_patients, n_causes, 2**n, 2**n)
        One matrix for each group of n bits, presence first: from the set that is explained,
        a column, to that with a present or responsible cause, a row.
    last_links, last_links_back : shape (n_patients, n_causes, 2**n + 1, 2**n + 1)
        Those of the last group, transposed and not, with one more state: nobody is responsible.
    last, final : shape (n_patients, n_presence_sets, n_slow_sets, 2**n + 1)
        Table after the last cause, and what each of its entries is multiplied by.
    """

    layout: Layout
    n_presence: int
    n_responsible: int
    weights: FloatArray
    inner: FloatArray
    links: tuple[FloatArray, ...]
    last_links: FloatArray
    last_links_back: FloatArray
    last: FloatArray
    final: FloatArray
    forward: tuple[Operation, ...]
    backward: tuple[Operation, ...]


def run(operations: Sequence[Operation]) -> None:
    """Carry out operations in turn."""
    for operation, first, second, result in operations:
        operation(first, second, out=result)


def program(layout: Layout, n_patients: int, n_presence: int, n_responsible: int) -> Program:
    """Lay out working memory, and list the operations.

    Parameters
    ----------
    layout
    n_patients
    n_presence, n_responsible
        Number of bits, by whether they hang on what is present or on what is responsible.
    """
    memory = _Memory(layout, n_patients, n_presence, n_responsible)
    table = memory.start
    forward: list[Operation] = []
    backward: list[tuple[Operation, ...]] = []
    for place, step in enumerate(layout.steps):
        backward.append(tuple(memory.backward(step, place, table)))
        operations, table = memory.forward(step, table)
        forward += operations
    return Program(
        layout=layout,
        n_presence=n_presence,
        n_responsible=n_responsible,
        weights=memory.weights,
        inner=memory.inner,
        links=(*memory.presence_links, *memory.slow_links),
        last_links=memory.last_links,
        last_links_back=memory.last_links_back,
        last=table.reshape(memory.shape),
        final=memory.adjoints[(len(layout.steps) - 1) % 2][:, :1].reshape(memory.shape),
        forward=tuple(forward),
        backward=tuple(operation for each in reversed(backward) for operation in each),
    )


@lru_cache(maxsize=256)
def n_bytes(layout: Layout, n_presence: int, n_responsible: int) -> int:
    """Working memory that each patient needs."""
    presence, slow, last = _group_sizes(1, n_presence, n_responsible)
    n_sets = (1 << (n_presence + n_responsible - last)) * ((1 << last) + 1)
    n_stored = sum(s.n_rows if s.remembers else s.n_kept for s in layout.steps)
    n_scratch = 3 * max(s.n_rows for s in layout.steps) + 2 * max(s.n_kept for s in layout.steps)
    n_links = sum(1 << 2 * n for n in (*presence, *slow)) + 2 * ((1 << last) + 1) ** 2
    n_weights = 2 * layout.steps[-1].stop
    return 8 * ((1 + n_stored + n_scratch) * n_sets + len(layout.steps) * n_links + n_weights)


def _group_sizes(
    n_patients: int, n_presence: int, n_responsible: int
) -> tuple[list[int], list[int], int]:
    """Sizes of the groups of bits: presence, responsible, and the last of the latter."""
    widest = _WIDEST_GROUP if n_patients > 1 else _WIDEST_GROUP_ALONE
    *slow, last = _even(n_responsible, widest) or [0]
    return _even(n_presence, widest), slow, last


def _even(total: int, widest: int) -> list[int]:
    """Fewest parts of a number, as equal as may be and none above the widest."""
    n_parts = -(-total // widest)
    return [(total + place) // n_parts for place in range(n_parts)]


class _Memory:
    """Arrays that operations read and write; used once."""

    def __init__(self, layout: Layout, n: int, n_presence: int, n_responsible: int) -> None:
        steps, n_causes = layout.steps, len(layout.steps)
        presence, slow, last = _group_sizes(n, n_presence, n_responsible)
        width = 2**last + 1
        self.shape = (n, 2**n_presence, 2 ** sum(slow), width)
        self.n, self.n_sets = n, 2 ** (n_presence + sum(slow)) * width
        self.weights = np.zeros((n, steps[-1].stop))
        self.inner = np.zeros((n, steps[-1].stop))
        self.presence_links = [np.zeros((n, n_causes, 2**size, 2**size)) for size in presence]
        self.slow_links = [np.zeros((n, n_causes, 2**size, 2**size)) for size in slow]
        self.last_links = np.zeros((n, n_causes, width, width))
        self.last_links_back = np.zeros((n, n_causes, width, width))
        self.start = np.zeros((n, 1, self.n_sets))
        self.start.reshape(self.shape)[:, 0, 0, -1] = 1.0  # nobody responsible, nothing explained
        most_rows = max(step.n_rows for step in steps)
        self.rows = self._tables(most_rows)
        self.adjoints = (self._tables(most_rows), self._tables(most_rows))
        most_kept = max(step.n_kept for step in steps)
        self.scratch = (self._tables(most_kept), self._tables(most_kept))

    def _tables(self, n_lanes: int) -> FloatArray:
        return np.empty((self.n, n_lanes, self.n_sets))

    def forward(self, step: Step, table: FloatArray) -> tuple[list[Operation], FloatArray]:
        """Carry the table over one cause; return the operations and where they leave it."""
        kept = step.n_kept
        rows = self._tables(step.n_rows) if step.remembers else self.rows[:, : step.n_rows]
        present, responsible = rows[:, -2 * kept : -kept], rows[:, -kept:]
        combine = np.multiply if step.n_in == 1 else np.matmul
        operations: list[Operation] = [(combine, self._of(step, self.weights), table, rows)]
        shown, moved = self._chain(responsible, None, self._responsible_links(step))
        operations += shown
        result = rows[:, : step.n_out] if step.remembers else self._tables(kept)
        if not step.shows_presence:
            target = present if step.remembers else result
            return [*operations, (np.add, present, moved, target)], result
        operations.append((np.add, present, moved, responsible))
        operations += self._chain(responsible, present, self._presence_links(step))[0]
        if not step.remembers:
            operations.append((np.add, rows[:, :kept], present, result))
        return operations, result

    def backward(self, step: Step, place: int, table: FloatArray) -> list[Operation]:
        """Carry the adjoint back over one cause that found the table."""
        kept = step.n_kept
        rows = self.adjoints[place % 2][:, : step.n_rows]
        present, responsible = rows[:, -2 * kept : -kept], rows[:, -kept:]
        operations: list[Operation] = []
        if step.shows_presence:
            source = present if step.remembers else rows[:, :kept]
            links = self._presence_links(step, back=True)
            operations += self._chain(source, present, links)[0]
        links = self._responsible_links(step, back=True)
        operations += self._chain(present, responsible, links)[0]
        inner = self._of(step, self.inner)
        if step.n_in == 1:
            operations.append((np.vecdot, rows, table, inner[:, :, 0]))
        else:
            operations.append((np.matmul, rows, table.swapaxes(1, 2), inner))
        if place > 0:
            before = self.adjoints[(place - 1) % 2][:, : step.n_in]
            weights = self._of(step, self.weights).swapaxes(1, 2)
            operations.append((np.matmul, weights, rows, before))
        return operations

    def _of(self, step: Step, entries: FloatArray) -> FloatArray:
        return entries[:, step.start : step.stop].reshape(self.n, step.n_rows, step.n_in)

    def _presence_links(self, step: Step, *, back: bool = False) -> list[_Side]:
        width = self.n_sets // self.shape[1]
        return _left_sides(self.presence_links, step.cause, width, back=back)

    def _responsible_links(self, step: Step, *, back: bool = False) -> list[_Side]:
        last = self.last_links_back if back else self.last_links
        width = self.shape[-1]
        sides = _left_sides(self.slow_links, step.cause, width, back=back)
        return [*sides, _Side(last[:, step.cause], width, is_left=False)]

    def _chain(
        self, source: FloatArray, target: FloatArray | None, sides: Sequence[_Side]
    ) -> tuple[list[Operation], FloatArray]:
        """Multiply by each matrix in turn; the result is left in the target, if there is one."""
        operations: list[Operation] = []
        for place, side in enumerate(sides):
            result = self.scratch[place % 2][:, : source.shape[1]]
            if target is not None and place == len(sides) - 1:
                result = target
            operations.append(side.operation(source, result))
            source = result
        return operations, source


@dataclass(frozen=True, slots=True)
class _Side:
    """A matrix that acts on one axis of a table, from the left or from the right.

    Attributes
    ----------
    matrix : shape (n_patients, 1, n, n) on the left, (n_patients, n, n) on the right
    width
        Entries from one place of the axis to the next; on the right, its length.
    """

    matrix: FloatArray
    width: int
    is_left: bool

    def operation(self, source: FloatArray, result: FloatArray) -> Operation:
        """Multiply a table by the matrix."""
        n = len(source)
        if self.is_left:
            shape = (n, -1, self.matrix.shape[-1], self.width)
            return (np.matmul, self.matrix, source.reshape(shape), result.reshape(shape))
        flat = (n, -1, self.width)
        return (np.matmul, source.reshape(flat), self.matrix, result.reshape(flat))


def _left_sides(links: Sequence[FloatArray], cause: int, width: int, *, back: bool) -> list[_Side]:
    """Groups of bits of one cause, the fastest first."""
    sides = []
    for group in reversed(links):
        matrix = group[:, cause, None]
        sides.append(_Side(matrix.swapaxes(2, 3) if back else matrix, width, is_left=True))
        width *= matrix.shape[-1]
    return sides


@lru_cache(maxsize=64)
def link_places(n_bits: int) -> tuple[IndexArray, IndexArray, IndexArray, IndexArray]:
    """Return where products of link probabilities go in the matrix of a group of bits.

    The products are those of one of (stays below, reaches, was reached before) for each bit,
    the last bit fastest.

    Returns
    -------
    places
        Of each product, in the flat matrix.
    last, last_back
        The same for the last group, transposed and not.  It has one more state, in which nobody
        is responsible, and from which the same products lead as from the empty set: they come
        after the others.
    again
        Which products those are.
    """
    before, after = np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    for _ in range(n_bits):
        before = np.add.outer(2 * before, [0, 0, 1]).ravel()
        after = np.add.outer(2 * after, [0, 1, 1]).ravel()
    nobody = 2**n_bits
    again = np.flatnonzero(before == 0)
    from_set = np.append(before, np.full(again.size, nobody))
    to_set = np.append(after, after[again])
    last, last_back = from_set * (nobody + 1) + to_set, to_set * (nobody + 1) + from_set
    return after * nobody + before, last, last_back, np.append(np.arange(before.size), again)
