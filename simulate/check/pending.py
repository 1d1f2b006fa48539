"""Comparisons that speak of a first step which has not come by the run's last one, and may come at any later step."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import numpy as np

from derivations.declare.formula import QUANTITIES, parse

from .comparison import Comparison, comparisons
from .formula import Scope, evaluate, mentioned, uses
from .indexed import Indexed, Parts
from .view import View

_MOST = 4  # events of one formula that are tried together, each at once and never


def pending(text: str, view: View) -> tuple[str, ...]:
    """The events of a formula's first(...), and of those of its quantities, that come at no recorded step."""
    calls = dict.fromkeys(ast.unparse(call.args[0]) for each in _texts(text, view) for call in uses(each, "first"))
    return tuple(event for event in calls if view.first(parse(event, QUANTITIES)) == math.inf)


def settled(text: str, view: View, tolerance: float) -> list[Comparison]:
    """`comparisons` of a claim, known where they come out the same whenever its pending events come, or never."""
    compared, events = comparisons(text, view, tolerance), pending(text, view)
    for scope in _later(events, view):
        others = comparisons(text, scope, tolerance)
        compared = [replace(one, known=one.known & other.known & (one.holds == other.holds))
                    for one, other in zip(compared, others, strict=True)]
    if len(events) > _MOST:
        compared = [replace(one, known=np.zeros_like(one.known)) if uses(one.text, "first") else one
                    for one in compared]
    return compared


def wavers(text: str, view: View) -> bool:
    """Whether a condition holds elsewhere where its pending events come right after the run than where never."""
    events = pending(text, view) if text else ()
    if not events:
        return False
    node = parse(text, QUANTITIES)
    here = evaluate(node, view).values != 0
    return len(events) > _MOST or any(
        not np.array_equal(here, evaluate(node, scope).values != 0) for scope in _later(events, view))


def said(text: str, view: View) -> str:
    """Which event has not come; "" where all have."""
    events = pending(text, view)
    return f"first({events[0]}) has not come by the run's last step, {view.case.t[-1]}, and may later" if events else ""


def _texts(text: str, view: View) -> Iterator[str]:
    """A formula, and those of the quantities in it and in these."""
    quantities, open_texts, met = view.case.quantities, [text], set[str]()
    while open_texts:
        here = open_texts.pop()
        yield here
        behind = {name for name in mentioned(here) if name in quantities} - met
        met |= behind
        open_texts += [quantities[name] for name in sorted(behind)]


def _later(events: tuple[str, ...], view: View) -> Iterator[Scope]:
    """The view where each event comes right after the run's last step or never, but for all never."""
    if not 0 < len(events) <= _MOST:
        return
    for steps in product((float(view.case.t[-1] + 1), math.inf), repeat=len(events)):
        if not all(map(math.isinf, steps)):
            yield _Supposed(view, dict(zip(events, steps, strict=True)))


class _Supposed:
    """A view in which some events come at given steps."""

    def __init__(self, view: View, steps: Mapping[str, float]) -> None:
        self._view, self._steps, self.parts = view, steps, Parts()

    def named(self, name: str) -> Indexed:
        """As `Scope` says; a formula that speaks of the events is taken anew."""
        text = self._view.case.quantities.get(name)
        if text is None or not any(uses(each, "first") for each in _texts(text, self._view)):
            return self._view.named(name)
        return evaluate(parse(text, QUANTITIES), self)

    def after(self) -> Scope:
        """As `Scope` says."""
        return _Supposed(self._view.after(), self._steps)

    def at(self, step: float) -> Scope:
        """As `Scope` says."""
        return _Supposed(self._view.at(step), self._steps)

    def first(self, event: ast.expr) -> float:
        """As `Scope` says."""
        text = ast.unparse(event)
        return self._steps[text] if text in self._steps else self._view.first(event)

    def past(self, summand: ast.expr) -> Indexed:
        """As `Scope` says."""
        return self._view.past(summand)
