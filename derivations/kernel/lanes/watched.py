"""What a kernel on lanes looks at in every step: the loss, the observables of events, margins and coefficients.

Of several tasks it is the first two.  An event is reached where all entries of its observable are, or any is, so that
their least and their largest decide it.
"""

from __future__ import annotations

from typing import Any

from ...declare import Extreme, Model, scheduled, to_plain
from ...declare.data import laws_of
from .fits import fits_lanes, fits_task_lanes

LOSS, MARGINS = "loss", "margins"


def watches(model: Model) -> bool:
    """Whether a kernel on lanes looks for events: where no step draws the tasks that take part."""
    return not (model.algorithm.over_tasks and model.bilevel.sampled)


def watched(model: Model) -> tuple[Extreme, ...]:
    """The extremes that the model's events are of and that a state's packed arrays tell."""
    if not watches(model):  # such runs are looked at from outside
        return ()
    declared = {each.name: each for each in model.observables}
    named = dict.fromkeys(event.observable for event in model.events)
    observables = [declared[name] for name in named if name in declared]
    return tuple(each for each in observables if isinstance(each, Extreme) and _told(model, each))


def whole(model: Model) -> tuple[Extreme, ...]:
    """Coefficients of which every entry is looked at: a run may end by the first that is there."""
    if model.algorithm.over_tasks:
        return ()
    names = dict.fromkeys(family.coefficient.name for family in model.directions)
    return tuple(Extreme(name=name, latex="", of=name, reduce="max") for name in names)


def tells_loss(model: Model) -> bool:
    """Whether a step has the loss at hand; tasks adapt by the inner step's size as given where it is reported."""
    return not (model.algorithm.over_tasks and "inner_step" in scheduled(model))


def described(model: Model) -> dict[str, Any]:
    """By name what is watched, as plain data, in the kernel's order; what is not declared, as the loss, as None."""
    if not (fits_lanes(model) or fits_task_lanes(model)) or not watches(model):
        return {}
    loss = {LOSS: None} if tells_loss(model) else {}
    margins = {} if model.algorithm.over_tasks else {MARGINS: None}
    every = dict.fromkeys(each.name for each in whole(model))
    return {**loss, **{each.name: to_plain(each) for each in watched(model)}, **margins, **every}


def beside(model: Model) -> tuple[str, ...]:
    """The names of vectors that are watched though no patch holds them, in the kernel's order."""
    known = _known(model)
    return tuple(dict.fromkeys(each.of for each in watched(model) if each.of not in known))


def _known(model: Model) -> set[str]:
    """Families and coefficients, by name."""
    return {name for family in model.directions for name in (family.name, family.coefficient.name)}


def _told(model: Model, extreme: Extreme) -> bool:
    laws = [law for family in model.directions for law in laws_of(family) if law is not None]
    of = {*_known(model), *(name for law in laws if model.algorithm.over_tasks for name in law.watched)}
    plain = not extreme.adapted and not extreme.floor
    return extreme.of in of and plain and not ("head" in extreme.per and extreme.heads in ("plus", "minus"))
