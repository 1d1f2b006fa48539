"""Scalars of examples at a start: drawn by their declared laws, said by labels, or brought by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from derivations.declare import MixedLabel, Model, OfCases, OfDensity, OfLabel, Row, Scalar, Value, forgotten, rows_of
from derivations.errors import ModelError
from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..ask.userfile import answer
from ..errors import InputError
from .mixed import matrix_of


def drawn_scalars(
    model: Model, values: Mapping[str, Value], y: Array, clean: Array, seed: int,
    given: Mapping[str, Array] = MappingProxyType({}), step: int | None = None,
) -> dict[str, Array]:
    """Scalars (n,) and mixing matrices (n, n) of examples of labels y and clean ones (n,), by name; a stream each.

    One draw in [0, 1) an example picks among a scalar's cases, so the same examples keep a view as its probability
    grows.  Those `given` are taken.  Of a `step` that draws its examples afresh, streams are its own.  Raises
    InputError where a parameter is out of range.
    """
    scalars, steps = dict[str, Array](), () if step is None else (step,)
    for at, scalar in enumerate(each for each in model.scalars if each.varies):
        if scalar.name in given:
            scalars[scalar.name] = given[scalar.name]
            continue
        if isinstance(scalar, Row):
            scalars[scalar.name] = matrix_of(model, scalar.by, values, clean, seed)
            continue
        if isinstance(scalar, MixedLabel):
            scalars[scalar.name] = matrix_of(model, scalar.by, values, clean, seed) @ (y if scalar.observed else clean)
            continue
        if isinstance(scalar, OfDensity):
            scalars[scalar.name] = density(scalar, stream(seed, "scalars", at, *steps), len(y), values)
            continue
        labels = labels_of_scalar(scalar, y, clean)
        chance = stream(seed, "scalars", at, *steps).random(len(y)) if scalar.drawn else np.zeros(len(y))
        scalars[scalar.name] = _picked(scalar, values, labels, chance)
    return scalars


def named_of_arrays(model: Model) -> tuple[list[str], list[str]]:
    """The scalars (n,) and the mixing matrices (n, n) that arrays of the caller's own have to bring, by name.

    What a matrix blends is computed from it where it is among them.
    """
    rows = [row.name for row in rows_of(model)]
    blends = [each.name for each in model.scalars if isinstance(each, MixedLabel) and each.by.name in rows]
    return [each.name for each in model.scalars if each.drawn and each.name not in (*rows, *blends)], rows


def said_by_labels(model: Model, values: Mapping[str, Value], y: Array, clean: Array) -> dict[str, Array]:
    """Those of them that labels say."""
    said = [each for each in model.scalars if each.by_label]
    return {each.name: _picked(each, values, labels_of_scalar(each, y, clean), np.zeros(len(y))) for each in said}


def constants(model: Model, values: Mapping[str, Value]) -> dict[str, float]:
    """The scalars that all examples have in common, by name."""
    fixed = [each for each in model.scalars if not each.varies]
    return {each.name: cases_of(each, values, 0.0)[0][0] for each in fixed}


def all_scalars(
    model: Model, values: Mapping[str, Value], varying: Mapping[str, Array]
) -> dict[str, Array | float]:
    """Every scalar by name: those that examples differ in, as given, and the constants."""
    return {**varying, **constants(model, values)}


def labels_of_scalar(scalar: Scalar, y: Array, clean: Array) -> Array:
    """The labels that a scalar goes by."""
    return clean if isinstance(scalar, OfLabel) and scalar.clean else y


def density(scalar: OfDensity, rng: np.random.Generator, size: int, values: Mapping[str, Value]) -> Array:
    """Draws (size,) of a scalar that has a density.  Raises InputError where a parameter is out of range or absent."""
    try:
        draws = np.asarray(answer(scalar.drawn_by, rng, size, values), dtype=np.float64)
    except ModelError as error:
        raise InputError(str(error)) from error
    if not np.isfinite(draws).all():
        raise InputError(f"{scalar.name}: its law is not known; give the parameters of its patch")
    return draws


def cases_of(scalar: Scalar, values: Mapping[str, Value], label: float) -> tuple[tuple[float, float], ...]:
    """A scalar's values and probabilities.  Raises InputError where a parameter is out of range or absent."""
    if not isinstance(scalar, OfCases):
        raise forgotten(scalar, "the cases of a scalar")
    try:
        cases: tuple[tuple[float, float], ...] = answer(scalar.cases, values, label)
    except ModelError as error:
        raise InputError(str(error)) from error
    if any(not np.isfinite(value) for value, _ in cases):
        raise InputError(f"{scalar.name}: its value is not known; give the parameters of its patch")
    return cases


def _picked(scalar: Scalar, values: Mapping[str, Value], labels: Array, chance: Array) -> Array:
    """The cases that draws in [0, 1) pick."""
    numbers = np.empty(len(labels))
    for label in np.unique(labels):
        cases = cases_of(scalar, values, float(label))
        ends = np.cumsum([p for _, p in cases])
        own = labels == label
        place = np.minimum(np.searchsorted(ends, chance[own], side="right"), len(cases) - 1)
        numbers[own] = np.array([value for value, _ in cases])[place]
    return numbers


def any_scalars(
    model: Model, values: Mapping[str, Value], y: Array, clean: Array, rng: np.random.Generator
) -> dict[str, Array]:
    """Scalars (n,) and mixing matrices of states that are no draw: every value of each is as likely as another."""
    scalars = said_by_labels(model, values, y, clean)
    for scalar in model.scalars:
        if isinstance(scalar, Row):
            scalars[scalar.name] = rng.standard_normal((len(y), len(y))) / np.sqrt(len(y))
        elif isinstance(scalar, OfDensity):
            scalars[scalar.name] = rng.standard_normal(len(y))
        elif scalar.drawn:
            known = [value for value, _ in cases_of(scalar, values, 0.0)]
            scalars[scalar.name] = rng.choice(known, size=len(y))
    return scalars
