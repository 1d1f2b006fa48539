"""What is random of draws by Gram, whatever their lengths and deviations are: kept, since cells of a grid share it."""

from __future__ import annotations

import functools

from dynamics.chance import gram as grams
from dynamics.chance.streams import stream

KEPT, SMALL = 64, 2**18  # draws that are kept where they hold so many numbers at most, 2 MB
FEW, LARGEST = 2, 2**22  # and where they hold more, up to 32 MB


def standard(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    """A seed's draw of n noise vectors and of filters, beside f fixed directions in d; not to be written to."""
    held = (n + filters) * (f + min(n + filters, d - f))
    if held > LARGEST:
        return _draw(seed, f, n, filters, d)
    return (_of_many if held <= SMALL else _of_few)(seed, f, n, filters, d)


def _draw(seed: int, f: int, n: int, filters: int, d: float) -> grams.Standard:
    drawn = grams.standard(stream(seed, "data"), stream(seed, "init"), f, n, filters, d)
    drawn.noise.flags.writeable = drawn.filters.flags.writeable = False
    return drawn


_of_many, _of_few = functools.lru_cache(maxsize=KEPT)(_draw), functools.lru_cache(maxsize=FEW)(_draw)
