"""Lines in two alphabets: one printer each, the same lines in both, and LaTeX on lines that fit the page."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sympy as sp
from sympy.printing.printer import Printer

from derivations.calculus.roles import GramEntry, indexed
from derivations.calculus.symbols import Names, i, n
from derivations.declare import Activation, Coefficient, Directions, GradientDescent, Model, Parameter
from derivations.derive import derive
from derivations.notation import rows
from derivations.notation.latex import Latex
from derivations.notation.lines import BECOMES, Change, Entry, Factors, Line, Total
from derivations.notation.ranges import FromTo
from derivations.notation.readings import OneLoop, OneTask, Printed, PrintedTasks
from derivations.notation.signs import NEXT, NOW, Sign
from derivations.notation.text import Text
from derivations.notation.unicode import lettered
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from derivations.show.shown import display
from tests.helpers.slowly import one_in
from tests.helpers.typeset import COLUMN, environments, widest

from ..test_imports import every_import, modules
from .test_derivation import softmax_model

_OPTIONS = {"batch": "size", "momentum": "mom", "weight_decay": "decay", "radius": "rad", "label_noise": "flip"}


def with_options(model: Model) -> Model:
    """The model with every option of gradient descent."""
    more = (
        Parameter(name=name, latex="", meaning=name, kind="count" if option == "batch" else "real", default=1)
        for option, name in _OPTIONS.items()
    )
    return dataclasses.replace(
        model, algorithm=GradientDescent.by_option(_OPTIONS), parameters=(*model.parameters, *more)
    )


def with_long_names(model: Model) -> Model:
    """The model with coefficients and directions whose LaTeX is long."""
    return dataclasses.replace(
        model,
        directions=tuple(
            dataclasses.replace(
                family, latex=r"\boldsymbol{\mathrm{signal}}",
                coefficient=dataclasses.replace(family.coefficient, latex=r"\mathrm{learned}"),
            )
            for family in model.directions
        ),
    )


LATEX = {
    "pegr": pegr("pegr"), "none": pegr("none"), "fgr": pegr("fgr"), "fgr_q3": pegr("fgr", 3),
    "heterogeneous": heterogeneous(3), "nearly_orthogonal": nearly_orthogonal(), "softmax": softmax_model("full"),
    "softmax_pegr": softmax_model("per_example"), "long names": with_long_names(pegr("pegr")),
    "options": with_options(pegr("pegr")), "options_fgr": with_options(pegr("fgr")),
    "options_classes": with_options(heterogeneous(3)),
    **{method: fomaml(method) for method in ("train-train", "train-validation", "reptile")},
}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here to compile with")
@pytest.mark.parametrize("name", LATEX)
def test_latex_compiles_in_a_plain_article_without_overfull_boxes(name: str, tmp_path: Path) -> None:
    head = r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"
    source = f"{head}\n{derive(LATEX[name]).latex()}\n\\end{{document}}\n"
    (tmp_path / "doc.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "doc.tex"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout and "Underfull" not in done.stdout


@pytest.mark.parametrize("name", one_in(3, LATEX))
def test_latex_fits_the_column(name: str) -> None:
    """By the fonts' own metrics, where there is no TeX to ask."""
    shown = derive(LATEX[name]).latex()
    assert len(environments(shown)) >= 3 and widest(shown) <= COLUMN


def test_the_measure_of_a_page_sees_what_is_too_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONGEST", 1000.0)
    assert widest(derive(LATEX["pegr"]).latex()) > COLUMN


def joined(latex: str) -> str:
    """LaTeX without its line ends, what stands at the beginning of lines, and the size of parentheses."""
    plain = re.sub(r" \\\\\n&(\\qquad\\qquad \\times |\\qquad )", " ", latex)
    return re.sub(r"\\(left|right|[bB]ig[lr])(?=[()])|\s", "", plain)


@pytest.mark.parametrize("name", LATEX)
def test_breaking_loses_and_adds_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recursion = derive(LATEX[name])
    broken = recursion.latex()
    assert not re.search("[\ue000-\uf8ff]", broken)
    monkeypatch.setattr(rows, "LONGEST", 1000.0)
    assert joined(broken) == joined(recursion.latex())
    assert r"&\qquad" not in recursion.latex()


def right_sides(expr: sp.Expr) -> list[str]:
    """The right sides of the rows on which `x = expr` stands."""
    (found,) = environments(Latex(Printed(pegr("none"))).display([Line(Sign("x", "x"), (expr,))]))
    return [right for _, right in found]


WIDE = [sp.Symbol(f"{letter * 5}", positive=True) ** 2 for letter in "abcdefghpqrst"]


def test_a_long_sum_is_broken_before_its_terms_and_fills_its_lines() -> None:
    found = right_sides(sp.Add(*WIDE))
    assert 1 < len(found) < len(WIDE)
    assert all(line.startswith(r"\qquad + ") for line in found[1:])
    assert right_sides(sp.Add(*WIDE[:3])) == ["= aaaaa^{2} + bbbbb^{2} + ccccc^{2}"]


def test_a_long_product_is_broken_between_its_factors() -> None:
    found = right_sides(sp.Mul(*WIDE))
    assert len(found) > 1 and all(line.startswith(r"\qquad\qquad \times ") for line in found[1:])


def test_a_long_sum_in_parentheses_is_broken_inside_last_and_the_parentheses_stop_stretching() -> None:
    found = right_sides(WIDE[0] * sp.Add(*WIDE[1:]))
    assert len(found) == 2 and r"\Bigl(" in found[0] and found[1].endswith(r"\Bigr)") and r"\left(" not in found[0]
    assert r"\left(" in right_sides(WIDE[0] * sp.Add(*WIDE[1:4]))[0]


def test_a_term_of_several_lines_has_them_for_itself() -> None:
    found = right_sides(WIDE[0] + sp.Mul(*WIDE[1:]) + n)
    assert len(found) == 4 and found[0] == "= aaaaa^{2}" and found[3] == r"\qquad + n"
    assert found[1].startswith(r"\qquad + bbbbb") and found[2].startswith(r"\qquad\qquad \times ")


def test_an_update_is_broken_between_its_products_where_that_is_enough() -> None:
    shown = derive(pegr("pegr")).latex()
    assert shown.count(r"&\qquad + ") >= 4 and r"\times" not in shown


def test_a_line_is_one_piece_of_data_in_both_alphabets() -> None:
    model = pegr("none")
    names = Names(model)
    rho = Sign("rho", r"\rho")
    line = Line(
        Entry(rho, (names.head, i), NEXT),
        (Factors((Entry(rho, (names.head, i), NOW),)),
         Change(-1 / n, (Total((FromTo(i, sp.S.One, n),)),), ((sp.S.One, names.a(1, names.head, sp.Symbol("r"), i)),))),
        BECOMES,
    )
    assert Text(OneLoop(model)).line(line) == "rho_{j,i} <- rho_{j,i} - (1/n) sum_{i} [ <w_{j,r}, xi_i> ]"
    assert Latex(OneLoop(model)).display([line]) == (
        "\\begin{align*}\n"
        r"\rho_{j,i}^{(t+1)} &= \rho_{j,i}^{(t)} - \frac{1}{n} \sum_{i=1}^{n}\Bigl[ "
        r"\langle \mathbf{w}_{j,r}^{(t)}, \boldsymbol{\xi}_{i}\rangle \Bigr]"
        "\n\\end{align*}\n"
    )


@pytest.mark.parametrize("kind", [OneLoop, OneTask, Printed, PrintedTasks])
def test_a_power_of_a_squared_norm_is_one_power(kind: type[OneLoop]) -> None:
    model = fomaml() if kind in (OneTask, PrintedTasks) else pegr("none")
    family = model.directions[-1]
    at = (i,) * (2 if kind is PrintedTasks else 1)
    square = indexed(GramEntry(family.name, family.name))[(*at, *at)]
    assert Text(kind(model)).show(square**2).endswith("||^4") and "**" not in Text(kind(model)).show(square**2)
    assert Latex(kind(model)).show(square**2).endswith(r"\|_2^{4}")


@pytest.mark.parametrize("name", LATEX)
def test_both_alphabets_show_the_same_sections(name: str) -> None:
    shown = display(derive(LATEX[name]))
    for section in shown.sections:
        with_text, with_latex = len(section.text()) > 0, section.latex != ""
        assert with_text == with_latex, section.title


@pytest.mark.parametrize("name", LATEX)
def test_every_symbol_that_is_printed_is_defined(name: str) -> None:
    """sigma, ReLU, l and kappa, and the sets of examples, as text and in LaTeX."""
    shown = display(derive(LATEX[name]))
    used = {  # in text, in LaTeX, and what defines it there
        r"ReLU\(<": ("ReLU(z) = ", r"\mathrm{ReLU}(z) &="), r"\bsigma\(<": ("sigma(z) = ", r"\sigma(z) &="),
        r"\bsigma'\(<": ("sigma'(z) = ", r"\sigma'(z) &="), r"\bl'\(": ("l'(z) = ", r"\ell'(z) &="),
        r"\bl''\(": ("l''(z) = ", r"\ell''(z) &="), r"\bkappa\b": ("kappa = ", r"\kappa &="),
        r"\bS_\w\^tr": ("S_k^tr is", r"\mathcal{S}_k^{\mathrm{tr}} &="),
    }
    text, latex = shown.text(), shown.latex
    for pattern, (in_text, in_latex) in used.items():
        if re.search(pattern, text):
            assert in_text in text and in_latex in latex, pattern


def test_one_symbol_is_one_thing_in_text_and_latex() -> None:
    """FOMAML's coefficient of noise and its inner step size."""
    found = derive(fomaml())
    assert r"\rho_{j,r,k,i}" in found.latex() and r"\varrho" not in found.latex()
    assert "(gamma/n_1)" in str(found) and "gamma = eta_inner" in str(found)


def test_a_width_that_is_a_number_is_read_as_it_is_meant() -> None:
    """z/(1/2), and not z/1/2, which is 2 z."""
    activation = Activation(name="huberized_relu", width=0.5)
    model = dataclasses.replace(fomaml(), network=dataclasses.replace(fomaml().network, activation=activation))
    assert "/(1/2), 0, 1)" in str(derive(model))
    assert "where(z > 1/2, z - 1/4, where(z > 0, z**2, 0))" in str(derive(model))
    assert r"/\bigl(\frac{1}{2}\bigr)" in derive(model).latex()


@pytest.mark.parametrize("name", LATEX)
def test_unicode_is_the_text_in_other_letters(name: str) -> None:
    text, found = str(derive(LATEX[name])), derive(LATEX[name]).unicode()
    body = found.split("\n", 1)[1]
    assert len(found.splitlines()) == len(text.splitlines())
    assert not re.search(r"\b(gamma|rho|mu|xi|zeta|eta|sigma)\b(?!_[a-z]{2})|\|\||<-|\*\*|>=", body)
    assert "⟨" in body and "η" in body and ("‖" in body) == ("||" in text)


def test_unicode_reads_as_papers_write() -> None:
    assert lettered("rho_over = rho 1{j = y_i}") == "ρ\u0304 = ρ 1{j = y_i}"
    assert lettered("l''_i*zeta_i/m**2") == "ℓ″_i·ζ_i/m²"
    assert lettered("coefficients 0, gamma = eta_inner") == "coefficients 0, γ = eta_inner"
    assert lettered("g~_{j,r,k} <- ||mu||^4") == "g\u0303_{j,r,k} ← ‖μ‖⁴"


def test_there_is_one_printer_an_alphabet_and_the_kernels() -> None:
    found = {
        kind.__name__
        for name in modules() if name.startswith("derivations.") and not name.endswith("__main__")
        for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if issubclass(kind, Printer) and kind.__module__ == name
    }
    of_formulas = {"_Text", "_Latex", "FormulaPrinter", "LaneFormulaPrinter"}  # in z
    assert found == {
        "Alphabet", "Text", "Unicode", "Latex", "KernelPrinter", "LanePrinter", "TaskPrinter"} | of_formulas


BELOW = {
    "declare": set(), "calculus": {"declare"}, "notation": {"declare", "calculus"},
    "show": {"declare", "calculus", "notation"}, "kernel": {"declare", "calculus", "notation"},
    "ledger": {"declare", "calculus", "notation", "papers"},
}


def test_the_packages_of_the_derivation_know_only_those_below() -> None:
    known = {*BELOW, "papers", "derive", "generate"}
    wrong = []
    for each in every_import():
        root, _, inside = each.module.partition(".")
        package, target = inside.split(".")[0], each.target.split(".")
        if root == "derivations" and package in BELOW and target[0] == root and len(target) > 1:
            allowed = {package, *BELOW[package]}
            wrong += [f"{each.module} imports {each.target}"] if target[1] in known - allowed else []
    assert wrong == []


def test_a_declared_family_prints_by_its_own_sign() -> None:
    model = pegr("none")
    spare = Directions(name="nu", over="one", latex=r"\nu", coefficient=Coefficient(name="alpha", latex=r"\alpha"))
    wider = derive(dataclasses.replace(model, directions=(*model.directions, spare)))
    assert "alpha_{j,r} nu/||nu||^2" in str(wider)
    assert r"\alpha_{j,r}^{(t)} \frac{\nu}{\|\nu\|_2^2}" in wider.latex()


def scripts_of_one_base(source: str) -> list[tuple[str, str]]:
    """Places where something has two superscripts or two subscripts, which no TeX takes."""
    found, at = list[tuple[str, str]](), 0
    seen: set[str] = set()
    while at < len(source):
        char = source[at]
        if char in "^_":
            if char in seen:
                found.append((char, source[max(0, at - 30) : at + 5]))
            seen.add(char)
            at += 1
            if at < len(source) and source[at] == "{":
                end = closing(source, at)
                found += scripts_of_one_base(source[at + 1 : end])
                at = end + 1
            else:
                at += len(re.match(r"\\[A-Za-z]+|.", source[at:], re.DOTALL)[0])  # type: ignore[index]
            continue
        seen = set()
        if char == "{":
            end = closing(source, at)
            found += scripts_of_one_base(source[at + 1 : end])
            at = end + 1
        else:
            at += 1
    return found


def closing(source: str, at: int) -> int:
    """Where the brace that opens at a place closes."""
    depth = 0
    for end in range(at, len(source)):
        depth += (source[end] == "{") - (source[end] == "}")
        if depth == 0:
            return end
    raise AssertionError(f"a brace is never closed: {source[at : at + 40]}")


@pytest.mark.parametrize("model", [pegr("pegr"), heterogeneous(), nearly_orthogonal(), fomaml()])
def test_symbols_with_scripts_of_their_own_have_one_of_each(model: Model) -> None:
    r"""\gamma^{(1)} was printed as \gamma^{(1)}_{j,r}^{(t)}, a double superscript."""
    scripted = dataclasses.replace(model, directions=tuple(
        dataclasses.replace(
            family, latex=rf"\mathbf{{v}}_{{{at}}}",
            coefficient=dataclasses.replace(family.coefficient, latex=rf"\gamma^{{({at})}}"),
        )
        for at, family in enumerate(model.directions)
    ))
    assert scripts_of_one_base(r"\gamma^{(1)}_{j}^{(t)}") and scripts_of_one_base("v_1_{j}")
    for each in (model, scripted):
        assert scripts_of_one_base(derive(each).latex()) == []


@pytest.mark.parametrize("name", ["graph", "mixup"])
def test_halves_of_a_mixed_coefficient_go_by_the_label_of_the_example_that_it_is_of(name: str) -> None:
    """rho_k is of the example k that is mixed into others i; fails where LaTeX has y_i in y_k's place."""
    declared = importlib.import_module(f"examples.{name}").model
    latex, text = derive(declared).latex(), str(derive(declared))
    assert r"\mathbf{1}\{j = y_{k}\}" in latex and r"\mathbf{1}\{j = y_{i}\}" not in latex
    assert "rho_over = rho 1{j = y_k}, rho_under = rho 1{j != y_k}" in text
