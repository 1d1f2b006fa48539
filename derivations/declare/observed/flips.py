"""How many pre-activations change the side of the activation's kink along a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..choices import Name, OptionalName
from ..observable import OfRun
from ..views import Array, Flags, Indices, RunsView, RunView, Steps, WeightView


@dataclass(frozen=True, kw_only=True)
class Flips(OfRun):
    """How many (head, filter, example, patch) have changed their side of the activation's kink in steps 1..t.

    Every step is looked at, whatever is recorded.  `last` names one more variable: the last change's step t, that is
    the first from which the pattern stays; 0 where nothing changed.
    """

    of_one_loop = True

    name: Name
    latex: str
    heads: Literal["all", "on_class", "off_class"] = "all"
    last: OptionalName = ""
    source: str = ""

    @property
    def also(self) -> tuple[str, ...]:
        """The last change's step, where it is named."""
        return (self.last,) if self.last else ()

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A count a state, and one last step."""
        return {self.name: ("t",), **dict.fromkeys(self.also, ())}

    def words(self, model: Any) -> dict[str, str]:
        """The count, and the last change's step."""
        which = {"all": "", "on_class": " of own heads", "off_class": " of other heads"}[self.heads]
        last = f"step of the last flip{which}, the first from which the pattern stays to the run's end; 0: none"
        return {self.name: f"activation flips{which} in steps 1..t", **dict.fromkeys(self.also, last)}

    @classmethod
    def counter(cls, declared: Sequence[Flips], run: RunView) -> FlipCounts:
        """The counts, from the first step's sides on."""
        return FlipCounts([FlipCount(each, run) for each in declared], run.steep)

    @classmethod
    def counter_of_runs(cls, declared: Sequence[Flips], runs: RunsView) -> FlipCounts:
        """The same of many runs."""
        return FlipCounts([FlipCount(each, runs) for each in declared], runs.steep)

    def by_weights(self, course: WeightView) -> dict[str, Array]:
        """The count of flips in steps 1..t, (T,), and the last one's t (0: none)."""
        patches, closed = course.patches[:, : course.model.activated], course.model.network.activation.at_kink == 1
        counts, last = [0], 0
        for t in range(1, len(course.W)):
            many = 0
            for head, example in np.ndindex(len(course.signs), len(course.y)):
                if self.heads == "all" or course.own(head, example) == (self.heads == "on_class"):
                    before, now = (course.W[at, head] @ patches[example].T for at in (t - 1, t))
                    many += int((((before >= 0) != (now >= 0)) if closed else ((before > 0) != (now > 0))).sum())
            counts.append(counts[-1] + many)
            last = t if many else last
        counted = {self.name: np.array(counts, dtype=np.float64)}
        return counted | ({self.last: np.asarray(float(last))} if self.last else {})


class FlipCount:
    """One declared count of flips, fed every step's state in order, of one run or of many: these are the axes `...`."""

    def __init__(self, declared: Flips, run: RunView | RunsView) -> None:
        self.declared, self.recorded = declared, run.recorded
        counted = {"all": np.ones_like(run.own), "on_class": run.own, "off_class": ~run.own}[declared.heads]
        self.counted = counted[..., None, :, None, :, None]
        runs = counted.shape[:-2]
        self.before: Flags | None = None
        self.total, self.last = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)
        self.at = np.zeros((*runs, len(run.recorded) + 1), dtype=np.int64)  # at what is to come: so far

    def add(self, t: Steps, steep: Flags, rows: Any = ...) -> None:
        """The sides (..., T, H, m, n, P) at the consecutive steps t (T,), of many runs those of `rows`."""
        if self.before is None:
            self.before = np.zeros((*self.total.shape, *steep.shape[-4:]), dtype=np.bool_)
        if t[0] == 0:
            self.before[rows] = steep[..., 0, :, :, :, :]
        earlier = np.concatenate([self.before[rows][..., None, :, :, :, :], steep[..., :-1, :, :, :, :]], axis=-5)
        changed = (steep != earlier) & self.counted[rows]
        flips = np.count_nonzero(changed.reshape(*changed.shape[:-4], -1), axis=-1)
        counts, turned = self.total[rows][..., None] + np.cumsum(flips, axis=-1), flips > 0
        latest = t[-1] - np.argmax(turned[..., ::-1], axis=-1)
        self.last[rows] = np.where(turned.any(axis=-1), latest, self.last[rows])
        due = slice(int(np.searchsorted(self.recorded, t[0])), None)
        at = self.at[rows]
        at[..., due] = counts[..., np.minimum(np.append(self.recorded, t[-1])[due], t[-1]) - t[0]]
        self.at[rows], self.total[rows], self.before[rows] = at, counts[..., -1], steep[..., -1, :, :, :, :]

    def variables(self, t: Steps) -> dict[str, Array]:
        """The counts at the recorded steps t, and the last flip's step."""
        counts = self.at[..., np.searchsorted(self.recorded, t)].astype(np.float64)
        last: Any = self.last  # a whole number
        return {self.declared.name: counts, **dict.fromkeys(self.declared.also, last)}


class FlipCounts:
    """All counts that runs want, of sides looked at once: `steep` says them of states, and of many runs of which."""

    def __init__(self, counts: Sequence[FlipCount], steep: Callable[..., Flags]) -> None:
        self.counts, self.steep = counts, steep

    def add(self, t: Steps, z: Array, *rows: Indices) -> None:
        """The states z (T, H, m, B) at the consecutive steps t (T,); of many runs those of `rows`, (R, T, H, m, B)."""
        steep = self.steep(z, *rows)
        for count in self.counts:
            count.add(t, steep, *rows)

    def variables(self, t: Steps) -> dict[str, Array]:
        """Those of every count."""
        return {name: each for count in self.counts for name, each in count.variables(t).items()}
