"""FOMAML's methods over the dimension, up to e^100, and the inner step.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: the noise, the task's own feature and the initialisation are as long at every d.
"""

from __future__ import annotations

import math

import xarray

from .diagram import Choices, Diagram, Given, Span
from .said import extremes, means


def _given(d: float) -> Given:
    root = math.sqrt(d)
    return {
        "sigma_xi": 10 / root, "sigma_s": 1 / (6.3 * root), "sigma_0": 1 / root, "n_tasks": 10, "n": 4, "n_train": 2,
        "m": 16, "M": 20, "eta": 0.02, "balanced": True,
    }


def _says(data: xarray.Dataset) -> tuple[str, ...]:
    found = means(data)
    largest = "; ".join(
        # NOTE: by a mapping, since `sel` has a keyword of that name.
        f"{method} {extremes(found.sel({'method': method}).isel(d=-1))}" for method in data["method"].values
    )
    return (
        f"Mean test error without adaptation at the greatest d, over eta_inner: {largest}; at the least d all methods "
        f"{extremes(found.isel(d=0))}.",
        "At every d: sigma_xi = 10 d^(-1/2), sigma_s = d^(-1/2)/6.3, sigma_0 = d^(-1/2); sizes are ours.",
    )


_INNER = Span("eta_inner", 0.6, 60.0, 11, log=True)
_DIMENSION = Span("d", math.exp(10), math.exp(100), 10, log=True, whole=True)

FOMAML = (
    Diagram(
        name="fomaml", shows="FOMAML, its split and Reptile over d up to e^100 and the inner step", setting="fomaml",
        x=_INNER, y=_DIMENSION, along=_DIMENSION, given=_given,
        filled=(_INNER, Choices("method", ("train-train", "train-validation", "reptile"))),
        steps=1000, seeds=3, sampling="gram", says=_says,
    ),
)
