"""The numbered statements of Xu and Chen, arXiv:2502.11893, and what executes each of them."""

from __future__ import annotations

from ...ledger.catalogue import Numbered

_SPECTRUM = "statements have no singular values of W_j A_j"
_FRESH = "statements have no shares or quantiles of fresh noise"
_MATRIX = "about a random matrix of its own, which no run holds"

CATALOGUE = (
    Numbered(name="Theorem 1 (1)", statements=("T1.1",)),
    Numbered(name="Theorem 1 (2a)", statements=("T1.2a",)),
    Numbered(name="Theorem 1 (2b)", lacks=f"class errors on long-tailed points alone: {_FRESH}; see q of a run"),
    Numbered(name="Theorem 1 (3)", statements=("T1.3",)),
    Numbered(name="Definition 1", lacks="a definition: the observable q of a run"),
    Numbered(name="Lemma 1", statements=("68", "L1", "L1-printed")),
    Numbered(name="Lemma 2", statements=("L2", "L2-mean")),
    Numbered(name="Lemma 3", lacks=_SPECTRUM),
    Numbered(name="Lemma 4", lacks=_FRESH),
    Numbered(name="Lemma 5", statements=("L5",)),
    Numbered(name="Lemma 6", statements=("112",), lacks=f"the coefficients that it sums; {_FRESH}"),
    Numbered(name="Lemma 7", statements=("85",)),
    Numbered(name="Lemma 8", lacks=_MATRIX),
    Numbered(name="Lemma 9", lacks="the noise's entries before A_y are not kept; the ledger's test has it"),
    Numbered(name="Lemma 10", statements=("L20-products",)),
    Numbered(name="Lemma 11", statements=("L11",)),
    Numbered(name="Lemma 12", statements=("L20-products",)),
    Numbered(name="Lemma 13", statements=("L22", "L13-printed")),
    Numbered(name="Lemma 14", statements=("L14",)),
    Numbered(name="Lemma 15", statements=("L15",)),
    Numbered(name="Lemma 16", lacks="about the sphere; false as printed, the ledger's test has both forms"),
    Numbered(name="Lemma 17", statements=("L17",)),
    Numbered(name="Lemma 18", lacks="false for any constant: the ledger's test has the counterexample"),
    Numbered(name="Lemma 19", lacks="rests on Lemma 18"),
    Numbered(name="Lemma 20", statements=("L20", "L20-products", "53-printed")),
    Numbered(name="Lemma 21", statements=("L21", "L21-noise")),
    Numbered(name="Lemma 22", statements=("L22",)),
    Numbered(name="Lemma 23", statements=("L23",)),
    Numbered(name="Lemma 24", statements=("85", "86", "89", "94", "94-fall", "94-printed")),
    Numbered(name="Lemma 25", statements=("101", "L25")),
    Numbered(name="Lemma 26", statements=("L26",), lacks="isotropic noise alone, and 2400 times slack there"),
    Numbered(name="Lemma 27", lacks=_FRESH),
)
