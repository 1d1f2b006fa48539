"""All of a setting's statements, where one that cannot be judged does not keep the others from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from derivations.declare import Model, Statement

from ..ask import settings
from ..ask.chosen import Chosen, choose
from ..errors import StatementRefused
from ..run.problem import problem_of
from .posed import Posed, posed
from .results import Check

Answer = TypeVar("Answer")


def every(setting: str | Model | Chosen) -> tuple[Statement, ...]:
    """All of a setting's statements, as they are declared."""
    chosen = choose(setting, None, None, "check")
    return settings.statements_of(chosen.setting, problem_of(chosen).model).statements


def posed_sparing(
    setting: str | Model | Chosen, statements: Sequence[str | Statement] | None, params: Mapping[str, object] | None,
    preset: str | None,
) -> tuple[Posed, tuple[str, ...]]:
    """The statements asked for, and where these are all of a setting's a sentence of each that cannot be judged.

    Raises InputError as `posed`; StatementRefused where none can.
    """
    if statements is not None or not (declared := every(setting)):
        return posed(setting, statements, params, preset), ()
    return _sparing(lambda some: posed(setting, some, params, preset), declared)


def spared(judged: Callable[[Sequence[Statement]], Check], statements: Sequence[Statement]) -> Check:
    """The check of those that can be judged, with a sentence of each that cannot.

    Raises StatementRefused where none of them can.
    """
    check, refused = _sparing(judged, statements)
    return replace(check, refused=refused)


def _sparing(
    ask: Callable[[Sequence[Statement]], Answer], statements: Sequence[Statement]
) -> tuple[Answer, tuple[str, ...]]:
    """What is made of the statements that are not refused, with a sentence of each that is."""
    left, refused = list(statements), list[str]()
    while True:
        try:
            return ask(left), tuple(refused)
        except StatementRefused as error:
            left = [each for each in left if each.id != error.id]
            refused.append(str(error))
            if not left:
                raise


__all__ = ["every", "posed_sparing", "spared"]
