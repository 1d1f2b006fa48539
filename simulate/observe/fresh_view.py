"""Fresh examples along states of a draw, as observables read them: `derivations.declare.views.FreshView`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from derivations.declare.views import FreshState
from dynamics.arrays import Array
from dynamics.fresh import classnoise, testlaw
from dynamics.fresh.normals import Normals

from ..start.drawn import Draw


@dataclass(frozen=True)
class FreshDraws:
    """Fresh examples along states of a draw: their law, the normals behind it, and the vector that each label holds.

    z and b (T, H, m, B), shares (T,); `held_by`(family) (L,) tells which fresh vector an example of each label holds.
    """

    network: testlaw.Outputs
    law: testlaw.Fresh
    normals: Normals
    draw: Draw
    z: Array
    b: Array
    shares: Array
    held_by: Callable[[str], list[int]]

    @property
    def recorded(self) -> int:
        """T."""
        return len(self.z)

    @property
    def heads(self) -> int:
        """H."""
        return int(self.z.shape[1])

    @property
    def filters(self) -> int:
        """m, of each head."""
        return int(self.z.shape[2])

    def states(self, make: Callable[[int], Callable[[list[Array]], Array]] | None = None) -> Iterator[FreshState]:
        """Every state whose fresh examples are finite; `make`(t) takes the distinct fresh vectors' <w_s, v> (N, S)."""
        for t, outputs, made in testlaw.states(self.network, self.law, self.normals, make):
            yield FreshState(t, outputs, 1.0 - testlaw.errors(outputs, self.law.labels), made)

    def held(self, family: str) -> Sequence[int]:
        """Which of the distinct vectors an example of each label holds (L,)."""
        return self.held_by(family)

    def covariance(self, family: str) -> Callable[[int, int, slice], Array]:
        """(t, k, filters) -> the covariance of <w_s, v> of those filters on class noise of label k at the state t."""
        covariances = classnoise.Covariances.of(self.draw.noise[family], start_of(self.draw))
        z, b = (each.reshape(len(each), self.heads * self.filters, each.shape[-1]) for each in (self.z, self.b))
        return lambda t, k, filters: covariances.block(k, z[t], b[t], self.shares[t], filters)


def start_of(draw: Draw) -> classnoise.NoiseStart:
    """The filters of a draw among its directions, as vectors where it has any."""
    flat = None if draw.weights is None else draw.weights.reshape(-1, draw.weights.shape[-1])
    return classnoise.NoiseStart(draw.reduced, draw.vectors, flat)
