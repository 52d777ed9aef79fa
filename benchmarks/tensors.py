"""What can a general tensor contraction library do with the same tables?

The path is found by opt_einsum; the steps, and the derivatives of the result that are the
posteriors, are taken with numpy.  Nothing is subtracted, so nothing cancels.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.questions import Question
from legache.network.structure import FloatArray

_N_REPEATS = 32
_Indices = tuple[int, ...]


class TensorNetwork:
    """A network as tensors to be contracted.

    Parameters
    ----------
    question
    path
        How the order of contraction is found: ``greedy``, or ``random-greedy``, the best of many.
    """

    def __init__(self, question: Question, path: str) -> None:
        self._question, self._path = question, path
        self._log_evidence = math.nan

    def posteriors(
        self, hard: dict[str, int], soft: dict[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Posterior of each target."""
        nodes = self._question.nodes
        numbers = {node.name: place for place, node in enumerate(nodes)}
        tensors: list[FloatArray] = []
        indices: list[_Indices] = []
        for node in nodes:
            names = (*node.parents, node.name)
            seen = tuple(hard.get(name, slice(None)) for name in names)
            table = node.table * soft.get(node.name, 1.0)
            tensors.append(table[seen])
            indices.append(tuple(numbers[name] for name in names if name not in hard))
        steps = _steps(tensors, indices, self._path)
        adjoints = _adjoints(tensors, indices, steps)
        self._log_evidence = math.log(float(tensors[-1]))
        return {
            name: _marginal(tensors[i] * adjoints[i], indices[i], i)
            for name in self._question.targets
            for i in (numbers[name],)
        }

    def log_evidence(self) -> float:
        """Logarithm of the probability of the evidence."""
        return self._log_evidence


def _steps(tensors: list[FloatArray], indices: list[_Indices], path: str) -> list[tuple[int, int]]:
    """Contract pairwise, appending each result; which two made it."""
    import opt_einsum

    search = "greedy" if path == "greedy" else opt_einsum.RandomGreedy(max_repeats=_N_REPEATS)
    terms = ["".join(map(opt_einsum.get_symbol, own)) for own in indices]
    shapes = [tensor.shape for tensor in tensors]
    pairs, _ = opt_einsum.contract_path(
        f"{','.join(terms)}->", *shapes, shapes=True, optimize=search
    )
    left = list(range(len(tensors)))
    uses: dict[int, int] = {}
    for own in indices:
        for index in own:
            uses[index] = uses.get(index, 0) + 1
    steps = []
    for pair in pairs:
        chosen = [left.pop(place) for place in sorted(pair, reverse=True)]
        for a, b in _pairwise(chosen, len(tensors)):
            _contract(tensors, indices, uses, a, b)
            steps.append((a, b))
        left.append(len(tensors) - 1)
    return steps


def _pairwise(chosen: list[int], n_tensors: int) -> list[tuple[int, int]]:
    """Steps that contract any number of tensors; a single one is contracted with none."""
    if len(chosen) == 1:
        return [(chosen[0], -1)]
    results = [chosen[0], *range(n_tensors, n_tensors + len(chosen) - 2)]
    return list(zip(results, chosen[1:], strict=True))


def _contract(
    tensors: list[FloatArray], indices: list[_Indices], uses: dict[int, int], a: int, b: int
) -> None:
    both = [indices[a]] if b < 0 else [indices[a], indices[b]]
    for own in both:
        for index in own:
            uses[index] -= 1
    kept = tuple(dict.fromkeys(i for own in both for i in own if uses[i] > 0))
    for index in kept:
        uses[index] += 1
    operands = [tensors[a]] if b < 0 else [tensors[a], tensors[b]]
    tensors.append(_product(operands, both, kept))
    indices.append(kept)


def _adjoints(
    tensors: list[FloatArray], indices: list[_Indices], steps: list[tuple[int, int]]
) -> list[FloatArray]:
    """Derivative of the last tensor by each."""
    adjoints: list[FloatArray] = [np.ones(())] * len(tensors)
    first = len(tensors) - len(steps)
    for result, (a, b) in reversed(list(enumerate(steps, start=first))):
        for mine, other in ((a, b), (b, a)):
            if mine < 0:
                continue
            operands, own = [adjoints[result]], [indices[result]]
            if other >= 0:
                operands.append(tensors[other])
                own.append(indices[other])
            adjoints[mine] = _spread(operands, own, indices[mine], tensors[mine].shape)
    return adjoints


def _spread(
    operands: list[FloatArray], own: list[_Indices], wanted: _Indices, shape: tuple[int, ...]
) -> FloatArray:
    """Product over the indices that are wanted; along those that no operand has it is constant."""
    there = set().union(*own)
    known = tuple(index for index in wanted if index in there)
    product = _product(operands, own, known)
    aligned = tuple(slice(None) if index in there else None for index in wanted)
    return np.broadcast_to(product[aligned], shape)


def _product(operands: list[FloatArray], own: list[_Indices], kept: _Indices) -> FloatArray:
    """Sum of the product of one or two tensors over what is not kept, by a matrix product."""
    if len(operands) == 1:
        return _summed(operands[0], own[0], kept)
    (a, b), (ia, ib) = operands, own
    a = _summed(a, ia, ia_kept := tuple(i for i in ia if i in ib or i in kept))
    b = _summed(b, ib, ib_kept := tuple(i for i in ib if i in ia or i in kept))
    batch = [i for i in ia_kept if i in ib_kept and i in kept]
    inner = [i for i in ia_kept if i in ib_kept and i not in kept]
    left = [i for i in ia_kept if i not in ib_kept]
    right = [i for i in ib_kept if i not in ia_kept]
    sizes = dict(zip((*ia_kept, *ib_kept), (*a.shape, *b.shape), strict=True))
    volume = [math.prod(sizes[i] for i in part) for part in (batch, left, inner, right)]
    a = a.transpose([ia_kept.index(i) for i in (*batch, *left, *inner)])
    b = b.transpose([ib_kept.index(i) for i in (*batch, *inner, *right)])
    product = a.reshape(volume[0], volume[1], volume[2]) @ b.reshape(
        volume[0], volume[2], volume[3]
    )
    found = (*batch, *left, *right)
    product = product.reshape([sizes[i] for i in found])
    return product.transpose([found.index(i) for i in kept])


def _summed(tensor: FloatArray, own: _Indices, kept: _Indices) -> FloatArray:
    """Sum over what is not kept."""
    away = tuple(axis for axis, index in enumerate(own) if index not in kept)
    rest = [index for index in own if index in kept]
    summed = tensor.sum(axis=away) if away else tensor
    return np.asarray(summed.transpose([rest.index(i) for i in kept]))


def _marginal(joint: FloatArray, own: _Indices, index: int) -> FloatArray:
    by_state = _summed(joint, own, (index,))
    return by_state / by_state.sum()
