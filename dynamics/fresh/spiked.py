"""Class noise as a kernel on lanes judges it: a Gaussian vector that classes share, and lines along which they differ.

A_k zeta is the shared vector plus, along each spike, its own standard normal times what class k has there: so a patch
that holds it is the shared vector's, tilted (`testlaw.Fresh.tilt`), and no class has a vector for itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array
from .classnoise import Along, Coloured, Sample
from .normals import Normals
from .testlaw import Fresh


@dataclass(frozen=True)
class Noise:
    """One family's noise at T states, or of as many runs.

    covariance (T, S, S) of the shared vector, lines (T, C, S), the neurons on the spikes, scale (T, K, C), or (K, C).
    """

    covariance: Array
    lines: Array
    scale: Array

    @property
    def columns(self) -> int:
        """The vectors that `Fresh.mix` tells apart: one a class, or one where there are no spikes."""
        return self.scale.shape[-2] if self.scale.shape[-1] else 1


def is_gaussian(along: Along) -> bool:
    """Whether all of the noise is Gaussian in the neurons, but for its spikes' normals."""
    return all(len(each.bulk) == 1 and isinstance(each.bulk[0], Coloured) for each in along.samples)


def by_lines(fresh: Fresh, along: Along, normals: Normals) -> tuple[Fresh, Normals]:
    """The same examples with each family's shared vector among the others, and its spikes apart."""
    z, b = (each.reshape(len(each), math.prod(each.shape[1:-1]), each.shape[-1]) for each in (along.z, along.b))
    noises = [_noise(each, z, b, along.left) for each in along.samples]
    parts = [each.bulk[0] for each in along.samples]
    shared = [each.normals[:, None] for each in parts if isinstance(each, Coloured)]
    leads = [each.lead[:, :, None] for each in parts if isinstance(each, Coloured) and each.lead is not None]
    rest = np.concatenate([normals.rest, *shared], axis=1)
    lead = None if normals.lead is None else np.concatenate([normals.lead, *leads], axis=2)
    spikes = np.concatenate([each.draws for each in along.samples], axis=1)
    return with_noises(fresh, noises), Normals(rest, lead, spikes)


def with_noises(fresh: Fresh, noises: Sequence[Noise]) -> Fresh:
    """The law whose last vectors are the noises' own, class by class, with shared ones and tilts in their place."""
    first, steps = fresh.covariance.shape[1], len(fresh.covariance)
    mixes, tilts, at = [fresh.mix[..., :first]], list[Array](), first
    for noise in noises:
        own = fresh.mix[..., at : at + noise.columns]
        mixes.append(own.sum(axis=-1, keepdims=True))
        scale = np.broadcast_to(noise.scale, (steps, *noise.scale.shape[-2:]))
        none = np.zeros((steps, *own.shape[:-1], 0))
        tilts.append((own[None, ..., None] * scale[:, None, None]).sum(axis=-2) if scale.shape[-1] else none)
        at += noise.columns
    return replace(
        fresh, mix=np.concatenate(mixes, axis=-1), further=None, tilt=np.concatenate(tilts, axis=-1),
        covariance=np.concatenate([fresh.covariance, *[each.covariance[:, None] for each in noises]], axis=1),
        lines=np.concatenate([each.lines for each in noises], axis=1),
    )


def _noise(sample: Sample, z: Array, b: Array, left: Array) -> Noise:
    """A family's noise at states z and b, (T, S, B)."""
    part = sample.bulk[0]
    assert isinstance(part, Coloured)
    return Noise(part.bulk.covariance(z, b, left), lines_of(sample.line_w, sample.line_v, b, left), sample.scale)


def lines_of(line_w: Array, line_v: Array, b: Array, left: Array) -> Array:
    """The neurons on the spikes, (T, C, S), of W = left W(0) + b V; line_w (..., C, S), line_v (..., C, B)."""
    return np.asarray(left[:, None, None] * line_w + line_v @ np.swapaxes(b, -1, -2))


__all__ = ["Noise", "by_lines", "is_gaussian", "lines_of", "with_noises"]
