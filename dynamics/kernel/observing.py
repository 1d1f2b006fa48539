"""What a generated kernel observes of states: loss, gradient norm, definitions, and outputs on examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from ..arrays import Array
from ..blas import one_blas_thread
from ..errors import RangeError
from .chunks import heard, in_chunks
from .numbers import Numbers


@dataclass(frozen=True, kw_only=True)
class Observing(Numbers):
    """`observed` names what is observed of each example.

    A kernel with patches that follow the clean labels (`follows_clean`) runs on those that `bind` gave it, `clean`
    (n,), and one with scalars that examples differ in (`varying`, by name) on `scalars_of`, (n,) each, or (n, n) of a
    mixing matrix.
    """

    observed: tuple[str, ...]
    follows_clean: bool = False
    varying: tuple[str, ...] = ()
    clean: Array | None = None
    scalars_of: tuple[Array, ...] = ()

    def bind(self, clean: Array, scalars: Mapping[str, Array] = MappingProxyType({})) -> Self:
        """The kernel for examples of these clean labels (n,), +-1, and scalars (n,) or matrices (n, n) by name.

        Itself where no patch follows them.  Raises RangeError for a scalar that is not given.
        """
        if not (self.follows_clean or self.varying):
            return self
        for name in self.varying:
            if name not in scalars:
                raise RangeError(f"kernel {self.path.stem}: its patches hold {name!r} of each example; give it to bind")
        given = tuple(np.array(scalars[name], dtype=np.float64, order="C") for name in self.varying)
        return replace(self, clean=np.array(clean, dtype=np.float64), scalars_of=given)

    def _bound(self) -> list[Array]:
        return [*([self.clean] if self.follows_clean and self.clean is not None else []), *self.scalars_of]

    def observe(self, z: Array, gram: Array, y: Array, values: Mapping[str, Any]) -> dict[str, Array]:
        """Observables of states z (T, H, m, B): loss, gradient_norm (T,), each of `observed` (T, n) or (T, H, n)."""
        self._check(z[0] if len(z) else np.zeros((self.heads, 1, gram.shape[0])), gram, y)
        count, n = z.shape[0], y.size
        risk, norm = np.empty(count), np.empty(count)
        outs = [np.empty((count, n) if self.signed else (count, self.heads, n)) for name in self.observed]
        module = self.module(gram.shape[0])
        states, inner, labels = np.ascontiguousarray(z), np.ascontiguousarray(gram, dtype=np.float64), self.labels(y)
        numbers = self.arguments(values, z.shape[2])

        def piece(first: int, size: int, _: slice) -> int:
            rows = slice(first, first + size)
            parts = [each[rows] for each in (risk, norm, *outs)]
            module.observe(states[rows], inner, labels, *self._bound(), *numbers, *parts)
            return -1

        with one_blas_thread(module is not self.loops):
            in_chunks(piece, 0, count, np.empty(0, dtype=np.int64), each=states.size / max(count, 1) * len(inner))
        return {"loss": risk, "gradient_norm": norm, **dict(zip(self.observed, outs, strict=True))}

    def observe_all(
        self, z: Array, gram: Array, y: Array, clean: Array, scalars: Sequence[Array], values: Mapping[str, Any]
    ) -> dict[str, Array]:
        """Loss and gradient_norm of R runs (R, T), and each of `observed`, (R, T, n) or of class heads (R, T, H, n).

        Each by the function, and so with the bits, that a run has alone.  z (R, T, H, m, B), gram (R, B, B), y and
        clean (R, n), `scalars` (R, n) the `varying` ones, `values` as `columns` takes them.
        """
        runs, times, n = *z.shape[:2], y.shape[1]
        shape = (runs, times, n) if self.signed else (runs, times, self.heads, n)
        outs = {name: np.empty((runs, times)) for name in ("loss", "gradient_norm")}
        outs |= {name: np.empty(shape) for name in self.observed}
        module = self.module(gram.shape[1])
        own = self.columns(values, z.shape[3], runs)[:, : len(self.scalars)].tolist()
        others = [*([clean] if self.follows_clean else []), *scalars]
        data = [np.ascontiguousarray(each) for each in (z, gram, self.labels(y), *others)]
        with one_blas_thread(module is not self.loops):
            for run in range(runs):
                heard()
                module.observe(*[each[run] for each in data], *own[run], *[out[run] for out in outs.values()])
        return outs

    def outputs(self, a: Array, values: Mapping[str, Any]) -> Array:
        """Network outputs (N,) or (N, K) of examples given by patch pre-activations a (N, P, H, m)."""
        if a.ndim != 4 or a.shape[1:3] != (self.patches, self.heads):
            shape = f"(N, {self.patches}, {self.heads}, m)"
            raise RangeError(f"kernel {self.path.stem}: a {a.shape} has other patches or heads; expected {shape}")
        heard()
        out = np.empty(a.shape[0] if self.signed else (a.shape[0], self.heads))
        self.loops.outputs(np.ascontiguousarray(a, dtype=np.float64), *self.arguments(values, a.shape[3]), out)
        return out

    def _check(self, z: Array, gram: Array, y: Array) -> None:
        size = self.loops.directions(y.size)
        if z.ndim != 3 or (z.shape[0], z.shape[2]) != (self.heads, size) or gram.shape != (size, size) or y.ndim != 1:
            raise RangeError(
                f"kernel {self.path.stem}: z {z.shape}, gram {gram.shape} and y {y.shape} disagree; "
                f"expected z ({self.heads}, m, B), gram (B, B) and y (n,)"
            )
        if self.follows_clean and (self.clean is None or self.clean.shape != y.shape):
            raise RangeError(
                f"kernel {self.path.stem}: a patch follows the clean labels, and none are bound for {y.size} examples; "
                "take kernel.bind(draw.clean)"
            )
        known = (y.shape, 2 * y.shape)  # an array an example, or a mixing matrix
        if len(self.scalars_of) != len(self.varying) or any(each.shape not in known for each in self.scalars_of):
            raise RangeError(
                f"kernel {self.path.stem}: its patches hold {', '.join(self.varying)} of each example, and none are "
                f"bound for {y.size} examples; take kernel.bind(draw.clean, draw.scalars)"
            )
