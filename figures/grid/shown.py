"""What a picture shows of a grid: a mean and its standard error a cell, and the draws that have no value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray
from numpy.typing import NDArray

from dynamics.arrays import Array, Flags
from simulate.errors import InputError, nearest, quoted
from simulate.phase.boundary import DIM
from simulate.phase.cell import DIVERGED, FAILED, OK, UNDONE

from ..said import wrapped
from .scales import Scale, scale, told

PANELS = 12  # values of a third axis that one picture has room for
_AXES = 3
BLANK = ""  # of a cell that is not shown: nothing became of it
LABEL = 32  # characters on a line of an axis' label, of which there are two


@dataclass(frozen=True)
class Mark:
    """Draws without a number to average: a word for it, a hatch, and where they are, (cells..., seed)."""

    word: str
    hatch: str
    draws: Flags

    @property
    def cells(self) -> Flags:
        """The cells in which any draw is one."""
        return np.asarray(self.draws.any(axis=-1))

    def __str__(self) -> str:
        cells, draws = int(self.cells.sum()), int(self.draws.sum())
        if self.draws.shape[-1] == 1:
            return f"{self.word}: {cells} of {self.cells.size} cells"
        return f"{self.word}: {draws} of {self.draws.size} draws, in {cells} of {self.cells.size} cells"


@dataclass(frozen=True)
class Shown:
    """An observable of a grid, laid out for a picture.

    Arrays have the axes (panels, down, across) of three parameters, (down, across) of two, (across,) of one.
    """

    data: xarray.Dataset
    observable: str
    scales: tuple[Scale, ...]
    draws: Array
    """Each draw's number, (cells..., seed); NaN where it has none."""
    marks: tuple[Mark, ...]
    averaged: bool = False
    """Whether the values are of no seed, such as means over seeds that were taken before."""

    @property
    def across(self) -> Scale:
        """The horizontal axis."""
        return self.scales[-1]

    @property
    def panels(self) -> Scale | None:
        """The axis that has a panel a value, of three."""
        return self.scales[0] if len(self.scales) == _AXES else None

    @property
    def flat(self) -> tuple[Scale, ...]:
        """The axes of a panel, down before across."""
        return self.scales[-2:]

    @cached_property
    def counted(self) -> Array:
        """How many draws have a number, (cells...)."""
        return np.asarray(np.isfinite(self.draws).sum(axis=-1), dtype=np.float64)

    @cached_property
    def mean(self) -> Array:
        """The mean over the draws that have a number; NaN where none has."""
        total = np.where(np.isfinite(self.draws), self.draws, 0.0).sum(axis=-1)
        return _over(total, self.counted, self.counted > 0)

    @cached_property
    def error(self) -> Array | None:
        """The mean's standard error: the draws' own spread where there are several seeds, else the observable's.

        NaN where fewer than two draws have a number; None where no cell has one.
        """
        errors = self._own_error if self.draws.shape[-1] == 1 else self._spread
        return errors if np.isfinite(errors).any() else None

    @property
    def _own_error(self) -> Array:
        own = f"{self.observable}_se"
        if own not in self.data or self.averaged:  # the errors' own mean is no mean's error
            return np.full(self.mean.shape, np.nan)
        return np.asarray(_laid_out(self.data[own], self.scales)[..., 0])

    @property
    def _spread(self) -> Array:
        apart = np.where(np.isfinite(self.draws), self.draws - self.mean[..., None], 0.0)
        size = np.maximum(np.abs(apart).max(axis=-1), np.finfo(np.float64).tiny)  # so that no square overflows
        squares = np.asarray(((apart / size[..., None]) ** 2).sum(axis=-1))
        return np.asarray(size * np.sqrt(_over(squares, self.counted * (self.counted - 1), self.counted > 1)))

    @property
    def error_of(self) -> str:
        """Of what the standard error is, in words."""
        alone = self.draws.shape[-1] == 1
        return "of one seed's fresh draws" if alone else "of the mean over seeds, by their spread"

    @property
    def which(self) -> str:
        """Whose values are drawn, in words."""
        seeds = [] if self.averaged else self.data["seed"].values.tolist()
        if len(seeds) == 1:
            return f"seed {seeds[0]}"
        return f"mean of {len(seeds)} seeds, {_listed(seeds)}" if seeds else ""

    @property
    def name(self) -> str:
        """The observable's long name."""
        attributes = self.data[self.observable].attrs
        if "event" in attributes:
            return f"{self.observable}: {attributes['event']}"
        return str(attributes.get("long_name") or attributes.get("meaning") or self.observable)


def shown(grid: object, observable: str | None = None) -> Shown:
    """What a picture shows of the dataset that `phase` returns, or of one read back from its store or a file.

    Raises:
        InputError: for another object, an observable that it does not have, and more panels than there is room for.
    """
    if not isinstance(grid, xarray.Dataset):
        raise InputError(f"grid: {quoted(grid)}; expected the dataset that gr.phase returns")
    grid, averaged = _seeded(grid)
    name = _chosen(grid, observable)
    if averaged and "event" in grid[name].attrs:
        raise InputError(f"observable: {name} is a hitting time, -1 where it is not reached, which a mean over seeds "
                         "takes for a time; give the grid before it, or another observable")
    axes = _axes(grid, name)
    for axis in (*axes, "seed"):
        _refuse_values(grid, axis)
    data = grid.sortby([axis for axis in axes if axis in grid.coords and grid[axis].dtype.kind in "if"])
    scales = tuple(scale(data[axis], label(data[axis])) for axis in axes)
    if len(scales) == _AXES:
        fits(scales[0].name, len(scales[0].values))
    draws, marks = _numbers(data, name, scales)
    return Shown(data, name, scales, draws, marks, averaged)


def _seeded(grid: xarray.Dataset) -> tuple[xarray.Dataset, bool]:
    """The grid with its axis seed, also of the one seed that was picked, and whether its values are of no seed.

    A grid that was averaged over its seeds is known by what `phase` writes with it.
    """
    if "seed" in grid.dims:
        return grid, False
    averaged = "seed" not in grid.coords
    if averaged and "observable" not in grid.attrs:
        raise InputError("grid: it has no axis seed, and nothing says what it is a mean of; expected the dataset that "
                         "gr.phase returns, so keep its attributes, as grid.mean('seed', keep_attrs=True)")
    own = [each for each in grid.data_vars if DIM not in grid[each].dims]  # a boundary's points are of all seeds
    return grid.assign({each: grid[each].expand_dims("seed", -1) for each in own}), averaged


def fits(name: str, panels: int) -> None:
    """Raises InputError for more values of a third axis than a picture has room for."""
    if panels > PANELS:
        raise InputError(
            f"grid: {panels} values of {name}, a panel each; a picture has room for {PANELS}, so take some, such as "
            f"grid.isel({name}=[0, -1])"
        )


def label(coordinate: xarray.DataArray, wide: int = LABEL) -> str:
    """An axis' label: what the parameter is, and its name as it is typed, in two lines of so many characters."""
    name, what = str(coordinate.name), meaning(coordinate)
    if not what:
        return name
    return "\n".join(wrapped(f"{name}: {what}", wide, 2)).replace("$", r"\$")


def meaning(coordinate: xarray.DataArray) -> str:
    """What a parameter is, in words; "" where the grid does not say."""
    said = str(coordinate.attrs.get("meaning") or coordinate.attrs.get("long_name") or "")
    return "" if said == coordinate.name else said


def _chosen(grid: xarray.Dataset, observable: str | None) -> str:
    """The observable that is asked for, else the grid's first."""
    numbers = [str(name) for name, values in grid.data_vars.items()
               if "seed" in values.dims and np.issubdtype(values.dtype, np.number)]
    known = [name for name in numbers if not (name.endswith("_se") and name.removesuffix("_se") in numbers)]
    if not known:
        raise InputError("grid: it has no observable along seed; expected the dataset that gr.phase returns")
    if observable is None:
        # NOTE: a store or a file may have its variables in another order.
        asked = configuration(grid).get("observables", ())
        return next((name for name in asked if name in known), known[0])
    if observable not in known:
        cure = nearest(observable, known) if isinstance(observable, str) else f"expected one of {', '.join(known)}"
        raise InputError(f"observable: {quoted(observable)} is not in the grid; {cure}")
    return observable


def configuration(grid: xarray.Dataset) -> dict[str, Any]:
    """What the grid was asked for, as `phase` keeps it with its data."""
    asked: dict[str, Any] = json.loads(grid.attrs.get("configuration", "{}"))
    return asked


def _axes(grid: xarray.Dataset, observable: str) -> tuple[str, ...]:
    """The parameters that vary, those across last: as the grid says, else in the order of its dimensions."""
    dims = [str(dim) for dim in grid[observable].dims if dim != "seed"]
    bare = next((dim for dim in dims if dim not in grid.coords), "")
    if bare:
        raise InputError(f"grid: its axis {bare} has no values; give it some, as grid.assign_coords({bare}=[...])")
    if not 1 <= len(dims) <= _AXES:
        raise InputError(
            f"grid: {observable} has the axes {', '.join(dims) or 'none'}; expected one to three parameters"
        )
    said = [str(grid.attrs.get(axis)) for axis in ("y", "x")]
    placed = [dim for dim in said if dim in dims]
    return (*(dim for dim in dims if dim not in placed), *placed)


def _refuse_values(grid: xarray.Dataset, axis: str) -> None:
    """Raises InputError for an axis without values, with one twice, or of several parameters at once."""
    if axis in grid.indexes and grid.indexes[axis].nlevels > 1:
        raise InputError(f"grid: its axis {axis} is stacked of {', '.join(map(str, grid.indexes[axis].names))}; "
                         f"give grid.unstack({axis!r})")
    values = list(grid[axis].values) if axis in grid.coords else []
    if not grid.sizes[axis]:
        raise InputError(f"grid: its axis {axis} is empty; expected at least one value, so take some")
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise InputError(f"grid: its axis {axis} has {told(twice)} more than once; expected values that differ, so "
                         f"give grid.drop_duplicates({axis!r})")


def _laid_out(values: xarray.DataArray, scales: Sequence[Scale]) -> Any:
    return values.transpose(*(each.name for each in scales), "seed").values


def _numbers(data: xarray.Dataset, observable: str, scales: Sequence[Scale]) -> tuple[Array, tuple[Mark, ...]]:
    """Each draw's number, and the draws that have none to average, by what they are."""
    values = np.asarray(_laid_out(data[observable], scales), dtype=np.float64)
    status = _states(_laid_out(data["status"], scales)) if "status" in data else np.full(values.shape, OK)
    hatches = {DIVERGED: "xxxx", FAILED: "////", UNDONE: "++++"}
    others = {*map(str, np.unique(status))} - {OK, BLANK, *hatches}
    finite = np.isfinite(values)
    several = "," in str(data.attrs.get("observable", ""))  # then a run that lacks another one may have this one
    counted = (status == OK) | (finite & several)
    words = {**hatches, **dict.fromkeys(others, "||||")}
    marks = [Mark(word, hatch, (status == word) & ~counted) for word, hatch in words.items()]
    draws = np.where(counted, values, np.nan)
    marks.append(Mark("without a value", "oo", (status == OK) & ~finite))
    if "event" in data[observable].attrs:  # a hitting time, -1 where it is not reached
        late = draws < 0
        marks.append(Mark("not reached", "----", late))
        draws = np.where(late, np.nan, draws)
    return draws, tuple(mark for mark in marks if mark.draws.any())


def _listed(seeds: Sequence[int]) -> str:
    """Seeds, by their ends where they are consecutive."""
    whole = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def _states(status: NDArray[Any]) -> NDArray[np.str_]:
    """What became of each run; `BLANK` where a part of the grid was taken by `where`, which leaves NaN elsewhere."""
    return np.array([each if isinstance(each, str) else BLANK for each in status.ravel()]).reshape(status.shape)


def _over(values: Array, by: Array, where: Flags) -> Array:
    """A quotient, NaN elsewhere."""
    return np.asarray(np.divide(values, by, out=np.full(values.shape, np.nan), where=where))
