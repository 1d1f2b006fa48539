"""Where the values along a grid's axis stand in a picture: one class a kind of axis."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from dynamics.arrays import Array
from simulate.ask.noted import show
from simulate.phase.grid_axes import spacing

_FINE = 400  # points at which a curve is evaluated
_WIDE = 30.0  # irregular values that span this factor stand on a logarithmic axis
_LOGARITHMS = math.log(5e-324), math.log(sys.float_info.max) - 1e-9  # of numbers that log takes there and back
_NEAR, _FAR = 1e-280, 1e300  # an even axis ends between: else matplotlib's spans under- or overflow
_TICKS = 12  # categories that are named one by one


@dataclass(frozen=True)
class Scale(ABC):
    """An axis of the picture: the parameter's name, its label, and its values in the order in which they are drawn.

    `low` and `high` bound what the parameter may be: nothing is drawn beyond them.
    """

    name: str
    label: str
    values: tuple[Any, ...]
    low: float = -math.inf
    high: float = math.inf
    numeric: ClassVar[bool]
    """Whether a curve may give values of this parameter."""

    @property
    @abstractmethod
    def places(self) -> Array:
        """Where the values stand, (len,), rising."""

    @property
    @abstractmethod
    def edges(self) -> Array:
        """Where the cells around the values begin and end, (len + 1,), rising."""

    @abstractmethod
    def between(self) -> tuple[NDArray[Any], Array]:
        """Values of the parameter at which a curve is evaluated, and where they stand."""

    @abstractmethod
    def on(self, axes: Axes, letter: Literal["x", "y"]) -> None:
        """Make this the horizontal or the vertical axis."""

    def straight(self, places: Array) -> Array:
        """Where places are on paper, up to unit and origin: what is drawn between two of them is straight there."""
        return places

    def heading(self, at: int) -> str:
        """A value, with its name, as the heading of a panel."""
        return f"{self.name} = {told(self.values[at])}"


class Linear(Scale):
    """Numbers on an even axis; cells meet halfway."""

    numeric, _word = True, "linear"

    @property
    def places(self) -> Array:
        """The values."""
        return np.array(self.values, dtype=np.float64)

    @property
    def edges(self) -> Array:
        """Halfway between two values, and as far beyond the first and the last as the parameter may be."""
        at = self._even(self.places)
        inner = (at[1:] + at[:-1]) / 2
        ends = np.concatenate([[2 * at[0] - inner[0]], inner, [2 * at[-1] - inner[-1]]])
        return np.asarray(np.clip(self._back(ends), self.low, self.high))

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers, so that ticks are."""
        return all(isinstance(value, int) for value in self.values)

    def between(self) -> tuple[NDArray[Any], Array]:
        """Evenly spaced, from edge to edge."""
        ends = self._even(self.edges[[0, -1]])
        points = np.union1d(self._back(np.linspace(ends[0], ends[1], _FINE)), self.places)
        return points, points

    def straight(self, places: Array) -> Array:
        """As they are, or their logarithms."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._even(np.asarray(places, dtype=np.float64))

    def on(self, axes: Axes, letter: Literal["x", "y"]) -> None:
        """From edge to edge; the ends come first, as a scale without them is laid out with margins, which overflow."""
        axes.set(**{f"{letter}lim": self.edges[[0, -1]], f"{letter}scale": self._word, f"{letter}label": self.label})
        if self.whole:
            axis = axes.xaxis if letter == "x" else axes.yaxis
            axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))

    def _even(self, values: Array) -> Array:
        return values

    def _back(self, places: Array) -> Array:
        return places


class Decades(LogLocator):
    """Ticks within the axis; matplotlib also has one beyond either end, by so many decades that it overflows."""

    whole = False
    """Whether they are at whole numbers alone."""

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Those from `vmin` to `vmax`."""
        with np.errstate(over="ignore", under="ignore"):  # what is beyond is left out
            found = [tick for tick in super().tick_values(vmin, vmax) if vmin <= tick <= vmax]
        return [tick for tick in found if tick == round(tick)] if self.whole else found


def ticks(axis: Axis, low: float, high: float, whole: bool = False) -> None:
    """Ticks of a logarithmic axis: a decade each, or 1, 2 and 5 of each where there are not two whole ones.

    `whole`: at whole numbers alone.
    """
    axis.set_minor_formatter(NullFormatter())
    narrow = np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 1
    for subs, put in (((1.0, 2.0, 5.0) if narrow else (1.0,), axis.set_major_locator), (None, axis.set_minor_locator)):
        locator = Decades(subs=subs)
        locator.whole = whole
        put(locator)
    if narrow:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


class Logarithmic(Linear):
    """Numbers above 0 on a logarithmic axis; cells meet at the geometric mean."""

    _word = "log"

    def on(self, axes: Axes, letter: Literal["x", "y"]) -> None:
        """From edge to edge; ticks at 1, 2 and 5 of each decade where there are not two whole ones."""
        super().on(axes, letter)
        low, high = self.edges[[0, -1]]
        ticks(axes.xaxis if letter == "x" else axes.yaxis, low, high, self.whole)

    def _even(self, values: Array) -> Array:
        return np.log(values)

    def _back(self, places: Array) -> Array:
        return np.exp(np.clip(places, *_LOGARITHMS))


class Categories(Scale):
    """Choices, flags, or a single value: each is as wide as the next, and named."""

    numeric = False

    @property
    def places(self) -> Array:
        """0, 1, ..."""
        return np.arange(len(self.values), dtype=np.float64)

    @property
    def edges(self) -> Array:
        """Halfway."""
        return np.arange(len(self.values) + 1, dtype=np.float64) - 0.5

    def between(self) -> tuple[NDArray[Any], Array]:
        """The values themselves."""
        return np.array(self.values, dtype=object), self.places

    def on(self, axes: Axes, letter: Literal["x", "y"]) -> None:
        """With a tick a value, or every so many."""
        axes.set(**{f"{letter}label": self.label, f"{letter}lim": self.edges[[0, -1]]})
        axis, every = (axes.xaxis if letter == "x" else axes.yaxis), -(-len(self.values) // _TICKS)
        axis.set_ticks(self.places[::every], [told(value) for value in self.values[::every]])
        axis.set_minor_locator(NullLocator())


def scale(coordinate: xarray.DataArray, label: str) -> Scale:
    """The scale of an axis' coordinate, whose values rise where they are numbers; its spacing decides which.

    What the parameter may be is in attrs["low"] and attrs["high"], as `phase` writes them; a coordinate without them,
    of another origin or of a name that is no parameter, has no cell that begins below 0 where no value is.
    """
    name, values = str(coordinate.name), tuple(plain(value) for value in coordinate.values)
    if len(values) < 2 or not all(is_number(value) for value in values):
        return Categories(name, label, values)
    numbers = np.array(values, dtype=np.float64)
    spaced = coordinate.attrs.get("spacing") or spacing(numbers, whole=coordinate.dtype.kind in "iu")
    far = not _NEAR < np.abs(numbers).max() < _FAR
    wide = far or spaced == "log" or (spaced == "irregular" and numbers[-1] / _WIDE > numbers[0])
    if far and numbers[0] <= 0:
        return Categories(name, label, values)
    low = float(coordinate.attrs.get("low", 0.0 if numbers[0] >= 0 else -math.inf))
    high = float(coordinate.attrs.get("high", math.inf))
    kind = Logarithmic if wide and numbers[0] > 0 else Linear
    return kind(name, label, values, min(low, float(numbers[0])), max(high, float(numbers[-1])))


def plain(value: Any) -> Any:
    """The Python value of a coordinate's entry."""
    return value.item() if isinstance(value, np.generic) else value


def is_number(value: Any) -> bool:
    """Whether a value is a number; a flag is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def told(value: Any) -> str:
    """A value as it is typed, to six digits."""
    return f"{value:.6g}" if is_number(value) else show(value)
