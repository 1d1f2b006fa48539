"""Every statement of a paper is about something: it holds, with entries, on the preset that it names first."""

from __future__ import annotations

from pathlib import Path

import pytest

import gammarho as gr
from derivations.declare import Statement
from derivations.ledger.catalogue import Numbered, row
from derivations.papers.fomaml import catalogue as fomaml
from derivations.papers.heterogeneous import catalogue as heterogeneous
from derivations.papers.paper import PAPERS

SETTINGS = ("heterogeneous", "fomaml")
DRAWS = {"lemma-D.2": 200}  # at delta = 1/10; where it is 1/2, 14 decide
CATALOGUES = {"heterogeneous": heterogeneous.CATALOGUE, "fomaml": fomaml.CATALOGUE}
DOCS = Path(__file__).parents[3] / "docs/statements.md"


def _statements(setting: str) -> tuple[Statement, ...]:
    recorded = PAPERS[setting].statements
    assert recorded is not None
    return recorded.statements


def _named() -> list[tuple[str, str]]:
    """Each setting with the presets that its statements name first."""
    return [(setting, preset) for setting in SETTINGS
            for preset in dict.fromkeys(s.presets[0] for s in _statements(setting) if s.presets)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_statement_names_where_it_speaks(setting: str) -> None:
    known = {preset.name for preset in PAPERS[setting].presets}
    for statement in _statements(setting):
        own = statement.instance is not None or statement.path is not None
        assert own != bool(statement.presets) and set(statement.presets) <= known, statement.id


@pytest.mark.parametrize(("setting", "preset"), _named())
def test_statements_are_alive_and_hold_on_their_preset(setting: str, preset: str) -> None:
    """Vacuous is no pass; a printed form that is false is refuted there, inside its own hypotheses."""
    there = [s for s in _statements(setting) if s.presets[:1] == (preset,)]
    found = gr.check(setting, None, there, preset=preset, seeds=1, draws=DRAWS.get(preset, 14))
    wanted = {s.id: "violated" if s.erratum else "holds" for s in there}
    assert {r.statement.id: r.verdict for r in found.results} == wanted
    assert all(r.met for r in found.results)


@pytest.mark.parametrize(("setting", "preset"), [("heterogeneous", "theorem-1"), ("fomaml", "theorem-4.4")])
def test_instances_speak_inside_the_printed_hypotheses(setting: str, preset: str) -> None:
    """Theorems E.3, E.9 and Lemma F.15 were refuted outside what Appendices E and F assume."""
    apart = [s for s in _statements(setting) if s.instance is not None]
    found = gr.check(setting, None, apart, preset=preset, seeds=2, draws=20)
    assert {r.statement.id: r.verdict for r in found.results} == dict.fromkeys((s.id for s in apart), "violated")


@pytest.mark.parametrize(("setting", "entries"), CATALOGUES.items())
def test_every_numbered_statement_is_executed_or_says_why_not(setting: str, entries: tuple[Numbered, ...]) -> None:
    """The docs' table is the catalogue's; an id that is gone, or an entry with neither ids nor a reason, fails."""
    known = {s.id for s in _statements(setting)}
    for entry in entries:
        assert set(entry.statements) <= known, entry.name
        assert entry.statements or entry.lacks, entry.name
    assert len({entry.name for entry in entries}) == len(entries)
    assert row(f"`{setting}`", entries) in DOCS.read_text()
