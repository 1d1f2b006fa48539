"""The displays of a bilevel algorithm: decomposition, definitions, the inner loop on every task, the outer step.

w^(t,tau) are task k's filters after tau inner steps of outer step t, w^(t,0) = w^(t); sums run over the examples that
a loop takes: S_k all n of a task, S_k^tr its first n_1 and S_k^val the other n_2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from ..calculus.changes import collected_change
from ..calculus.recursion import Recursion
from ..calculus.symbols import Names, eta, n, r
from ..calculus.task_symbols import K
from ..declare import Directions, Model, scheduled
from ..notation.latex import Latex
from ..notation.lines import BECOMES, Change, Entry, Factors, Line, Said, Share, Total
from ..notation.ranges import Range
from ..notation.readings import (
    INNER_STEP,
    TRAINED,
    VALIDATED,
    WHOLE,
    OneTask,
    Split,
    examples_of,
    given_inner_step,
    inner_step,
    task_index,
)
from ..notation.signs import NEXT, NOW, START, Sign
from .algorithm import scheduled_lines, step_size
from .display import Display, Section
from .functions import function_lines, open_constants
from .parts import (
    THEN,
    activation_said,
    change,
    coefficient,
    definition_lines,
    filters,
    published,
    share,
)

_AT_TAU, _AT_END = Sign("^(t,tau)", r"t,\tau"), Sign("^(t,J)", "t,J")
_TAU, _NEXT_TAU = Sign("", r"t,\tau"), Sign("", r"t,\tau+1")


def splits(model: Model) -> tuple[Split, Split]:
    """Which examples the inner loop and the outer step take."""
    return (TRAINED, VALIDATED) if model.bilevel.splits else (WHOLE, WHOLE)


def display(recursion: Recursion) -> Display:
    """What is shown of a recursion whose model has two loops."""
    model, loops = recursion.model, recursion.model.bilevel
    names, k, (inner, outer) = Names(model), task_index(model), splits(model)
    anywhere = OneTask(model)
    at_tau, at_end = OneTask(model, _AT_TAU, inner), OneTask(model, _AT_END, outer)
    start = Factors((filters(names, START),))
    whole = [_share(names, family, [k], inner=False) for family in model.directions]
    return Display(
        f"{model.title or model.name}, activation {activation_said(model)}, {loops.method}.",
        (
            Section("Decomposition", (Line(filters(names, THEN), (start, *whole)),), anywhere),
            Section("Functions", function_lines(model), anywhere),
            Section(f"Definitions, of task {k} at its filters w", definition_lines(recursion), anywhere),
            Section(
                f"Inner loop on every task {k}, tau = 0 .. {loops.inner_steps} - 1, from w^(t,0) = w(t) and "
                f"coefficients 0{_named(**{given_inner_step(model).text: loops.inner_step})}",
                (*_inner_updates(recursion, at_tau), *_adapted(model, at_tau)), at_tau,
            ),
            Section(
                f"Outer step, from t to t + 1{_named(J=loops.inner_steps, K=loops.tasks)}",
                tuple(_reptile(model) if loops.to_adapted else _outer_updates(recursion, at_end)), at_end,
            ),
            Section("Where", (*_sets(model), *_changing(model), *open_constants(model)), anywhere),
        ),
    )


def _named(**parameters: str) -> str:
    """The parameters that have another name than the symbol."""
    return "".join(f", {symbol} = {name}" for symbol, name in parameters.items() if symbol != name)


def _changing(model: Model) -> Iterator[Said]:
    """The step sizes that change with the outer step."""
    yield from scheduled_lines(model)
    if model.bilevel.weighed:
        yield _weights_said(model)
    if "inner_step" in scheduled(model):
        sign = inner_step(model)
        yield Said(f"what is reported of a state adapts by the {model.bilevel.inner_step} given, not by {sign.text}")


def _weights_said(model: Model) -> Said:
    """What tasks are weighed by."""
    loops, k = model.bilevel, task_index(model)
    if not loops.sampled:
        return Said(f"p_{k} = {loops.shares}_{k} / sum_{k} {loops.shares}_{k}",
                    (f"p_{k} ", rf"\propto \mathrm{{{latex_name(loops.shares)}}}_{k}, \quad \sum_{k} p_{k} = 1"))
    among = f"S of the {loops.tasks} tasks, drawn afresh for step t without repeats, S = {loops.sampled}"
    many = latex_name(loops.sampled)
    shown = rf"\text{{ for }} {k} \text{{ among }} \mathrm{{{many}}} \text{{ tasks drawn for step }} t"
    by = f"{loops.shares}_{k} / sum {loops.shares} over" if loops.shares else "1/S for each of"
    of = rf"\propto \mathrm{{{latex_name(loops.shares)}}}_{k}" if loops.shares else "= 1/S"
    return Said(f"p_{k} = {by} {among}; 0 for the others", (f"p_{k} ", of + shown + r"\text{, else } 0"))


def latex_name(name: str) -> str:
    """A parameter's name in LaTeX."""
    return name.replace("_", r"\_")


def _sets(model: Model) -> Iterator[Said]:
    """What the sets of examples are."""
    loops, k = model.bilevel, task_index(model)
    whole, train, other = (examples_of(model, split) for split in (WHOLE, TRAINED, VALIDATED))
    if not loops.splits:
        yield Said(f"{whole.text} is all {loops.examples} examples of task {k}",
                   (f"{whole.latex} ", r"= \{1,\dots,n\}"))
        return
    yield Said(f"{train.text} is the first n_1 = {loops.train} examples of task {k}",
               (f"{train.latex} ", r"= \{1,\dots,n_1\}"))
    yield Said(f"{other.text} is the other n_2 = n - n_1",
               (f"{other.latex} ", r"= \{n_1+1,\dots,n\}, \qquad n_2 = n - n_1"))


def _coefficient(names: Names, family: Directions, time: Sign, inner: bool) -> Entry:
    """g_{j,r,k}, or the inner loop's g~_{j,r,k}, which is its task's whatever the family is over."""
    own = family.index_set.per_task or (inner and family.index_set.shared)
    place = (*names.read_place(family), *((task_index(names.model),) if own else ()))
    entry = coefficient(names, family, place, time)
    return replace(entry, sign=Sign(f"{entry.sign.text}~", rf"\tilde{{{entry.sign.latex}}}")) if inner else entry


def _share(names: Names, family: Directions, tasks: list[sp.Symbol], inner: bool) -> Share:
    """What a family adds to a filter, in all tasks or (with `tasks` empty) in one."""
    own = [] if family.index_set.shared else tasks
    bound = [*own, *names.read_place(family)]
    over = Total(tuple(map(Range, bound))) if bound else None
    return share(names, family, _coefficient(names, family, NOW, inner), over)


def _updates(
    recursion: Recursion, reading: OneTask, step: sp.Expr, times: tuple[Sign, Sign], inner: bool
) -> Iterator[Line]:
    """One gradient step of every coefficient, with the loop's own step size and number of examples."""
    names, swap = reading.names, {eta: step, n: reading.split.size}
    for family in recursion.model.directions:
        now, new = (_coefficient(names, family, time, inner) for time in times)
        outer = (_over_tasks(recursion.model),) if family.index_set.shared and not inner else ()
        groups = collected_change(recursion, family.name, published(recursion.model))
        if not inner and recursion.model.bilevel.weighed:
            weight = _weight(recursion.model)
            groups = tuple(
                replace(each, terms=tuple((weight * of, by) for of, by in each.terms)) for each in groups)
        moved = [change(reading, replace(group, common=group.common.xreplace(swap)), outer) for group in groups]
        yield Line(new, (Factors((now,)), *moved), BECOMES)


def _over_tasks(model: Model) -> Total:
    return Total((Range(task_index(model)),))


def _inner_updates(recursion: Recursion, reading: OneTask) -> Iterator[Line]:
    return _updates(recursion, reading, INNER_STEP, (_TAU, _NEXT_TAU), inner=True)


def _outer_updates(recursion: Recursion, reading: OneTask) -> Iterator[Line]:
    return _updates(recursion, reading, _outer_step(recursion.model), (NOW, NEXT), inner=False)


def _weight(model: Model) -> sp.Symbol:
    """p_k."""
    return sp.Symbol(f"p_{task_index(model)}", positive=True)


def _outer_step(model: Model) -> sp.Expr:
    """What stands before the sum over tasks."""
    return eta if model.bilevel.weighed else eta / K


def _adapted(model: Model, reading: OneTask) -> Iterator[Line | Said]:
    """The task's filters during the inner loop, as text; where the loop starts, as LaTeX."""
    names = reading.names
    shares = [_share(names, family, [], inner=True) for family in model.directions]
    yield Line(filters(names, _AT_TAU), (Factors((filters(names, THEN),)), *shares), in_latex=False)
    w = rf"\mathbf{{w}}_{{{Latex(reading).sub((names.head, r))}}}"
    yield Said(None, (r"\tau ", rf"= 0,\dots,J-1, \qquad {w}^{{(t,0)}} = {w}^{{(t)}}"))


def _reptile(model: Model) -> Iterator[Line]:
    """The outer step that moves W by what the inner loops moved, in the mean over tasks."""
    names = Names(model)
    for family in model.directions:
        now, new = (_coefficient(names, family, time, inner=False) for time in (NOW, NEXT))
        over = (_over_tasks(model),) if family.index_set.shared else ()
        adapted = _coefficient(names, family, _AT_END, inner=True)
        if model.bilevel.weighed:
            weight = f"{_weight(model)} "
            adapted = replace(adapted, sign=Sign(weight + adapted.sign.text, weight + adapted.sign.latex))
        moved = Change(_outer_step(model), over, adapted)
        yield Line(new, (Factors((now,)), moved), BECOMES)


def step_lines(model: Model) -> list[str]:
    """The two loops on z and b, as the derivation's last step."""
    k, step, eta = task_index(model), inner_step(model).text, step_size(model).text
    inner, outer = (examples_of(model, split).text for split in splits(model))
    said = [f"inner, on task {k}'s own block G_{k}: b~ <- b~ - {step} dL/dz over {inner}, "
            f"z~ <- z~ - {step} (dL/dz) G_{k}"]
    if model.bilevel.to_adapted:
        if model.bilevel.weighed:
            return [*said, f"outer: b <- b + {eta} p_{k} b~, z <- z + {eta} (sum_{k} p_{k} b~_{k}) G"]
        return [*said, f"outer: b <- b + ({eta}/K) b~, z <- z + ({eta}/K) (sum_{k} b~_{k}) G"]
    weight = f"p_{k}" if model.bilevel.weighed else "(1/K)"
    return [*said, f"outer: g = {weight} dL/dz over {outer} at z~, b <- b - {eta} g, z <- z - {eta} g G"]


__all__ = ["display", "splits", "step_lines"]
