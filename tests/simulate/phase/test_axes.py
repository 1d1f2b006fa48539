"""Axes: one to three of them, choices, quantities that are held; several observables; ends that are null."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gammarho as gr
from simulate.errors import InputError
from simulate.phase.grid import GridAsked, checked
from simulate.phase.phase import phase
from simulate.run.run import run

SMALL: dict[str, Any] = {"n": 4, "m": 2, "eta": 0.2}
USUAL: dict[str, Any] = {"steps": 12, "seeds": 2, "progress": False}


def grid(params: dict[str, Any] | None = None, **changes: Any) -> xr.Dataset:
    return phase("pegr", {**SMALL, **(params or {})}, **{**USUAL, **changes})


def alone(observable: str = "test_error", seed: int = 1, **params: Any) -> float:
    found = run("pegr", {**SMALL, **params}, steps=12, seed=seed, sampling="gram", record=[12])
    return float(found[observable][-1] if found[observable].ndim else found[observable])


def test_one_axis_is_enough_for_a_curve(tmp_path: Path) -> None:
    for _ in range(2):  # filled, and read again
        found = grid({"d": 30}, x="lam=0.01,1", store=tmp_path / "g.zarr")
        assert found["test_error"].dims == found["status"].dims == ("lam", "seed")
        assert float(found["test_error"].sel(lam=1.0, seed=1)) == alone(d=30, lam=1.0)
    with xr.open_zarr(tmp_path / "g.zarr") as kept:
        assert kept["test_error"].dims == ("lam", "seed") and kept.attrs["x"] == "lam" and "y" not in kept.attrs


def test_three_axes_with_a_choice_among_them(tmp_path: Path) -> None:
    axes: dict[str, Any] = {"x": "lam=0.01:1:2:log", "y": "d=20,30", "z": "regularizer=none,fgr,pegr"}
    found = grid(**axes, store=tmp_path / "g.zarr")
    assert found["test_error"].dims == ("regularizer", "d", "lam", "seed")
    assert (found["status"] == "ok").all() and list(found["regularizer"].values) == ["none", "fgr", "pegr"]
    cell = found["test_error"].sel(regularizer="fgr", d=30, lam=1.0, seed=1)
    assert float(cell) == alone(d=30, lam=1.0, regularizer="fgr")

    with xr.open_zarr(tmp_path / "g.zarr") as kept:
        assert np.array_equal(kept["test_error"], found["test_error"]) and kept.attrs["z"] == "regularizer"


@pytest.mark.parametrize("hold", ["sigma_p*sqrt(d)=9", "sigma_p: sigma_p*sqrt(d) = 9", ["9 = sigma_p*d**0.5"]])
def test_an_equation_is_solved_in_every_cell(hold: Any, tmp_path: Path) -> None:
    found = grid(x="d=25:100:3", y="lam=0.01,1", hold=hold, store=tmp_path / "g.zarr")
    assert found["sigma_p"].dims == ("lam", "d")
    np.testing.assert_allclose(found["sigma_p"], np.broadcast_to(9 / np.sqrt(found["d"].values), (2, 3)), rtol=4e-16)
    assert float(found["test_error"].sel(d=100, lam=1.0, seed=1)) == alone(d=100, lam=1.0, sigma_p=0.9)
    assert "sigma_p solves " in found.attrs["notes"]
    with xr.open_zarr(tmp_path / "g.zarr") as kept:
        assert np.array_equal(kept["sigma_p"], found["sigma_p"])
    with pytest.raises(InputError, match=r"parameters\.sigma_p '.*9.*', and this one has"):
        grid(x="d=25:100:3", y="lam=0.01,1", hold="sigma_p*sqrt(d)=8", store=tmp_path / "g.zarr")


def test_an_axis_of_a_derived_quantity(tmp_path: Path) -> None:
    given: dict[str, Any] = {"x": "ratio=0.1:10:3:log", "hold": "lam: lam*sigma_p**2*d/m=ratio"}
    found = grid({"sigma_p": 0.5, "d": 64}, **given, store=tmp_path / "g.zarr")
    assert found["test_error"].dims == ("ratio", "seed") and found["lam"].dims == ("ratio",)
    np.testing.assert_allclose(found["lam"].values, np.array([0.1, 1.0, 10.0]) * 2 / 16, rtol=1e-15)
    assert float(found["test_error"].sel(ratio=10.0, seed=1)) == alone(d=64, lam=1.25)
    assert found["ratio"].attrs["long_name"] == "lam*sigma_p**2*d/m (ratio)"
    assert found["ratio"].attrs["spacing"] == "log"


def test_an_axis_of_a_quantity_of_the_conditions() -> None:
    given: dict[str, Any] = {"K": 3, "n": 9, "m": 3, "d": 30, "eta": 0.3, "sigma_p": 1.0}
    found = phase("heterogeneous", given, x=("spike", [2.0, 40.0]), hold="Gamma: spike", **USUAL)
    assert (found["status"] == "ok").all()
    gamma, rank = found["Gamma"].values, 27
    np.testing.assert_allclose(gamma + np.sqrt((gamma - 1) * (gamma + rank - 1)), [2.0, 40.0], rtol=1e-12)


def test_a_formula_among_the_parameters_is_computed_in_every_cell(tmp_path: Path) -> None:
    found = grid({"sigma_p": "9/sqrt(d)"}, x="d=25:100:3", store=tmp_path / "g.zarr")
    assert np.array_equal(found["sigma_p"].values, 9 / np.sqrt(found["d"].values))
    assert "sigma_p = 9/sqrt(d) at every cell" in found.attrs["notes"]
    assert float(found["test_error"].sel(d=100, seed=1)) == alone(d=100, sigma_p=0.9)
    with pytest.raises(InputError, match=r"parameters\.sigma_p '9/sqrt\(d\)', and this one has '8/sqrt\(d\)'"):
        grid({"sigma_p": "8/sqrt(d)"}, x="d=25:100:3", store=tmp_path / "g.zarr")


def test_several_observables_are_those_of_one_run_each(tmp_path: Path) -> None:
    names = ["test_error", "loss", "signal", "T_1_noise"]
    for _ in range(2):
        found = grid({"d": 30}, x="lam=0.01,1", observable=",".join(names), store=tmp_path / "g.zarr")
        assert set(found.data_vars) == {*names, "test_error_se", "status", "message"}
        for name in names:
            single = grid({"d": 30}, x="lam=0.01,1", observable=name)
            assert np.array_equal(found[name], single[name]) and found[name].attrs == single[name].attrs
    assert found.equals(grid({"d": 30}, x="lam=0.01,1", observable=names))


def test_what_one_observable_lacks_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"test_error": np.array([np.nan]), "test_error_se": np.array([np.nan])}
    monkeypatch.setattr("simulate.observe.fresh.fresh_statistics", lambda *_, **__: nothing)
    many = "simulate.observe.fresh_many.judge_many"
    monkeypatch.setattr(many, lambda *of: dict.fromkeys(nothing, np.full(len(of[3]), np.nan)))
    found = grid({"d": 30}, x="lam=0.01,1", observable="loss,test_error")
    assert (found["status"] == "diverged").all() and np.isnan(found["test_error"]).all()
    assert np.isfinite(found["loss"]).all() and "test_error is not finite" in str(found["message"].values[0, 0])


def test_requests_with_commas_in_brackets_are_told_apart() -> None:
    found = grid({"d": 30}, x="lam=0.01,1", observable="gamma[j=+1,r=0],loss")
    assert [*found.data_vars][:2] == ["gamma[j=+1,r=0]", "loss"]


def test_labels_of_axes_and_of_colours(tmp_path: Path) -> None:
    grid({"d": 30}, x="lam=0.01:1:3:log", y="sigma_p=0.2,0.4", store=tmp_path / "g.zarr", observable="test_error,T_1")
    with xr.open_zarr(tmp_path / "g.zarr") as kept:
        drawn = kept["test_error"].mean("seed", keep_attrs=True)
        assert drawn["lam"].attrs["long_name"] == "penalty weight (lam)" and drawn["lam"].attrs["units"] == "1"
        assert drawn.attrs["long_name"] == "test_error at step 12" and kept["T_1"].attrs["units"] == "steps"


def test_a_null_end_of_an_axis_is_legal(tmp_path: Path) -> None:
    found = grid({"d": 30}, x="mu_norm=0:2:3", y="sigma_p=0.2,0.4", store=tmp_path / "g.zarr")
    assert (found["status"] == "ok").all() and np.isfinite(found["test_error"]).all()
    null = found["test_error"].sel(mu_norm=0)
    assert np.array_equal(null, np.full((2, 2), 0.5))  # nothing tells the labels of fresh examples apart
    assert float(null.sel(sigma_p=0.4, seed=1)) == alone(d=30, mu_norm=0, sigma_p=0.4)


@pytest.mark.parametrize("sampling", ["vectors", "gram"])
def test_a_null_signal_has_no_direction_that_noise_is_off(sampling: str) -> None:
    """I - mu mu^+ is I at mu = 0: noise keeps all d coordinates, as fresh noise does (E|xi|^2 = d sigma^2)."""
    squares = [
        float(np.mean(np.diag(_gram(seed, sampling)[1:, 1:]))) for seed in range(60)
    ]
    mean, wide = np.mean(squares), np.std(squares) / np.sqrt(len(squares))
    assert abs(mean - 3.0) < 4 * wide and wide < 0.06  # off a direction it would be 2


def _gram(seed: int, sampling: str) -> Any:
    from derivations.papers.pegr.model import model
    from simulate.ask import parameters
    from simulate.run.problem import Problem

    problem = Problem(parameters.resolve(model, {"n": 40, "m": 1, "d": 3, "mu_norm": 0, "sigma_p": 1.0}))
    drawn = problem.start(seed, sampling).draw
    assert not drawn.gram[0].any() and not drawn.z[..., 0].any()
    return drawn.gram


def test_a_null_signal_agrees_with_training() -> None:
    for setting, name in (("pegr", "mu_norm"), ("heterogeneous", "u_norm")):
        params = {"n": 6, "m": 3, "d": 30, name: 0, **({"K": 3} if setting == "heterogeneous" else {})}
        assert gr.validate(setting, params, steps=20).verdict == "pass"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hold": "sigma_p*sqrt(d)=20"}, "leaves sigma_p, d open; say which is solved for, as in 'sigma_p: sigma_p*"),
        ({"hold": "lam: lam*d=2"}, "is to be solved for lam, which is the axis x; leave one of the two out"),
        ({"hold": "eta: eta*d=2"}, "is to be solved for eta, which is given as 0.2"),
        ({"hold": "m=2*n"}, "leaves no parameter open; leave m, which is given as"),
        ({"hold": "foo=2"}, "has foo, which is no parameter, no quantity of the conditions and no axis"),
        ({"hold": "bar: sigma_p=2"}, "is to be solved for 'bar', which is no number's name"),
        ({"hold": "sigma_p"}, "hold: 'sigma_p' says of sigma_p no value"),
        ({"hold": "sigma_p: sigma_p=-lam"}, "holds at no sigma_p in its range at lam = 0.01"),
        ({"hold": "sigma_p: (sigma_p - 1)**2=0.25"}, "holds at more than one sigma_p, near 0.316, 1"),
        ({"hold": "d: sigma_p**2*d=20.6"}, "holds at d = 82.4, which is no whole number at lam = 0.01"),
        ({"hold": ["sigma_p: sigma_p*d=2", "d: d=sigma_p"]}, "need each other's solutions"),
        ({"hold": 3}, "hold: 3; expected an equation and the parameter it is solved for"),
        ({"hold": "sigma_p: sigma_p*("}, "is not a formula"),
        ({"x": "ratio=1:2:2"}, "x: 'ratio' is not a parameter of pegr"),
        ({"z": "q=2,3"}, "z: 'q=2,3' without a y; give y first"),
        ({"x": "regularizer=none,fgrr"}, "regularizer: 'fgrr'; expected one of"),
        ({"x": "q=2,2"}, "x: q has the values"),
        ({"observable": "loss,loss"}, "'loss' is asked for twice"),
        ({"observable": "loss,"}, "observable: empty"),
        ({"observable": []}, "observable: "),
    ],
)
def test_bad_axes_and_equations_are_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        grid(**{"x": ("lam", [0.01, 1.0]), **changes})
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_held_values_for_the_other_verbs() -> None:
    found = gr.held("pegr", {"d": 1e6}, "sigma_p*sqrt(d)=20")
    assert found == {"d": 1e6, "sigma_p": 0.02}
    assert gr.held("pegr", {}, ["d: d=4*n**2", "sigma_p: sigma_p*sqrt(d)=20"]) == {"d": 1600.0, "sigma_p": 0.5}
    assert gr.held("pegr", {"sigma_p": 0.3}, "sigma_p*sqrt(d)=20")["d"] == 4444.0  # whole, to 1e-3


@pytest.mark.parametrize(
    ("given", "axes", "hold"),
    [
        ({"sigma_p": "20/sqrt(d)", "lam": "m/(sigma_p**2*d)"}, {"x": ("d", [100.0, 1e4]), "y": ("eta", [1, 2])}, None),
        ({}, {"x": ("d", [100.0, 1e4]), "y": ("lam", [0.1, 0.2])}, ["sigma_p: S=20"]),
        ({}, {"x": ("snr", [0.5, 1.0]), "y": ("d", [100.0, 400.0])}, ["sigma_p: mu_norm/(sigma_p*sqrt(d))=snr"]),
        ({"d": 400, "m": "n/2"}, {"x": ("n", [10, 20]), "y": ("eta", [0.1, 0.2])}, ["mu_norm: mu_norm=eta*n"]),
        ({"d": 400, "m": 4}, {"x": ("m_", [4.0, 8.0]), "y": ("eta", [0.1, 0.2])}, ["n: n=2*m_"]),
        ({"d": 400}, {"x": "regularizer=pegr,fgr", "y": ("sigma_p", [0.1, 0.2]), "z": ("lam", [0.0, 0.1])}, None),
    ],
)
def test_what_is_found_once_is_what_each_cell_has(given: dict[str, Any], axes: dict[str, Any], hold: Any) -> None:
    """Formulas of one axis and of several, equations, sizes among them: every cell as it is alone."""
    asked = GridAsked("pegr", given, {"y": None, "z": None, **axes}, hold, None, 3, "test_error", 2, 0, None)
    found = checked(asked, 1)
    points = found.layout.points()
    assert [cell.values for cell in found.cells] == [found.source.at(point).values for point in points]
    part = found.cells.part([len(points) - 1, 0])
    assert [cell.values for cell in part] == [found.source.at(points[at]).values for at in (-1, 0)]
