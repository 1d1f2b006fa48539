"""The filters that a run starts from, by the model's initialisation."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import Model, Value
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import standardised

from ..values import number, whole


def filters(model: Model, values: Mapping[str, Value], seed: int, d: int) -> Array:
    """W(0) (H, m, d) of the model's initialisation, by the seed's stream "init"; a drawn run starts from the same.

    Raises:
        InputError: `values` lack the number of filters or their standard deviation.
    """
    size = (model.n_heads, int(whole(values, "m")), d)
    drawn = standardised(stream(seed, "init"), model.initialisation.shape_of(values), size)
    drawn *= number(values, model.initialisation.std)
    return drawn
