"""A paper's printed formula as a claim, and its symbolic comparison with what the derivation gives.

The derivation decides.  A claim is the display as printed, line by line; where it is wrong, `slip` marks the wrong
piece with what it has to be, under the erratum that says so.  With every slip mended it must equal the derivation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass

import sympy as sp

from ..calculus.canonical import Canonical, canonical
from ..calculus.recursion import Recursion, of_model
from ..calculus.roles import GramEntry, indexed
from ..calculus.symbols import c, kappa, m
from ..declare import Model
from ..notation.latex import Latex
from ..notation.lines import Line
from ..notation.readings import Printed, PrintedTasks
from ..notation.signs import Sign
from ..notation.text import Text

Slip = Callable[[str, sp.Expr, sp.Expr], sp.Expr]  # (erratum, printed, corrected) -> one of the two


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """What a formula assumes: in words, in LaTeX, and as a rewriting of expressions."""

    text: str
    latex: str
    rule: Callable[[sp.Expr], sp.Expr]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A printed display.

    left, left_latex: what the display states, such as a step's change of a coefficient.
    display: its lines in the paper's order, their sum being the right side; it marks its slips.
    derived: the same from the recursion of `model`, before the hypotheses.
    errata: the errata that mend it, all of them; none where it holds as printed.
    """

    id: str
    where: str
    left: str
    left_latex: str
    model: Callable[[], Model]
    display: Callable[[Slip], tuple[sp.Expr, ...]]
    derived: Callable[[Recursion], sp.Expr]
    hypotheses: tuple[Hypothesis, ...] = ()
    errata: tuple[str, ...] = ()

    def lines(self, mended: Collection[str] = ()) -> tuple[sp.Expr, ...]:
        """The display with the slips of these errata mended; as printed with none."""
        return self.display(lambda erratum, printed, corrected: corrected if erratum in mended else printed)


@dataclass(frozen=True)
class Comparison:
    """A claim, some errata mended, against the derivation under its hypotheses; `difference` is claim - derived."""

    claim: Claim
    mended: tuple[str, ...]
    derived: Canonical
    difference: Canonical

    @property
    def holds(self) -> bool:
        """Whether the two are the same expression."""
        return not self.difference.groups


def compare(claim: Claim, mended: Collection[str] = ()) -> Comparison:
    """Compare a claim, with the slips of `mended` mended, with the derivation.  Exact: no numbers are tried."""
    return _compared(claim, tuple(mended))


@functools.cache
def _compared(claim: Claim, mended: tuple[str, ...]) -> Comparison:
    model, stated = claim.model(), sp.Add(*claim.lines(mended))
    for hypothesis in claim.hypotheses:
        stated = hypothesis.rule(stated)
    derived = _derived(claim.derived, model, claim.hypotheses)
    return Comparison(claim, mended, derived, canonical(stated, _signed_heads(model)) - derived)


@functools.cache
def _derived(of: Callable[[Recursion], sp.Expr], model: Model, hypotheses: tuple[Hypothesis, ...]) -> Canonical:
    expr = of(recursion_of(model))
    for hypothesis in hypotheses:
        expr = hypothesis.rule(expr)
    return canonical(expr, _signed_heads(model))


def _signed_heads(model: Model) -> bool:
    return model.network.head_axis.signed


@functools.cache
def recursion_of(model: Model) -> Recursion:
    """The recursion of a model, derived once."""
    return of_model(model)


# Hypotheses


def _entries(base: sp.IndexedBase, value: Callable[[sp.Indexed], sp.Expr]) -> Callable[[sp.Expr], sp.Expr]:
    def is_entry(e: sp.Expr) -> bool:
        return isinstance(e, sp.Indexed) and e.base == base

    return lambda expr: expr.replace(is_entry, value)


def orthogonal(first: str, second: str, text: str, latex: str) -> Hypothesis:
    """Two families are orthogonal; a family's own vectors to one another where the two are the same."""

    def value(entry: sp.Indexed) -> sp.Expr:
        if first != second:
            return sp.S.Zero
        a, b = entry.indices
        return sp.KroneckerDelta(a, b) * entry.base[a, a]

    return Hypothesis(text=text, latex=latex, rule=_entries(indexed(GramEntry(first, second)), value))


def omitted(base: str, text: str, latex: str) -> Hypothesis:
    """The terms that carry a definition are left out."""
    return Hypothesis(text=text, latex=latex, rule=_entries(sp.IndexedBase(base), lambda entry: sp.S.Zero))


def second_layer(value: sp.Expr) -> Hypothesis:
    """kappa, the weight of the second layer."""
    shown = "1/m" if value == 1 / m else str(value)
    return Hypothesis(
        text=f"kappa = {shown}", latex=rf"\kappa = {shown}", rule=lambda expr: expr.xreplace({kappa: value})
    )


def penalty_constant(value: sp.Expr) -> Hypothesis:
    """c, in the objective L_S + c lambda (squared gradient norm)."""
    return Hypothesis(text=f"c = {value}", latex=f"c = {value}", rule=lambda expr: expr.xreplace({c: value}))


# Text


def _reading(model: Model) -> Printed:
    return PrintedTasks(model) if model.algorithm.over_tasks else Printed(model)


def explain(claim: Claim) -> str:
    """The claim, whole: source, hypotheses, printed and derived formula in text and in LaTeX, and the verdict."""
    model = claim.model()
    printed, mended = compare(claim), compare(claim, claim.errata)
    verdict = "holds as printed" if printed.holds else f"does not hold as printed; mended by {', '.join(claim.errata)}"
    parts = [
        f"{claim.id}: {verdict}",
        f"source      {claim.where}",
        f"activation  {model.network.activation.kind.words}, penalty {model.objective.penalty}",
        f"under       {'; '.join(hypothesis.text for hypothesis in claim.hypotheses) or 'no hypothesis'}",
        *_block("printed", claim, claim.lines()),
    ]
    if not printed.holds:
        parts += _block("printed - derived", claim, printed.difference.lines, equation=False)
        parts += _block("corrected" if mended.holds else "NOT corrected", claim, claim.lines(claim.errata))
    parts += _block("derived", claim, printed.derived.lines)
    under = r",\ ".join(hypothesis.latex for hypothesis in claim.hypotheses)
    parts += ["", "LaTeX" + (f", under {under}" if under else "")]
    shown = [("printed", claim.lines()), ("derived", printed.derived.lines)]
    if not printed.holds and mended.holds:
        shown.insert(1, ("corrected", claim.lines(claim.errata)))
    for name, lines in shown:
        parts += [f"% {name}", latex(claim, lines)]
    return "\n".join(parts) + "\n"


def latex(claim: Claim, lines: tuple[sp.Expr, ...]) -> str:
    """The claim's left side = the sum of `lines`, as an `align*` environment."""
    return Latex(_reading(claim.model())).display([_line(claim, lines)]).rstrip()


def _line(claim: Claim, terms: tuple[sp.Expr, ...]) -> Line:
    """The display as a line, a term a row."""
    return Line(Sign(claim.left, claim.left_latex), terms, stacked=True)


def _block(title: str, claim: Claim, lines: tuple[sp.Expr, ...], equation: bool = True) -> list[str]:
    terms = Text(_reading(claim.model())).terms(_line(claim, lines))
    return ["", title, *([f"    {claim.left} ="] if equation else []), *(f"      {term}" for term in terms)]
