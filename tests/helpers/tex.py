"""What is wrong with LaTeX, found without TeX: braces, pairs, rows, and commands that KaTeX knows not."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}]|[^\\{}\s]+|\s+", re.DOTALL)
KNOWN = frozenset(r"""
    \, \Bigl \Bigr \Gamma \Lambda \Upsilon \Xi \\ \_ \alpha \bar \begin \beta \bigl \bigr \boldsymbol \delta \dots \ell
    \end \epsilon \eta \frac \gamma \geq \hat \in \kappa \lambda \langle \left \log \mathbf \mathcal \mathrm \max \min
    \mu \nabla \neq \nu \operatorname \overline \pm \prime \qquad \quad \rangle \rho \right \setminus \sigma \sim
    \subseteq \sum \tau \text \tilde \times \underline \varepsilon \widetilde \xi \zeta \{ \| \}
""".split()) | {"\\ "}
"""The commands that we write, all of which KaTeX and amsmath have; `test_katex_takes_every_model` renders them."""


def problems(latex: str) -> list[str]:
    """What TeX or KaTeX would refuse in displays; empty where there is nothing."""
    tokens = [token for token in _TOKEN.findall(latex) if not token.isspace()]
    return [*_commands(tokens), *_braces(tokens), *_pairs(latex), *_rows(latex)]


def _commands(tokens: list[str]) -> Iterator[str]:
    for token in sorted({token for token in tokens if token[0] == "\\"} - KNOWN):
        yield f"{token} is no command that is known here"


def _braces(tokens: list[str]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            yield "a brace is closed that was not opened"
            return
    if depth:
        yield f"{depth} braces are not closed"


def _pairs(latex: str) -> Iterator[str]:
    for size in ("left", "Big", "big"):
        one, other = (r"\\left(?![a-z])", r"\\right(?![a-z])") if size == "left" else (
            rf"\\{size}l\b", rf"\\{size}r\b")
        left, right = (len(re.findall(each, latex)) for each in (one, other))
        if left != right:
            yield f"{left} of {one} and {right} of {other}"
    opened, closed = (re.findall(rf"\\{word}\{{([^}}]*)\}}", latex) for word in ("begin", "end"))
    if sorted(opened) != sorted(closed):
        yield f"environments {opened} are ended by {closed}"


def _rows(latex: str) -> Iterator[str]:
    """Rows of align with more than one mark of alignment; those of cases have their own."""
    for body in re.findall(r"\\begin\{align\*\}(.*?)\\end\{align\*\}", latex, re.DOTALL):
        plain = re.sub(r"\\begin\{cases\}.*?\\end\{cases\}", "", body, flags=re.DOTALL)
        for row in plain.split(r"\\"):
            if row.count("&") - row.count(r"\&") > 1:
                yield f"a row with {row.count('&')} marks of alignment: {row.strip()[:60]}"
