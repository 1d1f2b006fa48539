"""README's commands and its Python, run as they stand there; what takes minutes or needs data is listed with why."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gammarho.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

# By how they begin.
NOT_RUN = {
    "make ": "sets up an environment and takes minutes; continuous integration runs them",
    "gammarho figures ": "a minute and more; tests/figures/ draw every figure at a small size",
    "dask ": "the cluster's own program, which test_cluster.py starts",
    "gammarho run nearly_orthogonal --data ": "needs MNIST's files; test_real_data.py runs it on small stand-ins",
}
SLOW = {
    "gammarho check ": "half a minute and more each",
    "gammarho phase ": "576 cells, half a minute",
    "gammarho sensitivity ": "some two thousand runs, ten seconds and more",
}


def commands() -> list[str]:
    """Each once, in order: lines of the plain code blocks without their comments, and what stands in backquotes."""
    lines = [line.split("  #")[0].split(" # ")[0].strip() for kind, body in BLOCKS if not kind
             for line in body.splitlines()]
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)
    inline = [" ".join(found.split()) for found in re.findall(r"`((?:gammarho|make) [^`]+)`", prose)]
    return list(dict.fromkeys(line for line in [*lines, *inline] if line))


def begins(command: str, listed: dict[str, str]) -> bool:
    return any(command.startswith(start) for start in listed)


CHEAP = [each for each in commands() if not begins(each, NOT_RUN) and not begins(each, SLOW)]
DEAR = [each for each in commands() if begins(each, SLOW)]


def works(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints, run in an empty folder; it has to end well and say something."""
    program, *words = shlex.split(command)
    assert program == "gammarho"
    monkeypatch.chdir(folder)
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) > 3
    return printed


@pytest.mark.parametrize("command", CHEAP)
def test_a_command_of_the_readme_works(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if " validate " in command:
        pytest.importorskip("torch")
    printed = works(command, tmp_path, monkeypatch, capsys)
    assert ("PASS" in printed) or " validate " not in command


@pytest.mark.slow
@pytest.mark.parametrize("command", DEAR)
def test_a_dear_command_of_the_readme_works(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    works(command, tmp_path, monkeypatch, capsys)


def test_the_python_of_the_readme_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)  # it writes a picture
    for kind, body in BLOCKS:
        if kind == "python":
            exec(compile(body, "README.md", "exec"), {})
    assert ": PASS" in capsys.readouterr().out


def test_the_page_is_read() -> None:
    """The parser finds what is there, and every list is about something."""
    verbs = {each.split()[1] for each in commands() if each.startswith("gammarho ")}
    assert {"derive", "run", "validate", "conditions", "check", "errata", "phase", "figures"} <= verbs
    assert len(CHEAP) >= 6 and any(kind == "python" for kind, _ in BLOCKS)
    for start in (*NOT_RUN, *SLOW):
        assert any(each.startswith(start) for each in commands()), start
    assert not any("#" in each for each in commands())


def test_the_sections_that_docstrings_cite_are_there() -> None:
    cited = {
        section
        for folder in ("derivations", "dynamics", "simulate", "figures", "gammarho")
        for path in (ROOT / folder).rglob("*.py")
        for section in re.findall(r'README, "([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert cited and cited <= set(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))
