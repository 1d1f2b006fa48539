"""FOMAML over inner steps and initialisation: test loss of both methods, with the boundary C1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from derivations.declare import Value

from .. import style
from ..page import page
from ..said import Made, Quoted, Sentence
from ..tabular import Tabular
from .linearised import starts_small
from .regime import base_values
from .runs import METHODS, TESTED, Case, final, measure

if TYPE_CHECKING:
    pass

@dataclass(frozen=True)
class Plane:
    """J against sigma_0, the preset mechanism elsewhere."""

    inner: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    sigmas: tuple[float, ...] = (1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
    steps: int = 2000
    seeds: int = 1
    given: tuple[tuple[str, Value], ...] = ()

    def case(self, method: str, J: int, sigma_0: float) -> Case:
        """One cell."""
        given = (*self.given, ("method", method), ("J", J), ("sigma_0", sigma_0))
        return Case(given, self.steps, (0, self.steps), TESTED, preset="mechanism")


def phase(plan: Plane) -> Figure:
    """Adapted and unadapted test loss of both methods over inner steps and initialisation, with C1's boundary."""
    wanted = {(method, J, s): plan.case(method, J, s) for method in METHODS for J in plan.inner for s in plan.sigmas}
    runs = measure(list(wanted.values()), plan.seeds, "fomaml, phase")
    shown = {"test_loss": "unadapted", "test_loss_adapted": "adapted"}
    with style.context():
        title = "Test loss over inner steps and initialisation (preset mechanism elsewhere)"
        sheet = page(title, 5.4, 0, sentences(plan))
        grid = sheet.body.subplots(2, 2, sharex=True, sharey=True)
        for column, method in zip(grid.T, METHODS, strict=True):
            for axes, (name, says) in zip(column, shown.items(), strict=True):
                losses = np.array([[final(runs[wanted[method, J, s]], name).mean() for J in plan.inner]
                                   for s in plan.sigmas])
                image = axes.imshow(losses, origin="lower", cmap="viridis", vmin=0, vmax=np.log(2), aspect="auto")
                for (y, x), value in np.ndenumerate(losses):
                    axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=6.5,
                              color="black" if value > 0.4 else "white")
                _boundary(axes, plan, method)
                axes.set_title(f"{method}, {says}")
                axes.set_xticks(range(len(plan.inner)), [str(J) for J in plan.inner])
                axes.set_yticks(range(len(plan.sigmas)), [f"$10^{{{round(np.log10(s))}}}$" for s in plan.sigmas])
                axes.tick_params(length=0)
            column[1].set_xlabel("inner steps $J$")
        for axes in grid[:, 0]:
            axes.set_ylabel(r"$\sigma_0$")
        sheet.body.colorbar(image, ax=grid, label=r"test loss ($f=0$: $\log 2$)", pad=0.01, extend="max")
        return sheet.close([], 1)


def table(plan: Plane) -> Tabular:
    """The plane's numbers: a row a cell and method."""
    wanted = {(method, J, s): plan.case(method, J, s) for method in METHODS for J in plan.inner for s in plan.sigmas}
    runs = measure(list(wanted.values()), plan.seeds, "fomaml, phase")
    heads = ["method", "J", "sigma_0", *TESTED[::2]]
    return Tabular((heads,), tuple(
        [*cell, *(float(final(runs[case], name).mean()) for name in TESTED[::2])] for cell, case in wanted.items()))


def sentences(plan: Plane) -> list[Sentence]:
    """The caption: what is drawn; the numbers stand in the cells."""
    return [
        Made(f"Loss after {plan.steps} steps, {plan.seeds} draw{'s' * (plan.seeds > 1)} a cell."),
        Made(
            r"Line: C1, below it Phase I is not empty: train-train $\Xi_0<m^{-1/2}(1+\gamma X/n)^{-J}$, "
            r"train-validation $\Lambda_0<m^{-1/2}(1+\gamma)^{-J}$, with $\Xi_0=\sigma_0\sqrt{X}q_m$, $\Lambda_0="
            r"\sigma_0q_m$, $q_m$ the median of the largest of $m$ normals."
        ),
        Quoted(r"C1 is what the proofs need first, and not the whole of their conditions.  $J=0$ is pooled training, "
               "of which the paper remarks that Theorem 4.4 (train-train does not learn) still holds."),
    ]


def _boundary(axes: Axes, plan: Plane, method: str) -> None:
    """Where C1's ratio is 1, on axes that count cells."""
    base = base_values(plan.given)
    J = np.linspace(plan.inner[0], plan.inner[-1], 50)
    at_one = np.array([1 / starts_small({**base, "J": each, "sigma_0": 1.0}, method) for each in J])
    rows = np.interp(np.log10(at_one), np.log10(plan.sigmas), np.arange(len(plan.sigmas)), left=np.nan, right=np.nan)
    axes.plot(np.interp(J, plan.inner, range(len(plan.inner))), rows, color="#D55E00", linewidth=1.2)
