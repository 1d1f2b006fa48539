"""A recursion in the papers' notation, as plain text and LaTeX: the printers, and the displays of one loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from ..calculus.recursion import Collected, Recursion, needed
from ..calculus.roles import Covector, GramEntry, PatchPreactivation, Preactivation, role_of
from ..calculus.sums import reduce_signs
from ..calculus.symbols import Names, c, class_, clean, eta, head_sum, i, i_, kappa, label, m, r, r_, s, y
from ..declare import Directions, Model
from . import algorithm
from .latex_lines import align


class TextPrinter(StrPrinter):
    """ASCII in the papers' notation: <w_{j,r}, xi_i>, l'_i, ||mu||^2."""

    printmethod = "_papertext"  # Indexed would print itself otherwise

    def __init__(self, model: Model, weight: str = "w") -> None:
        super().__init__()
        self.model, self.names, self.weight = model, Names(model), weight
        self.batch = "batch" in model.algorithm.options

    def vector(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        """A direction's name with its index."""
        return f"{family}_{self._sub(at)}" if at else family

    def _sub(self, at: tuple[Any, ...]) -> str:
        inner = ",".join(self._print(x) for x in at)
        return inner if len(inner) == 1 else f"{{{inner}}}"

    def inner(self, left: str, right: str) -> str:
        """<left, right>."""
        return f"<{left}, {right}>"

    def square(self, vector: str) -> str:
        """||vector||^2."""
        return f"||{vector}||^2"

    def filter(self, at: tuple[sp.Expr, ...]) -> str:
        """w at a head and a filter."""
        return f"{self.weight}_{self._sub(at)}"

    def slope_of(self, at: tuple[sp.Expr, ...]) -> str:
        """The gradient of the training loss in one filter."""
        return f"grad_{self._sub(at)} {'L_{B_t}' if self.batch else 'L_S'}{'(W~)' if self.weight == 'w~' else ''}"

    def patch(self, role: PatchPreactivation, example: sp.Expr) -> str:
        """A patch of an example: its scale and its vector."""
        declared = self.names.declared_patch(role)
        family = self.model.family(declared.direction)
        vector = self.vector(family.name, self.names.place(family, example))
        return vector if declared.scale == "one" else f"{self._print(self.names.scale(declared, example))} {vector}"

    def named(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        """A definition's or label's entry."""
        known = {"l1": "l'", "l2": "l''", "loss": "l", "label": "ytilde", "clean": "yhat"}
        return f"{known.get(base, base)}_{self._sub(at)}"

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        at = expr.indices
        match role_of(expr):
            case PatchPreactivation() as patch:
                return self.inner(self.filter(at[:2]), self.patch(patch, at[2]))
            case Preactivation(family):
                return self.inner(self.filter(at[:2]), self.vector(family, at[2:]))
            case Covector(family):
                return self.inner(self.slope_of(at[:2]), self.vector(family, at[2:]))
            case GramEntry() as entry:
                return self._gram(entry, at)
        return str(self._print(at[0])) if expr.base == s else self.named(str(expr.base), at)

    def _gram(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        left, right = (self.vector(*side) for side in self.names.gram_sides(entry, at))
        return self.square(left) if left == right else self.inner(left, right)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        entry = role_of(expr)
        return self._gram(entry, ()) if isinstance(entry, GramEntry) else str(expr)

    def _print_Sum(self, expr: sp.Sum) -> str:
        over = ",".join(self.range_of(limit[0]) for limit in expr.limits)
        return f"sum_{{{over}}} [ {self._print(expr.function)} ]"

    def range_of(self, bound: sp.Symbol) -> str:
        """A sum's index, with the set it runs over where that is a batch."""
        return f"{self._print(bound)} in B_t" if self.batch and bound == i else str(self._print(bound))

    def example_sum(self, group: Collected) -> str:
        """The sum over examples that a group carries, or the batch's indicator of the one example it is about."""
        if group.limits:
            return f"sum_{{{self.range_of(group.limits[0][0])}}} "
        return "1{i in B_t} " if self.batch else ""

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        return f"1{{{self._print(expr.args[0])} = {self._print(expr.args[1])}}}"

    def _print_Function(self, expr: sp.Function) -> str:
        name, args = type(expr).__name__, [self._print(arg) for arg in expr.args]
        forms = {
            "Relu": "ReLU({0})", "ReluClosed": "ReLU({0})", "Step": "1{{{0} > 0}}", "StepClosed": "1{{{0} >= 0}}",
            "Box": "1{{0 < {0} < {1}}}", "Ramp": "clip({0}/{divisor}, 0, 1)", "HuberizedRelu": "sigma({0})",
            "LeakyRelu": "sigma({0})", "LeakyReluClosed": "sigma({0})",
            "LeakySlope": "sigma'({0})", "LeakySlopeClosed": "sigma'({0})",
            "norm2": "||grad {0}||_F^2", "along": "<d{0}/dz, u>", "partial": "d{0}/d{1}", "softmax": "softmax({0})",
            "cross_entropy": "log sum_k exp(F_k) - {0}",
        }
        if name == "rate":
            return f"l{chr(39) * int(expr.args[0])}({args[1]})"
        divisor = self.parenthesize(expr.args[-1], PRECEDENCE["Pow"])  # z/(1/2), not z/1/2
        return forms[name].format(*args, divisor=divisor)


class PaperLatexPrinter(LatexPrinter):
    """LaTeX in the papers' notation."""

    def __init__(self, model: Model, weight: str = r"\mathbf{w}", dated: bool = False) -> None:
        super().__init__({"mul_symbol": None, "long_frac_ratio": 2})
        self.model, self.names, self.weight, self.dated = model, Names(model), weight, dated
        self.batch = "batch" in model.algorithm.options

    def vector(self, family: Directions, at: tuple[sp.Expr, ...]) -> str:
        """A direction's LaTeX with its index."""
        return family.latex + (f"_{{{self._sub(at)}}}" if at else "")

    def _sub(self, at: tuple[Any, ...]) -> str:
        return ",".join(self._print(x) for x in at)

    def _filter(self, at: tuple[sp.Expr, ...]) -> str:
        return rf"{self.weight}_{{{self._sub(at)}}}^{{(t)}}"

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        base, at = str(expr.base), expr.indices
        match role_of(expr):
            case PatchPreactivation() as patch:
                return rf"\langle {self._filter(at[:2])}, {self._patch(patch, at[2])}\rangle"
            case Preactivation(family):
                return rf"\langle {self._filter(at[:2])}, {self.vector(self.model.family(family), at[2:])}\rangle"
            case Covector(family):
                vector = self.vector(self.model.family(family), at[2:])
                return rf"\langle {self._slope_of(at[:2])}, {vector}\rangle"
            case GramEntry() as entry:
                return self._gram(entry, at)
        if expr.base == s:
            return str(self._print(at[0]))
        dated = self.dated and expr.base not in (y, label, clean)
        return self._at_t(base, at) if dated else self._named(base, at)

    def _slope_of(self, at: tuple[sp.Expr, ...]) -> str:
        """The gradient of the training loss in one filter."""
        loss = r"L_{\mathcal{B}_t}" if self.batch else "L_S"
        loss += r"(\widetilde{\mathbf{W}}^{(t)})" if r"\widetilde" in self.weight else ""
        return rf"\nabla_{{\mathbf{{w}}_{{{self._sub(at)}}}}}{loss}"

    def _at_t(self, base: str, at: tuple[Any, ...]) -> str:
        """A definition's entry with the papers' superscript (t); a derivative's primes are part of that."""
        symbol = {"l1": r"\ell_{}^{{\prime(t)}}", "l2": r"\ell_{}^{{\prime\prime(t)}}"}.get(base)
        sub = f"{{{self._sub(at)}}}"
        return symbol.format(sub) if symbol else rf"{self._named(base, at)}^{{(t)}}"

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        if self.dated and isinstance(expr.base, sp.Indexed):
            return rf"\bigl({self._print(expr.base)}\bigr)^{{{self._print(expr.exp)}}}"
        return str(super()._helper_print_standard_power(expr, template))

    def _named(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        known = {"l1": r"\ell'", "l2": r"\ell''", "loss": r"\ell", "margin": r"\mathrm{margin}", "zeta": r"\zeta"}
        shown = {**known, "label": r"\tilde{y}", "clean": r"\hat{y}"}.get(base, base)
        entry = rf"{shown}_{{{self._sub(at)}}}"
        return f"{{{entry}}}" if "'" in shown else entry  # a power of a primed symbol needs the braces

    def _patch(self, role: PatchPreactivation, example: sp.Expr) -> str:
        declared = self.names.declared_patch(role)
        family = self.model.family(declared.direction)
        scale = "" if declared.scale == "one" else self._print(self.names.scale(declared, example))
        return f"{scale} {self.vector(family, self.names.place(family, example))}".strip()

    def _gram(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        sides = self.names.gram_sides(entry, at)
        left, right = (self.vector(self.model.family(family), place) for family, place in sides)
        return rf"\|{left}\|_2^2" if left == right else rf"\langle {left}, {right}\rangle"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        name, role = str(expr), role_of(expr)
        if isinstance(role, GramEntry):
            return self._gram(role, ())
        if name in ("L_i", "L_S", "O", str(algorithm.BATCH_SIZE)):
            return {"L_i": "L_i", "L_S": "L_S", "O": r"\widetilde{L}"}.get(name, r"|\mathcal{B}_t|")
        return r"\lambda" if name == "lam" else str(super()._print_Symbol(expr))

    def _print_Sum(self, expr: sp.Sum) -> str:
        out = ""
        for limit in reversed(expr.limits):
            bound = self._print(limit[0])
            signed_head = limit[0] == self.names.head and self.names.signed
            if self.batch and limit[0] == i:
                out += rf"\sum_{{{bound}\in\mathcal{{B}}_t}}"
                continue
            to = self._print(limit[2])
            out += rf"\sum_{{{bound}\in\{{\pm 1\}}}}" if signed_head else rf"\sum_{{{bound}=1}}^{{{to}}}"
        return rf"{out}\Bigl[{self._print(expr.function)}\Bigr]"

    def example_sum(self, group: Collected) -> str:
        """The sum over examples that a group carries, or the batch's indicator of the one example it is about."""
        if not group.limits:
            return r"\mathbf{1}\{i\in\mathcal{B}_t\}" if self.batch else ""
        bound = self._print(group.limits[0][0])
        return rf"\sum_{{{bound}\in\mathcal{{B}}_t}}" if self.batch else rf"\sum_{{{bound}=1}}^{{n}}"

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta, exp: str | None = None) -> str:
        return rf"\mathbf{{1}}\{{{self._print(expr.args[0])}={self._print(expr.args[1])}\}}"

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        name, args = type(expr).__name__, [self._print(arg) for arg in expr.args]
        if name in ("Step", "StepClosed", "Box"):  # 0 or 1, as is any power of them
            bounds = {"Step": "{0}>0", "StepClosed": r"{0}\geq 0", "Box": "0<{0}<{1}"}
            return rf"\mathbf{{1}}\{{{bounds[name].format(*args)}\}}"
        named = {
            "Relu": r"\mathrm{ReLU}", "ReluClosed": r"\mathrm{ReLU}", "HuberizedRelu": r"\sigma",
            "LeakyRelu": r"\sigma", "LeakyReluClosed": r"\sigma", "LeakySlope": r"\sigma'",
            "LeakySlopeClosed": r"\sigma'", "Ramp": r"\mathrm{clip}_{[0,1]}", "softmax": r"\mathrm{softmax}",
            "rate": rf"\ell{chr(39) * int(expr.args[0])}" if name == "rate" else "",
        }
        if name in named:
            of = args[1] if name == "rate" else args[0]
            of += f"/{self._divisor(expr.args[1])}" if name == "Ramp" else ""
            return f"{named[name]}{f'^{{{exp}}}' if exp else ''}({of})"
        forms = {
            "norm2": r"\|\nabla {0}\|_F^2", "along": r"\langle \partial {0}/\partial z, u\rangle",
            "partial": r"\partial {0}/\partial {1}", "cross_entropy": r"\log\sum_k e^{{F_k}} - {0}",
        }
        shown = forms[name].format(*args)
        return rf"\bigl({shown}\bigr)^{{{exp}}}" if exp else shown

    def _divisor(self, expr: sp.Expr) -> str:
        """What stands after a slash: a number that is a fraction in parentheses."""
        shown = str(self._print(expr))
        return shown if expr.is_Symbol or expr.is_Integer else rf"\bigl({shown}\bigr)"


def unprimed(names: Names, expr: sp.Expr) -> sp.Expr:
    """For reading: the updated neuron's indices without primes; a sum over heads runs over l."""
    over_l = expr.replace(
        lambda e: isinstance(e, sp.Sum) and e.limits[0][0] == names.head and len(e.limits) == 1,
        lambda e: e.xreplace({names.head: head_sum}),
    )
    return over_l.xreplace({names.head_: names.head, r_: r, i_: i, class_: sp.Symbol("c'")})


def published(model: Model) -> dict[sp.Symbol, sp.Expr]:
    """kappa and c at the declared defaults, 1/m for a mean over filters and 1/2 where declared; n of a batch."""
    defaults = {parameter.name: parameter.default for parameter in model.parameters}
    shown: dict[sp.Symbol, sp.Expr] = algorithm.batch_mean(model)
    if "neurons" in defaults:
        shown[kappa] = 1 / m if defaults["neurons"] == "mean" else sp.S.One
    if "penalty_half" in defaults:
        shown[c] = sp.Rational(1, 2) if defaults["penalty_half"] else sp.S.One
    return shown


def coefficient_change(recursion: Recursion, family: Directions) -> tuple[Collected, ...]:
    """What one step adds to a family's coefficient: -eta times its declared sign and scale times dO/dz."""
    names, coefficient = Names(recursion.model), family.coefficient
    at = names.free_place(family)
    scale = names.gram((family.name, at), (family.name, at)) if coefficient.scaled else sp.S.One
    sign = names.sign(names.head_) if coefficient.signed else sp.S.One
    own = names.label(i_) if coefficient.labelled else sp.S.One
    shown = published(recursion.model)
    return tuple(
        Collected(
            -eta * unprimed(names, scale * group.common.subs(shown)), group.limits,
            tuple(
                (
                    unprimed(names, sp.factor_terms(reduce_signs(own * co.subs(shown), names.signed))),
                    unprimed(names, reduce_signs(sign * fa, names.signed)),
                )
                for co, fa in group.terms
            ),
        )
        for group in recursion.gradient[family.name]
    )


def definitions_shown(recursion: Recursion) -> list[tuple[sp.Expr, sp.Expr]]:
    """The definitions that the gradient rests on, as (symbol, expression), the margin written y_i f_i."""
    exprs = [group.expr for groups in recursion.gradient.values() for group in groups]
    found = needed(recursion, exprs)
    if recursion.model.network.heads == "signed":
        found = tuple(d for d in found if d.name != "margin")
    margin = sp.IndexedBase("margin")
    f, names = sp.IndexedBase("f"), Names(recursion.model)
    unfold = {margin[x]: names.label(x) * f[x] for d in found for x in d.indices}
    shown = published(recursion.model)
    return [(d.symbol, d.expr.subs(shown).xreplace(unfold)) for d in found if not d.of_patch]


def activation_said(model: Model) -> str:
    """The activation by name; a leaky one with its slope and sigma'(0), which no formula shows."""
    act = model.network.activation
    if act.name != "leaky_relu":
        return act.name
    return f"{act.name} of slope {act.slope} with sigma'(0) = {1 if act.at_kink else act.slope}"


def text(recursion: Recursion) -> str:
    """The recursion in ASCII: definitions, then one update a coefficient."""
    model, printer = recursion.model, TextPrinter(recursion.model)
    head = f"{model.title or model.name}, activation {activation_said(model)}, penalty {model.objective.penalty}."
    lines = [head, "", "Decomposition", f"  {_decomposition(model, printer)}"]
    lines += [f"  {line}" for line in _split_text(model)]
    told = algorithm.text_lines(model, printer._sub((Names(model).head, r)))
    lines += ["", "Algorithm", *[f"  {line}" for line in told]] if told else []
    printer = TextPrinter(model, algorithm.moved(model))
    lines += ["", "Definitions"]
    lines += [f"  {printer.doprint(symbol)} = {printer.doprint(expr)}" for symbol, expr in definitions_shown(recursion)]
    lines += ["", "One step, from t to t + 1"]
    for family in model.directions:
        lines += [f"  {line}" for line in _family_step(recursion, family, printer)]
    scalars = (kappa,) if model.objective.penalty == "none" else (kappa, c)
    unscaled = [p for p in scalars if p not in published(model)]
    meant = {kappa: "kappa = 1/m for a mean over the filters, 1 for a sum", c: "c = 1/2 with penalty_half, else 1"}
    if unscaled:
        lines += ["", f"with {'; '.join(meant[p] for p in unscaled)}"]
    return "\n".join(lines) + "\n"


def _decomposition(model: Model, printer: TextPrinter) -> str:
    """w(t) = w(0) + sum of coefficient times direction, with the declared sign and scale."""
    names, share = Names(model), "a(t) " if algorithm.keeps(model) else ""
    total = [f"{share}{printer.filter((names.head, r))}(0)"]
    for family in model.directions:
        at = tuple(unprimed(names, x) for x in names.free_place(family))
        coefficient, vector = family.coefficient, printer.vector(family.name, at)
        sign = "".join(f"{each} " for each in declared_signs(model, family, printer))
        term = f"{sign}{coefficient.name}_{printer._sub((names.head, r, *at))} {vector}"
        term += f"/{printer.square(vector)}" if coefficient.scaled else ""
        total.append(f"sum_{printer._sub(at)} {term}" if at else term)
    return f"{printer.filter((names.head, r))}(t) = {' + '.join(total)}"


def declared_signs(model: Model, family: Directions, printer: TextPrinter | PaperLatexPrinter) -> list[str]:
    """The declared signs of a coefficient in the decomposition of a filter: j, and y_i."""
    signs = ["j"] * (family.coefficient.signed and model.network.heads == "signed")
    return [*signs, str(printer.doprint(Names(model).label(i)))] if family.coefficient.labelled else signs


def _split_text(model: Model) -> list[str]:
    head = "j" if model.network.heads == "signed" else "k"
    return [
        f"{name}_over = {name} 1{{{head} = y_i}}, {name}_under = {name} 1{{{head} != y_i}}"
        for name in (f.coefficient.name for f in model.directions if f.coefficient.split)
    ]


def _coefficient_text(recursion: Recursion, family: Directions, printer: TextPrinter) -> str:
    names = Names(recursion.model)
    at = [unprimed(names, x) for x in names.free_place(family)]
    return f"{family.coefficient.name}_{printer._sub((names.head, r, *at))}"


def _family_step(recursion: Recursion, family: Directions, printer: TextPrinter) -> list[str]:
    """One step of a family's coefficient: of its velocity first, where there is one."""
    name, keep = _coefficient_text(recursion, family, printer), algorithm.keeps(recursion.model)
    change = coefficient_change(recursion, family)
    if "momentum" not in recursion.model.algorithm.options:
        return [" ".join([f"{name} <- {keep}{name}", *[update(printer, group) for group in change]])]
    gradient = " ".join(update(printer, replace(group, common=group.common / -eta)) for group in change)
    return [f"v[{name}] <- beta v[{name}] {gradient}".rstrip(), f"{name} <- {keep}{name} - eta v[{name}]"]


def update(printer: TextPrinter, group: Collected) -> str:
    """A signed term: '- common sum [...]'."""
    show = printer.doprint
    negative = group.common.could_extract_minus_sign()
    common = -group.common if negative else group.common
    body = " + ".join(_product(show, coefficient, factor) for coefficient, factor in group.terms).replace("+ -", "- ")
    return f"{'-' if negative else '+'} ({show(common)}) {printer.example_sum(group)}[ {body} ]"


def _product(show: Any, coefficient: sp.Expr, factor: sp.Expr) -> str:
    if coefficient == 1:
        return str(show(factor))
    inner = show(coefficient)
    return f"({inner}) * {show(factor)}" if coefficient.is_Add else f"{inner} * {show(factor)}"


def latex(recursion: Recursion) -> str:
    """The recursion as three `align*` environments, ready to compile with amsmath and amssymb in a plain article."""
    model = recursion.model
    printer = PaperLatexPrinter(model, algorithm.moved(model, ascii_only=False), dated=True)
    shown = definitions_shown(recursion)
    defined = [rf"{printer.doprint(symbol)} &= {printer.doprint(expr)}" for symbol, expr in shown]
    names, updates = Names(model), []
    for family in model.directions:
        at = printer._sub((names.head, r, *[unprimed(names, x) for x in names.free_place(family)]))
        updates += _family_step_latex(recursion, family, printer, at)
    plain = PaperLatexPrinter(model)
    decomposed = [_decomposition_latex(model, plain), *_split_latex(model)]
    decomposed += algorithm.latex_lines(model, plain._sub((names.head, r)))
    return "".join(align(rows) for rows in (decomposed, defined, updates))


def _decomposition_latex(model: Model, printer: PaperLatexPrinter) -> str:
    names = Names(model)
    w = rf"\mathbf{{w}}_{{{printer._sub((names.head, r))}}}"
    total = [rf"a^{{(t)}} {w}^{{(0)}}" if algorithm.keeps(model) else rf"{w}^{{(0)}}"]
    for family in model.directions:
        at = tuple(unprimed(names, x) for x in names.free_place(family))
        coefficient, vector = family.coefficient, printer.vector(family, at)
        sign = "".join(f"{each}\\," for each in declared_signs(model, family, printer))
        scale = rf"\frac{{{vector}}}{{\|{vector}\|_2^2}}" if coefficient.scaled else vector
        term = rf"{sign}{coefficient.latex}_{{{printer._sub((names.head, r, *at))}}}^{{(t)}} {scale}"
        total.append(rf"\sum_{{{printer._sub(at)}}} {term}" if at else term)
    return rf"{w}^{{(t)}} &= " + " + ".join(total)


def _split_latex(model: Model) -> list[str]:
    j = "j" if model.network.heads == "signed" else "k"
    return [
        rf"\overline{{{name}}}_{{{j},r,i}}^{{(t)}} &= {name}_{{{j},r,i}}^{{(t)}} \mathbf{{1}}\{{{j} = y_i\}}, \qquad "
        rf"\underline{{{name}}}_{{{j},r,i}}^{{(t)}} = {name}_{{{j},r,i}}^{{(t)}} \mathbf{{1}}\{{{j} \neq y_i\}}"
        for name in (f.coefficient.latex for f in model.directions if f.coefficient.split)
    ]


def _family_step_latex(recursion: Recursion, family: Directions, printer: PaperLatexPrinter, at: str) -> list[str]:
    """One step of a family's coefficient: of its velocity first, where there is one."""
    model, latex = recursion.model, family.coefficient.latex
    now, new = (f"{latex}_{{{at}}}^{{({t})}}" for t in ("t", "t+1"))
    change, keep = coefficient_change(recursion, family), algorithm.keeps_latex(model)
    if "momentum" not in model.algorithm.options:
        return [rf"{new} &= {keep}{now} " + " ".join(update_latex(printer, group) for group in change)]
    v, v_new = (f"v_{{{latex};{at}}}^{{({t})}}" for t in ("t", "t+1"))
    gradient = " ".join(update_latex(printer, replace(group, common=group.common / -eta)) for group in change)
    beta = algorithm.symbol(model, "momentum")
    return [rf"{v_new} &= {beta} {v} {gradient}", rf"{new} &= {keep}{now} - \eta {v_new}"]


def update_latex(printer: PaperLatexPrinter, group: Collected) -> str:
    """A signed term, as LaTeX."""
    show = printer.doprint
    negative = group.common.could_extract_minus_sign()
    common = -group.common if negative else group.common
    terms = []
    for coefficient, factor in group.terms:
        inner = show(coefficient)
        inner = rf"\bigl({inner}\bigr)" if coefficient.is_Add else inner
        terms.append(show(factor) if coefficient == 1 else f"{inner}\\, {show(factor)}")
    body = " \\\\ &\\qquad + ".join(terms).replace("+ -", "- ")
    return rf"{'-' if negative else '+'} {show(common)} {printer.example_sum(group)}\Bigl[ {body} \Bigr]"
