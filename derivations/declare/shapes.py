"""The shapes of independent entries, and the name of a choice among them."""

from __future__ import annotations

from typing import Annotated

from .choices import Refers, Word

SHAPES = ("gaussian", "uniform", "rademacher")
"""The shapes of independent entries of mean 0 and variance 1."""
ShapeName = Annotated[str, Word(), Refers("parameter", "choice", within=SHAPES)]
"""The name of a choice among them."""
