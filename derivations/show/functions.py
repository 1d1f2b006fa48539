"""What sigma, ell and their derivatives are, and kappa and c where the model leaves them open: every symbol is defined.

One definition a kind of activation and of loss, as a curve in z that both alphabets print; the cross entropy has none,
since its displays are written with the softmax's own probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sympy as sp

from ..calculus.curves import Branch, Curve, curve, z
from ..calculus.symbols import Names, c, kappa
from ..declare import (
    SECOND_LAYER,
    ActivationKind,
    CrossEntropy,
    Exponential,
    Expressed,
    HuberizedRelu,
    LeakyRelu,
    Logistic,
    LossKind,
    Model,
    NeuronAxis,
    OfMargin,
    Relu,
    ReluPower,
    of_class,
)
from ..notation import curves
from ..notation.latex import braced
from ..notation.lines import Said
from ..notation.signs import Sign
from .parts import published

Constant = float | str
Derivatives = Callable[[int], Curve]
"""The curve of a derivative's order."""

_RELU, _SIGMA, _LOSS = Sign("ReLU", r"\mathrm{ReLU}"), Sign("sigma", r"\sigma"), Sign("l", r"\ell")
_LOGISTIC = (sp.log(1 + sp.exp(-z)), -1 / (1 + sp.exp(z)), sp.exp(z) / (1 + sp.exp(z)) ** 2)


def _constant(value: Constant) -> sp.Expr:
    return sp.Symbol(value, real=True) if isinstance(value, str) else sp.Rational(repr(value))


def _relu(kind: ActivationKind) -> tuple[Sign, int, Derivatives]:
    return _RELU, 1, lambda order: Branch(sp.S.Zero, False, z, sp.S.Zero)


def _leaky(kind: LeakyRelu) -> tuple[Sign, int, Derivatives]:
    slope, closed = _constant(kind.slope), bool(kind.at_kink)
    pieces = (Branch(sp.S.Zero, closed, z, slope * z), Branch(sp.S.Zero, closed, sp.S.One, slope))
    return _SIGMA, 2, pieces.__getitem__


def _huberized(kind: HuberizedRelu) -> tuple[Sign, int, Derivatives]:
    h = _constant(kind.width)
    return _SIGMA, 1, lambda order: Branch(h, False, z - h / 2, Branch(sp.S.Zero, False, z**2 / (2 * h), sp.S.Zero))


def _expressed(kind: Expressed) -> tuple[Sign, int, Derivatives]:
    return _SIGMA, 3, lambda order: curve(kind.expression, order)


_ACTIVATIONS: Mapping[type[ActivationKind], Callable[..., tuple[Sign, int, Derivatives]]] = {
    Relu: _relu, ReluPower: _relu, LeakyRelu: _leaky, HuberizedRelu: _huberized, Expressed: _expressed,
}
"""An activation's letter, how many derivatives are letters too (others are written out where they stand), and those."""


def _of_margin(kind: OfMargin) -> Derivatives:
    return lambda order: curve(kind.expression, order)


_LOSSES: Mapping[type[LossKind], Callable[..., Derivatives | None]] = {
    Logistic: lambda kind: _LOGISTIC.__getitem__,
    Exponential: lambda kind: lambda order: sp.diff(sp.exp(-z), z, order),
    OfMargin: _of_margin,
    CrossEntropy: lambda kind: None,
}


def function_lines(model: Model) -> tuple[Said, ...]:
    """The activation and the loss with the derivatives that a step takes."""
    names = {sp.Symbol(each.name, real=True): each.latex or each.name for each in model.parameters}
    orders = 3 if model.objective.penalised else 2
    activation, loss = model.network.activation.kind, model.objective.loss_kind
    sign, letters, pieces = of_class(_ACTIVATIONS, activation, "show/functions.py")(activation)
    lines = [_said(sign, order, pieces(order), names) for order in range(min(orders, letters))]
    rates = of_class(_LOSSES, loss, "show/functions.py")(loss)
    if rates is not None:
        lines += [_said(_LOSS, order, rates(order), names) for order in range(orders)]
    return tuple(lines)


def _said(sign: Sign, order: int, of: Curve, names: Mapping[sp.Symbol, str]) -> Said:
    marks = "'" * order
    return Said(
        f"{sign.text}{marks}(z) = {curves.text(of)}", (f"{sign.latex}{marks}(z) ", f"= {curves.latex(of, names)}"))


def starts(model: Model) -> Iterator[Said]:
    """Where what neurons have beside their filters starts."""
    head, shown = Names(model).head, {each.name: each.latex for each in model.parameters}
    for family in model.network.axes:
        law, of = family.law, family.coefficient
        assert isinstance(law, NeuronAxis)
        plain = published(model).get(kappa, kappa) if family.name == SECOND_LAYER else sp.S.Zero
        words, terms = [law.initial or str(plain)], [_letter(law.initial, shown) or sp.latex(plain)]
        if law.std:
            words, terms = [each for each in words if each != "0"], [each for each in terms if each != "0"]
            words.append(f"N(0, {law.std}^2)")
            terms.append(rf"\mathcal{{N}}(0, {_letter(law.std, shown)}^2)")
        yield Said(f"{of.name}_{{{head},r}}(0) = {' + '.join(words)}",
                   (rf"{braced(of.latex)}_{{{head},r}}^{{(0)}} ", f"= {' + '.join(terms)}"))


def _letter(name: str, shown: Mapping[str, str]) -> str:
    return shown.get(name) or rf"\mathrm{{{name}}}".replace("_", r"\_") if name else ""


def _has_kappa(model: Model) -> bool:
    """Whether kappa is the network's factor, or what the second layer starts at."""
    return model.network.second_layer is None or not model.network.second_layer.initial


def open_constants(model: Model) -> Iterator[Said]:
    """What kappa and c are, where the model does not say."""
    known = published(model)
    if kappa not in known and _has_kappa(model):
        yield Said("kappa = 1/m for a mean over the filters, 1 for a sum",
                   (r"\kappa ", r"= 1/m \text{ for a mean over the filters, } 1 \text{ for a sum}"))
    if model.objective.penalised and c not in known:
        yield Said("c = 1/2 with penalty_half, else 1", ("c ", r"= 1/2 \text{ with half the penalty, else } 1"))
