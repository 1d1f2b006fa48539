"""Observables of reduced states, as the model declares them: coefficients, extremes, distances, margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.model import (
    Deactivated,
    Directions,
    Distance,
    Event,
    Extreme,
    Flips,
    LongTail,
    Model,
    NearOrthogonality,
    NoiseRatio,
    Observable,
    Shifted,
)
from dynamics import formula, geometry
from dynamics.gram import Reduced

from . import classes, matrices
from .errors import InputError, nearest
from .states import States, Variable

__all__ = ["COMMON", "FRESH", "States", "Variable", "at_every_step", "check", "evaluate", "names", "threshold"]

Array = NDArray[np.float64]

COMMON = ("loss", "gradient_norm", "margins", "train_error", "zeta")
FRESH = ("test_error", "test_error_se", "test_loss", "test_loss_se")


def names(model: Model) -> tuple[str, ...]:
    """Every variable a run of this model can return, in order."""
    coefficients: list[str] = []
    for family in model.directions:
        coefficient = family.coefficient
        coefficients.append(coefficient.name)
        coefficients += [f"{coefficient.name}_over", f"{coefficient.name}_under"] if coefficient.split else []
    declared = [o.name for o in model.observables if not isinstance(o, LongTail)]
    declared += [o.last for o in model.observables if isinstance(o, Flips) and o.last]
    events = [event.name for event in model.events]
    return (*COMMON, *fresh_names(model), *coefficients, *declared, *events)


def of_tail(tail: LongTail) -> set[str]:
    """The variables of a long-tail ratio."""
    return {tail.name, f"{tail.name}_accuracy", f"{tail.name}_empty"}


def fresh_names(model: Model) -> tuple[str, ...]:
    """The variables that come from fresh examples."""
    tails = [o.name for o in model.observables if isinstance(o, LongTail)]
    by_class = ("class_error", "class_error_se") if model.network.heads == "class" else ()
    return (*FRESH, *by_class, *(f"{name}{part}" for name in tails for part in ("", "_accuracy", "_empty")))


def at_every_step(model: Model) -> tuple[str, ...]:
    """The variables that a state alone determines, so that a run can watch them at every step."""
    counted = {name for o in model.observables if isinstance(o, Flips) for name in (o.name, o.last)}
    data = {o.name for o in model.observables if isinstance(o, NoiseRatio | NearOrthogonality | Deactivated)}
    along = {*fresh_names(model), *counted, *data, *(event.name for event in model.events)}
    return tuple(name for name in names(model) if name not in along)


def check(model: Model, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The variables asked for (all where None).  Raises InputError for an unknown name, with the nearest."""
    known = names(model)
    if wanted is None:
        return known
    for name in wanted:
        if name not in known:
            raise InputError(f"observables: {name!r} is not an observable of {model.name}; {nearest(str(name), known)}")
    return tuple(dict.fromkeys(wanted))


def evaluate(states: States, wanted: tuple[str, ...]) -> dict[str, Variable]:
    """The wanted variables of the recorded states; test laws and events are taken elsewhere."""
    out: dict[str, Variable] = {}
    declared = {o.name: o for o in states.model.observables}
    for name in wanted:
        if name in COMMON and name in states.seen:
            out[name] = _common(states, name)
        elif name in declared:
            found = _declared(states, declared[name])
            if found is not None:
                out[name] = found
    return {**out, **{k: v for k, v in _coefficients(states).items() if k in wanted}}


def _common(states: States, name: str) -> Variable:
    values = states.seen[name]
    dims = {1: ("t",), 2: ("t", "i"), 3: ("t", states.head, "i")}[values.ndim]
    meaning = {
        "loss": "training loss L_S, without penalty",
        "gradient_norm": "||grad L_S||_F",
        "margins": "margin of each example",
        "train_error": "share of training examples misclassified, ties half",
        "zeta": "squared gradient norm of each example's output, constants taken out",
    }
    return Variable(dims, values, meaning[name])


def _coefficients(states: States) -> dict[str, Variable]:
    out: dict[str, Variable] = {}
    if states.b is None:
        return out
    for family in states.model.directions:
        values = coefficient(states, family)
        coef = family.coefficient
        place = {"one": (), "class": ("class",), "sample": ("i",)}[family.over]
        dims = ("t", states.head, "r", *place)
        if family.over == "one":
            values = values[..., 0]
        out[coef.name] = Variable(dims, values, f"coefficient of {family.name}")
        if coef.split:
            own = states.own[:, None, :]
            out[f"{coef.name}_over"] = Variable(dims, values * own, f"{coef.name} where the head is the example's own")
            out[f"{coef.name}_under"] = Variable(dims, values * ~own, f"{coef.name} elsewhere")
    return out


def coefficient(states: States, family: Directions) -> Array:
    """A family's coefficients (T, H, m, size): b times ||v||^2 where scaled, times the head's sign where signed."""
    rows = states.rows(family.name)
    assert states.b is not None
    values = states.b[..., rows]
    if family.coefficient.scaled:
        values = values * np.diag(states.draw.gram)[rows]
    if family.coefficient.signed and states.head == "j":
        values = values * np.array([1.0, -1.0])[:, None, None]
    return values


def _declared(states: States, observable: Observable) -> Variable | None:
    if isinstance(observable, Flips | LongTail):
        return None  # counted along the run by `simulate.sides`; of fresh examples, by `simulate.fresh`
    if isinstance(observable, classes.KINDS):
        return classes.variable(states, observable)
    if isinstance(observable, matrices.KINDS):
        return matrices.variable(states, observable)
    if isinstance(observable, Shifted):
        of = states.seen.get(observable.of)
        return None if of is None else Variable(("t", "i"), of + observable.plus, observable.source)
    if isinstance(observable, Distance):
        return None if states.b is None else Variable(("t",), _distance(states, observable), observable.source)
    return _extreme(states, observable)


def _distance(states: States, observable: Distance) -> Array:
    """||W - W*||_F, by the Gram matrix."""
    assert states.b is not None
    rows = states.rows(observable.of)
    target = np.zeros(states.b.shape[1:])
    scale = formula.evaluate(observable.scale, {**states.values, "n": len(states.draw.y), "m": states.b.shape[2]})
    lengths = np.diag(states.draw.gram)[rows]
    if np.any(lengths == 0):
        raise InputError(
            f"{observable.of}: a zero vector has no direction, and {observable.name} divides by its length; "
            "leave it out of observables"
        )
    target[..., rows] = scale * states.own[:, None, :] / lengths
    if states.scale is None:
        return geometry.distance(states.b, target, states.draw.gram)
    drawn = states.draw
    start = Reduced(z=drawn.z, gram=drawn.gram, weight_gram=drawn.weight_gram)
    return geometry.decayed_distance(start, states.b, target, states.scale)


def _extreme(states: States, observable: Extreme) -> Variable | None:
    families = {family.coefficient.name: family for family in states.model.directions}
    if observable.of in families:
        if states.b is None:
            return None
        values = coefficient(states, families[observable.of])
    else:
        values = states.z[..., states.rows(observable.of)]
    dims = ["t", states.head, "r", "i"]
    if observable.reduce == "max_abs":
        values = np.abs(values)
    smallest = observable.reduce == "min"
    if observable.heads != "all":
        mask = states.own if observable.heads == "on_class" else ~states.own
        values = np.where(mask[:, None, :], values, np.inf if smallest else -np.inf)
    kept = {"head": 1, "example": 3}
    keep = [kept[name] for name in observable.per]
    axes = tuple(axis for axis in (1, 2, 3) if axis not in keep)
    reduced = values.min(axes) if smallest else values.max(axes)
    return Variable(tuple(dims[axis] for axis in (0, *sorted(keep))), reduced, observable.source)


def threshold(event: Event, values: Mapping[str, Any], n: int, m: int) -> float:
    """An event's threshold at these values.  Raises a one-sentence ValueError outside its domain."""
    return formula.evaluate(event.threshold, {**values, "n": n, "m": m})
