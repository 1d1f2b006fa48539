"""That every name in a paper's conditions is one of the model, of the conditions, or supplied to all formulas."""

from __future__ import annotations

from collections.abc import Iterator

from derivations.declare import Conditions, Model, Only
from derivations.declare.formula import FormulaError, names

from ..errors import InputError, nearest_or_new, quoted

SUPPLIED = ("kappa", "c", "T")


def check_names(declared: Conditions, model: Model) -> None:
    """Refuses a name that nothing has, with the nearest; a text that is no formula is told by its own row.

    Raises:
        InputError: naming where it stands.
    """
    parameters = [each.name for each in (*model.parameters, *declared.parameters)]
    inside = list(dict.fromkeys([*parameters, *(each.name for each in declared.quantities), *SUPPLIED]))
    for where, text in _formulas(declared):
        try:
            used = names(text)
        except FormulaError:
            continue
        for name in used:
            if name not in inside:
                said = f"{quoted(name)} in {quoted(text)} is no parameter or quantity"
                raise InputError(f"{where}: {said}; {nearest_or_new(name, inside)}")
    for where, name in _parameters(declared):
        if name not in parameters:
            raise InputError(f"{where}: {quoted(name)} is no parameter; {nearest_or_new(name, parameters)}")


def _formulas(declared: Conditions) -> Iterator[tuple[str, str]]:
    """(where it stands, the formula) of every one."""
    for quantity in declared.quantities:
        yield f"quantity {quantity.name}", quantity.formula
    for clause in (each for group in declared.lists for each in group.clauses):
        yield from ((f"clause {clause.id}", side) for side in (clause.left, clause.right))
    for each in declared.prescriptions:
        yield from ((f"prescription {each.name}", text) for text in (each.used, each.formula))


def _parameters(declared: Conditions) -> Iterator[tuple[str, str]]:
    """(where it stands, the name) of every parameter that a clause mends or that something is restricted to."""
    restricted: list[tuple[str, Only | None]] = [("assumes", only) for only in declared.assumes]
    restricted += [(f"quantity {each.name}", each.only) for each in declared.quantities]
    restricted += [(f"prescription {each.name}", each.only) for each in declared.prescriptions]
    for clause in (each for group in declared.lists for each in group.clauses):
        yield from ((f"clause {clause.id}, mends", name) for name, _ in clause.mends)
        restricted.append((f"clause {clause.id}", clause.only))
    yield from ((f"{where}, only", only.parameter) for where, only in restricted if only is not None)
