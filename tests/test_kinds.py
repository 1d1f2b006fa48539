"""What a head axis and an index set are is asked of them: no other module compares the words that declare them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from derivations.declare import INDEX_SETS, ClassHeads, Heads, Over, SignedHeads, head_axis

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("derivations", "dynamics", "simulate", "figures", "gammarho")
HOMES = ("derivations/declare/heads.py", "derivations/declare/over.py")
WORDS = {*get_args(Heads), *get_args(Over)}


def _is_word(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_is_word, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in WORDS


def compared(source: str) -> Iterator[int]:
    """The lines where a word is compared, matched, or chooses from a dictionary of such words."""
    for node in ast.walk(ast.parse(source)):
        found = isinstance(node, ast.Compare) and any(map(_is_word, (node.left, *node.comparators)))
        found |= isinstance(node, ast.MatchValue) and _is_word(node.value)
        if isinstance(node, ast.Dict) and len(node.keys) > 1:
            found |= all(key is not None and _is_word(key) for key in node.keys)
        if found:
            yield node.lineno  # type: ignore[attr-defined]


def test_no_module_compares_the_words_of_heads_and_index_sets() -> None:
    paths = {path.relative_to(ROOT).as_posix(): path for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert set(HOMES) <= set(paths)
    lines = {path: list(compared(text.read_text(encoding="utf-8"))) for path, text in paths.items()}
    assert {path: found for path, found in lines.items() if found and path not in HOMES} == {}


@pytest.mark.parametrize(
    "source",
    [
        'network.heads == "signed"', '"class" != heads', 'family.over in ("one", "task")', 'over not in {"sample"}',
        '{"one": 1, "sample": n}[over]', 'size = {"task": k, "sample": n}.get(over)',
        'match over:\n    case "class":\n        pass', 'match over:\n    case "one" | "task":\n        pass',
    ],
)
def test_the_rule_sees_what_it_must(source: str) -> None:
    assert list(compared(source))


@pytest.mark.parametrize(
    "source", ['heads = "signed"', 'Directions(over="sample")', '{"head": h, "task": k}', 'each.of == "loss"', "a < b"]
)
def test_the_rule_lets_declarations_be(source: str) -> None:
    assert not list(compared(source))


def test_every_word_has_its_kind() -> None:
    assert set(INDEX_SETS) == set(get_args(Over))
    assert {head_axis(word, 3).dim for word in get_args(Heads)} == {"j", "k"}


def test_signed_heads() -> None:
    axis = SignedHeads()
    assert (axis.signed, axis.dim, axis.count) == (True, "j", 2)
    assert axis.labels == axis.signs == (1.0, -1.0) and axis.names == ("+1", "-1")


def test_class_heads() -> None:
    axis = ClassHeads(3)
    assert (axis.signed, axis.dim, axis.count) == (False, "k", 3)
    assert axis.labels == (0.0, 1.0, 2.0) and axis.signs == (1.0, 1.0, 1.0) and axis.names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("over", "single", "shared", "size", "of_a_task", "inside", "dims"),
    [
        ("one", True, True, 1, "1", (), ()),
        ("class", False, True, 3, "K", ("y",), ("class",)),
        ("task", True, False, 5, "1", (), ("task",)),
        ("sample", False, False, 20, "n", ("i",), ("task", "i")),
    ],
)
def test_index_sets(
    over: Over, single: bool, shared: bool, size: int, of_a_task: str, inside: tuple[str, ...], dims: tuple[str, ...]
) -> None:
    found = INDEX_SETS[over]
    assert (found.single, found.shared) == (single, shared)
    assert found.size(classes=3, tasks=5, examples=20) == size
    assert found.of_a_task("1", "K", "n") == of_a_task
    assert found.index("y", "i") == inside and found.dims(over_tasks=True) == dims
    assert found.row("first", "class", "task", "sample") == ("first" if over == "one" else over)
