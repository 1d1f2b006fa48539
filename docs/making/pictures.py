"""The pictures of "The idea": what is traded for what, and a run in coefficients with training's weights on top."""

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

import gammarho as gr
from figures import style
from figures.save import save_as
from gammarho.cli import main

from .blocks import blocks

SMALL: dict[str, object] = {
    "n": 20, "m": 10, "d": 1000, "mu_norm": 1.0, "sigma_p": 0.45, "sigma_0": 0.01, "eta": 0.2, "lam": 0.1,
}
STEPS = 500


def coefficients() -> Figure:
    """max gamma and max rho-bar of PEGR and of plain training: lines by the recursion, dots from trained weights."""
    record = list(range(0, STEPS + 1, 25))
    with style.context():
        figure = Figure(figsize=(style.PAGE, 2.5), layout="constrained")
        axes: Any = figure.subplots(1, 2, sharey=True)
        for panel, regularizer, title in zip(axes, ("none", "pegr"), ("plain training", "PEGR"), strict=True):
            here = {**SMALL, "regularizer": regularizer}
            reduced = gr.run("pegr", here, steps=STEPS, seed=1)
            trained = gr.run("pegr", here, steps=STEPS, seed=1, engine="weights", record=record)
            for line, name, label in zip(style.LINES, ("gamma", "rho_over"), (r"$\max\,\gamma$", r"$\max\,\bar\rho$"),
                                         strict=False):
                panel.plot(reduced["t"], _largest(reduced[name]), color=line.color, linestyle=line.dashes, label=label)
                panel.plot(trained["t"], _largest(trained[name]), color=line.color, linestyle="", marker=line.marker,
                           markerfacecolor="white", label=f"{label}, from trained W")
            panel.set_title(title)
            panel.set_xlabel("step t")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _largest(coefficient: Any) -> Any:
    return coefficient.max([dim for dim in coefficient.dims if dim != "t"])


def traded() -> Figure:
    """Two boxes: the 2 m filters in R^d, and the coefficients over directions, with what each costs."""
    with style.context():
        figure = Figure(figsize=(style.PAGE, 2.1), layout="constrained")
        axes = figure.add_subplot()
        axes.set_xlim(0, 10)
        axes.set_ylim(0, 3)
        axes.axis("off")
        _box(axes, 0.1, 3.9, "weights", r"$W\in\mathbb{R}^{2m\times d}$", "gradient descent, by autograd",
             "a step costs n m d", style.LINES[0].color)
        _box(axes, 6.0, 3.9, "coefficients", r"$\gamma_{j,r},\ \bar\rho_{j,r,i},\ \underline{\rho}_{j,r,i}$",
             "the recursion, derived", "a step costs n² m, for any d", style.LINES[3].color)
        axes.add_patch(FancyArrowPatch((4.05, 1.5), (5.95, 1.5), arrowstyle="<->", mutation_scale=12, color=style.GREY))
        axes.text(5.0, 1.68, "exactly the same", ha="center", va="bottom", fontsize=style.FONT)
        axes.text(5.0, 1.36, r"$w(t)=w(0)+\sum_b b(t)\,v_b$", ha="center", va="top", fontsize=style.SMALL)
    return figure


def _box(axes: Axes, left: float, width: float, title: str, symbol: str, how: str, cost: str, color: str) -> None:
    axes.add_patch(Rectangle((left, 0.2), width, 2.6, facecolor="none", edgecolor=color, linewidth=1.2))
    middle = left + width / 2
    sizes = np.array([style.FONT + 1, style.FONT + 4, style.FONT, style.FONT])
    for text, size, at in zip((title, symbol, how, cost), sizes, (2.5, 1.8, 1.05, 0.55), strict=True):
        axes.text(middle, at, text, ha="center", va="center", fontsize=float(size))


PICTURES = {"coefficients": coefficients, "traded": traded}


def draw(folder: Path) -> None:
    """Write the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        save_as(picture(), folder / f"{name}.png")


def of_commands(page: Path, to: Path) -> None:
    """The pictures that a page's own `phase` commands write, with the files that it has the reader save."""
    own_blocks = blocks(page)
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name), contextlib.redirect_stdout(io.StringIO()):
        folder = Path(name)
        for file, text in own_blocks.files.items():
            (folder / file).write_text(text, encoding="utf-8")
        for command in own_blocks.commands:
            if command.startswith("gammarho phase "):
                main(shlex.split(command)[1:])
        for picture in folder.glob("*.png"):
            shutil.copyfile(picture, to / picture.name)
