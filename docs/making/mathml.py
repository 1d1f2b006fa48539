"""Equations as MathML: a Sphinx math renderer, so that the site needs no script and nothing from elsewhere."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

_BOLD = re.compile(r'<m([in]) mathvariant="bold(?:-italic)?">(&#x[0-9A-F]+;|\w)</m\1>')
_BOLD_LETTERS = {
    "0": (10, 0x1D7CE), "A": (26, 0x1D468), "a": (26, 0x1D482), "\N{GREEK SMALL LETTER ALPHA}": (25, 0x1D736),
}
"""Of a first character, how many follow it in a row, and where Unicode has them in bold (letters in bold italics)."""


def mathml(tex: str, display: str) -> str:
    """A formula as a `math` element that carries its LaTeX for readers aloud; `display` is "block" or "inline".

    Browsers know no bold variants of letters, only letters: they become those that Unicode has.
    """
    markup: str = convert(tex.strip(), display=display)
    markup = _BOLD.sub(_bold, markup)
    return markup.replace("<math ", f'<math aria-label="{escape(tex.strip())}" ', 1)


def _bold(match: re.Match[str]) -> str:
    letter = unescape(match[2])
    for first, (count, bold) in _BOLD_LETTERS.items():
        if 0 <= ord(letter) - ord(first) < count:
            return f"<m{match[1]}>{chr(bold + ord(letter) - ord(first))}</m{match[1]}>"
    return match[0]


def _inline(builder: Any, node: nodes.Element) -> None:
    builder.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(builder: Any, node: nodes.Element) -> None:
    builder.body.append(f'<div class="equation" tabindex="0">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Name the renderer "mathml" for conf.py's `html_math_renderer`."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
