"""Held-out examples against weights: their patches put together and judged in torch, from W and the arrays alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from derivations.declare import Model

from ..observe import fresh
from ..train import fresh as weights_fresh
from ..values import Values
from .along import Along, largest_gap
from .engines import KernelUnderTest
from .report import LONG, Row


def rows(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row]:
    """Error and loss at every state, by the kernel from coefficients and by weight space."""
    assert along.draw.held is not None and along.draw.vectors is not None
    held, axis = along.draw.held, model.network.head_axis
    said = fresh.fresh_statistics(model, kernel, along.draw, along.z, along.b, values, 0, shares=along.left)
    patches = weights_fresh.held_out_patches(model, along.draw.vectors, held, values)
    told: dict[str, list[float]] = {"test_error": [], "test_loss": []}
    by_class = []
    for W in along.W:
        scores = np.asarray(axis.output(weights_fresh.of_patches(model, W, patches, values)))
        one = [weights_fresh.judged(model, scores[i : i + 1, None], held.y[i : i + 1], values)
               for i in range(len(held.y))]
        wrong, cost = np.array([[error[0, 0], loss[0, 0]] for error, loss in one]).T
        told["test_error"].append(float(wrong.mean()))
        told["test_loss"].append(float(cost.mean()))
        by_class.append([wrong[held.y == k].mean() if (held.y == k).any() else np.nan for k in axis.labels])
    for name, ours in told.items():
        yield Row(f"{name} of held-out examples", largest_gap(said[name], np.array(ours)), LONG, 0, "fixed")
    if "class_error" in said:
        gap = largest_gap(said["class_error"], np.array(by_class))
        yield Row("class_error of held-out examples", gap, LONG, 0, "fixed")
