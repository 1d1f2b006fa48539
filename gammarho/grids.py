"""A grid for a terminal: tables of means that say how many draws they are of, and what became of the other draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.phase.boundary import nearness
from simulate.run.dataset import Data

from .grid_remarks import remarks
from .report import COLUMN, Row, notes, number, table

_WIDE, _TALL, _PLANES = 118, 40, 3  # characters across, rows and planes of a grid that are printed
_LACKING = "*"  # after a mean of some of a cell's draws


def as_text(data: Data, kept: str = "") -> str:
    """The notes, a table of the seeds' mean for each observable, and then what failed and why.

    A row a value of y, the largest on top, and a column a value of x; a curve's table has a row a value of x and a
    column an observable.  Of a grid that is too wide, too tall or too deep some are left out, and `kept` says where
    they are.  A hitting time's mean is over the seeds that reach it; -1 where none does.
    """
    drawn = [_draws(data, name) for name in observables(data)]
    dims = drawn[0].dims
    lines = [*notes(data), ""]
    if len(dims) == 1:
        lines += _curve(drawn, kept)
    else:
        for each in drawn:
            lines += [*_planes(each, kept), *([""] if each is not drawn[-1] else [])]
    lines += [*_partial(data, drawn), *remarks(data)]
    return "\n".join([*lines, *_boundary(data, kept)])


@dataclass(frozen=True)
class _Draws:
    """An observable's numbers, the seeds along the last axis, and the labels of the axes `dims` before it."""

    name: str
    dims: tuple[str, ...]
    values: NDArray[np.float64]
    labels: Mapping[str, NDArray[Any]]
    event: bool

    def at(self, dim: str, places: Sequence[int]) -> _Draws:
        """Those at some places of an axis."""
        labels = {**self.labels, dim: self.labels[dim][list(places)]}
        return replace(self, values=np.take(self.values, list(places), self.dims.index(dim)), labels=labels)

    def plane(self, place: int) -> _Draws:
        """Those at a place of the first axis."""
        return replace(self, dims=self.dims[1:], values=self.values[place])

    @property
    def over(self) -> str:
        """What a mean is over."""
        return "seeds that reach it, -1 where none does" if self.event else "seeds"

    @property
    def never(self) -> NDArray[np.bool_]:
        """The draws that do not reach the event, whose hitting time is -1."""
        return np.asarray(self.values < 0) if self.event else np.zeros(self.values.shape, dtype=bool)

    @property
    def lacking(self) -> NDArray[np.bool_]:
        """The draws that the mean is not of."""
        return np.asarray(np.isnan(self.values) | self.never)

    @property
    def partial(self) -> NDArray[np.bool_]:
        """The cells whose mean is of some draws only."""
        return np.asarray(self.lacking.any(axis=-1) & ~self.lacking.all(axis=-1))

    def mean(self) -> NDArray[np.float64]:
        """The mean over the seeds that have a number; of a hitting time over those that reach it, -1 if none does."""
        return np.where(self.lacking.all(axis=-1) & self.never.any(axis=-1), -1.0,
                        _mean(np.where(self.lacking, np.nan, self.values)))

    def cells(self) -> Any:
        """The means as text, marked where they are of some draws."""
        some, means = self.partial, self.mean()
        text = np.empty(means.shape, dtype=object)
        for at, value in np.ndenumerate(means):
            text[at] = number(value) + _LACKING * bool(some[at])
        return text


def _draws(data: Data, name: str) -> _Draws:
    """An observable of a grid, its axes in the grid's order."""
    each = data.data_vars[name]
    dims = tuple(str(dim) for dim in each.dims)
    order = [*(dim for dim in dims if dim != "seed"), "seed"]
    values = np.transpose(each.values, [dims.index(dim) for dim in order])
    labels = {dim: np.asarray(data.coords[dim].values) for dim in order}
    return _Draws(name, tuple(order[:-1]), values, labels, "event" in each.attrs)


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the last axis of what is a number; NaN where nothing is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=-1)
    return np.where(counts > 0, np.where(known, values, 0.0).sum(axis=-1) / np.maximum(counts, 1), np.nan)


def _standard_error(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the mean over the last axis of what is a number; NaN of fewer than two."""
    known = ~np.isnan(values)
    counts = known.sum(axis=-1)
    squares = np.where(known, (values - _mean(values)[..., None]) ** 2, 0.0).sum(axis=-1)
    return np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1) / np.maximum(counts, 1)), np.nan)


def observables(data: Data) -> list[str]:
    """The names of what is measured, without their standard errors."""
    numeric = [
        str(name) for name, values in data.data_vars.items()
        if "seed" in values.dims and np.issubdtype(values.values.dtype, np.floating)
    ]
    return [name for name in numeric if not (name.endswith("_se") and name.removesuffix("_se") in numeric)]


def undone(data: Data) -> str:
    """How many cells of a grid were left undone, and what the first of them ran into; empty where none was."""
    runs = data.data_vars["status"].values == "undone"
    if not runs.any():
        return ""
    cells = runs.any(axis=-1)
    first = str(data.data_vars["message"].values[runs][0])
    return f"{int(cells.sum())} of {cells.size} cells are left undone, the first of them by {first}"


def none_ran(data: Data) -> str:
    """Why no run of a grid could be made, in the words of the first; empty where one could."""
    status, messages = (data.data_vars[name].values for name in ("status", "message"))
    some = any(np.isfinite(data.data_vars[name].values).any() for name in observables(data))  # one of several lacks
    if some or (status != "failed").any():
        return ""
    first, *others = dict.fromkeys(str(message).partition(": ")[2] for message in messages.ravel())
    reasons = "1 other reason" if len(others) == 1 else f"{len(others)} other reasons"
    return f"no cell can be run: {first}{f' ({reasons} in other cells: --json has them)' if others else ''}"


def _curve(drawn: Sequence[_Draws], kept: str) -> list[str]:
    """A row a value of x, and for each observable its mean and the standard error that the seeds give it."""
    (across,) = drawn[0].dims
    labels = drawn[0].labels[across]
    rows = _picked(len(labels), _TALL)
    heads, columns = list[str](), list[list[str]]()
    for each in [each.at(across, rows) for each in drawn]:
        heads.append(each.name)
        columns.append(each.cells().tolist())
        if each.values.shape[-1] > 1 and not each.event:
            heads.append("+-")
            columns.append([number(value) for value in _standard_error(each.values)])
    over = {each.over for each in drawn}
    lines: list[Row] = [(across, heads)]
    lines += [(number(label), [column[at] for column in columns]) for at, label in enumerate(labels[rows])]
    told = [] if len(rows) == len(labels) else [f"{len(rows)} of {len(labels)} rows are shown{kept}"]
    return [f"mean over {'; '.join(sorted(over))}", *table(lines), *told]


def _planes(draws: _Draws, kept: str) -> Iterator[str]:
    """A table, or one for each of some planes."""
    head = f"{draws.name} (mean over {draws.over})"
    if len(draws.dims) == 2:
        yield head
        yield from _plane(draws, kept)
        return
    deep = draws.dims[0]
    labels = draws.labels[deep]
    planes = _picked(len(labels), _PLANES)
    for plane in planes:
        yield f"{head} at {deep} = {number(labels[plane])}"
        yield from _plane(draws.plane(plane), kept)
    if len(planes) < len(labels):
        yield f"{len(planes)} of {len(labels)} values of {deep} are shown{kept}"


def _plane(draws: _Draws, kept: str) -> Iterator[str]:
    """The rows of a table, upward, and how many rows and columns are left out."""
    down, across = draws.dims
    up, along = draws.labels[down], draws.labels[across]
    upward = np.argsort(-up, kind="stable") if np.issubdtype(up.dtype, np.number) else np.arange(len(up))
    labels = {int(at): number(up[at]) for at in upward}
    corner = f"{down} \\ {across}"
    width = max(COLUMN, *(len(number(value)) + 1 for value in along))
    most = max(2, (_WIDE - max(len(corner), *map(len, labels.values()))) // width)
    rows = [int(upward[at]) for at in _picked(len(upward), _TALL)]
    columns = _picked(len(along), most)
    text = draws.at(across, columns).cells()
    head: Row = (corner, [number(value) for value in along[columns]])
    yield from table([head, *((labels[row], text[row].tolist()) for row in rows)])
    shown = [(len(columns), len(along), "columns"), (len(rows), len(up), "rows")]
    cut = [f"{few} of {all_} {what}" for few, all_, what in shown if few < all_]
    if cut:
        yield f"{' and '.join(cut)} are shown{kept}"


def _picked(count: int, most: int) -> list[int]:
    """At most so many places out of `count`, evenly spaced, the ends among them."""
    return list(range(count)) if count <= most else np.rint(np.linspace(0, count - 1, most)).astype(int).tolist()


def _partial(data: Data, drawn: Sequence[_Draws]) -> list[str]:
    """What the mark means, and how many cells have it."""
    status, lines = data.data_vars["status"], []
    dims = [str(dim) for dim in status.dims]
    for each in drawn:
        some = each.partial
        if not some.any():
            continue
        states_of = np.transpose(status.values, [dims.index(dim) for dim in (*each.dims, "seed")]).astype(object)
        states_of[each.never] = "not reaching it"
        states, counts = np.unique(states_of[each.lacking & some[..., None]].astype(str), return_counts=True)
        plural = [f"{count} run{'s' * int(count > 1)}" for count in counts]
        told = ", ".join(f"{runs} {state}" for runs, state in zip(plural, states, strict=True))
        of = f" of {each.name}" if len(drawn) > 1 else ""
        cells = f"{int(some.sum())} of {some.size} cells"
        lines.append(f"{_LACKING} in {cells} the mean{of} is of some draws only: the others have no number ({told})")
    return lines


def _boundary(data: Data, kept: str) -> list[str]:
    """Where a level is crossed, with the band of each point, and the exponent that the points follow."""
    if "boundary" not in data.attrs:
        return []
    said, along = data.attrs["boundary"], data.data_vars["boundary_along"].values
    count, seeds = len(along), len(data.coords["seed"].values)
    if not count:
        return ["", f"{said} is not crossed between cells that have numbers"]
    columns = {str(name).removeprefix("boundary_"): each.values for name, each in data.data_vars.items()
               if str(name).startswith("boundary_") and name != "boundary_along"}
    axes = [name for name in columns if f"{name}_low" in columns]
    rows = _picked(count, _TALL)
    share = data.attrs.get("boundary_tolerance")
    named = list(dict.fromkeys(map(str, along)))
    to = "by the grid alone" if share is None else nearness(data.attrs, named, f"to {share:g} of an axis")
    bands = "no bands of one seed" if seeds == 1 else f"95 % bands by {seeds} seeds"
    lines = ["", f"{said} is crossed here, found {to}; {bands}"]
    head: Row = ("", [*axes, "low", "high", "of"])
    body: list[Row] = [
        ("", [*(number(columns[name][at]) for name in axes),
              *(number(columns[f"{along[at]}_{end}"][at]) for end in ("low", "high")), str(along[at])])
        for at in rows
    ]
    cut = [f"{len(rows)} of {count} points are shown{kept}"] if len(rows) < count else []
    unknown = int(data.attrs["boundary_unknown"])
    apart = [f"{unknown} cell{'s' * (unknown > 1)} with draws without a number: of neither side"] if unknown else []
    never = data.attrs.get("boundary_never")
    counted = [f"a run that has not reached it counts as step {never}"] if never is not None else []
    return [*lines, *table([head, *body]), *cut, *_exponent(data.attrs), *apart, *counted]


def _exponent(attrs: Mapping[str, Any]) -> list[str]:
    """The power law of a boundary."""
    fit = {key: attrs.get(f"boundary_exponent_{key}") for key in ("of", "over", "slope", "low", "high", "points")}
    if fit["of"] is None:
        return []
    law = f"{fit['of']} ~ {fit['over']}^{fit['slope']:.3g}"
    interval = f"95 % interval [{fit['low']:.3g}, {fit['high']:.3g}]"
    return [f"{law} along it, {interval}, of {fit['points']} points"]
