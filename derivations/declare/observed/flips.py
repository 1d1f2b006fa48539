"""How many pre-activations change the side of the activation's kink along a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..choices import Name, OptionalName
from ..observable import OfRun
from ..views import Array, Flags, RunView, Steps, WeightView


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
        return FlipCounts([FlipCount(each, run) for each in declared], run)

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
    """One declared count of flips, fed every step's state in order."""

    def __init__(self, declared: Flips, run: RunView) -> None:
        self.declared, self.recorded = declared, run.recorded
        counted = {"all": np.ones_like(run.own), "on_class": run.own, "off_class": ~run.own}[declared.heads]
        self.counted = counted[:, None, :, None]
        self.before: Flags | None = None
        self.total, self.last = 0, 0
        self.at: dict[int, int] = {}

    def add(self, t: Steps, steep: Flags) -> None:
        """The sides (T, H, m, n, P) at the consecutive steps t (T,)."""
        joined = np.concatenate([steep[:1] if self.before is None else self.before[None], steep])
        flips = ((joined[1:] != joined[:-1]) & self.counted).sum(axis=(1, 2, 3, 4))
        counts = self.total + np.cumsum(flips)
        changed = np.flatnonzero(flips)
        if changed.size:
            self.last = int(t[changed[-1]])
        kept = np.isin(t, self.recorded)
        kept[-1] = True  # where a run stops early, its last step is recorded too
        self.at |= dict(zip(t[kept].tolist(), counts[kept].tolist(), strict=True))
        self.before, self.total = steep[-1], int(counts[-1])

    def variables(self, t: Steps) -> dict[str, Array]:
        """The counts at the recorded steps t, and the last flip's step."""
        counts = np.array([self.at[int(step)] for step in t], dtype=np.float64)
        return {self.declared.name: counts, **dict.fromkeys(self.declared.also, np.asarray(self.last))}


class FlipCounts:
    """All counts that a run wants, of sides looked at once."""

    def __init__(self, counts: Sequence[FlipCount], run: RunView) -> None:
        self.counts, self.run = counts, run

    def add(self, t: Steps, z: Array) -> None:
        """The states z (T, H, m, B) at the consecutive steps t (T,)."""
        steep = self.run.steep(z)
        for count in self.counts:
            count.add(t, steep)

    def variables(self, t: Steps) -> dict[str, Array]:
        """Those of every count."""
        return {name: each for count in self.counts for name, each in count.variables(t).items()}
