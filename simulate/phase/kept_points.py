"""Runs between a grid's cells, such as a boundary's, kept beside them: what has been run once is not run again.

A file in a group of the store's own, written whole every few seconds and after every round; a run counts only with the
digest of its data, as a cell's does, so that what is damaged or of another configuration is run again.  The file has a
lock of its own, as a store whose cells are all done is open to several processes, each of which adds what it has run.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from derivations.declare import Value

from ..errors import Unwritten
from ..run.problem import Problem
from ..work.whole import alone, reason, replacing
from .cell import UNDONE
from .chunk import Chunk, Runner
from .grid import Grid
from .grid_digest import Digests
from .grid_extent import said_without_points
from .grid_layout import FOLDER, Arrays

FILE = "runs.json"
_OFTEN = 2.0  # seconds of runs that a kill may cost
_PATIENCE = 60.0  # seconds to wait for another that writes the file, which takes it as long as a disk takes
_GROUP = '{"zarr_format": 3, "node_type": "group", "attributes": {}}'

Point = tuple[Value, ...]
Run = dict[str, float | str]


class Points:
    """The runs of further points of a grid, by point and seed; `place` is the grid's store, None: kept nowhere."""

    def __init__(self, grid: Grid, place: Path | None) -> None:
        self._grid, self._path = grid, None if place is None else place / FOLDER / FILE
        self._digests = Digests(said_without_points(grid.layout.configuration))
        self._known = self._read()

    def through(self, run: Runner) -> Callable[[Sequence[Point], Sequence[Problem]], Arrays]:
        """Runs problems at points by `run`, those seeds alone that are not known."""
        def known(points: Sequence[Point], problems: Sequence[Problem]) -> Arrays:
            seeds = self._grid.seeds
            lacking = np.array([[(point, seed) not in self._known for seed in seeds] for point in points])
            rows = np.flatnonzero(lacking.any(axis=1)).tolist() if points else []
            if rows:
                self._run(run([problems[at] for at in rows], lacking[rows]), [points[at] for at in rows])
            return {
                name: np.array([[self._known[point, seed][name] for seed in seeds] for point in points],
                               dtype=object if column.text else np.float64)
                for name, column in self._grid.layout.columns.items()
            }

        return known

    def _run(self, parts: Generator[tuple[Chunk, Arrays]], points: Sequence[Point]) -> None:
        """Takes what is made of points, and writes it every so often."""
        written = time.monotonic()
        with closing(parts) as made:
            for (cells, seeds), arrays in made:
                for row, at in enumerate(cells):
                    for column, seed in enumerate(seeds):
                        self._known[points[at], self._grid.seeds[seed]] = {
                            name: _plain(arrays[name][row, column]) for name in self._grid.layout.columns}
                if time.monotonic() - written > _OFTEN:
                    self._write()
                    written = time.monotonic()
        self._write()

    def _read(self) -> dict[tuple[Point, int], Run]:
        """What the file has that is sound."""
        found = dict[tuple[Point, int], Run]()
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8")) if self._path is not None else []
        except (OSError, ValueError):
            return found
        for entry in entries if isinstance(entries, list) else ():
            try:
                point, seed, run = tuple(entry["point"]), int(entry["seed"]), dict(entry["run"])
                sound = list(run) == list(self._grid.layout.columns)
                sound = sound and entry["digest"] == self._digests.of(point, seed, run)
            except (LookupError, TypeError, ValueError):
                continue
            if sound:
                found[point, seed] = run
        return found

    def _write(self) -> None:
        """All that is known, here or to others meanwhile, but for runs that are undone."""
        if self._path is None:
            return
        group = self._path.with_name("zarr.json")
        try:
            self._path.parent.mkdir(exist_ok=True)
            with alone(self._path, _PATIENCE):
                if not group.is_file() or group.read_text(encoding="utf-8", errors="replace") != _GROUP:
                    with replacing(group) as new:
                        new.write_text(_GROUP, encoding="utf-8")
                self._known |= self._read()  # the same bits where both have a run, and more where ours is undone
                rows = [
                    {"point": list(point), "seed": seed, "run": run, "digest": self._digests.of(point, seed, run)}
                    for (point, seed), run in self._known.items() if run["status"] != UNDONE
                ]
                with replacing(self._path) as new:
                    new.write_text(json.dumps(rows), encoding="utf-8")
        except OSError as error:
            raise Unwritten(
                f"out: a boundary's runs cannot be written to {self._path} ({reason(error)}); the grid's cells are "
                "safe, so make room, and the same command goes on") from error


@contextmanager
def carried(place: Path, new: Path) -> Iterator[None]:
    """The runs between the cells of the store at `place` go with it to `new`, and nobody writes them in the block."""
    if not (place / FOLDER).is_dir():
        yield
        return
    with alone(place / FOLDER / FILE, _PATIENCE):
        shutil.copytree(place / FOLDER, new / FOLDER, ignore=shutil.ignore_patterns(".*"))
        yield


def _plain(value: object) -> float | str:
    return value if isinstance(value, str) else float(value)  # type: ignore[arg-type]
