"""The way out from the values given until a claim flips, and back between the last two, draw by draw, in rounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from derivations.declare import Value

from ..errors import InputError
from .claims import Claim, Told, Truth
from .knobs import Knob, Spot

Request = tuple[Spot, tuple[int, ...]]
"""A spot, and the seeds that are asked there."""
Ask = Callable[[Sequence[Request]], Sequence[Sequence[Told]]]
"""The claim of each request, seed by seed."""
Dear = Callable[[Spot, Value, float], str]
"""Why a spot, at a value of a knob, takes more than so many times as long as the start; empty where it does not."""
Step = Callable[[int], None]

_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?")
HALVINGS = 12  # about as many as a ladder's step needs to one percent: what progress is counted by


@dataclass
class Side:
    """One direction of a knob: each seed's last value on the side of the values given, and its first beyond."""

    knob: Knob
    ladder: tuple[Value, ...]
    seeds: tuple[int, ...]
    start: Truth
    tolerance: float
    inner: dict[int, Value] = field(default_factory=dict)
    outer: dict[int, Value] = field(default_factory=dict)
    becomes: dict[int, Told] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    reached: Value = None
    ended: str = ""
    beyond: str = ""
    """What the nearest value beyond `reached` was refused by; empty where it was not."""
    _rung: int = 0
    _made: Value = None
    _inside: bool = True
    _spots: dict[Value, Spot | InputError] = field(default_factory=dict)
    _closed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.inner = dict.fromkeys(self.seeds, self.knob.base)
        self.reached = self._made = self.knob.base

    def wanted(self, dear: Dear) -> dict[Value, tuple[int, ...]]:
        """The next values, with the seeds to ask there; none where everything is found."""
        asked: dict[Value, list[int]] = {}
        climbing = [seed for seed in self.seeds if seed not in self.outer]
        if climbing and (value := self._next(dear)) is not None:
            asked[value] = climbing
        for seed, outer in self.outer.items():
            middle = None if seed in self._closed else self.knob.between(self.inner[seed], outer, self.tolerance)
            spot = None if middle is None else self.spot(middle)
            if isinstance(spot, InputError):
                self._refuse(str(spot))
            if not isinstance(spot, Spot):
                self._closed.add(seed)
                continue
            asked.setdefault(middle, []).append(seed)
        return {value: tuple(seeds) for value, seeds in asked.items()}

    def _next(self, dear: Dear) -> Value:
        """The next rung that can be run, or the last value before one that cannot; None where the ladder ends."""
        while self._rung < len(self.ladder):
            value = self.ladder[self._rung]
            self._rung += 1
            spot = self.spot(value)
            if isinstance(spot, Spot):
                self._made, self._inside = value, True
            elif self._inside:
                self._inside = False
                value, error = self._edge(value, spot)
                self._refuse(str(error))
                self.beyond = str(error)
                spot = self.spot(value)
                if value == self._made or not isinstance(spot, Spot):
                    continue
            else:
                self._refuse(str(spot))
                continue
            self.ended = dear(spot, value, self.knob.dearer)
            if self.ended:
                self._rung = len(self.ladder)
                return None
            return value
        return None

    def _edge(self, outer: Value, error: InputError) -> tuple[Value, InputError]:
        """The last value that has a problem before one that has none, and why the value beside it has none."""
        inner = self._made
        while (middle := self.knob.between(inner, outer, self.tolerance)) is not None:
            spot = self.spot(middle)
            if isinstance(spot, Spot):
                inner = middle
            else:
                outer, error = middle, spot
        return inner, error

    def spot(self, value: Value) -> Spot | InputError:
        """The problem at a value; where there is none, why."""
        if value not in self._spots:
            try:
                self._spots[value] = self.knob.taken(value)
            except InputError as error:
                self._spots[value] = error
        return self._spots[value]

    def _refuse(self, said: str) -> None:
        """Counts a refusal with those before it that differ from it in numbers alone."""
        same = next((told for told in self.refused if _NUMBER.sub("", told) == _NUMBER.sub("", said)), said)
        self.refused[same] = self.refused.get(same, 0) + 1

    def take(self, value: Value, seed: int, told: Told) -> None:
        """What a seed's claim is at a value that was wanted."""
        if told.truth is Truth.REFUSED:
            self._refuse(told.said)
            if seed in self.outer:
                self._closed.add(seed)
            else:
                self.beyond = self.beyond or told.said
            return
        if value in self.ladder:  # and not an edge, beyond which values are refused
            self.beyond = ""
        if seed not in self.outer and told.truth is self.start:
            self.inner[seed] = self.reached = value
        elif seed not in self.outer:
            self.outer[seed], self.becomes[seed], self.reached = value, told, value
        elif told.truth is self.start:
            self.inner[seed] = value
        else:
            self.outer[seed], self.becomes[seed] = value, told

    @property
    def most(self) -> int:
        """About how many runs it takes."""
        return len(self.seeds) * (len(self.ladder) + HALVINGS * (len(self.ladder) > 1))


def searched(sides: Sequence[Side], ask: Ask, dear: Dear, step: Step) -> None:
    """Fills the sides in: a round asks for what all of them want next, together."""
    left = {id(side): side.most for side in sides}
    while True:
        wanted = [(side, value, seeds) for side in sides for value, seeds in side.wanted(dear).items()]
        open_sides = {id(side) for side, _, _ in wanted}
        for place in [place for place in left if place not in open_sides]:
            step(left.pop(place))
        if not wanted:
            return
        requests = list[Request]()
        for side, value, seeds in wanted:
            spot = side.spot(value)
            assert isinstance(spot, Spot)
            requests.append((spot, seeds))
        for (side, value, seeds), answers in zip(wanted, ask(requests), strict=True):
            for seed, told in zip(seeds, answers, strict=True):
                side.take(value, seed, told)
            left[id(side)] = max(0, left[id(side)] - len(seeds))


def grouped(claim: Claim, requests: Sequence[Request]) -> list[list[int]]:
    """Places of requests that are asked in one call: of one kind, and of the same seeds."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, (spot, seeds) in enumerate(requests):
        groups.setdefault((claim.kind(spot), seeds), []).append(place)
    return list(groups.values())


def counted(told: Mapping[int, Told]) -> dict[str, int]:
    """How many draws of each truth."""
    counts: dict[str, int] = {}
    for each in told.values():
        counts[each.truth.value] = counts.get(each.truth.value, 0) + 1
    return counts
