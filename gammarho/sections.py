"""Tables with titles, for a terminal by rich and for a notebook as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

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
    parts = [f"<p><b>{html.escape(head)}</b></p>"]
    for section in sections:
        heads = "".join(f"<th style='text-align:left'>{html.escape(column)}</th>" for column in section.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in section.rows
        )
        above = f"<thead><tr>{heads}</tr></thead>" if any(section.columns) else ""
        note = f"<p>{html.escape(section.note)}</p>" if section.note else ""
        parts.append(f"<p>{html.escape(section.title)}</p><table>{above}<tbody>{rows}</tbody></table>{note}")
    return "\n".join(parts)
