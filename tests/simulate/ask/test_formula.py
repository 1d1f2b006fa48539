"""Formulas: the values Python gives, one-sentence refusals, never NaN."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.declare.formula import (
    OPERATIONS,
    PARAMETERS,
    QUANTITIES,
    REDUCTIONS,
    RELATIONS,
    FormulaError,
    names,
    parse,
)
from simulate.ask import formula as numbers
from simulate.ask.formula import evaluate
from simulate.check import formula as arrays
from simulate.check import indexed

VALUES = {"n": 20, "m": 10, "d": 400.0, "delta": 0.1, "flag": True, "eps": 0.01}
POSITIVE = st.floats(1e-3, 1e3)


def test_the_events_thresholds() -> None:
    assert evaluate("1/(sqrt(2*log(8*m/delta))*log(n))", VALUES) == 1 / (math.sqrt(2 * math.log(800)) * math.log(20))
    assert evaluate("4*m*log(4/eps)", VALUES) == 40 * math.log(400)
    assert evaluate("2", {}) == 2.0 and isinstance(evaluate("2", {}), float)


@given(a=POSITIVE, b=POSITIVE, c=POSITIVE)
def test_every_operation_is_pythons(a: float, b: float, c: float) -> None:
    at = {"a": a, "b": b, "c": c}
    assert evaluate("-a + b*c - a/b**2 - -c", at) == -a + b * c - a / b**2 - -c
    assert evaluate("max(a, b, c) - min(a, b) + abs(a - b)", at) == max(a, b, c) - min(a, b) + abs(a - b)
    assert evaluate("sqrt(a)*exp(-b/1e3)*log(1 + c)", at) == math.sqrt(a) * math.exp(-b / 1e3) * math.log(1 + c)
    assert evaluate("a - b - c", at) == a - b - c and evaluate("2**2**0.5", at) == 2**2**0.5


def test_flags_count_and_large_dimensions_do_not_overflow() -> None:
    assert evaluate("(2 - flag)*n", VALUES) == 20
    dimension = math.exp(100)
    assert evaluate("(0.01*sqrt(d))**4/d", {"d": dimension}) == pytest.approx(1e-8 * dimension)
    assert evaluate("log(d)", {"d": 10**300}) == pytest.approx(300 * math.log(10))
    assert evaluate("exp(-1e4)", {}) == 0.0


def test_names_are_in_order_without_functions() -> None:
    assert names("log(n)/m + n*max(d, delta)") == ("n", "m", "d", "delta")
    assert names("2*log(3)") == ()


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("k + 1", "needs k, which has no value"),
        ("1/log(one)", "divides by zero: log(one) = 0 at one = 1"),
        ("1/(n*log(one)*m)", "divides by zero: log(one) = 0 at one = 1"),
        ("log(one - n)", "logarithm of a number outside its domain: one - n = -19 at one = 1, n = 20"),
        ("log(0*n)", "logarithm"),
        ("sqrt(one - n)", "the root of a number outside its domain: one - n = -19"),
        ("(one - n)**0.5", "a power that is not a real number"),
        ("(one - 1)**-1", "a power that is not a real number"),
        ("exp(n**3)", "leaves the floating-point numbers at exp(n ** 3)"),
        ("1e200*1e200", "leaves the floating-point numbers"),
        ("10**400", "leaves the floating-point numbers"),
        ("n + word", "needs a finite number for word, which is 'mean'"),
        ("n + none", "which is None"),
        ("n + nan", "which is nan"),
        ("n + inf", "which is inf"),
        ("n + huge", "needs a finite number for huge"),
    ],
)
def test_a_formula_without_a_value_names_itself_and_the_culprit(text: str, culprit: str) -> None:
    at = {"n": 20, "m": 3, "one": 1, "word": "mean", "none": None, "nan": math.nan, "inf": math.inf, "huge": 10**400}
    with pytest.raises(FormulaError) as caught:
        evaluate(text, at)
    assert culprit in str(caught.value) and str(caught.value).startswith(text[:20]) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("m^2", "uses ^; write **"),
        ("m // 2", "m // 2, which is not arithmetic"),
        ("m % 2", "not arithmetic"),
        ("m if n else d", "not arithmetic"),
        ("m < n", "not arithmetic"),
        ("[m]", "not arithmetic"),
        ("m.real", "not arithmetic"),
        ("__import__('os')", "calls __import__; the functions are log"),
        ("(lambda: 1)()", "not arithmetic"),
        ("sin(m)", "calls sin"),
        ("log(m, 2)", "gives log 2 arguments; it takes one argument"),
        ("max()", "takes at least one argument"),
        ("log(x=m)", "not arithmetic"),
        ("max(*m)", "not arithmetic"),
        ("log + 1", "uses log without an argument"),
        ("True", "holds True"),
        ("'a'", "holds 'a'"),
        ("2j", "holds 2j"),
        ("1e400", "not a finite number"),
        ("m +", "is not a formula"),
        ("", "is not a formula"),
        ("m; n", "is not a formula"),
        ("m\0", "is not a formula"),
        ("(" * 500 + "m" + ")" * 500, "is not a formula"),
    ],
)
def test_only_arithmetic_is_read(text: str, culprit: str) -> None:
    for use in (parse, names, lambda t: evaluate(t, VALUES)):
        with pytest.raises(FormulaError) as caught:
            use(text)
        assert culprit in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_sum_too_long_to_walk_is_refused() -> None:
    text = " + ".join(["1"] * 20_000)
    with pytest.raises(FormulaError):
        evaluate(text, {})
    assert evaluate(" + ".join(["n"] * 100), {"n": 2}) == 200


@st.composite
def _texts(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["a", "b", "0", "1", "2.5", "1e150"]))
    left, right = draw(_texts(depth - 1)), draw(_texts(depth - 1))
    form = draw(st.sampled_from(["({0} + {1})", "({0} - {1})", "({0}*{1})", "({0}/{1})", "({0}**{1})", "log({0})",
                                 "exp({0})", "sqrt({0})", "max({0}, {1})", "(-{0})"]))
    return form.format(left, right)


@given(text=_texts(), a=st.floats(allow_nan=True), b=st.floats(-10, 10))
def test_a_value_is_finite_or_refused(text: str, a: float, b: float) -> None:
    try:
        value = evaluate(text, {"a": a, "b": b})
    except FormulaError as error:
        assert text[:20] in str(error)
    else:
        assert type(value) is float and math.isfinite(value)


def test_both_evaluators_know_what_the_grammar_allows_and_nothing_else() -> None:
    assert set(numbers.FUNCTIONS) == set(PARAMETERS.callables)
    assert set(numbers.OPERATIONS) == set(OPERATIONS)
    assert {*arrays._FUNCTIONS, *arrays._EXTREMES} == set(QUANTITIES.callables)
    assert set(arrays._REDUCTIONS) == set(REDUCTIONS) and set(indexed.HOLDS) == set(RELATIONS.values())


def test_quantities_are_the_same_grammar_with_more() -> None:
    shared = ("1/(sqrt(2*log(8*m/delta))*log(n))", "-a + b*c - a/b**2 - -c", "max(a, b) + min(a, b, c)", "+exp(1e-3)")
    for text in shared:
        assert ast.dump(parse(text)) == ast.dump(parse(text, QUANTITIES))
    claim = "max[j,r](abs(next(gamma)), own and not same) <= at(gamma[j,q], T_1) < 2"
    assert names(claim, QUANTITIES) == ("j", "r", "gamma", "own", "same", "q", "T_1")
    with pytest.raises(FormulaError, match="not arithmetic of parameters"):
        parse(claim)


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("gamma <= 1e400", "not a finite number"),
        ("gamma <= 1_000", "write numbers in decimals"),
        ("gamma <= 1e-400", "below the smallest number above 0"),
        ("gamma[1] <= 1", "[1]: expected names of indices"),
        ("max[j](gamma, own, same) <= 1", "the reductions are max, min, sum"),
        ("prod[j](gamma) <= 1", "the reductions are max, min, sum"),
        ("next(gamma, 2) <= 1", "next is not a function of 2 arguments"),
        ("at(gamma) <= 1", "at is not a function of 1 argument;"),
        ("gamma <= np.float64(0.5)", "is how NumPy writes a number; write that alone, float(x)"),
        ("relu <= 1", "uses relu without an argument"),
        ("gamma if own else rho", "not part of a formula"),
        ("gamma in rho", "the comparisons are <=, <, >=, > and =="),
        ("gamma.max() <= 1", "takes plain arguments"),
        ("~gamma <= 1", "not part of a formula"),
        ("gamma <=", "is not a formula; docs/lemmas.md has the grammar"),
    ],
)
def test_what_no_statement_may_hold_is_said_before_anything_runs(text: str, culprit: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text, QUANTITIES)
    assert culprit in str(caught.value) and "\n" not in str(caught.value)
