"""Points and seeds that are added to a grid: what it has is kept, and only what is new is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from simulate.errors import InputError, Unwritten
from simulate.phase import cell as cells
from simulate.phase import fill
from simulate.phase.phase import phase
from tests.helpers.durable import SMALL, failing, hidden

FIRST: dict[str, Any] = {"x": ("lam", [0.1, 1.0]), "y": ("sigma_p", [0.2, 0.8]), "seeds": 2}


def grid(store: Path | None, **changes: Any) -> xr.Dataset:
    given = {**FIRST, "steps": 8, "progress": False, "store": store, **changes}
    return phase("pegr", SMALL, **given)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The runs that are made: the axes' values and the seed of each."""
    made: list[tuple[Any, ...]] = []
    one = cells.outcomes

    def counting(measure: Any, cells: Any, seeds: Any) -> Any:
        made.extend((cell.values["sigma_p"], cell.values["lam"], seed) for cell in cells for seed in seeds)
        return one(measure, cells, seeds)

    monkeypatch.setattr(fill, "outcomes", counting)
    return made


WIDER: dict[str, tuple[dict[str, Any], set[tuple[float, float, int]]]] = {
    "a point between, and one before": (
        {"x": ("lam", [0.01, 0.1, 0.5, 1.0])},
        {(sigma, lam, seed) for sigma in (0.2, 0.8) for lam in (0.01, 0.5) for seed in (0, 1)},
    ),
    "a row": ({"y": ("sigma_p", [0.2, 0.4, 0.8])}, {(0.4, lam, seed) for lam in (0.1, 1.0) for seed in (0, 1)}),
    "seeds": ({"seeds": 4}, {(sigma, lam, seed) for sigma in (0.2, 0.8) for lam in (0.1, 1.0) for seed in (2, 3)}),
    "all at once, in another order": (
        {"x": ("lam", [1.0, 0.5, 0.1]), "seeds": 3},
        {(sigma, lam, seed) for sigma in (0.2, 0.8) for lam in (0.1, 0.5, 1.0) for seed in (0, 1, 2)
         if lam == 0.5 or seed == 2},
    ),
}


@pytest.mark.parametrize("kind", WIDER)
def test_what_is_new_is_run_and_nothing_else(kind: str, tmp_path: Path, ran: list[tuple[Any, ...]]) -> None:
    changes, new = WIDER[kind]
    grid(tmp_path / "g.zarr")
    ran.clear()
    found = grid(tmp_path / "g.zarr", **changes)
    assert set(ran) == new and len(ran) == len(new)
    whole = grid(None, **changes)
    assert found.equals(whole) and xr.open_zarr(tmp_path / "g.zarr").drop_vars("digest").equals(whole)
    assert hidden(tmp_path) == []
    ran.clear()
    grid(tmp_path / "g.zarr", **changes)
    assert ran == []


@pytest.mark.usefixtures("plainly")
def test_a_structural_axis_grows_with_its_kernels(tmp_path: Path, ran: list[tuple[Any, ...]]) -> None:
    grid(tmp_path / "g.zarr", y="q=2")
    found = grid(tmp_path / "g.zarr", y="q=2,3")
    assert len(ran) == 8 and found.equals(grid(None, y="q=2,3"))
    stored = json.loads(str(zarr.open_group(str(tmp_path / "g.zarr"), mode="r").attrs["configuration"]))
    assert stored["kernel"].keys() == {"pegr_pegr_q2", "pegr_pegr_q3"}


@pytest.mark.usefixtures("plainly")
def test_a_choice_is_added_before_those_that_are_there(tmp_path: Path, ran: list[tuple[Any, ...]]) -> None:
    """Its default, which differs, had been taken as every cell's, so that the grid was refused as another."""
    asked = {"x": "lam=0.1,1.0", "seeds": 1, "steps": 2}
    grid(tmp_path / "g.zarr", y="regularizer=none,pegr", **asked)
    ran.clear()
    found = grid(tmp_path / "g.zarr", y="regularizer=fgr,none,pegr", **asked)
    assert len(ran) == 2 and found.equals(grid(None, y="regularizer=fgr,none,pegr", **asked))
    said = json.loads(str(zarr.open_group(str(tmp_path / "g.zarr"), mode="r").attrs["configuration"]))
    assert "penalty_half" not in said["parameters"] and said["parameters"].keys() == SMALL.keys()
    halves = {choice: values["penalty_half"] for choice, values in said["defaults"].items()}
    assert halves == {"regularizer=fgr": False, "regularizer=none": True, "regularizer=pegr": True}
    of = {choice: found["penalty_half"].sel(regularizer=choice) for choice in ("pegr", "fgr")}
    assert of["pegr"].all() and not of["fgr"].any()
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="r+")
    changed = {**said["defaults"], "regularizer=pegr": {**said["defaults"]["regularizer=pegr"], "q": 3}}
    group.attrs["configuration"] = json.dumps({**said, "defaults": changed})
    with pytest.raises(InputError, match=r"defaults\.regularizer=pegr\.q 3, and this one has 2"):
        grid(tmp_path / "g.zarr", y="regularizer=fgr,none,pegr", **asked)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": 1}, "and this one has [0]; points, seeds and observables may be added to it, not left out"),
        ({"seed": 1}, "seeds [0, 1], and this one has [1, 2]"),
        ({"x": ("lam", [0.1, 0.5])}, "x.lam [0.1, 1.0], and this one has [0.1, 0.5]"),
        ({"x": FIRST["y"], "y": FIRST["x"]}, "x.lam [0.1, 1.0], and this one has none"),
        ({"until": {"loss": 0.1}}, "holds a grid with no until, and this one has 'loss=0.1'"),
        ({"seeds": 3, "steps": 9}, "steps 8, and this one has 9"),
        ({"seeds": 3, "observable": "loss"}, "observables ['test_error'], and this one has ['loss']; points, "),
    ],
)
def test_anything_else_is_refused_and_changes_nothing(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    store = tmp_path / "g.zarr"
    grid(store)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as caught:
        grid(store, **changes)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_a_further_observable_is_added_and_every_run_made_again(tmp_path: Path, ran: list[tuple[Any, ...]]) -> None:
    store = tmp_path / "g.zarr"
    first = grid(store)
    ran.clear()
    both = grid(store, observable="test_error,loss", seeds=3)
    assert len(ran) == 12 and both.equals(grid(None, observable="test_error,loss", seeds=3))
    assert both["test_error"].sel(seed=[0, 1]).equals(first["test_error"])
    ran.clear()
    assert grid(store, observable="test_error,loss", seeds=3).equals(both) and ran == []
    assert "damaged" not in both.attrs["notes"] and hidden(tmp_path) == []
    with pytest.raises(InputError, match="observables may be added to it, not left out"):
        grid(store, seeds=3)
    (store / "status/zarr.json").unlink()
    with pytest.raises(InputError, match="is damaged"):
        grid(store, observable="test_error,loss,noise", seeds=3)


def test_what_is_damaged_is_not_carried_over(
    tmp_path: Path, ran: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "g.zarr"
    grid(store)
    values = zarr.open_group(str(store), mode="r+")["test_error"]
    assert isinstance(values, zarr.Array)
    values[0, 1, 1] = 0.25
    ran.clear()
    found = grid(store, x=("lam", [0.1, 0.5, 1.0]), progress=True)
    assert (0.2, 1.0, 1) in ran and len(ran) == 5 and found.equals(grid(None, x=("lam", [0.1, 0.5, 1.0])))
    assert "1 cell was damaged" in capsys.readouterr().err


def test_cells_that_lack_seeds_are_told_as_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid(tmp_path / "g.zarr")
    grid(tmp_path / "g.zarr", seeds=3, progress=True)
    assert capsys.readouterr().err.splitlines() == [f"phase: 8 of 12 runs are in {tmp_path / 'g.zarr'}"]


def test_a_full_disk_leaves_the_narrower_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "g.zarr"
    first = grid(store)
    monkeypatch.setattr("zarr.storage._local._put", failing(5))
    with pytest.raises(Unwritten, match="the grid that is there is as it was"):
        grid(store, seeds=3)
    monkeypatch.undo()
    assert xr.open_zarr(store).drop_vars("digest").equals(first) and hidden(tmp_path) == []


def test_a_chunk_is_a_row_of_cells_and_no_longer_than_sixty_four(tmp_path: Path) -> None:
    lams = np.linspace(0, 1, 130).tolist()
    found = grid(tmp_path / "g.zarr", x=("lam", lams), steps=1, seeds=1)
    chunks = sorted(path.relative_to(tmp_path / "g.zarr/test_error/c").as_posix()
                    for path in (tmp_path / "g.zarr/test_error/c").rglob("*") if path.is_file())
    assert chunks == [f"{row}/{block}/0" for row in (0, 1) for block in (0, 1, 2)]
    assert found.equals(grid(tmp_path / "g.zarr", x=("lam", lams), steps=1, seeds=1))


def test_pieces_of_work_are_short_and_have_the_same_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most _AT_RISK seconds an eighth of one of two workers' shares, and never cells of unlike seeds."""
    from simulate.phase.grid import GridAsked, checked

    axes = {"x": ("lam", np.linspace(0, 1, 40).tolist())}
    asked = GridAsked("pegr", SMALL, axes, None, None, 1, "test_error", 3, 0, None)
    wide = checked(asked, 1)
    done = np.zeros((40, 3), dtype=bool)
    done[7] = True
    done[20:30, 1] = True
    monkeypatch.setattr("simulate.phase.fill.seconds", lambda _: 0.1)
    pieces = fill.chunks(wide, done, 1)
    assert [cell for cells, _ in pieces for cell in cells] == [cell for cell in range(40) if cell != 7]
    assert all(seeds == ((0, 2) if 20 <= cell < 30 else (0, 1, 2)) for cells, seeds in pieces for cell in cells)
    assert max(len(cells) * len(seeds) * 0.1 for cells, seeds in pieces) <= fill._AT_RISK
    assert [len(cells) for cells, _ in pieces] == [6, 6, 6, 1, 10, 6, 4]
    assert max(len(cells) for cells, _ in fill.chunks(wide, done, 2)) == -(-39 // 16)
    monkeypatch.setattr("simulate.phase.fill.seconds", lambda _: 1e-4)  # too little to be cut up: a chunk a worker
    assert max(len(cells) for cells, _ in fill.chunks(wide, np.zeros_like(done), 2)) == 20
    monkeypatch.setattr("simulate.phase.fill.seconds", lambda _: 100.0)
    assert all(len(cells) == len(seeds) == 1 for cells, seeds in fill.chunks(wide, done, 1))
    monkeypatch.setattr("simulate.phase.fill.seconds", lambda _: 0.9)  # two runs of a cell's three, then one
    for workers in (1, 2):
        pieces = fill.chunks(wide, done, workers)
        assert max(len(cells) * len(seeds) for cells, seeds in pieces) == 2
        runs = [(cell, seed) for cells, seeds in pieces for cell in cells for seed in seeds]
        assert runs == [(cell, seed) for cell, seed in np.argwhere(~done).tolist()]
        assert sum(seeds == (2,) for _, seeds in pieces) == 29


def test_a_cell_of_many_seeds_is_kept_as_they_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seeds come in pieces, each written before the last ones are begun; the bits are those of one piece."""
    made, one = list[tuple[int, ...]](), fill.run_chunk

    def run_chunk(grid: Any, chunk: Any) -> Any:
        made.append(chunk[1])
        if len(made) == 6:
            raise KeyboardInterrupt
        return one(grid, chunk)

    def kept() -> list[list[bool]]:
        there = np.asarray(zarr.open_group(str(tmp_path / "g.zarr"), mode="r")["digest"])
        return [[bool(digest) for digest in cell] for cell in there]

    asked = {"x": ("lam", [0.1, 0.2]), "y": None, "seeds": 5, "workers": 1, "steps": 2}
    whole = grid(None, **asked)
    with monkeypatch.context() as patch:
        patch.setattr(fill, "_AT_RISK", 0.7)
        patch.setattr(fill, "seconds", lambda _: 0.3)
        patch.setattr(fill, "run_chunk", run_chunk)
        with pytest.raises(KeyboardInterrupt):
            grid(tmp_path / "g.zarr", **asked)
    assert made == [(0, 1), (2, 3), (4,)] * 2
    assert kept()[0][:2] == [True] * 2 and not kept()[1][4]
    assert grid(tmp_path / "g.zarr", **asked).equals(whole) and np.all(kept())
