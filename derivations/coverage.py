"""docs/statements.md: what of each paper is executed, in full or in part, and where it speaks, from the catalogues.

`python -m derivations.coverage` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from .ledger.catalogue import Numbered, row
from .papers.paper import PAPERS, Paper

TARGET = Path(__file__).resolve().parents[1] / "docs" / "statements.md"
_HEAD = """# Numbered statements

What of a paper's numbered theorems, lemmas, hypotheses and claims `gammarho check` executes. "In full" is with every
hypothesis that the proof uses and every part of the conclusion, hidden constants and polylogarithms made explicit; "in
part" says what is missing. The lists are `derivations/papers/NAME/catalogue.py`, which a test walks; `make generate`
writes this page from them.
"""
_SPEAKS = """Every statement speaks somewhere: it names the presets on which its hypotheses hold, and a test fails where
it is vacuous on the first of them. What has values of its own is checked there, on any preset.
`gammarho check pegr --all` runs each of PEGR's statements where it speaks, and so with the other settings' names."""


def text() -> str:
    """The page."""
    parts = [_HEAD, *_table("numbered", {name: paper.catalogue for name, paper in PAPERS.items()}),
             *_table("displays of the proofs", {name: paper.displays for name, paper in PAPERS.items()}),
             *(line for paper in PAPERS.values() for line in _missing(paper)), _SPEAKS, "",
             *_rows("preset", "steps", "statements", "numbered"),
             *(line for paper in PAPERS.values() for line in _presets(paper)), ""]
    return "\n".join(parts)


def _table(title: str, lists: Mapping[str, Sequence[Numbered]]) -> Iterator[str]:
    """A row a paper that has such a list."""
    yield from _rows("paper", title, "in full", "in part", "not executed")
    yield from (row(f"`{name}`", entries) for name, entries in lists.items() if entries)
    yield ""


def _rows(*titles: str) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{' --- |' * len(titles)}"


def _missing(paper: Paper) -> Iterator[str]:
    """What is executed in part or not at all, and why."""
    entries = [entry for entry in (*paper.catalogue, *paper.displays) if entry.lacks]
    if entries:
        yield from (f"Of `{paper.name}` in part, or not:", "")
        yield from (f"- {entry.name}{'' if entry.statements else ' (not)'}: {entry.lacks}" for entry in entries)
        yield ""


def _presets(paper: Paper) -> Iterator[str]:
    """Each preset that a statement names first: how many do, and which numbered statements these execute."""
    recorded = paper.statements
    for preset in paper.presets:
        first = {s.id for s in recorded.statements if s.presets[:1] == (preset.name,)} if recorded else set()
        if first:
            named = [entry.name for entry in paper.catalogue if first & set(entry.statements)]
            yield f"| `{paper.name} --preset {preset.name}` | {preset.steps} | {len(first)} | {_listed(named)} |"


def _listed(names: Iterable[str]) -> str:
    """Names with a common first word once: Lemmas B.1, B.2."""
    by_kind: dict[str, list[str]] = {}
    for name in names:
        kind, _, number = name.partition(" ")
        by_kind.setdefault(kind, []).append(number)
    listed = "; ".join(f"{kind} {', '.join(numbers)}" for kind, numbers in by_kind.items())
    return listed or "none: invariants, displays"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
