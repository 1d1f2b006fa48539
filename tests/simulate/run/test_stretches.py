"""Runs that end by margins, rules and what no kernel looks for, together: each has what it has alone, from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Event, Flips, Model
from simulate.ask.bounds import AT_LEAST, AT_MOST, Bound
from simulate.ask.chosen import choose
from simulate.errors import Diverged
from simulate.phase import cell
from simulate.run import advanced, batch, counted, record, reduced, room, shapes, stretches
from simulate.run.asked import Asked, Found
from simulate.run.problem import Problem, Start, problem_of
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel
from tests.helpers.outside import same, seen_from_outside
from tests.helpers.slowly import rarely
from tests.simulate.run.test_events_of_draws import STEPS, cells, drawing
from tests.simulate.train.test_flips import kou

CASES = [
    ((), True, True), rarely((), False, True), ((), True, False), rarely((), False, False),
    (("momentum", "weight_decay"), True, False),
    (("batch", "label_noise", "momentum"), True, False)]
"""Options of the algorithm, whether heads are signed, and whether the kernel looks where it can."""
ROOM = room.ENTRIES
SLOW = Event(name="T_norm", latex="T", observable="gradient_norm", relation="<=", threshold="eps")


def problems_of(options: tuple[str, ...], signed: bool) -> tuple[Model, list[Problem]]:
    """Cells of a model with an event of what its kernel does not watch."""
    model = drawing(signed, options)
    model = replace(model, events=(*model.events, SLOW))
    return model, cells(model, plain_kernel(model))


def ends(problem: Problem) -> list[dict[str, Bound]]:
    """Bounds that one run meets at steps between, of all entries, by rules, of two observables; and never."""
    t = np.arange(STEPS + 1)
    names = ("margins", "loss", "rho", "gamma")
    run = reduced.run(problem.start(0, "gram"), Asked(STEPS, t, names, {}, named=True))
    margins, loss, rho, gamma = (run.variables[name].values.reshape(STEPS + 1, -1) for name in names)
    return [
        {"margins": Bound(float(margins.min(1)[7]), AT_LEAST)},
        {"margins:max": Bound(float(margins.max(1)[9]), AT_LEAST, "max", "margins")},
        {"margins:mean": Bound(float(margins.mean(1)[11]), AT_LEAST, "mean", "margins"),
         "loss": Bound(float(loss[4, 0]))},
        {"margins:sum": Bound(float(margins.sum(1)[3]), AT_MOST, "sum", "margins")},
        {"rho:max": Bound(float(rho.max(1)[8]), AT_LEAST, "max", "rho")},
        {"rho:min": Bound(float(rho.min(1)[6]), AT_MOST, "min", "rho"),
         "gamma:max": Bound(float(gamma.max(1)[12]), AT_LEAST, "max", "gamma")},
        {"margins": Bound(0.0, AT_LEAST)},
        {"gradient_norm": Bound(0.0)},
    ]


def alone(problem: Problem, seed: int, asked: Asked) -> Found | Diverged:
    """A run by itself, or how it diverges."""
    try:
        return reduced.run(problem.start(seed, "gram"), asked)
    except Diverged as error:
        return error


@pytest.mark.parametrize(("options", "signed", "inside"), CASES)
def test_each_ends_where_it_ends_alone(
    options: tuple[str, ...], signed: bool, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a hitting time that is looked for from outside all is; without one the kernel looks where it can."""
    model, problems = problems_of(options, signed)
    timed = [event.name for event in model.events if event is not SLOW or not inside]
    names, t, seen = ("loss", "rho", *timed), np.array([STEPS]), set[int]()
    looks = set[bool]()
    monkeypatch.setattr(shapes, "chunk_size", lambda *_: 4)  # one chunk, and stretches of a step where there is no room
    every = ends(problems[0])
    for place, until in enumerate(every if inside else [{}, *every[:4], *every[-1:]]):
        monkeypatch.setattr(record, "STRETCH", (16, 3)[place % 2])
        monkeypatch.setattr(room, "ENTRIES", 1 if place == 2 else ROOM)
        made = batch.together(problems, [0, 1], STEPS, names, until=until)
        assert made.done.all() and made.found is not None and not made.diverged, until
        for problem, row in zip(problems, made.found, strict=True):
            for seed, found in enumerate(row):
                start, asked = problem.start(seed, "gram"), Asked(STEPS, t, names, until, named=True)
                own = seen_from_outside(start, asked)
                assert found is not None and same(found, own), (until, seed)
                seen |= {int(found.t[-1]), *(int(found.variables[name].values) for name in timed)}
                looks.add(EventWatch(start, asked).inside() is not None)
    assert True in looks if inside else looks == {False}
    beside_0 = Asked(STEPS, t, ("loss",), {"margins": Bound(0.0, AT_LEAST)}, named=True)  # rounding has no scale there
    assert EventWatch(problems[0].start(0, "gram"), beside_0).inside() is None
    assert -1 in seen and STEPS in seen and len(seen) > 5, seen


def test_one_that_diverges_says_what_it_says_alone_and_not_where_it_ends_before() -> None:
    of = problems_of((), True)[1][0]
    wild = [replace(of, resolved=replace(of.resolved, values={**of.values, "eta": eta, "sigma_p": 3.0}))
            for eta in (0.5, 3e3, 1e5, 1e8)]
    outcomes = set[str]()
    for until in ({"margins": Bound(0.5, AT_LEAST)}, {"margins:max": Bound(1e3, AT_LEAST, "max", "margins")}):
        made = batch.together(wild, [0, 1, 2], STEPS, ("loss",), until=until)
        assert made.found is not None
        for row, problem in enumerate(wild):
            for seed in range(3):
                own = alone(problem, seed, Asked(STEPS, np.array([STEPS]), ("loss",), until, named=True))
                outcomes.add(type(own).__name__)
                if not made.done[row, seed]:  # it diverges at once: it is run alone
                    assert isinstance(own, Diverged) and own.step <= 1
                elif isinstance(own, Diverged):
                    assert str(made.diverged[row, seed]) == str(own)
                else:
                    found = made.found[row][seed]
                    assert found is not None and same(found, own)
    assert outcomes == {"Found", "Diverged"}


def test_several_seeds_record_what_each_records_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"n": 9, "m": 3, "d": 60, "sigma_p": 0.5, "sigma_0": 0.05, "eta": 0.5}
    asked: dict[str, Any] = {"steps": 30, "sampling": "gram"}
    real, left = batch.alike, list[int]()

    def alike(starts: list[Start], of: Asked) -> list[Found | Diverged | None]:
        found = real(starts, of)
        left.append(sum(run is None for run in found))
        return found

    monkeypatch.setattr(batch, "alike", alike)
    whole = gr.run("pegr", given, record="all", observables=["margins", "test_error"], **asked)
    mean, error = whole.margins.values.mean(axis=1), np.sort(whole.test_error.values)
    every: list[tuple[Any, dict[str, Any]]] = [
        (None, {"margins:mean": f">={float(mean[17])!r}"}), ([0, 3, 11], {"test_error": float(error[3])}),
        ([30], {"gradient_norm": 0.2})]
    for kept, until in every:
        several = gr.run("pegr", given, seeds=3, until=until, record=kept, **asked)
        assert left.pop() == 0
        for seed in range(3):
            one = gr.run("pegr", given, seed=seed, until=until, record=kept, **asked)
            both = np.intersect1d(one.t.values, several.t.values)
            assert int(one.stopped) == int(several.stopped[seed]) and int(one.T_1) == int(several.T_1[seed])
            for name in ("loss", "rho", "margins", "test_error"):
                mine, theirs = one[name].sel(t=both), several[name].isel(seed=seed).sel(t=both)
                assert np.array_equal(mine.values, theirs.values, equal_nan=True), (kept, name)


COUNTS = (Flips(name="flipped", latex="f", last="last"), Flips(name="mine", latex="f", heads="on_class"),
          Flips(name="others", latex="f", heads="off_class", last="last_other"))
COUNTED = ("flipped", "last", "mine", "others", "last_other")


@pytest.mark.parametrize(("options", "signed"), [((), True), ((), False), (("momentum", "batch"), False)])
def test_what_is_counted_along_runs_is_counted_of_all_at_once(
    options: tuple[str, ...], signed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two patches, one by the label before flips, or of class heads, in blocks of one run and of many."""
    model = kou() if signed else drawing(signed, options)
    model = replace(model, observables=(*model.observables, *COUNTS))
    kernel, found = plain_kernel(model), set[tuple[int, int, int]]()
    problems = cells(model, kernel) if not signed else [
        replace(problem_of(choose(model, {"n": 9, "m": 3, "d": 50, "p": 0.3, "eta": eta})), loaded=kernel)
        for eta in (0.5, 2.0)]
    losses = alone(problems[1], 0, Asked(STEPS, np.arange(STEPS + 1), ("loss",), {}, named=True))
    assert isinstance(losses, Found)
    monkeypatch.setattr(shapes, "chunk_size", lambda *_: 4)
    for until in ({}, {"loss": Bound(float(losses.variables["loss"].values[9]))}):
        asked = Asked(STEPS, np.array([STEPS]), (*COUNTED, "loss"), until, named=True)
        each_alone = [[alone(problem, seed, asked) for seed in (0, 1)] for problem in problems]
        for entries, block in ((ROOM, 1.0), (1, 2.0**16), (ROOM, 400.0)):
            monkeypatch.setattr(room, "ENTRIES", entries)
            monkeypatch.setattr(counted, "BLOCK", block)
            made = batch.together(problems, [0, 1], STEPS, (*COUNTED, "loss"), until=until)
            assert made.done.all() and made.found is not None
            for theirs, row in zip(each_alone, made.found, strict=True):
                for own, run in zip(theirs, row, strict=True):
                    assert run is not None and isinstance(own, Found) and same(run, own)
                    many, last, mine = (int(run.variables[name].values.ravel()[-1]) for name in COUNTED[:3])
                    assert many == mine + int(run.variables["others"].values[-1])
                    found.add((many, last, int(run.t[-1])))
    assert len(found) > 5 and len({last for _, last, _ in found}) > 2 and any(0 < t < STEPS for *_, t in found)


def test_a_grid_reads_the_counts_of_all_runs_at_once_and_seeds_each_recorded_one(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_by_one(*_: object) -> None:
        raise AssertionError("a run is made by itself")

    names, given = ["flips", "last_flip", "flips_on_class"], {"n": 9, "m": 4, "d": 100}
    for until in ({}, {"loss": 0.6}):
        several = gr.run("nearly_orthogonal", {**given, "eta": 1.0}, seeds=3, steps=20, record=[2, 5, 11],
                         sampling="gram", observables=names, until=until)
        with monkeypatch.context() as patched:
            patched.setattr(cell, "outcome", one_by_one)
            grid = gr.phase("nearly_orthogonal", given, x=("eta", [0.5, 1.0]), seeds=3, steps=20, until=until,
                            observable=names, progress=False)
        for seed in range(3):
            one = gr.run("nearly_orthogonal", {**given, "eta": 1.0}, seed=seed, steps=20, record="all",
                         sampling="gram", observables=names, until=until)
            end = int(one.t[-1])
            for name in ("flips", "flips_on_class"):
                course = one[name].values
                there = np.minimum(several.t.values, end)
                assert np.array_equal(several[name].values[seed], course[there]) and course[-1] > 0
                assert float(grid[name].values[1, seed]) == course[-1]
            assert int(several.last_flip[seed]) == int(one.last_flip) == int(grid.last_flip[1, seed])


def test_a_state_counts_up_to_the_first_that_is_not_finite_and_where_outputs_are_not() -> None:
    t, z = np.arange(4, 8), np.zeros((4, 4, 2, 1, 3))
    z[1, 2, 0, 0, 1], z[2, 3, 1, 0, 2] = np.inf, np.nan
    there = stretches._there(z, np.zeros_like(z), t, np.array([-1, -1, 5, 5]))
    assert there.sum(axis=1).tolist() == [4, 2, 2, 2]
    assert stretches._first_without(there, t).tolist() == [-1, 6, 6, 6]
    assert stretches._there(np.zeros_like(z), z, t, np.full(4, -1)).sum(axis=1).tolist() == [4, 2, 3, 4]


def test_a_run_whose_fresh_examples_are_judged_alone_is_left_to_that() -> None:
    """In few dimensions filters' covariances are singular."""
    asked: dict[str, Any] = {"seeds": 2, "steps": 6, "until": {"test_error": ">=0.4"}, "observable": "loss"}
    given = {"n": 9, "m": 3, "d": 3, "sigma_0": 0.05, "eta": 0.5}
    grid = gr.phase("pegr", given, x=("lam", [0.0, 0.1]), progress=False, **asked)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cell, "_together", lambda _, cells, seeds, *__: np.zeros((len(cells), len(seeds)), dtype=bool))
        assert grid.identical(gr.phase("pegr", given, x=("lam", [0.0, 0.1]), progress=False, **asked))


GIVEN: dict[str, Any] = {"n": 9, "m": 3, "d": 60, "sigma_p": 0.5, "sigma_0": 0.05, "eta": 0.5}


@pytest.mark.parametrize("until", [{"margins": ">=0.2"}, {"margins:mean": ">=0.5"}, {"loss": 0.3, "rho:max": ">=0.1"}])
def test_a_grid_reads_the_numbers_of_all_runs_at_once(
    until: dict[str, float | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_by_one(*_: object) -> None:
        raise AssertionError("a run is read by itself")

    lams, texts = [0.0, 0.1], ("rho:max", "gamma[j=-1]:mean", "loss", "margins[i=3]", "T_1", "test_error")
    with monkeypatch.context() as patched:
        patched.setattr(advanced.Advanced, "found", one_by_one)
        patched.setattr(cell, "outcome", one_by_one)
        grid = gr.phase("pegr", GIVEN, x=("lam", lams), seeds=3, steps=40, until=until, observable=texts,
                        progress=False)
    ends = set[int]()
    for column, lam in enumerate(lams):
        for seed in range(3):
            run = gr.run("pegr", {**GIVEN, "lam": lam}, seed=seed, steps=40, record=[40], until=until, sampling="gram")
            last, of = run.isel(t=-1), grid.isel(lam=column, seed=seed)
            assert float(of.loss) == float(last.loss) and float(of.test_error) == float(last.test_error)
            assert (int(of.T_1), int(of.stopped)) == (int(run.T_1), int(run.stopped))
            assert float(of["margins[i=3]"]) == float(last.margins[3]) and float(of["rho:max"]) == last.rho.values.max()
            assert float(of["gamma[j=-1]:mean"]) == np.mean(last.gamma.sel(j=-1).values)
            ends.add(int(run.stopped))
    assert len(ends) > 1 and max(ends) > 0


def test_a_grid_ends_where_what_is_reported_ends_it() -> None:
    """Just not there by rounding: the kernel, which looks a little early, ends a run that goes on."""
    losses = gr.run("pegr", GIVEN, steps=30, sampling="gram", record="all").loss.values
    margins = gr.run("pegr", GIVEN, steps=30, sampling="gram", record="all").margins.values.min(axis=1)
    for step in (5, 9, 14, 20):
        for until, entries in (({"loss": float(np.nextafter(losses[step], 0))}, -losses),
                               ({"margins": f">={float(np.nextafter(margins[step], 9))!r}"}, margins)):
            grid = gr.phase("pegr", GIVEN, x=("mu_norm", [1.0, 2.0]), seeds=1, steps=30, until=until, observable="loss",
                            progress=False)
            assert int(grid.stopped[0, 0]) == int(np.argmax(entries > entries[step]))
