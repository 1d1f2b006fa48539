"""Covariances of what filters see of fresh Gaussian vectors, along a trajectory, by the test law's class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from derivations.declare import (
    ChosenLaw,
    CovarianceLaw,
    FreshLaw,
    GaussianLaw,
    MixtureLaw,
    Model,
    NearLaw,
    Value,
    forgotten,
)
from dynamics.arrays import Array, Indices
from dynamics.chance.gram import Reduced
from dynamics.geometry import distances

from ..start.declared import law_of, off_indices
from ..start.drawn import Draw
from ..values import number


def covariance_of(model: Model, name: str, draw: Draw, b: Array, left: Array, values: Mapping[str, Value]) -> Array:
    """W Sigma W^T (T, S, S) of a fresh vector of the family, or of what is added to one of training."""
    law, start = model.test, draw.reduced
    if isinstance(law, CovarianceLaw):
        return noise_covariance(draw.covariances[name].start, np.empty(0, dtype=np.intp), b, left, 1.0)
    if isinstance(law, NearLaw):
        return noise_covariance(start, off_of(model, name, draw, values), b, left, _square(values, law.std))
    if not isinstance(law, FreshLaw):
        raise forgotten(law, "covariances of fresh vectors")
    own = law_of(model.family(name), values)
    assert isinstance(own, GaussianLaw | MixtureLaw)
    return noise_covariance(start, off_of(model, name, draw, values), b, left, _square(values, own.std))


def _square(values: Mapping[str, Value], std: str) -> float:
    """std^2, as many runs' have it together; infinite where it overflows, which ** would raise at."""
    deviation = number(values, std)
    return deviation * deviation


def off_of(model: Model, name: str, draw: Draw, values: Mapping[str, Value]) -> NDArray[np.intp]:
    """Where the directions are that the family's own law is projected off; none where it has no law here."""
    family = model.family(name)
    open_choice = isinstance(family.law, ChosenLaw) and values.get(family.law.by) is None
    law = None if open_choice else law_of(family, values)
    return np.empty(0, dtype=np.intp) if law is None else off_indices(model, law, len(draw.y), values)


def noise_covariance(start: Reduced, off: Indices, b: Array, left: Array, variance: Array | float) -> Array:
    """variance W P W^T (..., S, S) at times or of runs; W = left W(0) + b V, P projects off the directions `off`."""
    return distances.projected_gram(start, off, b, left, variance)
