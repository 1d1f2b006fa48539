"""What is fresh when a network is judged, an example or a task, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from .choices import CountName, Declared, FamilyName


@dataclass(frozen=True, kw_only=True)
class FreshLaw(Declared):
    """A fresh example: a fresh label, the fixed directions as in training, the families `fresh` drawn again.

    Where the model flips labels, a fresh one is flipped with the same probability, and the example is judged by the
    label so observed; without `flips` it is judged by its clean label.
    """

    fresh: tuple[FamilyName, ...] = ()
    flips: bool = True

    @property
    def of_tasks(self) -> bool:
        """What is fresh is an example."""
        return False


@dataclass(frozen=True, kw_only=True)
class FreshTasks(Declared):
    """Fresh tasks: each holds `shared` + a uniform entry of the dictionary, and the families `fresh` drawn again.

    Without adaptation the loss of a fresh example; with it, `support` examples (a parameter; absent: as many as the
    inner loop takes in training) adapt the weights as in training, and `query` further ones judge them, over `tasks`
    tasks.
    """

    fresh: tuple[FamilyName, ...] = ()
    tasks: CountName = "test_tasks"
    support: CountName = "test_support"
    query: CountName = "test_query"

    @property
    def flips(self) -> bool:
        """No label is flipped."""
        return False

    @property
    def of_tasks(self) -> bool:
        """What is fresh is a task with all its examples."""
        return True
