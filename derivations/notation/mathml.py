"""Equations as MathML, which browsers set by themselves: no script, and nothing from elsewhere."""

from __future__ import annotations

import re
from html import escape, unescape

from latex2mathml.converter import convert

_BOLD = re.compile(r'<m([in]) mathvariant="bold(?:-italic)?">(&#x[0-9A-F]+;|\w)</m\1>')
_ALIGNED = re.compile(r'columnalign="(left|center|right)"')
_FUNCTION = re.compile(r"<m([io])>((?!max|min|sup|inf|lim)[A-Za-z]{2,})</m\1>")
_MINUS_SET = ("<mi>&#x029F5;</mi>", "<mo>&#x02216;</mo>")
_BOLD_LETTERS = {
    "0": (10, 0x1D7CE), "A": (26, 0x1D468), "a": (26, 0x1D482), "\N{GREEK SMALL LETTER ALPHA}": (25, 0x1D736),
}
"""Of a first character, how many follow it in a row, and where Unicode has them in bold (letters in bold italics)."""


def mathml(tex: str, display: str) -> str:
    """A formula as a `math` element that carries its LaTeX for readers aloud; `display` is "block" or "inline".

    Browsers know no bold variants of letters, only letters: they become those that Unicode has.  Nor do they know
    `columnalign`, which MathML Core leaves to CSS.  A function's name has TeX's thin space before it, and the
    difference of sets is the operator that fonts have.
    """
    markup: str = convert(tex.strip(), display=display)
    markup = _ALIGNED.sub(r'style="text-align:\1"', _BOLD.sub(_bold, markup))
    markup = _FUNCTION.sub(r'<mo lspace="0.167em" rspace="0" form="prefix">\2</mo>', markup).replace(*_MINUS_SET)
    return markup.replace("<math ", f'<math aria-label="{escape(tex.strip())}" ', 1)


def block(tex: str) -> str:
    """A display in a box of its own, of the class "equation", that scrolls where the page is narrower."""
    return f'<div class="equation" style="overflow-x:auto" tabindex="0">{mathml(tex, "block")}</div>'


def _bold(match: re.Match[str]) -> str:
    letter = unescape(match[2])
    for first, (count, bold) in _BOLD_LETTERS.items():
        if 0 <= ord(letter) - ord(first) < count:
            return f"<m{match[1]}>{chr(bold + ord(letter) - ord(first))}</m{match[1]}>"
    return match[0]
