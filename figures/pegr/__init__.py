"""Figures of PEGR (Meng, Cao and Zou 2023, arXiv:2303.17940): Figures 1 to 4, the coefficients, and a phase diagram."""

from __future__ import annotations

from ..save import Writer
from .curves import CURVES
from .phase import PHASE

FIGURES: dict[str, Writer] = {**CURVES, **PHASE}
"""Writers by name: each takes a folder and returns the files it wrote there."""

ABSENT = {
    name: "of LeNet5, a convolutional network trained on MNIST's images, outside the class of models"
    for name in ("figure_5", "figure_6")
}
"""Figures of the paper that are not drawn, with the reason."""
