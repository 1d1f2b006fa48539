"""What the statements about nearly orthogonal data are about: parameter values that several share."""

from __future__ import annotations

from ...declare import Only

LEAKY = Only(parameter="slope", above=0, below=1, why="leaky ReLU, 0 < slope < 1 (Theorem 4.1)")
RELU = Only(parameter="slope", values=(0,), why="ReLU, slope 0 (Theorem 4.3)")
MEAN = Only(parameter="neurons", values=("mean",), why="the mean over filters")
GAUSSIAN = Only(parameter="init", values=("gaussian",), why="Gaussian initialisation (Section 3)")
LEAKY_MEAN, RELU_MEAN = (LEAKY, MEAN), (RELU, MEAN)
