"""A run's digest: the proof, written last, that all of a grid's run is there and is this cell's and this seed's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np

LENGTH = 32  # hexadecimal digits, of SHA-256


class Digests:
    """Digests of the runs of one configuration (JSON), which says nothing of the points of the axes or the seeds.

    The point and the seed of a run are in its digest, so that two that have changed places are seen, and the
    configuration, so that one that comes from another grid is.  A run's place in the arrays is not, so that a grid to
    which points or seeds are added keeps the digests of what it has.
    """

    def __init__(self, configuration: str) -> None:
        self._of_all = hashlib.sha256(configuration.encode())

    def of(self, point: Sequence[object], seed: int, run: Mapping[str, float | str]) -> str:
        """The digest of a run's variables by name, in whatever order, at the axes' values `point`."""
        digest, run = self._of_all.copy(), dict(sorted(run.items()))
        text = [value for value in run.values() if isinstance(value, str)]
        digest.update(json.dumps([list(point), seed, list(run), text]).encode())
        digest.update(np.array([value for value in run.values() if not isinstance(value, str)], dtype="<f8").tobytes())
        return digest.hexdigest()[:LENGTH]
