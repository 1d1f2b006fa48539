"""A dataset, or what one is made of, for a terminal and for a program."""

from __future__ import annotations

import json
import math
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.ask.noted import show
from simulate.run import seeds as seeds_of_a_run
from simulate.run.dataset import Data, Labelled
from simulate.values import closing
from simulate.work.columns import columns
from simulate.work.plain import plain

if TYPE_CHECKING:
    from derivations.declare import Model

_COLUMNS = 8
COLUMN = 11  # characters of a column, at least
_REASONS = 6  # of a run's seeds that are not ok, told one by one

Row = tuple[str, list[str]]


def as_text(data: Data, model: Model | None = None) -> str:
    """The notes, then a row a variable at about eight log-spaced recorded steps, then numbers of the whole run.

    A variable with more axes than t (and seed) is shown by its largest absolute value, and one that an event watches
    by what the event compares: its least entry (for >=) or its greatest (for <=).  Of several seeds there are the mean,
    the least and the greatest of those that did not diverge, and a line for each that did.  A row that repeats an
    earlier one is named below the table instead.  With the `model`, the recorded step nearest to its penalty's last one
    is among the columns, and a row at its observable's floor says so.
    """
    variables = _finite(data)
    steps = data.coords["t"].values
    closed = None if model is None else _closing(data, model)
    picked = sorted({*_log_spaced(steps), *([] if closed is None else [closed[0]])})
    numeric = {name: each for name, each in variables.items() if np.issubdtype(each.values.dtype, np.number)}
    watched = _watched(variables)
    shown = {name: _along(each, "t", picked) for name, each in numeric.items() if "t" in each.dims}
    repeated = _repeated({name: each for name, each in shown.items() if name not in watched})
    floors = {} if model is None else _floors(data, model)
    rows: list[Row] = [("t", [f"{int(t)}" for t in steps[picked]])]
    for name, each in shown.items():
        if name not in repeated:
            rows += _rows(name, each, watched.get(name), floors.get(name))
    told = [] if closed is None else ["", closed[1]]
    omitted = [f"{name} = {of}" for name, of in repeated.items() if not name.endswith("_se")]
    left_out = ["", *textwrap.wrap(f"not shown: {', '.join(omitted)}", 118, subsequent_indent="  ")] if omitted else []
    times, single = _hitting_times(variables), _single(variables)
    return "\n".join([*notes(data), "", *table(rows), *left_out, *told, *times, *single, *_diverged(data)])


def _finite(data: Data) -> dict[str, Labelled]:
    """The variables of the seeds that are ok."""
    all_seeds = {str(name): Labelled(tuple(of.dims), of.values, of.attrs) for name, of in data.data_vars.items()}
    lost = dict(seeds_of_a_run.diverged(data))
    if not lost:
        return all_seeds
    kept = [at for at, seed in enumerate(data.coords["seed"].values.tolist()) if seed not in lost]
    return {name: _along(each, "seed", kept) for name, each in all_seeds.items()}


def _along(given: Labelled, dim: str, at: Sequence[int]) -> Labelled:
    """Its entries `at` along a dimension, where it has that."""
    if dim not in given.dims:
        return given
    return given._replace(values=np.take(given.values, at, given.dims.index(dim)))


def _reduced(given: Labelled, dims: Sequence[str], how: Callable[..., Any]) -> Labelled:
    """Over some dimensions, by a function of NumPy's; what is NaN does not count, and of nothing else there is NaN."""
    axes = tuple(given.dims.index(dim) for dim in dims)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        values = np.asarray(how(given.values, axis=axes))
    return Labelled(tuple(dim for dim in given.dims if dim not in dims), values, given.attrs)


def _diverged(data: Data) -> list[str]:
    """How many seeds of a run diverged, and of each a line with the sentence on it."""
    lost = seeds_of_a_run.diverged(data)
    if not lost:
        return []
    seeds = data.coords["seed"].values.tolist()
    kept = [seed for seed in seeds if seed not in dict(lost)]
    which = f"seed {kept[0]}" if len(kept) == 1 else f"seeds {', '.join(map(str, kept))}"
    more = [f"  {len(lost) - _REASONS} more, in the data's message"] if len(lost) > _REASONS else []
    return [
        "", f"{len(lost)} of {len(seeds)} seeds diverged; all that is above is of {which}:",
        *(f"  seed {seed}: {said}" for seed, said in lost[:_REASONS]), *more,
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """Rows of a label and cells as lines, cells to the right, with at least a space between any two."""
    cells = [[label, *cells] for label, cells in rows]
    return columns(cells, right=range(1, max(map(len, cells))), gap=1, least=COLUMN - 1)


def as_json(data: Data) -> str:
    """Notes, attributes, coordinates and variables, the last two as {"dims": [...], "values": nested lists}.

    Coordinates without a dimension are parameters, which the attributes have.
    """

    def of(named: Mapping[Any, Any]) -> dict[str, Any]:
        return {str(name): {"dims": list(each.dims), "values": each.values} for name, each in named.items()}

    attributes = {key: value for key, value in data.attrs.items() if key != "notes"}
    axes = {name: axis for name, axis in data.coords.items() if axis.dims}
    arrays = {"coords": of(axes), "variables": of(data.data_vars)}
    return json_of({"notes": notes(data), "attrs": attributes, **arrays})


def json_of(value: object) -> str:
    """JSON of dataclasses, arrays, mappings and sequences; what is not finite becomes null."""
    return json.dumps(plain(value.to_dict() if hasattr(value, "to_dict") else value), allow_nan=False)


def notes(data: Data) -> list[str]:
    """The lines on presets and published defaults that came with the run."""
    noted = data.attrs.get("notes", [])
    return noted.splitlines() if isinstance(noted, str) else [str(line) for line in noted]


def _log_spaced(steps: Any) -> list[int]:
    """Indices of about eight recorded steps: the first, the last, and log-spaced ones between."""
    if len(steps) <= _COLUMNS:
        return list(range(len(steps)))
    wanted = np.geomspace(max(1, int(steps[1])), max(1, int(steps[-1])), _COLUMNS - 1)
    return sorted({0, *(int(np.abs(steps - want).argmin()) for want in wanted)})


def _repeated(shown: Mapping[str, Labelled]) -> dict[str, str]:
    """The variables whose rows repeat an earlier one's, by name, with what they are equal to; of rows reduced alike.

    A name that extends an earlier one's, with the same values throughout, and an accuracy that is 1 - an error.
    """
    repeats: dict[str, str] = {}
    for at, (name, values) in enumerate(shown.items()):
        base, end = name.removesuffix("_se"), "_se" if name.endswith("_se") else ""
        error = name.replace("accuracy", "error")
        if error != name and error in shown and shown[error].dims == values.dims:
            same = shown[error].values if end else 1.0 - shown[error].values
            if np.allclose(values.values, same, rtol=0, atol=1e-12, equal_nan=True):
                repeats[name] = error if end else f"1 - {error}"
                continue
        for earlier, others in [*shown.items()][:at]:
            stem = earlier.removesuffix("_se")
            extends = base.startswith(f"{stem}_") and earlier.endswith("_se") == bool(end)
            if extends and others.dims == values.dims and np.array_equal(others.values, values.values, equal_nan=True):
                repeats[name] = earlier
                break
    return repeats


def _floors(data: Data, model: Model) -> dict[str, float]:
    """What the model's observables are never below at the run's values, where they have such a bound."""
    from derivations.declare.formula import FormulaError
    from simulate.ask import formula

    values, floors = json.loads(data.attrs.get("parameters", "{}")), {}
    for observable in model.observables:
        if observable.lower_bound:
            try:
                floors[observable.name] = formula.evaluate(observable.lower_bound, values)
            except FormulaError:  # it has no value here
                continue
    return floors


def _rows(name: str, values: Labelled, relation: str | None, floor: float | None = None) -> list[Row]:
    """A variable's row; of several seeds, rows of the mean, the least and the greatest; "(floor)" after one at it."""
    label, rest = name, [dim for dim in values.dims if dim not in ("t", "seed")]
    if rest and relation is not None:
        least = relation == ">="
        label = f"{'min' if least else 'max'}_{','.join(rest)} {name}"
        values = _reduced(values, rest, np.nanmin if least else np.nanmax)
    elif rest:
        label, values = f"max |{name}|", _reduced(values._replace(values=np.abs(values.values)), rest, np.nanmax)
    end = [" (floor)"] if floor is not None and bool((values.values == floor).all()) else []
    if "seed" not in values.dims:
        return [(label, [*_cells(values), *end])]
    mean = (f"{label} (mean)", [*_cells(_reduced(values, ["seed"], np.nanmean)), *end])
    if values.values.shape[values.dims.index("seed")] == 1:
        return [mean]
    ends = [_cells(_reduced(values, ["seed"], how)) for how in (np.nanmin, np.nanmax)]
    return [mean, ("  least of the seeds", ends[0]), ("  greatest", ends[1])]


def _cells(values: Labelled) -> list[str]:
    return [number(value) for value in values.values]


def number(value: Any) -> str:
    """A value of a table, a number to four digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return show(bool(value))
    return f"{float(value) + 0.0:.4g}" if not math.isnan(value) else "-"  # no number: the notes say of what; -0 is 0


def _watched(variables: Mapping[str, Labelled]) -> dict[str, str]:
    """Of each observable that an event watches, the event's relation, >= or <=."""
    events = [each.attrs for each in variables.values() if "event" in each.attrs]
    return {each["observable"]: each["relation"] for each in events if "observable" in each}


def _closing(data: Data, model: Model) -> tuple[int, str] | None:
    """The index of the recorded step nearest to the penalty's last one, and a line on it; None where none is closed."""
    values = json.loads(data.attrs.get("parameters", "{}"))
    last, steps = closing(model, values), data.coords["t"].values
    if last is None or not values.get("lam") or last >= steps[-1]:
        return None
    at = int(np.abs(steps - last).argmin())
    near = "" if steps[at] == last else f"; the column t = {int(steps[at])} is the nearest recorded one"
    return at, f"lam_until = {last}  (the last step with the penalty{near})"


def _hitting_times(variables: Mapping[str, Labelled]) -> list[str]:
    """One line an event; a time that is negative or not a number was not reached."""
    lines = []
    for name, values in variables.items():
        if "event" in values.attrs:
            times = np.atleast_1d(values.values)
            shown = ", ".join(str(int(t)) if math.isfinite(t) and t >= 0 else "not reached" for t in times)
            lines.append(f"{name} = {shown}  ({values.attrs['event']})")
    return ["", *lines] if lines else []


def _single(variables: Mapping[str, Labelled]) -> list[str]:
    """One line a number of the whole run, or a number a seed."""
    lines = []
    for name, values in variables.items():
        numeric = np.issubdtype(values.values.dtype, np.number)
        if "event" not in values.attrs and set(values.dims) <= {"seed"} and numeric:
            shown = ", ".join(number(value) for value in np.atleast_1d(values.values).tolist())
            lines.append(f"{name} = {shown}  ({values.attrs.get('meaning', '')})")
    return ["", *lines] if lines else []
