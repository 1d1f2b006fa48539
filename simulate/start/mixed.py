"""The matrices that examples are mixed by, at a start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from derivations.declare import Mixing, Model, Value, mixings_of
from derivations.errors import ModelError
from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..ask.userfile import answer
from ..errors import InputError


def matrix_of(model: Model, mixing: Mixing, values: Mapping[str, Value], clean: Array, seed: int) -> Array:
    """A mixing matrix (n, n) for examples of the clean labels (n,).  Raises InputError for a parameter out of range."""
    at = mixings_of(model).index(mixing)
    try:
        return np.asarray(answer(mixing.matrix, stream(seed, "mixing", at), clean, values), dtype=np.float64)
    except ModelError as error:
        raise InputError(str(error)) from error
