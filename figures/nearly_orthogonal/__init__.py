"""Figures on nearly orthogonal data (Kou, Chen and Gu 2023, arXiv:2310.18935): stable ranks, Figures 1 to 7."""

from __future__ import annotations

from ..save import Writer
from .plans import PLANS

FIGURES: dict[str, Writer] = PLANS
"""Writers by name: each takes a folder and returns the files it wrote there."""

ABSENT: dict[str, str] = {}
"""Figures of the paper that are not drawn, with the reason."""
