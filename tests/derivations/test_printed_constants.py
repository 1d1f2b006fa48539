"""Numbers that are substituted into a printed formula or a kernel keep their value as it is read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Activation, GradientDescent, Model, Parameter
from derivations.derive import derive
from derivations.kernel.printer import GIVEN, argument
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from derivations.show.shown import steps
from dynamics.arrays import Array
from dynamics.kernel.loading import GENERATED, plain_module
from simulate.testing import plain_kernel


def with_activation(model: Model, **given: Any) -> Model:
    """The model with another activation, and the parameters that it names."""
    known = {each.name for each in model.parameters}
    named = {each for each in given.values() if isinstance(each, str)} - {given["name"], *known}
    more = (Parameter(name=each, latex="", meaning="a constant", kind="real", default=0.5) for each in sorted(named))
    network = replace(model.network, activation=Activation(**given))
    return replace(model, network=network, parameters=(*model.parameters, *more))


def huberized(width: float | str, regularizer: str = "pegr") -> Model:
    return with_activation(pegr(regularizer), name="huberized_relu", width=width)


WIDTHS = [(0.5, "(1/2)"), (2.0, "2"), (0.1, "(1/10)"), (1e-5, "(1/100000)"), (2.5, "(5/2)"), ("h", "h")]


@pytest.mark.parametrize(("width", "shown"), WIDTHS)
def test_a_width_divides_what_it_stands_under(width: float | str, shown: str) -> None:
    recursion = derive(huberized(width))
    for text in (str(recursion), steps(recursion), recursion.kernel_source().split('"""')[1]):
        divisors = set(re.findall(r"clip\(<[^>]*>/(.*?), 0, 1\)", text))
        assert divisors == {shown}


@pytest.mark.parametrize(("width", "shown"), [(0.5, r"\bigl(\frac{1}{2}\bigr)"), (2.0, "2"), ("h", "h")])
def test_a_width_divides_in_latex_too_and_powers_are_kept(width: float | str, shown: str) -> None:
    latex = derive(huberized(width)).latex()  # a squared ramp was an IndexError
    assert r"\mathrm{clip}_{[0,1]}^{2}(\langle \mathbf{w}_{j,r}^{(t)}, y_{i} " in latex
    assert set(re.findall(r"\\rangle/(.*?)\)(?: |\\,|$)", latex, re.MULTILINE)) == {shown}


@pytest.mark.parametrize("latex", ["", "x^", r"\frac", "{", "}", r"\left", "\\", "+ -", "%"])
def test_a_declared_latex_that_stops_short_is_printed_as_it_stands(latex: str) -> None:
    for model in (pegr("none"), fomaml()):
        first = model.directions[0]
        shown = replace(first, latex=latex, coefficient=replace(first.coefficient, latex=latex))
        assert latex in derive(replace(model, directions=(shown, *model.directions[1:]))).latex()


@pytest.mark.parametrize("slope", [-0.25, 1e-5, 0.1])
def test_a_slope_is_said_and_its_square_printed(slope: float) -> None:
    leaky = {"name": "leaky_relu", "slope": slope}
    recursion = derive(with_activation(pegr("pegr"), **leaky))
    assert r"\sigma'^{2}(\langle" in recursion.latex()
    for model in (recursion.model, with_activation(fomaml(), **leaky)):
        assert f"leaky_relu of slope {slope} with sigma'(0) = {slope}" in str(derive(model))


@pytest.mark.parametrize("value", [0.1, 0.1 + 0.2, 1e-5, 1e-310, 5e-324, 1e300, 1.7976931348623157e308, 1 / 3])
def test_a_kernel_holds_exactly_the_declared_number(value: float) -> None:
    source = derive(with_activation(pegr("none"), name="leaky_relu", slope=value)).kernel_source()
    written = re.findall(r"leaky\(a_mu, (.*)\)", source)
    assert written and {eval(each) for each in written} == {value}


def end_state(name: str) -> Array:
    """Where three steps lead, the width being a parameter of that name."""
    kernel = plain_kernel(huberized(name))
    rng = np.random.default_rng(0)
    vectors, weights = rng.normal(size=(4, 7)), rng.normal(size=(2, 3, 7))
    values: dict[str, Any] = {"neurons": "mean", "penalty_half": True, "lam_until": None, "eta": 0.5, "lam": 0.5}
    z, gram, y = weights @ vectors.T, vectors @ vectors.T, np.array([1.0, -1.0, 1.0])
    found = kernel.run(z, np.zeros_like(z), gram, y, {**values, name: 0.5}, 3, np.arange(4))
    assert not np.array_equal(found.z[0], found.z[-1])
    end: Array = found.z[-1]
    return end


@pytest.mark.slow
def test_a_parameter_may_have_any_name_that_the_kernels_text_uses() -> None:
    usual = end_state("h")
    for name in ("lam", "eta", "gram", "step", "w0", "given_h", "q0", "g"):
        assert np.array_equal(end_state(name), usual), name


def test_a_bilevel_kernel_may_have_a_parameter_called_slope() -> None:
    model = with_activation(fomaml(), name="leaky_relu", slope="slope")
    assert plain_module(derive(model).kernel_source(), "two").PATCHES == 2  # the argument was there twice


def test_no_name_of_the_kernels_own_text_begins_as_a_declared_one() -> None:
    """A list of the names that were taken had to be kept; a declared `pieces` or `dsigma` could be left out of it."""
    models = [fomaml(), pegr("fgr"), huberized("h"), nearly_orthogonal()]
    options = {name: name for name in ("batch", "momentum", "weight_decay", "radius", "label_noise")}
    everything = replace(pegr("pegr"), parameters=(), algorithm=GradientDescent.by_option(options))
    texts = [derive(model).kernel_source() for model in (*models, everything)]
    texts += [path.read_text(encoding="utf-8") for path in GENERATED.glob("heterogeneous_K3*.py")]
    code = "\n".join(re.sub(r'""".*?"""|#[^\n]*|"[^"\n]*"', "", text, flags=re.DOTALL) for text in texts)
    names = {each for each in re.findall(r"(?<![.\w])[A-Za-z]\w*", code) if not re.fullmatch("[a-z]_", each)}
    assert len(names) > 100
    assert {each for each in names if each.startswith(GIVEN)} == {argument("h"), argument("slope")}
