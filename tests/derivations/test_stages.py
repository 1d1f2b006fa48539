"""The early stage: rates and critical values as the papers have them, and as runs show them in the linear regime."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

import gammarho as gr
from derivations.calculus.recursion import of_model
from derivations.calculus.stages import stages
from derivations.declare import Activation, Model, Objective, Parameter, Patch
from derivations.derive import derive
from derivations.errors import ModelError
from derivations.generate import RATES, growth_rates
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.paper import PAPERS
from derivations.papers.pegr.model import model as pegr
from derivations.show.early import early
from simulate.ask import early as asked
from simulate.ask.chosen import choose
from simulate.run.problem import Start, problem_of

SMALL = {"n": 8, "m": 3, "d": 1e10, "sigma_p": 2e-4, "mu_norm": 1.3, "sigma_0": 1e-9, "eta": 1e-3}  # |xi| = 20


def named(model: Model) -> dict[str, sp.Expr]:
    names = {each.name: sp.Symbol(each.name, positive=True) for each in model.parameters} | {
        "kappa": 1 / sp.Symbol("m", positive=True), "c": sp.Rational(1, 2)}
    return {each.name: sp.sympify(each.formula, locals=names) for each in early(of_model(model))}


def meant(text: str) -> sp.Expr:
    names = ("n", "m", "d", "lam", "eta", "mu_norm", "sigma_p")
    return sp.sympify(text, locals={name: sp.Symbol(name, positive=True) for name in names})


@pytest.mark.parametrize(("regularizer", "q", "wanted"), [
    ("pegr", 2, {"lam_xi": "m/(sigma_p**2*d)", "lam_mu": "m/mu_norm**2"}),
    ("fgr", 2, {"lam_xi": "n*m/(sigma_p**2*d)", "lam_mu": "2*m/mu_norm**2"}),
    ("none", 2, {}), ("pegr", 3, {}),
])
def test_the_windows_of_the_penalties_are_derived(regularizer: str, q: int, wanted: dict[str, str]) -> None:
    found = named(pegr(regularizer, q))
    plain = {name: value.subs(sp.Symbol("project_noise", positive=True), 0) for name, value in found.items()}
    assert {name for name in found if name.startswith("lam_")} == {*wanted, *(["lam_mu_xi"] if wanted else [])}
    for name, text in wanted.items():
        assert sp.simplify(plain[name] - meant(text)) == 0
    if regularizer == "pegr" and q == 2:  # (n SNR^2/2)(1 - lam mu^2/m) = 1 - lam S^2/m, where signal outgrows noise
        S2, mu2 = meant("sigma_p**2*d"), meant("mu_norm**2")
        balance = meant("n") * mu2 / S2 / 2 * (1 - plain["lam_mu_xi"] * mu2 / meant("m"))
        assert sp.simplify(balance - (1 - plain["lam_mu_xi"] * S2 / meant("m"))) == 0


def started(setting: str, values: dict[str, Any]) -> tuple[Start, np.ndarray[Any, Any]]:
    """A draw by Gram, and its products at t = 0 and 1, (2, H, m, B)."""
    start = problem_of(choose(setting, values)).start(0, "gram")
    return start, start.advance(1, np.array([0, 1])).z


@pytest.mark.parametrize(("regularizer", "lam"), [("none", 0.0), ("pegr", 0.003), ("pegr", 0.03), ("fgr", 0.2)])
def test_products_grow_by_the_derived_rates(regularizer: str, lam: float) -> None:
    values: dict[str, Any] = {**SMALL, "regularizer": regularizer, "lam": lam, "project_noise": True}
    start, z = started("pegr", values)
    rates = {(each.family, each.own): each for each in stages(of_model(start.model))}
    known = {**values, "c": 1.0 if regularizer == "fgr" else 0.5, "kappa": 1 / SMALL["m"]}
    seen = 0
    for h, j in enumerate((1, -1)):
        for r in range(int(SMALL["m"])):
            for b, before in enumerate(z[0, h, r]):
                grown = (z[1, h, r, b] - before) / before
                matching = np.sign(before) if b == 0 else start.draw.y[b - 1]
                if b and before <= 0:
                    assert abs(grown) < 1e-3  # not active: only what different directions have in common
                    continue
                stage = rates["mu" if b == 0 else "xi", bool(matching == j)]
                same = int((start.draw.y == np.sign(before)).sum())
                scope = {**known, "norm": start.draw.gram[b, b], "same": same, "other": SMALL["n"] - same}
                predicted = float(stage.rate.subs({each: scope[each.name] for each in stage.rate.free_symbols}))
                assert grown == pytest.approx(predicted, rel=1e-2)
                seen += 1
    assert seen > 20


@pytest.mark.slow
def test_flipped_labels_push_back() -> None:
    """One in four of either label; before, the rate of <w, mu> was that of a model without flips."""
    model = replace(pegr("pegr"), name="flips", label_flips="p", observables=(), events=(),
                    patches=(Patch(direction="mu", scale="clean"), Patch(direction="xi")),
                    parameters=(*pegr("pegr").parameters, Parameter(name="p", latex="p", meaning="flips", kind="real",
                                                                    default=0.25, low=0, high=1)))
    clean, y = np.repeat([1.0, -1.0], 4), np.array([-1.0, 1, 1, 1, 1, -1, -1, -1])
    rng, d = np.random.default_rng(0), 60
    xi = 1e-3 * rng.normal(size=(8, d)) * (np.arange(d) > 0)
    arrays = {"y": y, "clean": clean, "mu": np.eye(d)[0] * 1.3, "xi": xi, "W": 1e-9 * rng.normal(size=(2, 3, d))}
    lam = 0.4
    z = problem_of(choose(model, {"eta": 1e-3, "lam": lam})).on(arrays).start(0).advance(1, np.array([0, 1])).z[..., 0]
    known = {"eta": 1e-3, "lam": lam, "mu_norm": 1.3, "p": 0.25, "m": 3, "n": 8}
    by_name = {name: float(formula.subs({each: known[each.name] for each in formula.free_symbols}))
               for name, formula in named(model).items() if name.startswith("rate_mu")}
    for j, (before, after) in zip((1, -1), zip(*z, strict=True), strict=True):
        for r in range(3):
            rate = by_name["rate_mu" if np.sign(before[r]) == j else "rate_mu_back"]
            assert after[r] / before[r] - 1 == pytest.approx(rate, rel=1e-4)
    own, plain = named(model), named(pegr("pegr"))
    assert own.keys() == plain.keys() and own["lam_mu"] != plain["lam_mu"] and own["rate_xi"] == plain["rate_xi"]
    assert all(sp.simplify(own[name].subs(sp.Symbol("p", positive=True), 0) - plain[name]) == 0 for name in plain)


def test_families_without_rates_are_named() -> None:
    """Before, `derive nearly_orthogonal --rates` printed nothing."""
    assert derive(heterogeneous(3)).rates().endswith("no rates of xi: their mean squared length is no formula of the "
                                                     "parameters here")
    assert derive(heterogeneous(3)).rates().splitlines()[0].endswith("push it outward, classes being of one size)")
    assert derive(nearly_orthogonal()).rates().startswith("no rates of x: ")
    assert "no rates" not in derive(pegr()).rates()


def test_a_linear_stage_of_class_heads_is_a_constant_a_step() -> None:
    given: dict[str, Any] = {"K": 3, "n": 6, "m": 4, "d": 1e10, "u_norm": 1.0, "sigma_p": 1e-5, "sigma_0": 1e-9,
                             "eta": 1e-12, "init": "gaussian", "Gamma": 1.0}
    start, z = started("heterogeneous", given)
    (own, back) = [each for each in stages(of_model(heterogeneous(3))) if each.family == "xi"]
    assert own.power == back.power == 0
    for i, label in enumerate(start.draw.y.astype(int)):
        b = 3 + i
        scope = {"eta": 1e-12, "kappa": 1 / 4, "norm": start.draw.gram[b, b], "n": 6}
        for k in range(3):
            active = z[0, k, :, b] > 0
            rate = (own if k == label else back).rate
            predicted = float(rate.subs({each: scope[each.name] for each in rate.free_symbols}))
            assert (z[1] - z[0])[k, active, b] == pytest.approx(predicted, rel=1e-2)


@pytest.mark.parametrize("method", ["train-train", "train-validation"])
def test_two_loops_grow_by_the_derived_rates(method: str) -> None:
    values: dict[str, Any] = {
        "method": method, "n_tasks": 3, "n": 4, "n_train": 2, "m": 4, "d": 1e12, "M": 4, "J": 3, "eta_inner": 0.5,
        "eta": 1e-3, "nu_norm": 1.0, "sigma_s": 1e-12, "sigma_xi": 2e-6, "sigma_0": 1e-12, "balanced": True, "h": 0.5,
        "neurons": "sum", "activation": "huberized", "project_noise": True,
    }
    formulas = asked.formulas_at("fomaml", values)
    noise, feature = (asked.value(formulas[name], values) for name in ("rate_xi", "rate_nu_k"))
    data = gr.run("fomaml", values, steps=1, sampling="gram", record=[0, 1], observables=["Xi", "Lambda"])
    xi, Lambda = data["Xi"].values, data["Lambda"].values
    outer = xi[..., 2:] if method == "train-validation" else xi
    active = outer[0] > 0
    assert (outer[1] / outer[0] - 1)[active] == pytest.approx(noise, rel=1e-2) and active.sum() > 3
    assert (Lambda[1] / Lambda[0] - 1) == pytest.approx(feature, rel=1e-2)


def test_the_rates_that_conditions_speak_of_are_those_derived() -> None:
    assert RATES.read_text(encoding="utf-8") == growth_rates()
    quantities = {each.name: each.formula for each in PAPERS["fomaml"].conditions.quantities}  # type: ignore[union-attr]
    assert quantities["r_tt"] in growth_rates() and quantities["r_nu"] in growth_rates()


def test_what_has_no_early_stage_says_so() -> None:
    base = pegr("pegr")
    for changed in (
        replace(base, network=replace(base.network, activation=Activation(name="relu"))),
        replace(base, network=replace(base.network, activation=Activation("tanh(z)"))),
        replace(base, objective=Objective(loss="exp(-2*z)", penalty="per_example")),
    ):
        with pytest.raises(ModelError, match=r"^rates: .*(leave it out|expected one of (relu_power|logistic), )"):
            stages(of_model(changed))


@pytest.mark.usefixtures("plainly")
def test_a_curve_may_name_a_critical_value_and_each_panel_has_its_own() -> None:
    grid = gr.phase("pegr", {"eta": 0.2, "n": 4, "m": 2}, x="lam=0.01:10:3:log", y="sigma_p=0.1:2:3",
                    z="regularizer=pegr,fgr,none", steps=2, seeds=1, progress=False)
    figure = gr.plot(grid, curves=["lam = lam_xi", "lam = m/(sigma_p**2*(d - 1))"])
    drawn = [[line for line in axes.get_lines() if line.get_color() == "black"] for axes in figure.axes]
    panels = [lines for lines in drawn if len(lines) == 2]
    assert len(panels) == 3
    assert np.allclose(panels[0][0].get_xdata(), panels[0][1].get_xdata(), equal_nan=True)
    twice = 2 * np.asarray(panels[1][1].get_xdata())  # FGR: n m/(2 c S^2) with n = 4 and c = 1, against m/(2 c S^2)
    assert np.allclose(np.asarray(panels[1][0].get_xdata()), twice, equal_nan=True)
    assert np.isnan(np.asarray(panels[2][0].get_xdata(), dtype=float)).all()
    with pytest.raises(gr.InputError, match="did you mean 'lam_xi'"):
        gr.plot(grid, curves="lam = lam_xy")
