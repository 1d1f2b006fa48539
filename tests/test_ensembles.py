"""Programs that are measured side by side as ensembles compute what gammarho does: checked at small sizes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import agreement, c_loop, ensembles, table
from benchmarks.contenders import package
from benchmarks.contenders.program import Given, Program
from benchmarks.contenders.shapes import SHAPES, Array, Cells, Shape
from tests.helpers.slowly import rarely, where

SMALL = [name for name in SHAPES if name.startswith("small")]


class Asked:
    """A program in this process, asked as a child would be."""

    def __init__(self, name: str, program: Program) -> None:
        self.name, self.program = name, program

    def __str__(self) -> str:
        return self.name

    def ask(self, do: str, **told: Any) -> dict[str, Any]:
        if do == "usual":
            return {"errors": self.program.usual(told["seed"])}
        given = Given.load(Path(told["draw"]))
        return {"z": self.program.trained(given, SHAPES[self.name.split(": ")[0]].usual(1))}


def asked(shape: str, library: Any) -> list[Asked]:
    """Every program of a library for a shape, at its first variant."""
    made = library.programs(SHAPES[shape])
    return [Asked(f"{shape}: {name}", next(iter(made[name].values()))(SHAPES[shape], 1)) for name in made]


OFTEN = where(lambda shape: shape != "small kou", SMALL)  # its kernel is no shipped one: twenty seconds of compiling


@pytest.mark.parametrize("shape", OFTEN)
def test_gammarho_agrees_with_its_kernel(shape: str) -> None:
    told = agreement.held(SHAPES[shape], asked(shape, package))
    assert "gammarho, phase 0." in told[1]


@pytest.mark.skipif(c_loop.compiler() is None, reason="there is no gcc")
@pytest.mark.parametrize("shape", [rarely("small kou"), "small pegr"])
def test_lanes_agree_with_gammarho(shape: str) -> None:
    from benchmarks.contenders import native

    try:
        lanes = asked(shape, native)
    except RuntimeError as reason:
        pytest.skip(str(reason))
    agreement.held(SHAPES[shape], [asked(shape, package)[0], *lanes])


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["small kou", "small pegr"])
def test_torch_agrees_with_gammarho(shape: str) -> None:
    pytest.importorskip("torch")
    from benchmarks.contenders import torch_ensembles

    made = [each for each in asked(shape, torch_ensembles) if "compile" not in str(each)]
    assert len(made) == 2
    agreement.held(SHAPES[shape], [asked(shape, package)[0], *made])


@contextmanager
def jax(shape: str, caches: Path) -> Iterator[list[ensembles.Contender]]:
    python = os.environ.get("BENCH_JAX", sys.executable)
    with ExitStack() as stack:
        try:
            child = stack.enter_context(ensembles.library("jax_ensembles", shape, 1, python, str(caches)))
        except RuntimeError as reason:
            pytest.skip(str(reason))
        programs = child.hello["programs"]
        yield [ensembles.best(name, child, name, variants) for name, variants in programs.items()]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SMALL)
def test_jax_agrees_with_gammarho(shape: str, tmp_path: Path) -> None:
    with jax(shape, tmp_path) as contenders:
        agreement.held(SHAPES[shape], [asked(shape, package)[0], *contenders])


class Altered:
    """gammarho's phase with something changed in what it says."""

    def __init__(self, shape: Shape, error: float = 0.0, state: float = 0.0) -> None:
        self.phase, self.runs, self.error, self.state = package.Phase(shape, 1), shape.runs, error, state

    def errors(self, seed: int, cells: Cells) -> Array:
        return self.phase.errors(seed, cells)

    def usual(self, seed: int) -> Array:
        return self.phase.usual(seed + 100) + self.error

    def trained(self, given: Given, cell: Cells) -> Array:
        return self.phase.trained(given, cell) * (1 + self.state)


@pytest.mark.parametrize(
    ("changes", "said"), [({"error": 0.3}, "standard errors apart"), ({"state": 1e-9}, "differ by 1e-09")]
)
def test_the_agreement_of_ensembles_can_fail(changes: dict[str, float], said: str) -> None:
    shape = SHAPES["small pegr"]
    ours = asked("small pegr", package)[0]
    agreement.held(shape, [ours, Asked("small pegr: same", Altered(shape))])
    with pytest.raises(agreement.Disagreement, match=said):
        agreement.held(shape, [ours, Asked("small pegr: other", Altered(shape, **changes))])


@pytest.mark.parametrize("name", ["kou", "small pegr"])
def test_cells_are_the_grid_row_by_row_and_fewer_are_spread_over_it(name: str) -> None:
    shape = SHAPES[name]
    cells, few = shape.cells(shape.runs), shape.cells(2)
    varying: Callable[[Cells], Array] = lambda c: c.lam if name == "small pegr" else c.mu  # noqa: E731
    assert list(varying(cells)[: shape.side]) == list(shape.x.values(shape.side))
    assert len(set(cells.sigma_p[: shape.side])) == 1 and len(cells.mu) == shape.side**2
    assert few.sigma_p[0] == shape.y.low and few.sigma_p[1] == cells.sigma_p[shape.runs // 2]


def test_a_contender_that_is_absent_has_a_row_that_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named"):
        with ensembles.library("nothing", "kou", 1, sys.executable, ""):
            pass
    rows = table.Section("s", "a run", {}, absent={"JAX": "No module named 'jax'"}).rows()
    assert rows == [("s (a run)", "JAX", "absent: No module named 'jax'", "", "", "", "")]
