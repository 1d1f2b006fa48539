"""Figures 1 to 4 of PEGR and its coefficients: curves in t, a row a reading of the experiment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import TickedStroke
from matplotlib.ticker import NullLocator

from dynamics.arrays import Array
from simulate.work.plain import plain

from .. import style
from ..about import About
from ..page import page
from ..said import Made, Sentence, Where
from ..save import Writer, save
from .runs import PAPER, READINGS, REGULARIZERS, Curves, Experiment, Key, Reading, Regularizer, keys, trajectories
from .runs import test_accuracies as accuracies

TITLES: dict[Regularizer, str] = {"pegr": "PEGR", "fgr": "FGR", "none": "standard"}
COEFFICIENTS = {
    "max_gamma": r"$\max\,\gamma_{j,r}$", "max_rho_over": r"$\max\,\overline{\rho}_{j,r,i}$",
    "min_rho_under": r"$\min\,\underline{\rho}_{j,r,i}$",
}
CLOSED = (0, (2, 2))
THIN = 0.5  # points: a single run's line
CHOICES = "FGR is closed with PEGR; seeds."
UNSTATED = 0.1  # the sigma_p whose sigma_0 the paper does not give
LINEAR, LINEAR_ROOM = 1e-2, 0.6  # of a symmetric logarithmic axis: up to where it is linear, and its decades there
_SYMMETRIC = style.symmetric(LINEAR, LINEAR_ROOM)
Panel = Callable[[Axes, Reading, Regularizer], None]
APART = 1 / 3  # of what a row's draws end over, on the axis: those further apart have a mean where none of them is
ROUNDED = (
    "Hatched curve: a rounding error in each pre-activation where the penalty was closed gives another curve in its "
    "place, so this one is no result."
)


def training_loss(experiment: Experiment = PAPER) -> Figure:
    """Figure 1: the training loss L_S, without the penalty."""
    return _figure(experiment, trajectories(experiment), "loss", r"$L_S$", "Training loss (Figure 1)",
                   style.LOGARITHMIC)


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
    return _figure(experiment, curves, "accuracy", "test accuracy", "Test accuracy (Figure 4)", limits=_accuracies)


test_accuracy.__test__ = False  # type: ignore[attr-defined]  # its name is not a test's


def coefficients(experiment: Experiment = PAPER, sigma_p: float = 1.0) -> Figure:
    """The extremes of gamma, rho-bar and rho-underbar (Definition 5.2) at one sigma_p; a symmetric logarithmic axis."""
    curves = trajectories(experiment)

    def panel(axes: Axes, reading: Reading, regularizer: Regularizer) -> None:
        curve = curves[reading.key, regularizer, sigma_p]
        for (name, label), line in zip(COEFFICIENTS.items(), style.LINES, strict=False):
            _draw(axes, curve, name, line, label, _SYMMETRIC)
        axes.axhline(0.0, color=style.GREY, linewidth=0.5)
        _SYMMETRIC.on(axes)
        axes.set_yticks([-1, -0.01, 0, 0.01, 1], ["$-1$", "$-0.01$", "0", "0.01", "1"])
        axes.yaxis.set_minor_locator(NullLocator())

    def mark(axes: Axes, reading: Reading, regularizer: Regularizer) -> None:
        for (name, label), line in zip(COEFFICIENTS.items(), style.LINES, strict=False):
            _mark(axes, curves[reading.key, regularizer, sigma_p], name, line, label, _SYMMETRIC)

    lines = [style.key(line, label) for line, label in zip(style.LINES, COEFFICIENTS.values(), strict=False)]
    title = rf"Coefficients of Definition 5.2 at $\sigma_p={sigma_p:g}$ (linear within $\pm0.01$)"
    shown = {key: each for key, each in curves.items() if key[2] == sigma_p}
    said = sentences(experiment, shown, tuple(COEFFICIENTS), _SYMMETRIC)
    return _panels(experiment, title, "coefficient", panel, mark, lines, said)


def _figure(
    experiment: Experiment, curves: dict[Key, Curves], name: str, label: str, title: str,
    scale: style.Scale = style.LINEAR, limits: Callable[[Axes], None] | None = None,
) -> Figure:
    """One observable: a curve a sigma_p, in a panel a penalty and reading."""

    def panel(axes: Axes, reading: Reading, regularizer: Regularizer) -> None:
        for sigma_p, line in zip(experiment.sigma_ps, style.LINES, strict=False):
            curve = curves[reading.key, regularizer, sigma_p]
            _draw(axes, curve, name, line, _sigma(sigma_p), scale)
        scale.on(axes)
        if limits is not None:
            limits(axes)

    def mark(axes: Axes, reading: Reading, regularizer: Regularizer) -> None:
        for sigma_p, line in zip(experiment.sigma_ps, style.LINES, strict=False):
            _mark(axes, curves[reading.key, regularizer, sigma_p], name, line, _sigma(sigma_p), scale)

    lines = [style.key(line, _sigma(s)) for s, line in zip(experiment.sigma_ps, style.LINES, strict=False)]
    said = sentences(experiment, curves, (name,), scale)
    return _panels(experiment, title, label, panel, mark, lines, said)


def _panels(
    experiment: Experiment, title: str, label: str,
    panel: Panel, mark: Panel, lines: list[Line2D], said: list[Sentence],
) -> Figure:
    """Three readings by three penalties; `panel` draws one, `mark` names what is no result once its row is drawn."""
    with style.context():
        handles = [*lines, *_keys(experiment)]
        sheet = page(title, 6.35, -(-len(handles) // _IN_ROW), said)
        grid = sheet.body.subplots(3, 3, sharex=True, sharey="row")
        for row, (reading, all_axes) in enumerate(zip(READINGS, grid, strict=True)):
            for axes, regularizer in zip(all_axes, REGULARIZERS, strict=True):
                panel(axes, reading, regularizer)
                if regularizer != "none":
                    axes.axvline(experiment.closed, color=style.GREY, linestyle=CLOSED, linewidth=0.8)
                axes.set_xlim(0, experiment.steps)
                axes.set_title(f"\n{TITLES[regularizer]}")  # the line above it is the row's heading
                if row == len(READINGS) - 1:
                    axes.set_xlabel("epoch")
            for axes, regularizer in zip(all_axes, REGULARIZERS, strict=True):
                mark(axes, reading, regularizer)
            all_axes[0].set_ylabel(label)
            heading = all_axes[0].annotate(
                rf"$\bf{{{_spaced(reading.key)}}}$:  {reading.says}", (0, 1), (-28, 20), xycoords="axes fraction",
                textcoords="offset points", annotation_clip=False, fontsize=style.FONT + 1,
            )
            heading.set_in_layout(False)  # it spans the row, and must not widen the first column
        sheet.body.align_ylabels(list(grid[:, 0]))
        return sheet.close(handles, _IN_ROW)


_IN_ROW = 4  # of the legend


def _keys(experiment: Experiment) -> list[Any]:
    """What every panel shares, for the legend."""
    label = f"penalty closed, {experiment.closed}"
    closed = Line2D([], [], color=style.GREY, linestyle=CLOSED, linewidth=0.8, label=label)
    band = Patch(color=style.GREY, alpha=0.3, linewidth=0, label=f"least to greatest of {experiment.seeds} draws")
    single = Line2D([], [], color=style.GREY, linewidth=THIN, label="single draws")
    return [closed, band, single]


def sentences(
    experiment: Experiment, curves: dict[Key, Curves], names: tuple[str, ...], scale: style.Scale = style.LINEAR
) -> list[Sentence]:
    """The caption of a figure that shows these observables of these curves on an axis of this scale."""
    size = rf"$n={experiment.n}$, $m={experiment.m}$, $d={experiment.d}$, $\|\mu\|={experiment.mu_norm:g}$"
    marked = any(each.lost[name].any() for each in curves.values() for name in names)
    start = r"$\sigma_0=0.01$ for $\sigma_p=0.1$; " if any(key[2] == UNSTATED for key in curves) else ""
    return [
        Made(f"Curves: {scale.means} of {experiment.seeds} draws; thin: each draw.  {size}."),
        _unlike(curves, names, scale.place),
        Made(f'Only "{READINGS[0].key}" is what the paper prints.  Our choices: {start}{CHOICES}'),
        Where(marked, ROUNDED),
    ]


def _unlike(curves: dict[Key, Curves], names: tuple[str, ...], place: style.Place) -> Where:
    """The curves whose draws end far apart: of each, from where to where."""
    phrases: list[str] = []
    numbers: dict[str, float] = {}
    for reading in READINGS:
        row = {key: each for key, each in curves.items() if key[0] == reading.key}
        ends = {(*key, name): _last(each, name) for key, each in row.items() for name in names}
        places = {key: _placed(last, place) for key, last in ends.items()}
        known = np.concatenate(list(places.values())) if places else np.empty(0)
        span = float(np.ptp(known)) if known.size else 0.0
        for (_, regularizer, sigma_p, name), last in ends.items():
            spread = places[reading.key, regularizer, sigma_p, name]
            if spread.size > 1 and span > 0 and np.ptp(spread) > APART * span:
                at, what = len(phrases), COEFFICIENTS.get(name)
                numbers |= {f"low{at}": float(last.min()) + 0.0, f"high{at}": float(last.max()) + 0.0}  # no -0
                of = f"{TITLES[regularizer]} {_sigma(sigma_p)}" + (f" {what}" if what else "")
                phrases.append(f'"{reading.key}" {of} '.replace("{", "{{").replace("}", "}}")
                               + f"({{low{at}:.2g}} to {{high{at}:.2g}})")
    return Where(bool(phrases), f"Draws end far apart, and the mean need not be where a draw is: {'; '.join(phrases)}.",
                 numbers)


def _last(curves: Curves, name: str) -> Array:
    """Where the draws end that are a result, (some seeds,)."""
    kept: Array = curves.by_name[name][~curves.lost[name][:, -1], -1]
    return kept


def _placed(values: Array, place: style.Place) -> Array:
    """Where values stand on the axis, those that have a place there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.asarray(place(values))
    return places[np.isfinite(places)]


def _draw(axes: Axes, curves: Curves, name: str, line: style.Line, label: str, scale: style.Scale) -> None:
    """An observable's mean and band, and the single runs thin beneath: a mean may stand where no run is."""
    runs = curves.by_name[name]
    style.curve(axes, curves.t, runs, line, label, scale)
    for each in runs:
        axes.plot(curves.t, each, color=line.color, linewidth=THIN, alpha=0.7, zorder=1.5)


def _mark(axes: Axes, curves: Curves, name: str, line: style.Line, label: str, scale: style.Scale) -> None:
    """Hatch a curve, and it alone, where it depends on rounding errors, and name it where the panel is empty."""
    flags = curves.lost[name].any(axis=0)
    if not flags.any():
        return
    t, mean = curves.t[flags], scale.mean(curves.by_name[name])[flags]
    strokes = [TickedStroke(spacing=4, angle=60, length=1.0), TickedStroke(spacing=4, angle=-120, length=1.0)]
    axes.plot(t, mean, color=line.color, linewidth=0.7, path_effects=strokes, zorder=3)
    first = t[-1] - _WORDS * (curves.t[-1] - curves.t[0])
    axes.annotate(f"{label}: no result", (float(t[-1]), _empty(axes, float(first))), ha="right", va="center",
                  xycoords=axes.get_xaxis_transform(), fontsize=style.SMALL, color=line.color)


_WORDS = 0.55  # of a panel's width, which the name of a curve takes


def _empty(axes: Axes, first: float) -> float:
    """The height, as a share of the panel's, at the middle of its widest part without bands from step `first` on."""
    axes.get_ylim()  # the limits are those of all that is drawn
    taken = []
    for band in axes.collections:
        corners = np.concatenate([path.vertices for path in band.get_paths()])
        corners = corners[corners[:, 0] >= first]
        taken.append(axes.transAxes.inverted().transform(axes.transData.transform(corners))[:, 1])
    ends = sorted([(0.0, 0.0), (1.0, 1.0), *((float(each.min()), float(each.max())) for each in taken if each.size)])
    below, gaps = 0.0, []
    for low, high in ends:
        gaps.append((low - below, (low + below) / 2))
        below = max(below, high)
    return max(gaps)[1]


def _spaced(words: str) -> str:
    """Words for mathtext, which drops spaces."""
    return words.replace(" ", r"\ ")


def _sigma(sigma_p: float) -> str:
    return rf"$\sigma_p={sigma_p:g}$"


def _accuracies(axes: Axes) -> None:
    axes.set_ylim(top=1.03)
    axes.set_yticks([0.5, 0.75, 1.0])


def _of_experiment(draw: Callable[[Experiment], Figure], shows: str) -> Writer:
    """The writer of a figure that an experiment's runs make."""
    about = About("pegr", draw.__name__, shows)

    def write(folder: Path, experiment: Experiment = PAPER) -> list[Path]:
        runs = [
            {"reading": reading, "regularizer": regularizer, "sigma_p": sigma_p, "parameters": parameters}
            for (reading, regularizer, sigma_p), parameters in keys(experiment)
        ]
        readings = {reading.key: reading.says for reading in READINGS}
        details = {**plain(experiment), "seeds": list(range(experiment.seeds)), "sampling": "vectors"}
        record = about.record(folder, {"readings": readings, "experiment": details, "runs": runs})
        return save(draw(experiment), folder, about.name, record)

    return write


CURVES: dict[str, Writer] = {
    "training_loss": _of_experiment(training_loss, "Figure 1: the training loss L_S, without the penalty."),
    "signal": _of_experiment(signal, "Figure 2: max_{j,r} |<w_{j,r}, mu>|."),
    "noise": _of_experiment(noise, "Figure 3: max_{j,r,i} <w_{j,r}, xi_i>."),
    "test_accuracy": _of_experiment(test_accuracy, "Figure 4: P(y f > 0) for a fresh example."),
    "coefficients": _of_experiment(
        coefficients, "The extremes of gamma, rho-bar and rho-underbar (Definition 5.2) at one sigma_p."),
}
