"""Wrong kernels of the shipped settings, put to `validate` alone, and those set apart that compute the same."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import INDEX_SETS, Bilevel, Model, from_plain
from derivations.papers.paper import PAPERS
from dynamics.fresh.lanelaw import Parts, judged
from dynamics.fresh.testlaw import Fresh
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.load import load
from dynamics.kernel.loading import GENERATED, plain_module
from simulate.ask import parameters, settings
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from simulate.validate.compare import compare
from tests.helpers.mutants import Mutant, mutants

SIZES: dict[str, dict[str, Any]] = {
    "pegr": {"n": 5, "m": 3, "d": 20, "eta": 0.2, "lam": 0.1, "lam_until": 3},
    "heterogeneous": {"n": 7, "m": 3, "d": 20},
    "nearly_orthogonal": {"n": 5, "m": 3, "d": 20, "eta": 0.2},
    "fomaml": {"n_tasks": 2, "n": 4, "n_train": 2, "m": 2, "d": 20, "M": 4, "J": 2, "test_tasks": 4, "eta": 0.2,
               "eta_inner": 0.2, "sigma_xi": 0.3, "sigma_0": 0.1},
}
STEPS = 6
ON_LANES = "_lanes"
ELSEWHERE = ("watch_", "look", "wanted", "some_open", "run_all")  # functions of kernels on lanes
RAISED = (LookupError, ValueError, TypeError, NameError, AttributeError, ArithmeticError, AssertionError)


@dataclass(frozen=True)
class Case:
    """A shipped kernel, plain, with the small draw that it is validated on."""

    name: str
    model: Model
    kernel: Kernel
    draw: Draw
    values: dict[str, Any]

    @property
    def on_lanes(self) -> bool:
        """Whether it is the variant on lanes."""
        return self.name.endswith(ON_LANES)

    @property
    def source(self) -> str:
        """The text of the variant."""
        return (GENERATED / f"{self.name}.py").read_text(encoding="utf-8") if self.on_lanes else self.kernel.source

    def with_source(self, source: str) -> Kernel:
        """The kernel with other text."""
        module = plain_module(source, self.name)
        return replace(self.kernel, lanes_plain=module) if self.on_lanes else self.kernel.looped(module)

    def verdict(self, kernel: Kernel) -> str:
        """`validate`'s on the draw; "crash" where the kernel raises."""
        bound = kernel.bind(self.draw.clean).through(self.draw.vectors)
        with np.errstate(all="ignore"):
            try:
                return compare(self.model, bound, self.draw, self.values, STEPS).verdict
            except RAISED:
                return "crash"

    def right(self, kernel: Kernel, **values: Any) -> str:
        """The verdict at other values."""
        return replace(self, values={**self.values, **values}).verdict(kernel)

    def mutants(self) -> list[Mutant]:
        """Every one of the kernel's text, but for what `validate` does not use: events and many runs in a call.

        These are held against the one run and the look from outside (`test_events_on_lanes.py`, `test_batch.py`).
        """
        return mutants(self.source, lambda name: not name.startswith(ELSEWHERE))


def names() -> list[str]:
    """The shipped kernels, and those of them that have a variant on lanes, as that."""
    stems = [path.stem for path in sorted(GENERATED.glob("*.json"))]
    return [*stems, *(f"{stem}{ON_LANES}" for stem in stems if (GENERATED / f"{stem}{ON_LANES}.py").exists())]


@functools.cache
def case(name: str) -> Case:
    """The shipped kernel `name` on a small draw."""
    path = GENERATED / f"{name.removesuffix(ON_LANES)}.py"
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    model = from_plain(described["model"])
    structural = {p.name: p.default for p in model.parameters if p.structural}
    setting = next(each for each in PAPERS if name.startswith(each))
    factory = settings.resolve(setting).factory
    resolved = parameters.resolve(factory, {**SIZES[setting], **structural}, None)
    values = dict(resolved.values)
    kernel = load(path, described, INDEX_SETS, compiled=False)
    if name.endswith(ON_LANES):
        text = (GENERATED / f"{name}.py").read_text(encoding="utf-8")
        kernel = replace(kernel, lanes_plain=plain_module(text, name), lanes_from=0)
    return Case(name, resolved.model, kernel, draw(resolved.model, values, 1), values)


def same(one: Kernel, other: Kernel, of: Case, tries: int = 12) -> bool:
    """Whether two kernels compute the same, to rounding, on random inputs of their own: no state of `validate`'s."""
    for at in range(tries):
        for ours, theirs in zip(results(one, of, at), results(other, of, at), strict=True):
            if ours.shape != theirs.shape:
                return False
            finite = np.isfinite(ours)
            if (finite != np.isfinite(theirs)).any():
                return False
            gap, size = np.abs(ours - theirs)[finite], np.abs(ours)[finite]
            if gap.size and not (gap <= 1e-12 * size + 1e-14 * size.max(initial=0.0)).all():
                return False
    return True


def results(kernel: Kernel, of: Case, at: int) -> Iterator[NDArray[Any]]:
    """What a kernel gives on one random input: runs, observables, outputs, adaptation."""
    rng = np.random.default_rng([7, at])
    model, bilevel = of.model, isinstance(of.model.algorithm, Bilevel)
    n, m, d, tasks = int(rng.integers(3, 7)), int(rng.integers(2, 5)), 6, 2 if bilevel else 1
    values = {**of.values, "n": n, "m": m, "neurons": ["mean", "sum"][at % 2], "penalty_half": bool(at % 3), "lam": 0.3,
              "lam_until": 2, "eta": 0.3, "slope": 0.2, "J": at % 3, "eta_inner": 0.3, "n_tasks": tasks, "n_train": 2,
              "h": 0.4}
    size = model.offsets(n * tasks, tasks)[""]
    vectors, W = rng.normal(size=(size, d)) / 2, rng.normal(size=(model.n_heads, m, d))
    if at % 4 == 1:
        vectors, W = np.rint(2 * vectors), np.rint(W)
    W *= [1.0, 1.0, 4.0, 0.1][at % 4]
    signed = model.network.heads == "signed"
    y = rng.choice([-1.0, 1.0], n * tasks) if signed else rng.integers(0, model.n_heads, n * tasks).astype(float)
    z, gram = W @ vectors.T, vectors @ vectors.T
    kernel = kernel.bind(y).through(vectors)
    run = kernel.run(z, np.zeros_like(z), gram, y, values, 4, np.array([0, 1, 3, 4]))
    yield from (run.z, run.b, np.array([run.diverged]))
    yield from kernel.observe(z[None], gram, y, values).values()
    yield kernel.outputs(rng.normal(size=(5, len(model.patches), model.n_heads, m)), values)
    if kernel.judges(size):
        yield _judged(kernel, rng, m, values)
    if bilevel:
        blocks = kernel.blocks(gram, tasks, n)  # type: ignore[attr-defined]
        own = rng.normal(size=(tasks, model.n_heads, m, blocks.shape[1]))
        yield kernel.adapt(own, blocks, y.reshape(tasks, n), range(2), values)  # type: ignore[attr-defined]
    else:
        run = kernel.run(1e200 * z, np.zeros_like(z), gram, y, values, 2, np.array([0, 1, 2]))
        yield np.array([run.diverged])


def _judged(kernel: Kernel, rng: np.random.Generator, m: int, values: dict[str, Any]) -> NDArray[Any]:
    """Fresh examples of a random law, of two labels and three parts, judged on lanes."""
    neurons, count = 2 * m, 64
    roots = np.tril(rng.normal(size=(2, 2, neurons, neurons)))
    parts = Parts(rng.normal(size=(2, 3)), rng.integers(0, 2, (3, 3)).astype(float), rng.normal(size=(2, 3, neurons)),
                  rng.normal(size=(3, 2)))
    labels, shares = np.array([1.0, -1.0, -1.0]), np.array([0.5, 0.5, 0.0])
    law = Fresh(np.empty((2, 0)), np.empty(0), np.empty(0), labels, shares=shares)
    numbers = np.tile(kernel.arguments(values, m), (2, 1))
    normals = rng.normal(size=(2, 2 * neurons * count))
    return judged(kernel.lanes, parts, law, roots, normals, np.array([1, 0]), numbers)


@dataclass
class Table:
    """Mutants by what came of them."""

    caught: list[str]
    missed: list[str]
    crashed: int = 0
    equivalent: int = 0

    @property
    def columns(self) -> str:
        """Caught, undecided, passed, raised, computing the same."""
        undecided = sum(line.endswith("(undecided)") for line in self.missed)
        counts = (len(self.caught), undecided, len(self.missed) - undecided, self.crashed, self.equivalent)
        return "{:6d}  {:9d}  {:6d}  {:6d}  {:4d}".format(*counts)


def table(of: Case, chosen: Iterable[Mutant]) -> Table:
    """Every mutant put to `validate`."""
    found = Table([], [])
    for mutant in chosen:
        name = f"{of.name}: {mutant.name}"
        kernel = of.with_source(mutant.source)
        verdict = of.verdict(kernel)
        if verdict == "crash":
            found.crashed += 1
        elif verdict == "fail":
            found.caught.append(name)
        elif _computes_the_same(of.kernel, kernel, of):
            found.equivalent += 1
        else:
            found.missed.append(f"{name} ({verdict})")
    return found


def _computes_the_same(one: Kernel, other: Kernel, of: Case) -> bool:
    """`same`; a kernel that raises on a random input, where the shipped one does not, is another one."""
    with np.errstate(all="ignore"):
        try:
            return same(one, other, of)
        except RAISED:
            return False
