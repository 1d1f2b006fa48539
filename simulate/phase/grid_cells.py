"""A grid's cells: the axes that are asked for, and a problem at every point of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Parameter, Value, unread
from derivations.declare.names import why_no_parameter
from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel

from ..ask import models, parameters
from ..ask.axes import Axis, axis
from ..ask.chosen import Chosen
from ..ask.columns import Columns
from ..ask.hold import Hold
from ..ask.losses import rising
from ..ask.noted import lines, show
from ..conditions.held import Held
from ..conditions.names import SUPPLIED
from ..errors import InputError, quoted
from ..run.kernels import kernel_for, ready
from ..run.lots import Lot, Lots
from ..run.problem import Problem
from . import grid_notes
from .grid_layout import DIGEST

_ROUNDING = 1e-12  # how far apart, relatively, solutions may be that are the same but for their last digits


def asked_axes(
    given: Mapping[str, object], model: Model, params: Mapping[str, object], equations: Sequence[Hold]
) -> tuple[Axis, ...]:
    """The axes that are given as "x", "y" and "z", outermost first.

    An axis is of a parameter, or of a name that an equation has, such as SNR or one that is made for it.

    Raises:
        InputError: for an axis in another form, one that no equation has, two of the same, and a z without a y.
    """
    own = {each.name for each in model.parameters}
    made = dict.fromkeys(name for hold in equations for name in hold.names if name not in own)
    extra = [
        Parameter(name=name, latex=name, meaning=_meaning(name, equations), kind="real", default=1.0) for name in made
    ]
    if given.get("z") is not None and given.get("y") is None:
        raise InputError(f"z: {given['z']!r} without a y; give y first")
    declared, axes = [*model.parameters, *extra], list[Axis]()
    for option in ("x", "y", "z"):
        if option != "x" and given.get(option) is None:
            continue
        new = axis(option, given[option], declared, params, model.name)
        _check_name(new, model, own)
        for before in axes:
            if before.name == new.name:
                raise InputError(f"{before.option} and {option}: both {new.name}; expected two different parameters")
        axes.append(new)
    return tuple(reversed(axes))


def _check_name(asked: Axis, model: Model, own: Collection[str]) -> None:
    """Refuses a name that what a grid holds beside its axes has."""
    name = asked.name
    reason = why_no_parameter(model, name) if name not in own and name not in SUPPLIED else ""
    if not reason and name == DIGEST:
        reason = f"{quoted(name)} is what a stored grid keeps of its cells"
    if reason:
        raise InputError(f"{asked.option}: the axis {reason}; give it another name")


def _meaning(name: str, equations: Sequence[Hold]) -> str:
    """What a name of the equations stands for: the other side of the one that gives it alone."""
    for hold in equations:
        if hold.right == name != hold.left:
            return hold.left
        if hold.left == name != hold.right:
            return hold.right
    return "quantity of the conditions" if any(hold.left == name for hold in equations) else "held"


class Cells:
    """The problems of a setting at the values chosen for it, at points of `axes`, where equations hold."""

    def __init__(self, chosen: Chosen, axes: Sequence[Axis], held: Held) -> None:
        self._chosen, self._axes, self._held, self._model = chosen, axes, held, chosen.built
        self._own = {each.name for each in self._model.parameters}
        self._structural = [each.name for each in axes if each.parameter.structural]
        self._models: dict[tuple[object, ...], tuple[Model, Kernel, models.Factory | Model]] = {}

    def all(self) -> Lots:
        """Every cell, the last axis moving fastest.  Raises InputError where one has no problem."""
        places = np.arange(math.prod(len(each.values) for each in self._axes)).reshape(
            [len(each.values) for each in self._axes])
        parted = [
            range(len(each.values)) if each.parameter.structural or each.parameter.kind != "real" else [None]
            for each in self._axes
        ]
        lots = list[Lot]()
        for fixed in product(*parted):
            here = places[tuple(slice(None) if at is None else at for at in fixed)].ravel()
            lots += self._lots(fixed, here)
        return Lots(lots)

    def _lots(self, fixed: Sequence[int | None], places: NDArray[np.intp]) -> Sequence[Lot]:
        """The cells at these places, where each axis is `fixed` or free: what does not depend on these is found once.

        A parameter that does is computed for the values of those free axes that it depends on.
        """
        along = [each.values if at is None else (each.values[at],)
                 for each, at in zip(self._axes, fixed, strict=True)]
        start = tuple(values[0] for values in along)
        first = self.at(start)
        free = {each.name: at for at, each in enumerate(self._axes) if fixed[at] is None}
        apart, shape = dict[str, Array](), [len(values) for values in along]
        given = {**self._chosen.stated, **dict.fromkeys(each.name for each in self._axes)}
        for parameter in first.model.parameters:
            name = parameter.name
            dims = [free[name]] if name in free else sorted(
                free[each] for each in self._held.behind(first.model, given, name) if each in free)
            if not dims:
                continue
            if parameter.kind != "real":  # its values part the cells further
                lots = Lots.of([self.at(point) for point in product(*along)])
                return [Lot(lot.first, lot.values, places[lot.places]) for lot in lots.lots]
            points = product(*(along[at] if at in dims else along[at][:1] for at in range(len(along))))
            column = [self._value(first.model, point, name) for point in points]
            some = [size if at in dims else 1 for at, size in enumerate(shape)]
            apart[name] = np.broadcast_to(np.array(column, dtype=np.float64).reshape(some), shape).reshape(-1)
        return [Lot(first, Columns(first.values, apart, len(places)), places)]

    def _value(self, model: Model, point: Sequence[Value], name: str) -> Value:
        """A parameter's value at a point.  Raises InputError where it has none."""
        named = {each.name: value for each, value in zip(self._axes, point, strict=True)}
        if name in named:
            return named[name]
        own = {each: value for each, value in named.items() if each in self._own}
        chosen = {**self._chosen.stated, **own, **self._held.solved(model, self._chosen.stated, named)}
        return parameters.computed(model, chosen)[name]

    def refuse_idle(self, cells: Lots) -> None:
        """Raises InputError where the equations' solutions are the same at all values of an axis of theirs."""
        shape = [len(each.values) for each in self._axes]
        for at, each in enumerate(self._axes):
            if each.name not in self._held.axes or len(each.values) == 1:
                continue
            columns = [cells.values(name) for name in self._held.names]
            along = [np.moveaxis(np.reshape(column, shape), at, 0) for column in columns
                     if isinstance(column, np.ndarray)]
            if all(np.allclose(values, values[0], rtol=_ROUNDING, atol=0.0) for values in along):
                ends = f"{show(each.values[0])} to {show(each.values[-1])}"
                raise InputError(
                    f"{each.option}: {each.name} = {ends} changes no cell, as {' and '.join(self._held.names)} "
                    f"{'does' if len(self._held.names) == 1 else 'do'} not depend on it; expected a name that moves "
                    "what an equation is solved for, so write it into one, or leave the axis out"
                )

    def corners(self) -> list[Problem]:
        """The problems at the ends of the axes."""
        ends = [tuple(dict.fromkeys((each.values[0], each.values[-1]))) for each in self._axes]
        return [self.at(point) for point in product(*ends)]

    def at(self, point: Sequence[Value]) -> Problem:
        """The problem at a point."""
        named = {each.name: value for each, value in zip(self._axes, point, strict=True)}
        own: dict[str, object] = {name: value for name, value in named.items() if name in self._own}
        model, kernel, declared = self._model_at(own)
        solved = self._held.solved(model, self._chosen.stated, named)
        given = {**self._chosen.given, **own, **solved}
        resolved = parameters.resolve(declared, given, self._chosen.preset, self._chosen.verb)
        ready(model, kernel, resolved.values)
        return Problem(resolved, self._chosen.given, loaded=kernel)

    def _model_at(self, own: Mapping[str, object]) -> tuple[Model, Kernel, models.Factory | Model]:
        """The model of the structural parameters there, its kernel, and what declares it; threads share them."""
        key = tuple(own[name] for name in self._structural)
        if key not in self._models:
            model = parameters.built(self._chosen.setting.factory, {**self._chosen.stated, **own})
            self._models[key] = model, kernel_for(model), models.remembered(lambda **_: model)
        return self._models[key]

    def formulas(self) -> dict[str, str]:
        """The parameters that follow others, with their formula or equation."""
        axes = {each.name for each in self._axes}
        texts = {
            each.name: parameters.formula_of(self._model, each, self._chosen.stated)
            for each in self._model.parameters if each.name not in axes
        }
        return {**{name: text for name, text in texts.items() if text is not None}, **self._held.names}

    def following(self, name: str) -> list[str]:
        """The parameters whose values go along with a parameter's, by a formula or an equation."""
        given = {**self._chosen.stated, **dict.fromkeys(each.name for each in self._axes)}
        return [each.name for each in self._model.parameters
                if each.name != name and name in self._held.behind(self._model, given, each.name)]

    def notes(self, cells: Lots) -> tuple[str, ...]:
        """The lines on presets, defaults and formulas that go for all of the cells."""
        axes = {each.name for each in self._axes}
        notes = list(grid_notes.notes(cells, self._axes, self._chosen, self._held.names))
        idle = [f"{name} plays no part in the runs: nothing of {self._model.name} reads it"
                for name in unread(self._model) if name in axes]
        solved = [f"{name} solves {text}" for name, text in self._held.names.items()]
        fewer = [each.said for each in self._axes if each.said]
        return (*lines(notes), *fewer, *idle, *rising(self._model, {}), *solved, *self._held.notes())
