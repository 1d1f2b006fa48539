"""What a kernel observes of states, under the public names, with margins and training error of either heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel

from ..start.drawn import Draw


def seen_by(kernel: Kernel, z: Array, drawn: Draw, values: Mapping[str, Any]) -> dict[str, Array]:
    """Observables of states z (T, H, m, B): loss, gradient_norm, train_error (T,), margins (T, n), the kernel's own.

    Of class heads also "outputs" (T, n, K).
    """
    return reported(kernel, kernel.observe(z, drawn.gram, drawn.y, values), drawn.y)


def reported(kernel: Kernel, seen: dict[str, Array], y: Array) -> dict[str, Array]:
    """What a kernel observed of N states as runs report it; y (n,) are all states' labels, or (N, n) each one's."""
    if kernel.signed:
        margins = seen.pop("margin")
        wrong = (margins < 0) + 0.5 * (margins == 0)
    else:
        outputs, label = seen.pop("F"), y.astype(np.int64)[..., None, :]
        own = np.take_along_axis(outputs, np.broadcast_to(label, (len(outputs), 1, y.shape[-1])), axis=1)[:, 0]
        others = np.where(np.arange(kernel.heads)[:, None] == label, -np.inf, outputs)
        margins = own - others.max(axis=1)
        ties = (outputs == outputs.max(axis=1, keepdims=True)).sum(axis=1)
        wrong = np.where(margins < 0, 1.0, 1.0 - 1.0 / ties)  # as fresh examples count ties: 1 - 1/k where k heads tie
        seen["outputs"] = np.swapaxes(outputs, 1, 2)
    return {**seen, "margins": margins, "train_error": np.mean(wrong, axis=1)}
