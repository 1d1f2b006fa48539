"""Grids on disk: damaged cells and metadata, cells that are not done, and a disk that gets full."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

import simulate.phase.phase as engine
from gammarho import cli
from simulate.errors import InputError, Unwritten
from simulate.phase import cell as cells
from simulate.phase import fill
from simulate.phase.phase import phase
from simulate.run import batch
from tests.helpers.durable import LINE, ROOT, SMALL, bits, failing, grid, hidden

# ---- grids: damage -----------------------------------------------------------------------------------------


def flip(path: Path, at: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def swap(one: Path, other: Path) -> int:
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    return other.write_bytes(kept)


def folder_for(path: Path) -> None:
    path.unlink()
    path.mkdir()


def edited(store: Path, name: str, value: Any) -> None:
    """As a program that knows nothing of digests would edit a cell, checksum and all."""
    array = zarr.open_group(str(store), mode="r+")[name]
    assert isinstance(array, zarr.Array)
    array[0, 1] = value


# A chunk is a row of two cells.
VALUE, NEXT, STATUS = "test_error/c/0/0/0", "test_error/c/1/0/0", "status/c/0/0/0"
DAMAGE: dict[str, tuple[Callable[[Path], object], int]] = {
    "a flipped bit": (lambda s: flip(s / VALUE), 2),
    "a flipped bit of the checksum": (lambda s: flip(s / VALUE, -1), 2),
    "a zeroed chunk": (lambda s: (s / VALUE).write_bytes(bytes((s / VALUE).stat().st_size)), 2),
    "swapped chunks": (lambda s: swap(s / VALUE, s / NEXT), 4),
    "swapped rows, digest and all": (
        lambda s: [swap(s / each, s / each.replace("/c/0", "/c/1")) for each in
                   (VALUE, "test_error_se/c/0/0/0", STATUS, "digest/c/0/0/0")], 4),
    "a chunk deleted": (lambda s: (s / VALUE).unlink(), 2),
    "a variable's chunks deleted": (lambda s: shutil.rmtree(s / "test_error/c"), 4),
    "a truncated chunk": (lambda s: (s / VALUE).write_bytes((s / VALUE).read_bytes()[:5]), 2),
    "an empty chunk": (lambda s: (s / STATUS).write_bytes(b""), 2),
    "a folder in a chunk's place": (lambda s: folder_for(s / VALUE), 2),
    "a status of rubbish": (lambda s: (s / STATUS).write_bytes(b"\xff" * 40), 2),
    "an edited status": (lambda s: edited(s, "status", "diverged"), 1),
    "an edited value": (lambda s: edited(s, "test_error", 0.25), 1),
    "NaN with status ok": (lambda s: edited(s, "test_error", np.nan), 1),
    "a damaged digest": (lambda s: flip(s / "digest/c/0/0/0"), 2),
    "a false digest": (lambda s: edited(s, "digest", "0" * 32), 1),
    "a digest deleted": (lambda s: (s / "digest/c/0/0/0").unlink(), 0),
}


@pytest.fixture(scope="module")
def whole_grid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    store = tmp_path_factory.mktemp("whole") / "g.zarr"
    return store, bits(grid(store))


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_cell_is_named_and_run_again(
    kind: str, whole_grid: tuple[Path, list[bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, (damage, cells) = tmp_path / "g.zarr", DAMAGE[kind]
    shutil.copytree(whole_grid[0], store)
    damage(store)
    if kind == "a folder in a chunk's place":
        with pytest.raises(Unwritten, match=r"a cell cannot be written .* 2 of 4 cells that are there are safe"):
            grid(store, workers=1)
        (store / VALUE).rmdir()
    again = phase("pegr", SMALL, x=("lam", [0.0, 0.1]), y=("sigma_p", [0.5, 1.0]), steps=3, seeds=2, store=store)
    assert bits(again) == whole_grid[1]
    said = capsys.readouterr().err
    subject = {0: "", 1: "1 cell was damaged", 2: "2 cells were damaged", 4: "4 cells were damaged"}[cells]
    assert subject in said and ("damaged" in again.attrs["notes"]) == bool(cells)
    if cells:
        assert f"run again: lam={0.1 if cells == 1 else 0.0}, sigma_p=0.5" in said
    assert bits(xr.open_zarr(store, consolidated=False)) == whole_grid[1]
    grid(store)
    assert capsys.readouterr().err == ""  # mended


def broken_json(path: Path) -> None:
    path.write_text(path.read_text()[:-9])


def changed_json(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


METADATA: dict[str, tuple[Callable[[Path], None], str]] = {
    "the group's": (lambda s: broken_json(s / "zarr.json"), "has a zarr.json that cannot be read"),
    "the group's is gone": (lambda s: (s / "zarr.json").unlink(), "is not a grid of phase"),
    "a variable's": (lambda s: broken_json(s / "test_error/zarr.json"), "is damaged: an array's zarr.json"),
    "a variable's is gone": (lambda s: (s / "status/zarr.json").unlink(), "is damaged: an array's zarr.json"),
    "a variable's shape": (
        lambda s: changed_json(s / "test_error/zarr.json", '"shape": [\n    2,', '"shape": [\n    3,'),
        "is damaged: the metadata of test_error"),
    "a variable's checksums": (
        lambda s: changed_json(s / "test_error/zarr.json", "crc32c", "zstd"), "is damaged: "),
    "a coordinate's chunk": (lambda s: flip(s / "lam/c/0"), "is damaged: the coordinate lam cannot be read"),
    "a coordinate's chunk is gone": (lambda s: (s / "lam/c/0").unlink(), "is damaged: the coordinate lam is not what"),
    "what xarray goes by": (
        lambda s: changed_json(s / "zarr.json", "penalty weight", "penalty"), "is damaged: the metadata of lam are"),
}


@pytest.mark.parametrize("kind", METADATA)
def test_damaged_metadata_are_refused_in_a_sentence(
    kind: str, whole_grid: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    store, (damage, said) = tmp_path / "g.zarr", METADATA[kind]
    shutil.copytree(whole_grid[0], store)
    damage(store)
    with pytest.raises(InputError) as caught:
        grid(store)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "remove that folder or move it away" in str(caught.value) or "give another name" in str(caught.value)


def test_a_grid_of_another_layout_is_refused_in_a_sentence(
    whole_grid: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    store = tmp_path / "g.zarr"
    shutil.copytree(whole_grid[0], store)
    del zarr.open_group(str(store), mode="r+").attrs["layout"]
    with pytest.raises(InputError, match="of another version of gammarho, which lays grids out otherwise"):
        grid(store)


@pytest.mark.slow
def test_whatever_byte_changes_no_number_does(whole_grid: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    """Every file of a grid: the same bits after a rerun, or one sentence."""
    files = sorted(each.relative_to(whole_grid[0]) for each in whole_grid[0].rglob("*") if each.is_file())
    rng, refused = np.random.default_rng(0), 0
    for file in files:
        store = tmp_path / "g.zarr"
        shutil.copytree(whole_grid[0], store)
        flip(store / file, int(rng.integers((store / file).stat().st_size)))
        try:
            assert bits(grid(store, workers=1)) == whole_grid[1], file
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
        shutil.rmtree(store)
    assert 0 < refused < len(files)


# ---- grids: cells that are not done -------------------------------------------------------------------------


def refusing(failure: Exception) -> Callable[..., Any]:
    """Stands for what makes runs together: it has no room for them, so that each is made alone."""
    def together(*_: Any) -> Any:
        raise failure

    return together


@pytest.mark.parametrize("failure", [MemoryError("Unable to allocate 7 TiB"), OSError(5, "Input/output error")])
def test_a_cell_that_runs_out_of_memory_is_left_undone(
    failure: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store, measure = tmp_path / "g.zarr", cells.measured

    def hungry(asked: Any, cell: Any, seed: int) -> Any:
        if cell.values["lam"] == 0.1 and cell.values["sigma_p"] == 1.0 and seed == 1:
            raise failure
        return measure(asked, cell, seed)

    line = ["phase", *LINE[1:5], "--x", "lam=0:0.1:2", "--y", "sigma_p=0.5:1:2", "--steps", "3", "--seeds", "2"]
    monkeypatch.setattr(cells, "measured", hungry)
    monkeypatch.setattr(batch, "together", refusing(failure))
    for out, goes_on in (([], "with --out GRID.zarr"), (["--out", str(store)], "the same command goes on")):
        assert cli.main([*line, *out]) == 2
        shown = capsys.readouterr()
        (said,) = shown.err.splitlines()
        assert f"1 of 4 cells are left undone, the first of them by {type(failure).__name__}" in said
        assert goes_on in said
        assert "1 of 8 runs undone:" in shown.out
    monkeypatch.undo()
    assert cli.main([*line, "--out", str(store)]) == 0
    assert bits(grid(store)) == bits(grid(None))


def test_a_defect_in_a_cell_is_raised_when_the_others_are_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, measure = tmp_path / "g.zarr", cells.measured

    def broken(asked: Any, cell: Any, seed: int) -> Any:
        if cell.values["lam"] == 0.0 and cell.values["sigma_p"] == 0.5:
            raise KeyError("gone")
        return measure(asked, cell, seed)

    monkeypatch.setattr(cells, "measured", broken)
    monkeypatch.setattr(batch, "together", refusing(MemoryError()))
    with pytest.raises(KeyError, match="gone"):
        grid(store, workers=1)
    monkeypatch.undo()
    seen = xr.open_zarr(store, consolidated=False)
    assert int((seen["digest"] == "").all("seed").sum()) == 1 and bits(grid(store)) == bits(grid(None))


def test_a_full_disk_stops_a_grid_in_a_sentence_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "g.zarr"
    monkeypatch.setattr("zarr.storage._local._put", failing(5))
    with pytest.raises(Unwritten, match="cannot be made"):
        grid(store)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    monkeypatch.setattr(fill, "_AT_RISK", 1e-9)  # a run at a time
    create: Any = engine.grid_on_disk  # type: ignore[attr-defined]

    def filling(*args: Any) -> Any:
        opened = create(*args)

        @contextlib.contextmanager
        def limited() -> Iterator[Any]:
            with opened as kept:
                monkeypatch.setattr("zarr.storage._local._put", failing(11))
                yield kept

        return limited()

    monkeypatch.setattr(engine, "grid_on_disk", filling)
    with pytest.raises(Unwritten, match=r"No space left on device\); the 1 of 4 cells that are there are safe"):
        grid(store, workers=1)
    monkeypatch.undo()
    assert bits(grid(store)) == bits(grid(None))


KILLED = """
import sys
from simulate.phase.phase import phase
phase("pegr", {"n": 3, "m": 2, "d": 20}, x=("lam", [0.01 * k for k in range(8)]), y=("sigma_p", [0.2, 0.4, 0.6, 0.8]),
      steps=3, seeds=2, store=sys.argv[1], workers=2, progress=False)
"""


@pytest.mark.slow
def test_a_grid_that_is_killed_again_and_again_is_finished_with_the_same_bits(tmp_path: Path) -> None:
    """At random moments: in the making of the store, between cells, and in the writing of one."""
    store, rng, kills = tmp_path / "g.zarr", np.random.default_rng(0), 0
    axes: dict[str, Any] = {"x": ("lam", [0.01 * k for k in range(8)]), "y": ("sigma_p", [0.2, 0.4, 0.6, 0.8])}
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(store)], cwd=ROOT)
        deadline = time.monotonic() + 60
        while not hidden(tmp_path) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)  # until it has the lock
        time.sleep(float(rng.uniform(0, 0.12)))
        kills += child.poll() is None
        child.kill()
        child.wait()
        if store.exists():
            seen = xr.open_zarr(store, consolidated=False)
            assert np.isfinite(seen["test_error"].values[seen["digest"].values != ""]).all()
    assert kills >= 6
    assert bits(grid(store, **axes)) == bits(grid(None, **axes)) and not hidden(tmp_path)
    assert not list(store.rglob("*.partial"))
