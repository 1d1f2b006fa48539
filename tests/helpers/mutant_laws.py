"""Wrong test laws and observables: functions of the package changed in place, for as long as `validate` judges them."""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.mutant_kernels import CLUSTERS, ON_LANES, RAISED, STEPS, Table, case, first
from tests.helpers.mutants import Mutant, mutants

# Module -> the functions of it that the law of fresh examples, or what is seen of states, is made by.
EXAMPLES = {
    "dynamics.fresh.testlaw": ("statistics", "states", "by_class", "margins", "_by_head",
                               "_over_labels", "errors", "costs", "_signed_error", "_alike", "_class_error",
                               "_logistic", "_cross_entropy", "scores", "_alone"),
    "dynamics.fresh.intervals": ("mean_and_error",),
    "dynamics.fresh.roots": ("coloured", "draws", "square_root", "lower_root", "led", "led_root", "_lead"),
    "dynamics.fresh.normals": ("by_group",),
    "simulate.observe.fresh": ("law", "patches_of_fresh", "key_of", "fresh_vectors", "_class_noise"),
}
GAUSSIAN = {"simulate.observe.fresh_covariance": ("covariance_of", "_square", "off_of")}
# Entered where labels flip, patches have scalars and noise is projected off two directions, as in no shipped setting.
SCALED = {
    "simulate.observe.fresh_cases": ("cases_of_fresh", "_labels"),
    "dynamics.geometry.distances": ("projected_gram", "weight_gram", "set_aside", "_along", "_weights_off",
                                    "unit_inverse", "_pinv", "_flat"),
}
CLASSES = {"dynamics.fresh.classnoise": ("standardised", "of", "covariance", "_seen", "preactivations",
                                             "spiked", "sample")}
# What a kernel on lanes is handed of fresh examples: their parts, their normals in blocks, class noise by its spikes.
HANDED = {
    "dynamics.fresh.lanelaw": ("law", "parts_of", "fits", "once_each", "takes", "packed", "_blocks", "judged",
                               "estimates_of", "by_name"),
    "simulate.observe.fresh": ("_on_lanes", "at_states", "_packed"),
}
SPIKED = {"dynamics.fresh.spiked": ("columns", "is_gaussian", "by_lines", "with_noises", "_noise", "lines_of")}
TASKS = {
    "dynamics.fresh.pairs": ("mean_errors",),
    "dynamics.fresh.taskspan": ("filters", "_inside", "_off", "_along", "off"),
    "dynamics.fresh.tasklaw": ("unadapted", "_unadapted_at", "adapted", "_judged", "along_filters"),
    "dynamics.fresh.taskscores": ("fresh", "held", "adapted", "_activations", "keys_of", "of_held", "entries"),
    "simulate.observe.staying": ("_held", "seen", "filters", "_rest_of_start", "law", "_across"),
}
TASKS_ON_LANES: dict[str, tuple[str, ...]] = {
    "dynamics.fresh.tasklanes": ("fresh", "held", "adapted", "tiled", "_padded"),
}
SEEN = {"simulate.observe.seen": ("reported",)}
# What is reported of states.
COMMON = {
    "simulate.observe.observables": ("evaluate", "_coefficients", "_placed"),
    "derivations.declare.observed.shifted": ("of_runs",),
    "derivations.declare.observed.extreme": ("value", "_of_block", "_raised", "_entries", "_mask", "_dims", "_kept"),
    "simulate.observe.entries": ("rows", "coefficient", "_of_states", "by_task", "adapted", "looked_at"),
    "simulate.observe.states": ("blocks", "shares", "distance"),
    "simulate.observe.sides": ("own_heads",),
}
DISTANCE, TOTAL = ({f"derivations.declare.observed.{name}": (method,)}
                   for name, method in (("distance", "value"), ("total", "of_runs")))
EVENTS = {**SEEN, "simulate.run.watch": ("_stop", "__call__")}
OF_CLASSES = {
    "derivations.declare.observed.long_tail": ("statistics", "ratios", "long_tail_ratio"),
    "derivations.declare.observed.active": ("value", "_own_active"),
    "derivations.declare.observed.complement": ("value", "log_complement", "_log_sum"),
    "derivations.declare.observed.noise_ratio": ("value", "pair_moments"),
    "derivations.declare.observed.noise_spectrum": ("statistics", "few"),
    "simulate.observe.fresh_view": ("states", "covariance"),
}
OF_MATRICES = {
    **{f"derivations.declare.observed.{name}": ("of_runs",)
       for name in ("neuron_norm", "spectral", "normalised_margin")},
    "derivations.declare.observed.near_orthogonality": ("value", "_ratio"),
    "derivations.declare.observed.max_margin": ("value", "_conditions", "_nonnegative"),
    "derivations.declare.observed.flips": ("add", "variables"),
    "simulate.observe.entries": ("frame_of", "norms", "singular"),
    "simulate.observe.states": ("coordinates", "margin_gradients"),
    "simulate.observe.sides": ("_steep", "of_patches", "preactivations", "term_columns", "slopes"),
    "dynamics.geometry.spectrum": ("at", "frame_of_vectors", "frame_of_gram", "_split", "lengths", "sizes", "_sizes",
                                    "_top", "_dots"),
}
REPORTED: dict[str, dict[str, tuple[str, ...]]] = {
    "pegr_none_q2": {**COMMON, **DISTANCE, **EVENTS, "dynamics.geometry.distances": ("movement", "distance")},
    "heterogeneous_K3": {"simulate.observe.observables": COMMON["simulate.observe.observables"],
                         "simulate.observe.entries": ("coefficient",), **OF_CLASSES},
    "nearly_orthogonal": OF_MATRICES,
    "fomaml_train_validation_huberized": {**COMMON, **TOTAL, **EVENTS},
}
BY_KERNEL: dict[str, dict[str, tuple[str, ...]]] = {
    "pegr_none_q2": {**EXAMPLES, **GAUSSIAN, **SEEN},
    "heterogeneous_K3": {**EXAMPLES, **CLASSES, **SEEN},
    "nearly_orthogonal": {**EXAMPLES, **GAUSSIAN, **SEEN},
    CLUSTERS: SCALED,
    "fomaml_train_validation_huberized": {**TASKS, **SEEN},
    f"fomaml_train_validation_huberized{ON_LANES}": TASKS_ON_LANES,
    f"pegr_none_q2{ON_LANES}": HANDED,
    f"heterogeneous_K3{ON_LANES}": {**HANDED, **SPIKED},
}
NO_SPIKES = {"Gamma": 1.0}
# Modules whose mutants `validate` judges at other values too, where the setting has these parameters.
ALSO: dict[str, tuple[dict[str, Any], ...]] = {
    **{f"dynamics.fresh.{name}": (NO_SPIKES,) for name in ("lanelaw", "spiked")},
    "dynamics.fresh.classnoise": (NO_SPIKES, {"noise": "uniform"}),
    **dict.fromkeys(TASKS, ({"project_noise": False},)),
}


def table(name: str, module: str, chosen: list[Mutant]) -> Table:
    """Mutants of a module's functions, each put to `validate` with the shipped kernel `name`."""
    of, found = case(name), Table([], [])
    cases = [of, *(of.at(**other) for other in ALSO.get(module, ()) if other.keys() <= of.values.keys())]
    before = _seen(name)
    assert sum("vectors" in each and np.size(values) > 0 for each, values in before.items()) > 20, "nothing is seen"
    for mutant in chosen:
        with changed(module, mutant.source) as done:
            verdict = first(cases, of.kernel) if done else "same"
            after = _seen(name) if verdict not in ("fail", "crash") else before
        label = f"{name}, {module}: {mutant.name}"
        if verdict == "crash":
            found.crashed += 1
        elif verdict == "fail":
            found.caught.append(label)
        elif _alike(before, after):
            found.equivalent += 1
        else:
            found.missed.append(f"{label} ({verdict})")
    return found


def all_mutants(module: str, functions: tuple[str, ...]) -> list[Mutant]:
    """Every mutant of these functions of a module."""
    path = importlib.import_module(module).__file__
    assert path is not None
    found = mutants(Path(path).read_text(encoding="utf-8"), lambda name: name in functions)
    bare = set(functions) - {each.function for each in found}
    assert not bare, f"{module} has no function to mutate of the names {sorted(bare)}"
    return found


@contextmanager
def changed(module: str, source: str) -> Iterator[bool]:
    """Inside, the module's functions run the code of `source`, wherever they are referred to; whether any differs."""
    loaded = importlib.import_module(module)
    codes = _codes(compile(source, str(loaded.__file__), "exec"))
    kept = []
    for function in _functions(loaded):
        code = codes.get((function.__qualname__, function.__code__.co_freevars))
        if code is not None and not _equal(code, function.__code__):
            kept.append((function, function.__code__))
            function.__code__ = code
    try:
        yield bool(kept)
    finally:
        for function, code in kept:
            function.__code__ = code


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """The functions and methods that a module defines."""
    for each in vars(module).values():
        if inspect.isfunction(each) and each.__module__ == module.__name__:
            yield each
        if inspect.isclass(each) and each.__module__ == module.__name__:
            for inner in vars(each).values():
                plain = getattr(inner, "__func__", getattr(inner, "fget", getattr(inner, "func", inner)))
                if inspect.isfunction(plain):
                    yield plain


def _codes(code: types.CodeType) -> dict[tuple[str, tuple[str, ...]], types.CodeType]:
    found = {}
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            found[each.co_qualname, each.co_freevars] = each
            found |= _codes(each)
    return found


def _equal(one: types.CodeType, other: types.CodeType) -> bool:
    """The same instructions, wherever they stand."""
    same = one.co_code == other.co_code and one.co_names == other.co_names and one.co_varnames == other.co_varnames
    consts = [[c for c in each.co_consts if not isinstance(c, types.CodeType)] for each in (one, other)]
    inner = [[c for c in each.co_consts if isinstance(c, types.CodeType)] for each in (one, other)]
    return (
        same and consts[0][:] == consts[1][:] and len(inner[0]) == len(inner[1])
        and all(_equal(a, b) for a, b in zip(*inner, strict=True))
    )


def _seen(name: str) -> dict[str, Any]:
    """What runs of the setting give, at draws and sizes of their own: mutants that change none of it are the same."""
    import gammarho as gr

    of = case(name)
    setting = of.shipped or of.model
    found: dict[str, Any] = {}
    some: list[dict[str, Any]] = [{"n": 6, "m": 2, "d": 25}, {"n": 9, "m": 4, "d": 12}]
    some += [{**some[0], **NO_SPIKES}] * ("Gamma" in of.values)
    for at, sizes in enumerate(some):
        values = {**of.values, **sizes, "project_noise": at == 0, "noise": "uniform" if at == 1 else "gaussian",
                  "eta": 0.7}
        known = {p.name for p in of.model.parameters if p.kind != "counts"}
        given = {key: value for key, value in values.items() if key in known and value is not None}
        for sampling in ("vectors", "gram"):
            with np.errstate(all="ignore"):
                try:
                    data = gr.run(setting, given, steps=STEPS, seed=5, record=[0, 1, 3, STEPS], sampling=sampling)
                except RAISED as error:  # not every setting has Gram draws: those raise unchanged too
                    found[f"{type(error).__name__} {at} {sampling}"] = np.zeros(0)
                    continue
            found |= {f"{each} {at} {sampling}": data[each].values for each in data.data_vars}
    return found


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape
        and np.allclose(one[name], other[name], rtol=1e-11, atol=1e-13, equal_nan=True)
        for name in one
    )
