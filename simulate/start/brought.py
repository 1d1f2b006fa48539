"""What a test law takes of the caller's arrays: examples that are held out, and covariances of fresh vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivations.declare import CovarianceLaw, HeldOutLaw, Model, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams

from ..errors import InputError
from .array_checks import array_of, check_labels, check_shape
from .drawn import Covariance, HeldOut
from .scalars import said_by_labels

Known = dict[str, tuple[int, str]]


def held_out(model: Model, values: Mapping[str, Value], initial: Mapping[str, Any], known: Known) -> HeldOut | None:
    """The held-out examples; None where the law has none or none are brought.  Raises InputError."""
    law = model.test
    if not isinstance(law, HeldOutLaw) or not any(name in initial for name in law.arrays(model)):
        return None
    arrays: dict[str, Array] = {}
    vectors = {family.name for family in model.directions}
    for part in (*law.parts(model), "clean"):
        name = law.held(part)
        if name not in initial and part == "clean":
            continue
        if name not in initial:
            raise InputError(f"initial: {name!r} is missing, which goes with {law.held('y')!r}; give all that is held "
                             f"out, {', '.join(map(law.held, law.parts(model)))}")
        arrays[part] = array_of(name, initial[name])
        check_shape(name, arrays[part], ("N", "d") if part in vectors else ("N",), known)
    y, clean = arrays["y"], arrays.get("clean", arrays["y"])
    for part in arrays.keys() & {"y", "clean"}:
        check_labels(model, law.held(part), arrays[part])
    scalars = {each.name: arrays[each.name] for each in model.scalars if each.drawn}
    return HeldOut(
        y, clean, {name: each for name, each in arrays.items() if name in vectors},
        {**said_by_labels(model, values, y, clean), **scalars},
    )


def covariances(
    model: Model, initial: Mapping[str, Any], known: Known, weights: Array, vectors: Array
) -> dict[str, Covariance]:
    """The covariances that are brought, by family.  Raises InputError where one is none."""
    law = model.test
    if not isinstance(law, CovarianceLaw):
        return {}
    brought = {family: law.covariance(family) for family in law.fresh if law.covariance(family) in initial}
    return {family: _covariance(name, initial[name], known, weights, vectors) for family, name in brought.items()}


def _covariance(name: str, value: Any, known: Known, weights: Array, vectors: Array) -> Covariance:
    sigma = array_of(name, value)
    check_shape(name, sigma, ("d", "d"), known)
    largest = float(np.abs(sigma).max())
    if not np.allclose(sigma, sigma.T, rtol=1e-10, atol=1e-12 * largest):
        raise InputError(f"initial[{name!r}]: not symmetric, so no covariance; give A A^T of vectors A zeta")
    sigma = 0.5 * (sigma + sigma.T)
    least = float(np.linalg.eigvalsh(sigma)[0])
    if least < -100 * len(sigma) * np.finfo(np.float64).eps * largest:
        raise InputError(f"initial[{name!r}]: has the eigenvalue {least:.3g}, so no covariance; expected none below 0; "
                         "give A A^T of vectors A zeta")
    flat = weights.reshape(-1, weights.shape[-1])
    z, gram, own = flat @ sigma @ vectors.T, vectors @ sigma @ vectors.T, flat @ sigma @ flat.T
    shaped = z.reshape(*weights.shape[:2], -1)
    return Covariance(sigma, grams.Reduced(shaped, 0.5 * (gram + gram.T), 0.5 * (own + own.T)))
