"""PEGR on the Gram form in JAX: jit, scan over time, vmap over draws.  What the strongest user would write.

Run as `python -m benchmarks.jax_gram`, by any Python that has jax and NumPy: it answers one JSON request a line on
standard input with one JSON line, so that the caller can interleave its requests with other contenders.  Requests:
{"do": "steps", "chunk": c} times training `RUNS` draws in chunks of c; {"do": "whole", "chunk": c} times sampling,
training and the test error on 1000 fresh examples; {"do": "train", "draw": file.npz, "schedule": {...}} gives z and b.
Float64 on one core.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from typing import Any

import numpy as np

from .problem import Schedule, sample

RUNS = 64
CHUNKS = (1, 8, 64)

_FLAGS = "--xla_cpu_multi_thread_eigen=false"


def advance(signal: Any, noise: Any, gram: Any, mu2: Any, y: Any, schedule: Schedule) -> Any:
    """Pre-activations signal (2, m), noise (2, m, n) and their coefficients after the schedule; gram (n, n), y (n,)."""
    import jax
    import jax.numpy as jnp

    m, n = noise.shape[1:]
    j = jnp.array([1.0, -1.0])
    own = jnp.diagonal(gram)
    scale = 2.0 * schedule.eta / (n * m)

    def step(state: Any, t: Any) -> Any:
        signal, noise, b_signal, b_noise = state
        lam = jnp.where(t <= schedule.lam_until, schedule.lam, 0.0)
        on = jax.nn.relu(signal[:, :, None] * y)
        active = jax.nn.relu(noise)
        on_heads, noise_heads = (on * on).sum(axis=1), (active * active).sum(axis=1)
        margins = y * (j @ (on_heads + noise_heads)) / m
        zeta = on_heads.sum(axis=0) * mu2 + noise_heads.sum(axis=0) * own
        first = -jax.nn.sigmoid(-margins)
        second = -first * jax.nn.sigmoid(margins)
        towards = first * (1.0 + 4.0 * lam * zeta / (m * m) * second)
        decay = 2.0 * lam / m * first * first
        on_change = scale * (on @ (towards * y * y) * j[:, None] + on @ (decay * mu2 * y))
        change = scale * active * (j[:, None, None] * towards * y + decay * own)
        state = signal - mu2 * on_change, noise - change @ gram, b_signal - on_change, b_noise - change
        return state, None

    start = signal, noise, jnp.zeros_like(signal), jnp.zeros_like(noise)
    return jax.lax.scan(step, start, jnp.arange(schedule.steps))[0]


def whole(key: Any, schedule: Schedule, n: int = 20, m: int = 10, d: int = 400, n_test: int = 1000) -> Any:
    """Draw, train and test one run: (training loss, test error)."""
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(key, 5)
    mu = jnp.zeros(d).at[0].set(1.0)

    def examples(label_key: Any, noise_key: Any, count: int) -> Any:
        labels = 2.0 * jax.random.bernoulli(label_key, shape=(count,)) - 1.0
        return labels, (0.5 * jax.random.normal(noise_key, (count, d))).at[:, 0].set(0.0)

    def outputs(weights: Any, labels: Any, noise: Any) -> Any:
        on = jax.nn.relu(jnp.multiply.outer(labels, weights @ mu))
        active = jax.nn.relu(jnp.einsum("id,hmd->ihm", noise, weights))
        heads = (on * on + active * active).mean(axis=2)
        return heads[:, 0] - heads[:, 1]

    y, xi = examples(keys[0], keys[1], n)
    weights = 0.01 * jax.random.normal(keys[2], (2, m, d))
    _, _, b_signal, b_noise = advance(weights @ mu, weights @ xi.T, xi @ xi.T, mu @ mu, y, schedule)
    weights = weights + b_signal[:, :, None] * mu + b_noise @ xi
    fresh, fresh_xi = examples(keys[3], keys[4], n_test)
    loss = jax.nn.softplus(-y * outputs(weights, y, xi)).mean()
    return loss, (fresh * outputs(weights, fresh, fresh_xi) <= 0).mean()


def train(draw: str, schedule: Schedule) -> dict[str, Any]:
    """Train on one draw, an .npz file with start (2, m, 1 + n), gram and y; z and b as nested lists."""
    import jax

    with np.load(draw) as given:
        z, gram, y = given["start"], given["gram"], given["y"]
    run = jax.jit(partial(advance, schedule=schedule))
    signal, noise, b_signal, b_noise = run(z[..., 0], z[..., 1:], gram[1:, 1:], gram[0, 0], y)
    both = {"z": (signal, noise), "b": (b_signal, b_noise)}
    return {name: np.concatenate([one[..., None], many], axis=2).tolist() for name, (one, many) in both.items()}


@cache
def _draws() -> list[Any]:
    problems = [sample(np.random.default_rng(seed)) for seed in range(RUNS)]
    fields = [
        (p.start[..., 0], p.start[..., 1:], p.gram[1:, 1:], p.gram[0, 0], p.y) for p in problems
    ]
    return [np.stack(column) for column in zip(*fields, strict=True)]


@cache
def _batch(what: str, chunk: int) -> Callable[[], None]:
    """A function that runs all RUNS draws in chunks of `chunk`, compiled."""
    import jax

    schedule = Schedule()
    task = partial(advance if what == "steps" else whole, schedule=schedule)
    # A chunk of one runs without the batch axis, as its author would write it.
    compiled = jax.jit(task if chunk == 1 else jax.vmap(task))
    arguments = _draws() if what == "steps" else [jax.random.split(jax.random.key(0), RUNS)]
    places = [at if chunk == 1 else slice(at, at + chunk) for at in range(0, RUNS, chunk)]
    pieces = [[jax.device_put(argument[place]) for argument in arguments] for place in places]

    def batch() -> None:
        for piece in pieces:
            jax.block_until_ready(compiled(*piece))

    return batch


def measure(what: str, chunk: int) -> dict[str, float]:
    """Seconds of wall and CPU time a run, over RUNS runs in chunks of `chunk`."""
    batch = _batch(what, chunk)
    wall, cpu = time.perf_counter(), time.process_time()
    batch()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"wall": wall / RUNS, "cpu": cpu / RUNS}


def main() -> None:
    """Answer requests until standard input closes."""
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAGS}"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import jax

    jax.config.update("jax_enable_x64", True)
    print(json.dumps({"jax": jax.__version__, "schedule": asdict(Schedule())}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "train":
            answer = train(request["draw"], Schedule(**request["schedule"]))
        else:
            answer = measure(request["do"], request["chunk"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
