"""What neurons have beside their filters at a start: second-layer weights and biases, as entries on axes of their own.

A draw with k of them has vectors (B, d + k) and weights (H, m, d + k): no data has a component along the last k
coordinates, and each axis is one of them, the last of the B directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivations.declare import SECOND_LAYER, Model, NeuronAxis, Value
from dynamics.arrays import Array
from dynamics.chance.gram import Reduced
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import Matrices, Spiked

from ..ask import arrays as arrays_of
from ..ask.derived import kappa
from ..errors import InputError
from ..values import number, real
from .drawn import Centre, Covariance, Draw


def names(model: Model) -> tuple[str, ...]:
    """What the numbers are called in a run, and as arrays (H, m) that a caller brings."""
    return tuple(family.coefficient.name for family in model.network.axes)


def drawn(model: Model, values: Mapping[str, Value], seed: int, m: int) -> dict[str, Array]:
    """The numbers (H, m) of `m` filters a head at step 0, by name; each from the seed's stream of its axis.

    Raises InputError where a parameter that they start at has no number.
    """
    numbers: dict[str, Array] = {}
    for family in model.network.axes:
        law = family.law
        assert isinstance(law, NeuronAxis)
        of_layer = family.name == SECOND_LAYER
        plain = kappa(values, m) if of_layer else 0.0
        start = np.full((model.n_heads, m), _finite(values, law.initial) if law.initial else plain)
        if law.std:
            rng = stream(seed, "second_layer") if of_layer else stream(seed, "biases")
            start += number(values, law.std) * rng.standard_normal(start.shape)
        numbers[family.coefficient.name] = start
    return numbers


def _finite(values: Mapping[str, Value], name: str) -> float:
    """A finite number of either sign.  Raises InputError."""
    value = real(values, name)
    if not np.isfinite(value):
        raise InputError(f"{name}: {value}; expected a finite number, where neurons start; give such a {name}")
    return value


def given(model: Model, initial: Mapping[str, Any], start: Mapping[str, Array]) -> dict[str, Array]:
    """The numbers at step 0 with those (H, m) that the caller brings in place of `start`.  Raises InputError."""
    numbers = dict(start)
    for name in names(model):
        if name in initial:
            array = arrays_of.real(f"initial[{name!r}]", initial[name])
            if array.shape != start[name].shape:
                raise InputError(
                    f"initial[{name!r}]: shape {array.shape}; expected {start[name].shape}, a number each filter; "
                    f"give {name} so"
                )
            numbers[name] = array
    return numbers


def beside(draw: Draw, numbers: Mapping[str, Array]) -> Draw:
    """The draw with the neurons' own numbers (H, m) by name, in the order of the model's axes."""
    count, B = len(numbers), draw.z.shape[-1]
    own = np.stack(list(numbers.values()), axis=-1)
    gram = np.zeros((B + count, B + count))
    gram[:B, :B], gram[B:, B:] = draw.gram, np.eye(count)
    z = np.ascontiguousarray(np.concatenate([draw.z, own], axis=-1))
    vectors = None if draw.vectors is None else on_axes(_wider(draw.vectors, count, count), count)
    weights = None if draw.weights is None else np.concatenate([draw.weights, own], axis=-1)
    centres = {
        name: Centre(each.z, np.append(each.across, np.zeros(count)),
                     None if each.vector is None else np.append(each.vector, np.zeros(count)))
        for name, each in draw.centres.items()
    }
    noise = {name: _noise_beside(each, count) for name, each in draw.noise.items()}
    held = draw.held and replace(
        draw.held, vectors={name: _wider(each, 0, count) for name, each in draw.held.vectors.items()})
    covariances = {name: _covariance_beside(each, count) for name, each in draw.covariances.items()}
    return replace(
        draw, z=z, gram=gram, vectors=vectors, weights=weights, centres=centres, noise=noise, held=held,
        covariances=covariances, axes=count)


def on_axes(vectors: Array, count: int) -> Array:
    """The vectors (B, D) with the last `count` of them the last axes, and no other along these; a new array."""
    aligned = vectors.copy()
    if count:
        aligned[:, -count:] = 0.0
        aligned[-count:] = np.eye(count, vectors.shape[1], k=vectors.shape[1] - count)
    return aligned


def _wider(vectors: Array, rows: int, columns: int) -> Array:
    padded = np.zeros((vectors.shape[0] + rows, vectors.shape[1] + columns))
    padded[: vectors.shape[0], : vectors.shape[1]] = vectors
    return padded


def _covariance_beside(covariance: Covariance, count: int) -> Covariance:
    """Of vectors that have nothing along the axes."""
    start = covariance.start
    z = np.concatenate([start.z, np.zeros((*start.z.shape[:-1], count))], axis=-1)
    wider = Reduced(z, _wider(start.gram, count, count), start.weight_gram)
    return Covariance(_wider(covariance.matrix, count, count), wider)


def _noise_beside(noise: Spiked | Matrices, count: int) -> Spiked | Matrices:
    """Noise that has nothing along the axes."""
    if isinstance(noise, Matrices):
        return Matrices(np.stack([_wider(each, count, count) for each in noise.A]))
    spikes = None if noise.spikes is None else _wider(noise.spikes, 0, count)
    gram = _wider(noise.gram, count, 0)
    off = np.append(noise.off, np.arange(len(noise.gram), len(gram)))
    return replace(noise, gram=gram, spikes=spikes, off=off)
