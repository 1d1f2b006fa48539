"""Conditions: the papers' numbers by plain arithmetic, what an interval means, mends, refusals, the text."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derivations.declare import Clause, ClauseList, Conditions, Model, Only, Prescription, Value
from derivations.declare.formula import names
from derivations.papers.pegr.conditions import CONDITIONS
from derivations.papers.pegr.model import PRESETS
from derivations.papers.pegr.model import model as pegr
from simulate.conditions.conditions import ConditionTable, Interval, Row, conditions, interval_of, tabulate
from simulate.errors import InputError

PAPER = dict(next(preset for preset in PRESETS if preset.name == "paper").values)
NOISES = (0.1, 0.5, 1.0, 1.5)
STARTS = (0.01, 0.01, 0.01, 0.001)
EXPERIMENTS = pytest.mark.parametrize(("sigma_p", "sigma_0"), list(zip(NOISES, STARTS, strict=True)))


def values(model: Model | None = None, **changed: Value) -> dict[str, Value]:
    return {p.name: p.default for p in (model or pegr()).parameters} | PAPER | changed


def table(steps: int | None = 1500, constant: float = 1.0, **changed: Value) -> ConditionTable:
    model = pegr(str(changed.get("regularizer", "pegr")))
    return conditions(model, values(model, **changed), steps=steps, constant=constant)


def row(of: ConditionTable, name: str) -> Row:
    return {r.clause.id: r for group in of.tables for r in group.rows}[name]


def ratio(of: ConditionTable, name: str) -> float:
    found = row(of, name).ratio
    assert found is not None
    return found


@EXPERIMENTS
def test_the_papers_experiment_against_condition_3_1(sigma_p: float, sigma_0: float) -> None:
    n, m, d, eta, a = 20, 10, 400, 0.02, 0.0005
    at, length = table(sigma_p=sigma_p, sigma_0=sigma_0), sigma_p * 20
    assert dict(at.quantities)["S"] == pytest.approx(length, rel=1e-15)
    expected = {
        "3.1.1": d / (m**2 * n ** (2 + 2 * a)),
        "3.1.2a": length / 2,
        "3.1.2b": length,
        "3.1.3": 1 / (sigma_0 * length**2 * (n * m) ** (2 * a)),
        "3.1.4": n * m / (eta * length**2),
        "3.1.5m": m / math.log(d / sigma_0),
        "3.1.5n": n / math.log(d / sigma_0),
    }
    assert [r.clause.id for r in at.rows] == list(expected)
    for name, value in expected.items():
        assert ratio(at, name) == pytest.approx(value, rel=1e-13)
        assert row(at, name).interval == Interval(0.0, ratio(at, name))


def test_the_printed_numbers_of_the_experiment() -> None:
    """The figures published about this experiment, to the digits they are given in."""
    at = [table(sigma_p=p, sigma_0=s) for p, s in zip(NOISES, STARTS, strict=True)]
    assert [round(ratio(t, "3.1.1"), 5) for t in at] == [0.00997] * 4  # the paper's d is 100 times too small
    assert [round(dict(t.quantities)["S"], 9) for t in at] == [2, 10, 20, 30]
    assert [round(1 / ratio(t, "3.1.2a"), 2) for t in at] == [1.0, 0.2, 0.1, 0.07]
    # sigma_0 S^2 (nm)^(2 alpha) is published for alpha = 0.001, the end of the range.
    at_end = [table(sigma_p=p, sigma_0=s, alpha=0.001) for p, s in zip(NOISES, STARTS, strict=True)]
    assert [round(1 / ratio(t, "3.1.3"), 2) for t in at_end] == [0.04, 1.01, 4.04, 0.91]
    assert [round(p.value or 0, 4) for t in at for p in t.prescribed[:1]] == [0.5, 0.1, 0.05, 0.0333]
    assert [round(t.prescribed[1].value or 0) for t in at] == [1799, 1799, 1799, 2950]  # delta = 0.1
    earlier = [table(sigma_p=p, sigma_0=s, delta=0.05) for p, s in zip(NOISES[1:], STARTS[1:], strict=True)]
    assert [round(t.prescribed[1].value or 0) for t in earlier] == [1774, 1774, 2926]
    noise = [table(sigma_p=p, sigma_0=s, regularizer="none") for p, s in zip(NOISES, STARTS, strict=True)]
    assert [round(20 / dict(t.quantities)["S"] ** 2, 3) for t in noise] == [5.0, 0.2, 0.05, 0.022]


def test_the_exponent_of_clause_1_is_pinned() -> None:
    first = replace(CONDITIONS.lists[0].clauses[0], right="m*n**(2 + 2*alpha)")
    mutant = replace(CONDITIONS, lists=(ClauseList(title="", clauses=(first,)),))
    at = tabulate(mutant, pegr(), values())
    assert ratio(at, "3.1.1") > 5 * ratio(table(), "3.1.1")


def test_the_repaired_hypotheses_by_plain_arithmetic() -> None:
    n, m, d, eta, lam, length, delta = 20, 10, 400, 0.02, 0.01, 10.0, 0.1
    at = table()
    expected = {
        "R1": lam * length**2 / m,
        "R2": m / (2 * lam),
        "R3a": n * m**2 / (eta * lam * length**4),
        "R3b": n * m / (10 * eta * length**2),
        "R4": math.log(2) / (2 * n / length**2 * math.log(1 / (0.01 * length))),
        "R5": d / (n**2 * math.log(4 * n**2 / delta) * math.log(1500) ** 2),
        "R6a": n / (8 * math.log(4 / delta)),
        "R6b": d / math.log(4 * n / delta),
        "R6c": -m * math.log(0.5 * (1 + math.erf(0.25 / math.sqrt(2)))) / math.log(2 * n / delta),
        "R7": 4 / (math.sqrt(2 * math.log(8 * m / delta)) * 0.01 * math.log(n)),
    }
    assert [r.clause.id for r in at.tables[1].rows] == list(expected)
    for name, value in expected.items():
        assert ratio(at, name) == pytest.approx(value, rel=1e-13), name
    assert [r.clause.id for r in at.tables[1].rows if not r.counted] == ["R4"]
    plain = table(regularizer="none")
    assert [r.clause.id for r in plain.tables[1].rows if not r.counted] == ["R1", "R2", "R3a", "R7"]
    assert [p.prescription.name for p in plain.prescribed] == ["last t"]
    assert ratio(table(steps=1), "R5") == pytest.approx(d / (n**2 * math.log(16000) * 4))  # log max(T, e^2)


def test_the_mechanism_preset_meets_the_repaired_hypotheses_on_the_step() -> None:
    inside = dict(next(preset for preset in PRESETS if preset.name == "mechanism").values)
    at = conditions(pegr(), values() | inside, steps=200_000)
    assert [row(at, name).holds for name in ("R1", "R2", "R3a", "R3b", "R7")] == [True] * 5
    assert ratio(at, "R3a") == pytest.approx(5) and ratio(at, "R1") == pytest.approx(12)
    assert at.prescribed[0].ratio == pytest.approx(1)
    printed, corrected = at.prescribed[1], at.prescribed[2]
    t_1 = 60**3 / (0.2 * 30 * 5) * math.log(4 * 3600 / (math.sqrt(2 * math.log(400)) * math.log(30)))
    assert printed.value == pytest.approx(t_1) and corrected.value == pytest.approx(2 * t_1)
    assert corrected.ratio == pytest.approx(1, abs=2e-3) and corrected.steps_ratio == pytest.approx(100_000 / t_1)


def test_what_the_run_uses_against_what_the_theorem_sets() -> None:
    at = table()
    lam, printed, corrected, last = at.prescribed
    assert lam.ratio == pytest.approx(0.1)
    t_1 = 10 / 0.02 * math.log(4 / (math.sqrt(2 * math.log(800)) * 0.01 * math.log(20)))
    assert printed.value == pytest.approx(t_1) and printed.ratio == pytest.approx(800 / t_1)
    assert corrected.value == pytest.approx(2 * t_1) and corrected.steps_ratio == pytest.approx(1500 / (2 * t_1))
    assert last.value == pytest.approx(t_1 + 2 * 20 * 10 * 100 / (0.02 * 0.01))
    always = table(lam_until=None).prescribed[1]
    assert (always.used, always.ratio, always.problem) == (None, None, "") and always.value == pytest.approx(t_1)
    assert "not set" in str(table(lam_until=None))


@settings(max_examples=20)
@given(n=st.integers(2, 99), m=st.integers(1, 99), eta=st.floats(1e-3, 1), lam=st.floats(1e-4, 1), half=st.booleans())
def test_a_sum_over_filters_is_the_mean_at_its_equivalent_parameters(
    n: int, m: int, eta: float, lam: float, half: bool
) -> None:
    """W -> W/sqrt(m): (sum; eta, lam, sigma_0) is (mean; m eta, m lam, sqrt(m) sigma_0); and the 1/2 goes into lam."""
    start, weight = 0.01, 1 if half else 2
    total = table(n=n, m=m, eta=eta, lam=lam, neurons="sum", penalty_half=half)
    mean = table(n=n, m=m, eta=m * eta, lam=weight * m * lam, sigma_0=math.sqrt(m) * start)
    for one, other in zip(total.tables[0].rows + total.tables[1].rows, mean.tables[0].rows + mean.tables[1].rows,
                          strict=True):
        assert one.left == pytest.approx(other.left, rel=1e-12, abs=1e-12)
        assert one.right == pytest.approx(other.right, rel=1e-12, abs=1e-12)
    assert total.prescribed[1].value == pytest.approx(mean.prescribed[1].value, rel=1e-9)


SIDE = st.one_of(st.just(0.0), st.floats(1e-100, 1e100), st.floats(-1e100, -1e-100))


@given(big=SIDE, small=SIDE, constant=st.floats(1e-60, 1e60), power=st.sampled_from([1, -1]))
def test_a_clause_holds_at_a_constant_iff_it_is_in_the_interval(
    big: float, small: float, constant: float, power: Literal[1, -1]
) -> None:
    right = Fraction(constant) ** power * Fraction(small)
    assume(abs(Fraction(big) - right) > Fraction(1, 10**14) * abs(right))  # an end is a rounded quotient
    interval = interval_of(big, small, power)
    assert (constant in interval) == (Fraction(big) >= right)
    if interval.empty:
        assert constant not in interval


@given(ends=st.lists(st.floats(0.01, 100), min_size=4, max_size=4), constant=st.floats(0.01, 100))
def test_together_is_the_intersection_and_may_be_empty(ends: list[float], constant: float) -> None:
    clauses = tuple(
        Clause(id=name, source="", text="", left=f"{ends[i]!r}", relation=">=", right="1", power=1 if i < 2 else -1)
        for i, name in enumerate("abcd")
    )
    declared = Conditions(paper="", title="", lists=(ClauseList(title="", clauses=clauses),))
    at = tabulate(declared, pegr(), {}, constant=constant)
    assert (constant in at.interval) == all(r.holds for r in at.rows) == at.tables[0].holds
    low, high = 1 / min(ends[2:]), min(ends[:2])
    assert at.interval.empty == (low > high)
    assert set(at.binding) == {name for i, name in enumerate("abcd")
                               if (i < 2 and ends[i] == high) or (i >= 2 and ends[i] == min(ends[2:]))}
    assert ("for no C" in str(at)) == at.interval.empty


def test_the_binding_clause_bounds_the_interval() -> None:
    at = table()
    assert at.binding == ("3.1.1",) and at.interval == row(at, "3.1.1").interval
    assert at.tables[0].holds is False and table(constant=0.009).tables[0].holds is True
    assert table(constant=0.009).mends == ()


LOG = st.floats(-3, 3)


@settings(max_examples=10)
@given(shift=st.lists(LOG, min_size=5, max_size=5), constant=LOG, penalty=st.sampled_from(["pegr", "none"]))
def test_a_mended_value_satisfies_and_one_percent_less_does_not(
    shift: list[float], constant: float, penalty: str
) -> None:
    d, sigma_p, sigma_0, eta, lam = (10**s for s in shift)
    given_values = values(pegr(penalty), d=max(1, round(400 * d)), sigma_p=0.5 * sigma_p, sigma_0=0.01 * sigma_0,
                          eta=0.02 * eta, lam=0.01 * lam, regularizer=penalty)

    unmended = replace(CONDITIONS, lists=tuple(
        replace(group, clauses=tuple(replace(c, mends=()) for c in group.clauses)) for group in CONDITIONS.lists))

    def verdicts(changed: dict[str, Value]) -> dict[str, Row]:
        at = tabulate(unmended, pegr(penalty), changed, steps=1500, constant=10**constant)
        return {r.clause.id: r for group in at.tables for r in group.rows}

    before = verdicts(given_values)
    at = conditions(pegr(penalty), given_values, steps=1500, constant=10**constant)
    for mend in (m for group in at.tables for m in group.mends):
        assert before[mend.clause].holds is False
        up = mend.direction == "raise"
        if mend.value is None:
            continue
        there = verdicts({**given_values, mend.parameter: mend.value})
        assert there[mend.clause].holds is True
        whole = mend.parameter in ("n", "m", "d") and mend.value < 1e12  # above, doubles are sparse beside rounding
        short = mend.value + (-1 if up else 1) if whole else mend.value * (0.99 if up else 1.01)
        assert not verdicts({**given_values, mend.parameter: short})[mend.clause].holds
        counted = [name for name, r in before.items() if r.counted and name != mend.clause]
        assert set(mend.breaks) == {c for c in counted if before[c].holds is True and there[c].holds is not True}
        assert set(mend.also) == {c for c in counted if before[c].holds is not True and there[c].holds is True}


def test_no_mend_is_missed() -> None:
    """Where no value of a parameter is found, none of the range's does but n = 1 or m = 1, which are not offered."""
    at = table()
    none = [(mend.clause, mend.parameter) for group in at.tables for mend in group.mends if mend.value is None]
    assert none == [("3.1.1", "n"), ("3.1.1", "m"), ("R5", "n"), ("R1", "m")]
    assert row(table(m=1), "3.1.1").holds is False and row(table(n=2), "3.1.1").holds is False
    assert {m.parameter: m.value for m in at.mends if m.clause == "3.1.1"} == {"d": 40121, "n": None, "m": None}
    assert next(m for m in at.mends if m.parameter == "d").breaks == ("3.1.4", "R3a", "R3b")
    assert "    n, m: no admissible value mends it" in str(at).splitlines()


def test_a_clause_that_nothing_admissible_mends_says_so_in_a_line() -> None:
    clause = Clause(id="X", source="", text="m >= e^n", left="m", relation=">=", right="exp(n)",
                    mends=(("m", "raise"), ("n", "lower")))
    declared = replace(CONDITIONS, lists=(ClauseList(title="One", clauses=(clause,)),), prescriptions=())
    hard = tabulate(declared, pegr(), values(n=200, m=2), steps=10)
    assert [mend.value for mend in hard.mends] == [None, None]  # m >= e^200, and n <= 0.7
    assert "  X: no admissible value mends it (m, n alone, at C = 1)" in str(hard).splitlines()
    soft = tabulate(declared, pegr(), values(n=10, m=3), steps=10)  # n = 1 would do
    assert {mend.parameter: mend.value for mend in soft.mends} == {"m": 22027, "n": None}
    assert "    n: no admissible value mends it" in str(soft).splitlines()


def test_a_mend_from_zero_and_within_a_range() -> None:
    zero = {m.parameter: m.value for m in table(lam=0.0).tables[1].mends if m.clause == "R1"}
    assert zero["lam"] == pytest.approx(0.1, rel=1e-11)
    few = {m.parameter: m.value for m in table(n=2).tables[1].mends if m.clause == "R6a"}
    assert few == {"n": 30, "delta": None}  # delta >= 3.1 would do, and is no probability


def _stands_on(name: str, declared: Conditions) -> set[str]:
    supplied = {"kappa": {"m"}, "c": set(), "T": set()}
    formulas = {quantity.name: quantity.formula for quantity in declared.quantities}
    if name in supplied:
        return supplied[name]
    return set().union(*(_stands_on(n, declared) for n in names(formulas[name]))) if name in formulas else {name}


def test_the_declared_formulas_use_parameters_that_exist_and_mends_are_the_clauses_own() -> None:
    known = {p.name for p in (*pegr().parameters, *CONDITIONS.parameters)}
    for clause in (c for group in CONDITIONS.lists for c in group.clauses):
        used = set().union(*(_stands_on(n, CONDITIONS) for n in names(clause.left) + names(clause.right)))
        assert used <= known and {name for name, _ in clause.mends} <= used, clause.id
        assert clause.source and len(clause.text) < 44
    for prescription in CONDITIONS.prescriptions:
        for n in names(prescription.used) + names(prescription.formula):
            assert _stands_on(n, CONDITIONS) <= known


def test_what_has_no_value_says_so_in_a_sentence_and_counts_for_nothing() -> None:
    at = table(n=1, steps=None)
    no_steps, no_log = row(at, "R5"), row(at, "R7")
    assert (no_steps.holds, no_steps.interval, no_steps.ratio) == (None, None, None)
    assert no_steps.problem == "T, the number of steps, is not given; name it"
    assert "divides by zero: log(n) = 0 at n = 1" in no_log.problem
    assert "log(n) = 0 at n = 1" in at.prescribed[1].problem and at.prescribed[1].ratio is None
    assert "leaving out R5, R7: no value" in str(at) and "nan" not in str(at).lower()
    assert table(sigma_0=1e-3, n=40, m=40, d=10**9, steps=None).tables[1].holds is not True


def test_a_negative_t_1_prescribes_no_step() -> None:
    at = table(sigma_0=1.0, mu_norm=2.0)
    for prescribed in at.prescribed[1:3]:
        assert prescribed.value is not None and prescribed.value < 0 and prescribed.ratio is None
        assert "which prescribes no step; lower sigma_0 or mu_norm" in prescribed.problem
    assert row(at, "R7").holds is False


def test_a_clause_that_asks_nothing_does_not_look_like_a_pass() -> None:
    at = table(sigma_0=1000.0)  # log(d/sigma_0) < 0
    assert row(at, "3.1.5m").trivial and row(at, "3.1.5m").interval == Interval() and not row(at, "3.1.1").trivial
    line = next(line for line in str(at).splitlines() if line.startswith("3.1.5m"))
    assert line.endswith("void") and "asks nothing here" in str(at)


@pytest.mark.parametrize(
    ("changed", "constant", "sentence"),
    [
        ({"alpha": 0.002}, 1.0, "alpha: 0.002 is out of range; expected 0 < alpha <= 0.001, such as 0.0005"),
        ({"alpha": 0.0}, 1.0, "alpha: 0.0 is out of range"),
        ({"alpha": math.nan}, 1.0, "alpha: nan is out of range"),
        ({"alpha": "small"}, 1.0, "alpha: 'small' is out of range"),
        ({}, 0.0, "constant: 0.0; expected a finite number above 0, such as constant=1"),
        ({}, math.nan, "constant: nan; expected a finite number above 0"),
        ({}, math.inf, "constant: inf; expected a finite number above 0"),
    ],
)
def test_refusals(changed: dict[str, Any], constant: float, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        table(constant=constant, **changed)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("name", ["mine", "os", "conditions"])
def test_a_model_without_recorded_conditions_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no conditions are recorded for"):
        conditions(replace(pegr(), name=name), values())


def test_a_values_default_and_a_setting_not_covered_are_said() -> None:
    assert any(note.startswith("alpha = 0.0005 by default: Condition 3.1 asks") for note in table().notes)
    assert not any("default" in note for note in table(alpha=0.0007).notes)
    assert "Not covered: q = 3, but the theorems are for ReLU^2." in table(q=3).notes
    fgr = table(regularizer="fgr")
    assert "Not covered: regularizer = fgr, but the theorems cover PEGR and no penalty." in fgr.notes
    assert fgr.prescribed == () and not row(fgr, "R1").counted and not row(fgr, "R4").counted


def test_a_repeated_id_is_refused() -> None:
    one = CONDITIONS.lists[0]
    with pytest.raises(ValueError, match=r"the id '3\.1\.1' is used twice"):
        replace(CONDITIONS, lists=(one, one))


@given(shift=st.lists(st.floats(-40, 40), min_size=5, max_size=5), steps=st.none() | st.integers(0, 10**6),
       penalty=st.sampled_from(["pegr", "fgr", "none"]), n=st.integers(1, 10**6), m=st.integers(1, 10**6))
@settings(max_examples=15)
def test_the_text_fits_and_the_json_is_strict(
    shift: list[float], steps: int | None, penalty: str, n: int, m: int
) -> None:
    d, sigma_p, sigma_0, eta, mu = (10**s for s in shift)
    at = table(d=d, sigma_p=sigma_p, sigma_0=sigma_0, eta=eta, mu_norm=mu, n=n, m=m, regularizer=penalty, steps=steps)
    assert all(len(line) <= 110 for line in str(at).splitlines())
    assert "nan" not in str(at).lower()
    plain = json.loads(json.dumps(at.to_dict(), allow_nan=False))
    assert [r["id"] for r in plain["tables"][0]["rows"]] == [r.clause.id for r in at.rows]


def test_the_text_reads_as_a_theorist_expects() -> None:
    text = str(table())
    first = next(line for line in text.splitlines() if line.startswith("3.1.1 "))
    assert first.split()[-7:] == ["400", ">=", "40120", "0.00997", "(0,", "0.00997]", "no"]
    assert "binding: 3.1.1; all clauses hold for C in (0, 0.00997]" in text
    assert "d >= 40121               (then 3.1.4, R3a, R3b break; this mends R1 too)" in text
    assert "polylog as the first power of the logarithm" in " ".join(text.split())
    assert "not about this run, not counted: R4 (Theorem 3.3, no penalty)" in text


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(), "(0, inf)"),
        (Interval(high=0.0099791), "(0, 0.00997]"),
        (Interval(low=1.2341), "[1.24, inf)"),
        (Interval(low=2, high=30), "[2, 30]"),
        (Interval(low=2, high=1), "empty"),
        (interval_of(-1, 1), "empty"),
        (interval_of(-4, -2), "[2, inf)"),
    ],
)
def test_an_interval_is_shown_rounded_into_itself(interval: Interval, text: str) -> None:
    assert str(interval) == text


def test_the_largest_dimensions_are_no_trouble() -> None:
    at = table(d=math.exp(100), sigma_p=0.5 * 20 / math.exp(50))
    assert row(at, "3.1.1").holds is True and dict(at.quantities)["S"] == pytest.approx(10)


def test_a_prescription_without_a_cure_may_be_negative() -> None:
    declared = Conditions(paper="", title="", lists=(ClauseList(title="", clauses=()),),
                          prescriptions=(Prescription(name="p", used="lam", formula="-1", source=""),))
    at = tabulate(declared, pegr(), values())
    assert at.prescribed[0].ratio == -0.01 and at.interval == Interval() and "hold for every C" in str(at)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"right": "sigm_p*n"}, "clause {id}: 'sigm_p' in 'sigm_p*n' is no parameter or quantity; did you mean"),
        ({"mends": (("sigm_p", "lower"),)}, "clause {id}, mends: 'sigm_p' is no parameter; did you mean 'sigma_p'?"),
        ({"only": Only(parameter="regulariser", values=("pegr",), why="")}, "did you mean 'regularizer'?"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(changes: dict[str, Any], said: str) -> None:
    first = CONDITIONS.lists[0].clauses[0]
    wrong = replace(CONDITIONS, lists=(ClauseList(title="", clauses=(replace(first, **changes),)),))
    with pytest.raises(InputError) as caught:
        tabulate(wrong, pegr(), values())
    assert said.format(id=first.id) in str(caught.value)
