"""A figure on nearly orthogonal data as data, rows of curves by columns of observables, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from .. import style
from ..page import page
from ..said import Made, Quoted, Sentence, shown
from .runs import Curve, Measured, measure


@dataclass(frozen=True)
class Column:
    """What a column of panels shows."""

    name: str
    label: str
    scale: style.Scale = style.LOGARITHMIC
    one: bool = False  # a dashed line at a stable rank of 1
    each: str = ""  # how the end of every curve is printed in the caption; "": from the least to the greatest run


RANK = Column("rank", r"stable rank of $W_j$", one=True, each=".2f")
STACK = Column("rank_stack", r"stable rank, stacked $W$", one=True, each=".2f")
EXCESS = Column("excess", r"stable rank of $W_j$ $-$ 1")
EXCESS_STACK = Column("excess_stack", r"stable rank, stack $-$ 1")
LOSS = Column("loss", r"training loss $L_S$", scale=style.LINEAR)
ERROR = Column("test_error", "test error", scale=style.LINEAR, each=".3f")


@dataclass(frozen=True)
class Plan:
    """A figure: rows of curves, columns of observables, and what is said below."""

    title: str
    rows: tuple[tuple[str, tuple[Curve, ...]], ...]
    columns: tuple[Column, ...]
    seeds: int
    claim: Quoted  # what the paper says of its figure
    made: tuple[str, ...]  # how the data were made, a sentence each
    logarithmic: bool = True  # the axis of epochs

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Every curve, row after row."""
        return tuple(curve for _, curves in self.rows for curve in curves)


def draw(plan: Plan, label: str = "nearly_orthogonal") -> Figure:
    """A plan's runs, drawn: means, geometric ones on logarithmic axes, and bands from the least to the greatest run."""
    measured = measure(plan.curves, plan.seeds, label)
    lines = [style.key(line, curve.label) for curve, line in zip(plan.rows[0][1], style.LINES, strict=False)]
    band = Patch(color=style.GREY, alpha=0.3, linewidth=0, label=f"least to greatest of {plan.seeds} runs")
    keys = [*lines, band, Line2D([], [], **_ONE, label="stable rank 1")]  # every figure has a panel of stable ranks
    with style.context():
        sheet = page(plan.title, 1.75 * len(plan.rows) + 0.35, -(-len(keys) // _IN_ROW), sentences(plan, measured))
        grid = sheet.body.subplots(len(plan.rows), len(plan.columns), sharex=True, squeeze=False)
        for at, ((heading, curves), row) in enumerate(zip(plan.rows, grid, strict=True)):
            for column, axes in zip(plan.columns, row, strict=True):
                for curve, line in zip(curves, style.LINES, strict=False):
                    style.curve(axes, curve.recorded * curve.epochs, measured[curve][column.name], line, curve.label,
                                column.scale)
                _axes(axes, column, plan, last=at == len(plan.rows) - 1)
            row[0].set_title(heading, loc="left")
        return sheet.close(keys, _IN_ROW)


_IN_ROW = 3  # of the legend
_ONE: Any = {"color": style.GREY, "linestyle": (0, (4, 2)), "linewidth": 0.8}


def sentences(plan: Plan, measured: Mapping[Curve, Measured]) -> list[Sentence]:
    """The caption: where each row ends, over its curves and runs, and how the data were made."""
    return [
        Made("Curves: means, geometric ones on logarithmic axes (the paper's bands: three standard deviations).  Of "
             r"$W_j$: mean of $j=\pm1$."),
        plan.claim,
        *(_ends(heading, [measured[curve] for curve in curves], plan.columns) for heading, curves in plan.rows),
        *(Made(each) for each in plan.made),
    ]


def _ends(heading: str, row: list[Measured], columns: tuple[Column, ...]) -> Sentence:
    """Where a row's curves end, one by one, or from where to where its runs do; of the loss also how far any moved."""
    numbers: dict[str, float] = {}
    parts = []
    for column in columns:
        label = column.label.replace("{", "{{").replace("}", "}}")
        if column.each:
            means = [float(column.scale.mean(each[column.name])[-1]) for each in row]
            ends = {f"{column.name}_{at}": mean for at, mean in enumerate(means)}
            parts.append(f"{label} {', '.join(f'{{{name}:{column.each}}}' for name in ends)}")
        else:
            runs = [value for each in row for value in each[column.name][:, -1].tolist()]
            ends = {f"{column.name}_low": min(runs), f"{column.name}_high": max(runs)}
            parts.append(f"{label} from {{{column.name}_low:.3g}} to {{{column.name}_high:.3g}}")
        numbers |= ends
    moved = max(float(abs(each["loss"] - each["loss"][:, :1]).max()) for each in row)
    where = heading.replace("{", "{{").replace("}", "}}")
    return shown(f"At the end, {where}, in the legend's order: {', '.join(parts)}; the loss moved by up to "
                 "{moved:.2g}.", moved=moved, **numbers)


def _axes(axes: Axes, column: Column, plan: Plan, last: bool) -> None:
    column.scale.on(axes)
    axes.set_ylabel(column.label)
    if column is LOSS:
        axes.set_ylim(0.0, 0.72)
    if column.one:
        axes.set_yticks(ranks := [1, 2, 5, 10, 20, 50, 100, 200], [str(rank) for rank in ranks])
        top = axes.dataLim.y1
        axes.set_ylim(0.88, 1.15 * top)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.axhline(1.0, **_ONE)
    end = max(curve.steps * curve.epochs for curve in plan.curves)
    first = min(float(curve.recorded[1] * curve.epochs) for curve in plan.curves)
    if plan.logarithmic:
        axes.set_xscale("symlog", linthresh=first, linscale=0.3)
        ticks = [0, *(x for x in (0.01, 0.1, 1, 10, 100, 1000) if first <= x <= 1.001 * end)]
        axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
        axes.xaxis.set_minor_locator(NullLocator())  # the step from 0 has no decade of its own
    axes.set_xlim(0, 1.001 * end)
    if last:
        axes.set_xlabel("epoch")
