"""Means of draws with their standard errors, and upper bounds of probabilities."""

from __future__ import annotations

import numpy as np

from ..arrays import Array

_ONE_SIDED = 1.645  # standard deviations


def upper(mean: Array, error: Array, draws: Array | float) -> Array:
    """The upper end of a one-sided 95 % interval of a probability estimated by so many draws of numbers in [0, 1].

    Of no wrong draw it is 3 / N, and of k it is within 1 % of Poisson's exact bound for k up to 10: Wilson's form, with
    a spread that is never less than some draw's, as none that was seen says little of those that were not.

    Args:
        mean: any shape.
        error: the standard error of each.
        draws: N; infinite where the mean is exact but for its standard error.
    """
    room = (1.0 - mean) / draws
    return np.asarray(np.minimum(1.0, mean + 1.5 * room + _ONE_SIDED * np.sqrt(error**2 + 0.83 * room**2)))


def mean_and_error(draws: Array) -> tuple[float, float]:
    """Mean and standard error over draws (N,); a single draw is exact (nothing was random)."""
    if len(draws) == 1:
        return float(draws[0]), 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf in the variance of an infinite loss is NaN
        mean, spread = float(draws.mean()), float(draws.std(ddof=1))
        if not np.isfinite(spread):  # squares, or the sum, may overflow where the result does not
            largest = float(np.abs(draws).max())
            mean, spread = (float(largest * each) for each in ((draws / largest).mean(), (draws / largest).std(ddof=1)))
    return mean, spread / np.sqrt(len(draws))
