"""The commands and the Python of README and of the site's pages, run as they stand there.

What takes minutes, needs data or is run by another test is listed with why.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import gammarho as gr
from benchmarks import power
from derivations.papers.paper import PAPERS
from docs.making.blocks import Blocks, blocks
from gammarho.cli import main
from simulate.check.family import Family
from simulate.check.spared import posed_sparing
from simulate.images.images import load

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
READ = ("index", "idea", "tutorial", "lemmas", "promises", "statements", "power")
PAGES = (README, *(ROOT / "docs" / f"{name}.md" for name in READ))
WALKED = {
    "models.md": "tests/gammarho/test_walkthrough.py runs it",
    "examples.md": "tests/test_examples.py runs each example",
}

# By how they begin.
NOT_RUN = {
    "gammarho --install-completion": "writes into the shell's own files; test_completion.py does so elsewhere",
    "make ": "minutes, in an environment of its own; test_make_knows_what_the_pages_ask_of_it reads what it would do",
    "gammarho check pegr --mutants ": "minutes; test_the_tables_of_power_are_made_by_their_commands runs it",
    "python -m benchmarks.power ": "reads what the line before it writes; run by the same test",
    "gammarho figures fomaml": "a quarter of an hour; test_figures_fomaml.py draws each at a small size",
    "dask ": "the cluster's own program, which test_cluster.py starts",
    "gammarho phase pegr --x lam=0.001:1:24:log --y sigma_p=0.1:2:24 --steps 1500 --out grid.zarr --scheduler":
        "needs the cluster, which test_cluster.py starts",
}
SLOW = {
    "gammarho figures ": "many runs, half a minute and more each",
    "gammarho run nearly_orthogonal --data ": "reads MNIST's files, where they can be had",
    "gammarho check ": "half a minute and more each",
    "gammarho phase ": "hundreds of cells, half a minute",
    "gammarho run heterogeneous --preset paper": "K = 5 classes, ten seconds",
    "gammarho run fomaml --preset mechanism method=train-train": "one more kernel, ten seconds",
    "gammarho validate pegr --preset paper": "an experiment of the paper's size in weight space, four seconds",
    "gammarho conditions pegr n=50 m=21 --steps 1000 --solve ": "four parameters at once, three seconds",
    "gammarho validate fomaml": "tasks in weight space, eight seconds",
    "gammarho gap ": "three more kernels are compiled, a minute",
    "gammarho sensitivity ": "some two thousand runs, ten seconds and more",
    "gammarho run mine.py": "compiles a kernel",
    "gammarho validate mine.py": "compiles a kernel",
}
OUTPUTS = {
    "gammarho sensitivity ": "pegr: test_error < 0.01 holds",
    "gammarho derive pegr --rates": "rate_xi = ",
    "gammarho gap pegr": "dropped ",
}
"""Commands whose output README shows, and how what is shown begins."""
FAILS = ("gammarho check pegr \"test_error <= 0.01\" --preset paper",)
"""Claims that the page says are false: they exit 1."""


@dataclass(frozen=True)
class Command:
    """A command line of a page, and the files that the page has the reader save."""

    page: Path
    line: str

    def __str__(self) -> str:
        return f"{self.page.name}: {self.line}"

    def begins(self, listed: dict[str, str]) -> bool:
        return any(self.line.startswith(start) for start in listed)


def inline(page: Path) -> list[str]:
    """The commands that stand in backquotes in the text."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = (" ".join(each.split()) for each in re.findall(r"`((?:gammarho [a-z]+|make) [^`]+)`", prose))
    return [each for each in found if not set("[<") & set(each)]  # with an optional part, or a placeholder


def commands() -> list[Command]:
    first: dict[str, Path] = {}
    for page in PAGES:
        for line in (*blocks(page).commands, *inline(page)):
            first.setdefault(line, page)  # two pages may have one in common
    return [Command(page, line) for line, page in first.items()]


CHEAP = [each for each in commands() if not each.begins(NOT_RUN) and not each.begins(SLOW)]
DEAR = [each for each in commands() if each.begins(SLOW) and not each.begins(NOT_RUN)]
Enter = Callable[[Path], Blocks]


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Goes into an empty folder with the files that a page has the reader save."""

    def entered(page: Path) -> Blocks:
        found = blocks(page)
        for name, text in found.files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return found

    return entered


def works(command: Command, enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends well and says something."""
    enter(command.page)
    program, *words = shlex.split(command.line)
    assert program == "gammarho"
    assert main(words) == (1 if command.line.startswith(FAILS) else 0)
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) > 3 or "wrote " in printed
    assert "PASS" in printed or " validate " not in command.line


@pytest.mark.parametrize("command", CHEAP, ids=str)
def test_a_command_works(command: Command, enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    if " validate " in command.line:
        pytest.importorskip("torch")
    works(command, enter, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("command", DEAR, ids=str)
def test_a_dear_command_works(command: Command, enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    if " --data " in command.line:
        try:
            load("mnist")
        except gr.InputError as error:
            pytest.skip(str(error))
    works(command, enter, capsys)


def test_what_the_readme_shows_is_some_commands_output() -> None:
    shown = [body for language, body in blocks(README).fenced if language == "text"]
    assert len(shown) == len(OUTPUTS)
    assert all(any(body.startswith(start) for body in shown) for start in OUTPUTS.values())


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize("line", [each.line for each in commands() if each.line.startswith("make ")])
def test_make_knows_what_the_pages_ask_of_it(line: str) -> None:
    told = subprocess.run([*line.split(), "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0 and ".venv/bin/" in told.stdout, told.stderr


@pytest.mark.slow
def test_the_table_of_verdicts_counts_every_statement() -> None:
    """What holds and what is on record as printed wrong, of the statements that `check --all` runs now."""
    page = (ROOT / "docs" / "power.md").read_text()
    for name, paper in PAPERS.items():
        if paper.statements is not None:
            said = paper.statements.statements
            wrong = sum(bool(each.erratum) for each in said)
            assert f"| `{name}` | {len(said)} | {len(said) - wrong} | {wrong} | 0 | 0 |" in page


@pytest.mark.parametrize("paper", PAPERS)
def test_the_table_of_power_has_the_mutants_that_are_made(paper: str) -> None:
    """Without judging any: as many as are made, but for those that runs refuse to read; the slow test counts them."""
    asked, _ = posed_sparing(paper, None, None, None)
    told = [Family(each, asked.quantities) for each in asked.statements if not each.erratum and each.path is None]
    page = (ROOT / "docs" / "power.md").read_text(encoding="utf-8")
    for title, stage in (("stages", True), ("one step, or the draw", False)):
        made = sum(len(each.suspects) for each in told if each.of_a_path is stage)
        (row,) = re.findall(rf"^\| `{paper}` \| {title} \| (\d+) \|", page, re.MULTILINE)
        assert 0.8 * made <= int(row) <= made, title


@pytest.mark.slow  # ten minutes
def test_the_tables_of_power_are_made_by_their_commands(enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    """The two lines of the page's block, one after the other."""
    page = ROOT / "docs" / "power.md"
    first, second = (next(line for line in enter(page).commands if line.startswith(start))
                     for start in ("gammarho check pegr --mutants --search 2 --json", "python -m benchmarks.power"))
    words, _, file = first.partition(" > ")
    assert main(shlex.split(words)[1:]) == 0
    Path(file).write_text(capsys.readouterr().out, encoding="utf-8")
    power.main(shlex.split(second)[3:])
    row = re.compile(r"^\| `pegr` \| (?:stages|one step, or the draw) \| \d+ \|", re.MULTILINE)
    printed = row.findall(capsys.readouterr().out)
    assert len(printed) == 2 and all(each in page.read_text(encoding="utf-8") for each in printed)  # as many mutants


@pytest.mark.slow
@pytest.mark.parametrize("verb", OUTPUTS)
def test_it_prints_what_the_readme_shows(verb: str, enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = [body for language, body in enter(README).fenced
                if language == "text" and body.startswith(OUTPUTS[verb])]
    (line,) = [each.line for each in commands() if each.page == README and each.line.startswith(verb)]
    assert main(shlex.split(line)[1:]) == 0
    assert set(filter(None, shown.splitlines())) <= set(capsys.readouterr().out.splitlines())


def test_the_python_of_the_readme_works(enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    for body in enter(README).python:
        exec(compile(body, "README.md", "exec"), {})
    assert ": PASS" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page != README and blocks(page).python], ids=str)
def test_the_python_of_a_page_works(page: Path, enter: Enter) -> None:
    for body in enter(page).python:
        exec(compile(body, page.name, "exec"), {})


def test_the_pages_are_read() -> None:
    """The parser finds what is there, and every list is about something."""
    readme = [each.line for each in commands() if each.page == README]
    verbs = {each.split()[1] for each in readme if each.startswith("gammarho ")}
    assert {"derive", "run", "validate", "conditions", "check", "errata", "phase", "figures"} <= verbs
    assert len(CHEAP) >= 6 and blocks(README).python
    for start in (*NOT_RUN, *SLOW):
        assert any(each.line.startswith(start) for each in commands()), start
    assert not any("#" in each.line for each in commands())


def test_every_page_with_code_is_listed() -> None:
    """And code has a language, without which no test would take it for code."""
    every = {page.name: blocks(page) for page in (ROOT / "docs").glob("*.md")}
    with_code = {name for name, found in every.items() if found.python or found.commands}
    assert with_code <= {page.name for page in PAGES} | set(WALKED)
    for page in (*PAGES, ROOT / "docs" / "models.md", ROOT / "CONTRIBUTING.md"):
        known = {"sh", "python", "text", "{math}", "{toctree}"}
        assert {language for language, _ in blocks(page).fenced} <= known, page


def test_the_shortest_model_is_one() -> None:
    """README and the tutorial show the same."""
    assert blocks(README).files == blocks(ROOT / "docs" / "tutorial.md").files != {}


@pytest.mark.slow
def test_the_picture_is_what_the_command_beside_it_draws(enter: Enter) -> None:
    import matplotlib.image

    found = enter(README)
    assert found.commands[0].startswith("gammarho phase ") and found.commands[0].endswith("--out phase.png")
    assert main(shlex.split(found.commands[0])[1:]) == 0
    drawn, kept = (matplotlib.image.imread(str(path)) for path in ("phase.png", ROOT / "docs" / "phase.png"))
    assert drawn.shape == kept.shape
    assert np.mean(np.abs(drawn - kept)) < 0.01  # fonts and rounding may differ


def test_the_sections_that_docstrings_cite_are_there() -> None:
    cited = {
        section
        for folder in ("derivations", "dynamics", "simulate", "figures", "gammarho")
        for path in (ROOT / folder).rglob("*.py")
        for section in re.findall(r'README, "([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert cited and cited <= set(re.findall(r"^## (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE))
