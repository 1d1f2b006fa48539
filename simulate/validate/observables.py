"""Declared observables and coefficients from W and the vectors, by their definitions: what `validate` holds runs to.

Plain loops and NumPy, torch for outputs and their gradients.  Nothing here is shared with `simulate.observe`, the
modules it asks or `dynamics`: every definition is read again in `derivations.declare` and `Coefficient`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.optimize
import torch

from derivations import declare
from derivations.declare import Model
from dynamics.arrays import Array

from ..ask import formula
from ..train import bilevel as weights_bilevel
from ..train import weights
from ..train.weights import Values
from .twins import ALONG, account, twin


@dataclass(frozen=True)
class Course:
    """States W (T, H, m, d) in order, from filters `start` of which `shares` (T,) is left, of a problem's examples.

    `looked` holds vectors (V, d) by the name that an observable calls them by, beside the problem's own families.
    """

    task: weights.Problem
    vectors: Array
    y: Array
    clean: Array
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
        return weights.observe(self.model, self.vectors, self.y, self.W, self.values, clean=self.clean)

    @cached_property
    def coefficients(self) -> dict[str, Array]:
        """Each family's coefficients (T, H, m, size), under the declared scale and signs; empty if W has none."""
        b = weights.coefficients(self.W - self.shares[:, None, None, None] * self.start, self.vectors)
        found: dict[str, Array] = {}
        if b is None:
            return found
        at = 0
        for family in self.model.directions:
            rows, coef = self.families[family.name], family.coefficient
            part = b[..., at : at + len(rows)].copy()
            at += len(rows)
            for item, vector in enumerate(rows):
                part[..., item] *= (vector @ vector if coef.scaled else 1.0) * (self.y[item] if coef.labelled else 1.0)
            for head in range(part.shape[1]):
                part[:, head] *= self.signs[head] if coef.signed else 1.0
            found[coef.name] = part
        return found

    def adapted(self, family: str) -> Array:
        """<w~, v> (T, H, m, size) at the weights adapted to v's task; a vector of all tasks at the last one's."""
        plan, rows = weights_bilevel.loops(self.task), self.families[family]
        many, out = not self.model.family(family).index_set.shared, []
        for W in self.W:
            w = self.task.vectors.new_tensor(W)
            moved = [(w + weights_bilevel.adapt(self.task, plan, k, w)).cpu().numpy() for k in range(plan.tasks)]
            each = len(rows) // plan.tasks if many else len(rows)
            owners = [at // each if many else plan.tasks - 1 for at in range(len(rows))]
            out.append(np.stack([moved[k] @ rows[at] for at, k in enumerate(owners)], axis=-1))
        return np.stack(out)

    def example_vector(self, family: str, example: int) -> Array:
        """The family's vector of an example (d,)."""
        task = example * self.tasks // len(self.y)
        at = self.model.family(family).index_set.row(0, int(self.y[example]), task, example)
        found: Array = self.families[family][at]
        return found


def everything(course: Course) -> Iterator[tuple[str, Array]]:
    """(name, values) of what every run reports of states, and of each declared observable that W determines."""
    for name in ("loss", "gradient_norm", "margins", "train_error"):
        yield name, _by_task(course, course.seen[name])
    for family in course.model.directions:
        coef = family.coefficient
        if coef.name in course.coefficients:
            yield from _of_family(course, family)
    for each in course.model.observables:
        if each.known_from not in ALONG:
            yield from account(course, each).items()


def _by_task(course: Course, per_example: Array) -> Array:
    """A last axis over examples as two, tasks and examples, where there are tasks."""
    if per_example.ndim < 2 or not course.model.algorithm.over_tasks:
        return per_example
    return per_example.reshape(*per_example.shape[:-1], course.tasks, -1)


def _of_family(course: Course, family: declare.Directions) -> Iterator[tuple[str, Array]]:
    name, values = family.coefficient.name, course.coefficients[family.coefficient.name]
    index_set = family.index_set

    def placed(part: Array) -> Array:
        if index_set.per_example:
            return _by_task(course, part)
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


@twin(declare.Extreme)
def _extreme(course: Course, o: declare.Extreme) -> Array | None:
    sets = {each.name: each.index_set for each in course.model.directions}
    place: declare.IndexSet | None
    if o.of in course.coefficients:
        values = course.coefficients[o.of]
        place = next(f.index_set for f in course.model.directions if f.coefficient.name == o.of)
    elif o.of in sets:
        values = course.adapted(o.of) if o.adapted else course.W @ course.families[o.of].T
        place = sets[o.of]
    elif o.of in course.looked:
        values, place = course.W @ course.looked[o.of].T, None
    else:
        return None
    each = len(course.y) // course.tasks
    groups: dict[tuple[int, ...], list[Array]] = {}
    for head in range(values.shape[1]):
        for item in range(values.shape[3]):
            if not _counts(course, o.heads, head, item):
                continue
            entry = values[:, head, :, item] * (course.signs[head] if o.signed else 1.0)
            groups.setdefault(_group(o, place, head, item, each, course), []).append(entry)
    lengths = [1 + max(key[axis] for key in groups) for axis in range(len(next(iter(groups))))]
    found = np.empty((len(values), *lengths))
    for key, entries in groups.items():
        of = np.concatenate(entries, axis=1)
        of = abs(of) if o.reduce == "max_abs" else of
        place_of: tuple[Any, ...] = (slice(None), *key)
        found[place_of] = of.min(1) if o.reduce == "min" else of.max(1)
    if o.floor:
        numbers = {**course.values, "n": each, "m": values.shape[2]}
        found = np.maximum(found, formula.evaluate(o.floor, numbers))
    return found


def _counts(course: Course, heads: str, head: int, item: int) -> bool:
    if heads in ("plus", "minus"):
        return head == ["plus", "minus"].index(heads)
    return heads == "all" or course.own(head, item) == (heads == "on_class")


def _group(
    o: declare.Extreme, place: declare.IndexSet | None, head: int, item: int, each: int, course: Course
) -> tuple[int, ...]:
    """What an entry's result is indexed by."""
    many, apart = course.model.algorithm.over_tasks, not {"task", "example"}.isdisjoint(o.per)
    key = [head] if "head" in o.per else []
    if place is not None and place.per_example:
        if many and apart:
            key.append(item // each)
        key += [item % each if many else item] if "example" in o.per else []
    elif place is not None and place.per_task and apart:
        key.append(item)
    return tuple(key)


@twin(declare.Shifted)
def _shifted(course: Course, o: declare.Shifted) -> Array | None:
    return _by_task(course, o.plus + o.times * course.seen[o.of]) if o.of in course.seen else None


@twin(declare.Total)
def _total(course: Course, o: declare.Total) -> Array | None:
    found = course.coefficients.get(o.of)
    return None if found is None else sum((found[..., at] for at in range(found.shape[-1])), np.zeros(1))


@twin(declare.Distance)
def _distance(course: Course, o: declare.Distance) -> Array:
    scale = formula.evaluate(o.scale, {**course.values, "n": len(course.y), "m": course.W.shape[2]})
    target = course.start.copy()
    for head in range(len(target)):
        for at, v in enumerate(course.families[o.of]):
            target[head] += scale * v / (v @ v) if course.own(head, at) else 0.0
    return np.array([np.linalg.norm((W - target).ravel()) for W in course.W])


@twin(declare.NeuronNorm)
def _neuron_norm(course: Course, o: declare.NeuronNorm) -> Array:
    return np.asarray(np.sqrt((course.W**2).sum(-1)))


@twin(declare.Spectral)
def _spectral(course: Course, o: declare.Spectral) -> Array:
    def of(matrix: Array) -> float:
        s = np.linalg.svd(matrix, compute_uv=False)
        rest, first = float((s[1:] ** 2).sum()), float(s[0]) ** 2
        return {"frobenius": float(np.linalg.norm(matrix)), "spectral": float(s[0]), "stable_rank_excess": rest / first,
                "stable_rank": (first + rest) / first}[o.what]

    return np.array([[*(of(head) for head in W), of(np.concatenate(list(W)))] for W in course.W])


@twin(declare.NormalisedMargin)
def _normalised(course: Course, o: declare.NormalisedMargin) -> Array:
    found = np.stack([z / np.linalg.norm(W.ravel()) for z, W in zip(course.seen["margins"], course.W, strict=True)])
    return found.max(1) - found.min(1) if o.spread else found


@twin(declare.MaxMargin)
def _max_margin(course: Course, o: declare.MaxMargin) -> Array:
    out = []
    for W in course.W:
        with weights.one_thread():
            leaf = course.task.vectors.new_tensor(W).requires_grad_()
            z = weights.margins(course.model, weights.outputs(course.task, leaf, course.task.patches), course.task.y)
            slopes = [torch.autograd.grad(each, leaf, retain_graph=True)[0].cpu().numpy().ravel() for each in z]
        margins = z.detach().cpu().numpy()
        multipliers, left = scipy.optimize.nnls(np.stack(slopes, axis=1), W.ravel())
        slack = max(lam * (each - margins.min()) for lam, each in zip(multipliers, margins, strict=True))
        feasible = slack / margins.min() ** 2 if margins.min() > 0 else np.nan
        out.append(left / np.linalg.norm(W.ravel()) if o.what == "residual" else feasible)
    return np.array(out)


@twin(declare.NearOrthogonality)
def _near_orthogonality(course: Course, o: declare.NearOrthogonality) -> Array:
    rows = course.families[o.of]
    lengths = [np.linalg.norm(v) for v in rows]
    p = max((abs(a @ b) for i, a in enumerate(rows) for k, b in enumerate(rows) if i != k), default=0.0)
    below = (max(lengths) / min(lengths)) ** 2 * len(rows) * p
    return np.asarray(min(lengths) ** 2 / below if below else np.inf)


@twin(declare.Flips)
def _flips(course: Course, o: declare.Flips) -> dict[str, Array]:
    """The count of flips in steps 1..t, (T,), and the last one's t (0: none)."""
    patches, closed = course.task.patches.cpu().numpy(), course.model.network.activation.at_kink == 1
    counts, last = [0], 0
    for t in range(1, len(course.W)):
        many = 0
        for head, example in np.ndindex(len(course.signs), len(course.y)):
            if o.heads == "all" or course.own(head, example) == (o.heads == "on_class"):
                before, now = (course.W[at, head] @ patches[example].T for at in (t - 1, t))
                many += int((((before >= 0) != (now >= 0)) if closed else ((before > 0) != (now > 0))).sum())
        counts.append(counts[-1] + many)
        last = t if many else last
    return {o.name: np.array(counts, dtype=np.float64)} | ({o.last: np.asarray(float(last))} if o.last else {})


@twin(declare.Complement)
def _complement(course: Course, o: declare.Complement) -> Array:
    F, out = torch.tensor(course.seen["outputs"]), np.empty(course.seen["outputs"].shape[:2])
    for i, label in enumerate(course.y.astype(int)):
        others = [k for k in range(F.shape[2]) if k != label]
        out[:, i] = (torch.logsumexp(F[:, i, others], 1) - torch.logsumexp(F[:, i], 1)).exp().numpy()
    return out


@twin(declare.Balance)
def _balance(course: Course, o: declare.Balance) -> Array:
    found = _complement(course, declare.Complement(name=o.name, latex=""))
    return np.asarray(found.max(1) / found.min(1))


def _active(course: Course, of: str) -> Array:
    """(T, n, m): whether a filter of the example's own head sees its vector of the family above 0."""
    vectors = [course.example_vector(of, i) for i in range(len(course.y))]
    heads = [next(h for h in range(len(course.signs)) if course.own(h, i)) for i in range(len(course.y))]
    return np.stack([course.W[:, h] @ v > 0 for h, v in zip(heads, vectors, strict=True)], axis=1)


@twin(declare.ActiveShare)
def _active_share(course: Course, o: declare.ActiveShare) -> Array:
    return np.asarray(_active(course, o.of).mean(-1))


@twin(declare.Deactivated)
def _deactivated(course: Course, o: declare.Deactivated) -> Array:
    on = _active(course, o.of)
    return np.array([0.0] + [float((on[t - 1] & ~on[t]).sum()) for t in range(1, len(on))])


@twin(declare.NoiseRatio)
def _noise_ratio(course: Course, o: declare.NoiseRatio) -> Array | None:
    if not course.model.family(o.of).index_set.per_example:
        return None
    rows, classes = course.families[o.of], course.model.n_heads
    members = [np.flatnonzero(course.y == k) for k in range(classes)]
    found = np.full((classes, classes), np.nan)

    def moment(k: int, j: int) -> float:
        squares = [(rows[a] @ rows[b]) ** 2 for a in members[k] for b in members[j] if a != b]
        return float(np.mean(squares)) if squares else np.nan

    for k, j in np.ndindex(classes, classes):
        top = len(members[k]) * moment(k, k)
        if o.signal:
            top = len(members[k]) ** 2 * float(np.sum(course.families[o.signal][k] ** 2)) ** 2
        found[k, j] = top / (len(members[j]) * moment(k, j)) if len(members[j]) else np.nan
    return found
