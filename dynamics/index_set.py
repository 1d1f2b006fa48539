"""What the law of tasks and a bilevel kernel ask of a family's index set; a declaration's own have all of it."""

from __future__ import annotations

from typing import Protocol, TypeVar

T = TypeVar("T")


class IndexSet(Protocol):
    """What a family has one vector for; of `per_class`, `per_task` and `per_example` at most one holds."""

    @property
    def per_class(self) -> bool:
        """Whether it has a vector a class."""

    @property
    def per_task(self) -> bool:
        """Whether it has a vector a task."""

    @property
    def per_example(self) -> bool:
        """Whether it has a vector an example of every task."""

    def row(self, first: T, label: T, task: T, example: T) -> T:
        """Which of its vectors an example holds: the first, or that of its label, of its task, or its own."""

    def of_a_task(self, one: T, classes: T, examples: T) -> T:
        """How many vectors the examples of one task hold: one, as many as there are classes, or as examples."""
