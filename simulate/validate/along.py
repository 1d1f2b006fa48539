"""States of a draw at which a test law is compared with weights, and how far two accounts of one state are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynamics.arrays import Array
from dynamics.chance.streams import stream

from ..start.drawn import Draw


@dataclass(frozen=True)
class Along:
    """States of a draw: z and b (T, H, m, B), shares (T,) and the W (T, H, m, d) that they stand for."""

    draw: Draw
    z: Array
    b: Array
    left: Array
    W: Array


def at_states(draw: Draw, b: Array, left: Array) -> Along:
    """The start, W with coefficients b and share `left`, W = 0, and W with coefficients as large as the filters."""
    assert draw.vectors is not None and draw.weights is not None
    rng = stream(0, "validate", 20)
    # Changes as large as the filters, along every direction: no part of the covariance is small beside another.
    lengths = np.linalg.norm(draw.vectors, axis=1)
    size = np.linalg.norm(draw.weights, axis=-1).mean() / (np.where(lengths > 0, lengths, 1.0) * len(lengths) ** 0.5)
    size = np.where(size > 0, size, 1.0)
    rest = np.zeros_like(b)
    several = np.stack([rest, b, rest, size * rng.standard_normal(b.shape)])
    shares = np.array([1.0, float(left), 0.0, float(left)])  # the third is W = 0, where all outputs tie
    W = shares[:, None, None, None] * draw.weights + several @ draw.vectors
    return Along(draw, W @ draw.vectors.T, several, shares, W)


def largest_gap(theirs: Array, ours: Array) -> float:
    """Relative to ours, and to 1e-3 at least; infinite where one of them has no number."""
    gap = np.abs(theirs - ours)
    both = np.isnan(theirs) & np.isnan(ours)
    if np.isnan(gap[~both]).any():
        return np.inf
    return float((gap[~both] / np.maximum(np.abs(ours[~both]), 1e-3)).max(initial=0.0))
