"""FOMAML's theory in figures: where its mechanism is seen, growth rates up to d = e^100, and J against sigma_0.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: Theorems 4.4 and 4.5, Condition D.1, Appendices E and F.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from derivations.declare import Value
from dynamics.arrays import Array
from simulate.ask import parameters, settings
from simulate.start.declared import number

from .. import style
from ..page import page
from ..save import Writer, save
from .runs import METHODS, TESTED, Case, describe, final, measure, stack

if TYPE_CHECKING:
    import xarray

THIN = 0.6
_VAL, _TRAIN = METHODS
FEATURE, NOISE, PLAIN, ADAPTED = style.LINES[0], style.LINES[3], style.LINES[4], style.LINES[2]
TIMES = {"T_1": (r"$T^{(1)}$", style.LINES[3].color), "T_2": (r"$T^{(2)}$", style.LINES[0].color),
         "T_3": (r"$T^{(3)}$", "black")}


@dataclass(frozen=True)
class Regime:
    """The preset in-regime, or the parameters given over it."""

    seeds: int = 4
    steps: int = 2000
    points: int = 60
    given: tuple[tuple[str, Value], ...] = ()

    def case(self, method: str) -> Case:
        """One method's run."""
        at = np.unique(np.rint(np.geomspace(1, self.steps, self.points))).astype(int)
        names = ("loss", "Lambda", "Xi", "P", *TIMES, *TESTED)
        return Case((*self.given, ("method", method)), self.steps, (0, *at.tolist()), names, preset="in-regime")

    def outer(self, method: str) -> slice:
        """The examples of a task that the outer step takes."""
        return slice(int(number(_base(self.given), "n_train")) if method == _VAL else 0, None)


def _base(given: Iterable[tuple[str, Value]]) -> Mapping[str, Value]:
    """The preset in-regime with what is given over it."""
    found = settings.resolve("fomaml")
    return parameters.resolve(found.factory, dict(given), found.preset("in-regime")).values


def in_regime(plan: Regime) -> Figure:
    """Theorems 4.4 and 4.5 at work: feature and noise, P, test loss and accuracy over time, every draw."""
    cases = {method: plan.case(method) for method in METHODS}
    runs = measure(list(cases.values()), plan.seeds, "fomaml, in_regime")
    found = {method: runs[case] for method, case in cases.items()}
    with style.context():
        notes = "\n".join(_regime_notes(plan, found))
        sheet = page("Where the theorems' mechanism is seen (preset in-regime)", 6.0, 3, notes)
        grid = sheet.body.subplots(4, 2, sharex=True, sharey="row")
        for column, method in zip(grid.T, METHODS, strict=True):
            column[0].set_title(method)
            for data in found[method]:
                _mechanism(column, data, plan.outer(method))
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
        return sheet.close(_regime_keys(), 4, notes)


def _mechanism(column: Any, data: xarray.Dataset, outer: slice) -> None:
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


def _regime_notes(plan: Regime, found: Mapping[str, list[xarray.Dataset]]) -> list[str]:
    said = []
    for method, runs in found.items():
        times = ", ".join(f"{name} {_times(runs, key)}" for key, (name, _) in TIMES.items())
        loss, accuracy, adapted, after = (_range(runs, name) for name in TESTED[::2])
        said.append(f"{method}: {times}.  At $t={plan.steps}$, unadapted and adapted:")
        said.append(f"    test loss {loss} and {adapted}, accuracy {accuracy} and {after}.")
    return [
        *said,
        rf"$K=20$, $n=4$, $n_1=2$, $m=16$, $d=2000$, $\sigma_\xi\sqrt{{d}}=4$, $\gamma=4$, $J=5$, $\eta=0.02$, "
        rf"$\sigma_0=10^{{-12}}$ (out of $d$); {plan.seeds} draws, every one drawn."
        if not plan.given else ", ".join(f"{name}={value}" for name, value in plan.given),
        r"$T^{(1)}$: every $\Xi_{k,i}$ has passed its threshold; $T^{(2)}$, $T^{(3)}$: both $\Lambda_j$.  "
        r"$\Xi$ and $P$: over the examples of the outer step;",
        r"$\Xi_{k,i}\leq 0$ is not on a logarithmic axis.  $\Xi_{k,i}=\max_r\langle w_{y,r},\xi_{k,i}\rangle$, "
        r"$\Lambda_j=\max_r j\langle w_{j,r},\nu\rangle$, $P=-\ell'$ at the adapted weights.",
    ]


def _times(runs: list[xarray.Dataset], name: str) -> str:
    hits = [int(data[name].values) for data in runs]
    if all(hit < 0 for hit in hits):
        return "not reached"
    return ", ".join(str(hit) if hit >= 0 else "never" for hit in hits)


def _range(runs: list[xarray.Dataset], name: str) -> str:
    values = final(runs, name)
    low, high = f"{values.min():.3f}", f"{values.max():.3f}"
    return low if low == high else f"{low} to {high}"


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
        if case.values["method"] == _VAL:
            xi = np.moveaxis(np.moveaxis(xi, -1, 0)[int(number(case.values, "n_train")):], 0, -1)
        rates = (xi[:, 1] / xi[:, 0] - 1).reshape(len(xi), -1) / self.eta
        return np.median(rates, axis=1), ((feature[:, 1] / feature[:, 0] - 1) / self.eta).mean(axis=1)


def rates(values: Mapping[str, Value], method: str, h: float = 0.5) -> tuple[float, float]:
    """The linearised rates a unit of eta, of the noise and of the feature: P = 1/2, every product far below h.

    a_xi = 1 + gamma X/(2 h n) and a_nu = 1 + gamma p |nu_k|^2/(2h), p = 1/2; noise X a_xi^J/(2 h K n) for train-train
    and X/(2 h K n_2) for train-validation, whose outer examples are not adapted on; feature p a_nu^J/(2h) for either.
    X = sigma_xi^2 R, R = d - M - 1.
    """
    size, gamma, n, J, _ = _sizes(values)
    K = number(values, "n_tasks")
    noise = size / (2 * h * K * (n - number(values, "n_train")))
    if method == _TRAIN:
        noise = size / (2 * h * K * n) * (1 + gamma * size / (2 * h * n)) ** J
    length = 1 + number(values, "sigma_s") ** 2 * number(values, "d")
    return noise, 0.5 / (2 * h) * (1 + gamma * 0.5 * length / (2 * h)) ** J


def starts_small(values: Mapping[str, Value], method: str) -> float:
    """C1, Phase I is not empty where this is below 1: the initial product that the phase is about over its threshold.

    Train-train: Xi_0 over A(J) = m^(-1/2) (1 + gamma X/n)^(-J); train-validation: Lambda_0 over m^(-1/2)
    (1 + gamma)^(-J); the largest of m Gaussians by its median.
    """
    size, gamma, n, J, m = _sizes(values)
    start, gain = (np.sqrt(size), gamma * size / n) if method == _TRAIN else (1.0, gamma)
    return float(_largest(values) * start * np.sqrt(m) * (1 + gain) ** J)


def stays_linear(values: Mapping[str, Value], method: str, h: float = 0.5) -> float:
    """The linearisation's range is not left where this is below 1: Xi_0 (1 + gamma X/(2 h n_inner))^J over h."""
    size, gamma, n, J, _ = _sizes(values)
    inner = n if method == _TRAIN else number(values, "n_train")
    return float(_largest(values) * np.sqrt(size) * (1 + gamma * size / (2 * h * inner)) ** J / h)


def _sizes(values: Mapping[str, Value]) -> tuple[float, float, float, float, float]:
    """X = sigma_xi^2 R with R = d - M - 1, gamma, n, J, m."""
    d, M = number(values, "d"), number(values, "M")
    gamma, n, J, m = (number(values, name) for name in ("eta_inner", "n", "J", "m"))
    return number(values, "sigma_xi") ** 2 * (d - M - 1), gamma, n, J, m


def _largest(values: Mapping[str, Value]) -> float:
    """Median of the largest of m filters along a unit vector, at the initialisation."""
    return number(values, "sigma_0") * NormalDist().inv_cdf(2 ** (-1 / number(values, "m")))


def growth(plan: Ladder) -> Figure:
    """Growth rates of feature and noise against d up to e^100, measured in one step and linearised."""
    wanted = {(method, J, L): plan.case(method, L, J) for method in METHODS for J in plan.inner for L in plan.logs}
    runs = measure(list(wanted.values()), plan.seeds, "fomaml, growth")
    logs, fine, height = np.array(plan.logs), np.linspace(plan.logs[0], plan.logs[-1], 300), 2.0 * len(plan.inner)
    with style.context():
        notes = "\n".join(_growth_notes(plan))
        title = "Growth a unit of the outer step, from the initialisation (Condition D.1's exponents)"
        sheet = page(title, height + 0.5, 2, notes)
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
        return sheet.close(_growth_keys(), 3, notes)


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
        Line2D([], [], color="black", linestyle=(0, (4, 2)), linewidth=0.9, label="left of it Phase I is empty (C1)"),
    ]


def _growth_notes(plan: Ladder) -> list[str]:
    return [
        r"$\sigma_0=d^{-1/2}$, $\sigma_\xi=d^{-1/2}L^{0.5}$, $\sigma_s=d^{-1/2}L^{-0.4}$, $\gamma=L^{0.4}$, "
        r"$K=L^{0.5}$ rounded (hence the noise lines' kinks).",
        rf"Ours: $n={plan.n}$, $n_1={plan.n // 2}$, $m={plan.m}$, $M={plan.M}$, balanced labels; {plan.seeds} Gram "
        "draws a point, one outer step; noise: median over the outer examples.",
        r"Linearised ($P=1/2$, every product far below $h$), with $X=\sigma_\xi^2(d-M-1)$: train-train noise "
        r"$\frac{X}{2hKn}(1+\frac{\gamma X}{2hn})^J$,",
        r"train-validation noise $\frac{X}{2hK(n-n_1)}$, feature "
        r"$\frac{1}{4h}(1+\frac{\gamma\|\nu_k\|^2}{4h})^J$.  Grey: $\Xi_0(1+\frac{\gamma X}{2h|I|})^J\geq h$, "
        r"$I$ the inner examples.",
    ]


@dataclass(frozen=True)
class Plane:
    """J against sigma_0, the preset in-regime elsewhere."""

    inner: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    sigmas: tuple[float, ...] = (1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
    steps: int = 2000
    seeds: int = 1
    given: tuple[tuple[str, Value], ...] = ()

    def case(self, method: str, J: int, sigma_0: float) -> Case:
        """One cell."""
        given = (*self.given, ("method", method), ("J", J), ("sigma_0", sigma_0))
        return Case(given, self.steps, (0, self.steps), TESTED, preset="in-regime")


def phase(plan: Plane) -> Figure:
    """Adapted and unadapted test accuracy of both methods over inner steps and initialisation, with C1's boundary."""
    wanted = {(method, J, s): plan.case(method, J, s) for method in METHODS for J in plan.inner for s in plan.sigmas}
    runs = measure(list(wanted.values()), plan.seeds, "fomaml, phase")
    shown = {"test_loss": "unadapted", "test_loss_adapted": "adapted"}
    with style.context():
        notes = "\n".join(_phase_notes(plan))
        sheet = page("Test loss over inner steps and initialisation (preset in-regime elsewhere)", 5.4, 0, notes)
        grid = sheet.body.subplots(2, 2, sharex=True, sharey=True)
        for column, method in zip(grid.T, METHODS, strict=True):
            for axes, (name, says) in zip(column, shown.items(), strict=True):
                losses = np.array([[final(runs[wanted[method, J, s]], name).mean() for J in plan.inner]
                                   for s in plan.sigmas])
                image = axes.imshow(losses, origin="lower", cmap="viridis_r", vmin=0, vmax=np.log(2), aspect="auto")
                for (y, x), value in np.ndenumerate(losses):
                    axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=6.5,
                              color="white" if value > 0.4 else "black")
                _boundary(axes, plan, method)
                axes.set_title(f"{method}, {says}")
                axes.set_xticks(range(len(plan.inner)), [str(J) for J in plan.inner])
                axes.set_yticks(range(len(plan.sigmas)), [f"$10^{{{round(np.log10(s))}}}$" for s in plan.sigmas])
                axes.tick_params(length=0)
            column[1].set_xlabel("inner steps $J$")
        for axes in grid[:, 0]:
            axes.set_ylabel(r"$\sigma_0$")
        sheet.body.colorbar(image, ax=grid, label=r"test loss ($f=0$: $\log 2$)", pad=0.01, extend="max")
        return sheet.close([], 1, notes)


def _phase_notes(plan: Plane) -> list[str]:
    return [
        f"Loss after {plan.steps} steps, {plan.seeds} draw{'s' * (plan.seeds > 1)} a cell.  Line: C1, below it "
        r"Phase I is not empty: train-train $\Xi_0<m^{-1/2}(1+\gamma X/n)^{-J}$,",
        r"train-validation $\Lambda_0<m^{-1/2}(1+\gamma)^{-J}$, with $\Xi_0=\sigma_0\sqrt{X}q_m$, $\Lambda_0="
        r"\sigma_0q_m$, $q_m$ the median of the largest of $m$ normals.",
        r"C1 is what the proofs need first, and not the whole of their conditions.  $J=0$ is pooled training,",
        "of which the paper remarks that Theorem 4.4 (train-train does not learn) still holds.",
    ]


def _boundary(axes: Axes, plan: Plane, method: str) -> None:
    """Where C1's ratio is 1, on axes that count cells."""
    base = _base(plan.given)
    J = np.linspace(plan.inner[0], plan.inner[-1], 50)
    at_one = np.array([1 / starts_small({**base, "J": each, "sigma_0": 1.0}, method) for each in J])
    rows = np.interp(np.log10(at_one), np.log10(plan.sigmas), np.arange(len(plan.sigmas)), left=np.nan, right=np.nan)
    axes.plot(np.interp(J, plan.inner, range(len(plan.inner))), rows, color="#D55E00", linewidth=1.2)


def _writer(name: str, draw: Callable[[Any], Figure], default: Any, cases: Callable[[Any], list[Case]]) -> Writer:
    def write(folder: Path, plan: Any = default) -> list[Path]:
        record = {
            "figure": name, "shows": (draw.__doc__ or "").splitlines()[0], "paper": "Zuo et al., ICLR 2023",
            "command": f"gammarho figures fomaml {name} --out {folder}", "plan": dataclasses.asdict(plan),
            "seeds": list(range(plan.seeds)), "runs": describe(cases(plan)),
        }
        return save(draw(plan), folder, f"fomaml_{name}", record)

    return write


THEORY: dict[str, Writer] = {
    "in_regime": _writer("in_regime", in_regime, Regime(), lambda plan: [plan.case(method) for method in METHODS]),
    "growth": _writer("growth", growth, Ladder(), lambda plan: [
        plan.case(method, L, J) for method in METHODS for J in plan.inner for L in plan.logs]),
    "phase": _writer("phase", phase, Plane(), lambda plan: [
        plan.case(method, J, s) for method in METHODS for J in plan.inner for s in plan.sigmas]),
}
"""Writers by name."""
