"""Which test files a change concerns: `python -m tests.helpers.concerned [PATH ...]`, for `make test-fast`.

A path is a module or a folder of modules; without one, what differs from the last commit, or else what that changed.
Concerned are the tests in the folder that mirrors its own, the files that import a module, and the rules of the house.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = "tests/test_imports.py"


def changed() -> list[str]:
    """The files that differ from the last commit; where none does, those that the last commit changed."""
    for asked in (["HEAD"], ["HEAD~1", "HEAD"]):
        found = subprocess.run(["git", "diff", "--name-only", *asked], cwd=ROOT, capture_output=True, text=True,
                               check=True).stdout.split()
        if found:
            return found
    return []


def imported(test: Path) -> set[str]:
    """The modules that a test file names in imports, with the packages that hold them left out."""
    names = set()
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def concerned(paths: Iterable[str]) -> list[str]:
    """The test files, relative to the root, in order."""
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    found = {ROOT / ALWAYS}
    for path in map(Path, paths):
        if path.parts[:1] == ("tests",):
            found |= {test for test in tests if test == ROOT / path or ROOT / path in test.parents}
            continue
        folder, module = path if not path.suffix else path.parent, ".".join(path.with_suffix("").parts)
        mirror = ROOT / "tests" / folder
        while not mirror.is_dir():  # what has no folder of its own is tested in that of the folder above
            mirror = mirror.parent
        found |= {test for test in tests if mirror in test.parents}
        if path.suffix:
            found |= {test for test in tests if any(f"{name}.".startswith(f"{module}.") for name in imported(test))}
    return [str(test.relative_to(ROOT)) for test in sorted(found)]


if __name__ == "__main__":
    print(" ".join(concerned(sys.argv[1:] or changed())))
