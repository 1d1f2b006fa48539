"""Variables of the states of many runs of one shape, worked out for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derivations.declare import Model, Variable
from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel

from ..ask.columns import Columns
from ..start.many import Drawn
from .observables import alike, needs_seen
from .seen import reported
from .states_many import ManyStates


def of_runs(
    model: Model, kernel: Kernel, drawn: Drawn, z: Array, b: Array, values: Columns, wanted: Sequence[str], left: Array
) -> dict[str, Variable]:
    """The variables of the states z and b (R, T, H, m, B) among `wanted` that are known of many runs at once.

    Each is what a run has alone, to the bit; values (R, T, ...), their dimensions without the runs'.  `left` (R, T) is
    what is left of W(0).
    """
    runs, times = z.shape[:2]
    seen: dict[str, Array] = {}
    if needs_seen(model, wanted):
        scalars = [drawn.scalars[name] for name in kernel.varying]
        looked = kernel.observe_all(z, drawn.gram, drawn.y, drawn.clean, scalars, values)
        flat = {name: each.reshape(runs * times, *each.shape[2:]) for name, each in looked.items()}
        seen = reported(kernel, flat, np.repeat(drawn.y, times, axis=0))
    flat_z, flat_b = (each.reshape(-1, *each.shape[2:]) for each in (z, b))
    states = ManyStates(model, drawn, values, flat_z, flat_b, seen, left)
    return {
        name: Variable(each.dims, each.values.reshape(runs, times, *each.values.shape[1:]))
        for name, each in alike(states, wanted).items()
    }


__all__ = ["of_runs"]
