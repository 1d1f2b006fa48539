"""A grid for a terminal: tables of means that say how many draws they are of, and what became of the other draws."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .report import COLUMN, Row, notes, number, table

if TYPE_CHECKING:
    import xarray

_WIDE, _TALL, _PLANES = 118, 40, 3  # characters across, rows and planes of a grid that are printed
_REASONS = 6  # of runs that are not ok, told one by one
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d[\d.]*(?:e[-+]?\d+)?")
_LACKING = "*"  # after a mean of some of a cell's draws


def as_text(data: xarray.Dataset, kept: str = "") -> str:
    """The notes, a table of the seeds' mean for each observable, and then what failed and why.

    A row a value of y, the largest on top, and a column a value of x; a curve's table has a row a value of x and a
    column an observable.  Of a grid that is too wide, too tall or too deep some are left out, and `kept` says where
    they are.  A hitting time's mean is over the seeds that reach it; -1 where none does.
    """
    names = observables(data)
    dims = [str(dim) for dim in data[names[0]].dims[:-1]]
    lines = [*notes(data), ""]
    if len(dims) == 1:
        lines += _curve(data, names, dims[0], kept)
    else:
        for name in names:
            lines += [*_planes(data, name, dims, kept), *([""] if name != names[-1] else [])]
    lines += [*_partial(data, names), *_unresolved(data, names)]
    return "\n".join([*lines, *_reasons(data), *_boundary(data, kept)])


def observables(data: xarray.Dataset) -> list[str]:
    """The names of what is measured, without their standard errors."""
    numeric = [
        str(name) for name, values in data.data_vars.items()
        if "seed" in values.dims and np.issubdtype(values.dtype, np.floating)
    ]
    return [name for name in numeric if not (name.endswith("_se") and name.removesuffix("_se") in numeric)]


def undone(data: xarray.Dataset) -> str:
    """How many cells of a grid were left undone, and what the first of them ran into; empty where none was."""
    runs = data["status"].values == "undone"
    if not runs.any():
        return ""
    cells = runs.any(axis=-1)
    first = str(data["message"].values[runs][0])
    return f"{int(cells.sum())} of {cells.size} cells are left undone, the first of them by {first}"


def _mean(draws: xarray.DataArray) -> xarray.DataArray:
    """The mean over the seeds that have a number; of a hitting time, over those that reach it, -1 where none does."""
    if "event" not in draws.attrs:
        return draws.mean("seed")
    mean = draws.where(draws >= 0).mean("seed")
    return mean.where(mean.notnull() | draws.isnull().all("seed"), -1.0)


def _over(draws: xarray.DataArray) -> str:
    return "seeds that reach it, -1 where none does" if "event" in draws.attrs else "seeds"


def _cells(draws: xarray.DataArray) -> Any:
    """The means as text, marked where some draws have no number."""
    some = (draws.isnull().any("seed") & draws.notnull().any("seed")).values
    means = _mean(draws).values
    text = np.empty(means.shape, dtype=object)
    for at, value in np.ndenumerate(means):
        text[at] = number(value) + _LACKING * bool(some[at])
    return text


def _curve(data: xarray.Dataset, names: Sequence[str], across: str, kept: str) -> list[str]:
    """A row a value of x, and for each observable its mean and the standard error that the seeds give it."""
    rows = _picked(data.sizes[across], _TALL)
    heads, columns = list[str](), list[list[str]]()
    for name in names:
        draws = data[name].isel({across: rows})
        heads.append(name)
        columns.append(_cells(draws).tolist())
        if data.sizes["seed"] > 1 and "event" not in draws.attrs:
            heads.append("+-")
            spread = (draws.std("seed", ddof=1) / np.sqrt(draws.notnull().sum("seed"))).values
            columns.append([number(value) for value in spread])
    over = {_over(data[name]) for name in names}
    lines: list[Row] = [(across, heads)]
    labels = data[across].values[rows]
    lines += [(number(label), [column[at] for column in columns]) for at, label in enumerate(labels)]
    told = [] if len(rows) == data.sizes[across] else [f"{len(rows)} of {data.sizes[across]} rows are shown{kept}"]
    return [f"mean over {'; '.join(sorted(over))}", *table(lines), *told]


def _planes(data: xarray.Dataset, name: str, dims: Sequence[str], kept: str) -> Iterator[str]:
    """A table, or one for each of some planes."""
    head = f"{name} (mean over {_over(data[name])})"
    if len(dims) == 2:
        yield head
        yield from _plane(data[name], dims[0], dims[1], kept)
        return
    deep = dims[0]
    planes = _picked(data.sizes[deep], _PLANES)
    for plane in planes:
        yield f"{head} at {deep} = {number(data[deep].values[plane])}"
        yield from _plane(data[name].isel({deep: plane}), dims[1], dims[2], kept)
    if len(planes) < data.sizes[deep]:
        yield f"{len(planes)} of {data.sizes[deep]} values of {deep} are shown{kept}"


def _plane(draws: xarray.DataArray, down: str, across: str, kept: str) -> Iterator[str]:
    """The rows of a table, upward, and how many rows and columns are left out."""
    up = draws[down].values
    upward = np.argsort(-up, kind="stable") if np.issubdtype(up.dtype, np.number) else np.arange(len(up))
    labels = {int(at): number(up[at]) for at in upward}
    corner = f"{down} \\ {across}"
    width = max(COLUMN, *(len(number(value)) + 1 for value in draws[across].values))
    most = max(2, (_WIDE - max(len(corner), *map(len, labels.values()))) // width)
    rows = [int(upward[at]) for at in _picked(len(upward), _TALL)]
    columns = _picked(draws.sizes[across], most)
    text = _cells(draws.isel({across: columns}))
    head: Row = (corner, [number(value) for value in draws[across].values[columns]])
    yield from table([head, *((labels[row], text[row].tolist()) for row in rows)])
    shown = [(len(columns), draws.sizes[across], "columns"), (len(rows), len(up), "rows")]
    cut = [f"{few} of {all_} {what}" for few, all_, what in shown if few < all_]
    if cut:
        yield f"{' and '.join(cut)} are shown{kept}"


def _picked(count: int, most: int) -> list[int]:
    """At most so many places out of `count`, evenly spaced, the ends among them."""
    return list(range(count)) if count <= most else np.rint(np.linspace(0, count - 1, most)).astype(int).tolist()


def _partial(data: xarray.Dataset, names: Sequence[str]) -> list[str]:
    """What the mark means, and how many cells have it."""
    lines = []
    for name in names:
        lacking = np.asarray(data[name].isnull().transpose(*data["status"].dims).values)
        some = np.asarray(lacking.any(axis=-1) & ~lacking.all(axis=-1))
        if not some.any():
            continue
        lost = data["status"].values[lacking & some[..., None]].astype(str)
        states, counts = np.unique(lost, return_counts=True)
        plural = [f"{count} run{'s' * int(count > 1)}" for count in counts]
        told = ", ".join(f"{runs} {state}" for runs, state in zip(plural, states, strict=True))
        of = f" of {name}" if len(names) > 1 else ""
        cells = f"{int(some.sum())} of {some.size} cells"
        lines.append(f"{_LACKING} in {cells} the mean{of} is of some draws only: the others have no number ({told})")
    return lines


def _unresolved(data: xarray.Dataset, names: Sequence[str]) -> list[str]:
    """What a test error of 0 stands for, where no draw of a run was judged wrong."""
    name, error = "test_error", "test_error_se"
    if name not in names or error not in data.data_vars or data.attrs.get("test_sampling") != "draws":
        return []
    from simulate.observe.fresh import DRAWS

    none = (data[name].values == 0) & (data[error].values == 0)
    if not none.any():
        return []
    told = f"{name} is 0 in {int(none.sum())} of {none.size} runs: below {number(3.0 / DRAWS)} at 95 %"
    return [f"{told}, which is what {DRAWS} draws tell; --test-sampling importance goes further"]


def _boundary(data: xarray.Dataset, kept: str) -> list[str]:
    """Where a level is crossed, with the band of each point, and the exponent that the points follow."""
    if "boundary" not in data.attrs:
        return []
    said, count = data.attrs["boundary"], data.sizes["boundary"]
    if not count:
        return ["", f"{said} is not crossed between cells that have numbers"]
    columns = {name.removeprefix("boundary_"): data[name].values for name in map(str, data.data_vars)
               if name.startswith("boundary_")}
    along = columns.pop("along")
    axes = [name for name in columns if f"{name}_low" in columns]
    rows = _picked(count, _TALL)
    share = data.attrs.get("boundary_tolerance")
    to = "by the grid alone" if share is None else f"to {share:g} of an axis"
    lines = ["", f"{said} is crossed here, found {to}; 95 % bands by {data.sizes['seed']} seeds"]
    head: Row = ("", [*axes, "low", "high", "of"])
    body: list[Row] = [
        ("", [*(number(columns[name][at]) for name in axes),
              *(number(columns[f"{along[at]}_{end}"][at]) for end in ("low", "high")), str(along[at])])
        for at in rows
    ]
    cut = [f"{len(rows)} of {count} points are shown{kept}"] if len(rows) < count else []
    unknown = int(data.attrs["boundary_unknown"])
    apart = [f"{unknown} cell{'s' * (unknown > 1)} with draws without a number: of neither side"] if unknown else []
    return [*lines, *table([head, *body]), *cut, *_exponent(data.attrs), *apart]


def _exponent(attrs: Mapping[str, Any]) -> list[str]:
    """The power law of a boundary."""
    fit = {key: attrs.get(f"boundary_exponent_{key}") for key in ("of", "over", "slope", "low", "high", "points")}
    if fit["of"] is None:
        return []
    law = f"{fit['of']} ~ {fit['over']}^{fit['slope']:.3g}"
    interval = f"95 % interval [{fit['low']:.3g}, {fit['high']:.3g}]"
    return [f"{law} along it, {interval}, of {fit['points']} points"]


def _reasons(data: xarray.Dataset) -> list[str]:
    """How many runs of a grid are not ok, and under each status one line a reason, the commonest first.

    Sentences that differ in their numbers alone, such as the step at which a run diverges, are one reason.
    """
    states, messages = data["status"].values, data["message"].values
    lines = []
    for status in sorted({*states[(states != "ok") | (messages != "")].tolist()}):
        by_reason: dict[str, list[tuple[int, ...]]] = {}
        of_status = [tuple(map(int, cell)) for cell in np.argwhere(states == status)]
        for cell in [cell for cell in of_status if messages[cell]]:
            by_reason.setdefault(_NUMBER.sub("#", str(messages[cell])), []).append(cell)
        counted = sorted(by_reason.values(), key=lambda runs: -len(runs))
        total = sum(status != "ok" or bool(messages[cell]) for cell in of_status)
        lines.append(f"{total} of {states.size} runs {status}" + (", but:" if status == "ok" else ":" * bool(counted)))
        lines += [_reason(data, runs) for runs in counted[:_REASONS]]
        if more := counted[_REASONS:]:
            lines.append(f"  {sum(map(len, more))}: {len(more)} other reasons, in the data's message")
    return lines


def _reason(data: xarray.Dataset, runs: Sequence[tuple[int, ...]]) -> str:
    """The reason of runs, places along the dimensions, told by the first of them, and in how many cells they are."""
    message = str(data["message"].values[runs[0]]).removeprefix("InputError: ")
    cells = len({at[:-1] for at in runs})
    if len({str(data["message"].values[at]) for at in runs}) == 1:
        return f"  {len(runs)}, in {cells} cell{'s' * (cells > 1)}: {message}"
    labels = zip(data["message"].dims, runs[0], strict=True)
    where = ", ".join(f"{dim}={number(data[dim].values[at])}" for dim, at in labels)
    return f"  {len(runs)}, in {cells} cell{'s' * (cells > 1)}, such as {where}: {message}"
