"""A paper's coefficients of a family, read off b with the declared scale and signs."""

from __future__ import annotations

import numpy as np

from derivations.declare import Directions
from dynamics.arrays import Array

from .states import States


def coefficient(states: States, family: Directions) -> Array:
    """A family's coefficients (T, H, m, size): b times ||v||^2 where scaled, and times the signs declared."""
    assert states.b is not None
    rows = states.rows(family.name)
    values = states.b[..., rows]
    if family.coefficient.scaled:
        values = values * states.draw.squared_lengths[rows]
    if family.coefficient.signed:
        values = values * np.array(states.model.network.head_axis.signs)[:, None, None]
    if family.coefficient.labelled:
        values = np.array(values) if values.base is not None else values
        values *= states.draw.y
    return values
