"""Events of runs whose steps draw batches or labels: those of all examples, with their own labels, from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Event, Extreme, GradientDescent, Model, Objective, Parameter, Schedule
from derivations.derive import derive
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from dynamics.kernel.trajectory import Sought
from simulate.ask.chosen import choose
from simulate.run import batch, reduced
from simulate.run.asked import Asked
from simulate.run.kernels import kernel_for
from simulate.run.problem import Problem, problem_of
from simulate.run.together import go_together
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel
from tests.helpers.ends import at_least, at_most
from tests.helpers.outside import same, seen_from_outside
from tests.simulate.run import test_class_events_on_lanes as of_classes

GIVEN: dict[str, Any] = {"batch": 4, "label_noise": 0.25, "momentum": 0.6, "weight_decay": 0.05, "radius": 0.05,
                         "clip": 0.3}
OPTIONS = [("batch",), ("label_noise",), ("batch", "momentum", "weight_decay"), ("batch", "label_noise", "clip"),
           ("label_noise", "radius", "batch")]
CASES = [*((each, True) for each in OPTIONS), (OPTIONS[2], False), (OPTIONS[3], False)]
EVENTS = {True: ("T_1", "T_2", "T_1_noise", "T_rho"), False: of_classes.EVENTS}
LARGEST = Extreme(name="largest", latex="l", of="rho", reduce="max", heads="on_class")
T_RHO = Event(name="T_rho", latex="T", observable="largest", relation=">=", threshold="2*eps")
STEPS = 23  # no multiple of an epoch, of three steps: 4, 4 and 3 of 11 examples
FALLS = Schedule(of="eta", formula="eta/(1 + t/20)")


def drawing(signed: bool, options: tuple[str, ...], *schedules: Schedule, **more: Any) -> Model:
    """PEGR's network, or three classes, with hitting times and these options; the values are in `GIVEN`."""
    model = pegr("none") if signed else of_classes.timed()
    if signed:
        model = replace(model, observables=(*model.observables, LARGEST), events=(*model.events, T_RHO), **more)
    algorithm = GradientDescent.by_option({option: f"of_{option}" for option in options}, schedules)
    rates = [Parameter(name=f"of_{option}", latex="", meaning=option, kind="count" if option == "batch" else "real",
                       default=GIVEN[option], low=0) for option in options]
    return replace(model, name="drawing", algorithm=algorithm, parameters=(*model.parameters, *rates))


def cells(model: Model, kernel: Kernel, count: int = 2) -> list[Problem]:
    """Problems that differ in what their events compare with, and in how fast they get there."""
    rng = np.random.default_rng(5)
    signed = model.network.head_axis.signed
    shared = {"n": 11, "m": 2 + signed, "d": 60, "sigma_0": 0.05, "eta": 0.5}
    given = [{**shared, "eps": rng.uniform(0.3, 0.6), "mu_norm": rng.uniform(1, 3), "sigma_p": rng.uniform(0.5, 1.5)}
             if signed else
             {**shared, "init": "gaussian", "eps": rng.uniform(0.2, 0.9), "delta": rng.uniform(0.1, 0.6),
              "u_norm": rng.uniform(0.8, 2.0), "sigma_p": rng.uniform(0.2, 0.5), "Gamma": 1.0} for _ in range(count)]
    return [replace(problem_of(choose(model, each)), loaded=kernel) for each in given]


@pytest.mark.parametrize(("options", "signed"), CASES)
def test_they_go_together_and_are_those_alone_and_from_outside(options: tuple[str, ...], signed: bool) -> None:
    model = drawing(signed, options, *[FALLS] * ("momentum" in options))
    kernel, names, hits = plain_kernel(model), ("loss", "rho", *EVENTS[signed]), []
    assert go_together(model, names) and kernel.watches(15, 2)
    problems = cells(model, kernel)
    made = batch.together(problems, [0, 1], STEPS, names)
    assert made.done.all() and made.found is not None
    for problem, row in zip(problems, made.found, strict=True):
        for seed, found in enumerate(row):
            start, asked = problem.start(seed, "gram"), Asked(STEPS, np.array([STEPS]), names, {}, named=True)
            assert EventWatch(start, asked).inside() is not None and found is not None
            assert same(found, reduced.run(start, asked)) and same(found, seen_from_outside(start, asked))
            hits.append([int(found.variables[name].values) for name in EVENTS[signed]])
    reached = np.array(hits)
    assert len({*reached.ravel()}) > 3 and (reached == -1).any() and (reached.max(0) > 0).sum() > 2


@pytest.mark.parametrize("options", OPTIONS[1:3], ids="-".join)
def test_runs_end_where_they_do_from_outside_alone_and_together(options: tuple[str, ...]) -> None:
    """At the very numbers that are reported, of one observable and of two; a run that does not end goes on."""
    model, t = drawing(True, options), np.arange(STEPS + 1)
    problems, names, ends = cells(model, plain_kernel(model)), ("loss", "rho", *EVENTS[True]), set[int]()
    every = reduced.run(problems[0].start(1, "gram"), Asked(STEPS, t, ("loss", "max_gamma"), {}, named=True)).variables
    loss, gamma = (np.reshape(every[name].values, (STEPS + 1, -1)).max(1) for name in ("loss", "max_gamma"))
    least = every["max_gamma"].values.reshape(STEPS + 1, -1).min(1)
    for until in (at_most({"loss": loss[8], "max_gamma": gamma[15]}), at_most({"loss": loss[11]}),
                  at_most({"loss": 0.05}), at_least({"max_gamma": least[9]}),
                  at_most({"loss": loss[8]}) | at_least({"max_gamma": least[4]})):
        made = batch.together(problems, [0, 1], STEPS, names, until=until)
        assert made.done.all() and made.found is not None
        for problem, row in zip(problems, made.found, strict=True):
            for seed, found in enumerate(row):
                start, asked = problem.start(seed, "gram"), Asked(STEPS, t[-1:], names, until, named=True)
                outside = seen_from_outside(start, asked)
                assert found is not None and same(found, outside) and same(reduced.run(start, asked), outside), until
                ends.add(int(found.t[-1]))
    assert STEPS in ends and len(ends) > 3, ends


@pytest.mark.parametrize("recorded", [[0, 5, STEPS], list(range(STEPS + 1))])
def test_a_run_in_pieces_is_looked_at_as_one_in_one(recorded: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws and calls are cut into two and three steps: every step is looked at, and what was found is kept."""
    model = drawing(True, ("batch", "momentum", "label_noise", "weight_decay"))
    start = cells(model, plain_kernel(model))[1].start(0, "gram")
    names, t = ("loss", "rho", *EVENTS[True]), np.array(recorded)
    whole = start.advance(STEPS, t)
    losses = reduced.run(start, Asked(STEPS, np.arange(STEPS + 1), ("loss",), {}, named=True)).variables["loss"].values
    made = []
    for cut in (False, True):
        if cut:
            monkeypatch.setattr("simulate.run.record.CHUNK_BYTES", 16 * 11 * 3)
            monkeypatch.setattr("dynamics.kernel.chunks.SECONDS", 1e-12)
            monkeypatch.setattr("dynamics.kernel.chunks.BEGIN", 0.0)
        for level in (-1.0, *losses[[0, 6, 9, 10, 11]].tolist()):
            asked = Asked(STEPS, t, names, at_most({"loss": level}), named=True)
            events = EventWatch(start, asked).inside()
            path = start.advance(STEPS, t, events=events)
            assert events is not None and path.velocity is not None and whole.velocity is not None
            both = np.isin(whole.t, path.t[path.t != events.stopped]) & (whole.t <= path.t[-1])
            for name in ("z", "b", "velocity", "scale"):
                assert np.array_equal(getattr(path, name)[: both.sum()], getattr(whole, name)[both])
            assert level < 0 or path.t[-1] == events.stopped == np.argmax(losses <= level)
            made.append((events.hits.tolist(), path.t.tolist(), path.z.tobytes(), path.velocity.tobytes()))
            assert same(reduced.run(start, asked), seen_from_outside(start, asked))
    assert made[:6] == made[6:]


def test_a_state_is_looked_at_where_no_step_is_taken() -> None:
    model = drawing(True, ("batch", "label_noise"))
    kernel = plain_kernel(model)
    start = cells(model, kernel)[0].start(0, "gram")
    loss = float(start.observe(start.draw.z[None])["loss"][0])
    for bound, hit in ((loss * (1 + 1e-12), 0), (loss * (1 - 1e-12), -1)):
        events, t = Sought.of([(list(kernel.watched).index("loss"), True, bound)]), np.array([0])
        start.advance(0, t, events=events)
        assert events.hits.tolist() == [hit]


WEIGHED = Objective(loss="logistic", label_weights=(2.5, 0.5))


def test_a_loss_that_labels_weigh_goes_by_the_labels_themselves() -> None:
    model = drawing(True, ("label_noise",), objective=WEIGHED)
    for problem in cells(model, plain_kernel(model)):
        start = problem.start(0, "gram")
        for step in (4, 15):
            loss = reduced.run(start, Asked(step, np.array([step]), ("loss",), {}, named=True)).variables["loss"]
            asked = Asked(STEPS, np.array([STEPS]), ("loss",), at_most({"loss": float(loss.values[-1])}), named=True)
            assert same(reduced.run(start, asked), seen_from_outside(start, asked))
            events = EventWatch(start, asked).inside()
            assert events is not None and start.advance(STEPS, asked.recorded, events=events).t[-1] == events.stopped


def mutant(model: Model, right: str, wrong: str) -> Kernel:
    source = derive(model).lanes_source()
    assert source is not None and right in source, right
    return replace(plain_kernel(model), lanes_plain=plain_module(source.replace(right, wrong), "mutant"))


MUTANTS = {
    "the labels of the step": ("watch_loss(f, packed_y, present,", "watch_loss(f, label, present,"),
    "the examples of the step": ("watch_loss(f, packed_y, present,", "watch_loss(f, packed_y, live,"),
    "a mean over the batch": ("watch_loss(f, packed_y, present, examples)", "watch_loss(f, packed_y, present, n)"),
    "outputs of the batch": ("store(f, i, (f_i", "store(f, i, load(live, i) * (f_i"),
    "no look at the last state": ("if t == start + steps and not watching:", "if t == start + steps:"),
}


@pytest.mark.parametrize(("right", "wrong"), MUTANTS.values(), ids=MUTANTS)
def test_a_wrong_look_is_seen(right: str, wrong: str) -> None:
    """The first step at or below the loss of every step, of runs that end after one step to six."""
    model, given = drawing(True, ("batch", "label_noise")), {"n": 11, "m": 2, "d": 60, "eta": 0.1, "mu_norm": 2.0}
    kernel = plain_kernel(model)
    start, wrongs = replace(problem_of(choose(model, given)), loaded=kernel).start(0, "gram"), list[bool]()
    start, other = (replace(start, kernel=each) for each in (kernel, mutant(model, right, wrong)))
    losses = start.observe(start.advance(6, np.arange(7)).z)["loss"] * (1.0 + 1e-12)
    for last in range(1, 7):
        first = [int(np.argmax(losses <= bound)) for bound in losses[: last + 1]]
        for each in (start, other):
            events = Sought.of([(list(kernel.watched).index("loss"), True, bound) for bound in losses[: last + 1]])
            each.advance(last, np.array([last]), events=events)
            wrongs.append(events.hits.tolist() != first)
    assert not any(wrongs[::2]) and any(wrongs[1::2]) and max(first) > 3


@pytest.mark.parametrize("option", ["batch", "label_noise"])
def test_no_draw_is_read_past_the_last_step(option: str) -> None:
    """Compiled code would read on, where plain Python raises."""
    model = drawing(True, (option,))
    kernel = mutant(model, "if t < start + steps:", "if t <= start + steps:")
    asked = Asked(2, np.array([2]), ("T_2_noise",), {}, named=True)
    with pytest.raises(IndexError):
        reduced.run(cells(model, kernel)[0].start(0, "gram"), asked)


@pytest.mark.slow
def test_seeds_and_grids_of_a_model_that_draws_end_early_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user asks: each is its run alone, and none is made alone."""
    model, params = drawing(True, ("batch",)), {"n": 11, "m": 2, "d": 60, "eta": 0.5, "sigma_p": 0.5}
    asked: dict[str, Any] = {"steps": STEPS, "sampling": "gram", "observables": ["loss", "T_1"], "record": [STEPS]}
    kernel = plain_kernel(model)
    monkeypatch.setattr("simulate.run.problem.kernel_for", lambda _: kernel)
    level = float(np.median(gr.run(model, params, seeds=3, **asked).loss.values[:, -1]))
    ends = [int(gr.run(model, params, seed=seed, until={"loss": level}, **asked).stopped) for seed in range(3)]
    run = reduced.run  # a grid tries one of its cells for no step
    monkeypatch.setattr(reduced, "run", lambda start, of: pytest.fail("alone") if of.steps else run(start, of))
    many = gr.run(model, params, seeds=3, until={"loss": level}, **asked)
    grid = gr.phase(model, params, x=("eps", [0.1, 0.2]), seeds=3, observable="loss,T_1", steps=STEPS,
                    until={"loss": level}, progress=False, workers=1)
    assert many.stopped.values.tolist() == ends and {-1, max(ends)} <= {*ends} and max(ends) > 0
    for name in ("stopped", "T_1"):
        assert all(np.array_equal(grid[name].isel(eps=at).values, many[name].values) for at in range(2))


@pytest.mark.slow  # compiles a model of its own
@pytest.mark.parametrize("signed", [True, False])
def test_compiled_looks_are_those_of_plain_python(signed: bool) -> None:
    model = drawing(signed, ("batch", "label_noise", "momentum", "weight_decay"), FALLS)
    names = ("loss", "rho", *EVENTS[signed])
    for until in ({}, at_most({"loss": 0.6 if signed else 0.9})):
        made = [batch.together(cells(model, kernel), [0, 1], STEPS, names, until=until)
                for kernel in (kernel_for(model), plain_kernel(model))]
        assert all(each.done.all() and each.found is not None for each in made)
        for one, two in zip(*[[run for row in each.found or [] for run in row] for each in made], strict=True):
            assert one is not None and two is not None and same(one, two)
        ends = {int(run.t[-1]) for row in made[0].found or [] for run in row if run is not None}
        assert len(ends) > 1 or not until
