"""Runs over tasks in one call: each's bits as alone, one draw for cells alike in it, and who goes alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare.meanings import STOPPED
from dynamics.kernel.bilevel import BilevelKernel
from simulate.ask.bounds import AT_LEAST, AT_MOST, Bound
from simulate.ask.chosen import choose
from simulate.run import batch, batch_tasks, problem, reduced, room
from simulate.run.asked import Asked
from simulate.run.problem import Problem, problem_of
from simulate.start import draw as drawing
from simulate.start.shared import Read, Shared, held

BASE: dict[str, Any] = {
    "n_tasks": 9, "n": 4, "n_train": 2, "m": 3, "d": 60, "M": 5, "J": 2, "eta_inner": 0.4, "eta": 0.3, "sigma_s": 0.1,
    "sigma_xi": 0.2, "sigma_0": 0.2, "test_tasks": 12, "test_query": 3,
}
CELLS: dict[str, list[dict[str, Any]]] = {
    "steps": [{"eta": 0.1}, {"eta": 0.5, "eta_inner": 0.1}, {"eta": 1.0}],
    "scales": [{"sigma_xi": 0.05}, {"sigma_s": 0.3, "nu_norm": 2.0}, {"sigma_0": 0.01, "d": 1e20, "sigma_xi": 1e-11}],
    "methods": [{"method": name} for name in ("train-train", "train-validation", "reptile")],
    "sizes": [{"n_tasks": 3}, {"n": 5}, {"J": 0}, {"balanced": True}],
}
FRESH = ("test_error", "test_error_se")
EVERYTHING = (*FRESH, "loss", "margins", "g", "rho", "test_loss_unadapted", "test_error_adapted", "alpha")


def cells(changes: Sequence[dict[str, Any]]) -> list[Problem]:
    return [problem_of(choose("fomaml", {**BASE, **each})) for each in changes]


def alone(cell: Problem, seed: int, names: tuple[str, ...], steps: int = 6) -> dict[str, Any]:
    asked = Asked(steps, np.array([steps]), names, {}, named=True)
    return reduced.run(cell.start(seed, "gram"), asked).variables


@pytest.mark.parametrize("kind", CELLS)
def test_every_run_has_the_bits_that_it_has_alone(kind: str) -> None:
    every, seeds = cells(CELLS[kind]), (3, 0)
    made = batch.together(every, seeds, 6, EVERYTHING)
    assert made.done.all() and made.found is not None
    for row, cell in enumerate(every):
        for column, seed in enumerate(seeds):
            run, one = made.found[row][column], alone(cell, seed, EVERYTHING)
            assert run is not None and run.variables.keys() == one.keys() >= set(EVERYTHING)
            for name, variable in one.items():
                assert np.array_equal(run.variables[name].values, variable.values), name


def test_a_grid_of_cells_of_one_shape_is_one_call_and_one_draw_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, draws = list[int](), list[int]()
    run_tasks, draw = BilevelKernel.run_tasks, drawing.draw

    def counted(self: BilevelKernel, z: Any, *given: Any) -> Any:
        calls.append(len(z))
        return run_tasks(self, z, *given)

    def drawn(*given: Any) -> Any:
        draws.append(given[2])
        return draw(*given)

    monkeypatch.setattr(BilevelKernel, "run_tasks", counted)
    monkeypatch.setattr(problem, "draw", drawn)
    made = batch.together(cells([{"eta": 0.1 * k, "eta_inner": 0.2} for k in range(1, 8)]), (0, 1), 5, FRESH)
    assert made.done.all() and calls == [14] and draws == [0, 1]
    draws.clear()
    made = batch.together(cells([{"eta": 0.1}, {"sigma_xi": 0.1}, {"eta": 0.2}]), (0,), 5, FRESH)
    assert made.done.all() and draws == [0, 0]
    whole = [[float(alone(cell, seed, FRESH, 5)["test_error"].values[-1]) for seed in (0,)]
             for cell in cells([{"eta": 0.1}, {"sigma_xi": 0.1}, {"eta": 0.2}])]
    assert np.array_equal(made.numbers["test_error"], whole)


def test_a_run_that_diverges_says_so_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients are bounded here, so that no run diverges but at once: what the kernel returns is changed."""
    run_tasks, every = BilevelKernel.run_tasks, cells([{"eta": eta} for eta in (0.1, 0.3, 0.5, 0.7)])

    def failing(self: BilevelKernel, *given: Any) -> Any:
        z, b, failed = run_tasks(self, *given)
        failed[1:] = 2, 3, 5
        return z, b, failed

    monkeypatch.setattr(BilevelKernel, "run_tasks", failing)
    made = batch.together(every, (0,), 6, ("loss", "test_error"))
    assert made.done.ravel().tolist() == [True, False, True, True] and made.found is not None
    assert [run[0] is not None for run in made.found] == [True, False, False, False]
    assert {place: error.step for place, error in made.diverged.items()} == {(2, 0): 3, (3, 0): 5}
    said = "the run diverges: its state is not finite at step 5; lower eta (0.7), eta_inner (0.4) or J"
    assert str(made.diverged[3, 0]) == said


def test_a_run_that_diverges_at_once_is_left_over_and_says_so_in_the_grid() -> None:
    """Its start may be what is too large."""
    every = cells([{"eta": 0.1}, {"eta": 1e300, "sigma_0": 1e5}])
    made = batch.together(every, (0,), 4, FRESH)
    assert made.done.tolist() == [[True], [False]]
    params = {name: value for name, value in BASE.items() if name != "eta"} | {"sigma_0": 1e5}
    grid = gr.phase("fomaml", x=("eta", [0.1, 1e300]), observable="test_error", steps=4, seeds=1, params=params)
    assert grid.status.values.ravel().tolist() == ["ok", "diverged"]


def test_a_caller_s_own_arrays_go_alone() -> None:
    (cell,), asked = cells([{}]), Asked(5, np.array([5]), ("loss",), {}, named=True)
    assert batch.size_of(cell.start(0, "gram"), asked) > 1 and batch.size_of(cell.start(0, "vectors"), asked) == 1


ENDS = ("gradient_norm", "train_error", "test_error_adapted", "test_loss_unadapted:max", "alpha:max", "margins:mean")
"""What no kernel looks for, or not by this rule."""


def of_steps(cell: Problem, seed: int, name: str, rule: str) -> Any:
    """An observable at every step (T,), all that is recorded."""
    run = reduced.run(cell.start(seed, "gram"), Asked(12, np.arange(13), (name,), {}, named=True))
    return getattr(np, rule or "max")(run.variables[name].values.reshape(13, -1), axis=1)


@pytest.mark.parametrize("end", ENDS)
def test_runs_end_together_by_what_no_kernel_looks_for(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the step where what is recorded of all steps says so, in stretches of one step and of many."""
    name, _, rule = end.partition(":")
    every, names, seeds = cells([{"eta": 0.3}, {"eta": 0.9, "eta_inner": 0.2}]), ("loss", "rho", "T_2"), (0, 1)
    course = of_steps(every[0], 0, name, rule)
    grows = bool(course[-1] > course[0])
    for level in (float(np.sort(course)[5]), 1e9 if grows else -1e9):
        until = {end: Bound(level, AT_LEAST if grows else AT_MOST, rule, name if rule else "")}
        for entries in (room.ENTRIES, 1):
            monkeypatch.setattr(room, "ENTRIES", entries)
            with monkeypatch.context() as patched:
                patched.setattr(room, "runs", lambda *_: 4)
                made = batch.together(every, seeds, 12, names, until=until)
            assert made.done.all() and made.found is not None
            for row, cell in enumerate(every):
                for column, seed in enumerate(seeds):
                    of_cell = of_steps(cell, seed, name, rule)
                    met = of_cell >= level if grows else of_cell <= level
                    run = made.found[row][column]
                    assert run is not None
                    assert int(run.variables[STOPPED].values) == (int(np.argmax(met)) if met.any() else -1)
                    one = reduced.run(cell.start(seed, "gram"), Asked(12, np.array([12]), names, until, named=True))
                    assert run.t.tolist() == one.t.tolist()
                    for each in (*names, STOPPED):
                        assert np.array_equal(run.variables[each].values, one.variables[each].values), each


def test_what_is_too_large_goes_alone_and_is_not_drawn_to_find_that_out() -> None:
    ordinary = Asked(5, np.array([5]), ("loss",), {}, named=True)
    (large,) = cells([{"n_tasks": 100, "n": 10}])
    assert batch_tasks.size_of(large, ordinary) == 1
    (long,) = cells([{}])
    assert batch_tasks.size_of(long, Asked(10**7, np.array([5]), ("loss",), {}, named=True)) == 1


def test_seeds_go_together_and_have_the_numbers_of_each() -> None:
    runs = gr.run("fomaml", BASE, steps=6, seeds=3, sampling="gram")
    for seed in range(3):
        one = gr.run("fomaml", BASE, steps=6, seed=seed, sampling="gram")
        for name in one.data_vars:
            of_seed = runs[name].isel(seed=seed) if "seed" in runs[name].dims else runs[name]
            assert np.array_equal(of_seed.values, one[name].values, equal_nan=one[name].dtype.kind == "f"), name


def test_a_draw_goes_when_its_run_is_done() -> None:
    start = cells([{"sigma_xi": 0.31}])[0].start(0, "gram")
    asked = Asked(2, np.array([2]), FRESH, {}, named=True)
    assert np.isfinite(reduced.run(start, asked).variables["test_error"].values).all()
    left = weakref.ref(start.draw)
    del start
    gc.collect()
    assert left() is None


def test_what_nobody_looks_at_is_not_made_and_the_draw_is_the_same() -> None:
    """Of products with nu and the dictionary a loss needs none, and a test error none of a draw's own features."""
    (cell,) = cells([{}])
    for names, made in ((("loss", "margins"), set()), (FRESH, set()), (("Lambda",), {"z", "across"})):
        start = cell.start(0, "gram")
        assert start.draw.watched is not None
        reduced.run(start, Asked(2, np.array([2]), names, {}, named=True))
        there = {name for name in ("z", "across", "gram") if not callable(vars(start.draw.watched)[f"_{name}"])}
        assert there == made, names
    every, few = (gr.run("fomaml", BASE, steps=4, sampling="gram", observables=names) for names in (None, ["loss"]))
    assert np.array_equal(every["loss"].values, few["loss"].values)


def test_a_draw_is_shared_by_what_it_reads() -> None:
    values = {"a": 1.0, "b": 2.0, "c": None}
    read, shared = Read(values), Shared(100.0)
    assert read["a"] == 1.0 and read.get("c") is None and read.names == {"a", "c"}
    kept = cells([{"n_tasks": 1, "n": 2, "n_train": 1, "m": 1, "M": 1}])[0].start(0, "gram").draw
    assert 0 < held(kept) < 100
    shared.keep(read, values, kept)
    assert shared.find({"a": 1.0, "b": 7.0, "c": None}) is kept
    assert shared.find({"a": 1.5, "b": 2.0, "c": None}) is None and shared.find({"a": 1.0, "c": 3.0}) is None
    for k in range(9):
        shared.keep(read, {"a": float(k)}, kept)
    assert shared.find({"a": 8.0}) is kept and shared.find({"a": 0.0}) is None
    everything = Read(values)
    assert dict(everything) == values and everything.names == set(values)
