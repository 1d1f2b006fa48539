"""The law of fresh tasks against weights, for a bilevel algorithm: filters, noise, adaptation, and what is said.

What fresh tasks see of filters W is compared with W itself in d dimensions: products with the features, and the
covariance of fresh noise, sigma^2 W P W^T.  Losses and errors are compared on the same samples with weight space's
network and its own adaptation by autograd; and with tasks drawn and adapted in d dimensions, within five standard
errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from derivations.declare import GaussianLaw, Model, TaskLaw, chosen_law, forgotten
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.fresh.roots import square_root

from ..errors import Diverged
from ..observe import fresh_tasks
from ..observe.staying import Staying
from ..start.drawn import Draw
from ..train import bilevel as weights_bilevel
from ..train import fresh as weights_fresh
from ..train import weights
from ..values import Values, real
from .along import Along, at_states
from .engines import KernelUnderTest
from .fresh import over
from .fresh_by_weights import span, without
from .report import Left, Row, in_errors, parted
from .task_filters import kept_by_tasks, of_filters

COMPARED = 128  # on which statistics are compared
SIDES = 9  # tasks adapted by both: as many as go side by side on lanes, and one more
TASKS = 40  # drawn in d dimensions
ENOUGH = 100  # of the law's own that are compared with them: the error of a mean of a few is not known
LARGEST = 1e8  # numbers that samples of every entry of a dictionary take
AFFORDABLE = 2e8  # entries of filters x examples x passes


def rows(
    model: Model, kernel: KernelUnderTest, draw: Draw, values: Values, b: Array, left: Array
) -> tuple[list[Row], list[str]]:
    """As `simulate.validate.fresh.rows`."""
    reason = fresh_tasks.refusal(model, draw, values)
    if reason or draw.vectors is None or draw.weights is None:
        return [], [f"the law of fresh tasks is not compared: {reason}"] if reason else []
    along = at_states(draw, b, left)
    kept = along.left == 1.0  # a bilevel algorithm has no weight decay, and its law takes no share
    along = replace(along, z=along.z[kept], b=along.b[kept], left=along.left[kept], W=along.W[kept])
    return parted([
        *of_filters(model, along, values), *_of_statistics(model, kernel, along, values),
        *_of_unadapted(model, kernel, along, values), *_of_monte_carlo(model, kernel, along, values),
    ])


def _of_statistics(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row]:
    """What is said of fresh tasks on the same samples, by the kernel and by weight space's network."""
    at = slice(1, None)
    fewer = {**values, model.fresh_tasks.tasks: min(SIDES, int(real(values, model.fresh_tasks.tasks)))}
    said, ours = (
        fresh_tasks.fresh_task_statistics(
            model, judge, along.draw, along.z[at], along.b[at], fewer, 0, COMPARED  # type: ignore[arg-type]
        )
        for judge in (kernel, weights_fresh.Network(model))
    )
    for end in ("_unadapted", "_adapted"):
        names = [name for name in said if end in name]
        gaps = [0.0]
        for name in names:
            both = np.isnan(said[name]) & np.isnan(ours[name])
            gap = np.abs(said[name] - ours[name])[~both]
            size = np.maximum(np.abs(ours[name][~both]), 1e-3)
            gaps.append(np.inf if np.isnan(gap).any() else float((gap / size).max(initial=0.0)))
        yield Row(f"fresh tasks{end.replace('_', ', ')}, on the same samples", max(gaps), 1e-9, 0, "fixed")


def _of_unadapted(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row | Left]:
    """The unadapted loss and error, summed entry by entry of the dictionary on the samples that the law takes."""
    staying = Staying(model, along.draw, values)
    law, filters = staying.law(values), staying.filters(along.z[-1:], along.b[-1:])
    entries = max((len(f.held) for f in law.families if f.index_set.per_task), default=1) or 1
    S = law.heads * law.m
    numbers = float(entries * COMPARED * S * len(law.patches))
    if numbers > LARGEST:
        why = f"samples of the dictionary's {entries} entries are {numbers:.1e} numbers, and {LARGEST:.0e} are afforded"
        yield Left("test_loss_unadapted and test_error_unadapted, entry by entry", why)
        return
    said = fresh_tasks.fresh_task_statistics(
        model, kernel, along.draw, along.z[-1:], along.b[-1:], values, 0, COMPARED  # type: ignore[arg-type]
    )
    vectors = {}
    for slot, (f, k) in enumerate(law.slots()):
        inside = filters.along[0] @ law.families[f].kept
        root = square_root(filters.rest[0] + inside @ inside.T)
        normals = stream(0, "test", 0, slot).standard_normal((COMPARED, S))
        vectors[f, k] = law.families[f].std * normals @ root.T
    network, costs, wrongs = weights_fresh.Network(model), [], []
    for at, label in enumerate(law.labels):
        for entry in range(entries):
            a = np.zeros((COMPARED, len(law.patches), S))
            for p, (f, labelled) in enumerate(law.patches):
                family, scale = law.families[f], label if labelled else 1.0
                place = family.index_set.row(0, at, entry, 0)
                held = filters.products[0][:, family.held[place]] if not family.fresh else None
                a[:, p] = scale * (held if held is not None else vectors[f, place if family.index_set.per_class else 0])
            scores = network.outputs(a.reshape(COMPARED, len(law.patches), law.heads, law.m), values)[:, None]
            wrong, cost = weights_fresh.judged(model, scores, np.array([label]), values)
            costs.append(cost)
            wrongs.append(wrong)
    for name, samples in (("test_loss_unadapted", costs), ("test_error_unadapted", wrongs)):
        ours = float(np.mean(samples))
        gap = abs(float(said[name][0]) - ours)
        yield Row(f"{name}, entry by entry", over(gap, max(abs(ours), 1e-3)), 1e-9, 0, "fixed")


def _of_monte_carlo(model: Model, kernel: KernelUnderTest, along: Along, values: Values) -> Iterator[Row | Left]:
    """Losses and errors of tasks drawn and adapted in d dimensions, in standard errors between the two estimates."""
    every = "losses and errors of fresh tasks, drawn and adapted in d dimensions"
    loops = real(values, model.algorithm.inner_steps) + 1  # type: ignore[union-attr]
    cost = along.W[0].size * TASKS * 20 * loops
    if cost > AFFORDABLE:
        yield Left(every, f"{TASKS} tasks take {cost:.1e} multiplications, and {AFFORDABLE:.0e} are afforded")
        return
    name = model.fresh_tasks.tasks
    enough = {**values, name: max(ENOUGH, int(real(values, name)))}
    said = fresh_tasks.fresh_task_statistics(
        model, kernel, along.draw, along.z[-1:], along.b[-1:], enough, 0  # type: ignore[arg-type]
    )
    seen = _drawn(model, along.draw, along.W[-1], values)
    if seen is None:
        yield Left(every, "weight space's adaptation diverges")
        return
    for name, samples in seen.items():
        what = f"{name}, drawn in d dimensions"
        if not np.isfinite(said[name]).all():
            yield Left(what, "the kernel's is not finite there")
            continue
        se = np.hypot(float(said[f"{name}_se"][0]), samples.std(ddof=1) / np.sqrt(len(samples)))
        se += 1.0 / (10 * TASKS) * ("error" in name)
        yield in_errors(what, abs(float(said[name][0]) - float(samples.mean())), float(se), 1.0)


def _drawn(model: Model, draw: Draw, W: Array, values: Values) -> dict[str, Array] | None:
    """Losses and errors of `TASKS` fresh tasks in d dimensions, one entry a task; None where adaptation diverges.

    A task has as many examples as its support and 10 more, which judge it.
    """
    rng, test, algorithm = stream(0, "validate", 24), model.fresh_tasks, model.bilevel
    assert draw.vectors is not None
    support = len(weights_fresh.Network(model).split(values, draw.examples)[0])
    if values.get(test.support) is not None:
        support = int(real(values, test.support))
    total, basis = support + 10, span(kept_by_tasks(model, draw, values).off)
    one = {**values, algorithm.tasks: 1, algorithm.examples: total, algorithm.train: max(support, 1)}
    out: dict[str, list[float]] = {
        f"test_{what}_{how}": [] for what in ("loss", "error") for how in ("unadapted", "adapted")
    }
    for _ in range(TASKS):
        y = _labels(model, total, support, rng, bool(model.balanced and values.get(model.balanced)))
        vectors = _task(model, draw, values, total, basis, rng)
        task = weights.problem(model, vectors, y, one)
        plan = weights_bilevel.loops(task)
        plan = replace(plan, inner=range(support))
        w = task.vectors.new_tensor(W)
        try:
            moved = w + weights_bilevel.adapt(task, plan, 0, w) if support else w
        except Diverged:
            return None
        last = weights_bilevel.examples(task, 0, range(support, total))
        for how, each in (("unadapted", w), ("adapted", moved)):
            F = weights.outputs(last, each, last.patches)
            out[f"test_loss_{how}"].append(float(weights.losses_of(model, F, last.y, values).mean()))
            out[f"test_error_{how}"].append(float(weights.errors(model, F, last.y).mean()))
    return {name: np.array(each) for name, each in out.items()}


def _labels(model: Model, total: int, support: int, rng: np.random.Generator, balanced: bool) -> Array:
    known = np.array(model.network.head_axis.labels)
    y = rng.choice(known, total)
    if balanced and support:
        y[:support] = rng.permutation(rng.permutation(known)[np.arange(support) % len(known)])
    return y


def _task(model: Model, draw: Draw, values: Values, n: int, basis: Array, rng: np.random.Generator) -> Array:
    """The directions (L, d) of one fresh task of n examples, family after family; noise is projected off `basis`."""
    assert draw.vectors is not None
    d = draw.vectors.shape[1]
    offsets, sizes = model.offsets(len(draw.y), draw.tasks), model.sizes(len(draw.y), draw.tasks)
    count, parts = model.sizes(n, 1), []
    for family in model.directions:
        law = chosen_law(family, values)
        if isinstance(law, TaskLaw):
            assert draw.watched is not None and draw.watched.vectors is not None
            nu, z = (draw.watched.vectors[draw.watched.names[each]] for each in (law.shared, law.dictionary))
            parts.append(nu + z[rng.integers(len(z))][None])
        elif family.name in model.test.drawn:
            if not isinstance(law, GaussianLaw):
                raise forgotten(law, "the draws of a fresh task")
            drawn = real(values, law.std) * rng.standard_normal((count[family.name], d))
            parts.append(without(drawn, basis) if law.projected_off(values) else drawn)
        else:
            parts.append(draw.vectors[offsets[family.name] : offsets[family.name] + sizes[family.name]])
    return np.concatenate(parts)
