"""Test error and test loss in weight space: fresh examples drawn in d dimensions, independent of the test laws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from derivations.model import GaussianLaw, MixtureLaw, Model, chosen_law

from .errors import InputError
from .weights import (
    Array,
    Problem,
    Values,
    activation,
    errors,
    families,
    losses_of,
    number,
    one_thread,
    outputs,
    patches_of,
)


@dataclass(frozen=True)
class Estimate:
    """Monte Carlo test error and test loss, each with its standard error."""

    error: float
    error_se: float
    loss: float
    loss_se: float


def monte_carlo(
    model: Model, vectors: Array, W: Array, values: Values, rng: np.random.Generator, samples: int = 10_000,
    device: str = "cpu", centres: Mapping[str, Array] | None = None,
) -> Estimate:
    """Error and loss at W (H, m, d) on `samples` fresh examples drawn in d dimensions from the declared laws.

    Clean labels are uniform; where the model flips labels, so is a fresh one before it judges, unless the test law
    leaves it clean.  Fixed directions are those in `vectors` (B, d), ties count as in `errors`; `centres` has the mean
    (d,) of every family that is a mixture.
    Raises InputError where the test law leaves a family over examples that is not drawn again.
    """
    for patch in model.patches:
        if model.family(patch.direction).over == "sample" and patch.direction not in model.test.fresh:
            raise InputError(
                f"{patch.direction}: a fresh example needs its own vector of this family, and the test law does not "
                f"draw it again; declare FreshLaw(fresh=({patch.direction!r},))"
            )
    fixed = torch.tensor(vectors, dtype=torch.float64, device=device)
    known, w, classes = families(model, fixed), fixed.new_tensor(W), model.network.classes
    wrong, loss, chunk = [], [], max(1, 2_000_000 // fixed.shape[1])
    for start in range(0, samples, chunk):
        count = min(chunk, samples - start)
        signed = model.network.heads == "signed"
        drawn = rng.choice([-1.0, 1.0], size=count) if signed else rng.integers(classes, size=count).astype(np.float64)
        clean = fixed.new_tensor(drawn)
        flipping = number(values, model.label_flips) if model.label_flips and model.test.flips else 0.0
        y = torch.where(fixed.new_tensor(rng.random(count)) < flipping, -clean, clean) if flipping > 0 else clean
        row = {"one": torch.zeros_like(y).long(), "class": y.long()}
        rows = {f.name: known[f.name][row[f.over]] for f in model.directions if f.over != "sample"}
        for name in model.test.fresh:
            rows[name] = _fresh(model, name, known, values, count, rng)
            if centres is not None and name in centres:
                rows[name] = rows[name] + clean[:, None] * fixed.new_tensor(centres[name])
        task = Problem(model, values, fixed, patches_of(model, rows, y, clean), y)
        with one_thread(), torch.no_grad():
            F = outputs(task, w, task.patches)
            wrong.append(errors(model, F, y).cpu().numpy())
            loss.append(losses_of(model, F, y).cpu().numpy())
    e, at = np.concatenate(wrong), np.concatenate(loss)
    root = np.sqrt(samples)
    return Estimate(float(e.mean()), float(e.std() / root), float(at.mean()), float(at.std() / root))


def of_patches(
    model: Model, W: Array, patches: Array, values: Values, device: str = "cpu", absolute: bool = False
) -> Array:
    """Outputs F (N, H) of W (H, m, d) on patches (N, P, d); with `absolute`, sums of |sigma| in place of sigma."""
    x = torch.tensor(patches, dtype=torch.float64, device=device)
    return of_preactivations(model, torch.einsum("npd,hrd->nphr", x, x.new_tensor(W)), values, absolute).cpu().numpy()


def of_preactivations(model: Model, a: Tensor, values: Values, absolute: bool = False) -> Tensor:
    """Outputs F (N, H) of examples with patch pre-activations a (N, P, H, m), by the declared activation."""
    active = activation(model.network.activation, a, values)
    kappa = 1.0 if values.get("neurons", "mean") == "sum" else 1.0 / a.shape[3]
    return kappa * (active.abs() if absolute else active).sum((1, 3))


def network(model: Model, values: Values) -> Callable[[Array], Array]:
    """Weight space's outputs as test laws take them: pre-activations (N, P, H, m) -> f (N,) or logits (N, K)."""

    def outputs_of(a: Array) -> Array:
        with one_thread(), torch.no_grad():
            F = of_preactivations(model, torch.as_tensor(a, dtype=torch.float64), values).numpy()
        return np.asarray(F[:, 0] - F[:, 1] if model.network.heads == "signed" else F)

    return outputs_of


def _fresh(
    model: Model, name: str, fixed: Mapping[str, Tensor], values: Values, count: int, rng: np.random.Generator
) -> Tensor:
    """`count` fresh vectors (count, d) of a family, from its declared law; of a mixture the noise, without the mean."""
    law = chosen_law(model.family(name), values)
    if not isinstance(law, GaussianLaw | MixtureLaw):
        raise InputError(
            f"{name}: a fresh vector of this family has no Gaussian law in the model; declare a GaussianLaw for it"
        )
    d = fixed[name].shape[1]
    drawn = number(values, law.std) * fixed[name].new_tensor(rng.standard_normal((count, d)))
    if isinstance(law, MixtureLaw) or not law.off or (law.off_when and not values.get(law.off_when, False)):
        return drawn
    basis: Tensor = torch.linalg.qr(torch.cat([fixed[off] for off in law.off]).T)[0]
    return drawn - drawn @ basis @ basis.T
