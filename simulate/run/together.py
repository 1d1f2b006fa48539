"""Which runs go together in one call as far as their declaration tells; shapes and values may still part them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.declare import Model
from derivations.declare.variables import FRESH

from ..observe import observables as obs


def go_together(model: Model, wanted: Iterable[str]) -> bool:
    """Whether runs of this model with these variables go together.

    Signed heads, one set of examples; variables of fresh examples, of a state alone, or of an event that the kernel
    looks for, which it does not where steps draw something.
    """
    events = () if model.algorithm.drawn else (event.name for event in model.events)
    known = {*obs.at_every_step(model), *FRESH, *events}
    return model.network.head_axis.signed and not model.algorithm.over_tasks and set(wanted) <= known
