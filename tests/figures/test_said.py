"""What a caption claims is what its data show: claims go where the data do not show them, and words of outcome are kept
out of what is only said of how the data were made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

import figures
from dynamics.arrays import Array
from figures import style
from figures.nearly_orthogonal import drawing, plans
from figures.pegr import curves
from figures.pegr.runs import PAPER, READINGS, Curves, Key, keys
from figures.said import SIZE, Made, Shown, Where, folded, height, recorded, shown

HERE = Path(str(figures.__file__)).parent
OUTCOME = re.compile(
    r"(?<!-)\b(learns?|learned|memori[sz]e[sd]?|grows?|grown|falls?|rises?|stays?|trains|settles|moves?|lowers|hardly|"
    r"wins?|agrees?|appears?|little|changes nothing|far (below|out|above)|does not (train|learn|move|grow|fall)|"
    r"is seen|no point)\b"
)
COMPUTED, DRAWN = ("Shown", "shown", "Where", "Quoted", "InputError"), ("Figure", "Plan")
MEANT = (  # what a line or a symbol is, or what is done to data
    "lam_xi and lam_mu, where noise and signal no longer grow in the linear stage",
)


def _claims(path: Path) -> Iterator[str]:
    """The words of a module that may end in a figure without numbers from its data.

    Not those of Shown, Where and Quoted; of docstrings the first line alone, of functions that draw.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    apart: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in COMPUTED:
            apart |= set(ast.walk(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            apart.add(node.value)  # a docstring
        if isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Name) and node.returns.id in DRAWN:
            yield (ast.get_docstring(node) or "").split("\n")[0]
    yield from (node.value for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in apart)


def test_no_outcome_is_said_without_numbers() -> None:
    """Fails on "The split learns the shared feature" as a title, and on "PEGR memorises noise in one draw"."""
    found = {f"{path.name}: {words}" for path in HERE.rglob("*.py") for words in _claims(path)
             if OUTCOME.search(words) and not words.startswith(MEANT)}
    assert not found


def test_a_sentence_of_the_data_needs_its_numbers() -> None:
    assert str(shown("{a:.2f} of {b}", a=0.5, b=3)) == "0.50 of 3"
    for template, numbers in (("nothing", {}), ("{a}", {}), ("{a}", {"a": 1, "b": 2})):
        with pytest.raises(ValueError, match="has the numbers"):
            Shown(template, numbers)
        if numbers:
            with pytest.raises(ValueError, match="has the numbers"):  # before, a KeyError where it is printed
                Where(True, template, numbers)
    assert str(Where(False, "It is so.")) == "" and str(Where(True, r"$\gamma_{j}$ it is")) == r"$\gamma_{j}$ it is"
    assert recorded([Made("m"), Where(False, "no"), shown("{a}", a=1)]) == [
        {"says": "m", "kind": "made"}, {"says": "1", "kind": "shown", "by": {"a": 1}}]


def test_lines_are_as_wide_as_the_page() -> None:
    said = [Made(r"A word, $\sigma_p = \frac{1}{2}$ and \$ more. " * 12), Made("The next.")]
    lines = folded(said, 5.0)
    assert len(lines) > 3 and " ".join(" ".join(lines).split()) == " ".join(" ".join(map(str, said)).split())
    font = FontProperties(size=SIZE)
    for line in lines:
        assert text_to_path.get_text_width_height_descent(line, font, True)[0] < 72 * 5.0
    with style.context():
        assert folded([Made("")], 5.0) == []


def test_a_value_stands_on_the_line_of_its_name() -> None:
    """Before, a caption had "nu_norm" at the end of a line, and "= 1" on the next."""
    words = "alpha = 1, beta_with_a_name = 0.25, gamma = hello. " * 9
    for inches in (2.0, 2.3, 2.7, 3.1):
        for line in folded([Made(words)], inches):
            assert not line.startswith("=") and not line.rstrip().endswith("=") and line.split()[-1][-1] in ",."
    long = folded([Made(f"a = {'x' * 40}")], 2.0)
    assert " ".join(long).split() == ["a", "=", "x" * 40]


def _curves(name: str, last: dict[Key, list[float]], lost: frozenset[Key] = frozenset()) -> dict[Key, Curves]:
    """Curves of five draws that end so; all others end at 0."""
    t, found = np.array([0, 1500]), {}
    for key, parameters in keys(PAPER):
        ends: Array = np.array(last.get(key, [0.0] * 5))
        values = np.stack([np.zeros(5), ends], axis=1)
        flags = np.zeros((5, 2), dtype=bool)
        flags[:, 1] = key in lost
        found[key] = Curves(parameters, t, {name: values}, {name: flags})
    return found


def _said(name: str, found: dict[Key, Curves]) -> str:
    return " ".join(str(each) for each in curves.sentences(PAPER, found, (name,)))


def test_draws_are_unlike_where_they_end_apart_and_nowhere_else() -> None:
    """Fails on a caption that says so of every figure, under a test accuracy whose draws all end at 1 too."""
    apart: Key
    plain: Key
    apart, plain = (READINGS[1].key, "pegr", 1.0), (READINGS[1].key, "none", 1.0)
    noise = _curves("noise", {apart: [0.1, 0.1, 0.1, 0.1, 8.0], plain: [9.0, 9.1, 9.2, 9.0, 9.1]})
    said = _said("noise", noise)
    assert r'"Sum of filters" PEGR $\sigma_p=1$ (0.1 to 8)' in said and "standard" not in said
    alike = _curves("accuracy", {key: [1.0] * 5 for key, _ in keys(PAPER)})
    for quiet in (alike, _curves("accuracy", {apart: [1.0, 0.99, 1.0, 1.0, 1.0], plain: [0.5] * 5})):
        assert "apart" not in _said("accuracy", quiet) and "memorise" not in _said("accuracy", quiet)
    assert "apart" not in _said("noise", _curves("noise", {apart: [0.1] * 4 + [8.0]}, frozenset({apart})))


def test_a_hatched_curve_is_said_to_be_no_result_where_there_is_one() -> None:
    key: Key = (READINGS[2].key, "pegr", 1.5)
    assert curves.ROUNDED in _said("noise", _curves("noise", {}, frozenset({key})))
    assert curves.ROUNDED not in _said("noise", _curves("noise", {}))


def test_where_a_row_ends_is_computed() -> None:
    """Fails on "the loss stays at log 2 and the network does not train"."""
    plan = replace(plans.figure_5(), seeds=2)
    ends = {column.name: np.array([[1.0, 2.0], [1.0, 3.0]]) for column in plan.columns}
    found = {curve: {**ends, "loss": np.array([[0.7, 0.2], [0.7, 0.1]])} for curve in plan.curves}
    said = " ".join(str(each) for each in drawing.sentences(plan, found))
    assert said.count("training loss $L_S$ from 0.1 to 0.2; the loss moved by up to 0.6.") == 2
    assert said.count("stable rank of $W_j$ 2.45, 2.45, 2.45, 2.45,") == 2  # geometric means, as the curves are
    assert r"stable rank of $W_j$ $-$ 1 from 2 to 3" in said and "does not train" not in said


def test_how_far_draws_end_apart_is_measured_on_the_axis() -> None:
    """Four draws near 0 and one at 1 are far apart on a symmetric logarithmic axis to 5, and not on a plain one."""
    apart: Key = (READINGS[1].key, "pegr", 1.0)
    ends = {apart: [1e-4, 1e-4, 1e-3, 0.05, 1.2], (READINGS[1].key, "none", 1.0): [-4.0, 5.0, 5.0, 5.0, 5.0]}
    shown = _curves("max_rho_over", ends)
    by_place = str(curves._unlike(shown, ("max_rho_over",), curves._SYMMETRIC.place))
    assert "(0.0001 to 1.2)" in by_place
    assert "(0.0001 to 1.2)" not in str(curves._unlike(shown, ("max_rho_over",), np.asarray))


def test_a_line_with_a_formula_is_given_the_room_that_it_takes() -> None:
    """Fails where every line is taken for one of plain words: a caption then meets the legend above it."""
    plain, tall = ["words below words"] * 2, [r"$\max_r\,\langle w_{y,r}, \xi_{k,i}\rangle$ in words", "words"]
    figure = Figure()
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    for lines in (plain, tall):
        drawn = figure.text(0, 0, "\n".join(lines), fontsize=SIZE).get_window_extent(renderer).height / figure.dpi
        assert height(lines) == pytest.approx(drawn, abs=0.03)
    assert height(tall) > height(plain) + 0.02
