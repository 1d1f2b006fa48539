"""Runs of one model as labelled data: dimensions, coordinates, and the attributes that tell a run.

Plain arrays first, and an xarray dataset of them where one is wanted: a table in a terminal needs none, and xarray
takes a third of a second to load.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from derivations.declare.meanings import STOPPED, Meaning, coordinates, meanings, of_parameter, stopped

from ..ask import digest, noted
from ..start import source
from ..work.once import once
from .asked import Found
from .problem import Problem, Start

if TYPE_CHECKING:
    import xarray

Whole = NDArray[np.int64]
SHARED = 4096  # labels of a dimension that runs share
_meanings, _coordinates = once(meanings), once(coordinates)


class Labelled(NamedTuple):
    """Values with the name of each of their dimensions, and what is said of them."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: dict[str, Any]


class Data(Protocol):
    """What a dataset and `Parts` have alike: variables and coordinates, by name, and attributes."""

    @property
    def data_vars(self) -> Mapping[Any, Any]:
        """Variables, with `dims`, `values` and `attrs`."""

    @property
    def coords(self) -> Mapping[Any, Any]:
        """Coordinates, likewise."""

    @property
    def attrs(self) -> Mapping[Any, Any]:
        """What is said of all."""


@dataclass(frozen=True)
class Parts:
    """Plain arrays, with the names that xarray has for the parts of a dataset: a table needs no xarray."""

    data_vars: Mapping[str, Labelled]
    coords: Mapping[str, Labelled]
    attrs: dict[str, Any]


class Runs(Parts):
    """Runs that recorded the same steps."""

    def dataset(self) -> xarray.Dataset:
        """What xarray makes of them, by its own way past looking for what may not fit together.

        Everything here is of one run's sizes, and to look takes longer than a third of the run does.
        """
        import xarray

        whole: dict[str, xarray.Variable] = {}
        indexes: dict[Any, Any] = {}
        for name, each in (*self.data_vars.items(), *self.coords.items()):
            if each.dims == (name,):
                axis = _axis(name, each)
                indexes |= axis.xindexes
                whole[name] = axis.variables[name].copy(deep=False)
            else:
                whole[name] = xarray.Variable(*each, fastpath=True)
        return xarray.Dataset._construct_direct(whole, {*self.coords}, None, dict(self.attrs), indexes)


def labelled(runs: Sequence[Found], engine: str, seed: int, with_seeds: bool) -> Runs:
    """The variables of runs that recorded the same steps, along a `seed` dimension where `with_seeds`."""
    first = runs[0]
    start, problem = first.start, first.start.problem
    model = problem.model
    known, events = {**_meanings(model), STOPPED: stopped()}, {event.name: event for event in model.events}
    data: dict[str, Labelled] = {}
    for name in [name for name in first.variables if all(name in run.variables for run in runs)]:
        variable = first.variables[name]
        stacked = np.stack([run.variables[name].values for run in runs]) if with_seeds else variable.values
        dims = ("seed", *variable.dims) if with_seeds else variable.dims
        attributes = known[name].attributes
        if name in events:
            event = events[name]
            attributes |= {"event": variable.said, "observable": event.observable, "relation": event.relation}
        elif name == STOPPED:
            attributes |= {"event": variable.said}
        else:
            attributes["meaning"] = (variable.said or attributes["meaning"]) + variable.note
        data[name] = Labelled(dims, np.asarray(stacked), attributes)
    used = {dim for each in data.values() for dim in each.dims}
    axes = {"t": first.t, "seed": np.array([run.start.seed for run in runs]), **labels(start)}
    notes = dict.fromkeys(line for run in runs for line in run.notes)  # once, whatever the number of seeds
    parameters, told = _told(problem)
    attrs = {
        "setting": model.name,
        "title": model.title,
        "engine": engine,
        "sampling": start.draw.sampling,
        "seed": seed,
        **({"seeds": len(runs)} if with_seeds else {}),
        **({"initial": json.dumps(start.digests)} if start.digests else {}),
        "declaration": digest.of_model(model),
        "steps": int(first.t[-1]),
        "parameters": parameters,
        "notes": "\n".join([*told, *notes]),
        **({} if problem.examples is None else source.attributes(problem.examples)),
    }
    known = _coordinates(model)
    coords = {name: Labelled((name,), np.asarray(value), known[name].attributes)
              for name, value in axes.items() if name in used | {"t"}}
    if "i" in used:
        coords |= {name: Labelled(*each, known[name].attributes)
                   for name, each in _of_examples(runs, with_seeds).items()}
    return Runs(data, coords | _parameters(problem, {*data, *axes, *coords}), attrs)


@once
def _told(problem: Problem) -> tuple[str, tuple[str, ...]]:
    """A problem's parameter values in JSON, and the notes on where they are from."""
    return json.dumps(problem.told), noted.lines(problem.resolved.without(problem.replaced))


def _axis(name: str, axis: Labelled) -> xarray.Coordinates:
    """A dimension's labels with their index; runs of one shape share them, as to index takes as long as to draw."""
    made = _indexed if axis.values.size <= SHARED else _indexed.__wrapped__
    return made(name, axis.values.dtype.str, tuple(axis.values.tolist()), tuple(axis.attrs.items()))


@functools.lru_cache(maxsize=64)
def _indexed(
    name: str, dtype: str, labels: tuple[object, ...], attributes: tuple[tuple[str, Any], ...]
) -> xarray.Coordinates:
    import xarray

    return xarray.Coordinates({name: (name, np.array(labels, dtype=dtype), dict(attributes))})


def _parameters(problem: Problem, taken: set[str]) -> dict[str, Labelled]:
    """The parameters as coordinates without a dimension, so that runs concatenate along what they differ in.

    One that is absent (None), or has the name of a dimension, is in the attributes alone.
    """
    values, known = problem.told, _of_parameters(problem.model)
    return {
        name: Labelled((), np.array(values[name]), meaning.attributes) for name, meaning in known.items()
        if name not in taken and values.get(name) is not None
    }


@once
def _of_parameters(model: Model) -> dict[str, Meaning]:
    return {each.name: of_parameter(each) for each in model.parameters}


def _of_examples(runs: Sequence[Found], with_seeds: bool) -> dict[str, tuple[tuple[str, ...], Whole]]:
    """The examples' labels y, and yhat where they are flipped or a patch follows it: their dimensions and values."""
    model, draws = runs[0].start.model, [run.start.draw for run in runs]
    names = {"y": [draw.y for draw in draws]}
    if model.label_flips or model.follows_clean:
        names["yhat"] = [draw.clean for draw in draws]
    by_task = [(draw.tasks, draw.examples) for draw in draws[:1] if model.algorithm.over_tasks]
    dims = (*["seed"] * with_seeds, *["task"] * len(by_task), "i")
    shape = (*[len(runs)] * with_seeds, *(by_task[0] if by_task else (-1,)))
    return {name: (dims, np.array(values).astype(np.int64).reshape(shape)) for name, values in names.items()}


def labels(start: Start) -> dict[str, list[Any]]:
    """What labels each dimension of a variable, beside t and the seed."""
    model, axis = start.model, start.model.network.head_axis
    return {
        axis.dim: [int(label) for label in axis.labels],
        "r": list(range(start.draw.z.shape[1])),
        "i": list(range(start.draw.examples)),
        "task": list(range(start.draw.tasks)),
        "class": list(range(model.network.classes)),
        "matrix": [*axis.names, "stack"],
    }
