"""Every paper's errata and claims by id, and what is printed of them.  SymPy is loaded with the claims alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..ledger import errata as ledger
from ..ledger.errata import Erratum
from .paper import PAPERS, Paper

if TYPE_CHECKING:
    from ..ledger.claims import Claim


def errata() -> dict[str, Erratum]:
    """The errata of every paper, by id."""
    return {entry.id: entry for paper in PAPERS.values() for entry in paper.errata}


def claims(papers: Iterable[Paper] = tuple(PAPERS.values())) -> dict[str, Claim]:
    """The claims of these papers, all of them by default, by id."""
    return {claim.id: claim for paper in papers for claim in paper.claims}


def with_errata() -> tuple[str, ...]:
    """The papers that have errata, by name."""
    return tuple(name for name, paper in PAPERS.items() if paper.errata)


def entries(name: str) -> tuple[Erratum, ...]:
    """A paper's errata.  KeyError for a name that no paper has."""
    return PAPERS[name].errata


def ledger_text(name: str) -> str:
    """A paper's errata, printed.  KeyError for a name that no paper has."""
    return ledger.text(name, PAPERS[name].errata)


def ledger_page(name: str) -> str:
    """A paper's errata as a LaTeX page, with the displays of claims.  KeyError for a name that no paper has."""
    from ..ledger.claims import latex
    from ..ledger.page import page

    own = claims((PAPERS[name],))

    def displays(entry: Erratum) -> tuple[tuple[str, str], ...]:
        shown = [own[each] for each in entry.claims[:1]]
        return tuple((f"{what}, {each.where}", latex(each, each.lines(mended)))
                     for each in shown for what, mended in (("Printed", ()), ("Corrected", each.errata)))

    return page(name, PAPERS[name].errata, displays)


def known() -> tuple[str, ...]:
    """Every id that `explain` takes: errata and claims."""
    return (*errata(), *claims())


def claim_list(name: str) -> str:
    """A paper's claims by id: those that hold as printed, and those that an erratum mends, with it."""
    printed = PAPERS[name].claims
    lines = [f"{name}: claims that hold as printed", *(f"  {each.id}" for each in printed if not each.errata)]
    mended = [f"  {each.id}  ({', '.join(each.errata)})" for each in printed if each.errata]
    return "\n".join([*lines, "", "claims that hold once mended, with their errata", *mended])


def explain(name: str) -> str:
    """One erratum or claim, whole (KeyError for an id that is not in `known()`)."""
    entry = errata().get(name)
    if entry is not None:
        return ledger.explain(entry)
    from ..ledger.claims import explain as explain_claim

    return explain_claim(claims()[name])
