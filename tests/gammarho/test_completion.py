"""Completion in bash offers verbs, options, and what settings declare, one word at a time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Literal

import pytest

from gammarho import completion
from gammarho.cli import app, main

OFFERED = {
    "gammarho ph": {"phase"},
    "gammarho run pe": {"pegr"},
    "gammarho run mi": {"mine.py"},
    "gammarho run pegr --pre": {"--preset"},
    "gammarho run pegr --preset theorem": {"theorem-3.2", "theorem-3.3"},
    "gammarho run pegr sigma": {"sigma_p=", "sigma_0="},
    "gammarho run pegr regularizer =": {"none", "pegr", "fgr"},
    "gammarho run pegr lam = 0.1 et": {"eta="},
    "gammarho run pegr --plot rho_o": {"rho_over"},
    "gammarho conditions pegr --solve sigma_p": {"sigma_p"},
    "gammarho figures fomaml gro": {"growth"},
    "gammarho figures ph": {"phase"},
    "gammarho explain pegr-5.3": {"pegr-5.3"},
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not at hand")
def test_each_word_is_offered_what_fits(tmp_path: Path) -> None:
    """As bash calls it, which breaks words at "="; fails without the function for declarations."""
    (tmp_path / "mine.py").touch()
    (tmp_path / "script").write_text(app.generate_completion(shell="bash") + completion.of_declarations())
    calls = "".join(
        f"COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=(); "
        'PATH= _gammarho_declared; echo "${COMPREPLY[@]}"\n' for line in OFFERED)
    done = subprocess.run(["bash", "--norc", "-c", f"source ./script\n{calls}"], cwd=tmp_path, capture_output=True,
                          text=True, check=True)
    assert dict(zip(OFFERED, (set(line.split()) for line in done.stdout.splitlines()), strict=True)) == OFFERED


def test_it_is_installed_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(completion, "of_declarations", lambda: "# more\n")
    script = tmp_path / "script"
    assert main(["--install-completion", "--shell", "bash", "--output", str(script)]) == 0
    assert script.read_text().endswith("# more\n") and str(script) in (tmp_path / ".bashrc").read_text()
    assert main(["--install-completion", "--shell", "tcsh"]) == 2
    assert "shell: 'tcsh'; expected one of zsh, bash" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_verbs_and_options(shell: Literal["zsh", "fish"], tmp_path: Path) -> None:
    """As README promises; the shell itself reads the script where it is at hand."""
    script = app.generate_completion(shell=shell)
    assert all(word in script for word in ("phase", "conditions", "observables", "preset", "solve"))
    if shutil.which(shell) is not None:
        (tmp_path / "script").write_text(script)
        subprocess.run([shell, "-n", "script"], cwd=tmp_path, check=True)
