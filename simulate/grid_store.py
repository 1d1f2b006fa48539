"""A resumable grid on disk: a plain zarr v3 group, one chunk a cell, each cell's data written before its `done` flag.

Chunks are written to a temporary name and renamed, and the group is built under another name first, so that a process
killed at any moment leaves a store that can be read and taken up again.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, quoted
from .grid_axes import Coordinate

if TYPE_CHECKING:
    import zarr

DIMS = ("y", "x", "seed")
Arrays = dict[str, NDArray[Any]]


class GridStore:
    """The group at `path`.  `arrays` are the grid's variables by name, (y, x, seed), here as they stand on disk."""

    def __init__(self, path: Path, group: zarr.Group, names: list[str]) -> None:
        self._group = group
        self.arrays: Arrays = {name: _read(group[name]) for name in names}
        self.done: NDArray[np.bool_] = np.asarray(_read(group["done"]), dtype=bool)

    def write(self, row: int, column: int, cell: Mapping[str, NDArray[Any]]) -> None:
        """Write one cell, (seed,) a variable: the data, then the flag that says that they are there."""
        for name, values in cell.items():
            self.arrays[name][row, column] = values
            self._group[name][row, column] = values  # type: ignore[index]
        self._group["done"][row, column] = True  # type: ignore[index]
        self.done[row, column] = True


def open_grid(
    path: Path, empty: Arrays, coordinates: Mapping[str, Coordinate],
    configuration: Mapping[str, Any], attributes: Mapping[str, Any],
) -> GridStore:
    """Open the grid at `path`, or create it: variables `empty` (y, x, seed), coordinates, and consolidated metadata.

    Raises:
        InputError: where something else is at `path`, or a grid of another configuration.
    """
    import zarr

    if path.suffix == ".nc":
        raise InputError(f"store: {quoted(str(path))}; a grid is a zarr folder, so give a name that ends in .zarr")
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        _create(path, empty, coordinates, {**attributes, "configuration": json.dumps(configuration)})
    try:
        group = zarr.open_group(str(path), mode="r+", zarr_format=3)
        found = json.loads(str(group.attrs["configuration"]))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"store: {quoted(str(path))} is not a grid of phase; give another name") from error
    for what, here, asked in _differences(found, json.loads(json.dumps(configuration))):
        raise InputError(
            f"store: {quoted(str(path))} holds a grid with {what} {quoted(here)}, and this one has {quoted(asked)}; "
            "give another name, or remove that folder"
        )
    return GridStore(path, group, list(empty))


def _create(
    path: Path, empty: Arrays, coordinates: Mapping[str, Coordinate], attributes: Mapping[str, Any]
) -> None:
    import zarr

    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    # xarray takes for coordinates what "coordinates" names.
    said = {**attributes, "coordinates": " ".join(coordinates)}
    group = zarr.open_group(str(new), mode="w", zarr_format=3, attributes=said)
    for name, each in coordinates.items():
        made = group.create_array(
            name, shape=each.values.shape, dtype=_dtype(each.values), dimension_names=each.dims, attributes=each.attrs
        )
        made[...] = each.values
    for name, array in empty.items():
        fill = "" if _dtype(array) is str else array.flat[0].item()
        group.create_array(
            name, shape=array.shape, chunks=(1, 1, array.shape[2]), dtype=_dtype(array), fill_value=fill,
            dimension_names=DIMS, compressors=None,
        )
    shape = next(iter(empty.values())).shape[:2]
    group.create_array(
        "done", shape=shape, chunks=(1, 1), dtype="bool", fill_value=False, dimension_names=DIMS[:2], compressors=None
    )
    with warnings.catch_warnings():  # consolidated metadata is a convenience that zarr 3 does not promise yet
        warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
        zarr.consolidate_metadata(str(new), zarr_format=3)
    if path.is_dir():
        path.rmdir()  # it is empty
    new.rename(path)


def _dtype(values: NDArray[Any]) -> Any:
    return str if values.dtype.kind in "UTO" else values.dtype


def _read(array: Any) -> NDArray[Any]:
    """A zarr array in memory; text as Python strings."""
    values = np.asarray(array[...])
    return values.astype(object) if values.dtype.kind not in "bifu" else values


def _differences(here: Any, asked: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two plain configurations differ, by dotted name."""
    if isinstance(here, dict) and isinstance(asked, dict):
        for key in {**here, **asked}:
            yield from _differences(here.get(key), asked.get(key), f"{name}.{key}" if name else key)
    elif here != asked:
        yield name or "configuration", here, asked
