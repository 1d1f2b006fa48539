"""What a kernel observes of many runs' states: of each run by the function, and so with the bits, that it has alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Array
from ..blas import one_blas_thread
from .chunks import heard
from .kernel import Kernel


def of_runs(
    kernel: Kernel, z: Array, gram: Array, y: Array, clean: Array, scalars: Sequence[Array], numbers: Array
) -> dict[str, Array]:
    """Loss and gradient_norm (R, T), and each of `observed`, (R, T, n) or of class heads (R, T, H, n).

    z (R, T, H, m, B), gram (R, B, B), y and clean (R, n), `scalars` (R, n) the `varying` ones, and `numbers` (R, ...)
    as `Kernel.columns` has them, the kernel's scalars first.
    """
    runs, times, n = *z.shape[:2], y.shape[1]
    shape = (runs, times, n) if kernel.signed else (runs, times, kernel.heads, n)
    outs = {name: np.empty((runs, times)) for name in ("loss", "gradient_norm")}
    outs |= {name: np.empty(shape) for name in kernel.observed}
    module, own = kernel.module(gram.shape[1]), numbers[:, : len(kernel.scalars)].tolist()
    others = [*([clean] if kernel.follows_clean else []), *scalars]
    data = [np.ascontiguousarray(each) for each in (z, gram, kernel.labels(y), *others)]
    with one_blas_thread(module is not kernel.loops):
        for run in range(runs):
            heard()
            module.observe(*[each[run] for each in data], *own[run], *[out[run] for out in outs.values()])
    return outs


__all__ = ["of_runs"]
