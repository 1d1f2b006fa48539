"""The boundary that `phase` measured, for a picture: where a level is crossed, each crossing's band, and their law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray

from dynamics.arrays import Array
from simulate.phase.boundary import DIM, LEVEL_OF_CONFIDENCE, nearness

from ..said import Made, Sentence
from .scales import Scale, plain
from .shown import configuration

_PERCENT = f"{100 * LEVEL_OF_CONFIDENCE:g} %"
_FINE = 100  # points of a power law, which is straight on logarithmic axes alone


@dataclass(frozen=True)
class Found:
    """Crossings along one axis: its name, where they are and the ends of their bands, and the other axis' values.

    Each (points,); a band that is not known is NaN, and so are the other axis' values where there is none.
    """

    name: str
    at: Array
    low: Array
    high: Array
    beside: Array


@dataclass(frozen=True)
class Law:
    """The power law of a boundary, `of` ~ `over`^slope, as points (points,) of either, and what is said of it."""

    of: str
    points: Mapping[str, Array]
    text: str


@dataclass(frozen=True)
class Crossings:
    """A boundary: what is crossed, the crossings along either axis, their law, and how they were found."""

    text: str
    found: tuple[Found, ...]
    law: Law | None
    seeds: int
    near: str
    never: int | None

    def __str__(self) -> str:
        if not any(each.at.size for each in self.found):
            return f"boundary {self.text}: crossed nowhere here"
        known = any(np.isfinite(each.low).any() for each in self.found)
        return f"boundary {self.text}, {f'{_PERCENT} bands of {self.seeds} seeds' if known else 'no band of one seed'}"

    @property
    def said(self) -> tuple[Sentence, ...]:
        """How the crossings were found, and what their bands are."""
        if not any(each.at.size for each in self.found):
            return ()
        axes = " and ".join(each.name for each in self.found if each.at.size)
        what = f"Boundary: the seeds' mean of {self.text} along {axes}, found {self.near}"
        band = "" if self.seeds == 1 else f"; bands: where the mean's {_PERCENT} interval has it"
        counted = "" if self.never is None else f"; a run that has not reached it counts as step {self.never}"
        return (Made(f"{what}{band}{counted}.".replace("$", r"\$")),)


def crossings(data: xarray.Dataset, scales: Sequence[Scale]) -> Crossings | None:
    """The boundary of a grid in a panel with these axes; None where none was followed, or it is of other axes.

    Of a part of a grid, those crossings are in it whose other values are the part's.
    """
    axes, text = [each.name for each in scales], data.attrs.get(DIM)
    if text is None or DIM not in data.dims or not all(each.numeric for each in scales):
        return None
    if data[f"{DIM}_along"].dims != (DIM,):  # a part taken by `where`, which has the points once a cell
        return None
    names = [str(name).removeprefix(f"{DIM}_").removesuffix("_low") for name in data.data_vars
             if str(name).startswith(f"{DIM}_") and str(name).endswith("_low")]
    if not set(axes) <= set(names):
        return None
    there = np.ones(data.sizes[DIM], dtype=bool)
    for name in set(names) - set(axes):
        if name not in data.coords or data[name].ndim:
            return None
        there &= data[f"{DIM}_{name}"].values == data[name].item()
    found = tuple(_found(data, name, axes, there) for name in reversed(axes))
    tolerance = data.attrs.get(f"{DIM}_tolerance")
    law = _law(data.attrs, found) if len(axes) == 2 else None
    seeds = len(configuration(data).get("seeds", data["seed"]))  # of which the bands are, whatever is left of the grid
    never = data.attrs.get(f"{DIM}_never")
    on = [each.name for each in found if each.at.size]
    near = "between neighbouring cells" if tolerance is None else nearness(
        data.attrs, on, f"to {100 * float(tolerance):g} % of an axis")
    return Crossings(str(text), found, law, seeds, near, None if never is None else int(never))


def _found(data: xarray.Dataset, name: str, axes: Sequence[str], there: Any) -> Found:
    columns = {key: np.asarray(data[f"{DIM}_{key}"].values, dtype=np.float64)
               for each in axes for key in (each, f"{each}_low", f"{each}_high")}
    mine = there & (data[f"{DIM}_along"].values == name)
    others = [each for each in axes if each != name]
    beside = columns[others[0]][mine] if others else np.full(int(mine.sum()), np.nan)
    return Found(name, columns[name][mine], columns[f"{name}_low"][mine], columns[f"{name}_high"][mine], beside)


def _law(attrs: Mapping[str, Any], found: Sequence[Found]) -> Law | None:
    """The line of least squares in logarithms, which passes through the points' mean, over the values of its points."""
    fit = {key: plain(attrs.get(f"{DIM}_exponent_{key}")) for key in ("of", "over", "slope", "low", "high")}
    family = next((each for each in found if each.name == fit["of"]), None)
    if family is None:
        return None
    once = np.array([np.sum(family.beside == value) == 1 for value in family.beside], dtype=bool)
    if once.sum() < 2:  # of a part of the grid
        return None
    over, of = np.log(family.beside[once]), np.log(family.at[once])
    places = np.linspace(over.min(), over.max(), _FINE)
    line = of.mean() + fit["slope"] * (places - over.mean())
    interval = f" [{fit['low']:.3g}, {fit['high']:.3g}] at {_PERCENT}" if np.isfinite(fit["low"]) else ""
    text = f"its law {fit['of']} ~ {fit['over']}^{fit['slope']:.3g}{interval}"
    return Law(str(fit["of"]), {str(fit["over"]): np.exp(places), str(fit["of"]): np.exp(line)}, text)


@dataclass(frozen=True)
class Outline:
    """The boundary in a plane: its points (points, 2), x before y, and the pieces between them, (count, 2, 2)."""

    crossings: Crossings
    scales: tuple[Scale, ...]

    @cached_property
    def points(self) -> Array:
        """Where the level is crossed, along either axis."""
        return np.concatenate([self._placed(each, each.at) for each in self.crossings.found])

    @cached_property
    def bars(self) -> Array:
        """The bands that are known, (count, 2, 2): from the low end to the high one."""
        ends = [np.stack([self._placed(each, each.low), self._placed(each, each.high)], axis=1)
                for each in self.crossings.found]
        every = np.concatenate(ends)
        return every[np.isfinite(every).all(axis=(1, 2))]

    @cached_property
    def pieces(self) -> Array:
        """Between the two points on the sides of a rectangle of neighbouring cells that has just two.

        One with more has several ways to join them, and with fewer a side that is not known: it has no piece.
        """
        on_sides: dict[tuple[int, int], list[Array]] = {}
        for each in self.crossings.found:
            for point in self._placed(each, each.at):
                for where in self._beside(each.name, point):
                    on_sides.setdefault(where, []).append(point)
        pairs = [points for points in on_sides.values() if len(points) == 2]
        return np.array(pairs, dtype=np.float64).reshape(-1, 2, 2)

    def _placed(self, found: Found, along: Array) -> Array:
        """Points (points, 2), `along` the axis on which they were found."""
        across = found.name == self.scales[1].name
        return np.stack([along, found.beside] if across else [found.beside, along], axis=-1)

    def _beside(self, name: str, point: Array) -> list[tuple[int, int]]:
        """The rectangles (down, across) with a side on which a point is, by the places of their first cells."""
        (down, across), (x, y) = (each.places for each in self.scales), point
        row = int(np.clip(np.searchsorted(down, y, side="right") - 1, 0, len(down) - 1))
        column = int(np.clip(np.searchsorted(across, x, side="right") - 1, 0, len(across) - 1))
        if name == self.scales[1].name:
            return [(at, min(column, len(across) - 2)) for at in (row - 1, row) if 0 <= at < len(down) - 1]
        return [(min(row, len(down) - 2), at) for at in (column - 1, column) if 0 <= at < len(across) - 1]
