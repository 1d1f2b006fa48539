"""A dataset for a terminal, for a program, and for the disk."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.run import seeds as seeds_of_a_run
from simulate.values import closing
from simulate.work.columns import columns
from simulate.work.plain import plain

if TYPE_CHECKING:
    import xarray

    from derivations.declare import Model

_COLUMNS = 8
COLUMN = 11  # characters of a column, at least
_REASONS = 6  # of a run's seeds that are not ok, told one by one

Row = tuple[str, list[str]]


def as_text(data: xarray.Dataset, model: Model | None = None) -> str:
    """The notes, then a row a variable at about eight log-spaced recorded steps, then numbers of the whole run.

    A variable with more axes than t (and seed) is shown by its largest absolute value, and one that an event watches
    by what the event compares: its least entry (for >=) or its greatest (for <=).  Of several seeds there are the mean,
    the least and the greatest of those that did not diverge, and a line for each that did.  A row that repeats an
    earlier one is named below the table instead.  With the `model`, the recorded step nearest to its penalty's last one
    is among the columns, and a row at its observable's floor says so.
    """
    every, data = data, seeds_of_a_run.finite(data)
    steps = data["t"].values
    closing = None if model is None else _closing(data, model)
    picked = sorted({*_log_spaced(steps), *([] if closing is None else [closing[0]])})
    numeric = [name for name, values in data.data_vars.items() if np.issubdtype(values.dtype, np.number)]
    watched = _watched(data)
    shown = {str(name): data[name].isel(t=picked) for name in numeric if "t" in data[name].dims}
    repeated = _repeated({name: values for name, values in shown.items() if name not in watched})
    floors = {} if model is None else _floors(data, model)
    rows: list[Row] = [("t", [f"{int(t)}" for t in steps[picked]])]
    for name, values in shown.items():
        if name not in repeated:
            rows += _rows(name, values, watched.get(name), floors.get(name))
    told = [] if closing is None else ["", closing[1]]
    omitted = [f"{name} = {of}" for name, of in repeated.items() if not name.endswith("_se")]
    left_out = ["", *textwrap.wrap(f"not shown: {', '.join(omitted)}", 118, subsequent_indent="  ")] if omitted else []
    lost = _diverged(every)
    return "\n".join([*notes(data), "", *table(rows), *left_out, *told, *_hitting_times(data), *_single(data), *lost])


def _diverged(data: xarray.Dataset) -> list[str]:
    """How many seeds of a run diverged, and of each a line with the sentence on it."""
    lost = seeds_of_a_run.diverged(data)
    if not lost:
        return []
    kept = [seed for seed in data["seed"].values.tolist() if seed not in dict(lost)]
    which = f"seed {kept[0]}" if len(kept) == 1 else f"seeds {', '.join(map(str, kept))}"
    more = [f"  {len(lost) - _REASONS} more, in the data's message"] if len(lost) > _REASONS else []
    return [
        "", f"{len(lost)} of {data.sizes['seed']} seeds diverged; all that is above is of {which}:",
        *(f"  seed {seed}: {said}" for seed, said in lost[:_REASONS]), *more,
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """Rows of a label and cells as lines, cells to the right, with at least a space between any two."""
    cells = [[label, *cells] for label, cells in rows]
    return columns(cells, right=range(1, max(map(len, cells))), gap=1, least=COLUMN - 1)


def as_json(data: xarray.Dataset) -> str:
    """Notes, attributes, coordinates and variables, the last two as {"dims": [...], "values": nested lists}.

    Coordinates without a dimension are parameters, which the attributes have.
    """

    def of(names: Any) -> dict[str, Any]:
        return {str(name): {"dims": list(data[name].dims), "values": data[name].values} for name in names}

    attributes = {key: value for key, value in data.attrs.items() if key != "notes"}
    axes = [name for name, axis in data.coords.items() if axis.dims]
    arrays = {"coords": of(axes), "variables": of(data.data_vars)}
    return json_of({"notes": notes(data), "attrs": attributes, **arrays})


def json_of(value: object) -> str:
    """JSON of dataclasses, arrays, mappings and sequences; what is not finite becomes null."""
    return json.dumps(plain(value.to_dict() if hasattr(value, "to_dict") else value), allow_nan=False)


def notes(data: xarray.Dataset) -> list[str]:
    """The lines on presets and published defaults that came with the run."""
    noted = data.attrs.get("notes", [])
    return noted.splitlines() if isinstance(noted, str) else [str(line) for line in noted]


def _log_spaced(steps: Any) -> list[int]:
    """Indices of about eight recorded steps: the first, the last, and log-spaced ones between."""
    if len(steps) <= _COLUMNS:
        return list(range(len(steps)))
    wanted = np.geomspace(max(1, int(steps[1])), max(1, int(steps[-1])), _COLUMNS - 1)
    return sorted({0, *(int(np.abs(steps - want).argmin()) for want in wanted)})


def _repeated(shown: Mapping[str, xarray.DataArray]) -> dict[str, str]:
    """The variables whose rows repeat an earlier one's, by name, with what they are equal to; of rows reduced alike.

    A name that extends an earlier one's, with the same values throughout, and an accuracy that is 1 - an error.
    """
    repeats: dict[str, str] = {}
    for at, (name, values) in enumerate(shown.items()):
        base, end = name.removesuffix("_se"), "_se" if name.endswith("_se") else ""
        error = name.replace("accuracy", "error")
        if error != name and error in shown and shown[error].dims == values.dims:
            same = shown[error] if end else 1.0 - shown[error]
            if np.allclose(values.values, same.values, rtol=0, atol=1e-12, equal_nan=True):
                repeats[name] = error if end else f"1 - {error}"
                continue
        for earlier, others in [*shown.items()][:at]:
            stem = earlier.removesuffix("_se")
            extends = base.startswith(f"{stem}_") and earlier.endswith("_se") == bool(end)
            if extends and others.dims == values.dims and np.array_equal(others.values, values.values, equal_nan=True):
                repeats[name] = earlier
                break
    return repeats


def _floors(data: xarray.Dataset, model: Model) -> dict[str, float]:
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


def _rows(name: str, values: xarray.DataArray, relation: str | None, floor: float | None = None) -> list[Row]:
    """A variable's row; of several seeds, rows of the mean, the least and the greatest; "(floor)" after one at it."""
    label, rest = name, [dim for dim in values.dims if dim not in ("t", "seed")]
    if rest and relation is not None:
        least = relation == ">="
        over = ",".join(str(dim) for dim in rest)
        label, values = f"{'min' if least else 'max'}_{over} {name}", values.min(rest) if least else values.max(rest)
    elif rest:
        label, values = f"max |{name}|", abs(values).max(rest)
    end = [" (floor)"] if floor is not None and bool((values == floor).all()) else []
    if "seed" not in values.dims:
        return [(label, [*_cells(values), *end])]
    mean = (f"{label} (mean)", [*_cells(values.mean("seed")), *end])
    if values.sizes["seed"] == 1:
        return [mean]
    return [mean, ("  least of the seeds", _cells(values.min("seed"))), ("  greatest", _cells(values.max("seed")))]


def _cells(values: xarray.DataArray) -> list[str]:
    return [number(value) for value in values.values]


def number(value: Any) -> str:
    """A value of a table, a number to four digits."""
    if isinstance(value, str):
        return value
    return f"{float(value):.4g}" if not math.isnan(value) else "-"  # what has no number; the notes say of what


def _watched(data: xarray.Dataset) -> dict[str, str]:
    """Of each observable that an event watches, the event's relation, >= or <=."""
    events = [each.attrs for each in data.data_vars.values() if "event" in each.attrs]
    return {each["observable"]: each["relation"] for each in events if "observable" in each}


def _closing(data: xarray.Dataset, model: Model) -> tuple[int, str] | None:
    """The index of the recorded step nearest to the penalty's last one, and a line on it; None where none is closed."""
    values = json.loads(data.attrs.get("parameters", "{}"))
    last, steps = closing(model, values), data["t"].values
    if last is None or not values.get("lam") or last >= steps[-1]:
        return None
    at = int(np.abs(steps - last).argmin())
    near = "" if steps[at] == last else f"; the column t = {int(steps[at])} is the nearest recorded one"
    return at, f"lam_until = {last}  (the last step with the penalty{near})"


def _hitting_times(data: xarray.Dataset) -> list[str]:
    """One line an event; a time that is negative or not a number was not reached."""
    lines = []
    for name, values in data.data_vars.items():
        if "event" in values.attrs:
            times = np.atleast_1d(values.values)
            shown = ", ".join(str(int(t)) if math.isfinite(t) and t >= 0 else "not reached" for t in times)
            lines.append(f"{name} = {shown}  ({values.attrs['event']})")
    return ["", *lines] if lines else []


def _single(data: xarray.Dataset) -> list[str]:
    """One line a number of the whole run, or a number a seed."""
    lines = []
    for name, values in data.data_vars.items():
        if "event" not in values.attrs and set(values.dims) <= {"seed"} and np.issubdtype(values.dtype, np.number):
            shown = ", ".join(number(value) for value in np.atleast_1d(values.values).tolist())
            lines.append(f"{name} = {shown}  ({values.attrs.get('meaning', '')})")
    return ["", *lines] if lines else []
