"""What do several studies of the same quantity say together?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from legache.curation.estimates import Estimate
from legache.errors import KnowledgeError
from legache.optional import imported


def pooled(estimates: Sequence[Estimate]) -> Estimate:
    """Mean of a random-effects meta-analysis.

    Parameters
    ----------
    estimates
        At least two, on the same scale: log odds of proportions; logarithms of ratios and rates.

    Returns
    -------
    Estimate
        The mean, and its standard error, which holds the variance between studies as Paule and
        Mandel (1982) estimate it.

    Raises
    ------
    KnowledgeError
        Fewer than two estimates, of different scales, or one without any uncertainty.

    Examples
    --------
    >>> two = [Estimate(0.2, "logit", 0.1), Estimate(0.4, "logit", 0.1)]
    >>> round(pooled(two).value, 3)
    0.29
    """
    scales = {one.scale for one in estimates}
    if len(estimates) < 2 or len(scales) != 1:
        message = "pool: expected at least two claims, all proportions, all ratios or all rates"
        raise KnowledgeError(message)
    if not all(one.error > 0 for one in estimates):
        message = "pool: an interval without width would have all the weight; correct its ends"
        raise KnowledgeError(message)
    analysis = imported("statsmodels.stats.meta_analysis", "statsmodels")
    means = np.array([one.transformed for one in estimates])
    variances = np.array([one.error**2 for one in estimates])
    # Newton's steps start at 0 and may double the variance only, over the range of a float
    with np.errstate(divide="ignore"):  # of a measure of disagreement, where there is none
        found = analysis.combine_effects(means, variances, method_re="pm", maxiter=2200)
    scale = scales.pop()
    return Estimate.of(float(found.mean_effect_re), scale, float(found.sd_eff_w_re))
