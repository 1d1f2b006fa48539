"""Runs between a grid's cells: what several write at once is all kept, and a kill leaves each file whole."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulate.phase import kept_points
from simulate.phase.cell import UNDONE
from simulate.phase.grid import GridAsked, checked
from simulate.phase.kept_points import Points, carried
from simulate.work import whole
from tests.helpers.durable import SMALL

GRID = checked(GridAsked("pegr", SMALL, {"x": ("lam", [0.0, 0.2]), "y": None, "z": None}, None, None, 3, "test_error",
                         2, 0, None), 1)


def run(points: Points, at: Sequence[float], status: str = "ok") -> dict[str, Any]:
    """Has runs made at values of the axis; their numbers are those values."""
    def made(values: Sequence[Any], lacking: Any) -> Generator[tuple[Any, dict[str, Any]]]:
        text = {"status": status, "message": ""}
        for row, value in enumerate(values):
            seeds = tuple(np.flatnonzero(lacking[row]).tolist())
            assert seeds
            shape = 1, len(seeds)
            yield ((row,), seeds), {name: np.full(shape, text[name], dtype=object) if column.text else
                                    np.full(shape, float(value)) for name, column in GRID.layout.columns.items()}

    return points.through(made)([(value,) for value in at], at)  # type: ignore[arg-type]


def kept(store: Path) -> set[float]:
    rows = json.loads((store / "boundary" / "runs.json").read_text(encoding="utf-8"))
    assert len({(row["point"][0], row["seed"]) for row in rows}) == len(rows)
    return {row["point"][0] for row in rows}


def test_what_two_find_out_at_once_is_all_kept(tmp_path: Path) -> None:
    """Each wrote what it had read at its start and what it had run since, over the other's."""
    one, other = Points(GRID, tmp_path), Points(GRID, tmp_path)
    run(one, [0.05, 0.1])
    run(other, [0.1, 0.15])
    assert kept(tmp_path) == {0.05, 0.1, 0.15}
    assert run(other, [0.05])["test_error"].tolist() == [[0.05, 0.05]]
    run(one, [0.12], UNDONE)
    run(other, [0.12])
    run(one, [0.13])
    assert kept(tmp_path) == {0.05, 0.1, 0.12, 0.13, 0.15}


def test_what_a_round_has_run_is_kept_before_its_end_seed_by_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill costs some seconds of runs, however long a round is, and seeds that are known are not run again."""
    asked: list[list[list[bool]]] = []

    def until(pieces: int) -> Any:
        def made(values: Sequence[Any], lacking: Any) -> Generator[tuple[Any, dict[str, Any]]]:
            asked.append(lacking.tolist())
            text = {"status": "ok", "message": ""}
            for at, (row, seed) in enumerate(np.argwhere(lacking).tolist()):
                if at == pieces:
                    raise KeyboardInterrupt
                yield ((row,), (seed,)), {
                    name: np.array([[text[name] if column.text else float(values[row]) + seed]], dtype=object)
                    for name, column in GRID.layout.columns.items()}

        return made

    for often, there in ((-1.0, 3), (1e9, 0)):
        monkeypatch.setattr(kept_points, "_OFTEN", often)
        store = tmp_path / str(there)
        store.mkdir()
        values = [0.05, 0.1, 0.15]
        points: list[tuple[Any, ...]] = [(value,) for value in values]
        with pytest.raises(KeyboardInterrupt):
            Points(GRID, store).through(until(3))(points, values)  # type: ignore[arg-type]
        file = store / "boundary" / "runs.json"
        assert (len(json.loads(file.read_text(encoding="utf-8"))) if there else int(file.exists())) == there
        asked.clear()
        found = Points(GRID, store).through(until(-1))(points, values)  # type: ignore[arg-type]
        assert found["test_error"].tolist() == [[value, value + 1] for value in values]
        assert asked == [[[False, True], [True, True]] if there else [[True, True]] * 3]


def test_many_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    start, each_of = threading.Barrier(6), 5

    def rounds(first: int) -> None:
        points = Points(GRID, tmp_path)
        start.wait()
        for at in range(each_of):
            run(points, [(first * each_of + at) / 1000])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(rounds, range(6)))
    assert kept(tmp_path) == {at / 1000 for at in range(6 * each_of)}
    assert sorted(each.name for each in (tmp_path / "boundary").iterdir()) == ["runs.json", "zarr.json"]


def test_one_that_holds_the_file_for_ever_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_points, "_PATIENCE", 0.1)
    (tmp_path / "boundary").mkdir()
    with (whole.alone(tmp_path / "boundary" / "runs.json"),
          pytest.raises(ValueError, match=r"runs\.json' is being written by another gammarho \(process \d+\)")):
        run(Points(GRID, tmp_path), [0.1])


def test_a_kill_between_the_bytes_leaves_each_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def killed(path: Path, text: str, **how: Any) -> int:
        write(path, text[: len(text) // 2], **how)
        raise KeyboardInterrupt

    with monkeypatch.context() as now:
        now.setattr(Path, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            run(Points(GRID, tmp_path), [0.1])
    assert list((tmp_path / "boundary").iterdir()) == []
    run(Points(GRID, tmp_path), [0.1])
    files = {each.name: each.read_text(encoding="utf-8") for each in (tmp_path / "boundary").iterdir()}
    (tmp_path / "boundary" / "zarr.json").write_text("", encoding="utf-8")  # as an older gammarho's kill left it
    with monkeypatch.context() as now:
        now.setattr(Path, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            run(Points(GRID, tmp_path), [0.12])
    assert kept(tmp_path) == {0.1}
    run(Points(GRID, tmp_path), [0.1, 0.15])
    assert (tmp_path / "boundary" / "zarr.json").read_text(encoding="utf-8") == files["zarr.json"]
    assert json.loads(files["zarr.json"])["node_type"] == "group" and kept(tmp_path) == {0.1, 0.15}


def test_a_store_with_runs_between_its_cells_opens_without_consolidated_metadata(tmp_path: Path) -> None:
    from simulate.phase.grid_store import grid

    with grid(tmp_path / "g.zarr", GRID.layout):
        run(Points(GRID, tmp_path / "g.zarr"), [0.1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert xr.open_zarr(tmp_path / "g.zarr", consolidated=False).sizes["lam"] == 2


def test_runs_go_with_a_store_that_is_built_anew_and_a_lock_with_its_folder(tmp_path: Path) -> None:
    old, new, away = tmp_path / "old", tmp_path / "new", tmp_path / "away"
    for each in (old, new):
        each.mkdir()
    run(Points(GRID, old), [0.1])
    with carried(old, new):
        assert sorted(each.name for each in (new / "boundary").iterdir()) == ["runs.json", "zarr.json"]
        old.rename(away)
        new.rename(old)
        lock = whole._locked(old / "boundary" / ".runs.json.lock", old / "boundary" / "runs.json", 0.0)
        assert lock is not None  # somebody else is in the new folder, whose lock is not ours to remove
    assert (old / "boundary" / ".runs.json.lock").exists() and kept(old) == {0.1}


