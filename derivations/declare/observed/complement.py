"""1 - p of each example's own class, without cancellation, and how unequal it is over examples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..choices import Name, one_of
from ..observable import OfStates, of_examples
from ..views import Array, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class Complement(OfStates):
    """1 - p_{y_i}(x_i) of each example, class heads, without cancellation."""

    entrywise = True
    of_class_heads = True
    of_one_loop = True

    name: Name
    latex: str
    source: str = ""

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """An example's."""
        return {self.name: ("t", *of_examples(model))}

    def words(self, model: Any) -> dict[str, str]:
        """The probability of the other classes."""
        return {self.name: "softmax probability of the other classes, 1 - p_y, of each example, without cancellation"}

    def value(self, states: StateView) -> Array | None:
        """(T, n)."""
        return np.exp(log_complement(states.seen["outputs"], states.y))

    def by_weights(self, course: WeightView) -> Array:
        """Of the outputs by autograd, example by example."""
        return _by_weights(course)


@dataclass(frozen=True, kw_only=True)
class Balance(OfStates):
    """Largest over smallest entry of the `Complement` named `of`, over examples (inf where that overflows)."""

    of_class_heads = True
    of_one_loop = True

    name: Name
    latex: str
    of: str
    source: str = ""

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """One ratio a state."""
        return {self.name: ("t",)}

    def words(self, model: Any) -> dict[str, str]:
        """The ratio."""
        return {self.name: f"largest over smallest {self.of} over examples"}

    def refusal(self, model: Any) -> str:
        """It is of a Complement."""
        known = [each.name for each in model.observables if isinstance(each, Complement)]
        if not known:
            return f"{self.name}: of {self.of!r}, and the model has no Complement; declare one, or leave it out"
        return "" if self.of in known else f"{self.name}: of {one_of(self.of, known)}, the model's Complements"

    def value(self, states: StateView) -> Array | None:
        """(T,)."""
        logs = log_complement(states.seen["outputs"], states.y)
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(np.ptp(logs, axis=1)))

    def by_weights(self, course: WeightView) -> Array:
        """Of the outputs by autograd."""
        shares = _by_weights(course)
        return np.asarray(shares.max(1) / shares.min(1))


def log_complement(outputs: Array, y: Array) -> Array:
    """log(1 - p_y) of softmax outputs (..., n, K) with labels y (n,), without cancellation or underflow, (..., n)."""
    by_class, label = np.swapaxes(outputs, -1, -2), y.astype(np.intp)
    own = np.arange(by_class.shape[-2])[:, None] == label
    others = _log_sum(np.where(own, -np.inf, by_class))
    picked = np.broadcast_to(label, (*by_class.shape[:-2], 1, len(label)))
    top = np.take_along_axis(by_class, picked, axis=-2)[..., 0, :]
    # log(e^o / (e^o + e^t)) = -log(1 + e^{t - o})
    logs: Array = -np.logaddexp(0.0, top - others)
    return logs


def _log_sum(x: Array) -> Array:
    """log sum exp over the axis before the last."""
    top = x.max(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore"):
        logs: Array = (top + np.log(np.exp(x - top).sum(axis=-2, keepdims=True)))[..., 0, :]
    return logs


def _by_weights(course: WeightView) -> Array:
    """(T, n): the other classes' share of the softmax, each sum relative to its largest term."""
    outputs = course.seen["outputs"]
    shares = np.empty(outputs.shape[:2])
    for t, i in np.ndindex(shares.shape):
        scores, own = outputs[t, i].tolist(), int(course.y[i])
        others = [score for k, score in enumerate(scores) if k != own]
        rest = math.fsum(math.exp(score - max(others)) for score in others)
        shares[t, i] = math.exp(max(others) - max(scores)) * rest / math.fsum(math.exp(s - max(scores)) for s in scores)
    return shares
