"""How far the stable rank of W_{+1} is from 1, over leaky ReLU's slope and the initialisation.

Kou, Chen and Gu, arXiv:2310.18935, Section 6's data over 1000 epochs (Figure 4).
"""

from __future__ import annotations

import xarray

from ..said import Made, Sentence, shown
from .diagram import Diagram, Span
from .said import extremes, means

OBSERVABLE = "stable_rank_excess[matrix=+1]"


def _says(data: xarray.Dataset) -> tuple[Sentence, ...]:
    ranks = 1 + means(data, OBSERVABLE)
    return (
        shown("Mean stable rank of W_+1 for ReLU (slope 0) {relu}, for the linear network {linear}; at the least "
              "sigma_0 {least}.", relu=extremes(ranks.isel(slope=0)), linear=extremes(ranks.isel(slope=-1)),
              least=extremes(ranks.isel(sigma_0=0))),
        Made("Not stated in the paper, our choices: sigma_0, slopes between 0 and 1, which matrix."),
    )


STABLE_RANK = (
    Diagram(
        name="stable_rank", shows="Nearly orthogonal data: the stable rank of W_+1, less 1, after 1000 epochs",
        setting="nearly_orthogonal", x=Span("slope", 0.0, 1.0, 21), y=Span("sigma_0", 1e-5, 0.1, 17, log=True),
        given={"n": 10, "m": 100, "d": 784, "mu_norm": 0.28, "sigma_p": 1.0, "eta": 0.1, "data": "mixture"},
        steps=1000, seeds=3, observable=OBSERVABLE, says=_says,
    ),
)
