"""What Figures 1 to 7 plot: curves by panel, and how a figure is drawn from them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from derivations.declare import Value
from simulate.errors import InputError

from .. import style
from ..about import About
from ..page import page
from ..said import Made, Sentence, shown
from ..save import Writer, save
from .runs import UPDATES, Curve, Measured, measure, mnist

SLOPES = (0.0, 0.1, 0.5, 1.0)


@dataclass(frozen=True)
class Column:
    """What a column of panels shows."""

    name: str
    label: str
    scale: style.Scale = style.LOGARITHMIC
    one: bool = False  # a dashed line at a stable rank of 1


RANK = Column("rank", r"stable rank of $W_j$", one=True)
STACK = Column("rank_stack", r"stable rank, stacked $W$", one=True)
EXCESS = Column("excess", r"stable rank of $W_j$ $-$ 1")
EXCESS_STACK = Column("excess_stack", r"stable rank, stack $-$ 1")
LOSS = Column("loss", r"training loss $L_S$", scale=style.LINEAR)
ERROR = Column("test_error", "test error", scale=style.LINEAR)


@dataclass(frozen=True)
class Plan:
    """A figure: rows of curves, columns of observables, and what is said below."""

    title: str
    rows: tuple[tuple[str, tuple[Curve, ...]], ...]
    columns: tuple[Column, ...]
    seeds: int
    made: tuple[str, ...]  # how the data were made, a sentence each
    logarithmic: bool = True  # the axis of epochs

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Every curve, row after row."""
        return tuple(curve for _, curves in self.rows for curve in curves)


@dataclass(frozen=True)
class PlanSizes:
    """How large the experiments are; the defaults are the figures'."""

    seeds: int = 5
    long_seeds: int = 20
    steps: int = 50
    long_steps: int = 1000
    n: int = 10
    m: int = 100
    d: int = 784
    sigmas: tuple[float, ...] = (1e-5, 1e-3, 1e-2)
    orthogonal_seeds: int = 3
    orthogonal_n: int = 20
    orthogonal_m: int = 10_000
    orthogonal_d: int = 40
    digits: int = 100
    digits_seeds: int = 2
    digits_m: int = 1000
    digits_widths: tuple[int, ...] = (10, 50, 100, 500, 1000)
    digits_sigmas: tuple[float, ...] = (1e-5, 5e-5, 1e-4, 5e-4, 1e-3)
    digits_epochs: float = 10.0
    digits_test: int = 1000


PAPER = PlanSizes()


def _slope(slope: float) -> str:
    kind = {0.0: " (ReLU)", 1.0: " (linear)"}.get(slope, "")
    return rf"$\gamma={slope:g}${kind}"


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return rf"10^{{{int(exponent)}}}" if mantissa == "1" else rf"{mantissa}\cdot 10^{{{int(exponent)}}}"


def _mixture(sizes: PlanSizes, steps: int) -> tuple[tuple[str, tuple[Curve, ...]], ...]:
    """Section 6's data: a row an initialisation, a curve a slope."""
    given: dict[str, Value] = {"n": sizes.n, "m": sizes.m, "d": sizes.d, "mu_norm": 0.28 * (sizes.d / 784) ** 0.5,
                               "sigma_p": 1.0, "eta": 0.1, "data": "mixture"}
    return tuple(
        (rf"$\sigma_0={_power(sigma)}$",
         tuple(Curve(_slope(s), tuple({**given, "sigma_0": sigma, "slope": s}.items()), steps) for s in SLOPES))
        for sigma in sizes.sigmas
    )


_UNSTATED = (
    r"Not stated in the paper, our choices: $\sigma_0$ (so a row each), which matrix (so both), the slopes between "
    r"0 and 1; $\mu$, noise, labels and $W^{(0)}$ are all drawn anew for every run."
)


def figure_1(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 1: stable ranks and training loss over 50 epochs, by the slope of leaky ReLU."""
    size = rf"As printed: $n={sizes.n}$, $d={sizes.d}$, $m={sizes.m}$, $\eta=0.1$, full-batch gradient descent."
    return Plan("Synthetic data, 50 epochs (Figure 1)", _mixture(sizes, sizes.steps), (RANK, STACK, LOSS), sizes.seeds,
                (size, _UNSTATED), logarithmic=False)


def figure_4(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 4: stable ranks, and their distance from 1, over 1000 epochs of the same data."""
    size = rf"As printed: $n={sizes.n}$, $d={sizes.d}$, $m={sizes.m}$, $\eta=0.1$, full-batch gradient descent."
    columns = (RANK, EXCESS, EXCESS_STACK)
    return Plan("Synthetic data, 1000 epochs (Figure 4)", _mixture(sizes, sizes.long_steps), columns, sizes.long_seeds,
                (size, _UNSTATED))


def figure_5(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 5: orthogonal inputs, with the printed step and with one that is n m times as long."""
    n, m, d = sizes.orthogonal_n, sizes.orthogonal_m, sizes.orthogonal_d
    large = 0.1 * n * m
    rows = []
    for eta, says in ((0.1, r"as printed: $\eta=0.1$"), (large, rf"not as printed: $\eta=0.1\,nm={large:g}$")):
        given: dict[str, Value] = {"n": n, "m": m, "d": d, "eta": eta, "sigma_0": 1e-5, "data": "orthogonal"}
        rows.append((says, tuple(Curve(_slope(s), tuple({**given, "slope": s}.items()), sizes.long_steps, points=24)
                                 for s in SLOPES)))
    notes = (
        rf"$n={n}$, $d={d}$, $m={m}$ as printed.  $\eta\|x\|^2/nm={_power(0.1 / (n * m))}$ with the printed step.",
        r"Not stated in the paper, our choices: $\sigma_0=10^{-5}$ (its MNIST value), unit inputs drawn without "
        "repetition, slopes between 0 and 1.",
        f"Reduced: {sizes.orthogonal_seeds} runs for the paper's 20.",
    )
    return Plan("Orthogonal inputs (Figure 5)", tuple(rows), (RANK, EXCESS, LOSS), sizes.orthogonal_seeds, notes)


def _digits(sizes: PlanSizes, slope: float, m: int, sigma_0: float, label: str) -> Curve:
    """MNIST: full-batch steps whose eta * steps is that of the paper's SGD at rate 0.1; fewer and larger at large m."""
    eta = 0.1 * max(1.0, m / 100)
    given: dict[str, Value] = {"n": sizes.digits, "m": m, "d": 784, "eta": eta, "sigma_0": sigma_0, "slope": slope}
    steps = round(sizes.digits_epochs * UPDATES * 0.1 / eta)
    return Curve(label, tuple(given.items()), steps, epochs=eta / (0.1 * UPDATES), points=12, test=sizes.digits_test)


def _mnist(title: str, sizes: PlanSizes, curves: list[list[Curve]], headings: list[str], *more: str) -> Plan:
    notes = (
        f"Reduced: {sizes.digits} of the 60000 training images a run, {sizes.digits_seeds} runs for the paper's 5; "
        r"full-batch steps for SGD, with $\eta\cdot$steps of its 938 updates an epoch at rate 0.1 "
        rf"($\eta=0.1\,\max(1,m/100)$).  Error on {sizes.digits_test} test images.",
        r"Not stated in the paper, our choices: the two classes (even and odd digits), pixels / 255, which matrix "
        r"($W_j$, mean of $j=\pm1$).",
        *more,
    )
    rows = tuple(zip(headings, (tuple(each) for each in curves), strict=True))
    return Plan(title, rows, (RANK, LOSS, ERROR), sizes.digits_seeds, notes)


def _variances(sizes: PlanSizes, slope: float, title: str) -> Plan:
    curves = [_digits(sizes, slope, sizes.digits_m, s, rf"$\sigma_0={_power(s)}$") for s in sizes.digits_sigmas]
    said = r"The paper lists 0.0001 twice; the last $\sigma_0$ is read as 0.001."
    return _mnist(title, sizes, [curves], [rf"{_slope(slope)}, $m={sizes.digits_m}$"], said)


def _widths(sizes: PlanSizes, slope: float, title: str, *more: str) -> Plan:
    curves = [_digits(sizes, slope, m, 1e-5, rf"$m={m}$") for m in sizes.digits_widths]
    return _mnist(title, sizes, [curves], [rf"{_slope(slope)}, $\sigma_0=10^{{-5}}$"], *more)


def figure_2(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 2: MNIST, ReLU, by the initialisation's size."""
    return _variances(sizes, 0.0, "MNIST by initialisation (Figure 2)")


def figure_3(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 3: MNIST, leaky ReLU of slope 0.1, by the initialisation's size."""
    return _variances(sizes, 0.1, "MNIST by initialisation (Figure 3)")


def figure_6(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 6: MNIST, ReLU, by width."""
    return _widths(sizes, 0.0, "MNIST by width (Figure 6)")


def figure_7(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 7: MNIST, leaky ReLU, by width."""
    return _widths(sizes, 0.1, "MNIST by width (Figure 7)", "The slope is not stated either: Figure 3's.")


def draw(plan: Plan, label: str = "nearly_orthogonal") -> Figure:
    """A plan's runs, drawn: means, geometric ones on logarithmic axes, and bands from the least to the greatest run."""
    measured = measure(plan.curves, plan.seeds, label)
    lines = [style.key(line, curve.label) for curve, line in zip(plan.rows[0][1], style.LINES, strict=False)]
    band = Patch(color=style.GREY, alpha=0.3, linewidth=0, label=f"least to greatest of {plan.seeds} runs")
    with style.context():
        sheet = page(plan.title, 1.75 * len(plan.rows) + 0.35, -(-(len(lines) + 1) // _IN_ROW),
                     sentences(plan, measured))
        grid = sheet.body.subplots(len(plan.rows), len(plan.columns), sharex=True, squeeze=False)
        for at, ((heading, curves), row) in enumerate(zip(plan.rows, grid, strict=True)):
            for column, axes in zip(plan.columns, row, strict=True):
                for curve, line in zip(curves, style.LINES, strict=False):
                    style.curve(axes, curve.recorded * curve.epochs, measured[curve][column.name], line, curve.label,
                                column.scale)
                _axes(axes, column, plan, last=at == len(plan.rows) - 1)
            row[0].set_title(heading, loc="left")
        return sheet.close([*lines, band], _IN_ROW)


_IN_ROW = 3  # of the legend


def sentences(plan: Plan, measured: Mapping[Curve, Measured]) -> list[Sentence]:
    """The caption: where each row ends, over its curves and runs, and how the data were made."""
    return [
        Made("Curves: means, geometric ones on logarithmic axes (the paper's bands: three standard deviations)."),
        *(_ends(heading, [measured[curve] for curve in curves], plan.columns) for heading, curves in plan.rows),
        *(Made(each) for each in plan.made),
    ]


def _ends(heading: str, row: list[Measured], columns: tuple[Column, ...]) -> Sentence:
    """From where to where a row's runs end, a column each; of the loss also how far any moved."""
    numbers: dict[str, float] = {}
    parts = []
    for column in columns:
        ends = [value for each in row for value in each[column.name][:, -1].tolist()]
        numbers |= {f"{column.name}_low": min(ends), f"{column.name}_high": max(ends)}
        parts.append(f"{column.label.replace('{', '{{').replace('}', '}}')} from {{{column.name}_low:.3g}} to "
                     f"{{{column.name}_high:.3g}}")
    moved = max(float(abs(each["loss"] - each["loss"][:, :1]).max()) for each in row)
    where = heading.replace("{", "{{").replace("}", "}}")
    return shown(f"{where}, at the end: {', '.join(parts)}; the loss moved by up to {{moved:.2g}}.", moved=moved,
                 **numbers)


def _axes(axes: Axes, column: Column, plan: Plan, last: bool) -> None:
    column.scale.on(axes)
    axes.set_ylabel(column.label)
    if column is LOSS:
        axes.set_ylim(0.0, 0.72)
    if column.one:
        axes.set_yticks(ranks := [1, 2, 5, 10, 20, 50, 100, 200], [str(rank) for rank in ranks])
        top = axes.dataLim.y1
        axes.set_ylim(0.88, 1.15 * top)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.axhline(1.0, color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.8)
    end = max(curve.steps * curve.epochs for curve in plan.curves)
    first = min(float(curve.recorded[1] * curve.epochs) for curve in plan.curves)
    if plan.logarithmic:
        axes.set_xscale("symlog", linthresh=first, linscale=0.3)
        ticks = [0, *(x for x in (0.01, 0.1, 1, 10, 100, 1000) if first <= x <= 1.001 * end)]
        axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
        axes.xaxis.set_minor_locator(NullLocator())  # the step from 0 has no decade of its own
    axes.set_xlim(0, 1.001 * end)
    if last:
        axes.set_xlabel("epoch")


def _writer(plan_of: Callable[[PlanSizes], Plan], shows: str) -> Writer:
    about = About("nearly_orthogonal", plan_of.__name__, shows)

    def write(folder: Path, sizes: PlanSizes = PAPER) -> list[Path]:
        plan = plan_of(sizes)
        if any(curve.test for curve in plan.curves):
            try:
                mnist()
            except InputError as why:
                print(f"{about.name}: left out, for its images cannot be had: {why}", file=sys.stderr)
                return []
        runs = [
            {"row": heading, "curve": curve.label, "parameters": dict(curve.given), "steps": curve.steps}
            for heading, curves in plan.rows for curve in curves
        ]
        details: dict[str, Any] = {
            "made": plan.made, "sizes": sizes, "seeds": list(range(plan.seeds)), "sampling": "vectors", "runs": runs,
        }
        if any(curve.test for curve in plan.curves):
            details["images"] = {"source": mnist().source, "sha256": dict(mnist().sha256)}
        stem = f"nearly_orthogonal_{about.name}"
        return save(draw(plan, f"nearly_orthogonal, {about.name}"), folder, stem, about.record(folder, details))

    return write


PLANS: dict[str, Writer] = {
    "figure_1": _writer(
        figure_1, "Figure 1: stable ranks and training loss over 50 epochs, by the slope of leaky ReLU."),
    "figure_2": _writer(figure_2, "Figure 2: MNIST, ReLU, by the initialisation's size."),
    "figure_3": _writer(figure_3, "Figure 3: MNIST, leaky ReLU of slope 0.1, by the initialisation's size."),
    "figure_4": _writer(
        figure_4, "Figure 4: stable ranks, and their distance from 1, over 1000 epochs of the same data."),
    "figure_5": _writer(
        figure_5, "Figure 5: orthogonal inputs, with the printed step and with one that is n m times as long."),
    "figure_6": _writer(figure_6, "Figure 6: MNIST, ReLU, by width."),
    "figure_7": _writer(figure_7, "Figure 7: MNIST, leaky ReLU, by width."),
}
