"""The site: pages of papers as the program makes them, equations as MathML, the reference whole, and the build."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gammarho as gr
from derivations.notation.mathml import mathml
from derivations.papers.paper import PAPERS
from docs.making import markdown, notebooks, papers

ROOT = Path(__file__).parents[2]


def test_a_paper_has_a_page_with_all_that_the_program_says() -> None:
    page = papers.page("pegr", verdicts=False)
    for entry in gr.errata("pegr"):
        assert f"({papers.anchor(entry.id)})=" in page
    assert page.count("```{math}") == 4 and r"\zeta_{i}^{(t)}" in page
    assert "at a constant of 1" in page and "C = " not in page and "3.1.1" in page  # C is an observable
    assert all(f"gammarho figures pegr {name}" in page for name in ("signal", "phase"))
    assert all(markdown.code(each.id) in page for each in gr.describe("pegr").statements)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAPERS)
def test_each_paper_has_one_with_verdicts(name: str) -> None:
    assert set(papers.CHECKED) == set(PAPERS)
    page = papers.page(name)
    assert page.startswith("# ") and re.search(r"^  - holds$", page, re.MULTILINE)


def test_plain_text_stays_plain() -> None:
    assert markdown.plain("a_b * |x| <= [y]`z`") == r"a\_b \* \|x\| \<= \[y\]\`z\`"


def test_the_reference_has_every_public_function() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in gr.__all__ if not re.search(rf":: (?:[\w.]+\.)?{name}$", page, re.MULTILINE)]
    assert missing == ["__version__"]


@pytest.mark.parametrize("name", PAPERS)
def test_equations_are_mathml_whole(name: str) -> None:
    for display in re.findall(r"\\begin.*?\\end\{align\*\}", gr.derive(name).latex(), re.DOTALL):
        found = mathml(display, "block")
        shown = re.sub(r'aria-label="[^"]*"', "", found)
        assert "\\" not in shown
        assert set(re.findall(r'mathvariant="([^"]*)"', shown)) <= {"normal"}  # browsers know no other
        assert shown.count("<mtr>") == display.count(r"\\") + 1 + display.count(r"\begin{cases}")


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """From pages without verdicts, in a copy: no run, no network."""
    pytest.importorskip("sphinx", reason="an extra: pip install 'gammarho[docs]'")
    pytest.importorskip("furo", reason="an extra: pip install 'gammarho[docs]'")
    import shutil
    import subprocess
    import sys

    source = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("papers", "worked", "pictures", "__pycache__"))
    for folder in ("papers", "worked", "pictures", "pictures/worked"):
        (source / folder).mkdir()
    for picture in ("traded", "coefficients", "mine"):
        shutil.copyfile(ROOT / "docs" / "phase.png", source / "pictures" / f"{picture}.png")
    for notebook in notebooks.notebooks():
        page = notebooks.page(notebook, source / "pictures" / "worked")
        (source / "worked" / f"{notebook.stem}.md").write_text(page, encoding="utf-8")
    for name in PAPERS:
        (source / "papers" / f"{name}.md").write_text(papers.page(name, verdicts=False), encoding="utf-8")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(source), str(tmp_path / "html")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / "html").rglob("*.html")]
    assert len(pages) > 10
    loaded = [found for page in pages for found in re.findall(r'(?:src|href)="(https?:[^"]+)"', page)]
    assert not [url for url in loaded if url.endswith((".js", ".css"))]
