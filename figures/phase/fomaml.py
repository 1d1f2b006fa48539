"""FOMAML's methods over the dimension, up to e^100, and the inner step.

Zuo, Chen, Yao, Cao and Gu, ICLR 2023: the noise, the task's own feature and the initialisation are as long at every d.
"""

from __future__ import annotations

import math

import xarray

from ..said import Made, Quoted, Sentence, Shown
from .diagram import Choices, Diagram, Span
from .said import extremes, means


def _says(data: xarray.Dataset) -> tuple[Sentence, ...]:
    errors, losses = means(data), means(data, "test_loss")
    methods = data["method"].values
    # NOTE: by a mapping, since `sel` has a keyword of that name.
    last = {f"at_{at}": extremes(errors.sel({"method": each}).isel(d=-1)) for at, each in enumerate(methods)}
    largest = "; ".join(f"{each} {{at_{at}}}" for at, each in enumerate(methods))
    lost = {f"at_{at}": extremes(losses.sel({"method": each})) for at, each in enumerate(methods)}
    return (
        Shown(f"Mean test error without adaptation at the greatest d, over eta_inner: {largest}; at the least d all "
              "methods {least}.", {**last, "least": extremes(errors.isel(d=0))}),
        Shown("An error is of signs alone, and f = 0 has the loss log 2 = {zero:.3g}: mean test losses of all cells "
              f"are {largest}.", {**lost, "zero": math.log(2)}),
        Quoted("Theorems 4.4 and 4.5 are of the loss: that of train-train stays of order one, that of train-validation "
               "becomes small."),
        Made("At every d: sigma_xi = 10 d^(-1/2), sigma_s = d^(-1/2)/6.3, sigma_0 = d^(-1/2); sizes are ours."),
    )


FOMAML = (
    Diagram(
        name="fomaml", shows="FOMAML, its split and Reptile over d up to e^100 and the inner step", setting="fomaml",
        x=Span("eta_inner", 0.6, 60.0, 11, log=True),
        y=Span("d", math.exp(10), math.exp(100), 10, log=True, whole=True),
        z=Choices("method", ("train-train", "train-validation", "reptile")), steps=1000, seeds=3, beside=("test_loss",),
        sampling="gram",
        given={
            "sigma_xi": "10/sqrt(d)", "sigma_s": "1/(6.3*sqrt(d))", "sigma_0": "1/sqrt(d)", "n_tasks": 10, "n": 4,
            "n_train": 2, "m": 16, "M": 20, "eta": 0.02, "balanced": True,
        },
        says=_says,
    ),
)
