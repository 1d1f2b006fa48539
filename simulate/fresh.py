"""Test error and test loss of a trajectory: a Model's test law read into `dynamics.testlaw`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from derivations.model import Directions, GaussianLaw, Model, Patch, Value
from dynamics import geometry, testlaw
from dynamics.gram import Reduced
from dynamics.streams import stream

from .draw import Draw, off_indices, positive
from .errors import InputError

Array = NDArray[np.float64]


def fresh_statistics(
    model: Model,
    outputs: testlaw.Outputs,
    draw: Draw,
    z: Array,
    b: Array,
    values: Mapping[str, Value],
    seed: int,
    size: int = 4096,
) -> dict[str, Array]:
    """test_error, test_error_se, test_loss and test_loss_se along a trajectory, each (T,).

    A fresh example has a label uniform over the heads' labels (never flipped), the fixed directions of training, and
    the families of `model.test.fresh` drawn again from their laws; std and projection come from `values`, also for a
    caller's own arrays.  Needs no dimension d.  See `dynamics.testlaw.statistics` for ties and standard errors.

    Args:
        model: the declaration.
        outputs: pre-activations (N, P, H, m), patches as declared, -> f (N,) or logits (N, K); a kernel's `outputs`.
        draw: the draw the trajectory started from.
        z: (T, H, m, B), pre-activations on the directions.
        b: (T, H, m, B), coefficients.
        values: parameters by name.
        seed: the "test" stream's seed.
        size: N, the number of fresh draws, at least 2.

    Raises:
        InputError: a patch needs a vector that is neither fixed nor Gaussian, or `size` is below 2.
    """
    if size < 2:
        raise InputError(f"size: {size} fresh draws give no standard error; give at least 2 (4096 is usual)")
    n = len(draw.y)
    labels = np.array([1.0, -1.0]) if model.network.heads == "signed" else np.arange(model.n_heads, dtype=np.float64)
    vectors = _fresh_vectors(model)
    fixed = np.zeros((len(z), len(labels), len(model.patches), *z.shape[1:3]))
    mix = np.zeros((len(labels), len(model.patches), len(vectors)))
    for at, label in enumerate(labels):
        for p, patch in enumerate(model.patches):
            scale = label if patch.scale == "label" else 1.0
            key = _key(model.family(patch.direction), int(label))
            if patch.direction in model.test.fresh:
                mix[at, p, vectors.index(key)] = scale
            else:
                fixed[:, at, p] = scale * z[..., model.offsets(n)[key[0]] + key[1]]
    covariance = np.zeros((len(z), len(vectors), z.shape[1] * z.shape[2], z.shape[1] * z.shape[2]))
    for f, (name, _) in enumerate(vectors):
        covariance[:, f] = _covariance(model, name, draw, b, values)
    normals = stream(seed, "test").standard_normal((size, *covariance.shape[1:3]))
    fresh = testlaw.Fresh(fixed=fixed, mix=mix, covariance=covariance, labels=labels)
    return testlaw.statistics(outputs, fresh, model.objective.loss, normals)


def _key(family: Directions, label: int) -> tuple[str, int]:
    """Which vector of its family an example with this label holds; a fresh sample vector is one vector."""
    return family.name, label if family.over == "class" else 0


def _fresh_vectors(model: Model) -> list[tuple[str, int]]:
    """The distinct fresh vectors in a fresh example, over all labels; refuses patches that cannot be drawn again."""
    found: list[tuple[str, int]] = []
    for patch in model.patches:
        family = model.family(patch.direction)
        _check(model, family, patch)
        if family.name in model.test.fresh:
            count = model.network.classes if family.over == "class" else 1
            found += [(family.name, k) for k in range(count) if (family.name, k) not in found]
    return found


def _check(model: Model, family: Directions, patch: Patch) -> None:
    if family.name in model.test.fresh:
        if not isinstance(family.law, GaussianLaw):
            raise InputError(
                f"{patch.direction}: a fresh vector of this family has no Gaussian law in the model, and the test law "
                "is known for Gaussian ones only; declare a GaussianLaw or leave the test observables out"
            )
    elif family.over == "sample":
        raise InputError(
            f"{patch.direction}: a fresh example needs its own vector of this family, but the test law does not draw "
            f"it again; declare FreshLaw(fresh=({patch.direction!r},)) or leave the test observables out"
        )


def _covariance(model: Model, name: str, draw: Draw, b: Array, values: Mapping[str, Value]) -> Array:
    """std^2 W P W^T along the trajectory, (T, S, S)."""
    law = model.family(name).law
    assert isinstance(law, GaussianLaw)
    start = Reduced(z=draw.z, gram=draw.gram, weight_gram=draw.weight_gram)
    off = off_indices(model, law, len(draw.y), values)
    if len(off):
        start = geometry.project_off(start, off)
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged state has no test law: NaN
        return positive(values, law.std) ** 2 * geometry.weight_gram(start, b)
