"""errata and explain: what the papers print wrong, and one entry or statement in full."""

from __future__ import annotations

from simulate.errors import InputError, nearest, quoted


def errata(paper: str | None = None, /) -> int:
    """Print a paper's errata: printed, corrected, why, effect, and the commands that show it.

    Args:
        paper: a setting's name, such as pegr; every paper without it.
    """
    from derivations.papers import shelf

    known = shelf.with_errata()
    if paper is not None and paper not in known:
        raise InputError(f"paper: {quoted(paper)} has no errata recorded; {nearest(paper, known)}")
    print("\n".join(shelf.ledger_text(name) for name in (known if paper is None else (paper,))).rstrip("\n"))
    return 0


def explain(name: str, /) -> int:
    """Print one erratum or one claim (a printed formula held against the derivation), whole.

    Args:
        name: its id, such as pegr-5.3 or pegr-5.3-gamma; a paper's name, such as pegr, lists the ids of its claims.
    """
    from derivations.papers import shelf

    papers = shelf.with_errata()
    if name in papers:
        print(shelf.claim_list(name))
        return 0
    if name not in shelf.errata() and name not in (known := shelf.known()):
        close = nearest(name, known)
        paper = next((paper for paper in papers if name.startswith(paper)), "PAPER")
        listed = f"gammarho errata {paper} lists the errata and gammarho explain {paper} the claims"
        cure = f"{listed}; {close}" if close.startswith("did you mean") else listed
        raise InputError(f"id: {quoted(name)} is not an erratum or a claim; {cure}")
    print(shelf.explain(name).rstrip("\n"))
    return 0
