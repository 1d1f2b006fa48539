"""PEGR against full gradient regularization and none, over lambda and sigma_p, at d = 400 and at d = 10^8.

Meng, Cao and Zou, arXiv:2303.17940: the printed network and Section 4.1's sizes, with a larger step.
"""

from __future__ import annotations

import numpy as np
import xarray

from ..said import Made, Sentence, shown
from .diagram import Choices, Diagram, Span
from .said import counts_below, extremes, means

_NOISE = (2.0, 40.0)  # sigma_p sqrt(d), the length of the noise, at every d


def _says(data: xarray.Dataset) -> tuple[Sentence, ...]:
    without = means(data).sel(regularizer="none")
    apart = extremes(without.max("lam") - without.min("lam"))
    return (
        counts_below(data, "regularizer", 0.05),
        shown("Without a penalty a row's means differ by {apart} over lam.", apart=apart),
        Made("lam_xi and lam_mu, where noise and signal no longer grow in the linear stage, are derived from each "
             "panel's recursion.  As printed, PEGR's penalty has the factor 1/2 and full gradient regularization has "
             "none.  eta is ours (the paper prints 0.02)."),
    )


def _diagram(name: str, d: float) -> Diagram:
    low, high = (length / np.sqrt(d) for length in _NOISE)
    return Diagram(
        name=name, shows=f"PEGR, full gradient regularization and none at d = {d:g}", setting="pegr",
        x=Span("lam", 0.003, 30.0, 33, log=True), y=Span("sigma_p", float(low), float(high), 25, log=True),
        z=Choices("regularizer", ("pegr", "fgr", "none")), steps=1500, seeds=3, sampling="gram", given={
            "n": 20, "m": 10, "d": d, "mu_norm": 1.0, "sigma_0": 0.01, "eta": 0.2, "lam_until": 800, "neurons": "mean",
        },
        curves=("lam = lam_xi", "lam = lam_mu"), says=_says,
    )


PEGR = (_diagram("pegr_d400", 400.0), _diagram("pegr_d1e8", 1e8))
