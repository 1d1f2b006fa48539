"""What is not drawn, each in one sentence with a cure that works: too many numbers, or inexact inner products."""

from __future__ import annotations

import math
from collections.abc import Mapping

from derivations.declare import Model, Value

from .declared import law_of

LARGEST = 2e8  # entries of directions and filters together, 1.6 GB


def gram_refusal(model: Model, values: Mapping[str, Value]) -> str:
    """Why inner products alone cannot be drawn exactly at these values, in one sentence; empty where they can."""
    fresh = model.algorithm.redrawn
    if fresh and values.get(fresh) and model.algorithm.over_tasks:
        return (
            f"sampling: 'gram' draws the inner products of one set of examples, and {fresh} = true draws new ones "
            "before every step; give sampling='vectors'"
        )
    laws = [law_of(family, values) for family in model.directions]
    noise = [("noise", law.shape_of(values)) for law in laws if law is not None]
    shapes = [("filters", model.initialisation.shape_of(values)), *noise]
    for what, shape in shapes:
        if shape not in ("", "gaussian"):
            return (
                f"sampling: 'gram' needs {what} that no rotation changes, so Gaussian, and {shape} {what} would come "
                "out wrong; give sampling='vectors'"
            )
    return ""


def too_many_products(examples: int, filters: int, sizes: tuple[str, str], vectors: bool) -> str:
    """Why so many inner products are not drawn, with a cure that works: `vectors` tells whether these could be."""
    name = sizes[1] if filters >= examples else sizes[0]
    cure = "use sampling='vectors', or lower" if vectors else "lower"
    return (
        f"sampling: 'gram' draws the inner products of all {filters} filters and {examples} examples, more than "
        f"{LARGEST:.0e} entries; {cure} {name}"
    )


def too_many_entries(d: float, directions: int, filters: int, sizes: tuple[str, str], gram: bool) -> str:
    """Why so many vector entries are not drawn, with a cure that works: `gram` tells whether inner products could be.

    Else the sizes of the directions or of the filters, whichever are more, are what has to come down; or d.
    """
    entries = (directions + filters) * d
    said = f"{entries:.2g} vector entries, and more than {LARGEST:.0e} are not held"
    if gram:
        return f"d: {d:g} makes {said}; give sampling='gram', which draws the inner products alone"
    name, count = (sizes[1], filters) if filters >= directions else (sizes[0], directions)
    if d <= count:
        return f"{name}: {count:g} {'filters' if name == sizes[1] else 'directions'} make {said}; lower {name}"
    return f"d: {d:g} makes {said}; lower d to at most {LARGEST / (directions + filters):.0f}"


def too_many_items(name: str, items: int) -> str:
    """Why so large a dictionary is not drawn: its vectors are held by their products with each other."""
    return (
        f"{name}: a dictionary of {items} vectors makes {float(items) ** 2:.2g} inner products, and more than "
        f"{LARGEST:.0e} are not held; lower {name} to at most {math.isqrt(int(LARGEST)) - 1}"
    )
