"""Idealised recursions: what they drop, and which of it opens a gap."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gammarho as gr
from derivations.calculus.idealised import Dropped, idealised
from derivations.calculus.recursion import of_model
from derivations.declare import INDEX_SETS, Model, Objective, Parameter, Patch, RandomSign
from derivations.errors import ModelError
from derivations.generate import write_idealised
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.load import load
from simulate.ask.chosen import choose
from simulate.gap import gap as verb
from simulate.gap.dropped import ALIKE, CROSS, FLAT, FROZEN, rows_of, toggles
from simulate.gap.gap import Apart, Gap
from simulate.run.problem import problem_of

GIVEN = {"n": 3, "m": 2, "d": 50, "sigma_p": 0.3, "sigma_0": 0.5, "eta": 0.3, "lam": 0.2, "regularizer": "pegr"}


def steps_without(dropped: Dropped, cross: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The coefficients (2, H, m, B) after one and two steps of an idealised recursion, run as plain Python."""
    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path / "cache"))
    path = write_idealised(pegr("pegr"), dropped)
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    start = problem_of(choose("pegr", GIVEN)).start(1, "vectors")
    kernel = load(path, described, INDEX_SETS, compiled=False).bind(start.draw.clean)
    drawn = start.draw
    gram = np.diag(np.diag(drawn.gram)) if cross else drawn.gram
    found = kernel.run(drawn.z, np.zeros_like(drawn.z), gram, drawn.y, start.values, 2, np.array([1, 2]))
    return found.b


def by_hand(cross: bool, frozen: bool, flat: bool) -> np.ndarray:
    """The same from the paper's objective, written out."""
    start = problem_of(choose("pegr", GIVEN)).start(1, "vectors")
    drawn, eta, lam, m, n = start.draw, 0.3, 0.2, 2, 3
    z, b, y, out = drawn.z.copy(), np.zeros_like(drawn.z), drawn.y, []
    G, j = np.diag(np.diag(drawn.gram)) if cross else drawn.gram, np.array([1.0, -1.0])[:, None]
    for _ in range(2):
        g = np.zeros_like(z)
        for i in range(n):
            a, c = np.maximum(y[i] * z[..., 0], 0), np.maximum(z[..., 1 + i], 0)
            margin = y[i] * float((j * (a**2 + c**2)).sum()) / m
            l1 = -0.5 if frozen else -1 / (1 + np.exp(margin))
            l2 = 0.0 if flat else 1 / (1 + np.exp(margin)) / (1 + np.exp(-margin))
            mu2, xi2, inner = G[0, 0], G[1 + i, 1 + i], G[0, 1 + i]
            zeta = float((mu2 * a**2 + 2 * a * c * inner * y[i] + xi2 * c**2).sum())
            slope = l1 * (1 + 4 * lam * l2 * zeta / m**2)
            extra = 2 * lam * l1**2 / (n * m**2)  # of (2 lam/(n m^2)) l1^2 zeta, with c = 1/2
            g[..., 0] += 2 * j * slope * a / (n * m)
            g[..., 0] += extra * (2 * mu2 * a + 2 * c * inner * y[i] * (a > 0)) * y[i]
            g[..., 1 + i] += 2 * j * y[i] * slope * c / (n * m)
            g[..., 1 + i] += extra * (2 * xi2 * c + 2 * a * inner * y[i] * (c > 0))
        b, z = b - eta * g, z - eta * g @ G
        out.append(b)
    return np.array(out)


@pytest.mark.parametrize(("cross", "frozen", "flat"), [
    (False, False, False), (True, False, False), (False, True, False), (False, False, True), (True, True, True),
])
def test_an_idealised_recursion_is_the_exact_one_without_what_is_dropped(
    cross: bool, frozen: bool, flat: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = steps_without(Dropped(frozen, flat), cross, tmp_path, monkeypatch)
    assert np.allclose(found, by_hand(cross, frozen, flat), rtol=1e-10, atol=1e-14)


def test_the_opener_is_the_term_whose_gap_is_open_first() -> None:
    def apart(name: str, mu: int, xi: int) -> Apart:
        gaps = {"mu": np.array([0.0, 0.2]), "xi": np.array([0.0, 0.05])}
        return Apart(dropped=name, gaps=gaps, opens={"mu": mu, "xi": xi}, ends=-1)

    rows = (apart(CROSS.name, -1, 40), apart(FROZEN.name, 10, -1), apart(FLAT.name, -1, -1), apart("all", 9, 30))
    found = Gap(setting="pegr", seed=0, steps=50, tolerance=0.1, t=np.array([0, 50]), apart=rows, notes=())
    assert found.opener is rows[1] and [each.first for each in rows] == [40, 10, -1, 9]
    assert "passes 10% at t = 9; l' frozen opens it, alone at t = 10" in str(found)
    assert "cross terms at t = 40, zeta (l'') never" in str(found)


def test_class_heads_frozen_have_even_probabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step is the exact one (outputs are near 0), the second is not; before, class heads were refused."""
    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path / "cache"))
    given = {"K": 3, "n": 4, "m": 2, "d": 40, "eta": 2.0, "sigma_0": 0.3}
    start = problem_of(choose("heterogeneous", given)).start(1, "vectors")
    path = write_idealised(start.model, Dropped(frozen=True))
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    kernel = load(path, described, INDEX_SETS, compiled=False).bind(start.draw.clean)
    drawn, eta = start.draw, 2.0
    found = kernel.run(drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, start.values, 2, np.array([1, 2])).b
    z, b, y = drawn.z.copy(), np.zeros_like(drawn.z), drawn.y.astype(int)
    kappa = 1 / 2 if start.values["neurons"] == "mean" else 1.0
    error = 1 / 3 - (np.arange(3)[:, None] == y)
    for step in range(2):
        g = np.zeros_like(z)
        for i in range(4):
            for row in (y[i], 3 + i):
                g[..., row] += kappa / 4 * error[:, i, None] * (z[..., row] > 0)
        b, z = b - eta * g, z - eta * g @ drawn.gram
        np.testing.assert_allclose(found[step], b, rtol=1e-10, atol=1e-14)


def test_two_loops_without_what_is_dropped_are_those_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K = 2 tasks, J = 1, written out with one dense Gram matrix; before, two loops were refused."""
    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path / "cache"))
    given = {"n_tasks": 2, "n": 2, "n_train": 1, "m": 2, "d": 30, "M": 3, "J": 1, "eta_inner": 1.5, "eta": 0.7,
             "h": 0.5, "sigma_s": 0.1, "sigma_xi": 0.3, "sigma_0": 0.4, "method": "train-validation"}
    start = problem_of(choose("fomaml", given)).start(1, "vectors")
    path = write_idealised(start.model, Dropped(frozen=True))
    described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    kernel = load(path, described, INDEX_SETS, compiled=False).bind(start.draw.clean)
    assert [each.name for each in toggles(start.model)] == ["cross terms", "tasks' own parts", "l' frozen", "all"]
    z, gram = toggles(start.model)[-1].drawn(start.draw, start.model)
    found = kernel.run(z, np.zeros_like(z), gram, start.draw.y, start.values, 2, np.array([1, 2])).b
    G, w = np.diag(np.diag(gram)), start.draw.watched
    assert w is not None
    G[:2, :2] = w.gram[w.names["nu"], w.names["nu"]]  # both tasks' feature is nu, of length ||nu||
    state, b = start.draw.z.copy(), np.zeros_like(z)
    state[..., :2] = w.z[..., w.names["nu"]]
    for step in range(2):
        moved = np.zeros_like(z)
        for k in range(2):
            inner, outer = 2 + 2 * k, 3 + 2 * k  # the rows of xi of the example that each loop takes
            adapted = state - 1.5 * _frozen(state, k, inner, start.draw.y) @ G
            moved += _frozen(adapted, k, outer, start.draw.y) / 2
        b, state = b - 0.7 * moved, state - 0.7 * moved @ G
        np.testing.assert_allclose(found[step], b, rtol=1e-10, atol=1e-14)


def _frozen(z: np.ndarray, k: int, row: int, labels: np.ndarray) -> np.ndarray:
    """The gradient (H, m, B) of the loss of one example at l' = -1/2: task k's feature in row k, its noise in `row`."""
    g, y, j = np.zeros_like(z), labels[row - 2], np.array([1.0, -1.0])[:, None]
    g[..., k] = -0.5 * j * np.clip(y * z[..., k] / 0.5, 0, 1)
    g[..., row] = -0.5 * y * j * np.clip(z[..., row] / 0.5, 0, 1)
    return g


def test_tasks_without_their_own_parts_are_those_of_a_dictionary_of_length_zero() -> None:
    """The same seed with sigma_s near 0 draws the same W(0), nu and noise."""
    given = {"n_tasks": 2, "n": 2, "n_train": 1, "m": 2, "d": 30, "M": 3, "sigma_xi": 0.3, "sigma_0": 0.4}
    own, none = (problem_of(choose("fomaml", {**given, "sigma_s": each})).start(1, "vectors")
                 for each in (0.2, 1e-13))
    assert np.abs(own.draw.gram - none.draw.gram).max() > 0.01
    for mine, theirs in zip(ALIKE.drawn(own.draw, own.model), (none.draw.z, none.draw.gram), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)
    kept, crossless = CROSS.drawn(own.draw, own.model)
    rows = rows_of(own.draw, own.model, "nu_k")
    assert kept is own.draw.z and np.array_equal(crossless[rows, rows], own.draw.gram[rows, rows])
    assert not (crossless - np.diag(np.diag(crossless)))[2:].any()


@pytest.mark.parametrize(("loss", "weights", "slope"), [
    ("logistic", (2.0, 0.5), -1 / 2), ("log(1 + exp(-z/temp))", (2.0, 0.5), -1 / 6), ("hinge", (), -1.0),
    ("squared", (1.0, 3.0), -1.0),
])
def test_the_frozen_slope_of_any_loss_is_weighed_as_the_loss_is(
    loss: str, weights: tuple[float, ...], slope: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a scalar that is drawn for each example.  Before, that was a defect, label weights were dropped in silence,
    and losses that are formulas had no slope."""
    monkeypatch.setenv("GAMMARHO_CACHE", str(tmp_path / "cache"))

    def plain(model: Model, frozen: bool, flat: bool) -> Kernel:
        path = write_idealised(model, Dropped(frozen, flat))
        return load(path, json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), INDEX_SETS, compiled=False)

    monkeypatch.setattr(verb, "idealised_kernel", plain)
    start = problem_of(choose(_signed(loss, weights), {"n": 6, "m": 2, "d": 9})).start(3, "vectors")
    found, _ = verb._run(start, FROZEN, np.array([1, 2]))
    drawn, eta, j = start.draw, 0.3, np.array([1.0, -1.0])[:, None]
    z, b, y = drawn.z.copy(), np.zeros_like(drawn.z), drawn.y
    weight = np.where(y > 0, *weights) if weights else np.ones(6)
    signs = y * drawn.scalars["sign"]
    assert len(set(signs)) == len(set(y)) == 2
    for step in range(2):
        g = np.zeros_like(z)
        for i in range(6):
            size = slope * weight[i] * y[i] * j / (6 * 2)
            g[..., 0] += size * signs[i] * (signs[i] * z[..., 0] > 0)
            g[..., 1 + i] += size * (z[..., 1 + i] > 0)
        b, z = b - eta * g, z - eta * g @ drawn.gram
        np.testing.assert_allclose(found[step], b, rtol=1e-10, atol=1e-14)


def _signed(loss: str, weights: tuple[float, ...]) -> Model:
    """ReLU filters on (s_i y_i mu, xi_i), with a sign s_i that is drawn for each example."""
    declared = pegr("none")
    return replace(
        declared, name="signs", title="Signs", observables=(), events=(),
        network=replace(declared.network, activation=replace(declared.network.activation, name="relu", power=1)),
        patches=(Patch(direction="mu", scale=("label", RandomSign(name="sign"))), Patch(direction="xi")),
        objective=Objective(loss=loss, label_weights=weights),
        parameters=(*(replace(each, default=0.3) if each.name == "eta" else each for each in declared.parameters),
                    Parameter(name="temp", latex="", meaning="temperature", kind="real", default=3.0, low=0,
                              open_low=True)),
    )


def test_of_class_heads_with_a_penalty_what_can_be_dropped_is_dropped() -> None:
    """Of a softmax no term is l'' alone.  Before, such a model was refused for its loss, after three of the runs."""
    declared = problem_of(choose("heterogeneous", {"K": 2})).model
    lam = Parameter(name="lam", latex="", meaning="penalty", kind="real", default=0.1, low=0)
    penalised = replace(declared, objective=Objective(loss="cross_entropy", penalty="per_example"),
                        parameters=(*declared.parameters, lam))
    assert [each.name for each in toggles(penalised)] == ["cross terms", "l' frozen", "all"]
    assert not toggles(penalised)[-1].flat and toggles(pegr("pegr"))[-1].flat


def test_what_has_no_slope_to_drop_or_fresh_examples_says_so() -> None:
    with pytest.raises(ModelError, match="gap: the loss 'cross_entropy' has no l'' of a margin to drop"):
        idealised(of_model(problem_of(choose("heterogeneous", {"K": 2})).model), Dropped(flat=True))
    with pytest.raises(gr.InputError, match="draws examples afresh"):
        gr.gap("fomaml", {"fresh": True}, preset="mechanism")


@pytest.mark.slow
def test_the_frozen_slope_opens_the_gap_once_signal_is_learned() -> None:
    found = gr.gap("pegr", preset="theorem-3.2", steps=6000)
    assert found.opener is not None and found.opener.dropped == FROZEN.name and found.opener.first > 1000
    assert found["cross terms"].first == -1 and found["all"].opens["xi"] == -1
