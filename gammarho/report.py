"""A dataset for a terminal, for a program, and for the disk."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.errors import InputError

if TYPE_CHECKING:
    import xarray

_COLUMNS = 8
_WIDTH = 11


def as_text(data: xarray.Dataset) -> str:
    """The notes, then a row a variable at about eight log-spaced recorded steps, then numbers of the whole run.

    A variable with more axes than t (and seed) is shown by its largest absolute value, and one that an event watches
    by what the event compares: its least entry (for >=) or its greatest (for <=).  Of several seeds there are the mean,
    the least and the greatest.  The recorded step nearest to the penalty's last one is among the columns.
    """
    steps = data["t"].values
    closing = _closing(data)
    picked = sorted({*_log_spaced(steps), *([] if closing is None else [closing[0]])})
    numeric = [name for name, values in data.data_vars.items() if np.issubdtype(values.dtype, np.number)]
    watched = _watched(data)
    rows = [("t", [f"{int(t)}" for t in steps[picked]])]
    for name in numeric:
        if "t" in data[name].dims:
            rows += _rows(str(name), data[name].isel(t=picked), watched.get(str(name)))
    width = max(len(label) for label, _ in rows)
    table = [f"{label:<{width}}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells) for label, cells in rows]
    told = [] if closing is None else ["", closing[1]]
    return "\n".join([*notes(data), "", *table, *told, *_hitting_times(data), *_single(data)])


def grid_as_text(data: xarray.Dataset, observable: str) -> str:
    """The notes, then a table of the seeds' mean, a row a value of y and a column a value of x, then what failed."""
    down, across = (str(dim) for dim in data[observable].dims[:2])
    mean = data[observable].mean("seed").values
    label = f"{down} \\ {across}"
    head = f"{label:<{_WIDTH}}" + "".join(f"{value:>{_WIDTH}.4g}" for value in data[across].values)
    rows = [
        f"{value:<{_WIDTH}.4g}" + "".join(f"{cell:>{_WIDTH}.4g}" for cell in cells)
        for value, cells in zip(data[down].values, mean, strict=True)
    ]
    runs = data["status"].values.ravel().tolist()
    failed = [f"{runs.count(status)} of {len(runs)} runs {status}" for status in sorted(set(runs) - {"ok"})]
    return "\n".join([*notes(data), "", f"{observable} (mean over seeds)", head, *rows, *failed])


def as_json(data: xarray.Dataset) -> str:
    """Notes, attributes, coordinates and variables, the last two as {"dims": [...], "values": nested lists}."""

    def plain(names: Any) -> dict[str, Any]:
        return {str(name): {"dims": list(data[name].dims), "values": data[name].values} for name in names}

    attributes = {key: value for key, value in data.attrs.items() if key != "notes"}
    arrays = {"coords": plain(data.coords), "variables": plain(data.data_vars)}
    return json_of({"notes": notes(data), "attrs": attributes, **arrays})


def json_of(value: object) -> str:
    """JSON of dataclasses, arrays, mappings and sequences; what is not finite becomes null."""
    return json.dumps(_plain(value.to_dict() if hasattr(value, "to_dict") else value), allow_nan=False)


def notes(data: xarray.Dataset) -> list[str]:
    """The lines on presets and published defaults that came with the run."""
    found = data.attrs.get("notes", [])
    return found.splitlines() if isinstance(found, str) else [str(line) for line in found]


def write(data: xarray.Dataset, path: Path) -> None:
    """A zarr store, or a netCDF file where the name ends in .nc.

    Raises:
        InputError: where netCDF's packages are not installed.
    """
    if path.suffix == ".zarr":
        with warnings.catch_warnings():  # consolidated metadata is a convenience that zarr 3 does not promise yet
            warnings.filterwarnings("ignore", "Consolidated metadata", UserWarning)
            data.to_zarr(path, mode="w", consolidated=True)
        return
    try:
        import h5netcdf  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            f"out: {str(path)!r}; netCDF needs h5netcdf, so run: pip install 'gammarho[netcdf]', or write a .zarr"
        ) from error
    data.to_netcdf(path, engine="h5netcdf")


def _log_spaced(steps: Any) -> list[int]:
    """Indices of about eight recorded steps: the first, the last, and log-spaced ones between."""
    if len(steps) <= _COLUMNS:
        return list(range(len(steps)))
    wanted = np.geomspace(max(1, int(steps[1])), max(1, int(steps[-1])), _COLUMNS - 1)
    return sorted({0, *(int(np.abs(steps - want).argmin()) for want in wanted)})


def _rows(name: str, values: xarray.DataArray, relation: str | None) -> list[tuple[str, list[str]]]:
    """A variable's row; of several seeds, rows of the mean, the least and the greatest."""
    label, rest = name, [dim for dim in values.dims if dim not in ("t", "seed")]
    if rest and relation is not None:
        least = relation == ">="
        over = ",".join(str(dim) for dim in rest)
        label, values = f"{'min' if least else 'max'}_{over} {name}", values.min(rest) if least else values.max(rest)
    elif rest:
        label, values = f"max |{name}|", abs(values).max(rest)
    if "seed" not in values.dims:
        return [(label, _cells(values))]
    if values.sizes["seed"] == 1:
        return [(f"{label} (mean)", _cells(values.mean("seed")))]
    return [
        (f"{label} (mean)", _cells(values.mean("seed"))),
        ("  least of the seeds", _cells(values.min("seed"))),
        ("  greatest", _cells(values.max("seed"))),
    ]


def _cells(values: xarray.DataArray) -> list[str]:
    return [f"{float(value):.4g}" for value in values.values]


def _watched(data: xarray.Dataset) -> dict[str, str]:
    """Of each observable that an event watches, the event's relation, >= or <=, as its own line says."""
    found = {}
    for values in data.data_vars.values():
        said = re.match(r"first t with (\w+) ([<>]=) ", str(values.attrs.get("event", "")))
        if said:
            found[said[1]] = said[2]
    return found


def _closing(data: xarray.Dataset) -> tuple[int, str] | None:
    """The index of the recorded step nearest to the penalty's last one, and a line on it; None where none is closed."""
    values = json.loads(data.attrs.get("parameters", "{}"))
    last, steps = values.get("lam_until"), data["t"].values
    if last is None or not values.get("lam") or values.get("regularizer") == "none" or last >= steps[-1]:
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
            shown = ", ".join(f"{value:.4g}" for value in np.atleast_1d(values.values).tolist())
            lines.append(f"{name} = {shown}  ({values.attrs.get('meaning', '')})")
    return ["", *lines] if lines else []


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
