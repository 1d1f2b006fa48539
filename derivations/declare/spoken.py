"""What statements may name beside a run's variables, its parameters and constants: with indices, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .data import Directions
from .observable import of_examples, of_filters


@dataclass(frozen=True)
class Spoken:
    """The indices of a quantity, as formulas name them, and what it is."""

    dims: tuple[str, ...]
    words: str


def spoken(model: Any) -> dict[str, Spoken]:
    """Quantities of steps, examples, heads and filters, by name; what is of families has their names."""
    axis, examples, filters = model.network.head_axis, of_examples(model), of_filters(model)
    known = {
        "t": Spoken(("t",), "the step"),
        "lam_t": Spoken(("t",), "the penalty's weight in the step from t"),
        "y": Spoken(examples, "label of the example, as observed"),
        "yhat": Spoken(examples, "label of the example, before any flip"),
        "own": Spoken((axis.dim, *examples), "1 where the head is the example's own, else 0"),
        "same": Spoken(("i", "i2"), "1 where two examples are one, else 0"),
        "norm": Spoken(("t",), "||W||_F"),
        "neuron_norm": Spoken(("t", *filters), "length ||w|| of each filter"),
    }
    if axis.signed:
        known["j"] = Spoken((axis.dim,), "the head's sign")
    if model.algorithm.over_tasks:
        known |= {
            "same_task": Spoken(("task", "task2"), "1 where two tasks are one, else 0"),
            "train": Spoken(("i",), "1 where the inner loop takes the example, else 0"),
            "outer": Spoken(("i",), "1 where the outer step takes the example, else 0"),
            "tau": Spoken(("tau",), "the step of the inner loop"),
        }
    return known


def of_family(model: Any, family: Directions) -> tuple[str, ...]:
    """The indices of what filters have along a family: its coefficient, z_NAME and b_NAME."""
    return ("t", *of_filters(model), *_place(model, family))


def of_product(model: Any, first: Directions, second: Directions) -> tuple[str, ...]:
    """The indices of G_NAME_NAME, the inner products of two families; the second of two alike is marked."""
    rows = _place(model, first)
    return (*rows, *(f"{dim}2" if dim in rows else dim for dim in _place(model, second)))


def _place(model: Any, family: Directions) -> tuple[str, ...]:
    return family.index_set.index("l", "i", "task" if model.algorithm.over_tasks else None)
