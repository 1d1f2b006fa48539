"""The PEGR recursion written by hand in Numba: what the generated kernel is measured against.

Meng, Cao and Zou, arXiv:2303.17940, Lemma 5.3 with 4 lambda zeta_i / m^2 in place of the printed 4 lambda zeta_i / m
and the noises' Gram matrix kept.  Tuned: the signal's sums are taken per label, the noise update is a row operation
that vectorises without reordering a sum, inactive entries are skipped, nothing is allocated in the time loop.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dynamics.arrays import Array

from .problem import Problem, Schedule


@numba.njit(cache=True, error_model="numpy")
def advance(  # noqa: PLR0912 - one function on purpose: the whole time loop
    signal: Array,
    noise: Array,
    b_signal: Array,
    b_noise: Array,
    gram: Array,
    mu2: float,
    y: Array,
    eta: float,
    lam: float,
    lam_until: int,
    steps: int,
) -> None:
    """Take `steps` steps in place: signal and b_signal (2, m), noise and b_noise (2, m, n), gram (n, n), y (n,)."""
    m, n = signal.shape[1], y.shape[0]
    outputs = np.empty((2, n))
    rate = np.empty((2, n))
    update = np.empty(n)
    on_label = np.empty((2, 2))  # sum_r ReLU(y <w, mu>)^2, by head and by label
    slope = np.empty(2)  # sum_i l'_i (1 + 4 lam zeta_i l''_i / m^2), by label
    square = np.empty(2)  # sum_i l'_i^2, by label
    scale = 2.0 * eta / (n * m)
    for t in range(steps):
        now = lam if t <= lam_until else 0.0
        for h in range(2):
            plus = 0.0
            minus = 0.0
            for r in range(m):
                a = signal[h, r]
                plus += max(a, 0.0) ** 2
                minus += max(-a, 0.0) ** 2
            on_label[h, 0] = plus
            on_label[h, 1] = minus
            for i in range(n):
                outputs[h, i] = 0.0
            for r in range(m):
                for i in range(n):
                    active = max(noise[h, r, i], 0.0)
                    outputs[h, i] += active * active
        slope[:] = 0.0
        square[:] = 0.0
        for i in range(n):
            label = 0 if y[i] > 0.0 else 1
            margin = y[i] * (on_label[0, label] + outputs[0, i] - on_label[1, label] - outputs[1, i]) / m
            small = math.exp(-abs(margin))
            first = -(small if margin >= 0.0 else 1.0) / (1.0 + small)
            second = small / ((1.0 + small) * (1.0 + small))
            zeta = (on_label[0, label] + on_label[1, label]) * mu2 + (outputs[0, i] + outputs[1, i]) * gram[i, i]
            towards = first * (1.0 + 4.0 * now * zeta / (m * m) * second)
            decay = 2.0 * now / m * first * first
            slope[label] += towards
            square[label] += decay
            rate[0, i] = scale * (towards * y[i] + decay * gram[i, i])
            rate[1, i] = scale * (-towards * y[i] + decay * gram[i, i])
        for h in range(2):
            j = 1.0 - 2.0 * h
            for r in range(m):
                a = signal[h, r]
                label = 0 if a > 0.0 else 1
                sign = 1.0 - 2.0 * label
                change = scale * a * (j * sign * slope[label] + mu2 * square[label])
                b_signal[h, r] -= change
                signal[h, r] = a - mu2 * change
                for i in range(n):
                    update[i] = rate[h, i] * max(noise[h, r, i], 0.0)
                    b_noise[h, r, i] -= update[i]
                for i in range(n):
                    if update[i] != 0.0:
                        for k in range(n):
                            noise[h, r, k] -= update[i] * gram[i, k]


def train(problem: Problem, schedule: Schedule) -> tuple[Array, Array]:
    """Run the recursion on a draw; z and b after the last step, each (2, m, 1 + n)."""
    signal, noise, b_signal, b_noise = state(problem)
    advance(signal, noise, b_signal, b_noise, *constants(problem, schedule))
    return join(signal, noise), join(b_signal, b_noise)


def state(problem: Problem) -> tuple[Array, Array, Array, Array]:
    """The four arrays `advance` changes, at t = 0."""
    start = problem.start
    signal, noise = np.ascontiguousarray(start[..., 0]), np.ascontiguousarray(start[..., 1:])
    return signal, noise, np.zeros_like(signal), np.zeros_like(noise)


def constants(problem: Problem, schedule: Schedule) -> tuple[Array, float, Array, float, float, int, int]:
    """The remaining arguments of `advance`."""
    gram = problem.gram
    noises = np.ascontiguousarray(gram[1:, 1:])
    return noises, float(gram[0, 0]), problem.y, schedule.eta, schedule.lam, schedule.lam_until, schedule.steps


def join(signal: Array, noise: Array) -> Array:
    """(2, m) and (2, m, n) as one (2, m, 1 + n)."""
    return np.concatenate([signal[..., None], noise], axis=2)
