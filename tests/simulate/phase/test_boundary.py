"""Boundaries: crossings found by halving, bands that cover, exponents with intervals, and real cells on both sides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gammarho as gr
from gammarho import grids
from simulate.errors import InputError
from simulate.phase import fill
from simulate.phase.boundary import Line, Scale, exponent, first_crossings, nearness
from simulate.phase.cell import outcomes
from simulate.phase.phase import phase
from simulate.phase.refine import refined
from tests.figures.test_grid import texts

LEVEL = 0.3


def sampled(function: Any, places: Sequence[float]) -> Line:
    return Line(np.array(places), np.array([function(place) for place in places]))


def test_halving_finds_a_crossing_to_the_tolerance_in_few_runs() -> None:
    def steep(place: float) -> Any:
        return np.array([np.tanh(500 * (place - at)) for at in (0.6181, 0.6182, 0.6183)])

    asked: list[float] = []

    def evaluate(requests: Any) -> Any:
        asked.extend(place for _, place in requests)
        return [(place, steep(place)) for _, place in requests]

    (line,) = refined([sampled(steep, [0.0, 0.25, 0.5, 0.75, 1.0])], LEVEL, 1e-4, evaluate)
    ((k, place),) = line.crossings(LEVEL)
    assert abs(place - 0.6182 - np.arctanh(LEVEL) / 500) < 1e-4 and line.places[k + 1] - line.places[k] <= 1e-4
    assert 12 <= len(asked) <= 40 and all(0.5 < each < 0.75 for each in asked)
    assert np.array_equal(np.sort(line.places), line.places)


def test_halving_stops_where_nothing_is_between_and_where_nothing_crosses() -> None:
    line = sampled(lambda place: np.array([place, place]), [0.0, 0.5, 1.0])
    assert refined([line], LEVEL, 1e-3, lambda requests: [None for _ in requests]) == [line]
    (whole,) = refined([line], LEVEL, 1e-3, lambda requests: [  # whole numbers: eighths alone
        (round(8 * place) / 8, np.full(2, round(8 * place) / 8)) for _, place in requests])
    assert set(whole.places) <= {k / 8 for k in range(9)} and 0.25 in whole.places and 0.375 in whole.places
    flat = sampled(lambda _: np.array([0.1, 0.2]), [0.0, 1.0])
    assert refined([flat], LEVEL, 1e-3, lambda _: pytest.fail("nothing is asked for")) == [flat]


def test_a_cell_without_a_number_is_of_neither_side() -> None:
    line = Line(np.array([0.0, 0.5, 1.0]), np.array([[0.0, 0.0], [0.0, np.nan], [1.0, 1.0]]))
    assert line.crossings(LEVEL) == []


def test_the_band_is_where_the_level_is_within_the_interval() -> None:
    """Of parallel lines, place + e of a seed, it is the crossing -+ t s/sqrt(S), exactly."""
    shifts = np.array([-0.02, 0.01, 0.04])
    line = sampled(lambda place: place + shifts, np.linspace(0, 1, 21).tolist())
    (at,) = line.crossings(LEVEL)
    half = 4.302652729911275 * shifts.std(ddof=1) / np.sqrt(3)
    assert at[1] == pytest.approx(LEVEL - 0.01) and line.band(LEVEL, at) == pytest.approx((at[1] - half, at[1] + half))
    falling = Line(line.places, 1 - line.values[::-1] * 1.0)
    assert falling.band(LEVEL, falling.crossings(LEVEL)[0]) == pytest.approx(
        tuple(place + (falling.crossings(LEVEL)[0][1] - at[1]) for place in line.band(LEVEL, at)), abs=1e-9)
    alone = Line(line.places, line.values[:, :1])
    assert np.isnan(alone.band(LEVEL, alone.crossings(LEVEL)[0])).all()
    loose = sampled(lambda place: place + 50 * shifts, [0.0, 0.5, 1.0])
    assert loose.band(-0.2 + 0.5 + 0.5, loose.crossings(0.8)[0]) == (0.0, 1.0)  # it ends with the line


def test_bands_cover_the_crossing_as_often_as_they_say() -> None:
    rng, inside = np.random.default_rng(0), 0
    for _ in range(600):
        seeds = rng.normal(0, 0.05, 5)
        line = sampled(lambda place, seeds=seeds: np.sin(1.4 * place) + seeds, np.linspace(0, 1, 40).tolist())
        (at,) = line.crossings(LEVEL)
        low, high = line.band(LEVEL, at)
        inside += low <= np.arcsin(LEVEL) / 1.4 <= high
    assert 0.925 <= inside / 600 <= 0.975


def _family(rng: np.random.Generator, seeds: int, slope: float) -> tuple[list[Line], Any]:
    """Eight lines on which the crossing is at log 0.5 x^slope, with noise of the seed and of the seed's point."""
    logs, places = np.linspace(0, 2, 8), np.linspace(-6, 4, 201)
    tilt, shift = rng.normal(0, 0.1, seeds), rng.normal(0, 0.2, seeds)
    lines = [Line(places, np.tanh(places[:, None] - (slope * log + tilt * log + shift + rng.normal(0, 0.05, seeds))))
             for log in logs]

    def positions(some: Any) -> Any:
        found = first_crossings(lines, 0.0, some)
        return logs[[at for at, _ in found]], np.array([place for _, place in found])

    return lines, positions


@pytest.mark.slow
def test_an_exponent_is_found_and_its_interval_covers() -> None:
    _, exact = _family(np.random.default_rng(0), 1, -0.5)
    rng, inside, slopes = np.random.default_rng(1), 0, []
    for _ in range(40):
        _, positions = _family(rng, 6, -0.5)
        found = exponent("y", "x", positions, 6, rng)
        assert found is not None and found.points == 8 and found.low <= found.slope <= found.high
        slopes.append(found.slope)
        inside += found.low <= -0.5 <= found.high
    assert inside >= 34 and abs(np.mean(slopes) + 0.5) < 0.03
    assert exponent("y", "x", lambda _: (np.arange(3.0), np.arange(3.0)), 2, rng) is None  # too few points
    assert exact(np.arange(1))[0].shape == (8,)


def test_places_of_an_axis_in_its_own_spacing() -> None:
    log, even = Scale(0.01, 100.0, True), Scale(-1.0, 3.0, False)
    assert log.place(1.0) == 0.5 and log.value(0.5) == pytest.approx(1.0)
    assert even.place(0.0) == 0.25 and even.value(0.25) == 0.0


# ---- grids -------------------------------------------------------------------------------------------------

AXES: dict[str, Any] = {"x": "lam=0.03:1:4:log", "y": "sigma_p=0.25:0.5:4:log"}


def grid(**changes: Any) -> xr.Dataset:
    given = {**AXES, "steps": 300, "seeds": 3, "progress": False, "boundary": "test_error=0.3", **changes}
    return phase("pegr", {"eta": 0.2}, **given)


def test_the_boundary_has_its_verdict_on_either_side() -> None:
    found = grid(refine=0.02)
    assert found.attrs["boundary"] == "test_error = 0.3" and found.sizes["boundary"] >= 4
    along = found["boundary_along"].values == "lam"
    rows = found["boundary_sigma_p"].values[along]
    assert set(np.unique(rows)) <= {*found["sigma_p"].values.tolist()} and along.sum() == 4
    step = (1 / 0.03) ** 0.02
    for lam, sigma_p in zip(found["boundary_lam"].values[along], rows, strict=True):
        sides = phase("pegr", {"eta": 0.2, "sigma_p": sigma_p}, x=("lam", [lam / step, lam * step]), steps=300, seeds=3,
                      progress=False)["test_error"].mean("seed").values
        assert sides[0] > 0.3 > sides[1]
    assert (found["boundary_lam_low"] <= found["boundary_lam"]).all()
    assert (found["boundary_lam"] <= found["boundary_lam_high"]).all()
    assert {"of", "over", "slope", "low", "high", "points"} <= {
        name.removeprefix("boundary_exponent_") for name in map(str, found.attrs)}
    assert found.drop_dims("boundary").equals(grid(boundary=None))
    again = grid(refine=0.02, workers=2)
    assert again.equals(found) and again.attrs == found.attrs


def test_a_store_keeps_the_runs_between_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, made, one = tmp_path / "g.zarr", list[int](), outcomes

    def counting(measure: Any, cells: Any, seeds: Any) -> Any:
        made.append(len(cells))
        return one(measure, cells, seeds)

    monkeypatch.setattr(fill, "outcomes", counting)
    wanted: dict[str, Any] = {"y": None, "x": "lam=0.03:1:4:log", "steps": 200, "refine": 0.05, "store": store}
    first = grid(**wanted)
    between = sum(made) - 4
    made.clear()
    assert grid(**wanted).equals(first) and made == [] and between >= 2
    kept = store / "boundary/runs.json"
    rows = json.loads(kept.read_text())
    assert len(rows) == 3 * between
    rows[0]["run"]["test_error"] += 0.01  # as a program that knows nothing of digests would edit it
    kept.write_text(json.dumps(rows))
    assert grid(**wanted).equals(first) and sum(made) == 1
    made.clear()
    grid(**{**wanted, "seeds": 4})
    assert kept.is_file() and {row["seed"] for row in json.loads(kept.read_text())} == {0, 1, 2, 3}
    assert xr.open_zarr(store).sizes["seed"] == 4


def test_without_a_tolerance_the_grid_alone_is_read() -> None:
    found = grid(y=None, x="lam=0.03:1:4:log")
    mean, lams = found["test_error"].mean("seed").values, np.log(found["lam"].values)
    (k,) = np.flatnonzero((mean[:-1] > 0.3) & (mean[1:] < 0.3))
    share = (mean[k] - 0.3) / (mean[k] - mean[k + 1])
    assert float(found["boundary_lam"].item()) == pytest.approx(np.exp(lams[k] + share * (lams[k + 1] - lams[k])))
    assert "boundary_exponent_slope" not in found.attrs and "boundary_tolerance" not in found.attrs


def test_a_level_that_is_nowhere_crossed() -> None:
    found = grid(boundary="test_error=0.9", steps=2)
    assert found.sizes["boundary"] == 0 and "boundary_exponent_slope" not in found.attrs


def test_two_values_of_a_log_axis_are_split_in_the_logarithm() -> None:
    """They were split evenly, and three of the same axis in the logarithm."""
    two, three = (grid(y=None, x=f"sigma_p=0.003:3:{n}:log", steps=200, refine=0.02) for n in (2, 3))
    found = two["boundary_sigma_p"].values
    assert found.size == 1 and found == pytest.approx(three["boundary_sigma_p"].values, rel=1e-9)


@pytest.mark.parametrize(("name", "until"), [("T_2_noise", None), ("stopped", {"max_rho_over": ">=2"})])
def test_a_hitting_time_that_is_not_reached_counts_as_the_step_after_the_last(name: str, until: Any) -> None:
    """So a boundary passes between cells that reach it and cells where nothing happens, which are not left out."""
    given: dict[str, Any] = {"y": None, "x": "sigma_p=0.3:3:5:log", "steps": 200, "observable": name, "until": until}
    found = grid(boundary=f"{name}=150", **given)
    times, places = found[name].values, np.log(found["sigma_p"].values)
    assert (times < 0).all(axis=1).any() and (times >= 0).all(axis=1).any()
    means = np.where(times < 0, 201, times).mean(axis=1)
    crossed = np.flatnonzero((means[:-1] >= 150) != (means[1:] >= 150))
    share = (means[crossed] - 150) / (means[crossed] - means[crossed + 1])
    wanted = np.exp(places[crossed] + share * (places[crossed + 1] - places[crossed]))
    assert crossed.size and found["boundary_sigma_p"].values == pytest.approx(wanted)
    assert found.attrs["boundary_never"] == 201 and found.attrs["boundary_unknown"] == 0
    for at in grid(boundary=f"{name}=150", refine=0.01, **given)["boundary_sigma_p"].values:
        step = 10**0.01
        beside = grid(boundary=None, **{**given, "x": ("sigma_p", [at / step, at * step])})[name].values
        assert np.diff(np.where(beside < 0, 201, beside).mean(axis=1) >= 150).all()
    assert "boundary_never" not in grid(steps=2, boundary="test_error=0.9").attrs


def test_a_boundary_over_whole_numbers_stops_at_neighbours() -> None:
    found = phase("pegr", {"eta": 0.2, "sigma_p": 0.5, "lam": 0.1}, x="n=4,40", steps=200, seeds=2, progress=False,
                  observable="loss", boundary="loss=0.5", refine=1e-3)
    (at,) = found["boundary_n"].values
    below = int(np.floor(at))
    beside = phase("pegr", {"eta": 0.2, "sigma_p": 0.5, "lam": 0.1}, x=("n", [below, below + 1]), steps=200, seeds=2,
                   progress=False, observable="loss")["loss"].mean("seed").values
    assert (beside[0] - 0.5) * (beside[1] - 0.5) < 0
    assert found.attrs["boundary_whole"] == "n"
    (said,) = [line for line in grids.as_text(found).splitlines() if "is crossed here" in line]
    assert "found to neighbouring whole numbers of n;" in said
    drawn = " ".join(texts(gr.plot(found)).split())  # its lines are broken
    assert "found to neighbouring whole numbers of n; bands" in drawn


def test_a_tolerance_that_whole_numbers_reach_is_said_as_it_is() -> None:
    found = phase("pegr", {"eta": 0.2, "sigma_p": 0.5, "lam": 0.1}, x="n=4,40", steps=200, seeds=2, progress=False,
                  observable="loss", boundary="loss=0.5", refine=0.2)
    assert "boundary_whole" not in found.attrs and found.attrs["boundary_tolerance"] == 0.2
    attrs = {"boundary_whole": "n"}
    assert nearness({}, ["n", "lam"], "to 1 %") == nearness(attrs, ["lam"], "to 1 %") == "to 1 %"
    assert nearness(attrs, ["n"], "to 1 %") == "to neighbouring whole numbers of n"
    assert nearness(attrs, ["lam", "n"], "to 1 %") == "to 1 %, to neighbouring whole numbers of n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"boundary": None, "refine": 0.01}, "refine: 0.01 without a boundary"),
        ({"boundary": None, "refine": -1}, "refine: -1; expected a finite number above 0"),  # judged first
        ({"boundary": None, "refine": 2}, "refine: 2; expected a share of an axis' span"),
        ({"boundary": "test_error"}, "boundary: 'test_error'; expected an observable and a level"),
        ({"boundary": "test_error=low"}, "boundary: 'test_error=low'; expected an observable and a level"),
        ({"boundary": "tst_error=0.1"}, "did you mean 'test_error'"),
        ({"boundary": "loss=0.1"}, "boundary: 'loss' is not an observable of this grid"),
        ({"boundary": "train_error=0.1"}, "of this grid, which observable= names; did you mean 'test_error'?"),
        ({"boundary": "T_1=3", "observable": "T_1"}, "boundary: 'T_1=3'; T_1 is a step, and 1 are run; give one"),
        ({"boundary": "T_1=0", "observable": "T_1"}, "boundary: 'T_1=0'; T_1 is a step"),
        ({"boundary": "T_1=1", "observable": "T_1", "until": {"loss": 0.1}}, "until ends runs before T_1 may be"),
        ({"refine": 0}, "refine: 0; expected"),
        ({"refine": 2}, "refine: 2; expected a share of an axis' span"),
        ({"x": "regularizer=none,pegr"}, "boundary: 'test_error=0.3' is followed over one or two axes of numbers, and "
         "the axis x is regularizer"),
        ({"z": "q=2,3"}, "axes of numbers, and there are three axes"),
        ({"x": ("lam", [0.1])}, "lam has one value"),
    ],
)
def test_bad_boundaries_are_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        grid(**{"steps": 1, "seeds": 1, **changes})
    assert said in str(caught.value) and "\n" not in str(caught.value)
