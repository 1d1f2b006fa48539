"""Names in statements that no run of a model has, told before anything of it is derived, compiled or drawn."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping

from derivations.declare import Model, Statement
from derivations.declare.formula import QUANTITIES, parse
from derivations.declare.spoken import spoken

from ..errors import StatementRefused, did_you_mean
from ..observe import observables as obs
from .tasks import INNER
from .view import FRESH_NAMES, OF_HEADS

CONSTANTS = ("n", "m", "d", "kappa", "c", "T", "inf")
SEEN = ("outputs", "margin", "l1", "F", "zeta")  # what kernels observe of examples
OF_FAMILIES = ("z_", "b_", "G_", "adapted_", INNER)
"""How names begin that are of families: which there are is for who takes them, since a draw may bring some."""
_FORMULAS = ("claim", "given", "at", "since", "until", "mutant", "mutant_given")


def check_names(statements: Iterable[Statement], model: Model, quantities: Mapping[str, str]) -> None:
    """Raises StatementRefused where a statement speaks of what no run of the model has.

    One with parameters of its own, or about some values alone, may be of another model, and is left to its runs.
    """
    known = {*quantities, *_known(model)}
    for statement in statements:
        if statement.instance is not None or statement.path is not None or statement.only:
            continue
        texts = [getattr(statement, field) or "" for field in _FORMULAS]
        for name in _spoken(texts, quantities):
            if name not in known and not name.startswith(OF_FAMILIES):
                raise StatementRefused(statement.id, unknown(name, model, known))


def unknown(name: str, model: Model, known: Collection[str]) -> str:
    """The sentence on a name that is none of the known ones."""
    cure = did_you_mean(name, known) or "describe (gr.describe) lists parameters and variables"
    return f"{name!r} is not a quantity of {model.name} here; {cure}"


def _known(model: Model) -> Iterator[str]:
    """Every name that some run of the model has a value for, or a sentence of its own."""
    yield from (each.name for each in model.parameters)
    yield from (*CONSTANTS, *spoken(model), *obs.names(model), *SEEN, *FRESH_NAMES)
    for observable in model.observables:
        yield from (observable.name, *observable.also)
        if observable.decomposes:
            yield f"{observable.name}{OF_HEADS}"


def _spoken(texts: Iterable[str], quantities: Mapping[str, str]) -> Iterator[str]:
    """The names in formulas, and in the quantities that these name, once each."""
    waiting, told = [*texts], set[str]()
    while waiting:
        text = waiting.pop(0)
        for name in _names(parse(text, QUANTITIES)) if text else ():
            if name not in told:
                told.add(name)
                yield name
                waiting += [quantities[name]] if name in quantities else []


def _names(node: ast.AST) -> Iterator[str]:
    """The names of quantities in a formula: neither its functions nor the indices in brackets."""
    if isinstance(node, ast.Name):
        yield node.id
        return
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Subscript):
        inner = [node.value]
    elif isinstance(node, ast.Call):
        inner = node.args
    for part in inner:
        yield from _names(part)
