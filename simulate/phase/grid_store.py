"""A resumable grid on disk: a plain zarr v3 group, one checksummed chunk a cell, each cell's digest written last.

Chunks are written to a temporary name and renamed, and the group is built under another name first, so that a process
killed at any moment leaves a store that can be read and taken up again.  Only a cell whose digest is that of its data
counts as done: what is missing, damaged or changed is run again.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, Unwritten, quoted
from ..work.whole import alone, beside, put, reason, remove
from .grid_axes import Coordinate
from .grid_digest import digest
from .grid_layout import create, differing

if TYPE_CHECKING:
    import zarr

Arrays = dict[str, NDArray[Any]]
_AGAIN = "remove that folder or move it away, and run the same command again"
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, OSError, EOFError, struct.error)
"""What the decoding of a chunk raises that is not as it was written."""


class GridStore:
    """The group at `path`, and what of it is sound.

    `arrays` are the grid's variables by name, (y, x, seed), as they stand on disk; `done` (y, x) says which cells have
    their digest, and `damaged` which of the others had one, or have a chunk that cannot be read.
    """

    def __init__(self, path: Path, group: zarr.Group, empty: Arrays, configuration: str) -> None:
        self.path, self._group, self._configuration = path, group, configuration
        self._empty = empty
        shape = next(iter(empty.values())).shape[:2]
        unreadable = np.zeros(shape, dtype=bool)
        self.arrays: Arrays = {}
        for name, blank in empty.items():
            self.arrays[name], bad = _read(group[name], blank)
            unreadable |= bad
        digests, bad = _read(group["digest"], np.full(shape, "", dtype=object))
        stated = bad | (digests != "")
        self.done: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
        for row, column in np.argwhere((digests != "") & ~unreadable & ~bad):
            self.done[row, column] = digests[row, column] == self._digest(int(row), int(column))
        self.damaged: NDArray[np.bool_] = (stated | unreadable) & ~self.done
        for name, blank in empty.items():
            self.arrays[name][~self.done] = blank[~self.done]

    def keep(self, row: int, column: int, cell: Mapping[str, NDArray[Any]]) -> None:
        """Take a cell, (seed,) a variable, into `arrays` alone: it is not done, and will be run again."""
        for name, values in cell.items():
            self.arrays[name][row, column] = values

    def write(self, row: int, column: int, cell: Mapping[str, NDArray[Any]]) -> None:
        """Write one cell, (seed,) a variable: the data, then the digest that proves them.

        Raises:
            Unwritten: where the disk refuses, for want of room, say.
        """
        self.keep(row, column, cell)
        try:
            for name, values in cell.items():
                self._group[name][row, column] = values  # type: ignore[index]
            self._group["digest"][row, column] = self._digest(row, column)  # type: ignore[index]
        except OSError as error:
            raise Unwritten(
                f"out: a cell cannot be written to {self.path} ({reason(error)}); the {int(self.done.sum())} of "
                f"{self.done.size} cells that are there are safe, so make room, and the same command goes on"
            ) from error
        self.done[row, column] = True

    def _digest(self, row: int, column: int) -> str:
        cell = {name: self.arrays[name][row, column] for name in self._empty}
        return digest(self._configuration, row, column, cell)


@contextmanager
def grid(
    path: Path, empty: Arrays, coordinates: Mapping[str, Coordinate],
    configuration: Mapping[str, Any], attributes: Mapping[str, Any],
) -> Iterator[GridStore]:
    """The grid at `path`, created where there is none, this process being its only writer while the block runs.

    A grid that is all done is opened without that: it is only read.

    Args:
        path: the folder.
        empty: the variables by name, (y, x, seed), as they are before a cell is done.
        coordinates: the coordinates by name.
        configuration: all that a cell's value depends on.
        attributes: what else is said of the grid.

    Raises:
        InputError: where something else is at `path`, a grid of another configuration, or one whose metadata are
            damaged, or another process is writing it.  Unwritten: where it cannot be created, for want of room, say.
    """
    if path.suffix == ".nc":
        raise InputError(f"out: {str(path)!r}; a grid is a zarr folder, so give a name that ends in .zarr")
    place = Path(os.path.realpath(path))
    said = {**attributes, "gammarho": "phase", "configuration": json.dumps(configuration)}
    if not free(place):
        found = _opened(path, empty, coordinates, said)
        if found.done.all():
            yield found
            return
    with alone(place):
        if free(place):
            _made(place, path, empty, coordinates, said)
        for left in place.rglob("*.partial"):
            left.unlink(missing_ok=True)  # a chunk in the middle of whose writing a writer was killed
        yield _opened(path, empty, coordinates, said)


def free(path: Path) -> bool:
    """Whether nothing is at `path`, or an empty folder."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def _made(
    place: Path, path: Path, empty: Arrays, coordinates: Mapping[str, Coordinate], attributes: Mapping[str, Any]
) -> None:
    new = beside(place)
    try:
        create(new, empty, coordinates, attributes)
        put(new, place)
    except OSError as error:
        raise Unwritten(
            f"out: {path} cannot be made ({reason(error)}); nothing has been run, so make room or give another name"
        ) from error
    finally:
        remove(new)


def _opened(
    path: Path, empty: Arrays, coordinates: Mapping[str, Coordinate], attributes: Mapping[str, Any]
) -> GridStore:
    import zarr

    if not (path / "zarr.json").is_file():
        raise InputError(f"out: {str(path)!r} is not a grid of phase; give another name")
    try:
        group = zarr.open_group(str(path), mode="r+", zarr_format=3, use_consolidated=False)
        configuration = str(group.attrs["configuration"]) if "configuration" in group.attrs else None
        found = None if configuration is None else json.loads(configuration)
    except _DAMAGE as error:
        raise InputError(
            f"out: {str(path)!r} has a zarr.json that cannot be read, so it is damaged or not a grid of phase; "
            f"give another name, or {_AGAIN}"
        ) from error
    if configuration is None or not isinstance(found, dict):
        raise InputError(f"out: {str(path)!r} is not a grid of phase; give another name")
    asked = attributes["configuration"]
    for what, here, wanted in _differences(found, json.loads(asked)):
        raise InputError(
            f"out: {str(path)!r} holds a grid with {what} {quoted(here)}, and this one has {quoted(wanted)}; "
            "give another name, or remove that folder"
        )
    if not (path / "digest").exists() and (path / "done").exists():
        raise InputError(
            f"out: {str(path)!r} is a grid of an earlier version, which kept no digests of its cells; give "
            f"another name, or {_AGAIN}"
        )
    try:
        what = differing(path, group, empty, coordinates, attributes)
    except _DAMAGE:
        what = "an array's zarr.json cannot be read"
    if what:
        raise InputError(f"out: {str(path)!r} is damaged: {what}; {_AGAIN}")
    return GridStore(path, group, empty, asked)


def _read(array: Any, blank: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """An array (y, x, ...) in memory, text as Python strings, and the cells (y, x) that cannot be read."""
    bad = np.zeros(blank.shape[:2], dtype=bool)
    try:
        return _plain(array[...], blank), bad
    except _DAMAGE:
        found = blank.copy()
    for row, column in np.ndindex(*bad.shape):
        try:
            found[row, column] = _plain(array[row, column], blank)
        except PermissionError:
            raise
        except _DAMAGE:
            bad[row, column] = True
    return found, bad


def _plain(values: Any, like: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values).astype(like.dtype)


def _differences(here: Any, asked: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves in which two plain configurations differ, by dotted name."""
    if isinstance(here, dict) and isinstance(asked, dict):
        for key in {**here, **asked}:
            yield from _differences(here.get(key), asked.get(key), f"{name}.{key}" if name else key)
    elif here != asked:
        yield name or "configuration", here, asked


