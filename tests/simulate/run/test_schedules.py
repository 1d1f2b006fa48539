"""Numbers of a step that are formulas of t: against weight space, at a run's steps, as shown, and as refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.calculus.recursion import of_model
from derivations.declare import Bilevel, GradientDescent, Model, Parameter, Schedule, from_plain, to_plain, unread
from derivations.derive import derive
from derivations.errors import ModelError
from derivations.kernel.emit import module
from derivations.papers.fomaml.model import model as fomaml
from dynamics.kernel.loading import plain_module
from simulate.ask.derived import lam_at
from simulate.ask.schedules import check
from simulate.errors import InputError
from simulate.run.kernels import kernel_for
from simulate.testing import Instance, plain_kernel, residual
from tests.helpers.wild import plainly
from tests.simulate.validate.test_formulas import an_instance, model

OPTIONS = {"momentum": "beta_1", "weight_decay": "decay", "radius": "rho_s", "clip": "cut"}
VALUES = {"beta_1": 0.5, "decay": 0.1, "rho_s": 0.1, "cut": 0.05, "t_0": 3.0}
ETA = Schedule(of="eta", formula="eta/(1 + t/t_0)")
LAM = Schedule(of="lam", formula="where(t < 1, lam, lam*exp(-t/t_0))")
EVERY = (ETA, LAM, *(Schedule(of=name, formula=f"{name}*(1 + cos(t))/2") for name in OPTIONS.values()))


def scheduled(*schedules: Schedule, options: dict[str, str] | None = None) -> Model:
    base, options = model("gelu", "logistic", "per_example"), options or {}
    more = (Parameter(name=name, latex="", meaning=name, kind="real", default=VALUES[name], low=0)
            for name in (*options.values(), "t_0"))
    algorithm = GradientDescent.by_option(options, schedules)
    return replace(base, algorithm=algorithm, parameters=(*base.parameters, *more))


def instance_of(of: Model) -> Instance:
    instance = an_instance(of)
    instance.values.update(VALUES)
    return instance


@pytest.mark.parametrize("of", EVERY, ids=lambda each: each.of)
def test_steps_are_those_of_weight_space_and_not_of_a_constant(of: Schedule) -> None:
    """Fails on a kernel that takes the number as given in every step, as one without schedules does."""
    options = {option: name for option, name in OPTIONS.items() if name == of.of}
    changing, constant = scheduled(of, options=options), scheduled(options=options)
    instance = instance_of(changing)
    assert residual(instance, plain_kernel(changing)) <= 1e-14
    assert residual(instance, plain_kernel(constant)) > 1e-5


def test_all_of_them_together_and_on_lanes() -> None:
    changing = scheduled(*EVERY, options=OPTIONS)
    assert residual(instance_of(changing), plain_kernel(changing)) <= 1e-14
    on_lanes = replace(scheduled(ETA, LAM, EVERY[3], options={"weight_decay": "decay"}),
                       network=model("relu", "logistic", "none").network)
    source = derive(on_lanes).lanes_source()
    assert source is not None and "eta = eta_at(float(t), eta_given, given_t_0)" in source
    kernel = plain_kernel(on_lanes)
    assert residual(instance_of(on_lanes), replace(kernel, lanes_from=0)) <= 1e-14
    by_blas = kernel.looped(plain_module(module(of_model(on_lanes), (), blas=True), "blas"))
    assert residual(instance_of(on_lanes), by_blas) <= 1e-14


def test_what_decay_leaves_is_a_product_over_the_steps() -> None:
    """Compiled too: there the schedule's function had no wrapper for Python, and calling it ended the process."""
    changing = scheduled(ETA, options={"weight_decay": "decay"})
    kernel, values = plain_kernel(changing), {"eta": 0.5, "decay": 0.1, "t_0": 3.0}
    by_hand = np.cumprod([1.0, *(1 - 0.1 * 0.5 / (1 + t / 3.0) for t in range(4))])
    for each in (kernel, kernel_for(changing)):
        assert each.scale(values, np.array([0, 2, 4])) == pytest.approx(by_hand[[0, 2, 4]], rel=1e-15)
    many = kernel.scales({**values, "t_0": np.array([3.0, 1e300])}, np.array([4]), 2)
    assert many[:, 0] == pytest.approx([by_hand[4], 0.95**4], rel=1e-15)


def test_a_penalty_that_begins_with_nothing_is_on() -> None:
    """lam = 0 means no penalty only where lam does not change."""
    changing = scheduled(Schedule(of="lam", formula="lam + t/10"))
    kernel = plain_kernel(changing)
    assert kernel.limit({"lam": 0.0}) == kernel.limits({"lam": 0.0}, 1)[0] > 0
    assert plain_kernel(scheduled()).limit({"lam": 0.0}) == -1
    weight = lam_at(changing, {"lam": 0.0, "lam_until": 2, "t_0": 1.0}, np.arange(5))
    assert weight == pytest.approx([0.0, 0.1, 0.2, 0.0, 0.0])
    instance = instance_of(changing)
    instance.values["lam"] = 0.0
    assert residual(instance, kernel) <= 1e-14


def test_what_a_schedule_gives_is_checked_over_the_steps_of_the_run() -> None:
    falls = scheduled(Schedule(of="eta", formula="eta*(1 - t/t_0)"))
    check(falls, {"eta": 0.1, "t_0": 3.0}, 4)
    with pytest.raises(InputError, match=r"eta: its schedule .* gives -0.0333333 at t = 4 for eta = 0.1, t_0 = 3"):
        check(falls, {"eta": 0.1, "t_0": 3.0}, 5)
    with pytest.raises(InputError, match="gives inf at t = 3"):
        check(scheduled(Schedule(of="eta", formula="eta/(3 - t)")), {"eta": 0.1}, 4)
    grows = scheduled(Schedule(of="beta_1", formula="beta_1*(1 + t)"), options={"momentum": "beta_1"})
    with pytest.raises(InputError, match="from 0 to below 1 at every step"):
        check(grows, {"beta_1": 0.5}, 2)


TWO_LOOPS = (Schedule(of="eta", formula="where(t < 1, 0, eta)"),
             Schedule(of="eta_inner", formula="eta_inner/(1 + t/horizon)"))


SIZES = {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2, "d": 40, "J": 2, "M": 5}


def of_two_loops(method: str, *schedules: Schedule) -> Instance:
    """FOMAML's model with these schedules at a state of order one."""
    base, rng = fomaml(method, "huberized"), np.random.default_rng(3)
    horizon = Parameter(name="horizon", latex="", meaning="", kind="real", default=3.0, low=0)
    changing = replace(base, algorithm=replace(base.bilevel, schedules=schedules),
                       parameters=(*base.parameters, horizon))
    values: dict[str, Any] = {each.name: each.default for each in changing.parameters}
    vectors = rng.standard_normal((changing.offsets(12, 3)[""], 20)) / 4
    weights, y = rng.standard_normal((2, 2, 20)), rng.choice([-1.0, 1.0], 12)
    values |= {**SIZES, "eta": 0.5, "eta_inner": 0.3, "lam_until": None}
    return Instance(changing, values, vectors, weights, y)


@pytest.mark.parametrize("method", ["train-train", "train-validation", "reptile"])
@pytest.mark.parametrize("of", TWO_LOOPS, ids=lambda each: each.of)
def test_both_loops_take_the_steps_of_weight_space_and_not_of_a_constant(of: Schedule, method: str) -> None:
    """Fails on a kernel, and on a twin, that takes the number as given in every step."""
    instance = of_two_loops(method, of)
    plain = replace(instance.model, algorithm=replace(instance.model.bilevel, schedules=()))
    assert residual(instance, plain_kernel(instance.model)) <= 1e-12
    assert residual(instance, plain_kernel(plain)) > 1e-9


def test_a_step_size_of_two_loops_is_told_and_takes_part_where_examples_are_drawn_again() -> None:
    """Fails where the run on fresh examples goes by the number as given: its first step would not be 0."""
    base = fomaml("train-train", "relu")
    changing = replace(base, algorithm=replace(base.bilevel, schedules=(TWO_LOOPS[0],)))
    assert "eta(t) = where(t >= 1, eta, 0)" in str(derive(changing))
    with plainly(plain_kernel(changing)):
        values = {**SIZES, "fresh": True, "sigma_0": 0.1}
        data = gr.run(changing, values, steps=2, record="all", observables=["loss", "g"])
    moved = [float(abs(data["g"].sel(t=t)).max()) for t in range(3)]
    assert moved[:2] == [0.0, 0.0] and moved[2] > 0


@pytest.mark.parametrize(("make", "said"), [
    (lambda: Schedule(of="eta", formula="eta/2"), "does not hold t"),
    (lambda: Schedule(of="eta", formula="1/(1 + t)"), "does not hold 'eta'"),
    (lambda: Schedule(of="eta", formula="eta*relu(t)"), r"write where\(t > 0, t, 0\)"),
    (lambda: scheduled(Schedule(of="n", formula="n + t")), "expected one of eta, lam"),
    (lambda: scheduled(Schedule(of="beta_1", formula="beta_1*exp(-t)"), options={"label_noise": "beta_1"}),
     "'beta_1', but the labels of many steps are drawn ahead, at one probability"),
    (lambda: replace(scheduled(), algorithm=GradientDescent(batch="n", schedules=(
        Schedule(of="n", formula="n + t"),))), "'n', but an epoch visits each example once in batches of one size"),
    (lambda: replace(fomaml("reptile", "relu"), algorithm=Bilevel(method="reptile", schedules=(
        Schedule(of="sigma_s", formula="sigma_s + t"),))), "expected one of eta, eta_inner"),
    (lambda: scheduled(Schedule(of="t_0", formula="t_0 + t")), "'t_0'; expected one of eta, lam"),
    (lambda: scheduled(ETA, ETA), "given twice"),
    (lambda: scheduled(Schedule(of="eta", formula="eta/(1 + t/horizon)")), "'horizon' in .* is neither t nor"),
])
def test_a_schedule_is_refused_in_a_sentence(make: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        make()


def test_it_is_shown_described_and_kept() -> None:
    changing = scheduled(ETA, LAM, options={"weight_decay": "decay"})
    assert from_plain(to_plain(changing)) == changing and "t_0" not in unread(changing)
    text, latex = str(derive(changing)), derive(changing).latex()
    assert "  eta(t) = eta/(t/t_0 + 1)\n" in text and "lam(t)" in text and "a(t) = prod_{s<t} (1 - eta(s) wd)" in text
    assert r"\eta(t) &= \frac{eta}{\frac{t}{t_0} + 1}" in latex and r"(1-\eta(t) " in latex
    assert "; in step t it is eta/(1 + t/t_0)" in str(gr.describe(changing))


def test_a_run_goes_on_from_its_last_state_with_another_step_size() -> None:
    """A warm restart: `restart` gives the arrays that initial= takes, so W goes on where it was and t begins anew."""
    base, sizes = model("relu", "logistic", "none"), {"n": 6, "m": 3, "d": 20}
    with plainly(plain_kernel(base)):
        first = gr.run(base, sizes, steps=4, seed=3, record=[4])
        start = gr.restart(first, setting=base)
        again = gr.run(base, {}, steps=3, seed=3, initial=start, record=[0, 3])
        whole = gr.run(base, sizes, steps=7, seed=3, record=[4, 7])
        faster = gr.run(base, {"eta": 3.0}, steps=3, seed=3, initial=start, record=[3])
    for at in (0, 1):
        there = gr.weights(whole.isel(t=[at]), setting=base)
        assert gr.weights(again.isel(t=[at]), initial=start, setting=base) == pytest.approx(there, abs=1e-13)
        assert again["loss"][at] == pytest.approx(float(whole["loss"][at]), rel=1e-12)
    assert float(faster["loss"][-1]) < 0.9 * float(again["loss"][-1])
    assert set(start) == {"W", "y", "mu", "xi"}
