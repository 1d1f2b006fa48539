"""Equations as MathML: a Sphinx math renderer, so that the site needs no script and nothing from elsewhere."""

from __future__ import annotations

from typing import Any

from docutils import nodes

from derivations.notation.mathml import block, mathml


def _inline(builder: Any, node: nodes.Element) -> None:
    builder.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(builder: Any, node: nodes.Element) -> None:
    builder.body.append(block(node.astext()))
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Name the renderer "mathml" for conf.py's `html_math_renderer`."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
