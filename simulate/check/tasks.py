"""What formulas may name of a bilevel model: examples by task and i, splits, vectors that runs look at, inner steps.

Indices: task; i, an example of a task; item, an entry of the dictionary; tau, the inner step 0 .. J.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import TaskLaw, spoken
from dynamics.arrays import Array
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel

from ..observe.states import States
from ..start.drawn import Draw
from .indexed import Indexed

INNER = "inner_"  # such as inner_xi, the products inside the inner loop


def coupled(kernel: Kernel, drawn: Draw) -> Kernel:
    """The kernel with the draw's vectors, through which tasks may be coupled at fewer products."""
    return kernel.through(drawn.vectors) if isinstance(kernel, BilevelKernel) else kernel


def states_a_step(values: Mapping[str, Any], kernel: Kernel) -> int:
    """How many states one step holds: the outer one and those inside the inner loop."""
    return 1 + int(values[kernel.algorithm["inner_steps"]]) if isinstance(kernel, BilevelKernel) else 1


def named(states: States, kernel: Kernel, name: str) -> Indexed | None:
    """A quantity of the draw or of recorded states; None where the name is none of these.

    Those of `spoken` that are of examples, tasks or inner steps; z_, b_, G_ of families and of the vectors that runs
    look at; adapted_NAME, z_NAME at the adapted weights; what the kernel observes of examples.
    """
    assert isinstance(kernel, BilevelKernel)
    drawn, values = states.draw, states.values
    tasks, n = drawn.tasks, drawn.examples
    head = states.head
    if name in states.seen and states.seen[name].ndim in (2, 3) and states.seen[name].shape[-1] == len(drawn.y):
        series = states.seen[name]
        dims = ("t", "task", "i") if series.ndim == 2 else ("t", head, "task", "i")
        return Indexed(dims, series.reshape(*series.shape[:-1], tasks, n))
    made: dict[str, Callable[[], NDArray[Any]]] = {
        "y": lambda: drawn.y.reshape(tasks, n),
        "yhat": lambda: drawn.clean.reshape(tasks, n),
        "own": lambda: states.own.reshape(-1, tasks, n),
        "same": lambda: np.eye(n, dtype=bool),
        "same_task": lambda: np.eye(tasks, dtype=bool),
        "train": lambda: np.isin(np.arange(n), kernel.split(values, n)[0]),
        "outer": lambda: np.isin(np.arange(n), kernel.split(values, n)[1]),
        "tau": lambda: np.arange(_inner_steps(kernel, states) + 1.0),
    }
    if name in made:
        return Indexed(spoken.spoken(states.model)[name].dims, made[name]())
    kind, _, rest = name.partition("_")
    if kind in ("z", "b"):
        return _products(states, kind, rest)
    return _gram(states, rest) if kind == "G" else _adapted(states, kernel, rest) if kind == "adapted" else None


def _products(states: States, kind: str, of: str) -> Indexed | None:
    """z_ and b_ of a family, z_ of what runs look at."""
    families = {family.name for family in states.model.directions}
    if of in families:
        values = states.z if kind == "z" else states.b
        return None if values is None else _placed(states, values[..., states.rows(of)], _place(states, of))
    looked = states.looked(of) if kind == "z" else None
    return None if looked is None else _placed(states, looked, _place(states, of))


def _placed(states: States, values: Array, place: tuple[str, ...]) -> Indexed:
    """(t, H, m, size) with the size as the family's own indices."""
    return Indexed(
        ("t", states.head, "r", *place), values.reshape(*values.shape[:3], *_shape(states, place, values.shape[-1]))
    )


def _shape(states: States, place: tuple[str, ...], size: int) -> tuple[int, ...]:
    """The lengths of a family's own indices, of which examples have two; `size` is how many vectors there are."""
    return (states.draw.tasks, states.draw.examples) if len(place) > 1 else (size,) * len(place)


def _place(states: States, name: str) -> tuple[str, ...]:
    """The indices of a family, or of vectors that runs look at."""
    for family in states.model.directions:
        if family.name == name:
            return family.index_set.index("l", "i", "task")
    dictionaries = [family.law.dictionary for family in states.model.directions if isinstance(family.law, TaskLaw)]
    return ("item",) if name in dictionaries else ()


def _gram(states: States, rest: str) -> Indexed | None:
    """G_a_b, the inner products of families a and b, of a family and what runs look at, or of two of the latter."""
    watched = states.draw.watched
    families = [family.name for family in states.model.directions]
    others = [] if watched is None else [name for name in watched.names if name not in families]
    pairs = [(a, b) for a in (*families, *others) for b in (*families, *others) if rest == f"{a}_{b}"]
    if not pairs:
        return None
    a, b = pairs[0]
    if a in families and b in families:
        block = states.draw.gram[states.rows(a), states.rows(b)]
    elif watched is None or (a in others and b in families):
        return None
    elif a in families:
        block = watched.across[states.rows(a), watched.names[b]]
    else:
        block = watched.gram[watched.names[a], watched.names[b]]
    first, second = _place(states, a), _place(states, b)
    shapes = [_shape(states, place, size) for place, size in zip((first, second), block.shape, strict=True)]
    marked = tuple(dim + "2" if dim in first else dim for dim in second)
    return Indexed((*first, *marked), block.reshape((*shapes[0], *shapes[1])))


def _adapted(states: States, kernel: BilevelKernel, of: str) -> Indexed | None:
    """<w~, v> of a family's own vectors in each task, at the adapted weights."""
    if "adapted" not in states.seen:
        return None
    return _own(states, kernel, states.seen["adapted"], of)


def _own(states: States, kernel: BilevelKernel, adapted: Array, of: str) -> Indexed | None:
    """A family's part of tasks' states (t, task, H, m, L, ...)."""
    start = 0
    for name, index_set in kernel.families:
        size = index_set.of_a_task(1, kernel.heads, states.draw.examples)
        if name == of:
            part = np.moveaxis(adapted[:, :, :, :, start : start + size], 1, 3)  # (t, H, m, task, size, ...)
            more = ("tau",) * (adapted.ndim - 5)
            last = index_set.of_a_task((), ("l",), ("i",))
            return Indexed(("t", states.head, "r", "task", *last, *more), part if last else part[:, :, :, :, 0])
        start += size
    return None


def _inner_steps(kernel: BilevelKernel, states: States) -> int:
    return int(states.values[kernel.algorithm["inner_steps"]])


def inner(states: States, kernel: BilevelKernel) -> dict[str, Indexed]:
    """inner_FAMILY (t, j, r, task[, i], tau): the products of each task's own vectors after tau inner steps."""
    drawn, J = states.draw, _inner_steps(kernel, states)
    tasks, n, rows = drawn.tasks, drawn.examples, len(states.z)
    kernel = kernel.through(drawn.vectors)
    places, blocks = kernel.places(tasks, n), kernel.blocks(drawn.gram, tasks, n)
    start = np.moveaxis(states.z[..., places], 3, 1)  # (t, task, H, m, L)
    adapted = np.empty((*start.shape, J + 1))
    batch, labels = kernel.split(states.values, n)[0], drawn.y.reshape(tasks, n)
    for tau in range(J + 1):
        values = {**states.values, kernel.algorithm["inner_steps"]: tau}
        for row in range(rows):
            adapted[row, ..., tau] = kernel.adapt(start[row], blocks, labels, batch, values)
    named = {f"{INNER}{name}": _own(states, kernel, adapted, name) for name, _ in kernel.families}
    return {name: each for name, each in named.items() if each is not None}


__all__ = ["INNER", "coupled", "inner", "named", "states_a_step"]
