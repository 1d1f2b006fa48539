"""Formulas in z: what is refused, their derivatives, what they are at a kink, and how far their floats are off."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]
import pytest

from derivations.calculus.curves import curve
from derivations.declare import (
    FORMULAS,
    LOSSES,
    Activation,
    Expressed,
    Expression,
    Model,
    Objective,
    OfMargin,
    Parameter,
)
from derivations.declare.domains import check
from derivations.derive import derive
from derivations.errors import ModelError
from derivations.kernel.formulas import function
from derivations.kernel.layout import copied
from derivations.kernel.skeleton import exponential, functions, logistic
from derivations.notation import curves
from derivations.papers.nearly_orthogonal.model import model as leaky
from tests.helpers.bounded import FUNCTIONS, LEAST, Bounded, U

REFUSED = [
    ("foo(z)", "foo(z) calls foo; the functions are exp, log, sqrt, "), ("z^2", "z^2 uses ^; write ** for a power"),
    ("3", "3 does not hold z"), ("abs(z)", "holds abs, whose derivative at its kink is not said; write where(z > 0, "),
    ("relu(z)**2", "holds relu, whose derivative at its kink"), ("max(0, 1 - z)", "holds max, whose derivative at its"),
    ("sign(z)", "holds sign, whose derivative at its kink is not said"), ("2**z", "has z in an exponent"),
    ("z**17", "has the exponent 17; the largest is 16"), ("where(z > 0, z)", "gives where 2 arguments"),
    ("where(z**2 > 1, z, 0)", "has the condition z ** 2 > 1; compare z alone"), ("z if z > 0 else 0", "write where(z"),
    ("exp(exp(", "is not a formula; write z, numbers, parameters"),
    ("z.real", "which is no part of a formula in z"), ("True*z", "holds True, which is not a finite number"),
    ("z*kappa", "'kappa' reads as 1/m or 1"), ("z*naïve", "holds the name 'naïve' is not an identifier"),
    ("tanh(z, 1)", "gives tanh 2 arguments; it takes one"), ("z*0x10", "write numbers in decimals"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_a_text_that_is_no_formula_is_refused_in_a_sentence(text: str, said: str) -> None:
    for make in (Activation, lambda text: Objective(loss=text)):
        with pytest.raises(ModelError) as caught:
            make(text)
        assert said in str(caught.value) and "\n" not in str(caught.value)


def of_h(text: str, **bounds: Any) -> Model:
    """A model whose activation is a formula of the parameter h."""
    model = leaky()
    h = Parameter(name="h", latex="h", meaning="", kind="real", default=1.0, **bounds)
    network = replace(model.network, activation=Activation(text))
    return replace(model, network=network, parameters=(*model.parameters, h), observables=(), events=())


@pytest.mark.parametrize(("text", "said"), [
    ("sqrt(z)", "sqrt takes z, which may be 0 or below; write it so that it cannot"),
    ("log(z)", "log takes z, which may be 0 or below"), ("sqrt(z**2)", "sqrt takes z ** 2, which may be 0 or below"),
    ("1/z", "it divides by z, which may be 0"), ("z**0.5", "a power that is no whole number takes z"),
    ("z**-1*z**2", "it divides by z, which may be 0"), ("log(1 + tanh(z))", "log takes 1 + tanh(z)"),
    ("z/h", "it divides by h, which may be 0; give h a range by low, open_low or high"),
    ("where(z > 0, 1, 0)*z + where(z > 1, 1, 0)", "jumps at z = 1 from 1 to 2"),
    ("where(z > h, z, 0)", "jumps at z = h from 0 to "), ("z*hh", "'hh' in z*hh is neither z nor a parameter"),
])
def test_a_formula_that_is_not_real_and_continuous_everywhere_is_refused(text: str, said: str) -> None:
    with pytest.raises(ModelError, match=r"^Activation\.name: ") as caught:
        of_h(text, low=0)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [
    "sqrt(1 + z*z)", "where(z > 0, sqrt(z)*z, 0)", "where(0 <= z, z/(1 + z), z/(1 - z))", "z/h", "(h + z**2)**0.5",
    "where(z > h, z - h/2, where(z > 0, z**2/(2*h), 0))", "log(1 + exp(h*z))", "1/(1 + z**2)", "log(sigmoid(z))",
])
def test_a_formula_that_is_real_by_the_ranges_of_its_parameters_is_taken(text: str) -> None:
    assert {"h"} >= set(of_h(text, low=0, open_low=True).network.activation.kind.constants)


def test_forms_that_would_overflow_are_read_as_what_they_are() -> None:
    said = {"log(1 + exp(-z))": "softplus(-z)", "1/(exp(-z) + 1)": "sigmoid(z)", "2/(1 + exp(3*z))":
            "2 * sigmoid(-(3 * z))", "-log(sigmoid(z))": "softplus(-z)"}
    assert {text: ast.unparse(Expression(text).tree) for text in said} == said


# ---- values and derivatives --------------------------------------------------------------------------------------


def _density(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _share(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _slope(x: Any) -> Any:
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2


def _bell(x: Any) -> Any:
    return 2 * mp.exp(-x * x) / mp.sqrt(mp.pi)


def _smoothed(order: int) -> Callable[[Any], Any]:
    """Slope 1/10 and width 1/2."""

    def of(x: Any) -> Any:
        lost = mp.mpf(9) / 80
        upper, lower = (x - lost, 1, 0)[order], (x / 10 - lost, mp.mpf(1) / 10, 0)[order]
        middle = (9 * x * x / 20 + 11 * x / 20, (18 * x + 11) / 20, mp.mpf(9) / 10)[order]
        return upper if x >= 0.5 else middle if x > -0.5 else lower

    return of


EXACT: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "identity": (lambda x: x, lambda x: 1, lambda x: 0), "square": (lambda x: x * x, lambda x: 2 * x, lambda x: 2),
    "cubic": (lambda x: x**3, lambda x: 3 * x * x, lambda x: 6 * x),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), _slope, lambda x: -_slope(x) * mp.tanh(x / 2)),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x)), _slope),
    "gelu": (lambda x: x * _share(x), lambda x: _share(x) + x * _density(x), lambda x: (2 - x * x) * _density(x)),
    "erf": (mp.erf, _bell, lambda x: -2 * x * _bell(x)),
    "smoothed_leaky_relu": (_smoothed(0), _smoothed(1), _smoothed(2)),
    "hinge": (lambda x: max(0, 1 - x), lambda x: -1 if x < 1 else 0, lambda x: 0),
    "squared": (lambda x: (1 - x) ** 2 / 2, lambda x: x - 1, lambda x: 1),
    "smooth_hinge": (
        lambda x: mp.mpf(1) / 2 - x if x <= 0 else max(0, 1 - x) ** 2 / 2, lambda x: min(max(x - 1, -1), 0),
        lambda x: 1 if 0 < x < 1 else 0),
    "logistic": (lambda x: mp.log1p(mp.exp(-x)), lambda x: -1 / (1 + mp.exp(x)), _slope),
    "exponential": (lambda x: mp.exp(-x), lambda x: -mp.exp(-x), lambda x: mp.exp(-x)),
}
"""Each with its derivatives, by hand."""
SHIPPED = {
    **{name: kind.expression for name in FORMULAS
       if isinstance(kind := Activation(name, slope=0.1).kind, Expressed)},
    **{name: kind.expression for name, kind in LOSSES.items() if isinstance(kind, OfMargin)},
}
POINTS = [sign * each for each in (1e-300, 1e-8, 0.1, 0.3, 2.0, 5.0, 19.5, 37.5, 100.0, 700.0, 745.5, 800.0)
          for sign in (1.0, -1.0)]


def module(*texts: str, **known: Any) -> dict[str, Any]:
    """The functions of a kernel's text, as plain Python."""
    names: dict[str, Any] = {"njit": lambda **_: lambda f: f, "inf": math.inf, **known}
    for text in texts:
        exec(text, names)
    return names


def by(known: Mapping[str, Any], expression: Expression, order: int) -> Callable[..., Any]:
    found: Callable[..., Any] = module(*copied(functions), function("f", "f", expression, order), **known)["f"]
    return found


def reference(name: str, order: int, at: float) -> Any:
    """The exact value, in 500 digits less what cancels."""
    with mp.workdps(500):
        return +mp.mpf(EXACT[name][order](mp.mpf(at)))


PLAIN = {name: getattr(math, name) for name in FUNCTIONS}


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_functions_keep_to_their_bound_up_to_800(name: str, order: int) -> None:
    """Each operation loses a half unit and each library function two: the bound is what these sum to.

    It is at most 12 + 3 z^2 units in the last place: the exponents -z^2/2 and -z^2 are rounded before exp takes them.
    Zeros of derivatives within the points' reach, where no bound in units holds, are not among the points.
    """
    plain, bounded = by(PLAIN, SHIPPED[name], order), by(FUNCTIONS, SHIPPED[name], order)
    for at in POINTS:
        with mp.workdps(60):
            exact, bound = reference(name, order, at), Bounded.of(bounded(Bounded(at)))
            assert abs(mp.mpf(plain(at)) - exact) <= bound.lost
            assert bound.lost <= (12 + 3 * at * at) * (2 * U * abs(exact) + 4 * LEAST)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("loss", "name"), [(logistic, "logistic"), (exponential, "exponential")])
def test_the_older_losses_keep_to_theirs(loss: Any, name: str, order: int) -> None:
    plain = module(*copied(loss), **PLAIN)[f"loss_{order}"]
    for at in POINTS:
        with mp.workdps(60):
            exact = reference(name, order, at)
            if abs(exact) > mp.mpf(1.7e308):
                assert abs(plain(at)) == math.inf
            else:
                assert abs(mp.mpf(plain(at)) - exact) <= 12 * U * abs(exact) + 4 * LEAST


def test_a_naive_form_is_outside_the_bound() -> None:
    """The mutants: 1 - tanh^2 has no digit at 19.5, and the bound says so."""
    naive: Callable[[float], float] = lambda x: 1.0 - math.tanh(x) ** 2  # noqa: E731
    exact = reference("tanh", 1, 19.5)
    assert abs(naive(19.5) - exact) > 0.01 * exact
    assert abs(by(PLAIN, SHIPPED["tanh"], 1)(19.5) - exact) < 1e-15 * exact


@pytest.mark.parametrize(("text", "at", "expected"), [
    ("where(z > 0, z, 0)", 0.0, 0.0), ("where(z >= 0, z, 0)", 0.0, 1.0), ("where(z < 0, 0, z)", 0.0, 1.0),
    ("where(z <= 0, 0, z)", 0.0, 0.0), ("where(0 < z, z, 0)", 0.0, 0.0), ("where(1 > z, 1 - z, 0)", 1.0, 0.0),
    ("where(z > 0, z, where(z < 0, -z, z/3))", 0.0, 1 / 3), ("2*where(z > 0, z, 0)*where(z > 0, z, 0)", 0.0, 0.0),
    ("where(z > 0, z, 0) - where(z > -1, z + 1, 0)", 0.0, -1.0),
])
def test_the_derivative_at_a_kink_is_of_the_side_that_the_comparison_puts_it_on(
    text: str, at: float, expected: float
) -> None:
    import torch

    from simulate.train.formulas import activation

    check(Expression(text), ())
    assert by(PLAIN, Expression(text), 1)(at) == expected
    z = torch.tensor([at], dtype=torch.float64, requires_grad=True)
    activation(Activation(text), z).sum().backward()  # type: ignore[no-untyped-call]
    assert float(z.grad) == expected  # type: ignore[arg-type]


def test_what_is_no_number_goes_through_every_shipped_function() -> None:
    for name in ("gelu", "smoothed_leaky_relu", "softplus", "tanh"):
        assert math.isnan(by(PLAIN, SHIPPED[name], 0)(math.nan))


def test_a_rational_derivative_does_not_cancel() -> None:
    softsign = Expression("where(z > 0, z/(1 + z), z/(1 - z))")
    for order, exact in ((1, 801.0**-2), (2, -2 * 801.0**-3)):
        assert abs(by(PLAIN, softsign, order)(800.0) - exact) <= 1e-15 * abs(exact)


# ---- as they are written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "plain", "tex"), [
    ("z*sigmoid(1.702*z)", "z*sigmoid(1.702*z)", r"z \operatorname{sigmoid}\left(1.702 z\right)"),
    ("z - 0.05*z**3/4", "-0.0125*z**3 + z", r"- 0.0125 z^{3} + z"),
    ("z/3 + z**2/8", "z**2/8 + z/3", r"\frac{z^{2}}{8} + \frac{z}{3}"),
])
def test_decimals_are_printed_as_they_are_typed(typed: str, plain: str, tex: str) -> None:
    """Before, 1.702 was 851/500: exact, and nobody's number."""
    found = curve(Expression(typed))
    assert (curves.text(found), curves.latex(found, {})) == (plain, tex)


def test_formulas_and_their_derivatives_are_shown() -> None:
    model = replace(of_h("z*sigmoid(h*z)"), objective=Objective(loss="hinge"))
    text, latex = str(derive(model)), derive(model).latex()
    assert "sigma(z) = z*sigmoid(h*z)\n" in text and "sigma'(z) = h*z*sigmoid'(h*z) + sigmoid(h*z)\n" in text
    assert "l(z) = where(z >= 1, 0, 1 - z)\n" in text and "l'(z) = where(z >= 1, 0, -1)\n" in text
    assert "l''(z)" not in text and "sigma''(z)" not in text
    assert r"\sigma(z) &= z \operatorname{sigmoid}\left(h z\right)" in latex
    assert r"\ell'(z) &= \begin{cases} 0, & z \geq 1 \\ -1, & \text{otherwise} \end{cases}" in latex


def test_text_of_a_formula_is_one_again() -> None:
    for name, expression in SHIPPED.items():
        again = Expression(curves.text(curve(expression)))
        for at in (-3.0, -0.2, 0.4, 2.5):
            assert abs(by(PLAIN, again, 0)(at) - by(PLAIN, expression, 0)(at)) <= 1e-14 * (1 + abs(at) ** 3), name
