"""What is random of draws, whatever their lengths and deviations are: kept, since cells of a grid share it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.bartlett import Begun
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import standardised

from ..work.kept import LARGEST, Kept


def standard(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    """A seed's draw of n noise vectors and of filters, beside f fixed directions in d; not to be written to."""
    return _kept((n + filters) * (f + min(n + filters, d - f)), seed, f, n, filters, d)


def begun(seed: int, name: str, n: int, f: int, columns: int, first: int = 0) -> Begun:
    """The rows of a seed's stream, one of `_SHARED`, that draws of any dimension share."""
    return _SHARED[name](n * (f + columns), seed, n, f, columns, first)


def _draw(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    drawn = grams.standard(_rows(seed, "data"), _rows(seed, "init"), f, n, filters, d)
    drawn.noise.flags.writeable = drawn.filters.flags.writeable = False
    return drawn


def _rows(seed: int, name: str) -> grams.Rows:
    """Those that draws of any dimension share, and their stream once more."""

    def rows(n: int, f: int, columns: int, first: int) -> tuple[Begun, np.random.Generator]:
        kept = begun(seed, name, n, f, columns, first)
        return kept, kept.generator()

    return rows


def _of_data(seed: int, *sizes: int) -> Begun:
    return Begun.of(stream(seed, "data"), *sizes)


def _of_filters(seed: int, *sizes: int) -> Begun:
    return Begun.of(stream(seed, "init"), *sizes)


def _of_dictionary(seed: int, *sizes: int) -> Begun:
    return Begun.of(stream(seed, "dictionary"), *sizes)


_kept = Kept(_draw, many=64)
_SHARED = {
    "data": Kept(_of_data, many=4), "init": Kept(_of_filters, many=4), "dictionary": Kept(_of_dictionary, many=4),
}

Shape = tuple[int, str, tuple[float, ...]]
"""How many rows, and the shape of their entries' law with its numbers."""


def noise_rows(seed: int, shapes: Sequence[Shape], d: int) -> Array:
    """A seed's rows of d independent entries of mean 0 and variance 1, (N, d), of which its noise vectors are made.

    Not to be written to, but by `scaled`: what is kept cannot be.
    """
    return _kept_noise(_count(shapes) * d, seed, tuple(shapes), d)


def filter_rows(seed: int, shapes: Sequence[Shape], d: int) -> Array:
    """The same of its filters."""
    return _kept_filters(_count(shapes) * d, seed, tuple(shapes), d)


def scaled(rows: Array, by: Array | float) -> Array:
    """Such rows, times a factor; in place where nobody keeps it."""
    return np.multiply(rows, by, out=rows if rows.flags.writeable else None)


def _count(shapes: Sequence[Shape]) -> int:
    return sum(count for count, _, _ in shapes)


def _noise(seed: int, shapes: tuple[Shape, ...], d: int) -> Array:
    return _entries(stream(seed, "data"), shapes, d)


def _filters(seed: int, shapes: tuple[Shape, ...], d: int) -> Array:
    return _entries(stream(seed, "init"), shapes, d)


def _entries(rng: np.random.Generator, shapes: tuple[Shape, ...], d: int) -> Array:
    parts = [standardised(rng, shape, (count, d), *numbers) for count, shape, numbers in shapes]
    drawn = parts[0] if len(parts) == 1 else np.vstack([np.empty((0, d)), *parts])
    drawn.flags.writeable = drawn.size > LARGEST
    return drawn


_kept_noise, _kept_filters = Kept(_noise, many=4), Kept(_filters, many=4)
