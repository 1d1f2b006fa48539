"""A grid's request, checked: a problem a cell, what is measured of each, and all that its numbers depend on."""

from __future__ import annotations

import functools
import importlib.metadata
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from derivations.declare import Event, KnownFrom, Model, terms_of
from derivations.declare.formula import FormulaError, names
from derivations.declare.meanings import STOPPED, stopped
from derivations.declare.variables import judged, of_run

from ..ask import arguments as ask
from ..ask import digest, formula, reading
from ..ask import values as values_of
from ..ask.axes import Axis
from ..ask.bounds import said as said_of
from ..ask.chosen import choose
from ..ask.hold import holds
from ..ask.noted import show
from ..conditions.held import Held
from ..errors import InputError, nearest, quoted
from ..observe import observables as obs
from ..observe.fresh import DRAWS
from ..observe.fresh_groups import independent
from ..observe.samplings import DRAWN, TEST_SAMPLINGS
from ..run import estimate
from ..run.lots import Lots
from ..run.request import Request
from ..run.run import SAMPLINGS
from ..start.refusals import gram_refusal
from . import grid_axes
from .cell import EITHER, Measure, try_out
from .grid_axes import SEED, Coordinate
from .grid_cells import Cells, asked_axes
from .grid_layout import DIGEST, Column, Layout
from .reduced_axes import Wanted, separated, wanted

SCALARS = ("loss", "gradient_norm", "train_error", *obs.FRESH)


@dataclass(frozen=True)
class Grid:
    """A checked request; `cells` in the order of `axes`, outermost first, the last of which moves fastest.

    `formulas` are the texts of the parameters that follow others, by name: a default's, the caller's, or an equation;
    `source` makes problems at further points.
    """

    model: Model
    axes: tuple[Axis, ...]
    cells: Lots
    seeds: tuple[int, ...]
    measure: Measure
    formulas: Mapping[str, str]
    notes: tuple[str, ...]
    source: Cells

    @cached_property
    def layout(self) -> Layout:
        """The grid as it lies in memory and on disk."""
        columns, coordinates = self._columns(), self._coordinates()
        return Layout({each.name: each.values for each in self.axes}, self.seeds, columns, coordinates,
                      self._attributes(), self._configuration())

    def _columns(self) -> dict[str, Column]:
        """The variables: each observable, its standard error where it has one, and what became of each run."""
        events = {event.name: event for event in self.model.events}
        columns, steps, ends = {}, self.measure.steps, said_of(self.measure.until)
        at = f"{f'the first step with {ends}, or ' if ends else ''}step {steps}"
        for name in self.measure.with_errors(self.model):
            if name == STOPPED:
                attrs = {**stopped().attributes, "event": f"until {ends}", "long_name": f"first t with {ends}",
                         "meaning": f"first step with {ends}, where the run ends; -1 where none of {steps} has it"}
            elif name in events:
                said = f"first step that reaches it, -1 where none of {steps} does"
                said += f"{f', or none up to the first with {ends}, where the run ends' if ends else ''}"
                attrs = {"event": self._sought(events[name]), "meaning": said, "long_name": f"hitting time {name}",
                         "units": "steps"}
            else:
                of = name.removesuffix("_se") if name not in self.measure.names else ""
                said = f"standard error of {of}" if of else f"{name} at {at}"
                attrs = {"meaning": said, "long_name": said, "units": "1"}
            columns[name] = Column(False, attrs)
        told = "what happened where the status is not ok, or why the draw is not the default"
        columns["status"] = Column(True, {"meaning": "ok, diverged, failed or undone"})
        return {**columns, "message": Column(True, {"meaning": told})}

    def _sought(self, event: Event) -> str:
        """What an event waits for: a number where that is the same in all cells, else the formula of it."""
        values = {name: self.cells.values(name) for name in names(event.threshold)}
        if any(value is None or isinstance(value, np.ndarray) for value in values.values()):
            return obs.sought(event, event.threshold)
        try:
            return obs.sought(event, f"{formula.evaluate(event.threshold, values):.4g}")
        except FormulaError:  # it has none here
            return obs.sought(event, event.threshold)

    def _coordinates(self) -> dict[str, Coordinate]:
        """The axes, the seeds, and every other parameter."""
        labels = {**{each.name: grid_axes.axis(each) for each in self.axes}, SEED: grid_axes.seeds(self.seeds)}
        taken = [*labels, *self.measure.with_errors(self.model), "status", "message", DIGEST]
        return {**labels, **grid_axes.parameters(self.model, self.cells, self.axes, taken)}

    def _configuration(self) -> dict[str, Any]:
        """All that a run's numbers depend on."""
        kernels = {id(lot.kernel): lot.kernel for lot in self.cells.lots}.values()
        texts = {kernel.path.stem: digest.short(kernel.texts.encode()) for kernel in kernels}
        ends = {name: bound.plain for name, bound in self.measure.until.items()}
        return {
            "setting": self.model.name,
            "observables": list(self.measure.names),
            "steps": self.measure.steps,
            "sampling": self.measure.sampling,
            **({} if self.measure.fresh is DRAWN else {"test_sampling": self.measure.fresh.name}),
            **({"until": ends} if ends else {}),
            **{each.option: {each.name: each.values} for each in reversed(self.axes)},
            "seeds": self.seeds,
            **self._values(),
            "declaration": digest.of_model(self.model),
            "kernel": dict(sorted(texts.items())),
            "gammarho": _version(),
        }

    def _values(self) -> dict[str, Any]:
        """What parameters are that are no axis: `parameters` of every cell, and `defaults` of each structural choice.

        A default may be another where an axis selects the recursion, as may one of a choice that is added later.
        """
        axes, first = {each.name: each.parameter.structural for each in self.axes}, self.cells[0]
        apart = {name for name in first.values if any(axes.values()) and name not in first.given}
        alike = {name: value for name, value in first.values.items() if name not in {*axes, *apart}}
        said: dict[str, Any] = {"parameters": {**alike, **self.formulas}}
        if not any(axes.values()):
            return said
        own = [lot.first.values for lot in self.cells.lots]
        by_choice = {
            ", ".join(f"{name}={show(values[name])}" for name in axes if axes[name]):
            {name: values[name] for name in values if name in apart and name not in {*axes, *self.formulas}}
            for values in own
        }
        return {**said, "defaults": dict(sorted(by_choice.items()))}

    def _independent(self) -> dict[str, int]:
        """How many of a run's fresh examples are independent, by plain draws, in the cell that has the fewest.

        Nothing where nothing of an example is drawn, so that its error is exact.
        """
        drawn = self.model.test.drawn
        fresh = any(term.direction in drawn or term.densities for term in terms_of(self.model.patches))
        if self.measure.fresh is not DRAWN or "test_error" not in self.measure.names or not fresh:
            return {}
        counts = [independent(lot.model, {}, lot.first.values, DRAWS) for lot in self.cells.lots]
        return {"test_draws": min(counts)}

    def _attributes(self) -> dict[str, Any]:
        """What the grid is of, for whoever opens it."""
        return {
            "setting": self.model.name,
            "title": self.model.title,
            "observable": ",".join(self.measure.names),
            "steps": self.measure.steps,
            "sampling": self.measure.sampling,
            "test_sampling": self.measure.fresh.name,
            **self._independent(),
            **({"until": said_of(self.measure.until)} if self.measure.until else {}),
            **{each.option: each.name for each in reversed(self.axes)},
            "notes": "\n".join(self.notes),
        }


@dataclass(frozen=True)
class GridAsked:
    """The caller's words, as those of `phase`."""

    setting: str | Model
    params: Mapping[str, object] | None
    axes: Mapping[str, object]
    hold: object
    preset: str | None
    steps: int | str | None
    observable: object
    seeds: int | str
    seed: int | str
    sampling: str | None
    test_sampling: str = DRAWN.name
    until: ask.Thresholds | None = None


def checked(asked: GridAsked, workers: int) -> Grid:
    """The grid that a caller's words describe.  Raises InputError."""
    chosen = choose(asked.setting, asked.params, asked.preset, "phase")
    given, model = chosen.given, chosen.built
    equations = holds(asked.hold)
    axes = asked_axes(asked.axes, model, given, equations)
    until = ask.thresholds("until", asked.until, (*obs.at_every_step(model), *obs.fresh_names(model)))
    requests, alone = _check_observables(model, asked.observable, (STOPPED,) * bool(until))
    sampling = None if asked.sampling is None else reading.choice("sampling", asked.sampling, SAMPLINGS)
    fresh = TEST_SAMPLINGS[reading.choice("test_sampling", asked.test_sampling, tuple(TEST_SAMPLINGS))]
    first, many = reading.count("seed", asked.seed), reading.count("seeds", asked.seeds, low=1, example=3)
    count = chosen.total_steps(asked.steps)
    held = Held.of(chosen.setting, model, equations, given, {each.name: each.option for each in axes}, count)
    cells = Cells(chosen, axes, held)
    names = tuple(request.name for request in requests)
    estimate.check_grid(
        [Request(each.model, each.values, sampling or "gram", "reduced", count, 1, names,
                          fresh.draws)
         for each in cells.corners()],
        math.prod(len(each.values) for each in axes), many, workers,
    )
    problems = cells.all()
    cells.refuse_idle(problems)
    inexact = all(gram_refusal(lot.model, lot.values.alike) for lot in problems.lots)
    measure = Measure(requests, count, sampling or ("vectors" if inexact else EITHER), fresh, until)
    if until or not alone:
        try_out(measure, problems, first)
    seeds = tuple(range(first, first + many))
    return Grid(model, axes, problems, seeds, measure, cells.formulas(), cells.notes(problems), cells)


def _check_observables(model: Model, given: object, more: tuple[str, ...]) -> tuple[tuple[Wanted, ...], bool]:
    """What is asked for by a text or a list of texts, and whether all of it is one number a run as it stands.

    `more` are numbers that a run has beside the model's.
    """
    text = values_of.text(given)
    listed = separated(text) if text is not None else values_of.listed(given) or [given]
    pairs = [_check_observable(model, ask.one_text("observable", each, "test_error"), more) for each in listed]
    names = [request.text for request, _ in pairs]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InputError(f"observable: {quoted(twice[0])} is asked for twice; name each once")
    return tuple(request for request, _ in pairs), all(alone for _, alone in pairs)


def _check_observable(model: Model, text: str, more: tuple[str, ...]) -> tuple[Wanted, bool]:
    """What an observable's text asks for, and whether that is one number a run as it stands."""
    of_state = [o for o in model.observables if o.known_from is KnownFrom.STATE]
    declared = [o.name for o in of_state if o.one_number(model)]
    plain = [*SCALARS, *declared, *(event.name for event in model.events), *more]
    if text in plain:
        return Wanted(text, text, (), ""), True
    request = wanted(str(text))
    known = list(dict.fromkeys([*plain, *obs.at_every_step(model), *_fresh_names(model), *obs.of_data(model),
                                *obs.counted(model)]))
    if request.name == STOPPED and not more:
        raise InputError(f"observable: {STOPPED!r} is the step where until ends a run; give until, such as loss=1e-3")
    if request.name not in known and request.name in of_run(model):
        raise InputError(
            f"observable: {quoted(request.name)} is not known from a run's last state alone, as it is of all "
            f"that are recorded, or of fresh examples of its own; take it from run, and here one of {', '.join(known)}"
        )
    if request.name not in known:
        raise InputError(
            f"observable: {quoted(request.name)} is not known at a run's last step; {nearest(request.name, known)}"
        )
    return request, False


def _fresh_names(model: Model) -> tuple[str, ...]:
    """The variables of fresh examples that need nothing but the last state."""
    if model.test.of_tasks:
        return obs.fresh_names(model)
    return judged(model)


@functools.cache
def _version() -> str:
    """As installed; looking it up takes as long as a dozen runs."""
    try:
        return importlib.metadata.version("gammarho")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
