"""The algorithm's step in the field's notation: batches, noisy labels, SAM's point, velocity and weight decay.

What `show` prints around the updates of the coefficients; plain gradient descent adds nothing.  B_t is the batch of
step t, O_t the objective over it, w~ the filter at SAM's point; beta, wd and tau are momentum, weight decay and radius.
"""

from __future__ import annotations

import sympy as sp

from ..calculus.symbols import n
from ..declare import Model

BATCH_SIZE = sp.Symbol("|B_t|", positive=True)
_ASCII = {"momentum": "beta", "weight_decay": "wd", "radius": "tau"}
_LATEX = {"momentum": r"\beta", "weight_decay": r"\lambda_{\mathrm{wd}}", "radius": r"\tau"}


def batch_mean(model: Model) -> dict[sp.Symbol, sp.Expr]:
    """n, as it reads where a step averages over its batch."""
    return {n: BATCH_SIZE} if "batch" in model.algorithm.options else {}


def moved(model: Model, ascii_only: bool = True) -> str:
    """The filter at the point where the step takes its gradient."""
    if "radius" not in model.algorithm.options:
        return "w" if ascii_only else r"\mathbf{w}"
    return "w~" if ascii_only else r"\widetilde{\mathbf{w}}"


def keeps(model: Model) -> str:
    """The factor of weight decay, as text; empty without it."""
    return "(1 - eta wd) " if "weight_decay" in model.algorithm.options else ""


def keeps_latex(model: Model) -> str:
    """The factor of weight decay, as LaTeX; empty without it."""
    if "weight_decay" not in model.algorithm.options:
        return ""
    return rf"(1-\eta {symbol(model, 'weight_decay')})\,"


def symbol(model: Model, option: str) -> str:
    """An option's LaTeX: its parameter's own, where the model declares one."""
    declared = {parameter.name: parameter.latex for parameter in model.parameters}
    return declared.get(model.algorithm.options[option]) or _LATEX[option]


def text_lines(model: Model, at: str) -> list[str]:
    """What the step sees, where it takes its gradient, and how W decays; `at` is a filter's index, as in {j,r}."""
    options, lines = model.algorithm.options, []
    noise = options.get("label_noise")
    if "batch" in options:
        size = options["batch"]
        lines.append(f"B_t: the examples of step t, {size} of them; epochs are reshuffled, the last batch what is left")
    if noise:
        other = "-y_i" if model.network.heads == "signed" else "one of the other classes, each as likely,"
        lines.append(f"ytilde_i: {other} with probability {noise}, afresh at each step; else y_i")
    if "radius" in options:
        lines += [
            f"w~_{at} = w_{at} + tau grad_{at} O_t(W) / ||grad O_t(W)||_F, or w_{at} where the gradient is 0",
            f"<w~_{at}, v> = <w_{at}, v> + tau <grad_{at} O_t(W), v> / ||grad O_t(W)||_F for every direction v",
        ]
    if "weight_decay" in options:
        lines.append("a(t) = (1 - eta wd)^t, from a <- (1 - eta wd) a")
    named = [f"eta = {model.algorithm.step}"] if options and model.algorithm.step != "eta" else []
    named += [f"{letter} = {options[option]}" for option, letter in _ASCII.items() if option in options]
    return [*lines, *([f"parameters: {', '.join(named)}"] if named else [])]


def latex_lines(model: Model, at: str) -> list[str]:
    """The same, as rows of an `align*`."""
    options, lines = model.algorithm.options, []
    noise = options.get("label_noise")
    if "batch" in options:
        size = options["batch"].replace("_", r"\_")
        drawn = rf"\mathrm{{{size}}} \text{{, every epoch reshuffled}}"
        lines.append(rf"\mathcal{{B}}_t &\subseteq \{{1,\dots,n\}}, \quad |\mathcal{{B}}_t| = {drawn}")
    if noise:
        chance = noise.replace("_", r"\_")
        other = "-y_i" if model.network.heads == "signed" else r"k \sim \mathrm{Unif}\{k\neq y_i\}"
        drawn = rf"\text{{ with probability }} \mathrm{{{chance}}} \text{{ at each step, else }}"
        lines.append(rf"\tilde{{y}}_i &= {other} {drawn} y_i")
    if "radius" in options:
        w, gradient = rf"\mathbf{{w}}_{{{at}}}^{{(t)}}", r"\nabla{0} O_t(\mathbf{{W}}^{{(t)}})"
        inner = gradient.format(rf"_{{\mathbf{{w}}_{{{at}}}}}")
        lines.append(
            rf"\widetilde{{\mathbf{{w}}}}_{{{at}}}^{{(t)}} &= {w} + {symbol(model, 'radius')} "
            rf"\frac{{{inner}}}{{\|{gradient.format('')}\|_F}}"
        )
    if "weight_decay" in options:
        lines.append(rf"a^{{(t)}} &= (1-\eta {symbol(model, 'weight_decay')})^t")
    return lines


def reduced_step(model: Model) -> list[str]:
    """The step on z, b and the velocity's coefficients v."""
    options = model.algorithm.options
    g = "dO/dz at z~" if "radius" in options else "dO/dz"
    lines = ["z~ = z + tau (dO/dz) G / sqrt(sum dO/dz (dO/dz G))"] if "radius" in options else []
    if "momentum" in options:
        lines.append(f"v <- beta v + {g}")
        g = "v"
    keep = keeps(model)
    lines += [f"b <- {keep}b - eta {g}", f"z <- {keep}z - eta ({g}) G"]
    return [*lines, "a <- (1 - eta wd) a"] if keep else lines
