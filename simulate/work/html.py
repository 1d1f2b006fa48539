"""Tables as HTML for a notebook, which needs nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

_LEFT = "style='text-align:left'"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "", note: str = "") -> str:
    """A table with its title above and a note below it; without a head where no column has a name."""
    heads = "".join(f"<th {_LEFT}>{html.escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td {_LEFT}>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    above = f"<thead><tr>{heads}</tr></thead>" if any(columns) else ""
    said = f"<p>{html.escape(title)}</p>" if title else ""
    return f"{said}<table>{above}<tbody>{body}</tbody></table>" + (f"<p>{html.escape(note)}</p>" if note else "")


def heading(text: str) -> str:
    """A line above the tables."""
    return f"<p><b>{html.escape(text)}</b></p>"
