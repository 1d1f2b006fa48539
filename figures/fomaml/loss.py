"""Figure 1 of FOMAML's train-validation split: test loss without adaptation, by method, data and learning rates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dynamics.arrays import Array

from .. import style
from ..about import About
from ..page import page
from ..said import Made, Quoted, Sentence, Shown, shown
from ..save import Writer, save
from .runs import BAND, DATA, METHODS, PAPER, READINGS, Case, Experiment, describe, final, measure, stack

if TYPE_CHECKING:
    import xarray

PRINTED = {"train-validation": 4.66, "train-train": 8.50}  # Tables 1 to 3, the default row
PANELS = {"train-validation": "(a) train-validation", "train-train": "(b) train-train"}
THIN = 0.5


def cases(experiment: Experiment = PAPER) -> dict[tuple[bool, str, int], Case]:
    """Figure 1's runs by (fresh, method, place of the reading)."""
    return {
        (fresh, method, at): experiment.case(method, reading, fresh)
        for fresh in DATA for method in METHODS for at, reading in enumerate(READINGS)
    }


def figure_1(experiment: Experiment = PAPER) -> Figure:
    """Figure 1: synthetic test loss over time of either method, in both readings of the rates, and the accuracy."""
    wanted = cases(experiment)
    runs = measure(list(wanted.values()), experiment.draws, "fomaml, figure_1")
    curves = {key: runs[case] for key, case in wanted.items()}
    lines = dict(enumerate((style.LINES[0], style.LINES[3])))
    with style.context():
        sheet = page("Synthetic data, unadapted test loss over time (Figure 1)", 4.0, 2, sentences(experiment, curves))
        grid = sheet.body.subplots(2, 3, sharex=True)
        for row, (fresh, says) in zip(grid, DATA.items(), strict=True):
            for axes, method in zip(row, METHODS, strict=False):
                for reading, line in lines.items():
                    _draws(axes, curves[fresh, method, reading], "test_loss", line)
                axes.axhline(np.log(2), color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.8)
                axes.axhline(PRINTED[method], color="black", linestyle=(0, (1, 1.5)), linewidth=0.9)
                axes.set_ylim(0, None)
                axes.set_title("" if fresh else PANELS[method])
            for reading, line in lines.items():
                for method, dashes in ((METHODS[0], "-"), (METHODS[1], (0, (3, 1.2)))):
                    for data in curves[fresh, method, reading]:
                        accuracy = data["test_accuracy_adapted"].values
                        row[2].plot(_time(data), accuracy, color=line.color, linestyle=dashes, linewidth=0.8)
            row[2].axhline(0.5, color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.8)
            row[2].set_ylim(0.4, 1.0)
            row[2].set_title("" if fresh else "adapted accuracy")
            row[0].set_ylabel(f"{says}\ntest loss")
            row[2].set_ylabel("accuracy")
        for axes in grid[1]:
            axes.set_xlabel(r"$s=\eta t$")
        for axes in grid.flat:
            _axis(axes, experiment)
        return sheet.close(_keys(lines), 3)


def _draws(axes: Axes, runs: list[xarray.Dataset], name: str, line: style.Line) -> None:
    """Each draw thin with its 95 % band, and their mean."""
    values, errors = stack(runs, name), stack(runs, f"{name}_se")
    s = _time(runs[0])
    for value, error in zip(values, errors, strict=True):
        axes.fill_between(s, value - BAND * error, value + BAND * error, color=line.color, alpha=0.22, linewidth=0)
        axes.plot(s, value, color=line.color, linewidth=THIN)
    axes.plot(s, values.mean(axis=0), color=line.color, linestyle=line.dashes, marker=line.marker, markevery=4,
              markerfacecolor="white", markeredgewidth=0.8)


def _time(data: xarray.Dataset) -> Array:
    """s = eta t."""
    return np.asarray(data["t"].values * json.loads(data.attrs["parameters"])["eta"])


def _axis(axes: Axes, experiment: Experiment) -> None:
    """s = eta t, linear up to the first step and logarithmic from there."""
    axes.set_xscale("symlog", linthresh=experiment.eta, linscale=0.4)
    ticks = [0, *(x for x in (0.004, 0.02, 0.1, 0.4) if experiment.eta <= x <= experiment.span)]
    axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
    axes.minorticks_off()
    axes.set_xlim(0, experiment.span)


def _keys(lines: dict[int, style.Line]) -> list[Any]:
    rates = [style.key(line, READINGS[at].label) for at, line in lines.items()]
    return [
        *rates, Line2D([], [], color="black", linestyle=(0, (1, 1.5)), linewidth=0.9, label="printed in Tables 1 to 3"),
        Patch(color=style.GREY, alpha=0.3, linewidth=0, label="95 % interval, by test draws"),
        Line2D([], [], color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.8, label=r"$\log 2$; chance"),
        Line2D([], [], color="black", linestyle=(0, (3, 1.2)), linewidth=0.8, label="accuracy of (b); solid: (a)"),
    ]


def sentences(experiment: Experiment, curves: dict[tuple[bool, str, int], list[xarray.Dataset]]) -> list[Sentence]:
    """The caption: the losses at the end, the accuracies, and what the larger outer step changes."""
    unadapted, adapted, features = (
        np.concatenate([stack(runs, name).ravel() for runs in curves.values()])
        for name in ("test_accuracy_unadapted", "test_accuracy_adapted", "Lambda")
    )
    losses = [stack(runs, "test_loss") for (_, method, _), runs in curves.items() if method == METHODS[1]]
    moved = float(max(np.abs(each - each[:, :1]).max() for each in losses))
    steps = " or ".join(f"{round(experiment.span / reading.eta)}" for reading in READINGS)
    return [
        *(_at_the_end(experiment, curves, fresh) for fresh in DATA),
        shown("Unadapted accuracy {low:.2f} to {high:.2f}, adapted {least:.2f} to {most:.2f}; $\\Lambda$ up to "
              "{feature:.2f}.  Train-train's loss moves by {moved:.3f} at most.", low=unadapted.min(),
              high=unadapted.max(), least=adapted.min(), most=adapted.max(), feature=features.max(), moved=moved),
        Made(rf"Steps of $\eta={experiment.eta:g}$ for the printed rates' {steps} steps."),
        *shortening(experiment),
        Made(rf"$K={experiment.n_tasks}$, $n={experiment.n}$, $d={experiment.d}$, $m={experiment.m}$, "
             rf"$J={experiment.J}$; {experiment.seeds} draws of data (thin; markers: mean), "
             f"{experiment.fresh_seeds} with fresh samples."),
        Made(rf"Not stated, our choices: $M={experiment.M}$, $n_1={experiment.n_train}$, balanced labels, span, "
             rf"{experiment.test_tasks} test tasks $\times$ 10 (adapted), 4096 noise draws (unadapted)."),
        Quoted("Of the printed Figure 1 we have the caption: (a) falls almost monotonically, (b) first falls, then "
               "rises."),
    ]


def _at_the_end(
    experiment: Experiment, curves: dict[tuple[bool, str, int], list[xarray.Dataset]], fresh: bool
) -> Shown:
    """The mean losses of both methods, in either reading, on fixed data or fresh samples."""
    last = {f"{'ab'[method]}{at}": float(final(curves[fresh, METHODS[method], at], "test_loss").mean())
            for method in (0, 1) for at in range(len(READINGS))}
    pairs = "; ".join(f"{reading.label}, {{a{at}:.2f}} and {{b{at}:.2f}}" for at, reading in enumerate(READINGS))
    return Shown(f"{METHODS[0].capitalize()} and {METHODS[1]} at $s={experiment.span:g}$, {DATA[fresh]}: {pairs}.",
                 last)


def shortening(experiment: Experiment) -> list[Shown]:
    """What the larger outer step changes: the test loss with the printed one, and with ours, at the same s."""
    runs = measure([case for *_, a, b in experiment.checks for case in (a, b)], 1, "fomaml, printed outer steps")
    said: dict[bool, list[str]] = {fresh: [] for fresh in DATA}
    numbers: dict[bool, dict[str, float]] = {fresh: {} for fresh in DATA}
    for reading, fresh, *pair in experiment.checks:
        at = len(said[fresh])
        for name, case in zip("ab", pair, strict=True):
            numbers[fresh][f"{name}{at}"] = float(final(runs[case], "test_loss")[0])
        said[fresh].append(rf"$\gamma={reading.gamma:g}$, {{a{at}:.3f}} and {{b{at}:.3f}}")
    return [Shown(f"Train-validation at $s={experiment.short:g}$, printed step then ours, {DATA[fresh]}: "
                  f"{'; '.join(pairs)}.", numbers[fresh]) for fresh, pairs in said.items()]


_ABOUT = About("fomaml", "figure_1", "Figure 1: synthetic test loss over time of either method, in both readings of "
               "the rates, and the accuracy.")


def _figure_1(folder: Path, experiment: Experiment = PAPER) -> list[Path]:
    details = {
        "experiment": experiment, "readings": READINGS, "printed": PRINTED,
        "seeds": list(range(experiment.seeds)), "runs": describe(list(cases(experiment).values())),
    }
    return save(figure_1(experiment), folder, "fomaml_figure_1", _ABOUT.record(folder, details))


LOSS: dict[str, Writer] = {"figure_1": _figure_1}
