"""The weight-space engine's own count of activation flips, from the pre-activations that training computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from derivations.declare import Flips

from .weights import Training

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Count:
    """Flips of the declared kind in steps 1..t, `at` the recorded steps t, and the `last` one's step (0: none)."""

    declared: Flips
    at: dict[int, int] = field(default_factory=dict)
    last: int = 0


class Watch:
    """Counts that are fed W at every step, in order."""

    def __init__(self, declared: Sequence[Flips], recorded: Iterable[int]) -> None:
        self.counts = [Count(each) for each in declared]
        self.recorded = set(recorded)
        self._before: Tensor | None = None
        self._totals = [0] * len(self.counts)

    def __call__(self, task: Training, t: int, w: Tensor) -> None:
        """Compares the network at W(t) (H, m, d) with the one of the call before; the patches are all examples'."""
        if not self.counts:
            return
        now = steep_sides(task, w)
        moved = torch.zeros_like(now) if self._before is None else now ^ self._before
        own = _own(task, len(w))
        for place, count in enumerate(self.counts):
            wanted = {"all": own | ~own, "on_class": own, "off_class": ~own}[count.declared.heads]
            many = int((moved & wanted[:, None, :, None]).sum())
            self._totals[place] += many
            count.last = t if many else count.last
            if t in self.recorded:
                count.at[t] = self._totals[place]
        self._before = now

    def variables(self) -> Mapping[str, NDArray[np.float64]]:
        """Each count (t,) at the recorded steps and last flip () under its declared name."""
        out = {}
        for count in self.counts:
            said = count.declared
            values = np.array([count.at[t] for t in sorted(count.at)], dtype=np.float64)
            out[said.name] = values
            if said.last:
                out[said.last] = np.asarray(count.last)
        return out


def steep_sides(task: Training, w: Tensor) -> Tensor:
    """(H, m, n, P): whether <w_{h,r}, x_i^(p)> is above the kink at 0, 0 itself being where sigma'(0) = 1 puts it.

    A pre-activation that is 0 but for rounding lies on either side.
    """
    pre = torch.einsum("hrd,ipd->hrip", w, task.patches[:, : task.model.activated])
    return pre >= 0 if task.model.network.activation.at_kink else pre > 0


def _own(task: Training, heads: int) -> Tensor:
    """(H, n): whether a head is the example's own by its observed label."""
    return task.y.new_tensor(task.model.network.head_axis.labels)[:, None] == task.y[None, :]
