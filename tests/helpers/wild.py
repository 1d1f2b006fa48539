"""Declarations with any names, and wrong ones: each is refused in a sentence, or runs, and right.

`python -m tests.helpers.wild 5000` draws so many and says what became of them; a second number is the seed of the
draws.  What is wrong is printed as JSON with its traceback, and the exit status is 1.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from derivations.declare import CovarianceLaw, GivenScalar, HeldOutLaw, Model, from_plain, rows_of, to_plain
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.kernel.kernel import Kernel
from simulate.ask import parameters
from simulate.ask.chosen import choose
from simulate.errors import Diverged, InputError
from simulate.observe import fresh
from simulate.run import problem
from simulate.run.run import run
from simulate.start.neurons import on_axes
from simulate.start.scalars import any_scalars
from simulate.testing import Instance, clear, kinks, one_step, plain_kernel, residual
from simulate.validate.compare import compare
from tests.helpers.wild_draws import wild

TOLERANCE = 1e-12
HELD = 4
"""Examples that are held out, where the test law asks for any."""
WHOLE = 8
"""One in so many is validated whole: one steps, trajectories, what is reported, the test law."""


def outcome(plain: Mapping[str, Any], whole: bool = False) -> str:
    """What becomes of a declaration: "refused", "right", or "left" where a comparison would prove nothing.

    With `whole` the model is validated too, as `gammarho validate` does.  Raises AssertionError for what is refused
    otherwise than in a sentence, and for what runs wrong; anything else that is raised is a defect.
    """
    try:
        model = from_plain(json.loads(json.dumps(plain)))
        if not isinstance(model, Model):
            raise ModelError("declaration: no model; give one")
    except ModelError as refusal:
        _sentence(str(refusal))
        return "refused"
    assert from_plain(to_plain(model)) == model
    derived = derive(model)
    kernel = plain_kernel(model, derived)
    assert str(derived) and derived.latex()
    resolved = parameters.resolve(model)
    rng = np.random.default_rng(len(repr(plain)))
    values = dict(resolved.values)
    counts = [values[name] for name in (*model.algorithm.sizes, *_loops(model), "m", "d")]
    if not all(1 <= float(str(each)) <= 9 for each in counts):
        return "left"
    instance = _instance(model, values, rng)
    brought = _brought(instance, rng) if _asks_for_arrays(model) or rng.random() < 0.2 else None
    _runs(model, kernel, brought)
    said = _right(instance, kernel)
    if whole and said == "right":
        _validates(model, kernel, brought)
    return said


def _sentence(text: str) -> None:
    assert ":" in text and "\n" not in text and 20 < len(text) < 1000, text


def _loops(model: Model) -> tuple[str, ...]:
    """The whole numbers of two loops, where a model has any."""
    return (model.bilevel.inner_steps, model.bilevel.train) if model.algorithm.over_tasks else ()


def _tasks(model: Model, values: Mapping[str, Any]) -> int:
    return int(values[model.bilevel.tasks]) if model.algorithm.over_tasks else 1


def _instance(model: Model, values: dict[str, Any], rng: np.random.Generator) -> Instance:
    tasks, m = _tasks(model, values), int(values["m"])
    n, d = tasks * int(values[model.algorithm.sizes[-1]]), int(float(values["d"])) + len(model.network.axes)
    vectors = on_axes(rng.normal(size=(model.offsets(n, tasks)[""], d)) / np.sqrt(d), len(model.network.axes))
    labels = np.array(model.network.head_axis.labels)
    y = rng.choice(labels, size=n)
    clean = rng.choice(labels, size=n) if model.follows_clean else y
    weights = rng.normal(size=(model.n_heads, m, d))
    own = {"lam_until": None, **values}
    scalars = any_scalars(model, own, y, clean, rng)
    return Instance(model, own, vectors, weights, y, clean=clean, scalars=scalars)


def _asks_for_arrays(model: Model) -> bool:
    """Whether a run has to be brought some."""
    lawless = any(family.law is None for family in model.directions)
    given = any(isinstance(each, GivenScalar) for each in model.scalars)
    return lawless or given or isinstance(model.test, HeldOutLaw | CovarianceLaw)


def _brought(instance: Instance, rng: np.random.Generator) -> dict[str, Any]:
    """The instance's state as a caller's own arrays, with what the test law takes."""
    model, axes, n = instance.model, len(instance.model.network.axes), len(instance.y)
    tasks = _tasks(model, instance.values)
    of_data, sizes, at = model.of_data, model.sizes(n, tasks), model.offsets(n, tasks)
    d, of_tasks = instance.vectors.shape[1] - axes, model.algorithm.over_tasks
    arrays: dict[str, Any] = {"W": instance.weights[..., :d],
                              "y": instance.y.reshape(tasks, -1) if of_tasks else instance.y}
    for family in of_data.directions:
        rows = instance.vectors[at[family.name] : at[family.name] + sizes[family.name], :d]
        apart = rows.reshape(tasks, -1, d) if of_tasks and family.over == "sample" else rows
        arrays[family.name] = rows[0] if family.over == "one" else apart
    told = {each.name for each in model.scalars if each.drawn} | {each.name for each in rows_of(model)}
    arrays |= {name: each for name, each in instance.scalars.items() if name in told}
    if model.follows_clean or any(each.tells_clean for each in model.scalars):
        arrays["clean"] = instance.clean
    if isinstance(model.test, CovarianceLaw):
        root = rng.normal(size=(d, d)) / np.sqrt(d)
        arrays |= {model.test.covariance(name): root @ root.T for name in model.test.fresh}
    if isinstance(model.test, HeldOutLaw):
        parts = model.test.parts(of_data)
        vectors = {family.name for family in of_data.directions}
        arrays |= {model.test.held(part): rng.normal(size=(HELD, d) if part in vectors else HELD) for part in parts}
        arrays["test_y"] = rng.choice(np.array(model.network.head_axis.labels), size=HELD)
    return arrays


def _right(instance: Instance, kernel: Kernel) -> str:
    """Whether a step is the one that training takes, where rounding decides nothing of it."""
    places = kinks(instance.model, instance.values)
    if not np.isfinite(one_step(instance, kernel)[0]).all() or not clear(instance, places):
        return "left"
    for each in (kernel, *([] if kernel.lanes is None else [replace(kernel, lanes_from=0)])):
        found = residual(instance, each)
        assert found <= TOLERANCE, f"one step is off by {found:g}"
    return "right"


def _runs(model: Model, kernel: Kernel, brought: dict[str, Any] | None) -> None:
    """A run of two steps with every variable ends, or is refused in a sentence."""
    few = partial(fresh.fresh_statistics, size=8)
    with plainly(kernel), patch.object(fresh, "fresh_statistics", few):
        try:
            run(model, steps=2, seed=1, record=[2], initial=brought)
        except (InputError, Diverged) as refusal:
            _sentence(str(refusal))


def _validates(model: Model, kernel: Kernel, brought: dict[str, Any] | None) -> None:
    """Every comparison of `gammarho validate`, over three steps, holds; a refusal is a sentence."""
    with plainly(kernel):
        try:
            start = problem.problem_of(choose(model)).on(brought).start(1)
            with start.explained():
                report = compare(start.model, start.kernel, start.draw, start.values, 3, draws=start.draws)
        except (InputError, Diverged) as refusal:
            _sentence(str(refusal))
            return
    assert report.verdict != "fail", str(report)


@contextmanager
def plainly(kernel: Kernel) -> Iterator[None]:
    """Every problem has this kernel's loops, which need no compilation; plain Python is slow on lanes."""
    loops = kernel.looped(kernel.loops)
    with patch.object(problem, "kernel_for", lambda model: loops), np.errstate(all="ignore"):
        yield


def many(count: int, seed: int = 1, whole: int = WHOLE) -> Counter[str]:
    """What became of so many; AssertionError, at the end, where any was wrong."""
    return judged(count, seed, lambda plain, drawn: outcome(plain, whole=drawn % whole == 0))


def judged(count: int, seed: int, becomes: Callable[[dict[str, Any], int], str]) -> Counter[str]:
    """What becomes of so many declarations, each told how many came before it; AssertionError where any is wrong."""
    found: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @given(wild())
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate])
    def each(plain: dict[str, Any]) -> None:
        """One of them."""
        drawn = sum(found.values())
        try:
            found[becomes(plain, drawn)] += 1
        except Exception:  # noqa: BLE001 - whatever is wrong is told, and the next one drawn
            found["wrong"] += 1
            print(json.dumps(plain), traceback.format_exc(), sep="\n", flush=True)
        if drawn % 100 == 99:
            print(drawn + 1, dict(found), f"{time.process_time():.0f} CPU-s", file=sys.stderr, flush=True)

    each()
    assert not found["wrong"], dict(found)
    return found


if __name__ == "__main__":
    print(dict(many(int(sys.argv[1]), *map(int, sys.argv[2:]))))

__all__ = ["judged", "many", "outcome", "wild"]
