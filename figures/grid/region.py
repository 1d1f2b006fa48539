"""Where a grid's cells meet the conditions of the model's paper, and that region's boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray

from derivations.declare import Conditions, Model, Value
from dynamics.arrays import Array, Flags
from simulate.ask import models, reading, settings
from simulate.conditions.conditions import recorded
from simulate.conditions.feasible import feasible

from .scales import Scale, plain


@dataclass(frozen=True)
class Region:
    """The cells (cells...) at which the printed condition holds at C = `constant`, and those where it is undecided."""

    title: str
    constant: float
    holds: Flags
    undecided: Flags

    @property
    def partial(self) -> bool:
        """Whether it is some of the cells and not all, so that it has a boundary."""
        return bool(self.holds.any() and not self.holds.all())

    def __str__(self) -> str:
        inside, unknown = int(self.holds.sum()), int(self.undecided.sum())
        said = f"{self.title}, C = {self.constant:g}: holds at {inside or 'none'} of {self.holds.size} cells"
        return f"{said}, undecided at {unknown}" if unknown else said


def region(data: xarray.Dataset, scales: Sequence[Scale], setting: object, constant: object) -> Region:
    """The region of a grid whose model is `setting`'s; clauses that speak of T take the grid's steps.

    Raises:
        InputError: for an unknown setting, one without conditions, and a C that is not above 0.
    """
    level, steps = reading.positive("feasible", constant), data.attrs.get("steps")
    judged = _Judge(setting, level, None if steps is None else int(steps))
    shape = tuple(len(each.values) for each in scales)
    holds, undecided = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    values = Cells(data)
    for cell in np.ndindex(*shape):
        verdict = judged(values.at({each.name: index for each, index in zip(scales, cell, strict=True)}))
        holds[cell], undecided[cell] = verdict is True, verdict is None
    return Region(judged.title, level, holds, undecided)


class Cells:
    """The parameters of a grid's cells."""

    def __init__(self, data: xarray.Dataset) -> None:
        labels = {str(name): values for name, values in data.coords.items() if name != "seed"}
        self._found = {name: (values.dims, values.values) for name, values in labels.items()}

    def at(self, place: Mapping[str, int]) -> dict[str, Value]:
        """Every parameter's value at a cell, by the place of its values along the axes."""
        return {name: plain(values[tuple(place[str(dim)] for dim in dims)])
                for name, (dims, values) in self._found.items()}


class _Judge:
    """The printed condition of a setting, at values of its model's parameters."""

    def __init__(self, setting: object, constant: float, steps: int | None) -> None:
        self.title = ""
        self._setting, self._constant, self._steps = setting, constant, steps
        self._factory = settings.resolve(setting).factory
        base = models.build(self._factory, {}).parameters
        self._structural = [each.name for each in base if each.structural]
        self._known: dict[tuple[Value, ...], tuple[Conditions, Model]] = {}

    def __call__(self, values: Mapping[str, Value]) -> bool | None:
        chosen = {name: values[name] for name in self._structural if name in values}
        key = tuple(chosen.values())
        if key not in self._known:
            model = models.build(self._factory, chosen)
            self._known[key] = recorded(model, self._setting), model
        declared, model = self._known[key]
        self.title = declared.lists[0].title
        absent = {each.name: None for each in model.parameters}
        return feasible(declared, model, {**absent, **values}, constant=self._constant, steps=self._steps)


def boundary(inside: Flags, scales: Sequence[Scale]) -> Array:
    """Segments (count, 2, 2) between the cells (down, across) that are in and those that are not; x before y."""
    y, x = (each.edges for each in scales)
    rows, columns = np.nonzero(inside[:, 1:] != inside[:, :-1])
    upright = np.stack([np.stack([x[columns + 1], y[rows + end]], axis=-1) for end in (0, 1)], axis=1)
    rows, columns = np.nonzero(inside[1:] != inside[:-1])
    level = np.stack([np.stack([x[columns + end], y[rows + 1]], axis=-1) for end in (0, 1)], axis=1)
    return np.concatenate([upright, level])
