"""Standard normals of a stream: by NumPy, or by the compiled twin once enough are wanted for it."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array

LONG = 2**12  # normals at once below which NumPy is as fast
WORTH = 2**20  # normals of a process from which on the twin saves more than it takes to load


class _Twin:
    """Whether the compiled twin is used in this process: it is held against NumPy once, and left where it differs."""

    asked = 0
    alike: bool | None = None


def standard_normal(rng: np.random.Generator, size: tuple[int, ...]) -> Array:
    """What `rng.standard_normal(size)` gives, bit for bit, with `rng` where that leaves it."""
    count, bits = math.prod(size), rng.bit_generator
    _Twin.asked += count
    if count < LONG or _Twin.asked < WORTH or _Twin.alike is False or not isinstance(bits, np.random.PCG64):
        return rng.standard_normal(size)
    state = bits.state
    if state["has_uint32"]:  # which NumPy keeps for a later whole number
        return rng.standard_normal(size)
    from . import ziggurat

    normals = ziggurat.standard_normal(bits, count).reshape(size)
    if _Twin.alike is None:  # a later NumPy may draw otherwise, and a seed has one stream
        after, bits.state = bits.state, state
        expected = rng.standard_normal(size)
        _Twin.alike = normals.tobytes() == expected.tobytes() and bits.state == after
        return expected
    return normals
