"""How fresh examples are taken to judge a run's states: one class a way, by the name that a caller gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np

from derivations.declare import Model, OfFresh, Value
from dynamics.arrays import Array
from dynamics.blas import one_blas_thread
from dynamics.chance.streams import stream
from dynamics.fresh import importance, testlaw
from dynamics.fresh.normals import Normals

from ..ask.losses import loss_of
from ..errors import InputError
from ..start.drawn import Draw
from . import fresh
from .fresh import DRAWS, Network

_FIT, _TILTED = 8, 9  # of the stream "test": 0 to 7 are those of fresh tasks


@dataclass(frozen=True)
class Judging:
    """States of a draw that are to be judged: arguments of `fresh.fresh_statistics`, by its names."""

    model: Model
    network: Network
    draw: Draw
    z: Array
    b: Array
    values: Mapping[str, Value]
    seed: int
    shares: Array | None
    declared: Sequence[OfFresh]


class TestSampling(ABC):
    """A way of taking fresh examples."""

    name: ClassVar[str]
    together: ClassVar[bool] = False
    """Whether many runs' states can be judged at once."""

    @abstractmethod
    def statistics(self, judged: Judging) -> dict[str, Array]:
        """What `fresh.fresh_statistics` gives.  Raises InputError where the law is not known, or not in this way."""

    @property
    @abstractmethod
    def draws(self) -> float:
        """How many fresh examples it takes of a state, about; what its time goes by."""


class Drawn(TestSampling):
    """`fresh.DRAWS` draws, the same at every state and for every label; of Gaussian noise in groups of eight.

    Groups are independent, as other draws are (`dynamics.fresh.normals`).
    """

    name = "draws"
    together = True
    draws = DRAWS

    def statistics(self, judged: Judging) -> dict[str, Array]:
        """Plain means."""
        return _plain(judged)


class Importance(TestSampling):
    """The same draws, and more for each label about its likeliest wrong answers (`dynamics.fresh.importance`).

    Of Gaussian noise alone.  Observables of the model's own are judged by plain draws.
    """

    name = "importance"
    draws = 15 * DRAWS

    def statistics(self, judged: Judging) -> dict[str, Array]:
        """Each state for itself, so that it does not matter which others are recorded."""
        statistics = _plain(judged)
        left = np.ones(len(judged.z)) if judged.shares is None else judged.shares
        with one_blas_thread(), np.errstate(all="ignore"):
            plain = _Normals(stream(judged.seed, "test"))
            _law(judged, 0, left, plain, DRAWS)
            rows = [_rare(judged, t, left, plain.taken()) for t in range(len(judged.z))]
        return {**statistics, **{name: np.stack([row[name] for row in rows]) for name in rows[0] if name in statistics}}


def _plain(judged: Judging) -> dict[str, Array]:
    return fresh.fresh_statistics(
        judged.model, judged.network, judged.draw, judged.z, judged.b, judged.values, judged.seed,
        shares=judged.shares, declared=judged.declared)


def _law(
    judged: Judging, t: int, left: Array, normals: _Normals | _Given, size: int
) -> tuple[testlaw.Fresh, Normals]:
    """The law of fresh examples at one state, and what of the normals it takes as such."""
    here = slice(t, t + 1)
    rng: Any = normals
    law, own, _ = fresh.law(
        judged.model, judged.draw, judged.z[here], judged.b[here], judged.values, rng, size, left[here])
    return law, own


def _rare(judged: Judging, t: int, left: Array, plain: Array) -> dict[str, Array]:
    """The statistics of one state."""
    cases, normals = _law(judged, t, left, _Given(plain), len(plain))
    labels, chances = cases.labels, cases.shares

    def outputs(a: Array) -> Array:
        return judged.network.outputs(a, judged.values)

    def law_at(u: Array) -> tuple[testlaw.Fresh, Normals]:
        if cases.further is not None:  # of scalars' draws, which are among the normals
            return _law(judged, t, left, _Given(u), len(u))
        wide = normals.rest[0].size
        return cases, Normals(np.ascontiguousarray(u[:, :wide]).reshape(len(u), *normals.rest.shape[1:]))

    def some(u: Array, at: list[int]) -> Array:
        law, own = law_at(u)
        asked = replace(law, fixed=law.fixed[:, at], mix=law.mix[at], labels=law.labels[at], shares=None,
                        tilt=None, lines=None)
        for _, found, _ in testlaw.states(outputs, asked, own):
            return np.broadcast_to(found, (len(u), *found.shape[1:]))  # one row where nothing of them is fresh
        return np.full((len(u), len(at)), np.nan)

    def scores(u: Array) -> Array:
        return some(u, list(range(len(labels))))

    shares = np.full(len(labels), 1.0 / len(labels)) if chances is None else chances
    return importance.statistics(
        scores, plain, labels, shares, loss_of(judged.model, judged.values),
        lambda at, part: stream(judged.seed, "test", (_FIT, _TILTED)[part], at), some)


class _Normals:
    """A generator that keeps the standard normals that are taken from it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._parts = rng, list[Array]()

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """As a generator's."""
        normals = self._rng.standard_normal(size)
        self._parts.append(normals.reshape(size[0], -1))
        return normals

    def taken(self) -> Array:
        """All of them, (N, D)."""
        return np.concatenate(self._parts, axis=1)

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Array:
        """Refuses."""
        raise _not_gaussian()

    def integers(self, low: int, high: int, size: tuple[int, ...]) -> Array:
        """Refuses."""
        raise _not_gaussian()

    def random(self, size: tuple[int, ...]) -> Array:
        """Refuses."""
        raise _not_gaussian()

    def standard_t(self, freedom: float, size: tuple[int, ...]) -> Array:
        """Refuses."""
        raise _not_gaussian()

    def multinomial(self, count: int, chances: tuple[float, ...], size: int) -> Array:
        """Refuses."""
        raise _not_gaussian()


class _Given:
    """Stands in for a generator: hands out the columns of normals (N, D) one after another."""

    def __init__(self, normals: Array) -> None:
        self._left = normals

    def standard_normal(self, size: tuple[int, ...]) -> Array:
        """The next columns."""
        wide = int(np.prod(size[1:]))
        taken, self._left = self._left[:, :wide], self._left[:, wide:]
        return np.ascontiguousarray(taken).reshape(size)


def _not_gaussian() -> InputError:
    return InputError(
        "test_sampling: importance sampling knows Gaussian noise alone, and this model's is not; give "
        "test_sampling='draws'")


DRAWN: Final = Drawn()
TEST_SAMPLINGS: Final[Mapping[str, TestSampling]] = {each.name: each for each in (DRAWN, Importance())}
