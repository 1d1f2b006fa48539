"""States of training as observables read them, from W and the vectors alone: what `validate` holds runs to.

Plain loops and NumPy, torch for outputs and their gradients.  Nothing here is shared with `simulate.observe`, the
modules it asks or `dynamics`: coefficients are read again in `Coefficient`, and an observable's account `by_weights`
shares no function with its value on reduced states.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from derivations import declare
from derivations.declare import KnownFrom, Model, Observable
from derivations.declare.views import Account
from dynamics.arrays import Array

from ..ask import formula
from ..ask.userfile import answer
from ..train import bilevel as weights_bilevel
from ..train import weights
from ..values import Values

ALONG = (KnownFrom.RUN, KnownFrom.FRESH)
"""What is compared by itself, and not among what is known of states."""


@dataclass(frozen=True)
class Course:
    """States W (T, H, m, d) in order, from filters `start` of which `shares` (T,) is left, of a problem's examples.

    Their last entries are what neurons have beside their filters, where the network has anything (`of_data`).

    It is the `WeightView` of `derivations.declare.views`.

    `looked` holds vectors (V, d) by the name that an observable calls them by, beside the problem's own families.
    """

    task: weights.Training
    vectors: Array
    y: Array
    clean: Array
    scalars: Mapping[str, Array]
    W: Array
    start: Array
    shares: Array
    looked: Mapping[str, Array]

    @property
    def model(self) -> Model:
        """The declaration."""
        return self.task.model

    @property
    def values(self) -> Values:
        """Every parameter by name."""
        return self.task.values

    @property
    def tasks(self) -> int:
        """How many tasks the examples are of; 1 with a single-level algorithm."""
        return weights.task_count(self.model, self.values, len(self.y))

    @property
    def signs(self) -> Array:
        """The sign of each head (H,): +1, -1, or 1 for heads of classes."""
        return np.array(self.model.network.head_axis.signs)

    @property
    def patches(self) -> Array:
        """The examples' patches (n, P, d)."""
        return np.asarray(self.task.patches.cpu().numpy())

    def of_data(self, vectors: Array) -> Array:
        """Vectors (..., d + axes) without what neurons have beside their filters, (..., d)."""
        return vectors[..., : vectors.shape[-1] - len(self.model.network.axes)]

    def number(self, text: str) -> float:
        """A formula's value at the parameters, n counting a task's examples; FormulaError where it has none."""
        return formula.evaluate(text, {**self.values, "n": len(self.y) // self.tasks, "m": self.W.shape[2]})

    def by_task(self, per_example: Array) -> Array:
        """A last axis over examples as two, tasks and examples, where there are tasks."""
        if per_example.ndim < 2 or not self.model.algorithm.over_tasks:
            return per_example
        return per_example.reshape(*per_example.shape[:-1], self.tasks, -1)

    def margin_gradients(self, at: int) -> tuple[Array, Array]:
        """Margins (n,) at a state and their gradients in W (n, H m d), by autograd."""
        with weights.one_thread():
            leaf = self.task.vectors.new_tensor(self.W[at]).requires_grad_()
            z = weights.margins(self.model, weights.outputs(self.task, leaf, self.task.patches), self.task.y)
            slopes = [torch.autograd.grad(each, leaf, retain_graph=True)[0].cpu().numpy().ravel() for each in z]
        return z.detach().cpu().numpy(), np.stack(slopes)

    def own(self, head: int, example: int) -> bool:
        """Whether a head is the example's own."""
        return bool(self.y[example] == self.model.network.head_axis.labels[head])

    @cached_property
    def families(self) -> dict[str, Array]:
        """Each family's vectors (size, d)."""
        return {
            name: rows.cpu().numpy().reshape(-1, self.vectors.shape[1])
            for name, rows in weights.families(self.model, self.task.vectors, self.tasks).items()
        }

    @cached_property
    def seen(self) -> dict[str, Array]:
        """Loss, margins, outputs, l' and training error by autograd."""
        return weights.observed(self.task, self.W)

    @cached_property
    def coefficients(self) -> dict[str, Array]:
        """Each family's coefficients (T, H, m, size), under the declared scale and signs; empty if W has none."""
        b = weights.coefficients(self.W - self.shares[:, None, None, None] * self.start, self.vectors)
        parts: dict[str, Array] = {}
        if b is None:
            return parts
        first = 0
        for family in self.model.directions:
            rows, coef = self.families[family.name], family.coefficient
            part = b[..., first : first + len(rows)].copy()
            first += len(rows)
            for item, vector in enumerate(rows):
                part[..., item] *= (vector @ vector if coef.scaled else 1.0) * (self.y[item] if coef.labelled else 1.0)
            for head in range(part.shape[1]):
                part[:, head] *= self.signs[head] if coef.signed else 1.0
            if declare.of_neurons(family):  # told as it is
                part = self.W @ rows.T
            parts[coef.name] = part
        return parts

    def adapted(self, family: str) -> Array:
        """<w~, v> (T, H, m, size) at the weights adapted to v's task; a vector of all tasks at the last one's."""
        rows, tasks = self.families[family], weights_bilevel.loops(self.task).tasks
        many = not self.model.family(family).index_set.shared
        per_task = len(rows) // tasks if many else len(rows)
        owners = [at // per_task if many else tasks - 1 for at in range(len(rows))]
        return np.stack([np.stack([moved[k] @ rows[at] for at, k in enumerate(owners)], axis=-1)
                         for moved in self.adapted_weights])

    @cached_property
    def adapted_weights(self) -> list[list[Array]]:
        """Each state's weights (H, m, d) adapted to each task, which every family's observables read."""
        plan, states = weights_bilevel.loops(self.task), [self.task.vectors.new_tensor(W) for W in self.W]
        return [[(w + weights_bilevel.adapt(self.task, plan, k, w)).cpu().numpy() for k in range(plan.tasks)]
                for w in states]

    def example_vector(self, family: str, example: int) -> Array:
        """The family's vector of an example (d,)."""
        task = example * self.tasks // len(self.y)
        at = self.model.family(family).index_set.row(0, int(self.y[example]), task, example)
        vector: Array = self.families[family][at]
        return vector


def everything(course: Course) -> Iterator[tuple[str, Array]]:
    """(name, values) of what every run reports of states, and of each declared observable that W determines."""
    for name in ("loss", "gradient_norm", "margins", "train_error"):
        yield name, course.by_task(course.seen[name])
    for family in course.model.directions:
        coef = family.coefficient
        if coef.name in course.coefficients:
            yield from _of_family(course, family)
    for observable in course.model.observables:
        if observable.known_from not in ALONG:
            yield from account(observable, answer(observable.by_weights, course)).items()


def _of_family(course: Course, family: declare.Directions) -> Iterator[tuple[str, Array]]:
    name, values = family.coefficient.name, course.coefficients[family.coefficient.name]
    index_set = family.index_set

    def placed(part: Array) -> Array:
        if index_set.per_example:
            return course.by_task(part)
        return part[..., 0] if index_set.single and index_set.shared else part

    yield name, placed(values)
    if family.coefficient.split:
        over_part, under_part = np.zeros_like(values), np.zeros_like(values)
        for head in range(values.shape[1]):
            for example in range(values.shape[3]):
                to = over_part if course.own(head, example) else under_part
                to[:, head, :, example] = values[:, head, :, example]
        yield f"{name}_over", placed(over_part)
        yield f"{name}_under", placed(under_part)


def account(declared: Observable, told: Account) -> Mapping[str, Array]:
    """Weight space's account of an observable's variables, by name; empty where it has none, or none here."""
    if told is None:
        return {}
    return told if isinstance(told, Mapping) else {declared.name: told}


def untold(declared: Observable, told: Collection[str]) -> str:
    """Why an observable is not among what is told, in words; "" where it is."""
    if declared.name in told:
        return ""
    if declared.has_second_account:
        return "W does not determine it here"
    return f"weight space has no account of {type(declared).__name__}"
