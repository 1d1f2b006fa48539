"""Where everything of a draw of tasks stands: features shared and a task's own, examples' noise and the split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivations.declare import (
    ClassNoiseLaw,
    EntryLaw,
    FixedLaw,
    GaussianLaw,
    Law,
    MixtureLaw,
    Model,
    TaskLaw,
    Value,
    forgotten,
)
from dynamics.arrays import Array, Indices
from dynamics.chance.streams import stream

from ..errors import InputError
from ..values import number, whole
from .declared import law_of
from .refusals import LARGEST, too_many_items


@dataclass(frozen=True)
class Layout:
    """Where everything stands: the fixed vectors (shared families, then nu, then the dictionary) and the random ones.

    `lengths` (f,) are the fixed vectors' with 0 for the dictionary's `items`, which are drawn; `holds` says which of
    them directions are sums of, as rows and the vector that each has, `std` (B,) their own noise's standard deviation
    (0: none), and `off` (B, f) which fixed vectors that noise is projected off.  `watched` are the fixed vectors that
    a run can look at, by name.
    """

    n: int
    tasks: int
    d: float
    lengths: Array
    item_std: float
    items: int
    holds: tuple[tuple[Indices, Indices], ...]
    std: Array
    off: NDArray[np.bool_]
    watched: Mapping[str, slice]
    chosen: NDArray[np.int64]

    @property
    def held(self) -> int:
        """How many of the fixed vectors stand before the dictionary."""
        return len(self.lengths) - self.items

    @property
    def before(self) -> int:
        """The held vectors' axes along which the dictionary is drawn: all but nu's, the last, where nu is not 0."""
        return self.held - bool(self.items and self.lengths[self.held - 1])

    @property
    def spanned(self) -> int:
        """The dimension that the fixed vectors span: a dictionary of deviation 0 holds zero vectors."""
        return len(self.lengths) if self.item_std else self.held

    def made_of(self, features: Array) -> Array:
        """What each direction holds of the fixed vectors (f, C), (B, C)."""
        out = np.zeros((len(self.std), features.shape[1]))
        for rows, vectors in self.holds:
            out[rows] += features[vectors]
        return out


def layout_of(model: Model, values: Mapping[str, Value], seed: int) -> Layout:
    """Reads and checks the declaration.  Raises InputError, in one sentence."""
    n, tasks = int(whole(values, model.bilevel.examples)), int(whole(values, model.bilevel.tasks))
    split_at(model, values, n)
    laws = {family.name: law_of(family, values) for family in model.directions}
    own = [(name, law) for name, law in laws.items() if isinstance(law, TaskLaw)]
    sizes = model.sizes(tasks * n, tasks)
    held = [(name, number(values, law.norm)) for name, law in laws.items() if isinstance(law, FixedLaw)]
    lengths = [length for name, length in held for _ in range(sizes[name])]
    starts = np.cumsum([0, *[sizes[name] for name, _ in held]])
    places = zip([name for name, _ in held], starts.tolist(), strict=False)
    spans: dict[str, Indices] = {name: np.arange(at, at + sizes[name]) for name, at in places}
    watched, items, item_std, chosen = dict[str, slice](), 0, 0.0, np.zeros(0, dtype=np.int64)
    for name, law in own:
        items, item_std, first = int(whole(values, law.items)), number(values, law.std), len(lengths)
        chosen = stream(seed, "tasks").integers(0, items, size=tasks)
        watched = {law.shared: slice(first, first + 1), law.dictionary: slice(first + 1, first + 1 + items)}
        spans[name] = np.arange(first, first + 1 + items)
        lengths += [number(values, law.norm)] + [0.0] * items
    check_sizes(model, values)
    d = whole(values, "d")
    rows = _Rows.of(model, values, laws, spans, chosen, n, tasks)
    held_lengths = np.array(lengths[: len(lengths) - items])
    rows.off[:, : len(held_lengths)][:, held_lengths == 0] = False  # what is 0 has no direction to be off
    return Layout(n, tasks, d, np.array(lengths), item_std, items, rows.holds, rows.std, rows.off, watched, chosen)


@dataclass(frozen=True)
class _Rows:
    """What each direction is made of, as in `Layout`."""

    holds: tuple[tuple[Indices, Indices], ...]
    std: Array
    off: NDArray[np.bool_]

    @staticmethod
    def of(
        model: Model, values: Mapping[str, Value], laws: Mapping[str, Law | None], spans: Mapping[str, Indices],
        chosen: NDArray[np.int64], n: int, tasks: int,
    ) -> _Rows:
        """Read from the laws.  Raises InputError for a law that tasks are not drawn from."""
        sizes, offsets = model.sizes(tasks * n, tasks), model.offsets(tasks * n, tasks)
        count = max((int(span[-1]) + 1 for span in spans.values() if len(span)), default=0)
        holds, std = list[tuple[Indices, Indices]](), np.zeros(offsets[""])
        off = np.zeros((offsets[""], count), dtype=bool)
        for name, law in laws.items():
            rows = np.arange(offsets[name], offsets[name] + sizes[name])
            if isinstance(law, FixedLaw):
                holds.append((rows, spans[name]))
            elif isinstance(law, TaskLaw):
                holds += [(rows, np.full(len(rows), spans[name][0])), (rows, 1 + spans[name][0] + chosen)]
            elif isinstance(law, GaussianLaw):
                std[rows] = number(values, law.std)
                off[offsets[name] : offsets[name] + sizes[name], _off(law, values, spans)] = True
            elif law is not None and not isinstance(law, MixtureLaw | ClassNoiseLaw | EntryLaw):
                raise forgotten(law, "a draw of tasks")
            else:
                laws_known = "FixedLaw, TaskLaw and GaussianLaw"
                raise InputError(f"{name}: tasks are drawn from {laws_known}; give its vectors in initial=")
        return _Rows(tuple(holds), std, off)


def check_sizes(model: Model, values: Mapping[str, Value]) -> None:
    """Raises InputError where a split is empty, or d has no room for the features or for noise off them; draws nothing.

    A dictionary of deviation 0 counts with all its vectors, and one that is too large to hold is refused.
    """
    n, tasks = int(whole(values, model.bilevel.examples)), int(whole(values, model.bilevel.tasks))
    split_at(model, values, n)
    laws = {family.name: law_of(family, values) for family in model.directions}
    sizes, d = model.sizes(tasks * n, tasks), whole(values, "d")
    counts = {name: sizes[name] for name, law in laws.items() if isinstance(law, FixedLaw)}
    for law in laws.values():
        if isinstance(law, TaskLaw) and (1 + whole(values, law.items)) ** 2 > LARGEST:
            raise InputError(too_many_items(law.items, int(whole(values, law.items))))
    counts |= {name: 1 + int(whole(values, law.items)) for name, law in laws.items() if isinstance(law, TaskLaw)}
    features, spans = sum(counts.values()), {name: np.arange(count) for name, count in counts.items()}
    if d < features:
        raise InputError(
            f"d: {d:g} has no room for {features} independent features; give d of at least {features}, or fewer "
            "features"
        )
    for name, law in laws.items():
        away = 0 if law is None else len(_off(law, values, spans))
        if away >= d:
            raise InputError(
                f"d: {d:g} leaves no dimension for {name!r}, which is projected off {away} features; "
                f"give d of at least {away + 1}"
            )


def _off(law: Law, values: Mapping[str, Value], spans: Mapping[str, Indices]) -> Indices:
    """The fixed vectors that the law projects off."""
    wanted = law.projected_off(values)
    for name in wanted:
        if name not in spans:
            raise InputError(f"off: {name!r} has vectors of its own law an example; noise is projected off features")
    return np.concatenate([np.empty(0, dtype=np.intp), *[spans[name] for name in wanted]])


def split_at(model: Model, values: Mapping[str, Value], n: int) -> int:
    """How many of a task's n examples the inner loop takes.  Raises InputError where it leaves none for the outer."""
    if not model.bilevel.splits:
        return n
    name = model.bilevel.train
    train = int(whole(values, name))
    if n < 2:
        raise InputError(f"{model.bilevel.examples}: {n} example a task cannot be split in two; give at least 2")
    most = "" if n == 2 else f" to {n - 1}"
    if not 1 <= train < n:
        raise InputError(
            f"{name}: {train} of {n} examples a task leaves nothing to validate on; expected 1{most}; "
            f"give such a {name}, or method=train-train"
        )
    return train
