"""Ensembles in JAX, whole: jit, scan over steps, map over runs in chunks.  In weight space, and on the Gram form.

Runs have the seeds' keys; the fresh noises are drawn once a call and shared.  Float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import relu

from .jax_steps import Run, advance, signs
from .program import Given, Make, spread
from .shapes import TEST, Array, Cells, Classes, Kou, Pegr, Shape

Cell = tuple[Any, Any, Any]  # mu, sigma_p, lam of one run
One = Callable[[Shape, Any, Any, Cell], Any]  # (shape, shared fresh normals, key, cell) -> test error


def labels(shape: Shape, key: Any) -> tuple[Any, Any]:
    """Labels y and those before flips, (n,)."""
    if isinstance(shape, Classes):
        y = jnp.arange(shape.n) % shape.heads
        return y, y
    which, flipped = jax.random.split(key)
    clean = 2.0 * jax.random.bernoulli(which, shape=(shape.n,)) - 1.0
    return clean * jnp.where(jax.random.uniform(flipped, (shape.n,)) < shape.flips, -1.0, 1.0), clean


def power(shape: Shape, active: Any) -> Any:
    """The activation's power."""
    return active * active if isinstance(shape, Pegr) else active


def test_error(shape: Shape, a: Any, fresh: Any) -> Any:
    """The mean error over fresh noises' pre-activations (TEST, S) and labels, a (S,) or (S, K) those of the signals."""
    active = power(shape, relu(fresh))
    if isinstance(shape, Classes):
        K = shape.heads
        on = relu(a).reshape(K, shape.m, K).sum(axis=1).T  # (label, head)
        scores = active.reshape(-1, K, shape.m).sum(axis=2)
        return jnp.stack([((scores + on[k]).argmax(axis=1) != k).mean() for k in range(K)]).mean()
    j = signs(shape)
    plus, minus = j @ power(shape, relu(a)), j @ power(shape, relu(-a))
    outputs, right = active @ j, 1 - shape.flips
    wrong = jnp.where(plus + outputs < 0, right, shape.flips) + jnp.where(minus + outputs > 0, right, shape.flips)
    return 0.5 * wrong.mean()


def by_law(shape: Shape, normals: Any, sigma_p: Any, a: Any, weight_gram: Any) -> Any:
    """The test error by the filters' Gaussian law: pre-activations of covariance sigma_p^2 weight_gram (S, S)."""
    factor = jnp.linalg.cholesky(weight_gram) * sigma_p
    return test_error(shape, a, normals @ factor.T)


def triangle(key: Any, size: int, freedom: int) -> Any:
    """Bartlett's lower triangle of `size` standard normal vectors in `freedom` dimensions; all if these are fewer."""
    if freedom <= size:
        return jax.random.normal(key, (size, freedom))
    off, on = jax.random.split(key)
    diagonal = jnp.sqrt(jax.random.chisquare(on, freedom - 1.0 * jnp.arange(size)))
    return jnp.tril(jax.random.normal(off, (size, size)), -1) + jnp.diag(diagonal)


def gram_bartlett(shape: Shape, normals: Any, key: Any, cell: Cell) -> Any:
    """One run on the Gram form, its inner products drawn by Bartlett's decomposition: its cost does not know d."""
    mu, sigma_p, lam = cell
    n, S, free = shape.n, shape.filters, shape.d - shape.signals
    keys = jax.random.split(key, 5)
    y, clean = labels(shape, keys[0])
    noise = sigma_p * triangle(keys[1], n, free)
    along = shape.sigma_0 * jax.random.normal(keys[2], (S, shape.signals))
    weights = shape.sigma_0 * jax.random.normal(keys[3], (S, n))
    beyond = shape.sigma_0 * triangle(keys[4], S, free - n)
    a = mu * (along if isinstance(shape, Classes) else along[:, 0])
    a, _, _, b = advance(shape, a, weights @ noise.T, Run(noise @ noise.T, mu * mu, y, clean, lam))
    weights = weights + b @ noise
    return by_law(shape, normals, sigma_p, a, weights @ weights.T + beyond @ beyond.T)


def gram_vectors(shape: Shape, normals: Any, key: Any, cell: Cell) -> Any:
    """One run on the Gram form of vectors that are drawn."""
    mu, sigma_p, lam = cell
    keys = jax.random.split(key, 3)
    y, clean = labels(shape, keys[0])
    xi = sigma_p * jax.random.normal(keys[1], (shape.n, shape.d - shape.signals))
    weights = shape.sigma_0 * jax.random.normal(keys[2], (shape.filters, shape.d))
    along, off = weights[:, : shape.signals], weights[:, shape.signals :]
    a = mu * (along if isinstance(shape, Classes) else along[:, 0])
    a, _, _, b = advance(shape, a, off @ xi.T, Run(xi @ xi.T, mu * mu, y, clean, lam))
    off = off + b @ xi
    return by_law(shape, normals, sigma_p, a, off @ off.T)


def outputs(shape: Shape, weights: Any, x: Any, xi: Any) -> Any:
    """f of patches x, xi (n, d)."""
    both = power(shape, relu(x @ weights.T)) + power(shape, relu(xi @ weights.T))
    return both @ signs(shape) / shape.m


def objective(shape: Shape, weights: Any, x: Any, xi: Any, y: Any, lam: Any) -> Any:
    """The training loss with its penalty."""

    def one(weights: Any, x: Any, xi: Any, y: Any) -> Any:
        return jax.nn.softplus(-y * outputs(shape, weights, x, xi))

    loss = one(weights, x, xi, y).mean()
    if not isinstance(shape, Pegr):
        return loss
    gradients = jax.vmap(jax.grad(one), (None, 0, 0, 0))(weights, x, xi, y)
    return loss + 0.5 * lam * (gradients * gradients).sum() / shape.n


def descend(shape: Shape, weights: Any, x: Any, xi: Any, y: Any, lam: Any) -> Any:
    """The filters (S, d) after the shape's steps, by autograd."""

    def piece(weights: Any, steps: int, lam: Any, of: Shape) -> Any:
        down = lambda w, _: (w - of.eta * jax.grad(partial(objective, of))(w, x, xi, y, lam), None)  # noqa: E731
        return jax.lax.scan(down, weights, None, length=steps)[0]

    if not isinstance(shape, Pegr):
        return piece(weights, shape.steps, lam, shape)
    penalised = min(shape.steps, shape.lam_until + 1)
    weights = piece(weights, penalised, lam, shape)
    down = lambda w, _: (w - shape.eta * jax.grad(plain)(w), None)  # noqa: E731
    plain = lambda w: jax.nn.softplus(-y * outputs(shape, w, x, xi)).mean()  # noqa: E731
    return jax.lax.scan(down, weights, None, length=shape.steps - penalised)[0]


def weight_space(shape: Shape, fresh: Any, key: Any, cell: Cell) -> Any:
    """One run in weight space, tested on fresh vectors (TEST, d - 1), which are scaled by sigma_p."""
    mu, sigma_p, lam = cell
    keys = jax.random.split(key, 3)
    y, clean = labels(shape, keys[0])
    xi = jnp.pad(sigma_p * jax.random.normal(keys[1], (shape.n, shape.d - 1)), ((0, 0), (1, 0)))
    x = jnp.zeros((shape.n, shape.d)).at[:, 0].set(clean * mu)
    weights = shape.sigma_0 * jax.random.normal(keys[2], (shape.filters, shape.d))
    weights = descend(shape, weights, x, xi, y, lam)
    return test_error(shape, mu * weights[:, 0], sigma_p * (fresh @ weights[:, 1:].T))


class Chunked:
    """`one` run after another, `chunk` at a time; `fresh` is the length of the shared fresh vectors."""

    def __init__(self, one: One, runs: int, fresh: int, chunk: int, shape: Shape, threads: int) -> None:
        self.shape, self.runs, self.threads = shape, runs, threads
        self._weights = one is weight_space

        def ensemble(seed: Any, mu: Any, sigma_p: Any, lam: Any) -> Any:
            own, shared = jax.random.split(jax.random.key(seed))
            single = partial(one, shape, jax.random.normal(shared, (TEST, fresh)))
            pairs = (jax.random.split(own, len(mu)), (mu, sigma_p, lam))
            if chunk == 1:
                return jax.lax.map(lambda pair: single(*pair), pairs)
            return jax.lax.map(lambda pair: single(*pair), pairs, batch_size=chunk)

        self._ensemble = jax.jit(ensemble)

    def errors(self, seed: int, cells: Cells) -> Array:
        """See `Program.errors`."""
        return spread(self._errors, seed, cells, self.threads)

    def _errors(self, seed: int, cells: Cells) -> Array:
        return np.asarray(self._ensemble(seed, cells.mu, cells.sigma_p, cells.lam))

    def usual(self, seed: int) -> Array:
        """See `Program.usual`."""
        return self.errors(seed, self.shape.usual(self.runs))

    def trained(self, given: Given, cell: Cells) -> Array:
        """See `Program.trained`."""
        shape, lam = self.shape, float(cell.lam[0])
        at = shape.signals
        if self._weights:
            x = given.clean[:, None] * given.vectors[0]
            weights = jax.jit(partial(descend, shape))(given.weights, x, given.vectors[1:], given.y, lam)
            return np.asarray(weights @ given.vectors.T)
        a = given.z[:, :at] if isinstance(shape, Classes) else given.z[:, 0]
        run = Run(given.gram[at:, at:], given.gram[0, 0], given.y, given.clean, lam)
        a, z, _, _ = jax.jit(partial(advance, shape))(a, given.z[:, at:], run)
        return np.hstack([a.reshape(len(z), -1), z])


def programs(shape: Shape) -> Mapping[str, Mapping[str, Make]]:
    """The programs of a shape, each in the chunks that are tried."""

    def chunks(one: One, runs: int, fresh: int) -> dict[str, Make]:
        fitting = [chunk for chunk in shape.chunks if chunk <= runs]
        return {f"chunk {chunk}": partial(Chunked, one, runs, fresh, chunk) for chunk in fitting}

    on_gram = {
        "JAX Gram form, vectors": chunks(gram_vectors, shape.runs, shape.filters),
        "JAX Gram form, Bartlett": chunks(gram_bartlett, shape.runs, shape.filters),
    }
    if isinstance(shape, Classes):
        return on_gram
    few = 64 if isinstance(shape, Kou) and shape.n < 100 else 8
    return {"JAX weight space": chunks(weight_space, few, shape.d - 1), **on_gram}
