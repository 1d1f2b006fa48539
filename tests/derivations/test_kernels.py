"""Generated kernels: the committed text, its structure, compiled against plain, loops against BLAS."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derivations.generate import GENERATED, shipped
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.loading import module_of, plain_module
from simulate.run.kernels import kernel_for
from simulate.testing import plain_kernel
from tests.helpers.slowly import rarely, where

VALUES = {"neurons": "mean", "penalty_half": True, "eta": 0.05, "lam": 0.3, "lam_until": 11}
CASES = [(regularizer, q) for regularizer in ("none", "pegr", "fgr") for q in (2, 3)]


def state(n: int, m: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z (2, m, 1 + n), gram and y of order one, mu correlated with the noise."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(1 + n, d)) / np.sqrt(d)
    weights = rng.normal(size=(2, m, d))
    return weights @ vectors.T, vectors @ vectors.T, rng.choice([-1.0, 1.0], size=n)


def class_state(classes: int, n: int, m: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z (K, m, K + n), gram and y of order one; with few examples some classes are empty."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(classes + n, d)) / np.sqrt(d)
    weights = rng.normal(size=(classes, m, d))
    return weights @ vectors.T, vectors @ vectors.T, rng.integers(0, classes, n)


@pytest.fixture(scope="module")
def committed() -> dict[str, str]:
    return shipped()


def test_committed_kernels_are_what_the_derivation_generates(committed: dict[str, str]) -> None:
    here = {
        p.name: p.read_text(encoding="utf-8")
        for p in GENERATED.iterdir()
        if p.suffix in (".py", ".json") and p.stem != "__init__"
    }
    assert here.keys() == committed.keys(), "run: make generate"
    for name, text in committed.items():
        assert here[name] == text, (
            f"{name} is not what its declaration generates; if the derivation is right, run: make generate"
        )


@pytest.mark.slow
def test_generation_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from derivations.derive import derive; from derivations.papers.pegr.model import model; "
        "print(derive(model('fgr')).kernel_source())"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(texts) == 1


@pytest.mark.parametrize(("regularizer", "q"), where(lambda case: case in (("none", 2), ("pegr", 2)), CASES))
def test_compiled_equals_plain_bit_for_bit(regularizer: str, q: int) -> None:
    """Of the loops; `test_lanes_kernels` does so of lanes."""
    compiled = kernel_for(pegr(regularizer, q))
    compiled, plain = compiled.looped(compiled.loops), plain_module(compiled.source, "plain")
    z, gram, y = state(n=5, m=3, d=9, seed=q)
    recorded = np.arange(21)
    found = compiled.run(z, np.zeros_like(z), gram, y, VALUES, 20, recorded)
    by_hand = compiled.looped(plain)
    again = by_hand.run(z, np.zeros_like(z), gram, y, VALUES, 20, recorded)
    assert np.array_equal(found.z, again.z) and np.array_equal(found.b, again.b)
    one, two = compiled.observe(found.z, gram, y, VALUES), by_hand.observe(found.z, gram, y, VALUES)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    a = np.random.default_rng(0).normal(size=(7, 2, 2, 3))
    assert np.array_equal(compiled.outputs(a, VALUES), by_hand.outputs(a, VALUES))


@pytest.mark.parametrize(("classes", "n"), [(3, 7), rarely(2, 7), rarely(5, 4)])
def test_compiled_classes_equal_plain_bit_for_bit(classes: int, n: int) -> None:
    shipped = kernel_for(heterogeneous(classes))
    compiled, plain = (shipped.looped(each) for each in (shipped.loops, plain_module(shipped.source, "plain")))
    z, gram, y = class_state(classes, n, m=3, d=9, seed=classes)
    runs = [kernel.run(z, np.zeros_like(z), gram, y, VALUES, 20, np.arange(21)) for kernel in (compiled, plain)]
    assert np.array_equal(runs[0].z, runs[1].z) and np.array_equal(runs[0].b, runs[1].b) and runs[0].b[-1].any()
    one, two = (kernel.observe(runs[0].z, gram, y, VALUES) for kernel in (compiled, plain))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    a = np.random.default_rng(0).normal(size=(7, 2, classes, 3))
    assert np.array_equal(compiled.outputs(a, VALUES), plain.outputs(a, VALUES))


def test_classes_by_blas_equal_loops_within_the_bound_of_a_dot_product() -> None:
    kernel = kernel_for(heterogeneous(3))
    z, gram, y = class_state(3, n=40, m=4, d=60, seed=1)
    assert kernel.blas_path is not None
    modules = (kernel.loops, module_of(kernel.blas_path))
    kernels = [kernel.looped(module) for module in modules]
    found = [one.run(z, np.zeros_like(z), gram, y, VALUES, 1, np.array([1])) for one in kernels]
    eps, size = np.finfo(float).eps, len(gram)
    bound = 4 * size * eps * (np.abs(found[0].b[0]) @ np.abs(gram)) + 4 * eps * np.abs(z)
    assert np.all(np.abs(found[0].z[0] - found[1].z[0]) <= bound) and found[0].b.any()


@pytest.mark.parametrize("regularizer", ["none", "pegr", rarely("fgr")])
def test_blas_equals_loops_within_the_bound_of_a_dot_product(regularizer: str) -> None:
    """Both sum B products; each is off by at most B eps |g| |gram|, and a step multiplies that by eta."""
    kernel = kernel_for(pegr(regularizer))
    assert kernel.blas_path is not None
    z, gram, y = state(n=40, m=4, d=60, seed=1)
    found = []
    for module in (kernel.loops, module_of(kernel.blas_path)):
        one = kernel.looped(module)
        found.append(one.run(z, np.zeros_like(z), gram, y, VALUES, 1, np.array([1])))
    eps, size = np.finfo(float).eps, len(gram)
    g = np.abs(found[0].b[0])  # eta |dO/dz|
    bound = 4 * size * eps * (g @ np.abs(gram)) + 4 * eps * np.abs(z)
    if regularizer == "fgr":  # the co-vector is a contraction too, and the gradient is Lipschitz in it
        bound = bound * 50
    assert np.all(np.abs(found[0].z[0] - found[1].z[0]) <= bound)


def loops(tree: ast.AST, depth: int = 0) -> int:
    """The deepest nest of for loops."""
    here = depth + isinstance(tree, ast.For)
    return max([here, *[loops(child, here) for child in ast.iter_child_nodes(tree)]])


@pytest.mark.parametrize(("regularizer", "q"), CASES)
def test_loop_depth_and_temporaries_are_bounded(regularizer: str, q: int) -> None:
    """Depth (head, filter, direction, direction) = 4, the contraction's; temporaries are no larger than the state."""
    tree = ast.parse((GENERATED / f"pegr_{regularizer}_q{q}.py").read_text(encoding="utf-8"))
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        allowed = 4 if function.name in ("contract", "descend", "run", "observe") else 3
        assert loops(function) <= allowed, function.name
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
            if ast.unparse(call.func) == "np.zeros":
                assert ast.unparse(call.args[0]) in ("y.size", "z.shape", "states.shape[1:]")


@pytest.mark.parametrize("classes", [2, 3, 4, 5])
def test_loop_depth_and_temporaries_are_bounded_with_classes(classes: int) -> None:
    """A pre-activation along a class's direction is computed at depth (head, filter, class), no deeper than others."""
    tree = ast.parse((GENERATED / f"heterogeneous_K{classes}.py").read_text(encoding="utf-8"))
    sizes = {"y.size", "z.shape", "states.shape[1:]", str(classes), f"({classes}, y.size)"}
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        allowed = 4 if function.name in ("contract", "descend", "run", "observe") else 3
        assert loops(function) <= allowed, function.name
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        made = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) == "np.zeros"}
        assert made <= (sizes if function.name in ("run", "observe") else set()), function.name


def test_nothing_is_allocated_in_the_time_loop() -> None:
    names = [*(f"pegr_{regularizer}_q{q}" for regularizer, q in CASES), *(f"heterogeneous_K{k}" for k in range(2, 6))]
    for name in names:
        tree = ast.parse((GENERATED / f"{name}.py").read_text(encoding="utf-8"))
        run = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run")
        loop = next(node for node in run.body if isinstance(node, ast.For))
        assert "np." not in ast.unparse(loop)


def test_options_are_literal_and_strict() -> None:
    for path in [*GENERATED.glob("pegr_*.py"), *GENERATED.glob("heterogeneous_*.py")]:
        text = path.read_text(encoding="utf-8")
        assert text.count("@njit(") == text.count("fastmath=False") == text.count('error_model="numpy"')
        assert "prange" not in text and "parallel" not in text


def test_a_kernel_refuses_shapes_that_disagree() -> None:
    kernel = kernel_for(pegr("none"))
    z, gram, y = state(n=4, m=2, d=6, seed=0)
    with pytest.raises(ValueError, match="disagree"):
        kernel.run(z[:, :, :3], np.zeros((2, 2, 3)), gram, y, VALUES, 1, np.array([1]))
    with pytest.raises(ValueError, match="disagree"):
        kernel.run(z, np.zeros_like(z), gram, y[:2], VALUES, 1, np.array([1]))
    with pytest.raises(ValueError, match="patches"):
        kernel.outputs(np.zeros((3, 1, 2, 2)), VALUES)


def test_divergence_names_its_first_step_and_keeps_what_came_before() -> None:
    kernel = kernel_for(pegr("pegr"))
    z, gram, y = state(n=4, m=2, d=6, seed=0)
    wild: dict[str, Any] = {**VALUES, "eta": 1e3, "lam": 1e3, "lam_until": None}
    found = kernel.run(z, np.zeros_like(z), gram, y, wild, 100, np.arange(101))
    assert 0 < found.diverged < 100
    assert len(found.t) <= found.diverged + 1 and np.isfinite(found.z).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lanes", [False, True])
def test_plain_kernels_overflow_as_silently_as_compiled_ones(lanes: bool) -> None:
    """Fails where NumPy's scalars warn of a state that diverges, or where their silence outlasts the kernel."""
    kernel = plain_kernel(pegr("pegr"))
    kernel = replace(kernel, lanes_from=0) if lanes else kernel.looped(kernel.loops)
    z, gram, y = state(n=4, m=2, d=6, seed=0)
    wild: dict[str, Any] = {**VALUES, "eta": 1e160, "lam": 1e160, "lam_until": None}
    found = kernel.run(z, np.zeros_like(z), gram, y, wild, 20, np.arange(21))
    assert 0 < found.diverged < 20
    with pytest.raises(RuntimeWarning, match="overflow"):
        assert np.float64(1e200) * np.float64(1e200)


def test_a_users_model_is_cached_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from derivations.declare import Activation
    from derivations.generate import write_for

    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path))
    own = replace(pegr("pegr"), name="own")
    first, second = write_for(own), write_for(own)
    other = write_for(replace(own, network=replace(own.network, activation=Activation(name="relu"))))
    assert first == second != other
    assert len(list(tmp_path.glob("own_*.json"))) == 2
