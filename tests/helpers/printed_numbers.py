"""Displays as numbers: a tree walk over a SymPy expression at a given state, and one torch step to hold it against.

Nothing here uses the derivation: pre-activations, l', l'' and zeta are computed from the vectors.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from derivations.calculus.activations import HuberizedRelu, LeakySlopeClosed, Ramp, Relu, Step
from derivations.papers.pegr.model import model

Array = NDArray[np.float64]
SIGN = (1.0, -1.0)
COEFFICIENTS = ("gamma", "rho", "rho_over", "rho_under")


class Numbers(Protocol):
    """What `value` reads of a state; indices count from 1."""

    def size(self, upper: str) -> int:
        """What a sum runs to."""

    def symbol(self, name: str) -> Any:
        """A symbol without indices."""

    def named(self, base: str, at: tuple[int, ...]) -> Any:
        """A symbol with indices."""


@dataclass(frozen=True)
class State:
    """Vectors mu (d,) and xi (n, d), filters W (2, m, d), labels y (n,), penalty weight and step size."""

    mu: Array
    xi: Array
    W: Array
    y: Array
    lam: float
    eta: float = 1.0

    def size(self, upper: str) -> int:
        return int({"m": self.W.shape[1], "n": len(self.y), "2": 2}[upper])

    def symbol(self, name: str) -> Any:
        known: dict[str, Any] = {
            "n": len(self.y), "m": self.W.shape[1], "eta": self.eta, "lam": self.lam, "v_mu": self.mu,
            "G_mu_mu": self.mu @ self.mu,
        }
        return known[name]

    def preactivation(self, family: str, at: Sequence[int]) -> Any:
        j, r, i = (index - 1 for index in at)
        return self.W[j, r] @ (self.y[i] * self.mu if family == "mu" else self.xi[i])

    @functools.cached_property
    def margins(self) -> Array:
        signal = np.maximum(np.einsum("jrd,i,d->jri", self.W, self.y, self.mu), 0) ** 2
        noise = np.maximum(np.einsum("jrd,id->jri", self.W, self.xi), 0) ** 2
        outputs: Array = np.einsum("j,jri->i", np.array(SIGN), signal + noise) / self.W.shape[1]
        return self.y * outputs

    def zeta(self, i: int) -> float:
        signal = np.maximum(self.W @ (self.y[i] * self.mu), 0) ** 2 * (self.mu @ self.mu)
        noise = np.maximum(self.W @ self.xi[i], 0) ** 2 * (self.xi[i] @ self.xi[i])
        return float((signal + noise).sum())

    def named(self, base: str, at: tuple[int, ...]) -> Any:
        """The value of a symbol of the displays; coefficients are 0, as at t = 0."""
        i = at[0] - 1
        if base.startswith(("a_", "a0_")):
            return self.preactivation(base.split("_")[1], at)
        if base == "G_xi_xi":
            return self.xi[i] @ self.xi[at[1] - 1]
        return 0.0 if base in COEFFICIENTS else self.known[base][i]

    @functools.cached_property
    def known(self) -> dict[str, Any]:
        sizes = np.exp(self.margins)
        return {
            "l1": -1 / (1 + sizes),
            "l2": sizes / (1 + sizes) ** 2,
            "zeta": [self.zeta(i) for i in range(len(self.y))],
            "y": self.y,
            "s": SIGN,
            "v_xi": self.xi,
            "v_mu": [self.mu] * len(self.y),  # Lemma 5.8 prints a mu_i that there is not: read as mu
        }


def random_state(seed: int, m: int, n: int, d: int, lam: float, orthogonal: bool = False) -> State:
    """Filters of order one, noises off mu and, where asked, off one another with unequal lengths."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    mu = 1.3 * basis[0]
    lengths = rng.uniform(0.7, 1.5, (n, 1))
    xi = basis[1 : n + 1] if orthogonal else rng.standard_normal((n, d - 1)) @ basis[1:] / np.sqrt(d)
    y = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    return State(mu, lengths * xi, 0.4 * rng.standard_normal((2, m, d)), y, lam)


Reader = Callable[[Numbers, dict[str, int]], Any]
"""What an expression is at a state, its free indices being given, counted from 1."""


def value(expr: sp.Expr, state: Numbers, at: dict[str, int]) -> Any:
    """The number or vector that `expr` is at `state`, its free indices being `at`, counted from 1."""
    return reader(expr)(state, at)


@functools.cache
def reader(expr: sp.Expr) -> Reader:
    """The tree walked once: a display is read at many states and indices."""
    if isinstance(expr, sp.Sum):
        return _sum(expr)
    if isinstance(expr, sp.Indexed):
        base, indices = str(expr.base), [reader(index) for index in expr.indices]
        return lambda state, at: state.named(base, tuple(int(index(state, at)) for index in indices))
    if isinstance(expr, sp.Symbol):
        name = str(expr)
        return lambda state, at: at[name] if name in at else state.symbol(name)
    if expr.is_number:
        number = float(expr)
        return lambda state, at: number
    operation, inner = OPERATIONS[expr.func], [reader(arg) for arg in expr.args]
    return lambda state, at: operation(*[each(state, at) for each in inner])


def _sum(expr: sp.Sum) -> Reader:
    body, names = reader(expr.function), [str(limit[0]) for limit in expr.limits]
    ends = [(reader(limit[1]), str(limit[2])) for limit in expr.limits]

    def total(state: Numbers, at: dict[str, int]) -> Any:
        ranges = [range(int(first(state, at)), state.size(last) + 1) for first, last in ends]
        return sum(body(state, {**at, **dict(zip(names, k, strict=True))}) for k in itertools.product(*ranges))

    return total


OPERATIONS: dict[Any, Callable[..., Any]] = {
    sp.Add: lambda *terms: sum(terms),
    sp.Mul: lambda *factors: functools.reduce(operator.mul, factors),
    sp.Pow: operator.pow,
    sp.KroneckerDelta: lambda left, right: float(left == right),
    Relu: lambda x: max(x, 0.0),
    Step: lambda x: float(x > 0),
    LeakySlopeClosed: lambda x, slope: 1.0 if x >= 0 else slope,
    HuberizedRelu: lambda x, h: 0.0 if x < 0 else x * x / (2 * h) if x <= h else x - h / 2,
    Ramp: lambda x, h: min(max(x / h, 0.0), 1.0),
}
"""Operations on the values of their arguments."""


def filters_after(lines: Sequence[sp.Expr], state: State) -> Array:
    """W(t+1), where the lines say w_{j,r}(t+1) - w_{j,r}(t)."""
    out = state.W.copy()
    for j, r in np.ndindex(out.shape[:2]):
        out[j, r] += sum(value(line, state, {"j": j + 1, "r": r + 1}) for line in lines)
    return out


def torch_step(state: State, regularizer: str, half: bool = True) -> Array:
    """W(t+1) by torch autograd."""
    from simulate.train import weights

    values: dict[str, float | int | bool | str | None] = {
        "eta": state.eta,
        "lam": state.lam,
        "penalty_half": half,
        "neurons": "mean",
        "q": 2,
    }
    vectors = np.vstack([state.mu, state.xi])
    return weights.step(model(regularizer), vectors, state.y, state.W, values)
