"""Named random streams: one seed, and for every name a generator of its own."""

from __future__ import annotations

import hashlib

import numpy as np

from ..errors import RangeError


def stream(seed: int, name: str, *index: int) -> np.random.Generator:
    """The generator of `name` (and `index`, if any) under `seed`.

    The same arguments give the same bits, in any order of creation and in any process; streams of different
    names, indices or seeds are independent.  The names in use: "labels", "label_flips", "data",
    "centre", "init", "test".

    Args:
        seed: a whole number >= 0.
        name: what is drawn from it.
        index: further whole numbers, such as a task or a repetition.

    Raises:
        RangeError: the seed is negative.
        TypeError: the seed or an index is not a whole number.
    """
    key = (name, *(_whole(i) for i in index))
    digest = hashlib.sha256(repr(key).encode()).digest()
    # Name and index go through one digest of fixed length: numpy joins the words of a spawn key without marks
    # between them, so (2**32,) and (0, 1) would be one key.
    words = tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    if _whole(seed) < 0:
        raise RangeError(f"seed: {seed} is negative; give a whole number from 0")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(_whole(seed), spawn_key=words)))


def _whole(value: int) -> int:
    """An int or a numpy integer as an int; a bool or a float is a TypeError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"seed and index: {value!r} is not a whole number")
    return int(value)
