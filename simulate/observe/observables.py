"""Observables of reduced states, as the model declares them: coefficients, extremes, distances, margins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from derivations.declare import (
    Deactivated,
    Directions,
    Distance,
    Event,
    Extreme,
    Flips,
    LongTail,
    Model,
    NearOrthogonality,
    NeuronNorm,
    NoiseRatio,
    Observable,
    Shifted,
    Spectral,
    Total,
    variables,
)
from derivations.declare.variables import COMMON, FRESH
from dynamics.arrays import Array
from dynamics.chance.gram import Reduced
from dynamics.geometry import distances

from ..ask import arguments as ask
from ..ask import formula
from ..errors import InputError
from . import classes, extremes, matrices
from .coefficients import coefficient
from .states import States, Variable

__all__ = ["COMMON", "FRESH", "States", "Variable", "at_every_step", "check", "evaluate", "names", "needs_seen",
           "threshold"]



def names(model: Model) -> tuple[str, ...]:
    """Every variable a run of this model can return, in order."""
    return (*variables.of_run(model), *(event.name for event in model.events))


def of_tail(tail: LongTail) -> set[str]:
    """The variables of a long-tail ratio."""
    return {tail.name, f"{tail.name}_accuracy", f"{tail.name}_empty"}


def fresh_names(model: Model) -> tuple[str, ...]:
    """The variables that come from fresh examples."""
    return variables.of_fresh(model)


def at_every_step(model: Model) -> tuple[str, ...]:
    """The variables that a state alone determines, so that a run can watch them at every step."""
    counted = {name for o in model.observables if isinstance(o, Flips) for name in (o.name, o.last)}
    data = {o.name for o in model.observables if isinstance(o, NoiseRatio | NearOrthogonality | Deactivated)}
    along = {*fresh_names(model), *counted, *data, *(event.name for event in model.events)}
    return tuple(name for name in names(model) if name not in along)


def needs_seen(model: Model, wanted: Iterable[str]) -> bool:
    """Whether any of the variables is computed from what an engine observes, beyond the states themselves."""
    declared = {o.name: o for o in model.observables}
    plain = (Extreme, Total, Distance, NeuronNorm, Spectral)

    def seen(name: str) -> bool:
        found = declared.get(name)
        if found is None:
            return name in COMMON
        return not isinstance(found, plain) or (isinstance(found, Extreme) and found.adapted)

    return any(seen(name) for name in wanted)


def check(model: Model, wanted: ask.Names | None) -> tuple[str, ...]:
    """The variables asked for (all where None).  Raises InputError for an unknown name, with the nearest."""
    known = names(model)
    return ask.names("observables", wanted, known, f"an observable of {model.name}") or known


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
    return {**out, **{k: v for k, v in _coefficients(states, wanted).items() if k in wanted}}


def _common(states: States, name: str) -> Variable:
    values = states.seen[name]
    dims = ("t",) if values.ndim < 3 else ("t", states.head)
    meaning = {
        "loss": "training loss L_S, without penalty",
        "gradient_norm": "||grad L_S||_F",
        "margins": "margin of each example",
        "train_error": "share of training examples misclassified, ties half",
        "zeta": "squared gradient norm of each example's output, constants taken out",
    }
    if states.over_tasks:
        meaning |= {
            "loss": "meta-objective: mean over tasks of the adapted weights' loss on the outer step's examples",
            "gradient_norm": "norm of the outer step's direction",
            "margins": "margin of each example at its task's adapted weights",
            "train_error": "share of examples that their task's adapted weights misclassify, ties half",
        }
    said = meaning[name]
    return Variable(dims, values, said) if values.ndim == 1 else states.per_example(dims, values, said)


def _coefficients(states: States, wanted: tuple[str, ...]) -> dict[str, Variable]:
    """The coefficients of every family of which any is wanted."""
    out: dict[str, Variable] = {}
    if states.b is None:
        return out
    for family in states.model.directions:
        coef = family.coefficient
        if not {coef.name, f"{coef.name}_over", f"{coef.name}_under"} & set(wanted):
            continue
        values = coefficient(states, family)
        out[coef.name] = _placed(states, family, values, f"coefficient of {family.name}")
        if coef.split:
            own, said = states.own[:, None, :], f"{coef.name} where the head is the example's own"
            out[f"{coef.name}_over"] = _placed(states, family, values * own, said)
            out[f"{coef.name}_under"] = _placed(states, family, values * ~own, f"{coef.name} elsewhere")
    return out


def _placed(states: States, family: Directions, values: Array, meaning: str) -> Variable:
    """Coefficients (T, H, m, size) with the family's own dimensions."""
    dims, own = ("t", states.head, "r"), family.index_set.dims(states.over_tasks)
    if family.index_set.per_example:
        return states.per_example(dims, values, meaning)
    return Variable((*dims, *own), values if own else values[..., 0], meaning)


def _declared(states: States, observable: Observable) -> Variable | None:
    for module in (classes, matrices):
        if isinstance(observable, module.KINDS):
            found: Variable | None = module.variable(states, observable)
            return found
    if isinstance(observable, Extreme):
        return extremes.variable(states, observable)
    if isinstance(observable, Shifted):
        return _shifted(states, observable)
    if states.b is not None and isinstance(observable, Total | Distance):
        return _from_coefficients(states, observable)
    return None  # Flips are counted along the run by `simulate.observe.sides`; LongTail is of fresh examples


def _shifted(states: States, observable: Shifted) -> Variable | None:
    """A definition per example times a constant plus a constant."""
    of = states.seen.get(observable.of)
    if of is None:
        return None
    return states.per_example(("t",), observable.times * of + observable.plus, observable.source)


def _from_coefficients(states: States, observable: Total | Distance) -> Variable:
    """The sum of a coefficient over its family, or a distance between weights."""
    if isinstance(observable, Distance):
        return Variable(("t",), _distance(states, observable), observable.source)
    families = {family.coefficient.name: family for family in states.model.directions}
    return Variable(("t", states.head, "r"), coefficient(states, families[observable.of]).sum(-1), observable.source)


def without_direction(states: States, wanted: Iterable[str]) -> dict[str, str]:
    """Why a wanted observable is not defined on this draw, by name: a vector that it divides by is 0."""
    found = {}
    for each in states.model.observables:
        if isinstance(each, Distance) and each.name in wanted:
            if np.any(states.draw.squared_lengths[states.rows(each.of)] == 0):
                found[each.name] = (
                    f"{each.of}: a zero vector has no direction, and {each.name} divides by its length; leave it out "
                    "of observables"
                )
    return found


def _distance(states: States, observable: Distance) -> Array:
    """||W - W*||_F, by the Gram matrix."""
    assert states.b is not None
    rows = states.rows(observable.of)
    target = np.zeros(states.b.shape[1:])
    scale = formula.evaluate(observable.scale, {**states.values, "n": len(states.draw.y), "m": states.b.shape[2]})
    lengths = states.draw.squared_lengths[rows]
    if np.any(lengths == 0):
        raise InputError(
            f"{observable.of}: a zero vector has no direction, and {observable.name} divides by its length; "
            "leave it out of observables"
        )
    target[..., rows] = scale * states.own[:, None, :] / lengths
    if states.scale is None:
        return distances.distance(states.b, target, states.draw.gram)
    drawn = states.draw
    start = Reduced(z=drawn.z, gram=drawn.gram, weight_gram=drawn.weight_gram)
    return distances.decayed_distance(start, states.b, target, states.scale)


def threshold(event: Event, values: Mapping[str, Any], n: int, m: int) -> float:
    """An event's threshold at these values.  Raises a one-sentence ValueError outside its domain."""
    return formula.evaluate(event.threshold, {**values, "n": n, "m": m})
