"""What Figures 1 to 7 on nearly orthogonal data plot: curves by panel, and what is said of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derivations.declare import Value
from simulate.errors import InputError

from ..about import About
from ..said import Quoted
from ..save import Writer, save
from .drawing import ERROR, EXCESS, EXCESS_STACK, LOSS, RANK, STACK, Plan, draw
from .runs import UPDATES, Curve, mnist

SLOPES = (0.0, 0.1, 0.5, 1.0)


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
                Quoted("The paper: the stable rank decreases faster with larger slopes, and ends smaller."),
                (size, _UNSTATED), logarithmic=False)


def figure_4(sizes: PlanSizes = PAPER) -> Plan:
    """Figure 4: stable ranks, and their distance from 1, over 1000 epochs of the same data."""
    size = rf"As printed: $n={sizes.n}$, $d={sizes.d}$, $m={sizes.m}$, $\eta=0.1$, full-batch gradient descent."
    columns = (RANK, EXCESS, EXCESS_STACK)
    return Plan("Synthetic data, 1000 epochs (Figure 4)", _mixture(sizes, sizes.long_steps), columns, sizes.long_seeds,
                Quoted("The paper: with large slopes the stable rank converges to 1, with ReLU it does not."),
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
        "repetition, slopes between 0 and 1, which matrix.",
        f"Reduced: {sizes.orthogonal_seeds} runs for the paper's 20.",
    )
    claim = Quoted("The paper: with large slopes the stable rank converges to 1, that of the wide ReLU network to 2.")
    return Plan("Orthogonal inputs (Figure 5)", tuple(rows), (RANK, EXCESS, LOSS), sizes.orthogonal_seeds, claim, notes)


def _digits(sizes: PlanSizes, slope: float, m: int, sigma_0: float, label: str) -> Curve:
    """MNIST: full-batch steps whose eta * steps is that of the paper's SGD at rate 0.1; fewer and larger at large m."""
    eta = 0.1 * max(1.0, m / 100)
    given: dict[str, Value] = {"n": sizes.digits, "m": m, "d": 784, "eta": eta, "sigma_0": sigma_0, "slope": slope}
    steps = round(sizes.digits_epochs * UPDATES * 0.1 / eta)
    return Curve(label, tuple(given.items()), steps, epochs=eta / (0.1 * UPDATES), points=12, test=sizes.digits_test)


def _mnist(
    title: str, sizes: PlanSizes, curves: list[list[Curve]], headings: list[str], claim: Quoted, *more: str
) -> Plan:
    notes = (
        f"Reduced: {sizes.digits} of the 60000 training images a run, {sizes.digits_seeds} runs for the paper's 5; "
        r"full-batch steps for SGD, with $\eta\cdot$steps of its 938 updates an epoch at rate 0.1 "
        rf"($\eta=0.1\,\max(1,m/100)$).  Error on {sizes.digits_test} test images.",
        "Not stated in the paper, our choices: the two classes (even and odd digits), pixels / 255, which matrix.",
        *more,
    )
    rows = tuple(zip(headings, (tuple(each) for each in curves), strict=True))
    return Plan(title, rows, (RANK, LOSS, ERROR), sizes.digits_seeds, claim, notes)


def _variances(sizes: PlanSizes, slope: float, title: str) -> Plan:
    curves = [_digits(sizes, slope, sizes.digits_m, s, rf"$\sigma_0={_power(s)}$") for s in sizes.digits_sigmas]
    claim = Quoted("The paper: the stable rank depends much on the initialisation and on time, and falls fast to a "
                   "small value from a small one.")
    said = r"The paper lists 0.0001 twice; the last $\sigma_0$ is read as 0.001."
    return _mnist(title, sizes, [curves], [rf"{_slope(slope)}, $m={sizes.digits_m}$"], claim, said)


def _widths(sizes: PlanSizes, slope: float, title: str, *more: str) -> Plan:
    curves = [_digits(sizes, slope, m, 1e-5, rf"$m={m}$") for m in sizes.digits_widths]
    claim = Quoted("The paper: the stable rank depends little on the width; at 10 it is small and accuracy low, and "
                   "both grow with the width until it is large.")
    return _mnist(title, sizes, [curves], [rf"{_slope(slope)}, $\sigma_0=10^{{-5}}$"], claim, *more)


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
