"""The papers' errata and claims for Python: errata of a paper as data, and one entry or claim in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derivations.commands import command
from derivations.papers import shelf
from simulate.check.witness import told
from simulate.errors import InputError, did_you_mean, nearest, quoted
from simulate.work import html

from .sections import Section, as_html

if TYPE_CHECKING:
    from derivations.ledger.errata import Erratum


@dataclass(frozen=True)
class Errata:
    """A paper's errata, in their order; iterate over them, or print them."""

    paper: str
    entries: tuple[Erratum, ...]

    def __iter__(self) -> Iterator[Erratum]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, name: str) -> Erratum:
        """The entry of an id.  Raises KeyError."""
        return {entry.id: entry for entry in self.entries}[name]

    def __str__(self) -> str:
        return shelf.ledger_text(self.paper).rstrip("\n")

    def _repr_html_(self) -> str:
        head = ("id", "kind", "where", "printed", "corrected", "why", "effect")
        rows = tuple(tuple(str(getattr(entry, each)) for each in head) for entry in self.entries)
        return as_html(f"{self.paper}: {len(self)} errata", [Section("", head, rows)])

    def page(self) -> str:
        """The errata as an HTML page of their own."""
        return html.page(f"{self.paper}: errata", self._repr_html_())


@dataclass(frozen=True)
class Explained:
    """One erratum or claim, whole, as text."""

    id: str
    text: str

    def __str__(self) -> str:
        return self.text


def errata(paper: str) -> Errata:
    """What a paper prints wrong: printed, corrected, why, effect, and the commands that show it.

    Raises:
        InputError: for a name that no paper with errata has.
    """
    known = shelf.with_errata()
    if paper not in known:
        cure = nearest(paper, known) if isinstance(paper, str) else f"expected one of {', '.join(known)}"
        raise InputError(f"paper: {quoted(paper)} has no errata recorded; {cure}")
    return Errata(paper, shelf.entries(paper))


def explain(name: str) -> Explained:
    """One erratum or one claim (a printed formula held against the derivation), whole; or a paper's claims by id.

    Raises:
        InputError: for a name that is none of these.
    """
    papers = shelf.with_errata()
    if name in papers:
        return Explained(name, shelf.claim_list(name))
    if name not in shelf.errata() and name not in (known := shelf.known()):
        paper = next((paper for paper in papers if name.startswith(paper)), "PAPER")
        listed = f"{command('errata', paper)} lists the errata and {command('explain', paper)} the claims"
        near = did_you_mean(name, known)
        cure = f"{listed}; {near}" if near else listed
        raise InputError(f"id: {quoted(name)} is not an erratum or a claim; {cure}")
    entry = shelf.errata().get(name)
    lines = [shelf.explain(name).rstrip("\n")]
    if entry is not None and entry.witness is not None:
        printed, corrected = told(entry.witness)
        lines += [f"  evaluated  printed    {printed}", f"             corrected  {corrected}"]
    return Explained(name, "\n".join(lines))
