"""Figures of heterogeneous noise (Xu and Chen 2025, arXiv:2502.11893): Figures 1 to 6."""

from __future__ import annotations

from ..save import Writer
from .maps import MAP_WRITERS
from .pictures import IMAGES

FIGURES: dict[str, Writer] = {
    "figure_1": IMAGES["figure_1"],
    **MAP_WRITERS,
    "figure_5": IMAGES["figure_5"],
    "figure_6": IMAGES["figure_6"],
}
"""Writers by name: each takes a folder and returns the files it wrote there."""

ABSENT = {"figure_7": "of LeNet and ResNet-18 trained with examples removed, outside the class of models"}
"""Figures of the paper that are not drawn, with the reason."""
