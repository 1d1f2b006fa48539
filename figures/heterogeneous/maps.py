"""Heat maps of heterogeneous noise: Figure 2, and Figures 3 and 4."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dynamics.arrays import Array
from simulate.phase.phase import phase

from .. import style
from ..about import About
from ..grid.looks import Colours
from ..grid.region import region
from ..grid.shown import shown as laid_out
from ..page import page
from ..said import Made, Quoted, Sentence, Shown, shown
from ..save import Writer, save
from ..tabular import Tabular

Axis = tuple[str, tuple[float, ...]]

READINGS = {"sum": r"not as printed: $F_k$ without $1/m$", "mean": r"as printed: $F_k$ with $1/m$"}
LABELS = {
    "u_norm": r"feature strength $\|u\|$",
    "Gamma": r"noise correlation ratio $\Gamma$",
    "n": r"examples a class $|S_k|$",
}
K = 5
COLOURS = Colours("viridis_r", Normalize(1 / K, 1.0))  # of an accuracy: dark is right, as it is where errors are drawn
BENIGN, HARMFUL = 10.0, 2.0  # C_1 = C_2 and C_3 of Theorem 1, which hides them


@dataclass(frozen=True)
class Map:
    """A heat map of Section 5.1: its axes, what is fixed, what the paper says of it, and its sizes."""

    name: str
    title: str
    claim: Quoted
    x: Axis
    y: Axis
    fixed: tuple[tuple[str, Any], ...]
    m: int = 100
    d: int = 1000
    steps: int = 20
    seeds: int = 2

    def parameters(self, neurons: str) -> dict[str, Any]:
        """Every parameter but those of the axes."""
        return {
            "K": K, "m": self.m, "d": self.d, "sigma_p": 0.5, "init": "uniform", "eta": 0.05, "neurons": neurons,
            **dict(self.fixed),
        }

    def run(self, neurons: str, store: Path | None = None) -> xarray.Dataset:
        """Fill the map in one reading, or take it up from `store`."""
        return phase("heterogeneous", self.parameters(neurons), x=self.x, y=self.y, steps=self.steps,
                     seeds=self.seeds, sampling="vectors", store=store)


_US, _GAMMAS = (0.001, 1.0, 2.0, 3.0, 3.8), (1.0, 50.0, 200.0, 600.0, 1400.0)
_STRENGTHS, _RATIOS = ("u_norm", _US), ("Gamma", _GAMMAS)
_SIZES = ("n", tuple(K * s for s in (10, 50, 100, 150, 200)))
_BOTH = Quoted("The paper: accuracy grows with the feature strength and with the ratio, and is near-optimal at high "
               "ratios even where the feature strength is almost 0.")
MAPS = (
    Map("figure_3a", "Gaussian noise (Figure 3a)", _BOTH, _STRENGTHS, _RATIOS, (("n", 500), ("noise", "gaussian"))),
    Map("figure_3b", "Uniform noise (Figure 3b)", _BOTH, _STRENGTHS, _RATIOS, (("n", 500), ("noise", "uniform"))),
    Map("figure_4a", r"Gaussian noise, $\Gamma=1.2$ (Figure 4a)",
        Quoted("The paper: accuracy increases with the size."),
        ("u_norm", (0.01, 1.0, 2.0, 3.0, 4.0)), _SIZES, (("Gamma", 1.2), ("noise", "gaussian"))),
    Map("figure_4b", r"Gaussian noise, $\|u\|=10^{-6}$ (Figure 4b)",
        Quoted("The paper: accuracy stays in a constant order with the size."),
        ("Gamma", (1.0, 50.0, 200.0, 400.0, 800.0)), _SIZES, (("u_norm", 1e-6), ("noise", "gaussian"))),
)


def heat_map(plan: Map, data: dict[str, xarray.Dataset]) -> Figure:
    """Test accuracy in both readings, a number a cell; mean of the seeds."""
    with style.context():
        sheet = page(f"Test accuracy after {plan.steps} epochs: {plan.title}", 3.3, 0, sentences(plan, data))
        row = sheet.body.subplots(1, 2)
        for (neurons, says), axes in zip(READINGS.items(), row, strict=True):
            accuracies = accuracy(data[neurons])
            means = accuracies.mean(axis=2)
            image = axes.imshow(means, origin="lower", cmap=COLOURS.name, norm=COLOURS.norm, aspect="auto")
            _numbers(axes, means)
            for axis, set_ticks, set_label in (
                (plan.x, axes.set_xticks, axes.set_xlabel), (plan.y, axes.set_yticks, axes.set_ylabel),
            ):
                set_ticks(range(len(axis[1])), [f"{value:g}" for value in _as_labelled(axis)])
                set_label(LABELS[axis[0]])
            axes.tick_params(length=0)
            axes.set_title(says)
        sheet.body.colorbar(image, ax=list(row), label="test accuracy (chance: 0.2)", pad=0.01, extend="min")
        return sheet.close((), 1)


def accuracy(data: xarray.Dataset) -> Array:
    """1 - test error, (rows, columns, seeds)."""
    return 1.0 - np.asarray(data["test_error"].values, dtype=np.float64)


def _numbers(axes: Axes, means: Array) -> None:
    for (row, column), value in np.ndenumerate(means):
        text = "failed" if np.isnan(value) else f"{value:.2f}"
        color = "white" if COLOURS.dark(np.asarray(value)) else "black"
        axes.text(column, row, text, ha="center", va="center", color=color)


def _as_labelled(axis: Axis) -> list[float]:
    """The values of an axis as its label has them: n is of all classes together."""
    return [value / K if axis[0] == "n" else value for value in axis[1]]


def sentences(plan: Map, data: dict[str, xarray.Dataset]) -> list[Sentence]:
    """The caption: sizes, the accuracies in either reading, what the paper says of them, how far draws are apart."""
    size = rf"$K={K}$, $m={plan.m}$, $d={plan.d}$, $\eta=0.05$"
    size += ", 100 examples a class." if dict(plan.fixed).get("n") == 500 else "."
    low, *_, high = _as_labelled(plan.y)
    along = LABELS[plan.y[0]].replace("{", "{{").replace("}", "}}")
    return [
        Made(f"{size}  Means of {plan.seeds} draws."),
        shown(f"After {plan.steps} full-batch steps accuracies are {{printed}} as printed, and {{without}} without the "
              "printed $1/m$.", printed=_range(data["mean"]), without=_range(data["sum"])),
        Quoted("Which of the two it ran, the paper does not say."),
        plan.claim,
        shown(f"Up a column, over {along} {low:g} to {high:g}, accuracy here changes by {{printed}} as printed, "
              "{without} without.", printed=_rise(data["mean"]), without=_rise(data["sum"])),
        *_apart(plan, data),
        Made(r"Not stated, our choices: grid points, seeds, 4096 test draws, filters $U(\pm1/\sqrt{d})$ without bias, "
             r"an epoch is one full-batch step, orthogonal spikes (so $\Gamma_{k,j}$ is equal for all pairs)."),
    ]


def _apart(plan: Map, data: dict[str, xarray.Dataset]) -> list[Sentence]:
    """How far the draws of a cell are apart, on average and at most, in either reading."""
    spreads = {reading: np.ptp(accuracy(each), axis=2) for reading, each in data.items()}
    known = {reading: each[np.isfinite(each)] for reading, each in spreads.items()}
    if plan.seeds < 2 or not all(each.size for each in known.values()):
        return []
    ends = {f"{reading}_{end}": float(of(each)) for reading, each in known.items()
            for end, of in (("average", np.mean), ("most", np.max))}
    return [Shown("Draws of a cell differ by {mean_average:.3f} on average and {mean_most:.3f} at most as printed, "
                  "{sum_average:.3f} and {sum_most:.3f} without.", ends)]


def _rise(data: xarray.Dataset) -> str:
    """From the least to the greatest that the last row of mean accuracies is above the first, at two digits."""
    means = accuracy(data).mean(axis=2)
    rises = (means[-1] - means[0])[np.isfinite(means[-1] - means[0])]
    ends = (rises.min(), rises.max()) if rises.size else ()
    return " to ".join(f"{round(end, 2) + 0.0:+.2f}" for end in ends) or "not known"


def _range(data: xarray.Dataset) -> str:
    """The least and the greatest mean accuracy of a map, at two digits."""
    means = accuracy(data).mean(axis=2)
    return f"{np.nanmin(means):.2f} to {np.nanmax(means):.2f}" if np.isfinite(means).any() else "not known"


def figure_2(plan: Map, data: dict[str, xarray.Dataset]) -> Figure:
    """Figure 2: Theorem 1's regimes in the plane of Figure 3(a), with the accuracies found there."""
    u = np.linspace(0.0, 4.0, 401)
    ratio = np.geomspace(1.0, 2000.0, 401)
    snr = signal_to_noise(u[None, :], ratio[:, None], plan.d - K)
    regime = np.full(snr.shape, 1)  # 0 harmful, 1 open, 2 benign for long-tailed data alone, 3 for all
    regime[(snr <= HARMFUL) & (ratio[:, None] <= HARMFUL)] = 0
    regime[np.broadcast_to(ratio[:, None] >= BENIGN, snr.shape)] = 2
    regime[snr >= BENIGN] = 3
    colors, names = ["#F6C99B", "#DDDDDD", "#CFE3F3", "#8FBFE0"], [
        rf"harmful, both ratios below {HARMFUL:g}", "between: not characterised",
        rf"benign for long-tailed data, $\Gamma\geq{BENIGN:g}$",
        rf"benign, $\mathrm{{SNR}}\geq{BENIGN:g}$",
    ]
    with style.context():
        sheet = page("", 3.9, 2, _regimes_say(plan, data["sum"]), width=5.4)
        axes = sheet.body.subplots()
        axes.pcolormesh(u, ratio, regime, cmap=ListedColormap(colors), vmin=-0.5, vmax=3.5, rasterized=True)
        accuracies = accuracy(data["sum"]).mean(axis=2)
        places = np.array([(x, y) for y in plan.y[1] for x in plan.x[1]])
        points = axes.scatter(*places.T, c=accuracies.ravel(), cmap=COLOURS.name, norm=COLOURS.norm, s=60,
                              edgecolor="black", linewidth=0.7, zorder=3, clip_on=False)
        for (x, y), value in zip(places, accuracies.ravel(), strict=True):
            lowest, leftmost = y == min(plan.y[1]), x == min(plan.x[1])  # on the frame, with ticks beyond it
            axes.annotate(f"{value:.2f}", (x, y), (3 * leftmost, 7 if lowest else -7), textcoords="offset points",
                          ha="left" if leftmost else "center", va="bottom" if lowest else "top", fontsize=style.SMALL)
        sheet.body.colorbar(points, ax=axes, label="test accuracy, 20 epochs", pad=0.03)
        axes.set(yscale="log", xlim=(0.0, 4.0), ylim=(1.0, 2000), xlabel=LABELS["u_norm"], ylabel=LABELS["Gamma"])
        axes.set_title("Regimes of Theorem 1 (Figure 2) in the plane of Figure 3a")
        handles = [Patch(facecolor=color, edgecolor=style.GREY, linewidth=0.4, label=name)
                   for color, name in zip(colors, names, strict=True)]
        return sheet.close(handles, 2)


def _regimes_say(plan: Map, data: xarray.Dataset) -> list[Sentence]:
    """The caption of the regimes: the ratio, our constants, and at how many points the theorem's condition holds."""
    judged = region(data, laid_out(data).scales, "heterogeneous", 1.0)
    return [
        Made(r"$\mathrm{SNR}=|S_k|\|u\|^4/\|A_k^\top A_j\|_F^2$.  The theorem hides its constants; ours, to draw it: "
             rf"$C_1=C_2={BENIGN:g}$, $C_3={HARMFUL:g}$."),
        Made(rf"Points: accuracies found with $F_k$ without $1/m$ (not as printed), $m={plan.m}$, $d={plan.d}$, "
             f"{plan.seeds} draws."),
        shown("{met} of {points} points meet {which} with constants of 1.", met=int(judged.holds.sum()),
              points=judged.holds.size, which=judged.title),
    ]


def signal_to_noise(u: Array, ratio: Array, rank: int, size: float = 100.0, spread: float = 0.5) -> Array:
    """SNR_{k,j} = |S| ||u||^4 / ||A_k^T A_j||_F^2, for equal class sizes and orthogonal spikes that give the ratio.

    With lambda^2 the spikes' eigenvalue of A A^T and b_0 = spread,
    ratio = ((rank-1) b_0^4 + lambda^4) / ((rank-2) b_0^4 + 2 b_0^2 lambda^2).
    """
    root = np.sqrt(ratio**2 + ratio * (rank - 2) - (rank - 1))
    across = (rank - 2) * spread**4 + 2 * spread**4 * (ratio + root)
    ratios: Array = size * u**4 / across
    return ratios


def table(plan: Map, data: dict[str, xarray.Dataset]) -> Tabular:
    """The map's numbers: a row a cell, the mean, least and greatest accuracy of either reading."""
    heads = [plan.x[0], plan.y[0], *(f"{end} ({reading})" for reading in data for end in ("mean", "least", "greatest"))]
    accuracies = {reading: accuracy(each) for reading, each in data.items()}
    rows = tuple(
        [x, y, *(float(number) for each in accuracies.values() for number in (
            each[row, column].mean(), each[row, column].min(), each[row, column].max()))]
        for row, y in enumerate(plan.y[1]) for column, x in enumerate(plan.x[1])
    )
    return Tabular((heads,), rows)


def _columns_say(plan: Map, readings: Sequence[str]) -> str:
    """What the columns of a map's table are."""
    counts = ["n is the examples of all classes together"] * ("n" in (plan.x[0], plan.y[0]))
    return "; ".join([f"Of {plan.seeds} draws, ({readings[0]}) {READINGS[readings[0]]}",
                      *(f"({each}) {READINGS[each]}" for each in readings[1:]), *counts]) + "."


def _written(name: str, plan: Map, shows: str, make: Callable[[Map, dict[str, xarray.Dataset]], Figure]) -> Writer:
    default = plan
    readings = ("sum",) if name == "figure_2" else tuple(READINGS)
    about = About("heterogeneous", name, shows)

    def write(folder: Path, plan: Map = default) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        stores = {reading: f"heterogeneous_{plan.name}_{reading}.zarr" for reading in readings}
        data = {reading: plan.run(reading, folder / store) for reading, store in stores.items()}
        grids = {reading: json.loads(grid.attrs["configuration"]) for reading, grid in data.items()}
        record = about.record(folder, {"readings": READINGS, "map": plan, "grids": grids, "data": stores})
        stem = f"heterogeneous_{name}"
        said = f"Test accuracy after {plan.steps} epochs, a row a cell: {plan.title}.  {_columns_say(plan, readings)}"
        return [*save(make(plan, data), folder, stem, record), *table(plan, data).write(folder, stem, said)]

    return write


MAP_WRITERS: dict[str, Writer] = {
    "figure_2": _written(
        "figure_2", MAPS[0],
        "Figure 2: Theorem 1's regimes in the plane of Figure 3(a), with the accuracies found there.", figure_2),
    **{plan.name: _written(plan.name, plan, f"test accuracy: {plan.title}", heat_map) for plan in MAPS},
}
