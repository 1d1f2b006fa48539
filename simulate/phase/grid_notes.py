"""What is said of a grid's values: defaults and formulas that go for every cell, and where which of several goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..ask import parameters
from ..ask.axes import Axis
from ..ask.chosen import Chosen
from ..ask.noted import Note, show
from ..run.lots import Lot, Lots


def notes(cells: Lots, axes: Sequence[Axis], chosen: Chosen, held: Collection[str]) -> Iterator[Note]:
    """The notes on the preset, and on defaults and formulas of parameters that are neither an axis' nor `held`."""
    names = dict.fromkeys([*(each.name for each in axes), *held])
    if chosen.preset is not None:
        given = [*chosen.given, *names]
        by_cell = [name for name in given if name in names or isinstance(cells.values(name), np.ndarray)]
        yield parameters.of_preset(chosen.preset, given, cells[0].values, by_cell)
    of_lots = [{note.parameter: note for note in lot.first.resolved.notes if note.parameter} for lot in cells.lots]
    for name in dict.fromkeys(each for of_lot in of_lots for each in of_lot if each not in names):
        noted = [of_lot.get(name) for of_lot in of_lots]
        said = [None if note is None else _said(lot, note, chosen) for lot, note in zip(cells.lots, noted, strict=True)]
        if len(set(said)) > 1:
            yield Note(f"{name} = {_where(said, cells, axes)}", name)
        elif noted[0] is not None:
            text = _formula(cells.lots[0], name, chosen)
            alone = text is None or not isinstance(cells.values(name), np.ndarray)
            yield noted[0] if alone else Note(f"{name} = {text} at every cell", name)


def _formula(lot: Lot, name: str, chosen: Chosen) -> str | None:
    return parameters.formula_of(lot.model, lot.model.parameter(name), chosen.stated)


def _said(lot: Lot, note: Note, chosen: Chosen) -> str:
    """What a parameter is in a lot, by value or by formula, and where that is from."""
    text = _formula(lot, note.parameter, chosen)
    value = show(lot.first.values[note.parameter]) if text is None else text
    return f"{value} ({note.origin})" if note.origin else value


def _where(said: Sequence[str | None], cells: Lots, axes: Sequence[Axis]) -> str:
    """What is said of each lot, with the values of the one axis by which it differs, or that it differs by cell."""
    kinds = [each for each in dict.fromkeys(said) if each is not None]
    of_cell = np.empty(len(cells), dtype=np.intp)
    for lot, each in zip(cells.lots, said, strict=True):
        of_cell[lot.places] = -1 if each is None else kinds.index(each)
    return where(kinds, of_cell, axes)


def where(kinds: Sequence[str], of_cell: NDArray[np.intp], axes: Sequence[Axis]) -> str:
    """Each of the kinds that cells (C,) are of, -1 of none, with the values of the one axis by which they differ."""
    shaped = of_cell.reshape([len(each.values) for each in axes])
    moving = [at for at in range(len(axes)) if (shaped != shaped.take([0], at)).any()]
    if len(moving) != 1:
        return f"{' or '.join(kinds)}, by cell"
    axis, along = axes[moving[0]], np.moveaxis(shaped, moving[0], 0).reshape(len(axes[moving[0]].values), -1)[:, 0]
    parts = []
    for kind, each in enumerate(kinds):
        values = ", ".join(show(value) for value, of in zip(axis.values, along, strict=True) if of == kind)
        parts.append(f"{each} where {axis.name} = {values}")
    return "; ".join(parts)
