"""Which variant advances a state: by its directions and filters alone, the same in a run, a grid and a forecast."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Activation, Parameter
from derivations.kernel.lanes.fits import marks, tabled
from derivations.papers.heterogeneous.model import model as heterogeneous
from dynamics.kernel import variants
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import GENERATED
from dynamics.kernel.variants import CLASSES_UPTO, ENTRIES_UPTO, LANES_UPTO, MARKED_UPTO, TABLED_UPTO, lanes_take
from simulate.run import seconds
from simulate.run.kernels import kernel_for
from tests.simulate.run.test_estimates import request

RELU, LEAKY, SMOOTH, PENALISED = (True, True), (False, True), (False, False), (True, False)  # marked, tabled


def take(directions: int, filters: int, kind: tuple[bool, bool], signed: bool = False) -> bool:
    return lanes_take(directions, filters, signed=signed, marked=kind[0], tabled=kind[1])


@pytest.mark.parametrize(("kind", "entries"), [
    (RELU, ENTRIES_UPTO), (LEAKY, TABLED_UPTO), (SMOOTH, ENTRIES_UPTO), (PENALISED, ENTRIES_UPTO)])
def test_class_heads_go_on_lanes_up_to_so_many_entries(kind: tuple[bool, bool], entries: int) -> None:
    for directions in (CLASSES_UPTO, 200, 320):
        most = entries // directions
        assert take(directions, most - 1, kind) and not take(directions, most + 1, kind)
    assert take(CLASSES_UPTO - 1, 10**6, kind)
    upto = MARKED_UPTO if kind[0] else LANES_UPTO
    assert take(upto - 1, 1, kind) and not take(upto, 1, kind)


def test_rows_on_few_sets_of_the_cache_are_for_blas_sooner() -> None:
    """Only where marks are followed, and tables stand against them."""
    for directions, crowded in ((248, False), (249, True), (256, True), (257, False), (505, True), (513, False)):
        assert take(directions, 50, RELU) is not crowded and take(directions, 10, RELU)
        assert take(directions, 50, PENALISED)
    assert take(256, 50, SMOOTH) and not take(255, 50, LEAKY) and not take(260, 50, LEAKY)


def test_signed_heads_go_by_their_directions_alone() -> None:
    for m in (1, 10**6):
        assert take(MARKED_UPTO - 1, m, RELU, True) and not take(MARKED_UPTO, m, RELU, True)
        assert take(LANES_UPTO - 1, m, LEAKY, True) and not take(LANES_UPTO, m, LEAKY, True)


def test_the_benchmarks_sizes() -> None:
    """Five classes of 100 filters and 500 examples go by BLAS; of 20 filters, or of few examples, on lanes."""
    kernel = kernel_for(heterogeneous(5))
    assert not kernel.on_lanes(505, 100) and kernel.on_lanes(513, 20) and kernel.on_lanes(25, 100)
    assert kernel.stepping(505, 100) is kernel.module(505) is not kernel.loops


@pytest.mark.parametrize("name", sorted(path.stem for path in GENERATED.glob("*.json")))
def test_a_description_says_whether_the_variants_have_marks_and_tables(name: str) -> None:
    told = json.loads((GENERATED / f"{name}.json").read_text(encoding="utf-8"))
    if told["model"]["algorithm"]["is"] == "Bilevel":
        assert not told["marked"] and not told["tabled"]
        return
    texts = {which: (GENERATED / f"{name}_{which}.py").read_text(encoding="utf-8") for which in ("lanes", "blas")}
    assert told["marked"] == ("    marks = " in texts["lanes"]) and told["tabled"] == ("by_tables(" in texts["blas"])


@pytest.mark.parametrize(("change", "kind"), [
    ({}, RELU), ({"network": {"activation": Activation(name="leaky_relu")}}, LEAKY),
    ({"network": {"activation": Activation(name="tanh")}}, SMOOTH),
    ({"objective": {"penalty": "full"}}, PENALISED), ({"algorithm": {"momentum": "beta"}}, SMOOTH),
])
def test_a_models_kind(change: dict[str, Any], kind: tuple[bool, bool]) -> None:
    three = heterogeneous(3)
    more = tuple(Parameter(name=name, latex="", meaning=name, kind="real", default=0.1, low=0, high=1)
                 for name in ("beta", "lam"))
    parts = {part: replace(getattr(three, part), **given) for part, given in change.items()}
    model = replace(three, parameters=(*three.parameters, *more), **parts)
    assert (marks(model), tabled(model)) == kind


# ---- small sizes at which the rule's edge lies between the cells of a grid --------------------------------------

SMALL: dict[str, Any] = {"K": 2, "init": "gaussian", "d": 60, "sigma_0": 0.1, "eta": 0.3, "sigma_p": 0.5}
SIZES = {(13, 4): True, (13, 5): False, (14, 4): False, (14, 3): True}  # n and m of K = 2 classes, with 64 entries


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Few directions that count as many; 15 of 4 filters are on lanes, and 16 of 4, or 15 of 5, are not."""
    for name, value in {"BLAS_FROM": 8, "CLASSES_UPTO": 8, "ENTRIES_UPTO": 64}.items():
        monkeypatch.setattr(variants, name, value)
    return kernel_for(heterogeneous(2))


def test_runs_grids_and_seeds_agree_bit_for_bit_at_the_edge(small: Kernel) -> None:
    """Both sides of it along m and along n, of one seed and of two; by the other variant the bits are others."""
    for (n, m), on_lanes in SIZES.items():
        assert small.on_lanes(n + 2, m) is on_lanes is (small.stepping(n + 2, m) is small.lanes)
        assert on_lanes is not (small.stepping(n + 2, m) is small.module(n + 2))
    asked: dict[str, Any] = {"steps": 12, "sampling": "gram", "record": [12], "observables": ["loss"]}
    rest = {name: value for name, value in SMALL.items() if name != "eta"}
    for name, values, fixed in (("m", (4, 5), {"n": 13}), ("n", (13, 14), {"m": 4})):
        grid = gr.phase("heterogeneous", {**rest, **fixed}, x=(name, values), y=("eta", [0.1, 0.3]), steps=12, seeds=2,
                        observable="loss", workers=1, progress=False)["loss"]
        for value in values:
            sizes = {**SMALL, **fixed, name: value}
            both = gr.run("heterogeneous", sizes, seeds=2, **asked)["loss"].sel(t=12)
            for seed in range(2):
                alone = float(gr.run("heterogeneous", sizes, seed=seed, **asked)["loss"].sel(t=12))
                assert alone == float(both.sel(seed=seed)) == float(grid.sel({name: value, "eta": 0.3, "seed": seed}))


def test_the_edge_decides_bits(small: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above would not see if both variants had the same."""
    asked: dict[str, Any] = {"steps": 12, "observables": ["rho"], "sampling": "gram"}
    sizes = {**SMALL, "n": 13, "m": 4}
    lanes = gr.run("heterogeneous", sizes, **asked)
    monkeypatch.setattr(variants, "ENTRIES_UPTO", 1)
    blas = gr.run("heterogeneous", sizes, **asked)
    off = np.abs(lanes["rho"].values - blas["rho"].values).max()
    assert 0 < off <= 1e-13 * np.abs(blas["rho"].values).max()


def test_a_run_says_which_goes(small: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def notes(n: int, m: int) -> str:
        found = gr.run("heterogeneous", {**SMALL, "n": n, "m": m}, steps=1, observables=["loss"], sampling="gram")
        return str(found.attrs["notes"])

    said = "steps go eight directions at a time, faster than by BLAS for 15 directions and 4 filters a class"
    assert said in notes(13, 4).split("\n")
    said = "steps go by BLAS, faster than eight directions at a time for 15 directions and 5 filters a class"
    assert said in notes(13, 5).split("\n")
    monkeypatch.setattr(variants, "CLASSES_UPTO", CLASSES_UPTO)
    assert "steps go" not in notes(13, 5)


@pytest.mark.parametrize(("n", "m"), [(200, 20), (400, 40), (800, 40), (1100, 10), (100, 60), (240, 30), (250, 60)])
def test_a_forecast_takes_the_variant_that_the_kernel_does(n: int, m: int) -> None:
    asked = request("heterogeneous", {"K": 2, "n": n, "m": m, "d": 2000.0})
    assert seconds._on_lanes(asked) == kernel_for(heterogeneous(2)).on_lanes(n + 2, m)
