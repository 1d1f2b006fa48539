"""Chunks of work: what of a grid, or beside it, is run in one call, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..run.problem import Problem
from .grid_layout import Arrays

Chunk = tuple[tuple[int, ...], tuple[int, ...]]
"""Cells and places of seeds that are run in one call."""
Part = tuple[Chunk, Arrays | Exception]
"""What became of a chunk, or of a cell of it: its variables, or a defect of the program."""
Runner = Callable[[Sequence[Problem], NDArray[np.bool_]], Generator[tuple[Chunk, Arrays]]]
"""Runs the seeds that further problems lack, (problem, seed): pieces of these, and what became of each."""
