"""Observables of reduced states, as the model declares them: coefficients, extremes, distances, margins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from derivations.declare import Event, KnownFrom, Model, OfRun, OfStates, Variable, variables
from derivations.declare.variables import COMMON, FRESH
from dynamics.arrays import Array

from ..ask import arguments as ask
from ..ask import formula
from ..ask.userfile import answer
from ..errors import InputError
from ..work.once import once
from .states import States
from .states_many import ManyStates

__all__ = [
    "COMMON", "FRESH", "States", "at_every_step", "check", "computed", "evaluate", "lacking", "names", "needs_seen",
    "of_data", "sought", "threshold",
]

Observe = Callable[[Array], Mapping[str, Array]]
BLOCK = 2**21  # pre-activations of the states that are observed at a time


@once
def names(model: Model) -> tuple[str, ...]:
    """Every variable a run of this model can return, in order."""
    return (*variables.of_run(model), *(event.name for event in model.events))


@once
def dimensions(model: Model) -> dict[str, tuple[str, ...]]:
    """The dimensions of every one of them, as they are declared."""
    return variables.dimensions(model)


@once
def fresh_names(model: Model) -> tuple[str, ...]:
    """The variables that come from fresh examples."""
    return variables.of_fresh(model)


@once
def at_every_step(model: Model) -> tuple[str, ...]:
    """The variables that a state alone determines, so that a run can watch them at every step."""
    elsewhere = [o for o in model.observables if o.known_from is not KnownFrom.STATE]
    along = {*fresh_names(model), *(name for o in elsewhere for name in (o.name, *o.also))}
    along |= {event.name for event in model.events}
    return tuple(name for name in names(model) if name not in along)


@once
def of_data(model: Model) -> tuple[str, ...]:
    """The variables that the data determine, whatever the state."""
    return tuple(o.name for o in model.observables if o.known_from is KnownFrom.DATA)


@once
def counted(model: Model) -> tuple[str, ...]:
    """The variables that are counted along a run, of every step's state."""
    return tuple(name for o in model.observables if o.known_from is KnownFrom.RUN for name in (o.name, *o.also))


@once
def counted_together(model: Model) -> tuple[str, ...]:
    """Those of them that many runs are counted by at once."""
    kinds = [o for o in model.observables if isinstance(o, OfRun) and o.together]
    return tuple(name for o in kinds for name in (o.name, *o.also))


def needs_seen(model: Model, wanted: Iterable[str]) -> bool:
    """Whether any of the variables is computed from what an engine observes, beyond the states themselves."""
    declared = _of_states(model)
    return any(declared[name].needs_observed if name in declared else name in COMMON for name in wanted)


def check(model: Model, wanted: ask.Names | None) -> tuple[str, ...]:
    """The variables asked for; where None, all but those that a run has on request alone.

    Raises InputError for an unknown name, with the nearest.
    """
    known, alone = names(model), {name for o in model.observables if o.on_request for name in (o.name, *o.also)}
    always = tuple(name for name in known if name not in alone)
    return ask.names("observables", wanted, known, f"an observable of {model.name}") or always


def evaluate(states: States, wanted: tuple[str, ...]) -> dict[str, Variable]:
    """The wanted variables of the recorded states; fresh examples, events and counts of a run are taken elsewhere.

    Raises:
        InputError: one of them is not defined on this draw.
    """
    if states.b is not None:
        for name, why in undefined(states, wanted).items():
            raise InputError(f"{why}; leave {name} out of observables")
    return computed(states, wanted)


def computed(states: States, wanted: Sequence[str], observe: Observe | None = None) -> dict[str, Variable]:
    """As `evaluate`, of variables that are defined on this draw (`undefined`).

    What an engine observes of the states z, which they then lack, is told by `observe`: of some at a time, as it may be
    several times as large as they are.
    """
    known: dict[str, Variable] = {}
    if observe is not None:
        known = _in_blocks(states, [name for name in wanted if _of_one_state(states.model, name)], observe)
        if needs_seen(states.model, set(wanted) - known.keys()):
            states = replace(states, seen=observe(states.z))
    return _gathered(states, wanted, lambda declared: answer(declared.value, states), known)


def _of_one_state(model: Model, name: str) -> bool:
    """Whether a variable is of a state by itself, and of what an engine observes there."""
    declared = _of_states(model).get(name)
    return needs_seen(model, [name]) and (declared is None or declared.known_from is KnownFrom.STATE)


def _in_blocks(states: States, names: Sequence[str], observe: Observe) -> dict[str, Variable]:
    """Variables along the states, worked out some states after another."""
    parts: list[dict[str, Variable]] = []
    for block in states.blocks(BLOCK) if names else ():
        part = replace(block, seen=observe(block.z))
        parts.append(_declared(part, names, lambda declared, part=part: answer(declared.value, part)))  # type: ignore[misc]
    if len(parts) < 2:
        return parts[0] if parts else {}
    joined = {name: np.concatenate([part[name].values for part in parts]) for name in parts[0]}
    return {name: replace(parts[0][name], values=values) for name, values in joined.items()}


def alike(states: ManyStates, wanted: Sequence[str]) -> dict[str, Variable]:
    """Of states of many draws: those of the wanted variables that every draw has, and that are worked out at once."""
    return _gathered(states, wanted, lambda declared: _of_runs(declared, states))


def _of_runs(declared: OfStates, states: ManyStates) -> Array | None:
    """Its values; None where one of the runs has none, which it says where it is made alone."""
    try:
        values: Array | None = answer(declared.of_runs, states)
    except InputError:
        return None
    return values


def _gathered(
    states: States | ManyStates, wanted: Sequence[str], value: Callable[[OfStates], Array | None],
    known: Mapping[str, Variable] = MappingProxyType({}),
) -> dict[str, Variable]:
    """The wanted variables but for those `known`, and these, in the order in which they are wanted."""
    found = {**known, **_declared(states, [name for name in wanted if name not in known], value)}
    return {**{name: found[name] for name in wanted if name in found}, **_coefficients(states, wanted)}


def _declared(
    states: States | ManyStates, wanted: Sequence[str], value: Callable[[OfStates], Array | None]
) -> dict[str, Variable]:
    """Observables, and what every run has."""
    out: dict[str, Variable] = {}
    declared = _of_states(states.model)
    for name in wanted:
        if name in COMMON and name in states.seen:
            out[name] = _placed(states, name, states.seen[name])
        elif name in declared:
            values = value(declared[name])
            if values is not None:
                out[name] = labelled(states.model, name, values, _sizes(states))
    return out


def labelled(model: Model, name: str, values: object, known: Mapping[str, int] = MappingProxyType({})) -> Variable:
    """A variable's values with the dimensions that are declared, of the lengths that are `known`.

    Raises InputError where it has more or fewer, of other lengths, or values that are no numbers.
    """
    dims, array = dimensions(model)[name], np.asarray(values)
    said = f"{name}: its value has the shape {array.shape}, and it is declared as [{', '.join(dims)}]"
    if array.ndim != len(dims):
        raise InputError(f"{said}; expected an axis for each, so mend its dims, or its value")
    for dim, size in zip(dims, array.shape, strict=True):
        if size != known.get(dim, size):
            raise InputError(f"{said}; expected {known[dim]} along {dim}, so mend its dims, or its value")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: its value is of the type {array.dtype}; expected real numbers")
    return Variable(dims, array)


def _sizes(states: States | ManyStates) -> dict[str, int]:
    """How long the dimensions are that states have; of several tasks' examples nothing is said."""
    *runs, heads, filters, _ = states.z.shape
    sizes = {"t": runs[-1], "r": filters, states.model.network.head_axis.dim: heads}
    return sizes if states.over_tasks else {**sizes, "i": states.y.shape[-1]}


@once
def _of_states(model: Model) -> dict[str, OfStates]:
    """The observables that states alone determine, by name."""
    return {o.name: o for o in model.observables if isinstance(o, OfStates)}


def _coefficients(states: States | ManyStates, wanted: Sequence[str]) -> dict[str, Variable]:
    """The coefficients that are wanted, of every family."""
    out: dict[str, Variable] = {}
    if states.b is None:
        return out
    for family in states.model.directions:
        whole, *halves = variables.coefficients(family)
        here = {whole, *halves} & set(wanted)
        if not here:
            continue
        values = states.coefficient(whole)
        assert values is not None
        values = values if family.index_set.dims(states.over_tasks) else values[..., 0]
        if whole in here:
            out[whole] = _placed(states, whole, values)
        for name, own in zip(halves, (True, False), strict=False):
            if name in here:  # one that nobody asked for is as large as all states
                out[name] = _placed(states, name, values * (states.own[..., None, :] == own))
    return out


def _placed(states: States | ManyStates, name: str, values: Array) -> Variable:
    """Values whose last axis, where the variable is of examples, runs over all tasks' together."""
    of_examples = dimensions(states.model)[name][-1:] == ("i",)
    return labelled(states.model, name, states.by_task(values) if of_examples else values)


def undefined(states: States, wanted: Iterable[str]) -> dict[str, str]:
    """Why a wanted observable is not defined on this draw, by name, such as where a vector that it divides by is 0."""
    asked = set(wanted)
    said = {name: o.undefined(states) for name, o in _of_states(states.model).items() if name in asked}
    return {name: why for name, why in said.items() if why}


def lacking(states: States, known: Mapping[str, Variable]) -> dict[str, str]:
    """Why variables of the states are no numbers at some of them, by name, with a cure: those that tell."""
    told = {name: o for name, o in _of_states(states.model).items()
            if name in known and type(o).lacking is not OfStates.lacking and not np.isfinite(known[name].values).all()}
    said = {name: answer(o.lacking, states) for name, o in told.items()}
    return {name: why for name, why in said.items() if why}


def threshold(event: Event, values: Mapping[str, Any], n: int, m: int) -> float:
    """An event's threshold at these values.  Raises a one-sentence ValueError outside its domain."""
    return formula.evaluate(event.threshold, {**values, "n": n, "m": m})


def sought(event: Event, bound: str) -> str:
    """What an event waits for, in words; `bound` is its threshold, as a number or as a formula."""
    said = f"first t with {event.observable} {event.relation} {bound}"
    return f"{said}; {event.source}" if event.source else said
