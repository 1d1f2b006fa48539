"""Numbers of the step that change with it, in a kernel's time loop: their functions of t, and where they are taken."""

from __future__ import annotations

from ..declare import Model, roles, schedule_constants, scheduled
from . import formulas
from .layout import Writer
from .printer import argument


def written(model: Model) -> list[str]:
    """The text of each number's function of t; none without schedules."""
    called = roles(model) | {name: argument(name) for name in schedule_constants(model)}
    return [formulas.schedule(role, of, called) for role, of in scheduled(model).items()]


def keep_given(model: Model, out: Writer) -> None:
    """Before the time loop: the numbers as given, which the schedules start from."""
    out.put(1, *[f"{role}_given = {role}" for role in scheduled(model)])


def take(model: Model, out: Writer) -> None:
    """In the time loop: the numbers of step t."""
    expressions, called = scheduled(model), roles(model)
    for role, expression in expressions.items():
        names = [called.get(name, argument(name)) for name in expression.constants]
        arguments = ["float(t)", *(f"{name}_given" if name in expressions else name for name in names)]
        out.put(2, f"{role} = {role}_at({', '.join(arguments)})")


def decay_moves(model: Model) -> bool:
    """Whether 1 - eta weight_decay, by which weights shrink, changes with the step."""
    return "weight_decay" in model.algorithm.options and bool({"eta", "weight_decay"} & scheduled(model).keys())
