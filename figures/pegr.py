"""Figures of PEGR (Meng, Cao and Zou 2023, arXiv:2303.17940): Figures 1 to 4, the coefficients, and a phase diagram."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import TickedStroke
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from simulate.phase import phase as fill

from . import style
from .pegr_runs import PAPER, READINGS, REGULARIZERS, Curves, Experiment, Key, Reading, Regularizer, keys, trajectories
from .pegr_runs import test_accuracies as accuracies
from .save import Writer, save

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]
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
            )  # fmt: skip
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
    note = part.text(0.01, 0.02, text + (f"\n{ROUNDED}" if marked else ""), fontsize=style.SMALL, va="bottom")
    note.set_in_layout(False)


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
    )  # fmt: skip
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


@dataclasses.dataclass(frozen=True)
class PhaseGrid:
    """The phase diagram's grid: the printed network and Section 4.1's sizes, with a larger step."""

    lams: tuple[float, ...] = tuple(np.geomspace(0.003, 30.0, 33).tolist())
    sigma_ps: tuple[float, ...] = tuple(np.geomspace(0.1, 2.0, 25).tolist())
    seeds: int = 3
    steps: int = 1500
    closed: int = 800
    n: int = 20
    m: int = 10
    d: int = 400
    mu_norm: float = 1.0
    sigma_0: float = 0.01
    eta: float = 0.2

    def parameters(self) -> dict[str, Any]:
        """Every parameter but those of the axes."""
        return {
            "n": self.n, "m": self.m, "d": self.d, "mu_norm": self.mu_norm, "sigma_0": self.sigma_0, "eta": self.eta,
            "lam_until": self.closed, "regularizer": "pegr", "penalty_half": True, "neurons": "mean",
        }

    def run(self, store: Path | None = None) -> xarray.Dataset:
        """Fill the grid, or take it up from `store`."""
        return fill("pegr", self.parameters(), x=("lam", self.lams), y=("sigma_p", self.sigma_ps), steps=self.steps,
                    seeds=self.seeds, sampling="gram", store=store)  # fmt: skip


GRID = PhaseGrid()


def phase(grid: PhaseGrid = GRID, data: xarray.Dataset | None = None) -> Figure:
    """PEGR's test error over lambda and sigma_p, with the thresholds of its linear stage."""
    found = grid.run() if data is None else data
    ok = (found["status"] == "ok").all("seed").values
    diverged = (found["status"] == "diverged").any("seed").values
    error = np.where(ok, found["test_error"].mean("seed").values, np.nan)
    lams, sigma_ps = np.array(grid.lams), np.array(grid.sigma_ps)
    with style.context():
        figure = Figure(figsize=(5.0, 4.7), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=[4.0, 0.65])
        body, foot = parts
        axes = body.subplots()
        edges = (_edges(lams), _edges(sigma_ps))
        image = axes.pcolormesh(*edges, error, cmap="viridis", vmin=0.0, vmax=0.5, rasterized=True)
        handles: list[Any] = []
        for cells, color, label in ((diverged, "#D9D9D9", "diverged"), (~ok & ~diverged, "#D55E00", "failed")):
            if cells.any():
                look: dict[str, Any] = {"facecolor": color, "edgecolor": "#8C8C8C", "hatch": "xxx", "linewidth": 0}
                some = f"{label}, any of {grid.seeds} draws"
                axes.pcolor(*edges, np.where(cells, 1.0, np.nan), cmap=ListedColormap([color]), label=some, **look)
                handles.append(Patch(label=some, **look))
        handles += _thresholds(axes, grid)
        axes.set(xscale="log", yscale="log", xlabel=r"$\lambda$", ylabel=r"$\sigma_p$",
                 xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])  # fmt: skip
        axes.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
        axes.yaxis.set_minor_locator(NullLocator())
        body.colorbar(image, ax=axes, label="test error", pad=0.02)
        axes.set_title(
            f"PEGR, printed network: test error after {grid.steps} epochs\n"
            rf"$\eta={grid.eta:g}$ (the paper prints 0.02), penalty closed at {grid.closed} (as printed)"
        )
        foot.legend(handles=handles, loc="upper center", ncols=2, columnspacing=1.2, borderaxespad=0)
        note = foot.text(
            0.5, 0.03, rf"Mean of {grid.seeds} draws; $n={grid.n}$, $m={grid.m}$, $d={grid.d}$, "
            rf"$\|\mu\|={grid.mu_norm:g}$, $\sigma_0={grid.sigma_0:g}$ everywhere", fontsize=style.SMALL, ha="center",
        )  # fmt: skip
        note.set_in_layout(False)
    return figure


def _thresholds(axes: Axes, grid: PhaseGrid) -> list[Line2D]:
    """Where theory puts the transitions: noise is suppressed above m / (sigma_p^2 d), signal grows below m / |mu|^2."""
    signal_power = grid.mu_norm**2
    even = np.sqrt(grid.n * signal_power / (2 * grid.d))  # the sigma_p at which both grow alike without a penalty
    sigma_p = np.unique(np.append(np.geomspace(grid.sigma_ps[0] / 1.5, 1.5 * grid.sigma_ps[-1], 400),
                                  even * (1 + np.geomspace(1e-6, 1, 200))))  # fmt: skip
    noise_power = sigma_p**2 * grid.d
    share = grid.n * signal_power / (2 * noise_power)
    outgrown = np.where(share < 1, grid.m * (1 - share) / (noise_power - share * signal_power), np.nan)
    predicted = grid.m / noise_power
    lines = []
    for at, look in (
        (predicted, {"color": "black", "label": r"predicted, $\lambda=m/(\sigma_p^2 d)$"}),
        (outgrown, {"color": "#D55E00", "linestyle": (0, (4, 1.5)), "label": "signal outgrows noise (linear stage)"}),
    ):
        lines += axes.plot(at, sigma_p, color="white", linewidth=2.8) + axes.plot(at, sigma_p, **look)
    limit = grid.m / signal_power
    if grid.lams[0] <= limit <= grid.lams[-1]:
        lines.append(axes.axvline(limit, color="white", linewidth=3.0))
        label = r"upper limit, $\lambda=m/\|\mu\|^2$"
        lines.append(axes.axvline(limit, color="black", linestyle=(0, (1, 1)), linewidth=1.4, label=label))
    return [line for line in lines if not str(line.get_label()).startswith("_")]


def _edges(centres: Array) -> Array:
    """Cell edges around logarithmically spaced centres."""
    inner = np.sqrt(centres[1:] * centres[:-1])
    return np.concatenate([[centres[0] ** 2 / inner[0]], inner, [centres[-1] ** 2 / inner[-1]]])


def _of_experiment(draw: Callable[[Experiment], Figure]) -> Writer:
    """The writer of a figure that an experiment's runs make."""
    name = draw.__name__

    def write(folder: Path, experiment: Experiment = PAPER) -> list[Path]:
        runs = [
            {"reading": reading, "regularizer": regularizer, "sigma_p": sigma_p, "parameters": parameters}
            for (reading, regularizer, sigma_p), parameters in keys(experiment)
        ]
        readings = {reading.key: reading.says for reading in READINGS}
        details = {**dataclasses.asdict(experiment), "seeds": list(range(experiment.seeds)), "sampling": "vectors"}
        record = {**_head(name, draw, folder), "readings": readings, "experiment": details, "runs": runs}
        return save(draw(experiment), folder, name, record)

    return write


def _write_phase(folder: Path, grid: PhaseGrid = GRID) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    data = grid.run(folder / "phase.zarr")
    record = {**_head("phase", phase, folder), "grid": json.loads(data.attrs["configuration"]), "data": "phase.zarr"}
    return save(phase(grid, data), folder, "phase", record)


def _head(name: str, draw: Callable[..., Figure], folder: Path) -> dict[str, str]:
    shows = (draw.__doc__ or "").splitlines()[0]
    command = f"gammarho figures pegr {name} --out {folder}"
    return {"figure": name, "shows": shows, "paper": "arXiv:2303.17940", "command": command}


_CURVES = (training_loss, signal, noise, test_accuracy, coefficients)
FIGURES: dict[str, Writer] = {draw.__name__: _of_experiment(draw) for draw in _CURVES} | {"phase": _write_phase}
"""Writers by name: each takes a folder and returns the files it wrote there."""
