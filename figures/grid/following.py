"""Parameters that follow an axis by an equation or a formula, between the values at which the grid was run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import xarray

from derivations.declare import Value
from dynamics.arrays import Array
from simulate.ask import models, parameters, settings
from simulate.ask.hold import Hold, holds
from simulate.conditions.held import Held
from simulate.errors import InputError

from .scales import plain
from .shown import configuration

_ROUNDING = 1e-9  # how far, relatively, a law's values may be from the grid's at its own points


def following(
    data: xarray.Dataset, wanted: Collection[str], along: str, places: Array, setting: object
) -> tuple[Array, list[dict[str, Value]] | None]:
    """Values of an axis near `places`, and the `wanted` parameters' there, by the laws that the grid keeps of them.

    None where a law is not known or is not the grid's: where the setting is another by now, say, or where no whole
    number solves an equation between two of the grid's.
    """
    try:
        by_law = _Law(data, along, setting)
        own = [plain(value) for value in data[along].values]
        for name in wanted:
            rest = {dim: 0 for dim in data[name].dims if dim != along}
            kept = np.array([plain(value) for value in data[name].isel(rest).values], dtype=np.float64)
            there = np.array([by_law(value)[name] for value in own], dtype=np.float64)
            if not np.allclose(there, kept, rtol=_ROUNDING, atol=0.0):
                return places, None
        points = np.unique(np.rint(places)) if by_law.whole else places
        every = [by_law(value) for value in points.tolist()]
        return points, [{name: each[name] for name in wanted} for each in every]
    except (InputError, KeyError, TypeError, ValueError):
        return places, None


class _Law:
    """A grid's parameters at any value of one axis, where the others are as in its first cell.

    `whole`: at whole numbers alone.
    """

    def __init__(self, data: xarray.Dataset, along: str, setting: object) -> None:
        laws = {name: law for name, law in configuration(data).get("parameters", {}).items()
                if isinstance(law, str) and name in data.coords}
        first = {str(name): plain(values.values.flat[0]) for name, values in data.coords.items() if name != "seed"}
        factory = settings.resolve(setting).factory
        structural = [each.name for each in models.build(factory, {}).parameters if each.structural]
        self._model = models.build(factory, {name: first[name] for name in structural if name in first})
        own = {each.name: each for each in self._model.parameters}
        texts = {name: law for name, law in laws.items() if name in own and own[name].numeric}
        equations = [_equation(name, law) for name, law in texts.items() if "=" in law]
        formulas = {name: law for name, law in texts.items() if "=" not in law}
        self._along = along
        self._others = {name: value for name, value in first.items() if name in data.dims and name != along}
        self._given: dict[str, object] = {name: value for name, value in first.items()
                                          if name in own and name not in {*texts, *self._others, along}}
        self._given |= formulas
        axes = {name: name for name in (along, *self._others)}
        steps = data.attrs.get("steps")
        self._held = Held.of(setting, self._model, equations, self._given, axes, None if steps is None else int(steps))
        self._own, self.whole = own.keys(), along in own and own[along].whole

    def __call__(self, value: Value) -> Mapping[str, Value]:
        """Raises InputError where an equation has no solution."""
        point = {**self._others, self._along: value}
        solved = self._held.solved(self._model, self._given, point)
        here = {name: each for name, each in point.items() if name in self._own}
        return parameters.computed(self._model, {**self._given, **here, **solved})


def _equation(name: str, law: str) -> Hold:
    """An equation that is kept as LEFT = RIGHT, solved for its parameter; of a quantity alone both sides are one."""
    left, right = (side.strip() for side in law.split("="))
    (hold,) = holds(f"{name}: {left}" if left == right else f"{name}: {law}")
    return hold
