"""Figures 1 to 4 of PEGR and its coefficients: curves in t, a row a reading of the experiment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import TickedStroke
from matplotlib.ticker import NullLocator

from simulate.work.plain import plain

from .. import style
from ..printed import caption
from ..save import Writer, save
from .described import described
from .runs import PAPER, READINGS, REGULARIZERS, Curves, Experiment, Key, Reading, Regularizer, keys, trajectories
from .runs import test_accuracies as accuracies

TITLES: dict[Regularizer, str] = {"pegr": "PEGR", "fgr": "FGR", "none": "standard"}
COEFFICIENTS = {
    "max_gamma": r"$\max\,\gamma_{j,r}$", "max_rho_over": r"$\max\,\overline{\rho}_{j,r,i}$",
    "min_rho_under": r"$\min\,\underline{\rho}_{j,r,i}$",
}
CLOSED = (0, (2, 2))
THIN = 0.5  # points: a single run's line
CHOICES = r"Our choices: $\sigma_0=0.01$ for $\sigma_p=0.1$; FGR is closed with PEGR; seeds."
UNLIKE = (  # of Section 4.1's runs; a test counts them
    rf'In "{READINGS[1].key}" PEGR memorises noise in one draw of five at $\sigma_p=1$ and $1.5$: '
    "a mean of unlike draws."
)
ROUNDED = (
    "Hatched curve: noise had decayed below rounding when the penalty was closed, and rounding errors decide what\n"
    "grows back; training float64 weights gives another curve in its place, so this one is no result."
)


def training_loss(experiment: Experiment = PAPER) -> Figure:
    """Figure 1: the training loss L_S, without the penalty."""
    return _figure(experiment, trajectories(experiment), "loss", r"$L_S$", "Training loss (Figure 1)", _logarithmic)


def signal(experiment: Experiment = PAPER) -> Figure:
    """Figure 2: max_{j,r} |<w_{j,r}, mu>|."""
    name = r"$\max_{j,r}|\langle w_{j,r},\mu\rangle|$"
    return _figure(experiment, trajectories(experiment), "signal", name, "Signal (Figure 2)")


def noise(experiment: Experiment = PAPER) -> Figure:
    """Figure 3: max_{j,r,i} <w_{j,r}, xi_i>."""
    name = r"$\max_{j,r,i}\langle w_{j,r},\xi_i\rangle$"
    return _figure(experiment, trajectories(experiment), "noise", name, "Noise (Figure 3)")


def test_accuracy(experiment: Experiment = PAPER) -> Figure:
    """Figure 4: P(y f > 0) for a fresh example."""
    curves = accuracies(experiment)
    return _figure(experiment, curves, "accuracy", "test accuracy", "Test accuracy (Figure 4)", _accuracies)


test_accuracy.__test__ = False  # type: ignore[attr-defined]  # its name is not a test's


def coefficients(experiment: Experiment = PAPER, sigma_p: float = 1.0) -> Figure:
    """The extremes of gamma, rho-bar and rho-underbar (Definition 5.2) at one sigma_p; a symmetric logarithmic axis."""
    curves = trajectories(experiment)

    def panel(axes: Axes, reading: Reading, regularizer: Regularizer) -> list[str]:
        found = curves[reading.key, regularizer, sigma_p]
        marked = []
        for (name, label), line in zip(COEFFICIENTS.items(), style.LINES, strict=False):
            _draw(axes, found, name, line, label)
            marked += _mark(axes, found, name, line, label)
        axes.axhline(0.0, color=style.GREY, linewidth=0.5)
        axes.set_yscale("symlog", linthresh=1e-2, linscale=0.6)
        axes.set_yticks([-1, -0.01, 0, 0.01, 1], ["$-1$", "$-0.01$", "0", "0.01", "1"])
        axes.yaxis.set_minor_locator(NullLocator())
        return marked

    lines = [style.key(line, label) for line, label in zip(style.LINES, COEFFICIENTS.values(), strict=False)]
    title = rf"Coefficients of Definition 5.2 at $\sigma_p={sigma_p:g}$ (linear within $\pm0.01$)"
    return _panels(experiment, title, "coefficient", panel, lines)


def _figure(
    experiment: Experiment, curves: dict[Key, Curves], name: str, label: str, title: str,
    scale: Callable[[Axes], None] | None = None,
) -> Figure:
    """One observable: a curve a sigma_p, in a panel a penalty and reading."""

    def panel(axes: Axes, reading: Reading, regularizer: Regularizer) -> list[str]:
        marked = []
        for sigma_p, line in zip(experiment.sigma_ps, style.LINES, strict=False):
            found = curves[reading.key, regularizer, sigma_p]
            _draw(axes, found, name, line, _sigma(sigma_p))
            marked += _mark(axes, found, name, line, _sigma(sigma_p))
        if scale is not None:
            scale(axes)
        return marked

    lines = [style.key(line, _sigma(s)) for s, line in zip(experiment.sigma_ps, style.LINES, strict=False)]
    return _panels(experiment, title, label, panel, lines)


def _panels(
    experiment: Experiment, title: str, label: str,
    panel: Callable[[Axes, Reading, Regularizer], list[str]], lines: list[Line2D],
) -> Figure:
    """Three readings by three penalties; `panel` draws one and returns which curves in it are marked as no result."""
    with style.context():
        figure = Figure(figsize=(style.PAGE, 7.4), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=[6.35, 1.05])
        body, foot = parts
        body.suptitle(title)
        marked: list[str] = []
        grid = body.subplots(3, 3, sharex=True, sharey="row")
        for row, (reading, all_axes) in enumerate(zip(READINGS, grid, strict=True)):
            for axes, regularizer in zip(all_axes, REGULARIZERS, strict=True):
                marked += panel(axes, reading, regularizer)
                if regularizer != "none":
                    axes.axvline(experiment.closed, color=style.GREY, linestyle=CLOSED, linewidth=0.8)
                axes.set_xlim(0, experiment.steps)
                axes.set_title(f"\n{TITLES[regularizer]}")  # the line above it is the row's heading
                if row == len(READINGS) - 1:
                    axes.set_xlabel("epoch")
            all_axes[0].set_ylabel(label)
            heading = all_axes[0].annotate(
                rf"$\bf{{{_spaced(reading.key)}}}$:  {reading.says}", (0, 1), (-34, 20), xycoords="axes fraction",
                textcoords="offset points", annotation_clip=False, fontsize=style.FONT + 1,
            )
            heading.set_in_layout(False)  # it spans the row, and must not widen the first column
        body.align_ylabels(list(grid[:, 0]))
        _foot(foot, experiment, lines, bool(marked))
    return figure


def _foot(part: SubFigure, experiment: Experiment, lines: list[Line2D], marked: bool) -> None:
    """The legend and the notes that every panel shares."""
    label = f"penalty closed, {experiment.closed}"
    closed = Line2D([], [], color=style.GREY, linestyle=CLOSED, linewidth=0.8, label=label)
    band = Patch(color=style.GREY, alpha=0.3, linewidth=0, label=f"least to greatest of {experiment.seeds} draws")
    single = Line2D([], [], color=style.GREY, linewidth=THIN, label="single draws")
    part.legend(handles=[*lines, closed, band, single], loc="upper center", ncols=4, columnspacing=1.5, borderaxespad=0)
    size = rf"$n={experiment.n}$, $m={experiment.m}$, $d={experiment.d}$, $\|\mu\|={experiment.mu_norm:g}$"
    unlike = f"{UNLIKE}\n" if experiment == PAPER else ""
    text = (
        f"Curves: means of {experiment.seeds} draws; thin: each draw.  {size}.\n{unlike}"
        f'Only "{READINGS[0].key}" is what the paper prints.  {CHOICES}'
    )
    caption(part, text + (f"\n{ROUNDED}" if marked else ""))


def _draw(axes: Axes, curves: Curves, name: str, line: style.Line, label: str) -> None:
    """An observable's mean and band, and the single runs thin beneath: a mean may stand where no run is."""
    runs = curves.by_name[name]
    style.curve(axes, curves.t, runs, line, label)
    for each in runs:
        axes.plot(curves.t, each, color=line.color, linewidth=THIN, alpha=0.7, zorder=1.5)


def _mark(axes: Axes, curves: Curves, name: str, line: style.Line, label: str) -> list[str]:
    """Hatch a curve, and it alone, where it depends on rounding errors, and name it there."""
    flags = curves.lost[name].any(axis=0)
    if not flags.any():
        return []
    t, mean = curves.t[flags], curves.by_name[name].mean(axis=0)[flags]
    strokes = [TickedStroke(spacing=4, angle=60, length=1.0), TickedStroke(spacing=4, angle=-120, length=1.0)]
    axes.plot(t, mean, color=line.color, linewidth=0.7, path_effects=strokes, zorder=3)
    above = float(mean[t >= t[-1] - 0.4 * (curves.t[-1] - curves.t[0])].max())  # the words are as long as that
    axes.annotate(
        f"{label}: no result", (float(t[-1]), above), (0, 13), ha="right", textcoords="offset points",
        fontsize=style.SMALL, color=line.color,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
    )
    return [label]


def _spaced(words: str) -> str:
    """Words for mathtext, which drops spaces."""
    return words.replace(" ", r"\ ")


def _sigma(sigma_p: float) -> str:
    return rf"$\sigma_p={sigma_p:g}$"


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")


def _accuracies(axes: Axes) -> None:
    axes.set_ylim(top=1.03)
    axes.set_yticks([0.5, 0.75, 1.0])


def _of_experiment(draw: Callable[[Experiment], Figure]) -> Writer:
    """The writer of a figure that an experiment's runs make."""
    name = draw.__name__

    def write(folder: Path, experiment: Experiment = PAPER) -> list[Path]:
        runs = [
            {"reading": reading, "regularizer": regularizer, "sigma_p": sigma_p, "parameters": parameters}
            for (reading, regularizer, sigma_p), parameters in keys(experiment)
        ]
        readings = {reading.key: reading.says for reading in READINGS}
        details = {**plain(experiment), "seeds": list(range(experiment.seeds)), "sampling": "vectors"}
        record = {**described(name, draw, folder), "readings": readings, "experiment": details, "runs": runs}
        return save(draw(experiment), folder, name, record)

    return write


_CURVES = (training_loss, signal, noise, test_accuracy, coefficients)
CURVES: dict[str, Writer] = {draw.__name__: _of_experiment(draw) for draw in _CURVES}
