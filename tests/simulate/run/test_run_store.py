"""Runs on disk: what they may replace, writes that fail or are killed, two writers, sealed folders."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
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
from gammarho import cli
from simulate.errors import InputError, Unwritten
from simulate.run import store as run_store
from simulate.work import whole
from tests.helpers.durable import LINE, ROOT, SMALL, bits, failing, grid, hidden, program, write
from tests.helpers.spoken import sentences

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
    write(gr.run("pegr", SMALL, steps=2), path)
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
    monkeypatch.setattr("simulate.run.run.run", lambda *_, **__: pytest.fail("it ran"))
    assert cli.main([*LINE, "--steps", "2", "--out", str(path)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "x.zarr" in said and "nothing was replaced" in said
    assert {each: each.read_bytes() for each in path.rglob("*") if each.is_file()} == before and not hidden(tmp_path)


def test_a_run_replaces_a_run_and_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "x.zarr", tmp_path / "link.zarr"
    link.symlink_to(path)
    for steps in (2, 3):
        write(gr.run("pegr", SMALL, steps=steps), link)
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
            write(data, each)
        assert each.read_bytes() == before
    for _ in range(2):
        write(data, tmp_path / "z.nc")


def test_without_the_package_netcdf_is_refused_before_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("simulate.run.run.run", lambda *_, **__: pytest.fail("it ran"))
    assert cli.main([*LINE, "--steps", "2", "--out", str(tmp_path / "x.nc")]) == 2
    assert "pip install 'gammarho[netcdf]'" in capsys.readouterr().err


# ---- writes that fail or are killed ------------------------------------------------------------------------


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
    write(data, path)
    to_disk = run_store._to_disk

    def wrong(given: xr.Dataset, *rest: Any) -> None:
        to_disk(given.assign(loss=given["loss"] * np.where(given["t"] == 1, 1 + 2e-16, 1.0)), *rest)

    monkeypatch.setattr(run_store, "_to_disk", wrong)
    with pytest.raises(Unwritten, match=r"loss read back as something else; the run that was in .* is as it was"):
        write(data, path)
    assert np.array_equal(xr.open_zarr(path)["loss"], data["loss"]) and not hidden(tmp_path)


def test_a_bit_that_flips_later_makes_reading_fail(tmp_path: Path) -> None:
    path = tmp_path / "x.zarr"
    write(gr.run("pegr", SMALL, steps=2), path)
    chunk = path / "loss/c/0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + bytes([chunk.read_bytes()[-1] ^ 1]))
    with pytest.raises(ValueError, match="checksum"):
        xr.open_zarr(path)["loss"].load()


def limited() -> None:
    """No file may grow beyond 600 bytes, as if the disk were full; before the child starts."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))


def test_a_file_that_cannot_grow_is_one_sentence_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "pegr.txt"
    path.write_text("the old one")
    done = program("derive", "pegr", "--out", str(path), preexec_fn=limited, stdout=subprocess.DEVNULL)
    assert done.returncode == 2 and sentences(done.stderr).count("\n") == 1
    assert "the file that was there is as it was" in done.stderr
    assert path.read_text() == "the old one" and not hidden(tmp_path)


WRITER = """
import sys, time
import numpy as np, xarray as xr
from pathlib import Path
from tests.helpers.durable import write
path = Path(sys.argv[1])
for k in range(10**6):
    write(xr.Dataset({name: ("t", np.full(500, float(k))) for name in "abcdef"}), path)
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
    write(xr.Dataset({"a": ("t", [1.0])}), path)
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
    write(data, path)
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
        write(gr.run("pegr", SMALL, steps=3), path)
    assert not path.exists() and len(hidden(tmp_path)) == 1  # the old run, whole, beside
    monkeypatch.setattr(Path, "rename", rename)
    with whole.alone(path):
        assert int(xr.open_zarr(path)["t"][-1]) == 2
    write(gr.run("pegr", SMALL, steps=3), path)
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
            assert done.returncode == 2 and sentences(done.stderr).count("\n") == 1
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
    write(gr.run("pegr", SMALL, steps=2), tmp_path / "x.zarr")
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
    monkeypatch.setattr("simulate.run.run.run", lambda *_, **__: pytest.fail("it ran"))
    axes = ["--x", "lam=0:0.1:2", "--y", "sigma_p=0.1:1:2", "--steps", "2"]
    with read_only(folder, monkeypatch):
        for words in (
            [*LINE, "--steps", "2", "--out", str(folder / "x.zarr")],
            ["derive", "pegr", "--out", str(folder / "x.txt")],
            ["phase", *LINE[1:5], *axes, "--out", str(folder / "g.zarr")],
        ):
            assert cli.main(words) == 2
            (said,) = capsys.readouterr().err.splitlines()
            assert "its folder cannot be written (Permission denied); give a name in a folder that can be" in said
