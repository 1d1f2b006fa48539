"""How much of a grid a store has: the same configuration, at all of its points and seeds or at some, and of what."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, quoted
from .grid_layout import VERSION, Layout

AGAIN = "remove that folder or move it away, and run the same command again"
AXES = ("x", "y", "z")
_POINTS = (*AXES, "seeds")
_MEASURED = "observables"
_ADDED = (*_POINTS, _MEASURED)  # what a store may have less of than is asked for
_OF_CHOICES = ("kernel", "defaults")  # a point of a structural axis brings its own
_GROWS = (*_POINTS, *_OF_CHOICES)


@dataclass(frozen=True)
class Extent:
    """What a store was made as, and whether the grid that is wanted has more points or seeds, or others between.

    `proved`: whether its runs are whole; where an observable is added they are not, and are run again.
    """

    layout: Layout
    wider: bool
    proved: bool

    def places_in(self, layout: Layout) -> tuple[NDArray[np.intp], ...]:
        """Where its cells and seeds stand in a grid that has all of them, as an index of (cell, seed) arrays."""
        along = [
            [layout.axes[name].index(value) for value in values] for name, values in self.layout.axes.items()
        ]
        cells = np.ravel_multi_index(tuple(np.meshgrid(*along, indexing="ij")), layout.shape[:-1]).ravel()
        return np.ix_(cells, np.array([layout.seeds.index(seed) for seed in self.layout.seeds]))


def said_without_points(configuration: Mapping[str, Any]) -> str:
    """What a configuration says, as JSON, of whatever stays as it is where points or seeds are added."""
    names = {option: list(configuration[option]) for option in AXES if option in configuration}
    return json.dumps({**{key: value for key, value in configuration.items() if key not in _GROWS}, **names})


def extent(path: Path, attributes: Mapping[str, Any], there: Collection[str], layout: Layout) -> Extent:
    """How much of the grid the store with these attributes, and with the folders that are `there`, has.

    Raises:
        InputError: where it is no grid, one of another layout, or one asked for otherwise, naming what differs.
    """
    if "configuration" not in attributes:
        raise InputError(f"out: {str(path)!r} is not a grid of phase; give another name")
    stored = json.loads(str(attributes["configuration"]))
    if not isinstance(stored, dict):
        raise InputError(f"out: {str(path)!r} is not a grid of phase; give another name")
    if attributes.get("layout") != VERSION:
        raise InputError(
            f"out: {str(path)!r} is a grid of another version of gammarho, which lays grids out otherwise; give "
            f"another name, or {AGAIN}"
        )
    asked = json.loads(json.dumps(layout.configuration))
    for what, here, wanted in _differences(stored, asked):
        more = "; points, seeds and observables may be added to it, not left out"
        more *= what.partition(".")[0] in _ADDED
        raise InputError(
            f"out: {str(path)!r} holds a grid with {_with(what, here)}, and this one has {_plainly(wanted)}{more}; "
            "give another name, or remove that folder"
        )
    points = {option: stored[option] for option in AXES if option in stored}
    outermost = [points[option] for option in reversed(AXES) if option in points]
    axes = {name: tuple(values) for each in outermost for name, values in each.items()}
    proved = stored[_MEASURED] == asked[_MEASURED]
    old = replace(layout, axes=axes, seeds=tuple(stored["seeds"]))
    if not proved:
        kept = {name: column for name, column in layout.columns.items() if column.text or name in there}
        old = replace(old, columns=kept, configuration={**layout.configuration, _MEASURED: stored[_MEASURED]})
    return Extent(old, any(stored[key] != asked[key] for key in (*points, "seeds", _MEASURED)), proved)


def _with(what: str, value: Any) -> str:
    return f"no {what}" if value is None else f"{what} {_plainly(value)}"


def _plainly(value: Any) -> str:
    """A part of a configuration in words."""
    if isinstance(value, dict):
        return quoted(", ".join(f"{name}={each}" for name, each in value.items()))
    return "none" if value is None else quoted(value)


def _differences(here: Any, asked: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two plain configurations differ, by dotted name; points and what they bring may be more."""
    of = name.partition(".")[0]
    if isinstance(here, dict) and isinstance(asked, dict):
        for key in {**here, **asked}:
            if key in here or of not in _OF_CHOICES:
                yield from _differences(here.get(key), asked.get(key), f"{name}.{key}" if name else key)
    elif of in _ADDED and isinstance(here, list) and isinstance(asked, list):
        if any(value not in asked for value in here):
            yield name, here, asked
    elif here != asked:
        yield name or "configuration", here, asked
