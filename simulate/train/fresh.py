"""Test error and test loss in weight space: fresh examples drawn in d dimensions, independent of the test laws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from derivations.declare import (
    Model,
    terms_of,
)
from dynamics.arrays import Array

from ..values import Values, real
from .fresh_draws import Ground, drawn_by
from .weights import (
    Labelled,
    Training,
    activation,
    errors,
    families,
    losses_of,
    one_thread,
    outputs,
    patches_of,
    scalars_in,
)

if TYPE_CHECKING:
    from torch import Tensor


class HeldOut(Labelled, Protocol):
    """Examples that are held out."""

    @property
    def vectors(self) -> Mapping[str, Array]:
        """Their vectors (N, d) by family."""


@dataclass(frozen=True)
class Estimate:
    """Monte Carlo test error and test loss, each with its standard error."""

    error: float
    error_se: float
    loss: float
    loss_se: float


def monte_carlo(
    model: Model, vectors: Array, W: Array, values: Values, rng: np.random.Generator, samples: int = 10_000,
    device: str = "cpu", centres: Mapping[str, Array] | None = None, matrices: Mapping[str, Array] | None = None,
    covariances: Mapping[str, Array] | None = None, training: Labelled | None = None,
) -> Estimate:
    """Error and loss at W (H, m, d) on `samples` fresh examples drawn in d dimensions from the declared laws.

    Clean labels are uniform; where the model flips labels, so is a fresh one before it judges, unless the test law
    leaves it clean.  Fixed directions are those in `vectors` (B, d), ties count as in `errors`; `centres` has the mean
    (d,) of every family that is a mixture, `matrices` the A (K, d, d) of every family of class-dependent noise,
    `covariances` Sigma (d, d) of every family whose covariance is the caller's, and `training` are the examples beside
    which fresh ones lie, where the law says so.
    Raises InputError where the test law leaves a family over examples that is not drawn again.
    """
    fixed = torch.tensor(vectors, dtype=torch.float64, device=device)
    law = drawn_by(
        Ground(model, values, families(model, fixed), rng, centres or {}, matrices or {}, covariances or {}, training))
    wrong, loss, chunk = [], [], max(1, 2_000_000 // fixed.shape[1])
    for start in range(0, samples, chunk):
        examples = law.draw(min(chunk, samples - start))
        scalars = scalars_in(model, examples.y, examples.clean, examples.scalars, values)
        patches = patches_of(model, examples.rows, examples.y, examples.clean, scalars)
        with one_thread(), torch.no_grad():
            F = outputs(Training(model, values, fixed, patches, examples.y), fixed.new_tensor(W), patches)
            wrong.append(errors(model, F, examples.y).cpu().numpy())
            loss.append(losses_of(model, F, examples.y, values).cpu().numpy())
    e, losses = np.concatenate(wrong), np.concatenate(loss)
    root = np.sqrt(samples)
    return Estimate(float(e.mean()), float(e.std() / root), float(losses.mean()), float(losses.std() / root))


def held_out_patches(model: Model, vectors: Array, held: HeldOut, values: Values) -> Array:
    """Patches (N, P, d) of held-out examples, the fixed directions from the training `vectors` (B, d)."""
    fixed = torch.tensor(vectors, dtype=torch.float64)
    known, y, clean = families(model, fixed), fixed.new_tensor(held.y), fixed.new_tensor(held.clean)
    first = torch.zeros_like(y).long()
    staying = [family for family in model.directions if family.index_set.shared]
    rows = {f.name: known[f.name][f.index_set.row(first, y.long(), first, first)] for f in staying}
    rows |= {name: fixed.new_tensor(each) for name, each in held.vectors.items()}
    drawn = {each.name: fixed.new_tensor(held.scalars[each.name]) for each in model.scalars if each.drawn}
    return patches_of(model, rows, y, clean, scalars_in(model, y, clean, drawn, values)).numpy()


def judged(model: Model, scores: Array, labels: Array, values: Values) -> tuple[Array, Array]:
    """Error and loss (N, L) of the outputs f (N, L) or logits (N, L, K) of examples with the labels (L,)."""
    F = torch.as_tensor(scores, dtype=torch.float64)
    if model.network.head_axis.signed:
        F = torch.stack([F, torch.zeros_like(F)], -1)
    flat, y = F.reshape(-1, F.shape[-1]), torch.as_tensor(labels, dtype=torch.float64).repeat(len(scores))
    shape = scores.shape[:2]
    return errors(model, flat, y).numpy().reshape(shape), losses_of(model, flat, y, values).numpy().reshape(shape)


def of_patches(
    model: Model, W: Array, patches: Array, values: Values, device: str = "cpu", absolute: bool = False
) -> Array:
    """Outputs F (N, H) of W (H, m, d) on patches (N, P, d); with `absolute`, sums of the terms' sizes."""
    x = torch.tensor(patches, dtype=torch.float64, device=device)
    return of_preactivations(model, torch.einsum("npd,hrd->nphr", x, x.new_tensor(W)), values, absolute).cpu().numpy()


def of_preactivations(model: Model, a: Tensor, values: Values, absolute: bool = False) -> Tensor:
    """Outputs F (N, H) of examples with patch pre-activations a (N, P, H, m), by the declared activation."""
    if model.network.second_layer is not None:
        terms = a[:, -1:] * activation(model.network.activation, a[:, :-1], values)
        return (terms.abs() if absolute else terms).sum((1, 3))
    active = activation(model.network.activation, a, values)
    kappa = 1.0 if values.get("neurons", "mean") == "sum" else 1.0 / a.shape[3]
    return kappa * (active.abs() if absolute else active).sum((1, 3))


@dataclass(frozen=True)
class Network:
    """Weight space's network on pre-activations, as test laws take a kernel: no kernel has a part in it."""

    model: Model

    def outputs(self, a: Array, values: Values) -> Array:
        """Outputs f (N,) or logits (N, K) of examples with patch pre-activations a (N, P, H, m)."""
        with one_thread(), torch.no_grad():
            F = of_preactivations(self.model, torch.as_tensor(a, dtype=torch.float64), values).numpy()
        return np.asarray(self.model.network.head_axis.output(F))

    def of_fresh(self, values: Values, m: int) -> None:
        """No module that judges fresh tasks, which kernels on lanes have."""

    def split(self, values: Values, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The examples of the inner loop and of the outer step, for n examples a task."""
        algorithm, every = self.model.bilevel, np.arange(n, dtype=np.int64)
        if not algorithm.splits:
            return every, every
        train = int(real(values, algorithm.train))
        return every[:train], every[train:]

    def adapt(self, states: Array, blocks: Array, y: Array, batch: Iterable[int], values: Values) -> Array:
        """Tasks' states (K, H, m, L) after the inner loop on the examples `batch` of each; y (K, n).

        The inner loop moves w by -rate grad L, and so the products with the task's directions by -rate (dL/dz) G, with
        dL/dz by autograd through the declared network and loss, and G the task's block (L, L).
        """
        algorithm, chosen = self.model.bilevel, list(batch)
        steps, rate = int(real(values, algorithm.inner_steps)), real(values, algorithm.inner_step)
        z, gram = torch.as_tensor(states, dtype=torch.float64), torch.as_tensor(blocks, dtype=torch.float64)
        labels, n = torch.as_tensor(y, dtype=torch.float64), y.shape[1]
        if not chosen:
            return np.array(states)
        with one_thread():
            for _ in range(steps):
                leaf = z.detach().requires_grad_()
                of_each = [self._loss(leaf, labels, i, n, values) for i in chosen]
                (slope,) = torch.autograd.grad(torch.stack(of_each).mean(0).sum(), leaf)
                z = z - rate * torch.einsum("khrb,kbc->khrc", slope, gram)
        return np.asarray(z.detach().numpy())

    def _loss(self, z: Tensor, y: Tensor, i: int, n: int, values: Values) -> Tensor:
        """The loss (K,) of example i of every task, from the tasks' own products z (K, H, m, L)."""
        offsets, parts = self.model.offsets(n, 1), []
        for term in terms_of(self.model.patches):  # with two loops a patch is one term
            first = torch.zeros(len(z), dtype=torch.long)
            index_set = self.model.family(term.direction).index_set
            within = index_set.row(first, y[:, i].long(), first, torch.full((len(z),), i))
            own = z[torch.arange(len(z)), :, :, offsets[term.direction] + within]
            parts.append(y[:, i, None, None] * own if term.by_label else own)
        return losses_of(self.model, of_preactivations(self.model, torch.stack(parts, 1), values), y[:, i], values)
