"""Growth rates of FOMAML's feature and noise against d up to e^100, under Condition D.1's exponents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from derivations.declare import Value
from dynamics.arrays import Array
from simulate.values import number

from .. import style
from ..page import page
from ..said import Made, Sentence, Where
from .linearised import rates, starts_small, stays_linear
from .regime import FEATURE, NOISE
from .runs import METHODS, SPLIT, Case, measure, stack

if TYPE_CHECKING:
    import xarray

@dataclass(frozen=True)
class Ladder:
    """Condition D.1's exponents at L = log d; m, n and the dictionary's size are ours."""

    logs: tuple[float, ...] = (10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
    inner: tuple[int, ...] = (5, 1)
    seeds: int = 3
    n: int = 4
    m: int = 16
    M: int = 8
    eta: float = 1e-3

    def values(self, L: float, J: int) -> dict[str, Value]:
        """Parameters at d = e^L: K = L^0.5, gamma = L^0.4, sigma_xi = d^-1/2 L^0.5, sigma_s = d^-1/2 L^-0.4."""
        d = round(np.exp(L))
        root = float(d) ** -0.5
        return {
            "n_tasks": round(L**0.5), "n": self.n, "n_train": self.n // 2, "m": self.m, "d": float(d), "M": self.M,
            "J": J, "eta_inner": L**0.4, "eta": self.eta, "sigma_xi": root * L**0.5, "sigma_s": root * L**-0.4,
            "sigma_0": root, "balanced": True,
        }

    def case(self, method: str, L: float, J: int) -> Case:
        """One step from the initialisation; a step's growth over eta does not depend on eta."""
        given = (*self.values(L, J).items(), ("method", method))
        return Case(given, 1, (0, 1), ("Lambda", "Xi"), sampling="gram")

    def grown(self, case: Case, runs: list[xarray.Dataset]) -> tuple[Array, Array]:
        """Growth in the first step over eta, (seeds,): of the noise (median over the outer examples) and of Lambda."""
        xi, feature = stack(runs, "Xi"), stack(runs, "Lambda")
        if case.values["method"] == SPLIT:
            xi = np.moveaxis(np.moveaxis(xi, -1, 0)[int(number(case.values, "n_train")):], 0, -1)
        rates = (xi[:, 1] / xi[:, 0] - 1).reshape(len(xi), -1) / self.eta
        return np.median(rates, axis=1), ((feature[:, 1] / feature[:, 0] - 1) / self.eta).mean(axis=1)


def growth(plan: Ladder) -> Figure:
    """Growth rates of feature and noise against d up to e^100, measured in one step and linearised."""
    wanted = {(method, J, L): plan.case(method, L, J) for method in METHODS for J in plan.inner for L in plan.logs}
    runs = measure(list(wanted.values()), plan.seeds, "fomaml, growth")
    logs, fine, height = np.array(plan.logs), np.linspace(plan.logs[0], plan.logs[-1], 300), 2.0 * len(plan.inner)
    with style.context():
        title = "Growth a unit of the outer step, from the initialisation (Condition D.1's exponents)"
        left_out = sum(int((each <= 0).sum()) for case in wanted.values() for each in plan.grown(case, runs[case]))
        sheet = page(title, height + 0.5, 2, sentences(plan, _apart(plan, wanted, runs), left_out))
        grid = sheet.body.subplots(len(plan.inner), 2, sharex=True, sharey="row", squeeze=False)
        for row, J in zip(grid, plan.inner, strict=True):
            for axes, method in zip(row, METHODS, strict=True):
                cases = [wanted[method, J, L] for L in plan.logs]
                measured = [plan.grown(case, runs[case]) for case in cases]
                predicted = np.array([rates(case.values, method) for case in cases])
                for at, line in enumerate((NOISE, FEATURE)):
                    axes.plot(logs, predicted[:, at], color=line.color, linewidth=1.0, linestyle=line.dashes)
                    values = np.array([each[at] for each in measured])
                    points = {"color": line.color, "marker": line.marker, "markerfacecolor": "white"}
                    axes.plot(logs, np.where(values > 0, values, np.nan), linestyle="none", markeredgewidth=0.8,
                              clip_on=False, **points)
                axes.set(yscale="log", title=f"{method}, $J={J}$", xlim=(logs[0], logs[-1]))
                left = [L for L in fine if stays_linear(plan.values(L, J), method) >= 1]
                if left:
                    axes.axvspan(logs[0], max(left), color=style.GREY, alpha=0.15, linewidth=0)
                empty = [L for L in fine if starts_small(plan.values(L, J), method) >= 1]
                if empty:
                    axes.axvline(max(empty), color="black", linestyle=(0, (4, 2)), linewidth=0.9)
            row[0].set_ylabel(r"(growth $-$ 1)$/\eta$")
        for axes in grid[-1]:
            axes.set_xlabel(r"$L=\log d$")
        return sheet.close(_growth_keys(), 3)


def _growth_keys() -> list[Any]:
    def point(line: style.Line, label: str) -> Line2D:
        return Line2D([], [], color=line.color, linestyle="none", marker=line.marker, markerfacecolor="white",
                      label=label)

    return [
        Line2D([], [], color=NOISE.color, linestyle=NOISE.dashes, label="noise, linearised"),
        point(NOISE, r"noise $\Xi_{k,i}$, measured"),
        Line2D([], [], color=FEATURE.color, linestyle=FEATURE.dashes, label="feature, linearised"),
        point(FEATURE, r"feature $\Lambda_j$, measured"),
        Patch(color=style.GREY, alpha=0.3, linewidth=0, label="inner loop leaves the linear range"),
        Line2D([], [], color="black", linestyle=(0, (4, 2)), linewidth=0.9, label="left of it Phase I is empty"),
    ]


def _apart(plan: Ladder, wanted: dict[tuple[str, int, float], Case], runs: dict[Case, list[xarray.Dataset]]) -> Array:
    """Measured over linearised growth, of every point that is drawn where the inner loop is in its linear range."""
    ratios: list[Array] = []
    for (method, J, L), case in wanted.items():
        if stays_linear(plan.values(L, J), method) < 1:
            measured = np.array(plan.grown(case, runs[case]))  # (2, seeds)
            ratios.append((measured / np.array(rates(case.values, method))[:, None])[measured > 0])
    return np.concatenate(ratios) if ratios else np.empty(0)


def sentences(plan: Ladder, apart: Array, left_out: int) -> list[Sentence]:
    """The caption: how far the measured growth is from the linearised one, what is drawn, and what cannot be."""
    known = {"low": float(apart.min()), "high": float(apart.max())} if apart.size else {}
    return [
        Where(apart.size > 0, "Outside the grey, measured over linearised growth is {low:.2f} to {high:.2f}.", known),
        Where(left_out > 0, "Measured growths of 0 or below, which a logarithmic axis has no place for: {left_out}.",
              {"left_out": left_out}),
        Made(
            r"$\sigma_0=d^{-1/2}$, $\sigma_\xi=d^{-1/2}L^{0.5}$, $\sigma_s=d^{-1/2}L^{-0.4}$, $\gamma=L^{0.4}$, "
            r"$K=L^{0.5}$ rounded."
        ),
        Made(rf"Ours: $n={plan.n}$, $n_1={plan.n // 2}$, $m={plan.m}$, $M={plan.M}$, balanced labels; {plan.seeds} "
             "Gram draws a point, one outer step; noise: median over the outer examples."),
        Made(
            r"Linearised ($P=1/2$, every product below $h$), with $X=\sigma_\xi^2(d-M-1)$: train-train noise "
            r"$\frac{X}{2hKn}(1+\frac{\gamma X}{2hn})^J$, train-validation noise $\frac{X}{2hK(n-n_1)}$, feature "
            r"$\frac{1}{4h}(1+\frac{\gamma\|\nu_k\|^2}{4h})^J$."
        ),
        Made(
            r"Grey: $\Xi_0(1+\frac{\gamma X}{2h|I|})^J\geq h$, $I$ the inner examples.  Phase I is empty: train-train "
            r"$\Xi_0\geq m^{-1/2}(1+\gamma X/n)^{-J}$, train-validation $\Lambda_0\geq m^{-1/2}(1+\gamma)^{-J}$, each "
            "the median largest of $m$ at the start."
        ),
    ]
