"""What is random of draws, whatever their lengths and deviations are: kept, since cells of a grid share it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.bartlett import Begun, columns_of
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import standardised

from ..work.kept import LARGEST, Kept


def standard(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    """A seed's draw of n noise vectors and of filters, beside f fixed directions in d; not to be written to."""
    return _kept((n + filters) * (f + min(n + filters, d - f)), seed, f, n, filters, d)


def begun(seed: int, name: str, n: int, f: int, columns: int, first: int = 0) -> Begun:
    """The rows of a seed's stream that draws of any dimension share."""
    return _shared(n * (f + columns), seed, name, n, f, columns, first)


def _draw(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    columns = columns_of(f, n, filters, d)
    rows = begun(seed, "data", n, f, columns), begun(seed, "init", filters, f, columns, n)
    drawn = grams.Standard(*[each.closed(each.stream(), d - f) for each in rows])
    drawn.noise.flags.writeable = drawn.filters.flags.writeable = False
    return drawn


def _begun(seed: int, name: str, n: int, f: int, columns: int, first: int) -> Begun:
    return Begun.of(stream(seed, name), n, f, columns, first)


_kept, _shared = Kept(_draw, many=64), Kept(_begun, many=8)

Shape = tuple[int, str, tuple[float, ...]]
"""How many rows, and the shape of their entries' law with its numbers."""


def standard_rows(seed: int, name: str, shapes: Sequence[Shape], d: int) -> Array:
    """A seed's rows of d independent entries of mean 0 and variance 1, (N, d), by the stream `name`.

    Not to be written to where they are kept: what comes back can be, or it cannot.
    """
    return _kept_entries(sum(count for count, _, _ in shapes) * d, seed, name, tuple(shapes), d)


def scaled(rows: Array, by: Array | float) -> Array:
    """What `standard_rows` gave, times a factor; in place where nobody keeps it."""
    return np.multiply(rows, by, out=rows if rows.flags.writeable else None)


def _entries(seed: int, name: str, shapes: tuple[Shape, ...], d: int) -> Array:
    rng = stream(seed, name)
    parts = [standardised(rng, shape, (count, d), *numbers) for count, shape, numbers in shapes]
    drawn = parts[0] if len(parts) == 1 else np.vstack([np.empty((0, d)), *parts])
    drawn.flags.writeable = drawn.size > LARGEST
    return drawn


_kept_entries = Kept(_entries, many=4)
