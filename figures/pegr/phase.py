"""PEGR's phase diagram over lambda and sigma_p, with the thresholds that theory puts there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from dynamics.arrays import Array
from simulate.ask import early
from simulate.phase.phase import phase as fill

from .. import style
from ..about import About
from ..page import page
from ..said import Made
from ..save import Writer, save

if TYPE_CHECKING:
    import xarray



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
                    seeds=self.seeds, sampling="gram", store=store)


GRID = PhaseGrid()


def phase(grid: PhaseGrid = GRID, data: xarray.Dataset | None = None) -> Figure:
    """PEGR's test error over lambda and sigma_p, with the thresholds of its linear stage."""
    measured = grid.run() if data is None else data
    ok = (measured["status"] == "ok").all("seed").values
    diverged = (measured["status"] == "diverged").any("seed").values
    error = np.where(ok, measured["test_error"].mean("seed").values, np.nan)
    lams, sigma_ps = np.array(grid.lams), np.array(grid.sigma_ps)
    with style.context():
        sheet = page("", 4.0, 2, (Made(
            rf"Mean of {grid.seeds} draws; $n={grid.n}$, $m={grid.m}$, $d={grid.d}$, "
            rf"$\|\mu\|={grid.mu_norm:g}$, $\sigma_0={grid.sigma_0:g}$ everywhere."
        ),), width=5.0)
        axes = sheet.body.subplots()
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
                 xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
        axes.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
        axes.yaxis.set_minor_locator(NullLocator())
        sheet.body.colorbar(image, ax=axes, label="test error", pad=0.02)
        axes.set_title(
            f"PEGR, printed network: test error after {grid.steps} epochs\n"
            rf"$\eta={grid.eta:g}$ (the paper prints 0.02), penalty closed at {grid.closed} (as printed)"
        )
        return sheet.close(handles, 2)


def _thresholds(axes: Axes, grid: PhaseGrid) -> list[Line2D]:
    """Where the linear stage puts the transitions: lambda at which noise, or signal, no longer grows, or both alike."""
    stage, given = early.formulas_at("pegr", grid.parameters()), grid.parameters()

    def along(name: str, sigma_p: Array, lam: float = 0.0) -> Array:
        return np.array([early.value(stage[name], {**given, "project_noise": True, "lam": lam, "sigma_p": float(each)})
                         for each in sigma_p])

    every = np.geomspace(grid.sigma_ps[0] / 1.5, 1.5 * grid.sigma_ps[-1], 600)
    faster = along("rate_xi", every) > along("rate_mu", every)  # else signal outgrows noise without a penalty
    outgrown, sigma_p = along("lam_mu_xi", every[faster]), every[faster]
    lines = []
    for lams, over, look in (
        (along("lam_xi", every), every, {"color": "black", "label": r"predicted, $\lambda=m/(\sigma_p^2(d-1))$"}),
        (outgrown, sigma_p, {"color": "#D55E00", "linestyle": (0, (4, 1.5)),
                             "label": "signal outgrows noise (linear stage)"}),
    ):
        lines += axes.plot(lams, over, color="white", linewidth=2.8) + axes.plot(lams, over, **look)
    limit = float(along("lam_mu", every[:1])[0])
    if grid.lams[0] <= limit <= grid.lams[-1]:
        lines.append(axes.axvline(limit, color="white", linewidth=3.0))
        label = r"upper limit, $\lambda=m/\|\mu\|^2$"
        lines.append(axes.axvline(limit, color="black", linestyle=(0, (1, 1)), linewidth=1.4, label=label))
    return [line for line in lines if not str(line.get_label()).startswith("_")]


def _edges(centres: Array) -> Array:
    """Cell edges around logarithmically spaced centres."""
    inner = np.sqrt(centres[1:] * centres[:-1])
    return np.concatenate([[centres[0] ** 2 / inner[0]], inner, [centres[-1] ** 2 / inner[-1]]])


_ABOUT = About("pegr", "phase", "PEGR's test error over lambda and sigma_p, with the thresholds of its linear stage.")


def write_phase(folder: Path, grid: PhaseGrid = GRID) -> list[Path]:
    """Runs the grid, or what is missing of it, into the folder and draws it there."""
    folder.mkdir(parents=True, exist_ok=True)
    data = grid.run(folder / "phase.zarr")
    configuration = json.loads(data.attrs["configuration"])
    record = _ABOUT.record(folder, {"grid": configuration, "data": "phase.zarr"})
    return save(phase(grid, data), folder, "phase", record)


PHASE: dict[str, Writer] = {"phase": write_phase}
