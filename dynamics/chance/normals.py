"""The first normals of a seed's fresh examples: by NumPy, or by the compiled twin once enough are wanted for it."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from .streams import stream

LONG = 2**15  # normals at once below which NumPy is as fast
WORTH = 2**20  # normals of a process from which on the twin saves more than it takes to load


class _Twin:
    """Whether the compiled twin is used in this process: it is held against NumPy once, and left where it differs."""

    asked = 0
    alike: bool | None = None


def first_normals(seed: int, size: tuple[int, ...]) -> Array:
    """What `stream(seed, "test").standard_normal(size)` gives, bit for bit."""
    generator, count = stream(seed, "test"), math.prod(size)
    _Twin.asked += count
    if count < LONG or _Twin.asked < WORTH or _Twin.alike is False:
        return generator.standard_normal(size)
    from .ziggurat import standard_normal

    bits = generator.bit_generator
    assert isinstance(bits, np.random.PCG64)
    normals = standard_normal(bits, count).reshape(size)
    if _Twin.alike is None:  # a later NumPy may draw otherwise, and a seed has one stream
        _Twin.alike = normals.tobytes() == stream(seed, "test").standard_normal(size).tobytes()
    return normals if _Twin.alike else generator.standard_normal(size)
