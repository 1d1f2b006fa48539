"""Labels of one set of examples: uniform, or in the class sizes asked for, and which of them are flipped."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from derivations.declare import Model, Value
from dynamics.arrays import Array, Indices
from dynamics.chance.streams import stream

from ..ask.reading import counts_of
from ..errors import InputError
from ..values import number

KEPT = 64  # seeds whose labels are kept


def labels_of(model: Model, values: Mapping[str, Value], n: int, seed: int) -> Array:
    """The labels before flips (n,): of the class sizes that the model has, or each uniform over its heads."""
    if model.class_sizes:
        return sized_labels(model, values, n)
    return np.array(model.network.head_axis.labels)[_heads(seed, model.n_heads, n)]


@functools.lru_cache(maxsize=KEPT)
def _heads(seed: int, heads: int, n: int) -> Indices:
    """Which head each example's label is, (n,): cells of a grid share a seed's.  Not to be written to."""
    drawn = stream(seed, "labels").integers(0, heads, size=n)
    drawn.flags.writeable = False
    return drawn


@functools.lru_cache(maxsize=KEPT)
def _chances(seed: int, n: int) -> Array:
    """A uniform number of each example, (n,), below the probability where its label is flipped; as `_heads`."""
    drawn = stream(seed, "label_flips").random(n)
    drawn.flags.writeable = False
    return drawn


def sized_labels(model: Model, values: Mapping[str, Value], n: int) -> Array:
    """Class by class, of the sizes given, or as equal as possible with the first classes one larger."""
    name, heads = model.class_sizes, model.n_heads
    sizes = counts_of(values.get(name))
    if sizes is None:
        sizes = tuple(n // heads + (k < n % heads) for k in range(heads))
    if len(sizes) != heads or sum(sizes) != n:
        equal = ",".join(str(n // heads + (k < n % heads)) for k in range(heads))
        raise InputError(
            f"{name}: {values.get(name)} has {len(sizes)} sizes that sum to {sum(sizes)}; expected {heads} that sum to "
            f"n = {n}, such as {name}={equal}"
        )
    return np.repeat(model.network.head_axis.labels, sizes)


def flips(model: Model, values: Mapping[str, Value], n: int, seed: int) -> Array:
    """-1 where a label is flipped, 1 elsewhere, (n,); the same examples stay flipped as the probability grows."""
    if not model.label_flips:
        return np.ones(n)
    return np.where(_chances(seed, n) < flip_probability(model, values), -1.0, 1.0)


def flip_probability(model: Model, values: Mapping[str, Value]) -> float:
    """The probability that a label is flipped; 0 where the model flips none.  Raises InputError outside 0 to 1."""
    if not model.label_flips:
        return 0.0
    probability = number(values, model.label_flips)
    if probability > 1:
        raise InputError(
            f"{model.label_flips}: {probability:g}; expected a probability from 0 to 1; give such a {model.label_flips}"
        )
    return probability
