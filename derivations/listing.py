"""docs/declaration.md: what a declaration may say, listed from the classes and tables that are asked.

`python -m derivations.listing` writes it anew.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .declare import (
    ACTIVATIONS,
    FORMULAS,
    LOSSES,
    PENALTIES,
    Angle,
    Biases,
    Bilevel,
    Coefficient,
    Directions,
    Event,
    Expression,
    GradientDescent,
    Initialisation,
    Law,
    Mixing,
    Model,
    Network,
    NeuronAxis,
    Objective,
    Observable,
    OfMargin,
    OnePass,
    Parameter,
    Patch,
    Scalar,
    Schedule,
    SecondLayer,
    SumPatch,
    Term,
    TestLaw,
)
from .declare.arithmetic import OneSided
from .declare.choices import WordOrFormula, fields_of, kinds_of
from .declare.expression_grammar import EXPRESSIONS
from .declare.laws import ChosenLaw
from .declare.network import Activation

TARGET = Path(__file__).resolve().parents[1] / "docs" / "declaration.md"
_CLASSES: dict[str, list[type[Any]]] = {
    "The model and its parts": [
        Model, Directions, Angle, Coefficient, Patch, SumPatch, Term, Network, Activation, SecondLayer, Biases,
        Objective, Parameter, Event,
    ],
    "Scalars of examples": kinds_of(Scalar),
    "Mixing matrices": kinds_of(Mixing),
    "Algorithms": [GradientDescent, Schedule, OnePass, Bilevel],
    "Laws of directions": [*(kind for kind in kinds_of(Law) if kind is not NeuronAxis), ChosenLaw],
    "Initialisations": kinds_of(Initialisation),
    "Test laws": kinds_of(TestLaw),
    "Observables": kinds_of(Observable),
}
_EMPHASIS = re.compile(r"\*(?=\w)|(?<!\w)_(?=\w)")


def text() -> str:
    """The whole page."""
    lines = [
        "# What a declaration may say", "",
        "Written by `python -m derivations.listing` from the code (`make generate`); a test holds it to that. Words",
        "are imported from `derivations.declare`. [models.md](models.md) has whole examples.", "",
        "## Activations", "", "`Activation(NAME)`, NAME a word or a formula in z.", "", *_activations(), "",
        "## Losses", "", "`Objective(loss=NAME)`, NAME a word or, of signed heads, a formula in the margin z = y f.",
        "",
        *_losses(), "", f"Penalties: {_words(PENALTIES)}.", "", "## Formulas in z", "", *_grammar(), "",
    ]
    for title, kinds in _CLASSES.items():
        lines += [f"## {title}", ""]
        for kind in kinds:
            lines += [*_of_class(kind), ""]
    return "\n".join(lines).rstrip() + "\n"


def _words(names: typing.Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _activations() -> Iterator[str]:
    yield from ("| word | sigma(z) |", "| --- | --- |")
    for name, kind in ACTIVATIONS.items():
        yield f"| `{name}` | {_first(kind)} |"
    for name, formula in FORMULAS.items():
        yield f"| `{name}` | `{formula}` |"


def _losses() -> Iterator[str]:
    yield from ("| word | loss | heads |", "| --- | --- | --- |")
    for name, kind in LOSSES.items():
        said = f"`{kind.expression.text}`" if isinstance(kind, OfMargin) else _first(type(kind))
        yield f"| `{name}` | {said} | {'signed' if kind.of_margin else 'class'} |"


def _grammar() -> Iterator[str]:
    doc = inspect.getdoc(sys.modules[Expression.__module__]) or ""
    yield from doc.split("\n\n")[1].partition("  This module")[0].split("\n")
    assert set(OneSided.functions) == set(EXPRESSIONS.functions)
    yield from ("", f"Functions: {_words((*EXPRESSIONS.functions, 'where'))}; operations + - * / **.")


def _first(kind: type[Any]) -> str:
    return (inspect.getdoc(kind) or "").split("\n")[0]


def _plain(line: str) -> str:
    """A docstring's line, in whose formulas no star and no underscore begins an emphasis; what is indented is code."""
    if line.startswith("    "):
        return line
    parts = re.split("(`[^`]*`)", line)
    return "".join(part if part.startswith("`") else _EMPHASIS.sub(r"\\\g<0>", part) for part in parts)


def _of_class(kind: type[Any]) -> Iterator[str]:
    """A class: what it says of itself, and its fields with what each takes."""
    yield f"### {kind.__name__}"
    yield ""
    yield from map(_plain, (inspect.getdoc(kind) or "").split("\n"))
    fields = {each.name: each for each in dataclasses.fields(kind)}
    if fields:
        yield from ("", "| field | takes | default |", "| --- | --- | --- |")
    for name, hint in fields_of(kind).items():
        if name in fields:
            yield f"| `{name}` | {_taken(hint)} | {_default(fields[name])} |"


def _taken(hint: Any) -> str:
    """An annotation in words; a closed list in full."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        marks = [mark for mark in inside[1:] if isinstance(mark, WordOrFormula)]
        if marks:
            return "a word or a formula"
        to = next((mark.to for mark in inside[1:] if hasattr(mark, "to")), "")
        said = next((mark.expected for mark in inside[1:] if hasattr(mark, "expected")), "a name")
        return f"the name of a {to}" if to else said
    if origin is typing.Literal:
        return " ".join(f"`{each}`" for each in inside)
    if origin is tuple:
        part = _taken(inside[0])
        return f"a tuple, of {part} each" if inside[-1] is Ellipsis else f"a tuple ({', '.join(map(_taken, inside))})"
    if inside:
        return " or ".join(_taken(each) for each in inside)
    return {str: "text", bool: "True or False", int: "a whole number", float: "a number", type(None): "None"}.get(
        hint, getattr(hint, "__name__", str(hint)))


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default
    if value is dataclasses.MISSING:
        return "" if field.default_factory is dataclasses.MISSING else "empty"
    return f"`{type(value).__name__}()`" if dataclasses.is_dataclass(value) else f"`{ast.unparse(ast.Constant(value))}`"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
