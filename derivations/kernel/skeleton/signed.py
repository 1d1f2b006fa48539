"""Outputs f (n,) of signed heads."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray


def finite(f: NDArray[np.float64]) -> bool:
    """Whether every output is a finite number."""
    for i in range(f.size):
        if not isfinite(f[i]):
            return False
    return True
