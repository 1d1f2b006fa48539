"""Bilevel algorithms in weight space, task after task: W adapted to each by gradient descent, then one step of W.

Only the declaration (`derivations.declare.Bilevel`), the numbers and the vectors are read.  The outer gradient is of
first order: that of the loss at the adapted weights, taken as if they did not depend on W.  Examples are those of all
K tasks, n each, task by task; shapes are those of `simulate.train.weights`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import torch

from derivations.declare import ActivationKind, Expressed, HuberizedRelu, LeakyRelu, Relu, ReluPower, of_class, terms_of

from ..errors import InputError
from ..values import constant, real
from .formulas import at_step, by_output, errors, losses_of, margins
from .network import Training, diverged, families, gradient_at, one_thread, outputs, task_count

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Loops:
    """The two loops on numbers: K tasks of n examples, J inner steps of size gamma, and each loop's examples."""

    to_adapted: bool
    tasks: int
    n: int
    steps: int
    rate: float
    inner: range
    outer: range
    shares: tuple[float, ...] = ()
    """What each task is weighed by, of all tasks or of those that take part in a step; none in the plain mean."""

    def mean(self, parts: Iterable[Tensor]) -> Tensor:
        """The mean of what the tasks have, one after another."""
        if not self.shares:
            return torch.stack(list(parts)).mean(0)
        return sum((share * part for share, part in zip(self.shares, parts, strict=True)), torch.zeros(()))

    def slope(self, task: Training, k: int, among: range, w: Tensor, t: int) -> Tensor:
        """grad L(.; S) at w (H, m, d), S the examples `among` those of task k."""
        return gradient_at(examples(task, k * self.n, among), w, t)


def loops(task: Training, t: int | None = None) -> Loops:
    """The loops of outer step t, or without one those that states are looked at with, at the inner step as given.

    Raises InputError where an inner loop has a negative length, or a split leaves a loop no example.
    """
    algorithm, values = task.model.bilevel, task.values
    tasks = task_count(task.model, values, len(task.y))
    n, steps = len(task.y) // tasks, real(values, algorithm.inner_steps)
    if steps < 0 or steps != int(steps):
        raise InputError(f"{algorithm.inner_steps}: {steps:g} inner steps; expected a whole number from 0; give one")
    everything = range(n)
    inner, outer = everything, everything
    if algorithm.splits:
        train = real(values, algorithm.train)
        if not 1 <= train < n or train != int(train):
            raise InputError(
                f"{algorithm.train}: {train:g} of {n} examples a task to adapt on; expected a whole number from 1 to "
                f"{n - 1}; give such a {algorithm.train}"
            )
        inner, outer = everything[: int(train)], everything[int(train) :]
    name = algorithm.inner_step
    rate = real(values, name) if t is None else at_step(task.model, values, name, t)
    return Loops(algorithm.to_adapted, tasks, n, int(steps), rate, inner, outer, shares_of(task, tasks, t))


def shares_of(task: Training, tasks: int, t: int | None) -> tuple[float, ...]:
    """p_k of all tasks, or in step t of those that take part in it, 0 of the others; none in the plain mean."""
    algorithm, counts = task.model.bilevel, [1.0] * tasks
    if algorithm.shares and task.values.get(algorithm.shares) is not None:
        counts = [float(each) for each in str(task.values[algorithm.shares]).split(",")]
    if algorithm.sampled and t is not None:
        assert task.draws is not None
        counts = [count * float(part) for count, part in zip(counts, task.draws.taking_part(t, 1)[0], strict=True)]
    return tuple(count / sum(counts) for count in counts) if algorithm.weighed else ()


def examples(task: Training, first: int, among: range) -> Training:
    """The problem of the examples `among` those that start at the example `first`."""
    rows = slice(first + among.start, first + among.stop)
    return replace(task, patches=task.patches[rows], y=task.y[rows])


def inner_path(task: Training, plan: Loops, k: int, w: Tensor, t: int) -> Iterator[Tensor]:
    """W~_k - W after 0, 1, .. J inner steps; the change is summed by itself, so that it keeps its digits beside W."""
    change = torch.zeros_like(w)
    yield change
    for _ in range(plan.steps):
        change = change - plan.rate * plan.slope(task, k, plan.inner, w + change, t)
        yield change


def adapt(task: Training, plan: Loops, k: int, w: Tensor, t: int = 0) -> Tensor:
    """W~_k - W (H, m, d).

    Raises Diverged where it leaves the finite numbers, which outputs need not show: an activation may be 0 there.
    """
    for change in inner_path(task, plan, k, w, t):
        last = change
    if not bool(torch.isfinite(last).all()):
        raise diverged(task, t)
    return last


def direction(task: Training, plan: Loops, k: int, w: Tensor, change: Tensor, t: int) -> Tensor:
    """Task k's part D_k of the outer step W <- W - (eta / K) sum_k D_k, from its W~_k - W."""
    return -change if plan.to_adapted else plan.slope(task, k, plan.outer, w + change, t)


class TwoLoops:
    """Two loops, as `derivations.declare.Bilevel` states them."""

    def step(self, task: Training, w: Tensor, velocity: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """W(t+1) - W(t), and the velocity as it was.

        Raises Diverged where a task's weights or outputs leave the finite numbers.
        """
        return outer_change(task, w, t), velocity

    def observe(self, task: Training, w: Tensor, every: bool) -> dict[str, Tensor]:
        """The observables of one state, all that there are."""
        return observe(task, w)

    def loss(self, task: Training, w: Tensor) -> float:
        """The meta-objective."""
        return meta_loss(task, w)


def outer_change(task: Training, w: Tensor, t: int) -> Tensor:
    """W(t+1) - W(t)."""
    plan = loops(task, t)
    total = torch.zeros_like(w)
    for k in range(plan.tasks):
        share = plan.shares[k] if plan.shares else 1.0
        if share:
            total = total + share * direction(task, plan, k, w, adapt(task, plan, k, w, t), t)
    many = 1 if plan.shares else plan.tasks
    return -(at_step(task.model, task.values, task.model.algorithm.step, t) / many) * total


def meta_loss(task: Training, w: Tensor) -> float:
    """The meta-objective: the mean over tasks of the adapted weights' loss on the outer loop's examples."""
    plan, total = loops(task), 0.0
    with one_thread():
        for k in range(plan.tasks):
            own = examples(task, k * plan.n, plan.outer)
            F = outputs(own, w + adapt(task, plan, k, w), own.patches)
            share = plan.shares[k] if plan.shares else 1.0 / plan.tasks
            total += share * float(losses_of(task.model, F, own.y, task.values).mean())
    return total


def observe(task: Training, w: Tensor) -> dict[str, Tensor]:
    """What is seen of W (H, m, d), at the weights adapted to each task except for "z" = W V^T (H, m, B).

    "loss", see `meta_loss`; "gradient_norm" of the mean of the tasks' D_k, see `direction`, and "gradient_norms" (K,)
    of each; "outputs" (K n, H), "margins" (K n,), "train_error" over all examples; signed heads: "l1" (K n,);
    "adapted" (K, H, m, L), the adapted weights on the task's own directions, family after family.
    """
    plan = loops(task)
    with one_thread():
        parts = [_observe_task(task, plan, k, w) for k in range(plan.tasks)]
        total = plan.mean([part.pop("loss") for part in parts])
        mean = plan.mean([part.pop("direction") for part in parts])
        stacked = {name: torch.stack([part.pop(name) for part in parts]) for name in ("adapted", "gradient_norms")}
        row = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        return {
            **row,
            **stacked,
            "loss": total,
            "gradient_norm": mean.norm(),
            "z": w @ task.vectors.T,
            "train_error": errors(task.model, row["outputs"], task.y).mean(),
        }


def _observe_task(task: Training, plan: Loops, k: int, w: Tensor) -> dict[str, Tensor]:
    change = adapt(task, plan, k, w)
    own, step = examples(task, k * plan.n, range(plan.n)), direction(task, plan, k, w, change, 0)
    F = outputs(own, w + change, own.patches)
    row = {
        "outputs": F,
        "margins": margins(task.model, F, own.y),
        "loss": losses_of(task.model, F, own.y, task.values)[plan.outer.start : plan.outer.stop].mean(),
        "direction": step,
        "gradient_norms": step.norm(),
        "adapted": (w + change) @ own_directions(task, plan, k).T,
    }
    if task.model.network.head_axis.signed:
        row["l1"] = own.y * by_output(task.model, F, own.y, task.values)[:, 0]
    return row


def own_directions(task: Training, plan: Loops, k: int) -> Tensor:
    """The directions (L, d) that the examples of task k are made of."""
    parts = []
    for name, vectors in families(task.model, task.vectors, plan.tasks).items():
        index_set = task.model.family(name).index_set
        size = index_set.of_a_task(1, len(vectors), plan.n)
        parts.append(vectors if index_set.shared else vectors[k * size : (k + 1) * size])
    return torch.cat(parts)


def inner_growth(task: Training, m: int) -> float | None:
    """How an inner step may multiply rounding: q = 1 + gamma kappa sup|sigma''| max_b (P_b / |I|) ||v_b||^2.

    P_b counts the patches, of the |I| examples that a task adapts on, which are made of v_b: for the noise of
    Huberized ReLU, 1 + gamma ||xi||^2 / (|I| h).  It is to first order, from the diagonal of the Gram matrix alone, for
    m filters a head, and where no pre-activation crosses a kink.  None where l' or sigma'' is not bounded.
    """
    curvature = _curvature(task.model.network.activation.kind, task)
    if curvature is None or not task.model.objective.loss_kind.lipschitz:
        return None
    plan, longest = loops(task), 0.0
    for name, vectors in families(task.model, task.vectors, plan.tasks).items():
        patches = sum(term.direction == name for term in terms_of(task.model.patches))
        share = patches / len(plan.inner) if task.model.family(name).index_set.per_example else float(patches)
        longest = max(longest, share * float((vectors**2).sum(1).max())) if len(vectors) else longest
    return 1.0 + plan.rate * task.kappa(m) * curvature * longest


def _curvature(kind: ActivationKind, task: Training) -> float | None:
    """sup|sigma''| between kinks; None where there is no bound."""
    return of_class(CURVATURE, kind, "sup|sigma''|")(kind, task)


CURVATURE: Final[Mapping[type[ActivationKind], Callable[[Any, Training], float | None]]] = {
    ReluPower: lambda kind, task: 2.0 if kind.power == 2 else None,
    Relu: lambda kind, task: 0.0,
    LeakyRelu: lambda kind, task: 0.0,
    Expressed: lambda kind, task: None,
    HuberizedRelu: lambda kind, task: 1.0 / constant(task.values, kind.width),
}
"""By the activation's kind."""
