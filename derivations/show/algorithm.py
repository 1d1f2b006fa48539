"""The algorithm's step in the field's notation: batches, noisy labels, SAM's point, velocity and weight decay.

What is printed around the updates of the coefficients; plain gradient descent adds nothing.  B_t is the batch of
step t, O_t the objective over it, w~ the filter at SAM's point; beta, wd and tau are momentum, weight decay and radius.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from ..calculus.curves import curve
from ..calculus.symbols import i, label, r, y
from ..declare import STEP, Model, roles, scheduled
from ..notation import curves
from ..notation.latex import Latex
from ..notation.lines import Said
from ..notation.readings import OneLoop, given_inner_step
from ..notation.signs import ETA, SYMBOLS, Sign, in_step
from ..notation.text import Text

_SHARE = sp.Symbol("s_t", positive=True)
_LETTERS = {
    "momentum": Sign("beta", r"\beta"), "weight_decay": Sign("wd", r"\lambda_{\mathrm{wd}}"),
    "radius": Sign("tau", r"\tau"), "clip": Sign("C", "C"), "normalised": Sign("C", "C"),
}

_REMAINING = (
    Sign("a", "a"), Sign("omega", r"\omega"), Sign("varpi", r"\varpi"), Sign("share_of_start", r"\mathrm{share}"))


def symbol(model: Model, option: str, step: str = "t") -> Sign:
    """An option's sign; its LaTeX is its parameter's own, where the model declares one."""
    declared = {parameter.name: parameter.latex for parameter in model.parameters}
    name, letter = model.algorithm.options[option], _LETTERS[option]
    text = name if letter.text in declared else letter.text  # a parameter called by the letter is another number
    sign = Sign(text, declared.get(name) or letter.latex)
    return in_step(sign, step) if option in scheduled(model) else sign


def step_size(model: Model, step: str = "t") -> Sign:
    """The step size's sign, that of step t, or another, where it changes with it."""
    return in_step(ETA, step) if "eta" in scheduled(model) else ETA


def kept(model: Model, step: str = "t") -> tuple[Sign, ...]:
    """The factor of weight decay; none without it."""
    if "weight_decay" not in model.algorithm.options:
        return ()
    decay, eta = symbol(model, "weight_decay", step), step_size(model, step)
    return (Sign(f"(1 - {eta.text} {decay.text})", rf"(1-{eta.latex} {decay.latex})\,"),)


def remaining(model: Model) -> Sign:
    """What is left of W(0), a(t); by another letter where something of the model is called a."""
    taken = {letter for family in model.directions for letter in (family.coefficient.name, family.coefficient.latex)}
    taken |= {letter for each in model.parameters for letter in (each.name, each.latex)}
    return next(each for each in _REMAINING if not {each.text, each.latex} & taken)


def lines(reading: OneLoop) -> tuple[Said, ...]:
    """What the step sees, where it takes its gradient, and how W decays."""
    model, options = reading.model, reading.model.algorithm.options
    return (
        *(_batch(options["batch"]) if "batch" in options else ()),
        *(_label_noise(options["label_noise"], reading) if "label_noise" in options else ()),
        *(_moved_point(reading) if "radius" in options else ()),
        *_rescaling(reading),
        *scheduled_lines(model),
        *(_one_pass(reading) if model.algorithm.redrawn else ()),
        *(_decay(model) if "weight_decay" in options else ()),
        *_named(model),
    )


def _one_pass(reading: OneLoop) -> Iterator[Said]:
    """What is kept of the filters where a step's examples are its own; b is the change of the coefficients in it."""
    yield Said(
        f"the examples are drawn for step t where {reading.model.algorithm.redrawn} is set; z and G are those of its "
        "directions, and W W^T becomes W W^T + b z^T + z b^T + b G b^T",
        (r"\mathbf{W}\mathbf{W}^\top ", r"\leftarrow \mathbf{W}\mathbf{W}^\top + \mathbf{b}\mathbf{z}^\top + "
         r"\mathbf{z}\mathbf{b}^\top + \mathbf{b}\mathbf{G}\mathbf{b}^\top \text{ on the examples of step } t"),
    )


def _batch(size: str) -> Iterator[Said]:
    shown = size.replace("_", r"\_")
    yield Said(
        f"B_t: the examples of step t, {size} of them; epochs are reshuffled, the last batch what is left",
        (r"\mathcal{B}_t ", rf"\subseteq \{{1,\dots,n\}}, \quad |\mathcal{{B}}_t| = \mathrm{{{shown}}} "
                            r"\text{, every epoch reshuffled}"),
    )


def label_of(reading: OneLoop, labels: sp.IndexedBase, example: sp.Expr = i) -> Sign:
    """How an example's label is written: its own (`y`), or that of the step (`label`)."""
    return Sign(Text(reading).show(labels[example]), Latex(reading).show(labels[example]))


def _label_noise(chance: str, reading: OneLoop) -> Iterator[Said]:
    own, noisy = label_of(reading, y), label_of(reading, label)
    other = Sign(f"-{own.text}", f"-{own.latex}")
    if not reading.names.signed:
        unlike = rf"k \sim \mathrm{{Unif}}\{{k\neq {own.latex}\}}"
        other = Sign("one of the other classes, each as likely,", unlike)
    shown = chance.replace("_", r"\_")
    yield Said(
        f"{noisy.text}: {other.text} with probability {chance}, afresh at each step; else {own.text}",
        (f"{noisy.latex} ", rf"= {other.latex} \text{{ with probability }} \mathrm{{{shown}}} "
                            rf"\text{{ at each step, else }} {own.latex}"),
    )


def _moved_point(reading: OneLoop) -> Iterator[Said]:
    place = (reading.names.head, r)
    at, below, tau = Text(reading).sub(place), Latex(reading).sub(place), symbol(reading.model, "radius")
    whole = r"O_t(\mathbf{W}^{(t)})"
    yield Said(
        f"w~_{at} = w_{at} + {tau.text} grad_{at} O_t(W) / ||grad O_t(W)||_F, or w_{at} where the gradient is 0",
        (rf"\widetilde{{\mathbf{{w}}}}_{{{below}}}^{{(t)}} ",
         rf"= \mathbf{{w}}_{{{below}}}^{{(t)}} + {tau.latex} "
         rf"\frac{{\nabla_{{\mathbf{{w}}_{{{below}}}}} {whole}}}{{\|\nabla {whole}\|_F}}"),
    )
    moved = f"{tau.text} <grad_{at} O_t(W), v> / ||grad O_t(W)||_F"
    yield Said(f"<w~_{at}, v> = <w_{at}, v> + {moved} for every direction v")


def share(model: Model) -> sp.Expr:
    """s_t, by which a gradient that is clipped or normalised is multiplied; 1 elsewhere."""
    return _SHARE if {"clip", "normalised"} & model.algorithm.options.keys() else sp.S.One


def _rescaling(reading: OneLoop) -> Iterator[Said]:
    for option in ("clip", "normalised"):
        if option in reading.model.algorithm.options:
            limit, point = symbol(reading.model, option), Sign("W~", r"\widetilde{\mathbf{W}}")
            at = point if "radius" in reading.model.algorithm.options else Sign("W", r"\mathbf{W}")
            norm = rf"\|\nabla O_t({at.latex}^{{(t)}})\|_F"
            ratio = Sign(f"{limit.text}/||grad O_t({at.text})||_F", rf"\frac{{{limit.latex}}}{{{norm}}}")
            whole = Sign(f"min(1, {ratio.text})", rf"\min\bigl(1, {ratio.latex}\bigr)") if option == "clip" else ratio
            yield Said(f"s_t = {whole.text}", ("s_{t} ", f"= {whole.latex}"))


def scheduled_lines(model: Model) -> Iterator[Said]:
    """What changes with the step, by its formula of t."""
    called, plain = roles(model), {"eta": ETA, "lam": SYMBOLS["lam"]}
    plain |= {"inner_step": given_inner_step(model)} if model.algorithm.over_tasks else {}
    letters = {name: (plain | _LETTERS)[role].latex for name, role in called.items()}
    names = {sp.Symbol(each.name, real=True): each.latex or letters.get(each.name, each.name)
             for each in model.parameters}
    for role, expression in scheduled(model).items():
        of = curve(expression)
        sign = in_step(plain[role]) if role in plain else symbol(model, role)
        yield Said(
            f"{sign.text} = {curves.text(of, STEP)}", (f"{sign.latex} ", f"= {curves.latex(of, names, STEP)}"))


def _decay(model: Model) -> Iterator[Said]:
    decay, a = symbol(model, "weight_decay").latex, remaining(model)
    if {"eta", "weight_decay"} & scheduled(model).keys():
        (factor,) = kept(model, "s")
        shown = (f"{a.latex}^{{(t)}} ", rf"= \prod_{{s<t}} {factor.latex}")
        yield Said(
            f"{a.text}(t) = prod_{{s<t}} {factor.text}, from {a.text} <- {kept(model)[0].text} {a.text}", shown)
        return
    (factor,) = kept(model)
    yield Said(
        f"{a.text}(t) = {factor.text}^t, from {a.text} <- {factor.text} {a.text}",
        (f"{a.latex}^{{(t)}} ", rf"= (1-\eta {decay})^t"))


def _named(model: Model) -> Iterator[Said]:
    options = model.algorithm.options
    named = [f"eta = {model.algorithm.step}"] if options and model.algorithm.step != "eta" else []
    known = {parameter.name for parameter in model.parameters}
    named += [f"{letter.text} = {options[option]}" for option, letter in _LETTERS.items()
              if option in options and letter.text not in known]
    if named:
        yield Said(f"parameters: {', '.join(named)}")


def reduced_step(model: Model) -> list[str]:
    """The step on z, b and the velocity's coefficients v."""
    options = model.algorithm.options
    g = "dO/dz at z~" if "radius" in options else "dO/dz"
    said = []
    if "radius" in options:
        said.append(f"z~ = z + {symbol(model, 'radius').text} (dO/dz) G / sqrt(sum dO/dz (dO/dz G))")
    if share(model) != 1:
        g = f"s_t {g}"
    if "momentum" in options:
        said.append(f"v <- {symbol(model, 'momentum').text} v + {g}")
        g = "v"
    keep = "".join(f"{factor.text} " for factor in kept(model))
    eta = step_size(model).text
    said += [f"b <- {keep}b - {eta} {g}", f"z <- {keep}z - {eta} ({g}) G"]
    return [*said, f"a <- {keep}a"] if keep else said


__all__ = ["kept", "lines", "reduced_step", "share", "step_size", "symbol"]
