"""Extremes over neurons of what the filters see: directions, coefficients, and vectors that runs only look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Extreme
from derivations.declare.formula import FormulaError
from dynamics.arrays import Array

from ..ask import formula
from ..errors import InputError
from .coefficients import coefficient
from .evaluators import OfStates, evaluates
from .states import States, Variable

BLOCK = 2**21  # pre-activations at a time: every entry is copied a few times on the way to its extreme


@evaluates(Extreme)
class Extremes(OfStates[Extreme]):
    """Maxima and minima over filters, and what else is not kept."""

    def variable(self, states: States, declared: Extreme) -> Variable | None:
        """(T, ...) by `per`; None where the states lack what it is of."""
        parts = [_variable(block, declared) for block in states.blocks(BLOCK)]
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        return Variable(known[0].dims, np.concatenate([part.values for part in known]))


def _variable(states: States, observable: Extreme) -> Variable | None:
    """The observable of some states."""
    values = _entries(states, observable)
    if values is None:
        return None
    if observable.signed:
        values = values * np.array(states.model.network.head_axis.signs)[:, None, None]
    if observable.reduce == "max_abs":
        values = np.abs(values)
    smallest = observable.reduce == "min"
    mask = _heads(states, observable)
    if mask is not None:
        values = np.where(mask[:, None, :], values, np.inf if smallest else -np.inf)
    dims = _dims(states, observable)
    if len(dims) > values.ndim:  # examples of several tasks have two dimensions
        values = values.reshape(*values.shape[:3], states.draw.tasks, states.draw.examples)
    kept = _kept(states, observable)
    axes = tuple(at for at, name in enumerate(dims) if name not in kept)
    reduced = values.min(axes) if smallest else values.max(axes)
    if observable.floor:
        numbers = {**states.values, "n": states.draw.examples, "m": states.z.shape[2]}
        try:
            reduced = np.maximum(reduced, formula.evaluate(observable.floor, numbers))
        except FormulaError as error:
            raise InputError(f"{observable.name}: its floor {error}; leave it out of observables") from error
    return Variable(tuple(name for name in dims if name in kept), reduced)


def _entries(states: States, observable: Extreme) -> Array | None:
    """(T, H, m, size): what the observable is of."""
    families = {family.coefficient.name: family for family in states.model.directions}
    if observable.of in families:
        return None if states.b is None else coefficient(states, families[observable.of])
    if observable.of not in {family.name for family in states.model.directions}:
        watched = states.draw.watched
        if watched is None or states.watched is None or observable.of not in watched.names:
            return None
        return states.watched[..., watched.names[observable.of]]
    return _adapted(states, observable.of) if observable.adapted else states.z[..., states.rows(observable.of)]


def _adapted(states: States, family: str) -> Array | None:
    """<w~, v> (T, H, m, size), every task at its own adapted weights; a shared vector's is the last task's."""
    if "adapted" not in states.seen:
        return None
    tasks, n = states.draw.tasks, states.draw.examples
    start, size = states.model.offsets(n)[family], states.model.sizes(n)[family]
    own = np.moveaxis(states.seen["adapted"][..., start : start + size], 1, 3)  # (T, H, m, K, size)
    if not states.model.family(family).index_set.shared:
        return np.ascontiguousarray(own).reshape(*own.shape[:3], tasks * size)
    return own[..., -1, :]


def _heads(states: States, observable: Extreme) -> NDArray[np.bool_] | None:
    """(H, size or 1): the heads that count; None for all."""
    if observable.heads == "all":
        return None
    if observable.heads in ("plus", "minus"):
        kept: NDArray[np.bool_] = np.arange(states.z.shape[1]) == ("plus", "minus").index(observable.heads)
        return kept[:, None]
    return states.own if observable.heads == "on_class" else ~states.own


def _dims(states: States, observable: Extreme) -> tuple[str, ...]:
    """The dimensions of the entries, examples of several tasks in two."""
    sets = {family.name: family.index_set for family in states.model.directions}
    sets |= {family.coefficient.name: family.index_set for family in states.model.directions}
    of = sets.get(observable.of)
    own = ("item",) if of is None or of.shared else of.dims(states.over_tasks)
    return ("t", states.head, "r", *own)


def _kept(states: States, observable: Extreme) -> set[str]:
    """The dimensions that the observable keeps."""
    named = {"head": {states.head}, "example": {"task", "i"}, "task": {"task"}}
    return {"t"}.union(*(named[name] for name in observable.per))
