"""run: a setting's trajectory as a labelled dataset, by the reduced recursion or by training the weights."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from derivations.declare import Model, unread
from dynamics.blas import one_blas_thread
from dynamics.kernel.bilevel import BilevelKernel

from ..ask import arguments as ask
from ..ask import keywords, reading
from ..ask.bounds import Bound
from ..ask.chosen import Chosen, choose
from ..ask.losses import rising
from ..errors import Diverged, InputError
from ..observe import observables as obs
from ..observe import undefined
from ..observe.samplings import DRAWN, TEST_SAMPLINGS
from ..start import source
from ..work.once import once
from ..work.progress import progress
from . import batch, dataset, estimate, reduced, tasks
from . import seeds as seeds_of_a_run
from .asked import Asked, Found
from .dataset import Runs
from .problem import Ensemble, Start, problem_of
from .record import recorded_steps
from .request import Request, recorded_states

if TYPE_CHECKING:
    import xarray

ENGINES = ("reduced", "weights")
SAMPLINGS = ("vectors", "gram")


def run(
    setting: str | Model | Chosen,
    params: Mapping[str, object] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    seed: int | str = 0,
    seeds: int | str | None = None,
    engine: str = "reduced",
    sampling: str = "vectors",
    test_sampling: str = DRAWN.name,
    record: ask.Recorded | None = None,
    observables: ask.Names | None = None,
    until: ask.Thresholds | None = None,
    initial: Mapping[str, Any] | source.Source | None = None,
    **values: object,
) -> xarray.Dataset:
    """Run a model and return its observables, labelled; the value at t belongs to W(t).

    Numbers may be given as text, as on the command line: "exp(100)", "0,10,100" for `record`, "loss,gamma" for
    `observables`.

    Args:
        setting: a shipped name such as "pegr", "file.py:model", or a Model.
        params: values by name, over `preset`, over the published defaults (each one used is noted in attrs["notes"]).
        preset: named published values, such as "paper".
        steps: steps of gradient descent (a preset brings its own; else the "paper" preset's).
        seed: one seed is one draw, the same in both engines; streams "labels", "label_flips", "data", "init", "test";
            "batches" and "flips" for algorithms that draw at each step (`dynamics.chance.stepdraws`).
        seeds: run seed, seed + 1, ... this many, along a `seed` dimension.  `status` (seed,) is "ok" or "diverged", and
            `message` says at which step; a diverged seed's variables are NaN.
        engine: "reduced" (the generated kernel) or "weights" (torch training of W).
        sampling: "vectors", or "gram" (the inner products alone, exact in distribution at any d; reduced only).
        test_sampling: how fresh examples are taken: "draws", 4096 of them, which resolve a test error of about 1e-3
            (of Gaussian noise in groups of eight, `dynamics.fresh.normals`); or "importance", for errors of 1e-4 to
            1e-9 and below under Gaussian noise (`dynamics.fresh.importance`).
        record: steps to record: default 0 and 200 log-spaced ones; "all"; or a list.
        observables: the variables wanted; default all.  Hitting times are exact, whatever is recorded; -1: not reached.
            What has no value at all, as a time to a threshold that divides by 0, is left out, and refused where named.
        until: stop at the first step where an observable is at or below a value, such as {"loss": 1e-3}, or at or
            above one, {"max_gamma": ">=1"}, in all of its entries, or by a rule, {"gamma:max": ">=1"}; of several
            observables at all.  `stopped` is that step, which is recorded too, -1 where none has it.  A seed that has
            stopped stays in that state while others go on, to the last of `steps`, recorded too, where one does not
            stop.
        initial: the caller's arrays "W" (H, m, d), "y" (n,) and one per family, (d,), (K, d) or (n, d); with tasks
            (n_tasks, d) or (n_tasks, n, d) and y (n_tasks, n), where "nu" (d,) and "z" (M, d) may come too; drawn
            scalars (n,) by name and, where labels flip, "clean" (n,), those before flips (absent: y); or examples such
            as `gammarho.images` gives, with W drawn and the test error of held-out ones.  Sizes come from them, the
            number of classes too.
        values: more parameters, as keywords: run("pegr", sigma_p=0.5).

    Raises:
        InputError: bad input, in one sentence.  Diverged: a state that is not finite, with the step; with `seeds`, only
            where every seed diverges.
    """
    chosen = choose(setting, keywords.joined(params, values), preset).on(initial)
    return labelled(
        chosen, steps=steps, seed=seed, seeds=seeds, engine=engine, sampling=sampling, test_sampling=test_sampling,
        record=record, observables=observables, until=until, initial=initial,
    ).dataset()


@one_blas_thread()
def labelled(
    chosen: Chosen,
    *,
    steps: int | str | None,
    seed: int | str,
    seeds: int | str | None,
    engine: str,
    sampling: str,
    test_sampling: str,
    record: ask.Recorded | None,
    observables: ask.Names | None,
    until: ask.Thresholds | None,
    initial: Mapping[str, Any] | source.Source | None,
) -> Runs:
    """What `run` returns, as plain arrays: for who needs no xarray.  Raises what `run` raises."""
    engine, sampling = reading.choice("engine", engine, ENGINES), reading.choice("sampling", sampling, SAMPLINGS)
    fresh = TEST_SAMPLINGS[reading.choice("test_sampling", test_sampling, tuple(TEST_SAMPLINGS))]
    first, many = reading.count("seed", seed), 1 if seeds is None else reading.count("seeds", seeds, 1, 10)
    problem, count = problem_of(chosen), chosen.total_steps(steps)
    wanted, record = obs.check(problem.model, observables), ask.recorded("record", record)
    known = (*obs.at_every_step(problem.model), *obs.fresh_names(problem.model))
    bounds = ask.thresholds("until", until, known)
    _check_together(engine, sampling, bounds)
    problem = problem.on(initial)
    request = Request(
        problem.model, problem.sizes, sampling, engine, count, recorded_states(record, count), wanted,
        fresh.draws)
    estimate.check_run(request, many)
    recorded = recorded_steps(record, count)  # not before: there may be too many of them
    if bounds and many > 1:  # where a seed that goes on ends too, and where one that has stopped keeps its state
        recorded = np.union1d(recorded, [count])
    asked = Asked(count, recorded, wanted, bounds, named=observables is not None, fresh=fresh)
    ensemble = problem.draw(range(first, first + many), sampling)
    with progress("run", count * many, "steps"):  # each seed's run counts its own
        outcomes = _outcomes(ensemble, engine, asked)
    runs = seeds_of_a_run.side_by_side([each for each in outcomes if isinstance(each, Found)], asked, many)
    said = [each if isinstance(each, Diverged) else None for each in outcomes]
    if seeds is None and not runs:
        raise next(error for error in said if error is not None)
    if not runs:
        raise seeds_of_a_run.all_diverged(ensemble.seeds, said)
    found = dataset.labelled(runs, engine, first, with_seeds=seeds is not None)
    return found if seeds is None else seeds_of_a_run.along_all(found, ensemble.seeds, said)


def _check_together(engine: str, sampling: str, until: Mapping[str, Bound]) -> None:
    """Raises InputError where two of the arguments exclude each other."""
    if engine == "weights" and sampling == "gram":
        raise InputError(
            "sampling: 'gram' has no vectors to train weights on; use sampling='vectors' with engine='weights'"
        )
    if engine == "weights" and until:
        raise InputError("until: early stopping is for engine='reduced'; leave it out, or use that engine")


def _outcomes(ensemble: Ensemble, engine: str, asked: Asked) -> list[Found | Diverged]:
    """Every start's run, or its divergence; as many as go together in one call."""
    waiting, outcomes = iter(ensemble), list[Found | Diverged]()
    for first in waiting:
        size = batch.size_of(first, asked) if engine == "reduced" and len(ensemble.seeds) > 1 else 1
        starts = [first, *itertools.islice(waiting, size - 1)]
        made: list[Found | Diverged | None] = [None]
        if len(starts) > 1:
            with progress("run", asked.steps * len(starts), "steps") as step:
                made = batch.alike(starts, asked)
                step(asked.steps * sum(each is not None for each in made))
        for start, outcome in zip(starts, made, strict=True):
            try:
                outcomes.append(outcome if isinstance(outcome, Diverged) else _one(start, engine, asked, outcome))
            except Diverged as error:
                outcomes.append(error)
    return outcomes


def _one(start: Start, engine: str, asked: Asked, outcome: Found | None) -> Found:
    """One start's run, made already (`outcome`) or made here, with what has no number said."""
    notes = [*start.untold(), *_unread(start), *rising(start.model, start.values)]
    if isinstance(start.kernel, BilevelKernel):
        notes.append(tasks.note(start.model, start.kernel, start.draw, start.values))
    elif engine == "reduced":
        _, filters, directions = start.draw.z.shape
        notes += start.kernel.told(directions, filters)
    if engine == "weights":
        from . import trained

        outcome = trained.along(start, asked)
    outcome = outcome or reduced.run(start, asked)
    marked, undefined_at = undefined.marked(outcome.variables, outcome.t)
    why = [f"{name}: {reason}" for name, reason in outcome.lacking.items()]
    return Found(start, outcome.t, marked, (*notes, *outcome.notes, *undefined_at, *why))


def _unread(start: Start) -> list[str]:
    """A line on the parameters that somebody gave or declared for no paper, and that nothing of the model reads."""
    named = [name for name in _unread_of(start.model) if start.values.get(name) is not None]
    told = [name for name in named if name in start.problem.given or not start.model.parameter(name).source]
    plays = "plays" if len(told) == 1 else "play"
    return [f"{', '.join(told)} {plays} no part in the run: nothing of {start.model.name} reads it"] if told else []


_unread_of = once(unread)
