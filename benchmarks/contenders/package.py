"""gammarho's own rows: `gr.phase` as a user calls it, with its default output, and the bare kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import gammarho as gr
from derivations.declare import Model

from .program import Given, Make
from .shapes import Array, Cells, Classes, Kou, Pegr, Shape

_SEEDS = 32  # draws a call where one cell has many


@dataclass(frozen=True)
class Setting:
    """What gammarho is told of a shape."""

    model: str | Model
    values: dict[str, Any]


def setting(shape: Shape) -> Setting:
    """The model and the parameters that no axis has."""
    from figures.phase.kou import MODEL

    sizes = {"n": shape.n, "m": shape.m, "d": shape.d, "eta": shape.eta, "sigma_0": shape.sigma_0}
    further: dict[type[Shape], Setting] = {
        Kou: Setting(MODEL, {"flip_probability": shape.flips}),
        Pegr: Setting("pegr", {"mu_norm": 1.0, "lam_until": shape.lam_until}),
        Classes: Setting("heterogeneous", {"K": shape.heads, "Gamma": 1.0, "neurons": "sum", "init": "gaussian"}),
    }
    own = further[type(shape)]
    return Setting(own.model, {**sizes, **own.values})


def resolved(shape: Shape) -> Any:
    """The model with its parameters at the usual values."""
    from simulate.ask import parameters, settings

    told = setting(shape)
    axes = {shape.x.name: shape.x.usual, shape.y.name: shape.y.usual}
    return parameters.resolve(settings.resolve(told.model).factory, {**told.values, **axes})


class Phase:
    """`gr.phase` over the shape's grid, one draw a cell."""

    def __init__(self, shape: Shape, threads: int) -> None:
        self.shape, self.runs, self.workers = shape, shape.runs, threads

    def errors(self, seed: int, cells: Cells) -> Array:
        """See `Program.errors`; `cells` are the shape's grid.  All have the seed's draw, at their own parameters."""
        shape = self.shape
        by_cell = self._phase(shape.x.values(shape.side), shape.y.values(shape.side), seed=seed, seeds=1)
        if by_cell.shape != (shape.side, shape.side, 1) or len(cells.mu) != by_cell.size:
            raise ValueError(f"cells: {len(cells.mu)}; expected the shape's grid of {shape.runs}")
        return by_cell.ravel()

    def usual(self, seed: int) -> Array:
        """See `Program.usual`: one cell, many seeds."""
        many = min(self.runs, _SEEDS)
        return self._phase(self.shape.x.values(1), self.shape.y.values(1), seed=seed * many, seeds=many).ravel()

    def _phase(self, x: Array, y: Array, seed: int, seeds: int) -> Array:
        told, shape = setting(self.shape), self.shape
        grid = gr.phase(
            told.model, told.values, x=(shape.x.name, list(x)), y=(shape.y.name, list(y)), steps=shape.steps,
            workers=self.workers, progress=False, seed=seed, seeds=seeds,
        )
        return np.asarray(grid["test_error"].values)

    def trained(self, given: Given, cell: Cells) -> Array:
        """See `Program.trained`: by the kernel."""
        return Bare(self.shape, self.workers).trained(given, cell)


class Bare:
    """The kernel's steps alone, from one draw over and over: nothing is drawn and nothing tested."""

    def __init__(self, shape: Shape, threads: int) -> None:
        from simulate.run.kernels import kernel_for

        self.shape, self.runs = shape, min(shape.runs, 64)
        self._resolved = resolved(shape)
        self._kernel, self._given = kernel_for(self._resolved.model), draw(shape, 0)

    def errors(self, seed: int, cells: Cells) -> Array:
        """No errors, NaN; the steps of as many runs."""
        for at in range(len(cells.mu)):
            self.trained(self._given, cells.part(slice(at, at + 1)))
        return np.full(len(cells.mu), np.nan)

    def usual(self, seed: int) -> Array:
        """See `Program.usual`."""
        return self.errors(seed, self.shape.usual(self.runs))

    def trained(self, given: Given, cell: Cells) -> Array:
        """See `Program.trained`."""
        shape = self.shape
        values = {**self._resolved.values}
        if isinstance(shape, Pegr):
            values["lam"] = float(cell.lam[0])
        z = given.z.reshape(shape.heads, shape.m, -1)
        path = self._kernel.bind(given.clean).run(
            z, np.zeros_like(z), given.gram, given.y, values, shape.steps, np.array([shape.steps])
        )
        return np.asarray(path.z[-1].reshape(given.z.shape))


def draw(shape: Shape, seed: int) -> Given:
    """gammarho's draw of a run at the usual values, with its vectors."""
    from simulate.start.draw import draw as draw_of

    usual = resolved(shape)
    drawn = draw_of(usual.model, usual.values, seed, "vectors")
    assert drawn.vectors is not None and drawn.weights is not None
    return Given(
        z=np.ascontiguousarray(drawn.z.reshape(shape.filters, -1)), gram=np.ascontiguousarray(drawn.gram),
        y=drawn.y, clean=drawn.clean, vectors=drawn.vectors,
        weights=drawn.weights.reshape(shape.filters, -1),
    )


def programs(shape: Shape) -> Mapping[str, Mapping[str, Make]]:
    """The programs of a shape."""
    return {"gammarho, phase": {"": Phase}, "gammarho, the kernel's steps alone": {"": Bare}}
