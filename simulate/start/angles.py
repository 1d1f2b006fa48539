"""Fixed directions with angles between them as rows in as many dimensions, and what noise can be projected off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from derivations.declare import Model, Value
from dynamics.arrays import Array, Flags, Indices

from ..errors import InputError

ZERO = 1e-12  # of a squared length 1: a vector that near to the span of those before it is in it


def cosines(
    model: Model, values: Mapping[str, Value], n: int, fixed: Indices, length: Array
) -> Array:
    """Cosines (f, f) of the fixed directions, 1 on the diagonal; a vector of length 0 has an angle with none.

    Raises InputError where no vectors have such angles.
    """
    matrix, place = np.eye(len(fixed)), {int(row): at for at, row in enumerate(fixed)}
    offsets, sizes = model.offsets(n), model.sizes(n)
    for angle in model.angles:
        cosine = values.get(angle.cosine) if isinstance(angle.cosine, str) else angle.cosine
        what = angle.cosine if isinstance(angle.cosine, str) else "angles"
        if isinstance(cosine, str) or cosine is None or not -1 <= float(cosine) <= 1:
            raise InputError(f"{what}: {cosine!r}; expected the cosine of an angle, from -1 to 1; give such a {what}")
        for a, b in angle.pairs(model, sizes):
            one, other = place[offsets[angle.first] + a], place[offsets[angle.second] + b]
            if length[one] > 0 and length[other] > 0:
                matrix[one, other] = matrix[other, one] = float(cosine)
    if model.angles and len(matrix) and np.linalg.eigvalsh(matrix)[0] < -ZERO * len(matrix):
        names = ", ".join(str(angle.cosine) for angle in model.angles)
        raise InputError(f"angles: no vectors have the cosines {names} at once; give some that are nearer to 0")
    return matrix


def roots(cosine: Array, length: Array) -> Array:
    """(f, f), lower triangular: the fixed directions as rows; a column is 0 where a vector is in the span before it."""
    root = np.zeros_like(cosine)
    for at in range(len(cosine)):
        left = cosine[at:, at] - root[at:, :at] @ root[at, :at]
        if left[0] > ZERO:
            root[at:, at] = left / np.sqrt(left[0])
    return length[:, None] * root


def apart(cosine: Array, off: Flags) -> bool:
    """Whether no direction of the set `off` (f,) has an angle with one outside it."""
    return not (cosine[off][:, ~off] != 0).any()


def refused(name: str, off: Sequence[str]) -> str:
    """Why noise is not projected off only some of the directions that have angles."""
    return (
        f"{name}: it is projected off {', '.join(off)}, which has an angle with another fixed family; name that in off "
        "too, or none of them"
    )
