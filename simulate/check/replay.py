"""A constructed state in weight space: vectors with its inner products, and one step of training in torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynamics.arrays import Array

from ..ask.derived import lam_at
from ..run.rebuild import weights
from ..run.run import run
from .case import Case


def replayed(case: Case) -> str:
    """What one step of training from row 1 of the case gives, against row 2, in words.

    The vectors have the draw's inner products, in as many dimensions as there are filters and directions.
    """
    model, drawn = case.model, case.draw
    if model.algorithm.over_tasks or model.network.axes or not np.array_equal(drawn.clean, drawn.y):
        return "not replayed in weight space: it has several tasks, flipped labels, or neurons' own numbers"
    arrays = embedded(case)
    said = {name: value for name, value in case.states.values.items()
            if value is not None and name not in ("n", "m", "d", "lam_until")}
    if "lam" in said:
        said["lam"] = float(lam_at(model, case.states.values, case.t[1:2])[0])
    data = run(model, said, steps=1, engine="weights", record=[0, 1], initial=arrays)
    vectors = np.concatenate([np.atleast_2d(arrays[family.name]) for family in model.directions])
    trained = weights(data, arrays, model) @ vectors.T
    assumed = case.states.z[2]
    apart = float(np.abs(trained - assumed).max() / max(float(np.abs(assumed).max()), 1e-300))
    return f"one step of training in torch from there, W(0) + b V, agrees to {apart:.1g} of the largest <w, v>"


def embedded(case: Case) -> dict[str, Array]:
    """W (H, m, D), y and each family's vectors, with the inner products of the case's draw and of its row 1."""
    drawn = case.draw
    b = case.states.b
    assert b is not None
    heads, filters, directions = drawn.z.shape
    if drawn.vectors is not None and drawn.weights is not None:
        points, vectors = drawn.weights.reshape(heads * filters, -1), drawn.vectors
    else:
        assert drawn.filter_gram is not None
        z = drawn.z.reshape(heads * filters, directions)
        joint = np.block([[drawn.filter_gram, z], [z.T, drawn.gram]])
        length = np.sqrt(np.maximum(np.diag(joint), 1e-300))
        values, axes = np.linalg.eigh(joint / np.outer(length, length))
        factor = length[:, None] * axes * np.sqrt(np.maximum(values, 0.0))
        points, vectors = factor[: heads * filters], factor[heads * filters :]
    now = points + b[1].reshape(heads * filters, -1) @ vectors
    offsets, arrays = case.model.offsets(drawn.examples), dict[str, Any]()
    for family in case.model.directions:
        rows = vectors[offsets[family.name] : offsets[family.name] + case.model.sizes(drawn.examples)[family.name]]
        arrays[family.name] = rows[0] if family.index_set.single else rows
    return {"W": now.reshape(heads, filters, -1), "y": drawn.y, **arrays}
