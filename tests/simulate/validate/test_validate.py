"""`validate` on a NumPy kernel typed from the corrected recursion, on mutants that it must fail, and on hard cases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from derivations.declare import INDEX_SETS, Model, Value
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.load import load
from dynamics.kernel.loading import GENERATED
from simulate.errors import InputError
from simulate.start.draw import draw
from simulate.start.drawn import Draw
from tests.helpers.slowly import rarely, where

pytest.importorskip("torch")

from simulate.validate.compare import compare, default_recorded  # it needs torch
from simulate.validate.report import Left, Row, Validation, in_errors, parted

Array = NDArray[np.float64]
J = np.array([1.0, -1.0])[:, None]


@dataclass(frozen=True)
class Run:
    t: NDArray[np.int64]
    z: Array
    b: Array


@dataclass(frozen=True)
class Recursion:
    """GD, PEGR and FGR with q = 2 for mu orthogonal to xi; `update` gives db from (z, gram, y, kappa, eta, 2 c lam)."""

    update: Callable[[Array, Array, Array, float, float, float], Array]
    late: int = 0  # a mutant closes the penalty this many steps late

    def run(
        self, z: Array, b: Array, gram: Array, y: Array, values: Mapping[str, Value], steps: int,
        recorded: NDArray[np.int64], start: int = 0,
    ) -> Run:
        found = []
        until = values["lam_until"]
        for t in range(start, start + steps + 1):
            if t in recorded:
                found.append((t, z, b))
            lam = 2 * real(values, "lam") * (0.5 if values["penalty_half"] else 1.0)
            lam = 0.0 if until is not None and t > real(values, "lam_until") + self.late else lam
            with np.errstate(over="ignore", invalid="ignore"):
                change = self.update(z, gram, y, kappa(z, values), real(values, "eta"), lam)
                z, b = z + change @ gram, b + change
        t_, z_, b_ = zip(*found, strict=True)
        return Run(np.array(t_), np.stack(z_), np.stack(b_))

    def observe(self, z: Array, gram: Array, y: Array, values: Mapping[str, Value]) -> dict[str, Array]:
        z = np.nan_to_num(z)  # a cut run
        margins = np.stack([parts(state, gram, y, kappa(state, values))[2] for state in z])
        zeta = np.stack([parts(state, gram, y, kappa(state, values))[4] for state in z])
        return {"loss": np.logaddexp(0, -margins).mean(1), "margin": margins, "zeta": zeta}

    signed = True

    def outputs(self, a: Array, values: Mapping[str, Value]) -> Array:
        share = 1.0 if values["neurons"] == "sum" else 1.0 / a.shape[3]
        return np.asarray(share * (np.maximum(a, 0) ** 2 * J).sum((1, 2, 3)))

    def bind(self, clean: Array, scalars: Any = None) -> Recursion:
        return self

    def through(self, factor: Array | None) -> Recursion:
        return self


def real(values: Mapping[str, Value], name: str) -> float:
    return float(str(values[name]))


def kappa(z: Array, values: Mapping[str, Value]) -> float:
    return 1.0 if values["neurons"] == "sum" else 1.0 / z.shape[1]


def parts(z: Array, gram: Array, y: Array, k: float) -> tuple[Array, Array, Array, Array, Array]:
    """ReLU of the two patches (2, m, n), margins, l' and zeta."""
    a, b = np.maximum(y * z[..., :1], 0), np.maximum(z[..., 1:], 0)
    margin = y * k * ((a**2 + b**2).sum(1) * J).sum(0)
    zeta = (a**2 * gram[0, 0] + 2 * y * a * b * gram[0, 1:] + b**2 * np.diag(gram)[1:]).sum((0, 1))
    return a, b, margin, -np.exp(-np.logaddexp(0, margin)), zeta


def slopes(z: Array, y: Array, k: float) -> tuple[Array, Array, Array, Array]:
    """df_i/dz along mu and xi_i, and the second derivatives, (2, m, n) each."""
    a, b, sign = np.maximum(y * z[..., :1], 0), np.maximum(z[..., 1:], 0), 2 * k * J[:, None]
    return sign * y * a, sign * b, sign * (a > 0), sign * (b > 0)


def per_example(zeta_power: int = 2) -> Callable[..., Array]:
    """PEGR, whatever the Gram matrix; zeta_power = 1 is the recursion as printed, wrong for m > 1."""

    def update(z: Array, gram: Array, y: Array, k: float, eta: float, lam: float) -> Array:
        _a, _b, _margin, l1, zeta = parts(z, gram, y, k)
        of_mu, of_xi, bend_mu, bend_xi = slopes(z, y, k)
        square = 4 * k**zeta_power * zeta  # ||grad f_i||^2
        first = l1 * y * (1 + lam * square * -l1 * (1 + l1))
        onto_mu, onto_xi = gram[0, 0] * of_mu + gram[0, 1:] * of_xi, gram[0, 1:] * of_mu + np.diag(gram)[1:] * of_xi
        mu = (first * of_mu + lam * l1**2 * bend_mu * onto_mu).sum(-1, keepdims=True)
        xi = first * of_xi + lam * l1**2 * bend_xi * onto_xi
        return -(eta / len(y)) * np.concatenate([mu, xi], -1)

    return update


def full(z: Array, gram: Array, y: Array, k: float, eta: float, lam: float) -> Array:
    """FGR, whatever the Gram matrix."""
    _a, _b, _margin, l1, _zeta = parts(z, gram, y, k)
    of_mu, of_xi, bend_mu, bend_xi = slopes(z, y, k)
    n, l2 = len(y), -l1 * (1 + l1)
    plain = np.concatenate([(l1 * y * of_mu).sum(-1, keepdims=True), l1 * y * of_xi], -1) / n
    u = plain @ gram
    along = (of_mu * u[..., :1] + of_xi * u[..., 1:]).sum((0, 1))
    mu = (l2 * along * of_mu + l1 * y * bend_mu * u[..., :1]).sum(-1, keepdims=True)
    xi = l2 * along * of_xi + l1 * y * bend_xi * u[..., 1:]
    return -eta * (plain + lam / n * np.concatenate([mu, xi], -1))


def values_of(model: Model, **given: Value) -> dict[str, Value]:
    small: dict[str, Value] = {"n": 6, "m": 4, "d": 40, "eta": 0.5, "lam": 0.3, "sigma_0": 0.1, "lam_until": 25}
    return {p.name: p.default for p in model.parameters} | small | given


def compared(regularizer: str, kernel: Any, steps: int = 60, seed: int = 0, **given: Value) -> Validation:
    model = pegr(regularizer, 2)
    values = values_of(model, **given)
    return compare(model, kernel, draw(model, values, seed), values, steps)


def failing(result: Validation) -> set[str]:
    return {row.what for row in result.rows if not row.holds}


@pytest.mark.parametrize("neurons", ["mean", "sum"])
@pytest.mark.parametrize(
    ("regularizer", "update"),
    [("pegr", per_example()), ("fgr", full), ("none", per_example())],
    ids=["pegr", "fgr", "none"],
)
def test_the_right_recursion_passes(regularizer: str, update: Callable[..., Array], neurons: str) -> None:
    lam = 0.0 if regularizer == "none" else 0.3
    result = compared(regularizer, Recursion(update), lam=lam, neurons=neurons)
    assert result.verdict == "pass", str(result)
    assert result.window == 60
    rows = {row.what for row in result.rows}
    assert {"trajectory: loss", "trajectory: coefficients", "trajectory: W", "zeta of the same state"} <= rows
    assert "one step, interpreter against hand-written loss" in rows
    text = str(result)
    assert text.splitlines()[0].endswith(": PASS")  # the whole run: nothing to add to the verdict
    assert "smallest |z| met" in text and "times faster" in text


def test_the_printed_recursion_fails() -> None:
    result = compared("pegr", Recursion(per_example(zeta_power=1)))
    assert result.verdict == "fail"
    assert "one step along the trajectory: W" in failing(result)
    assert "NO" in str(result)


def test_the_printed_recursion_fails_even_where_the_trajectory_hides_it() -> None:
    """In a few steps from a small start the wrong term stays below rounding; random states of order one show it."""
    result = compared("pegr", Recursion(per_example(zeta_power=1)), steps=2, sigma_0=1e-6, eta=1e-3)
    assert result.verdict == "fail"
    assert "one step from random states, z of order 1" in failing(result)
    assert not any("trajectory" in what for what in failing(result))


def test_a_penalty_closed_one_step_late_fails_wherever_it_closes() -> None:
    for until in (25, 43):  # the default recorded steps need not hold them
        result = compared("pegr", Recursion(per_example(), late=1), lam_until=until)
        assert "one step along the trajectory: W" in failing(result)


def test_a_wrong_gram_matrix_fails_in_z_although_b_is_right() -> None:
    class Transposed(Recursion):
        def run(self, *args: Any, **named: Any) -> Run:
            right = super().run(*args, **named)
            return replace(right, z=right.z + 1e-9 * np.abs(right.z).max())

    result = compared("pegr", Transposed(per_example()))
    assert "one step along the trajectory: z" in failing(result)
    assert "one step along the trajectory: W" not in failing(result)


def test_a_wrong_observable_fails() -> None:
    class Doubled(Recursion):
        def observe(self, *args: Any, **named: Any) -> dict[str, Array]:
            right = super().observe(*args, **named)
            return right | {"zeta": 2 * right["zeta"]}

    assert failing(compared("pegr", Doubled(per_example()))) == {"zeta of the same state", "zeta of the probes"}


def test_a_kernel_that_diverges_where_weights_do_not_fails() -> None:
    class Cut(Recursion):
        """As the compiled kernel does: recorded states end where the run diverges."""

        def run(self, *args: Any, **named: Any) -> Run:
            right = super().run(*args, **named)
            keep = right.t <= 30
            return Run(right.t[keep], right.z[keep], right.b[keep])

    result = compared("pegr", Cut(per_example()))
    assert result.verdict == "fail"
    assert "trajectory: W" in failing(result)


@pytest.mark.slow
def test_suppressed_noise_closes_the_window_and_the_table_says_so() -> None:
    """The rounding hazard: with lam sigma_p^2 d > m positive <w, xi> decay to rounding and regrow after lam_until."""
    strong: dict[str, Any] = {"lam": 0.3, "lam_until": 200, "sigma_p": 1.0, "eta": 0.2}
    result = compared("pegr", Recursion(per_example()), steps=260, **strong)
    assert 0 < result.window < 200
    assert result.smallest < 1e-12
    assert result.verdict in ("pass", "undecided"), str(result)
    assert f"from step {result.window + 1} on" in str(result) and "regrows from rounding" in str(result)
    said = f": {result.verdict.upper()}, trajectories compared to step {result.window} of 260"
    assert str(result).splitlines()[0].endswith(said)
    late = compared("pegr", Recursion(per_example(), late=1), steps=260, **strong)
    assert late.verdict == "fail"  # one step is judged outside the window too


def opposite(scale: float) -> tuple[Model, Draw, dict[str, Value]]:
    """One input with both labels, and equal heads: f = 0 is stationary, and unstable where scale^2 eta > 1."""
    model, xi, mu = pegr("none", 2), np.eye(5)[1], np.eye(5)[0]
    values = values_of(model, eta=1.0, lam=0.0)
    head = scale * (xi + 0.1 * mu + 0.01)[None]
    arrays = {"W": np.stack([head, head]), "mu": 1e-3 * mu, "xi": np.stack([xi, xi]), "y": np.array([1.0, -1.0])}
    return model, draw(model, values, 0, initial=arrays), values


@pytest.mark.slow
def test_bad_conditioning_is_undecided_not_pass() -> None:
    """Rounding decides when and where f leaves an unstable 0, so agreement there would prove nothing."""
    model, start, values = opposite(2.0)
    result = compare(model, Recursion(per_example()), start, values, 40)
    assert result.verdict == "undecided", str(result)
    assert not failing(result)
    assert "nothing is decided from there on" in str(result)
    assert "10 x the response to rounding" in str(result)


def test_cancelled_outputs_do_not_fail() -> None:
    """The same data where f = 0 is stable: margins are differences of outputs, and all their digits cancel."""
    model, start, values = opposite(0.5)
    assert start.weights is not None and start.vectors is not None
    W = start.weights * np.array([1.0, 1.3])[:, None, None]
    arrays = {"W": W, "mu": start.vectors[0], "xi": start.vectors[1:], "y": start.y}
    result = compare(model, Recursion(per_example()), draw(model, values, 0, initial=arrays), values, 300)
    assert result.verdict == "pass", str(result)


def test_a_start_at_the_kink_is_undecided() -> None:
    model = pegr("pegr", 2)
    values = values_of(model)
    start = draw(model, values, seed=0)
    assert start.weights is not None
    at_zero = replace(start, weights=0 * start.weights, z=0 * start.z)
    result = compare(model, Recursion(per_example()), at_zero, values, 20)
    assert result.verdict == "undecided" and result.window == 0 and not failing(result)
    assert str(result).splitlines()[0].endswith(": UNDECIDED, trajectories compared to step 0 of 20")


def test_dependent_directions_compare_weights_but_no_coefficients() -> None:
    model = pegr("pegr", 2)
    values = values_of(model, d=4)
    result = compare(model, Recursion(per_example()), draw(model, values, seed=0), values, 30)
    assert "trajectory: coefficients" not in {row.what for row in result.rows}
    assert "trajectory: W" in {row.what for row in result.rows}
    assert "linearly dependent" in str(result)


def test_nearly_dependent_directions_loosen_the_coefficients_only() -> None:
    """Two almost equal noise vectors: W fixes their coefficients' difference to eps times the condition number."""
    model = pegr("pegr", 2)
    values = values_of(model, sigma_0=0.3)
    rng = np.random.default_rng(0)
    xi = np.concatenate([np.zeros((4, 1)), rng.standard_normal((4, 11))], axis=1)
    xi[1] = xi[0] + 1e-6 * xi[1]
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    arrays = {"W": 0.3 * rng.standard_normal((2, 3, 12)), "mu": np.eye(12)[0], "xi": xi, "y": signs}
    result = compare(model, Recursion(per_example()), draw(model, values, 0, initial=arrays), values, 30)
    loose = {row.what for row in result.rows if row.origin == "10 x the response to rounding"}
    assert result.verdict == "pass", str(result)
    assert loose == {"trajectory: coefficients"}


def test_a_kernel_whose_observables_are_not_numbers_fails() -> None:
    class Broken(Recursion):
        def observe(self, *args: Any, **named: Any) -> dict[str, Array]:
            right = super().observe(*args, **named)
            return right | {"zeta": np.nan * right["zeta"]}

    assert failing(compared("pegr", Broken(per_example()))) == {"zeta of the same state", "zeta of the probes"}


def test_a_model_of_ones_own_needs_no_hand_written_loss() -> None:
    model = replace(pegr("pegr", 2), name="mine")
    values = values_of(model)
    result = compare(model, Recursion(per_example()), draw(model, values, seed=0), values, 30)
    assert result.verdict == "pass", str(result)
    assert "not compared: the loss" not in str(result)  # before, a note that reads like a failure


def test_divergence_in_weight_space_ends_the_comparison_before_it() -> None:
    result = compared("pegr", Recursion(per_example()), steps=400, eta=8.0, lam=2.0, lam_until=None, neurons="sum")
    assert "weight space diverges at step" in str(result)
    assert 0 < result.steps < 400
    assert result.verdict == "pass", str(result)
    assert result.heading == f"PASS, trajectories compared to step {result.window} of 400"


def test_bad_input_is_refused() -> None:
    model = pegr("pegr", 2)
    values = values_of(model)
    kernel = Recursion(per_example())
    with pytest.raises(InputError, match="sampling"):
        compare(model, kernel, draw(model, values, seed=0, sampling="gram"), values, 10)
    with pytest.raises(InputError, match="recorded"):
        compare(model, kernel, draw(model, values, seed=0), values, 10, recorded=np.array([0, 11]))


def test_default_recorded_steps_increase_and_hold_both_ends() -> None:
    for steps in (1, 2, 59, 1500):
        at = default_recorded(steps)
        assert at[0] == 0 and at[-1] == steps and np.all(np.diff(at) > 0) and len(at) <= 62


def shipped(regularizer: str, q: int, compiled: bool) -> Kernel:
    path = GENERATED / f"pegr_{regularizer}_q{q}.py"
    return load(path, json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), INDEX_SETS, compiled=compiled)


@pytest.mark.parametrize(("regularizer", "q", "project"), where(
    lambda case: case in (("pegr", 2, False), ("fgr", 3, True), ("none", 2, False)),
    itertools.product(("pegr", "fgr", "none"), (2, 3), (True, False)),
))
def test_the_shipped_kernels_pass_as_plain_python(regularizer: str, q: int, project: bool) -> None:
    model = pegr(regularizer, q)
    small: dict[str, Any] = {"n": 3, "m": 2, "d": 12, "sigma_0": 0.4, "eta": 0.2, "lam_until": 5}
    values = values_of(model, project_noise=project, **small)
    result = compare(model, shipped(regularizer, q, compiled=False), draw(model, values, seed=1), values, 8)
    assert result.verdict == "pass", str(result)
    compared = {row.what for row in result.rows}
    assert {"margin of the same state", "l1 of the same state", "zeta of the same state"} <= compared


def test_a_shipped_kernel_fails_for_another_objective() -> None:
    model = pegr("fgr", 2)
    values = values_of(model, n=3, m=2, d=12, sigma_0=0.4)
    wrong = shipped("pegr", 2, compiled=False)
    assert compare(model, wrong, draw(model, values, seed=1), values, 8).verdict == "fail"


@pytest.mark.slow
@pytest.mark.parametrize("regularizer", ["pegr", "fgr", "none"])
def test_the_papers_experiment_passes_whole(regularizer: str) -> None:
    model = pegr(regularizer, 2)
    values = {p.name: p.default for p in model.parameters} | {"lam_until": 800}
    result = compare(model, shipped(regularizer, 2, compiled=True), draw(model, values, seed=0), values, 1500)
    assert result.verdict == "pass" and result.window == 1500, str(result)


def test_a_long_presets_validation_is_cut_to_what_weight_space_can_do_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import gammarho
    from gammarho import api

    monkeypatch.setattr(api, "_affordable", lambda *_: 7)
    small = {"n": 4, "m": 2, "d": 12}
    found = gammarho.validate("pegr", small, preset="paper")
    assert "the first 7 of 1500 steps" in found.notes[-1]
    assert found.heading == "PASS, trajectories compared to step 7 of 1500"
    whole = gammarho.validate("pegr", small, steps=9)
    assert not any("the first" in note for note in whole.notes) and whole.heading == "PASS"


def test_the_verdict_says_that_coefficients_were_not_compared() -> None:
    import gammarho

    found = gammarho.validate("fomaml", {"n_tasks": 6, "M": 2}, preset="mechanism", steps=2)  # of two features
    assert "trajectory: coefficients" not in {row.what for row in found.rows}
    assert found.heading == "PASS, coefficients not compared (dependent directions)"
    assert str(found).splitlines()[0].endswith(found.heading)
    apart = gammarho.validate("fomaml", {"n_tasks": 2, "M": 50}, preset="mechanism", steps=2)
    assert "trajectory: coefficients" in {row.what for row in apart.rows} and apart.heading == "PASS"


@pytest.mark.parametrize(
    ("module", "limit", "setting", "note"),
    [
        ("same_state", "GRADIENTS", "pegr", "states: observables of the same state, as all examples' gradients"),
        ("fresh", "AFFORDABLE", "pegr", "not compared: test_error and test_loss, drawn in d dimensions"),
        rarely("fresh", "LARGEST", "pegr", "not compared: test law: means and covariances, as they take"),
        rarely("tasks", "AFFORDABLE", "fomaml", "not compared: losses and errors of fresh tasks, drawn and"),
        rarely("tasks", "LARGEST", "fomaml", "not compared: test_loss_unadapted and test_error_unadapted, entry by"),
    ],
)
def test_what_costs_too_much_to_compare_is_a_line_of_the_report(
    module: str, limit: str, setting: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gammarho

    small = {"pegr": {"n": 4, "m": 2, "d": 12}, "fomaml": {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2, "d": 20, "M": 3}}
    whole = gammarho.validate(setting, small[setting], steps=6)
    assert whole.verdict == "pass" and note not in str(whole)
    monkeypatch.setattr(f"simulate.validate.{module}.{limit}", 1.0)
    cut = gammarho.validate(setting, small[setting], steps=6)
    assert cut.verdict == "pass" and note in str(cut), str(cut)
    left = {row.what for row in whole.rows} - {row.what for row in cut.rows}
    assert left or module == "same_state"  # some states of every observable remain


def test_a_comparison_left_out_is_told_once_with_how_often() -> None:
    row, left = Row("a", 0.0, 1.0, 0, "fixed"), Left("a", "rounding")
    rows, notes = parted([row, left, Left("b", "cost"), row, left, Left("a", "cost")])
    assert rows == [row, row]
    assert notes == [
        "not compared at 2 of 5 states: a, as rounding", "not compared: b, as cost",
        "not compared at 1 of 5 states: a, as cost",
    ]


def test_estimates_without_an_error_must_agree() -> None:
    assert in_errors("loss", 1e-12, 0.0, 1.0).difference == 0 and not in_errors("loss", 1e-3, 0.0, 1.0).holds
    assert in_errors("loss", 0.4, 0.1, 1.0).holds and not in_errors("loss", 0.6, 0.1, 1.0).holds


@pytest.mark.slow
def test_a_state_whose_adaptation_diverges_is_not_counted_as_agreeing(monkeypatch: pytest.MonkeyPatch) -> None:
    import gammarho
    from simulate.validate import seen_rows

    monkeypatch.setattr(seen_rows, "_adaptation_gap", lambda _: None)
    found = gammarho.validate("fomaml", {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2, "d": 20, "M": 3}, steps=3)
    assert "not compared: adaptation of tasks by their own states, as weight space's adaptation diverges" in str(found)
    assert not any(row.what.startswith("adaptation") for row in found.rows)


@pytest.mark.slow
def test_an_inner_loop_that_multiplies_rounding_by_one_is_not_noted() -> None:
    import gammarho

    small = {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2, "d": 20, "M": 3}
    plain = gammarho.validate("fomaml", {**small, "activation": "relu"}, steps=2)
    bent = gammarho.validate("fomaml", {**small, "eta_inner": 50.0}, steps=2)
    assert "multiplies rounding" not in str(plain) and "multiplies rounding" in str(bent)
