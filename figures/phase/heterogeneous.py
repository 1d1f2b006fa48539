"""Heterogeneous noise at the ranges of Figures 3 and 4, and Gaussian noise at d = 10^7.

Xu and Chen, arXiv:2502.11893, Section 5.1; the network without the printed 1/m, which trains.
"""

from __future__ import annotations

from functools import partial

import xarray

from derivations.declare import Value

from ..said import Made, Sentence, shown
from .diagram import Diagram, Span
from .said import extremes, means

_K, _SEEDS, _STEPS = 5, 5, 20
_STRENGTH, _RATIO = Span("u_norm", 0.001, 3.8, 20), Span("Gamma", 1.0, 1400.0, 20, log=True)
_SIZE = Span("n", 10.0 * _K, 200.0 * _K, 20, whole=True)  # 10 to 200 examples a class
_BASE: dict[str, Value] = {
    "K": _K, "m": 100, "d": 1000, "sigma_p": 0.5, "init": "uniform", "eta": 0.05, "neurons": "sum", "noise": "gaussian",
}


def _corners(x: str, y: str, data: xarray.Dataset) -> tuple[Sentence, ...]:
    """The mean test error at the corners, and how far draws are apart."""
    errors, spread = means(data), data["test_error"].max("seed") - data["test_error"].min("seed")
    corner = {(at, to): float(errors.isel({x: at, y: to})) for at in (0, -1) for to in (0, -1)}
    return (
        shown(f"Mean test error (chance: {1 - 1 / _K:g}) at the least {x} and the least {y} {{a:.2f}}, the greatest "
              f"{y} {{b:.2f}}; at the greatest {x} {{c:.2f}} and {{d:.2f}}.  Draws of a cell differ by {{spread}}.",
              a=corner[0, 0], b=corner[0, -1], c=corner[-1, 0], d=corner[-1, -1], spread=extremes(spread)),
        *([Made(f"n is of all {_K} classes together: {_K} |S_k|.")] if y == "n" else []),
        Made("Not as printed: F_k without 1/m.  Not stated, our choices: points, seeds, the filters' law, orthogonal "
             "spikes."),
    )


def _diagram(name: str, shows: str, x: Span, y: Span, sampling: str = "vectors", **changed: Value) -> Diagram:
    return Diagram(
        name=f"heterogeneous_{name}", shows=f"Heterogeneous noise: {shows}", setting="heterogeneous", x=x, y=y,
        given={**_BASE, **changed}, steps=_STEPS, seeds=_SEEDS, sampling=sampling,
        says=partial(_corners, x.name, y.name),
    )


HETEROGENEOUS = (
    _diagram("3a", "Gaussian noise (Figure 3a)", _STRENGTH, _RATIO, n=500),
    _diagram("3b", "uniform noise (Figure 3b)", _STRENGTH, _RATIO, n=500, noise="uniform"),
    _diagram("4a", "Gaussian noise, Gamma = 1.2 (Figure 4a)", Span("u_norm", 0.01, 4.0, 20), _SIZE, Gamma=1.2),
    _diagram("4b", "Gaussian noise, |u| = 1e-6 (Figure 4b)", Span("Gamma", 1.0, 800.0, 20, log=True), _SIZE,
             u_norm=1e-6),
    # sigma_p^2 d, the noise's length, and u^4/(sigma_p^4 d), the signal-to-noise ratio, as at d = 1000.
    _diagram("d1e7", "Gaussian noise at d = 1e7, as long and with the SNR of d = 1000", Span("u_norm", 1e-4, 0.38, 20),
             _RATIO, sampling="gram", n=500, d=1e7, sigma_p=0.005, init="gaussian"),
)
