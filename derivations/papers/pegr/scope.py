"""What PEGR's statements are about: parameter values, and the hypotheses that the stages of a proof share."""

from __future__ import annotations

from ...declare import Only

SQUARE = Only(parameter="q", values=(2,), why="ReLU^2")
MEAN = Only(parameter="neurons", values=("mean",), why="the mean over filters")
HALF = Only(parameter="penalty_half", values=(True,), why="a penalty with 1/2")
OFF = Only(parameter="project_noise", values=(True,), why="noise orthogonal to mu")
PEGR = Only(parameter="regularizer", values=("pegr",), why="PEGR (Theorem 3.2)")
PLAIN = Only(parameter="regularizer", values=("none",), why="gradient descent without penalty (Theorem 3.3)")
EITHER = Only(parameter="regularizer", values=("pegr", "none"), why="PEGR and gradient descent")

PAPER = (SQUARE, MEAN, HALF, OFF)
STEP = (EITHER, SQUARE, OFF)
GD = (PLAIN, SQUARE, MEAN, OFF)
PENALISED = (PEGR, *PAPER)

QUIET = "min(T_1_printed, T_loud, T_far)"
STAGE_E = "E_pre and K3 and R3b and R4 and R5 and R8 and R9"
LATE_E = "E_pre and K3 and R3b and R3m and R5 and R5x and beta <= 1"
