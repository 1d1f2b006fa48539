"""Every statement of a paper is about something: it holds, with entries, on the preset that it names first."""

from __future__ import annotations

import pytest

import gammarho as gr
from derivations import coverage
from derivations.declare import Statement
from derivations.ledger.catalogue import counts
from derivations.papers.paper import PAPERS
from tests.helpers.slowly import one_in

SETTINGS = ("heterogeneous", "fomaml")
DRAWS = {"lemma-D.2": 200}  # at delta = 1/10; where it is 1/2, 14 decide
IN_FULL = {"pegr": 0.85, "nearly_orthogonal": 0.85, "fomaml": 0.85, "heterogeneous": 0.85}


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


@pytest.mark.parametrize(("setting", "preset"), one_in(4, _named()))
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
    found = gr.check(setting, None, apart, preset=preset, seeds=5, draws=20)  # of two, none meets all hypotheses
    wanted = {s.id: "violated" if s.erratum else "holds" for s in apart}
    assert {r.statement.id: r.verdict for r in found.results} == wanted


@pytest.mark.parametrize("setting", PAPERS)
def test_every_numbered_statement_is_executed_or_says_why_not(setting: str) -> None:
    """An id that is gone, an entry with neither ids nor a reason, and less in full than is promised, fail."""
    known, paper = {s.id for s in _statements(setting)}, PAPERS[setting]
    for entry in (*paper.catalogue, *paper.displays):
        assert set(entry.statements) <= known, entry.name
        assert entry.statements or entry.lacks, entry.name
    for entries in (paper.catalogue, paper.displays):
        assert len({entry.name for entry in entries}) == len(entries)
    numbered, full, _, _ = counts(paper.catalogue)
    assert full >= IN_FULL[setting] * numbered


@pytest.mark.parametrize("setting", ["pegr", "nearly_orthogonal"])
def test_every_statement_of_a_paper_is_in_its_catalogue(setting: str) -> None:
    """But for the invariants, which are ours, and the experiments."""
    paper, own = PAPERS[setting], ("I", "C.4-step", "sizes", "4.1-printed", "5.8")
    named = {one for entry in (*paper.catalogue, *paper.displays) for one in entry.statements}
    assert not [s.id for s in _statements(setting) if s.id not in named and not s.id.startswith(own)]


def test_the_page_is_the_catalogues() -> None:
    assert coverage.TARGET.read_text(encoding="utf-8") == coverage.text(), "run: make generate"
