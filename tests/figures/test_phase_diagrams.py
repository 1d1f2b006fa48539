"""Phase diagrams by name: what is run is what is said, over the stated ranges, and the sentences are of the data."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from matplotlib.image import imread
from matplotlib.text import Text

import gammarho as gr
from figures import phase
from figures.phase import fomaml, heterogeneous, kou, pegr, stable_rank
from figures.phase.diagram import Diagram, Span
from figures.phase.said import counts_below, extremes
from gammarho import cli
from tests.helpers.slowly import rarely

EVERY = [(name, diagram) for name, found in phase.DIAGRAMS.items() for diagram in found]
IDS = [diagram.name for _, diagram in EVERY]


def tiny(diagram: Diagram) -> Diagram:
    """The same, at few steps and small sizes."""
    sizes: dict[str, Any] = {"n": 10, "m": 2, "M": 4, "n_tasks": 2}
    small = {name: size for name, size in sizes.items() if name in diagram.given}
    given = {**diagram.given, **small, **({"test_tasks": 8} if "n_tasks" in small else {})}
    return dataclasses.replace(diagram, steps=3, seeds=2, given=given)


@pytest.mark.slow
@pytest.mark.parametrize("name, diagram", EVERY, ids=IDS)
def test_a_diagram_is_written_with_all_that_makes_it_and_taken_up(name: str, diagram: Diagram, tmp_path: Path) -> None:
    small = tiny(diagram)
    paths = phase.write(name, small, tmp_path, 2)
    assert [path.name for path in paths] == [f"phase_{diagram.name}.{end}" for end in ("png", "pdf", "json", "tex")]
    record = json.loads(paths[2].read_text())
    assert record["command"] == f"gammarho figures phase {name} --cells 2 --out {tmp_path}"
    assert set(record["axes"]) >= {diagram.x.name, diagram.y.name, "seed"} and record["says"]
    assert record["grid"]["steps"] == 3
    first = paths[1].read_bytes()
    assert phase.write(name, small, tmp_path, 2)[1].read_bytes() == first  # from its stores


def test_the_ranges_are_the_stated_ones() -> None:
    (map_,) = kou.KOU
    np.testing.assert_allclose(map_.x.values(), np.arange(100) / 10, atol=1e-12)
    assert map_.y.values() == tuple(float(d) for d in range(100, 1091, 10))
    assert (map_.steps, map_.seeds) == (100, 10)
    assert dict(map_.given) | {"eta": 0.1, "flip_probability": 0.1, "n": 20, "m": 10} == dict(map_.given)
    named = {each.name: each for each in heterogeneous.HETEROGENEOUS}
    ends = {name: [(axis.name, axis.values()[0], axis.values()[-1], len(axis.values())) for axis in (each.x, each.y)]
            for name, each in named.items()}
    assert ends["heterogeneous_3a"] == ends["heterogeneous_3b"]
    strength, ratio = ends["heterogeneous_3a"]
    assert strength == ("u_norm", 0.001, 3.8, 20) and (ratio[0], ratio[1], ratio[3]) == ("Gamma", 1.0, 20)
    assert math.isclose(ratio[2], 1400)
    assert ends["heterogeneous_4a"] == [("u_norm", 0.01, 4.0, 20), ("n", 50.0, 1000.0, 20)]
    assert all(each.seeds == 5 for each in named.values())
    assert fomaml.FOMAML[0].y.values()[-1] == math.exp(100)
    assert [each.given["d"] for each in pegr.PEGR] == [400.0, 1e8]
    for each in pegr.PEGR:
        root = math.sqrt(float(str(each.given["d"])))
        np.testing.assert_allclose(np.array(each.y.values()[:: len(each.y.values()) - 1], dtype=float) * root, [2, 40])


def test_gaussian_noise_at_a_large_d_is_as_long_and_has_the_same_ratio() -> None:
    named = {each.name: each for each in heterogeneous.HETEROGENEOUS}
    lengths, ratios = [], []
    for each in (named["heterogeneous_3a"], named["heterogeneous_d1e7"]):
        given: dict[str, Any] = dict(each.given)
        lengths.append(given["sigma_p"] ** 2 * given["d"])
        ratios.append(np.array(each.x.values(), dtype=float) ** 4 / (given["sigma_p"] ** 4 * given["d"]))
    assert math.isclose(*lengths)
    np.testing.assert_allclose(*ratios)


def test_what_is_long_at_every_d_is_so() -> None:
    small = tiny(fomaml.FOMAML[0])
    data = small.run(cells=2)
    assert set(data["test_error"].dims) == {"d", "eta_inner", "method", "seed"}
    for d in data["d"].values:
        there = data.sel(d=d, eta_inner=60.0).sel({"method": "reptile"})
        assert math.isclose(there["sigma_xi"].item() * math.sqrt(d), 10)
        given = {**small.given, "d": d, "eta_inner": 60.0, "method": "reptile"}
        run = gr.run("fomaml", given, steps=3, seed=1, sampling="gram", record="3")
        assert run["test_error"].values[-1] == there["test_error"].sel(seed=1).item()


def lost(values: list[list[list[float]]]) -> xarray.Dataset:
    """Test errors by method, d and seed."""
    return xarray.Dataset(
        {name: (("method", "d", "seed"), values) for name in ("test_error", "test_loss")},
        coords={"method": ["a", "b"], "d": [1.0, 2.0], "seed": [0, 1]},
    )


def test_sentences_are_computed_from_what_is_shown() -> None:
    data = lost([[[0.1, 0.0], [0.0, 0.02]], [[0.5, 0.5], [0.0, np.nan]]])
    assert str(counts_below(data, "method", 0.04)) == (
        "Cells with a mean test error below 0.04 and no draw lost: a 1, b 0; of 2 each."
    )
    assert extremes(np.array([np.nan, 0.5])) == "0.5" and extremes(np.array([np.nan])) == "no value"
    found = fomaml.FOMAML[0].says(lost([[[0.5, 0.5], [0.1, 0.3]], [[0.4, 0.4], [0.0, 0.0]]]))
    assert "a 0.2; b 0; at the least d all methods 0.4 to 0.5" in str(found[0])
    assert "log 2 = 0.693: mean test losses of all cells are a 0.2 to 0.5; b 0 to 0.4." in str(found[1])
    ranks = xarray.Dataset(
        {stable_rank.OBSERVABLE: (("slope", "sigma_0", "seed"), np.arange(4.0).reshape(2, 2, 1))},
        coords={"slope": [0.0, 1.0], "sigma_0": [0.1, 0.2], "seed": [0]},
    )
    assert "ReLU (slope 0) 1 to 2, for the linear network 3 to 4; at the least sigma_0 1 to 3" in (
        str(stable_rank.STABLE_RANK[0].says(ranks)[0])
    )


def test_where_signs_alone_are_right_the_loss_is_said() -> None:
    """Fails where errors alone are: train-train's are 0 at d = e^100, at a loss of log 2, and contradict nothing."""
    (diagram,) = fomaml.FOMAML
    steps = dataclasses.replace(diagram, y=Span("d", math.exp(100), math.exp(100), 1, whole=True), steps=60, seeds=1,
                                x=Span("eta_inner", 20.0, 20.0, 1), given={**diagram.given, "n_tasks": 4, "m": 4})
    data = steps.run()
    assert set(data.data_vars) >= {"test_error", "test_loss"}
    texts = [each.get_text() for each in steps.draw(data).findobj(Text) if isinstance(each, Text)]
    said = " ".join("\n".join(texts).split())
    pooled = float(data["test_loss"].sel({"method": "train-train"}).squeeze())
    assert pooled == pytest.approx(math.log(2), abs=1e-3)
    assert f"mean test losses of all cells are train-train {pooled:.3g}; train-validation" in said
    assert "test_error at step" in said and "Theorems 4.4 and 4.5 are of the loss" in said


def test_what_an_axis_and_a_penalty_are_is_said() -> None:
    """n was of all classes beside a title of Figure 4, whose axis is of one; 1/2 was said to differ by cell."""
    named = {each.name: each for each in heterogeneous.HETEROGENEOUS}
    for name, sizes in (("heterogeneous_3a", False), ("heterogeneous_4a", True), ("heterogeneous_4b", True)):
        each = named[name]
        data = xarray.Dataset({"test_error": ((each.y.name, each.x.name, "seed"), np.zeros((2, 2, 2)))})
        assert any("5 |S_k|" in str(sentence) for sentence in each.says(data)) == sizes
    small = dataclasses.replace(tiny(pegr.PEGR[0]), steps=1)
    data = small.run(cells=2)
    halves = data["penalty_half"].isel(lam=0, sigma_p=0).to_series().to_dict()
    assert halves["pegr"] and not halves["fgr"]
    assert any("PEGR's penalty has the factor 1/2" in str(each) for each in small.says(data))


def test_the_benign_cells_are_counted() -> None:
    errors = np.array([[[0.5], [0.105], [0.1]], [[0.5], [0.3], [0.1]]])
    data = xarray.Dataset(
        {name: (("d", "mu_norm", "seed"), values) for name, values in
         {"test_error": errors, "train_error": 0 * errors}.items()},
        coords={"d": [1.0, 2.0], "mu_norm": [0.0, 1.0, 2.0], "seed": [0], "flip_probability": 0.1},
        attrs={"steps": 7},
    )
    said = str(kou.KOU[0].says(data)[0])
    assert "3 of 6 cells are within 0.01" in said
    assert "at the greatest mu_norm 0.1, at the least above 0 0.105 to 0.3" in said


def test_labels_that_are_not_fitted_are_said() -> None:
    """Before, the caption of overfitting did not say where training labels are not fitted when the runs end."""
    wrong = np.zeros((3, 4, 2))
    data = xarray.Dataset(
        {name: (("d", "mu_norm", "seed"), values) for name, values in
         {"test_error": 0.5 + wrong, "train_error": wrong}.items()},
        coords={"d": [100.0, 180.0, 300.0], "mu_norm": [0.0, 1.0, 3.2, 4.0], "seed": [0, 1], "flip_probability": 0.1},
        attrs={"steps": 7},
    )
    said = " ".join(map(str, kou.KOU[0].says(data)))
    assert "After 7 steps every training label is fitted." in said and "not fitted" not in said
    wrong[0, 2:, 0], wrong[1, 3] = 0.1, 0.02
    said = " ".join(map(str, kou.KOU[0].says(data)))
    assert "After 7 steps some training labels are not fitted in 3 cells, at d up to 180 and mu_norm from 3.2: " in said
    assert "up to 0.05 by a cell's mean, and 0.1 in one draw." in said and "every training" not in said


CURVED = dataclasses.replace(stable_rank.STABLE_RANK[0], curves=("sigma_0 = 0.001 + 0.01*slope",))


@pytest.mark.parametrize("diagram", [CURVED, rarely(kou.KOU[0])], ids=lambda diagram: diagram.name)
def test_a_diagram_s_picture_has_its_title_and_its_sentences(diagram: Diagram) -> None:
    small = tiny(diagram)
    data = small.run(cells=3)
    figure = small.draw(data)
    said = "\n".join(each.get_text() for each in figure.findobj(Text) if isinstance(each, Text))
    assert small.shows in said and small.curves[0] in said and "3 steps; mean of 2 seeds" in said
    assert small.says(data)
    for sentence in small.says(data):
        assert " ".join(str(sentence).split()) in " ".join(said.split())


def test_a_smaller_diagram_has_ends_and_stores_of_its_own(tmp_path: Path) -> None:
    assert Span("a", 1, 100, 50, log=True).values(3) == pytest.approx((1, 10, 100))
    assert Span("a", 1, 4, 20, whole=True).values() == (1, 2, 3, 4)
    assert len(Span("a", 0, 1, 5).values(9)) == 5
    small = tiny(stable_rank.STABLE_RANK[0])
    small.run(tmp_path, 2)
    small.run(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["phase_stable_rank_2.zarr", "phase_stable_rank_3.zarr"]


def test_a_diagram_is_printed_as_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, --width and --no-caption changed the .tex alone: the picture had its own width and its caption."""
    monkeypatch.setitem(phase.DIAGRAMS, "stable_rank", (tiny(stable_rank.STABLE_RANK[0]),))
    asked = ["figures", "phase", "stable_rank", "--cells", "2", "--format", "png"]
    heights = {}
    for name, words in {"plain": [], "bare": ["--no-caption"], "narrow": ["--width", "4.5in"]}.items():
        assert cli.main([*asked, *words, "--out", str(tmp_path / name)]) == 0
        heights[name], width, _ = imread(tmp_path / name / "phase_stable_rank.png").shape
        assert width == (900 if name == "narrow" else 1350)
    assert heights["bare"] < heights["plain"] - 40
    assert "width=4.5in" in (tmp_path / "narrow" / "phase_stable_rank.tex").read_text()
    for name, least in (("stable_rank", "3"), ("pegr", "4.3")):
        capsys.readouterr()
        assert cli.main(["figures", "phase", name, "--width", "2in", "--out", str(tmp_path / "no")]) == 2
        said = capsys.readouterr().err
        assert f"expected at least {least}" in said and said.count("\n") == 1  # before any is run
    assert not list(tmp_path.glob("no/*"))


def test_figures_phase_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(phase.DIAGRAMS, "stable_rank", (tiny(stable_rank.STABLE_RANK[0]),))
    assert cli.main(["figures", "phase", "stable_rank", "--cells", "2", "--out", str(tmp_path)]) == 0
    assert f"wrote {tmp_path / 'phase_stable_rank.png'}" in capsys.readouterr().out
    for words, said in (
        (["phase", "stable"], "figure: 'stable' is not one of phase's; did you mean 'stable_rank'?"),
        (["phase", "kou", "--cells", "1"], "cells: '1'; expected a whole number of at least 2"),
        (["pegr", "phase", "--cells", "4"], "cells: '4' is for phase diagrams"),
        (["phas"], "paper: 'phas'; did you mean 'phase'?"),
    ):
        assert cli.main(["figures", *words, "--out", str(tmp_path)]) == 2
        assert said in capsys.readouterr().err
