"""What neurons have of their own in a gradient and in a sum, apart from what their head shares."""

from __future__ import annotations

import pytest
import sympy as sp

from derivations.calculus.recursion import of_model
from derivations.calculus.symbols import r
from derivations.declare import Model
from derivations.kernel.by_class import summand
from derivations.kernel.lanes.by_head import by_neuron, each_once, factors
from derivations.kernel.schedule import schedule
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr

MODELS = [pegr("pegr"), pegr("fgr", 3), heterogeneous(3), nearly_orthogonal()]


def sums(model: Model) -> list[sp.Expr]:
    """What the stages of a step sum over neurons, and what they put into a gradient."""
    recursion = of_model(model)
    stages = [*schedule(recursion, recursion.gradient), *schedule(recursion, recursion.plain, prefix="v")]
    reduced = [summand(d.expr) for stage in stages if stage.kind == "reduce" for d in stage.definitions]
    return [*reduced, *[expr for stage in stages for expr in stage.contributions.values()]]


@pytest.mark.parametrize("model", MODELS, ids=lambda each: f"{each.name} {each.objective.penalty}")
def test_a_sum_is_what_is_shared_times_what_is_each_neuron_s_own(model: Model) -> None:
    for expr in sums(model):
        split = by_neuron(expr)
        assert sp.expand(sp.Add(*[own * shared for own, shared in split.items()]) - expr) == 0
        assert not any(r in shared.free_symbols for shared in split.values())
        assert all(r in factor.free_symbols for own in split if own != 1 for factor in sp.Mul.make_args(own))
        assert list(split) == sorted(split, key=str)  # whatever order terms come in, products are fused in this one


def test_equal_factors_are_summed_once() -> None:
    """PEGR's outputs and gradient norms sum the same squares over neurons."""
    reduced = [by_neuron(expr) for expr in sums(pegr("pegr"))[:4]]
    assert len(each_once(reduced)) < sum(map(len, reduced))


def test_a_product_is_two_factors_for_one_operation() -> None:
    x, y = sp.symbols("x y")
    for product, first, second in ((x, x, 1), (x**2, x, x), (x**3, x, x**2), (1 / x, 1 / x, 1), (sp.S.One, 1, 1)):
        assert factors(product) == (first, second)
    first, second = factors(x**2 * y)
    assert first * second == x**2 * y and {first, second} != {x**2 * y, 1}
