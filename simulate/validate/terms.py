"""How far the rounding of each term that weight space sums moves the sum, be the sum itself cancelled or not.

A number that is summed of terms is known to the rounding of the largest of them, and where they cancel that is more
than all of the number: a gradient of flipped labels that are as many as the others may be 0, or any few 1e-17.  What
its terms are is asked of weight space alone: patches of examples, filters, and what a neuron makes of a patch are each
multiplied by 1 + k `UNIT`, which breaks every cancellation, that of saturated neurons too, and whole numbers stay exact
in it, so that a pre-activation of 0 stays 0 at exact states; at others every weight of a filter moves by rounding too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..train.network import Training
from .report import LIMIT, SAFETY

UNIT = 2.0**-48
"""16 roundings."""
DRAWS = 8
CANCELLED = "fixed, over its terms' rounding where they cancel"

Seen = Callable[[Training, Array], Mapping[str, Array] | None]


@dataclass(frozen=True)
class Terms:
    """Of a number or an array of them: how far the rounding of its terms moves it, and its size without cancellation.

    `whole` is what it is with terms of another size, by up to a half, none of which cancel.
    """

    moved: Array
    whole: Array

    @property
    def decided(self) -> bool:
        """Whether rounding is small beside what is summed; it is not of a direction whose length has cancelled."""
        finite = bool(np.isfinite(self.moved).all() and np.isfinite(self.whole).all())
        return finite and bool(SAFETY * self.moved.max(initial=0.0) <= LIMIT * self.whole.max(initial=0.0))

    def over(self, bar: float) -> Array:
        """The size over which ten times what rounding does is `bar`."""
        return np.asarray(SAFETY * self.moved / bar)


def terms_at(task: Training, W: Array, seen: Seen, exact: bool = False) -> dict[str, Terms]:
    """The terms of what `seen` says of W (..., H, m, d), by name; none where it says nothing of a state beside it."""
    given = seen(task, W)
    if given is None:
        return {}
    moved = {name: np.zeros_like(each) for name, each in given.items()}
    whole = {name: np.abs(each) for name, each in given.items()}
    for other, at, small in _beside(task, W, exact):
        told = seen(other, at)
        if told is None:
            return {}
        for name in given:
            if small:
                moved[name] = np.maximum(moved[name], np.abs(told[name] - given[name]) * (np.finfo(float).eps / UNIT))
            else:
                whole[name] = np.maximum(whole[name], np.abs(told[name]))
    return {name: Terms(moved[name], whole[name]) for name in given}


def _beside(task: Training, W: Array, exact: bool) -> Iterator[tuple[Training, Array, bool]]:
    """The state with each patch and filter longer or shorter: by a few units, and then by up to a half."""
    rng, patches = stream(0, "validate", 32), task.patches
    activated = patches.shape[1] - int(task.model.network.second_layer is not None)
    shapes = (*patches.shape[:2], 1), (*W.shape[-3:-1], 1), (activated, W.shape[-3] * W.shape[-2])
    for at in range(DRAWS + 2):
        small = at < DRAWS
        of_patches, of_filters, of_neurons = (
            1.0 + (UNIT * rng.choice([-2, -1, 1, 2], shape) if small else rng.uniform(-0.5, 0.5, shape))
            for shape in shapes)
        moved = W * of_filters
        if small and not exact:
            moved += UNIT * np.linalg.norm(W, axis=-1, keepdims=True) * rng.standard_normal(W.shape)
        longer, neurons = patches * patches.new_tensor(of_patches), patches.new_tensor(of_neurons)
        yield replace(task, patches=longer, neurons=neurons), moved, small
