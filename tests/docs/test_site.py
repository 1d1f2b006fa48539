"""The site: pages of papers as the program makes them, equations as MathML, the reference whole, and the build."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gammarho as gr
from derivations.notation.mathml import mathml
from derivations.papers.paper import PAPERS
from docs.making import markdown, notebooks, papers
from docs.making.browser import PROGRAMS, SCHEMES, WIDTHS, Browser, browser, program

ROOT = Path(__file__).parents[2]


def test_a_paper_has_a_page_with_all_that_the_program_says() -> None:
    page = papers.page("pegr", verdicts=False)
    for entry in gr.errata("pegr"):
        assert f"({papers.anchor(entry.id)})=" in page
    assert page.count("```{math}") == 4 and r"\zeta_{i}^{(t)}" in page
    assert "at a constant of 1" in page and "C = " not in page and "3.1.1" in page  # C is an observable
    assert all(f"gammarho figures pegr {name}" in page for name in ("signal", "phase"))
    assert all(markdown.code(each.id) in page for each in gr.describe("pegr").statements)


def test_what_fonts_lack_and_what_tex_spaces_is_set_otherwise() -> None:
    """Before, the set that was left out stood beside the other without a sign, and z sigmoid(z) was one word."""
    assert "<mo>&#x02216;</mo>" in mathml(r"A\setminus B", "inline")
    sigmoid = mathml(r"z \operatorname{sigmoid}(z)", "inline")
    assert '<mo lspace="0.167em" rspace="0" form="prefix">sigmoid</mo>' in sigmoid
    assert "<mo>max</mo>" in mathml(r"\max_r a_r", "inline")


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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """What building says, and the pages, in a copy: papers without verdicts, no run but the notebooks', no network."""
    pytest.importorskip("sphinx", reason="an extra: pip install 'gammarho[docs]'")
    pytest.importorskip("furo", reason="an extra: pip install 'gammarho[docs]'")
    place = tmp_path_factory.mktemp("site")
    source = place / "docs"
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
        papers.copy_drawn(name, source / "pictures")  # which the pages show where somebody has drawn them
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(source), str(place / "html")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    return built, place / "html"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(site: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    built, html = site
    assert built.returncode == 0, built.stderr
    pages = [path.read_text(encoding="utf-8") for path in html.rglob("*.html")]
    assert len(pages) > 10
    loaded = [found for page in pages for found in re.findall(r'(?:src|href)="(https?:[^"]+)"', page)]
    assert not [url for url in loaded if url.endswith((".js", ".css"))]


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    path = program()
    if path is None:
        pytest.skip(f"none of {', '.join(PROGRAMS)} is installed")
    with browser(path) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole_in_a_browser(
    width: int, scheme: str, site: tuple[subprocess.CompletedProcess[str], Path], shown: Browser
) -> None:
    """Nothing in the console, nothing beyond the window or its cell, no faint text, no missing picture, no network."""
    _, html = site
    found = {page.name: shown.look(page, width, scheme) for page in sorted(html.rglob("*.html"))}
    assert len(found) > 10 and all(seen.title for seen in found.values())
    assert not {name: seen.faults for name, seen in found.items() if seen.faults}


def test_a_page_that_is_not_whole_is_seen(shown: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<title>whole</title><p>black on white</p><div style='overflow: auto'><p style='width: 900px'>a")
    assert shown.look(page, 390, "light").faults == {}
    page.write_text(
        "<title>broken</title><style>@media (prefers-color-scheme: dark) { body { background: #111 } }</style>"
        "<p style='width: 800px'>wide</p><table><td style='max-width: 50px'><b>unbreakably-long-word-in-a-cell</b>"
        "</table><div style='overflow: hidden; width: 300px'><p style='width: 350px'>cut off</div>"
        "<img src='absent.png'><script>console.error('said'); absent()</script>")
    seen = shown.look(page, 390, "dark")
    assert seen.over == 800 + 8 - 390 and {"wide", "unbreakably-long-word-in-a-cell", "cut off"} <= {
        each.split(": ")[1] for each in seen.beyond}
    assert any("wide" in each for each in seen.faint) and seen.broken == ("absent.png",)
    assert any("said" in each for each in seen.errors) and any("absent is not defined" in each for each in seen.errors)
    assert not shown.look(page, 1280, "light").faint
