"""Examples mixed with each other at a start: the matrices, and the vectors or inner products that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from derivations.declare import MixedLaw, Mixing, Model, Value, mixings_of
from derivations.errors import ModelError
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import Spiked

from ..errors import InputError
from .drawn import Draw


def matrix_of(model: Model, mixing: Mixing, values: Mapping[str, Value], clean: Array, seed: int) -> Array:
    """A mixing matrix (n, n) for examples of the clean labels (n,).  Raises InputError for a parameter out of range."""
    at = mixings_of(model).index(mixing)
    try:
        return np.asarray(mixing.matrix(stream(seed, "mixing", at), clean, values), dtype=np.float64)
    except ModelError as error:
        raise InputError(str(error)) from error


def mixed(model: Model, values: Mapping[str, Value], drawn: Draw, seed: int) -> Draw:
    """The draw with the vectors of every family of a MixedLaw mixed; itself where there is none.

    Row by row v <- T v, so that inner products are T G T^T.
    """
    offsets, n = model.offsets(len(drawn.y)), len(drawn.y)
    mixing = np.eye(offsets[""])
    families = [family for family in model.directions if isinstance(family.law, MixedLaw)]
    if not families:
        return drawn
    for family in families:
        assert isinstance(family.law, MixedLaw)
        rows = slice(offsets[family.name], offsets[family.name] + n)
        mixing[rows, rows] = matrix_of(model, family.law.by, values, drawn.clean, seed)
    names = [family.name for family in families]
    centres = {name: replace(each, across=mixing @ each.across) for name, each in drawn.centres.items()}
    noise = {
        name: replace(each, gram=mixing @ each.gram) for name, each in drawn.noise.items()
        if name not in names and isinstance(each, Spiked)
    }
    if drawn.vectors is not None and drawn.weights is not None:
        vectors = mixing @ drawn.vectors
        z, gram = grams.onto(drawn.weights, vectors), grams.own(vectors)
        return replace(drawn, vectors=vectors, z=z, gram=gram, centres=centres, noise=noise)
    gram = mixing @ drawn.gram @ mixing.T
    z = np.ascontiguousarray(drawn.z @ mixing.T)
    return replace(drawn, z=z, gram=0.5 * (gram + gram.T), centres=centres, noise=noise)
