"""The numbered statements of Xu and Chen, arXiv:2502.11893, and what executes each of them."""

from __future__ import annotations

from ...ledger.catalogue import Numbered

CATALOGUE = (
    Numbered(name="Theorem 1 (1)", statements=("T1.1",)),
    Numbered(name="Theorem 1 (2a)", statements=("T1.2a",)),
    Numbered(name="Theorem 1 (2b)", statements=("T1.2b",)),
    Numbered(name="Theorem 1 (3)", statements=("T1.3",)),
    Numbered(name="Definition 1", lacks="a definition: the observable q of a run"),
    Numbered(name="Lemma 1", statements=("68", "68-line", "L1", "L1-printed", "69-printed", "68-line-printed")),
    Numbered(name="Lemma 2", statements=("L2", "L2-mean")),
    Numbered(name="Lemma 3", statements=("L3", "L3-start", "L26", "L3-printed")),
    Numbered(name="Lemma 4", statements=("L4",)),
    Numbered(name="Lemma 5", statements=("L5",)),
    Numbered(name="Lemma 6", statements=("112",),
             lacks="the coefficients that it sums; q of a run has what it says of fresh noise"),
    Numbered(name="Lemma 7", statements=("85",)),
    Numbered(name="Lemma 8", statements=("L8",)),
    Numbered(name="Lemma 9", statements=("L9", "L9-printed")),
    Numbered(name="Lemma 10", statements=("L20-products",)),
    Numbered(name="Lemma 11", statements=("L11",)),
    Numbered(name="Lemma 12", statements=("L20-products",)),
    Numbered(name="Lemma 13", statements=("L22", "L13-printed")),
    Numbered(name="Lemma 14", statements=("L14",)),
    Numbered(name="Lemma 15", statements=("L15",)),
    Numbered(name="Lemma 16", statements=("L16", "L16-printed")),
    Numbered(name="Lemma 17", statements=("L17",)),
    Numbered(name="Lemma 18", statements=("L18", "L18-rows", "L18-printed")),
    Numbered(name="Lemma 19", statements=("L19", "L19-printed")),
    Numbered(name="Lemma 20", statements=("L20-joint", "L20", "L20-products", "53-printed")),
    Numbered(name="Lemma 21", statements=("L21-joint", "L21", "L21-noise")),
    Numbered(name="Lemma 22", statements=("L22",)),
    Numbered(name="Lemma 23", statements=("L23",)),
    Numbered(name="Lemma 24", statements=("85", "86", "89", "93", "93-line", "94", "94-fall", "94-printed")),
    Numbered(name="Lemma 25", statements=("101", "L25", "L25-printed")),
    Numbered(name="Lemma 26", statements=("L26",)),
    Numbered(name="Lemma 27", statements=("L27", "L27-printed")),
)
