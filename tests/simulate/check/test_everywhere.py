"""Every statement on the preset that it names first."""

from __future__ import annotations

import pytest

import gammarho as gr
from derivations.declare import Statement
from gammarho import cli
from simulate.check import everywhere


def test_each_statement_runs_where_it_speaks_until_it_has_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """(E.6) is about one number a draw, and the paper's own preset meets the hypotheses of neither."""
    monkeypatch.setattr(everywhere, "CASES", 6)
    told = gr.everywhere("pegr", statements=["E.6", "5.8", "B3-j-printed"], seeds=2, draws=60)
    assert [told[name].verdict for name in ("E.6", "5.8")] == ["holds", "holds"]
    assert (told["E.6"].draws, told["E.6"].cases) == (6, 6) and told["5.8"].cases > 6 and told["5.8"].draws == 2
    assert everywhere.passed(told) and told.results[0].statement.id == "E.6"
    assert gr.check("pegr", {}, ["E.6"], preset="paper", steps=5, seeds=1)["E.6"].verdict == "vacuous"


def test_what_says_nothing_on_its_own_preset_fails() -> None:
    never = Statement(id="never", kind="inequality", claim="loss >= 0", given="loss < 0", presets=("full-gradient",))
    told = gr.everywhere("pegr", statements=[never], seeds=1)
    assert told.passed and not everywhere.passed(told)
    with pytest.raises(gr.InputError, match="names no preset"):
        gr.everywhere("pegr", statements=[Statement(id="mine", kind="inequality", claim="loss >= 0")])


def test_the_switch(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "pegr", "5.8", "--all", "--seeds", "1"]) == 0
    assert "5.8  holds" in capsys.readouterr().out
    assert cli.main(["check", "pegr", "5.8", "--all", "--preset", "paper"]) == 2
    assert capsys.readouterr().err.startswith("gammarho: --all: each statement runs at its own preset's values")
