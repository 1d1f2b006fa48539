"""The plain alphabet with letters of Unicode, for a terminal that has them: γ_{j,r}, ρ̄, ⟨w_{j,r}, ξ_i⟩, ‖μ‖², ℓ′_i.

Names of parameters of more than a letter's index, such as eta_inner, stay as they are typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lines import Line, Said
from .signs import INNER, Sign
from .text import Text

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lam": "λ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ", "omega": "ω", "Lambda": "Λ", "Xi": "Ξ", "Phi": "Φ",
}
_MARKED = {"_over": "\u0304", "_under": "\u0332", "~": "\u0303", "tilde": "\u0303", "hat": "\u0302", "": ""}
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LETTER = re.compile(
    rf"(?<![\w\\])({'|'.join(sorted(_GREEK, key=len, reverse=True))}|[a-zA-Z])(_over|_under|~|tilde|hat)?"
    r"(?![A-Za-z]|_[a-z]{2})")
_POWER = re.compile(r"(?:\*\*|(?<=‖)\^)(\d+)")
_SIGNS = (
    ("<-", "←"), ("||", "‖"), (">=", "≥"), ("<=", "≤"), ("!=", "≠"), ("sum_", "Σ_"), ("grad_", "∇_"), ("''", "″"),
    ("'", "′"),
)
_INNER = Sign("⟨{0}, {1}⟩", INNER.latex)


class Unicode(Text):
    """Plain text in Unicode."""

    def form(self, form: Sign, *parts: str) -> str:
        """A form with its parts, an inner product in brackets of its own."""
        return super().form(_INNER if form is INNER else form, *parts)

    def said(self, words: str) -> str:
        """Words with their symbols in letters of Unicode."""
        return lettered(words)

    def display(self, lines: Sequence[Line | Said]) -> list[str]:
        """The lines that text shows, letter by letter."""
        return [lettered(line) for line in super().display(lines)]


def lettered(text: str) -> str:
    """Plain text with every sign that has a letter in Unicode written by it."""
    for sign, letter in _SIGNS:
        text = text.replace(sign, letter)
    text = _POWER.sub(lambda power: power[1].translate(_SUPERSCRIPT), text).replace("*", "·")
    text = re.sub(r"(?<!\w)l(?=[′″_(])", "ℓ", text)
    return _LETTER.sub(lambda match: _GREEK.get(match[1], match[1]) + _MARKED[match[2] or ""], text)
