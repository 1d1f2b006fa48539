"""errata and explain: what the papers print wrong, and one entry or statement in full."""

from __future__ import annotations

from .shared import Switch


def errata(paper: str | None = None, /, *, latex: Switch = False, html: Switch = False) -> int:
    """Print a paper's errata: printed, corrected, why, effect, and the commands that show it.

    Args:
        paper: a setting's name, such as pegr; every paper without it.
        latex: as a LaTeX article, one paper's, with its displays.
        html: as a page for a browser, one paper's: gammarho errata pegr --html > errata.html.
    """
    from derivations.papers import shelf
    from gammarho import ledger
    from simulate.errors import InputError

    if latex or html:
        asked = "--latex" if latex else "--html"
        if latex and html:
            raise InputError("--html: a page is of one kind; leave --latex or --html out")
        if paper is None:
            raise InputError(f"{asked}: a page is about one paper; name it, as in gammarho errata pegr {asked}")
        found = ledger.errata(paper)
        print(shelf.ledger_page(paper) if latex else found.page())
        return 0
    print("\n\n".join(str(ledger.errata(name)) for name in (shelf.with_errata() if paper is None else (paper,))))
    return 0


def explain(name: str, /) -> int:
    """Print one erratum or one claim (a printed formula held against the derivation), whole.

    Args:
        name: its id, such as pegr-5.3 or pegr-5.3-gamma; a paper's name, such as pegr, lists the ids of its claims.
    """
    from gammarho import ledger

    print(ledger.explain(name))
    return 0
