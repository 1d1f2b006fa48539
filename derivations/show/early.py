"""The early stage in a model's own parameters: growth rates, and where they vanish or meet, as named formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sympy as sp

from ..calculus.recursion import Recursion
from ..calculus.stages import flipped, norm, other, outgrows, same, stages
from ..calculus.symbols import eta, lam, n
from ..calculus.task_symbols import K, gamma, n_1, n_2
from ..calculus.two_stages import J, common, share, two_stages
from ..declare import Directions, FixedLaw, GaussianLaw, Model, TaskLaw

SQUARES: Final[Mapping[type, Callable[[Model, Any], str]]] = {
    FixedLaw: lambda model, law: f"{law.norm}**2",
    GaussianLaw: lambda model, law: f"{law.std}**2*({_dimensions(model, law)})",
    TaskLaw: lambda model, law: f"({law.norm}**2 + {law.std}**2*d)",
}
"""|v|^2 in the mean over draws; of other laws it is no formula of parameters."""


@dataclass(frozen=True)
class Named:
    """A quantity of the early stage: its formula in parameters, kappa (1/m or 1) and c (1/2 or 1), and its meaning."""

    name: str
    formula: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.name} = {self.formula}  ({self.meaning})"


@dataclass(frozen=True)
class Written:
    """How quantities that are no parameters are written: |v|^2 of families by name, and the share of a label.

    By default these are formulas of the parameters, and there are as many examples of every label.
    """

    squares: Mapping[str, str] = field(default_factory=dict)
    share: str = ""

    def square(self, model: Model, family: str) -> str | None:
        """|v|^2 as text; None where it is no formula of the parameters."""
        law = model.family(family).law
        written = SQUARES.get(type(law))
        return self.squares.get(family) or (None if written is None else written(model, law))


def early(recursion: Recursion, written: Written | None = None) -> tuple[Named, ...]:
    """All of them.  Raises ModelError where the recursion has no early stage."""
    how = Written() if written is None else written
    return tuple((_two_loops if recursion.model.algorithm.over_tasks else _one_loop)(recursion, how))


def unwritten(model: Model) -> str:
    """Which families have no rates, as the length of their vectors is no formula of parameters; empty where all do."""
    names = [family.name for family in model.directions if Written().square(model, family.name) is None]
    said = "their mean squared length is no formula of the parameters here"
    return f"no rates of {', '.join(names)}: {said}" if names else ""


def _one_loop(recursion: Recursion, how: Written) -> Iterator[Named]:
    model = recursion.model
    even_sizes = ", classes being of one size" if model.class_sizes and not how.share else ""
    known = [stage for stage in stages(recursion) if how.square(model, stage.family) is not None]
    for stage in known:
        over = {0: "", 1: ", relative to it"}.get(stage.power, f", over its power {stage.power}")
        side = "outward" if stage.own else "back"
        yield Named(_rate(stage.family, stage.own), _text(how, model, stage.family, stage.rate),
                    f"what a step adds to <w, {stage.family}> where labels push it {side}{over}"
                    + ("" if model.family(stage.family).index_set.per_example else even_sizes))
    outward = [stage for stage in known if stage.own]
    for stage in outward:
        vanishing = stage.vanishes()
        if vanishing is not None:
            yield Named(f"lam_{stage.family}", _text(how, model, stage.family, vanishing),
                        f"lam at which <w, {stage.family}> no longer grows")
    for at, first in enumerate(outward):
        for second in outward[at + 1 :]:
            squares = [sp.Symbol(f"norm_{stage.family}", positive=True) for stage in (first, second)]
            even = outgrows(first, second, (squares[0], squares[1]))
            if even is not None:
                texts = {square: how.square(model, stage.family) or "" for square, stage in
                         zip(squares, (first, second), strict=True)}
                yield Named(f"lam_{first.family}_{second.family}", _written(how, model, even, texts),
                            f"lam at which <w, {first.family}> and <w, {second.family}> grow alike")


def _two_loops(recursion: Recursion, how: Written) -> Iterator[Named]:
    model = recursion.model
    for each in two_stages(recursion):
        if each.own and how.square(model, each.family) is not None:
            yield Named(f"inner_{each.family}", _text(how, model, each.family, each.inner),
                        f"by what an inner step multiplies <w, {each.family}>")
            yield Named(_rate(each.family, True), _text(how, model, each.family, each.rate),
                        f"what an outer step adds to <w, {each.family}>, relative to it")


def _dimensions(model: Model, law: GaussianLaw) -> str:
    """The dimensions of noise that is projected off families, where the flag says so."""
    taken = [_vectors(model, model.family(name)) for name in law.off]
    if not taken:
        return "d"
    count = " + ".join(taken)
    return f"d - {law.off_when}*({count})" if law.off_when else f"d - ({count})"


def _vectors(model: Model, family: Directions) -> str:
    """How many vectors span a family: a task law's shared one and its dictionary."""
    if isinstance(family.law, TaskLaw):
        return f"{family.law.items} + 1"
    return str(model.network.classes) if family.index_set.per_class else "1"


def _rate(family: str, own: bool) -> str:
    return f"rate_{family}" if own else f"rate_{family}_back"


def _text(how: Written, model: Model, family: str, expr: sp.Expr) -> str:
    law = model.family(family).law
    texts = {norm: how.square(model, family) or ""}
    if isinstance(law, TaskLaw):
        texts[common] = f"{law.norm}**2"
    return _written(how, model, expr, texts)


def _written(how: Written, model: Model, expr: sp.Expr, texts: Mapping[sp.Symbol, str]) -> str:
    """An expression as a formula in the model's parameters, `texts` put in for the squares."""
    algorithm = model.algorithm
    named: dict[sp.Symbol, Any] = {n: algorithm.sizes[-1], eta: algorithm.step, lam: "lam", flipped: model.label_flips}
    if algorithm.over_tasks:
        two = model.bilevel
        named |= {K: two.tasks, gamma: two.inner_step, J: two.inner_steps, n_1: two.train}
        expr = expr.xreplace({n_2: sp.Symbol(two.examples) - sp.Symbol(two.train)})
    part = sp.Symbol(how.share) if how.share else sp.Rational(1, model.n_heads)
    halved = expr.xreplace({same: part * n, other: (1 - part) * n, share: part})
    put = {symbol: sp.Symbol(text) for symbol, text in named.items()}
    squares = {symbol: sp.sympify(text, locals={name: sp.Symbol(name) for name in _names(text)})
               for symbol, text in texts.items()}
    return str(sp.sstr(sp.simplify(halved.xreplace(put | squares))))


def _names(text: str) -> tuple[str, ...]:
    from ..declare.formula import names

    return names(text)
