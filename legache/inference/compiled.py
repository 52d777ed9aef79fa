"""What does the compiled kernel answer, if there is one?

The kernel is C, called through ctypes: it needs no compiler at run time and adds nothing to the
time of the import, and a call leaves the interpreter free for other threads.  Where it could not
be built, everything is answered by numpy.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from legache.inference.flat import Codes, Counts, flat_network
from legache.network.structure import FloatArray, NoisyMaxNetwork

_LIBRARY = Path(__file__).with_name("kernel") / "libkernel.so"
_LOG_EVIDENCE, _UNEXPLAINED, _COST, _BYTES, _N_SCALARS = range(5)
_SEARCH_ONCE = 1.0  # a plan that is kept is worth as long a search as it saves in one run
_N_PLANS = 1024


class Status(IntEnum):
    """What became of a patient; the order is that of ``kernel/reduction.h``."""

    ANSWERED = 0
    IMPOSSIBLE = 1
    OUT_OF_RANGE = 2
    TOO_LARGE = 3
    TOO_MANY = 4
    NO_MEMORY = 5


# what the kernel cannot settle is settled by numpy: in logarithms, or along another kind of plan
SETTLED = (Status.ANSWERED, Status.IMPOSSIBLE)


@dataclass(frozen=True, slots=True, eq=False)
class KernelAnswers:
    """Answers for a number of patients.

    Attributes
    ----------
    present, responsible : shape (n_patients, n_causes)
    contexts : shape (n_patients, n_contexts)
    log_evidence, unexplained : shape (n_patients,)
    status : shape (n_patients,)
        A `Status`; only of those that are answered do the numbers mean anything.
    order : shape (n_patients, n_causes)
        In which the causes were applied.
    cost, n_bytes : shape (n_patients,)
        Predicted, where the order was searched for: table entries that are touched, and memory.
    """

    present: FloatArray
    responsible: FloatArray
    contexts: FloatArray
    log_evidence: FloatArray
    unexplained: FloatArray
    status: Counts
    order: Counts
    cost: FloatArray
    n_bytes: FloatArray


class OneAnswer(NamedTuple):
    """Answer for one patient; as in `KernelAnswers`, without the leading axis."""

    present: FloatArray
    responsible: FloatArray
    contexts: FloatArray
    log_evidence: float
    unexplained: float


class _Request(ctypes.Structure):
    """How a run is made; the fields are those of ``kernel/answer.h``."""

    _fields_ = (
        ("memory_limit", ctypes.c_double),
        ("effort", ctypes.c_double),
        ("finds_order", ctypes.c_int32),
        ("wants_posteriors", ctypes.c_int32),
        ("n_threads", ctypes.c_int32),
    )


_SIZES = (
    *("n_roots", "n_strata", "n_contexts", "n_causes", "n_findings"),
    *("n_factors", "n_strengths", "n_leaks", "n_unlisted"),
)
_GRAPH = (
    *("root_state", "n_context_children", "factor_start", "factor", "n_cause_children"),
    *("n_states", "on_responsible", "link_start", "link_cause"),
    *("strength_start", "leak_start", "unlisted_start", "likelihood_start"),
)
_NUMBERS = (
    *("share", "context", "odds", "ratio", "responsible"),
    *("strength", "leak", "unlisted_strength", "unlisted"),
)


class _Network(ctypes.Structure):
    """A network; the fields are those of ``kernel/network.h``."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in _SIZES),
        *((name, ctypes.c_void_p) for name in (*_GRAPH, *_NUMBERS)),
    )


@cache
def _kernel() -> Callable[..., None] | None:
    try:
        library = ctypes.CDLL(str(_LIBRARY))
    except OSError:
        return None
    answer: Any = library.legache_answer
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    answer.argtypes = (pointer, count, count, count, *(pointer,) * 9)
    answer.restype = None
    return answer  # type: ignore[no-any-return] # ctypes has no types for functions


def n_cores() -> int:
    """Cores that this process may use."""
    return os.cpu_count() or 1


def is_compiled() -> bool:
    """Tell whether the compiled kernel is there."""
    return _kernel() is not None


@lru_cache(maxsize=64)
def compiled_network(network: NoisyMaxNetwork) -> CompiledNetwork | None:
    """Network in the form that the kernel reads; none if there is no kernel."""
    kernel = _kernel()
    return None if kernel is None else CompiledNetwork(network, kernel)


class CompiledNetwork:
    """A network that the kernel can read, with the plans that it has found for it."""

    def __init__(self, network: NoisyMaxNetwork, kernel: Callable[..., None]) -> None:
        self.flat = flat_network(network)
        self._n_causes, self._n_contexts = len(network.causes), len(network.context_ids)
        self._sizes = (len(network.root_ids), len(network.strata), self._n_contexts, self._n_causes)
        self._kernel = kernel
        self._record = self._structure(self.flat.numbers)
        self._order_of = lru_cache(maxsize=_N_PLANS)(self._found_order)

    def answer_one(
        self, codes: Codes, values: FloatArray, memory_limit: float
    ) -> tuple[Status, OneAnswer]:
        """Answer one patient along the plan for the pattern of the evidence.

        Parameters
        ----------
        codes, values
            As `FlatNetwork.encoded` gives them.
        memory_limit
            In bytes; the plan's need is predicted before anything is allocated.
        """
        order, _ = self.plan(codes)
        c, x = self._n_causes, self._n_contexts
        numbers = np.zeros(2 * c + x + _N_SCALARS)
        status = np.zeros(1, np.int32)
        asked = _Request(memory_limit, 0.0, 0, 1, 1)
        at = _address(numbers)
        outputs = (at, at + 8 * c, at + 16 * c, at + 16 * c + 8 * x, _address(status))
        inputs = (_address(codes), _address(values), ctypes.addressof(asked), _address(order))
        self._kernel(ctypes.addressof(self._record), 1, 1, 1, *inputs, *outputs)
        scalars = numbers[2 * c + x :].tolist()
        answer = OneAnswer(
            present=numbers[:c],
            responsible=numbers[c : 2 * c],
            contexts=numbers[2 * c : 2 * c + x],
            log_evidence=scalars[_LOG_EVIDENCE],
            unexplained=scalars[_UNEXPLAINED],
        )
        return Status(int(status[0])), answer

    def plan(self, codes: Codes) -> tuple[Counts, float]:
        """Order of the causes for the pattern of the evidence, and its predicted cost.

        The pattern tells what is known, unknown or soft, and which findings are positive.
        """
        return self._order_of(np.minimum(codes, 1).tobytes())

    def _found_order(self, pattern: bytes) -> tuple[Counts, float]:
        codes = np.frombuffer(pattern, dtype=np.int8)
        # likelihoods that differ from state to state stand for any
        values: FloatArray = np.power(0.5, np.arange(int(self.flat.n_states.sum())) % 7)
        found = self.answer(codes[None, :], values, 0.0, effort=_SEARCH_ONCE)
        order = found.order[0].copy()
        if not order.any():  # the pattern is refused before any search; its evidence may not be
            order = np.arange(self._n_causes, dtype=np.int32)
        order.flags.writeable = False
        return order, float(found.cost[0])

    def answer(
        self,
        codes: Codes,
        values: FloatArray,
        memory_limit: float,
        *,
        order: Counts | None = None,
        effort: float = 0.0,
        wants_posteriors: bool = True,
        n_threads: int = 1,
        draws: Mapping[str, FloatArray] | None = None,
    ) -> KernelAnswers:
        """Answer many patients, each with its own pattern, or with its own draw of the numbers.

        Parameters
        ----------
        codes : shape (n_patients, n_nodes)
            One patient may stand for all where there are many draws.
        values
            Likelihoods for codes that refer to them; then the patients share them.
        memory_limit
            In bytes, for each patient.
        order : shape (n_causes,)
            In which to apply the causes; searched for, patient by patient, if not given.
        effort
            Of that search: 1 spends what it can expect to save in one run.
        wants_posteriors
            Else only the probability of the evidence.
        n_threads
            Of the kernel's own; they need no interpreter.
        draws
            Sets of numbers, each array with a leading axis for the draws.
        """
        codes = np.ascontiguousarray(codes)
        n_draws = 1 if draws is None else len(draws["unlisted"])
        n_rows = len(codes) if draws is None else n_draws
        record = self._record if draws is None else self._structure(draws)
        orders = np.zeros((n_rows, self._n_causes), np.int32) if order is None else order
        asked = _Request(memory_limit, effort, order is None, wants_posteriors, n_threads)
        present, responsible = np.zeros((2, n_rows, self._n_causes))
        contexts, scalars = np.zeros((n_rows, self._n_contexts)), np.zeros((n_rows, _N_SCALARS))
        status = np.zeros(n_rows, np.int32)
        arrays = (codes, values, orders, present, responsible, contexts, scalars, status)
        at = [_address(array) for array in arrays]
        self._kernel(
            *(ctypes.addressof(record), n_rows, n_draws, len(codes)),
            *(*at[:2], ctypes.addressof(asked), *at[2:]),
        )
        return KernelAnswers(
            present,
            responsible,
            contexts,
            scalars[:, _LOG_EVIDENCE],
            scalars[:, _UNEXPLAINED],
            status,
            orders,
            scalars[:, _COST],
            scalars[:, _BYTES],
        )

    def _structure(self, numbers: Mapping[str, FloatArray]) -> _Network:
        graph = self.flat.graph
        sizes = (
            *self._sizes,
            graph["n_states"].size,
            graph["factor"].size,
            *(self.flat.numbers[name].size for name in ("strength", "leak", "unlisted_strength")),
        )
        at = [_address(graph[name]) for name in _GRAPH]
        at += [_address(numbers[name]) for name in _NUMBERS]
        return _Network(*sizes, *at)


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
