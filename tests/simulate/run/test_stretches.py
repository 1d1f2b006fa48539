"""Runs that end by what no kernel looks for, together: each has what it has alone, wherever stretches are cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Event, Model
from simulate.ask.bounds import AT_LEAST, AT_MOST, Bound
from simulate.errors import Diverged
from simulate.run import batch, reduced, room, stretches
from simulate.run.asked import Asked, Found
from simulate.run.problem import Problem, Start
from simulate.testing import plain_kernel
from tests.helpers.outside import same
from tests.simulate.run.test_events_of_draws import STEPS, cells, drawing

OPTIONS: list[tuple[tuple[str, ...], bool]] = [
    ((), True), ((), False), (("momentum", "weight_decay"), True), (("batch", "label_noise", "momentum"), True)]
ROOM = room.ENTRIES
WHOLE = Event(name="T_margins", latex="T", observable="margins", relation=">=", threshold="0.2*eps")


def problems_of(options: tuple[str, ...], signed: bool) -> tuple[Model, list[Problem]]:
    """Cells of a model with an event of what its kernel does not watch."""
    model = drawing(signed, options)
    model = replace(model, events=(*model.events, WHOLE))
    return model, cells(model, plain_kernel(model))


def ends(problem: Problem) -> list[dict[str, Bound]]:
    """Bounds that one run meets at steps between, of all entries, by rules, of two observables; and never."""
    t = np.arange(STEPS + 1)
    run = reduced.run(problem.start(0, "gram"), Asked(STEPS, t, ("margins", "loss"), {}, named=True))
    margins, loss = (run.variables[name].values.reshape(STEPS + 1, -1) for name in ("margins", "loss"))
    return [
        {"margins": Bound(float(margins.min(1)[7]), AT_LEAST)},
        {"margins:max": Bound(float(margins.max(1)[9]), AT_LEAST, "max", "margins")},
        {"margins:mean": Bound(float(margins.mean(1)[11]), AT_LEAST, "mean", "margins"),
         "loss": Bound(float(loss[4, 0]))},
        {"margins:sum": Bound(float(margins.sum(1)[3]), AT_MOST, "sum", "margins")},
        {"gradient_norm": Bound(0.0)},
    ]


def alone(problem: Problem, seed: int, asked: Asked) -> Found | Diverged:
    """A run by itself, or how it diverges."""
    try:
        return reduced.run(problem.start(seed, "gram"), asked)
    except Diverged as error:
        return error


@pytest.mark.parametrize(("options", "signed"), OPTIONS)
def test_each_ends_where_it_ends_alone(
    options: tuple[str, ...], signed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, problems = problems_of(options, signed)
    names, t, seen = ("loss", "rho", *(event.name for event in model.events)), np.array([STEPS]), set[int]()
    monkeypatch.setattr(batch, "_size", lambda *_: 4)  # one chunk, and stretches of a step where there is no room
    for place, until in enumerate([{}, *ends(problems[0])]):
        monkeypatch.setattr(stretches, "STRETCH", (16, 3)[place % 2])
        monkeypatch.setattr(room, "ENTRIES", 1 if place == 2 else ROOM)
        made = batch.together(problems, [0, 1], STEPS, names, until=until)
        assert made.done.all() and made.found is not None and not made.diverged, until
        for problem, row in zip(problems, made.found, strict=True):
            for seed, found in enumerate(row):
                own = alone(problem, seed, Asked(STEPS, t, names, until, named=True))
                assert found is not None and isinstance(own, Found) and same(found, own), (until, seed)
                seen |= {int(found.t[-1]), int(found.variables["T_margins"].values)}
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
    for record, until in every:
        several = gr.run("pegr", given, seeds=3, until=until, record=record, **asked)
        assert left.pop() == 0
        for seed in range(3):
            one = gr.run("pegr", given, seed=seed, until=until, record=record, **asked)
            both = np.intersect1d(one.t.values, several.t.values)
            assert int(one.stopped) == int(several.stopped[seed]) and int(one.T_1) == int(several.T_1[seed])
            for name in ("loss", "rho", "margins", "test_error"):
                mine, theirs = one[name].sel(t=both), several[name].isel(seed=seed).sel(t=both)
                assert np.array_equal(mine.values, theirs.values, equal_nan=True), (record, name)
