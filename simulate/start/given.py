"""The caller's own arrays as a draw, checked against the model and against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivations.declare import ClassNoiseLaw, MixedLabel, Model, TaskLaw, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import Matrices, standardised

from ..errors import InputError
from . import brought
from .array_checks import array_of, check_keys, check_labels, check_shape
from .drawn import Draw, Watched, of_vectors
from .scalars import named_of_arrays, said_by_labels


def from_arrays(model: Model, values: Mapping[str, Value], initial: Mapping[str, Any], seed: int) -> Draw:
    """The caller's arrays, checked against the model and each other, copied to float64."""
    names = [family.name for family in model.directions]
    laws = {family.name: law for family in model.directions if isinstance(law := family.law, ClassNoiseLaw)}
    given = {name: law.matrices for name, law in laws.items() if law.matrices in initial}
    from_matrices = [name for name in given if name not in initial]
    scalars, rows = named_of_arrays(model)
    blends = {each.name: each for each in model.scalars if isinstance(each, MixedLabel) and each.by.name in rows}
    needed = [name for name in (*names, *scalars, *rows, "W", "y") if name not in from_matrices]
    by_clean = any(each.tells_clean for each in model.scalars)
    of_labels = ["clean"] if model.follows_clean or by_clean or model.label_flips else []
    optional = [*names, *(law.matrices for law in laws.values()), *of_labels, *model.test.arrays(model)]
    check_keys(needed, optional, initial)
    told = [name for name in of_labels if name in initial]
    arrays = {name: array_of(name, initial[name]) for name in dict.fromkeys((*needed, *given.values(), *told))}
    known: dict[str, tuple[int, str]] = {"H": (model.n_heads, f"the model has {model.n_heads} heads")}
    if not model.network.head_axis.signed:
        known["K"] = (model.n_heads, f"the model has {model.network.head_axis.kinds}")
    for family in model.directions:
        if family.name in arrays:
            check_shape(family.name, arrays[family.name], (*family.index_set.index("K", "n"), "d"), known)
    check_shape("W", arrays["W"], ("H", "m", "d"), known)
    for name in ("y", *told, *scalars):
        check_shape(name, arrays[name], ("n",), known)
    for name in rows:
        check_shape(name, arrays[name], ("n", "n"), known)
    for name in dict.fromkeys(given.values()):
        check_shape(name, arrays[name], ("K", "d", "d"), known)
    for name in ("y", *told):
        check_labels(model, name, arrays[name])
    rng = stream(seed, "data")
    for name in from_matrices:
        zeta = standardised(rng, laws[name].shape_of(values), (len(arrays["y"]), known["d"][0]))
        arrays[name] = np.einsum("nab,nb->na", arrays[given[name]][arrays["y"].astype(np.intp)], zeta, optimize=True)
    vectors = np.concatenate([arrays[name].reshape(-1, known["d"][0]) for name in names])
    noise = {name: Matrices(arrays[key]) for name, key in given.items()}
    drawn = of_vectors(vectors, arrays["W"], arrays["y"], "initial", None, noise)
    clean = arrays["clean"] if told else arrays["y"]
    said = said_by_labels(model, values, arrays["y"], clean)
    mixed = {name: arrays[each.by.name] @ (arrays["y"] if each.observed else clean) for name, each in blends.items()}
    return replace(
        drawn, clean=clean, scalars={**said, **mixed, **{name: arrays[name] for name in (*scalars, *rows)}},
        held=brought.held_out(model, values, initial, known),
        covariances=brought.covariances(model, initial, known, arrays["W"], vectors),
    )


def tasks_from_arrays(model: Model, initial: Mapping[str, Any]) -> Draw:
    """The caller's arrays: W (H, m, d), y (n_tasks, n) and one per family, with the axes of what it is over.

    These are (d,), (K, d), (n_tasks, d) and (n_tasks, n, d).  The vectors of a TaskLaw that runs look at may come too,
    as (d,) and (M, d).  Raises InputError in one sentence.
    """
    axis = model.bilevel.tasks
    laws = [law for family in model.directions if isinstance(law := family.law, TaskLaw)]
    own = {family.name: (*family.index_set.index("K", "n", axis), "d") for family in model.directions}
    needed = {"W": ("H", "m", "d"), **own, "y": (axis, "n")}
    optional = {law.shared: ("d",) for law in laws} | {law.dictionary: (law.items, "d") for law in laws}
    check_keys(list(needed), list(optional), initial)
    brought = {name: axes for name, axes in (needed | optional).items() if name in initial}
    known: dict[str, tuple[int, str]] = {"H": (model.n_heads, f"the model has {model.n_heads} heads")}
    if not model.network.head_axis.signed:
        known["K"] = (model.n_heads, f"the model has {model.network.head_axis.kinds}")
    arrays = {name: array_of(name, initial[name]) for name in brought}
    for name, axes in brought.items():
        check_shape(name, arrays[name], axes, known)
    check_labels(model, "y", arrays["y"].reshape(-1))
    d, tasks = known["d"][0], known[axis][0]
    vectors = np.concatenate([arrays[family.name].reshape(-1, d) for family in model.directions])
    watched, start, features = {}, 0, []
    for name in optional:
        if name in arrays:
            rows = arrays[name].reshape(-1, d)
            watched[name] = slice(start, start + len(rows))
            start += len(rows)
            features.append(rows)
    seen = None
    _check_features(model, arrays)
    if features:
        stack = np.concatenate(features)
        chosen = np.zeros(0, dtype=np.int64)
        seen = Watched(watched, chosen, stack, grams.onto(arrays["W"], stack), vectors @ stack.T, grams.own(stack))
    return Draw(
        grams.onto(arrays["W"], vectors), grams.own(vectors), arrays["y"].reshape(-1), float(d), "initial", vectors,
        arrays["W"], tasks=tasks, watched=seen,
    )


def _check_features(model: Model, arrays: Mapping[str, Array]) -> None:
    """Refuses tasks that are not the shared feature plus an entry of the dictionary, where both are given."""
    for family in model.directions:
        law = family.law
        if isinstance(law, TaskLaw) and {law.shared, law.dictionary} <= arrays.keys():
            sums = arrays[law.shared] + arrays[law.dictionary]
            size = np.abs(sums).max() + np.abs(arrays[family.name]).max()
            for k, task in enumerate(arrays[family.name]):
                if not (np.abs(sums - task).max(axis=1) <= 1e-12 * size).any():
                    raise InputError(
                        f"initial[{family.name!r}]: row {k} is not {law.shared} plus a row of {law.dictionary}, so "
                        f"fresh tasks would be others; give tasks made of these, or leave {law.dictionary} out"
                    )
