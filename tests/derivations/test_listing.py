"""The list of what a declaration may say is what the code takes."""

from __future__ import annotations

from derivations import listing
from derivations.declare import ACTIVATIONS, FORMULAS, LOSSES, Observable
from derivations.declare.choices import kinds_of


def test_the_page_is_current() -> None:
    assert listing.TARGET.read_text(encoding="utf-8") == listing.text(), "run: make generate"


def test_the_page_has_every_word() -> None:
    page = listing.text()
    assert all(f"| `{word}` | " in page for word in (*ACTIVATIONS, *FORMULAS, *LOSSES))
    assert all(f"### {kind.__name__}\n" in page for kind in kinds_of(Observable))
