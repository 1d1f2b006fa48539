"""Observables of class heads: 1 - p and its balance, activation sets, and the ratios of noise and feature by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from derivations.declare import ActiveShare, Balance, Complement, Deactivated, NoiseRatio
from dynamics.arrays import Array
from dynamics.fresh import classnoise

from ..errors import InputError
from .evaluators import OfStates, evaluates
from .states import States, Variable


@evaluates(Complement)
class Complements(OfStates[Complement]):
    """1 - p_{y_i}(x_i)."""

    def variable(self, states: States, declared: Complement) -> Variable | None:
        """(T, n)."""
        return Variable(("t", "i"), np.exp(_log_complement(states)))


@evaluates(Balance)
class Balances(OfStates[Balance]):
    """The largest complement over the smallest."""

    def variable(self, states: States, declared: Balance) -> Variable | None:
        """(T,)."""
        logs = _log_complement(states)
        with np.errstate(over="ignore"):
            return Variable(("t",), np.exp(np.ptp(logs, axis=1)))


@evaluates(ActiveShare)
class ActiveShares(OfStates[ActiveShare]):
    """How many filters of the own head are active."""

    def variable(self, states: States, declared: ActiveShare) -> Variable | None:
        """(T, n)."""
        return Variable(("t", "i"), _own_active(states, declared.of).mean(axis=1))


@evaluates(Deactivated)
class Deactivations(OfStates[Deactivated]):
    """How many were active at the recorded step before, and are not now."""

    def variable(self, states: States, declared: Deactivated) -> Variable | None:
        """(T,), 0 at the first."""
        active = _own_active(states, declared.of)
        lost = np.zeros(len(active))
        lost[1:] = (active[:-1] & ~active[1:]).sum(axis=(1, 2))
        return Variable(("t",), lost)


@evaluates(NoiseRatio)
class NoiseRatios(OfStates[NoiseRatio]):
    """Ratios of noise and feature by class."""

    def variable(self, states: States, declared: NoiseRatio) -> Variable | None:
        """(K, K) of the data."""
        return Variable((states.head, "class"), _ratios(states, declared))


def _log_complement(states: States) -> Array:
    """log(1 - p_{y_i}(x_i)), (T, n)."""
    outputs = states.seen["outputs"]  # (T, n, K)
    return classnoise.log_complement(np.swapaxes(outputs, 1, 2), states.draw.y)


def _own_active(states: States, family: str) -> NDArray[np.bool_]:
    """Whether each filter of the example's own head has z > 0 on the family's vector of that example, (T, m, n)."""
    z, label = states.z[..., states.rows(family)], states.draw.y.astype(np.intp)
    first = np.zeros_like(label)
    place = states.model.family(family).index_set.row(first, label, first, np.arange(len(label)))
    own = z[:, label, :, place]  # the indexed axes come first: (n, T, m)
    return np.moveaxis(own, 0, -1) > 0


def _ratios(states: States, declared: NoiseRatio) -> Array:
    """(K, K) of the data at hand; NaN where a class has too few examples."""
    family, classes = states.model.family(declared.of), states.model.n_heads
    if not family.index_set.per_example:
        raise InputError(f"{declared.name}: {declared.of!r} is not a family over examples; leave it out of observables")
    rows, y = states.rows(declared.of), states.draw.y
    moments = classnoise.pair_moments(states.draw.gram[rows, rows], y, classes)
    sizes = (y[None, :] == np.arange(classes)[:, None]).sum(axis=1).astype(np.float64)
    if declared.signal:
        lengths = np.diag(states.draw.gram)[states.rows(declared.signal)]  # ||u_k||^2
        top = (sizes * lengths) ** 2
    else:
        top = sizes * np.diag(moments)
    below = sizes[None, :] * moments
    unknown = np.full((classes, classes), np.nan)
    ratio: Array = np.divide(np.broadcast_to(top[:, None], below.shape), below, out=unknown, where=below > 0)
    return ratio
