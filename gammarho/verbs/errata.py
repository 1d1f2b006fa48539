"""errata and explain: what the papers print wrong, and one entry or statement in full."""

from __future__ import annotations

from .shared import Switch


def errata(paper: str | None = None, /, *, latex: Switch = False) -> int:
    """Print a paper's errata: printed, corrected, why, effect, and the commands that show it.

    Args:
        paper: a setting's name, such as pegr; every paper without it.
        latex: as a LaTeX article, one paper's, with its displays.
    """
    from derivations.papers import shelf
    from gammarho import ledger
    from simulate.errors import InputError

    if latex:
        if paper is None:
            raise InputError("--latex: a page is about one paper; name it, as in gammarho errata pegr --latex")
        ledger.errata(paper)
        print(shelf.ledger_page(paper))
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
