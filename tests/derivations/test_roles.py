"""Symbols say what they are of: families whose names read alike are told apart, from the derivation to the kernel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import gammarho as gr
from derivations.calculus.changes import filter_change
from derivations.calculus.roles import (
    ConstantScalar,
    Covector,
    FormalVector,
    GramEntry,
    PatchPreactivation,
    Preactivation,
    ScalarOfExample,
    indexed,
    role_of,
    scalar,
)
from derivations.calculus.symbols import Names, i
from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    GaussianLaw,
    Model,
    Network,
    Objective,
    Parameter,
    Patch,
)
from derivations.derive import derive
from derivations.kernel.printer import piece_name
from simulate.testing import Instance, plain_kernel, residual
from tests.helpers.wild import plainly

SIZES = {"n": 4, "m": 3, "d": 30, "length": 1.0, "sigma": 0.3, "sigma_0": 0.3, "eta": 0.2, "lam": 0.1}
RELU, LEAKY = Activation(name="relu"), Activation(name="leaky_relu", slope=0.2)
NAMES = st.from_regex(r"[a-c_][a-c_1]{0,4}", fullmatch=True)


def declared(families: tuple[str, ...], patches: tuple[str, ...], activation: Activation = RELU, **more: bool) -> Model:
    """A model on these families, the last over examples and the others shared, with a per-example penalty."""
    return Model(
        name="alike",
        title="Families whose names read alike",
        directions=tuple(
            Directions(
                name=name, over="sample" if at == len(families) - 1 else "one", latex=rf"v^{{{at}}}",
                law=GaussianLaw(std="sigma") if at == len(families) - 1 else FixedLaw(norm="length"),
                coefficient=Coefficient(name=f"c{at}", latex=f"c^{at}", **more),
            )
            for at, name in enumerate(families)
        ),
        patches=tuple(Patch(direction=name) for name in patches),
        network=Network(heads="signed", activation=activation),
        objective=Objective(loss="logistic", penalty="per_example"),
        parameters=(
            *(Parameter(name=name, latex="", meaning=name, kind="count", default=SIZES[name], low=1) for name in "nm"),
            *(
                Parameter(name=name, latex="", meaning=name, kind="real", default=value)
                for name, value in SIZES.items() if name not in "nm"
            ),
        ),
    )


ALIKE = {
    "a, a_b, b, b_b": declared(("a", "a_b", "b", "b_b"), ("a", "a_b", "b", "b_b")),
    "u, u_k, v, k_v": declared(("u", "u_k", "v", "k_v"), ("u", "u_k", "v", "k_v")),
    "twins and a numbered family": declared(("x1", "x_1", "x"), ("x", "x1", "x", "x_1")),
    "a family called as a piece": declared(("slope_x", "_slope_x", "x"), ("slope_x", "x", "_slope_x"), LEAKY),
}


@pytest.mark.parametrize("name", ALIKE)
def test_one_step_on_families_that_read_alike_agrees_with_training(name: str) -> None:
    model = ALIKE[name]
    rng, vectors = np.random.default_rng(4), model.offsets(3)[""]
    found = Instance(
        model, {**SIZES, "n": 3, "m": 2, "d": 9, "lam_until": None}, rng.normal(size=(vectors, 9)) / 3,
        rng.normal(size=(2, 2, 9)), np.array([1.0, -1.0, 1.0]),
    )
    assert residual(found, plain_kernel(model)) <= 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("name", ALIKE)
def test_families_that_read_alike_pass_validation(name: str) -> None:
    result = gr.validate(ALIKE[name], steps=15, seed=1)
    assert result.verdict == "pass", str(result)


def test_an_inner_product_prints_as_what_it_is() -> None:
    text = str(derive(ALIKE["a, a_b, b, b_b"]))
    assert "<a, b_b_i>" in text and "<a_b, b>" in text


def test_a_kernel_has_a_name_for_every_piece() -> None:
    model = ALIKE["a family called as a piece"]
    names = Names(model)
    pieces = {
        piece
        for definition in derive(model).definitions.values()
        for piece in definition.expr.atoms(sp.Function)
        if piece.args and isinstance(role_of(piece.args[0]), PatchPreactivation)
    }
    assert len({piece_name(piece) for piece in pieces}) == len(pieces) >= len(model.patches)
    assert names.declared_patch(names.patch(1)) is model.patches[1]


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_no_two_roles_have_one_name(families: list[str]) -> None:
    pairs = list(itertools.product(families, repeat=2))
    roles = [GramEntry(*pair) for pair in pairs]
    roles += [kind(family) for family in families for kind in (Preactivation, Covector, FormalVector)]  # type: ignore[misc]
    roles += [PatchPreactivation(family, twin) for family in families for twin in (0, 1, 12)]  # type: ignore[misc]
    roles += [PatchPreactivation(family, start=True) for family in families]  # type: ignore[misc]
    assert len({role.name for role in roles}) == len(roles)


def test_a_role_survives_what_sympy_does_with_its_symbol() -> None:
    entry = indexed(GramEntry("a_b", "b"))[i, i]
    moved = sp.expand((entry + 1) ** 2).xreplace({i: sp.Symbol("q")})
    assert {role_of(each) for each in moved.atoms(sp.Indexed)} == {GramEntry("a_b", "b")}
    assert role_of(sp.IndexedBase("G3_a_b_b")) is None and sp.IndexedBase("z_a") != indexed(Preactivation("a"))


def test_a_labelled_coefficients_decomposition_is_the_one_that_weights_are_rebuilt_by() -> None:
    model = declared(("mu", "xi"), ("mu", "xi"), signed=True, labelled=False)
    labelled = declared(("xi",), ("xi",), signed=True, labelled=True)
    assert "y_i" not in str(derive(model)).split("Definitions")[0].split("Decomposition")[1]
    shown = str(derive(labelled)).split("Decomposition\n")[1].splitlines()[0]
    assert shown.strip() == "w_{j,r}(t) = w_{j,r}(0) + sum_i j y_i c0_{j,r,i} xi_i/||xi_i||^2"
    assert r"\sum_{i} j y_{i}\,{c^0}_{j,r,i}^{(t)} \frac{{v^{0}}_{i}}{\|{v^{0}}_{i}\|_2^2}" in derive(labelled).latex()


def test_the_printed_decomposition_gives_the_weights() -> None:
    """Coefficients times declared signs and scales, as the text says, against `gr.weights` and against training."""
    from simulate.ask import parameters
    from simulate.start.draw import draw

    labelled = declared(("xi",), ("xi",), signed=True, labelled=True)
    with plainly(plain_kernel(labelled)):
        data = gr.run(labelled, steps=12, seed=2)
    drawn = draw(labelled, parameters.resolve(labelled).values, 2)
    assert drawn.vectors is not None and drawn.weights is not None
    signs = np.array([1.0, -1.0])[:, None, None] * drawn.y
    coefficient = data["c0"].isel(t=-1).values * signs / (drawn.vectors**2).sum(1)
    rebuilt = drawn.weights + coefficient @ drawn.vectors
    assert np.abs(rebuilt - gr.weights(data, setting=labelled)).max() <= 1e-14
    trained = gr.run(labelled, steps=12, seed=2, engine="weights")
    assert np.abs(trained["loss"] - data["loss"]).max() <= 1e-12


def test_a_filters_change_is_written_in_the_families_own_vectors() -> None:
    model = ALIKE["a, a_b, b, b_b"]
    found = {role_of(symbol) for symbol in filter_change(derive(model)).atoms(sp.Symbol, sp.Indexed)}
    assert {FormalVector(family.name) for family in model.directions} <= found
    assert plain_kernel(model).patches == 4


def test_scalars_of_one_name_in_two_models_are_not_taken_for_each_other() -> None:
    """SymPy's caches give an equal symbol for another.  Fails where symbols are equal by their names alone."""
    first, second = (scalar(ConstantScalar("l", value)) for value in (-0.5, "more"))
    sign, plain = (indexed(ScalarOfExample("s", sign=each)) for each in (True, False))
    x = sp.Symbol("x")
    for one, other in ((first, second), (sign, plain)):
        assert one != other
        _ = one * x
        assert [role_of(each) for each in (other * x).args if each != x] == [role_of(other)]
