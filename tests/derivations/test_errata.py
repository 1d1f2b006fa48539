"""Each erratum: the printed form fails, the corrected one holds, and the effect's numbers are those measured here."""

from __future__ import annotations

import functools
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import gammarho as gr
from derivations.calculus import changes
from derivations.calculus.canonical import canonical
from derivations.calculus.symbols import kappa, lam, m, n
from derivations.ledger import errata, page
from derivations.ledger.claims import compare, recursion_of
from derivations.ledger.errata import Erratum
from derivations.papers import shelf
from derivations.papers.paper import PAPERS
from derivations.papers.pegr.model import model
from derivations.papers.shelf import claims
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from gammarho import cli
from simulate.check.witness import told
from simulate.start.draw import draw
from tests.helpers import errata_fomaml, errata_heterogeneous, errata_nearly_orthogonal
from tests.helpers import printed_numbers as numbers
from tests.helpers.errata_shows import DELTA, EXACT, SHOW, Show, Shown, shows
from tests.helpers.slowly import where

LEDGER = shelf.errata()
LONG = ("pegr-3.3", "pegr-FGR", "pegr-E.4", "heterogeneous-122", "heterogeneous-128-spikes", "fomaml-rem:J=0",
        "fomaml-thm:F.21-argmin", "heterogeneous-82", "heterogeneous-122-time", "heterogeneous-L19")
"""Entries whose runs take longest."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[[str], dict[str, Array]]:
    """Runs an entry's command and returns its variables."""

    def variables(command: str) -> dict[str, Array]:
        program, *words = command.split()
        assert program == "gammarho"
        capsys.readouterr()
        assert cli.main([*words, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        return {name: np.array(entry["values"], dtype=float) for name, entry in found["variables"].items()}

    return variables


@pytest.mark.parametrize("name", where(lambda name: name not in LONG, LEDGER))
def test_entry(name: str, run: Callable[[str], dict[str, Array]]) -> None:
    """An entry without a test is a failure."""
    entry = LEDGER[name]
    for claim in entry.claims:
        mends(entry, claim)
    shown = SHOW[name](entry, run)
    assert not shown.printed
    assert shown.corrected
    words = {word.strip(".,;:()") for word in entry.effect.split()}
    assert set(shown.quoted) <= words, f"{name}: measured {', '.join(shown.quoted)}; the entry says: {entry.effect}"


def mends(entry: Erratum, name: str) -> None:
    """The claim fails as printed, holds with its errata mended, and fails with all of them but this one."""
    claim = claims()[name]
    assert entry.id in claim.errata
    assert not holds(name, ())
    assert holds(name, claim.errata)
    assert not holds(name, tuple(other for other in claim.errata if other != entry.id))


@functools.cache
def holds(name: str, mended: tuple[str, ...]) -> bool:
    return compare(claims()[name], mended).holds


def test_every_test_has_its_entry() -> None:
    assert set(SHOW) == set(LEDGER)
    registered = {show.__module__ for show in SHOW.values()}
    papers = (errata_fomaml, errata_heterogeneous, errata_nearly_orthogonal)
    assert {paper.__name__ for paper in papers} < registered


def test_claims_and_errata_name_each_other() -> None:
    named = {(entry.id, claim) for entry in LEDGER.values() for claim in entry.claims}
    assert named == {(erratum, claim.id) for claim in claims().values() for erratum in claim.errata}
    assert not set(LEDGER) & set(claims())
    assert len(LEDGER) == sum(len(PAPERS[paper].errata) for paper in shelf.with_errata())


# Formulas: one step against torch.


def one_step(claim: str, regularizer: str, half: bool = True, orthogonal: bool = False) -> Show:
    """The filters after one step, all of the claim's slips mended but this entry's, and all of them mended."""

    def show(entry: Erratum, run: object) -> Shown:
        pytest.importorskip("torch")
        stated, state = claims()[claim], state_of(orthogonal)
        found = numbers.torch_step(state, regularizer, half)

        def error(mended: list[str]) -> float:
            return float(np.abs(numbers.filters_after(stated.lines(mended), state) - found).max())

        printed, corrected = error([x for x in stated.errata if x != entry.id]), error(list(stated.errata))
        return Shown(printed <= EXACT, corrected <= EXACT, (f"{printed:.2g}",))

    return show


def state_of(orthogonal: bool = False) -> numbers.State:
    return numbers.random_state(0, m=3, n=5, d=15, lam=1.0, orthogonal=orthogonal)


SHOW["pegr-5.3"] = one_step("pegr-5.1-filters", "pegr")
SHOW["pegr-A.1-l2"] = one_step("pegr-A.1-collected", "pegr")
SHOW["pegr-4.1-half"] = one_step("pegr-4.1-step", "fgr", half=False, orthogonal=True)
SHOW |= {
    f"pegr-5.8-{slip}": one_step("pegr-5.8-filters", "fgr", orthogonal=True)
    for slip in ("C1", "C2", "C3", "C4", "C5", "bracket")
}


@shows("pegr-5.2")
def coefficients_have_their_own_class(entry: Erratum, run: object) -> Shown:
    pytest.importorskip("torch")
    state = state_of()
    after = numbers.torch_step(state, "none")
    known = {name: claims()[name] for name in ("pegr-5.2-gamma", "pegr-5.2-over", "pegr-5.2-under")}

    def change(name: str, mended: tuple[str, ...]) -> Array:
        shape = (*state.W.shape[:2], 1 if name.endswith("gamma") else len(state.y))
        lines, out = known[name].lines(mended), np.empty(shape)
        for j, r, i in np.ndindex(shape):
            at = {"j": j + 1, "r": r + 1} | ({} if name.endswith("gamma") else {"i": i + 1})
            out[j, r, i] = sum(numbers.value(line, state, at) for line in lines)
        return out

    def error(mended: tuple[str, ...]) -> float:
        gamma, rho = (
            change("pegr-5.2-gamma", mended)[..., 0],
            change("pegr-5.2-over", mended) + change("pegr-5.2-under", mended),
        )
        signal = np.array(numbers.SIGN)[:, None, None] * gamma[..., None] * state.mu / (state.mu @ state.mu)
        noise = (rho / (state.xi**2).sum(1)) @ state.xi
        return float(np.abs(state.W + signal + noise - after).max())

    other = np.array(numbers.SIGN)[:, None, None] != state.y
    off = np.abs(change("pegr-5.2-over", ()) * other).max()
    assert not np.any(change("pegr-5.2-over", ("pegr-5.2",)) * other)
    printed = error(())
    return Shown(printed <= EXACT, error(("pegr-5.2",)) <= EXACT, (f"{printed:.2g}", f"{off:.2g}"))


@shows("pegr-E.7")
def signal_step(entry: Erratum, run: object) -> Shown:
    pytest.importorskip("torch")
    state = state_of()
    change = np.einsum("jrd,i,d->jri", numbers.torch_step(state, "none") - state.W, state.y, state.mu)
    noise = (numbers.torch_step(state, "none") - state.W) @ state.xi.T

    def error(claim: str, mended: tuple[str, ...], found: Array) -> float:
        lines, worst = claims()[claim].lines(mended), 0.0
        for j, r, i in np.ndindex(found.shape):
            at = {"j": j + 1, "r": r + 1, "i": i + 1}
            worst = max(worst, abs(sum(numbers.value(line, state, at) for line in lines) - found[j, r, i]))
        return worst

    assert error("pegr-E.8-step", (), noise) <= EXACT
    printed = error("pegr-E.7-step", (), change)
    return Shown(printed <= EXACT, error("pegr-E.7-step", ("pegr-E.7",), change) <= EXACT, (f"{printed:.2g}",))


# Statements: the runs that the entries quote.


@shows("pegr-T_1")
def stage_one_is_twice_as_long(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    steps = math.ceil(
        20 / (0.004 * 4) * math.log(4 / (math.sqrt(2 * math.log(8 * 20 / DELTA)) * 1e-4 * 2 * math.log(50)))
    )
    assert f"--record {steps},{2 * steps} " in entry.runs[0]
    once, twice = run(entry.runs[0])["max_gamma"].min(1)
    promised = 1 / (math.sqrt(2 * math.log(8 * 20 / DELTA)) * math.log(50))
    return Shown(once >= promised, twice >= promised, (f"{once:.2g}", f"{promised:.2g}", f"{twice:.2g}", str(steps)))


@shows("pegr-T_2")
def stage_two_has_a_length(entry: Erratum, run: object) -> Shown:
    small, large = (
        math.log(1 / (math.log(n_) * math.sqrt(math.log(8 * m_ * n_ / DELTA)))) for n_, m_ in ((20, 10), (100, 50))
    )
    return Shown(small > 0 or large > 0, -small > 0 and -large > 0, (f"{small:.2f}", f"{large:.2f}"))


@shows("pegr-3.3")
def gradient_descent_learns_a_frequent_signal(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    many, few = (run(command) for command in entry.runs)
    assert many["loss"][-1] < 1e-3 and few["loss"][-1] < 1e-3
    error = [float(found["test_error"][-1]) for found in (many, few)]
    return Shown(error[0] >= 1 / 2.01, error[1] >= 1 / 2.01, (f"{error[0]:.2f}", f"{error[1]:.2f}"))


@shows("pegr-D.1")
def noise_is_suppressed_where_s_exceeds_m(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    wide, narrow, edge = (float(run(command)["rho"].max()) for command in entry.runs)
    return Shown(max(wide, edge) <= 0, narrow <= 0, (f"{wide:.1f}", f"{narrow:.1f}", f"{edge:.2g}"))


@shows("pegr-D.6")
def the_penalised_step_is_stiffer(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    large, small = (float(run(command)["rho"].min()) for command in entry.runs)
    bound = -8 * math.sqrt(math.log(8 * 5 * 30 / DELTA)) * 2.5e-5 * 200
    return Shown(large >= bound, small >= bound, (f"{large:.3f}", f"{bound:.3f}", f"{small:.3f}"))


@shows("pegr-5.4")
def rho_over_stays_negative_after_the_penalty(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    found = run(entry.runs[0])
    over, cap = found["rho_over"], 4 * math.log(19986)
    below = max(float(over.max()), float(found["gamma"].max())) <= cap
    return Shown(over.min() >= 0 and below, below, (f"{over.min():.3f}", f"{over.max():.1f}"))


def crosstalk(n_: int, m_: int, d: float) -> float:
    return 17 * n_ * math.sqrt(math.log(8 * m_ * n_ / DELTA) * math.log(4 * n_**2 / DELTA) / d)


def end_of_stage_one(n_: int, m_: int, S: float, sigma_0: float, eta: float) -> int:
    root = math.sqrt(math.log(8 * m_ * n_ / DELTA))
    return int(n_ * m_ / (eta * S**2) * math.log(0.8 / (2 * math.log(n_) * root * sigma_0 * S)))


@shows("pegr-E.4")
def other_class_noise_does_not_contract(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    found, later = (run(command) for command in entry.runs)
    steps = end_of_stage_one(60, 60, 60.0, 7e-5, 0.05)
    assert f"--record 0,{steps} " in entry.runs[1]
    start = found["C"].max() / found["B"].min()
    ratio, kept = later["C"][1].max() / later["B"][1].min(), later["C"][1].max() / later["C"][0].max()
    bounds = crosstalk(30, 20, 1e8), crosstalk(60, 60, 1e14)
    corrected = later["C"][1].max() <= later["C"][0].max() + bounds[1] * later["B"][1].min()
    quoted = (f"{start:.2g}", f"{bounds[0]:.2g}", f"{ratio:.2g}", f"{bounds[1]:.2g}", f"{kept:.1f}", str(steps))
    return Shown(start <= bounds[0] or ratio <= bounds[1], corrected, quoted)


@shows("pegr-E.9")
def other_class_coefficients_are_as_large_as_the_start(
    entry: Erratum, run: Callable[[str], dict[str, Array]]
) -> Shown:
    found = run(entry.runs[0])
    under = float(-found["rho_under"][1].min())
    beta = 2 * max(float(found[name][0].max()) for name in ("B", "C", "signal"))
    unit = 60 * math.sqrt(math.log(4 * 60**2 / DELTA) / 1e14) * math.log(60)
    sigma = 7e-5 * 60**2
    quoted = (f"{under:.2g}", f"{65 * unit:.2g}", f"{beta + 64 * unit:.2g}", f"{sigma:.2g}")
    return Shown(under <= 65 * unit, under <= beta + 64 * unit, quoted)


@shows("pegr-W*")
def the_reference_point_scales(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    printed, corrected = [], []
    for command, S in zip(entry.runs, (20.0, 200.0), strict=True):
        found, scale = run(command), S / (5**1.5 * 20**0.5)
        words = dict(word.split("=") for word in command.split() if "=" in word)
        values = {p.name: p.default for p in model("none").parameters} | {
            k: float(v) for k, v in words.items() if k != "regularizer"
        }
        drawn = draw(model("none"), values | {"n": 20, "m": 5}, 0, "gram")
        gram, lengths = drawn.gram[1:, 1:], np.sqrt(np.diag(drawn.gram)[1:])
        own = np.array(numbers.SIGN)[:, None, None] == drawn.y
        apart = found["rho"][-1] / lengths**2 - 4 * 5 * math.log(400) * own / lengths
        printed.append(scale * math.sqrt(np.einsum("jri,ik,jrk->", apart, gram, apart)))
        corrected.append(scale * float(found["distance"][-1]))
    limit = 4 * math.log(400)
    return Shown(
        max(printed) <= limit,
        max(corrected) <= limit,
        (*[f"{x:.0f}" for x in printed], *[f"{x:.1f}" for x in corrected]),
    )


@shows("pegr-B.2")
def a_vector_with_itself(entry: Erratum, run: object) -> Shown:
    values = {p.name: p.default for p in model().parameters} | {"n": 20, "d": 1000, "sigma_p": 1.0, "mu_norm": 1.0}
    gram = np.abs(draw(model(), values, 0, "gram").gram[1:, 1:])
    bound = 2 * math.sqrt(1000 * math.log(4 * 20**2 / DELTA))
    off = (gram - np.diag(np.diag(gram))).max()
    return Shown(gram.max() <= bound, off <= bound, (f"{gram.max():.0f}", f"{off:.0f}", f"{bound:.0f}"))


def fails(m_: int, examples: int, draws: int) -> float:
    """How often max_r j <w_{j,r}, xi_i> < sigma_0 S/4 for some j and i, the vectors orthogonal."""
    rng, count = stream(0, "B.3", m_), 0
    for _ in range(draws):
        count += bool((rng.standard_normal((2, m_, examples)).max(1) < 0.25).any())
    return count / draws


@shows("pegr-B.3")
def the_last_line_is_about_all_examples(entry: Erratum, run: object) -> Shown:
    phi = 0.5 * (1 + math.erf(0.25 / math.sqrt(2)))
    small, large, union = fails(10, 200, 400), fails(17, 200, 400), 2 * 200 * phi**17
    quoted = (f"{small:.0%}", f"{large:.0%}", f"{union:.2g}")
    return Shown(small <= DELTA + 0.05, union <= DELTA and large <= DELTA + 0.05, quoted)


@shows("pegr-B.3-power")
def the_maximum_is_over_one_head(entry: Erratum, run: object) -> Shown:
    phi = 0.5 * (1 + math.erf(0.5 / math.sqrt(2)))
    found = float((stream(0, "B.3-power").standard_normal((20000, 3)).max(1) < 0.5).mean())
    close = [abs(found - phi**power) <= 4 * math.sqrt(found * (1 - found) / 20000) for power in (6, 3)]
    return Shown(close[0], close[1], (f"{found:.2g}", f"{phi**3:.3f}", f"{phi**6:.3f}"))


@shows("pegr-5.4-rate")
def suppression_of_noise_by_n(entry: Erratum, run: object) -> Shown:
    order = {}
    for regularizer in ("pegr", "fgr"):
        found = recursion_of(model(regularizer))
        step = changes.expanded(found, changes.coefficient_change(found, "xi"), "D")
        only = sp.expand(canonical(step.xreplace({kappa: 1 / m})).expr).replace(
            lambda e: isinstance(e, sp.Indexed) and str(e.base) in ("l2", "G_mu_xi"), lambda e: sp.S.Zero
        )
        penalty = sp.expand(only.doit(deep=False)).coeff(lam, 1)
        order[regularizer] = sp.degree(penalty.as_numer_denom()[1], n) if penalty else 0
    return Shown(order == {"pegr": 2, "fgr": 2}, order == {"pegr": 1, "fgr": 2}, ("1/n", "1/n^2"))


@shows("pegr-FGR")
def full_penalty_in_its_own_window(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    low, high = (float(run(command)["test_error"][-1]) for command in entry.runs)
    return Shown(high >= 0.45, low >= 0.45 and high <= 0.01, (f"{low:.3f}", f"{high:.3f}"))


@shows("pegr-4.1")
def the_experiments_network(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    stated, summed, inferred = (float(run(command)["test_error"][-1]) for command in entry.runs)
    return Shown(min(stated, summed) <= 0.05, inferred <= 0.05, (f"{stated:.2f}", f"{summed:.2f}", f"{inferred:.2f}"))


# Proof gaps.


@shows("pegr-C.1")
def one_filter_of_m(entry: Erratum, run: object) -> Shown:
    slope = 1 / (1 + math.exp(3**2 / 10))
    printed, corrected = math.exp(-(3**2)), math.exp(-(3**2) / 10)
    return Shown(slope <= printed, slope <= corrected, (f"{slope:.3f}", f"{printed:.2g}", f"{corrected:.3f}"))


@shows("pegr-C.1-step")
def the_signals_step_sums_the_examples(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    found = float(run(entry.runs[0])["gamma"].max())
    eta, share, step = 0.04, 0.04 * 50**2 / (400 * 10), 0.04 * 50**2 / 10
    return Shown(share > 1 or found <= 8, step > 1 and eta == 0.1 * 400 * 10 / 100**2, (f"{found:.1f}",))


@shows("pegr-D.4")
def the_negative_heads_signal(entry: Erratum, run: object) -> Shown:
    pytest.importorskip("torch")
    state = state_of()
    after = numbers.torch_step(state, "none")
    start, gamma = state.W[1] @ state.mu, -(after[1] - state.W[1]) @ state.mu
    found = float((-after[1] @ state.mu).max())
    error = [abs(float((gamma + sign * start).max()) - found) for sign in (1, -1)]
    return Shown(error[0] <= EXACT, error[1] <= EXACT, (f"{error[0]:.2g}",))


@shows("pegr-D.5")
def growth_over_stage_two(entry: Erratum, run: object) -> Shown:
    n_, m_, eta, mu, d, eps_0 = 2, 2, 0.5, 0.5, 400, 1 - math.exp(-0.1)
    needed = math.log(math.sqrt(2 * math.log(8 * m_ / DELTA)) * math.log(n_) * d)
    half = round(n_ * m_ / (eta * eps_0 * mu**2) * needed)
    a, rate = 1.0, 2 * eta * eps_0 / (n_ * m_)
    for _ in range(half):
        a += rate * max(a, 0.0) * mu**2
    printed, corrected = half * math.log1p(rate), half * math.log1p(rate * mu**2)
    found = math.log(a)
    assert corrected >= needed
    quoted = (f"{found:.1f}", f"{printed:.1f}", f"{needed:.1f}")
    return Shown(found >= printed, found >= corrected * (1 - 1e-9), quoted)


@shows("pegr-E.10")
def the_sum_over_examples(entry: Erratum, run: Callable[[str], dict[str, Array]]) -> Shown:
    found = run(entry.runs[0])
    values = {p.name: p.default for p in model("none").parameters} | {"sigma_p": 1.0}
    start = np.abs(draw(model("none"), values, 0).z[..., 0])
    growth = float(((found["gamma"][-1] + start) / start).max())
    printed, corrected = (1 + 2 * 0.02 / (20 * 10)) ** 20, (1 + 2 * 0.02 / 10) ** 20
    return Shown(growth <= printed, growth <= corrected, (f"{growth:.4f}", f"{printed:.4f}", f"{corrected:.3f}"))


# Both forms as formulas: at the witness's numbers, or as statements.


def by_witness(entry: Erratum, run: object) -> Shown:
    assert entry.witness is not None
    printed, corrected = told(entry.witness)
    quoted = tuple(f"{x:.3g}" for _, *sides in printed.sides for x in sides)
    return Shown(printed.holds, corrected.holds, quoted)


def by_statements(entry: Erratum, run: object) -> Shown:
    found = gr.check(entry.paper, None, entry.statements, preset=entry.preset or None, steps=60, seeds=1, draws=200)
    wrong = [each for each in found.results if each.statement.erratum == entry.id]
    mended = [each for each in found.results if each.statement.erratum != entry.id]
    assert wrong
    return Shown(any(each.verdict != "violated" for each in wrong), all(each.verdict == "holds" for each in mended), ())


for _entry in LEDGER.values():
    if _entry.id not in SHOW and (_entry.witness is not None or _entry.statements):
        SHOW[_entry.id] = by_witness if _entry.witness is not None else by_statements


@pytest.mark.parametrize("name", [name for name, entry in LEDGER.items() if entry.witness is not None])
def test_a_witness_tells_the_forms_apart(name: str) -> None:
    """What is shown to the reader has both forms evaluated."""
    witness = LEDGER[name].witness
    assert witness is not None
    printed, corrected = told(witness)
    assert corrected.holds and not printed.holds
    assert str(printed) in str(gr.explain(name)) and str(corrected) in str(gr.explain(name))


@pytest.mark.parametrize("paper", shelf.with_errata())
def test_every_entry_has_both_forms_and_its_severity(paper: str) -> None:
    recorded = PAPERS[paper].statements
    assert recorded is not None
    known, presets = {each.id: each for each in recorded.statements}, {each.name for each in PAPERS[paper].presets}
    for entry in PAPERS[paper].errata:
        assert entry.severity, entry.id
        assert entry.claims or entry.statements or entry.witness is not None, entry.id
        assert set(entry.statements) <= set(known) and entry.preset in {"", *presets}, entry.id
        printed = {each.id for each in known.values() if each.erratum == entry.id}
        assert printed <= {*entry.statements, *(name for name in printed if entry.claims)}, entry.id


# The ledger's own text.


def test_the_ledger_prints_every_field() -> None:
    for paper in shelf.with_errata():
        shown = " ".join(shelf.ledger_text(paper).split())
        for entry in PAPERS[paper].errata:
            for part in (
                entry.id,
                entry.where,
                entry.printed,
                entry.corrected,
                entry.why,
                entry.effect,
                *entry.evidence,
            ):
                assert " ".join(part.split()) in shown
    assert max(map(len, shelf.ledger_text("pegr").splitlines())) < 240


def test_evidence_names_this_file() -> None:
    root = Path(__file__).parents[2]
    for entry in LEDGER.values():
        where, _, name = entry.evidence[-1].partition('"')[2].rstrip('"').partition("::")
        assert (root / where).samefile(__file__)
        assert name == f"test_entry[{entry.id}]"


def test_evidence_runs_in_a_checkout() -> None:
    """`python` alone may be any Python, or none."""
    for entry in LEDGER.values():
        *shown, last = entry.evidence
        assert last.startswith('.venv/bin/python -m pytest "tests/')
        assert all(command.startswith("gammarho ") for command in shown)


def test_off_by_says_what_it_compares(capsys: pytest.CaptureFixture[str]) -> None:
    for paper in shelf.with_errata():
        shown = " ".join(shelf.ledger_text(paper).split())
        vague = [entry for entry in PAPERS[paper].errata if "off by" in entry.effect]
        assert shown.count(errata.OFF_BY) == bool(vague)
    for name, entry in LEDGER.items():
        assert (errata.OFF_BY in " ".join(shelf.explain(name).split())) == ("off by" in entry.effect), name


def test_errata_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["errata", "pegr"]) == 0
    one = capsys.readouterr().out
    assert "pegr-5.3 (formula, changes a constant)" in one
    assert cli.main(["errata"]) == 0
    assert one in capsys.readouterr().out
    assert cli.main(["errata", "pgr"]) == 2
    assert capsys.readouterr().err == "gammarho: paper: 'pgr' has no errata recorded; did you mean 'pegr'?\n"


@pytest.mark.parametrize("paper", shelf.with_errata())
def test_the_page_is_latex_that_closes_what_it_opens(paper: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without TeX: braces and environments match, nothing is left that TeX would read as a command."""
    assert cli.main(["errata", paper, "--latex"]) == 0
    source = capsys.readouterr().out
    opened, closed = re.findall(r"\\begin\{(.*?)\}", source), re.findall(r"\\end\{(.*?)\}", source)
    assert sorted(opened) == sorted(closed) and set(opened) <= {"document", "align*", "split", "aligned", "cases"}
    plain = re.sub(r"\\[{}]", "", source)
    assert plain.count("{") == plain.count("}")
    text = re.sub(r"\\begin\{align\*\}.*?\\end\{align\*\}", "", source, flags=re.S)
    assert not re.search(r"(?<!\\)[$&#%_^~]", text)
    assert all(page.escaped(entry.id) in source for entry in PAPERS[paper].errata)
    assert source.count(r"\begin{align*}") == 2 * sum(bool(entry.claims) for entry in PAPERS[paper].errata)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("paper", shelf.with_errata())
def test_the_page_compiles(paper: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["errata", paper, "--latex"]) == 0
    (tmp_path / "errata.tex").write_text(capsys.readouterr().out, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "errata.tex"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert made.returncode == 0, made.stdout[-2000:]
    assert (tmp_path / "errata.pdf").stat().st_size > 10_000


def test_a_page_for_a_browser_has_every_erratum_and_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["errata", "pegr", "--html"]) == 0
    source = capsys.readouterr().out
    assert source.startswith("<!doctype html>") and source.rstrip().endswith("</html>") and "http" not in source
    assert source.count("<tr>") == 1 + len(PAPERS["pegr"].errata)
    assert all(f">{entry.id}</td>" in source for entry in PAPERS["pegr"].errata)


def test_a_page_is_about_one_paper(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in ("--latex", "--html"):
        assert cli.main(["errata", asked]) == 2
        assert "name it" in capsys.readouterr().err
    assert cli.main(["errata", "pegr", "--latex", "--html"]) == 2


def test_explain_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "pegr-5.3"]) == 0
    assert "1 + 4 lam zeta_i/m^2 l''_i" in capsys.readouterr().out
    assert cli.main(["explain", "pegr-5.3-gamma"]) == 0
    shown = capsys.readouterr().out
    assert "mended by pegr-5.3" in shown and r"\begin{align*}" in shown and "(m - 1)" in shown
    assert cli.main(["explain", "pegr-E.8-step"]) == 0
    assert "holds as printed" in capsys.readouterr().out
    assert cli.main(["explain", "pegr-53"]) == 2
    assert capsys.readouterr().err == (
        "gammarho: id: 'pegr-53' is not an erratum or a claim; gammarho errata pegr lists the errata and gammarho "
        "explain pegr the claims; did you mean 'pegr-5.3'?\n"
    )
    assert cli.main(["explain", "zzz"]) == 2
    assert capsys.readouterr().err.endswith(
        "; gammarho errata PAPER lists the errata and gammarho explain PAPER the claims\n"
    )


@pytest.mark.parametrize("paper", shelf.with_errata())
def test_explain_lists_a_papers_claims(paper: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", paper]) == 0
    holding, mended = capsys.readouterr().out.split("claims that hold once mended")
    own = {name: claim for name, claim in claims().items() if name.startswith(paper)}
    assert set(re.findall(r"^  (\S+)$", holding, re.M)) == {name for name, claim in own.items() if not claim.errata}
    listed = dict(re.findall(r"^  (\S+)  \((.*)\)$", mended, re.M))
    assert listed == {name: ", ".join(claim.errata) for name, claim in own.items() if claim.errata}


def test_the_ledger_needs_no_sympy() -> None:
    code = (
        "import sys; from derivations.papers import shelf; shelf.ledger_text('pegr'); "
        "raise SystemExit('sympy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
