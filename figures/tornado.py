"""A tornado: how far each knob moves alone, as a factor of its value, until a claim flips; the most fragile on top."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulate.sensitivity.flips import Flip, Steady
from simulate.sensitivity.knobs import shown
from simulate.sensitivity.sensitivity import Sensitivity

from . import page, style
from .said import Made, Sentence, Shown, Where

_ROW, _EDGES = 0.24, 0.9  # inches a knob, and the title with the axis
_BAR, _SEARCHED = 0.62, 0.16  # heights of a bar, in rows


@dataclass(frozen=True)
class _Row:
    """A knob: the flips in either direction, and how far it was moved in those without."""

    label: str
    flips: tuple[Flip, ...]
    steady: tuple[Steady, ...]

    @property
    def nearest(self) -> float:
        return min((each.fragility for each in self.flips), default=math.inf)


def tornado(sensitivity: Sensitivity) -> Figure:
    """A bar a direction, from 1 to the factor at which half of the draws have flipped, with its interval on it.

    A thin grey bar goes as far as a knob was moved without a flip.  Choices are told below.
    """
    rows = _rows(sensitivity)
    with style.context():
        title = textwrap.shorten(f"{sensitivity.setting}: {sensitivity.claim}", 90)
        made = page.page(title, _ROW * max(2, len(rows)) + _EDGES, 0, sentences(sensitivity))
        axes = made.body.subplots()
        axes.set_xscale("log")
        for at, row in enumerate(reversed(rows)):
            _draw(axes, at, row)
        axes.axvline(1.0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(rows)), [row.label for row in reversed(rows)])
        axes.set_xlabel("factor of the value given")
        axes.margins(x=0.16)
        return made.close((), 1)


def _rows(sensitivity: Sensitivity) -> list[_Row]:
    """Every knob that is a number with a factor, the nearest flip first."""
    named: dict[tuple[str, str], _Row] = {}
    for move in sensitivity.rows:
        if not _has_factor(move):
            continue
        key = (move.knob, move.note)
        old = named.get(key, _Row(f"{move.knob} = {shown(move.value)}", (), ()))
        flips = (*old.flips, move) if isinstance(move, Flip) else old.flips
        steady = (*old.steady, move) if isinstance(move, Steady) else old.steady
        label = f"{old.label}, {move.note}" if move.note and not (old.flips or old.steady) else old.label
        named[key] = _Row(textwrap.shorten(label, 44), flips, steady)
    return sorted(named.values(), key=lambda row: row.nearest)


def _has_factor(each: Flip | Steady) -> bool:
    if isinstance(each, Flip):
        return bool(each.factor)
    numbers = isinstance(each.value, int | float) and isinstance(each.reached, int | float)
    return numbers and not isinstance(each.value, bool) and bool(each.value) and each.reached != each.value


def _draw(axes: Axes, at: int, row: _Row) -> None:
    for searched in row.steady:
        end = _factor(searched, searched.reached) or 1.0
        axes.barh(at, end - 1.0, _SEARCHED, left=1.0, color="#D0D0D0", linewidth=0)
    for flip in row.flips:
        assert flip.factor is not None
        line = style.LINES[0] if flip.factor > 1 else style.LINES[3]
        axes.barh(at, flip.factor - 1.0, _BAR, left=1.0, color=line.color, alpha=0.55, linewidth=0)
        ends = [_factor(flip, end) for end in (flip.low, flip.high)]
        low, high = (end or flip.factor for end in ends)
        axes.plot([low, high], [at, at], color="black", linewidth=1.0, marker="|", markersize=5)
        outward = max(high, flip.factor) if flip.factor > 1 else min(low, flip.factor)
        axes.annotate(shown(flip.at), (outward, at), xytext=(4 if flip.factor > 1 else -4, 0),
                      textcoords="offset points", va="center", ha="left" if flip.factor > 1 else "right",
                      fontsize=style.SMALL)


def _factor(each: Flip | Steady, value: object) -> float | None:
    """A value over the one given; None of an end beyond the range."""
    return None if value is None or not float(str(value)) else float(str(value)) / float(str(each.value))


def sentences(sensitivity: Sensitivity) -> list[Sentence]:
    """What is drawn, and the knobs that have no factor."""
    truths = {f"at_{at}": count for at, count in enumerate(sensitivity.start.values())}
    told = ", ".join(f"{truth} in {{at_{at}}}" for at, truth in enumerate(sensitivity.start))
    others = [f"{each.knob} = {shown(each.at)}" for each in sensitivity.flips if not each.factor]
    return [
        Shown(f"At the values given the claim {told} of {len(sensitivity.seeds)} draws, {sensitivity.steps} steps.",
              truths),
        Made("Bars: to where half of the draws have flipped (the value); lines: the interval; grey: searched, no "
             "flip."),
        Where(bool(others), "It also flips at {knobs}.", {"knobs": ", ".join(others)}),
    ]


__all__ = ["tornado"]
