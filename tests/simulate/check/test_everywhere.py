"""Every statement on the preset that it names first."""

from __future__ import annotations

import pytest

import gammarho as gr
from derivations.declare import Statement
from derivations.papers.paper import PAPERS
from gammarho import cli
from simulate.check import everywhere
from simulate.check.bench import Result
from simulate.check.check import Check
from simulate.check.posed import posed
from simulate.check.verdict import Verdict


def test_each_statement_runs_where_it_speaks_until_it_has_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """(E.6) is about one number a draw, and the paper's own preset meets the hypotheses of neither."""
    monkeypatch.setattr(everywhere, "CASES", 6)
    told = gr.everywhere("pegr", statements=["E.6", "5.8", "B3-j-printed"], seeds=2, draws=60)
    assert [told[name].verdict for name in ("E.6", "5.8")] == ["holds", "holds"]
    assert (told["E.6"].draws, told["E.6"].cases) == (6, 6) and told["5.8"].cases > 6 and told["5.8"].draws == 2
    assert told and told.results[0].statement.id == "E.6"
    assert gr.check("pegr", {}, ["E.6"], preset="paper", steps=5, seeds=1)["E.6"].verdict == "vacuous"


def test_what_says_nothing_on_its_own_preset_fails() -> None:
    never = Statement(id="never", kind="inequality", claim="loss >= 0", given="loss < 0", presets=("full-gradient",))
    told = gr.everywhere("pegr", statements=[never], seeds=1)
    assert not told and not told.passed and not told.alive.passed and not told.to_dict()["passed"]
    with pytest.raises(gr.InputError, match="names no preset"):
        gr.everywhere("pegr", statements=[Statement(id="mine", kind="inequality", claim="loss >= 0")])


def test_the_switch(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "pegr", "5.8", "--all", "--seeds", "1"]) == 0
    assert "5.8  holds" in capsys.readouterr().out
    assert cli.main(["check", "pegr", "5.8", "--all", "--preset", "paper"]) == 2
    assert capsys.readouterr().err.startswith("gammarho: --all: each statement runs at its own preset's values")


def _answer(verdict: Verdict, given: str = "") -> Result:
    said = Statement(id="own", kind="inequality", claim="loss >= 0", given=given, presets=("full-gradient",))
    return Result(statement=said, verdict=verdict, detail="", draws=1, met=0, failed=0)


def test_the_library_and_the_command_line_agree_on_what_is_vacuous(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the Check of a vacuous statement was true, and `check --all` exited 1; its hypotheses were not named."""
    recorded = PAPERS["pegr"].statements
    assert recorded is not None
    (named,) = [each for each in recorded.quantities if each.name == "coherence"]
    vacuous = _answer("vacuous", given="coherence < 0")
    plain = Check(setting="pegr", paper="", about="", notes=(), results=(vacuous,))
    monkeypatch.setattr(everywhere, "check", lambda *_, **__: plain)
    told = gr.everywhere("pegr", statements=[vacuous.statement])
    assert plain and not told and not told.alive and told.hypotheses == (named,)
    monkeypatch.setattr(everywhere, "posed", lambda *_: posed("pegr", [vacuous.statement], {}, None))
    assert cli.main(["check", "pegr", "--all"]) == 1 and "coherence" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("--mutants --inductive --alive", "--alive: it does not go with --mutants"),
        ("--mutants --inductive", "--inductive: it does not go with --mutants"),
        ("--search 3 --all", "--search: it does not go with --all"),
        ("--search 3 --draws 9", "--draws: it does not go with --search"),
        ("--search 3 --alive", "--alive: it does not go with --search"),
        ("--inductive --seeds 2", "--seeds: it does not go with --inductive"),
        ("--all --steps 3", "--all: each statement runs at its own preset's values; leave --steps out"),
        ("--all n=3", "--all: each statement runs at its own preset's values; leave values out"),
    ],
)
def test_ways_of_checking_that_exclude_each_other_are_named(
    more: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the first was taken and the rest left without a word."""
    assert cli.main(["check", "pegr", "5.8", *more.split()]) == 2
    assert capsys.readouterr().err.startswith(f"gammarho: {said}")
