"""What a kernel on lanes looks at in every step: the observables of events, as the least and the largest of each.

An event is reached where all entries of its observable are, so that the two decide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...declare import Directions, Extreme, Model, to_plain
from .fits import fits_lanes
from .nests import LaneNests

LOSS = "loss"
SIGN, INSIDE = "(1.0 - 2.0 * h)", "load(present, i) > 0.0"
HEADS = {"plus": "1", "minus": "1, 2"}


def watched(model: Model) -> tuple[Extreme, ...]:
    """The extremes that the model's events are of and that a state's packed arrays tell."""
    if model.algorithm.drawn:  # such runs are looked at from outside
        return ()
    declared = {each.name: each for each in model.observables}
    named = dict.fromkeys(event.observable for event in model.events)
    observables = [declared[name] for name in named if name in declared]
    return tuple(each for each in observables if isinstance(each, Extreme) and _told(model, each))


def described(model: Model) -> dict[str, Any]:
    """By name what is watched, as plain data, in the kernel's order; the loss, which is not declared, as None."""
    if not fits_lanes(model) or model.algorithm.drawn:
        return {}
    return {LOSS: None, **{each.name: to_plain(each) for each in watched(model)}}


def _told(model: Model, extreme: Extreme) -> bool:
    of = {*(family.name for family in model.directions), *(family.coefficient.name for family in model.directions)}
    plain = not extreme.adapted and not extreme.floor
    return extreme.of in of and plain and not ("head" in extreme.per and extreme.heads in ("plus", "minus"))


@dataclass(frozen=True)
class Nest:
    """The loops of an extreme: over what it keeps, outside, and over what it reduces, inside.

    `own`: its entries are the examples', eight at a time.
    """

    extreme: Extreme
    own: bool

    @property
    def outer(self) -> list[str]:
        """The loops over what is kept."""
        kept = ["head"] if "head" in self.extreme.per else []
        return [*kept, *(["example"] if self._by_example else [])]

    @property
    def inner(self) -> list[str]:
        """The loops over what is reduced."""
        every = ["head", "filter", *(["example"] if self.own else [])]
        return [name for name in every if name not in self.outer]

    @property
    def _by_example(self) -> bool:
        return self.own and "example" in self.extreme.per

    @property
    def worst(self) -> str:
        """What no entry is worse than."""
        return "np.inf" if self.extreme.reduce == "min" else "-np.inf"

    @property
    def better(self) -> str:
        """How a better entry stands to the best so far."""
        return "<" if self.extreme.reduce == "min" else ">"

    @property
    def start(self) -> str:
        """What nothing has been reduced to."""
        return f"lanes({self.worst})" if self.own else self.worst

    @property
    def tests(self) -> list[str]:
        """Which of eight entries count."""
        sides = {"on_class": f"load(y, i) * {SIGN} > 0.0", "off_class": f"load(y, i) * {SIGN} < 0.0"}
        own = [sides[self.extreme.heads]] if self.own and self.extreme.heads in sides else []
        return [*own, *([INSIDE] if self.own and not self._by_example else [])]

    @property
    def closing(self) -> list[str]:
        """The least and the largest entry, with what has been reduced."""
        if self._by_example:
            low, high = f"least(where({INSIDE}, best, np.inf))", f"-least(where({INSIDE}, -best, np.inf))"
        elif self.own:
            low = high = "least(best)" if self.extreme.reduce == "min" else "-least(-best)"
        else:
            low = high = "best"
        lines = [f"lowest = {low}", f"highest = {high}"]
        return [*lines, "low = where(lowest < low, lowest, low)", "high = where(highest > high, highest, high)"]


class Watchers:
    """Prints a function for each watched observable, and the look at all of them."""

    def __init__(self, emitter: LaneNests) -> None:
        self.emitter, self.model, self.out = emitter, emitter.model, emitter.out
        self.extremes = watched(self.model)

    @property
    def data(self) -> list[str]:
        """What `look` takes of a state; a watcher of an extreme takes all but the outputs f, which come first."""
        return ["f", "z", "b", "gram", "y", "present", *self.lengths.values(), "examples", "filters", "width"]

    def functions(self) -> None:
        """`watch_NAME` for each, and `look`."""
        self._loss()
        for extreme in self.extremes:
            self._extreme(extreme)
        self._look()

    @property
    def lengths(self) -> Mapping[str, str]:
        """The arrays of squared lengths that coefficients of families over examples are scaled by, by family."""
        families = [family for family in self.model.directions if family.coefficient.scaled]
        used = {each.of for each in self.extremes}
        return {
            family.name: f"length_{family.name}" for family in families
            if family.coefficient.name in used and family.index_set.per_example
        }

    def _loss(self) -> None:
        put, loss = self.out.put, self.model.objective.loss
        self.out.function("watch_loss", (["f", "y", "present", "examples"],), "Training loss of the outputs.")
        put(1, "losses = lanes(0.0)", self.emitter.each)
        put(2, f"losses = losses + where({INSIDE}, {loss}_0(load(f, i) * load(y, i)), 0.0)")
        put(1, "return total(losses) / examples")
        put(0, "")

    def _extreme(self, extreme: Extreme) -> None:
        """The least and the largest entry of an extreme, whose own reduction is over what it does not keep."""
        nest = Nest(extreme, self._family(extreme).index_set.per_example)
        put, depth = self.out.put, 1
        said = f"The least and the largest entry of {extreme.name}."
        self.out.function(f"watch_{extreme.name}", (self.data[1:],), said)
        self.emitter.offsets(1)
        put(1, "low = np.inf", "high = -np.inf")
        for loop in nest.outer:
            put(depth, *self._loop(loop, extreme))
            depth += 1
        put(depth, f"best = {nest.start}")
        inner = depth
        for loop in nest.inner:
            put(inner, *self._loop(loop, extreme))
            inner += 1
        put(inner, "at = (h * filters + r) * width", f"entry = {self._entry(extreme)}")
        for test in nest.tests:
            put(inner, f"entry = where({test}, entry, {nest.worst})")
        put(inner, f"best = where(entry {nest.better} best, entry, best)")
        put(depth, *nest.closing)
        put(1, "return low, high")
        put(0, "")

    def _loop(self, name: str, extreme: Extreme) -> list[str]:
        """The head of a loop; a head begins with its sign."""
        if name == "example":
            return [self.emitter.each]
        if name == "filter":
            return ["for r in range(filters):"]
        return [f"for h in range({HEADS.get(extreme.heads, '2')}):"]

    def _family(self, extreme: Extreme) -> Directions:
        return next(f for f in self.model.directions if extreme.of in (f.name, f.coefficient.name))

    def _entry(self, extreme: Extreme) -> str:
        family = self._family(extreme)
        own, coefficient = family.index_set.per_example, family.coefficient
        array = "z" if extreme.of == family.name else "b"
        place = f"at + at_{family.name}"
        entry = f"load({array}, {place} + i)" if own else f"{array}[{place}]"
        if array == "b":
            length = f"load({self.lengths.get(family.name)}, i)" if own else (
                f"gram[at_{family.name} * width + at_{family.name}]")
            entry += f" * {length}" if coefficient.scaled else ""
            entry += f" * {SIGN}" if coefficient.signed else ""
            entry += " * load(y, i)" if coefficient.labelled else ""
        entry += f" * {SIGN}" if extreme.signed else ""
        return f"abs({entry})" if extreme.reduce == "max_abs" else entry

    def _look(self) -> None:
        """Which of the events that are open have been reached."""
        put = self.out.put
        names = [LOSS, *(each.name for each in self.extremes)]
        self.out.function(
            "look", (["t"], self.data, ["which", "below", "bounds", "low", "high", "hits"]),
            "hits[e] = t where event e is open and reached: every entry of observable which[e] beyond bounds[e].",
        )
        for place, name in enumerate(names):
            put(1, f"if wanted({place}, which, hits):")
            if name == LOSS:
                put(2, f"low[{place}] = watch_loss(f, y, present, examples)", f"high[{place}] = low[{place}]")
            else:
                self.out.call(2, f"low[{place}], high[{place}] = watch_{name}(", (self.data[1:],))
        put(1, "for e in range(which.size):", "    if hits[e] < 0:")
        put(3, "reached = high[which[e]] <= bounds[e] if below[e] else low[which[e]] >= bounds[e]")
        put(3, "if reached:", "    hits[e] = t")
        put(0, "")
