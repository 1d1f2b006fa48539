"""Curves on top of a grid's picture: "lam = m/(sigma_p**2*d)", a parameter, or over one axis the observable."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray
from numpy.typing import NDArray

from derivations.declare.formula import FormulaError, names, parse
from dynamics.arrays import Array
from simulate.ask import early, values
from simulate.errors import InputError, nearest, quoted

from .following import following
from .scales import Scale, is_number, plain

_FORM = "expected NAME = formula, such as lam = m/(sigma_p**2*d)"
_PARTS = re.compile(r"((?:[^=\[]|\[[^\]]*\])*)=(.*)", re.DOTALL)  # class_error[k=1] has an equals sign of its own


@dataclass(frozen=True)
class Curve:
    """A curve as it was asked for: the parameter, or the observable, on its left, and the formula of others.

    Its formula may also have names of the early stage of `setting`, such as lam_xi (`simulate.ask.early`).
    """

    left: str
    formula: str
    setting: object = None

    def __str__(self) -> str:
        return f"{self.left} = {self.formula}"


@dataclass(frozen=True)
class Line:
    """A curve's points in a panel, (points,) each; NaN where the formula has no value there.

    `joined`: they are the grid's own, as nothing is known between them.
    """

    x: Array
    y: Array
    joined: bool = False


@dataclass(frozen=True)
class Stage:
    """Whose early stage curves may name, and its names, derived where one is asked for."""

    setting: object
    names: Callable[[], Collection[str]]


def read(
    given: object, axes: Sequence[str], known: Collection[str], stage: Stage | None = None, observable: str = ""
) -> tuple[Curve, ...]:
    """The curves of a text or several.

    Args:
        given: "NAME = formula", or a sequence of such texts.
        axes: the parameters that a curve may give, those of a panel's axes.
        known: every parameter that has a number.
        stage: the model's early stage, where it is known.
        observable: what is drawn, which a curve may give too where there is one axis.

    Raises:
        InputError: for another form, a formula outside the grammar, and a name that is not there.
    """
    one = values.text(given)
    listed = [one] if one is not None else values.listed(given)
    if listed is None:
        raise InputError(f"curve: {quoted(given)}; {_FORM}")
    lefts = [*axes, observable] if observable and len(axes) == 1 else list(axes)
    return tuple(_read(each, lefts, known, stage) for each in listed)


def _read(given: object, lefts: Sequence[str], known: Collection[str], stage: Stage | None) -> Curve:
    text = values.text(given) or ""
    parts = _PARTS.fullmatch(text)
    left, right = ("", "") if parts is None else (part.strip() for part in parts.groups())
    if not left or not right:
        raise InputError(f"curve: {quoted(given)}; {_FORM}")
    if left not in lefts:
        cure = f"expected one of {', '.join(lefts)}" if left in known else nearest(left, lefts)
        raise InputError(f"curve: {quoted(text)} gives {quoted(left)}, which is no axis of the picture; {cure}")
    try:
        parse(right)
        used = names(right)
    except FormulaError as error:
        raise InputError(f"curve: {error}; {_FORM}") from error
    if left in used:
        raise InputError(f"curve: {quoted(text)} has {left} on both sides; solve it for {left}")
    for name in used:
        of_stage = stage.names() if stage is not None and name not in known and early.may_be(name) else ()
        if name not in known and name not in of_stage:
            raise InputError(
                f"curve: {quoted(text)} uses {quoted(name)}, no parameter with a number; "
                f"{nearest(name, [*known, *of_stage])}"
            )
    return Curve(left, right, None if stage is None else stage.setting)


def numbers(data: xarray.Dataset) -> list[str]:
    """The parameters of a grid that have a number in every cell."""
    return [
        str(name) for name, coord in data.coords.items()
        if name != "seed" and all(is_number(plain(value)) for value in np.atleast_1d(coord.values).ravel())
    ]


def line(curve: Curve, scales: Sequence[Scale], data: xarray.Dataset) -> Line:
    """A curve's points in a panel with these axes, (down, across) or (across,) alone; `data` are the panel's cells.

    Of the observable they are over the only axis; of that axis, a value from the bottom to the top.

    Raises:
        InputError: where the curve's parameter has no numbers in the picture, where a parameter that it uses differs
            along it, and where the formula has a value nowhere.
    """
    given = next((each for each in scales if each.name == curve.left), None)
    if given is None:
        heights, along, joined = _evaluated(curve, scales[-1], data)
        return Line(along, heights, joined)
    if not given.numeric:
        raise InputError(
            f"curve: {curve} gives {curve.left}, which has not several numbers here; put another axis on its left"
        )
    others = [each for each in scales if each is not given]
    points, places, joined = _evaluated(curve, others[0] if others else None, data)
    if not others:
        return Line(np.repeat(points, 2), np.array([0.0, 1.0]))  # from the bottom to the top
    return Line(points, places, joined) if given is scales[-1] else Line(places, points, joined)


def _evaluated(curve: Curve, over: Scale | None, data: xarray.Dataset) -> tuple[Array, Array, bool]:
    """The formula's values, where they stand along the other axis (0 where there is none), and whether at cells alone.

    Where that axis selects the recursion, each cell has its own, and a stretch from edge to edge.
    """
    derived, apart = _derived(curve, over, data)
    texts = [curve.formula, *(text for named in derived if named is not None for text in named.values())]
    used = [name for name in early.behind(texts) if name in data.coords and (over is None or name != over.name)]
    varying = [name for name in used if len(np.unique(data[name].values)) > 1]
    for name in varying:
        if curve.left in data[name].dims and _differs(data[name], curve.left):
            raise InputError(f"curve: {curve} uses {name}, which differs along {curve.left}; write it without {name}")
    along: Sequence[Mapping[str, Any]] | None = None
    if over is None:
        points, places = np.array([np.nan], dtype=object), np.zeros(1)
    else:
        points, places = over.between()
    if over is not None and varying and over.numeric and not apart:
        places, along = following(data, varying, over.name, places, curve.setting)
        points = places
    joined = over is not None and bool(varying or apart) and along is None
    if joined:
        assert over is not None
        points, places = np.array(over.values, dtype=object), over.places
        columns = {name: _along(data[name], over) for name in varying}
        along = [{name: plain(column[at]) for name, column in columns.items()} for at in range(len(points))]
    fixed = {name: plain(data[name].values.flat[0]) for name in used if name not in varying}
    heights, why = np.full(len(points), np.nan), None
    for at, value in enumerate(points):
        named = derived[at if apart else 0]
        if named is None:
            continue
        there: Mapping[str, Any] = {
            **fixed, **(along[at] if along is not None else {}),
            **({over.name: plain(value)} if over is not None else {}),
        }
        try:
            heights[at] = early.value(curve.formula, {**there, **{
                name: early.value(text, there) for name, text in named.items()}})
        except FormulaError as error:  # a division by zero at an axis' end, say
            why = why or error
    if why is not None and np.isnan(heights).all():
        raise InputError(f"curve: {curve} has a value nowhere in the picture: {why}")
    if apart and over is not None:
        return *_stretched(heights, over.edges), False
    return heights, places, joined and over is not None and over.numeric


def _stretched(heights: Array, edges: Array) -> tuple[Array, Array]:
    """Each cell's value from its one edge to its other, with a gap between it and the next, and where these stand."""
    cells = len(heights)
    along = np.stack([edges[:-1], edges[1:], np.full(cells, np.nan)], axis=1)
    return np.stack([heights, heights, np.full(cells, np.nan)], axis=1).ravel(), along.ravel()


def _derived(
    curve: Curve, over: Scale | None, data: xarray.Dataset
) -> tuple[Sequence[Mapping[str, str] | None], bool]:
    """The formulas of the names of the early stage that a curve uses, and whether there are some of each cell's own.

    One for the panel, else one a value of the other axis; None where a model has one of the names not.  Raises
    InputError where the curve's own axis selects the recursion.
    """
    wanted = [name for name in names(curve.formula) if name not in data.coords]
    if not wanted:
        return [{}], False
    chosen = [name for name in early.structural(curve.setting) if name in data.coords]
    apart = [name for name in chosen if len(np.unique(data[name].values)) > 1]
    for name in apart:
        if curve.left in data[name].dims and _differs(data[name], curve.left):
            raise InputError(
                f"curve: {curve} uses {wanted[0]}, which {name} selects, and that differs along {curve.left}; put "
                "another axis on its left"
            )
    fixed = {name: plain(data[name].values.flat[0]) for name in chosen if name not in apart}
    columns = {name: _along(data[name], over) for name in apart}
    here = [{**fixed, **{name: plain(column[at]) for name, column in columns.items()}}
            for at in range(len(over.values) if apart and over is not None else 1)]
    every = [early.formulas_at(curve.setting, each) for each in here]
    return [{name: each[name] for name in wanted} if set(wanted) <= set(each) else None for each in every], bool(apart)


def _differs(values: xarray.DataArray, dim: str) -> bool:
    first = values.isel({dim: 0})
    return bool((values != first).any())


def _along(values: xarray.DataArray, over: Scale | None) -> NDArray[Any]:
    """A parameter that varies by cell, along the one axis that it may vary along."""
    rest = {dim: 0 for dim in values.dims if over is None or dim != over.name}
    cells = values.isel(rest)
    assert over is not None
    return cells.values if cells.ndim else np.full(len(over.values), cells.values[()], dtype=object)
