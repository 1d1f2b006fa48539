"""Nothing is lost: kills, a full disk, damaged chunks, folders of others, read-only folders and two writers at once."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

import gammarho as gr
import simulate.phase as engine
from gammarho import cli, report
from simulate import run_store, whole
from simulate.errors import Diverged, InputError, Unwritten
from simulate.phase import phase

ROOT = Path(__file__).parents[1]
SMALL: dict[str, Any] = {"n": 3, "m": 2, "d": 20}
LINE = ["run", "pegr", "n=3", "m=2", "d=20", "--observables", "loss,T_2"]


def grid(store: Path | None, **changes: Any) -> xr.Dataset:
    given: dict[str, Any] = {"x": ("lam", [0.0, 0.1]), "y": ("sigma_p", [0.5, 1.0]), "steps": 3, "seeds": 2, **changes}
    return phase("pegr", SMALL, progress=False, store=store, **given)


def bits(data: xr.Dataset) -> list[bytes]:
    found = [data[name].values for name in ("test_error", "test_error_se", "status", "message")]
    return [each.tobytes() if each.dtype.kind == "f" else "\n".join(each.ravel()).encode() for each in found]


def program(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gammarho", *words]
    return subprocess.run(command, cwd=ROOT, text=True, check=False, stderr=subprocess.PIPE, **options)


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


# ---- what a run may replace --------------------------------------------------------------------------------


def a_grid(path: Path) -> None:
    grid(path)


def a_foreign_group(path: Path) -> None:
    zarr.open_group(str(path), mode="w", attributes={"years": 4})


def a_folder_with_a_zarr_json(path: Path) -> None:
    path.mkdir()
    (path / "zarr.json").write_text("{}")
    (path / "thesis.txt").write_text("the only copy")


def a_run_with_a_thesis_in_it(path: Path) -> None:
    report.write(gr.run("pegr", SMALL, steps=2), path)
    (path / "loss" / "thesis.txt").write_text("the only copy")


def a_dataset_of_someone_s(path: Path) -> None:
    gr.run("pegr", SMALL, steps=2).to_zarr(path)


@pytest.mark.parametrize(
    "make", [a_grid, a_foreign_group, a_folder_with_a_zarr_json, a_run_with_a_thesis_in_it, a_dataset_of_someone_s]
)
@pytest.mark.filterwarnings("ignore")
def test_a_run_replaces_nothing_that_is_not_a_run_of_gammarho(
    make: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.zarr"
    make(path)
    before = {each: each.read_bytes() for each in path.rglob("*") if each.is_file()}
    monkeypatch.setattr("simulate.run.run", lambda *_, **__: pytest.fail("it ran"))
    assert cli.main([*LINE, "--steps", "2", "--out", str(path)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "x.zarr" in said and "nothing was replaced" in said
    assert {each: each.read_bytes() for each in path.rglob("*") if each.is_file()} == before and not hidden(tmp_path)


def test_a_run_replaces_a_run_and_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "x.zarr", tmp_path / "link.zarr"
    link.symlink_to(path)
    for steps in (2, 3):
        report.write(gr.run("pegr", SMALL, steps=steps), link)
    assert link.is_symlink() and int(xr.open_zarr(path)["t"][-1]) == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.zarr", "x.zarr"]


def test_a_netcdf_file_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    pytest.importorskip("h5netcdf")
    path, data = tmp_path / "x.nc", gr.run("pegr", SMALL, steps=2)
    data.to_netcdf(path, engine="h5netcdf")
    (other := tmp_path / "y.nc").write_text("thesis")
    for each in (path, other):
        before = each.read_bytes()
        with pytest.raises(InputError, match="not a run that gammarho wrote"):
            report.write(data, each)
        assert each.read_bytes() == before
    for _ in range(2):
        report.write(data, tmp_path / "z.nc")


def test_without_the_package_netcdf_is_refused_before_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("simulate.run.run", lambda *_, **__: pytest.fail("it ran"))
    assert cli.main([*LINE, "--steps", "2", "--out", str(tmp_path / "x.nc")]) == 2
    assert "pip install 'gammarho[netcdf]'" in capsys.readouterr().err


# ---- writes that fail or are killed ------------------------------------------------------------------------


def failing(after: int) -> Callable[..., Any]:
    """zarr's write of a file, which finds the disk full after so many."""
    import zarr.storage._local as local

    put, count = local._put, 0

    def refusing(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return put(*args, **options)

    return refusing


def test_a_full_disk_leaves_the_earlier_run_and_prints_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.zarr"
    for after, stands in ((0, "nothing is there"), (3, "nothing is there"), (3, "the run that was in")):
        if stands != "nothing is there":
            monkeypatch.undo()
            assert cli.main([*LINE, "--steps", "2", "--out", str(path)]) == 0
            capsys.readouterr()
        monkeypatch.setattr("zarr.storage._local._put", failing(after))
        assert cli.main([*LINE, "--steps", "3", "--out", str(path)]) == 2
        shown = capsys.readouterr()
        (said,) = shown.err.splitlines()
        assert "was not written (No space left on device)" in said and stands in said
        assert [row for row in shown.out.splitlines() if row.startswith("loss ")] and "wrote" not in shown.out
        assert path.exists() == (stands != "nothing is there") and not hidden(tmp_path)
    assert int(xr.open_zarr(path)["t"][-1]) == 2


def test_a_disk_that_reads_back_something_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, data = tmp_path / "x.zarr", gr.run("pegr", SMALL, steps=2)
    report.write(data, path)
    write = run_store._to_disk

    def wrong(given: xr.Dataset, *rest: Any) -> None:
        write(given.assign(loss=given["loss"] * np.where(given["t"] == 1, 1 + 2e-16, 1.0)), *rest)

    monkeypatch.setattr(run_store, "_to_disk", wrong)
    with pytest.raises(Unwritten, match="loss read back as something else; the run that was in .* is as it was"):
        report.write(data, path)
    assert np.array_equal(xr.open_zarr(path)["loss"], data["loss"]) and not hidden(tmp_path)


def limited() -> None:
    """No file may grow beyond 600 bytes, as if the disk were full; before the child starts."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))


def test_a_file_that_cannot_grow_is_one_sentence_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "pegr.txt"
    path.write_text("the old one")
    done = program("derive", "pegr", "--out", str(path), preexec_fn=limited, stdout=subprocess.DEVNULL)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "the file that was there is as it was" in done.stderr
    assert path.read_text() == "the old one" and not hidden(tmp_path)


WRITER = """
import sys, time
import numpy as np, xarray as xr
from pathlib import Path
from gammarho import report
path = Path(sys.argv[1])
for k in range(10**6):
    report.write(xr.Dataset({name: ("t", np.full(500, float(k))) for name in "abcdef"}), path)
    print(k, flush=True)
"""


def kills(path: Path, count: int) -> None:
    """Kill a process that writes run after run, at `count` moments, and look at what is there."""
    for k in range(count):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stdout.readline() == "0\n"
        time.sleep(0.013 * k)
        child.kill()
        written = [0, *map(int, child.stdout.read().split("\n")[:-1])]
        child.wait()
        child.stdout.close()
        found = xr.open_zarr(path).load()
        (value,) = {float(each) for name in "abcdef" for each in found[name].values}
        assert value in (written[-1], written[-1] + 1)  # the last, or the one being put in place when the kill came
    report.write(xr.Dataset({"a": ("t", [1.0])}), path)
    assert not hidden(path.parent)


def test_a_killed_writer_leaves_a_whole_run(tmp_path: Path) -> None:
    kills(tmp_path / "x.zarr", 3)


@pytest.mark.slow
def test_many_killed_writers_leave_a_whole_run(tmp_path: Path) -> None:
    kills(tmp_path / "x.zarr", 40)


def test_without_an_exchange_of_names_a_kill_between_the_renames_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, data = tmp_path / "x.zarr", gr.run("pegr", SMALL, steps=2)
    report.write(data, path)
    monkeypatch.setattr(whole, "_exchanged", lambda *_: False)
    rename = Path.rename

    class Killed(BaseException):
        pass

    def dying(self: Path, target: Path) -> Path:
        if self.suffix == ".new":
            raise Killed
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", dying)
    with pytest.raises(Killed):
        report.write(gr.run("pegr", SMALL, steps=3), path)
    assert not path.exists() and len(hidden(tmp_path)) == 1  # the old run, whole, beside
    monkeypatch.setattr(Path, "rename", rename)
    with whole.alone(path):
        assert int(xr.open_zarr(path)["t"][-1]) == 2
    report.write(gr.run("pegr", SMALL, steps=3), path)
    assert int(xr.open_zarr(path)["t"][-1]) == 3 and not hidden(tmp_path)


def test_only_leftovers_of_that_name_are_cleared_up(tmp_path: Path) -> None:
    for name in (".x.zarr.12.new", ".x.zarr.thesis.new", ".y.zarr.12.new", ".x.zarr.12.new.txt"):
        (tmp_path / name).mkdir()
    with whole.alone(tmp_path / "x.zarr"):
        pass
    assert hidden(tmp_path) == [".x.zarr.12.new.txt", ".x.zarr.thesis.new", ".y.zarr.12.new"]


def test_what_is_no_file_is_written_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with whole.whole_file(pipe) as new:
        new.write_text("through")
    reader.join(timeout=20)
    assert read == ["through"] and pipe.is_fifo()


# ---- two writers, and folders that cannot be written --------------------------------------------------------


def test_a_second_writer_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run_out, grid_out = tmp_path / "x.zarr", tmp_path / "g.zarr"
    with whole.alone(run_out), whole.alone(grid_out):
        axes = ("--x", "lam=0:0.1:2", "--y", "sigma_p=0.1:1:2", "--steps", "2")
        for words in ((*LINE, "--steps", "2", "--out", str(run_out)), (*LINE[:5], "--out", str(grid_out), *axes)):
            verb = ("phase" if words[-1] != str(run_out) else "run", *words[1:])
            done = program(*verb, stdout=subprocess.PIPE)
            assert done.returncode == 2 and done.stderr.count("\n") == 1
            assert f"is being written by another gammarho (process {os.getpid()}); wait until" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_grid_that_is_all_done_is_read_while_another_has_the_lock(tmp_path: Path) -> None:
    store = tmp_path / "g.zarr"
    first = grid(store)
    with whole.alone(store):
        assert bits(grid(store)) == bits(first)


def test_where_there_are_no_locks_a_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unsupported(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", unsupported)
    report.write(gr.run("pegr", SMALL, steps=2), tmp_path / "x.zarr")
    assert "has no file locks, so nothing keeps a second writer out" in capsys.readouterr().err
    assert int(xr.open_zarr(tmp_path / "x.zarr")["t"][-1]) == 2


@contextlib.contextmanager
def read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing can be made in the folder: by its mode, and for root, whom that does not stop, by the call."""
    folder.chmod(0o555)
    opened = os.open

    def refusing(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags & os.O_CREAT and Path(os.fsdecode(path)).parent == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, flags, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing)
        yield
    folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_a_sentence_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir()
    monkeypatch.setattr("simulate.run.run", lambda *_, **__: pytest.fail("it ran"))
    axes = ["--x", "lam=0:0.1:2", "--y", "sigma_p=0.1:1:2", "--steps", "2"]
    with read_only(folder, monkeypatch):
        for words in (
            [*LINE, "--steps", "2", "--out", str(folder / "x.zarr")], ["derive", "pegr", "--out", str(folder / "x.txt")],
            ["phase", *LINE[1:5], *axes, "--out", str(folder / "g.zarr")],
        ):  # fmt: skip
            assert cli.main(words) == 2
            (said,) = capsys.readouterr().err.splitlines()
            assert "its folder cannot be written (Permission denied); give a name in a folder that can be" in said


# ---- grids: damage -----------------------------------------------------------------------------------------


def flip(path: Path, at: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def swap(one: Path, other: Path) -> None:
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def edited(store: Path, name: str, value: Any) -> None:
    """As a program that knows nothing of digests would edit a cell, checksum and all."""
    array = zarr.open_group(str(store), mode="r+")[name]
    assert isinstance(array, zarr.Array)
    array[0, 1] = value


VALUE, NEXT, STATUS = "test_error/c/0/1/0", "test_error/c/1/0/0", "status/c/0/1/0"
DAMAGE: dict[str, tuple[Callable[[Path], None], int]] = {
    "a flipped bit": (lambda s: flip(s / VALUE), 1),
    "a flipped bit of the checksum": (lambda s: flip(s / VALUE, -1), 1),
    "a zeroed chunk": (lambda s: (s / VALUE).write_bytes(bytes((s / VALUE).stat().st_size)) and None, 1),
    "swapped chunks": (lambda s: swap(s / VALUE, s / NEXT), 2),
    "swapped cells, digest and all": (
        lambda s: [swap(s / f"{name}/c/0/1{end}", s / f"{name}/c/1/0{end}") for name, end in
                   (("test_error", "/0"), ("test_error_se", "/0"), ("status", "/0"), ("digest", ""))] and None, 2),
    "a chunk deleted": (lambda s: (s / VALUE).unlink(), 1),
    "a variable's chunks deleted": (lambda s: shutil.rmtree(s / "test_error/c"), 4),
    "a truncated chunk": (lambda s: (s / VALUE).write_bytes((s / VALUE).read_bytes()[:5]), 1),
    "an empty chunk": (lambda s: (s / STATUS).write_bytes(b""), 1),
    "a folder in a chunk's place": (lambda s: ((s / VALUE).unlink(), (s / VALUE).mkdir()) and None, 1),
    "a status of rubbish": (lambda s: (s / STATUS).write_bytes(b"\xff" * 40), 1),
    "an edited status": (lambda s: edited(s, "status", "diverged"), 1),
    "an edited value": (lambda s: edited(s, "test_error", 0.25), 1),
    "NaN with status ok": (lambda s: edited(s, "test_error", np.nan), 1),
    "a damaged digest": (lambda s: flip(s / "digest/c/0/1"), 1),
    "a false digest": (lambda s: edited(s, "digest", "0" * 32), 1),
    "a digest deleted": (lambda s: (s / "digest/c/0/1").unlink(), 0),
}  # fmt: skip


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
        with pytest.raises(Unwritten, match=r"a cell cannot be written .* 3 of 4 cells that are there are safe"):
            grid(store, workers=1)
        (store / VALUE).rmdir()
    again = phase("pegr", SMALL, x=("lam", [0.0, 0.1]), y=("sigma_p", [0.5, 1.0]), steps=3, seeds=2, store=store)
    assert bits(again) == whole_grid[1]
    said = capsys.readouterr().err
    subject = {0: "", 1: "1 cell was damaged", 2: "2 cells were damaged", 4: "4 cells were damaged"}[cells]
    assert subject in said and ("damaged" in again.attrs["notes"]) == bool(cells)
    if cells:
        assert "run again: lam=0.1, sigma_p=0.5" in said or cells == 4
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
        lambda s: changed_json(s / "zarr.json", '"crc32c"', '"zstd"'), "is damaged: the metadata of"),
}  # fmt: skip


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


def test_a_grid_of_an_earlier_version_is_refused_in_a_sentence(
    whole_grid: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    store = tmp_path / "g.zarr"
    shutil.copytree(whole_grid[0], store)
    (store / "digest").rename(store / "done")
    with pytest.raises(InputError, match="of an earlier version, which kept no digests"):
        grid(store)


@pytest.mark.slow
def test_whatever_byte_changes_no_number_does(whole_grid: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    """Every file of a grid, at several places: the same bits after a rerun, or one sentence."""
    files = sorted(each.relative_to(whole_grid[0]) for each in whole_grid[0].rglob("*") if each.is_file())
    rng, refused = np.random.default_rng(0), 0
    for file in files:
        for _ in range(2):
            store = tmp_path / "g.zarr"
            shutil.copytree(whole_grid[0], store)
            flip(store / file, int(rng.integers((store / file).stat().st_size)))
            try:
                assert bits(grid(store, workers=1)) == whole_grid[1], file
            except InputError as error:
                assert "\n" not in str(error)
                refused += 1
            shutil.rmtree(store)
    assert 0 < refused < 2 * len(files)


# ---- grids: cells that are not done -------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [MemoryError("Unable to allocate 7 TiB"), OSError(5, "Input/output error")])
def test_a_cell_that_runs_out_of_memory_is_left_undone(
    failure: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store, measure = tmp_path / "g.zarr", engine._measure

    def hungry(asked: Any, cell: Any, seed: int) -> Any:
        if cell.values["lam"] == 0.1 and cell.values["sigma_p"] == 1.0 and seed == 1:
            raise failure
        return measure(asked, cell, seed)

    line = ["phase", *LINE[1:5], "--x", "lam=0:0.1:2", "--y", "sigma_p=0.5:1:2", "--steps", "3", "--seeds", "2"]
    monkeypatch.setattr(engine, "_measure", hungry)
    for out, goes_on in (([], "with --out GRID.zarr"), (["--out", str(store)], "the same command goes on")):
        assert cli.main([*line, *out]) == 2
        shown = capsys.readouterr()
        (said,) = shown.err.splitlines()
        assert f"1 of 4 cells are left undone, the first of them by {type(failure).__name__}" in said and goes_on in said
        assert "1 of 8 runs undone:" in shown.out
    monkeypatch.undo()
    assert cli.main([*line, "--out", str(store)]) == 0
    assert bits(grid(store)) == bits(grid(None))


def test_a_defect_in_a_cell_is_raised_when_the_others_are_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, measure = tmp_path / "g.zarr", engine._measure

    def broken(asked: Any, cell: Any, seed: int) -> Any:
        if cell.values["lam"] == 0.0 and cell.values["sigma_p"] == 0.5:
            raise KeyError("gone")
        return measure(asked, cell, seed)

    monkeypatch.setattr(engine, "_measure", broken)
    with pytest.raises(KeyError, match="gone"):
        grid(store, workers=1)
    monkeypatch.undo()
    seen = xr.open_zarr(store, consolidated=False)
    assert (seen["digest"].values == "").sum() == 1 and bits(grid(store)) == bits(grid(None))


def test_a_full_disk_stops_a_grid_in_a_sentence_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "g.zarr"
    monkeypatch.setattr("zarr.storage._local._put", failing(5))
    with pytest.raises(Unwritten, match="cannot be made"):
        grid(store)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    create = engine.grid_on_disk

    def filling(*args: Any) -> Any:
        opened = create(*args)

        @contextlib.contextmanager
        def limited() -> Iterator[Any]:
            with opened as kept:
                monkeypatch.setattr("zarr.storage._local._put", failing(6))
                yield kept

        return limited()

    monkeypatch.setattr(engine, "grid_on_disk", filling)
    with pytest.raises(Unwritten, match=r"No space left on device\); the 1 of 4 cells that are there are safe"):
        grid(store, workers=1)
    monkeypatch.undo()
    assert bits(grid(store)) == bits(grid(None))


# ---- seeds of a run ----------------------------------------------------------------------------------------

WILD = ["run", "pegr", "eta=4", "sigma_p=1.5", "lam=0.01", "--steps", "140", "--observables", "loss,gamma,T_2"]


def test_one_diverging_seed_does_not_lose_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.zarr"
    assert cli.main([*WILD, "--seed", "2", "--seeds", "3", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "1 of 3 seeds diverged; all that is above is of seeds 2, 4:" in shown
    assert "  seed 3: the run diverges: its state is not finite at step 132; lower eta (4)" in shown
    data = xr.open_zarr(out).load()
    assert [str(each) for each in data["status"].values] == ["ok", "diverged", "ok"]
    assert np.isnan(data["loss"].sel(seed=3)).all() and np.isnan(data["T_2"].sel(seed=3))
    given: dict[str, Any] = {"eta": 4, "sigma_p": 1.5, "lam": 0.01}
    for seed in (2, 4):
        alone = gr.run("pegr", given, steps=140, seed=seed, observables=["loss", "gamma", "T_2"])
        for name in ("loss", "gamma", "T_2"):
            assert np.array_equal(alone[name].values, data[name].sel(seed=seed).values), name
    mean = next(line for line in shown.splitlines() if line.startswith("loss (mean)")).split()[-1]
    assert mean == f"{float(data['loss'].sel(seed=[2, 4]).isel(t=-1).mean()):.4g}"


def test_where_every_seed_diverges_the_run_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Diverged):
        gr.run("pegr", {"eta": 4, "sigma_p": 1.5, "lam": 0.01}, steps=140, seed=3, seeds=1)
    assert cli.main([*WILD, "--seed", "3"]) == 2
    assert "not finite at step 132" in capsys.readouterr().err


def test_seeds_that_stay_finite_are_ok_and_their_hitting_times_whole() -> None:
    data = gr.run("pegr", SMALL, steps=5, seeds=2, seed=7)
    assert list(data["status"].values) == ["ok", "ok"] and list(data["message"].values) == ["", ""]
    assert data["T_2"].dtype.kind == "i" and list(data["seed"].values) == [7, 8]
    assert "status" not in gr.run("pegr", SMALL, steps=5)


# ---- output that cannot be printed, and the exit status of a defect ------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_a_sentence_that_says_what_is_safe(tmp_path: Path) -> None:
    out = tmp_path / "x.zarr"
    with open("/dev/full", "w") as full:
        bare = program("conditions", "pegr", stdout=full)
        kept = program(*LINE, "--steps", "2", "--out", str(out), stdout=full)
    for done in (bare, kept):
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "standard output cannot be written (No space left on device)" in done.stderr
    assert f"the data are in {out}, whole" in kept.stderr and int(xr.open_zarr(out)["t"][-1]) == 2


def test_a_closed_standard_output_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    out = tmp_path / "x.zarr"
    done = program(*LINE, "--steps", "2", "--out", str(out), preexec_fn=lambda: os.close(1))
    assert done.returncode == 2 and "standard output is closed, so nothing has been run" in done.stderr
    assert done.stderr.count("\n") == 1 and not out.exists()


def test_a_reader_that_leaves_is_told_where_the_data_are(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = program(*LINE, "--steps", "2", "--out", str(tmp_path / "x.zarr"), stdout=write)
    os.close(write)
    assert done.returncode == 141 and done.stderr.count("\n") == 1 and "x.zarr, whole" in done.stderr


CRASH = """
import math, sys
from gammarho import api, cli
def conditions(*_, **__):
    {line}
conditions.__globals__["__name__"] = "gammarho.api"
api.conditions = conditions
sys.argv = ["gammarho", "conditions", "pegr"]
cli.entry()
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("math.log(-1)", "ValueError: math domain error"),  # raised by C code inside a function of ours
        ("raise ValueError('a defect')", "ValueError: a defect"),
        ("float('x')", "could not convert"),
        ("raise KeyError('a')", "KeyError: 'a'"),
    ],
)
def test_a_defect_shows_its_traceback_and_exits_70(line: str, said: str) -> None:
    command = [sys.executable, "-c", CRASH.format(line=line)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 70 and "Traceback" in done.stderr and said in done.stderr
    assert done.stderr.splitlines()[-1].startswith("gammarho: this is a defect of the program")


def test_a_refusal_of_a_declaration_is_the_user_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads("{}") == {}
    path = tmp_path / "own.py"
    path.write_text(
        "import dataclasses\nfrom derivations.papers.pegr.model import model as base\n"
        "def model():\n    return dataclasses.replace(base(), patches=())\n"
    )
    assert cli.main(["run", f"{path}:model", "--steps", "2"]) == 2
    assert "a model needs at least one patch" in capsys.readouterr().err
