"""Variables of the states of many runs of one shape, worked out for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derivations.declare import Model, Variable
from dynamics.arrays import Array
from dynamics.kernel import observing
from dynamics.kernel.kernel import Kernel

from ..ask.columns import Columns
from ..start.many import Drawn
from .observables import alike, needs_seen
from .seen import reported
from .states_many import ManyStates


def of_runs(
    model: Model, kernel: Kernel, drawn: Drawn, z: Array, b: Array, values: Columns, wanted: Sequence[str]
) -> dict[str, Variable]:
    """The variables of the states z and b (R, T, H, m, B) among `wanted` that are known of many runs at once.

    Each is what a run has alone, to the bit; values (R, T, ...), their dimensions without the runs'.
    """
    runs, times = z.shape[:2]
    seen: dict[str, Array] = {}
    if needs_seen(model, wanted):
        looked = observing.of_runs(kernel, z, drawn.gram, drawn.y, drawn.clean,
                                   [drawn.scalars[name] for name in kernel.varying],
                                   kernel.columns(values, z.shape[3], runs))
        flat = {name: each.reshape(runs * times, *each.shape[2:]) for name, each in looked.items()}
        seen = reported(kernel, flat, np.repeat(drawn.y, times, axis=0))
    states = ManyStates(model, drawn, z.reshape(-1, *z.shape[2:]), b.reshape(-1, *b.shape[2:]), seen)
    return {
        name: Variable(each.dims, each.values.reshape(runs, times, *each.values.shape[1:]))
        for name, each in alike(states, wanted).items()
    }


__all__ = ["of_runs"]
