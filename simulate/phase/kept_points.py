"""Runs between a grid's cells, such as a boundary's, kept beside them: what has been run once is not run again.

A file in a group of the store's own, written whole after every round; a run counts only with the digest of its data,
as a cell's does, so that what is damaged or of another configuration is run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from derivations.declare import Value

from ..errors import Unwritten
from ..run.problem import Problem
from ..work.whole import reason, replacing
from .cell import UNDONE
from .grid import Grid
from .grid_digest import Digests
from .grid_extent import said_without_points
from .grid_layout import FOLDER, Arrays

FILE = "runs.json"
_GROUP = '{"zarr_format": 3, "node_type": "group", "attributes": {}}'

Point = tuple[Value, ...]
Run = dict[str, float | str]


class Points:
    """The runs of further points of a grid, by point and seed; `place` is the grid's store, None: kept nowhere."""

    def __init__(self, grid: Grid, place: Path | None) -> None:
        self._grid, self._path = grid, None if place is None else place / FOLDER / FILE
        self._digests = Digests(said_without_points(grid.layout.configuration))
        self._known: dict[tuple[Point, int], Run] = {}
        for entry in self._read():
            try:
                point, seed, run = tuple(entry["point"]), int(entry["seed"]), dict(entry["run"])
                sound = list(run) == list(grid.layout.columns) and entry["digest"] == self._digests.of(point, seed, run)
            except (LookupError, TypeError, ValueError):
                continue
            if sound:
                self._known[point, seed] = run

    def through(
        self, run: Callable[[Sequence[Problem]], Arrays]
    ) -> Callable[[Sequence[Point], Sequence[Problem]], Arrays]:
        """Runs problems at points by `run`, those alone that are not known."""
        def known(points: Sequence[Point], problems: Sequence[Problem]) -> Arrays:
            seeds = self._grid.seeds
            lacking = [at for at, point in enumerate(points) if not all((point, seed) in self._known for seed in seeds)]
            if lacking:
                made = run([problems[at] for at in lacking])
                for row, at in enumerate(lacking):
                    for column, seed in enumerate(seeds):
                        self._known[points[at], seed] = {name: _plain(made[name][row, column]) for name in
                                                         self._grid.layout.columns}
                self._write()
            return {
                name: np.array([[self._known[point, seed][name] for seed in seeds] for point in points],
                               dtype=object if column.text else np.float64)
                for name, column in self._grid.layout.columns.items()
            }

        return known

    def _read(self) -> list[Any]:
        try:
            points = json.loads(self._path.read_text(encoding="utf-8")) if self._path is not None else []
        except (OSError, ValueError):
            return []
        return points if isinstance(points, list) else []

    def _write(self) -> None:
        """All that is known, but for runs that are undone."""
        if self._path is None:
            return
        rows = [
            {"point": list(point), "seed": seed, "run": run, "digest": self._digests.of(point, seed, run)}
            for (point, seed), run in self._known.items() if run["status"] != UNDONE
        ]
        try:
            self._path.parent.mkdir(exist_ok=True)
            (self._path.parent / "zarr.json").write_text(_GROUP, encoding="utf-8")
            with replacing(self._path) as new:
                new.write_text(json.dumps(rows), encoding="utf-8")
        except OSError as error:
            raise Unwritten(
                f"out: a boundary's runs cannot be written to {self._path} ({reason(error)}); the grid's cells are "
                "safe, so make room, and the same command goes on") from error


def _plain(value: object) -> float | str:
    return value if isinstance(value, str) else float(value)  # type: ignore[arg-type]
