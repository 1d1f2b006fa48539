"""A picture has the boundary that was measured, and nothing beyond what its parameters may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure

import gammarho as gr
from gammarho.cli import main
from tests.figures.test_grid import panels, texts
from tests.helpers.slowly import one_in

SIZES: dict[str, Any] = {"eta": 0.2, "n": 8, "m": 3, "d": 100.0}
AXES: dict[str, Any] = {"x": "lam=0.03:1:5:log", "y": "sigma_p=0.3:0.6:5"}
WANTED: dict[str, Any] = {"boundary": "test_error=0.25", "refine": 0.05}
LABEL = "test_error = 0.25"


@pytest.fixture(scope="module")
def data() -> xarray.Dataset:
    """A grid whose boundary is crossed along both axes."""
    return gr.phase("pegr", SIZES, **AXES, **WANTED, steps=200, seeds=3, progress=False)


def lines(axes: Axes, label: str) -> np.ndarray[Any, Any]:
    """The segments (count, 2, 2) that have a label."""
    (found,) = [each for each in axes.collections if isinstance(each, LineCollection) and each.get_label() == label]
    return np.array(found.get_segments()).reshape(-1, 2, 2)


def marks(axes: Axes, label: str) -> np.ndarray[Any, Any]:
    (found,) = [each for each in axes.get_lines() if each.get_label() == label]
    return np.asarray(found.get_xydata())


def test_the_boundary_is_drawn_as_it_was_measured(data: xarray.Dataset) -> None:
    figure = gr.plot(data)
    axes, errors = panels(figure)
    assert {*data["boundary_along"].values.tolist()} == {"lam", "sigma_p"}
    wanted = np.stack([data["boundary_lam"], data["boundary_sigma_p"]], axis=-1)
    found = marks(axes, f"{LABEL}: points")
    np.testing.assert_array_equal(found[np.lexsort(found.T)], wanted[np.lexsort(wanted.T)])
    ends = [np.stack([data[f"boundary_{name}_{end}"] for name in ("lam", "sigma_p")], axis=-1)
            for end in ("low", "high")]
    bars, measured = lines(axes, f"{LABEL}: bands").reshape(-1, 4), np.concatenate(ends, axis=1)
    np.testing.assert_array_equal(bars[np.lexsort(bars.T)], measured[np.lexsort(measured.T)])
    assert (measured[:, 0] < measured[:, 2]).any()  # a band has a width
    for piece in lines(axes, LABEL):  # between two of the points, on the sides of one rectangle of neighbours
        assert all((found == end).all(axis=1).any() for end in piece)
        for ends_along, values in zip(piece.T, (data["lam"].values, data["sigma_p"].values), strict=True):
            assert np.searchsorted(values, ends_along.max()) - np.searchsorted(values, ends_along.min(), "right") <= 0
    assert len(lines(axes, LABEL)) >= 3
    assert not [each for each in errors.collections if isinstance(each, LineCollection)]
    said = " ".join(texts(figure).split())
    assert f"boundary {LABEL}, 95 % bands of 3 seeds" in said
    assert "Boundary: the seeds' mean of test_error = 0.25 along" in said and "found to 5 % of an axis" in said


def test_its_law_passes_through_its_points(data: xarray.Dataset) -> None:
    figure, of = gr.plot(data), str(data.attrs["boundary_exponent_of"])
    slope = float(data.attrs["boundary_exponent_slope"])
    (drawn,) = [each for each in panels(figure)[0].get_lines() if str(each.get_label()).startswith("its law")]
    lam, sigma_p = np.log(np.asarray(drawn.get_xydata(), dtype=np.float64)).T
    over, along = (sigma_p, lam) if of == "lam" else (lam, sigma_p)
    np.testing.assert_allclose(np.diff(along), slope * np.diff(over), rtol=1e-9, atol=1e-12)
    mine = data["boundary_along"].values == of
    other = "sigma_p" if of == "lam" else "lam"
    values, counts = np.unique(data[f"boundary_{other}"].values[mine], return_counts=True)
    once = mine & np.isin(data[f"boundary_{other}"].values, values[counts == 1])
    places = np.log(data[f"boundary_{other}"].values[once])
    fitted = np.polyfit(places, np.log(data[f"boundary_{of}"].values[once]), 1)
    assert once.sum() == data.attrs["boundary_exponent_points"]
    np.testing.assert_allclose(along, np.polyval(fitted, over), atol=1e-9)
    np.testing.assert_allclose([over.min(), over.max()], [places.min(), places.max()])
    low, high = (data.attrs[f"boundary_exponent_{end}"] for end in ("low", "high"))
    assert f"its law {of} ~ {other}^{slope:.3g} [{low:.3g}, {high:.3g}] at 95 %" in texts(figure)


def spans(figure: Figure) -> list[tuple[float, float]]:
    (axes,) = figure.axes
    drawn = [each for each in axes.patches if each.get_label() == f"{LABEL}: bands"]
    boxes = [each.get_extents().transformed(axes.transData.inverted()) for each in drawn]
    return sorted((float(box.x0), float(box.x1)) for box in boxes)


def test_of_a_row_of_the_grid_the_row_s_crossings_are_drawn(data: xarray.Dataset) -> None:
    for at, value in enumerate(data["sigma_p"].values):
        mine = (data["boundary_along"].values == "lam") & (data["boundary_sigma_p"].values == value)
        figure = gr.plot(data.isel(sigma_p=at))
        drawn = [each for each in figure.axes[0].get_lines() if each.get_label() == LABEL]
        stand = [float(np.asarray(each.get_xdata())[0]) for each in drawn]
        assert sorted(stand) == sorted(data["boundary_lam"].values[mine].tolist())
        ends = [data[f"boundary_lam_{end}"].values[mine].tolist() for end in ("low", "high")]
        np.testing.assert_allclose(spans(figure), sorted(zip(*ends, strict=True)))
        words = f"boundary {LABEL}, 95 % bands of 3 seeds" if mine.any() else f"boundary {LABEL}: crossed nowhere here"
        assert words in texts(figure)


def test_without_a_band_no_band_is_drawn_and_it_says_so() -> None:
    wanted: dict[str, Any] = {"steps": 200, "seeds": 1, "progress": False, "boundary": "test_error=0.25"}
    flat = gr.phase("pegr", SIZES, **AXES, **wanted)
    figure = gr.plot(flat)
    axes = panels(figure)[0]
    assert len(marks(axes, f"{LABEL}: points")) == flat.sizes["boundary"] > 0
    assert not len(lines(axes, f"{LABEL}: bands"))
    said = " ".join(texts(figure).split())
    assert f"boundary {LABEL}, no band of one seed" in said and "found between neighbouring cells." in said
    curve = gr.plot(gr.phase("pegr", {**SIZES, "sigma_p": 0.5}, x=AXES["x"], **wanted))
    assert spans(curve) == [] and "no band of one seed" in texts(curve)


def test_a_part_that_where_takes_is_drawn_without_its_boundary(data: xarray.Dataset) -> None:
    """`where` gives the boundary's points an axis more."""
    for part in (data.where(data["lam"] > 0.1), data.where(data["test_error"] > 0.2).isel(sigma_p=1)):
        assert "boundary" not in texts(gr.plot(part)) and "diverged" not in texts(gr.plot(part))


def test_where_the_level_is_nowhere_crossed_the_legend_says_so(data: xarray.Dataset) -> None:
    none = gr.phase("pegr", SIZES, **AXES, steps=2, seeds=2, progress=False, boundary="test_error=0.9")
    figure = gr.plot(none)
    assert "boundary test_error = 0.9: crossed nowhere here" in texts(figure) and "Boundary:" not in texts(figure)
    without = gr.plot(data.drop_dims("boundary"))  # as a store is read back, which keeps no points
    assert "boundary" not in texts(without)
    assert "95 % bands of 3 seeds" in texts(gr.plot(data.isel(seed=[0])))  # as they were found


def test_a_rectangle_of_four_crossings_is_left_without_a_piece(data: xarray.Dataset) -> None:
    """Where a saddle is, the points may be joined either way."""
    lam, sigma_p = data["lam"].values[:2], data["sigma_p"].values[:2]
    x, y = float(np.sqrt(lam[0] * lam[1])), float(sigma_p.mean())
    points = [(x, sigma_p[0], "lam"), (x, sigma_p[1], "lam"), (lam[0], y, "sigma_p"), (lam[1], y, "sigma_p")]
    for kept, pieces in ((points, 0), (points[:2], 1), (points[1:3], 1), (points[:1], 0)):
        columns: dict[str, Any] = {f"boundary_{name}{end}": ("boundary", [each[at] for each in kept])
                   for at, name in enumerate(("lam", "sigma_p")) for end in ("", "_low", "_high")}
        corner = data.drop_dims("boundary").isel(lam=[0, 1], sigma_p=[0, 1]).assign(
            **columns, boundary_along=("boundary", [each[2] for each in kept]))
        assert len(lines(panels(gr.plot(corner))[0], LABEL)) == pieces


def test_the_program_draws_it_too(tmp_path: Path) -> None:
    words = ["phase", "pegr", "--x", AXES["x"], "--y", AXES["y"], *(f"{name}={value}" for name, value in SIZES.items())]
    asked = ["--steps", "200", "--boundary", "test_error=0.25", "--refine", "0.05", "--no-caption"]
    assert main([*words, *asked, "--out", str(tmp_path / "a.pdf")]) == 0
    assert r"Boundary: the seeds' mean of test\_error = 0.25 along" in (tmp_path / "a.tex").read_text()


@pytest.mark.parametrize(("setting", "axis", "low", "high"), [
    ("pegr", "lam=0:1:3", 0.0, None), ("pegr", "n=1:9:3", 1.0, None), ("pegr", "n=1:9:4:log", 1.0, None),
    ("nearly_orthogonal", "slope=0:1:3", 0.0, 1.0), ("nearly_orthogonal", "slope=0.01:1:3:log", None, 1.0),
    ("pegr", "lam=0.1:1:3", None, None),
])
@pytest.mark.parametrize("place", ["x", "y"])
def test_nothing_is_drawn_beyond_what_a_parameter_may_be(
    setting: str, axis: str, low: float | None, high: float | None, place: str
) -> None:
    """Before, cells of lam = 0, 0.5 and 1 began at -0.25, and a slope of at most 1 went on to 1.25."""
    other = {"x": "y", "y": "x"}[place]
    name = axis.partition("=")[0]
    axes_given: Any = {place: axis, other: "m=1,2"}
    grid = gr.phase(setting, {"d": 60.0}, **axes_given, steps=2, seeds=1,
                    progress=False)
    values = grid[name].values
    for figure, letter in ((gr.plot(grid), place), (gr.plot(grid.isel(m=0)), "x")):
        for axes in figure.axes:
            if axes.get_label() == "<colorbar>":
                continue
            ends = axes.get_xlim() if letter == "x" else axes.get_ylim()
            assert (low is None and ends[0] < values[0]) or ends[0] == low
            assert (high is None and ends[1] > values[-1]) or ends[1] == high
            for each in axes.collections:
                if isinstance(each, QuadMesh):
                    edges = np.unique(np.asarray(each.get_coordinates())[..., 0 if letter == "x" else 1])
                    np.testing.assert_allclose(edges[[0, -1]], ends)
                    assert len(edges) == len(values) + 1  # every cell has a width


@pytest.mark.parametrize("values", one_in(3, [
    [1e2, 1e151, 1e300], [0.1, 10.0, 1000.0, 1e6, 1e300], [1e-320, 1e-300, 1e-250], [1e2, 1e307, 1.7e308],
    [1e308, 1.3e308, 1.7e308], [5e-301, 1e-300], [1e-323, 1.7e308], [1.0, 1e301],
]))
@pytest.mark.parametrize("axis", ["x", "y"])
def test_the_edge_of_the_greatest_cell_is_a_number(values: list[float], axis: str, tmp_path: Path) -> None:
    """Before, the edge beyond 1e300 was infinite; d = e^1000 is no stranger than d = 1000 to a Gram draw."""
    other = {"x": "y", "y": "x"}[axis]
    asked: dict[str, Any] = {axis: f"d=10:20:{len(values)}", other: "lam=0.1,0.2"}
    grid = gr.phase("pegr", **asked, steps=1, seeds=2, progress=False)
    grid = grid.assign_coords(d=("d", values, {**grid["d"].attrs, "spacing": "irregular"}))
    for picture in (gr.plot(grid, curves="lam = 1/log(d+3)", out=tmp_path / "a.pdf"),
                    gr.plot(grid.isel(lam=0), curves="d = 3", out=tmp_path / "b.pdf")):
        ends = [[*axes.get_xlim(), *axes.get_ylim()] for axes in picture.axes]
        assert np.isfinite(ends).all()
    x = np.asarray(picture.axes[0].get_lines()[0].get_xdata(), dtype=np.float64)
    assert (np.diff(x) > 0).all() and picture.axes[0].get_xlim()[1] >= x[-1]
    if picture.axes[0].get_xscale() == "log":
        np.testing.assert_array_equal(x, values)


def test_a_grid_without_ranges_begins_at_0_where_no_value_is_below() -> None:
    grid = gr.phase("pegr", {"d": 60.0}, x="lam=0:1:3", y="m=1,2", steps=2, seeds=1, progress=False)
    del grid["lam"].attrs["low"], grid["m"].attrs["low"]
    axes = panels(gr.plot(grid))[0]
    assert axes.get_xlim()[0] == 0.0 and axes.get_ylim()[0] == 0.5
    below = panels(gr.plot(grid.assign_coords(lam=("lam", [-1.0, 0.0, 1.0]))))[0]
    assert below.get_xlim() == (-1.5, 1.5)


def test_a_run_s_picture_begins_at_its_first_step() -> None:
    figure = gr.plot(gr.run("pegr", n=4, m=2, d=20, steps=5))
    assert [axes.get_xlim() for axes in figure.subfigs[0].axes] == [(0.0, 5.0)]
