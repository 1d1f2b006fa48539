"""Where arrays of lanes begin: at a line of the cache, those of kernels and those that are given to them."""

from __future__ import annotations

import numpy as np

from ..arrays import Array


def aligned(size: int) -> Array:
    """Zeros, (size,), the first at a multiple of 64 bytes: eight of them lie in one line of the cache."""
    zeros = np.zeros(size + 7)
    first = (64 - zeros.ctypes.data % 64) % 64 // 8
    return zeros[first : first + size]
