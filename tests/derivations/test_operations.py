"""The operation count in a kernel's header against a run of that kernel on numbers that count themselves."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Model
from derivations.derive import derive
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.pegr.model import model as pegr

M, N, TASKS, STEPS = 3, 4, 2, 3
DONE: Counter[str] = Counter()


class Number:
    """A float whose arithmetic is counted; functions, signs and comparisons are not arithmetic here."""

    def __init__(self, value: Any) -> None:
        self.value: float = float(value)

    def _of(self, kind: str, value: float) -> Number:
        DONE[kind] += 1
        return Number(value)

    def __add__(self, other: Any) -> Number:
        return self._of("additions", self.value + float(other))

    def __sub__(self, other: Any) -> Number:
        return self._of("additions", self.value - float(other))

    def __mul__(self, other: Any) -> Number:
        return self._of("multiplications", self.value * float(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Number:
        return self._of("multiplications", self.value / float(other))

    def __neg__(self) -> Number:
        return Number(-self.value)

    def __abs__(self) -> Number:
        return Number(abs(self.value))

    def __float__(self) -> float:
        return self.value

    def __le__(self, other: Any) -> bool:
        return self.value <= float(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= float(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > float(other)

    def __lt__(self, other: Any) -> bool:
        return self.value < float(other)

    def __ne__(self, other: object) -> bool:
        return self.value != float(other)  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]


class Wrapped(ast.NodeTransformer):
    """Every floating-point literal as a Number."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        return ast.copy_location(ast.Call(ast.Name("Number", ast.Load()), [node], []), node)


def numbers(values: Any) -> Any:
    """An array of Numbers."""
    out = np.empty(np.shape(values), dtype=object)
    for at, value in np.ndenumerate(values):
        out[at] = Number(value)
    return out


def run_of(source: str) -> Any:
    """The kernel's time loop on Numbers."""
    tree = Wrapped().visit(ast.parse(source))
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    space: dict[str, Any] = {
        "Number": Number, "float": Number, "njit": lambda *_, **__: lambda function: function,
        "np": SimpleNamespace(zeros=lambda shape: numbers(np.zeros(shape))),
        "exp": lambda x: Number(math.exp(float(x))), "log1p": lambda x: Number(math.log1p(float(x))),
        "isfinite": lambda x: math.isfinite(float(x)), "inf": Number(math.inf),
    }
    exec(compile(ast.fix_missing_locations(tree), "<counted>", "exec"), space)
    return space["run"]


def counted(model: Model, source: str) -> Counter[str]:
    """The arithmetic of one step from a state where every activation is on, so that nothing is skipped."""
    rng = np.random.default_rng(0)
    tasks = TASKS if model.algorithm.over_tasks else 1
    size = model.offsets(N * tasks, tasks)[""]
    heads, one = model.n_heads, Number(1e-3)
    z, gram = rng.uniform(0.1, 0.2, (heads, M, size)), rng.uniform(0.1, 0.2, (size, size))
    y = numbers(np.ones(N * tasks)) if model.network.head_axis.signed else np.arange(N) % heads
    state, b = numbers(z), numbers(0 * z)
    out = [np.empty((1, *z.shape), dtype=object) for _ in range(2)]
    scalars = [one] * len(re.findall(r"\b(kappa|c|lam|given_h)\b", signature(source)))
    if model.algorithm.over_tasks:
        own = size // tasks
        blocks, nothing = numbers(rng.uniform(0.1, 0.2, (tasks, own, own))), numbers(np.empty((0, 0)))
        coupled = (state, b, numbers(gram), nothing, np.empty(0, int), nothing, nothing, blocks, y, N, 0)
        DONE.clear()
        failed = run_of(source)(*coupled, *scalars, STEPS, Number(1e-6), one, 0, 1, np.array([0]), *out)
    else:
        first = (state, b, numbers(gram), y)
        DONE.clear()
        failed = run_of(source)(*first, *scalars, one, 10, 0, 1, np.array([0]), *out)
    assert failed == -1
    return DONE


def signature(source: str) -> str:
    found = re.search(r"\ndef run\((.*?)\):\n", source, re.DOTALL)
    assert found is not None
    return found[1]


def told(source: str, model: Model) -> dict[str, int]:
    """The header's formulas at the sizes of the run."""
    tasks = TASKS if model.algorithm.over_tasks else 1
    size = model.offsets(N * tasks, tasks)[""]
    at = {"m": M, "n": N, "B": size, "K": tasks, "L": size // tasks, "J": STEPS, "n_1": N, "n_2": N}
    header = " ".join(source.split('"""')[1].split())
    found = re.search(r"Operations of a step.*? on n_2;.*?R the factor's rank (.*?) additions|"
                      r"Operations of a step.*?examples (.*?) additions", header)
    assert found is not None, "no count"
    more = re.search(r"subtractions (.*?) multiplications", header)
    assert more is not None
    return {"additions": eval(found[1] or found[2], at), "multiplications": eval(more[1], at)}


MODELS = [
    *[pegr(regularizer, q) for regularizer in ("none", "pegr", "fgr") for q in (2, 3)],
    heterogeneous(2), heterogeneous(3), fomaml("train-train", "relu"), fomaml("reptile", "relu"),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.title[:12]} {model.objective.penalty}")
def test_the_header_counts_what_a_step_does(model: Model) -> None:
    source = derive(model).kernel_source()
    done, said = counted(model, source), told(source, model)
    spared = 0 if model.network.head_axis.signed else N  # a label's own probability is not added to the others'
    assert (done["additions"] + spared, done["multiplications"]) == (said["additions"], said["multiplications"])


@pytest.mark.parametrize("model", [fomaml(method) for method in ("train-validation", "train-train", "reptile")])
def test_the_header_bounds_a_step_whose_branches_differ(model: Model) -> None:
    source = derive(model).kernel_source()
    done, said = counted(model, source), told(source, model)
    assert all(0.4 * said[kind] < done[kind] <= said[kind] for kind in said)
