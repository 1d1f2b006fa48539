"""Tables with titles, for a terminal by rich and for a notebook as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulate.work import html

WIDTH = 118


@dataclass(frozen=True)
class Section:
    """A title, the columns' heads (none for a plain list), rows of as many cells, and a line under them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def as_text(head: str, sections: Sequence[Section], width: int = WIDTH) -> str:
    """The sections one under another, no wider than `width` characters where words can be broken between."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=width, color_system=None, force_terminal=False, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(head)
        for section in sections:
            console.print(f"\n{section.title}" if section.title else "")
            table = Table(box=None, show_header=any(section.columns), pad_edge=False, padding=(0, 2, 0, 0))
            for at, column in enumerate(section.columns):
                table.add_column(column, no_wrap=at == 0, overflow="fold")
            for row in section.rows:
                table.add_row(*row)
            console.print(table)
            if section.note:
                console.print(section.note)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def as_html(head: str, sections: Sequence[Section]) -> str:
    """The same as HTML that needs nothing from elsewhere."""
    return "\n".join([html.heading(head), *(
        html.table(section.columns, section.rows, section.title, section.note) for section in sections)])
