"""Whether a paper's printed condition holds at one point, without the table around it: a verdict a cell of a grid."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import Conditions, Model, Value

from ..ask import reading
from .conditions import completed
from .names import check_names
from .point import Point
from .rows import verdict


def feasible(
    declared: Conditions, model: Model, values: Mapping[str, Value], *, constant: float = 1.0, steps: int | None = None
) -> bool | None:
    """What `tables[0].holds` of `tabulate` says, some hundred times faster: no clause is mended.

    Args:
        declared: the conditions.
        model: of which they are.
        values: every parameter by name; the conditions' own are at their defaults where they are not given.
        constant: the C at which each clause is judged.
        steps: T, for the clauses that speak of it.

    Returns:
        Whether every clause that is about such a run holds; None where none is, or one has no value and none fails.

    Raises:
        InputError: where C is not a positive number, a parameter of the conditions is out of range, or a name in them
            is nothing's.
    """
    check_names(declared, model)
    given, _ = completed(declared, values)
    at = Point(declared, given, reading.positive("constant", constant), steps, {})
    return verdict([at.row(clause) for clause in declared.lists[0].clauses])
