"""Test error and test loss in weight space: fresh examples drawn in d dimensions, independent of the test laws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from derivations.declare import (
    Bernoulli,
    ClassNoiseLaw,
    CovarianceLaw,
    EntryLaw,
    GaussianLaw,
    GaussianScalar,
    GraphConvolution,
    MixedLabel,
    MixtureLaw,
    Mixup,
    Model,
    NearLaw,
    RandomSign,
    Row,
    UniformScalar,
    chosen_law,
    forgotten,
    terms_of,
)
from dynamics.arrays import Array

from ..errors import InputError
from ..values import Values, constant, real
from .weights import (
    Labelled,
    Problem,
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
    for term in terms_of(model.patches):
        own = model.family(term.direction).index_set.per_example and not isinstance(model.test, NearLaw)
        if own and term.direction not in model.test.drawn:
            raise InputError(
                f"{term.direction}: a fresh example needs its own vector of this family, and the test law does not "
                f"draw it again; declare FreshLaw(fresh=({term.direction!r},))"
            )
    fixed = torch.tensor(vectors, dtype=torch.float64, device=device)
    known, w, labels = families(model, fixed), fixed.new_tensor(W), np.sort(model.network.head_axis.labels)
    wrong, loss, chunk = [], [], max(1, 2_000_000 // fixed.shape[1])
    for start in range(0, samples, chunk):
        count = min(chunk, samples - start)
        clean = fixed.new_tensor(rng.choice(labels, size=count))
        flipping = real(values, model.label_flips) if model.label_flips and model.test.by_observed else 0.0
        y = torch.where(fixed.new_tensor(rng.random(count)) < flipping, -clean, clean) if flipping > 0 else clean
        first = torch.zeros_like(y).long()
        beside, drawn = first, None
        if isinstance(model.test, NearLaw):
            assert training is not None
            beside = torch.as_tensor(rng.integers(len(training.y), size=count))
            if model.test.labels == "own":
                clean = fixed.new_tensor(training.clean)[beside]
                y = fixed.new_tensor(training.y)[beside] if model.test.flips else clean
                drawn = {name: fixed.new_tensor(each)[beside] for name, each in training.scalars.items()}
        staying = [f for f in model.directions if f.index_set.shared or isinstance(model.test, NearLaw)]
        rows = {f.name: known[f.name][f.index_set.row(first, y.long(), first, beside)] for f in staying}
        for name in model.test.drawn:
            if isinstance(model.test, NearLaw):
                rows[name] = rows[name] + _gaussian(model, name, model.test.std, known, values, count, rng)
                continue
            if isinstance(model.test, CovarianceLaw):
                assert covariances is not None
                rows[name] = fixed.new_tensor(rng.multivariate_normal(
                    np.zeros(fixed.shape[1]), covariances[name], size=count, method="eigh"))
                continue
            if matrices is not None and name in matrices:
                rows[name] = _of_class(model, name, fixed.new_tensor(matrices[name]), clean, values, rng)
                continue
            rows[name] = _fresh(model, name, known, values, count, rng)
            if centres is not None and name in centres:
                rows[name] = rows[name] + clean[:, None] * fixed.new_tensor(centres[name])
        if drawn is None:
            drawn = {**_scalars(model, values, y, rng), **_mixed(model, values, y, clean, rng)}
        scalars = scalars_in(model, y, clean, drawn, values)
        task = Problem(model, values, fixed, patches_of(model, rows, y, clean, scalars), y)
        with one_thread(), torch.no_grad():
            F = outputs(task, w, task.patches)
            wrong.append(errors(model, F, y).cpu().numpy())
            loss.append(losses_of(model, F, y, values).cpu().numpy())
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


def _fresh(
    model: Model, name: str, fixed: Mapping[str, Tensor], values: Values, count: int, rng: np.random.Generator
) -> Tensor:
    """`count` fresh vectors (count, d) of a family, from its declared law; of a mixture the noise, without the mean."""
    law = chosen_law(model.family(name), values)
    if not isinstance(law, GaussianLaw | MixtureLaw | EntryLaw):
        raise InputError(
            f"{name}: a fresh vector of this family has no Gaussian law in the model; declare a GaussianLaw for it"
        )
    if not isinstance(law, EntryLaw):
        return _gaussian(model, name, law.std, fixed, values, count, rng)
    d = fixed[name].shape[1]
    given = {"student": law.freedom, "sparse": law.share}.get(law.entries)
    zeta = _entries(law.entries, (count, d), rng, 0.0 if given is None else constant(values, given))
    return _projected(model, name, real(values, law.std) * fixed[name].new_tensor(zeta), fixed, values)


def _gaussian(
    model: Model, name: str, std: str, fixed: Mapping[str, Tensor], values: Values, count: int,
    rng: np.random.Generator,
) -> Tensor:
    """`count` vectors (count, d) of N(0, std^2 P), P off what the family's own law is projected off."""
    zeta = rng.standard_normal((count, fixed[name].shape[1]))
    return _projected(model, name, real(values, std) * fixed[name].new_tensor(zeta), fixed, values)


def _projected(model: Model, name: str, drawn: Tensor, fixed: Mapping[str, Tensor], values: Values) -> Tensor:
    """Vectors (count, d) without what the family's own law is projected off."""
    law = chosen_law(model.family(name), values)
    away = (*(() if law is None else law.projected_off(values)), *model.network.axis_names)
    if not away:
        return drawn
    off = torch.cat([fixed[each] for each in away])
    live = off[off.norm(dim=1) > 0]  # a vector that is 0 has no direction to be off
    _, sizes, rows = torch.linalg.svd(live / live.norm(dim=1, keepdim=True), full_matrices=False)
    basis: Tensor = rows[sizes > 1e-10].T
    return drawn - drawn @ basis @ basis.T


def _scalars(model: Model, values: Values, y: Tensor, rng: np.random.Generator) -> dict[str, Tensor]:
    """The drawn scalars of fresh examples (n,), by name."""
    scalars: dict[str, Tensor] = {}
    for scalar in model.scalars:
        if isinstance(scalar, RandomSign):
            scalars[scalar.name] = y.new_tensor(rng.choice([-1.0, 1.0], size=len(y)))
        elif isinstance(scalar, Bernoulli):
            p = scalar.probability
            chance = constant(values, p)
            scalars[scalar.name] = y.new_tensor((rng.random(len(y)) < chance).astype(np.float64))
        elif isinstance(scalar, GaussianScalar):
            mean, std = (constant(values, each) for each in (scalar.mean, scalar.std))
            scalars[scalar.name] = y.new_tensor(rng.normal(mean, std, size=len(y)))
        elif isinstance(scalar, UniformScalar):
            low, high = (constant(values, each) for each in (scalar.low, scalar.high))
            scalars[scalar.name] = y.new_tensor(low + (high - low) * rng.random(len(y)))
        elif scalar.drawn and not isinstance(scalar, MixedLabel | Row):
            raise forgotten(scalar, "fresh scalars in weight space")
    return scalars


def _mixed(model: Model, values: Values, y: Tensor, clean: Tensor, rng: np.random.Generator) -> dict[str, Tensor]:
    """What fresh examples are mixed by (n,): their mixed labels, and the lengths of their rows; one graph a node."""
    scalars: dict[str, Tensor] = {}
    for by in {each.by for each in model.scalars if isinstance(each, MixedLabel | Row)}:
        length, share = torch.ones_like(y), torch.ones_like(y)
        if isinstance(by, GraphConvolution):
            size = (len(y), int(real(values, "n")) - 1)
            others = y.new_tensor(rng.choice([-1.0, 1.0], size=size))
            same, other = (constant(values, each) for each in (by.same, by.other))
            likely = torch.where(others == clean[:, None], y.new_tensor(same), y.new_tensor(other))
            linked = (y.new_tensor(rng.random(size)) < likely).double()
            degree = 1 + linked.sum(1)
            share, length = (1 + (linked * others * clean[:, None]).sum(1)) / degree, degree**-0.5
        elif not isinstance(by, Mixup):
            raise forgotten(by, "fresh rows in weight space")
        for scalar in [each for each in model.scalars if isinstance(each, MixedLabel | Row) and each.by == by]:
            own = length if isinstance(scalar, Row) else share * (y if scalar.observed else clean)
            scalars[scalar.name] = own
    return scalars


def _of_class(
    model: Model, name: str, matrices: Tensor, clean: Tensor, values: Values, rng: np.random.Generator
) -> Tensor:
    """Fresh A_y zeta (count, d), zeta of the declared shape with mean 0 and variance 1."""
    law = chosen_law(model.family(name), values)
    assert isinstance(law, ClassNoiseLaw)
    size = (len(clean), matrices.shape[2])
    drawn = _entries(law.shape_of(values), size, rng)
    zeta, out = matrices.new_tensor(drawn), matrices.new_zeros((len(clean), matrices.shape[1]))
    for k, A in enumerate(matrices):
        own = clean.long() == k
        out[own] = zeta[own] @ A.T
    return out


def _entries(shape: str, size: tuple[int, int], rng: np.random.Generator, number: float = 0.0) -> Array:
    """Independent entries of mean 0 and variance 1."""
    if shape == "gaussian":
        return rng.standard_normal(size)
    if shape == "rademacher":
        return rng.choice([-1.0, 1.0], size=size)
    if shape == "uniform":
        return rng.uniform(-(3**0.5), 3**0.5, size=size)
    if shape == "student":  # a normal over the root of a chi square over its degrees of freedom, of variance 1
        chi = rng.chisquare(number, size=size) / number
        return np.asarray(rng.standard_normal(size) / np.sqrt(chi) * ((number - 2) / number) ** 0.5)
    if shape == "sparse":
        return np.asarray(rng.binomial(1, number, size=size) * rng.standard_normal(size) / number**0.5)
    raise InputError(f"entries: {shape!r}; expected gaussian, uniform or rademacher")
