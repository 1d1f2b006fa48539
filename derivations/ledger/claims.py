"""A paper's printed formula as a claim, and its symbolic comparison with what the derivation gives.

The derivation decides.  A claim is the display as printed, line by line; where it is wrong, `slip` marks the wrong
piece with what it has to be, under the erratum that says so.  With every slip mended it must equal the derivation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..calculus.canonical import Canonical, canonical
from ..calculus.recursion import Recursion, of_model
from ..calculus.roles import FormalVector, GramEntry, PatchPreactivation, indexed, role_of
from ..calculus.symbols import Vector, c, kappa, m
from ..declare import Bilevel, Model
from ..show.single import PaperLatexPrinter, TextPrinter

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
    model, stated = claim.model(), sp.Add(*claim.lines(mended))
    for hypothesis in claim.hypotheses:
        stated = hypothesis.rule(stated)
    derived = _derived(claim.derived, model, claim.hypotheses)
    return Comparison(claim, tuple(mended), derived, canonical(stated, _signed_heads(model)) - derived)


@functools.cache
def _derived(of: Callable[[Recursion], sp.Expr], model: Model, hypotheses: tuple[Hypothesis, ...]) -> Canonical:
    found = of(recursion_of(model))
    for hypothesis in hypotheses:
        found = hypothesis.rule(found)
    return canonical(found, _signed_heads(model))


def _signed_heads(model: Model) -> bool:
    return model.network.heads == "signed"


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


def _is_square(expr: sp.Expr) -> bool:
    """Whether it prints as a squared norm."""
    role, indices = role_of(expr), getattr(expr, "indices", ())
    middle = len(indices) // 2
    return isinstance(role, GramEntry) and role.own and indices[:middle] == indices[middle:]


class ClaimText(TextPrinter):
    """ASCII, with formal vectors and pre-activations at step 0."""

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        match role_of(expr):
            case FormalVector(family):
                return self.vector(family, expr.indices)
            case PatchPreactivation(start=True) as patch:
                return self.inner(self.filter(expr.indices[:2]) + "(0)", self.patch(patch, expr.indices[2]))
        return super()._print_Indexed(expr)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        role = role_of(expr)
        return role.family if isinstance(role, FormalVector) else super()._print_Symbol(expr)

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if _is_square(expr.base) and expr.exp.is_Integer and expr.exp.is_positive:
            return f"{self._print(expr.base)[:-1]}{2 * expr.exp}"
        return str(super()._print_Pow(expr, rational))

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        left, right = sorted(expr.args, key=lambda arg: (bool(arg.is_number), str(arg)))
        return f"1{{{self._print(left)} = {self._print(right)}}}"


class ClaimLatex(PaperLatexPrinter):
    """LaTeX, with the same."""

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        at = expr.indices
        match role_of(expr):
            case FormalVector(family):
                return self.vector(self.model.family(family), at)
            case PatchPreactivation(start=True) as patch:
                return rf"\langle \mathbf{{w}}_{{{self._sub(at[:2])}}}^{{(0)}}, {self._patch(patch, at[2])}\rangle"
        return super()._print_Indexed(expr)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        role = role_of(expr)
        if isinstance(role, FormalVector):
            return self.model.family(role.family).latex
        return super()._print_Symbol(expr, style)

    def _print_Pow(self, expr: sp.Pow) -> str:
        if _is_square(expr.base) and expr.exp.is_Integer and expr.exp.is_positive:
            return f"{self._print(expr.base)[:-1]}{{{2 * expr.exp}}}"
        return str(super()._print_Pow(expr))

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta, exp: str | None = None) -> str:
        left, right = sorted(expr.args, key=lambda arg: (bool(arg.is_number), str(arg)))
        return rf"\mathbb{{1}}\{{{self._print(left)}={self._print(right)}\}}"

    def _named(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        known = {family.coefficient.name: family.coefficient.latex for family in self.model.directions}
        name, _, kind = base.partition("_")
        if name in known and kind in ("", "over", "under"):
            mark = {"": "{0}", "over": r"\overline{{{0}}}", "under": r"\underline{{{0}}}"}[kind]
            return mark.format(known[name]) + f"_{{{self._sub(at)}}}"
        return super()._named(base, at)

    def _print_Sum(self, expr: sp.Sum) -> str:
        shown = ""
        for limit in reversed(expr.limits):
            heads = limit[2] == self.model.n_heads and self.names.signed
            bound, first, last = (self._print(part) for part in limit)
            shown += rf"\sum_{{{bound}\in\{{\pm 1\}}}}" if heads else rf"\sum_{{{bound}={first}}}^{{{last}}}"
        return rf"{shown}\Bigl[{self._print(expr.function)}\Bigr]"


class TaskText(ClaimText):
    """ASCII of a bilevel algorithm's displays: vectors and products carry their task's index."""

    def vector(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        """nu_k, xi_{k,i}: a task family's name ends in its index; a fresh noise is xi."""
        if family == "fresh":
            return "xi"
        return super().vector(family.removesuffix("_k"), at) if at else family

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        role, at = role_of(expr), expr.indices
        if isinstance(role, PatchPreactivation):
            label = f"y_{self._sub(at[2:])} " if self.names.declared_patch(role).scale == "label" else ""
            place = at[2:][: task_places(self.model, role.family)]
            shown = self.inner(self.filter(at[:2]), label + self.vector(role.family, place))
            return f"{shown} by (C.4)" if role.elsewhere else shown
        return super()._print_Indexed(expr)

    def _gram(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        left, right = (self.vector(*side) for side in gram_sides(self.model, entry, at))
        return self.square(left) if left == right else self.inner(left, right)

    def _print_Sum(self, expr: sp.Sum) -> str:
        over = [f"{first} <= {bound} <= {last}" if str(last).startswith("n") else str(bound)
                for bound, first, last in expr.limits]  # fmt: skip
        return f"sum_{{{', '.join(over)}}} [ {self._print(expr.function)} ]"

    def _print_Ramp(self, expr: sp.Function) -> str:
        return f"sigma'({self._print(expr.args[0])})"


class TaskLatex(ClaimLatex):
    """LaTeX of the same; the left side says at which (t, tau) the weights are."""

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        role, at = role_of(expr), expr.indices
        if isinstance(role, PatchPreactivation):
            label = rf"y_{{{self._sub(at[2:])}}} " if self.names.declared_patch(role).scale == "label" else ""
            vector = self._vector_of(role.family, at[2:][: task_places(self.model, role.family)])
            shown = rf"\langle {self._filter(at[:2])}, {label}{vector}\rangle"
            return rf"{shown}_{{\text{{(C.4)}}}}" if role.elsewhere else shown
        return super()._print_Indexed(expr)

    def _vector_of(self, name: str, at: tuple[sp.Expr, ...]) -> str:
        if any(family.name == name for family in self.model.directions):
            return self.vector(self.model.family(name), at)
        known = {"nu": r"\boldsymbol{\nu}", "z": r"\mathbf{z}", "fresh": r"\boldsymbol{\xi}"}
        return known[name] + (f"_{{{self._sub(at)}}}" if at else "")

    def _filter(self, at: tuple[sp.Expr, ...]) -> str:
        return rf"\mathbf{{w}}_{{{self._sub(at)}}}"

    def _gram(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        left, right = (self._vector_of(*side) for side in gram_sides(self.model, entry, at))
        return rf"\|{left}\|_2^2" if left == right else rf"\langle {left}, {right}\rangle"

    def _named(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        return rf"\widetilde{{\mathbf{{W}}}}_{{{self._sub(at)}}}" if base == "W~" else super()._named(base, at)

    def _print_Ramp(self, expr: sp.Function, exp: str | None = None) -> str:
        return rf"\sigma'({self._print(expr.args[0])})"


def task_places(model: Model, name: str) -> int:
    """How many indices a vector has, the task among them: of a family, of nu, of a z or of a fresh noise."""
    over = {"z": "task", "nu": "one", "fresh": "one"} | {family.name: family.over for family in model.directions}
    return {"one": 0, "class": 1, "task": 1, "sample": 2}[over[name]]


def gram_sides(model: Model, entry: GramEntry, at: tuple[sp.Expr, ...]) -> tuple[Vector, Vector]:
    """The two vectors of an inner product between tasks, each a name with its indices."""
    split = task_places(model, entry.first)
    return (entry.first, at[:split]), (entry.second, at[split:])


def _printers(model: Model) -> tuple[type[ClaimText], type[ClaimLatex]]:
    return (TaskText, TaskLatex) if isinstance(model.algorithm, Bilevel) else (ClaimText, ClaimLatex)


def explain(claim: Claim) -> str:
    """The claim, whole: source, hypotheses, printed and derived formula in text and in LaTeX, and the verdict."""
    model = claim.model()
    printed, mended = compare(claim), compare(claim, claim.errata)
    verdict = "holds as printed" if printed.holds else f"does not hold as printed; mended by {', '.join(claim.errata)}"
    parts = [
        f"{claim.id}: {verdict}",
        f"source      {claim.where}",
        f"activation  {_activation(model)}, penalty {model.objective.penalty}",
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


def _activation(model: Model) -> str:
    act = model.network.activation
    name = f"ReLU^{act.power}" if act.name == "relu_power" else act.name.replace("relu", "ReLU").replace("_", " ")
    return name if act.name in ("relu_power", "huberized_relu") else f"{name}, sigma'(0) = {_at_kink(model)}"


def _at_kink(model: Model) -> str:
    act = model.network.activation
    return "1" if act.at_kink else str(act.slope if act.name == "leaky_relu" else 0)


def latex(claim: Claim, lines: tuple[sp.Expr, ...]) -> str:
    """The claim's left side = the sum of `lines`, as an `align*` environment."""
    model = claim.model()
    printer = _printers(model)[1](model)
    shown = " \\\\\n&\\quad ".join(_signed(printer, line, at) for at, line in enumerate(lines))
    return "\\begin{align*}\n" + f"{claim.left_latex} &= {shown}" + "\n\\end{align*}"


def _block(title: str, claim: Claim, lines: tuple[sp.Expr, ...], equation: bool = True) -> list[str]:
    model = claim.model()
    printer = _printers(model)[0](model)
    shown = [_signed(printer, line, at) for at, line in enumerate(lines)]
    return ["", title, *([f"    {claim.left} ="] if equation else []), *(f"      {line}" for line in shown)]


def _signed(printer: Any, line: sp.Expr, at: int) -> str:
    shown = str(printer.doprint(line))
    return shown if at == 0 or shown.startswith("-") else f"+ {shown}"
