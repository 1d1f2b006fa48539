"""Examples that the caller holds out (`HeldOutLaw`): their pre-activations along a trajectory, and what is judged.

With W(t) = a(t) W(0) + b(t) V, an example x has <w_s, x> = a <w_s(0), x> + b V x: exact, without W(t).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from derivations.declare import Model, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams

from ..ask.losses import loss_of
from ..start.drawn import Draw, HeldOut
from ..start.scalars import all_scalars
from ..start.source import held_out_statistics


def statistics(
    model: Model, outputs: Callable[[Array], Array], draw: Draw, z: Array, b: Array, values: Mapping[str, Value],
    left: Array,
) -> dict[str, Array]:
    """As `fresh.fresh_statistics` has them, of the draw's held-out examples; there have to be some."""
    assert draw.held is not None
    along = preactivations(model, draw, z, b, values, left)
    return held_out_statistics(model, outputs, along, draw.held.y, loss_of(model, values))


def preactivations(
    model: Model, draw: Draw, z: Array, b: Array, values: Mapping[str, Value], left: Array
) -> Iterator[Array]:
    """Of the held-out examples' patches, (N, P, H, m) at each state of z and b (T, H, m, B)."""
    held = draw.held
    assert held is not None and draw.weights is not None and draw.vectors is not None  # a caller's arrays have both
    at_start = {name: grams.onto(draw.weights, x) for name, x in held.vectors.items()}
    across = {name: x @ draw.vectors.T for name, x in held.vectors.items()}
    offsets, scales = model.offsets(len(draw.y)), _scales(model, held, values)
    for t in range(len(b)):
        pre = np.zeros((len(held.y), len(model.patches), *z.shape[1:3]))
        for (p, direction), scale in scales:
            if direction in held.vectors:
                own = left[t] * at_start[direction] + b[t] @ across[direction].T
            else:
                index = model.family(direction).index_set
                rows = [index.row(0, label, 0, 0) for label in held.y.astype(np.intp).tolist()]
                own = z[t][..., offsets[direction] + np.array(rows)]
            pre[:, p] += scale[:, None, None] * np.moveaxis(own, -1, 0)
        yield pre


def _scales(model: Model, held: HeldOut, values: Mapping[str, Value]) -> list[tuple[tuple[int, str], Array]]:
    """What each patch's terms are taken times, (N,), with the patch and the family."""
    one = np.ones(len(held.y))
    known = {name: one * given for name, given in all_scalars(model, values, held.scalars).items()}
    return [
        ((p, term.direction), one * term.factor(one, held.y, held.clean, known))
        for p, patch in enumerate(model.patches) for term in patch.terms
    ]


def refusal(model: Model, draw: Draw) -> str:
    """Why no held-out example is judged, in one sentence; "" where some are."""
    if draw.held is not None:
        return ""
    names = ", ".join(model.test.arrays(model))
    return (f"test: the test law is of held-out examples, and none are given; bring {names} in initial=, or leave the "
            "test observables out")
