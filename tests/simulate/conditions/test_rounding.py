"""A clause whose sides are equal holds, whichever way float64 rounds them; one that misses by more does not."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Clause, ClauseList, Conditions, Quantity
from derivations.papers.pegr.model import model as pegr
from simulate.ask.formula import evaluate
from simulate.ask.rounding import ULP, bounded
from simulate.conditions.conditions import tabulate
from simulate.conditions.feasible import feasible

SNR = Quantity(name="ratio", formula="n*mu_norm**4/(sigma_p**4*d)", meaning="")


def declared(relation: Literal[">=", "<=", "="], power: Literal[1, 0, -1], left: str, right: str) -> Conditions:
    clause = Clause(id="a", source="", text="", left=left, relation=relation, right=right, power=power, mends=())
    return Conditions(paper="own", title="", quantities=(SNR,), lists=(ClauseList(title="own", clauses=(clause,)),))


def grid(level: float) -> list[dict[str, Any]]:
    """Points at which n |mu|^4/(sigma_p^4 d) is `level`, but for the rounding of mu_norm, as an equation is solved."""
    model, points = pegr(), []
    for n in (5, 7, 10, 13, 20):
        for d in (100.0, 300.0, 700.0, 1000.0, 3000.0):
            given = {"n": n, "d": d, "sigma_p": 0.7}
            solved = gr.held("pegr", given, f"mu_norm: n*mu_norm**4/(sigma_p**4*d)={level!r}")
            points.append({**{each.name: each.default for each in model.parameters}, **solved})
    return points


@pytest.mark.parametrize(("relation", "power", "sides", "constant", "level"), [
    (">=", 1, ("ratio", "1"), 1.0, 1.0), ("<=", 1, ("1", "ratio"), 1.0, 1.0), ("<=", 1, ("ratio", "3"), 1 / 3, 1.0),
    (">=", -1, ("ratio", "3"), 3.0, 1.0), (">=", 0, ("ratio", "1"), 0.5, 1.0), ("<=", 0, ("ratio", "1"), 7.0, 1.0),
    ("=", -1, ("ratio", "1"), 1.0, 1.0), ("=", -1, ("ratio", "1"), 3.0, 3.0), ("=", -1, ("ratio", "1"), 3.0, 1 / 3),
    (">=", 1, ("ratio - 1", "0"), 1.0, 1.0), ("<=", 1, ("log(ratio)", "0"), 1.0, 1.0),
])
def test_equal_sides_are_on_the_edge_of_the_region_everywhere(
    relation: Any, power: Any, sides: tuple[str, str], constant: float, level: float
) -> None:
    clauses, model = declared(relation, power, *sides), pegr()
    found = [feasible(clauses, model, values, constant=constant) for values in grid(level)]
    assert all(found), found
    assert all(tabulate(clauses, model, values, constant=constant).tables[0].holds for values in grid(level))


def test_the_points_are_on_either_side_in_float64() -> None:
    """So that the test above does not hold by luck."""
    values = [evaluate(SNR.formula, each) for each in grid(1.0)]
    assert min(values) < 1.0 < max(values)


@pytest.mark.parametrize("off", [1e-12, 1e-9, 1e-3])
def test_what_misses_by_more_than_rounding_fails(off: float) -> None:
    model = pegr()
    for relation, power in ((">=", 1), (">=", 0)):
        clauses = declared(relation, power, "ratio", "1")  # type: ignore[arg-type]
        assert not any(feasible(clauses, model, values) for values in grid(1.0 - off))
        assert all(feasible(clauses, model, values) for values in grid(1.0 + off))


def test_a_bound_is_above_the_error_of_exact_arithmetic() -> None:
    """By fractions of the same float64 inputs, over random rational formulas."""
    rng = np.random.default_rng(3)
    texts = ("x*y/z + x - y", "(x + y)**2/(z*x)", "(x - z)*(y + z)/(x*y)", "x/y/z - z/x", "-x*(y - 3)/7")
    for at in range(300):
        x, y, z = (float(each) for each in rng.uniform(0.1, 10.0, 3))
        text, here = texts[at % len(texts)], {"x": x, "y": y, "z": z}
        value, off = bounded(text, {name: (each, 0.0) for name, each in here.items()}.__getitem__)
        exact = eval(text, {}, {name: Fraction(each) for name, each in here.items()})
        assert value == evaluate(text, here)
        assert abs(Fraction(value) - exact) <= off <= 40 * ULP * 1e4


@pytest.mark.parametrize("text", ["log(x)", "exp(x)", "sqrt(x)", "x**3", "x**y", "max(x, y)", "abs(-x)", "2**x", "1/x"])
def test_an_input_s_error_goes_through_a_function(text: str) -> None:
    x, y, off = 1.7, 2.3, 1e-9
    _, bound = bounded(text, lambda name: ({"x": x, "y": y}[name], off))
    moved = [evaluate(text, {"x": x + a * off, "y": y + b * off}) for a in (-1, 1) for b in (-1, 1)]
    apart = max(abs(each - evaluate(text, {"x": x, "y": y})) for each in moved)
    assert 0 < apart <= bound * (1 + 1e-6) and bound <= 4 * apart + math.ulp(10.0) * 8
