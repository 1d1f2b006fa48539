"""What is random of draws by Gram, whatever their lengths and deviations are: kept, since cells of a grid share it."""

from __future__ import annotations

from dynamics.chance import gram as grams
from dynamics.chance.streams import stream

from ..work.kept import Kept


def standard(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    """A seed's draw of n noise vectors and of filters, beside f fixed directions in d; not to be written to."""
    return _kept((n + filters) * (f + min(n + filters, d - f)), seed, f, n, filters, d)


def _draw(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    drawn = grams.standard(stream(seed, "data"), stream(seed, "init"), f, n, filters, d)
    drawn.noise.flags.writeable = drawn.filters.flags.writeable = False
    return drawn


_kept = Kept(_draw, many=64)
