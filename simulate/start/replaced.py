"""Which parameters play no part, because the caller brings what their laws would draw."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from derivations.declare import Law, Model, to_plain


def replaced(model: Model, brought: Collection[str]) -> tuple[str, ...]:
    """The parameters that only the laws of these families, and of the filters "W", read.

    What fresh examples and tasks are drawn by stays, and so does what any other part of the model names.
    """
    again = (*model.test.drawn, *(each.name for each in model.directions if model.test.of_tasks))
    gone = [each for each in model.directions if each.name in brought and each.name not in again]
    told = [law for each in model.directions if isinstance(law := each.law, Law) and {*law.brought} & {*brought}]
    filters = [model.initialisation] if "W" in brought else []
    kept = [] if filters else [model.initialisation]
    others = (each.law for each in model.directions if each not in gone and each.law not in told)
    rest = (model.network, model.objective, model.algorithm, model.test, model.patches, model.scalars, model.events,
            model.observables, *kept, *others)
    scales = [law.scales for law in told]  # of the matrices that are brought; fresh noise keeps the shape
    return read_by(model, [*(each.law for each in gone), *scales, *filters], rest)


def read_by(model: Model, parts: Iterable[object], rest: Iterable[object]) -> tuple[str, ...]:
    """The parameters that some parts of a declaration name and the rest does not, in the model's order."""
    own, kept = (_words([to_plain(part) for part in each]) for each in (parts, rest))
    return tuple(each.name for each in model.parameters if each.name in own - kept)


def _words(plain: Any) -> set[str]:
    """Every text in a declaration."""
    if isinstance(plain, Mapping):
        return set().union(*(_words(each) for each in plain.values()))
    if isinstance(plain, list | tuple):
        return set().union(*(_words(each) for each in plain))
    return {plain} if isinstance(plain, str) else set()
