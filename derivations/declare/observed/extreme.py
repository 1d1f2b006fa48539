"""Extremes over neurons of what the filters see: directions, coefficients, and vectors that runs only look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..choices import Formula, Name, nearest
from ..data import laws_of
from ..layers import of_neurons
from ..observable import OfStates, of_filters
from ..over import IndexSet
from ..views import Array, EntryView, Flags, StateView, WeightView

BLOCK = 2**21  # pre-activations at a time: every entry is copied a few times on the way to its extreme


@dataclass(frozen=True, kw_only=True)
class Extreme(OfStates):
    """max, max_abs or min over neurons of z on the family `of`, over all, own-class, other-class or one sign's heads.

    `per` = "example" keeps the example axis, "head" the head axis, "task" the task axis.  `of` may also name a
    coefficient, or vectors that a TaskLaw lets runs look at.  Entries are multiplied by the head's sign where `signed`,
    taken at the weights adapted to the task where `adapted` (bilevel algorithms), and no result is below the formula
    `floor`.
    """

    name: Name
    latex: str
    of: str
    reduce: Literal["max", "max_abs", "min"]
    heads: Literal["all", "on_class", "off_class", "plus", "minus"] = "all"
    per: tuple[Literal["example", "head", "task"], ...] = ()
    signed: bool = False
    adapted: bool = False
    floor: Formula = ""
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """At adapted weights, which the engine has."""
        return self.adapted

    @property
    def entries_of(self) -> str:
        """What the extreme is over."""
        return self.of

    @property
    def lower_bound(self) -> str:
        """The floor."""
        return self.floor

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """Those of the entries that are kept."""
        return {self.name: tuple(dim for dim in self._dims(model) if dim in self._kept(model))}

    def words(self, model: Any) -> dict[str, str]:
        """The reduction, what is reduced, and over which filters."""
        entry = self.of if self.of in {family.coefficient.name for family in model.directions} else f"<w, {self.of}>"
        entry = f"j {entry}" if self.signed else entry
        largest = {"max": entry, "max_abs": f"|{entry}|", "min": entry}[self.reduce]
        most = "smallest" if self.reduce == "min" else "largest"
        where = " at the weights adapted to the task" if self.adapted else ""
        least = f", and at least {self.floor}" if self.floor else ""
        return {self.name: f"{most} {largest}{where}, {self._over(model)}{least}"}

    def _over(self, model: Any) -> str:
        """Over what the extreme is taken, and for what it is taken apart."""
        of = {"all": "all filters", "on_class": "the filters of the example's own head",
              "off_class": "the filters of the other heads", "plus": "the filters of head +1",
              "minus": "the filters of head -1"}[self.heads]
        family = next((each for each in model.directions if self.of in (each.name, each.coefficient.name)), None)
        held = None if family is None else family.index_set
        vectors = {"example": held is not None and held.per_example, "task": held is not None and held.per_task}
        also = [f"{name}s" for name, there in vectors.items() if there and name not in self.per]
        also += ["classes"] if held is not None and held.per_class else []
        apart = f", for each {' and '.join(self.per)}" if self.per else ""
        return " and ".join([f"over {of}", *also]) + apart

    def refusal(self, model: Any) -> str:
        """It is of a family, a coefficient, or vectors that runs can look at, by heads and axes that these have."""
        laws = [law for family in model.directions for law in laws_of(family) if law is not None]
        watched = {name for law in laws for name in law.watched}
        families = {family.name: family.index_set for family in model.directions if not of_neurons(family)}
        known = families | {family.coefficient.name: family.index_set for family in model.directions}
        if self.of not in {*known, *watched}:
            return f"{self.name}: of {self.of!r}, which is not declared; {nearest(self.of, sorted({*known, *watched}))}"
        index_set, tasks = known.get(self.of), model.algorithm.over_tasks
        signed = model.network.head_axis.signed
        examples = index_set is not None and index_set.per_example
        wrong = {
            f"heads {self.heads!r} are those of an example's label, and {self.of!r} has no vector an example":
                self.heads in ("on_class", "off_class") and not examples,
            f"heads {self.heads!r} are signed ones": self.heads in ("plus", "minus") and not signed,
            "class heads have no sign to be signed with": self.signed and not signed,
            f"per 'example', and {self.of!r} has no vector an example": "example" in self.per and not examples,
            f"per 'task', and {self.of!r} has no vector a task":
                self.per.count("task") > 0 and not (tasks and index_set is not None and not index_set.shared),
            f"per 'head', and heads {self.heads!r} are one": "head" in self.per and self.heads in ("plus", "minus"),
            "per names an axis twice": len(set(self.per)) < len(self.per),
            "adapted weights are those of a family, in a Bilevel algorithm":
                self.adapted and not (tasks and self.of in families),
        }
        return next((f"{self.name}: {why}; leave that out" for why, holds in wrong.items() if holds), "")

    def value(self, states: StateView) -> Array | None:
        """(T, ...) by `per`; None where the states lack what it is of."""
        parts = [self._of_block(block) for block in states.blocks(BLOCK)]
        known = [part for part in parts if part is not None]
        return self._raised(np.concatenate(known), states) if known and len(known) == len(parts) else None

    def of_runs(self, states: EntryView) -> Array | None:
        """As `value`."""
        reduced = self._of_block(states)
        return None if reduced is None else self._raised(reduced, states)

    def _raised(self, reduced: Array, states: EntryView) -> Array:
        """No lower than the floor."""
        if not self.floor:
            return reduced
        least = np.asarray(states.number(self.floor, f"{self.name}: its floor"))
        return np.maximum(reduced, least.reshape(least.shape + (1,) * (reduced.ndim - 1)))

    def _of_block(self, states: EntryView) -> Array | None:
        values = self._entries(states)
        if values is None:
            return None
        if self.signed:
            values = values * np.array(states.model.network.head_axis.signs)[:, None, None]
        if self.reduce == "max_abs":
            values = np.abs(values)
        smallest = self.reduce == "min"
        mask = self._mask(states)
        if mask is not None:
            values = np.where(mask[..., None, :], values, np.inf if smallest else -np.inf)
        dims, kept = self._dims(states.model), self._kept(states.model)
        if len(dims) > values.ndim:  # examples of several tasks have two dimensions
            values = states.by_task(values)
        axes = tuple(at for at, name in enumerate(dims) if name not in kept)
        return np.asarray(values.min(axes) if smallest else values.max(axes))

    def _entries(self, states: EntryView) -> Array | None:
        """(T, H, m, size): what the extreme is of."""
        if self.of in {family.coefficient.name for family in states.model.directions}:
            return states.coefficient(self.of)
        if self.of not in {family.name for family in states.model.directions}:
            return states.looked(self.of)
        return states.adapted(self.of) if self.adapted else states.z[..., states.rows(self.of)]

    def _mask(self, states: EntryView) -> Flags | None:
        """(H, size or 1), or that of each state: the heads that count; None for all."""
        if self.heads == "all":
            return None
        if self.heads in ("plus", "minus"):
            kept: Flags = np.arange(states.z.shape[-3]) == ("plus", "minus").index(self.heads)
            return kept[:, None]
        return states.own if self.heads == "on_class" else ~states.own

    def _dims(self, model: Any) -> tuple[str, ...]:
        """The dimensions of the entries, examples of several tasks in two."""
        of = model.index_sets.get(self.of)
        own = ("item",) if of is None or of.shared else of.dims(model.algorithm.over_tasks)
        return ("t", *of_filters(model), *own)

    def _kept(self, model: Any) -> set[str]:
        """The dimensions that the observable keeps."""
        named = {"head": {model.network.head_axis.dim}, "example": {"task", "i"}, "task": {"task"}}
        return {"t"}.union(*(named[name] for name in self.per))

    def by_weights(self, course: WeightView) -> Array | None:
        """Entry by entry, gathered by what is kept."""
        read = self._read(course)
        if read is None:
            return None
        values, place = read
        groups: dict[tuple[int, ...], list[Array]] = {}
        for head in range(values.shape[1]):
            for item in range(values.shape[3]):
                if self._counts(course, head, item):
                    entry = values[:, head, :, item] * (course.signs[head] if self.signed else 1.0)
                    groups.setdefault(self._group(course, place, head, item), []).append(entry)
        lengths = [1 + max(key[axis] for key in groups) for axis in range(len(next(iter(groups))))]
        reduced = np.empty((len(values), *lengths))
        for key, entries in groups.items():
            of = np.concatenate(entries, axis=1)
            of = abs(of) if self.reduce == "max_abs" else of
            place_of: tuple[Any, ...] = (slice(None), *key)
            reduced[place_of] = of.min(1) if self.reduce == "min" else of.max(1)
        return np.maximum(reduced, course.number(self.floor)) if self.floor else reduced

    def _read(self, course: WeightView) -> tuple[Array, IndexSet | None] | None:
        """(T, H, m, size) and what it has one of; None where W does not determine it."""
        sets = {each.name: each.index_set for each in course.model.directions}
        if self.of in course.coefficients:
            place = next(f.index_set for f in course.model.directions if f.coefficient.name == self.of)
            return course.coefficients[self.of], place
        if self.of in sets:
            values = course.adapted(self.of) if self.adapted else course.W @ course.families[self.of].T
            return values, sets[self.of]
        return (course.W @ course.looked[self.of].T, None) if self.of in course.looked else None

    def _counts(self, course: WeightView, head: int, item: int) -> bool:
        if self.heads in ("plus", "minus"):
            return head == ["plus", "minus"].index(self.heads)
        return self.heads == "all" or course.own(head, item) == (self.heads == "on_class")

    def _group(self, course: WeightView, place: IndexSet | None, head: int, item: int) -> tuple[int, ...]:
        """What an entry's result is indexed by."""
        per_task, many = len(course.y) // course.tasks, course.model.algorithm.over_tasks
        apart = not {"task", "example"}.isdisjoint(self.per)
        key = [head] if "head" in self.per else []
        if place is not None and place.per_example:
            if many and apart:
                key.append(item // per_task)
            key += [item % per_task if many else item] if "example" in self.per else []
        elif place is not None and place.per_task and apart:
            key.append(item)
        return tuple(key)
