"""Whether a statement of one's own fits its setting: parameters, values, presets and steps that are there."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from derivations.declare import Model, Statement
from derivations.declare.formula import QUANTITIES, parse
from derivations.papers.paper import PAPERS

from ..errors import StatementRefused, nearest, quoted


def fitting(statement: Statement, model: Model, presets: Collection[str], quantities: Mapping[str, str]) -> None:
    """Raises StatementRefused where a statement of one's own names a parameter, a value or a preset that is not there.

    Papers' own statements are about any model of theirs, of which some have no such parameter.
    """
    if any(paper.statements is not None and statement in paper.statements.statements for paper in PAPERS.values()):
        return
    _admitted(statement, model)
    for name in statement.presets:
        if name not in presets:
            cure = nearest(name, presets) if presets else "the setting has none; leave it out"
            raise StatementRefused(statement.id, f"presets: {quoted(name)} is not one of the setting's; {cure}")
    if statement.random and statement.delta == "delta" and "delta" not in {each.name for each in model.parameters}:
        raise StatementRefused(statement.id, f"delta: left out, it is the parameter delta, and {model.name} has none; "
                               'give a formula of parameters, such as delta="0.05"')
    for text in filter(None, (statement.claim, statement.given, statement.mutant, statement.mutant_given)):
        if steps_ahead(parse(text, QUANTITIES), quantities) > 1:
            raise StatementRefused(statement.id, f"{quoted(text)} looks two steps ahead, and statements speak of t "
                                   "and t + 1; say it of one step by at(x, 10), or of the steps before t by past(x)")


def _admitted(statement: Statement, model: Model) -> None:
    """Raises StatementRefused where `only` names what the model does not have."""
    parameters = {each.name: each for each in model.parameters}
    for only in statement.only:
        if only.parameter not in parameters:
            cure = nearest(only.parameter, parameters)
            raise StatementRefused(statement.id, f"only: {quoted(only.parameter)} is not a parameter; {cure}")
        declared = parameters[only.parameter]
        if declared.kind == "flag" and not all(isinstance(value, bool) for value in only.values):
            raise StatementRefused(
                statement.id, f"only: {only.parameter} is {quoted(only.values)}; expected (True,) or (False,)")
        for value in only.values if declared.kind == "choice" else ():
            if value not in declared.choices:
                cure = nearest(str(value), declared.choices)
                raise StatementRefused(statement.id, f"only: {only.parameter} is never {quoted(value)}; {cure}")


def steps_ahead(node: ast.AST, quantities: Mapping[str, str]) -> int:
    """How many steps ahead of t a formula looks, through its quantities too."""
    if isinstance(node, ast.Name):
        return steps_ahead(parse(quantities[node.id], QUANTITIES), quantities) if node.id in quantities else 0
    within = max((steps_ahead(child, quantities) for child in ast.iter_child_nodes(node)), default=0)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return within
    return 0 if node.func.id in ("at", "start", "first") else within + (node.func.id == "next")


__all__ = ["fitting", "steps_ahead"]
