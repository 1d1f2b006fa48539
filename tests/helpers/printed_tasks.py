"""States of the bilevel setting, and by torch what its claims' left sides are there.

Nothing here uses the derivation: losses are computed from the vectors and differentiated by autograd, task by task.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.calculus.roles import FormalVector, GramEntry

Array = NDArray[np.float64]
At = dict[str, int]
SIGN = np.array([1.0, -1.0])
PLACES = {"nu_k": 1, "xi": 2, "z": 1, "nu": 0, "fresh": 0}  # a vector's indices
VECTORS = {FormalVector(name).name: name for name in PLACES}
PRODUCTS = {GramEntry(*pair).name: pair for pair in itertools.product(PLACES, repeat=2)}


@dataclass(frozen=True)
class Tasks:
    """nu (d,), z (K, d), xi (K, n, d), fresh (d,), y (K, n), filters W (2, m, d); n_1 examples are trained on.

    trained, tested: the examples of the inner loop and of the outer step; where: each task's weights (K, 2, m, d)
    whose gradient the step takes.
    """

    nu: Array
    z: Array
    xi: Array
    fresh: Array
    y: Array
    W: Array
    n_1: int = 2
    J: int = 3
    gamma: float = 0.8
    eta: float = 1.0
    h: float = 0.5
    split: bool = False
    outer: bool = True

    @property
    def nu_k(self) -> Array:
        """(K, d)."""
        return self.nu + self.z

    @property
    def trained(self) -> slice:
        """The examples that the inner loop takes."""
        return slice(0, self.n_1 if self.split else None)

    @property
    def tested(self) -> slice:
        """The examples that the outer step takes."""
        return slice(self.n_1 if self.split else 0, None)

    @functools.cached_property
    def where(self) -> Array:
        """Each task's weights after J inner steps, or, for an inner step, after one."""
        return np.stack([adapted(self, k, self.J if self.outer else 1) for k in range(len(self.z))])

    @functools.cached_property
    def margins(self) -> Array:
        """y f at `where`, (K, n)."""
        return self.y * np.stack([outputs(self, W, k) for k, W in enumerate(self.where)])

    @functools.cached_property
    def by_c_4(self) -> Array:
        """(2, m, K, n): <w, xi_{k,i}> after J steps, each example's self term added as (C.4) has it."""
        found = np.einsum("jrd,kid->kjri", self.W, self.xi)
        for step in range(self.J):
            for k in range(len(self.z)):
                W = adapted(self, k, step)
                l1 = -1 / (1 + np.exp(self.y[k] * outputs(self, W, k)))
                pull = -self.gamma / self.n_1 * l1 * self.y[k] * SIGN[:, None, None]
                true = pull * ramp(W @ self.xi[k].T, self.h)
                others = true[..., : self.n_1] @ (self.xi[k][: self.n_1] @ self.xi[k].T)
                own = pull * ramp(found[k], self.h) * (self.xi[k] ** 2).sum(1)
                found[k] += others + np.where(np.arange(self.y.shape[1]) < self.n_1, 0, own)
        return np.moveaxis(found, 0, 2)

    def size(self, upper: str) -> int:
        return int({"m": self.W.shape[1], "n": self.y.shape[1], "n_1": self.n_1, "K": len(self.z), "2": 2}[upper])

    def symbol(self, name: str) -> Any:
        n = self.y.shape[1]
        return {"n": n, "n_1": self.n_1, "n_2": n - self.n_1, "K": len(self.z), "m": self.W.shape[1], "eta": self.eta,
                "gamma": self.gamma, "h": self.h, "G_nu_nu": self.nu @ self.nu, "W": self.W}[name]

    def vector(self, name: str, at: tuple[int, ...]) -> Array:
        """A vector by name and indices."""
        known = {"nu_k": self.nu_k, "xi": self.xi, "nu": self.nu, "z": self.z, "fresh": self.fresh}
        found: Array = known[name][at]
        return found

    @functools.cached_property
    def known(self) -> dict[str, Array]:
        """Symbols with indices, as arrays; products (2, m, K) and (2, m, K, n) at `where`."""
        on_nu = np.einsum("kjrd,kd->jrk", self.where, self.nu_k)
        return {
            "s": SIGN, "y": self.y, "l1": -1 / (1 + np.exp(self.margins)), "loss": np.log1p(np.exp(-self.margins)),
            "W~": self.where, "z_nu_k": on_nu, "a_nu_k": on_nu[..., None] * self.y, "other_xi": self.by_c_4,
            "a_xi": np.einsum("kjrd,kid->jrki", self.where, self.xi),
        }

    def named(self, base: str, at: tuple[int, ...]) -> Any:
        at = tuple(index - 1 for index in at)
        if base in VECTORS:
            return self.vector(VECTORS[base], at)
        if base not in PRODUCTS:
            return self.known[base][at]
        first, second = PRODUCTS[base]
        return self.vector(first, at[: PLACES[first]]) @ self.vector(second, at[PLACES[first] :])


def ramp(x: Array, h: float) -> Array:
    """sigma'."""
    found: Array = np.clip(x / h, 0, 1)
    return found


def tasks(seed: int = 0, split: bool = False, outer: bool = True, K: int = 3, n: int = 5) -> Tasks:
    """Weights of order one, noises off the features but not off one another, ||nu|| = 1.3; tasks 0 and 1 differ."""
    rng, d, m = np.random.default_rng(seed), 14, 4
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    nu, z = 1.3 * basis[0], 0.25 * rng.standard_normal((K, 4)) @ basis[1:5]
    noise = 0.4 * rng.standard_normal((K * n + 1, d - 5)) @ basis[5:]
    y = np.where(rng.permuted(np.tile(np.arange(n), (K, 1)), axis=1) % 2 == 0, 1.0, -1.0)
    return Tasks(nu, z, noise[:-1].reshape(K, n, d), noise[-1], y, 0.25 * rng.standard_normal((2, m, d)), split=split,
                 outer=outer)


# What happens, by torch.


def _output(state: Tasks, W: Any, k: int) -> Any:
    import torch

    def sigma(x: Any) -> Any:
        square = x * x / (2 * state.h)
        return torch.where(x < 0, torch.zeros_like(x), torch.where(x <= state.h, square, x - state.h / 2))

    signal = torch.tensor(state.y[k][:, None] * state.nu_k[k])
    both = sigma(W @ torch.tensor(state.xi[k]).T) + sigma(W @ signal.T)
    return torch.einsum("j,jri->i", torch.tensor(SIGN), both)


def outputs(state: Tasks, W: Array, k: int) -> Array:
    """f of task k's examples, (n,)."""
    import torch

    return np.asarray(_output(state, torch.tensor(W), k))


def slopes(state: Tasks, W: Array, k: int, examples: slice) -> Array:
    """The gradient of task k's mean loss over `examples` at W."""
    import torch

    at = torch.tensor(W, requires_grad=True)
    margins = torch.tensor(state.y[k]) * _output(state, at, k)
    torch.nn.functional.softplus(-margins[examples]).mean().backward()  # type: ignore[no-untyped-call]
    assert at.grad is not None
    return np.asarray(at.grad)


def adapted(state: Tasks, k: int, steps: int) -> Array:
    """W after `steps` inner steps on task k."""
    W = state.W.copy()
    for _ in range(steps):
        W -= state.gamma * slopes(state, W, k, state.trained)
    return W


def moved_inside(state: Tasks, k: int) -> Array:
    """What the next inner step adds to task k's weights."""
    return -state.gamma * slopes(state, state.where[k], k, state.trained)


def moved(state: Tasks) -> Array:
    """What the outer step adds to W."""
    gradients = [slopes(state, W, k, state.tested) for k, W in enumerate(state.where)]
    return np.asarray(-state.eta * np.mean(gradients, axis=0))


def moved_by_reptile(state: Tasks) -> Array:
    """What Reptile's outer step adds to W."""
    return np.asarray(state.eta * np.mean(state.where - state.W, axis=0))


Truth = Callable[[Tasks], Iterator[tuple[At, Any]]]


def indexed(**named: int) -> At:
    """Indices by name, counted from 1; a trailing underscore stands for a prime."""
    return {name.replace("_", "'"): index + 1 for name, index in named.items()}


def _changes(state: Tasks, k: int) -> Array:
    return moved(state) if state.outer else moved_inside(state, k)


def noises(examples: Callable[[Tasks], slice] = lambda state: slice(None)) -> Truth:
    """The change of <w_{j,r}, xi_{k,i}> at these examples; k' is free where a display forgets its sum."""

    def truth(state: Tasks) -> Iterator[tuple[At, Any]]:
        for k in range(len(state.z)):
            change = _changes(state, k) @ state.xi[k].T
            for j, r in np.ndindex(change.shape[:2]):
                for i in range(state.y.shape[1])[examples(state)]:
                    yield indexed(j=j, r=r, k=k, i=i, k_=0), change[j, r, i]

    return truth


def features(vector: Callable[[Tasks, int], Array], signed: bool = True) -> Truth:
    """The change of j <w_{j,r}, v_k>; of <w_{1,r}, v_k> where not signed."""

    def truth(state: Tasks) -> Iterator[tuple[At, Any]]:
        for k in range(len(state.z)):
            change = _changes(state, k) @ vector(state, k)
            for j, r in np.ndindex(change.shape):
                if signed or j == 0:
                    yield indexed(j=j, r=r, k=k), SIGN[j] * change[j, r]

    return truth


def _fresh(state: Tasks) -> Iterator[tuple[At, Any]]:
    change = moved(state) @ state.fresh
    for j, r in np.ndindex(change.shape):
        yield indexed(j=j, r=r), change[j, r]


def _gradients(state: Tasks) -> Iterator[tuple[At, Any]]:
    for k, W in enumerate(state.where):
        found = slopes(state, W, k, slice(None))
        for j, r in np.ndindex(found.shape[:2]):
            yield indexed(j=j, r=r, k=k), found[j, r]


def _margins(state: Tasks) -> Iterator[tuple[At, Any]]:
    for k, i in np.ndindex(state.y.shape):
        for j, r in np.ndindex(state.W.shape[:2]):
            yield indexed(j=j, r=r, k=k, i=i), state.margins[k, i]


def _products(state: Tasks) -> Iterator[tuple[At, Any]]:
    for k, other in np.ndindex(len(state.z), len(state.z)):
        yield indexed(k=k, k_=other), state.nu_k[k] @ state.nu_k[other]


def _reptile(state: Tasks) -> Iterator[tuple[At, Any]]:
    yield {}, moved_by_reptile(state)


def _task(state: Tasks, k: int) -> Array:
    found: Array = state.nu_k[k]
    return found


def _own(state: Tasks, k: int) -> Array:
    found: Array = state.z[k]
    return found


def _nu(state: Tasks, k: int) -> Array:
    return state.nu


INNER, OUTER, SPLIT_INNER, SPLIT_OUTER = (False, False), (False, True), (True, False), (True, True)  # split, outer
ENTRIES: dict[str, tuple[tuple[bool, bool], Truth]] = {
    "eq:C-gradient": (INNER, _gradients),
    "eq:C.1-step": (INNER, features(_task)),
    "eq:C.2-step": (INNER, noises()),
    "eq:C.3-step": (SPLIT_INNER, noises(lambda state: state.tested)),
    "eq:C.4-step": (SPLIT_INNER, noises(lambda state: state.trained)),
    "eq:C.5-step": (SPLIT_INNER, features(_task)),
    "eq:C.6-step": (OUTER, noises()),
    "eq:C.7-margin": (OUTER, _margins),
    "eq:C.8-step": (OUTER, features(_nu)),
    "eq:C.9-step": (SPLIT_OUTER, noises(lambda state: state.tested)),
    "eq:C.10-step": (SPLIT_OUTER, noises(lambda state: state.trained)),
    "eq:C.11-step": (SPLIT_OUTER, features(_nu)),
    "eq:A.3-step": (OUTER, _reptile),
    "eq:E.11-step": (OUTER, features(_task)),
    "eq:E.11-product": (OUTER, _products),
    "eq:E.17-step": (OUTER, features(_own)),
    "eq:E.34-step": (OUTER, _fresh),
    "eq:F.1-step": (SPLIT_OUTER, features(_own, signed=False)),
    "eq:F.4-step": (SPLIT_INNER, features(_nu, signed=False)),
    "eq:F.4-z": (SPLIT_INNER, features(_own, signed=False)),
    "lem:F.7-step": (SPLIT_OUTER, features(_task, signed=False)),
    "eq:F.33-step": (SPLIT_OUTER, _fresh),
    "eq:F.35-step": (SPLIT_OUTER, _fresh),
}
TRUTH = {f"fomaml-{name}": truth for name, (_, truth) in ENTRIES.items()}


@functools.cache
def state_of(claim: str, seed: int = 0) -> Tasks:
    """A state of the claim's method and loop."""
    split, outer = ENTRIES[claim.removeprefix("fomaml-")][0]
    return tasks(seed, split, outer)
