"""The numbered statements of Meng, Cao and Zou, arXiv:2303.17940, the displays of its proofs, and what executes each.

A restatement in an appendix counts as a statement of its own, as it is numbered.
"""

from __future__ import annotations

from ...ledger.catalogue import Numbered

_TEST = "about fresh outputs F_j apart; Theorem 3.2 is judged by their sign, the test error"
_SUCCESS = ("P5.4a", "P5.4b", "P5.4c")
_STAGE_1 = ("D.3", "D4a", "D4b", "D4c", "D1", "D4c-printed")
_CONVERGES = ("D5",)
_EARLY = ("E1a", "E1b", "E1c", "E1d", "E1c-printed")
_MIDDLE = ("E2", "E2-signal", "E2c", "E2-printed")
_NEAR = ("E3-bound", "E3-order", "E3-order-printed")
_LATE = ("E15", "E14-signal", "E15-noise")

CATALOGUE = (
    Numbered(name="Condition 3.1", lacks="a condition: `gammarho conditions pegr` evaluates it"),
    Numbered(name="Theorem 3.2", statements=("T3.2",)),
    Numbered(name="Theorem 3.3", statements=("T3.3", "E4t", "T3.3-printed")),
    Numbered(name="Remark 3.4", statements=("L1", "L2", "L3", "L4", "I3", "I4")),
    Numbered(name="Lemma 5.1", statements=("5.1", "I6")),
    Numbered(name="Definition 5.2", statements=("I14",),
             lacks="that the coefficients are unique; `validate` solves for them from W"),
    Numbered(name="Lemma 5.3", statements=("5.3", "5.3-printed")),
    Numbered(name="Proposition 5.4", statements=(*_SUCCESS, "P5.4-printed")),
    Numbered(name="Lemma 5.5", statements=("C.3", "I12")),
    Numbered(name="Proposition 5.6", statements=_STAGE_1),
    Numbered(name="Proposition 5.7", statements=_CONVERGES),
    Numbered(name="Lemma 5.8", statements=("5.8",)),
    Numbered(name="Lemma A.1", statements=("5.1", "I6", "I7", "I7-zeta")),
    Numbered(name="Lemma A.2", statements=("5.3", "5.3-printed")),
    Numbered(name="Lemma B.1", statements=("B1",)),
    Numbered(name="Lemma B.2", statements=("B2", "B2a", "B2b", "B2-printed")),
    Numbered(name="Lemma B.3", statements=("B3", "B3a", "B3b", "B3c", "B3d", "B3d-printed", "B3-j-printed")),
    Numbered(name="Proposition C.1", statements=(*_SUCCESS, "P5.4a-printed")),
    Numbered(name="Lemma C.2", statements=("C.2", "C.2-sharp", "C.2-F", "C.4", "C.5", "C.6", "C.2-under-printed")),
    Numbered(name="Lemma C.3", statements=("C.3", "C.8")),
    Numbered(name="Proposition D.1", statements=("D1", "D1-loud", "D1-printed")),
    Numbered(name="Lemma D.2", statements=("D.2-signal", "D.2-noise", "D.2-printed")),
    Numbered(name="Lemma D.3", statements=("D.3",)),
    Numbered(name="Proposition D.4", statements=_STAGE_1),
    Numbered(name="Proposition D.5", statements=_CONVERGES),
    Numbered(name="Proposition E.1", statements=_EARLY),
    Numbered(name="Proposition E.2", statements=_MIDDLE),
    Numbered(name="Lemma E.3", statements=_NEAR),
    Numbered(name="Lemma E.4", statements=("E13",)),
    Numbered(name="Proposition E.5", statements=_LATE),
    Numbered(name="Proposition E.6", statements=("E3", "E4a", "E4b", "E4b-sharp", "E5", "E4b-printed")),
    Numbered(name="Lemma E.7", statements=("E7",)),
    Numbered(name="Proposition E.8", statements=("E8",)),
    Numbered(name="Corollary E.9", statements=_EARLY),
    Numbered(name="Proposition E.10", statements=_MIDDLE),
    Numbered(name="Lemma E.11", statements=_NEAR),
    Numbered(name="Lemma E.12", statements=("E12",)),
    Numbered(name="Lemma E.13", statements=("E13",)),
    Numbered(name="Lemma E.14", statements=("E14-mean", "E14-signal", "E15-noise")),
    Numbered(name="Proposition E.15", statements=_LATE),
)

DISPLAYS = (
    Numbered(name="(5.1)", statements=("I14",)),
    Numbered(name="(5.2)", statements=("I1", "5.3", "5.2-printed")),
    Numbered(name="Section 5.4", statements=("I8", "I8-products", "FGR-printed")),
    Numbered(name="(A.1), (A.2), (A.3)", statements=("5.3", "I14")),
    Numbered(name="(C.1)", statements=("I1", "5.3")),
    Numbered(name="(C.2)", statements=("P5.4a",)),
    Numbered(name="(C.3)", statements=("P5.4b", "P5.4c")),
    Numbered(name="(C.4)", statements=("C.4",)),
    Numbered(name="(C.5)", statements=("C.5", "E4b-sharp")),
    Numbered(name="(C.6)", statements=("C.6",)),
    Numbered(name="(C.7)", statements=("C.7", "C.7-printed")),
    Numbered(name="(C.8)", statements=("C.8",)),
    Numbered(name="(D.1)", statements=("D4a", "D4b")),
    Numbered(name="(D.2)", statements=("D1",)),
    Numbered(name="(D.3)", statements=("D.3-display",)),
    Numbered(name="(D.4), (D.5), (D.7)", statements=("D1",)),
    Numbered(name="(D.6)", statements=("D.6", "D6-printed")),
    Numbered(name="Section D.3, F_j on fresh examples", statements=("D.3-test-printed",), lacks=_TEST),
    Numbered(name="(E.1)", statements=("P5.4a", "I1")),
    Numbered(name="(E.2)", statements=("P5.4b",)),
    Numbered(name="(E.3)", statements=("E3", "I11")),
    Numbered(name="(E.4)", statements=("E4a", "E4b", "E4b-sharp", "E4b-printed")),
    Numbered(name="(E.5)", statements=("E5",)),
    Numbered(name="(E.6)", statements=("E.6",)),
    Numbered(name="(E.7)", statements=("E.7", "E.7-printed")),
    Numbered(name="(E.8)", statements=("E.8",)),
    Numbered(name="(E.9)", statements=("E.9",)),
    Numbered(name="(E.10)", statements=("E2", "E2-printed")),
    Numbered(name="(E.11)", statements=("E.11", "E.11-c1")),
    Numbered(name="Section E.4, max_r ||w||", statements=("E4t",)),
    Numbered(name="Section E.4, y f on fresh examples", lacks=_TEST),
)
