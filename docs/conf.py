"""The site: Sphinx with furo, Markdown by MyST, equations by MathML, the reference from docstrings (`make docs`)."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

project, author, copyright = "gammarho", "gammarho contributors", "gammarho contributors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.making.mathml"]
exclude_patterns = ["making", "_static", "notebooks"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository that are no pages
smartquotes = False
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 90
html_theme = "furo"
html_title = "gammarho"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

_CODE = re.compile(r"(`[^`]*`)")
_MARKUP = re.compile(r"([*|\\]|(?<=\w)_(?!\w))")


def _as_said(app: Any, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Docstrings quote formulas, whose stars, bars and trailing underscores are no markup."""
    for at, line in enumerate(lines):
        if not line.startswith((":", ".. ")):
            parts = _CODE.split(line)
            lines[at] = "".join(part if part.startswith("`") else _MARKUP.sub(r"\\\1", part) for part in parts)


def setup(app: Any) -> None:
    """Escape what docstrings quote."""
    app.connect("autodoc-process-docstring", _as_said)
