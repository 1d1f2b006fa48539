"""Means of draws with their standard errors, and upper bounds of probabilities."""

from __future__ import annotations

import numpy as np

from ..arrays import Array

_ONE_SIDED = 1.645  # standard deviations
_ROUNDING = 8 * float(np.finfo(np.float64).eps)  # a deviation that equal numbers may have about their rounded mean


def upper(mean: Array, error: Array, draws: Array | float) -> Array:
    """The upper end of a one-sided 95 % interval of a probability p, the mean of N independent draws in [0, 1].

    Examples that share noise are one draw, their mean.  Where all draws are 0 the bound is 3 / N, whatever their law:
    a draw is at most 1, so that it is above 0 with probability p at least, and (1 - p)^N < 0.05 from p = 3 / N on.  Of
    k draws of 1 among zeros it is Wilson's form with a spread that is never less than some draw's, within 1 % of
    Poisson's exact bound for k up to 10, and P(k or fewer) is below 0.05 at the bound for every k and N: such draws
    are covered at any p.  They are the worst: no law in [0, 1] of several values was found that is covered less
    (`tests/dynamics/test_bounds.py`), as 1 is the largest share that a draw that was not seen can have.

    Args:
        mean: any shape.
        error: the standard error of each.
        draws: N; infinite where the mean is exact but for its standard error.
    """
    room = (1.0 - mean) / draws
    return np.asarray(np.minimum(1.0, mean + 1.57 * room + _ONE_SIDED * np.sqrt(error**2 + 0.76 * room**2)))


def above_rounding(error: Array, mean: Array, draws: Array | float) -> Array:
    """Standard errors of so many draws, 0 where they are what rounding makes of equal numbers of this mean."""
    return np.asarray(np.where(error * np.sqrt(draws) <= _ROUNDING * np.abs(mean), 0.0, error))


def mean_and_error(draws: Array) -> tuple[float, float]:
    """Mean and standard error over draws (N,); a single draw is exact (nothing was random), and so are equal ones.

    Of infinite draws the mean is infinite, and the standard error is not known: NaN.
    """
    if len(draws) == 1 or (draws == draws[0]).all():
        return float(draws[0]), 0.0 if np.isfinite(draws[0]) else np.nan
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf in the variance of an infinite loss is NaN
        mean, spread = float(draws.mean()), float(draws.std(ddof=1))
        largest = float(np.abs(draws).max())
        if not np.isfinite(spread) and np.isfinite(largest):  # squares, or the sum, overflow and the result does not
            mean, spread = (float(largest * each) for each in ((draws / largest).mean(), (draws / largest).std(ddof=1)))
    return mean, spread / np.sqrt(len(draws))
