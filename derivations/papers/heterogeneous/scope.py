"""What the heterogeneous-noise paper's statements are about: parameter values."""

from __future__ import annotations

from ...declare import Only

GAUSSIAN = Only(parameter="init", values=("gaussian",), why="Gaussian initialisation (Section 2)")
NORMAL = Only(parameter="noise", values=("gaussian",), why="Gaussian noise, whose constants are known")
SMOOTH = Only(parameter="noise", values=("gaussian", "uniform"), why="symmetric noise without atoms")
MEAN = Only(parameter="neurons", values=("mean",), why="the mean over filters of (1)")
EQUAL = Only(parameter="class_sizes", values=(None, ""), why="classes of equal size")
