"""Imports go one way, and light things stay light: read from every module's source, and seen in fresh processes."""

from __future__ import annotations

import ast
import functools
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


def chain(package: str, *layers: str) -> dict[str, set[str]]:
    """Each layer of a package may import those before it."""
    return {f"{package}.{layer}": {f"{package}.{below}" for below in layers[:at]} for at, layer in enumerate(layers)}


DERIVATIONS = chain(
    "derivations", "errors", "commands", "declare", "calculus", "notation", "kernel", "show", "ledger", "papers")
SIMULATE = chain("simulate", "errors", "values", "work", "ask", "start", "observe", "run")
BELOW_RUN = set(SIMULATE)
ARROWS: dict[str, set[str]] = {
    **DERIVATIONS,
    "derivations.cache": {"derivations.errors"},
    "derivations.known": {"derivations.cache", "derivations.declare"},
    "derivations.listing": {"derivations.declare"},
    "derivations.coverage": {"derivations.ledger", "derivations.papers"},
    "derivations.derive": set(DERIVATIONS) - {"derivations.ledger", "derivations.papers"},
    "derivations.generate": {*DERIVATIONS, "derivations.cache", "derivations.derive", "derivations.known"},
    **chain("dynamics", "environments", "made_of", "linked", "read_back", "lazily", "arrays", "later", "errors",
            "index_set", "blas", "triangular", "lanes", "chance", "kernel", "geometry", "fresh"),
    "dynamics.generated": {"dynamics.lanes", "dynamics.lazily"},
    **SIMULATE,
    "simulate.train": {"simulate.errors", "simulate.values", "simulate.work"},
    "simulate.run": {*SIMULATE["simulate.run"], "simulate.train"},
    **{f"simulate.{name}": BELOW_RUN for name in ("conditions", "check", "images")},
    "simulate.phase": {*BELOW_RUN, "simulate.conditions"},
    "simulate.gap": {*BELOW_RUN, "simulate.check"},
    "simulate.sensitivity": {*BELOW_RUN, "simulate.conditions", "simulate.check", "simulate.phase"},
    "simulate.validate": {*BELOW_RUN, "simulate.train"},
    "simulate.testing": {*BELOW_RUN, "simulate.train"},
}
"""Which part of a package may import which others of it; imports between packages are in `OWN`."""

DERIVED = (
    *(f"derivations.{part}" for part in ("calculus", "show", "kernel", "ledger", "derive", "generate", "cache")),
    "derivations.known",
    *(f"dynamics.{part}" for part in ("kernel", "fresh", "generated", "geometry")),
)
"""What the oracle may not come to load, whatever stands between: derived formulas, and the code that runs them."""

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


def imports_in(module: str, source: str, is_package: bool = False, for_types: bool = False) -> list[Import]:
    """The imports of a module that run, and those for types alone where they are asked for."""
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
                if for_types:
                    yield from (i for other in child.body for i in walk(ast.Module([other], []), False))
            else:
                deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, at_load and not deferred)

    return list(walk(ast.parse(source), True))


@functools.cache
def every_import(for_types: bool = False) -> list[Import]:
    return [
        found
        for name, path in modules().items()
        for found in imports_in(name, path.read_text(encoding="utf-8"), path.name == "__init__.py", for_types)
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


def part_of(module: str) -> str:
    """The sub-package that a module stands in, or the module itself where it stands right below its package."""
    return ".".join(module.split(".")[:2])


def against_the_arrows(found: list[Import]) -> list[str]:
    """Imports of a part that the importing part of the same package may not import."""
    return [
        f"{each.module} imports {each.target}"
        for each in found
        if (here := part_of(each.module)) in ARROWS
        and (there := part_of(each.target)) in ARROWS
        and there.split(".")[0] == here.split(".")[0]
        and there not in {here, *ARROWS[here]}
    ]


def arrows(found: list[Import], known: set[str]) -> dict[str, set[str]]:
    """Which modules each module imports anywhere in it; `from package import module` is an import of the module."""
    targets: dict[str, set[str]] = {name: set() for name in known}
    for each in found:
        targets[each.module].add(each.target)
    graph: dict[str, set[str]] = {name: set() for name in known}
    for module, inside in targets.items():
        for target in inside:
            whole = target if target in known else target.rpartition(".")[0]
            names = {other for other in inside if other.rpartition(".")[0] == whole}
            if whole in known and whole != module and not (names and names <= known):
                graph[module].add(whole)
    return graph


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            circle = [stack.pop()]
            while circle[-1] != name:
                circle.append(stack.pop())
            if len(circle) > 1:
                found.append(sorted(circle))

    for name in graph:
        if name not in number:
            visit(name)
    return found


def derived_behind_the_oracle(graph: dict[str, set[str]]) -> set[str]:
    """What modules of `simulate.train` come to load, through any chain of imports, that holds derived formulas."""
    starts = [name for name in graph if name.startswith("simulate.train")]
    return {
        name for start in starts for name in loads(start, graph) if part_of(name) in DERIVED and name in graph
    }


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
        "simulate.train.raw.x": ["from ....figures import pegr"],
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
    allowed = ("simulate.train.", "simulate.validate.", "simulate.run.trained")
    users = {each.module for each in every_import() if each.root == "torch"}
    assert [name for name in users if not name.startswith(allowed)] == []
    graph = load_graph()
    assert [name for name in modules() if "torch" in loads(name, graph) and not name.startswith(allowed)] == []


def every_arrow() -> dict[str, set[str]]:
    """All imports of ours, those inside functions too, and the packages that stand around what is imported."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for each in every_import():
        graph[each.module].add(each.target)
    return graph


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circles(arrows(every_import(for_types=True), set(modules()))) == []


def test_a_circle_is_seen() -> None:
    known = {"simulate.a", "simulate.b", "simulate.c", "simulate"}
    inside = "def f():\n    from . import c"
    sources = {"simulate.a": "from .b import x", "simulate.b": inside, "simulate.c": "from .a import y"}
    found = [each for name, source in sources.items() for each in imports_in(name, source)]
    assert circles(arrows(found, known)) == [["simulate.a", "simulate.b", "simulate.c"]]
    assert circles(arrows([each for each in found if each.module != "simulate.c"], known)) == []
    others = [each for each in found if each.module != "simulate.c"]
    for_types = imports_in("simulate.c", "if TYPE_CHECKING:\n    from .a import y", for_types=True)
    assert circles(arrows(others + for_types, known)) == [["simulate.a", "simulate.b", "simulate.c"]]


def test_every_part_is_in_the_list_and_imports_only_those_below_it() -> None:
    parts = {part_of(name) for name in modules() if name.split(".")[0] in ("derivations", "dynamics", "simulate")}
    assert {part for part in parts if "." in part} == set(ARROWS)
    assert against_the_arrows(every_import()) == []
    assert circles(ARROWS) == []


@pytest.mark.parametrize(
    "module, source",
    [("derivations.declare.x", "def f():\n    from ..calculus import roles"),
     ("derivations.ledger.claims", "from .. import papers"),
     ("derivations.papers.x.claims", "from derivations.derive import derive"),
     ("dynamics.chance.x", "from ..kernel.chunks import heard"),
     ("simulate.train.flips", "from ..observe.states import Variable"),
     ("simulate.start.x", "import simulate.run.run"),
     ("simulate.check.x", "from ..train import weights"),
     ("simulate.phase.x", "from ..validate.validate import validate")],
)
def test_an_import_against_the_arrows_is_seen(module: str, source: str) -> None:
    assert against_the_arrows(imports_in(module, source))
    allowed = "import numpy\nfrom ..errors import InputError\nfrom . import other"
    assert not against_the_arrows(imports_in(module, allowed))


def test_the_oracle_comes_to_load_nothing_derived() -> None:
    """It reads declarations, never a recursion, its definitions or a kernel, whatever stands between."""
    graph = every_arrow()
    assert {"derivations.declare", "simulate.errors"} <= loads("simulate.train.weights", graph)
    assert derived_behind_the_oracle(graph) == set()


@pytest.mark.parametrize("between", ["simulate.observe.states", "derivations.papers.shelf", "simulate.work.sweep"])
def test_a_derived_formula_behind_the_oracle_is_seen(between: str) -> None:
    graph = every_arrow()
    graph["simulate.train.flips"] |= {between}
    assert derived_behind_the_oracle(graph)


def test_the_oracle_at_work_has_loaded_nothing_derived() -> None:
    loaded = loaded_by(
        "import simulate.train.weights, simulate.train.fresh, simulate.train.flips, simulate.train.raw as raw\n"
        "from derivations.papers.paper import PAPERS\n"
        "assert all(raw.find(paper.factory()) for paper in PAPERS.values())"
    )
    assert "torch" in loaded
    assert {name for name in loaded if part_of(name) in DERIVED} == set()


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n' + ' '.join(sys.modules))"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"sympy", "torch", "numba", "xarray", "matplotlib", "scipy", "zarr", "pandas"}


@pytest.mark.parametrize(
    "code",
    ["import gammarho", "import gammarho; dir(gammarho); gammarho.InputError, gammarho.Model",
     "from gammarho import api; api.resolve('pegr', {}, 'paper')", "import gammarho.cli"],
)
def test_the_front_door_is_light(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_importing_gammarho_loads_nothing_of_its_own() -> None:
    loaded = loaded_by("import gammarho")
    assert "numpy" not in loaded
    assert {name for name in loaded if name.split(".")[0] in PACKAGES} == {"gammarho"}


def test_a_table_of_a_shipped_setting_needs_neither_sympy_nor_xarray() -> None:
    loaded = loaded_by("from gammarho.cli import main; main(['run', 'pegr', 'n=2', 'm=2', 'd=8', '--steps=2'])")
    assert "numba" in loaded
    assert loaded & {"sympy", "torch", "matplotlib", "scipy.linalg", "scipy.optimize", "xarray", "pandas"} == set()


def test_a_grids_table_needs_no_xarray() -> None:
    grid = "['phase', 'pegr', 'n=2', 'm=2', 'd=8', '--x', 'lam=0.1,0.2', '--steps=2', '--seeds=2']"
    loaded = loaded_by(f"from gammarho.cli import main; main({grid})")
    assert "simulate.phase.fill" in loaded
    assert loaded & {"sympy", "torch", "matplotlib", "xarray", "pandas", "zarr"} == set()


def test_every_public_name_has_a_home() -> None:
    import gammarho

    for name in gammarho.__all__:
        assert getattr(gammarho, name) is not None
    assert set(gammarho.__all__) <= set(dir(gammarho))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import gammarho

    with pytest.raises(AttributeError, match="'gammarho' has no attribute 'runn'; it has "):
        _ = gammarho.runn
