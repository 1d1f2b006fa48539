"""What `phase --out` writes beside a store: tables, netCDF and pictures, refused before a run or written whole."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from matplotlib.image import imread

import gammarho as gr
from gammarho import cli, grid_files

LINE = ["phase", "pegr", "m=2", "d=200", "sigma_p=4", "eta=0.5", "--x", "lam=0.01:100:3:log", "--y", "n=2:3:2",
        "--steps", "30", "--seeds", "2", "--observable", "loss"]


def ran() -> xr.Dataset:
    """The grid of LINE, which has draws that diverge."""
    found = gr.phase("pegr", {"m": 2, "d": 200, "sigma_p": 4, "eta": 0.5}, x="lam=0.01:100:3:log", y="n=2:3:2",
                     steps=30, seeds=2, observable="loss", progress=False)
    assert {"ok", "diverged"} == set(found["status"].values.ravel().tolist())
    return found


def test_out_is_repeated_and_each_ending_is_a_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["g.zarr", "g.csv", "g.nc", "g.png", "g.pdf"]
    outs = [word for name in names for word in ("--out", str(tmp_path / name))]
    assert cli.main([*LINE, *outs, "--curve", "lam = n/d", "--feasible", "0.1"]) == 0
    printed = capsys.readouterr().out
    assert "loss (mean over seeds)" in printed  # the table is printed all the same
    wrote = [line.removeprefix("wrote ") for line in printed.splitlines() if line.startswith("wrote ")]
    assert wrote == [str(tmp_path / name) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)  # no lock and no other file is left
    assert imread(tmp_path / "g.png").shape[1] == 1350 and (tmp_path / "g.pdf").read_bytes().startswith(b"%PDF")
    assert cli.main([*LINE, *outs]) == 0  # and once more, in their place


def test_a_table_has_a_row_a_cell_and_seed_and_reads_back_as_the_data(tmp_path: Path) -> None:
    assert cli.main([*LINE, "--out", str(tmp_path / "g.csv")]) == 0
    with open(tmp_path / "g.csv", encoding="utf-8", newline="") as file:
        table, data = list(csv.DictReader(file)), ran()
    assert len({(row["n"], row["lam"], row["seed"]) for row in table}) == len(table) == data["loss"].size
    assert list(table[0])[:6] == ["n", "lam", "seed", "loss", "status", "message"]
    assert {"m", "d", "eta", "regularizer"} <= set(table[0]) and {float(row["d"]) for row in table} == {200}
    for row in table:
        there = data.sel(n=int(row["n"]), lam=float(row["lam"]), seed=int(row["seed"]))
        assert row["status"] == there["status"].item() and row["message"] == there["message"].item()
        if row["status"] == "ok":
            assert float(row["loss"]) == there["loss"].item()  # to the last bit
        else:
            assert row["loss"] == ""


@pytest.mark.parametrize("level", ["0.25", "0.9"])  # crossed, and nowhere
@pytest.mark.parametrize("more", [[], ["--y", "sigma_p=0.3:0.6:3"]])
def test_a_grid_with_a_boundary_is_written_as_every_kind_and_reads_back(
    level: str, more: list[str], tmp_path: Path
) -> None:
    """Before, a table of it was a traceback when all had been run."""
    names = ["b.csv", "b.json", "b.nc", "b.zarr", "b.png", "b.pdf", "b.svg"]
    outs = [word for name in names for word in ("--out", str(tmp_path / name))]
    line = ["phase", "pegr", "n=8", "m=3", "d=100", "eta=0.2", "--x", "lam=0.03:1:4:log", *more, "--steps", "100"]
    assert cli.main([*line, "--boundary", f"test_error={level}", *outs]) == 0
    axes: dict[str, Any] = {"x": "lam=0.03:1:4:log", **({"y": "sigma_p=0.3:0.6:3"} if more else {})}
    data = gr.phase("pegr", {"n": 8, "m": 3, "d": 100, "eta": 0.2}, **axes, steps=100, progress=False,
                    boundary=f"test_error={level}")
    assert bool(data.sizes["boundary"]) == (level == "0.25")
    with open(tmp_path / "b.csv", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(row["test_error"]) for row in table] == data["test_error"].values.ravel().tolist()
    assert not any("boundary" in name for name in table[0])
    with open(tmp_path / "b_boundary.csv", encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    names_of = ("sigma_p", "lam") if more else ("lam",)
    assert head == ["along", *(f"{axis}{end}" for axis in names_of for end in ("", "_low", "_high"))]
    assert [row[0] for row in rows] == data["boundary_along"].values.tolist()
    for at, name in enumerate(head[1:], 1):
        assert [float(row[at]) for row in rows] == data[f"boundary_{name}"].values.tolist()  # to the last bit
    kept = json.loads((tmp_path / "b.json").read_text())
    assert kept["variables"]["boundary_lam"]["values"] == data["boundary_lam"].values.tolist()
    with xr.open_dataset(tmp_path / "b.nc") as found:
        xr.testing.assert_equal(found.load(), data)
        gr.plot(found)
    with xr.open_zarr(tmp_path / "b.zarr") as found:  # which keeps the runs, and no points
        xr.testing.assert_equal(found["test_error"].load(), data["test_error"])
    assert imread(tmp_path / "b.png").size and (tmp_path / "b.svg").read_text().startswith("<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "b_boundary.csv"])


def test_netcdf_reads_back_as_the_data_and_is_plotted(tmp_path: Path) -> None:
    assert cli.main([*LINE, "--out", str(tmp_path / "g.nc")]) == 0
    with xr.open_dataset(tmp_path / "g.nc") as kept:
        found, data = kept.load(), ran()
    xr.testing.assert_equal(found, data)
    assert found["lam"].attrs == data["lam"].attrs and found.attrs["configuration"] == data.attrs["configuration"]
    gr.plot(found, curves="lam = n/d", feasible=1)


def test_whole_numbers_beyond_32_bits_are_kept_in_netcdf(tmp_path: Path) -> None:
    data = ran().assign_coords(n=[2, 2**40])
    grid_files.NetCDF(tmp_path / "g.nc").write(tmp_path / "g.nc", data, gr.plot)
    with xr.open_dataset(tmp_path / "g.nc") as found:
        assert found["n"].values.tolist() == [2, 2**40]


@pytest.mark.parametrize("options, said", [
    (["--out", "g.txt"], "out: 'g.txt'; expected a name that ends in .zarr, .csv, .json, .nc, .pdf, .png or .svg"),
    (["--out", "no/g.csv"], "out: 'no/g.csv'; there is no folder 'no'"),
    (["--out", "folder.pdf"], "out: 'folder.pdf', which is a folder"),
    (["--out", "a.zarr", "--out", "b.zarr"], "a grid has one store"),
    (["--out", "a.csv", "--out", "./a.csv"], "given twice"),
    (["--out", "notes.nc"], "out: 'notes.nc' is not a grid that gammarho wrote; nothing was replaced"),
    (["--curve", "lam = n"], "curve: 'lam = n' is for a picture; give --out phase.pdf too"),
    (["--feasible", "1", "--out", "a.csv"], "feasible: '1' is for a picture"),
    (["--curve", "test_error = n", "--out", "a.pdf"], "'test_error', which is no axis of the picture; expected"),
    (["--curve", "lam = nn", "--out", "a.pdf"], "'nn', no parameter with a number"),
    (["--curve", "eta = n", "--out", "a.pdf"], "'eta', which is no axis of the picture; expected one of lam, n"),
    (["--feasible", "0", "--out", "a.pdf"], "feasible: '0'; expected a finite number above 0"),
])
def test_what_cannot_be_written_or_drawn_is_refused_before_the_run(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "notes.nc").write_text("mine")
    monkeypatch.setattr("simulate.phase.phase.fill", lambda *_: pytest.fail("it has been run"))
    assert cli.main([*LINE, *options]) == 2
    printed = capsys.readouterr()
    assert said in printed.err and printed.err.count("\n") == 1 and not printed.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.pdf", "notes.nc"]


def test_a_model_without_conditions_has_no_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulate.phase.phase.fill", lambda *_: pytest.fail("it has been run"))
    (tmp_path / "own.py").write_text("import dataclasses\nfrom derivations.papers.pegr.model import model as pegr\n"
                                     "model = dataclasses.replace(pegr(), title='mine', name='mine')\n")
    line = [LINE[0], f"{tmp_path / 'own.py'}:model", *LINE[2:]]
    assert cli.main([*line, "--feasible", "1", "--out", str(tmp_path / "a.pdf")]) == 2
    assert "no conditions are recorded for 'mine'" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_leaves_the_others_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(grid_files.NetCDF, "write", full)
    outs = ["--out", str(tmp_path / "g.nc"), "--out", str(tmp_path / "g.png"), "--out", str(tmp_path / "g.csv")]
    assert cli.main([*LINE, *outs]) == 2
    printed = capsys.readouterr()
    assert "g.nc was not written (No space left on device); nothing is there" in printed.err
    assert "loss (mean over seeds)" in printed.out and "g.csv" in printed.out and "g.nc" not in printed.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.csv", "g.png"]


def test_a_run_that_is_broken_off_leaves_the_files_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "g.csv").write_text("earlier")
    monkeypatch.setattr("simulate.phase.phase.fill", stop)
    assert cli.main([*LINE, "--out", str(tmp_path / "g.csv"), "--out", str(tmp_path / "g.pdf")]) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["g.csv"] and (tmp_path / "g.csv").read_text() == "earlier"


def test_two_writers_are_told_apart_before_the_run(tmp_path: Path) -> None:
    places = grid_files.places("out", [tmp_path / "g.csv"])
    with places.held(), pytest.raises(gr.InputError, match="being written by another gammarho"), places.held():
        pytest.fail("both hold it")
    assert list(tmp_path.iterdir()) == []
