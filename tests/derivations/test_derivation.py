"""The derivation: indexed sums are kept, definitions keep their names, and the algebra is the calculus of sums."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from derivations.calculus.recursion import of_model
from derivations.calculus.sums import Definition, contract, derivative, pull_out, reduce_signs
from derivations.calculus.symbols import Names, i, n, r, s, y
from derivations.declare import Activation, Coefficient, Directions, Model, Network, Objective, Patch
from derivations.derive import derive
from derivations.papers.pegr.model import model as pegr
from derivations.show.shown import steps

j, k = sp.symbols("j k", integer=True, positive=True)
X, W = sp.IndexedBase("X"), sp.IndexedBase("W")


def softmax_model(penalty: str = "none") -> Model:
    return Model(
        name="classes",
        title="",
        directions=(
            Directions(
                name="u", over="class", latex=r"\mathbf{u}", coefficient=Coefficient(name="gamma", latex=r"\gamma")
            ),
            Directions(
                name="xi", over="sample", latex=r"\boldsymbol{\xi}", coefficient=Coefficient(name="rho", latex=r"\rho")
            ),
        ),
        patches=(Patch(direction="u"), Patch(direction="xi")),
        network=Network(heads="class", activation=Activation(name="relu"), classes=3),
        objective=Objective(loss="cross_entropy", penalty=penalty),  # type: ignore[arg-type]
    )


def test_a_delta_removes_its_sum_and_constants_leave_it() -> None:
    assert contract(n * X[i] * sp.KroneckerDelta(i, j), (sp.Tuple(i, 1, n),)) == n * X[j]
    assert contract(X[j] * W[i], (sp.Tuple(i, 1, n),)) == X[j] * sp.Sum(W[i], (i, 1, n))


def test_derivative_goes_through_definitions_and_freezes_the_rest() -> None:
    named = {"S": Definition("S", (i,), sp.Sum(W[r] ** 2 * X[i], (r, 1, n)), "")}
    S = sp.IndexedBase("S")
    assert derivative(S[j] ** 2, W[k], named) == 2 * S[j] * 2 * W[k] * X[j]
    assert derivative(sp.IndexedBase("frozen")[j], W[k], named) == 0


def test_signs_square_to_one_only_where_they_are_signs() -> None:
    assert reduce_signs(y[i] ** 3 * s[j] ** 2, signed=True) == y[i]
    assert reduce_signs(y[i] ** 3 * s[j] ** 2, signed=False) == y[i] ** 3


def test_pull_out_takes_the_common_factor_and_leaves_no_other() -> None:
    common, rest = pull_out(sp.expand(6 * n * X[i] * W[r] + 4 * n * W[r] ** 2), {r})
    assert sp.expand(common * rest - 6 * n * X[i] * W[r] - 4 * n * W[r] ** 2) == 0
    assert common == 2 * n


@pytest.mark.parametrize("regularizer", ["none", "pegr", "fgr"])
def test_no_sum_is_unrolled(regularizer: str) -> None:
    found = derive(pegr(regularizer))
    exprs = [group.expr for groups in found.gradient.values() for group in groups]
    assert max(len(expr.atoms(sp.Indexed)) for expr in exprs) < 20
    assert any(expr.atoms(sp.Sum) for expr in exprs)


def test_zeta_is_the_papers_sum_where_mu_is_orthogonal_to_the_noise() -> None:
    model = pegr("pegr")
    names, found = Names(model), derive(model)
    zeta = found.definitions["zeta"].expr.subs(names.gram(("mu", ()), ("xi", (i,))), 0)
    from derivations.calculus.activations import Relu

    a, b = Relu(names.a(0, names.head, r, i)), Relu(names.a(1, names.head, r, i))
    mu2, xi2 = names.gram(("mu", ()), ("mu", ())), names.gram(("xi", (i,)), ("xi", (i,)))
    assert sp.expand(zeta.function - (a**2 * mu2 + b**2 * xi2)) == 0


def test_softmax_rule_is_the_derivative_of_the_softmax() -> None:
    F = sp.symbols("F1:4")
    p = [sp.exp(f) / sum(sp.exp(g) for g in F) for f in F]
    for a in range(3):
        for b in range(3):
            assert sp.simplify(sp.diff(p[a], F[b]) - p[a] * (int(a == b) - p[b])) == 0
    names, found = Names(softmax_model()), derive(softmax_model())
    at, target = sp.IndexedBase("F")[names.head, i], sp.IndexedBase("F")[names.head_, i]
    pk, pl = sp.IndexedBase("p")[names.head, i], sp.IndexedBase("p")[names.head_, i]
    kept = {name: d for name, d in found.definitions.items() if name in ("p", "e", "loss")}
    derived = derivative(pk, target, kept)
    assert sp.expand(derived - pk * (sp.KroneckerDelta(names.head, names.head_) - pl)) == 0
    assert at.base == target.base


def test_logistic_chain_is_the_losses_derivatives() -> None:
    z = sp.Symbol("z", real=True)
    loss = sp.log(1 + sp.exp(-z))
    first, second = -1 / (1 + sp.exp(z)), sp.exp(z) / (1 + sp.exp(z)) ** 2
    assert sp.simplify(sp.diff(loss, z) - first) == 0
    assert sp.simplify(sp.diff(first, z) - second) == 0


def test_a_family_without_patches_has_no_gradient() -> None:
    model = pegr("pegr")
    spare = Directions(name="nu", over="one", latex=r"\nu", coefficient=Coefficient(name="alpha", latex=r"\alpha"))
    wider = Model(
        name="wider",
        title="",
        directions=(*model.directions, spare),
        patches=model.patches,
        network=model.network,
        objective=model.objective,
    )
    assert derive(wider).gradient["nu"] == ()


def test_definitions_carry_the_papers_superscript() -> None:
    shown = derive(pegr("pegr")).latex()
    for part in (r"\ell_{i}^{\prime(t)} &=", r"\zeta_{i}^{(t)} &=", r"\bigl(\ell_{i}^{\prime(t)}\bigr)^{2}"):
        assert part in shown
    assert r"\overline{\rho}_{j,r,i}^{(t)} &=" in shown and r"y_{i}^{(t)}" not in shown


def test_the_steps_say_what_kappa_and_c_are() -> None:
    lines = steps(derive(pegr("pegr"))).splitlines()
    first = min(at for at, line in enumerate(lines) if line.startswith("(1)"))
    for start, end in (("kappa: ", "here 1/m"), ("c: ", "here 1/2")):
        (line,) = [line for line in lines[:first] if line.startswith(start)]
        assert line.endswith(end)
    assert not any(line.startswith("c: ") for line in steps(derive(pegr("none"))).splitlines())


@pytest.mark.parametrize(
    "model", [pegr("pegr"), pegr("fgr"), softmax_model("per_example")], ids=lambda m: m.name + m.objective.penalty
)
def test_latex_is_balanced(model: Model) -> None:
    text = derive(model).latex()
    for left, right in (
        ("{", "}"),
        (r"\bigl(", r"\bigr)"),
        (r"\Bigl[", r"\Bigr]"),
        (r"\langle", r"\rangle"),
        (r"\begin", r"\end"),
    ):
        assert text.count(left) == text.count(right)


def test_text_speaks_the_papers_notation() -> None:
    text = str(derive(pegr("pegr")))
    for piece in (
        "gamma_{j,r} <-",
        "rho_{j,r,i} <-",
        "zeta_i",
        "l''_i",
        "<w_{j,r}, y_i mu>",
        "||xi_i||^2",
        "4*lam*l''_i*zeta_i/m**2",
    ):
        assert piece in text
    assert "grad_{j,r} L_S" in str(derive(pegr("fgr")))


def test_steps_end_in_the_update() -> None:
    steps = derive(pegr("pegr")).derivation()
    assert "(1) pre-activation" in steps and "squared gradient norm of one example" in steps
    assert steps.rstrip().endswith("]")


def test_the_shown_recursion_follows_the_given_parameters() -> None:
    import gammarho

    printed, summed = str(gammarho.derive("pegr")), str(gammarho.derive("pegr", {"neurons": "sum"}))
    assert "zeta_i/m**2" in printed and "/m" not in summed
    whole = str(gammarho.derive("pegr", {"penalty_half": False}))
    assert "8*lam*l''_i*zeta_i/m**2" in whole


def test_a_recursion_is_derived_once_and_told_by_how_its_model_is_written() -> None:
    """Defaults of 2 and of 2.0 are equal, and a declaration that is shown has its own."""
    model, same = softmax_model(), softmax_model()
    assert model is not same and of_model(model).gradient is of_model(same).gradient
    plain = pegr("none")
    whole, real = (
        replace(plain, parameters=tuple(replace(p, default=eta) if p.name == "eta" else p for p in plain.parameters))
        for eta in (2, 2.0)
    )
    assert whole == real
    told = [next(p for p in of_model(each).model.parameters if p.name == "eta").default for each in (whole, real)]
    assert [repr(each) for each in told] == ["2", "2.0"]
