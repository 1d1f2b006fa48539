"""Generated kernels as text to read: nothing dead, nothing too long, every temporary said."""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import replace

import pytest

from derivations.calculus.recursion import of_model
from derivations.declare import LARGEST_POWER, Activation, GradientDescent, Model
from derivations.kernel.emit import ENTRIES, module, on_lanes
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.pegr.model import model as pegr
from derivations.show.shown import text_lines
from dynamics.kernel.loading import GENERATED

OPTIONS = {name: name for name in ("batch", "momentum", "weight_decay", "radius", "label_noise")}


def users() -> dict[str, Model]:
    """Declarations whose kernels are long: every option, a high power, class heads."""
    power = Activation(name="relu_power", power=LARGEST_POWER)
    return {
        "options": replace(pegr("pegr"), parameters=(), algorithm=GradientDescent.by_option(OPTIONS)),
        "power": replace(pegr("fgr"), network=replace(pegr("fgr").network, activation=power)),
        "classes": replace(heterogeneous(4), parameters=(), algorithm=GradientDescent.by_option(OPTIONS)),
    }


@functools.cache
def kernels() -> dict[str, str]:
    own: dict[str, str] = {}
    for name, declared in users().items():
        recursion = of_model(declared)
        own |= {f"{name}{blas}": module(recursion, text_lines(recursion), blas) for blas in (False, True)}
        lanes = on_lanes(recursion, text_lines(recursion))
        own |= {} if lanes is None else {f"{name}_lanes": lanes}
    ours = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.py") if path.stem != "__init__"}
    return {**ours, **own}  # that they are what the derivation generates is test_kernels' to say


def called(tree: ast.AST) -> set[str]:
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_every_function_is_called_or_an_entry_point() -> None:
    for name, text in kernels().items():
        functions = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
        assert functions - called(ast.parse(text)) <= set(ENTRIES), name
        lanes = {"run", "run_all", "adapt_all"} if name.startswith("fomaml") else {"run", "judge_all"}
        entries = lanes if "_lanes" in name else {"directions", "run", "observe", "outputs"}
        assert entries <= functions, name


def test_every_import_is_used() -> None:
    for name, text in kernels().items():
        tree = ast.parse(text)
        bound = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "njit" in bound and bound <= used, name


def test_no_line_is_too_long_and_none_ends_in_blanks() -> None:
    for name, text in kernels().items():
        for number, line in enumerate(text.split("\n"), 1):
            assert len(line) <= 120 and line == line.rstrip(), f"{name}:{number}"
        assert "\n\n\n\n" not in text and text.endswith("\n") and not text.endswith("\n\n"), name


@pytest.mark.parametrize("name", ["run", "gradient", "plain_gradient", "observe"])
def test_long_arguments_are_grouped_by_meaning(name: str) -> None:
    """A signature of more than one line has the state on its first, the data on its second."""
    for text in kernels().values():
        start = text.find(f"\ndef {name}(\n")
        if start < 0:
            continue
        state, data = [line.strip() for line in text[start + 1 :].split("\n")[1:3]]
        assert state in ("z,", "z, b,", "z, b, velocity,", "states,") and data.startswith(
            ("gram, y,", "gram, head,", "gram, order,", "blocks, y,"))


def test_every_array_and_every_first_preactivation_says_what_it_is() -> None:
    for name, text in kernels().items():
        lines = text.split("\n")
        for number, line in enumerate(lines):
            one_array = re.match(r" +(f|F|l1|margin|loss|p|e|zeta|D|row|[vw][sz]*\d+|\w+_by_class) = np.zeros", line)
            assert not one_array or "# " in line or "# " in lines[number - 1], f"{name}:{number + 1}"
        for function in text.split("\n\n\n"):
            found = re.findall(r"^ +(a_\w+) = z.*|^ +(a_\w+) = .*\*z\[.*", function, re.MULTILINE)
            for one, other in found:
                first = next(line for line in function.split("\n") if line.lstrip().startswith(f"{one or other} ="))
                assert "# pre-activation" in first or "# pre-activation" in function.split(first)[0], f"{name}: {first}"
