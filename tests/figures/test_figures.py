"""PEGR's figures: what is drawn is what was run, labelled, with what is not printed and what is no result marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import TickedStroke
from matplotlib.text import Text

from figures import pegr, style
from figures.pegr import curves
from figures.pegr import phase as phases
from figures.pegr.runs import PAPER, READINGS, REGULARIZERS, Experiment, keys, trajectories
from simulate.run.run import run
from tests.helpers.slowly import where

TINY = Experiment(seeds=2, steps=60, closed=30, sigma_ps=(0.5, 1.5), n=4, m=2, d=30, every=10, test_every=20)
GRID = phases.PhaseGrid(lams=(0.01, 0.1, 1.0, 20.0), sigma_ps=(0.3, 1.0, 2.0), seeds=2, steps=160, closed=120)
WRITTEN = ("coefficients",)  # the others are among the slow tests
CURVES = {"training_loss": "loss", "signal": "signal", "noise": "noise", "test_accuracy": "test_error"}


def panels(figure: Figure) -> list[list[Axes]]:
    """The panels, readings by penalties."""
    axes = [each for part in figure.subfigs for each in part.axes]
    assert len(axes) == 9
    return [axes[3 * row : 3 * row + 3] for row in range(3)]


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def drawn(axes: Axes, label: str) -> Line2D:
    (line,) = [line for line in axes.get_lines() if line.get_label() == label]
    return line


def ran(name: str, params: dict[str, Any], t: list[int]) -> np.ndarray[Any, Any]:
    """(seeds, T), by the front door."""
    data = run("pegr", params, steps=TINY.steps, seeds=TINY.seeds, record=t, observables=[name])
    return np.asarray(data[name].values)


@pytest.mark.parametrize("name", CURVES)
def test_the_curves_are_the_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    figure: Figure = getattr(curves, name)(TINY)
    assert list(tmp_path.iterdir()) == []  # a figure function writes nothing
    for at, row in enumerate(panels(figure)):
        for column, axes in enumerate(row):
            which = (at + column) % 2  # one curve a panel
            sigma_p = TINY.sigma_ps[which]
            line = drawn(axes, rf"$\sigma_p={sigma_p:g}$")
            t = [int(step) for step in np.asarray(line.get_xdata())]
            assert t[0] == 0 and t[-1] == TINY.steps and TINY.closed in t
            values = ran(CURVES[name], READINGS[at].parameters(REGULARIZERS[column], sigma_p, TINY), t)
            values = 1 - values if name == "test_accuracy" else values
            middle = np.exp(np.log(values).mean(axis=0)) if axes.get_yscale() == "log" else values.mean(axis=0)
            assert (axes.get_yscale() == "log") == (name == "training_loss")
            assert np.array_equal(np.asarray(line.get_ydata()), middle)
            band = axes.collections[which]
            assert isinstance(band, PolyCollection)
            corners = np.asarray(band.get_paths()[0].vertices)
            for step, each in zip(t, values.T, strict=True):
                ends = corners[corners[:, 0] == step, 1]
                assert ends.min() == each.min() and ends.max() == each.max()


def at_the_middle(axes: Axes, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The values (seeds, T) whose places on a symmetric logarithmic axis are the means of those of the draws."""
    assert axes.get_yscale() == "symlog"
    to = axes.yaxis.get_transform()
    places = np.asarray(to.transform(values.ravel())).reshape(values.shape)
    return np.asarray(to.inverted().transform(places.mean(axis=0)))


def test_the_coefficients_are_the_runs() -> None:
    figure = curves.coefficients(TINY, sigma_p=1.5)
    for row, reading in zip(panels(figure), READINGS, strict=True):
        for axes, regularizer in zip(row[:2], REGULARIZERS[:2], strict=True):
            params = reading.parameters(regularizer, 1.5, TINY)
            t = [int(step) for step in np.asarray(drawn(axes, curves.COEFFICIENTS["max_gamma"]).get_xdata())]
            found = {name: ran(name, params, t) for name in ("gamma", "rho_over", "rho_under")}
            wanted = {
                "max_gamma": found["gamma"].max(axis=(2, 3)), "max_rho_over": found["rho_over"].max(axis=(2, 3, 4)),
                "min_rho_under": found["rho_under"].min(axis=(2, 3, 4)),
            }
            for name, values in wanted.items():
                shown = np.asarray(drawn(axes, curves.COEFFICIENTS[name]).get_ydata())
                assert np.array_equal(shown, at_the_middle(axes, values))


@pytest.mark.parametrize("name", [*CURVES, "coefficients"])
def test_every_panel_says_what_it_is(name: str) -> None:
    figure = curves.coefficients(TINY, 0.5) if name == "coefficients" else getattr(curves, name)(TINY)
    for row, reading in zip(panels(figure), READINGS, strict=True):
        assert [axes.get_title().strip() for axes in row] == ["PEGR", "FGR", "standard"]
        assert row[0].get_ylabel() and any(reading.says in text.get_text() for text in row[0].texts)
        for axes, regularizer in zip(row, REGULARIZERS, strict=True):
            closed = [line for line in axes.get_lines() if np.array_equal(np.asarray(line.get_xdata()), [30, 30])]
            assert len(closed) == (regularizer != "none")
    assert [axes.get_xlabel() for axes in panels(figure)[2]] == ["epoch"] * 3
    said = " ".join(texts(figure).split())  # a caption is folded to its page
    drew = ("least to greatest of 2 draws", "thin: each draw")
    for part in (*drew, "penalty closed, 30", 'Only "As printed" is what the paper prints', "$n=4$"):
        assert part in said
    assert r"$\sigma_p=0.1$" not in said and "Our choices: FGR is closed with PEGR" in said
    legend = [text.get_text() for part in figure.subfigs for one in part.legends for text in one.get_texts()]
    named = curves.COEFFICIENTS.values() if name == "coefficients" else [rf"$\sigma_p={s:g}$" for s in TINY.sigma_ps]
    assert legend[: len(list(named))] == list(named)


@pytest.mark.parametrize("sigma_p", [0.1, 0.5])
def test_a_choice_is_told_where_it_is_drawn(sigma_p: float) -> None:
    """The paper gives no sigma_0 for sigma_p = 0.1; the coefficients, of one other sigma_p, had said so too."""
    shown = trajectories(replace(TINY, sigma_ps=(sigma_p,), steps=20, closed=10))
    said = " ".join(map(str, curves.sentences(TINY, shown, ("loss",))))
    assert (r"Our choices: $\sigma_0=0.01$ for $\sigma_p=0.1$; FGR" in said) == (sigma_p == 0.1)


def test_the_readings_are_what_they_say() -> None:
    found = dict(keys(PAPER))
    assert len(found) == 36
    for sigma_p, sigma_0, lam in ((0.1, 0.01, 0.2), (0.5, 0.01, 0.2), (1.0, 0.01, 0.05), (1.5, 0.001, 1 / 45)):
        printed = found["As printed", "pegr", sigma_p]
        assert printed == {
            "n": 20, "m": 10, "d": 400, "mu_norm": 1.0, "sigma_p": sigma_p, "sigma_0": sigma_0, "eta": 0.02,
            "neurons": "mean", "regularizer": "pegr", "penalty_half": True, "lam": 0.01, "lam_until": 800,
        }
        assert found["Sum of filters", "pegr", sigma_p] == {**printed, "neurons": "sum", "penalty_half": False}
        assert found["Larger steps", "pegr", sigma_p] == {**printed, "eta": 0.2, "lam": pytest.approx(lam)}
        for key in ("As printed", "Sum of filters", "Larger steps"):
            fgr, standard = found[key, "fgr", sigma_p], found[key, "none", sigma_p]
            assert not fgr["penalty_half"] and fgr["lam"] == found[key, "pegr", sigma_p]["lam"]
            assert standard["lam"] == 0 and standard["lam_until"] is None and standard["eta"] == fgr["eta"]


ROUNDED = Experiment(seeds=1, sigma_ps=(0.5, 1.5), every=50, test_every=250)


def strokes(axes: Axes) -> list[Line2D]:
    """The hatched curves of a panel."""
    return [line for line in axes.get_lines() if any(isinstance(e, TickedStroke) for e in line.get_path_effects())]


def hatched(figure: Figure) -> list[tuple[int, int]]:
    """(row, column) of the panels with a hatched curve."""
    return [(row, column) for row, line in enumerate(panels(figure)) for column, axes in enumerate(line)
            if strokes(axes)]


def test_what_rounding_decides_is_hatched() -> None:
    """With larger steps at sigma_p = 1.5 PEGR's noise decays far below rounding; what grows back later is no result."""
    measured = trajectories(ROUNDED)
    for key, found in measured.items():
        assert found.lost["noise"].any() == (key == ("Larger steps", "pegr", 1.5)), key
    found = measured["Larger steps", "pegr", 1.5]
    assert found.t[found.lost["noise"][0]].min() > 800
    for name in ("noise", "training_loss"):
        figure = getattr(curves, name)(ROUNDED)
        assert hatched(figure) == [(2, 0)]
        axes, which = panels(figure)[2][0], "loss" if name == "training_loss" else name
        assert any(text.get_text() == r"$\sigma_p=1.5$: no result" for text in axes.texts)
        (stroke,) = strokes(axes)  # of the one curve, where it is lost, and on the curve itself
        at, flags = stroke.get_xydata(), found.lost[which][0]
        lost = np.stack([found.t[flags], found.by_name[which].mean(axis=0)[flags]], axis=1)
        assert np.allclose(at, lost, rtol=1e-12, atol=0)  # one draw, its own mean on any axis
        assert not any(isinstance(patch, Rectangle) and patch.get_hatch() for patch in axes.patches)
        assert "Hatched" in texts(figure)
    for figure in (curves.test_accuracy(ROUNDED), curves.coefficients(ROUNDED, 0.5)):  # what it does not change
        assert hatched(figure) == [] and "Hatched" not in texts(figure)


def test_every_draw_is_drawn_thin() -> None:
    figure = curves.noise(TINY)
    for at, row in enumerate(panels(figure)):
        for column, axes in enumerate(row):
            found = trajectories(TINY)[READINGS[at].key, REGULARIZERS[column], 1.5].by_name["noise"]
            thin = [np.asarray(line.get_ydata()) for line in axes.get_lines() if line.get_linewidth() == curves.THIN]
            assert all(any(np.array_equal(line, one) for line in thin) for one in found)


@pytest.mark.slow
def test_one_draw_of_five_memorises_where_the_readme_says_so() -> None:
    measured = trajectories(replace(PAPER, every=500))
    for sigma_p in PAPER.sigma_ps:
        ends = measured["Sum of filters", "pegr", sigma_p].by_name["noise"][:, -1]
        plain = measured["Sum of filters", "none", sigma_p].by_name["noise"][:, -1]
        assert (ends > plain.min() / 2).sum() == (1 if sigma_p >= 1 else 0 if sigma_p == 0.5 else 5)


@pytest.mark.slow
def test_float64_weights_disagree_where_the_figure_is_hatched_and_nowhere_else() -> None:
    measured = trajectories(ROUNDED)
    for sigma_p in ROUNDED.sigma_ps:
        found = measured["Larger steps", "pegr", sigma_p]
        params, t = READINGS[2].parameters("pegr", sigma_p, ROUNDED), [int(step) for step in found.t]
        weights = run("pegr", params, steps=1500, engine="weights", record=t, observables=["noise"])["noise"].values
        differs = np.abs(weights - found.by_name["noise"][0]) > 0.01
        assert differs.any() == (sigma_p == 1.5)
        assert np.all(found.lost["noise"][0] >= differs)


def test_the_phase_diagram_is_the_grid() -> None:
    data = GRID.run()
    figure = phases.phase(GRID, data)
    (axes, bar) = [each for part in figure.subfigs for each in part.axes]
    assert axes.get_xlabel() == r"$\lambda$" and axes.get_ylabel() == r"$\sigma_p$" and bar.get_ylabel() == "test error"
    (mesh,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
    shown: np.ndarray[Any, Any] = np.ma.getdata(np.ma.asarray(mesh.get_array()))
    ok = (data["status"] == "ok").all("seed").values
    assert 0 < ok.sum() < ok.size and np.array_equal(shown[ok], data["test_error"].mean("seed").values[ok])
    assert np.isnan(shown[~ok]).all()
    (crossed,) = [each for each in axes.collections if isinstance(each, PolyCollection) and each.get_hatch()]
    assert len(crossed.get_paths()) == (~ok).sum()  # every cell without a result, and no other
    lam, sigma_p = (np.asarray(part) for part in drawn(axes, r"predicted, $\lambda=m/(\sigma_p^2(d-1))$").get_data())
    np.testing.assert_allclose(lam * sigma_p**2 * (GRID.d - 1), GRID.m)
    lam, sigma_p = (np.asarray(part) for part in drawn(axes, "signal outgrows noise (linear stage)").get_data())
    power = sigma_p**2 * (GRID.d - 1)
    kept = np.isfinite(lam)
    left, right = GRID.n / (2 * power) * (1 - lam / GRID.m), 1 - lam * power / GRID.m
    np.testing.assert_allclose(left[kept], right[kept], atol=1e-9)
    assert set(np.asarray(drawn(axes, r"upper limit, $\lambda=m/\|\mu\|^2$").get_xdata())) == {10.0}
    assert "diverged, any of 2 draws" in texts(figure) and "the paper prints 0.02" in texts(figure)


def test_cells_meet_halfway_on_a_logarithmic_axis() -> None:
    assert np.allclose(phases._edges(np.array([0.01, 1.0, 100.0])), [0.001, 0.1, 10.0, 1000.0])


@pytest.mark.parametrize("name", where(WRITTEN.__contains__, pegr.FIGURES))
def test_a_figure_is_written_with_all_that_makes_it(name: str, tmp_path: Path) -> None:
    write: Any = pegr.FIGURES[name]
    tiny: Any = GRID if name == "phase" else Experiment(**{**vars(TINY), "sigma_ps": (0.5, 1.0)})
    paths = write(tmp_path / "out", tiny)
    assert [path.name for path in paths] == [f"{name}.{ending}" for ending in ("png", "pdf", "json", "tex")]
    picture = imread(paths[0])
    assert picture.shape[1] == (1000 if name == "phase" else 1350) and picture[..., :3].std() > 0.05
    first = paths[1].read_bytes()
    assert first.startswith(b"%PDF")
    if name in ("signal", "phase"):  # twice the same file; the phase diagram's from the grid in the store
        assert write(tmp_path / "out", tiny)[1].read_bytes() == first
    record = json.loads(paths[2].read_text())
    assert record["command"] == f"gammarho figures pegr {name} --out {tmp_path / 'out'}"
    if name == "phase":
        assert (tmp_path / "out" / "phase.zarr").is_dir() and record["grid"]["parameters"]["eta"] == 0.2
        assert record["grid"]["x"]["lam"] == list(GRID.lams) and record["grid"]["seeds"] == [0, 1]
    else:
        assert record["experiment"]["seeds"] == [0, 1] and len(record["runs"]) == 18
        assert record["runs"][0]["parameters"] == READINGS[0].parameters("pegr", 0.5, tiny)


def test_curves_differ_without_colour() -> None:
    for part in ("color", "dashes", "marker"):
        assert len({str(getattr(line, part)) for line in style.LINES}) == len(style.LINES) >= len(PAPER.sigma_ps)


def test_style_leaves_matplotlib_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    curves.signal(TINY)
    assert dict(matplotlib.rcParams) == before
