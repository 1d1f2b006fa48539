"""The degree to which a formula in z is homogeneous: the q with sigma(c z) = c^q sigma(z) for every c > 0."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .expression_grammar import cut_of, depends, function_of, number_of
from .expressions import Expression


def homogeneity_of(expression: Expression) -> int:
    """q, read off the formula's form, as 1 of where(z > 0, z, a*z) and of z/sqrt(m); 0 where it shows none above 0."""
    return max(0, _degree(expression.tree, expression.variable) or 0)


def _degree(node: ast.expr, variable: str) -> int | None:
    """The degree of a part, 0 of what is free of z; None where its form shows none."""
    if not depends(node, variable):
        return 0
    if isinstance(node, ast.Name):
        return 1
    if isinstance(node, ast.UnaryOp):
        return _degree(node.operand, variable)
    if isinstance(node, ast.BinOp):
        return _of_two(node, variable)
    if isinstance(node, ast.Call) and function_of(node) == "where":
        cut = cut_of(node, "", variable)
        return _common((cut.above, cut.below), variable) if number_of(cut.at) == 0 else None
    return None


def _of_two(node: ast.BinOp, variable: str) -> int | None:
    """Of a sum, a product, a quotient or a power."""
    if isinstance(node.op, ast.Add | ast.Sub):
        return _common((node.left, node.right), variable)
    left = _degree(node.left, variable)
    if isinstance(node.op, ast.Pow):
        power = number_of(node.right)
        return int(left * power) if left is not None and power is not None and power.is_integer() else None
    right = _degree(node.right, variable)
    if left is None or right is None:
        return None
    return left - right if isinstance(node.op, ast.Div) else left + right


def _common(parts: Sequence[ast.expr], variable: str) -> int | None:
    """The degree that all parts have, but for those that are 0, which has every degree."""
    degrees = {_degree(each, variable) for each in parts if number_of(each) != 0}
    return degrees.pop() if len(degrees) == 1 else None
