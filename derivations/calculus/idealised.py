"""An idealised recursion, as proofs iterate it: l' frozen at its value at 0, or the l'' term of a penalty dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from ..errors import ModelError
from .recursion import Recursion
from .sums import Definition
from .symbols import i


@dataclass(frozen=True)
class Dropped:
    """What is dropped: `frozen`, l' is l'(0) throughout; `flat`, l'' is 0, and with it zeta (or D) of a penalty."""

    frozen: bool = False
    flat: bool = False


def idealised(recursion: Recursion, dropped: Dropped) -> Recursion:
    """The recursion without what is dropped.  Raises ModelError, in one sentence, where it has none of it."""
    definitions, objective = dict(recursion.definitions), recursion.model.objective
    if "p" in definitions and dropped.frozen:
        return replace(recursion, definitions={**definitions, "p": _even(recursion, definitions["p"])})
    if "l1" not in definitions:
        raise ModelError(f"gap: the loss {objective.loss!r} has no l'' of a margin to drop; leave the penalty out")
    # NOTE: margins stay in both, so that a step still computes outputs, by which it tells a run that diverges.
    margin = sp.IndexedBase("margin")[i]
    nothing = sp.Mul(sp.S.Zero, margin, evaluate=False)
    if dropped.frozen:  # with what weighs it: label weights, and the shares of mixed labels
        slope = definitions["l1"].expr.xreplace({margin: nothing})
        definitions["l1"] = replace(definitions["l1"], expr=slope, meaning="first derivative of the loss, frozen")
    if dropped.flat:
        definitions["l2"] = replace(definitions["l2"], expr=nothing, meaning="second derivative of the loss, dropped")
    return replace(recursion, definitions=definitions)


def _even(recursion: Recursion, p: Definition) -> Definition:
    """The softmax probabilities of class heads at outputs 0, 1/K each."""
    nothing = sp.Mul(sp.S.Zero, recursion.definitions["F"].symbol, evaluate=False)
    share = sp.Rational(1, recursion.model.network.classes)
    return replace(p, expr=sp.Add(share, nothing, evaluate=False), meaning="softmax probability, frozen")
