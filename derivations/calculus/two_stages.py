"""The early stage of two loops: what an outer step adds, of products that the inner loop has grown before.

The inner loop multiplies a product by 1 + rate in each of its J steps, by the stage of one task's recursion; the outer
step then adds its own rate of what that has become.  A `share` of a split's labels is of the product's sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ..declare import Model, TaskLaw
from ..errors import ModelError
from .recursion import Recursion
from .stages import Stage, norm, other, same, stages
from .symbols import eta, n
from .task_symbols import K, gamma, n_1, n_2

J = sp.Symbol("J", integer=True, nonnegative=True)
share = sp.Symbol("share", positive=True)
common = sp.Symbol("common", positive=True)  # |v|^2 of what all tasks' directions share


@dataclass(frozen=True)
class TwoStage:
    """A family's early stage in two loops: `inner`, by which an inner step multiplies a product; `rate`, of a step.

    A per-example family's rate is that of the examples that the outer step takes.
    """

    family: str
    own: bool
    inner: sp.Expr
    rate: sp.Expr


def two_stages(recursion: Recursion) -> tuple[TwoStage, ...]:
    """Each family's, as `stages` gives them.  Raises ModelError where one is no exponential stage, and for Reptile."""
    model = recursion.model
    if model.bilevel.weighed:
        raise ModelError("rates: tasks of different shares have no rate in common; leave shares and sampled out")
    if model.bilevel.to_adapted:
        raise ModelError("rates: Reptile moves W to the adapted weights, which has no rate here; take a gradient")
    return tuple(_two(model, each) for each in stages(recursion))


def _two(model: Model, stage: Stage) -> TwoStage:
    if stage.power != 1:
        raise ModelError(f"rates: {stage.family} grows by a power of {stage.power} in the inner loop, not as it is")
    family = model.family(stage.family)
    splits = model.bilevel.splits
    inside, outside = (n_1, n_2) if splits else (n, n)
    inner = 1 + _in_split(stage.rate, gamma, inside)
    outer = _in_split(stage.rate, eta / K, outside)
    if family.index_set.per_example:
        grown = sp.S.One if splits else inner**J
        return TwoStage(stage.family, stage.own, inner, outer * grown)
    of_all = isinstance(family.law, TaskLaw)
    tasks = K if of_all or family.index_set.shared else sp.S.One
    moved = outer.xreplace({norm: common}) if of_all else outer
    return TwoStage(stage.family, stage.own, inner, tasks * moved * inner**J)


def _in_split(rate: sp.Expr, step: sp.Expr, examples: sp.Expr) -> sp.Expr:
    """A rate of gradient descent with this step on so many examples, a share of them of the product's sign."""
    return rate.xreplace({same: share * examples, other: (1 - share) * examples, eta: step, n: examples})
