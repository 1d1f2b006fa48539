"""Markdown as Sphinx reads it by MyST: plain text that stays plain, tables with anything in their cells, equations."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|$#~])")


def plain(text: str) -> str:
    """Text in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Text in a fixed width."""
    return f"`{text}`" if text else ""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown themselves; nothing without rows."""
    if not rows:
        return ""
    lines = ["```{list-table}", ":header-rows: 1", ""]
    for row in (heads, *rows):
        lines += [f"{'* -' if at == 0 else '  -'} {cell}".rstrip() for at, cell in enumerate(row)]
    return "\n".join([*lines, "```"])


def equations(tex: str) -> str:
    """A display."""
    return f"```{{math}}\n{tex.strip()}\n```"


def fenced(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"
