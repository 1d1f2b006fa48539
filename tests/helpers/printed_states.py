"""States of the heterogeneous and the nearly orthogonal setting, and by torch what their claims' left sides are there;
those of the bilevel setting are from `printed_tasks`.

Nothing here uses the derivation: outputs are computed from the vectors and differentiated by autograd.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.helpers.printed_tasks import Tasks, indexed

from . import printed_tasks

Array = NDArray[np.float64]
At = dict[str, int]
SIGN = (1.0, -1.0)


@dataclass(frozen=True)
class Classes:
    """Features u (K, d), noises xi (n, d), filters W (K, m, d), labels y (n,) in 0..K-1."""

    u: Array
    xi: Array
    W: Array
    y: NDArray[np.int64]
    eta: float = 1.0
    w_star: float = 2.5 * math.log(4 * 2 / 0.1)

    def size(self, upper: str) -> int:
        return int({"m": self.W.shape[1], "n": len(self.y), str(len(self.u)): len(self.u)}[upper])

    def symbol(self, name: str) -> Any:
        return {"n": len(self.y), "m": self.W.shape[1], "eta": self.eta, "w_star": self.w_star}[name]

    @functools.cached_property
    def vectors(self) -> Array:
        """The features, then the noises."""
        return np.vstack([self.u, self.xi])

    @functools.cached_property
    def p(self) -> Array:
        """Softmax probabilities (K, n)."""
        on = np.maximum(self.W @ self.u.T, 0)[..., self.y] + np.maximum(self.W @ self.xi.T, 0)
        rising: Array = np.exp(on.mean(1) - on.mean(1).max(0))
        return np.asarray(rising / rising.sum(0))

    def named(self, base: str, at: tuple[int, ...]) -> Any:
        at = tuple(index - 1 for index in at)
        vectors = {"u": self.u, "xi": self.xi}
        if base == "y":
            return self.y[at] + 1
        if base == "p":
            return self.p[at]
        kind, *families = base.split("_")
        if kind == "v":
            return vectors[families[0]][at[0]]
        if kind == "G":
            return vectors[families[0]][at[0]] @ vectors[families[1]][at[1]]
        return self.W[at[0], at[1]] @ vectors[families[0]][at[2]]


@dataclass(frozen=True)
class Inputs:
    """Inputs x (n, d), filters W (2, m, d), labels y (n,) of +-1, and the slope below 0."""

    x: Array
    W: Array
    y: Array
    slope: float = 0.3
    eta: float = 1.0

    def size(self, upper: str) -> int:
        return int({"m": self.W.shape[1], "n": len(self.y), "2": 2}[upper])

    def symbol(self, name: str) -> Any:
        return {"n": len(self.y), "m": self.W.shape[1], "eta": self.eta, "slope": self.slope}[name]

    @functools.cached_property
    def margins(self) -> Array:
        """y_i f(x_i)."""
        on = self.W @ self.x.T
        found: Array = self.y * np.einsum("j,jri->i", SIGN, np.maximum(on, self.slope * on)) / self.W.shape[1]
        return found

    def named(self, base: str, at: tuple[int, ...]) -> Any:
        at = tuple(index - 1 for index in at)
        if base == "G_x_x":
            return self.x[at[0]] @ self.x[at[1]]
        return self.W[at[0], at[1]] @ self.x[at[2]] if base == "a_x" else self.known[base][at[0]]

    @functools.cached_property
    def known(self) -> dict[str, Any]:
        """Symbols of one index."""
        return {
            "y": self.y, "s": SIGN, "l1": -1 / (1 + np.exp(self.margins)), "loss": np.log1p(np.exp(-self.margins)),
            "v_x": self.x,
        }


def classes(seed: int = 0, m: int = 4, sizes: tuple[int, ...] = (3, 2, 2), d: int = 16, noise: float = 0.8) -> Classes:
    """Orthogonal features of unequal length, noises off them but not off one another."""
    rng, K, n = np.random.default_rng(seed), len(sizes), sum(sizes)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    u = np.linspace(0.7, 1.3, K)[:, None] * basis[:K]
    xi = noise * rng.standard_normal((n, d - K)) @ basis[K:]
    return Classes(u, xi, 0.6 * rng.standard_normal((K, m, d)), np.repeat(np.arange(K), sizes))


def inputs(seed: int = 0, m: int = 4, n: int = 5, d: int = 9, frozen: bool = False) -> Inputs:
    """Inputs of unequal length, not orthogonal; `frozen`: every <w_{j,r}, x_i> has the sign j y_i."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 1.5, (n, 1)) * rng.standard_normal((n, d)) / math.sqrt(d)
    y = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    W = 0.8 * rng.standard_normal((2, m, d))
    if frozen:
        wanted = np.array(SIGN)[:, None, None] * y * rng.uniform(0.1, 1, (2, m, n))
        W = wanted @ np.linalg.pinv(x).T
    return Inputs(x, W, y)


# What happens, by torch.


def moved(state: Classes | Inputs) -> Array:
    """W(t+1) - W(t)."""
    from derivations.papers.heterogeneous.model import model as of_classes
    from derivations.papers.nearly_orthogonal.model import model as of_inputs
    from simulate.train import weights

    values: dict[str, Any] = {"eta": state.eta, "neurons": "mean"}
    if isinstance(state, Classes):
        model, vectors = of_classes(len(state.u)), state.vectors
    else:
        model, vectors, values = of_inputs(), state.x, {**values, "slope": state.slope}
    found: Array = weights.step(model, vectors, state.y.astype(float), state.W, values) - state.W
    return found


def coefficients(state: Classes | Inputs) -> Array:
    """b of W(t+1) - W(t) = sum b v, the directions independent: (H, m, B)."""
    vectors = state.vectors if isinstance(state, Classes) else state.x
    change = moved(state)
    found = np.linalg.lstsq(vectors.T, change.reshape(-1, change.shape[2]).T, rcond=None)[0]
    return np.asarray(found.T.reshape(*change.shape[:2], -1))


def slopes_of(state: Classes, head: int, example: int) -> Array:
    """The gradient of F_head(x_example) in W."""
    import torch

    W = torch.tensor(state.W, requires_grad=True)
    patches = torch.tensor(np.stack([state.u[state.y[example]], state.xi[example]]))
    torch.relu(W[head] @ patches.T).sum().div(W.shape[1]).backward()  # type: ignore[no-untyped-call]
    assert W.grad is not None
    return np.asarray(W.grad)


def margin_slopes(state: Inputs, example: int) -> Array:
    """The gradient of y f(x) of one example in W."""
    import torch

    W = torch.tensor(state.W, requires_grad=True)
    on = W @ torch.tensor(state.x[example])
    f = torch.where(on >= 0, on, state.slope * on).mean(1)
    (float(state.y[example]) * (f[0] - f[1])).backward()  # type: ignore[no-untyped-call]
    assert W.grad is not None
    return np.asarray(W.grad)


Truth = Callable[[Any], Iterator[tuple[At, Any]]]


def filters(scale: Callable[[Any], float] = lambda state: 1.0, head: str = "k") -> Truth:
    """Every filter's change, scaled."""

    def truth(state: Any) -> Iterator[tuple[At, Any]]:
        change = moved(state) * scale(state)
        for h, r in np.ndindex(change.shape[:2]):
            yield indexed(**{head: h, "r": r}), change[h, r]

    return truth


def along(vectors: Callable[[Any], Array], which: Callable[[Any, int, int], bool], head: str = "k") -> Truth:
    """The change of <w, v_i>, at the (head, example) pairs that `which` names."""

    def truth(state: Any) -> Iterator[tuple[At, Any]]:
        change = moved(state) @ vectors(state).T
        for h, r, i in np.ndindex(change.shape):
            if which(state, h, i):
                yield indexed(**{head: h, "r": r, "i": i}), change[h, r, i]

    return truth


def _of_outputs(value: Callable[[Classes, Array, int], float]) -> Truth:
    def truth(state: Classes) -> Iterator[tuple[At, Any]]:
        for h, i in itertools.product(range(len(state.u)), range(len(state.y))):
            yield indexed(h=h, i=i, r=0), value(state, slopes_of(state, h, i), i)

    return truth


def _output_slopes(state: Classes) -> Iterator[tuple[At, Any]]:
    for h, i in itertools.product(range(len(state.u)), range(len(state.y))):
        found = slopes_of(state, h, i)
        for k, r in np.ndindex(found.shape[:2]):
            yield indexed(h=h, i=i, k=k, r=r), found[k, r]


def _against_w_star(state: Classes, slopes: Array, i: int) -> float:
    w_star = state.w_star * state.u / (state.u**2).sum(1, keepdims=True)
    return float(np.einsum("krd,kd->", slopes, w_star))


def _beta(state: Classes) -> Iterator[tuple[At, Any]]:
    b = coefficients(state)[..., len(state.u) :]
    for k, r, i in np.ndindex(b.shape):
        yield indexed(k=k, r=r, i=i), b[k, r, i]


def _own_feature(state: Classes) -> Iterator[tuple[At, Any]]:
    b = coefficients(state)
    for k, r in itertools.product(range(len(state.u)), range(b.shape[1])):
        yield indexed(c_=k, r=r), b[k, r, k] * state.u[k]


def _noises(state: Classes) -> Iterator[tuple[At, Any]]:
    b = coefficients(state)[..., len(state.u) :]
    for k, r in np.ndindex(b.shape[:2]):
        yield indexed(k=k, r=r), b[k, r] @ state.xi


def _rho(which: Callable[[Inputs, int, int], bool], size: bool = False, at: str = "i") -> Truth:
    """The change of rho_{j,r,i}, or of |rho_{j,r,i}|, at the (head, example) pairs that `which` names."""

    def truth(state: Inputs) -> Iterator[tuple[At, Any]]:
        change = coefficients(state) * (state.x**2).sum(1)
        for j, r, i in np.ndindex(change.shape):
            if which(state, j, i):
                found = change[j, r, i] * (SIGN[j] * state.y[i] if size else 1)
                others = [k for k in range(len(state.y)) if state.y[k] == SIGN[j]] if at == "i_" else [i]
                yield indexed(**{"j": j, "r": r, "i": others[0], at: i}), found

    return truth


def _split(own: bool) -> Truth:
    """The change of rho 1{j = y_i}, or of rho 1{j != y_i}."""

    def truth(state: Inputs) -> Iterator[tuple[At, Any]]:
        change = coefficients(state) * (state.x**2).sum(1)
        for j, r, i in np.ndindex(change.shape):
            yield indexed(j=j, r=r, i=i), change[j, r, i] if (SIGN[j] == state.y[i]) == own else 0.0

    return truth


def _margin_slopes(state: Inputs) -> Iterator[tuple[At, Any]]:
    for i in range(len(state.y)):
        found = margin_slopes(state, i)
        for j, r in np.ndindex(found.shape[:2]):
            yield indexed(i=i, j=j, r=r), found[j, r]


def _own(state: Any, head: int, i: int) -> bool:
    return bool(head == state.y[i] if isinstance(state, Classes) else SIGN[head] == state.y[i])


def _other(state: Any, head: int, i: int) -> bool:
    return not _own(state, head, i)


def _any(state: Any, head: int, i: int) -> bool:
    return True


def _features(state: Classes) -> Array:
    return state.u[state.y]


TRUTH: dict[str, Truth] = {
    "heterogeneous-60-gradient": filters(lambda state: -1 / state.eta),
    "heterogeneous-64-step": along(_features, _other),
    "heterogeneous-65-step": along(lambda state: state.xi, _any),
    "heterogeneous-66-step": along(_features, _own),
    "heterogeneous-73-gradient": _output_slopes,
    "heterogeneous-74-product": _of_outputs(_against_w_star),
    "heterogeneous-76-norm": _of_outputs(lambda state, slopes, i: float((slopes**2).sum())),
    "heterogeneous-96-step": along(lambda state: state.xi, _own),
    "heterogeneous-112-beta": _beta,
    "heterogeneous-122-step": _own_feature,
    "heterogeneous-124-step": _noises,
    "heterogeneous-decomposition": filters(),
    "nearly_orthogonal-3.2-step": filters(head="j"),
    "nearly_orthogonal-5.1-step": filters(head="j"),
    "nearly_orthogonal-5.4-step": _split(True),
    "nearly_orthogonal-5.5-step": _split(False),
    "nearly_orthogonal-D.1-step": _rho(_own),
    "nearly_orthogonal-D.2-step": _rho(_other),
    "nearly_orthogonal-D.2-sum": _rho(_other),
    "nearly_orthogonal-5.7-ratio": _rho(_own),
    "nearly_orthogonal-D.3-ratio": _rho(_own),
    "nearly_orthogonal-E.1-sum": _rho(_any, size=True, at="i_"),
    "nearly_orthogonal-E.2-step": _rho(_other, at="i_"),
    "nearly_orthogonal-F.2-step": _rho(_other),
    "nearly_orthogonal-G.1-step": along(lambda state: state.x, _own, head="j"),
    "nearly_orthogonal-G.11-gradient": _margin_slopes,
    **printed_tasks.TRUTH,
}
FROZEN = {"nearly_orthogonal-D.1-step", "nearly_orthogonal-D.2-step", "nearly_orthogonal-D.2-sum",
          "nearly_orthogonal-5.7-ratio", "nearly_orthogonal-D.3-ratio"}


def state_of(claim: str, seed: int = 0) -> Classes | Inputs | Tasks:
    """A state that meets a claim's hypotheses."""
    if claim in printed_tasks.TRUTH:
        return printed_tasks.state_of(claim, seed)
    return classes(seed) if claim.startswith("heterogeneous") else inputs(seed, frozen=claim in FROZEN)


def error(claim: str, mended: tuple[str, ...], seed: int = 0) -> float:
    """The largest entry of |display - left side|, the slips of `mended` mended."""
    from derivations.papers.shelf import claims
    from tests.helpers.printed_numbers import value

    state, lines = state_of(claim, seed), claims()[claim].lines(mended)
    return max(
        float(np.abs(sum(value(line, state, at) for line in lines) - found).max()) for at, found in TRUTH[claim](state)
    )
