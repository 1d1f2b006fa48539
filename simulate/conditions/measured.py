"""Quantities of a paper's conditions that are measured on class covariances of the caller's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivations.declare import ClassNoiseLaw, FixedLaw, Model, Value
from dynamics.arrays import Array
from dynamics.blas import one_blas_thread
from dynamics.chance.covariances import class_numbers, quantities

from ..ask import arrays, parameters
from ..errors import InputError
from ..start.labels import sized_labels
from ..values import positive


@one_blas_thread()
def from_covariances(
    resolved: parameters.Resolved, given: Mapping[str, object] | None, sigma: Any
) -> tuple[parameters.Resolved, dict[str, float]]:
    """What the conditions take from Sigma_k = A_k A_k^T, and the parameters with d of the matrices and no noise law.

    Class sizes and feature lengths are the parameters'.

    Args:
        resolved: the model, with class noise, and its values.
        given: the caller's parameters.
        sigma: (K, d, d), symmetric positive semidefinite and not 0.

    Raises:
        InputError: a model without class noise, a parameter of the noise that the matrices replace, and matrices that
            are not K covariances of one size.
    """
    model = resolved.model
    law = next((family.law for family in model.directions if isinstance(family.law, ClassNoiseLaw)), None)
    if law is None:
        raise InputError(f"covariances: {model.name} has no noise that differs by class; use heterogeneous")
    replaced, asked = (law.spread, law.ratio), parameters.by_name(given)
    for name in replaced:
        if name in asked:
            raise InputError(f"{name}: {asked[name]}, but covariances say what the noise is; leave {name} out")
    matrices = _matrices(sigma, model.n_heads)
    sized = parameters.with_sizes(resolved, asked, {"d": float(matrices.shape[1])}, "the covariances")
    values = {name: value for name, value in sized.values.items() if name not in replaced}
    labels = sized_labels(model, values, int(positive(values, "n")))
    sizes = np.bincount(labels.astype(np.intp), minlength=model.n_heads).astype(np.float64)
    try:
        measured = quantities(class_numbers(matrices), sizes, _lengths(model, values))
    except ValueError as error:
        raise InputError(str(error).replace("sigma:", "covariances:")) from None
    return parameters.Resolved(model, values, sized.without(replaced)), measured


def _lengths(model: Model, values: Mapping[str, Value]) -> Array:
    """||u_k|| (K,) of the fixed family over classes."""
    for family in model.directions:
        if family.index_set.per_class and isinstance(family.law, FixedLaw):
            return np.full(model.n_heads, positive(values, family.law.norm))
    raise InputError(f"covariances: {model.name} has no feature a class to hold the noise against; use heterogeneous")


def _matrices(sigma: Any, classes: int) -> Array:
    matrices = arrays.real("covariances", sigma)
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or len(matrices) != classes or not matrices.size:
        raise InputError(
            f"covariances: shape {matrices.shape}; expected ({classes}, d, d), one matrix for each of K = {classes} "
            "classes, so give as many, or K"
        )
    return matrices
