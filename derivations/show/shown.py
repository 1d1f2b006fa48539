"""A recursion as text, LaTeX and derivation, of an algorithm with one loop or with two."""

from __future__ import annotations

from ..calculus.recursion import Recursion
from ..calculus.roles import PatchPreactivation
from ..calculus.sums import Definition
from ..calculus.symbols import c, kappa
from ..declare import Model
from ..notation.lines import Line
from ..notation.readings import OneLoop
from ..notation.text import Text
from ..notation.unicode import Unicode
from . import algorithm, one_loop, two_loops
from .display import Display
from .parts import batch_mean, published


def display(recursion: Recursion) -> Display:
    """What is shown of a recursion, as data."""
    return (two_loops if _two_loops(recursion.model) else one_loop).display(recursion)


def text(recursion: Recursion) -> str:
    """The recursion in ASCII."""
    return display(recursion).text()


def unicode_text(recursion: Recursion) -> str:
    """The same in the letters of Unicode."""
    return display(recursion).text(Unicode)


def text_lines(recursion: Recursion) -> list[str]:
    """The same, line by line, as a kernel's docstring has it."""
    return text(recursion).rstrip().split("\n")


def latex(recursion: Recursion) -> str:
    """The recursion as `align*` environments, ready to compile with amsmath and amssymb in a plain article."""
    return display(recursion).latex


def html(recursion: Recursion) -> str:
    """The recursion as HTML that needs nothing from elsewhere: titles, and each display as MathML."""
    return display(recursion).html


def steps(recursion: Recursion) -> str:
    """The derivation: forward definitions, then each differentiation, numbered."""
    model, mean, alphabet = recursion.model, batch_mean(recursion.model), Text(OneLoop(recursion.model))
    titled = [(definition.meaning, Line(definition.symbol, (definition.expr,)))
              for definition in recursion.definitions.values() if not _of_neurons(recursion, definition)]
    titled += [(title, Line(left, (right.subs(mean),))) for title, left, right in recursion.steps]
    lines = [f"{model.title or model.name}: derivation", "", *_constants(recursion)]
    for number, (title, line) in enumerate(titled, start=1):
        lines += [f"({number}) {title}", f"    {alphabet.line(line)}", ""]
    lines += [f"({len(titled) + 1}) the step: {', '.join(_moves(model))}, coefficients as declared", ""]
    return "\n".join(lines) + "\n" + text(recursion)


def _of_neurons(recursion: Recursion, definition: Definition) -> bool:
    """Whether a definition only reads a number of the neuron, which is written as itself."""
    role, axes = definition.role, recursion.model.network.axis_names
    return isinstance(role, PatchPreactivation) and role.family in axes


def _two_loops(model: Model) -> bool:
    return model.algorithm.over_tasks


def _constants(recursion: Recursion) -> list[str]:
    """What kappa and c are, of those that the derivation has, with the declared values."""
    model = recursion.model
    exprs = [each.expr for each in recursion.definitions.values()] + [right for _, _, right in recursion.steps]
    symbols = set().union(*(expr.free_symbols for expr in exprs))
    meanings = {
        kappa: "the network's factor, 1/m for a mean over the filters and 1 for a sum",
        c: "the penalty's factor, as in c lam ||grad||^2: 1/2 or 1",
    }
    here = published(model)
    lines = [
        f"{symbol}: {meaning}" + (f"; here {here[symbol]}" if symbol in here else "")
        for symbol, meaning in meanings.items() if symbol in symbols
    ]
    return [*lines, ""] if lines else []


def _moves(model: Model) -> list[str]:
    """The algorithm's step on z and b."""
    return two_loops.step_lines(model) if _two_loops(model) else algorithm.reduced_step(model)
