"""The filters that a run starts from, by the model's initialisation."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import Model, Value
from dynamics.arrays import Array

from ..values import number, whole
from .standard import filter_rows, scaled


def filters(model: Model, values: Mapping[str, Value], seed: int, d: int) -> Array:
    """W(0) (H, m, d) of the model's initialisation, by the seed's stream "init"; a drawn run starts from the same.

    Raises:
        InputError: `values` lack the number of filters or their standard deviation.
    """
    m = int(whole(values, "m"))
    rows = filter_rows(seed, [(model.n_heads * m, model.initialisation.shape_of(values), ())], d)
    return scaled(rows, number(values, model.initialisation.std)).reshape(model.n_heads, m, d)
