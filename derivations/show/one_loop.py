"""The displays of an algorithm with one loop: decomposition, algorithm, definitions, and one update a coefficient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..calculus.changes import collected_change
from ..calculus.recursion import Recursion
from ..calculus.symbols import Names, eta, y
from ..declare import Directions, Model, declared_families
from ..notation.latex import braced
from ..notation.lines import BECOMES, Entry, Factors, Line, Said, Total, Velocity
from ..notation.ranges import Range
from ..notation.readings import OneLoop
from ..notation.signs import NEXT, NOW, START, Sign
from . import algorithm
from .display import Display, Section
from .functions import function_lines, open_constants, starts
from .parts import (
    THEN,
    activation_said,
    change,
    coefficient,
    definition_lines,
    filters,
    patch_lines,
    published,
    share,
)


def display(recursion: Recursion) -> Display:
    """What is shown of a recursion of one loop."""
    model = recursion.model
    here, moved = OneLoop(model), OneLoop(model, moved=True)
    updates = [line for family in model.directions for line in _update(recursion, family, moved)]
    return Display(
        f"{model.title or model.name}, activation {activation_said(model)}, penalty {model.objective.penalty}.",
        (
            Section("Decomposition", (_decomposition(model), *_halves(model)), here),
            Section("Patches", patch_lines(model, here), here),
            Section("Algorithm", algorithm.lines(here), here),
            Section("Functions", function_lines(model), here),
            Section("Definitions", definition_lines(recursion), moved),
            Section("One step, from t to t + 1", tuple(updates), moved),
            Section("Where", (*starts(model), *open_constants(model)), here),
        ),
    )


def _decomposition(model: Model) -> Line:
    """w(t) = w(0) + sum of coefficient times direction, with the declared signs and scale."""
    names = Names(model)
    start = filters(names, START)
    a = algorithm.remaining(model)
    first = Factors((Sign(f"{a.text}(t)", f"{a.latex}^{{(t)}}"), start) if algorithm.kept(model) else (start,))
    shares = []
    for family in declared_families(model.directions):
        place = names.read_place(family)
        over = Total(tuple(map(Range, place)), plain=True) if place else None
        shares.append(share(names, family, coefficient(names, family, place, NOW), over))
    return Line(filters(names, THEN), (first, *shares))


def _halves(model: Model) -> Iterator[Said]:
    """The halves of a coefficient over the examples of the own class and over the others."""
    reading = OneLoop(model)
    names = reading.names
    j = names.head
    for family in (family for family in model.directions if family.coefficient.split):
        known, i = family.coefficient, names.read_index(family)
        own = algorithm.label_of(reading, y, i)
        name, entry = known.name, rf"{braced(known.latex)}_{{{j},r,{i}}}^{{(t)}}"
        yield Said(
            f"{name}_over = {name} 1{{{j} = {own.text}}}, {name}_under = {name} 1{{{j} != {own.text}}}",
            (rf"\overline{{{known.latex}}}_{{{j},r,{i}}}^{{(t)}} ",
             rf"= {entry} \mathbf{{1}}\{{{j} = {own.latex}\}}, \qquad "
             rf"\underline{{{known.latex}}}_{{{j},r,{i}}}^{{(t)}} = {entry} \mathbf{{1}}\{{{j} \neq {own.latex}\}}"),
        )


def _update(recursion: Recursion, family: Directions, reading: OneLoop) -> Iterator[Line]:
    """One step of a family's coefficient: of its velocity first, where there is one."""
    model, names = recursion.model, reading.names
    now, new = (coefficient(names, family, names.read_place(family), time) for time in (NOW, NEXT))
    scaled, kept, example = algorithm.share(model), _kept(model, now), names.read_index(family)
    groups = [replace(group, common=scaled * group.common)
              for group in collected_change(recursion, family.name, published(model))]
    if "momentum" not in model.algorithm.options:
        yield Line(new, (kept, *(change(reading, group, example=example) for group in groups)), BECOMES)
        return
    gradient = [change(reading, replace(group, common=group.common / -eta), example=example) for group in groups]
    beta, velocity = algorithm.symbol(model, "momentum"), Velocity(new)
    yield Line(velocity, (Factors((beta, Velocity(now))), *gradient), BECOMES)
    yield Line(new, (kept, Factors((algorithm.step_size(model), velocity), negative=True)), BECOMES)


def _kept(model: Model, now: Entry) -> Factors:
    return Factors((*algorithm.kept(model), now))
