"""A constructed state in weight space: vectors with its inner products, and one step of training in torch."""

from __future__ import annotations

import numpy as np

from dynamics.arrays import Array

from .case import Case


def replayed(case: Case) -> str:
    """What one step of training from row 1 of the case gives, against row 2, in words.

    The vectors have the draw's inner products; where the draw has none, in as many dimensions as there are filters and
    directions.
    """
    from ..run import trained  # not before somebody asks: it loads torch

    model, drawn = case.model, case.draw
    redrawn = [option for option in ("batch", "label_noise") if option in model.algorithm.options]
    if redrawn or (model.algorithm.over_tasks and model.bilevel.sampled):
        return f"not replayed in weight space: each step draws its {' and '.join(redrawn) or 'tasks'}"
    W, vectors = embedded(case)
    after = trained.one_step(model, case.states.values, drawn, vectors, W, int(case.t[1]))
    seen, assumed = after @ vectors.T, case.states.z[2]
    apart = float(np.abs(seen - assumed).max() / max(float(np.abs(assumed).max()), 1e-300))
    return f"one step of training in torch from there, W(0) + b V, agrees to {apart:.1g} of the largest <w, v>"


def embedded(case: Case) -> tuple[Array, Array]:
    """W (H, m, D) and all directions (B, D), with the inner products of the case's draw and of its row 1.

    The neurons' own numbers are the last coordinates, as in a draw.
    """
    drawn, states = case.draw, case.states
    assert states.b is not None
    heads, filters, directions = drawn.z.shape
    if drawn.vectors is not None and drawn.weights is not None:
        points, vectors = drawn.weights.reshape(heads * filters, -1), drawn.vectors
    else:
        assert drawn.filter_gram is not None
        data, own = slice(directions - drawn.axes), drawn.z.reshape(heads * filters, directions)
        z, gram = own[:, data], drawn.gram[data, data]
        joint = np.block([[drawn.filter_gram, z], [z.T, gram]])
        length = np.sqrt(np.maximum(np.diag(joint), 1e-300))
        values, axes = np.linalg.eigh(joint / np.outer(length, length))
        factor = length[:, None] * axes * np.sqrt(np.maximum(values, 0.0))
        unit = np.eye(directions)[:, directions - drawn.axes :]
        points = np.hstack([factor[: heads * filters], own[:, directions - drawn.axes :]])
        vectors = np.vstack([factor[heads * filters :], np.zeros((drawn.axes, factor.shape[1]))])
        vectors = np.hstack([vectors, unit])
    now = states.shares[1] * points + states.b[1].reshape(heads * filters, -1) @ vectors
    return now.reshape(heads, filters, -1), vectors
