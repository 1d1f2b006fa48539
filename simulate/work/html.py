"""Tables as HTML for a notebook, or as a page of their own, which need nothing from elsewhere."""

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


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 80rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border-bottom: 1px solid #8886; min-width: 5rem; padding: .4rem .8rem .4rem 0; vertical-align: top; }}
</style>
</head>
<body>
{body}
</body>
</html>"""


def page(title: str, body: str) -> str:
    """A whole page of some HTML, which any browser opens."""
    return _PAGE.format(title=html.escape(title), body=body)
