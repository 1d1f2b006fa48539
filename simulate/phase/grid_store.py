"""A resumable grid on disk: a plain zarr v3 group of checksummed chunks, each run's digest written after its data.

Chunks are written to a temporary name and renamed, and the group is built under another name first, so that a process
killed at any moment leaves a store that can be read and taken up again.  Only a run whose digest is that of its data
counts as done: what is missing, damaged or changed is run again.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, Unwritten
from ..work.whole import alone, beside, put, reason, remove
from .cell import UNDONE
from .grid_digest import Digests
from .grid_extent import AGAIN, Extent, extent, said_without_points
from .grid_layout import DIGEST, Arrays, Layout, create, differing
from .kept_points import carried

if TYPE_CHECKING:
    import zarr

_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, OSError, EOFError, struct.error)
"""What the decoding of a chunk raises that is not as it was written."""


class GridStore:
    """The group at `path`, and what of it is sound.

    `arrays` are the grid's variables by name, (cell, seed), as they stand on disk; `done` (cell, seed) says which runs
    have their digest, and `damaged` which of the others had one, or have a chunk that cannot be read.
    """

    def __init__(self, path: Path, group: zarr.Group, layout: Layout) -> None:
        self.path, self._group, self._layout = path, group, layout
        self._digests = Digests(said_without_points(layout.configuration))
        self._points = layout.points()
        unreadable = np.zeros(layout.flat, dtype=bool)
        self.arrays: Arrays = {}
        for name, blank in layout.blank().items():
            self.arrays[name], bad = self._read(name, blank)
            unreadable |= bad
        self.proofs, bad = self._read(DIGEST, np.full(layout.flat, "", dtype=object))
        stated = bad | (self.proofs != "")
        self.done: NDArray[np.bool_] = np.zeros(layout.flat, dtype=bool)
        for cell, seed in np.argwhere((self.proofs != "") & ~unreadable & ~bad):
            self.done[cell, seed] = self.proofs[cell, seed] == self._digest(int(cell), int(seed))
        self.damaged: NDArray[np.bool_] = (stated | unreadable) & ~self.done
        self.proofs[~self.done] = ""
        for name, blank in layout.blank().items():
            self.arrays[name][~self.done] = blank[~self.done]

    def write(self, cells: Sequence[int], seeds: Sequence[int], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write what was found of cells and seeds, (cell, seed) a variable: the data, then the digests that prove them.

        A run that is undone gets no digest, so that it will be run again.

        Raises:
            Unwritten: where the disk refuses, for want of room, say.
        """
        block = np.ix_(cells, seeds)
        for name, values in arrays.items():
            self.arrays[name][block] = values
        ended = np.argwhere(arrays["status"] != UNDONE)
        for cell, seed in ((cells[row], seeds[column]) for row, column in ended):
            self.proofs[cell, seed] = self._digest(cell, seed)
        try:
            for name in (*arrays, DIGEST):
                self._write(name, cells)
        except OSError as error:
            done = self.done.all(axis=1)
            raise Unwritten(
                f"out: a cell cannot be written to {self.path} ({reason(error)}); the {int(done.sum())} of "
                f"{done.size} cells that are there are safe, so make room, and the same command goes on"
            ) from error
        self.done[block] = self.proofs[block] != ""

    def _write(self, name: str, cells: Sequence[int]) -> None:
        """Write the chunks of a variable in which the cells are, whole, so that none has to be read first."""
        shape, block = self._layout.shape, self._layout.chunks[-2]
        values = (self.proofs if name == DIGEST else self.arrays[name]).reshape(shape)
        places = sorted({(*map(int, np.unravel_index(cell, shape[:-1])),) for cell in cells})
        for row, along in groupby(places, key=lambda place: place[:-1]):
            blocks = {place[-1] // block for place in along}
            for each in sorted(blocks):
                part = (*row, slice(each * block, min((each + 1) * block, shape[-2])))
                self._group[name][part] = values[part]  # type: ignore[index]

    def _digest(self, cell: int, seed: int) -> str:
        run: dict[str, float | str] = {
            name: str(values[cell, seed]) if values.dtype == object else float(values[cell, seed])
            for name, values in self.arrays.items()
        }
        return self._digests.of(self._points[cell], self._layout.seeds[seed], run)

    def _read(self, name: str, blank: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """A variable (cell, seed) in memory, text as Python strings, and the runs that cannot be read."""
        array: Any = self._group[name]
        shape, block = self._layout.shape, self._layout.chunks[-2]
        bad = np.zeros(shape, dtype=bool)
        try:
            return _plain(array[...], blank), bad.reshape(blank.shape)
        except _DAMAGE:
            rescued = blank.copy().reshape(shape)
        for row in np.ndindex(*shape[:-2]):
            for first in range(0, shape[-2], block):
                part = (*row, slice(first, min(first + block, shape[-2])))
                try:
                    rescued[part] = _plain(array[part], rescued[part])
                except PermissionError:
                    raise
                except _DAMAGE:
                    bad[part] = True
        return rescued.reshape(blank.shape), bad.reshape(blank.shape)


@contextmanager
def grid(path: Path, layout: Layout) -> Iterator[GridStore]:
    """The grid at `path`, created where there is none, this process being its only writer while the block runs.

    A grid that lacks points of the axes, or seeds, is built anew with them, and keeps what it has; one that lacks an
    observable is too, and all of its runs are made again.  One that is all done is opened without being locked: its
    cells are only read, and the runs between them have a lock of their own (`kept_points`).

    Raises:
        InputError: where something else is at `path`, a grid of another configuration or layout, or one whose metadata
            are damaged, or another process is writing it.  Unwritten: where it cannot be made, for want of room, say.
    """
    if path.suffix == ".nc":
        raise InputError(f"out: {str(path)!r}; a grid is a zarr folder, so give a name that ends in .zarr")
    place = Path(os.path.realpath(path))
    if not free(place):
        group, there = _opened(path, layout)
        if not there.wider and (store := GridStore(path, group, layout)).done.all():
            yield store
            return
    with alone(place):
        damaged = None
        if free(place):
            _made(place, path, layout)
        else:
            for left in place.rglob("*.partial"):
                left.unlink(missing_ok=True)  # a chunk in the middle of whose writing a writer was killed
            group, there = _opened(path, layout)
            if there.wider:
                damaged = _widened(place, path, GridStore(path, group, there.layout), there, layout)
        store = GridStore(path, _opened(path, layout)[0], layout)
        store.damaged |= False if damaged is None else damaged
        yield store


def free(path: Path) -> bool:
    """Whether nothing is at `path`, or an empty folder."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def _made(place: Path, path: Path, layout: Layout, filled: Arrays | None = None) -> None:
    new = beside(place)
    try:
        create(new, layout, filled)
        with carried(place, new):
            put(new, place)
    except OSError as error:
        cure = "so make room or give another name"
        said = "nothing has been run" if filled is None else "the grid that is there is as it was"
        raise Unwritten(f"out: {path} cannot be made ({reason(error)}); {said}, {cure}") from error
    finally:
        remove(new)


def _widened(place: Path, path: Path, old: GridStore, there: Extent, layout: Layout) -> NDArray[np.bool_]:
    """Build the grid anew with all that the old one has; returns what of it was damaged, (cell, seed) of the new."""
    at = there.places_in(layout)
    filled = {**layout.blank(), DIGEST: np.full(layout.flat, "", dtype=object)}
    for name, values in {**old.arrays, DIGEST: old.proofs}.items() if there.proved else ():
        filled[name][at] = values
    damaged = np.zeros(layout.flat, dtype=bool)
    damaged[at] = old.damaged
    _made(place, path, layout, filled)
    return damaged


def _opened(path: Path, layout: Layout) -> tuple[zarr.Group, Extent]:
    """The group, and how much of the grid it has.  Raises InputError for what is no grid, or not of this one."""
    import zarr

    if not (path / "zarr.json").is_file():
        raise InputError(f"out: {str(path)!r} is not a grid of phase; give another name")
    try:
        group = zarr.open_group(str(path), mode="r+", zarr_format=3, use_consolidated=False)
        there = extent(path, dict(group.attrs), {each.name for each in path.iterdir()}, layout)
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"out: {str(path)!r} has a zarr.json that cannot be read, so it is damaged or not a grid of phase; "
            f"give another name, or {AGAIN}"
        ) from error
    try:
        what = differing(path, group, there.layout, coordinates=not there.wider)
    except _DAMAGE:
        what = "an array's zarr.json cannot be read"
    if what:
        raise InputError(f"out: {str(path)!r} is damaged: {what}; {AGAIN}")
    return group, there


def _plain(values: Any, like: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values).astype(like.dtype).reshape(like.shape)
