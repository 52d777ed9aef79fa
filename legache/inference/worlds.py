"""How probable would everything be if a few numbers of the network were others?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from legache.errors import ImpossibleEvidenceError
from legache.inference.assembly import Likelihoods
from legache.inference.compiled import (
    SETTLED,
    KernelAnswers,
    Status,
    compiled_network,
    n_cores,
)
from legache.inference.flat import flat_network, with_numbers
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, posterior
from legache.network.structure import FloatArray, IndexArray, NoisyMaxNetwork

Patch = tuple[tuple[str, IndexArray, FloatArray], ...]
"""Names of flat arrays of the network, places in them, and what stands there instead."""

_CHUNK = 256  # sets of numbers that are held at a time: a few megabytes
_YES = (0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A network with some other numbers, and perhaps a cause that is taken as present.

    Attributes
    ----------
    patch
        What differs from the network's own numbers.
    present
        Place of a cause that is present beside the evidence.
    """

    patch: Patch = ()
    present: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Exact answers for one patient, one for each world; zeros where it cannot be.

    Attributes
    ----------
    log_evidence : shape (n_worlds,)
        Minus infinity where the evidence is impossible.
    present, responsible : shape (n_worlds, n_causes)
    """

    log_evidence: FloatArray
    present: FloatArray
    responsible: FloatArray


def answers_in(
    network: NoisyMaxNetwork,
    worlds: Sequence[World],
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> Answers:
    """Exact posteriors of one patient in each of many worlds, along one plan.

    Parameters
    ----------
    network
        Whose graph the worlds share.
    worlds
    likelihoods
        For each observed node the likelihood of each of its states.
    memory_limit
        Bytes of working memory that one world may use.

    Raises
    ------
    LimitError
        The plan needs more memory than the limit.

    Notes
    -----
    The numbers are copied once for some hundreds of worlds, which then change what differs.

    Examples
    --------
    >>> import legache
    >>> network = legache.load().model.network
    >>> never = World((("unlisted", np.array([0]), np.array([0.0])),))
    >>> found = answers_in(network, [World(), never], {"leg_ache": (0.0, 1.0)})
    >>> bool(found.log_evidence[0] > found.log_evidence[1])
    True
    """
    n_worlds, n_causes = len(worlds), len(network.causes)
    answers = Answers(
        log_evidence=np.full(n_worlds, -np.inf),
        present=np.zeros((n_worlds, n_causes)),
        responsible=np.zeros((n_worlds, n_causes)),
    )
    for chosen, numbers in _chunks(network, worlds):
        found = _by_kernel(network, worlds[chosen], likelihoods, memory_limit, numbers=numbers)
        unsettled = _kept(found, answers, chosen)
        for row in unsettled:
            drawn = with_numbers(network, numbers, row)
            world = worlds[chosen.start + row]
            _answer_alone(
                drawn,
                _said(network, world, likelihoods),
                memory_limit,
                answers=answers,
                row=chosen.start + row,
            )
    return answers


def _chunks(
    network: NoisyMaxNetwork, worlds: Sequence[World]
) -> Iterator[tuple[slice, Mapping[str, FloatArray]]]:
    """Numbers of some worlds at a time; they are overwritten by the next."""
    if not worlds:
        return
    own = flat_network(network).numbers
    size = min(_CHUNK, len(worlds))
    held = {name: np.repeat(values[None], size, 0) for name, values in own.items()}
    flat = {name: values.reshape(size, -1) for name, values in held.items()}
    plain = {name: values.ravel() for name, values in own.items()}
    for start in range(0, len(worlds), size):
        chosen = slice(start, min(start + size, len(worlds)))
        for row, world in enumerate(worlds[chosen]):
            for name, places, values in world.patch:
                flat[name][row, places] = values
        n_rows = chosen.stop - chosen.start
        yield chosen, {name: values[:n_rows] for name, values in held.items()}
        for row, world in enumerate(worlds[chosen]):
            for name, places, _ in world.patch:
                flat[name][row, places] = plain[name][places]


def _by_kernel(
    network: NoisyMaxNetwork,
    worlds: Sequence[World],
    likelihoods: Likelihoods,
    memory_limit: int,
    *,
    numbers: Mapping[str, FloatArray],
) -> KernelAnswers | None:
    kernel = compiled_network(network)
    if kernel is None:
        return None
    codes, values = kernel.flat.encoded(likelihoods)
    order, _ = kernel.plan(codes)
    rows = np.repeat(codes[None], len(worlds), 0)
    first_cause = len(network.root_ids) + len(network.context_ids)
    for row, world in enumerate(worlds):
        if world.present is not None:
            rows[row, first_cause + world.present] = 1
    return kernel.answer(
        rows, values, memory_limit, order=order, n_threads=n_cores(), draws=numbers
    )


def _kept(found: KernelAnswers | None, answers: Answers, chosen: slice) -> list[int]:
    """Keep what the kernel found; returns the rows that it could not settle."""
    if found is None:
        return list(range(chosen.stop - chosen.start))
    is_answered = found.status == Status.ANSWERED
    answers.log_evidence[chosen] = np.where(is_answered, found.log_evidence, -np.inf)
    answers.present[chosen] = np.where(is_answered[:, None], found.present, 0.0)
    answers.responsible[chosen] = np.where(is_answered[:, None], found.responsible, 0.0)
    unsettled: list[int] = np.flatnonzero(~np.isin(found.status, SETTLED)).tolist()
    return unsettled


def _answer_alone(
    network: NoisyMaxNetwork,
    likelihoods: Likelihoods,
    memory_limit: int,
    *,
    answers: Answers,
    row: int,
) -> None:
    try:
        found = posterior(network, likelihoods, memory_limit=memory_limit)
    except ImpossibleEvidenceError:
        return
    answers.log_evidence[row] = found.log_evidence
    answers.present[row], answers.responsible[row] = found.present, found.responsible


def _said(network: NoisyMaxNetwork, world: World, likelihoods: Likelihoods) -> Likelihoods:
    if world.present is None:
        return likelihoods
    return {**likelihoods, network.causes[world.present].id: _YES}
