"""LaTeX of shipped models and of twelve others: whole as far as is seen without TeX, and in KaTeX and TeX too."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from derivations.declare import Model
from derivations.derive import derive
from derivations.papers.paper import PAPERS
from docs.making.blocks import blocks
from examples import gallery
from gammarho.description import describe
from tests.helpers import sums_of_terms
from tests.helpers.tex import KNOWN, problems

from .test_notation import LATEX, scripts_of_one_base

ROOT = Path(__file__).parents[2]
OWN = ("mine", "kou", "sum", "two views", "long names", *gallery.NAMES)
SHIPPED = tuple(name for name in LATEX if name not in ("long names",))


@functools.cache
def own() -> dict[str, Model]:
    """Models that no paper of ours has: the examples, README's, and those of other tests."""
    from figures.phase.kou import MODEL as KOU  # it loads what draws

    scope: dict[str, Model] = {}
    exec(blocks(ROOT / "README.md").files["mine.py"], scope)
    examples = {name: importlib.import_module(f"examples.{name}").model for name in gallery.NAMES}
    return {"mine": scope["model"], "kou": KOU, "sum": sums_of_terms.xor(), "two views": sums_of_terms.views(),
            "long names": LATEX["long names"], **examples}


@functools.cache
def latex(name: str) -> str:
    return derive(LATEX[name] if name in SHIPPED else own()[name]).latex()


def displays(source: str) -> list[str]:
    return re.findall(r"\\begin\{align\*\}.*?\\end\{align\*\}", source, re.DOTALL)


def symbols() -> dict[str, str]:
    """The LaTeX of every parameter, variable and event of the papers."""
    found: dict[str, str] = {}
    for name in PAPERS:
        about = describe(name)
        found |= {f"{name}, {each.name}": each.symbol for each in about.parameters}
        found |= {f"{name}, {each.name}": each.symbol for each in (*about.variables, *about.events)}
    return found


def test_there_are_twelve_models_of_others() -> None:
    assert tuple(own()) == OWN and len(OWN) >= 12


@pytest.mark.parametrize("name", [*SHIPPED, *OWN])
def test_latex_is_whole(name: str) -> None:
    """Fails on an open brace, a second superscript, a second mark of alignment, and a command that KaTeX has not."""
    assert problems(latex(name)) == [] and scripts_of_one_base(latex(name)) == []


def test_symbols_of_variables_are_whole() -> None:
    for name, symbol in symbols().items():
        assert problems(symbol) == [] and scripts_of_one_base(symbol) == [], name


@pytest.mark.parametrize(("wrong", "said"), [
    (r"\begin{align*} a &= {b \end{align*}", "1 braces are not closed"), ("a}", "a brace is closed"),
    (r"\left( a", "1 of"), (r"\begin{align*} a", "environments"), (r"\gamm", r"\gamm is no command"),
    (r"\begin{align*} a &= b &= c \\ d &= e \end{align*}", "2 marks of alignment"),
])
def test_what_is_wrong_is_seen(wrong: str, said: str) -> None:
    assert any(said in each for each in problems(wrong))


def test_every_known_command_is_written_somewhere() -> None:
    """The list is of what we write, and no dictionary."""
    written = set(re.findall(r"\\[A-Za-z]+\*?|\\.", " ".join([*map(latex, (*SHIPPED, *OWN)), *symbols().values()])))
    assert KNOWN <= written


KATEX = """
const katex = require("katex"), found = [];
for (const [name, tex] of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  try { katex.renderToString(tex, {displayMode: true, throwOnError: true, strict: "error"}); }
  catch (error) { found.push(name + ": " + error.message); }
}
console.log(JSON.stringify(found));
"""


def _has_katex() -> bool:
    """Whether node finds KaTeX: in node_modules of the repository, or where NODE_PATH says."""
    return shutil.which("node") is not None and subprocess.run(
        ["node", "-e", 'require("katex")'], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_katex_takes_every_model() -> None:
    """Strictly, each display as a page shows it; `npm install katex`, or NODE_PATH, brings it."""
    if not _has_katex():
        pytest.skip("no KaTeX here: npm install katex, and NODE_PATH to its node_modules")
    asked = [*((name, each) for name in (*SHIPPED, *OWN) for each in displays(latex(name))),
             *((name, symbol) for name, symbol in symbols().items() if symbol)]
    done = subprocess.run(["node", "-e", KATEX], cwd=ROOT, input=json.dumps(asked), capture_output=True, text=True,
                          check=True, env=os.environ)
    assert json.loads(done.stdout) == [] and len(asked) > 100


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here to compile with")
def test_models_of_others_compile_in_tex(tmp_path: Path) -> None:
    """All in one article; the shipped ones are compiled one by one in test_notation.py."""
    head = r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"
    body = "\n\\newpage\n".join(latex(name) for name in own())
    (tmp_path / "doc.tex").write_text(f"{head}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    done = subprocess.run(["pdflatex", "-halt-on-error", "doc.tex"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout[-2000:]
