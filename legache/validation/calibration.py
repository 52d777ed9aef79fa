"""Are the probabilities right when patients come from the network itself?

This proves the code, not the medicine: wrong numbers are calibrated to their own patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from legache.inference.cohort import cohort_posteriors
from legache.network.structure import FloatArray, NoisyMaxNetwork
from legache.validation.patients import interviewed_patients

N_BINS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Stated probabilities beside what was true of simulated patients.

    Attributes
    ----------
    n, mean_stated, share_true, standard_error : shape (n_bins,)
        Pairs of patient and cause by stated P(responsible), in bins of equal width; not a number
        where there is none.  The error is that of the share, if the statements are right.
    mean_posterior, share_responsible, posterior_error : shape (n_causes,)
        Mean of P(responsible) over all patients, the share in which the cause was responsible,
        and the standard error of their difference.
    """

    n: FloatArray
    mean_stated: FloatArray
    share_true: FloatArray
    standard_error: FloatArray
    mean_posterior: FloatArray
    share_responsible: FloatArray
    posterior_error: FloatArray

    @property
    def distances(self) -> FloatArray:
        """Of each bin from the diagonal, in standard errors; 0 where it is empty."""
        return _distances(self.share_true, self.mean_stated, self.standard_error)

    @property
    def cause_distances(self) -> FloatArray:
        """Of each cause's mean posterior from its share, in standard errors."""
        return _distances(self.share_responsible, self.mean_posterior, self.posterior_error)


def _distances(share: FloatArray, stated: FloatArray, error: FloatArray) -> FloatArray:
    """Distances in standard errors; what was stated as certain, and is true, has none."""
    difference = np.abs(share - stated)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference > 0, difference / error, 0.0)


def calibration(
    network: NoisyMaxNetwork, complaint: str, *, n_patients: int = 100_000, seed: int = 7
) -> Calibration:
    """Simulate patients, ask for P(responsible) of every cause, and compare with the truth.

    Parameters
    ----------
    network
    complaint
        Id of the finding that all patients have.
    n_patients, seed
        See `interviewed_patients`.

    References
    ----------
    Cook, S. R., Gelman, A. & Rubin, D. B. (2006). Validation of software for Bayesian models using
    posterior quantiles.

    Examples
    --------
    >>> import legache
    >>> model = legache.load().model
    >>> found = calibration(model.network, model.complaint, n_patients=500)
    >>> int(found.n.sum()) == 500 * len(model.cause_ids)
    True
    """
    people, codes = interviewed_patients(network, complaint, n_patients, seed)
    stated = cohort_posteriors(network, codes).responsible
    true = people.responsible
    place = np.minimum((stated * N_BINS).astype(np.intp), N_BINS - 1).ravel()
    n, total_stated, total_true, variance = (
        np.bincount(place, weights, N_BINS)
        for weights in (None, stated.ravel(), true.ravel(), (stated * (1 - stated)).ravel())
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        bins = (total_stated / n, total_true / n, np.sqrt(variance) / n)
    return Calibration(
        n=n.astype(np.float64),
        mean_stated=bins[0],
        share_true=bins[1],
        standard_error=bins[2],
        mean_posterior=stated.mean(axis=0),
        share_responsible=true.mean(axis=0),
        posterior_error=np.sqrt((stated * (1 - stated)).sum(axis=0)) / n_patients,
    )
