"""Imports go one way, and light things stay light: read from every module's source, and seen in fresh processes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("derivations", "dynamics", "simulate", "figures", "gammarho")

OWN = {
    "derivations": {"derivations"},
    "dynamics": {"dynamics"},
    "simulate": {"simulate", "dynamics", "derivations"},
    "figures": {"figures", "simulate", "dynamics", "derivations"},
    "gammarho": set(PACKAGES),
}
FORBIDDEN = {
    "derivations": {"numba", "torch", "xarray", "matplotlib", "cyclopts", "jax"},
    "dynamics": {"sympy", "torch", "matplotlib", "xarray", "cyclopts", "jax"},
    "simulate": {"sympy", "matplotlib", "cyclopts", "jax"},
    "figures": {"sympy", "torch", "cyclopts", "jax"},
    "gammarho": {"sympy", "torch", "numba", "matplotlib", "jax"},
}


@dataclass(frozen=True)
class Import:
    """One import: the module it stands in, the module it names, and whether it runs when the first is loaded."""

    module: str
    target: str
    at_load: bool

    @property
    def root(self) -> str:
        return self.target.split(".")[0]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    return {name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imports_in(module: str, source: str, is_package: bool = False) -> list[Import]:
    package = module.split(".") if is_package else module.split(".")[:-1]

    def walk(node: ast.AST, at_load: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(module, alias.name, at_load) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                found = ".".join([*base, *(child.module.split(".") if child.module else [])])
                yield Import(module, found, at_load)
                yield from (Import(module, f"{found}.{alias.name}", at_load) for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from (i for other in child.orelse for i in walk(other, at_load))
            else:
                deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, at_load and not deferred)

    return list(walk(ast.parse(source), True))


def every_import() -> list[Import]:
    return [
        found
        for name, path in modules().items()
        for found in imports_in(name, path.read_text(encoding="utf-8"), path.name == "__init__.py")
    ]


def violations(found: list[Import]) -> list[str]:
    """Imports against the direction, or of a library that the package does without."""
    bad = []
    for each in found:
        package = each.module.split(".")[0]
        upward = each.root in PACKAGES and each.root not in OWN[package]
        if upward or each.root in FORBIDDEN[package]:
            bad.append(f"{each.module} imports {each.target}")
    return bad


def loads(start: str, graph: dict[str, set[str]]) -> set[str]:
    """All that loading a module loads, itself and its packages included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [*graph.get(name, ()), *filter(None, [name.rpartition(".")[0]])]
    return seen


def load_graph() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for each in every_import():
        if each.at_load:
            graph[each.module].add(each.target)
    return graph


def test_imports_go_one_way() -> None:
    assert violations(every_import()) == []


def test_the_rule_sees_what_it_must() -> None:
    cases = {
        "dynamics.x": ["import sympy", "from derivations.declare import Model", "def f():\n    import torch"],
        "dynamics.y": ["import simulate"],
        "derivations.x": ["import numba", "from torch import nn", "from dynamics import gram"],
        "derivations.papers.x.y": ["from simulate import errors"],
        "simulate.x": ["import figures", "from gammarho import run", "def f():\n    import sympy.core"],
        "figures.x": ["import gammarho"],
        "simulate.train.raw.x": ["from ...figures import pegr"],
    }
    for module, sources in cases.items():
        for source in sources:
            assert violations(imports_in(module, source)), (module, source)
    assert not violations(imports_in("dynamics.x", "import numpy as np\nfrom . import gram"))
    assert not violations(imports_in("dynamics.x", "if TYPE_CHECKING:\n    import sympy"))


def test_declarations_need_no_sympy() -> None:
    graph = load_graph()
    ours = [name for name in modules() if name.startswith("derivations.")]
    declarations = [name for name in ours if name.endswith((".model", ".conditions"))]
    assert {"derivations.declare.model", "derivations.papers.pegr.model"} <= set(declarations)
    assert [name for name in declarations if "sympy" in loads(name, graph)] == []


def test_the_rest_of_derivations_is_loaded_only_where_it_is_needed() -> None:
    graph = load_graph()
    others = [name for name in modules() if name.startswith(("simulate", "figures", "gammarho"))]
    assert [name for name in others if "sympy" in loads(name, graph)] == []


def test_torch_stays_with_the_weight_space_engine() -> None:
    allowed = ("simulate.train.weights", "simulate.train.raw.", "simulate.validat", "simulate.validate.engines")
    users = {each.module for each in every_import() if each.root == "torch"}
    assert [name for name in users if not name.startswith(allowed)] == []
    graph = load_graph()
    assert [name for name in modules() if "torch" in loads(name, graph) and not name.startswith(allowed)] == []


def test_only_the_weight_space_engine_is_the_oracle() -> None:
    """It reads declarations, never a recursion, its definitions or a kernel."""
    reads = [each for each in every_import() if each.module.startswith("simulate.train.")]
    allowed = ("derivations.declare.model", "derivations.papers")
    bad = [
        f"{each.module} imports {each.target}"
        for each in reads
        if (each.root == "derivations" and not each.target.startswith(allowed) and each.target != "derivations")
        or each.target.startswith(("dynamics.kernel.kernel", "dynamics.generated", "simulate.run.kernels"))
    ]
    assert bad == []


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n' + ' '.join(sys.modules))"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"sympy", "torch", "numba", "xarray", "matplotlib", "scipy", "zarr", "pandas"}


@pytest.mark.parametrize(
    "code",
    ["import gammarho", "import gammarho; dir(gammarho); gammarho.InputError, gammarho.Model",
     "from gammarho import api; api.resolve('pegr', {}, 'paper')", "import gammarho.cli"],
)  # fmt: skip
def test_the_front_door_is_light(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_importing_gammarho_loads_nothing_of_its_own() -> None:
    loaded = loaded_by("import gammarho")
    assert "numpy" not in loaded
    assert {name for name in loaded if name.split(".")[0] in PACKAGES} == {"gammarho"}


def test_running_a_shipped_setting_needs_no_sympy() -> None:
    loaded = loaded_by("import gammarho as gr; gr.run('pegr', {'n': 2, 'm': 2, 'd': 8}, steps=2)")
    assert loaded & {"sympy", "torch", "matplotlib"} == set()


def test_every_public_name_has_a_home() -> None:
    import gammarho

    for name in gammarho.__all__:
        assert getattr(gammarho, name) is not None
    assert set(gammarho.__all__) <= set(dir(gammarho))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import gammarho

    with pytest.raises(AttributeError, match="'gammarho' has no attribute 'runn'; it has "):
        _ = gammarho.runn
