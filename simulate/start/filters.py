"""The filters that a run starts from, by the model's initialisation."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import EntryInitialisation, GaussianInitialisation, Model, Value
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import standardised

from ..errors import InputError
from .declared import number, whole


def filters(model: Model, values: Mapping[str, Value], seed: int, d: int) -> Array:
    """W(0) (H, m, d) of the model's initialisation, by the seed's stream "init"; a drawn run starts from the same.

    Raises:
        InputError: `values` lack the number of filters or their standard deviation, or the law is not drawn.
    """
    size = (model.n_heads, int(whole(values, "m")), d)
    drawn = standardised(stream(seed, "init"), initial_shape(model, values), size)
    drawn *= number(values, model.initialisation.std)
    return drawn


def initial_shape(model: Model, values: Mapping[str, Value]) -> str:
    """The law of a filter's entries: "gaussian", "uniform" or "rademacher".  Raises InputError for one not drawn."""
    if isinstance(model.initialisation, EntryInitialisation):
        return str(values.get(model.initialisation.shape))
    if not isinstance(model.initialisation, GaussianInitialisation):
        raise InputError("initialisation: filters of this law are not drawn; give W in initial=")
    return "gaussian"
