"""Which runs go together in one call as far as their declaration tells; shapes and values may still part them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.declare import Model
from derivations.declare.variables import judged

from ..observe import observables as obs


def go_together(model: Model, wanted: Iterable[str]) -> bool:
    """Whether runs of this model with these variables go together.

    One set of examples; variables of fresh examples, of a state alone, of the data, or of an event, and what many runs
    are counted by at once.
    """
    known = {*obs.at_every_step(model), *obs.of_data(model), *obs.counted_together(model), *judged(model),
             *(event.name for event in model.events)}
    return not model.algorithm.over_tasks and set(wanted) <= known
