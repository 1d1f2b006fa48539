"""The randomness of fresh examples, whose first normals runs of one seed share: drawn once while they are asked for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dynamics.arrays import Array
from dynamics.chance.normals import standard_normal
from dynamics.chance.streams import stream

from ..work.kept import LARGEST, Kept


class FreshStream:
    """The "test" stream of a seed, with the bits that the stream has; its arrays are not to be written to."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: tuple[int, ...] = ()  # the shape of what was taken from the normals that are kept
        self._rng: np.random.Generator | None = None

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """As a generator's."""
        count = math.prod(size)
        if not count:
            return np.empty(size)
        if self._rng is None and not self._kept and count <= LARGEST:
            self._kept = size
            return _kept(count, self._seed, size)
        return standard_normal(self._further(), size)

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Array:
        """As a generator's."""
        return self._further().uniform(low, high, size)

    def __getattr__(self, name: str) -> Any:
        """Any other of a generator's, which kinds of scalars of a model's own may take."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._further(), name)

    def integers(self, low: int, high: int, size: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """As a generator's."""
        return self._further().integers(low, high, size)

    def random(self, size: tuple[int, ...]) -> Array:
        """As a generator's."""
        return self._further().random(size)

    def standard_t(self, freedom: float, size: tuple[int, ...]) -> Array:
        """As a generator's."""
        return self._further().standard_t(freedom, size)

    def multinomial(
        self, count: int, chances: tuple[float, ...], size: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """As a generator's."""
        return self._further().multinomial(count, chances, size)

    def _further(self) -> np.random.Generator:
        """The stream itself, past what was taken of it."""
        if self._rng is None:
            self._rng = stream(self._seed, "test")
            if self._kept:
                standard_normal(self._rng, self._kept)
        return self._rng


def _first(seed: int, size: tuple[int, ...]) -> Array:
    normals = standard_normal(stream(seed, "test"), size)
    normals.flags.writeable = False
    return normals


_kept = Kept(_first, many=16)

__all__ = ["FreshStream"]
