"""A grid's picture shows the grid: cells, axes, hatches, curves and the region of conditions, read off the figure."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

import gammarho as gr
from figures.grid import looks
from figures.save import laid_out
from tests.helpers.plainly import kernels_plainly

LAMS, SIGMAS = np.geomspace(0.01, 10.0, 4), np.linspace(0.5, 2.0, 3)
FIXED = {"n": 20, "m": 10, "d": 400.0, "mu_norm": 1.0}


def grid() -> xarray.Dataset:
    """A grid as `phase` returns it, of sigma_p by lam and three seeds, with draws of every kind."""
    shape = (len(SIGMAS), len(LAMS), 3)
    values = np.arange(math.prod(shape), dtype=np.float64).reshape(shape) ** 1.5
    status = np.full(shape, "ok", dtype="<U8")
    status[2, 3], status[1, 3, 0] = "diverged", "diverged"  # a whole cell, and one draw of another
    status[0, 0, 2] = "failed"
    values[status != "ok"] = np.nan
    values[0, 0, 2] = 1e6  # a number of a draw that is not ok, which counts for nothing
    dims = ("sigma_p", "lam", "seed")
    return xarray.Dataset(
        {"test_error": (dims, values, {"meaning": "test_error at step 7"}),
         "test_error_se": (dims, np.full(shape, 0.5)), "status": (dims, status)},
        coords={
            "sigma_p": ("sigma_p", SIGMAS, {"meaning": "noise", "spacing": "linear"}),
            "lam": ("lam", LAMS, {"meaning": "penalty weight", "spacing": "log"}), "seed": [4, 5, 6],
            **{name: ((), value, {}) for name, value in FIXED.items()}, "neurons": ((), "mean", {}),
        },
        attrs={"setting": "pegr", "title": "A paper", "observable": "test_error", "steps": 7, "x": "lam",
               "y": "sigma_p"},
    )


def panels(figure: Figure) -> list[Axes]:
    """Every axes with a mesh, colour bars apart; means come first."""
    return [axes for axes in figure.axes if any(isinstance(each, QuadMesh) for each in axes.collections)
            and axes.get_label() != "<colorbar>"]


def mesh(axes: Axes) -> QuadMesh:
    (found,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
    return found


def shown(axes: Axes) -> np.ndarray[Any, Any]:
    return np.asarray(np.ma.filled(np.ma.asarray(mesh(axes).get_array()), np.nan))


def hatched(axes: Axes, word: str) -> set[tuple[int, int]]:
    """The cells (down, across) under a hatch, found by the middle of each polygon among the mesh's edges."""
    corners = np.asarray(mesh(axes).get_coordinates())
    x, y = corners[0, :, 0], corners[:, 0, 1]
    found = []
    for each in axes.collections:
        if isinstance(each, PolyCollection) and each.get_label() == word:
            assert each.get_hatch()
            found += [np.asarray(path.vertices)[:4].mean(axis=0) for path in each.get_paths()]
    cells = [(int(np.searchsorted(y, at[1])) - 1, int(np.searchsorted(x, at[0])) - 1) for at in found]
    assert len(cells) == len(set(cells))  # none twice
    return set(cells)


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def line(axes: Axes, label: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    (found,) = [each for each in axes.get_lines() if each.get_label() == label]
    return np.asarray(found.get_xdata(), dtype=np.float64), np.asarray(found.get_ydata(), dtype=np.float64)


def test_the_heat_map_is_the_mean_and_the_smaller_one_its_standard_error() -> None:
    data = grid()
    means, errors = panels(gr.plot(data))
    values = data["test_error"].where(data["status"] == "ok")
    np.testing.assert_allclose(shown(means), values.mean("seed").values, rtol=1e-12)
    counted = values.notnull().sum("seed").values
    spread = values.std("seed", ddof=1).values / np.sqrt(counted)
    np.testing.assert_allclose(shown(errors), np.where(counted > 1, spread, np.nan), rtol=1e-9)
    assert np.isnan(shown(means)[2, 3]) and np.isnan(shown(errors)[2, 3]) and np.isfinite(shown(errors)[1, 3])


def test_the_axes_are_spaced_as_their_values() -> None:
    means, errors = panels(gr.plot(grid()))
    for axes in (means, errors):
        assert axes.get_xscale() == "log" and axes.get_yscale() == "linear"
        edges = np.asarray(mesh(axes).get_coordinates())
        x, y = edges[0, :, 0], edges[:, 0, 1]
        np.testing.assert_allclose(np.sqrt(x[1:] * x[:-1]), LAMS)  # each value in the middle of its cell
        np.testing.assert_allclose((y[1:] + y[:-1]) / 2, SIGMAS)
        np.testing.assert_allclose([*axes.get_xlim(), *axes.get_ylim()], [x[0], x[-1], y[0], y[-1]])
    assert means.get_xlabel() == "lam: penalty weight" and means.get_ylabel() == "sigma_p: noise"


def test_values_that_fall_are_drawn_rising() -> None:
    data = grid()
    (means, _), (turned, _) = panels(gr.plot(data)), panels(gr.plot(data.isel(lam=slice(None, None, -1))))
    np.testing.assert_array_equal(shown(means), shown(turned))


def test_hatches_are_where_draws_have_no_value_and_nowhere_else() -> None:
    figure = gr.plot(grid())
    means = panels(figure)[0]
    assert hatched(means, "diverged") == {(2, 3), (1, 3)} and hatched(means, "failed") == {(0, 0)}
    assert not hatched(means, "undone")
    said = texts(figure)
    assert "diverged: 4 of 36 draws, in 2 of 12 cells" in said and "failed: 1 of 36 draws, in 1 of 12 cells" in said
    assert "undone" not in said


def test_a_hatch_is_white_on_dark_cells_and_black_on_light_ones() -> None:
    means = panels(gr.plot(grid()))[0]
    colours = looks.colours(looks.MEAN, shown(means))
    assert colours.dark(shown(means))[0, 0] and not colours.dark(shown(means))[1, 3]
    (failed,) = [each for each in means.collections if each.get_label() == "failed"]
    assert np.allclose(failed.get_edgecolor(), (1, 1, 1, 1))
    diverged = [each for each in means.collections if each.get_label() == "diverged"]
    assert all(np.allclose(each.get_edgecolor(), (0, 0, 0, 1)) for each in diverged)


def test_a_value_that_is_not_finite_is_never_averaged() -> None:
    data = grid()
    data["test_error"].values[0, 1, 0] = np.nan  # of several observables, one may have none where the run is ok
    figure = gr.plot(data)
    assert hatched(panels(figure)[0], "without a value") == {(0, 1)}
    assert "without a value: 1 of 36 draws" in texts(figure)


def test_of_several_observables_one_that_a_run_has_is_drawn_though_it_lacks_another() -> None:
    data = grid()
    data.attrs["observable"] = "test_error,loss"
    means = panels(gr.plot(data))[0]
    assert not hatched(means, "failed") and shown(means)[0, 0] == data["test_error"].values[0, 0].mean()
    assert hatched(means, "diverged") == {(2, 3), (1, 3)}


def test_a_hitting_time_that_is_not_reached_is_no_time() -> None:
    data = grid()
    data["test_error"].attrs["event"] = "first t with loss <= 0.1"
    data["test_error"].values[0, 1, :2] = -1.0
    figure = gr.plot(data)
    means = panels(figure)[0]
    assert hatched(means, "not reached") == {(0, 1)} and shown(means)[0, 1] == data["test_error"].values[0, 1, 2]
    assert "not reached: 2 of 36 draws" in texts(figure) and "test_error: first t with loss <= 0.1" in texts(figure)


def test_the_title_and_the_notes_say_what_was_run() -> None:
    said = " ".join(texts(gr.plot(grid())).split())
    assert "A paper pegr; 7 steps; mean of 3 seeds, 4 to 6" in said
    assert "Everywhere: n = 20, m = 10, d = 400, mu_norm = 1, neurons = mean." in said
    assert "test_error at step 7" in said
    longer = grid()
    longer["test_error"].attrs["long_name"] = "test error"
    assert "test error" in texts(gr.plot(longer))


@pytest.mark.parametrize("curve", ["lam = m/(sigma_p**2*d)", "sigma_p = sqrt(m/(lam*d))"])
def test_a_curve_s_points_satisfy_its_formula(curve: str) -> None:
    figure = gr.plot(grid(), curves=curve)
    axes = panels(figure)[0]
    lam, sigma_p = line(axes, curve)
    inside = np.isfinite(lam) & np.isfinite(sigma_p)
    np.testing.assert_allclose((lam * sigma_p**2)[inside], 10 / 400, rtol=1e-12)
    over, ends = (sigma_p, axes.get_ylim()) if curve.startswith("lam") else (lam, axes.get_xlim())
    assert inside.sum() > 300 and np.isclose(over.min(), max(ends[0], 0)) and np.isclose(over.max(), ends[1])
    assert np.isin(SIGMAS if curve.startswith("lam") else LAMS, over).all()
    assert curve in texts(figure) and not any(curve == each.get_label() for each in panels(figure)[1].get_lines())


def test_several_curves_differ_without_colour_and_one_outside_says_so() -> None:
    asked = ["lam = m/(sigma_p**2*d)", "sigma_p = 1", "lam = 10000*m"]
    axes = panels(figure := gr.plot(grid(), curves=asked))[0]
    drawn: list[Any] = axes.get_lines()
    looks_of = {str(each.get_label()): str(each._dash_pattern) for each in drawn}
    assert set(asked) <= set(looks_of) and len({looks_of[each] for each in asked}) == 3
    assert "lam = 10000*m, outside the picture" in texts(figure) and "sigma_p = 1, outside" not in texts(figure)
    assert axes.get_xlim()[1] < 100  # the picture is the grid's, whatever a curve does


def test_a_curve_has_a_gap_where_its_formula_has_no_value() -> None:
    lam, sigma_p = line(panels(gr.plot(grid(), curves="lam = sqrt(sigma_p - 1)"))[0], "lam = sqrt(sigma_p - 1)")
    assert np.isnan(lam[sigma_p < 1]).all() and np.isfinite(lam[sigma_p >= 1]).all()


def test_a_parameter_that_differs_by_cell_is_read_at_the_cells() -> None:
    data = grid().assign_coords(d=("sigma_p", np.array([100.0, 400.0, 900.0])))
    lam, sigma_p = line(panels(gr.plot(data, curves="lam = m/(sigma_p**2*d)"))[0], "lam = m/(sigma_p**2*d)")
    np.testing.assert_array_equal(sigma_p, SIGMAS)
    np.testing.assert_allclose(lam * sigma_p**2 * [100.0, 400.0, 900.0], 10)
    with pytest.raises(gr.InputError, match="d, which differs along sigma_p; write it without d"):
        gr.plot(data, curves="sigma_p = sqrt(m/(lam*d))")
    assert "By cell: d." in texts(gr.plot(data))
    joined = "Known at the grid's values alone, and joined between: lam = m/(sigma_p**2*d)."
    assert joined in " ".join(texts(gr.plot(data, curves="lam = m/(sigma_p**2*d)")).split())
    assert "joined" not in texts(gr.plot(grid(), curves="lam = m/(sigma_p**2*d)"))


def test_a_held_parameter_is_solved_for_between_the_cells() -> None:
    """Before, a curve that reads it had a point a cell, and was drawn straight between."""
    how: dict[str, Any] = {"steps": 1, "seeds": 1, "progress": False}
    held = gr.phase("pegr", x="d=400:1e6:3:log", y="lam=0.01:1:3:log", hold="sigma_p*d**0.25 + exp(-sigma_p)=10", **how)
    typed = gr.phase("pegr", {"sigma_p": "10/(1 + sqrt(n))"}, x="n=4:64:3", y="lam=0.01:1:3:log", **how)
    of_axis = gr.phase("pegr", x="SNR=0.01:1:3:log", hold="mu_norm: mu_norm/(sigma_p*sqrt(d)) = SNR", **how)
    drawn = [line(panels(gr.plot(held, curves="lam = sigma_p"))[0], "lam = sigma_p"),
             line(panels(gr.plot(typed, curves="lam = sigma_p"))[0], "lam = sigma_p"),
             line(gr.plot(of_axis, curves="test_error = mu_norm").axes[0], "test_error = mu_norm")]
    (d, sigma_p), (n, by_n), (snr, mu_norm) = drawn
    assert min(len(d), len(snr)) > 100 and len(n) > 60 and (n == np.round(n)).all()
    np.testing.assert_allclose(sigma_p * d**0.25 + np.exp(-sigma_p), 10)
    np.testing.assert_allclose(by_n * (1 + np.sqrt(n)), 10)
    np.testing.assert_allclose(mu_norm, snr * float(of_axis["sigma_p"]) * np.sqrt(float(of_axis["d"])))
    assert d[0] < 400 and d[-1] > 1e6  # from edge to edge
    other = held.assign_coords(sigma_p=2 * held["sigma_p"])  # what is no solution of the equation that is kept
    (few, _), said = line(panels(gr.plot(other, curves="lam = sigma_p"))[0], "lam = sigma_p"), "joined between"
    assert len(few) == 3 and said in texts(gr.plot(other, curves="lam = sigma_p"))


def test_a_steep_curve_that_has_no_point_in_the_picture_is_not_called_outside() -> None:
    data = grid().isel(sigma_p=0, lam=slice(0, 3))
    data["test_error"].values[:] = [[0.5, 0.500001, 0.5]] * 3
    steep = "test_error = 1e12*(lam - 0.3)"
    assert f"{steep}, outside" not in texts(gr.plot(data, curves=steep))
    beside = "test_error = 40 + lam"
    assert f"{beside}, outside the picture" in texts(gr.plot(data, curves=beside))


def test_a_parameter_that_is_the_same_in_all_cells_that_are_left_is_no_cell_s_own() -> None:
    data = grid().assign_coords(d=("sigma_p", np.array([100.0, 400.0, 900.0])))
    cut = texts(gr.plot(data.isel(sigma_p=[1])))
    assert "d = 400" in cut and "By cell" not in cut


@pytest.mark.parametrize("curve, said", [
    ("lam", "'lam'; expected NAME = formula, such as"), ("= m", "'= m'; expected NAME = formula"),
    ("m = lam", "'m', which is no axis of the picture; expected one of sigma_p, lam"),
    ("lmb = m", "'lmb', which is no axis of the picture; did you mean 'lam'?"),
    ("lam = lam*m", "has lam on both sides; solve it for lam"),
    ("lam = m/sigma", "'sigma', no parameter with a number; did you mean 'sigma_p'?"),
    ("lam = neurons", "'neurons', no parameter with a number"),
    ("lam = m^2", "uses ^; write ** for a power"), ("lam = m/", "is not a formula"),
    ("lam = sqrt(-m)", "has a value nowhere in the picture"),
])
def test_a_curve_that_cannot_be_is_refused(curve: str, said: str) -> None:
    with pytest.raises(gr.InputError) as caught:
        gr.plot(grid(), curves=["lam = 1", curve])
    assert str(caught.value).startswith("curve:") and said in str(caught.value)


def by_dimension() -> xarray.Dataset:
    """A real grid over d and n, across the edge of PEGR's condition at C = 0.03."""
    return gr.phase("pegr", {"m": 2, "eta": 0.01, "lam_until": 3}, x="d=100:1e6:6:log", y="n=2:40:5", steps=4, seeds=1,
                    progress=False)


def test_the_region_is_where_the_conditions_hold() -> None:
    data = by_dimension()
    figure = gr.plot(data, feasible=0.03)
    axes = panels(figure)[0]
    inside = hatched(axes, "conditions hold")
    for row, n in enumerate(data["n"].values):
        for column, d in enumerate(data["d"].values):
            given = {"m": 2, "eta": 0.01, "lam_until": 3, "n": int(n), "d": float(d)}
            table = gr.conditions("pegr", given, steps=4, constant=0.03)
            assert ((row, column) in inside) == bool(table.tables[0].holds), given
    assert 0 < len(inside) < 30 and f"Condition 3.1, C = 0.03: holds at {len(inside)} of 30 cells" in texts(figure)
    (edge,) = [each for each in axes.collections if isinstance(each, LineCollection)]
    assert edge.get_label() == "conditions"
    found = {tuple(np.round(np.asarray(each), 9).ravel()) for each in edge.get_segments()}
    corners = np.asarray(mesh(axes).get_coordinates())
    x, y = corners[0, :, 0], corners[:, 0, 1]
    wanted = set()
    for row in range(5):
        for column in range(6):
            if column and ((row, column) in inside) != ((row, column - 1) in inside):
                wanted.add(tuple(np.round([x[column], y[row], x[column], y[row + 1]], 9)))
            if row and ((row, column) in inside) != ((row - 1, column) in inside):
                wanted.add(tuple(np.round([x[column], y[row], x[column + 1], y[row]], 9)))
    assert found == wanted and {a == c for a, _, c, _ in wanted} == {True, False}  # upright ones and level ones


def test_a_region_of_all_or_none_of_the_cells_is_said_and_not_drawn() -> None:
    data = by_dimension()
    figure = gr.plot(data, feasible=1e3)
    assert "C = 1000: holds at none of 30 cells" in texts(figure)
    assert not hatched(panels(figure)[0], "conditions hold")
    axes = panels(gr.plot(data.isel(d=[2], n=[0, 1]), feasible=1e-9))[0]
    assert not hatched(axes, "conditions hold")


@pytest.mark.slow
def test_the_conditions_of_a_model_in_a_file_are_found_by_the_setting(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/models.md").read_text(encoding="utf-8")
    (tmp_path / "kou.py").write_text(page.split("```python\n")[1].split("```")[0])
    setting = f"{tmp_path / 'kou.py'}:model"
    data = gr.phase(setting, {"m": 2}, x="d=100:1600:3", y="n=4:40:4", steps=2, seeds=1, progress=False)
    figure = gr.plot(data, feasible=1, setting=setting)
    inside = hatched(panels(figure)[0], "conditions hold")
    d, n = np.meshgrid(data["d"].values, data["n"].values)
    benign = n * 10.0**4 >= d  # sigma_p = 1
    assert inside == {(int(row), int(column)) for row, column in np.argwhere((d >= n**2) & benign)}
    with pytest.raises(gr.InputError, match="setting: "):
        gr.plot(data, feasible=1)


@pytest.mark.usefixtures("plainly")
def test_a_clause_that_speaks_of_the_steps_takes_the_grid_s_and_is_undecided_without(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/models.md").read_text(encoding="utf-8")
    source = page.split("```python\n")[1].split("```")[0]
    (tmp_path / "kou.py").write_text(source.replace('left="d", relation=">=", right="n**2"', 'left="d", relation=">=", '
                                                    'right="100*T"'))
    setting = f"{tmp_path / 'kou.py'}:model"
    data = gr.phase(setting, {"m": 2}, x="d=100:1600:3", y="n=4:40:4", steps=3, seeds=1, progress=False)
    figure = gr.plot(data, feasible=1, setting=setting)
    assert {column for _, column in hatched(panels(figure)[0], "conditions hold")} == {1, 2}  # d = 850 and 1600
    del data.attrs["steps"]
    figure = gr.plot(data, feasible=1, setting=setting)
    assert "holds at none of 12 cells, undecided at 12" in texts(figure)
    assert not hatched(panels(figure)[0], "conditions hold")


def test_choices_stand_side_by_side_by_their_names() -> None:
    data = grid().assign_coords(lam=("lam", ["pegr", "fgr", "gnp", "none"], {"meaning": "penalty"}))
    axes = panels(gr.plot(data, curves="sigma_p = m/10"))[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["pegr", "fgr", "gnp", "none"]
    assert axes.get_xscale() == "linear" and hatched(axes, "failed") == {(0, 0)}
    x, y = line(axes, "sigma_p = m/10")
    assert x.tolist() == [0, 1, 2, 3] and y.tolist() == [1] * 4
    with pytest.raises(gr.InputError, match="lam, which has not several numbers here"):
        gr.plot(data, curves="lam = sigma_p")


def test_one_parameter_is_a_curve_with_a_band() -> None:
    data = grid().isel(sigma_p=1)
    figure = gr.plot(data, curves="lam = m/(sigma_p**2*d)")
    (axes,) = figure.axes
    x, y = line(axes, "test_error")
    values = data["test_error"].where(data["status"] == "ok")
    np.testing.assert_array_equal(x, LAMS)
    np.testing.assert_allclose(y, values.mean("seed"))
    error = (values.std("seed", ddof=1) / np.sqrt(values.notnull().sum("seed"))).values
    (band,) = [each for each in axes.collections if each.get_label() == "standard error"]
    corners = np.asarray(band.get_paths()[0].vertices)
    for at, mean, each in zip(LAMS, y, error, strict=True):
        ends = corners[np.isclose(corners[:, 0], at), 1]
        np.testing.assert_allclose([ends.min(), ends.max()], [mean - each, mean + each], rtol=1e-9)
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "lam: penalty weight"
    assert set(line(axes, "lam = m/(sigma_p**2*d)")[0]) == {10 / (SIGMAS[1] ** 2 * 400)}
    spans = [each for each in axes.patches if each.get_label() == "diverged"]
    assert len(spans) == 1 and spans[0].get_hatch()
    box = spans[0].get_extents().transformed(axes.transData.inverted())
    assert box.x0 < LAMS[3] < box.x1 and box.x0 > LAMS[2]


def test_over_one_axis_a_curve_may_give_the_observable() -> None:
    """A line over the axis that satisfies its formula; means keep a quarter of the height, whatever a curve does."""
    data = grid().isel(sigma_p=1)
    said, level, far = "test_error = 30*lam/(lam + sigma_p)", "test_error = n + m", "test_error = -1e6*n"
    figure = gr.plot(data, curves=[said, "lam = m/(sigma_p**2*d)", level, far])
    (axes,) = figure.axes
    lam, heights = line(axes, said)
    np.testing.assert_allclose(heights, 30 * lam / (lam + SIGMAS[1]), rtol=1e-12)
    assert len(lam) > 300 and np.isin(LAMS, lam).all() and np.allclose(line(axes, level)[1], 30.0)
    assert set(line(axes, "lam = m/(sigma_p**2*d)")[0]) == {10 / (SIGMAS[1] ** 2 * 400)}
    low, high = axes.get_ylim()
    mean = line(axes, "test_error")[1]
    assert high > mean.max() > 30 > low > -30 and np.ptp(mean) > (high - low) / 4
    assert f"{far}, outside the picture" in texts(figure) and f"{said}, outside" not in texts(figure)
    data = data.assign_coords(d=("lam", [1.0, 2.0, 3.0, 4.0]))  # what differs by cell is known there alone
    lam, heights = line(gr.plot(data, curves="test_error = d*10").axes[0], "test_error = d*10")
    np.testing.assert_array_equal(lam, LAMS)
    np.testing.assert_array_equal(heights, [10.0, 20.0, 30.0, 40.0])


def test_over_decades_a_curve_of_the_observable_widens_a_logarithmic_axis() -> None:
    data = grid().isel(sigma_p=0, lam=slice(0, 3)).isel(seed=slice(0, 2))
    data["status"].values[:] = "ok"
    data["test_error"].values[:] = [[0.2, 0.1], [1e-3, 1e-3], [6e-6, 5e-6]]
    said = "test_error = 1e-8/lam**2"
    plain, figure = gr.plot(data).axes[0], gr.plot(data, curves=said)
    (axes,) = figure.axes
    heights = line(axes, said)[1]
    assert axes.get_yscale() == "log" and axes.get_ylim()[1] == pytest.approx(plain.get_ylim()[1])
    assert axes.get_ylim()[0] == pytest.approx(heights.min()) and heights.min() < plain.get_ylim()[0]
    assert "outside" not in texts(figure)
    name = "class_error[k=1]"
    one = data.rename(test_error=name).drop_vars("test_error_se").assign_attrs(observable=name)
    assert f"{name} = lam" in texts(gr.plot(one, curves=f"{name} = lam"))


def test_over_choices_a_curve_of_the_observable_goes_from_one_to_the_next() -> None:
    data = grid().isel(lam=1).drop_vars("lam").assign_coords(sigma_p=["a", "b", "c"]).rename(sigma_p="choice")
    data.attrs.pop("y")
    data.attrs["x"] = "choice"
    places, heights = line(gr.plot(data, curves="test_error = m").axes[0], "test_error = m")
    np.testing.assert_array_equal(places, [0, 1, 2])
    np.testing.assert_array_equal(heights, 10.0)


@pytest.mark.parametrize("curve, said", [
    ("loss = lam", "'loss', which is no axis of the picture; expected one of lam, test_error"),
    ("test_error = test_error", "has test_error on both sides"), ("test_error = sqrt(-m)", "has a value nowhere"),
    ("test_error = neurons", "'neurons', no parameter with a number"),
])
def test_a_curve_of_the_observable_that_cannot_be_is_refused(curve: str, said: str) -> None:
    with pytest.raises(gr.InputError) as caught:
        gr.plot(grid().isel(sigma_p=1), curves=curve)
    assert str(caught.value).startswith("curve:") and said in str(caught.value)
    with pytest.raises(gr.InputError, match="'test_error', which is no axis of the picture"):
        gr.plot(grid(), curves="test_error = lam")


def test_over_decades_a_curve_is_the_mean_that_table_and_heat_map_have() -> None:
    """Before, it was the geometric one: 3e-5 where the table says 0.5."""
    data = grid().isel(sigma_p=0, lam=slice(0, 3)).isel(seed=slice(0, 2))
    data["status"].values[:] = "ok"
    data["test_error"].values[:] = [[1.0, 1e-2], [1e-3, 1e-5], [6e-6, 5e-6]]
    figure = gr.plot(data)
    (axes,) = figure.axes
    assert axes.get_yscale() == "log" and "mean of 2 seeds, 4, 5" in texts(figure) and "geometric" not in texts(figure)
    mean, error = data["test_error"].values.mean(1), data["test_error"].values.std(1, ddof=1) / np.sqrt(2)
    np.testing.assert_allclose(line(axes, "test_error")[1], mean)
    low, high = axes.get_ylim()
    assert mean.min() / 20 < low < (mean - error)[2] and high > (mean + error).max()
    (band,) = [each for each in axes.collections if each.get_label() == "standard error"]
    corners = np.asarray(band.get_paths()[0].vertices)
    for at, middle, each in zip(LAMS, mean, error, strict=False):
        ends = corners[np.isclose(corners[:, 0], at), 1]
        np.testing.assert_allclose([ends.min(), ends.max()], [max(middle - each, low), middle + each], rtol=1e-9)
    assert "to the bottom where" not in texts(figure)
    data["test_error"].values[1] = 3e-3, 0.0  # whose band is from 0 on
    figure = gr.plot(data)
    (axes,) = figure.axes
    assert axes.get_yscale() == "log" and "to either side; to the bottom where it reaches beyond" in texts(figure)
    data["test_error"].values[1] = 0.0  # has no logarithm
    assert gr.plot(data).axes[0].get_yscale() == "linear"


def test_a_curve_goes_to_the_ends_of_numbers() -> None:
    data = grid().isel(sigma_p=0, lam=slice(0, 3)).isel(seed=slice(0, 2))
    data["status"].values[:] = "ok"
    data["test_error"].values[:] = [[1e-300, 1e-301], [1.0, 2.0], [8e307, 8.1e307]]
    figure = gr.plot(data)
    figure.savefig("/dev/null", format="png")
    assert np.isfinite(figure.axes[0].get_ylim()).all()


def test_choices_on_one_axis_are_points_with_bars() -> None:
    """Before, none, pegr and fgr were joined by a line and a band, as if something lay between."""
    data = grid().isel(sigma_p=1).assign_coords(lam=("lam", ["pegr", "fgr", "gnp", "none"], {"meaning": "penalty"}))
    figure = gr.plot(data)
    (axes,) = figure.axes
    (points,) = [each for each in axes.get_lines() if each.get_label() == "test_error"]
    assert points.get_linestyle() == "None" and points.get_marker() == "o"
    assert "Bars: one standard error" in texts(figure)
    (bars,) = [each for each in axes.collections if isinstance(each, LineCollection)]
    values = data["test_error"].where(data["status"] == "ok")
    mean, error = values.mean("seed").values, values.std("seed", ddof=1).values / np.sqrt(values.notnull().sum("seed"))
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()],
                               np.stack([mean - error, mean + error], axis=1))


def test_a_part_of_a_grid_that_where_takes_is_drawn() -> None:
    """Before, `where` made `status` NaN among texts: a bare TypeError."""
    for data in (grid(), grid().isel(sigma_p=1)):
        figure = gr.plot(data.where(data["lam"] > 0.1))
        assert "diverged: " in texts(figure) and "failed" not in texts(figure) and "undone" not in texts(figure)
    means = panels(gr.plot(grid().where(grid()["lam"] > 0.1)))[0]
    assert np.isnan(shown(means)[:, :2]).all() and not hatched(means, "diverged") - {(2, 3), (1, 3)}


def test_over_decades_one_seed_is_itself_with_its_own_error() -> None:
    data = grid().isel(sigma_p=0, lam=slice(0, 3), seed=[0])
    data["test_error"].values[:] = [[1e-1], [1e-3], [1e-5]]
    figure = gr.plot(data)
    (axes,) = figure.axes
    assert axes.get_yscale() == "log" and "geometric" not in texts(figure) and "of one seed's fresh" in texts(figure)
    assert line(axes, "test_error")[1].tolist() == [1e-1, 1e-3, 1e-5]


def three() -> xarray.Dataset:
    parts = [grid().drop_vars("d").isel(seed=[0, 2]) for _ in range(5)]
    data = xarray.concat(parts, "d", coords="minimal", compat="override", combine_attrs="override")
    return data.assign_coords(d=("d", [100.0, 200.0, 400.0, 800.0, 1600.0], {"meaning": "dimension"}))


def test_three_parameters_have_a_panel_a_value() -> None:
    data = three()
    data["test_error"].values[3, 0, 1] = 7.0, 9.0
    data["status"].values[4, 0, 0] = "diverged"
    figure = gr.plot(data, curves="lam = m/(sigma_p**2*d)")
    found = panels(figure)
    assert len(found) == 10 and [axes.get_title() for axes in found[:5]] == [f"d = {d:g}" for d in data["d"].values]
    for at, axes in enumerate(found[:5]):
        lam, sigma_p = line(axes, "lam = m/(sigma_p**2*d)")
        np.testing.assert_allclose(lam * sigma_p**2 * data["d"].values[at], 10)
        assert ((0, 0) in hatched(axes, "diverged")) == (at == 4)
        assert mesh(axes).norm.vmax == mesh(found[0]).norm.vmax  # one scale of colours for all
    assert shown(found[3])[0, 1] == 8.0 and shown(found[8])[0, 1] == 1.0
    with pytest.raises(gr.InputError, match="'d', which is no axis of the picture"):
        gr.plot(data, curves="d = m/lam")


def test_more_panels_than_a_picture_has_room_for_are_refused() -> None:
    data = three().isel(d=[0]).drop_vars("d").squeeze("d").expand_dims(d=np.arange(1.0, 14.0))
    with pytest.raises(gr.InputError, match=r"grid: 13 values of d, a panel each; a picture has room for 12"):
        gr.plot(data)


def test_values_over_decades_have_colours_by_their_logarithm() -> None:
    data = grid()
    data["test_error"].values[:] = 10.0 ** np.arange(36).reshape(3, 4, 3)
    assert isinstance(mesh(panels(gr.plot(data))[0]).norm, LogNorm)
    assert not isinstance(mesh(panels(gr.plot(grid()))[0]).norm, LogNorm)
    data["test_error"].values[:] = 0.25
    assert len(panels(gr.plot(data))) == 2  # a constant has a colour too


@pytest.mark.parametrize(("value", "low"), [(0.0, 0.0), (0.25, 0.125), (-0.5, -0.75)])
def test_a_bar_goes_below_0_only_where_a_value_does(value: float, low: float) -> None:
    """Fails where zeros alone, as test errors and all standard errors may be, have a bar to below 0."""
    data = grid()
    data["test_error"].values[:] = value
    means, errors = (mesh(axes).get_clim() for axes in panels(gr.plot(data)))
    assert means[0] == low <= value < means[1] and errors[0] == 0.0 < errors[1]


def test_the_observable_is_the_first_or_the_one_asked_for() -> None:
    data = grid()
    data = data.assign(loss=(data["test_error"].dims, data["test_error"].values * 2, {"long_name": "training loss"}))
    np.testing.assert_array_equal(shown(panels(gr.plot(data))[0]), shown(panels(gr.plot(grid()))[0]))
    figure = gr.plot(data, observable="loss")
    np.testing.assert_array_equal(shown(panels(figure)[0]), 2 * shown(panels(gr.plot(grid()))[0]))
    assert "training loss" in texts(figure)
    with pytest.raises(gr.InputError, match="observable: 'los' is not in the grid; did you mean 'loss'"):
        gr.plot(data, observable="los")


def test_one_seed_s_error_is_its_own() -> None:
    figure = gr.plot(grid().isel(seed=[0]))
    errors = panels(figure)[1]
    assert np.nanmin(shown(errors)) == np.nanmax(shown(errors)) == 0.5 and "of one seed's fresh draws" in texts(figure)
    assert len(panels(gr.plot(grid().drop_vars("test_error_se").isel(seed=[0])))) == 1


def test_a_store_is_plotted_as_the_grid_is(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "x": "lam=0.01:1:3:log", "y": "sigma_p=0.5:2:2", "z": "regularizer=pegr,none", "observable": "test_loss,loss",
        "steps": 3, "seeds": 2, "progress": False, "store": tmp_path / "g.zarr",
    }
    data = gr.phase("pegr", {"m": 2, "n": 4}, **given)
    with xarray.open_zarr(tmp_path / "g.zarr") as kept:
        figures = gr.plot(data), gr.plot(kept)
    ours, theirs = (panels(figure) for figure in figures)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(shown(one), shown(other))
    assert texts(figures[0]) == texts(figures[1]) and "test_loss at step 3" in texts(figures[0])
    assert [axes.get_title() for axes in ours[:2]] == ["regularizer = pegr", "regularizer = none"]
    np.testing.assert_allclose(shown(ours[1]), data["test_loss"].sel(regularizer="none").mean("seed"), rtol=1e-12)


@pytest.mark.parametrize("other", [3, "grid.zarr", xarray.Dataset(), xarray.Dataset({"a": ("seed", [1.0])})])
def test_what_is_no_grid_is_refused(other: Any) -> None:
    with pytest.raises(gr.InputError, match=r"^grid: "):
        gr.plot(other)


def test_a_picture_is_written_whole(tmp_path: Path) -> None:
    gr.plot(grid(), out=tmp_path / "a.png")
    gr.plot(grid(), out=tmp_path / "a.pdf")
    picture = imread(tmp_path / "a.png")
    assert picture.shape[1] == 1350 and picture[..., :3].std() > 0.05
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.png"]
    for name, said in (("a.gif", "ends in .pdf, .png or .svg"), ("no/a.png", "no folder"), ("", "expected a path")):
        with pytest.raises(gr.InputError, match=rf"^out: .*{said}"):
            gr.plot(grid(), out=name)


def test_the_caption_has_the_law_of_what_differs_by_cell() -> None:
    data = gr.phase("pegr", {"lam": "1/d"}, x="d=100:400:3", hold="sigma_p*sqrt(d)=20", steps=1, seeds=1,
                    progress=False)
    assert "By cell: sigma_p solves sigma_p*sqrt(d) = 20; lam = 1/d." in " ".join(texts(gr.plot(data)).split())


def test_a_hitting_time_is_said_as_a_run_says_it() -> None:
    """Before, of an own model's event nothing stood after the colon."""
    asked: dict[str, Any] = {"steps": 1, "progress": False, "observable": "T_1_noise"}
    one = gr.run("pegr", n=8, steps=1)["T_1_noise"].attrs["event"]
    assert one.startswith("first t with max_rho_over >= 0.0") and one.endswith("; Proposition E.1")
    data = gr.phase("pegr", n=8, x="lam=0.1,0.2", **asked)
    assert data["T_1_noise"].attrs["event"] == one and f"T_1_noise: {one}" in " ".join(texts(gr.plot(data)).split())
    apart = gr.phase("pegr", x="n=4,8", **asked)["T_1_noise"].attrs["event"]
    assert apart == "first t with max_rho_over >= 1/(21*log(n)*sqrt(log(8*m*n/delta))); Proposition E.1"
    model = gr.derive("pegr").model
    event = dataclasses.replace(model.events[0], name="T_fit", observable="loss", relation="<=", threshold="0.05",
                                source="")
    own = dataclasses.replace(model, name="mine", events=(event,))
    with kernels_plainly():
        fit = gr.phase(own, n=8, x="lam=0.1,0.2", **{**asked, "observable": "T_fit"})
    assert "T_fit: first t with loss <= 0.05" in " ".join(texts(gr.plot(fit)).split())


@pytest.mark.parametrize("axis", ["n=7,8,9", "n=4:16:3:log", "n=20:29:4:log", "n=5,6"])
def test_ticks_of_whole_numbers_are_whole(axis: str, tmp_path: Path) -> None:
    for given in ({"x": axis}, {"x": "lam=0.1,0.2", "y": axis}):
        data = gr.phase("pegr", steps=1, seeds=1, progress=False, **given)  # type: ignore[arg-type]
        figure = gr.plot(data, out=tmp_path / "a.png")
        axes = figure.axes[0]
        low, high = axes.get_xlim() if len(given) == 1 else axes.get_ylim()
        ticks = [each for each in (axes.get_xticks() if len(given) == 1 else axes.get_yticks()) if low <= each <= high]
        assert ticks and all(each == round(each) for each in ticks)


def test_what_is_no_grid_says_what_is_missing() -> None:
    """Before, an empty axis was a ValueError, and a value twice or a stack of axes was drawn, unreadably."""
    held = grid()
    x, y = (str(held.attrs[name]) for name in ("x", "y"))
    first = held[x].values[0]
    cases: list[tuple[Any, str]] = [
        (held["test_error"], "expected the dataset that gr.phase returns"),
        (held.mean("seed").drop_attrs(), "nothing says what it is a mean of; expected the dataset that gr.phase"),
        (held.isel({x: []}), f"its axis {x} is empty; expected at least one value"),
        (held.isel(seed=[]), "its axis seed is empty"),
        (held.isel({x: [0, 0, 1]}), f"its axis {x} has {first:g} more than once"),
        (xarray.concat([held, held], "seed"), "its axis seed has 4 more than once"),
        (held.stack(both=(x, y)), f"its axis both is stacked of {x}, {y}; give grid.unstack('both')"),
        (xarray.concat([held, held], "copy"), "its axis copy has no values; give it some"),
    ]
    for changed, said in cases:
        with pytest.raises(gr.InputError) as refused:
            gr.plot(changed)
        assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_seed_that_was_picked_is_one_draw() -> None:
    """Before, it was refused: an index without brackets takes the axis away."""
    picked = gr.plot(grid().isel(seed=0))
    assert texts(picked) == texts(gr.plot(grid().isel(seed=[0])))
    said = " ".join(texts(picked).split())
    assert "7 steps; seed 4" in said and "A cell is one draw." in said and "diverged: 2 of 12 cells" in said
    means, errors = panels(picked)
    np.testing.assert_array_equal(shown(means), grid()["test_error"].values[..., 0])
    assert (shown(errors)[np.isfinite(shown(means))] == 0.5).all()
    assert "A cell is one draw" not in texts(gr.plot(grid()))


def test_a_mean_over_seeds_is_drawn_as_it_is_and_claims_nothing_of_draws() -> None:
    data = grid().mean("seed", keep_attrs=True)
    figure = gr.plot(data, curves="lam = m/(sigma_p**2*d)", feasible=10.0)
    (axes,) = panels(figure)  # the errors' mean is no mean's error
    np.testing.assert_array_equal(shown(axes), data["test_error"].values)
    said = " ".join(texts(figure).split())
    assert "pegr; 7 steps" in said and "of how many draws is not known" in said
    assert "seeds," not in said.split("A cell has")[0] and "Standard error" not in said and "one draw" not in said
    timed = data.assign(test_error=data["test_error"].assign_attrs(event="loss <= 0.1"))
    with pytest.raises(gr.InputError, match="test_error is a hitting time, -1 where it is not reached"):
        gr.plot(timed)


def test_a_cut_through_a_grid_is_a_curve() -> None:
    for data in (grid().sel(sigma_p=0.6, method="nearest"), grid().isel(seed=0).sel(sigma_p=0.6, method="nearest")):
        figure = gr.plot(data)
        np.testing.assert_allclose(line(figure.axes[0], "test_error")[0], LAMS)
        assert "sigma_p = 0.5" in texts(figure)


def test_a_map_and_its_errors_begin_and_end_in_line() -> None:
    """Before, each made room for the numbers beside its own colour bar, and one stood higher than the other."""
    data = grid()
    data["test_error"][:] = 0.1
    data["test_error"][0], data["test_error"][1, 0, 0] = 0.5, 0.3  # a number at the very end of one bar alone
    figure = gr.plot(data)
    with laid_out(figure):
        means, errors = (axes.get_window_extent().intervaly for axes in panels(figure))
    np.testing.assert_allclose(means, errors, rtol=1e-9)


def test_several_panels_say_what_all_of_their_parameters_are() -> None:
    """Before, the label across stood nowhere, and that of the panels neither; errors stood to the left of means."""
    figure = gr.plot(three().assign_attrs(z="d"))
    said = " ".join(texts(figure).split())
    assert "A panel a value of d: dimension." in said and "lam: penalty weight" in said and "sigma_p: noise" in said
    with laid_out(figure):
        places = [axes.get_position().intervalx.tolist() for axes in panels(figure)]
        assert places[:5] == places[5:]
        numbered = [any(each.get_visible() and each.get_text() for each in axes.get_xticklabels())
                    and axes.xaxis.get_tick_params()["labelbottom"] for axes in panels(figure)]
    assert numbered == [False, True, True, True, True] * 2  # the lowest of each column, the first of which has two


def test_a_meaning_that_a_label_has_no_room_for_is_in_the_caption() -> None:
    data = grid()
    long = "the weight of a penalty whose meaning takes far more than the two lines of a label to say"
    data["lam"].attrs["meaning"] = long
    assert f"lam: {long}." in " ".join(texts(gr.plot(data)).split())


def test_a_label_below_a_panel_is_as_wide_as_there_is_room() -> None:
    """Before, a line had 32 characters under a curve as wide as the page."""
    data = grid()
    data["lam"].attrs["meaning"] = "the weight of a penalty, in one line of some words"
    said = f"lam: {data['lam'].attrs['meaning']}"
    assert gr.plot(data.isel(sigma_p=0)).axes[0].get_xlabel() == said
    assert panels(gr.plot(data))[0].get_xlabel().replace("\n", " ") == said


def test_where_nothing_has_a_value_the_caption_says_of_what() -> None:
    """Before, the bar's label was gone with the bar, and nothing in the picture named the observable."""
    data = grid()
    timed = {"event": "loss <= 0.1", "meaning": "first step that reaches it"}
    data["test_error"] = xarray.full_like(data["test_error"], -1.0).assign_attrs(timed)
    data["stopped"] = xarray.full_like(data["test_error"], -1.0).drop_attrs()
    said = " ".join(texts(gr.plot(data.assign_attrs(until="loss <= 0.5"))).split())
    assert "Of test_error: loss <= 0.1." in said and "Of test_error" not in texts(gr.plot(grid()))
    assert "36 of 36 draws have no step with loss <= 0.5: they went on to step 7." in said


def test_an_axis_that_was_averaged_over_is_said() -> None:
    """Before, nothing in the picture of a mean over one of three parameters said so."""
    held = three().assign_attrs(z="d")
    said = "The grid was over d too, and no longer has the values."
    changed = (held.mean("d", keep_attrs=True), held.isel(d=0, drop=True), held.isel(d=0), held, held.rename(d="width"))
    flat = [texts(gr.plot(each)).replace("\n", " ") for each in changed]
    assert [said in each for each in flat] == [True, True, False, False, False]


def test_a_long_formula_on_an_axis_is_broken_after_an_operator() -> None:
    """Before, at the line's last character: "s" above "qrt(d))"."""
    held = grid()
    y = str(held.attrs["y"])
    held[y].attrs["meaning"] = "n*u_norm**2/(2*sigma_p**2*sqrt(d))"
    lines = panels(gr.plot(held))[0].get_ylabel().split("\n")
    assert len(lines) == 2 and lines[0].endswith("*") and "sqrt(d))" in lines[1] and not lines[1].startswith("*")
