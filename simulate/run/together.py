"""Which runs go together in one call as far as their declaration tells; shapes and values may still part them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.declare import Model
from derivations.declare.variables import FRESH

from ..observe import observables as obs


def go_together(model: Model, wanted: Iterable[str]) -> bool:
    """Whether runs of this model with these variables go together.

    Signed heads, one set of examples, steps that draw nothing; variables of fresh examples, of a state alone, or of an
    event that the kernel looks for.
    """
    known = {*obs.at_every_step(model), *FRESH, *(event.name for event in model.events)}
    algorithm = model.algorithm
    plain = model.network.head_axis.signed and not algorithm.over_tasks and not algorithm.drawn
    return plain and set(wanted) <= known
