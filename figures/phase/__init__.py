"""Phase diagrams by name: `gammarho figures phase NAME`."""

from __future__ import annotations

from .diagram import Diagram, write
from .fomaml import FOMAML
from .heterogeneous import HETEROGENEOUS
from .kou import KOU
from .pegr import PEGR
from .stable_rank import STABLE_RANK

DIAGRAMS: dict[str, tuple[Diagram, ...]] = {
    "pegr": PEGR, "heterogeneous": HETEROGENEOUS, "kou": KOU, "stable_rank": STABLE_RANK, "fomaml": FOMAML,
}
"""The pictures of each name."""

__all__ = ["DIAGRAMS", "Diagram", "write"]
