"""Compiled code goes with every text that it is made of: its own, and those of this package that it imports."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dynamics import made_of

ROOT = Path(__file__).parents[2]
DECORATED = re.compile(r"^@njit|= njit\(", re.MULTILINE)
TEXTS = {each: each.read_text(encoding="utf-8") for each in sorted(made_of.ROOT.rglob("*.py"))}
KERNEL = """
from dynamics.lanes.compiled import lane, lanes
from dynamics.lanes.functions import logistic_0
from dynamics.lazily import njit

@njit(cache=True)
def cost(x):
    return lane(logistic_0(lanes(x)), 0)

@njit("float64(float64)", cache=True)
def run(x):
    return cost(x)
"""
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from dynamics.fresh import pairs
from dynamics.kernel.loading import module_of

own = module_of(Path(sys.argv[1])).run(0.5)
print(own, *pairs.mean_costs(np.array([0.5]), np.array([0.0]), 1.0, "logistic"))
"""


def imported(file: Path, package: str) -> set[str]:
    """The modules that a file imports, by Python's own parser."""
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else None
            base = home or str(node.module)
            found |= {base, *(f"{base}.{each.name}" for each in node.names)}
    return found


def all_imported(file: Path) -> set[Path]:
    """The files of `dynamics` that a file imports, and they."""
    by_name = {".".join(each.relative_to(made_of.ROOT.parent).with_suffix("").parts): each for each in TEXTS}
    by_name |= {name.removesuffix(".__init__"): each for name, each in by_name.items()}
    seen, waiting = set[Path](), [file]
    while waiting:
        each = waiting.pop()
        package = ".".join(each.parent.relative_to(made_of.ROOT.parent).parts)
        new = {by_name[name] for name in imported(each, package) if name in by_name} - seen
        seen |= new
        waiting += new
    return seen


@pytest.mark.parametrize(
    "file", [each for each, text in TEXTS.items() if DECORATED.search(text) and each.name != "lazily.py"],
    ids=lambda file: file.stem,
)
def test_all_that_a_compiled_module_imports_is_in_its_digest(file: Path) -> None:
    assert set(made_of.reached(made_of._read(file)[1])) == all_imported(file)


def test_code_is_kept_by_one_decorator_alone() -> None:
    """Numba's own would not say what it is made of."""
    own = re.compile(r"numba\.njit|numba import.*njit")
    numbas = [each.name for each, text in TEXTS.items() if "cache" in text and own.search(text)]
    assert numbas == ["lazily.py"]


@pytest.mark.parametrize("line", [
    "from dynamics.other import thing", "from .other import thing", "from . import first, other",
    "import dynamics.other", "from . import (\n    first,\n    other,\n)", "from dynamics.through import thing",
    "import math, dynamics.other",
])
def test_a_text_that_is_imported_counts_and_no_other(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "dynamics"
    home.mkdir()
    texts = {"own": f"import math\n{line}\n", "other": "thing = 1\n", "first": "", "away": "thing = 1\n",
             "through": "def later():\n    from dynamics.other import thing\n"}
    for name, text in {"__init__": "", **texts}.items():
        (home / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(made_of, "ROOT", home)

    def digest() -> str:
        for each in (made_of._part, made_of._digest, made_of._at, made_of._package, made_of._module):
            each.cache_clear()
        return made_of.digest(str(home / "own.py"))

    first = digest()
    (home / "away.py").write_text("thing = 2\n", encoding="utf-8")
    assert digest() == first
    told = (home / "other.py").stat()
    (home / "other.py").write_text("thing = 2\n", encoding="utf-8")
    os.utime(home / "other.py", ns=(told.st_atime_ns, told.st_mtime_ns))
    assert digest() != first
    (home / "other.py").write_text("thing = 1\n", encoding="utf-8")
    assert digest() == first
    assert made_of.digest(str(home / "nowhere.py")) == ""


@pytest.mark.parametrize("named", [False, True], ids=["beside", "NUMBA_CACHE_DIR"])
def test_code_that_was_compiled_from_another_text_of_the_lanes_does_not_run(tmp_path: Path, named: bool) -> None:
    """Numba looks at a function's own file, and the loader looked at times, of kernels alone."""
    ignored = shutil.ignore_patterns("__pycache__", "generated")
    shutil.copytree(made_of.ROOT, tmp_path / "dynamics", ignore=ignored)
    (tmp_path / "dynamics" / "generated").mkdir()
    (tmp_path / "k.py").write_text(KERNEL, encoding="utf-8")
    lanes = tmp_path / "dynamics" / "lanes" / "functions.py"
    right, told = lanes.read_text(encoding="utf-8"), lanes.stat()
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    if named:
        environment |= {"NUMBA_CACHE_DIR": str(tmp_path / "named")}

    def costs() -> list[float]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "k.py")], capture_output=True, text=True, cwd=tmp_path,
            check=False, env={**environment, "PYTHONPATH": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    def code() -> dict[str, int]:
        return {each.name: each.stat().st_mtime_ns for each in tmp_path.rglob("*.nbc")}

    first, kept = costs(), code()
    assert first[0] == first[1] and len(kept) == 3
    assert costs() == first and code() == kept  # read, and not compiled again
    found = right.index("def logistic_0")
    at = right.index("return ", found) + len("return ")
    end = right.index("\n", at)
    lanes.write_text(f"{right[:at]}2.0 * ({right[at:end]}){right[end:]}", encoding="utf-8")
    os.utime(lanes, ns=(told.st_atime_ns, told.st_mtime_ns))  # as old as before, as an archive leaves it
    assert costs() == [2.0 * each for each in first]
    assert len(code()) == 3 and not set(code()) & set(kept)  # and no file of the other text is left
