"""How probable is each cause under many draws of the network's numbers?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from legache.errors import ImpossibleEvidenceError
from legache.inference.assembly import Likelihoods
from legache.inference.compiled import SETTLED, KernelAnswers, compiled_network, n_cores
from legache.inference.flat import with_numbers
from legache.inference.posterior import DEFAULT_MEMORY_LIMIT, Posterior, posterior
from legache.network.structure import FloatArray, NoisyMaxNetwork


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PosteriorDraws:
    """Exact answers for one patient, one for each draw.

    Attributes
    ----------
    present, responsible : shape (n_draws, n_causes)
    unexplained, log_evidence : shape (n_draws,)
        Log evidence is minus infinity, and the posteriors are 0, where the evidence is impossible
        under the draw.
    """

    present: FloatArray
    responsible: FloatArray
    unexplained: FloatArray
    log_evidence: FloatArray


def posterior_draws(
    network: NoisyMaxNetwork,
    draws: Mapping[str, FloatArray],
    likelihoods: Likelihoods,
    *,
    memory_limit: int = DEFAULT_MEMORY_LIMIT,
) -> PosteriorDraws:
    """Exact posteriors of one patient under each of many sets of numbers.

    All draws share one plan: it depends on the graph and the evidence alone.

    Parameters
    ----------
    network
        Whose graph the draws share.
    draws
        Arrays of numbers with a leading axis for the draws, as
        `legache.inference.flat.stacked_numbers` makes them.
    likelihoods
        For each observed node the likelihood of each of its states.
    memory_limit
        Bytes of working memory that one draw may use.

    Raises
    ------
    LimitError
        The plan needs more memory than the limit.

    Examples
    --------
    >>> import legache
    >>> from legache.inference.flat import stacked_numbers
    >>> network = legache.load().model.network
    >>> draws = stacked_numbers([network, network])
    >>> posterior_draws(network, draws, {"leg_ache": (0.0, 1.0)}).present.shape
    (2, 40)
    """
    n_draws = len(draws["unlisted"])
    kernel = compiled_network(network)
    if kernel is None:
        return _by_one(network, draws, likelihoods, memory_limit, range(n_draws))
    codes, values = kernel.flat.encoded(likelihoods)
    numbers = {name: np.ascontiguousarray(array) for name, array in draws.items()}
    order, _ = kernel.plan(codes)
    found = kernel.answer(
        codes[None, :], values, memory_limit, order=order, n_threads=n_cores(), draws=numbers
    )
    unsettled = np.flatnonzero(~np.isin(found.status, SETTLED)).tolist()
    answers = _of_kernel(found)
    if not unsettled:
        return answers
    rest = _by_one(network, draws, likelihoods, memory_limit, unsettled)
    for name in ("present", "responsible", "unexplained", "log_evidence"):
        getattr(answers, name)[unsettled] = getattr(rest, name)
    return answers


def _of_kernel(found: KernelAnswers) -> PosteriorDraws:
    return PosteriorDraws(
        present=found.present,
        responsible=found.responsible,
        unexplained=found.unexplained,
        log_evidence=found.log_evidence,
    )


def _by_one(
    network: NoisyMaxNetwork,
    draws: Mapping[str, FloatArray],
    likelihoods: Likelihoods,
    memory_limit: int,
    chosen: range | list[int],
) -> PosteriorDraws:
    """Answer draws one by one, each as a network of its own."""
    answers: list[Posterior | None] = []
    for draw in chosen:
        drawn = with_numbers(network, draws, draw)
        try:
            answers.append(posterior(drawn, likelihoods, memory_limit=memory_limit))
        except ImpossibleEvidenceError:
            answers.append(None)
    none = np.zeros(len(network.causes))
    return PosteriorDraws(
        present=np.array([none if a is None else a.present for a in answers]),
        responsible=np.array([none if a is None else a.responsible for a in answers]),
        unexplained=np.array([0.0 if a is None else a.unexplained for a in answers]),
        log_evidence=np.array([-np.inf if a is None else a.log_evidence for a in answers]),
    )
