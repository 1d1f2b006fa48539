"""Figures and tables of FOMAML's train-validation split (Zuo, Chen, Yao, Cao and Gu, ICLR 2023).

Figure 1 and the synthetic columns of Tables 1 to 3, then what the theory is about: runs in which the split
learns the feature, growth rates at dimensions up to e^100, and where the inner loop's amplification lets features win.
"""

from __future__ import annotations

from ..save import Writer
from .loss import LOSS
from .tables import TABLES
from .theory import THEORY

FIGURES: dict[str, Writer] = {**LOSS, **TABLES, **THEORY}
"""Writers by name: each takes a folder and returns the files it wrote there."""

ABSENT = {
    name: "of convolutional networks on images (RainbowMNIST, miniImagenet), outside the class of models"
    for name in ("table_4", "table_5", "table_6")
}
"""Tables of the paper that are not made, with the reason."""
