"""What a family of directions has one vector for, one class a kind: how many vectors, and which one an example holds.

Sizes, symbols, names of dimensions and places on an axis are all chosen by the same two questions, `row` and `index`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, Literal, TypeVar

Over = Literal["one", "class", "task", "sample"]
T = TypeVar("T")


class IndexSet(ABC):
    """What a family's vectors are indexed by.  Of `per_class`, `per_task` and `per_example` at most one holds."""

    per_class: bool = False
    per_task: bool = False
    per_example: bool = False

    @property
    def single(self) -> bool:
        """Whether the examples of a task share the one vector."""
        return not (self.per_class or self.per_example)

    @property
    def shared(self) -> bool:
        """Whether all tasks have the same vectors."""
        return not (self.per_task or self.per_example)

    @abstractmethod
    def row(self, first: T, label: T, task: T, example: T) -> T:
        """Which of its vectors an example holds: the first, or that of its label, of its task, or its own."""

    @abstractmethod
    def index(self, label: T, example: T, task: T | None = None) -> tuple[T, ...]:
        """The indices of the vector that an example holds; without a task they are those within one."""

    def size(self, classes: int, tasks: int, examples: int) -> int:
        """How many vectors, for so many classes and tasks and examples in all."""
        return self.row(1, classes, tasks, examples)

    def of_a_task(self, one: T, classes: T, examples: T) -> T:
        """How many vectors the examples of one task hold: one, as many as there are classes, or as examples."""
        return self.row(one, classes, one, examples)

    def dims(self, over_tasks: bool) -> tuple[str, ...]:
        """The names of its dimensions in a run; examples of several tasks have two."""
        return self.index("class", "i", "task" if over_tasks else None)


class One(IndexSet):
    """One vector for all."""

    def row(self, first: T, label: T, task: T, example: T) -> T:
        """The first."""
        return first

    def index(self, label: T, example: T, task: T | None = None) -> tuple[T, ...]:
        """None."""
        return ()


class PerClass(IndexSet):
    """One vector a class."""

    per_class = True

    def row(self, first: T, label: T, task: T, example: T) -> T:
        """The label's."""
        return label

    def index(self, label: T, example: T, task: T | None = None) -> tuple[T, ...]:
        """The label."""
        return (label,)


class PerTask(IndexSet):
    """One vector a task."""

    per_task = True

    def row(self, first: T, label: T, task: T, example: T) -> T:
        """The task's."""
        return task

    def index(self, label: T, example: T, task: T | None = None) -> tuple[T, ...]:
        """The task."""
        return () if task is None else (task,)


class PerExample(IndexSet):
    """One vector an example, of every task."""

    per_example = True

    def row(self, first: T, label: T, task: T, example: T) -> T:
        """The example's own."""
        return example

    def index(self, label: T, example: T, task: T | None = None) -> tuple[T, ...]:
        """The example, after its task."""
        return (example,) if task is None else (task, example)


INDEX_SETS: Final[dict[Over, IndexSet]] = {
    "one": One(), "class": PerClass(), "task": PerTask(), "sample": PerExample(),
}
"""The index sets by the word that a declaration has for them."""
