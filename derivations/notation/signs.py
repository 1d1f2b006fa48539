"""How each symbol, definition and function of the calculus is written, in plain text and in LaTeX: the one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sign:
    """How one thing is written in plain text and in LaTeX."""

    text: str
    latex: str

    def of(self, *parts: str) -> Sign:
        """A form, such as <{0}, {1}>, with its parts put in."""
        return Sign(self.text.format(*parts), self.latex.format(*parts))


def in_step(sign: Sign, step: str = "t") -> Sign:
    """A number that changes with the step, in step t or another."""
    return Sign(f"{sign.text}({step})", f"{sign.latex}({step})")


@dataclass(frozen=True)
class Primed(Sign):
    """A derivative: `letter` with primes, which a time may stand beside."""

    letter: str
    primes: int


@dataclass(frozen=True)
class Applied:
    """A function: templates of its arguments {0}, {1} and of {over}, what it divides by.

    In LaTeX {power}, where it is raised to one, follows its name.
    """

    text: str
    latex: str

    def in_text(self, args: Sequence[str], over: str) -> str:
        """The function at its arguments, as text."""
        return self.text.format(*args, over=over)

    def in_latex(self, args: Sequence[str], over: str, power: str) -> str:
        """The same as LaTeX, raised to a power where one is given."""
        return self.latex.format(*args, over=over, power=power)


class Indicator(Applied):
    """A function that is 0 or 1, as is any power of it."""


class Phrase(Applied):
    """A function written as a phrase, which a power puts in parentheses."""

    def in_latex(self, args: Sequence[str], over: str, power: str) -> str:
        """The function at its arguments, in parentheses where it is raised to a power."""
        shown = self.latex.format(*args)
        return rf"\bigl({shown}\bigr){power}" if power else shown


NEVER = Sign("", "")  # the time of what has none, as of labels
NOW, NEXT, START = Sign("", "t"), Sign("", "t+1"), Sign("(0)", "0")

INNER = Sign("<{0}, {1}>", r"\langle {0}, {1}\rangle")
SQUARE, POWER = Sign("||{0}||^2", r"\|{0}\|_2^2"), Sign("||{0}||^{1}", r"\|{0}\|_2^{{{1}}}")
GRADIENT = Sign("grad_{0} {1}", r"\nabla_{{\mathbf{{w}}_{{{0}}}}}{1}")
EQUAL, WITHIN = Sign("1{{{0} = {1}}}", r"\mathbf{{1}}\{{{0}={1}\}}"), Sign("1{{{0}}}", r"\mathbf{{1}}\{{{0}\}}")
SUMMED = Sign("{0} [ {1} ]", r"{0}\Bigl[{1}\Bigr]")

ETA = Sign("eta", r"\eta")
FILTER, MOVED = Sign("w", r"\mathbf{w}"), Sign("w~", r"\widetilde{\mathbf{w}}")
DEFINED = {
    "l1": Primed("l'", r"\ell'", r"\ell", 1), "l2": Primed("l''", r"\ell''", r"\ell", 2), "loss": Sign("l", r"\ell"),
    "omega": Sign("omega", r"\omega"), "margin": Sign("margin", r"\mathrm{margin}"), "zeta": Sign("zeta", r"\zeta"),
    "label": Sign("ytilde", r"\tilde{y}"), "clean": Sign("yhat", r"\hat{y}"),
    "W~": Sign("W~", r"\widetilde{\mathbf{W}}"),
}
SYMBOLS = {
    "lam": Sign("lam", r"\lambda"), "L_i": Sign("L_i", "L_i"), "L_S": Sign("L_S", "L_S"),
    "O": Sign("O", r"\widetilde{L}"), "|B_t|": Sign("|B_t|", r"|\mathcal{B}_t|"),
}

_RELU, _SIGMA = Applied("ReLU({0})", r"\mathrm{{ReLU}}{power}({0})"), Applied("sigma({0})", r"\sigma{power}({0})")
SLOPE = Applied("sigma'({0})", r"\sigma'{power}({0})")
FUNCTIONS: dict[str, Applied] = {
    "Relu": _RELU, "ReluClosed": _RELU, "HuberizedRelu": _SIGMA, "LeakyRelu": _SIGMA, "LeakyReluClosed": _SIGMA,
    "LeakySlope": SLOPE, "LeakySlopeClosed": SLOPE, "Sigma": _SIGMA, "SigmaSlope": SLOPE,
    "SigmaBend": Applied("sigma''({0})", r"\sigma''{power}({0})"),
    "Ramp": Applied("clip({0}/{over}, 0, 1)", r"\mathrm{{clip}}_{{[0,1]}}{power}({0}/{over})"),
    "Step": Indicator("1{{{0} > 0}}", r"\mathbf{{1}}\{{{0}>0\}}"),
    "StepClosed": Indicator("1{{{0} >= 0}}", r"\mathbf{{1}}\{{{0}\geq 0\}}"),
    "Box": Indicator("1{{0 < {0} < {1}}}", r"\mathbf{{1}}\{{0<{0}<{1}\}}"),
    "softmax": Applied("softmax({0})", r"\mathrm{{softmax}}{power}({0})"),
    "norm2": Phrase("||grad {0}||_F^2", r"\|\nabla {0}\|_F^2"),
    "along": Phrase("<d{0}/dz, u>", r"\langle \partial {0}/\partial z, u\rangle"),
    "partial": Phrase("d{0}/d{1}", r"\partial {0}/\partial {1}"),
    "cross_entropy": Phrase("log sum_k exp(F_k) - {0}", r"\log\sum_k e^{{F_k}} - {0}"),
}
RATES = tuple(Applied(f"l{order}({{1}})", rf"\ell{order}{{power}}({{1}})") for order in ("", "'", "''"))
"""The loss and its derivatives, by order, which is the function's first argument."""
