"""A recursion as text, LaTeX and derivation, of an algorithm with one loop or with two."""

from __future__ import annotations

from ..calculus.recursion import Recursion
from ..calculus.symbols import c, kappa
from ..declare import Bilevel, Model
from . import algorithm
from . import bilevel as bilevel_show
from . import single as show
from .single import TextPrinter, published


def text(recursion: Recursion) -> str:
    """The recursion in ASCII."""
    return (bilevel_show if _two_loops(recursion.model) else show).text(recursion)


def latex(recursion: Recursion) -> str:
    """The recursion as `align*` environments, ready to compile with amsmath and amssymb in a plain article."""
    return (bilevel_show if _two_loops(recursion.model) else show).latex(recursion)


def _two_loops(model: Model) -> bool:
    return isinstance(model.algorithm, Bilevel)


def steps(recursion: Recursion) -> str:
    """The derivation: forward definitions, then each differentiation, numbered."""
    model, lines = recursion.model, [f"{recursion.model.title or recursion.model.name}: derivation", ""]
    lines += _constants(recursion)
    printer, number = TextPrinter(model), 0
    mean = algorithm.batch_mean(model)
    for definition in recursion.definitions.values():
        number += 1
        left, right = printer.doprint(definition.symbol), printer.doprint(definition.expr)
        lines += [f"({number}) {definition.meaning}", f"    {left} = {right}", ""]
    for title, left, right in recursion.steps:
        number += 1
        lines += [f"({number}) {title}", f"    {printer.doprint(left)} = {printer.doprint(right.subs(mean))}", ""]
    lines += [f"({number + 1}) the step: {', '.join(_moves(model))}, coefficients as declared", ""]
    return "\n".join(lines) + "\n" + text(recursion)


def _constants(recursion: Recursion) -> list[str]:
    """What kappa and c are, of those that the derivation has, with the declared values."""
    model = recursion.model
    exprs = [each.expr for each in recursion.definitions.values()] + [right for _, _, right in recursion.steps]
    found = set().union(*(expr.free_symbols for expr in exprs))
    meanings = {
        kappa: "the network's factor, 1/m for a mean over the filters and 1 for a sum",
        c: "the penalty's factor, as in c lam ||grad||^2: 1/2 or 1",
    }
    here = published(model)
    lines = [
        f"{symbol}: {meaning}" + (f"; here {here[symbol]}" if symbol in here else "")
        for symbol, meaning in meanings.items() if symbol in found
    ]  # fmt: skip
    return [*lines, ""] if lines else []


def _moves(model: Model) -> list[str]:
    """The algorithm's step on z and b."""
    return bilevel_show.step_lines(model) if _two_loops(model) else algorithm.reduced_step(model)
