"""The recursions on the Gram form in JAX, one step each, for `jax.lax.scan`: what the strongest user would write.

A state is (a, z, b_a, b_z): a (S,) or, for classes, (S, K) the filters' products with the signals, z (S, n) with the
noises, and the coefficients of both.  The noises lie off the signals.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import relu

from .shapes import Classes, Kou, Pegr, Shape


class Run(NamedTuple):
    """What stays fixed in a run: the noises' gram (n, n), the signals' mu2, labels y and clean (n,), the weight lam."""

    gram: Any
    mu2: Any
    y: Any
    clean: Any
    lam: Any


def signs(shape: Shape) -> Any:
    """j of every filter, (S,)."""
    return jnp.repeat(jnp.array([1.0, -1.0]), shape.m)


def kou(shape: Shape, state: Any, t: Any, run: Run) -> Any:
    """ReLU, mean over filters, logistic loss; the signal patch follows the clean label."""
    a, z, b_a, b_z = state
    j, on = signs(shape), a[:, None] * run.clean
    margins = run.y * (j @ (relu(on) + relu(z))) / shape.m
    rate = -jax.nn.sigmoid(-margins) * run.y * (shape.eta / (shape.m * shape.n))
    along = j * ((on > 0) @ (rate * run.clean))
    change = j[:, None] * (z > 0) * rate
    return a - along * run.mu2, z - change @ run.gram, b_a - along, b_z - change


def pegr(shape: Shape, state: Any, t: Any, run: Run) -> Any:
    """ReLU^2, mean over filters, logistic loss and (lam / 2n) sum_i ||grad L_i||^2 up to step lam_until."""
    a, z, b_a, b_z = state
    j, n, m = signs(shape), shape.n, shape.m
    lam, own = jnp.where(t <= shape.lam_until, run.lam, 0.0), jnp.diagonal(run.gram)
    on, active = relu(a[:, None] * run.y), relu(z)
    on2, active2 = on * on, active * active
    margins = run.y * (j @ (on2 + active2)) / m
    zeta = on2.sum(axis=0) * run.mu2 + active2.sum(axis=0) * own
    first = -jax.nn.sigmoid(-margins)
    second = -first * jax.nn.sigmoid(margins)
    towards = (2 * shape.eta / (n * m)) * first * (1 + 4 * lam * zeta / (m * m) * second)
    decay = (4 * shape.eta / (n * m * m)) * lam * first * first
    along = j * (on @ (towards * run.y * run.y)) + on @ (decay * run.mu2 * run.y)
    change = active * (j[:, None] * (towards * run.y) + decay * own)
    return a - along * run.mu2, z - change @ run.gram, b_a - along, b_z - change


def classes(shape: Shape, state: Any, t: Any, run: Run) -> Any:
    """ReLU, sum over a class's filters, softmax cross-entropy; labels are 0, ..., K - 1."""
    a, z, b_a, b_z = state
    K, m = shape.heads, shape.m
    label = jax.nn.one_hot(run.y, K)
    logits = relu(z).reshape(K, m, -1).sum(axis=1).T + label @ relu(a).reshape(K, m, K).sum(axis=1).T
    rate = (jax.nn.softmax(logits) - label) * (shape.eta / shape.n)
    along = (a > 0) * jnp.repeat(rate.T @ label, m, axis=0)
    change = (z > 0) * jnp.repeat(rate.T, m, axis=0)
    return a - along * run.mu2, z - change @ run.gram, b_a - along, b_z - change


STEPS = {Kou: kou, Pegr: pegr, Classes: classes}


def advance(shape: Shape, a: Any, z: Any, run: Run) -> Any:
    """The state after the shape's steps."""
    step = STEPS[type(shape)]
    start = a, z, jnp.zeros_like(a), jnp.zeros_like(z)
    body = lambda state, t: (step(shape, state, t, run), None)  # noqa: E731 - the form that scan takes
    return jax.lax.scan(body, start, jnp.arange(shape.steps))[0]
