"""How a grid lies on disk: its zarr group made, and held against what it was made as."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Value

from .grid_axes import SEED, Coordinate

if TYPE_CHECKING:
    import zarr

Arrays = dict[str, NDArray[Any]]
"""Variables by name, (cell, seed), cells in the order of the axes, the last of which moves fastest."""

VERSION = 2  # of the layout: 1 called the dimensions y and x, and had a chunk a cell
BLOCK = 64  # cells of the last axis in a chunk: a chunk costs a file, and as long to write as a short run takes
DIGEST = "digest"
FOLDER = "boundary"  # of a store: the runs between its cells


@dataclass(frozen=True)
class Column:
    """A variable of a grid: numbers, or text, with what is said about it."""

    text: bool
    attrs: Mapping[str, Any]

    def blank(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Nothing yet."""
        return np.full(shape, "", dtype=object) if self.text else np.full(shape, np.nan)


@dataclass(frozen=True)
class Layout:
    """What a grid is of: its axes by name, outermost first, its seeds, its variables, and all that is said of it.

    `configuration` is all that a run's numbers depend on, as plain data.
    """

    axes: Mapping[str, tuple[Value, ...]]
    seeds: tuple[int, ...]
    columns: Mapping[str, Column]
    coordinates: Mapping[str, Coordinate]
    attributes: Mapping[str, Any]
    configuration: Mapping[str, Any]

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions of a variable."""
        return (*self.axes, SEED)

    @property
    def shape(self) -> tuple[int, ...]:
        """Their lengths."""
        return (*map(len, self.axes.values()), len(self.seeds))

    @property
    def flat(self) -> tuple[int, int]:
        """How many cells and seeds there are."""
        return math.prod(self.shape[:-1]), self.shape[-1]

    @property
    def chunks(self) -> tuple[int, ...]:
        """The lengths of a chunk: all seeds of up to BLOCK cells along the last axis."""
        return (*(1 for _ in self.shape[:-2]), min(BLOCK, self.shape[-2]), self.shape[-1])

    def points(self) -> list[tuple[Value, ...]]:
        """The axes' values at every cell."""
        return list(product(*self.axes.values()))

    def blank(self) -> Arrays:
        """The variables with nothing in them, (cell, seed)."""
        return {name: column.blank(self.flat) for name, column in self.columns.items()}

    def all_columns(self) -> dict[str, Column]:
        """The variables on disk."""
        meaning = "of the run's data, written after them; empty where the run is not done"
        return {**self.columns, DIGEST: Column(True, {"meaning": meaning})}


def create(path: Path, layout: Layout, filled: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Make the group: coordinates, the variables and `digest`, each over the axes and seeds, and consolidated metadata.

    Every chunk carries its checksum (CRC-32C).  `filled` are variables, `digest` among them, that are known already.
    """
    import zarr
    from zarr.codecs import Crc32cCodec

    checked = [Crc32cCodec()]
    group = zarr.open_group(str(path), mode="w", zarr_format=3, attributes=_said_of(layout))
    for name, coordinate in layout.coordinates.items():
        made = group.create_array(
            name, shape=coordinate.values.shape, dtype=_dtype(coordinate.values), dimension_names=coordinate.dims,
            attributes=coordinate.attrs, compressors=checked,
        )
        made[...] = coordinate.values
    for name, column in layout.all_columns().items():
        array = group.create_array(
            name, shape=layout.shape, chunks=layout.chunks, dtype=str if column.text else np.dtype(float),
            fill_value="" if column.text else np.nan, dimension_names=layout.dims, compressors=checked,
            attributes=dict(column.attrs),
        )
        if filled is not None:
            array[...] = filled[name].reshape(layout.shape)
    with warnings.catch_warnings():  # consolidated metadata is a convenience that zarr 3 does not promise yet
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        zarr.consolidate_metadata(str(path), zarr_format=3)


def differing(path: Path, group: zarr.Group, layout: Layout, coordinates: bool = True) -> str:
    """What of the group is not as `create` makes it, data apart, in a few words; empty where all is.

    `coordinates`: whether these are looked at too, and not the variables alone.
    """
    import zarr

    if coordinates and group.attrs.get("coordinates") != _said_of(layout)["coordinates"]:
        return "the list of its coordinates is not what it was"
    shown = zarr.open_group(str(path), mode="r", zarr_format=3)  # what xarray goes by
    for name, column in layout.all_columns().items():
        array: Any = group[name]
        form = (array.shape, array.chunks, tuple(array.metadata.dimension_names or ()))
        checked = [codec.to_dict()["name"] for codec in array.compressors] == ["crc32c"]
        same_kind = (array.dtype.kind in "OUT") if column.text else array.dtype == np.dtype(float)
        as_made = form == (layout.shape, layout.chunks, layout.dims) and checked and same_kind
        if not as_made or _said(shown[name]) != _said(array):
            return f"the metadata of {name} are not what they were"
    for name, coordinate in layout.coordinates.items() if coordinates else ():
        stored: Any = group[name]
        if tuple(stored.metadata.dimension_names or ()) != coordinate.dims or _said(shown[name]) != _said(stored):
            return f"the metadata of {name} are not what they were"
        try:
            values = np.asarray(stored[...])
        except (ValueError, TypeError, LookupError, RuntimeError, OSError):
            return f"the coordinate {name} cannot be read"
        if not _same(values, coordinate.values):
            return f"the coordinate {name} is not what it was"
    return ""


def _dtype(values: NDArray[Any]) -> Any:
    """The type that zarr keeps the values in."""
    return str if values.dtype.kind in "UTO" else values.dtype


def _said_of(layout: Layout) -> dict[str, Any]:
    """The group's attributes; xarray takes for coordinates what "coordinates" names."""
    return {
        **layout.attributes, "gammarho": "phase", "layout": VERSION, "configuration": json.dumps(layout.configuration),
        "coordinates": " ".join(layout.coordinates),
    }


def _said(array: Any) -> str:
    """An array's metadata as text, in which NaN is equal to NaN."""
    return json.dumps(array.metadata.to_dict(), default=str)


def _same(stored: NDArray[Any], asked: NDArray[Any]) -> bool:
    if _dtype(asked) is str:
        return stored.shape == asked.shape and [*map(str, stored.ravel())] == [*map(str, asked.ravel())]
    return stored.dtype == asked.dtype and stored.shape == asked.shape and stored.tobytes() == asked.tobytes()
