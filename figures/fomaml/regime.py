"""FOMAML with a split and without it in the preset mechanism: feature, noise, P and test loss over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from derivations.declare import Value
from simulate.ask import parameters, settings
from simulate.values import number

from .. import style
from ..page import page
from ..said import Made, Sentence, shown
from .runs import METHODS, SPLIT, TESTED, Case, final, measure

if TYPE_CHECKING:
    import xarray

THIN = 0.6
FEATURE, NOISE, PLAIN, ADAPTED = style.LINES[0], style.LINES[3], style.LINES[4], style.LINES[2]
TIMES = {"T_1": (r"$T^{(1)}$", style.LINES[3].color), "T_2": (r"$T^{(2)}$", style.LINES[0].color),
         "T_3": (r"$T^{(3)}$", "black")}


@dataclass(frozen=True)
class Regime:
    """The preset mechanism, or the parameters given over it."""

    seeds: int = 4
    steps: int = 2000
    points: int = 60
    given: tuple[tuple[str, Value], ...] = ()

    def case(self, method: str) -> Case:
        """One method's run."""
        at = np.unique(np.rint(np.geomspace(1, self.steps, self.points))).astype(int)
        names = ("loss", "Lambda", "Xi", "P", *TIMES, *TESTED)
        return Case((*self.given, ("method", method)), self.steps, (0, *at.tolist()), names, preset="mechanism")

    def outer(self, method: str) -> slice:
        """The examples of a task that the outer step takes."""
        return slice(int(number(base_values(self.given), "n_train")) if method == SPLIT else 0, None)


def base_values(given: Iterable[tuple[str, Value]]) -> Mapping[str, Value]:
    """The preset mechanism with what is given over it."""
    setting = settings.resolve("fomaml")
    return parameters.resolve(setting.factory, dict(given), setting.preset("mechanism")).values


def mechanism(plan: Regime) -> Figure:
    """With a split and without, the preset mechanism: inner products, P, test loss and accuracy of every draw."""
    cases = {method: plan.case(method) for method in METHODS}
    runs = measure(list(cases.values()), plan.seeds, "fomaml, mechanism")
    by_method = {method: runs[case] for method, case in cases.items()}
    with style.context():
        sheet = page("Feature, noise and test loss with a split and without (preset mechanism)", 6.0, 3,
                     sentences(plan, by_method))
        grid = sheet.body.subplots(4, 2, sharex=True, sharey="row")
        for column, method in zip(grid.T, METHODS, strict=True):
            column[0].set_title(method)
            for data in by_method[method]:
                _draw_run(column, data, plan.outer(method))
            column[3].set_xlabel("outer step $t$")
            column[2].axhline(np.log(2), color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.8)
            column[3].axhline(0.5, color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.8)
            for axes in column:
                axes.set_xscale("symlog", linthresh=1, linscale=0.3)
                axes.set_xlim(0, plan.steps)
                axes.set_xticks(ticks := [t for t in (0, 1, 10, 100, 1000) if t <= plan.steps], map(str, ticks))
                axes.minorticks_off()
        for axes, label in zip(grid[:, 0], ("inner products", "$P$", "loss", "accuracy"), strict=True):
            axes.set_ylabel(label)
        grid[0, 0].set_yscale("log")
        grid[1, 0].set_yscale("log")
        grid[1, 0].set_ylim(1e-6, 1)
        grid[2, 0].set_ylim(0, 0.75)
        grid[3, 0].set_ylim(0.45, 1.02)
        return sheet.close(_regime_keys(), 4)


def _draw_run(column: Any, data: xarray.Dataset, outer: slice) -> None:
    """One draw in a column of four panels."""
    t = data["t"].values
    xi, p = (data[name].values[..., outer].reshape(len(t), -1) for name in ("Xi", "P"))
    with np.errstate(divide="ignore"):
        products, slopes = column[0], column[1]
        for j in range(2):
            products.plot(t, data["Lambda"].values[:, j], color=FEATURE.color, linewidth=THIN)
        for values, dashes in ((xi.min(axis=1), NOISE.dashes), (xi.max(axis=1), "-")):
            products.plot(t, np.where(values > 0, values, np.nan), color=NOISE.color, linestyle=dashes, linewidth=THIN)
        slopes.plot(t, p.max(axis=1), color="black", linewidth=THIN)
        slopes.plot(t, np.median(p, axis=1), color=style.GREY, linestyle=(0, (3, 1.5)), linewidth=THIN)
    column[2].plot(t, data["test_loss"].values, color=PLAIN.color, linewidth=THIN)
    column[2].plot(t, data["test_loss_adapted"].values, color=ADAPTED.color, linewidth=THIN)
    column[2].plot(t, data["loss"].values, color="black", linestyle=(0, (1, 1.5)), linewidth=THIN)
    column[3].plot(t, data["test_accuracy_unadapted"].values, color=PLAIN.color, linewidth=THIN)
    column[3].plot(t, data["test_accuracy_adapted"].values, color=ADAPTED.color, linewidth=THIN)
    for name, (_, color) in TIMES.items():
        if (hit := int(data[name].values)) >= 0:
            for axes in column[:2]:
                axes.axvline(hit, color=color, linewidth=0.5, alpha=0.8)


def _regime_keys() -> list[Any]:
    def key(color: str, label: str, dashes: Any = "-") -> Line2D:
        return Line2D([], [], color=color, linestyle=dashes, label=label)

    return [
        key(FEATURE.color, r"$\Lambda_{\pm1}$"), key(NOISE.color, r"max $\Xi_{k,i}$"),
        key(NOISE.color, r"min $\Xi_{k,i}$", NOISE.dashes), key("black", "max $P$"),
        key(style.GREY, "median $P$", (0, (3, 1.5))), key(PLAIN.color, "unadapted test"),
        key(ADAPTED.color, "adapted test"), key("black", "meta-objective", (0, (1, 1.5))),
        key(TIMES["T_1"][1], r"vertical: $T^{(1)}$"), key(TIMES["T_2"][1], r"vertical: $T^{(2)}$"),
        key(style.GREY, r"$\log 2$, chance", (0, (4, 2))),
    ]


def sentences(plan: Regime, by_method: Mapping[str, list[xarray.Dataset]]) -> list[Sentence]:
    """The caption: when the phases end, what the last step has, and how far validation noise goes."""
    said: list[Sentence] = []
    for method, runs in by_method.items():
        last = {name: _range(runs, name) for name in TESTED[::2]}
        times = {key: _times(runs, key) for key in TIMES}
        said.append(shown(
            f"{method}: {', '.join(f'{name} {{{key}}}' for key, name in _LATEX.items())}.  At $t={plan.steps}$, "
            "unadapted and adapted: test loss {test_loss} and {test_loss_adapted}, accuracy {test_accuracy_unadapted} "
            "and {test_accuracy_adapted}.", **times, **last,
        ))
    grown = max(_noise_growth(data, plan.outer(SPLIT)) for data in by_method[SPLIT])
    return [
        *said,
        shown(rf"{SPLIT}: up to $T^{{{{(2)}}}}$ the most that validation noise becomes is {{grown:.1e}} times its "
              "start; by Theorem F.9 and Lemma 6.3, under their hypotheses, it stays.", grown=grown),
        Made(_sizes(base_values(plan.given)) + f"; {plan.seeds} draws, every one drawn."),
        Made(r"$T^{(1)}$: every $\Xi_{k,i}$ has passed its threshold; $T^{(2)}$, $T^{(3)}$: both $\Lambda_j$.  "
             r"$\Xi$ and $P$: over the examples of the outer step; $\Xi_{k,i}\leq 0$ is not on a logarithmic axis."),
        Made(r"$\Xi_{k,i}=\max_r\langle w_{y,r},\xi_{k,i}\rangle$, "
             r"$\Lambda_j=\max_r j\langle w_{j,r},\nu\rangle$, $P=-\ell'$ at the adapted weights."),
    ]


_LATEX = {key: name.replace("{", "{{").replace("}", "}}") for key, (name, _) in TIMES.items()}


def _sizes(values: Mapping[str, Value]) -> str:
    """The parameters that a reader asks for first, as they were run."""
    length = number(values, "sigma_xi") * number(values, "d") ** 0.5
    of = {"K": "n_tasks", "n": "n", "n_1": "n_train", "m": "m", "d": "d", r"\gamma": "eta_inner", "J": "J",
          r"\eta": "eta", r"\sigma_0": "sigma_0"}
    said = [f"${symbol}={number(values, name):g}$" for symbol, name in of.items()]
    return ", ".join([*said, rf"$\sigma_\xi\sqrt{{d}}={length:g}$"])


def _noise_growth(data: xarray.Dataset, outer: slice) -> float:
    """The most that a Xi of the outer step's examples, positive at the start, grows up to T^(2) or the run's end."""
    t, hit = data["t"].values, int(data["T_2"].values)
    before = data["Xi"].values[t <= (hit if hit >= 0 else t[-1])][..., outer]
    xi = before.reshape(len(before), -1)
    alive = xi[0] > 0
    return float((xi[:, alive] / xi[0, alive]).max()) if alive.any() else 1.0


def _times(runs: list[xarray.Dataset], name: str) -> str:
    hits = [int(data[name].values) for data in runs]
    if all(hit < 0 for hit in hits):
        return "not reached"
    return ", ".join(str(hit) if hit >= 0 else "never" for hit in hits)


def _range(runs: list[xarray.Dataset], name: str) -> str:
    values = final(runs, name)
    low, high = f"{values.min():.3f}", f"{values.max():.3f}"
    return low if low == high else f"{low} to {high}"
