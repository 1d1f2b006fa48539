"""A cell's digest: the proof, written last, that all of a grid's cell is there and is this cell's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH = 32  # hexadecimal digits, of SHA-256


def digest(configuration: str, row: int, column: int, cell: Mapping[str, NDArray[Any]]) -> str:
    """The digest of a cell's variables by name, (seed,) each, at its place in the grid of that configuration (JSON).

    The place is in it, so that two cells that have changed places are seen, and the configuration, so that a cell that
    comes from another grid is.
    """
    found = hashlib.sha256(json.dumps([configuration, row, column]).encode())
    for name, values in cell.items():
        found.update(json.dumps([name, len(values)]).encode())
        found.update(_bytes(values))
    return found.hexdigest()[:LENGTH]


def _bytes(values: NDArray[Any]) -> bytes:
    if values.dtype.kind in "OUT":
        return json.dumps([str(each) for each in values.tolist()]).encode()
    return np.asarray(values, dtype="<f8").tobytes()
